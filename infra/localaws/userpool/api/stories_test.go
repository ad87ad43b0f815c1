package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/schema"
)

// Guessing at once is guessing one after the other: five guesses are looked at.
func TestLockOutHoldsAgainstManyAtOnce(t *testing.T) {
	f := pooltest.New(t)
	answers := make([]string, 24)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			secret := "wrongPASS1"
			if i == len(answers)-1 {
				secret = "wrongPASS2"
			}
			answers[i] = fmt.Sprint(f.API("InitiateAuth", pooltest.PasswordFlow("demouser", secret)).JSON(t)["message"])
		})
	}
	wg.Wait()
	looked := 0
	for _, message := range answers {
		switch message {
		case pooltest.WrongPassword:
			looked++
		case "Password attempts exceeded":
		default:
			t.Errorf("answered %q", message)
		}
	}
	if looked != 5 {
		t.Errorf("%d guesses were looked at, want 5", looked)
	}
}

func TestSecretBlocksHaveOneLength(t *testing.T) {
	f := pooltest.New(t)
	length := func(name string) int {
		a := f.API("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": name, "SRP_A": "abcdef"}})
		return len(a.JSON(t)["ChallengeParameters"].(map[string]any)["SECRET_BLOCK"].(string))
	}
	if known, unknown := length("demouser"), length("nobody00"); known != unknown {
		t.Errorf("a known user's block has %d characters, an unknown one's %d", known, unknown)
	}
}

func TestLifetimes(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.AccessTokenValidity, c.IDTokenValidity, c.RefreshTokenValidity = 10, 2, 3
	c.TokenValidityUnits = &userpool.TokenValidityUnits{AccessToken: "minutes", IDToken: "hours", RefreshToken: "days"}
	f.DeclareClient(pooltest.ClientID, c)
	tokens := f.SignIn("demouser", pooltest.Password)
	for name, want := range map[string]time.Duration{"AccessToken": 10 * time.Minute, "IdToken": 2 * time.Hour} {
		claims, err := f.Pools.VerifyToken(pooltest.PoolID, tokens[name].(string))
		if err != nil || claims.Expires.Sub(claims.IssuedAt) != want {
			t.Errorf("%s: %s %v", name, claims.Expires.Sub(claims.IssuedAt), err)
		}
	}
	if tokens["ExpiresIn"] != 600.0 {
		t.Errorf("ExpiresIn %v", tokens["ExpiresIn"])
	}
	f.Advance(72*time.Hour - time.Second)
	in := m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": tokens["RefreshToken"]}}
	if a := f.API("InitiateAuth", in); a.Status != 200 {
		t.Error(a.Body)
	}
	f.Advance(time.Second)
	pooltest.Refused(t, f.API("InitiateAuth", in), "NotAuthorizedException", "Refresh Token has expired")
}

func TestClientWithoutRevocation(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.EnableTokenRevocation = false
	f.DeclareClient(pooltest.ClientID, c)
	tokens := f.SignIn("demouser", pooltest.Password)
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["AccessToken"].(string))
	if err != nil || claims.OriginJTI != "" {
		t.Errorf("origin_jti %q, %v", claims.OriginJTI, err)
	}
	if a := f.API("RevokeToken", m{"ClientId": pooltest.ClientID, "Token": tokens["RefreshToken"]}); a.JSON(t)["__type"] != "UnsupportedOperationException" {
		t.Error(a.Body)
	}
	if a := f.API("GlobalSignOut", m{"AccessToken": tokens["AccessToken"]}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
}

