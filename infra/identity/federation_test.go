package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/userpool/jwt"
)

const poolSecret = "s3cret-between-the-two"

// corporate is an OpenID Connect provider on loopback, where ada is signed in.
type corporate struct {
	*httptest.Server
	t   *testing.T
	key *jwt.Key

	mu        sync.Mutex
	now       func() time.Time
	asked     map[string]url.Values // by code
	redirects []string              // where it was asked to send people to
}

func newCorporate(t *testing.T) *corporate {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwt.ParseKey(der)
	if err != nil {
		t.Fatal(err)
	}
	c := &corporate{t: t, key: key, asked: map[string]url.Values{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *corporate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			c.t.Errorf("answering %s: %v", r.URL.Path, err)
		}
	}
	ada := m{"sub": "ada-at-corporate", "email": "ada@corporate.example", "name": "Ada L"}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(200, m{"issuer": c.URL, "authorization_endpoint": c.URL + "/authorize", "token_endpoint": c.URL + "/token", "userinfo_endpoint": c.URL + "/userinfo",
			"jwks_uri": c.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"RS256"}})
	case "/jwks":
		if _, err := w.Write(c.key.JWKS()); err != nil {
			c.t.Error(err)
		}
	case "/authorize":
		q, code := r.URL.Query(), rand.Text()
		c.asked[code] = q
		c.redirects = append(c.redirects, q.Get("redirect_uri"))
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	case "/token":
		q, known := c.asked[r.PostFormValue("code")]
		delete(c.asked, r.PostFormValue("code"))
		if !known || r.PostFormValue("client_id") != "pool" || r.PostFormValue("client_secret") != poolSecret {
			answer(400, m{"error": "invalid_grant"})
			return
		}
		claims := m{"iss": c.URL, "aud": "pool", "sub": ada["sub"], "iat": c.now().Unix(), "exp": c.now().Add(time.Minute).Unix()}
		if nonce := q.Get("nonce"); nonce != "" {
			claims["nonce"] = nonce
		}
		id, err := c.key.Sign(claims)
		if err != nil {
			c.t.Error(err)
		}
		answer(200, m{"access_token": "ada's", "token_type": "Bearer", "expires_in": 60, "id_token": id})
	case "/userinfo":
		answer(200, ada)
	default:
		http.NotFound(w, r)
	}
}

// Who has an account elsewhere signs in with it, gets what the settings map, and calls
// what everybody may who has signed in. With a secret that the provider does not know,
// nobody does.
func TestPeopleSignInWithAnAccountElsewhere(t *testing.T) {
	provider := newCorporate(t)
	for secret, signsIn := range map[string]bool{poolSecret: true, "another": false} {
		settings := with(t, m{"providers": m{"Corporate": m{"type": "OIDC", "clientId": "pool", "issuer": provider.URL, "attributeMapping": m{"name": "name"}}}},
			iamRoute("/all", "authenticated"))
		settings["providerSecrets"] = m{"Corporate": secret}
		s := awstest.Deploy(t, settings)
		provider.mu.Lock()
		provider.now = s.AWS.Now
		provider.mu.Unlock()

		const verifier = "a-verifier-of-at-least-forty-three-characters-1"
		callback := s.Outputs.WebURL
		sum := sha256.Sum256([]byte(verifier))
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		errThere := errors.New("the callback is reached")
		browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), callback) {
				return errThere
			}
			return nil
		}}
		resp, err := browser.Get(s.Outputs.HostedUIURL + "/oauth2/authorize?" + url.Values{
			"client_id": {s.Outputs.UserPoolClientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email profile"}, "state": {"mine"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "identity_provider": {"Corporate"},
		}.Encode())
		if !errors.Is(err, errThere) {
			t.Fatalf("the browser does not come back: %v %v", resp, err)
		}
		resp.Body.Close()
		back, err := url.Parse(resp.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if !signsIn {
			if back.Query().Get("code") != "" || back.Query().Get("error") == "" {
				t.Errorf("with a wrong secret the browser is at %s", back)
			}
			continue
		}
		if last := provider.redirects[len(provider.redirects)-1]; last != s.Outputs.IdentityProviderURL {
			t.Errorf("the provider was asked to lead to %s, and the output says %s", last, s.Outputs.IdentityProviderURL)
		}
		var tokens struct {
			IDToken     string `json:"id_token"`
			AccessToken string `json:"access_token"`
		}
		post(t, s, url.Values{"grant_type": {"authorization_code"}, "client_id": {s.Outputs.UserPoolClientID}, "redirect_uri": {callback},
			"code": {back.Query().Get("code")}, "code_verifier": {verifier}}, "", "", &tokens)
		claims, err := s.AWS.UserPools.VerifyToken(s.Outputs.UserPoolID, tokens.IDToken)
		if err != nil || claims.Username != "Corporate_ada-at-corporate" || claims.All["email"] != "ada@corporate.example" || claims.All["name"] != "Ada L" {
			t.Fatalf("the claims are %v, %v", claims.All, err)
		}
		identity, err := s.Directory().Credentials(t.Context(), tokens.IDToken)
		if err != nil {
			t.Fatal(err)
		}
		if answer := (&awstest.Caller{Stack: s, Identity: identity, APIKey: s.Outputs.APIKey}).Get("/all"); answer.Status != 200 {
			t.Errorf("ada gets %s", answer)
		}
	}
}

// post asks the token endpoint, with a client's secret where there is one.
func post(t *testing.T, s *awstest.Stack, form url.Values, id, secret string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Outputs.HostedUIURL+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		req.SetBasicAuth(id, secret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// A program calls by its own client what its scopes open, and nothing else; people's
// tokens do not open it.
func TestMachinesCallByTheirScopes(t *testing.T) {
	scoped := func(path, scope string) m {
		return m{"method": "GET", "path": path, "function": "require-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []string{scope}}
	}
	s := awstest.Deploy(t, with(t, m{
		"resourceServers": m{"orders": m{"scopes": m{"read": "Reads orders", "write": "Changes orders"}}},
		"machineClients":  m{"batch": m{"scopes": []string{"orders/read"}}},
	}, scoped("/read", "orders/read"), scoped("/write", "orders/write")))
	batch := s.Outputs.MachineClients["batch"]
	var granted struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"orders/read"}}
	if status := post(t, s, form, batch.ID, batch.Secret, &granted); status != 200 || granted.AccessToken == "" {
		t.Fatalf("asking for tokens: %d %s", status, granted.Error)
	}
	call := func(path, token string) int {
		nobody := s.Nobody()
		req := nobody.Request("GET", path, "")
		req.Header.Set("Authorization", token)
		return nobody.Send(req).Status
	}
	people := s.As(s.Outputs.DemoUser).Tokens.Access
	for _, c := range []struct {
		path, token string
		want        int
	}{{"/read", granted.AccessToken, 200}, {"/write", granted.AccessToken, 401}, {"/read", people, 401}} {
		if got := call(c.path, c.token); got != c.want {
			t.Errorf("%s answers %d, want %d", c.path, got, c.want)
		}
	}
	for name, c := range map[string]struct{ scope, secret string }{"another scope": {"orders/write", batch.Secret}, "another secret": {"orders/read", "guessed"}} {
		var refused struct {
			Error string `json:"error"`
		}
		if status := post(t, s, url.Values{"grant_type": {"client_credentials"}, "scope": {c.scope}}, batch.ID, c.secret, &refused); status != 400 || refused.Error == "" {
			t.Errorf("with %s: %d %s", name, status, refused.Error)
		}
	}
}
