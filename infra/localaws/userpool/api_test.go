package userpool_test

import (
	"context"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	cognitosrp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/userpool"
)

func passwordFlow(name, secret string) m {
	return m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": name, "PASSWORD": secret}}
}

const wrongPassword = "Incorrect username or password."

func TestPasswordSignIn(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"demouser", "demo@example.com", "demo"} {
		tokens := f.signIn(name, password)
		if tokens["TokenType"] != "Bearer" || tokens["ExpiresIn"] != 3600.0 {
			t.Errorf("%s: %v", name, tokens)
		}
		claims, err := f.service.VerifyToken(poolID, tokens["IdToken"].(string))
		if err != nil || claims.Username != "demouser" || claims.TokenUse != "id" || claims.ClientID != clientID {
			t.Errorf("%s: %+v %v", name, claims, err)
		}
		if claims.All["email_verified"] != true || claims.All["email"] != "demo@example.com" {
			t.Errorf("%s: email claims %v", name, claims.All)
		}
	}
	for _, c := range []struct{ story, name, secret, why string }{
		{"53: wrong password", "demouser", "demoPASS124", "wrong password"},
		{"53: unknown user", "nobody", password, "unknown user"},
		{"usernames tell case apart by default", "Demouser", password, "unknown user"},
		{"53: unknown alias", "nobody@example.com", password, "unknown user"},
	} {
		refused(t, f.api("InitiateAuth", passwordFlow(c.name, c.secret)), "NotAuthorizedException", wrongPassword)
		if decision, reason := f.reason(); decision != "deny" || !strings.HasSuffix(reason, c.why) {
			t.Errorf("%s: the record says %s %q", c.story, decision, reason)
		}
	}
	if body := f.api("InitiateAuth", passwordFlow("demouser", "demoPASS124")).body; strings.Contains(body, "demoPASS") {
		t.Error("the answer repeats the password")
	}
}

func TestUnknownUserOfALegacyClient(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.PreventUserExistenceErrors = "LEGACY"
	f.declareClient(clientID, c)
	refused(t, f.api("InitiateAuth", passwordFlow("nobody", password)), "UserNotFoundException", "User does not exist.")
	refused(t, f.api("ForgotPassword", m{"ClientId": clientID, "Username": "nobody"}), "UserNotFoundException", "Username/client id combination not found.")
}

func TestCaseInsensitivePool(t *testing.T) {
	f := newFixture(t)
	p := aPool()
	p.UsernameConfiguration = &userpool.UsernameConfiguration{CaseSensitive: false}
	f.declare(poolID, p)
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "MixedCase", Password: password, Attributes: map[string]string{"email": "Mixed@Example.com", "email_verified": "true"}})
	for _, name := range []string{"mixedcase", "MIXEDCASE", "mixed@example.COM"} {
		f.signIn(name, password)
	}
	refused(t, f.api("SignUp", m{"ClientId": clientID, "Username": "mixedCASE", "Password": password}), "UsernameExistsException", "User already exists")
}

func TestUnverifiedEmailIsNoAlias(t *testing.T) {
	f := newFixture(t)
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "other", Password: password, Attributes: map[string]string{"email": "other@example.com"}})
	refused(t, f.api("InitiateAuth", passwordFlow("other@example.com", password)), "NotAuthorizedException", wrongPassword)
	f.signIn("other", password)
}

func TestFlowsThatTheClientDoesNotAllow(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.ExplicitAuthFlows = []string{"ALLOW_REFRESH_TOKEN_AUTH"}
	f.declareClient(clientID, c)
	refused(t, f.api("InitiateAuth", passwordFlow("demouser", password)), "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
	refused(t, f.api("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": "demouser", "SRP_A": "abc"}}), "InvalidParameterException", "USER_SRP_AUTH flow not enabled for this client")
	c.ExplicitAuthFlows = []string{"ALLOW_USER_PASSWORD_AUTH"}
	f.declareClient(clientID, c)
	tokens := f.signIn("demouser", password)
	refused(t, f.api("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN", "ClientId": clientID, "AuthParameters": m{"REFRESH_TOKEN": tokens["RefreshToken"]}}), "InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled for this client")
}

