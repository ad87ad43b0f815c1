package pooltest

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/jwt"
)

// The fixture's identity provider, as a pool declares it.
const (
	ProviderName   = "Corporate"
	ProviderClient = "pool-at-corporate"
	ProviderSecret = "s3cret-of-the-pool"
)

// OpenIDProvider is an OpenID Connect provider on loopback. Claims are those of the
// user who is signed in there; Token and UserInfo may change what it gives out, and
// Answer may take over a path altogether.
type OpenIDProvider struct {
	*httptest.Server
	f *Fixture

	mu       sync.Mutex
	Claims   map[string]any
	Token    func(claims map[string]any) // of the ID token
	UserInfo func(claims map[string]any) // of the user info
	Answer   map[string]http.HandlerFunc // by path
	Key      *jwt.Key                    // signs; the JWKS has another when Published is set
	keys     *jwt.Key                    // published
	codes    map[string]url.Values       // what a code was asked for with
	Asked    []string                    // the paths of requests
}

// OpenIDProvider starts a provider whose users have these claims.
func (f *Fixture) OpenIDProvider(claims map[string]any) *OpenIDProvider {
	f.T.Helper()
	p := &OpenIDProvider{f: f, Claims: claims, Answer: map[string]http.HandlerFunc{}, codes: map[string]url.Values{}}
	p.keys = p.key(0)
	p.Key = p.keys
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	f.T.Cleanup(p.Close)
	return p
}

// OtherKey is a key that the provider does not publish.
func (p *OpenIDProvider) OtherKey() *jwt.Key { return p.key(1) }

func (p *OpenIDProvider) key(i int) *jwt.Key {
	p.f.T.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(Keys()[i])
	if err != nil {
		p.f.T.Fatal(err)
	}
	key, err := jwt.ParseKey(der)
	if err != nil {
		p.f.T.Fatal(err)
	}
	return key
}

// Declaration is the provider as the fixture's pool declares it.
func (p *OpenIDProvider) Declaration() userpool.IdentityProvider {
	return userpool.IdentityProvider{
		UserPoolID: PoolID, Name: ProviderName, Type: userpool.ProviderOIDC,
		Details: map[string]string{
			"client_id": ProviderClient, "client_secret": ProviderSecret, "authorize_scopes": "openid email profile",
			"attributes_request_method": "GET", "oidc_issuer": p.URL,
		},
		AttributeMapping: map[string]string{"username": "sub", "email": "email", "given_name": "given_name"},
		Identifiers:      []string{"corporate.example.com"},
	}
}

// DeclareProvider declares an identity provider, and a client of the pool that has it
// besides the pool's own users.
func (f *Fixture) DeclareProvider(v userpool.IdentityProvider) {
	f.T.Helper()
	f.Update(func(tx *store.Tx) error {
		id := v.UserPoolID + ":" + v.Name
		if err := f.Pools.IdentityProviderDeclared(tx, id, v); err != nil {
			return err
		}
		return userpool.IdentityProviders.Put(tx, id, v)
	})
	c := Client()
	c.SupportedIdentityProviders = []string{"COGNITO", v.Name}
	f.DeclareClient(ClientID, c)
}

// Set changes the provider while it runs.
func (p *OpenIDProvider) Set(change func(*OpenIDProvider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *OpenIDProvider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Asked = append(p.Asked, r.URL.Path)
	if answer := p.Answer[r.URL.Path]; answer != nil {
		answer(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.json(w, 200, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case "/jwks":
		_, _ = w.Write(p.keys.JWKS())
	case "/authorize": // the user is signed in and agrees
		q := r.URL.Query()
		code := fmt.Sprintf("code-%d", len(p.codes))
		p.codes[code] = q
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	case "/token":
		p.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access-token" {
			p.json(w, 401, map[string]any{"error": "invalid_token"})
			return
		}
		claims := maps.Clone(p.Claims)
		if p.UserInfo != nil {
			p.UserInfo(claims)
		}
		p.json(w, 200, claims)
	default:
		http.NotFound(w, r)
	}
}

func (p *OpenIDProvider) token(w http.ResponseWriter, r *http.Request) {
	form := func(name string) string { return r.PostFormValue(name) }
	q, known := p.codes[form("code")]
	delete(p.codes, form("code"))
	if !known || form("client_id") != ProviderClient || form("client_secret") != ProviderSecret || form("redirect_uri") != q.Get("redirect_uri") {
		p.json(w, 400, map[string]any{"error": "invalid_grant", "error_description": "the code is no good"})
		return
	}
	now := p.f.Clock()
	claims := map[string]any{"iss": p.URL, "aud": ProviderClient, "sub": p.Claims["sub"], "nonce": q.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	if p.Token != nil {
		p.Token(claims)
	}
	id, err := p.Key.Sign(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.json(w, 200, map[string]any{"access_token": "access-token", "token_type": "Bearer", "expires_in": 300, "id_token": id})
}

func (p *OpenIDProvider) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Federate signs in at the provider: to it, there, and back. It returns where the
// browser is led in the end.
func (b *Browser) Federate(change m) *url.URL {
	b.T.Helper()
	if change == nil {
		change = m{"identity_provider": ProviderName}
	}
	there := b.Get("/oauth2/authorize?" + AuthorizeQuery(change)).Location(b.T)
	if !strings.HasPrefix(there.String(), "http") || there.Host == "localhost:3000" {
		return there
	}
	back := b.Get(there.String()).Location(b.T)
	return b.Get(back.String()).Location(b.T)
}
