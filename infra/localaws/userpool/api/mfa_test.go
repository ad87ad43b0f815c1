package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/localaws/userpool/internal/pooltest"
)

const (
	invalidSession = "Invalid session for the user."
	wrongCode      = "Invalid code received for user"
	usedCode       = "Your software token has already been used once."
)

// mfaPool is a fixture whose pool has a second factor.
func mfaPool(t testing.TB, mode string) *pooltest.Fixture {
	t.Helper()
	f := pooltest.New(t)
	f.Declare(pooltest.PoolID, pooltest.MFAPool(mode))
	return f
}

// refusedBy checks that an error of the SDK is this refusal, as the SDK's own type.
func refusedBy[T smithy.APIError](t *testing.T, err error, message string) {
	t.Helper()
	var no T
	if !errors.As(err, &no) || no.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, reflect.TypeFor[T](), message)
	}
}

// A user of a pool that requires a second factor sets it up at the first sign-in, and
// shows it at the next one.
func TestRequiredSoftwareToken(t *testing.T) {
	f, ctx := mfaPool(t, "ON"), context.Background()
	signIn := &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: aws.String(pooltest.ClientID), AuthParameters: map[string]string{"USERNAME": "demo@example.com", "PASSWORD": pooltest.Password},
	}
	first, err := f.SDK.InitiateAuth(ctx, signIn)
	if err != nil || first.AuthenticationResult != nil || first.ChallengeName != "MFA_SETUP" || first.ChallengeParameters["MFAS_CAN_SETUP"] != `["SOFTWARE_TOKEN_MFA"]` || first.ChallengeParameters["USER_ID_FOR_SRP"] != "demouser" {
		t.Fatalf("%+v %v", first, err)
	}
	respond := func(name types.ChallengeNameType, session *string, code string) (*cognitoidentityprovider.RespondToAuthChallengeOutput, error) {
		in := &cognitoidentityprovider.RespondToAuthChallengeInput{ChallengeName: name, ClientId: aws.String(pooltest.ClientID), Session: session, ChallengeResponses: map[string]string{"USERNAME": "demo@example.com"}}
		if code != "" {
			in.ChallengeResponses["SOFTWARE_TOKEN_MFA_CODE"] = code
		}
		return f.SDK.RespondToAuthChallenge(ctx, in)
	}
	_, err = respond("MFA_SETUP", first.Session, "")
	pooltest.NotAuthorized(t, err, invalidSession) // nothing is set up yet
	token, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{Session: first.Session})
	if err != nil || len(*token.SecretCode) != 52 || token.Session == nil {
		t.Fatalf("%v", err)
	}
	_, err = respond("MFA_SETUP", token.Session, "")
	pooltest.NotAuthorized(t, err, invalidSession)
	verify := func(session *string, code string) (*cognitoidentityprovider.VerifySoftwareTokenOutput, error) {
		return f.SDK.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{Session: session, UserCode: &code, FriendlyDeviceName: aws.String("my phone")})
	}
	_, err = verify(token.Session, f.WrongTOTP(*token.SecretCode))
	refusedBy[*types.EnableSoftwareTokenMFAException](t, err, "Code mismatch and fail enable Software Token MFA")
	verified, err := verify(token.Session, f.TOTP(*token.SecretCode, 0)) // the same session, after the wrong code
	if err != nil || verified.Status != "SUCCESS" {
		t.Fatalf("%+v %v", verified, err)
	}
	_, err = verify(token.Session, f.TOTP(*token.SecretCode, pooltest.Step))
	pooltest.NotAuthorized(t, err, invalidSession)
	done, err := respond("MFA_SETUP", verified.Session, "")
	if err != nil || done.AuthenticationResult == nil {
		t.Fatalf("%+v %v", done, err)
	}
	_, err = respond("MFA_SETUP", verified.Session, "")
	pooltest.NotAuthorized(t, err, invalidSession)
	user, err := f.SDK.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: done.AuthenticationResult.AccessToken})
	if err != nil || strings.Join(user.UserMFASettingList, " ") != "SOFTWARE_TOKEN_MFA" || aws.ToString(user.PreferredMfaSetting) != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("%+v %v", user, err)
	}
	again, err := f.SDK.InitiateAuth(ctx, signIn)
	if err != nil || again.AuthenticationResult != nil || again.ChallengeName != "SOFTWARE_TOKEN_MFA" || again.ChallengeParameters["FRIENDLY_DEVICE_NAME"] != "my phone" || again.ChallengeParameters["USER_ID_FOR_SRP"] != "demouser" {
		t.Fatalf("%+v %v", again, err)
	}
	_, err = respond("SOFTWARE_TOKEN_MFA", again.Session, f.TOTP(*token.SecretCode, 0))
	refusedBy[*types.ExpiredCodeException](t, err, usedCode) // VerifySoftwareToken took it
	_, err = respond("SOFTWARE_TOKEN_MFA", again.Session, f.WrongTOTP(*token.SecretCode))
	refusedBy[*types.CodeMismatchException](t, err, wrongCode)
	f.Advance(pooltest.Step)
	in, err := respond("SOFTWARE_TOKEN_MFA", again.Session, f.TOTP(*token.SecretCode, 0))
	if err != nil || in.AuthenticationResult == nil {
		t.Fatalf("%+v %v", in, err)
	}
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, *in.AuthenticationResult.IdToken)
	if err != nil || claims.Username != "demouser" || claims.All["amr"] != nil {
		t.Errorf("%v %v", claims.All, err)
	}
	_, err = respond("SOFTWARE_TOKEN_MFA", again.Session, f.TOTP(*token.SecretCode, pooltest.Step))
	pooltest.NotAuthorized(t, err, invalidSession)
}