func TestLockOut(t *testing.T) {
	for _, name := range []string{"demouser", "nobody"} { // a lock-out does not tell them apart
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			for range 5 {
				refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", wrongPassword)
			}
			refused(t, f.api("InitiateAuth", passwordFlow(name, password)), "NotAuthorizedException", "Password attempts exceeded")
			f.advance(time.Second)
			refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", wrongPassword)
			f.advance(time.Second)
			refused(t, f.api("InitiateAuth", passwordFlow(name, password)), "NotAuthorizedException", "Password attempts exceeded")
			f.advance(time.Second) // two seconds after the sixth
			if name == "demouser" {
				f.signIn(name, password)
				refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", wrongPassword)
				f.signIn(name, password)
				return
			}
			refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", wrongPassword)
			refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", "Password attempts exceeded")
			f.advance(15*time.Minute + 5*time.Second) // forgotten
			for range 5 {
				refused(t, f.api("InitiateAuth", passwordFlow(name, "wrong")), "NotAuthorizedException", wrongPassword)
			}
		})
	}
}

// srp signs in with an SRP client that others wrote, through the SDK.
func srp(f *fixture, name, secret string, clientSecret *string, clientID string, change func(map[string]string)) (*types.AuthenticationResultType, map[string]string, error) {
	f.t.Helper()
	ctx := context.Background()
	client, err := cognitosrp.NewCognitoSRP(name, secret, poolID, clientID, clientSecret)
	if err != nil {
		f.t.Fatal(err)
	}
	first, err := f.sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(clientID), AuthParameters: client.GetAuthParams(),
	})
	if err != nil {
		return nil, nil, err
	}
	if first.ChallengeName != types.ChallengeNameTypePasswordVerifier {
		f.t.Fatalf("challenge %s", first.ChallengeName)
	}
	answers, err := client.PasswordVerifierChallenge(first.ChallengeParameters, f.clock())
	if err != nil {
		f.t.Fatal(err)
	}
	if change != nil {
		change(answers)
	}
	second, err := f.sdk.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: first.ChallengeName, ClientId: aws.String(clientID), ChallengeResponses: answers,
	})
	if err != nil {
		return nil, answers, err
	}
	return second.AuthenticationResult, answers, nil
}

func notAuthorized(t *testing.T, err error, message string) {
	t.Helper()
	var no *types.NotAuthorizedException
	if !errors.As(err, &no) || no.ErrorMessage() != message {
		t.Errorf("got %v, want NotAuthorizedException: %s", err, message)
	}
}

