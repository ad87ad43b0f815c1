package hosted_test

import (
	"encoding/base32"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

func mfaPool(t testing.TB, mode string) *pooltest.Fixture {
	t.Helper()
	f := pooltest.New(t)
	f.Declare(pooltest.PoolID, pooltest.MFAPool(mode))
	return f
}

// signedIn says whether the browser has a session.
func signedIn(b *pooltest.Browser) bool {
	for _, c := range b.Client.Jar.Cookies(pooltest.MustURL(b.T, b.Absolute("/login"))) {
		if c.Name == "cognito" {
			return true
		}
	}
	return false
}

// signIn fills in the sign-in page and returns what comes of it.
func signIn(b *pooltest.Browser, name, password string) pooltest.Answer {
	b.T.Helper()
	return b.Submit(b.Get("/login?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": name, "password": password})
}

// isPage checks that a page of the second factor is shown, and that the browser got
// nothing with it.
func isPage(b *pooltest.Browser, a pooltest.Answer, status int, path string) {
	b.T.Helper()
	form := pooltest.ReadForm(b.T, a.Body)
	if a.Status != status || !strings.HasPrefix(form.Action, "/auth/"+pooltest.Domain+path+"?") || a.Header.Get("Location") != "" || signedIn(b) {
		b.T.Fatalf("want the page %s with %d, got %d to %s (%q):\n%s", path, status, a.Status, form.Action, a.Header.Get("Location"), a.Body)
	}
	if !strings.Contains(a.Body, `inputmode="numeric" autocomplete="one-time-code"`) {
		b.T.Errorf("the page lacks what a phone needs:\n%s", a.Body)
	}
}

var shownKey = regexp.MustCompile(`<span>([A-Z2-7]{4})</span>`)

// readKey is the secret that the set-up page shows, in groups of four.
func readKey(t testing.TB, a pooltest.Answer) string {
	t.Helper()
	var key strings.Builder
	for _, group := range shownKey.FindAllStringSubmatch(a.Body, -1) {
		key.WriteString(group[1])
	}
	if decoded, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key.String()); err != nil || len(decoded) != 32 {
		t.Fatalf("the page shows no key of 32 bytes:\n%s", a.Body)
	}
	return key.String()
}

func codeOf(t testing.TB, a pooltest.Answer) string {
	t.Helper()
	code := a.Location(t).Query().Get("code")
	if code == "" {
		t.Fatalf("no code: %s", a.Location(t))
	}
	return code
}

func TestHostedSecondFactor(t *testing.T) {
	f := mfaPool(t, "ON")
	b := f.Browser()
	setup := signIn(b, "demouser", pooltest.Password)
	isPage(b, setup, 200, "/mfaSetup")
	secret := readKey(t, setup)
	if !strings.Contains(setup.Body, "<svg ") || strings.Contains(setup.Header.Get("Content-Security-Policy"), "data:") || setup.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the picture, or what may be kept of it: %v", setup.Header)
	}
	link := regexp.MustCompile(`href="(otpauth://[^"]*)"`).FindStringSubmatch(setup.Body)
	if link == nil {
		t.Fatalf("no link to the app:\n%s", setup.Body)
	}
	app := pooltest.MustURL(t, html.UnescapeString(link[1]))
	if app.Host != "totp" || app.Path != "/"+pooltest.Domain+":demouser" || app.Query().Get("secret") != secret || app.Query().Get("issuer") != pooltest.Domain {
		t.Error("the link to the app names another secret, issuer or user")
	}
	wrong := b.Submit(setup, map[string]string{"code": f.WrongTOTP(secret)})
	isPage(b, wrong, 400, "/mfaSetup")
	if readKey(t, wrong) != secret || !strings.Contains(wrong.Body, "That code is not right.") || !strings.Contains(wrong.Body, `aria-invalid="true"`) {
		t.Errorf("after a wrong code:\n%s", wrong.Body)
	}
	code := f.TOTP(secret, 0)
	done := b.Submit(wrong, map[string]string{"code": code[:3] + " " + code[3:]}) // as apps show it
	set := b.Post("/oauth2/token", pooltest.TokenForm(codeOf(t, done), nil)).JSON(t)
	if set["access_token"] == nil || !signedIn(b) {
		t.Errorf("%v", set)
	}
	codeOf(t, b.Get("/oauth2/authorize?"+pooltest.AuthorizeQuery(nil))) // the session is good
	// The next browser is asked for a code, and for one that was not used.
	b = f.Browser()
	ask := signIn(b, "demo@example.com", pooltest.Password)
	isPage(b, ask, 200, "/mfa")
	if strings.Contains(ask.Body, secret) || strings.Contains(ask.Body, "<svg") {
		t.Error("the page of the code shows the secret")
	}
	used := b.Submit(ask, map[string]string{"code": code})
	isPage(b, used, 400, "/mfa")
	if !strings.Contains(used.Body, "That code was used already.") || !strings.Contains(used.Body, `role="alert"`) || strings.Contains(used.Body, code) {
		t.Errorf("after a used code:\n%s", used.Body)
	}
	if late := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t); late.Query().Get("error") != "login_required" {
		t.Errorf("between password and code the browser gets %s", late)
	}
	f.Advance(pooltest.Step)
	codeOf(t, b.Submit(used, map[string]string{"code": f.TOTP(secret, 0)}))
	if !signedIn(b) {
		t.Error("the browser has no session")
	}
	again := b.Submit(used, map[string]string{"code": f.TOTP(secret, pooltest.Step)})
	if again.Status != 400 || !strings.Contains(again.Body, "That took too long. Sign in again.") {
		t.Errorf("a session that was used: %d %s", again.Status, again.Body)
	}
}