// Where the factor is optional, a user sets it up with an access token, and is asked
// for it from when it is preferred.
func TestOptionalSoftwareToken(t *testing.T) {
	f, ctx := mfaPool(t, "OPTIONAL"), context.Background()
	access := aws.String(f.SignIn("demouser", pooltest.Password)["AccessToken"].(string))
	prefer := func(enabled, preferred bool) error {
		_, err := f.SDK.SetUserMFAPreference(ctx, &cognitoidentityprovider.SetUserMFAPreferenceInput{
			AccessToken: access, SMSMfaSettings: &types.SMSMfaSettingsType{}, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: enabled, PreferredMfa: preferred},
		})
		return err
	}
	settings := func() string {
		u, err := f.SDK.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: access})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(u.UserMFASettingList, " ") + "/" + aws.ToString(u.PreferredMfaSetting)
	}
	verify := func(code string) error {
		out, err := f.SDK.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{AccessToken: access, UserCode: &code})
		if err == nil && (out.Status != "SUCCESS" || out.Session != nil) {
			t.Errorf("%+v", out)
		}
		return err
	}
	refusedBy[*types.SoftwareTokenMFANotFoundException](t, verify("123456"), "Software Token MFA does not exist for the user.")
	refusedBy[*types.InvalidParameterException](t, prefer(true, true), "User has not set up software token mfa")
	token, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{AccessToken: access})
	if err != nil || len(*token.SecretCode) != 52 || token.Session != nil {
		t.Fatalf("%v", err)
	}
	refusedBy[*types.InvalidParameterException](t, prefer(true, true), "User has not verified software token mfa")
	refusedBy[*types.EnableSoftwareTokenMFAException](t, verify(f.WrongTOTP(*token.SecretCode)), "Code mismatch and fail enable Software Token MFA")
	if err := verify(f.TOTP(*token.SecretCode, 0)); err != nil {
		t.Fatal(err)
	}
	if got := settings(); got != "/" {
		t.Errorf("a verified token is preferred at once: %s", got)
	}
	f.SignIn("demouser", pooltest.Password) // nobody is asked before that
	refusedBy[*types.InvalidParameterException](t, prefer(false, true), "SoftwareTokenMfaSettings: PreferredMfa cannot be true while Enabled is false")
	if err := prefer(true, true); err != nil || settings() != "SOFTWARE_TOKEN_MFA/SOFTWARE_TOKEN_MFA" {
		t.Errorf("%v %s", err, settings())
	}
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	pooltest.Refused(t, f.API("RespondToAuthChallenge", pooltest.SoftwareToken(session, "demouser", f.TOTP(*token.SecretCode, 0))), "ExpiredCodeException", usedCode)
	f.Advance(pooltest.Step)
	if a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(session, "demouser", f.TOTP(*token.SecretCode, 0))); a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if err := prefer(true, false); err != nil || settings() != "SOFTWARE_TOKEN_MFA/" {
		t.Errorf("%v %s", err, settings())
	}
	f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	// Another token takes the place of the first once it is verified, and not before.
	other, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{AccessToken: access})
	if err != nil {
		t.Fatal(err)
	}
	f.Advance(pooltest.Step)
	enter := func(secret string) pooltest.Answer {
		return f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(secret, 0)))
	}
	pooltest.Refused(t, enter(*other.SecretCode), "CodeMismatchException", wrongCode)
	if a := enter(*token.SecretCode); a.Status != 200 {
		t.Error(a.Body)
	}
	if err := verify(f.TOTP(*other.SecretCode, 0)); err != nil {
		t.Fatal(err)
	}
	f.Advance(pooltest.Step)
	pooltest.Refused(t, enter(*token.SecretCode), "CodeMismatchException", wrongCode)
	if a := enter(*other.SecretCode); a.Status != 200 {
		t.Error(a.Body)
	}
	if err := prefer(false, false); err != nil || settings() != "/" {
		t.Errorf("%v %s", err, settings())
	}
	f.SignIn("demouser", pooltest.Password)
	// Where the pool requires it by now, what was turned off is asked for all the same.
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	f.Declare(pooltest.PoolID, pooltest.Pool())
	f.SignIn("demouser", pooltest.Password)
}

