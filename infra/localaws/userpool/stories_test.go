package userpool_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// Guessing at once is guessing one after the other: five guesses are looked at.
func TestLockOutHoldsAgainstManyAtOnce(t *testing.T) {
	f := newFixture(t)
	answers := make([]string, 24)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			secret := "wrongPASS1"
			if i == len(answers)-1 {
				secret = "wrongPASS2"
			}
			answers[i] = fmt.Sprint(f.api("InitiateAuth", passwordFlow("demouser", secret)).json(t)["message"])
		})
	}
	wg.Wait()
	looked := 0
	for _, message := range answers {
		switch message {
		case wrongPassword:
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

// A code, however often it is sent at once, is changed for tokens once.
func TestCodeIsChangedOnceHoweverManyTry(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	code := b.code(nil)
	statuses := make([]int, 12)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() { statuses[i] = b.post("/oauth2/token", tokenForm(code, nil)).status })
	}
	wg.Wait()
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 400 {
		t.Errorf("%v", statuses)
	}
}

func TestSecretBlocksHaveOneLength(t *testing.T) {
	f := newFixture(t)
	length := func(name string) int {
		a := f.api("InitiateAuth", m{"AuthFlow": "USER_SRP_AUTH", "ClientId": clientID, "AuthParameters": m{"USERNAME": name, "SRP_A": "abcdef"}})
		return len(a.json(t)["ChallengeParameters"].(map[string]any)["SECRET_BLOCK"].(string))
	}
	if known, unknown := length("demouser"), length("nobody00"); known != unknown {
		t.Errorf("a known user's block has %d characters, an unknown one's %d", known, unknown)
	}
}