func TestHostedSecondFactorIsRefused(t *testing.T) {
	f := mfaPool(t, "ON")
	secret, _ := f.Enrol("demouser", pooltest.Password)
	b := f.Browser()
	ask := signIn(b, "demouser", pooltest.Password)
	for _, path := range []string{"/mfa", "/mfaSetup"} {
		if a := b.Get(path + "?" + pooltest.AuthorizeQuery(nil)); a.Status != 405 {
			t.Errorf("GET %s: %d", path, a.Status)
		}
		form := pooltest.ReadForm(t, ask.Body).Values
		form.Set("code", f.TOTP(secret, pooltest.Step))
		form.Set("_csrf", "x")
		if a := b.Post(path+"?"+pooltest.AuthorizeQuery(nil), form); a.Status != 403 {
			t.Errorf("%s without the form's token: %d", path, a.Status)
		}
		form = pooltest.ReadForm(t, ask.Body).Values
		form.Set("code", f.TOTP(secret, pooltest.Step))
		if a := b.Post(path+"?"+pooltest.AuthorizeQuery(m{"redirect_uri": "https://evil.example/"}), form); a.Location(t).Path != "/auth/"+pooltest.Domain+"/error" {
			t.Errorf("%s to another callback: %s", path, a.Location(t))
		}
		form.Set("session", "nonsense")
		if a := b.Post(path+"?"+pooltest.AuthorizeQuery(nil), form); a.Status != 400 || !strings.Contains(a.Body, "That took too long. Sign in again.") {
			t.Errorf("%s with another session: %d %s", path, a.Status, a.Body)
		}
	}
	const other = "2other23456789abcdefghijkl"
	f.DeclareClient(other, pooltest.Client())
	form := pooltest.ReadForm(t, ask.Body).Values
	form.Set("code", f.TOTP(secret, pooltest.Step))
	if a := b.Post("/mfa?"+pooltest.AuthorizeQuery(m{"client_id": other}), form); a.Status != 400 || signedIn(b) {
		t.Errorf("for another client: %d", a.Status)
	}
	for range 5 {
		isPage(b, b.Submit(ask, map[string]string{"code": f.WrongTOTP(secret)}), 400, "/mfa")
	}
	locked := b.Submit(ask, map[string]string{"code": f.TOTP(secret, pooltest.Step)})
	isPage(b, locked, 400, "/mfa")
	if !strings.Contains(locked.Body, "Too many attempts.") {
		t.Error(locked.Body)
	}
	f.Advance(3 * time.Minute)
	late := b.Submit(ask, map[string]string{"code": f.TOTP(secret, 0)})
	if late.Status != 400 || !strings.Contains(late.Body, "That took too long. Sign in again.") || signedIn(b) {
		t.Errorf("too late: %d %s", late.Status, late.Body)
	}
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "slow", Password: pooltest.Password})
	setup := signIn(b, "slow", pooltest.Password)
	f.Advance(3 * time.Minute)
	if late := b.Submit(setup, map[string]string{"code": f.TOTP(readKey(t, setup), 0)}); late.Status != 400 || !strings.Contains(late.Body, "That took too long. Sign in again.") {
		t.Errorf("set up too late: %d %s", late.Status, late.Body)
	}
}