func TestFactorsThatAreNotThere(t *testing.T) {
	f, ctx := pooltest.New(t), context.Background()
	access := aws.String(f.SignIn("demouser", pooltest.Password)["AccessToken"].(string))
	_, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{AccessToken: access})
	refusedBy[*types.SoftwareTokenMFANotFoundException](t, err, "Software Token MFA has not been enabled by the userPool")
	_, err = f.SDK.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String("123456")})
	refusedBy[*types.SoftwareTokenMFANotFoundException](t, err, "Software Token MFA has not been enabled by the userPool")
	_, err = f.SDK.SetUserMFAPreference(ctx, &cognitoidentityprovider.SetUserMFAPreferenceInput{AccessToken: access, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}})
	refusedBy[*types.InvalidParameterException](t, err, "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	const invalid = "InvalidParameterException"
	for _, c := range []struct {
		operation     string
		in            m
		code, message string
	}{
		{"SetUserMFAPreference", m{"AccessToken": *access, "SMSMfaSettings": m{"Enabled": true}}, invalid, "SMSMfaSettings is not supported by the local AWS, whose one factor is SoftwareTokenMfaSettings"},
		{"SetUserMFAPreference", m{"AccessToken": *access, "EmailMfaSettings": m{"PreferredMfa": true}}, invalid, "EmailMfaSettings is not supported by the local AWS, whose one factor is SoftwareTokenMfaSettings"},
		{"SetUserMFAPreference", m{"AccessToken": *access, "WebAuthnMfaSettings": m{"Enabled": true}}, invalid, "WebAuthnMfaSettings is not supported by the local AWS, whose one factor is SoftwareTokenMfaSettings"},
		{"SetUserMFAPreference", m{"AccessToken": *access}, invalid, "SoftwareTokenMfaSettings is missing: there is no preference to set"},
		{"SetUserMFAPreference", m{"AccessToken": *access, "SoftwareTokenMfaSettings": []int{}}, "SerializationException", "ARRAY_VALUE can not be converted to a structure: member SoftwareTokenMfaSettings"},
		{"SetUserMFAPreference", m{}, invalid, "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: Member must not be null"},
		{"AssociateSoftwareToken", m{}, invalid, "AccessToken or Session is required"},
		{"AssociateSoftwareToken", m{"AccessToken": *access, "Session": "x"}, invalid, "AccessToken and Session exclude each other"},
		{"AssociateSoftwareToken", m{"Session": "x"}, "NotAuthorizedException", invalidSession},
		{"AssociateSoftwareToken", m{"AccessToken": "x"}, "NotAuthorizedException", "Invalid Access Token"},
		{"VerifySoftwareToken", m{"AccessToken": *access}, invalid, "1 validation error detected: Value at 'userCode' failed to satisfy constraint: Member must not be null"},
		{"VerifySoftwareToken", m{"AccessToken": *access, "UserCode": "12345a"}, invalid, "1 validation error detected: Value at 'userCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9]+"},
		{"VerifySoftwareToken", m{"AccessToken": *access, "UserCode": "12345"}, invalid, "1 validation error detected: Value at 'userCode' failed to satisfy constraint: Member must have length equal to 6"},
		{"VerifySoftwareToken", m{"UserCode": "123456"}, invalid, "AccessToken or Session is required"},
		{"VerifySoftwareToken", m{"UserCode": "123456", "AccessToken": *access, "Session": "x"}, invalid, "AccessToken and Session exclude each other"},
		{"RespondToAuthChallenge", m{"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": pooltest.ClientID}, invalid, "Missing required parameter USERNAME"},
		{"RespondToAuthChallenge", m{"ChallengeName": "MFA_SETUP", "ClientId": pooltest.ClientID, "ChallengeResponses": m{"USERNAME": "demouser"}}, invalid, "Missing required parameter Session"},
		{"RespondToAuthChallenge", m{"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": pooltest.ClientID, "Session": "x", "ChallengeResponses": m{"USERNAME": "demouser"}}, invalid, "Missing required parameter SOFTWARE_TOKEN_MFA_CODE"},
		{"RespondToAuthChallenge", m{"ChallengeName": "SELECT_MFA_TYPE", "ClientId": pooltest.ClientID}, invalid, "The challenge SELECT_MFA_TYPE is not supported by the local AWS."},
		{"RespondToAuthChallenge", m{"ChallengeName": "SMS_MFA", "ClientId": pooltest.ClientID}, invalid, "The challenge SMS_MFA is not supported by the local AWS."},
	} {
		t.Log(c.operation, c.in)
		pooltest.Refused(t, f.API(c.operation, c.in), c.code, c.message)
	}
}

