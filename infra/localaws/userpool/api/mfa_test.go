package api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
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
func TestACodeLetsInOnceHoweverManyTry(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	code := f.TOTP(secret, 0)
	sessions := make([]string, 4)
	for i := range sessions {
		sessions[i] = f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	in := 0
	for i := range 12 { // three of each session
		wg.Go(func() {
			a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(sessions[i%len(sessions)], "demouser", code))
			mu.Lock()
			defer mu.Unlock()
			if a.Status == 200 {
				in++
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("%d were let in", in)
	}
}

// A session is good for one user, client and step, for a time, and until it is used.
func TestSessionsThatAreNotGood(t *testing.T) {
	const otherClient, otherPool, otherPoolsClient = "2other23456789abcdefghijkl", "us-west-2_Other6789", "3other23456789abcdefghijkl"
	begin := func(t *testing.T) (f *pooltest.Fixture, session, secret string) {
		f = mfaPool(t, "ON")
		f.DeclareClient(otherClient, pooltest.Client())
		f.Declare(otherPool, pooltest.MFAPool("ON"))
		c := pooltest.Client()
		c.UserPoolID = otherPool
		f.DeclareClient(otherPoolsClient, c)
		f.DeclareUser(userpool.DeclaredUser{UserPoolID: otherPool, Username: "demouser", Password: pooltest.Password})
		f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "other", Password: pooltest.Password})
		secret, _ = f.Enrol("demouser", pooltest.Password)
		f.Advance(pooltest.Step)
		return f, f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), secret
	}
	for story, c := range map[string]struct {
		change  func(f *pooltest.Fixture, secret string, in m)
		message string // "" for one that is good
	}{
		"as it is": {func(*pooltest.Fixture, string, m) {}, ""},
		"by an alias": {func(_ *pooltest.Fixture, _ string, in m) {
			in["ChallengeResponses"].(m)["USERNAME"] = "demo@example.com"
		}, ""},
		"another client":          {func(_ *pooltest.Fixture, _ string, in m) { in["ClientId"] = otherClient }, invalidSession},
		"another pool's client":   {func(_ *pooltest.Fixture, _ string, in m) { in["ClientId"] = otherPoolsClient }, invalidSession},
		"another user":            {func(_ *pooltest.Fixture, _ string, in m) { in["ChallengeResponses"].(m)["USERNAME"] = "other" }, invalidSession},
		"nobody":                  {func(_ *pooltest.Fixture, _ string, in m) { in["ChallengeResponses"].(m)["USERNAME"] = "nobody" }, invalidSession},
		"nonsense":                {func(_ *pooltest.Fixture, _ string, in m) { in["Session"] = "nonsense" }, invalidSession},
		"changed in one place":    {func(_ *pooltest.Fixture, _ string, in m) { in["Session"] = flip(in["Session"].(string)) }, invalidSession},
		"as if it were MFA_SETUP": {func(_ *pooltest.Fixture, _ string, in m) { in["ChallengeName"] = "MFA_SETUP" }, invalidSession},
		"of a new password": {func(f *pooltest.Fixture, _ string, in m) {
			f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1"})
			in["Session"] = f.MFASession("NEW_PASSWORD_REQUIRED", "fresh", "temporaryPASS1")
		}, invalidSession},
		"in time": {func(f *pooltest.Fixture, secret string, in m) {
			f.Advance(3*time.Minute - time.Second)
			answer(f, secret, in)
		}, ""},
		"too late": {func(f *pooltest.Fixture, secret string, in m) { f.Advance(3 * time.Minute); answer(f, secret, in) }, "Invalid session for the user, session is expired."},
		"after the password changed": {func(f *pooltest.Fixture, secret string, in m) {
			f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
			if a := f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser", "ConfirmationCode": f.LastMail().Code, "Password": "anotherPASS1"}); a.Status != 200 {
				t.Fatal(a.Body)
			}
		}, invalidSession},
		"of a user who is disabled": {func(f *pooltest.Fixture, _ string, in m) {
			d := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "demouser"}
			disabled := d
			disabled.Enabled = new(bool)
			f.ChangeUser(d, disabled)
		}, "User is disabled."},
		"of a user who was made anew": {func(f *pooltest.Fixture, secret string, in m) {
			old := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "demouser", Password: pooltest.Password}
			f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &old, nil) })
			f.DeclareUser(old)
		}, invalidSession},
		"after signing out everywhere": {func(f *pooltest.Fixture, secret string, in m) {
			a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(secret, 0)))
			access := a.JSON(t)["AuthenticationResult"].(m)["AccessToken"]
			f.Advance(pooltest.Step)
			if a := f.API("GlobalSignOut", m{"AccessToken": access}); a.Status != 200 {
				t.Fatal(a.Body)
			}
			answer(f, secret, in)
		}, invalidSession},
	} {
		t.Run(story, func(t *testing.T) {
			f, session, secret := begin(t)
			in := pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0))
			c.change(f, secret, in)
			a := f.API("RespondToAuthChallenge", in)
			if c.message == "" {
				if a.Status != 200 || a.JSON(t)["AuthenticationResult"] == nil {
					t.Errorf("%d %s", a.Status, a.Body)
				}
				return
			}
			pooltest.Refused(t, a, "NotAuthorizedException", c.message)
		})
	}
}

