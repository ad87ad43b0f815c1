package userpool_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

func TestWhatExpiredIsSwept(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	for range 3 {
		b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"prompt": "login"}), nil))
		f.API("InitiateAuth", pooltest.PasswordFlow("nobody", "x"))
	}
	f.Advance(31 * 24 * time.Hour)
	f.SignIn("demouser", pooltest.Password)
	if err := f.Store.View(func(tx *store.Tx) error {
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
	f := pooltest.New(t)
	b := f.Browser()
	code := b.Code(nil)
	set := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)).JSON(t)
	b.Post("/oauth2/token", pooltest.TokenForm(code, nil))
	tokens := f.SignIn("demouser", pooltest.Password)
	f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "wrongSECRET1"))
	f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
	f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser", "ConfirmationCode": f.LastMail().Code, "Password": "weakSECRET"})
	f.API("GetUser", m{"AccessToken": tokens["AccessToken"]})
	f.API("GetUser", m{"AccessToken": tokens["IdToken"]})
	pooltest.UserInfo(b, set["id_token"].(string))
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, record := range f.Records {
		logger.LogAttrs(t.Context(), slog.LevelInfo, "request", record.Attrs()...)
	}
	for i, secret := range []string{code, pooltest.Password, "wrongSECRET1", "weakSECRET", f.LastMail().Code, set["refresh_token"].(string), set["access_token"].(string), set["id_token"].(string), tokens["AccessToken"].(string), pooltest.Verifier} {
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

// What was begun before a password changed, or before a sign-out everywhere, does not
// end in a sign-in.
func TestNothingOutlivesAPasswordOrASignOut(t *testing.T) {
	f := pooltest.New(t)
	change := func(from, to string) {
		t.Helper()
		f.Advance(time.Second)
		token := f.SignIn("demouser", from)["AccessToken"]
		if a := f.API("ChangePassword", m{"AccessToken": token, "PreviousPassword": from, "ProposedPassword": to}); a.Status != 200 {
			t.Fatal(a.Body)
		}
	}
	_, _, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, func(map[string]string) { change(pooltest.Password, "secondPASS1") })
	pooltest.NotAuthorized(t, err, pooltest.WrongPassword)
	change("secondPASS1", pooltest.Password)

	b := f.Browser()
	b.Code(nil)
	change(pooltest.Password, "secondPASS1")
	if got := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t).Query().Get("error"); got != "login_required" {
		t.Errorf("a session from before the password changed: %q", got)
	}
	change("secondPASS1", pooltest.Password)

	code := f.Browser().Code(nil)
	f.Advance(time.Second)
	if a := f.API("GlobalSignOut", m{"AccessToken": f.SignIn("demouser", pooltest.Password)["AccessToken"]}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("a code from before the sign-out: %d %s", a.Status, a.Body)
	}
}