// One step of skew is taken each way, and no step twice, nor one before it.
func TestCodesAndTheirTimes(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(10 * pooltest.Step)
	enter := func(later time.Duration) pooltest.Answer {
		return f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(secret, later)))
	}
	for _, c := range []struct {
		story string
		later time.Duration
		want  string // the refusal, or ""
	}{
		{"two steps old", -2 * pooltest.Step, "CodeMismatchException"},
		{"two steps ahead", 2 * pooltest.Step, "CodeMismatchException"},
		{"the previous step's", -pooltest.Step, ""},
		{"the previous step's again", -pooltest.Step, "ExpiredCodeException"},
		{"the current one", 0, ""},
		{"the previous step's, after the current one", -pooltest.Step, "ExpiredCodeException"},
		{"the current one again", 0, "ExpiredCodeException"},
		{"the next step's", pooltest.Step, ""},
		{"the current one, after the next step's", 0, "ExpiredCodeException"},
		{"the next step's again", pooltest.Step, "ExpiredCodeException"},
	} {
		a := enter(c.later)
		switch c.want {
		case "":
			if a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
				t.Errorf("%s: %d %s", c.story, a.Status, a.Body)
			}
		case "CodeMismatchException":
			t.Log(c.story)
			pooltest.Refused(t, a, c.want, wrongCode)
		default:
			t.Log(c.story)
			pooltest.Refused(t, a, c.want, usedCode)
		}
	}
	f.Advance(time.Minute)
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	for story, code := range map[string]string{"letters": "abcdef", "short": "1", "long": strings.Repeat("1", 5000)} {
		t.Log(story)
		pooltest.Refused(t, f.API("RespondToAuthChallenge", pooltest.SoftwareToken(session, "demouser", code)), "CodeMismatchException", wrongCode)
	}
}

