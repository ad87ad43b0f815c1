package userpool_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

func TestHostedSignInFromStartToEnd(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	a := b.get("/oauth2/authorize?" + authorizeQuery(nil))
	if to := a.location(t); to.Path != "/auth/"+domain+"/login" {
		t.Fatalf("to %s", to)
	}
	page := b.get(a.location(t).String())
	if page.status != 200 || !strings.Contains(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", page.status, page.body)
	}
	wrong := b.submit(page, map[string]string{"username": "demouser", "password": "wrong"})
	if wrong.status != 400 || !strings.Contains(wrong.body, wrongPassword) || !strings.Contains(wrong.body, `role="alert"`) {
		t.Fatalf("%d %s", wrong.status, wrong.body)
	}
	done := b.submit(wrong, map[string]string{"username": "demo@example.com", "password": password})
	to := done.location(t)
	if to.Host != "localhost:3000" || to.Query().Get("state") != "s t&te" || to.Query().Get("kept") != "1" {
		t.Errorf("to %s", to)
	}
	a = b.post("/oauth2/token", tokenForm(to.Query().Get("code"), nil))
	set := a.json(t)
	if a.status != 200 || set["token_type"] != "Bearer" || set["expires_in"] != 3600.0 || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	id, err := f.service.VerifyToken(poolID, set["id_token"].(string))
	if err != nil || id.All["nonce"] != "n0nce" || id.All["at_hash"] == nil || id.All["email"] != "demo@example.com" || id.All["given_name"] != nil {
		t.Errorf("%v %v", id.All, err)
	}
	access, err := f.service.VerifyToken(poolID, set["access_token"].(string))
	if err != nil || strings.Join(access.Scopes, " ") != "email openid" || access.Username != "demouser" || access.All["version"] == nil {
		t.Errorf("%v %v", access.All, err)
	}
	if id.All["jti"] == access.All["jti"] || id.OriginJTI != access.OriginJTI || id.OriginJTI == "" {
		t.Error("jti and origin_jti of the two tokens")
	}
	again := b.get("/oauth2/authorize?" + authorizeQuery(nil))
	if again.location(t).Query().Get("code") == "" {
		t.Error("a second authorize asks again")
	}
	if ask := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "login"})); !strings.HasSuffix(ask.location(t).Path, "/login") {
		t.Error("prompt=login does not ask")
	}
	f.advance(time.Hour)
	if late := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})); late.location(t).Query().Get("error") != "login_required" {
		t.Error("the session outlives its hour")
	}
}