func TestSRPSignIn(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"demouser", "demo@example.com"} {
		for range 5 { // the numbers differ each time, and with them their padding
			tokens, _, err := srp(f, name, password, nil, clientID, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := f.service.VerifyToken(poolID, *tokens.AccessToken); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, answers, err := srp(f, "demouser", password, nil, clientID, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := f.api("RespondToAuthChallenge", m{"ChallengeName": "PASSWORD_VERIFIER", "ClientId": clientID, "ChallengeResponses": answers})
	refused(t, a, "NotAuthorizedException", "Invalid session for the user.")
	if _, reason := f.reason(); !strings.Contains(reason, "used already") {
		t.Errorf("replaying a proof: the record says %q", reason)
	}
	for story, change := range map[string]func(map[string]string){
		"another timestamp": func(in map[string]string) { in["TIMESTAMP"] += " " },
		"a changed block": func(in map[string]string) {
			b, _ := base64.StdEncoding.DecodeString(in["PASSWORD_CLAIM_SECRET_BLOCK"])
			b[20] ^= 1
			in["PASSWORD_CLAIM_SECRET_BLOCK"] = base64.StdEncoding.EncodeToString(b)
		},
		"another user":              func(in map[string]string) { in["USERNAME"] = "nobody" },
		"a late answer":             func(map[string]string) { f.advance(3 * time.Minute) },
		"a block that is no base64": func(in map[string]string) { in["PASSWORD_CLAIM_SECRET_BLOCK"] = "%" },
	} {
		_, _, err := srp(f, "demouser", password, nil, clientID, change)
		t.Log(story)
		notAuthorized(t, err, wrongPassword)
	}
	_, _, err = srp(f, "demouser", "wrongPASS1", nil, clientID, nil)
	notAuthorized(t, err, wrongPassword)
	_, _, err = srp(f, "nobody", password, nil, clientID, nil)
	notAuthorized(t, err, wrongPassword)
}

func TestSRPRefusesNumbersThatGiveTheKeyAway(t *testing.T) {
	f := newFixture(t)
	n, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
	for _, a := range []string{"", "0", "00", n.Text(16), strings.Repeat("f", 769), "-1", "xyz", "0x10", "1_0"} {
		got := f.api("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": "demouser", "SRP_A": a}})
		if got.status != 400 || got.json(t)["__type"] != "InvalidParameterException" {
			t.Errorf("SRP_A %.20q: %d %s", a, got.status, got.body)
		}
	}
}

func TestSRPHidesWhoExists(t *testing.T) {
	f := newFixture(t)
	first := func(name string) map[string]any {
		a := f.api("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": name, "SRP_A": "abcdef"}})
		return a.json(t)["ChallengeParameters"].(map[string]any)
	}
	known, unknown, again := first("demouser"), first("nobody"), first("nobody")
	for name := range known {
		if _, ok := unknown[name]; !ok {
			t.Errorf("an unknown user has no %s", name)
		}
	}
	if unknown["SALT"] != again["SALT"] || unknown["USER_ID_FOR_SRP"] != again["USER_ID_FOR_SRP"] {
		t.Error("an unknown user's salt or id changes")
	}
	if unknown["SRP_B"] == again["SRP_B"] {
		t.Error("an unknown user's SRP_B never changes, a known one's does")
	}
	if len(known["SALT"].(string)) != len(unknown["SALT"].(string)) || len(known["SECRET_BLOCK"].(string)) == 0 {
		t.Errorf("salts differ in length: %v %v", known["SALT"], unknown["SALT"])
	}
}

func TestClientSecret(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.GenerateSecret = true
	const id = "2secret3456789abcdefghijkl"
	c = f.declareClient(id, c)
	if len(c.ClientSecret) != 52 {
		t.Fatalf("secret of %d characters", len(c.ClientSecret))
	}
	if again := f.declareClient(id, c); again.ClientSecret != c.ClientSecret {
		t.Error("declaring the client again changes its secret")
	}
	in := func(hash any) m {
		p := m{"USERNAME": "demouser", "PASSWORD": password}
		if hash != nil {
			p["SECRET_HASH"] = hash
		}
		return m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": id, "AuthParameters": p}
	}
	refused(t, f.api("InitiateAuth", in("AAAA")), "NotAuthorizedException", "Unable to verify secret hash for client "+id) // 55
	refused(t, f.api("InitiateAuth", in(nil)), "NotAuthorizedException", "Client "+id+" is configured with secret but SECRET_HASH was not received")
	if _, _, err := srp(f, "demouser", password, &c.ClientSecret, id, nil); err != nil {
		t.Error(err)
	}
	wrong := "not" + c.ClientSecret
	_, _, err := srp(f, "demouser", password, &wrong, id, nil)
	notAuthorized(t, err, "Unable to verify secret hash for client "+id)
}

