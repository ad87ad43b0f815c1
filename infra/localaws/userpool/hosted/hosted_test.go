package hosted_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

type m = map[string]any

func TestHostedSignInFromStartToEnd(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	a := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil))
	if to := a.Location(t); to.Path != "/auth/"+pooltest.Domain+"/login" {
		t.Fatalf("to %s", to)
	}
	page := b.Get(a.Location(t).String())
	if page.Status != 200 || !strings.Contains(page.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	wrong := b.Submit(page, map[string]string{"username": "demouser", "password": "wrong"})
	if wrong.Status != 400 || !strings.Contains(wrong.Body, pooltest.WrongPassword) || !strings.Contains(wrong.Body, `role="alert"`) {
		t.Fatalf("%d %s", wrong.Status, wrong.Body)
	}
	done := b.Submit(wrong, map[string]string{"username": "demo@example.com", "password": pooltest.Password})
	to := done.Location(t)
	if to.Host != "localhost:3000" || to.Query().Get("state") != "s t&te" || to.Query().Get("kept") != "1" {
		t.Errorf("to %s", to)
	}
	a = b.Post("/oauth2/token", pooltest.TokenForm(to.Query().Get("code"), nil))
	set := a.JSON(t)
	if a.Status != 200 || set["token_type"] != "Bearer" || set["expires_in"] != 3600.0 || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	id, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
	if err != nil || id.All["nonce"] != "n0nce" || id.All["at_hash"] == nil || id.All["email"] != "demo@example.com" || id.All["given_name"] != nil {
		t.Errorf("%v %v", id.All, err)
	}
	access, err := f.Pools.VerifyToken(pooltest.PoolID, set["access_token"].(string))
	if err != nil || strings.Join(access.Scopes, " ") != "email openid" || access.Username != "demouser" || access.All["version"] == nil {
		t.Errorf("%v %v", access.All, err)
	}
	if id.All["jti"] == access.All["jti"] || id.OriginJTI != access.OriginJTI || id.OriginJTI == "" {
		t.Error("jti and origin_jti of the two tokens")
	}
	again := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil))
	if again.Location(t).Query().Get("code") == "" {
		t.Error("a second authorize asks again")
	}
	if ask := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "login"})); !strings.HasSuffix(ask.Location(t).Path, "/login") {
		t.Error("prompt=login does not ask")
	}
	f.Advance(time.Hour)
	if late := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})); late.Location(t).Query().Get("error") != "login_required" {
		t.Error("the session outlives its hour")
	}
}

func TestSessionEndsWithLogout(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	b.Code(nil)
	none := func() string {
		return b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t).Query().Get("error")
	}
	if none() != "" {
		t.Fatal("not signed in")
	}
	jar := b.Client.Jar.Cookies(pooltest.MustURL(t, f.Server.URL+"/auth/"+pooltest.Domain+"/login"))
	if got := b.Get("/logout?" + url.Values{"client_id": {pooltest.ClientID}, "logout_uri": {pooltest.SignOut}}.Encode()).Location(t).String(); got != pooltest.SignOut {
		t.Errorf("to %s", got)
	}
	if none() != "login_required" {
		t.Error("still signed in")
	}
	b.Client.Jar.SetCookies(pooltest.MustURL(t, f.Server.URL+"/auth/"+pooltest.Domain+"/login"), jar) // the old cookie is worth nothing
	if none() != "login_required" {
		t.Error("the session is still in the store")
	}
	to := b.Get("/logout?" + pooltest.AuthorizeQuery(nil)).Location(t)
	if to.Path != "/auth/"+pooltest.Domain+"/login" || to.Query().Get("redirect_uri") != pooltest.Callback {
		t.Errorf("to %s", to)
	}
}