// A code that comes many times at once lets one of them in.
// A session is good for one user, client and step, for a time, and until it is used.
// answer puts the code of the time by now into the input.
// flip changes one letter in the middle.
// Whoever has the password and a session from before the user set up a token cannot
// set up another in its place.
// A set-up goes step by step, for the user it began with, while the pool wants it.
// The session that ends a set-up stands for the token that was verified, not for
// another one that the user has by then.
// Wrong codes lock like wrong passwords, and a right password in between clears nothing.
func TestWrongCodesLock(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	enter := func(code string) pooltest.Answer {
		return f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", code))
	}
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
	for range 4 {
		pooltest.Refused(t, enter(f.WrongTOTP(secret)), "CodeMismatchException", wrongCode)
	}
	right := pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0))
	pooltest.Refused(t, f.API("RespondToAuthChallenge", right), "NotAuthorizedException", "Password attempts exceeded")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "NotAuthorizedException", "Password attempts exceeded")
	f.Advance(time.Second)
	pooltest.Refused(t, enter(f.WrongTOTP(secret)), "CodeMismatchException", wrongCode)
	f.Advance(time.Second) // the sixth wrong one locks for two
	pooltest.Refused(t, f.API("RespondToAuthChallenge", right), "NotAuthorizedException", "Password attempts exceeded")
	f.Advance(time.Second)
	tokens := f.API("RespondToAuthChallenge", right) // the session survives all of that
	if tokens.Status != 200 {
		t.Fatal(tokens.Body)
	}
	// Changing the password, with the access token of a sign-in, clears nothing either.
	access, password := tokens.JSON(t)["AuthenticationResult"].(m)["AccessToken"], pooltest.Password
	for i := range 5 {
		next := "changedPASS" + string(rune('1'+i))
		if a := f.API("ChangePassword", m{"AccessToken": access, "PreviousPassword": password, "ProposedPassword": next}); a.Status != 200 {
			t.Fatal(a.Body)
		}
		password = next
		pooltest.Refused(t, f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", password), "demouser", f.WrongTOTP(secret))), "CodeMismatchException", wrongCode)
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", password)), "NotAuthorizedException", "Password attempts exceeded")
}

// A code that was used is a wrong one, however right it once was.
func TestUsedCodesLock(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	used, next := pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0)), pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, pooltest.Step))
	for range 5 {
		pooltest.Refused(t, f.API("RespondToAuthChallenge", used), "ExpiredCodeException", usedCode)
	}
	pooltest.Refused(t, f.API("RespondToAuthChallenge", next), "NotAuthorizedException", "Password attempts exceeded")
	f.Advance(time.Second)
	if a := f.API("RespondToAuthChallenge", next); a.Status != 200 {
		t.Error(a.Body)
	}
}

// Going back in time, as a tester may, brings no used code and no ended sign-in back.
func TestAClockThatGoesBackUndoesNothing(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(time.Hour)
	enter := func() pooltest.Answer {
		return f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(secret, 0)))
	}
	in := enter().JSON(t)["AuthenticationResult"].(m)
	f.Advance(-30 * time.Minute)
	pooltest.Refused(t, enter(), "ExpiredCodeException", usedCode)
	f.Advance(30 * time.Minute)
	if a := f.API("GlobalSignOut", m{"AccessToken": in["AccessToken"]}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	f.Advance(-30 * time.Minute)
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": in["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
}