func TestSessionEndsWithLogout(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.code(nil)
	none := func() string {
		return b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})).location(t).Query().Get("error")
	}
	if none() != "" {
		t.Fatal("not signed in")
	}
	jar := b.client.Jar.Cookies(mustURL(t, f.server.URL+"/auth/"+domain+"/login"))
	if got := b.get("/logout?" + url.Values{"client_id": {clientID}, "logout_uri": {signOut}}.Encode()).location(t).String(); got != signOut {
		t.Errorf("to %s", got)
	}
	if none() != "login_required" {
		t.Error("still signed in")
	}
	b.client.Jar.SetCookies(mustURL(t, f.server.URL+"/auth/"+domain+"/login"), jar) // the old cookie is worth nothing
	if none() != "login_required" {
		t.Error("the session is still in the store")
	}
	to := b.get("/logout?" + authorizeQuery(nil)).location(t)
	if to.Path != "/auth/"+domain+"/login" || to.Query().Get("redirect_uri") != callback {
		t.Errorf("to %s", to)
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestNoOpenRedirect(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	bad := []string{
		"https://evil.example/", callback + "/", callback + "#x", strings.ToUpper(callback), "http://localhost:3000/callback", "//evil.example", "javascript:alert(1)",
		"http://localhost:3000@evil.example/callback?kept=1", "/auth/" + domain + "/login", "",
	}
	for _, uri := range bad { // 46
		for _, path := range []string{"/oauth2/authorize?", "/login?", "/signup?", "/forgotPassword?", "/confirmUser?", "/logout?"} {
			to := b.get(path + authorizeQuery(m{"redirect_uri": uri})).location(t)
			if to.Host != "" || to.Path != "/auth/"+domain+"/error" || to.Query().Get("error") != "redirect_mismatch" || to.Query().Get("client_id") != clientID {
				t.Errorf("%s with redirect_uri %q leads to %s", path, uri, to)
			}
		}
		to := b.get("/logout?" + url.Values{"client_id": {clientID}, "logout_uri": {uri}}.Encode()).location(t)
		if to.Host != "" || to.Path != "/auth/"+domain+"/error" {
			t.Errorf("logout_uri %q leads to %s", uri, to)
		}
	}
	page := b.get("/error?error=redirect_mismatch&client_id=" + clientID)
	if page.status != 400 || !strings.Contains(page.body, "redirect_uri") {
		t.Errorf("%d %s", page.status, page.body)
	}
	page = b.get("/error?error=" + url.QueryEscape("<b>Call 555-1234"))
	if page.status != 400 || strings.Contains(page.body, "555") {
		t.Error("the error page repeats what it was given")
	}
	twice := b.get("/oauth2/authorize?" + authorizeQuery(nil) + "&redirect_uri=https://evil.example/")
	if to := twice.location(t); to.Path != "/auth/"+domain+"/error" {
		t.Errorf("two redirect_uris lead to %s", to)
	}
	if to := b.get("/oauth2/authorize?" + authorizeQuery(m{"client_id": "none"})).location(t); to.Path != "/auth/"+domain+"/error" {
		t.Errorf("an unknown client leads to %s", to)
	}
}

func TestAuthorizeErrorsGoBackWithTheState(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for _, c := range []struct {
		change m
		want   string
	}{ // 47
		{m{"response_type": nil}, "invalid_request"},
		{m{"response_type": "id_token"}, "invalid_request"},
		{m{"response_type": "token"}, "unauthorized_client"},
		{m{"code_challenge_method": "plain"}, "invalid_request"},
		{m{"code_challenge_method": nil}, "invalid_request"},
		{m{"code_challenge": nil}, "invalid_request"},
		{m{"code_challenge": "short"}, "invalid_request"},
		{m{"scope": "openid phone"}, "invalid_scope"},
		{m{"scope": "nonsense"}, "invalid_scope"},
		{m{"identity_provider": "Google"}, "invalid_request"},
		{m{"prompt": "none"}, "login_required"},
	} {
		to := b.get("/oauth2/authorize?" + authorizeQuery(c.change)).location(t)
		if to.Host != "localhost:3000" || to.Query().Get("error") != c.want || to.Query().Get("state") != "s t&te" || to.Query().Get("code") != "" {
			t.Errorf("%v leads to %s, want error %s", c.change, to, c.want)
		}
	}
	if to := b.get("/oauth2/authorize?" + authorizeQuery(nil) + "&scope=openid").location(t); to.Query().Get("error") != "invalid_request" {
		t.Errorf("a parameter given twice leads to %s", to)
	}
	off := aClient()
	off.AllowedOAuthFlowsUserPoolClient = false
	f.declareClient(clientID, off)
	if to := b.get("/oauth2/authorize?" + authorizeQuery(nil)).location(t); to.Query().Get("error") != "unauthorized_client" {
		t.Errorf("a client without OAuth leads to %s", to)
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	const other = "2other23456789abcdefghijkl"
	f.declareClient(other, aClient())
	for _, c := range []struct {
		story  string
		change m
		want   string
	}{
		{"49: another verifier", m{"code_verifier": strings.Replace(verifier, "d", "e", 1)}, "invalid_grant"},
		{"49: no verifier", m{"code_verifier": nil}, "invalid_grant"},
		{"49: the challenge for a verifier", m{"code_verifier": challenge}, "invalid_grant"},
		{"49: another redirect_uri", m{"redirect_uri": signOut}, "invalid_grant"},
		{"49: another client's code", m{"client_id": other}, "invalid_grant"},
		{"50: unknown client", m{"client_id": "none"}, "invalid_client"},
		{"50: no client", m{"client_id": nil}, "invalid_client"},
		{"50: unknown grant", m{"grant_type": "password"}, "unsupported_grant_type"},
		{"a grant that the client may not use", m{"grant_type": "client_credentials"}, "unauthorized_client"},
		{"no grant", m{"grant_type": nil}, "invalid_request"},
		{"a secret that the client does not have", m{"client_secret": "x"}, "invalid_client"},
		{"no such code", m{"code": "none"}, "invalid_grant"},
	} {
		a := b.post("/oauth2/token", tokenForm(b.code(m{"prompt": "login"}), c.change))
		if a.status != 400 || strings.TrimSpace(a.body) != `{"error":"`+c.want+`"}` || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", c.story, a.status, a.body)
		}
	}
	code := b.code(m{"prompt": "login"})
	f.advance(5 * time.Minute)
	if a := b.post("/oauth2/token", tokenForm(code, nil)); a.status != 400 || a.json(t)["error"] != "invalid_grant" { // 48
		t.Errorf("after five minutes: %d %s", a.status, a.body)
	}
	code = b.code(m{"prompt": "login", "code_challenge": nil, "code_challenge_method": nil})
	if a := b.post("/oauth2/token", tokenForm(code, nil)); a.json(t)["error"] != "invalid_grant" {
		t.Errorf("a verifier for a code without challenge: %s", a.body)
	}
	code = b.code(m{"prompt": "login", "code_challenge": nil, "code_challenge_method": nil})
	if a := b.post("/oauth2/token", tokenForm(code, m{"code_verifier": nil})); a.status != 200 {
		t.Errorf("without PKCE: %s", a.body)
	}
}

func TestCodeUsedTwiceRevokesItsTokens(t *testing.T) { // 48
	f := newFixture(t)
	b := f.browser()
	code := b.code(nil)
	set := b.post("/oauth2/token", tokenForm(code, nil)).json(t)
	if a := b.post("/oauth2/token", tokenForm(code, nil)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.status, a.body)
	}
	a := b.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {set["refresh_token"].(string)}})
	if a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Errorf("the tokens are still good: %s", a.body)
	}
	if info := userInfo(b, set["access_token"].(string)); info.status != 401 {
		t.Errorf("userInfo: %d %s", info.status, info.body)
	}
}

