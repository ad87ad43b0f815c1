package userpool_test

import (
	"maps"
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

func oidcDetails(change map[string]string) map[string]string {
	d := map[string]string{
		"client_id": "id", "client_secret": "hidden", "authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": "https://idp.example.com",
	}
	maps.Copy(d, change)
	maps.DeleteFunc(d, func(_, value string) bool { return value == "" })
	return d
}

func TestIdentityProvidersAreChecked(t *testing.T) {
	f := pooltest.New(t)
	type P = userpool.IdentityProvider
	oidc := func(change map[string]string) P {
		return P{Name: "Corporate", Type: "OIDC", Details: oidcDetails(change)}
	}
	google := func(more map[string]string) P {
		d := map[string]string{"client_id": "id", "client_secret": "hidden", "authorize_scopes": "openid email"}
		maps.Copy(d, more)
		return P{Name: "Google", Type: "Google", Details: d}
	}
	with := func(p P, change func(*P)) P { change(&p); return p }
	for _, c := range []struct {
		story string
		p     P
		want  string // "" for one that is taken
	}{
		{"OIDC", oidc(nil), ""},
		{"OIDC on loopback", oidc(map[string]string{"oidc_issuer": "http://localhost:8080/realms/a"}), ""},
		{"OIDC with every address", oidc(map[string]string{"authorize_url": "https://a.example/", "token_url": "https://b.example/", "attributes_url": "https://c.example/", "jwks_uri": "https://d.example/"}), ""},
		{"Google", google(nil), ""},
		{"Google as AWS says it", google(map[string]string{"oidc_issuer": "https://accounts.google.com", "token_request_method": "POST"}), ""},
		{"SAML", P{Name: "Entra", Type: "SAML", Details: map[string]string{"MetadataURL": "https://idp.example.com/"}}, ""},
		{"another type", P{Name: "Facebook", Type: "Facebook"}, "supported are Google, OIDC and SAML"},
		{"Google of another address", google(map[string]string{"token_url": "https://evil.example/"}), "of Google it is"},
		{"Google by another name", with(google(nil), func(p *P) { p.Name = "Gugel" }), "is called Google"},
		{"a name with an underscore", with(oidc(nil), func(p *P) { p.Name = "Corp_orate" }), "providerName"},
		{"the pool's own name", with(oidc(nil), func(p *P) { p.Name = "COGNITO" }), "not COGNITO"},
		{"no secret", oidc(map[string]string{"client_secret": ""}), "providerDetails.client_secret: it is required"},
		{"http elsewhere", oidc(map[string]string{"oidc_issuer": "http://idp.example.com"}), "http is legal on loopback alone"},
		{"an address with a password", oidc(map[string]string{"token_url": "https://a:b@idp.example.com/"}), "a user, a password"},
		{"without openid", oidc(map[string]string{"authorize_scopes": "email"}), "does not have openid"},
		{"another method", oidc(map[string]string{"attributes_request_method": "PUT"}), "attributes_request_method"},
		{"a detail that nobody knows", oidc(map[string]string{"tenant": "x"}), "it knows client_id"},
		{"an attribute that the pool lacks", with(oidc(nil), func(p *P) { p.AttributeMapping = map[string]string{"custom:x": "x"} }), `no attribute "custom:x"`},
		{"the sub", with(oidc(nil), func(p *P) { p.AttributeMapping = map[string]string{"sub": "x"} }), `no attribute "sub"`},
		{"a username of another claim", with(oidc(nil), func(p *P) { p.AttributeMapping = map[string]string{"username": "email"} }), "the username comes from sub"},
		{"an identifier twice", with(oidc(nil), func(p *P) { p.Identifiers = []string{"a", "a"} }), "each once"},
		{"SAML without metadata", P{Name: "Entra", Type: "SAML"}, "MetadataURL or MetadataFile"},
		{"another pool", with(oidc(nil), func(p *P) { p.UserPoolID = "us-west-2_None" }), "does not exist"},
	} {
		if c.p.UserPoolID == "" {
			c.p.UserPoolID = pooltest.PoolID
		}
		err := f.Store.Update(func(tx *store.Tx) error { return f.Pools.IdentityProviderDeclared(tx, "id", c.p) })
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.story, err, c.want)
		case err != nil && strings.Contains(err.Error(), "hidden"):
			t.Errorf("%s: the secret is in the error", c.story)
		}
	}
	p := oidc(nil)
	p.UserPoolID, p.Identifiers = pooltest.PoolID, []string{"one.example.com"}
	f.DeclareProvider(p)
	p.Name = "Another"
	err := f.Store.Update(func(tx *store.Tx) error { return f.Pools.IdentityProviderDeclared(tx, "another", p) })
	if err == nil || !strings.Contains(err.Error(), "DuplicateProviderException") {
		t.Errorf("an identifier of another provider: %v", err)
	}
	c := pooltest.Client()
	c.SupportedIdentityProviders = []string{"COGNITO", "Nobody"}
	err = f.Store.Update(func(tx *store.Tx) error { return f.Pools.ClientDeclared(tx, "c", &c) })
	if err == nil || !strings.Contains(err.Error(), "The provider Nobody does not exist for User Pool "+pooltest.PoolID) {
		t.Errorf("a client of a provider that is not there: %v", err)
	}
}

// What is wrong with an address is said without the password in it.
func TestErrorsOfAddressesShowNoPassword(t *testing.T) {
	for _, address := range []string{"https://robot:hunter2@idp.example.com/", "http://robot:hunter2@idp.example.com/", "https://robot:hunter2@idp.example.com:port/", "robot:hunter2@idp.example.com", "https://idp.example.com/%zz?hunter2@"} {
		for _, name := range []string{"oidc_issuer", "authorize_url", "token_url", "attributes_url", "jwks_uri"} {
			err := userpool.CheckIdentityProvider(userpool.IdentityProvider{Name: "Corporate", Type: "OIDC", Details: oidcDetails(map[string]string{name: address})})
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "providerDetails."+name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
