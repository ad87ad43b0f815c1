package hosted_test

import (
	"encoding/json"
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

// ada is a user at the provider.
func ada() m {
	return m{"sub": "248289761001", "email": "ada@corporate.example.com", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace"}
}

const adasName = pooltest.ProviderName + "_248289761001"

func federated(t *testing.T) (*pooltest.Fixture, *pooltest.OpenIDProvider) {
	t.Helper()
	f := pooltest.New(t)
	p := f.OpenIDProvider(ada())
	f.DeclareProvider(p.Declaration())
	return f, p
}

// tokens changes the code of a callback for tokens.
func tokens(t *testing.T, b *pooltest.Browser, to *url.URL) m {
	t.Helper()
	if to.Query().Get("code") == "" || to.Host != "localhost:3000" {
		t.Fatalf("no code: %s", to)
	}
	a := b.Post("/oauth2/token", pooltest.TokenForm(to.Query().Get("code"), nil))
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a.JSON(t)
}

func user(t *testing.T, f *pooltest.Fixture, name string) (userpool.UserView, bool) {
	t.Helper()
	users, err := f.Pools.Inspect(pooltest.PoolID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(users, func(u userpool.UserView) bool { return u.Username == name })
	if i < 0 {
		return userpool.UserView{}, false
	}
	return users[i], true
}

func TestFederatedSignInFromStartToEnd(t *testing.T) {
	f, p := federated(t)
	b := f.Browser()
	page := b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
	if !strings.Contains(page.Body, "Continue with "+pooltest.ProviderName) || !strings.Contains(page.Body, `name="password"`) {
		t.Fatalf("the page has not both ways to sign in:\n%s", page.Body)
	}
	there := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": pooltest.ProviderName})).Location(t)
	q := there.Query()
	if !strings.HasPrefix(there.String(), p.URL+"/authorize?") || q.Get("client_id") != pooltest.ProviderClient || q.Get("scope") != "openid email profile" ||
		q.Get("response_type") != "code" || q.Get("redirect_uri") != b.Absolute("/oauth2/idpresponse") || q.Get("nonce") == "" || strings.Contains(there.String(), pooltest.ProviderSecret) {
		t.Fatalf("to %s", there)
	}
	if hint := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": pooltest.ProviderName, "login_hint": "ada"})).Location(t).Query().Get("login_hint"); hint != "ada" || q.Has("login_hint") {
		t.Errorf("the hint is %q", hint)
	}
	to := b.Federate(nil)
	if to.Query().Get("state") != "s t&te" || to.Query().Get("kept") != "1" {
		t.Errorf("to %s", to)
	}
	set := tokens(t, b, to)
	id, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	identities, _ := id.All["identities"].([]any)
	if len(identities) != 1 {
		t.Fatalf("identities = %v", id.All["identities"])
	}
	one := identities[0].(m)
	if one["userId"] != "248289761001" || one["providerName"] != pooltest.ProviderName || one["providerType"] != "OIDC" || one["primary"] != "true" || one["issuer"] != nil {
		t.Errorf("identities = %v", one)
	}
	if id.Username != adasName || id.All["email"] != "ada@corporate.example.com" || id.All["email_verified"] != false || id.All["nonce"] != "n0nce" ||
		!slices.Equal(id.Groups, []string{pooltest.PoolID + "_" + pooltest.ProviderName}) {
		t.Errorf("%v", id.All)
	}
	u, _ := user(t, f, adasName)
	if u.Status != "EXTERNAL_PROVIDER" || u.Attributes["given_name"] != "Ada" || u.Attributes["family_name"] != "" {
		t.Errorf("%+v", u)
	}
	// Refreshed, and asked about.
	again := b.Post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {pooltest.ClientID}, "refresh_token": {set["refresh_token"].(string)}})
	if again.Status != 200 || again.JSON(t)["id_token"] == nil {
		t.Errorf("refreshing: %d %s", again.Status, again.Body)
	}
	if info := pooltest.UserInfo(b, set["access_token"].(string)).JSON(t); info["username"] != adasName || !strings.Contains(info["identities"].(string), `"providerName":"`+pooltest.ProviderName+`"`) {
		t.Errorf("userInfo: %v", info)
	}
	// The browser is signed in now, also by idp_identifier; another provider's name would ask again.
	for _, change := range []m{{}, {"identity_provider": pooltest.ProviderName}, {"idp_identifier": "corporate.example.com"}} {
		if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(change)).Location(t); to.Query().Get("code") == "" {
			t.Errorf("%v leads to %s", change, to)
		}
	}
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": "COGNITO"})).Location(t); !strings.HasSuffix(to.Path, "/login") {
		t.Errorf("the pool's own users are asked for, and it leads to %s", to)
	}
	// Signed out, the provider is asked again, and what it says by now is taken over.
	b.Get("/logout?" + url.Values{"client_id": {pooltest.ClientID}, "logout_uri": {pooltest.SignOut}}.Encode())
	p.Set(func(p *pooltest.OpenIDProvider) {
		p.Claims["email"], p.Claims["given_name"] = "countess@corporate.example.com", "Augusta"
	})
	tokens(t, b, b.Federate(m{"idp_identifier": "corporate.example.com"}))
	if next, _ := user(t, f, adasName); next.Sub != u.Sub || next.Attributes["email"] != "countess@corporate.example.com" || next.Attributes["given_name"] != "Augusta" {
		t.Errorf("%+v", next)
	}
}