func TestSchema(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.Schemas = []schema.Attribute{
		{Name: "name", AttributeDataType: "String", Required: true, Mutable: true},
		{Name: "team", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &schema.StringConstraints{MinLength: "2", MaxLength: "4"}},
	}
	f.Declare(pooltest.PoolID, p)
	up := func(attributes ...m) pooltest.Answer {
		return f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "Password": pooltest.Password, "UserAttributes": attributes})
	}
	const schema = "Attributes did not conform to the schema: "
	name := m{"Name": "name", "Value": "Sam"}
	pooltest.Refused(t, up(), "InvalidParameterException", schema+"name: The attribute is required")
	pooltest.Refused(t, up(name, m{"Name": "custom:team", "Value": "x"}), "InvalidParameterException", schema+"custom:team: String must be at least 2 characters long")
	pooltest.Refused(t, up(name, m{"Name": "custom:team", "Value": "xxxxx"}), "InvalidParameterException", schema+"custom:team: String must be no longer than 4 characters")
	pooltest.Refused(t, up(name, m{"Name": "team", "Value": "xx"}), "InvalidParameterException", schema+"team: Attribute does not exist in the schema.")
	if a := up(name, m{"Name": "custom:team", "Value": "blue"}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	// Somebody invited must give what is missing with the new password.
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1"})
	a := f.API("InitiateAuth", pooltest.PasswordFlow("fresh", "temporaryPASS1")).JSON(t)
	if got := a["ChallengeParameters"].(map[string]any)["requiredAttributes"]; got != `["userAttributes.name"]` {
		t.Errorf("requiredAttributes %v", got)
	}
	respond := func(extra m) pooltest.Answer {
		in := m{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1"}
		for k, v := range extra {
			in[k] = v
		}
		return f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": a["Session"], "ChallengeResponses": in})
	}
	pooltest.Refused(t, respond(nil), "InvalidParameterException", "Invalid attributes given, name is missing")
	pooltest.Refused(t, respond(m{"userAttributes.email_verified": "true"}), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	if got := respond(m{"userAttributes.name": "Fresh"}); got.Status != 200 {
		t.Error(got.Body)
	}
}

func TestRecovery(t *testing.T) {
	f := pooltest.New(t)
	forgot := m{"ClientId": pooltest.ClientID, "Username": "reach"}
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "reach", Password: pooltest.Password, Attributes: map[string]string{"email": "reach@example.com"}})
	pooltest.Refused(t, f.API("ForgotPassword", forgot), "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
	p := pooltest.Pool()
	p.AccountRecoverySetting = &userpool.AccountRecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}
	f.Declare(pooltest.PoolID, p)
	pooltest.Refused(t, f.API("ForgotPassword", forgot), "NotAuthorizedException", "Contact administrator to reset password.")
	p.AccountRecoverySetting.RecoveryMechanisms = []userpool.RecoveryMechanism{{Name: "verified_email", Priority: 2}, {Name: "verified_phone_number", Priority: 1}}
	f.Declare(pooltest.PoolID, p)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "phone", Password: pooltest.Password, Attributes: map[string]string{"phone_number": "+15551234567", "phone_number_verified": "true"}})
	a := f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "phone"})
	if v := a.JSON(t)["CodeDeliveryDetails"]; fmt.Sprint(v) != "map[AttributeName:phone_number DeliveryMedium:SMS Destination:+*******4567]" || f.LastMail().Medium != "SMS" {
		t.Errorf("%v", v)
	}
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "invited", Attributes: map[string]string{"email": "invited@example.com"}})
	invitation := f.LastMail()
	if a := f.API("InitiateAuth", pooltest.PasswordFlow("invited", invitation.Code)); a.JSON(t)["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("a generated password: %s", a.Body)
	}
	pooltest.Refused(t, f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "invited"}), "NotAuthorizedException", "User password cannot be reset in the current state.")
}

