package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

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

func answer(f *pooltest.Fixture, secret string, in m) {
	in["ChallengeResponses"].(m)["SOFTWARE_TOKEN_MFA_CODE"] = f.TOTP(secret, 0)
}

func flip(s string) string {
	b := []byte(s)
	if b[len(b)/2]++; b[len(b)/2] == 'z'+1 {
		b[len(b)/2] = 'a'
	}
	return string(b)
}

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
