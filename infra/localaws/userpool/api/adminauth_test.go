package api_test

import (
	"testing"

	cognitosrp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

func TestAServerSignsItsUsersIn(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	begin := func(flow types.AuthFlowType, parameters map[string]string) (*cognitoidentityprovider.AdminInitiateAuthOutput, error) {
		return admin.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{UserPoolId: pool, ClientId: aws.String(pooltest.ClientID), AuthFlow: flow, AuthParameters: parameters})
	}
	right := map[string]string{"USERNAME": "demouser", "PASSWORD": pooltest.Password}
	if _, err := begin("ADMIN_USER_PASSWORD_AUTH", right); code(err) != "InvalidParameterException: Auth flow not enabled for this client" {
		t.Fatal(err)
	}
	for _, flows := range [][]string{{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, {"ADMIN_NO_SRP_AUTH"}} {
		c := pooltest.Client()
		c.ExplicitAuthFlows = flows
		f.DeclareClient(pooltest.ClientID, c)
		in, err := begin("ADMIN_USER_PASSWORD_AUTH", right)
		if err != nil {
			t.Fatal(flows, err)
		}
		if _, err := f.Pools.VerifyToken(pooltest.PoolID, *in.AuthenticationResult.AccessToken); err != nil {
			t.Error(err)
		}
		if _, err := begin("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": *in.AuthenticationResult.RefreshToken}); err != nil {
			t.Error(err)
		}
		if _, err := begin("ADMIN_USER_PASSWORD_AUTH", map[string]string{"USERNAME": "demouser", "PASSWORD": "wrong"}); code(err) != "NotAuthorizedException: "+pooltest.WrongPassword {
			t.Error(err)
		}
		if _, err := begin("ADMIN_USER_PASSWORD_AUTH", map[string]string{"USERNAME": "demouser"}); code(err) != "InvalidParameterException: Missing required parameter PASSWORD" {
			t.Error(err)
		}
		if _, err := begin("CUSTOM_AUTH", right); code(err) != "InvalidParameterException: Initiate Auth method CUSTOM_AUTH is not supported by the local AWS." {
			t.Error(err)
		}
		// The flow is the server's alone: nobody begins it, or another, without a signature.
		a := f.API("InitiateAuth", m{"AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": "demouser", "PASSWORD": pooltest.Password}})
		if a.Status != 400 || a.JSON(t)["__type"] != "InvalidParameterException" {
			t.Error(a.Body)
		}
	}
	const other = "us-west-2_Other6789"
	f.Declare(other, pooltest.Pool())
	if _, err := admin.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{UserPoolId: aws.String(other), ClientId: aws.String(pooltest.ClientID), AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters: right}); code(err) != "ResourceNotFoundException: User pool client "+pooltest.ClientID+" does not exist." {
		t.Errorf("the client of another pool: %v", err)
	}
	// Who called stands in the record, and for whom; not a user in the caller's place.
	if decision, reason := f.Reason(); decision != "deny" {
		t.Errorf("%s %s", decision, reason)
	}
	if _, err := begin("ADMIN_NO_SRP_AUTH", right); err != nil {
		t.Fatal(err)
	}
	if _, reason := f.Reason(); reason != "signed in (user demouser)" {
		t.Errorf("the record says %q", reason)
	}
}

func TestAServerAnswersChallenges(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	c := pooltest.Client()
	c.ExplicitAuthFlows, c.GenerateSecret = []string{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"}, true
	c = f.DeclareClient(pooltest.ClientID, c)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", MessageAction: "SUPPRESS"})
	srp, err := cognitosrp.NewCognitoSRP("fresh", "temporaryPASS1", pooltest.PoolID, pooltest.ClientID, aws.String(c.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	first, err := admin.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{
		UserPoolId: pool, ClientId: aws.String(pooltest.ClientID), AuthFlow: types.AuthFlowTypeUserSrpAuth, AuthParameters: srp.GetAuthParams(),
	})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := srp.PasswordVerifierChallenge(first.ChallengeParameters, f.Clock())
	if err != nil {
		t.Fatal(err)
	}
	respond := func(name types.ChallengeNameType, session *string, answers map[string]string) (*cognitoidentityprovider.AdminRespondToAuthChallengeOutput, error) {
		return admin.AdminRespondToAuthChallenge(ctx, &cognitoidentityprovider.AdminRespondToAuthChallengeInput{
			UserPoolId: pool, ClientId: aws.String(pooltest.ClientID), ChallengeName: name, Session: session, ChallengeResponses: answers,
		})
	}
	proved, err := respond(first.ChallengeName, nil, answers)
	if err != nil || proved.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
		t.Fatalf("%v %v", proved, err)
	}
	hash, err := srp.GetSecretHash("fresh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := respond(proved.ChallengeName, proved.Session, map[string]string{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1", "SECRET_HASH": "bm8="}); code(err) != "NotAuthorizedException: Unable to verify secret hash for client "+pooltest.ClientID {
		t.Error(err)
	}
	in, err := respond(proved.ChallengeName, proved.Session, map[string]string{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1", "SECRET_HASH": hash})
	if err != nil || in.AuthenticationResult == nil {
		t.Fatalf("%v %v", in, err)
	}
}