func userInfo(b *browser, token string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.absolute("/oauth2/userInfo"), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.do(b.client, r)
}

func TestUserInfoRefreshAndRevoke(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	set := b.post("/oauth2/token", tokenForm(b.code(nil), nil)).json(t)
	info := userInfo(b, set["access_token"].(string))
	if v := info.json(t); info.status != 200 || v["username"] != "demouser" || v["email_verified"] != "true" || v["sub"] == "" || v["given_name"] != nil {
		t.Errorf("%d %s", info.status, info.body)
	}
	api := f.signIn("demouser", password)["AccessToken"].(string)
	for story, token := range map[string]string{ // 52
		"no token": "", "nonsense": "x", "an ID token": set["id_token"].(string), "a token without openid": api, "a changed token": set["access_token"].(string)[:200] + "A",
	} {
		a := userInfo(b, token)
		if a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) || a.json(t)["error"] != "invalid_token" {
			t.Errorf("%s: %d %s", story, a.status, a.body)
		}
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {set["refresh_token"].(string)}}
	again := b.post("/oauth2/token", refresh).json(t)
	if again["access_token"] == nil || again["id_token"] == nil || again["refresh_token"] != nil {
		t.Errorf("%v", again)
	}
	revoke := func(token any) answer {
		return b.post("/oauth2/revoke", url.Values{"client_id": {clientID}, "token": {token.(string)}})
	}
	if a := revoke(set["access_token"]); a.status != 400 || a.json(t)["error"] != "unsupported_token_type" { // 51
		t.Errorf("%d %s", a.status, a.body)
	}
	for range 2 { // 51
		if a := revoke(set["refresh_token"]); a.status != 200 || a.body != "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := b.post("/oauth2/token", refresh); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := userInfo(b, again["access_token"].(string)); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := revoke(""); a.status != 400 || a.json(t)["error"] != "invalid_request" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestConfidentialClient(t *testing.T) {
	f := newFixture(t)
	c := aClient()
	c.GenerateSecret = true
	const id = "2secret3456789abcdefghijkl"
	c = f.declareClient(id, c)
	b := f.browser()
	code := func() string { return b.code(m{"client_id": id, "prompt": "login"}) }
	basic := func(secret string) answer {
		r, err := http.NewRequest(http.MethodPost, b.absolute("/oauth2/token"), strings.NewReader(tokenForm(code(), m{"client_id": nil}).Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return f.do(b.client, r)
	}
	if a := basic(c.ClientSecret); a.status != 200 {
		t.Error(a.body)
	}
	if a := basic("wrong"); a.status != 400 || a.json(t)["error"] != "invalid_client" {
		t.Error(a.body)
	}
	if a := b.post("/oauth2/token", tokenForm(code(), m{"client_id": id, "client_secret": c.ClientSecret})); a.status != 200 {
		t.Error(a.body)
	}
	if a := b.post("/oauth2/token", tokenForm(code(), m{"client_id": id})); a.json(t)["error"] != "invalid_client" {
		t.Error(a.body)
	}
}

func TestFormsAreProtected(t *testing.T) {
	f := newFixture(t)
	b, mallory := f.browser(), f.browser()
	page := b.get("/login?" + authorizeQuery(nil))
	stolen := readForm(t, mallory.get("/login?"+authorizeQuery(nil)).body)
	mine := readForm(t, page.body)
	mine.values.Set("username", "demouser")
	mine.values.Set("password", password)
	for story, token := range map[string]string{"none": "", "another visitor's": stolen.values.Get("_csrf"), "nonsense": "x"} {
		v := url.Values{}
		for name, values := range mine.values {
			v[name] = values
		}
		v.Set("_csrf", token)
		if a := b.post(mine.action, v); a.status != 403 {
			t.Errorf("a form with the token %s: %d", story, a.status)
		}
	}
	if a := f.browser().post(mine.action, mine.values); a.status != 403 {
		t.Errorf("a form without the cookie: %d", a.status)
	}
	if a := b.post(mine.action, mine.values); a.status != 302 {
		t.Errorf("the form itself: %d %s", a.status, a.body)
	}
}

func TestHeadersAndCookies(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	page := b.get("/login?" + authorizeQuery(nil))
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self' http://localhost:3000; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	done := b.submit(page, map[string]string{"username": "demouser", "password": password})
	for _, a := range []answer{page, done} {
		cookies := a.header.Values("Set-Cookie")
		if len(cookies) != 1 {
			t.Fatalf("%v", cookies)
		}
		for _, want := range []string{"; HttpOnly", "; SameSite=Lax", "; Path=/auth/" + domain} {
			if !strings.Contains(cookies[0], want) {
				t.Errorf("the cookie %q lacks %q", cookies[0], want)
			}
		}
	}
	if css := b.get("/static/style.css"); css.status != 200 || !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("%d %v", css.status, css.header)
	}
	for path, want := range map[string]int{"/nothing": 404, "/static/../pages": 404, "/static/layout.html": 404, "/auth/none/login": 404, "/changePassword": 405, "": 404} {
		if a := b.get(path); a.status != want && a.status != 301 {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	hostile := b.get("/login?" + authorizeQuery(m{"login_hint": `"><script>alert(1)</script>`, "state": `"><script>`}))
	if strings.Contains(hostile.body, "<script") {
		t.Errorf("unescaped:\n%s", hostile.body)
	}
	big := b.post("/oauth2/token", url.Values{"grant_type": {strings.Repeat("x", 70<<10)}})
	if big.status != 400 || big.json(t)["error"] != "invalid_request" {
		t.Errorf("a form that is too large: %d %s", big.status, big.body)
	}
}

func TestCORS(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "https://evil.example": "", "null": "", "http://localhost:3000.evil.example": ""} {
		for _, path := range []string{"/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke"} {
			r, err := http.NewRequest(http.MethodOptions, b.absolute(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			a := f.do(b.client, r)
			if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != want {
				t.Errorf("%s from %s: %d %q", path, origin, a.status, a.header.Get("Access-Control-Allow-Origin"))
			}
		}
	}
}

func TestSignUpOnThePages(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	page := b.get("/signup?" + authorizeQuery(nil))
	weak := b.submit(page, map[string]string{"username": "alice", "attribute.email": "alice@example.com", "password": "weak"})
	if weak.status != 400 || !strings.Contains(weak.body, "Password not long enough") || !strings.Contains(weak.body, "alice@example.com") {
		t.Fatalf("%d %s", weak.status, weak.body)
	}
	page = b.submit(weak, map[string]string{"password": "alicePASS1"})
	if page.status != 200 || !strings.Contains(page.body, "a***@e***") {
		t.Fatalf("%d %s", page.status, page.body)
	}
	early := b.submit(b.get("/login?"+authorizeQuery(nil)), map[string]string{"username": "alice", "password": "x"})
	if early.status != 200 || readForm(t, early.body).values.Get("username") != "alice" || !strings.Contains(early.body, "confirmUser") {
		t.Errorf("%d %s", early.status, early.body)
	}
	wrong := b.submit(page, map[string]string{"code": "nope"})
	if wrong.status != 400 || !strings.Contains(wrong.body, "Invalid verification code") {
		t.Errorf("%d %s", wrong.status, wrong.body)
	}
	page = b.submit(wrong, map[string]string{"resend": "1"})
	if page.status != 200 || !strings.Contains(page.body, "new code") {
		t.Errorf("%d %s", page.status, page.body)
	}
	v := readForm(t, page.body)
	v.values.Del("resend")
	v.values.Set("code", " "+f.lastMail().Code+" ")
	to := b.post(v.action, v.values).location(t)
	page = b.get(to.String())
	if !strings.Contains(page.body, "confirmed") {
		t.Errorf("%d %s", page.status, page.body)
	}
	if to := b.submit(page, map[string]string{"username": "alice", "password": "alicePASS1"}).location(t); to.Query().Get("code") == "" || to.Query().Get("state") != "s t&te" {
		t.Errorf("to %s", to)
	}

	p := aPool()
	p.AdminCreateUserConfig = &userpool.AdminCreateUserConfig{AllowAdminCreateUserOnly: true}
	f.declare(poolID, p)
	if a := b.get("/signup?" + authorizeQuery(nil)); a.status != 400 {
		t.Errorf("sign-up is closed: %d", a.status)
	}
	if a := b.get("/login?" + authorizeQuery(nil)); strings.Contains(a.body, "/signup") {
		t.Error("the sign-in page offers a sign-up that is closed")
	}
}

func TestForgottenPasswordOnThePages(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	nobody := b.submit(b.get("/forgotPassword?"+authorizeQuery(nil)), map[string]string{"username": "nobody"})
	page := b.submit(b.get("/forgotPassword?"+authorizeQuery(nil)), map[string]string{"username": "demouser"})
	if nobody.status != page.status || page.status != 200 {
		t.Fatalf("%d and %d", nobody.status, page.status)
	}
	differ := b.submit(page, map[string]string{"code": f.lastMail().Code, "password": "anotherPASS1", "confirm": "anotherPASS2"})
	if differ.status != 400 || !strings.Contains(differ.body, "differ") {
		t.Errorf("%d %s", differ.status, differ.body)
	}
	to := b.submit(differ, map[string]string{"code": f.lastMail().Code, "password": "anotherPASS1", "confirm": "anotherPASS1"}).location(t)
	if a := b.submit(b.get(to.String()), map[string]string{"username": "demouser", "password": "anotherPASS1"}); a.status != 302 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTemporaryPasswordOnThePages(t *testing.T) {
	f := newFixture(t)
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "fresh", TemporaryPassword: "temporaryPASS1"})
	b := f.browser()
	page := b.submit(b.get("/login?"+authorizeQuery(nil)), map[string]string{"username": "fresh", "password": "temporaryPASS1"})
	if page.status != 200 || !strings.Contains(page.body, "changePassword") {
		t.Fatalf("%d %s", page.status, page.body)
	}
	if a := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})); a.location(t).Query().Get("error") != "login_required" {
		t.Error("a temporary password alone signs in")
	}
	weak := b.submit(page, map[string]string{"password": "weak", "confirm": "weak"})
	if weak.status != 400 || !strings.Contains(weak.body, "not long enough") {
		t.Fatalf("%d %s", weak.status, weak.body)
	}
	to := b.submit(weak, map[string]string{"password": "chosenPASS1", "confirm": "chosenPASS1"}).location(t)
	if a := b.post("/oauth2/token", tokenForm(to.Query().Get("code"), nil)); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	late := b.submit(weak, map[string]string{"password": "chosenPASS2", "confirm": "chosenPASS2"})
	if late.status != 400 || !strings.Contains(late.body, "Sign in again") {
		t.Errorf("%d %s", late.status, late.body)
	}
}

func TestSessionOfAChangedUser(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.code(nil)
	old := userpool.DeclaredUser{UserPoolID: poolID, Username: "demouser", Password: password}
	off := false
	f.update(func(tx *store.Tx) error {
		return f.service.UserDeclared(tx, "", &old, &userpool.DeclaredUser{UserPoolID: poolID, Username: "demouser", Password: password, Enabled: &off})
	})
	if got := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})).location(t).Query().Get("error"); got != "login_required" {
		t.Error("a disabled user's session is still good")
	}
}