// Each step of a set-up has the client's authSessionValidity, three minutes here.
func TestEachStepOfASetUpHasItsTime(t *testing.T) {
	const life = 3 * time.Minute
	for story, c := range map[string]struct{ associate, verify, end time.Duration }{
		"in time":                 {life - time.Second, life - time.Second, life - time.Second},
		"associating comes late":  {life, 0, 0},
		"verifying comes late":    {0, life, 0},
		"the last step is late":   {0, 0, life},
		"all of it is a bit late": {life - time.Second, life - time.Second, life},
	} {
		t.Run(story, func(t *testing.T) {
			f := mfaPool(t, "ON")
			v := m{"Session": f.MFASession("MFA_SETUP", "demouser", pooltest.Password)}
			code := ""
			for _, step := range []struct {
				operation string
				after     time.Duration
				in        func() m
			}{
				{"AssociateSoftwareToken", c.associate, func() m { return m{} }},
				{"VerifySoftwareToken", c.verify, func() m { return m{"UserCode": f.TOTP(code, 0)} }},
				{"RespondToAuthChallenge", c.end, func() m {
					return m{"ChallengeName": "MFA_SETUP", "ClientId": pooltest.ClientID, "ChallengeResponses": m{"USERNAME": "demouser"}}
				}},
			} {
				f.Advance(step.after)
				in := step.in()
				in["Session"] = v["Session"]
				a := f.API(step.operation, in)
				if step.after >= life {
					pooltest.Refused(t, a, "NotAuthorizedException", "Invalid session for the user, session is expired.")
					return
				}
				if a.Status != 200 {
					t.Fatalf("%s: %s", step.operation, a.Body)
				}
				v = a.JSON(t)
				if secret, given := v["SecretCode"].(string); given {
					code = secret
				}
			}
			if v["AuthenticationResult"] == nil {
				t.Errorf("%v", v)
			}
		})
	}
}

// Codes that set up a token are counted too.
func TestWrongCodesOfASetUpLock(t *testing.T) {
	f := mfaPool(t, "ON")
	token := f.API("AssociateSoftwareToken", m{"Session": f.MFASession("MFA_SETUP", "demouser", pooltest.Password)}).JSON(t)
	verify := func(code string) pooltest.Answer {
		return f.API("VerifySoftwareToken", m{"Session": token["Session"], "UserCode": code})
	}
	secret := token["SecretCode"].(string)
	for range 5 {
		pooltest.Refused(t, verify(f.WrongTOTP(secret)), "EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
	}
	pooltest.Refused(t, verify(f.TOTP(secret, 0)), "NotAuthorizedException", "Password attempts exceeded")
	f.Advance(time.Second)
	if a := verify(f.TOTP(secret, 0)); a.Status != 200 {
		t.Error(a.Body)
	}
}

// Tokens that were given out live on: MFA is for signing in.
func TestRefreshNeedsNoSecondFactor(t *testing.T) {
	f := pooltest.New(t)
	before := f.SignIn("demouser", pooltest.Password)
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	_, after := f.Enrol("demouser", pooltest.Password)
	for story, token := range map[string]string{"from before": before["RefreshToken"].(string), "with the factor": *after.RefreshToken} {
		out, err := f.SDK.InitiateAuth(context.Background(), &cognitoidentityprovider.InitiateAuthInput{
			AuthFlow: types.AuthFlowTypeRefreshTokenAuth, ClientId: aws.String(pooltest.ClientID), AuthParameters: map[string]string{"REFRESH_TOKEN": token},
		})
		if err != nil || out.AuthenticationResult == nil {
			t.Errorf("%s: %v", story, err)
		}
	}
}

// A client with a secret proves it when it answers a challenge.
func TestFactorOfAConfidentialClient(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	const id = "2secret3456789abcdefghijkl"
	c := pooltest.Client()
	c.GenerateSecret = true
	c = f.DeclareClient(id, c)
	mac := hmac.New(sha256.New, []byte(c.ClientSecret))
	mac.Write([]byte("demouser" + id))
	hash := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	begin := f.API("InitiateAuth", m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": id, "AuthParameters": m{"USERNAME": "demouser", "PASSWORD": pooltest.Password, "SECRET_HASH": hash}}).JSON(t)
	in := pooltest.SoftwareToken(begin["Session"].(string), "demouser", f.TOTP(secret, 0))
	in["ClientId"] = id
	pooltest.Refused(t, f.API("RespondToAuthChallenge", in), "NotAuthorizedException", "Client "+id+" is configured with secret but SECRET_HASH was not received")
	in["ChallengeResponses"].(m)["SECRET_HASH"] = hash
	if a := f.API("RespondToAuthChallenge", in); a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// The secret is shown once, to the user, and stands nowhere as it is.
// Sessions come back from strangers: whatever becomes of them, nobody is let in.