// answer puts the code of the time by now into the input.
func answer(f *pooltest.Fixture, secret string, in m) {
	in["ChallengeResponses"].(m)["SOFTWARE_TOKEN_MFA_CODE"] = f.TOTP(secret, 0)
}

// flip changes one letter in the middle.
func flip(s string) string {
	b := []byte(s)
	if b[len(b)/2]++; b[len(b)/2] == 'z'+1 {
		b[len(b)/2] = 'a'
	}
	return string(b)
}

// Whoever has the password and a session from before the user set up a token cannot
// set up another in its place.
func TestSetUpIsOverOnceThereIsAToken(t *testing.T) {
	f := mfaPool(t, "ON")
	before := f.MFASession("MFA_SETUP", "demouser", pooltest.Password)
	associated := f.API("AssociateSoftwareToken", m{"Session": f.MFASession("MFA_SETUP", "demouser", pooltest.Password)}).JSON(t)
	secret, _ := f.Enrol("demouser", pooltest.Password)
	pooltest.Refused(t, f.API("AssociateSoftwareToken", m{"Session": before}), "NotAuthorizedException", invalidSession)
	pooltest.Refused(t, f.API("VerifySoftwareToken", m{"Session": associated["Session"], "UserCode": f.TOTP(associated["SecretCode"].(string), 0)}), "NotAuthorizedException", invalidSession)
	if _, reason := f.Reason(); !strings.Contains(reason, "has a software token by now") {
		t.Errorf("the record says %q", reason)
	}
	f.Advance(pooltest.Step)
	if a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(secret, 0))); a.Status != 200 {
		t.Error(a.Body)
	}
	// Nor can the session of a code be used to set one up.
	pooltest.Refused(t, f.API("AssociateSoftwareToken", m{"Session": f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)}), "NotAuthorizedException", invalidSession)
}

// A set-up goes step by step, for the user it began with, while the pool wants it.
func TestSetUpOutOfOrder(t *testing.T) {
	f := mfaPool(t, "ON")
	begun := f.MFASession("MFA_SETUP", "demouser", pooltest.Password)
	// Before a secret was given out, the codes of an empty one are easily made.
	pooltest.Refused(t, f.API("VerifySoftwareToken", m{"Session": begun, "UserCode": f.TOTP("", 0)}), "NotAuthorizedException", invalidSession)
	associated := f.API("AssociateSoftwareToken", m{"Session": begun}).JSON(t)
	pooltest.Refused(t, f.API("AssociateSoftwareToken", m{"Session": begun}), "NotAuthorizedException", invalidSession)
	pooltest.Refused(t, f.API("AssociateSoftwareToken", m{"Session": associated["Session"]}), "NotAuthorizedException", invalidSession)
	f.Declare(pooltest.PoolID, pooltest.Pool())
	verify := m{"Session": associated["Session"], "UserCode": f.TOTP(associated["SecretCode"].(string), 0)}
	pooltest.Refused(t, f.API("VerifySoftwareToken", verify), "SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	// The same name, made at the same time, is another user all the same.
	d := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "again", Password: pooltest.Password}
	f.DeclareUser(d)
	session := f.MFASession("MFA_SETUP", "again", pooltest.Password)
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &d, nil) })
	f.DeclareUser(d)
	pooltest.Refused(t, f.API("AssociateSoftwareToken", m{"Session": session}), "NotAuthorizedException", invalidSession)
	if a := f.API("VerifySoftwareToken", verify); a.Status != 200 {
		t.Error(a.Body)
	}
}