func TestNoOpenRedirect(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	bad := []string{
		"https://evil.example/", pooltest.Callback + "/", pooltest.Callback + "#x", strings.ToUpper(pooltest.Callback), "http://localhost:3000/callback", "//evil.example", "javascript:alert(1)",
		"http://localhost:3000@evil.example/callback?kept=1", "/auth/" + pooltest.Domain + "/login", "",
	}
	for _, uri := range bad { // 46
		for _, path := range []string{"/oauth2/authorize?", "/login?", "/signup?", "/forgotPassword?", "/confirmUser?", "/logout?"} {
			to := b.Get(path + pooltest.AuthorizeQuery(m{"redirect_uri": uri})).Location(t)
			if to.Host != "" || to.Path != "/auth/"+pooltest.Domain+"/error" || to.Query().Get("error") != "redirect_mismatch" || to.Query().Get("client_id") != pooltest.ClientID {
				t.Errorf("%s with redirect_uri %q leads to %s", path, uri, to)
			}
		}
		to := b.Get("/logout?" + url.Values{"client_id": {pooltest.ClientID}, "logout_uri": {uri}}.Encode()).Location(t)
		if to.Host != "" || to.Path != "/auth/"+pooltest.Domain+"/error" {
			t.Errorf("logout_uri %q leads to %s", uri, to)
		}
	}
	page := b.Get("/error?error=redirect_mismatch&client_id=" + pooltest.ClientID)
	if page.Status != 400 || !strings.Contains(page.Body, "redirect_uri") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
	page = b.Get("/error?error=" + url.QueryEscape("<b>Call 555-1234"))
	if page.Status != 400 || strings.Contains(page.Body, "555") {
		t.Error("the error page repeats what it was given")
	}
	twice := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil) + "&redirect_uri=https://evil.example/")
	if to := twice.Location(t); to.Path != "/auth/"+pooltest.Domain+"/error" {
		t.Errorf("two redirect_uris lead to %s", to)
	}
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"client_id": "none"})).Location(t); to.Path != "/auth/"+pooltest.Domain+"/error" {
		t.Errorf("an unknown client leads to %s", to)
	}
}

func TestAuthorizeErrorsGoBackWithTheState(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
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
		to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(c.change)).Location(t)
		if to.Host != "localhost:3000" || to.Query().Get("error") != c.want || to.Query().Get("state") != "s t&te" || to.Query().Get("code") != "" {
			t.Errorf("%v leads to %s, want error %s", c.change, to, c.want)
		}
	}
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil) + "&scope=openid").Location(t); to.Query().Get("error") != "invalid_request" {
		t.Errorf("a parameter given twice leads to %s", to)
	}
	off := pooltest.Client()
	off.AllowedOAuthFlowsUserPoolClient = false
	f.DeclareClient(pooltest.ClientID, off)
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t); to.Query().Get("error") != "unauthorized_client" {
		t.Errorf("a client without OAuth leads to %s", to)
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	const other = "2other23456789abcdefghijkl"
	f.DeclareClient(other, pooltest.Client())
	for _, c := range []struct {
		story  string
		change m
		want   string
	}{
		{"49: another verifier", m{"code_verifier": strings.Replace(pooltest.Verifier, "d", "e", 1)}, "invalid_grant"},
		{"49: no verifier", m{"code_verifier": nil}, "invalid_grant"},
		{"49: the challenge for a verifier", m{"code_verifier": pooltest.Challenge}, "invalid_grant"},
		{"49: another redirect_uri", m{"redirect_uri": pooltest.SignOut}, "invalid_grant"},
		{"49: another client's code", m{"client_id": other}, "invalid_grant"},
		{"50: unknown client", m{"client_id": "none"}, "invalid_client"},
		{"50: no client", m{"client_id": nil}, "invalid_client"},
		{"50: unknown grant", m{"grant_type": "password"}, "unsupported_grant_type"},
		{"a grant that the client may not use", m{"grant_type": "client_credentials"}, "unauthorized_client"},
		{"no grant", m{"grant_type": nil}, "invalid_request"},
		{"a secret that the client does not have", m{"client_secret": "x"}, "invalid_client"},
		{"no such code", m{"code": "none"}, "invalid_grant"},
	} {
		a := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"prompt": "login"}), c.change))
		if a.Status != 400 || strings.TrimSpace(a.Body) != `{"error":"`+c.want+`"}` || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", c.story, a.Status, a.Body)
		}
	}
	code := b.Code(m{"prompt": "login"})
	f.Advance(5 * time.Minute)
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" { // 48
		t.Errorf("after five minutes: %d %s", a.Status, a.Body)
	}
	code = b.Code(m{"prompt": "login", "code_challenge": nil, "code_challenge_method": nil})
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)); a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("a verifier for a code without challenge: %s", a.Body)
	}
	code = b.Code(m{"prompt": "login", "code_challenge": nil, "code_challenge_method": nil})
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code, m{"code_verifier": nil})); a.Status != 200 {
		t.Errorf("without PKCE: %s", a.Body)
	}
}