func TestScopesDecideWhatIsShown(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.AllowedOAuthScopes = []string{"openid", "email", "profile", "phone", "aws.cognito.signin.user.admin"}
	f.declareClient(clientID, c)
	b := f.browser()
	for scope, want := range map[string][]string{
		"openid":         {"email", "email_verified", "given_name", "preferred_username"},
		"openid email":   {"email", "email_verified"},
		"openid profile": {"given_name", "preferred_username"},
		"openid phone":   {},
	} {
		set := b.post("/oauth2/token", tokenForm(b.code(m{"scope": scope, "prompt": "login"}), nil)).json(t)
		claims, err := f.service.VerifyToken(poolID, set["id_token"].(string))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, name := range []string{"email", "email_verified", "given_name", "preferred_username"} {
			if claims.All[name] != nil {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("scope %q shows %v, want %v", scope, got, want)
		}
	}
	set := b.post("/oauth2/token", tokenForm(b.code(m{"scope": "aws.cognito.signin.user.admin", "prompt": "login"}), nil)).json(t)
	if set["id_token"] != nil || set["access_token"] == nil {
		t.Errorf("without openid: %v", set)
	}
	if a := f.api("GetUser", m{"AccessToken": set["access_token"]}); a.status != 200 {
		t.Error(a.body)
	}
	c.ReadAttributes = []string{"email"}
	f.declareClient(clientID, c)
	claims, err := f.service.VerifyToken(poolID, f.signIn("demouser", password)["IdToken"].(string))
	if err != nil || claims.All["email"] == nil || claims.All["given_name"] != nil {
		t.Errorf("readAttributes: %v %v", claims.All, err)
	}
}

func TestLifetimes(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.AccessTokenValidity, c.IDTokenValidity, c.RefreshTokenValidity = 10, 2, 3
	c.TokenValidityUnits = &userpool.TokenValidityUnits{AccessToken: "minutes", IDToken: "hours", RefreshToken: "days"}
	f.declareClient(clientID, c)
	tokens := f.signIn("demouser", password)
	for name, want := range map[string]time.Duration{"AccessToken": 10 * time.Minute, "IdToken": 2 * time.Hour} {
		claims, err := f.service.VerifyToken(poolID, tokens[name].(string))
		if err != nil || claims.Expires.Sub(claims.IssuedAt) != want {
			t.Errorf("%s: %s %v", name, claims.Expires.Sub(claims.IssuedAt), err)
		}
	}
	if tokens["ExpiresIn"] != 600.0 {
		t.Errorf("ExpiresIn %v", tokens["ExpiresIn"])
	}
	f.advance(72*time.Hour - time.Second)
	in := m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": clientID, "AuthParameters": m{"REFRESH_TOKEN": tokens["RefreshToken"]}}
	if a := f.api("InitiateAuth", in); a.status != 200 {
		t.Error(a.body)
	}
	f.advance(time.Second)
	refused(t, f.api("InitiateAuth", in), "NotAuthorizedException", "Refresh Token has expired")
}

func TestClientWithoutRevocation(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.EnableTokenRevocation = false
	f.declareClient(clientID, c)
	tokens := f.signIn("demouser", password)
	claims, err := f.service.VerifyToken(poolID, tokens["AccessToken"].(string))
	if err != nil || claims.OriginJTI != "" {
		t.Errorf("origin_jti %q, %v", claims.OriginJTI, err)
	}
	if a := f.api("RevokeToken", m{"ClientId": clientID, "Token": tokens["RefreshToken"]}); a.json(t)["__type"] != "UnsupportedOperationException" {
		t.Error(a.body)
	}
	if a := f.api("GlobalSignOut", m{"AccessToken": tokens["AccessToken"]}); a.status != 200 {
		t.Fatal(a.body)
	}
	refused(t, f.api("GetUser", m{"AccessToken": tokens["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
}

func TestSchema(t *testing.T) {
	f := newFixture(t)
	p := aPool()
	p.Schemas = []userpool.Schema{
		{Name: "name", AttributeDataType: "String", Required: true, Mutable: true},
		{Name: "team", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &userpool.StringAttributeConstraints{MinLength: "2", MaxLength: "4"}},
	}
	f.declare(poolID, p)
	up := func(attributes ...m) answer {
		return f.api("SignUp", m{"ClientId": clientID, "Username": "sam", "Password": password, "UserAttributes": attributes})
	}
	const schema = "Attributes did not conform to the schema: "
	name := m{"Name": "name", "Value": "Sam"}
	refused(t, up(), "InvalidParameterException", schema+"name: The attribute is required")
	refused(t, up(name, m{"Name": "custom:team", "Value": "x"}), "InvalidParameterException", schema+"custom:team: String must be at least 2 characters long")
	refused(t, up(name, m{"Name": "custom:team", "Value": "xxxxx"}), "InvalidParameterException", schema+"custom:team: String must be no longer than 4 characters")
	refused(t, up(name, m{"Name": "team", "Value": "xx"}), "InvalidParameterException", schema+"team: Attribute does not exist in the schema.")
	if a := up(name, m{"Name": "custom:team", "Value": "blue"}); a.status != 200 {
		t.Fatal(a.body)
	}
	// Somebody invited must give what is missing with the new password.
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "fresh", TemporaryPassword: "temporaryPASS1"})
	a := f.api("InitiateAuth", passwordFlow("fresh", "temporaryPASS1")).json(t)
	if got := a["ChallengeParameters"].(map[string]any)["requiredAttributes"]; got != `["userAttributes.name"]` {
		t.Errorf("requiredAttributes %v", got)
	}
	respond := func(extra m) answer {
		in := m{"USERNAME": "fresh", "NEW_PASSWORD": "chosenPASS1"}
		for k, v := range extra {
			in[k] = v
		}
		return f.api("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": clientID, "Session": a["Session"], "ChallengeResponses": in})
	}
	refused(t, respond(nil), "InvalidParameterException", "Invalid attributes given, name is missing")
	refused(t, respond(m{"userAttributes.email_verified": "true"}), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	if got := respond(m{"userAttributes.name": "Fresh"}); got.status != 200 {
		t.Error(got.body)
	}
}

func TestRecovery(t *testing.T) {
	f := newFixture(t)
	forgot := m{"ClientId": clientID, "Username": "reach"}
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "reach", Password: password, Attributes: map[string]string{"email": "reach@example.com"}})
	refused(t, f.api("ForgotPassword", forgot), "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
	p := aPool()
	p.AccountRecoverySetting = &userpool.AccountRecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}
	f.declare(poolID, p)
	refused(t, f.api("ForgotPassword", forgot), "NotAuthorizedException", "Contact administrator to reset password.")
	p.AccountRecoverySetting.RecoveryMechanisms = []userpool.RecoveryMechanism{{Name: "verified_email", Priority: 2}, {Name: "verified_phone_number", Priority: 1}}
	f.declare(poolID, p)
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "phone", Password: password, Attributes: map[string]string{"phone_number": "+15551234567", "phone_number_verified": "true"}})
	a := f.api("ForgotPassword", m{"ClientId": clientID, "Username": "phone"})
	if v := a.json(t)["CodeDeliveryDetails"]; fmt.Sprint(v) != "map[AttributeName:phone_number DeliveryMedium:SMS Destination:+*******4567]" || f.lastMail().Medium != "SMS" {
		t.Errorf("%v", v)
	}
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "invited", Attributes: map[string]string{"email": "invited@example.com"}})
	invitation := f.lastMail()
	if a := f.api("InitiateAuth", passwordFlow("invited", invitation.Code)); a.json(t)["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("a generated password: %s", a.body)
	}
	refused(t, f.api("ForgotPassword", m{"ClientId": clientID, "Username": "invited"}), "NotAuthorizedException", "User password cannot be reset in the current state.")
}