// The session that ends a set-up stands for the token that was verified, not for
// another one that the user has by then.
func TestSetUpEndsWithTheTokenThatWasVerified(t *testing.T) {
	f := mfaPool(t, "ON")
	token := f.API("AssociateSoftwareToken", m{"Session": f.MFASession("MFA_SETUP", "demouser", pooltest.Password)}).JSON(t)
	verified := f.API("VerifySoftwareToken", m{"Session": token["Session"], "UserCode": f.TOTP(token["SecretCode"].(string), 0)}).JSON(t)
	f.Advance(pooltest.Step)
	in := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", f.TOTP(token["SecretCode"].(string), 0))).JSON(t)
	access := in["AuthenticationResult"].(m)["AccessToken"]
	other := f.API("AssociateSoftwareToken", m{"AccessToken": access}).JSON(t)["SecretCode"].(string)
	if a := f.API("VerifySoftwareToken", m{"AccessToken": access, "UserCode": f.TOTP(other, 0)}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	pooltest.Refused(t, f.API("RespondToAuthChallenge", m{"ChallengeName": "MFA_SETUP", "ClientId": pooltest.ClientID, "Session": verified["Session"], "ChallengeResponses": m{"USERNAME": "demouser"}}), "NotAuthorizedException", invalidSession)
}

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

func TestAccessTokensThatAreNotGoodForASoftwareToken(t *testing.T) {
	f, ctx := mfaPool(t, "OPTIONAL"), context.Background()
	b := f.Browser()
	weak := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(nil), nil)).JSON(t)["access_token"].(string)
	revoked := f.SignIn("demouser", pooltest.Password)
	if a := f.API("RevokeToken", m{"ClientId": pooltest.ClientID, "Token": revoked["RefreshToken"]}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	id := f.SignIn("demouser", pooltest.Password)["IdToken"].(string)
	for token, message := range map[string]string{
		weak: "Access Token does not have required scopes", revoked["AccessToken"].(string): "Access Token has been revoked", id: "Invalid Access Token",
	} {
		_, err := f.SDK.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{AccessToken: &token})
		pooltest.NotAuthorized(t, err, message)
		_, err = f.SDK.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{AccessToken: &token, UserCode: aws.String("123456")})
		pooltest.NotAuthorized(t, err, message)
		_, err = f.SDK.SetUserMFAPreference(ctx, &cognitoidentityprovider.SetUserMFAPreferenceInput{AccessToken: &token, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}})
		pooltest.NotAuthorized(t, err, message)
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
func TestTheSecretIsKeptSealed(t *testing.T) {
	f := mfaPool(t, "OPTIONAL")
	access := f.SignIn("demouser", pooltest.Password)["AccessToken"]
	pending := f.API("AssociateSoftwareToken", m{"AccessToken": access}).JSON(t)["SecretCode"].(string)
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	code := f.TOTP(secret, 0)
	if a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password), "demouser", code)); a.Status != 200 {
		t.Fatal(a.Body)
	}
	raw := store.Table[json.RawMessage]{Name: "userpool.users"}
	if err := f.Store.View(func(tx *store.Tx) error {
		items, err := raw.List(tx, "")
		if len(items) == 0 || !bytes.Contains(items[0].Value, []byte(`"token":{"secret":`)) {
			t.Errorf("the store has no user with a token: %s", items)
		}
		for _, item := range items {
			if bytes.Contains(item.Value, []byte(pending)) || bytes.Contains(item.Value, []byte(secret)) {
				t.Error("the store has a secret in clear")
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, record := range f.Records {
		_, reason := record.Decision()
		for _, s := range []string{pending, secret, code} {
			if strings.Contains(reason, s) {
				t.Errorf("a record has a secret: %s", reason)
			}
		}
	}
}

// Sessions come back from strangers: whatever becomes of them, nobody is let in.
func FuzzFactorSession(f *testing.F) {
	x := mfaPool(f, "ON")
	secret, _ := x.Enrol("demouser", pooltest.Password)
	x.Advance(pooltest.Step)
	good := x.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	code := x.TOTP(secret, 0)
	f.Add(flip(good), "demouser", code)
	f.Add(good[:40], "demouser", code)
	f.Add("", "", "")
	f.Add("====", "demouser", "%00")
	f.Fuzz(func(t *testing.T, session, name, given string) {
		x.T = t
		if session == good {
			return
		}
		for _, in := range []struct {
			operation string
			in        m
		}{
			{"RespondToAuthChallenge", pooltest.SoftwareToken(session, name, given)},
			{"RespondToAuthChallenge", m{"ChallengeName": "MFA_SETUP", "ClientId": pooltest.ClientID, "Session": session, "ChallengeResponses": m{"USERNAME": name}}},
			{"AssociateSoftwareToken", m{"Session": session}},
			{"VerifySoftwareToken", m{"Session": session, "UserCode": given, "FriendlyDeviceName": name}},
		} {
			if a := x.API(in.operation, in.in); a.Status != 400 {
				t.Errorf("%s of %q: %d %s", in.operation, session, a.Status, a.Body)
			}
		}
	})
}
