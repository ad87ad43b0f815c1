package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/triggers"
)

// A server's sign-in asks for the second factor as any other does.
func TestAServersSignInAsksForTheSecondFactor(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	c := pooltest.Client()
	c.ExplicitAuthFlows = []string{"ALLOW_ADMIN_USER_PASSWORD_AUTH"}
	f.DeclareClient(pooltest.ClientID, c)
	admin, ctx := f.Administrator(), t.Context()
	first, err := admin.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{
		UserPoolId: pool, ClientId: aws.String(pooltest.ClientID), AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "demouser", "PASSWORD": pooltest.Password},
	})
	if err != nil || first.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa || first.AuthenticationResult != nil {
		t.Fatalf("%+v %v", first, err)
	}
	respond := func(code string) (*cognitoidentityprovider.AdminRespondToAuthChallengeOutput, error) {
		return admin.AdminRespondToAuthChallenge(ctx, &cognitoidentityprovider.AdminRespondToAuthChallengeInput{
			UserPoolId: pool, ClientId: aws.String(pooltest.ClientID), ChallengeName: first.ChallengeName, Session: first.Session,
			ChallengeResponses: map[string]string{"USERNAME": "demouser", "SOFTWARE_TOKEN_MFA_CODE": code},
		})
	}
	if _, err := respond(f.WrongTOTP(secret)); code(err) != "CodeMismatchException: "+wrongCode {
		t.Error(err)
	}
	f.Advance(pooltest.Step)
	in, err := respond(f.TOTP(secret, 0))
	if err != nil || in.AuthenticationResult == nil {
		t.Fatalf("%+v %v", in, err)
	}
	u, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String("demouser")})
	if err != nil || len(u.UserMFASettingList) != 1 || u.UserMFASettingList[0] != "SOFTWARE_TOKEN_MFA" || *u.PreferredMfaSetting != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("%+v %v", u, err)
	}
	// Where a second factor is optional, an administrator turns the user's off, and on.
	f.Declare(pooltest.PoolID, pooltest.MFAPool("OPTIONAL"))
	prefer := func(name string, on bool) string {
		_, err := admin.AdminSetUserMFAPreference(ctx, &cognitoidentityprovider.AdminSetUserMFAPreferenceInput{
			UserPoolId: pool, Username: aws.String(name), SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: on, PreferredMfa: on},
		})
		return code(err)
	}
	f.DeclareClient(pooltest.ClientID, pooltest.Client())
	if got := prefer("demouser", false); got != "<nil>" {
		t.Fatal(got)
	}
	f.SignIn("demouser", pooltest.Password)
	u, err = admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String("demouser")})
	if err != nil || len(u.UserMFASettingList) != 0 || u.PreferredMfaSetting != nil {
		t.Errorf("%+v %v", u, err)
	}
	if got := prefer("demouser", true); got != "<nil>" {
		t.Fatal(got)
	}
	f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	if got := prefer("nobody", true); got != "UserNotFoundException: User does not exist." {
		t.Error(got)
	}
}

// The tokens' function is asked once the second factor was shown, and not before.
func TestTheFunctionIsAskedAfterTheSecondFactor(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	p := pooltest.MFAPool("ON")
	p.LambdaConfig = &userpool.LambdaConfig{PreTokenGenerationConfig: &userpool.PreTokenGenerationConfig{LambdaARN: functionARN + "tokens", LambdaVersion: triggers.V1}}
	f.Declare(pooltest.PoolID, p)
	fs := &functions{f: f, responses: map[string]any{}}
	f.SetFunction(fs.answer)
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	if got := fs.sources(); got != "" {
		t.Errorf("asked as %s before the second factor", got)
	}
	f.Advance(pooltest.Step)
	in := pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0))
	in["ClientMetadata"] = m{"a": "b"}
	if a := f.API("RespondToAuthChallenge", in); a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
		t.Fatal(a.Body)
	}
	if e := fs.last(); e.Request.ClientMetadata["a"] != "b" {
		t.Errorf("%+v", e.Request)
	}
	if got := fs.sources(); got != "TokenGeneration_Authentication" {
		t.Errorf("asked as %s", got)
	}
	// So it is when a new password came first.
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", MessageAction: "SUPPRESS"})
	fs.sources()
	v := f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": f.MFASession("NEW_PASSWORD_REQUIRED", "fresh", "temporaryPASS1"),
		"ChallengeResponses": m{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1"}}).JSON(t)
	if v["ChallengeName"] != "MFA_SETUP" {
		t.Fatalf("%v", v)
	}
	token := f.API("AssociateSoftwareToken", m{"Session": v["Session"]}).JSON(t)
	verified := f.API("VerifySoftwareToken", m{"Session": token["Session"], "UserCode": f.TOTP(token["SecretCode"].(string), 0)}).JSON(t)
	if a := f.API("RespondToAuthChallenge", m{"ChallengeName": "MFA_SETUP", "ClientId": pooltest.ClientID, "Session": verified["Session"], "ChallengeResponses": m{"USERNAME": "fresh"}}); a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
		t.Fatal(a.Body)
	}
	if got := fs.sources(); got != "TokenGeneration_Authentication" {
		t.Errorf("after a new password it is asked as %s", got)
	}
	f.SetFunction(func(string, []byte, string) ([]byte, string, error) {
		return []byte(`{"errorMessage":"no"}`), "Unhandled", nil
	})
	session = f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	pooltest.Refused(t, f.API("RespondToAuthChallenge", pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0))), "UserLambdaValidationException", "PreTokenGeneration failed with error no.")
}