func TestSignUpAndConfirm(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	up, err := f.sdk.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(clientID), Username: aws.String("alice"), Password: aws.String("alicePASS1"),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("alice@example.com")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if up.UserConfirmed || len(*up.UserSub) != 36 || *up.CodeDeliveryDetails.Destination != "a***@e***" {
		t.Errorf("%+v", up)
	}
	mail := f.lastMail()
	if mail.Destination != "alice@example.com" || mail.Kind != userpool.MailSignUp || len(mail.Code) != 6 || mail.Medium != "EMAIL" {
		t.Errorf("message to %s of kind %s with a code of %d digits", mail.Destination, mail.Kind, len(mail.Code))
	}
	for _, secret := range []string{"alicePASS1", "wrong"} { // 54: even with a wrong password
		refused(t, f.api("InitiateAuth", passwordFlow("alice", secret)), "UserNotConfirmedException", "User is not confirmed.")
	}
	refused(t, f.api("ConfirmSignUp", m{"ClientId": clientID, "Username": "alice", "ConfirmationCode": "x"}), "CodeMismatchException", "Invalid verification code provided, please try again.")
	if _, err := f.sdk.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(clientID), Username: aws.String("alice"), ConfirmationCode: aws.String(mail.Code)}); err != nil {
		t.Fatal(err)
	}
	f.signIn("alice", "alicePASS1")
	f.signIn("alice@example.com", "alicePASS1") // verified by the code, and so an alias now
	refused(t, f.api("ConfirmSignUp", m{"ClientId": clientID, "Username": "alice", "ConfirmationCode": mail.Code}), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	refused(t, f.api("ConfirmSignUp", m{"ClientId": clientID, "Username": "nobody", "ConfirmationCode": "123456"}), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	// Another user cannot take a verified address.
	f.api("SignUp", m{"ClientId": clientID, "Username": "mallory", "Password": "alicePASS1", "UserAttributes": []m{{"Name": "email", "Value": "alice@example.com"}}})
	refused(t, f.api("ConfirmSignUp", m{"ClientId": clientID, "Username": "mallory", "ConfirmationCode": f.lastMail().Code}), "AliasExistsException", "An account with the given email already exists.")
}

func TestSignUpRefusals(t *testing.T) {
	f := newFixture(t)
	up := func(name, secret string, attributes ...m) m {
		return m{"ClientId": clientID, "Username": name, "Password": secret, "UserAttributes": attributes}
	}
	const policy = "Password did not conform with policy: "
	for _, c := range []struct {
		in            m
		code, message string
	}{
		{up("demouser", password), "UsernameExistsException", "User already exists"},
		{up("bob", "Sh0rt"), "InvalidPasswordException", policy + "Password not long enough"},
		{up("bob", "nouppercase1"), "InvalidPasswordException", policy + "Password must have uppercase characters"},
		{up("bob", "NOLOWERCASE1"), "InvalidPasswordException", policy + "Password must have lowercase characters"},
		{up("bob", "NoNumbersHere"), "InvalidPasswordException", policy + "Password must have numeric characters"},
		{up("bob", password, m{"Name": "email", "Value": "not an address"}), "InvalidParameterException", "Invalid email address format."},
		{up("bob", password, m{"Name": "email_verified", "Value": "true"}), "NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{up("bob", password, m{"Name": "custom:none", "Value": "x"}), "InvalidParameterException", "Attributes did not conform to the schema: custom:none: Attribute does not exist in the schema."},
		{up("bob@example.com", password), "InvalidParameterException", "Username cannot be of email format, since user pool is configured for email alias."},
		{m{"ClientId": "none", "Username": "bob", "Password": password}, "ResourceNotFoundException", "User pool client none does not exist."},
	} {
		refused(t, f.api("SignUp", c.in), c.code, c.message)
	}
	p := aPool()
	p.AdminCreateUserConfig = &userpool.AdminCreateUserConfig{AllowAdminCreateUserOnly: true}
	f.declare(poolID, p)
	refused(t, f.api("SignUp", up("bob", password)), "NotAuthorizedException", "SignUp is not permitted for this user pool")
}

func TestCodesExpireAndAreLimited(t *testing.T) {
	f := newFixture(t)
	up := m{"ClientId": clientID, "Username": "alice", "Password": "alicePASS1", "UserAttributes": []m{{"Name": "email", "Value": "alice@example.com"}}}
	if a := f.api("SignUp", up); a.status != 200 {
		t.Fatal(a.body)
	}
	confirm := func(code string) answer {
		return f.api("ConfirmSignUp", m{"ClientId": clientID, "Username": "alice", "ConfirmationCode": code})
	}
	for range 5 {
		refused(t, confirm("nope"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	refused(t, confirm(f.lastMail().Code), "TooManyFailedAttemptsException", "Attempt limit exceeded, please try after some time.")
	first := f.lastMail().Code
	for range 4 {
		if a := f.api("ResendConfirmationCode", m{"ClientId": clientID, "Username": "alice"}); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	refused(t, f.api("ResendConfirmationCode", m{"ClientId": clientID, "Username": "alice"}), "LimitExceededException", "Attempt limit exceeded, please try after some time.")
	refused(t, confirm(first), "CodeMismatchException", "Invalid verification code provided, please try again.")
	f.advance(24 * time.Hour)
	refused(t, confirm(f.lastMail().Code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	if a := f.api("ResendConfirmationCode", m{"ClientId": clientID, "Username": "alice"}); a.status != 200 {
		t.Fatal(a.body)
	}
	if a := confirm(f.lastMail().Code); a.status != 200 {
		t.Error(a.body)
	}
}

func TestForgottenPassword(t *testing.T) {
	f := newFixture(t)
	a := f.api("ForgotPassword", m{"ClientId": clientID, "Username": "demouser"})
	if a.status != 200 || f.lastMail().Kind != userpool.MailForgotPassword {
		t.Fatal(a.body)
	}
	code, sent := f.lastMail().Code, len(f.mail)
	unknown, again := f.api("ForgotPassword", m{"ClientId": clientID, "Username": "nobody"}), f.api("ForgotPassword", m{"ClientId": clientID, "Username": "nobody"})
	if unknown.status != 200 || unknown.body != again.body || len(f.mail) != sent {
		t.Errorf("an unknown user: %s, then %s; %d messages", unknown.body, again.body, len(f.mail)-sent)
	}
	reset := func(name, code, secret string) answer {
		return f.api("ConfirmForgotPassword", m{"ClientId": clientID, "Username": name, "ConfirmationCode": code, "Password": secret})
	}
	refused(t, reset("nobody", "123456", "anotherPASS1"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	refused(t, reset("demouser", "nope", "anotherPASS1"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	refused(t, reset("demouser", code, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	if a := reset("demouser", code, "anotherPASS1"); a.status != 200 {
		t.Fatal(a.body)
	}
	refused(t, reset("demouser", code, "anotherPASS2"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	f.signIn("demouser", "anotherPASS1")
	refused(t, f.api("InitiateAuth", passwordFlow("demouser", password)), "NotAuthorizedException", wrongPassword)
	f.api("ForgotPassword", m{"ClientId": clientID, "Username": "demouser"})
	f.advance(time.Hour)
	refused(t, reset("demouser", f.lastMail().Code, "anotherPASS3"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func TestNewPasswordRequired(t *testing.T) {
	f := newFixture(t)
	d := f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", Attributes: map[string]string{"email": "fresh@example.com"}})
	if d.Status != "FORCE_CHANGE_PASSWORD" || d.Sub == "" {
		t.Errorf("%+v", d)
	}
	if mail := f.lastMail(); mail.Kind != userpool.MailInvitation || mail.Code != "temporaryPASS1" || mail.Destination != "fresh@example.com" {
		t.Errorf("invitation of kind %q to %q", mail.Kind, mail.Destination)
	}
	a := f.api("InitiateAuth", passwordFlow("fresh", "temporaryPASS1")).json(t)
	if a["ChallengeName"] != "NEW_PASSWORD_REQUIRED" || a["AuthenticationResult"] != nil {
		t.Fatalf("%v", a)
	}
	respond := func(session any, name, secret string) answer {
		return f.api("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": clientID, "Session": session, "ChallengeResponses": m{"USERNAME": name, "NEW_PASSWORD": secret}})
	}
	refused(t, respond("none", "fresh", "chosenPASS1"), "NotAuthorizedException", "Invalid session for the user.")
	refused(t, respond(a["Session"], "demouser", "chosenPASS1"), "NotAuthorizedException", "Invalid session for the user.")
	refused(t, respond(a["Session"], "fresh", "weak"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	if got := respond(a["Session"], "fresh", "chosenPASS1"); got.status != 200 || got.json(t)["AuthenticationResult"] == nil {
		t.Fatal(got.body)
	}
	refused(t, respond(a["Session"], "fresh", "chosenPASS2"), "NotAuthorizedException", "Invalid session for the user.")
	f.signIn("fresh", "chosenPASS1")

	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "late", TemporaryPassword: "temporaryPASS1"})
	f.advance(7 * 24 * time.Hour)
	refused(t, f.api("InitiateAuth", passwordFlow("late", "temporaryPASS1")), "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
}

func TestGetUserAndSignOut(t *testing.T) {
	f := newFixture(t)
	tokens := f.signIn("demouser", password)
	token := aws.String(tokens["AccessToken"].(string))
	ctx := context.Background()
	u, err := f.sdk.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: token})
	if err != nil {
		t.Fatal(err)
	}
	if *u.Username != "demouser" || *u.UserAttributes[0].Name != "sub" {
		t.Errorf("%+v", u)
	}
	refused(t, f.api("GetUser", m{"AccessToken": tokens["IdToken"]}), "NotAuthorizedException", "Invalid Access Token")
	refused(t, f.api("GetUser", m{"AccessToken": "x.y.z"}), "NotAuthorizedException", "Invalid Access Token")
	refused(t, f.api("GetUser", m{}), "InvalidParameterException", "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: Member must not be null")
	other := f.signIn("demouser", password)
	if _, err := f.sdk.GlobalSignOut(ctx, &cognitoidentityprovider.GlobalSignOutInput{AccessToken: token}); err != nil {
		t.Fatal(err)
	}
	for _, set := range []m{tokens, other} { // 56 and 57
		refused(t, f.api("GetUser", m{"AccessToken": set["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
		refused(t, f.api("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": clientID, "AuthParameters": m{"REFRESH_TOKEN": set["RefreshToken"]}}), "NotAuthorizedException", "Refresh Token has been revoked")
		claims, err := f.service.VerifyToken(poolID, set["IdToken"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := f.service.SignedOut(poolID, claims); err != nil || !out {
			t.Errorf("SignedOut: %v %v", out, err)
		}
	}
	claims, err := f.service.VerifyToken(poolID, f.signIn("demouser", password)["IdToken"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := f.service.SignedOut(poolID, claims); err != nil || out {
		t.Errorf("a new sign-in: SignedOut %v %v", out, err)
	}
	token = aws.String(f.signIn("demouser", password)["AccessToken"].(string))
	f.advance(time.Hour)
	refused(t, f.api("GetUser", m{"AccessToken": *token}), "NotAuthorizedException", "Access Token has expired")
}

func TestGetUserWithoutScope(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	set := b.post("/oauth2/token", tokenForm(b.code(nil), nil)).json(t)
	refused(t, f.api("GetUser", m{"AccessToken": set["access_token"]}), "NotAuthorizedException", "Access Token does not have required scopes") // 56
}

func TestRefreshAndRevoke(t *testing.T) {
	f := newFixture(t)
	tokens := f.signIn("demouser", password)
	refresh := func(token any) answer {
		return f.api("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": clientID, "AuthParameters": m{"REFRESH_TOKEN": token}})
	}
	before, err := f.service.VerifyToken(poolID, tokens["IdToken"].(string))
	if err != nil {
		t.Fatal(err)
	}
	f.advance(2 * time.Hour)
	got := refresh(tokens["RefreshToken"])
	if got.status != 200 {
		t.Fatal(got.body)
	}
	result := got.json(t)["AuthenticationResult"].(map[string]any)
	if result["RefreshToken"] != nil {
		t.Error("a refresh without rotation gives a new refresh token")
	}
	after, err := f.service.VerifyToken(poolID, result["IdToken"].(string))
	if err != nil || !after.AuthTime.Equal(before.AuthTime) || after.OriginJTI != before.OriginJTI || after.JTI == before.JTI {
		t.Errorf("%+v %v", after, err)
	}
	refused(t, refresh("nonsense"), "NotAuthorizedException", "Invalid Refresh Token")
	refused(t, f.api("RevokeToken", m{"ClientId": clientID, "Token": result["AccessToken"]}), "UnsupportedTokenTypeException", "Unsupported token type: only refresh tokens can be revoked")
	for range 2 {
		if a := f.api("RevokeToken", m{"ClientId": clientID, "Token": tokens["RefreshToken"]}); a.status != 200 {
			t.Error(a.body)
		}
	}
	refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has been revoked") // 57
	refused(t, f.api("GetUser", m{"AccessToken": result["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
	tokens = f.signIn("demouser", password)
	f.advance(30 * 24 * time.Hour)
	refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has expired")
}

func TestRefreshTokenRotation(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.ExplicitAuthFlows = []string{"ALLOW_USER_PASSWORD_AUTH"}
	c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED", RetryGracePeriodSeconds: 10}
	f.declareClient(clientID, c)
	rotate := func(token any) answer {
		return f.api("GetTokensFromRefreshToken", m{"ClientId": clientID, "RefreshToken": token})
	}
	first := f.signIn("demouser", password)["RefreshToken"]
	a := rotate(first)
	if a.status != 200 {
		t.Fatal(a.body)
	}
	second := a.json(t)["AuthenticationResult"].(map[string]any)["RefreshToken"]
	if second == nil || second == first {
		t.Fatal("the refresh token was not rotated")
	}
	f.advance(9 * time.Second)
	if a := rotate(first); a.status != 200 {
		t.Errorf("within the grace period: %s", a.body)
	}
	f.advance(time.Second)
	refused(t, rotate(first), "RefreshTokenReuseException", "Refresh token has already been used.") // 57
	if a := rotate(second); a.status != 200 {
		t.Error(a.body)
	}
}

func TestChangePassword(t *testing.T) {
	f := newFixture(t)
	p := aPool()
	p.PasswordPolicy.PasswordHistorySize = 2
	f.declare(poolID, p)
	token := f.signIn("demouser", password)["AccessToken"]
	change := func(old, new string) answer {
		return f.api("ChangePassword", m{"AccessToken": token, "PreviousPassword": old, "ProposedPassword": new})
	}
	refused(t, change("wrong", "secondPASS1"), "NotAuthorizedException", wrongPassword)
	if a := change(password, "secondPASS1"); a.status != 200 {
		t.Fatal(a.body)
	}
	if a := change("secondPASS1", password); a.json(t)["__type"] != "PasswordHistoryPolicyViolationException" {
		t.Error(a.body)
	}
	f.signIn("demouser", "secondPASS1")
	if _, _, err := srp(f, "demouser", "secondPASS1", nil, clientID, nil); err != nil {
		t.Error(err)
	}
	if a := f.api("DeleteUser", m{"AccessToken": token}); a.status != 200 {
		t.Error(a.body)
	}
	refused(t, f.api("GetUser", m{"AccessToken": token}), "UserNotFoundException", "User does not exist.")
}

func TestDisabledUser(t *testing.T) {
	f := newFixture(t)
	off := false
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "off", Password: password, Enabled: &off})
	refused(t, f.api("InitiateAuth", passwordFlow("off", password)), "NotAuthorizedException", "User is disabled.")
	refused(t, f.api("InitiateAuth", passwordFlow("off", "wrong")), "NotAuthorizedException", wrongPassword)
}

func TestBadBodiesAndOperations(t *testing.T) {
	f := newFixture(t)
	for _, body := range []string{"", "{", "[]", "null", "1", `{"AuthFlow":1}`, `{"AuthParameters":[]}`, `{}{}`, "\xff"} {
		a := f.api("InitiateAuth", body)
		if a.status != 400 || a.json(t)["__type"] != "SerializationException" {
			t.Errorf("body %q: %d %s", body, a.status, a.body)
		}
	}
	for _, name := range []string{"AdminCreateNothing", "", "../GetUser", strings.Repeat("x", 5000)} {
		a := f.api(name, "{}")
		v := a.json(t)
		if a.status != 400 || v["__type"] != "UnknownOperationException" || len(name) < 64 && !strings.Contains(v["message"].(string), name) || len(a.body) > 500 {
			t.Errorf("operation %.30q: %d %s", name, a.status, a.body)
		}
	}
	if a := f.api("GetUser", "{}"); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the API's answers are not for browsers")
	}
}