func TestRotationOnTheTokenEndpoint(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH"}
	c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED"}
	f.declareClient(clientID, c)
	b := f.browser()
	set := b.post("/oauth2/token", tokenForm(b.code(nil), nil)).json(t)
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {set["refresh_token"].(string)}}
	next := b.post("/oauth2/token", refresh)
	if next.status != 200 || next.json(t)["refresh_token"] == nil || next.json(t)["refresh_token"] == set["refresh_token"] {
		t.Errorf("%d %s", next.status, next.body)
	}
	if a := b.post("/oauth2/token", refresh); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.status, a.body)
	}
	refused(t, f.api("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": clientID, "AuthParameters": m{"REFRESH_TOKEN": "x"}}),
		"InvalidParameterException", "Refresh token rotation is enabled for this client; use GetTokensFromRefreshToken")
}

func TestWhatExpiredIsSwept(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for range 3 {
		b.post("/oauth2/token", tokenForm(b.code(m{"prompt": "login"}), nil))
		f.api("InitiateAuth", passwordFlow("nobody", "x"))
	}
	f.advance(31 * 24 * time.Hour)
	f.signIn("demouser", password)
	if err := f.store.View(func(tx *store.Tx) error {
		for table, want := range map[string]int{"families": 1, "refreshTokens": 1, "sessions": 0, "codes": 0, "attempts": 0} {
			items, err := store.Table[json.RawMessage]{Name: "userpool." + table}.List(tx, "")
			if err != nil {
				return err
			}
			if len(items) != want {
				t.Errorf("%s: %d, want %d", table, len(items), want)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// The record tells a developer everything but secrets.
func TestTheRecordHoldsNoSecret(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	code := b.code(nil)
	set := b.post("/oauth2/token", tokenForm(code, nil)).json(t)
	b.post("/oauth2/token", tokenForm(code, nil))
	tokens := f.signIn("demouser", password)
	f.api("InitiateAuth", passwordFlow("demouser", "wrongSECRET1"))
	f.api("ForgotPassword", m{"ClientId": clientID, "Username": "demouser"})
	f.api("ConfirmForgotPassword", m{"ClientId": clientID, "Username": "demouser", "ConfirmationCode": f.lastMail().Code, "Password": "weakSECRET"})
	f.api("GetUser", m{"AccessToken": tokens["AccessToken"]})
	f.api("GetUser", m{"AccessToken": tokens["IdToken"]})
	userInfo(b, set["id_token"].(string))
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, record := range f.records {
		logger.LogAttrs(t.Context(), slog.LevelInfo, "request", record.Attrs()...)
	}
	for i, secret := range []string{code, password, "wrongSECRET1", "weakSECRET", f.lastMail().Code, set["refresh_token"].(string), set["access_token"].(string), set["id_token"].(string), tokens["AccessToken"].(string), verifier} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("secret %d is in the log", i)
		}
	}
	for _, want := range []string{`service="cognito-idp InitiateAuth" caller=demouser decision=allow reason="signed in"`, `reason="NotAuthorizedException: wrong password"`,
		`reason="invalid_grant: the code was used already; the tokens that it gave are revoked"`, `reason="invalid_token: the token is not an access token with the scope openid"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

func TestOwnAttributes(t *testing.T) {
	for _, first := range []bool{false, true} {
		t.Run(fmt.Sprintf("verified before the update %v", first), func(t *testing.T) {
			f := newFixture(t)
			p := aPool()
			if first {
				p.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettings{AttributesRequireVerificationBeforeUpdates: []string{"email"}}
			}
			p.Schemas = []userpool.Schema{{Name: "birthdate", AttributeDataType: "String"}}
			f.declare(poolID, p)
			token := f.signIn("demouser", password)["AccessToken"]
			update := func(name, value string) answer {
				return f.api("UpdateUserAttributes", m{"AccessToken": token, "UserAttributes": []m{{"Name": name, "Value": value}}})
			}
			signsInBy := func(name string) bool { return f.api("InitiateAuth", passwordFlow(name, password)).status == 200 }
			refused(t, update("email_verified", "true"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
			refused(t, update("email", "nonsense"), "InvalidParameterException", "Invalid email address format.")
			refused(t, update("birthdate", "2000-01-01"), "InvalidParameterException", "Attributes did not conform to the schema: birthdate: Attribute cannot be updated.")
			if a := update("name", "D"); a.status != 200 || a.body != `{"CodeDeliveryDetailsList":[]}` {
				t.Error(a.body)
			}
			if a := update("email", "new@example.com"); a.status != 200 || !strings.Contains(a.body, "n***@e***") {
				t.Fatal(a.body)
			}
			if signsInBy("new@example.com") || signsInBy("demo@example.com") != first {
				t.Error("an address that is not verified yet is an alias, or the old one is in the wrong state")
			}
			verify := func(code string) answer {
				return f.api("VerifyUserAttribute", m{"AccessToken": token, "AttributeName": "email", "Code": code})
			}
			stale := f.lastMail()
			if stale.Destination != "new@example.com" || stale.Kind != userpool.MailVerifyAttribute {
				t.Errorf("a message of kind %s to %s", stale.Kind, stale.Destination)
			}
			if a := f.api("GetUserAttributeVerificationCode", m{"AccessToken": token, "AttributeName": "email"}); a.status != 200 || f.lastMail().Destination != "new@example.com" {
				t.Error(a.body)
			}
			refused(t, verify(stale.Code), "CodeMismatchException", "Invalid verification code provided, please try again.")
			if a := verify(f.lastMail().Code); a.status != 200 {
				t.Fatal(a.body)
			}
			if !signsInBy("new@example.com") || signsInBy("demo@example.com") {
				t.Error("the verified address is no alias, or the old one still is")
			}
			refused(t, verify(f.lastMail().Code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
		})
	}
}

// What was begun before a password changed, or before a sign-out everywhere, does not
// end in a sign-in.
func TestNothingOutlivesAPasswordOrASignOut(t *testing.T) {
	f := newFixture(t)
	change := func(from, to string) {
		t.Helper()
		f.advance(time.Second)
		token := f.signIn("demouser", from)["AccessToken"]
		if a := f.api("ChangePassword", m{"AccessToken": token, "PreviousPassword": from, "ProposedPassword": to}); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	_, _, err := srp(f, "demouser", password, nil, clientID, func(map[string]string) { change(password, "secondPASS1") })
	notAuthorized(t, err, wrongPassword)
	change("secondPASS1", password)

	b := f.browser()
	b.code(nil)
	change(password, "secondPASS1")
	if got := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})).location(t).Query().Get("error"); got != "login_required" {
		t.Errorf("a session from before the password changed: %q", got)
	}
	change("secondPASS1", password)

	code := f.browser().code(nil)
	f.advance(time.Second)
	if a := f.api("GlobalSignOut", m{"AccessToken": f.signIn("demouser", password)["AccessToken"]}); a.status != 200 {
		t.Fatal(a.body)
	}
	if a := b.post("/oauth2/token", tokenForm(code, nil)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Errorf("a code from before the sign-out: %d %s", a.status, a.body)
	}
}