// What was given before the second factor was asked for is worth nothing after.
func TestSessionsFromBeforeTheSecondFactor(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	b.Code(nil)
	unchanged := codeOf(t, b.Get("/oauth2/authorize?"+pooltest.AuthorizeQuery(nil)))
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t); to.Path != "/auth/"+pooltest.Domain+"/login" {
		t.Errorf("the session leads to %s", to)
	}
	if a := b.Post("/oauth2/token", pooltest.TokenForm(unchanged, nil)); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("the code gives %d %s", a.Status, a.Body)
	}
}

// given is what a sign-in came to: TOKENS, CODE, or the challenge that it waits for.
func given(t testing.TB, a pooltest.Answer) string {
	t.Helper()
	switch {
	case a.Status == 302:
		codeOf(t, a)
		return "CODE"
	case strings.Contains(a.Header.Get("Content-Type"), "text/html"):
		switch action := pooltest.ReadForm(t, a.Body).Action; {
		case strings.Contains(action, "/mfa?"):
			return userpool.ChallengeSoftwareToken
		case strings.Contains(action, "/mfaSetup?"):
			return userpool.ChallengeMFASetup
		}
		t.Fatalf("%d %s", a.Status, a.Body)
	case a.Status != 200:
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	v := a.JSON(t)
	if v["AuthenticationResult"] != nil {
		return "TOKENS"
	}
	return v["ChallengeName"].(string)
}

// Every way to sign in, for a user without a software token and for one with it: none
// gives anything before the second factor, and all of them do without one.
func TestNoWayInWithoutTheSecondFactor(t *testing.T) {
	const temporary, chosen = "temporaryPASS1", "chosenPASS1"
	forgot := func(f *pooltest.Fixture) {
		f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
		if a := f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser", "ConfirmationCode": f.LastMail().Code, "Password": chosen}); a.Status != 200 || a.Body != "{}" {
			f.T.Fatal(a.Body)
		}
	}
	ways := map[string]struct {
		temporary bool // the user's password is one
		enter     func(f *pooltest.Fixture, b *pooltest.Browser) pooltest.Answer
	}{
		"password": {false, func(f *pooltest.Fixture, _ *pooltest.Browser) pooltest.Answer {
			return f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password))
		}},
		"new password": {true, func(f *pooltest.Fixture, _ *pooltest.Browser) pooltest.Answer {
			session := f.MFASession("NEW_PASSWORD_REQUIRED", "demouser", temporary)
			return f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": session, "ChallengeResponses": m{"USERNAME": "demouser", "NEW_PASSWORD": chosen}})
		}},
		"forgotten password": {false, func(f *pooltest.Fixture, _ *pooltest.Browser) pooltest.Answer {
			forgot(f)
			return f.API("InitiateAuth", pooltest.PasswordFlow("demouser", chosen))
		}},
		"hosted": {false, func(f *pooltest.Fixture, b *pooltest.Browser) pooltest.Answer {
			return signIn(b, "demouser", pooltest.Password)
		}},
		"hosted new password": {true, func(f *pooltest.Fixture, b *pooltest.Browser) pooltest.Answer {
			page := signIn(b, "demouser", temporary)
			return b.Submit(page, map[string]string{"password": chosen, "confirm": chosen})
		}},
		"hosted forgotten password": {false, func(f *pooltest.Fixture, b *pooltest.Browser) pooltest.Answer {
			page := b.Submit(b.Get("/forgotPassword?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": "demouser"})
			done := b.Submit(page, map[string]string{"code": f.LastMail().Code, "password": chosen, "confirm": chosen})
			if signedIn(b) {
				f.T.Error("a new password signs in")
			}
			return b.Submit(b.Get(done.Location(f.T).String()), map[string]string{"username": "demouser", "password": chosen})
		}},
		"hosted, then the API with the browser's form": {false, func(f *pooltest.Fixture, b *pooltest.Browser) pooltest.Answer {
			signIn(b, "demouser", pooltest.Password)
			return f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password))
		}},
	}
	for _, mode := range []string{"OFF", "ON"} {
		for _, has := range []bool{false, true} {
			for story, way := range ways {
				f := mfaPool(t, "ON")
				if has {
					f.Enrol("demouser", pooltest.Password)
				}
				if way.temporary {
					old := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "demouser", Password: pooltest.Password, Attributes: map[string]string{"email": "demo@example.com", "email_verified": "true"}}
					v2 := old
					v2.Password, v2.TemporaryPassword = "", temporary
					f.ChangeUser(old, v2)
				}
				want, over := userpool.ChallengeMFASetup, "the API"
				if has {
					want = userpool.ChallengeSoftwareToken
				}
				if strings.HasPrefix(story, "hosted") {
					over = "the pages"
				}
				if mode == "OFF" {
					f.Declare(pooltest.PoolID, pooltest.Pool())
					want = map[string]string{"the API": "TOKENS", "the pages": "CODE"}[over]
					if strings.HasPrefix(story, "hosted, then") {
						want = "TOKENS"
					}
				}
				b := f.Browser()
				if got := given(t, way.enter(f, b)); got != want {
					t.Errorf("%s in a pool with MFA %s, the user has a token: %v: got %s, want %s", story, mode, has, got, want)
				}
				if mode == "ON" && signedIn(b) {
					t.Errorf("%s (has a token: %v) gives the browser a session", story, has)
				}
			}
		}
	}
}