func TestCodeUsedTwiceRevokesItsTokens(t *testing.T) { // 48
	f := pooltest.New(t)
	b := f.Browser()
	code := b.Code(nil)
	set := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)).JSON(t)
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a := b.Post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {pooltest.ClientID}, "refresh_token": {set["refresh_token"].(string)}})
	if a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("the tokens are still good: %s", a.Body)
	}
	if info := pooltest.UserInfo(b, set["access_token"].(string)); info.Status != 401 {
		t.Errorf("userInfo: %d %s", info.Status, info.Body)
	}
}

func TestUserInfoRefreshAndRevoke(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(nil), nil)).JSON(t)
	info := pooltest.UserInfo(b, set["access_token"].(string))
	if v := info.JSON(t); info.Status != 200 || v["username"] != "demouser" || v["email_verified"] != "true" || v["sub"] == "" || v["given_name"] != nil {
		t.Errorf("%d %s", info.Status, info.Body)
	}
	api := f.SignIn("demouser", pooltest.Password)["AccessToken"].(string)
	for story, token := range map[string]string{ // 52
		"no token": "", "nonsense": "x", "an ID token": set["id_token"].(string), "a token without openid": api, "a changed token": set["access_token"].(string)[:200] + "A",
	} {
		a := pooltest.UserInfo(b, token)
		if a.Status != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) || a.JSON(t)["error"] != "invalid_token" {
			t.Errorf("%s: %d %s", story, a.Status, a.Body)
		}
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {pooltest.ClientID}, "refresh_token": {set["refresh_token"].(string)}}
	again := b.Post("/oauth2/token", refresh).JSON(t)
	if again["access_token"] == nil || again["id_token"] == nil || again["refresh_token"] != nil {
		t.Errorf("%v", again)
	}
	revoke := func(token any) pooltest.Answer {
		return b.Post("/oauth2/revoke", url.Values{"client_id": {pooltest.ClientID}, "token": {token.(string)}})
	}
	if a := revoke(set["access_token"]); a.Status != 400 || a.JSON(t)["error"] != "unsupported_token_type" { // 51
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for range 2 { // 51
		if a := revoke(set["refresh_token"]); a.Status != 200 || a.Body != "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if a := b.Post("/oauth2/token", refresh); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := pooltest.UserInfo(b, again["access_token"].(string)); a.Status != 401 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := revoke(""); a.Status != 400 || a.JSON(t)["error"] != "invalid_request" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestConfidentialClient(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.GenerateSecret = true
	const id = "2secret3456789abcdefghijkl"
	c = f.DeclareClient(id, c)
	b := f.Browser()
	code := func() string { return b.Code(m{"client_id": id, "prompt": "login"}) }
	basic := func(secret string) pooltest.Answer {
		r, err := http.NewRequest(http.MethodPost, b.Absolute("/oauth2/token"), strings.NewReader(pooltest.TokenForm(code(), m{"client_id": nil}).Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return f.Do(b.Client, r)
	}
	if a := basic(c.ClientSecret); a.Status != 200 {
		t.Error(a.Body)
	}
	if a := basic("wrong"); a.Status != 400 || a.JSON(t)["error"] != "invalid_client" {
		t.Error(a.Body)
	}
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code(), m{"client_id": id, "client_secret": c.ClientSecret})); a.Status != 200 {
		t.Error(a.Body)
	}
	if a := b.Post("/oauth2/token", pooltest.TokenForm(code(), m{"client_id": id})); a.JSON(t)["error"] != "invalid_client" {
		t.Error(a.Body)
	}
}

func TestFormsAreProtected(t *testing.T) {
	f := pooltest.New(t)
	b, mallory := f.Browser(), f.Browser()
	page := b.Get("/login?" + pooltest.AuthorizeQuery(nil))
	stolen := pooltest.ReadForm(t, mallory.Get("/login?"+pooltest.AuthorizeQuery(nil)).Body)
	mine := pooltest.ReadForm(t, page.Body)
	mine.Values.Set("username", "demouser")
	mine.Values.Set("password", pooltest.Password)
	for story, token := range map[string]string{"none": "", "another visitor's": stolen.Values.Get("_csrf"), "nonsense": "x"} {
		v := url.Values{}
		for name, values := range mine.Values {
			v[name] = values
		}
		v.Set("_csrf", token)
		if a := b.Post(mine.Action, v); a.Status != 403 {
			t.Errorf("a form with the token %s: %d", story, a.Status)
		}
	}
	if a := f.Browser().Post(mine.Action, mine.Values); a.Status != 403 {
		t.Errorf("a form without the cookie: %d", a.Status)
	}
	if a := b.Post(mine.Action, mine.Values); a.Status != 302 {
		t.Errorf("the form itself: %d %s", a.Status, a.Body)
	}
}

func TestHeadersAndCookies(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	page := b.Get("/login?" + pooltest.AuthorizeQuery(nil))
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self' http://localhost:3000; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	done := b.Submit(page, map[string]string{"username": "demouser", "password": pooltest.Password})
	for _, a := range []pooltest.Answer{page, done} {
		cookies := a.Header.Values("Set-Cookie")
		if len(cookies) != 1 {
			t.Fatalf("%v", cookies)
		}
		for _, want := range []string{"; HttpOnly", "; SameSite=Lax", "; Path=/auth/" + pooltest.Domain} {
			if !strings.Contains(cookies[0], want) {
				t.Errorf("the cookie %q lacks %q", cookies[0], want)
			}
		}
	}
	if css := b.Get("/static/style.css"); css.Status != 200 || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("%d %v", css.Status, css.Header)
	}
	for path, want := range map[string]int{"/nothing": 404, "/static/../pages": 404, "/static/layout.html": 404, "/auth/none/login": 404, "/changePassword": 405, "": 404} {
		if a := b.Get(path); a.Status != want && a.Status != 301 {
			t.Errorf("%s: %d, want %d", path, a.Status, want)
		}
	}
	hostile := b.Get("/login?" + pooltest.AuthorizeQuery(m{"login_hint": `"><script>alert(1)</script>`, "state": `"><script>`}))
	if strings.Contains(hostile.Body, "<script") {
		t.Errorf("unescaped:\n%s", hostile.Body)
	}
	big := b.Post("/oauth2/token", url.Values{"grant_type": {strings.Repeat("x", 70<<10)}})
	if big.Status != 400 || big.JSON(t)["error"] != "invalid_request" {
		t.Errorf("a form that is too large: %d %s", big.Status, big.Body)
	}
}

