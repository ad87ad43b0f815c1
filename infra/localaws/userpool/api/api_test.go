package api_test

import (
	"context"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

type m = map[string]any

func TestPasswordSignIn(t *testing.T) {
	f := pooltest.New(t)
	for _, name := range []string{"demouser", "demo@example.com", "demo"} {
		tokens := f.SignIn(name, pooltest.Password)
		if tokens["TokenType"] != "Bearer" || tokens["ExpiresIn"] != 3600.0 {
			t.Errorf("%s: %v", name, tokens)
		}
		claims, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["IdToken"].(string))
		if err != nil || claims.Username != "demouser" || claims.TokenUse != "id" || claims.ClientID != pooltest.ClientID {
			t.Errorf("%s: %+v %v", name, claims, err)
		}
		if claims.All["email_verified"] != true || claims.All["email"] != "demo@example.com" {
			t.Errorf("%s: email claims %v", name, claims.All)
		}
	}
	for _, c := range []struct{ story, name, secret, why string }{
		{"53: wrong password", "demouser", "demoPASS124", "wrong password"},
		{"53: unknown user", "nobody", pooltest.Password, "unknown user"},
		{"usernames tell case apart by default", "Demouser", pooltest.Password, "unknown user"},
		{"53: unknown alias", "nobody@example.com", pooltest.Password, "unknown user"},
	} {
		pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(c.name, c.secret)), "NotAuthorizedException", pooltest.WrongPassword)
		if decision, reason := f.Reason(); decision != "deny" || !strings.HasSuffix(reason, c.why) {
			t.Errorf("%s: the record says %s %q", c.story, decision, reason)
		}
	}
	if body := f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "demoPASS124")).Body; strings.Contains(body, "demoPASS") {
		t.Error("the answer repeats the password")
	}
}

func TestUnknownUserOfALegacyClient(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.PreventUserExistenceErrors = "LEGACY"
	f.DeclareClient(pooltest.ClientID, c)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("nobody", pooltest.Password)), "UserNotFoundException", "User does not exist.")
	pooltest.Refused(t, f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "nobody"}), "UserNotFoundException", "Username/client id combination not found.")
}

func TestCaseInsensitivePool(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.UsernameConfiguration = &userpool.UsernameConfiguration{CaseSensitive: false}
	f.Declare(pooltest.PoolID, p)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "MixedCase", Password: pooltest.Password, Attributes: map[string]string{"email": "Mixed@Example.com", "email_verified": "true"}})
	for _, name := range []string{"mixedcase", "MIXEDCASE", "mixed@example.COM"} {
		f.SignIn(name, pooltest.Password)
	}
	pooltest.Refused(t, f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "mixedCASE", "Password": pooltest.Password}), "UsernameExistsException", "User already exists")
}

func TestUnverifiedEmailIsNoAlias(t *testing.T) {
	f := pooltest.New(t)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "other", Password: pooltest.Password, Attributes: map[string]string{"email": "other@example.com"}})
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("other@example.com", pooltest.Password)), "NotAuthorizedException", pooltest.WrongPassword)
	f.SignIn("other", pooltest.Password)
}

func TestFlowsThatTheClientDoesNotAllow(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.ExplicitAuthFlows = []string{"ALLOW_REFRESH_TOKEN_AUTH"}
	f.DeclareClient(pooltest.ClientID, c)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
	pooltest.Refused(t, f.API("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": "demouser", "SRP_A": "abc"}}), "InvalidParameterException", "USER_SRP_AUTH flow not enabled for this client")
	c.ExplicitAuthFlows = []string{"ALLOW_USER_PASSWORD_AUTH"}
	f.DeclareClient(pooltest.ClientID, c)
	tokens := f.SignIn("demouser", pooltest.Password)
	pooltest.Refused(t, f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": tokens["RefreshToken"]}}), "InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled for this client")
}