// Whatever is wrong with what the provider says leads back to the client with an
// error, and never to a user.
func TestProvidersThatAreNotBelieved(t *testing.T) {
	type op = pooltest.OpenIDProvider
	claim := func(name string, value any) func(*op) {
		return func(p *op) {
			p.Token = func(c map[string]any) {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
		}
	}
	answer := func(path string, status int, body string) func(*op) {
		return func(p *op) {
			p.Answer[path] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			}
		}
	}
	for _, c := range []struct {
		story  string
		change func(*op)
		want   string // error
		says   string // in error_description
	}{
		{"another key", func(p *op) { p.Key = p.OtherKey() }, "invalid_request", "ID token is not valid"},
		{"another issuer", claim("iss", "https://evil.example"), "invalid_request", "ID token is not valid"},
		{"another client's token", claim("aud", "another"), "invalid_request", "ID token is not valid"},
		{"two audiences and no azp", claim("aud", []string{pooltest.ProviderClient, "another"}), "invalid_request", "ID token is not valid"},
		{"another authorized party", claim("azp", "another"), "invalid_request", "ID token is not valid"},
		{"another nonce", claim("nonce", "another"), "invalid_request", "ID token is not valid"},
		{"no nonce", claim("nonce", nil), "invalid_request", "ID token is not valid"},
		{"expired", claim("exp", 1), "invalid_request", "ID token is not valid"},
		{"no expiry", claim("exp", nil), "invalid_request", "ID token is not valid"},
		{"no subject", claim("sub", nil), "invalid_request", "ID token is not valid"},
		{"another access token", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "invalid_request", "ID token is not valid"},
		{"no ID token", answer("/token", 200, `{"access_token":"access-token","token_type":"Bearer"}`), "invalid_request", "ID token is not valid"},
		{"no signature", answer("/token", 200, `{"access_token":"access-token","token_type":"Bearer","id_token":"eyJhbGciOiJub25lIn0.e30."}`), "invalid_request", "ID token is not valid"},
		{"the code is refused", answer("/token", 400, `{"error":"invalid_grant","error_description":"used up"}`), "invalid_request", "Corporate Error - 400 invalid_grant used up"},
		{"the token endpoint leads elsewhere", func(p *op) {
			p.Answer["/token"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
		}, "server_error", "token endpoint"},
		{"user info of somebody else", func(p *op) { p.UserInfo = func(c map[string]any) { c["sub"] = "another" } }, "invalid_request", "another user"},
		{"user info fails", answer("/userinfo", 503, `{}`), "server_error", "user info"},
		{"user info is no object", answer("/userinfo", 200, `[]`), "server_error", "user info"},
		{"user info without end", answer("/userinfo", 200, `{"sub":"`+strings.Repeat("x", 2<<20)+`"}`), "server_error", "user info"},
		{"no keys", answer("/jwks", 500, ``), "invalid_request", "ID token is not valid"},
		{"the subject cannot be a name", func(p *op) { p.Claims["sub"] = "with space" }, "invalid_request", "username"},
		{"an address that is none", func(p *op) { p.Claims["email"] = "nobody" }, "invalid_request", "Invalid email"},
		{"a value that is too long", func(p *op) { p.Claims["given_name"] = strings.Repeat("x", 3000) }, "invalid_request", "user.given_name"},
	} {
		t.Run(c.story, func(t *testing.T) {
			f, p := federated(t)
			p.Set(c.change)
			b := f.Browser()
			to := b.Federate(nil)
			q := to.Query()
			if to.Host != "localhost:3000" || q.Get("error") != c.want || !strings.Contains(q.Get("error_description"), c.says) || q.Get("state") != "s t&te" || q.Get("code") != "" {
				t.Errorf("it leads to %s, want %s %q", to, c.want, c.says)
			}
			if _, there := user(t, f, adasName); there {
				t.Error("there is a user")
			}
			decision, reason := f.Reason()
			if decision != "deny" || strings.Contains(reason, pooltest.ProviderSecret) || strings.Contains(reason, "access-token") || strings.Contains(reason, "code-0") {
				t.Errorf("the record says %s: %s", decision, reason)
			}
		})
	}
}

func TestProvidersThatSayNoOrNothing(t *testing.T) {
	f, p := federated(t)
	b := f.Browser()
	begin := func() url.Values {
		t.Helper()
		return b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": pooltest.ProviderName})).Location(t).Query()
	}
	for _, c := range []struct{ answer, want, says string }{
		{"error=access_denied&error_description=the+user+cancelled", "access_denied", "Corporate Error - access_denied the user cancelled"},
		{"error=made_up", "invalid_request", "made_up"},
		{"nothing=1", "invalid_request", "gave no code"},
		{"code=", "invalid_request", "gave no code"},
		{"code=a&code=b", "invalid_request", "gave no code"},
	} {
		to := b.Get("/oauth2/idpresponse?" + c.answer + "&state=" + begin().Get("state")).Location(t)
		if q := to.Query(); to.Host != "localhost:3000" || q.Get("error") != c.want || !strings.Contains(q.Get("error_description"), c.says) || q.Get("state") != "s t&te" {
			t.Errorf("%s leads to %s", c.answer, to)
		}
	}
	p.Close()
	if to := b.Federate(nil); to.Host != "localhost:3000" || to.Query().Get("error") != "server_error" || to.Query().Get("state") != "s t&te" {
		t.Errorf("a provider that is gone leads to %s", to)
	}
}

// An issuer must name itself, and addresses that a request may go to.
func TestDiscoveryIsChecked(t *testing.T) {
	for story, change := range map[string]func(m){
		"another issuer":             func(c m) { c["issuer"] = "https://evil.example" },
		"http elsewhere":             func(c m) { c["token_endpoint"] = "http://evil.example/token" },
		"no token endpoint":          func(c m) { delete(c, "token_endpoint") },
		"an address that is no URL":  func(c m) { c["jwks_uri"] = "file:///etc/passwd" },
		"an address with a password": func(c m) { c["authorization_endpoint"] = "https://a:b@evil.example/" },
	} {
		f, p := federated(t)
		p.Set(func(p *pooltest.OpenIDProvider) {
			p.Answer["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
				c := m{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks"}
				change(c)
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(c)
			}
		})
		if to := f.Browser().Federate(nil); to.Host != "localhost:3000" || to.Query().Get("error") != "server_error" {
			t.Errorf("%s leads to %s", story, to)
		}
	}
	// Where all endpoints are declared, the issuer is not asked.
	f, p := federated(t)
	d := p.Declaration()
	for name, path := range map[string]string{"authorize_url": "/authorize", "token_url": "/token", "attributes_url": "/userinfo", "jwks_uri": "/jwks"} {
		d.Details[name] = p.URL + path
	}
	f.DeclareProvider(d)
	b := f.Browser()
	tokens(t, b, b.Federate(nil))
	if slices.Contains(p.Asked, "/.well-known/openid-configuration") {
		t.Error("the issuer was asked")
	}
}

func TestAStateIsOnesOwnAndGoodOnce(t *testing.T) {
	f, _ := federated(t)
	b, mallory := f.Browser(), f.Browser()
	begin := func(b *pooltest.Browser) string {
		t.Helper()
		there := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": pooltest.ProviderName, "prompt": "login"})).Location(t)
		return b.Get(there.String()).Header.Get("Location")
	}
	back := begin(b)
	refused := func(story string, a pooltest.Answer) {
		t.Helper()
		if a.Status != 400 || !strings.Contains(a.Body, "This sign-in cannot go on") || len(a.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: %d %s", story, a.Status, a.Body)
		}
	}
	begin(mallory)
	refused("another browser", mallory.Get(back))
	refused("no cookie", f.Browser().Get(back))
	if to := b.Get(back).Location(t); to.Query().Get("code") == "" {
		t.Fatalf("its own browser is led to %s", to)
	}
	refused("a second time", b.Get(back))
	refused("nonsense", b.Get("/oauth2/idpresponse?code=x&state=bm9uc2Vuc2U"))
	refused("none", b.Get("/oauth2/idpresponse?code=x"))
	late := begin(b)
	f.Advance(10 * time.Minute)
	refused("too late", b.Get(late))
	// The provider is taken back while the user is there.
	back = begin(b)
	c := pooltest.Client()
	c.SupportedIdentityProviders = []string{"COGNITO"}
	f.DeclareClient(pooltest.ClientID, c)
	if to := b.Get(back).Location(t); to.Query().Get("error") != "invalid_request" {
		t.Errorf("a provider that is no longer the client's leads to %s", to)
	}
}

func TestAClientsProvidersAlone(t *testing.T) {
	f, p := federated(t)
	b := f.Browser()
	own := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t)
	page := b.Get(own.String())
	c := pooltest.Client()
	c.SupportedIdentityProviders = []string{pooltest.ProviderName}
	f.DeclareClient(pooltest.ClientID, c)
	if there := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t); !strings.HasPrefix(there.String(), p.URL) {
		t.Errorf("the only provider is not gone to: %s", there)
	}
	if a := b.Submit(page, map[string]string{"username": "demouser", "password": pooltest.Password}); a.Status != 400 || a.Header.Get("Location") != "" {
		t.Errorf("a password: %d %s", a.Status, a.Body)
	}
	for _, path := range []string{"/signup?", "/forgotPassword?", "/confirmUser?"} {
		if a := b.Get(path + pooltest.AuthorizeQuery(nil)); strings.HasPrefix(path, "/signup") && a.Status != 400 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if again := b.Get(own.String()); strings.Contains(again.Body, `name="password"`) {
		t.Error("the page asks for a password")
	}
	for _, change := range []m{{"identity_provider": "COGNITO"}, {"identity_provider": "None"}, {"idp_identifier": "none"}, {"idp_identifier": "corporate.example.com", "identity_provider": pooltest.ProviderName}} {
		if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(change)).Location(t); to.Query().Get("error") != "invalid_request" {
			t.Errorf("%v leads to %s", change, to)
		}
	}
	// A session of the pool's own user is worth nothing to this client.
	f.DeclareClient(pooltest.ClientID, pooltest.Client())
	b.Code(nil)
	f.DeclareClient(pooltest.ClientID, c)
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t); to.Query().Get("error") != "login_required" {
		t.Errorf("another provider's session leads to %s", to)
	}
}