func TestOwnAttributes(t *testing.T) {
	for _, first := range []bool{false, true} {
		t.Run(fmt.Sprintf("verified before the update %v", first), func(t *testing.T) {
			f := pooltest.New(t)
			p := pooltest.Pool()
			if first {
				p.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettings{AttributesRequireVerificationBeforeUpdates: []string{"email"}}
			}
			p.Schemas = []schema.Attribute{{Name: "birthdate", AttributeDataType: "String"}}
			f.Declare(pooltest.PoolID, p)
			token := f.SignIn("demouser", pooltest.Password)["AccessToken"]
			update := func(name, value string) pooltest.Answer {
				return f.API("UpdateUserAttributes", m{"AccessToken": token, "UserAttributes": []m{{"Name": name, "Value": value}}})
			}
			signsInBy := func(name string) bool {
				return f.API("InitiateAuth", pooltest.PasswordFlow(name, pooltest.Password)).Status == 200
			}
			pooltest.Refused(t, update("email_verified", "true"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
			pooltest.Refused(t, update("email", "nonsense"), "InvalidParameterException", "Invalid email address format.")
			pooltest.Refused(t, update("birthdate", "2000-01-01"), "InvalidParameterException", "Attributes did not conform to the schema: birthdate: Attribute cannot be updated.")
			if a := update("name", "D"); a.Status != 200 || a.Body != `{"CodeDeliveryDetailsList":[]}` {
				t.Error(a.Body)
			}
			if a := update("email", "new@example.com"); a.Status != 200 || !strings.Contains(a.Body, "n***@e***") {
				t.Fatal(a.Body)
			}
			if signsInBy("new@example.com") || signsInBy("demo@example.com") != first {
				t.Error("an address that is not verified yet is an alias, or the old one is in the wrong state")
			}
			verify := func(code string) pooltest.Answer {
				return f.API("VerifyUserAttribute", m{"AccessToken": token, "AttributeName": "email", "Code": code})
			}
			stale := f.LastMail()
			if stale.Destination != "new@example.com" || stale.Kind != userpool.MailVerifyAttribute {
				t.Errorf("a message of kind %s to %s", stale.Kind, stale.Destination)
			}
			if a := f.API("GetUserAttributeVerificationCode", m{"AccessToken": token, "AttributeName": "email"}); a.Status != 200 || f.LastMail().Destination != "new@example.com" {
				t.Error(a.Body)
			}
			pooltest.Refused(t, verify(stale.Code), "CodeMismatchException", "Invalid verification code provided, please try again.")
			if a := verify(f.LastMail().Code); a.Status != 200 {
				t.Fatal(a.Body)
			}
			if !signsInBy("new@example.com") || signsInBy("demo@example.com") {
				t.Error("the verified address is no alias, or the old one still is")
			}
			pooltest.Refused(t, verify(f.LastMail().Code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
		})
	}
}

func FuzzAPI(f *testing.F) {
	x := pooltest.New(f)
	for _, seed := range []struct{ operation, body string }{
		{"InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"` + pooltest.ClientID + `","AuthParameters":{"USERNAME":"demouser","PASSWORD":"x"}}`},
		{"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"` + pooltest.ClientID + `","AuthParameters":{"USERNAME":"demouser","SRP_A":"ff"}}`},
		{"RespondToAuthChallenge", `{"ChallengeName":"PASSWORD_VERIFIER","ClientId":"` + pooltest.ClientID + `","ChallengeResponses":{"USERNAME":"a","PASSWORD_CLAIM_SECRET_BLOCK":"YWJj","PASSWORD_CLAIM_SIGNATURE":"YWJj","TIMESTAMP":"t"}}`},
		{"SignUp", `{"ClientId":"` + pooltest.ClientID + `","Username":"ä/é","Password":"aaaaAAAA1","UserAttributes":[{"Name":"email","Value":"a@b"}]}`},
		{"GetUser", `{"AccessToken":"a.b.c"}`}, {"RevokeToken", `{}`}, {"ConfirmSignUp", `[`},
	} {
		f.Add(seed.operation, seed.body)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		x.T = t
		if strings.ContainsFunc(operation, func(r rune) bool { return r < ' ' || r > '~' }) {
			return // cannot stand in a header
		}
		if a := x.API(operation, body); a.Status >= 500 {
			t.Errorf("%s %q: %d %s", operation, body, a.Status, a.Body)
		}
	})
}