func TestCORS(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "https://evil.example": "", "null": "", "http://localhost:3000.evil.example": ""} {
		for _, path := range []string{"/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke"} {
			r, err := http.NewRequest(http.MethodOptions, b.Absolute(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			a := f.Do(b.Client, r)
			if a.Status != 204 || a.Header.Get("Access-Control-Allow-Origin") != want {
				t.Errorf("%s from %s: %d %q", path, origin, a.Status, a.Header.Get("Access-Control-Allow-Origin"))
			}
			if want == "" {
				continue
			}
			// The last is what Amplify sends when it asks for tokens.
			for _, name := range []string{"authorization", "content-type", "x-amz-user-agent"} {
				if allowed := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers")); !slices.Contains(strings.Split(allowed, ", "), name) {
					t.Errorf("%s: a page may send %s, not %s", path, allowed, name)
				}
			}
		}
	}
}

func TestSignUpOnThePages(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	page := b.Get("/signup?" + pooltest.AuthorizeQuery(nil))
	weak := b.Submit(page, map[string]string{"username": "alice", "attribute.email": "alice@example.com", "password": "weak"})
	if weak.Status != 400 || !strings.Contains(weak.Body, "Password not long enough") || !strings.Contains(weak.Body, "alice@example.com") {
		t.Fatalf("%d %s", weak.Status, weak.Body)
	}
	page = b.Submit(weak, map[string]string{"password": "alicePASS1"})
	if page.Status != 200 || !strings.Contains(page.Body, "a***@e***") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	early := b.Submit(b.Get("/login?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": "alice", "password": "x"})
	if early.Status != 200 || pooltest.ReadForm(t, early.Body).Values.Get("username") != "alice" || !strings.Contains(early.Body, "confirmUser") {
		t.Errorf("%d %s", early.Status, early.Body)
	}
	wrong := b.Submit(page, map[string]string{"code": "nope"})
	if wrong.Status != 400 || !strings.Contains(wrong.Body, "Invalid verification code") {
		t.Errorf("%d %s", wrong.Status, wrong.Body)
	}
	page = b.Submit(wrong, map[string]string{"resend": "1"})
	if page.Status != 200 || !strings.Contains(page.Body, "new code") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
	v := pooltest.ReadForm(t, page.Body)
	v.Values.Del("resend")
	v.Values.Set("code", " "+f.LastMail().Code+" ")
	to := b.Post(v.Action, v.Values).Location(t)
	page = b.Get(to.String())
	if !strings.Contains(page.Body, "confirmed") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
	if to := b.Submit(page, map[string]string{"username": "alice", "password": "alicePASS1"}).Location(t); to.Query().Get("code") == "" || to.Query().Get("state") != "s t&te" {
		t.Errorf("to %s", to)
	}

	p := pooltest.Pool()
	p.AdminCreateUserConfig = &userpool.AdminCreateUserConfig{AllowAdminCreateUserOnly: true}
	f.Declare(pooltest.PoolID, p)
	if a := b.Get("/signup?" + pooltest.AuthorizeQuery(nil)); a.Status != 400 {
		t.Errorf("sign-up is closed: %d", a.Status)
	}
	if a := b.Get("/login?" + pooltest.AuthorizeQuery(nil)); strings.Contains(a.Body, "/signup") {
		t.Error("the sign-in page offers a sign-up that is closed")
	}
}