// A password by SRP, too, is followed by the factor.
func TestSRPIsFollowedByTheSecondFactor(t *testing.T) {
	f := mfaPool(t, "ON")
	first, _, err := pooltest.SRPAnswer(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil)
	if err != nil || first.AuthenticationResult != nil || first.ChallengeName != userpool.ChallengeMFASetup {
		t.Fatalf("%+v %v", first, err)
	}
	secret, _ := f.Enrol("demouser", pooltest.Password)
	f.Advance(pooltest.Step)
	next, _, err := pooltest.SRPAnswer(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil)
	if err != nil || next.AuthenticationResult != nil || next.ChallengeName != userpool.ChallengeSoftwareToken {
		t.Fatalf("%+v %v", next, err)
	}
	if got := given(t, f.API("RespondToAuthChallenge", pooltest.SoftwareToken(*next.Session, "demouser", f.TOTP(secret, 0)))); got != "TOKENS" {
		t.Errorf("got %s", got)
	}
}

// In a pool whose usernames are addresses the app lists the token by the address.
func TestTheAppListsTheAddress(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.MFAPool("ON")
	p.AliasAttributes, p.UsernameAttributes = nil, []string{"email"}
	f.Declare(pooltest.PoolID, p)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "ann+x@example.com", Password: pooltest.Password})
	setup := signIn(f.Browser(), "ann+x@example.com", pooltest.Password)
	link := regexp.MustCompile(`href="otpauth://totp/` + pooltest.Domain + `:([^?"]*)\?`).FindStringSubmatch(setup.Body)
	if link == nil {
		t.Fatalf("no link:\n%s", setup.Body)
	}
	if name, err := url.PathUnescape(html.UnescapeString(link[1])); err != nil || name != "ann+x@example.com" {
		t.Errorf("the app lists %q (%v)", name, err)
	}
	long := strings.Repeat("ü", 900) + "@example.com" // a picture of all of it would not fit
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: long, Password: pooltest.Password})
	if setup := signIn(f.Browser(), long, pooltest.Password); setup.Status != 200 || !strings.Contains(setup.Body, "<svg ") {
		t.Errorf("a long address: %d %s", setup.Status, setup.Body)
	}
}

// The challenge pages stand before the password page of a client that hides users: a
// wrong password never leads to them.
func TestAWrongPasswordTellsNothingOfTheFactor(t *testing.T) {
	f := mfaPool(t, "ON")
	f.Enrol("demouser", pooltest.Password)
	for _, name := range []string{"demouser", "nobody"} {
		a := signIn(f.Browser(), name, "wrongPASS1")
		if a.Status != 400 || !strings.Contains(a.Body, pooltest.WrongPassword) || strings.Contains(a.Body, "/mfa") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}