func TestSAMLIsRecordedAlone(t *testing.T) {
	f := pooltest.New(t)
	f.DeclareProvider(userpool.IdentityProvider{UserPoolID: pooltest.PoolID, Name: "Entra", Type: "SAML", Details: map[string]string{"MetadataURL": "https://idp.example.com/metadata"}})
	b := f.Browser()
	page := b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
	if !strings.Contains(page.Body, "Continue with Entra") {
		t.Errorf("%s", page.Body)
	}
	a := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": "Entra"}))
	if a.Status != 501 || !strings.Contains(a.Body, "does not sign in by SAML") || !strings.Contains(a.Body, "/login?") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Another user pool is a provider like any other.
func TestAPoolIsAnotherPoolsProvider(t *testing.T) {
	f := pooltest.New(t)
	const second, secondClient, secondDomain = "us-west-2_Second123", "4second456789abcdefghijklm", "second-domain"
	f.Declare(second, pooltest.Pool())
	c := pooltest.Client()
	c.UserPoolID, c.GenerateSecret, c.CallbackURLs, c.LogoutURLs = second, true, []string{f.Server.URL + "/auth/" + pooltest.Domain + "/oauth2/idpresponse"}, nil
	secret := f.DeclareClient(secondClient, c).ClientSecret
	f.Update(func(tx *store.Tx) error {
		return userpool.Domains.Put(tx, secondDomain, userpool.Domain{Domain: secondDomain, UserPoolID: second})
	})
	grace := f.DeclareUser(userpool.DeclaredUser{UserPoolID: second, Username: "grace", Password: pooltest.Password, MessageAction: "SUPPRESS", Attributes: map[string]string{"email": "grace@navy.example.com"}})
	base := f.Server.URL + "/auth/" + secondDomain
	f.DeclareProvider(userpool.IdentityProvider{
		UserPoolID: pooltest.PoolID, Name: "Second", Type: "OIDC", AttributeMapping: map[string]string{"username": "sub", "email": "email"},
		Details: map[string]string{
			"client_id": secondClient, "client_secret": secret, "authorize_scopes": "openid email", "attributes_request_method": "GET",
			"oidc_issuer": f.Pools.Issuer(second), "authorize_url": base + "/oauth2/authorize", "token_url": base + "/oauth2/token",
			"attributes_url": base + "/oauth2/userInfo", "jwks_uri": f.Server.URL + "/" + second + "/.well-known/jwks.json",
		},
	})
	b := f.Browser()
	there := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": "Second"})).Location(t)
	page := b.Get(f.Server.URL + b.Get(there.String()).Location(t).String())
	back := b.Submit(page, map[string]string{"username": "grace", "password": pooltest.Password}).Location(t)
	set := tokens(t, b, b.Get(back.String()).Location(t))
	id, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
	if err != nil || id.Username != "Second_"+grace.Sub || id.All["email"] != "grace@navy.example.com" {
		t.Errorf("%v %v", id.All, err)
	}
}

// Whatever comes back as from a provider, nobody is signed in by it.
func FuzzIDPResponse(f *testing.F) {
	pool := pooltest.New(f)
	p := pool.OpenIDProvider(ada())
	pool.DeclareProvider(p.Declaration())
	b := pool.Browser()
	there, err := url.Parse(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"identity_provider": pooltest.ProviderName})).Header.Get("Location"))
	if err != nil {
		f.Fatal(err)
	}
	good, address := there.Query().Get("state"), b.Absolute("/oauth2/idpresponse?")
	f.Add("code", good[:len(good)-2], "")
	f.Add("code", "", "access_denied")
	f.Add("", strings.Repeat("A", 100), "x")
	f.Fuzz(func(t *testing.T, code, state, refusal string) {
		if state == good {
			return
		}
		a, err := b.Client.Get(address + url.Values{"code": {code}, "state": {state}, "error": {refusal}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != 400 || a.Header.Get("Location") != "" || len(a.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%d %s", a.StatusCode, a.Header.Get("Location"))
		}
	})
}