func TestForgottenPasswordOnThePages(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	nobody := b.Submit(b.Get("/forgotPassword?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": "nobody"})
	page := b.Submit(b.Get("/forgotPassword?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": "demouser"})
	if nobody.Status != page.Status || page.Status != 200 {
		t.Fatalf("%d and %d", nobody.Status, page.Status)
	}
	differ := b.Submit(page, map[string]string{"code": f.LastMail().Code, "password": "anotherPASS1", "confirm": "anotherPASS2"})
	if differ.Status != 400 || !strings.Contains(differ.Body, "differ") {
		t.Errorf("%d %s", differ.Status, differ.Body)
	}
	to := b.Submit(differ, map[string]string{"code": f.LastMail().Code, "password": "anotherPASS1", "confirm": "anotherPASS1"}).Location(t)
	if a := b.Submit(b.Get(to.String()), map[string]string{"username": "demouser", "password": "anotherPASS1"}); a.Status != 302 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestTemporaryPasswordOnThePages(t *testing.T) {
	f := pooltest.New(t)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1"})
	b := f.Browser()
	page := b.Submit(b.Get("/login?"+pooltest.AuthorizeQuery(nil)), map[string]string{"username": "fresh", "password": "temporaryPASS1"})
	if page.Status != 200 || !strings.Contains(page.Body, "changePassword") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if a := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})); a.Location(t).Query().Get("error") != "login_required" {
		t.Error("a temporary password alone signs in")
	}
	weak := b.Submit(page, map[string]string{"password": "weak", "confirm": "weak"})
	if weak.Status != 400 || !strings.Contains(weak.Body, "not long enough") {
		t.Fatalf("%d %s", weak.Status, weak.Body)
	}
	to := b.Submit(weak, map[string]string{"password": "chosenPASS1", "confirm": "chosenPASS1"}).Location(t)
	if a := b.Post("/oauth2/token", pooltest.TokenForm(to.Query().Get("code"), nil)); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	late := b.Submit(weak, map[string]string{"password": "chosenPASS2", "confirm": "chosenPASS2"})
	if late.Status != 400 || !strings.Contains(late.Body, "Sign in again") {
		t.Errorf("%d %s", late.Status, late.Body)
	}
}

func TestSessionOfAChangedUser(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	b.Code(nil)
	old := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "demouser", Password: pooltest.Password}
	off := false
	f.Update(func(tx *store.Tx) error {
		return f.Pools.UserDeclared(tx, "", &old, &userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "demouser", Password: pooltest.Password, Enabled: &off})
	})
	if got := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t).Query().Get("error"); got != "login_required" {
		t.Error("a disabled user's session is still good")
	}
}