func TestLockOut(t *testing.T) {
	for _, name := range []string{"demouser", "nobody"} { // a lock-out does not tell them apart
		t.Run(name, func(t *testing.T) {
			f := pooltest.New(t)
			for range 5 {
				pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
			}
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, pooltest.Password)), "NotAuthorizedException", "Password attempts exceeded")
			f.Advance(time.Second)
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
			f.Advance(time.Second)
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, pooltest.Password)), "NotAuthorizedException", "Password attempts exceeded")
			f.Advance(time.Second) // two seconds after the sixth
			if name == "demouser" {
				f.SignIn(name, pooltest.Password)
				pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
				f.SignIn(name, pooltest.Password)
				return
			}
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", "Password attempts exceeded")
			f.Advance(15*time.Minute + 5*time.Second) // forgotten
			for range 5 {
				pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
			}
		})
	}
}

func TestSRPSignIn(t *testing.T) {
	f := pooltest.New(t)
	for _, name := range []string{"demouser", "demo@example.com"} {
		for range 5 { // the numbers differ each time, and with them their padding
			tokens, _, err := pooltest.SRP(f, name, pooltest.Password, nil, pooltest.ClientID, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := f.Pools.VerifyToken(pooltest.PoolID, *tokens.AccessToken); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, answers, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := f.API("RespondToAuthChallenge", m{"ChallengeName": "PASSWORD_VERIFIER", "ClientId": pooltest.ClientID, "ChallengeResponses": answers})
	pooltest.Refused(t, a, "NotAuthorizedException", "Invalid session for the user.")
	if _, reason := f.Reason(); !strings.Contains(reason, "used already") {
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
		"a late answer":             func(map[string]string) { f.Advance(3 * time.Minute) },
		"a block that is no base64": func(in map[string]string) { in["PASSWORD_CLAIM_SECRET_BLOCK"] = "%" },
	} {
		_, _, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, change)
		t.Log(story)
		pooltest.NotAuthorized(t, err, pooltest.WrongPassword)
	}
	_, _, err = pooltest.SRP(f, "demouser", "wrongPASS1", nil, pooltest.ClientID, nil)
	pooltest.NotAuthorized(t, err, pooltest.WrongPassword)
	_, _, err = pooltest.SRP(f, "nobody", pooltest.Password, nil, pooltest.ClientID, nil)
	pooltest.NotAuthorized(t, err, pooltest.WrongPassword)
}

func TestSRPRefusesNumbersThatGiveTheKeyAway(t *testing.T) {
	f := pooltest.New(t)
	n, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
	for _, a := range []string{"", "0", "00", n.Text(16), strings.Repeat("f", 769), "-1", "xyz", "0x10", "1_0"} {
		got := f.API("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": "demouser", "SRP_A": a}})
		if got.Status != 400 || got.JSON(t)["__type"] != "InvalidParameterException" {
			t.Errorf("SRP_A %.20q: %d %s", a, got.Status, got.Body)
		}
	}
}

func TestSRPHidesWhoExists(t *testing.T) {
	f := pooltest.New(t)
	first := func(name string) map[string]any {
		a := f.API("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": name, "SRP_A": "abcdef"}})
		return a.JSON(t)["ChallengeParameters"].(map[string]any)
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
	f := pooltest.New(t)
	c := pooltest.Client()
	c.GenerateSecret = true
	const id = "2secret3456789abcdefghijkl"
	c = f.DeclareClient(id, c)
	if len(c.ClientSecret) != 52 {
		t.Fatalf("secret of %d characters", len(c.ClientSecret))
	}
	if again := f.DeclareClient(id, c); again.ClientSecret != c.ClientSecret {
		t.Error("declaring the client again changes its secret")
	}
	in := func(hash any) m {
		p := m{"USERNAME": "demouser", "PASSWORD": pooltest.Password}
		if hash != nil {
			p["SECRET_HASH"] = hash
		}
		return m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": id, "AuthParameters": p}
	}
	pooltest.Refused(t, f.API("InitiateAuth", in("AAAA")), "NotAuthorizedException", "Unable to verify secret hash for client "+id) // 55
	pooltest.Refused(t, f.API("InitiateAuth", in(nil)), "NotAuthorizedException", "Client "+id+" is configured with secret but SECRET_HASH was not received")
	if _, _, err := pooltest.SRP(f, "demouser", pooltest.Password, &c.ClientSecret, id, nil); err != nil {
		t.Error(err)
	}
	wrong := "not" + c.ClientSecret
	_, _, err := pooltest.SRP(f, "demouser", pooltest.Password, &wrong, id, nil)
	pooltest.NotAuthorized(t, err, "Unable to verify secret hash for client "+id)
}

func TestSignUpAndConfirm(t *testing.T) {
	f := pooltest.New(t)
	ctx := context.Background()
	up, err := f.SDK.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(pooltest.ClientID), Username: aws.String("alice"), Password: aws.String("alicePASS1"),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("alice@example.com")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if up.UserConfirmed || len(*up.UserSub) != 36 || *up.CodeDeliveryDetails.Destination != "a***@e***" {
		t.Errorf("%+v", up)
	}
	mail := f.LastMail()
	if mail.Destination != "alice@example.com" || mail.Kind != userpool.MailSignUp || len(mail.Code) != 6 || mail.Medium != "EMAIL" {
		t.Errorf("message to %s of kind %s with a code of %d digits", mail.Destination, mail.Kind, len(mail.Code))
	}
	for _, secret := range []string{"alicePASS1", "wrong"} { // 54: even with a wrong password
		pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("alice", secret)), "UserNotConfirmedException", "User is not confirmed.")
	}
	pooltest.Refused(t, f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "alice", "ConfirmationCode": "x"}), "CodeMismatchException", "Invalid verification code provided, please try again.")
	if _, err := f.SDK.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(pooltest.ClientID), Username: aws.String("alice"), ConfirmationCode: aws.String(mail.Code)}); err != nil {
		t.Fatal(err)
	}
	f.SignIn("alice", "alicePASS1")
	f.SignIn("alice@example.com", "alicePASS1") // verified by the code, and so an alias now
	pooltest.Refused(t, f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "alice", "ConfirmationCode": mail.Code}), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	pooltest.Refused(t, f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "nobody", "ConfirmationCode": "123456"}), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	// Another user cannot take a verified address.
	f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "mallory", "Password": "alicePASS1", "UserAttributes": []m{{"Name": "email", "Value": "alice@example.com"}}})
	pooltest.Refused(t, f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "mallory", "ConfirmationCode": f.LastMail().Code}), "AliasExistsException", "An account with the given email already exists.")
}

func TestSignUpRefusals(t *testing.T) {
	f := pooltest.New(t)
	up := func(name, secret string, attributes ...m) m {
		return m{"ClientId": pooltest.ClientID, "Username": name, "Password": secret, "UserAttributes": attributes}
	}
	const policy = "Password did not conform with policy: "
	for _, c := range []struct {
		in            m
		code, message string
	}{
		{up("demouser", pooltest.Password), "UsernameExistsException", "User already exists"},
		{up("bob", "Sh0rt"), "InvalidPasswordException", policy + "Password not long enough"},
		{up("bob", "nouppercase1"), "InvalidPasswordException", policy + "Password must have uppercase characters"},
		{up("bob", "NOLOWERCASE1"), "InvalidPasswordException", policy + "Password must have lowercase characters"},
		{up("bob", "NoNumbersHere"), "InvalidPasswordException", policy + "Password must have numeric characters"},
		{up("bob", pooltest.Password, m{"Name": "email", "Value": "not an address"}), "InvalidParameterException", "Invalid email address format."},
		{up("bob", pooltest.Password, m{"Name": "email_verified", "Value": "true"}), "NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{up("bob", pooltest.Password, m{"Name": "custom:none", "Value": "x"}), "InvalidParameterException", "Attributes did not conform to the schema: custom:none: Attribute does not exist in the schema."},
		{up("bob@example.com", pooltest.Password), "InvalidParameterException", "Username cannot be of email format, since user pool is configured for email alias."},
		{m{"ClientId": "none", "Username": "bob", "Password": pooltest.Password}, "ResourceNotFoundException", "User pool client none does not exist."},
	} {
		pooltest.Refused(t, f.API("SignUp", c.in), c.code, c.message)
	}
	p := pooltest.Pool()
	p.AdminCreateUserConfig = &userpool.AdminCreateUserConfig{AllowAdminCreateUserOnly: true}
	f.Declare(pooltest.PoolID, p)
	pooltest.Refused(t, f.API("SignUp", up("bob", pooltest.Password)), "NotAuthorizedException", "SignUp is not permitted for this user pool")
}

func TestCodesExpireAndAreLimited(t *testing.T) {
	f := pooltest.New(t)
	up := m{"ClientId": pooltest.ClientID, "Username": "alice", "Password": "alicePASS1", "UserAttributes": []m{{"Name": "email", "Value": "alice@example.com"}}}
	if a := f.API("SignUp", up); a.Status != 200 {
		t.Fatal(a.Body)
	}
	confirm := func(code string) pooltest.Answer {
		return f.API("ConfirmSignUp", m{"ClientId": pooltest.ClientID, "Username": "alice", "ConfirmationCode": code})
	}
	for range 5 {
		pooltest.Refused(t, confirm("nope"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	pooltest.Refused(t, confirm(f.LastMail().Code), "TooManyFailedAttemptsException", "Attempt limit exceeded, please try after some time.")
	first := f.LastMail().Code
	for range 4 {
		if a := f.API("ResendConfirmationCode", m{"ClientId": pooltest.ClientID, "Username": "alice"}); a.Status != 200 {
			t.Fatal(a.Body)
		}
	}
	pooltest.Refused(t, f.API("ResendConfirmationCode", m{"ClientId": pooltest.ClientID, "Username": "alice"}), "LimitExceededException", "Attempt limit exceeded, please try after some time.")
	pooltest.Refused(t, confirm(first), "CodeMismatchException", "Invalid verification code provided, please try again.")
	f.Advance(24 * time.Hour)
	pooltest.Refused(t, confirm(f.LastMail().Code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	if a := f.API("ResendConfirmationCode", m{"ClientId": pooltest.ClientID, "Username": "alice"}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	if a := confirm(f.LastMail().Code); a.Status != 200 {
		t.Error(a.Body)
	}
}

func TestForgottenPassword(t *testing.T) {
	f := pooltest.New(t)
	a := f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
	if a.Status != 200 || f.LastMail().Kind != userpool.MailForgotPassword {
		t.Fatal(a.Body)
	}
	code, sent := f.LastMail().Code, len(f.Mail)
	unknown, again := f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "nobody"}), f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "nobody"})
	if unknown.Status != 200 || unknown.Body != again.Body || len(f.Mail) != sent {
		t.Errorf("an unknown user: %s, then %s; %d messages", unknown.Body, again.Body, len(f.Mail)-sent)
	}
	reset := func(name, code, secret string) pooltest.Answer {
		return f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": name, "ConfirmationCode": code, "Password": secret})
	}
	pooltest.Refused(t, reset("nobody", "123456", "anotherPASS1"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	pooltest.Refused(t, reset("demouser", "nope", "anotherPASS1"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	pooltest.Refused(t, reset("demouser", code, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	if a := reset("demouser", code, "anotherPASS1"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	pooltest.Refused(t, reset("demouser", code, "anotherPASS2"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	f.SignIn("demouser", "anotherPASS1")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "NotAuthorizedException", pooltest.WrongPassword)
	f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
	f.Advance(time.Hour)
	pooltest.Refused(t, reset("demouser", f.LastMail().Code, "anotherPASS3"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func TestNewPasswordRequired(t *testing.T) {
	f := pooltest.New(t)
	d := f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", Attributes: map[string]string{"email": "fresh@example.com"}})
	if d.Status != "FORCE_CHANGE_PASSWORD" || d.Sub == "" {
		t.Errorf("%+v", d)
	}
	if mail := f.LastMail(); mail.Kind != userpool.MailInvitation || mail.Code != "temporaryPASS1" || mail.Destination != "fresh@example.com" {
		t.Errorf("invitation of kind %q to %q", mail.Kind, mail.Destination)
	}
	a := f.API("InitiateAuth", pooltest.PasswordFlow("fresh", "temporaryPASS1")).JSON(t)
	if a["ChallengeName"] != "NEW_PASSWORD_REQUIRED" || a["AuthenticationResult"] != nil {
		t.Fatalf("%v", a)
	}
	respond := func(session any, name, secret string) pooltest.Answer {
		return f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": session, "ChallengeResponses": m{"USERNAME": name, "NEW_PASSWORD": secret}})
	}
	pooltest.Refused(t, respond("none", "fresh", "chosenPASS1"), "NotAuthorizedException", "Invalid session for the user.")
	pooltest.Refused(t, respond(a["Session"], "demouser", "chosenPASS1"), "NotAuthorizedException", "Invalid session for the user.")
	pooltest.Refused(t, respond(a["Session"], "fresh", "weak"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	if got := respond(a["Session"], "fresh", "chosenPASS1"); got.Status != 200 || got.JSON(t)["AuthenticationResult"] == nil {
		t.Fatal(got.Body)
	}
	pooltest.Refused(t, respond(a["Session"], "fresh", "chosenPASS2"), "NotAuthorizedException", "Invalid session for the user.")
	f.SignIn("fresh", "chosenPASS1")

	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "late", TemporaryPassword: "temporaryPASS1"})
	f.Advance(7 * 24 * time.Hour)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("late", "temporaryPASS1")), "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
}

func TestGetUserAndSignOut(t *testing.T) {
	f := pooltest.New(t)
	tokens := f.SignIn("demouser", pooltest.Password)
	token := aws.String(tokens["AccessToken"].(string))
	ctx := context.Background()
	u, err := f.SDK.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: token})
	if err != nil {
		t.Fatal(err)
	}
	if *u.Username != "demouser" || *u.UserAttributes[0].Name != "sub" {
		t.Errorf("%+v", u)
	}
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["IdToken"]}), "NotAuthorizedException", "Invalid Access Token")
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": "x.y.z"}), "NotAuthorizedException", "Invalid Access Token")
	pooltest.Refused(t, f.API("GetUser", m{}), "InvalidParameterException", "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: Member must not be null")
	other := f.SignIn("demouser", pooltest.Password)
	if _, err := f.SDK.GlobalSignOut(ctx, &cognitoidentityprovider.GlobalSignOutInput{AccessToken: token}); err != nil {
		t.Fatal(err)
	}
	for _, set := range []m{tokens, other} { // 56 and 57
		pooltest.Refused(t, f.API("GetUser", m{"AccessToken": set["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
		pooltest.Refused(t, f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": set["RefreshToken"]}}), "NotAuthorizedException", "Refresh Token has been revoked")
		claims, err := f.Pools.VerifyToken(pooltest.PoolID, set["IdToken"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := f.Pools.SignedOut(pooltest.PoolID, claims); err != nil || !out {
			t.Errorf("SignedOut: %v %v", out, err)
		}
	}
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["IdToken"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := f.Pools.SignedOut(pooltest.PoolID, claims); err != nil || out {
		t.Errorf("a new sign-in: SignedOut %v %v", out, err)
	}
	token = aws.String(f.SignIn("demouser", pooltest.Password)["AccessToken"].(string))
	f.Advance(time.Hour)
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": *token}), "NotAuthorizedException", "Access Token has expired")
}

func TestGetUserWithoutScope(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(nil), nil)).JSON(t)
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": set["access_token"]}), "NotAuthorizedException", "Access Token does not have required scopes") // 56
}

func TestRefreshAndRevoke(t *testing.T) {
	f := pooltest.New(t)
	tokens := f.SignIn("demouser", pooltest.Password)
	refresh := func(token any) pooltest.Answer {
		return f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": token}})
	}
	before, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["IdToken"].(string))
	if err != nil {
		t.Fatal(err)
	}
	f.Advance(2 * time.Hour)
	got := refresh(tokens["RefreshToken"])
	if got.Status != 200 {
		t.Fatal(got.Body)
	}
	result := got.JSON(t)["AuthenticationResult"].(map[string]any)
	if result["RefreshToken"] != nil {
		t.Error("a refresh without rotation gives a new refresh token")
	}
	after, err := f.Pools.VerifyToken(pooltest.PoolID, result["IdToken"].(string))
	if err != nil || !after.AuthTime.Equal(before.AuthTime) || after.OriginJTI != before.OriginJTI || after.JTI == before.JTI {
		t.Errorf("%+v %v", after, err)
	}
	pooltest.Refused(t, refresh("nonsense"), "NotAuthorizedException", "Invalid Refresh Token")
	pooltest.Refused(t, f.API("RevokeToken", m{"ClientId": pooltest.ClientID, "Token": result["AccessToken"]}), "UnsupportedTokenTypeException", "Unsupported token type: only refresh tokens can be revoked")
	for range 2 {
		if a := f.API("RevokeToken", m{"ClientId": pooltest.ClientID, "Token": tokens["RefreshToken"]}); a.Status != 200 {
			t.Error(a.Body)
		}
	}
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has been revoked") // 57
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": result["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
	tokens = f.SignIn("demouser", pooltest.Password)
	f.Advance(30 * 24 * time.Hour)
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has expired")
}

func TestRefreshTokenRotation(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.ExplicitAuthFlows = []string{"ALLOW_USER_PASSWORD_AUTH"}
	c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED", RetryGracePeriodSeconds: 10}
	f.DeclareClient(pooltest.ClientID, c)
	rotate := func(token any) pooltest.Answer {
		return f.API("GetTokensFromRefreshToken", m{"ClientId": pooltest.ClientID, "RefreshToken": token})
	}
	first := f.SignIn("demouser", pooltest.Password)["RefreshToken"]
	a := rotate(first)
	if a.Status != 200 {
		t.Fatal(a.Body)
	}
	second := a.JSON(t)["AuthenticationResult"].(map[string]any)["RefreshToken"]
	if second == nil || second == first {
		t.Fatal("the refresh token was not rotated")
	}
	f.Advance(9 * time.Second)
	if a := rotate(first); a.Status != 200 {
		t.Errorf("within the grace period: %s", a.Body)
	}
	f.Advance(time.Second)
	pooltest.Refused(t, rotate(first), "RefreshTokenReuseException", "Refresh token has already been used.") // 57
	if a := rotate(second); a.Status != 200 {
		t.Error(a.Body)
	}
}

func TestChangePassword(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.PasswordPolicy.PasswordHistorySize = 2
	f.Declare(pooltest.PoolID, p)
	token := f.SignIn("demouser", pooltest.Password)["AccessToken"]
	change := func(old, new string) pooltest.Answer {
		return f.API("ChangePassword", m{"AccessToken": token, "PreviousPassword": old, "ProposedPassword": new})
	}
	pooltest.Refused(t, change("wrong", "secondPASS1"), "NotAuthorizedException", pooltest.WrongPassword)
	if a := change(pooltest.Password, "secondPASS1"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	if a := change("secondPASS1", pooltest.Password); a.JSON(t)["__type"] != "PasswordHistoryPolicyViolationException" {
		t.Error(a.Body)
	}
	f.SignIn("demouser", "secondPASS1")
	if _, _, err := pooltest.SRP(f, "demouser", "secondPASS1", nil, pooltest.ClientID, nil); err != nil {
		t.Error(err)
	}
	if a := f.API("DeleteUser", m{"AccessToken": token}); a.Status != 200 {
		t.Error(a.Body)
	}
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": token}), "UserNotFoundException", "User does not exist.")
}

func TestDisabledUser(t *testing.T) {
	f := pooltest.New(t)
	off := false
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "off", Password: pooltest.Password, Enabled: &off})
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("off", pooltest.Password)), "NotAuthorizedException", "User is disabled.")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("off", "wrong")), "NotAuthorizedException", pooltest.WrongPassword)
}

func TestBadBodiesAndOperations(t *testing.T) {
	f := pooltest.New(t)
	for _, body := range []string{"", "{", "[]", "null", "1", `{"AuthFlow":1}`, `{"AuthParameters":[]}`, `{}{}`, "\xff"} {
		a := f.API("InitiateAuth", body)
		if a.Status != 400 || a.JSON(t)["__type"] != "SerializationException" {
			t.Errorf("body %q: %d %s", body, a.Status, a.Body)
		}
	}
	for _, name := range []string{"AdminCreateNothing", "", "../GetUser", strings.Repeat("x", 5000)} {
		a := f.API(name, "{}")
		v := a.JSON(t)
		if a.Status != 400 || v["__type"] != "UnknownOperationException" || len(name) < 64 && !strings.Contains(v["message"].(string), name) || len(a.Body) > 500 {
			t.Errorf("operation %.30q: %d %s", name, a.Status, a.Body)
		}
	}
	if a := f.API("GetUser", "{}"); a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the API's answers are not for browsers")
	}
}
