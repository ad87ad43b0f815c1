package hosted_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

const (
	machineID = "3machine3456789abcdefghijk"
	orders    = "https://orders.example.com"
)

func declareServer(f *pooltest.Fixture, r userpool.ResourceServer) error {
	r.UserPoolID = pooltest.PoolID
	return f.Store.Update(func(tx *store.Tx) error {
		id := r.UserPoolID + "|" + r.Identifier
		if err := userpool.ResourceServers.Put(tx, id, r); err != nil {
			return err
		}
		return f.Pools.ResourceServerDeclared(tx, id, r)
	})
}

func ordersServer(scopes ...string) userpool.ResourceServer {
	r := userpool.ResourceServer{Identifier: orders, Name: "orders"}
	for _, s := range scopes {
		r.Scopes = append(r.Scopes, userpool.ResourceServerScope{Name: s, Description: "to " + s})
	}
	return r
}

func machine(scopes ...string) userpool.Client {
	return userpool.Client{
		Name: "machine", UserPoolID: pooltest.PoolID, GenerateSecret: true, EnableTokenRevocation: true,
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthScopes: scopes,
	}
}

// tryClient declares a client and returns why it was refused.
func tryClient(f *pooltest.Fixture, id string, c userpool.Client) string {
	err := f.Store.Update(func(tx *store.Tx) error {
		if err := f.Pools.ClientDeclared(tx, id, &c); err != nil {
			return err
		}
		return userpool.Clients.Put(tx, id, c)
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestScopesOfClientsMustBeDeclared(t *testing.T) {
	f := pooltest.New(t)
	if err := declareServer(f, ordersServer("read", "write")); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*userpool.Client)) userpool.Client {
		c := machine(orders + "/read")
		change(&c)
		return c
	}
	for _, c := range []struct {
		story  string
		client userpool.Client
		want   string // "" for a client that is taken
	}{
		{"a declared scope", machine(orders + "/read"), ""},
		{"two", machine(orders+"/read", orders+"/write"), ""},
		{"one that nobody declares", machine(orders + "/delete"), "ScopeDoesNotExistException"},
		{"the identifier alone", machine(orders), "ScopeDoesNotExistException"},
		{"another server's", machine("https://else.example.com/read"), "ScopeDoesNotExistException"},
		{"without a secret", with(func(c *userpool.Client) { c.GenerateSecret = false }), "does not have a client secret"},
		{"beside the code flow", with(func(c *userpool.Client) { c.AllowedOAuthFlows = []string{"client_credentials", "code"} }), "along with code flow"},
		{"with openid", machine("openid", orders+"/read"), "custom scopes of resource servers alone"},
		{"without scopes", machine(), "needs one at least"},
		{"the implicit flow", with(func(c *userpool.Client) { c.AllowedOAuthFlows = []string{"implicit"} }), "allowedOauthFlows"},
	} {
		got := tryClient(f, machineID, c.client)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.story, got, c.want)
		}
	}
}

func TestResourceServersAreChecked(t *testing.T) {
	f := pooltest.New(t)
	long := strings.Repeat("x", 257)
	for _, c := range []struct {
		change func(*userpool.ResourceServer)
		want   string
	}{
		{func(r *userpool.ResourceServer) { r.Identifier = "" }, "identifier"},
		{func(r *userpool.ResourceServer) { r.Identifier = "with space" }, "identifier"},
		{func(r *userpool.ResourceServer) { r.Identifier = long }, "identifier"},
		{func(r *userpool.ResourceServer) { r.Name = "" }, "name"},
		{func(r *userpool.ResourceServer) { r.Scopes[0].Name = "a/b" }, "scopes[0].scopeName"},
		{func(r *userpool.ResourceServer) { r.Scopes[1].Name = "read" }, "there already"},
		{func(r *userpool.ResourceServer) { r.Scopes[0].Description = "" }, "scopeDescription"},
		{func(r *userpool.ResourceServer) { r.Scopes = make([]userpool.ResourceServerScope, 101) }, "legal are 100"},
	} {
		r := ordersServer("read", "write")
		c.change(&r)
		if err := declareServer(f, r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	err := f.Store.Update(func(tx *store.Tx) error {
		r := ordersServer("read")
		r.UserPoolID = "us-west-2_None"
		return f.Pools.ResourceServerDeclared(tx, "x", r)
	})
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a pool that is not there: %v", err)
	}
}

// A user's access token has the custom scopes that were asked for, as long as they are declared.
func TestCustomScopesOfUsers(t *testing.T) {
	f := pooltest.New(t)
	if err := declareServer(f, ordersServer("read", "write")); err != nil {
		t.Fatal(err)
	}
	c := pooltest.Client()
	c.AllowedOAuthScopes = append(c.AllowedOAuthScopes, orders+"/read", orders+"/write")
	f.DeclareClient(pooltest.ClientID, c)
	b := f.Browser()
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"scope": "openid " + orders + "/read"}), nil)).JSON(t)
	access, err := f.Pools.VerifyToken(pooltest.PoolID, set["access_token"].(string))
	if err != nil || strings.Join(access.Scopes, " ") != orders+"/read openid" {
		t.Fatalf("%v %v", access.Scopes, err)
	}
	alone := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"scope": orders + "/write", "prompt": "login"}), nil)).JSON(t)
	if alone["id_token"] != nil || alone["access_token"] == nil {
		t.Errorf("custom scopes alone gave %v", alone)
	}
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"scope": orders + "/delete"})).Location(t); to.Query().Get("error") != "invalid_scope" {
		t.Errorf("a scope that the client does not have leads to %s", to)
	}
	// The scope is taken back: it is asked for in vain, and refreshed tokens lose it.
	if err := declareServer(f, ordersServer("write")); err != nil {
		t.Fatal(err)
	}
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"scope": orders + "/read"})).Location(t); to.Query().Get("error") != "invalid_scope" {
		t.Errorf("a scope that was taken back leads to %s", to)
	}
	again := b.Post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {pooltest.ClientID}, "refresh_token": {set["refresh_token"].(string)}}).JSON(t)
	access, err = f.Pools.VerifyToken(pooltest.PoolID, again["access_token"].(string))
	if err != nil || strings.Join(access.Scopes, " ") != "openid" {
		t.Errorf("after the scope was taken back: %v %v", access.Scopes, err)
	}
}

func TestClientCredentials(t *testing.T) {
	f := pooltest.New(t)
	if err := declareServer(f, ordersServer("read", "write")); err != nil {
		t.Fatal(err)
	}
	secret := f.DeclareClient(machineID, machine(orders+"/read", orders+"/write")).ClientSecret
	b := f.Browser()
	ask := func(form url.Values, basic ...string) pooltest.Answer {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, b.Absolute("/oauth2/token"), strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if basic != nil {
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(strings.Join(basic, ":"))))
		}
		return f.Do(http.DefaultClient, r)
	}
	grant := func(more ...string) url.Values {
		v := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	for story, a := range map[string]pooltest.Answer{
		"by Basic":    ask(grant(), machineID, secret),
		"in the body": ask(grant("client_id", machineID, "client_secret", secret)),
	} {
		set := a.JSON(t)
		if a.Status != 200 || set["id_token"] != nil || set["refresh_token"] != nil || set["token_type"] != "Bearer" || set["expires_in"] != 3600.0 {
			t.Fatalf("%s: %d %s", story, a.Status, a.Body)
		}
		claims, err := f.Pools.VerifyToken(pooltest.PoolID, set["access_token"].(string))
		if err != nil || claims.Subject != machineID || claims.ClientID != machineID || claims.TokenUse != "access" || claims.Username != "" ||
			strings.Join(claims.Scopes, " ") != orders+"/read "+orders+"/write" || claims.All["username"] != nil {
			t.Errorf("%s: %v %v", story, claims.All, err)
		}
	}
	if _, over, err := f.Pools.Refreshable(); err != nil || over(userpool.Issued{UserPoolID: pooltest.PoolID, ClientID: machineID, Sub: machineID, Use: "access"}) {
		t.Errorf("testers are told that the token is revoked: %v", err)
	}
	one := ask(grant("scope", orders+"/write"), machineID, secret).JSON(t)
	token, _ := one["access_token"].(string)
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, token)
	if err != nil || strings.Join(claims.Scopes, " ") != orders+"/write" {
		t.Errorf("%v %v", claims.Scopes, err)
	}
	// The token is no user's.
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": token}), "NotAuthorizedException", "Access Token does not have required scopes")
	if a := pooltest.UserInfo(b, token); a.Status != 401 {
		t.Errorf("userInfo: %d %s", a.Status, a.Body)
	}
	confidential := pooltest.Client()
	confidential.GenerateSecret = true
	const other = "2other23456789abcdefghijkl"
	otherSecret := f.DeclareClient(other, confidential).ClientSecret
	for _, c := range []struct {
		story string
		a     pooltest.Answer
		want  string
	}{
		{"a wrong secret", ask(grant(), machineID, secret+"x"), "invalid_client"},
		{"no secret", ask(grant("client_id", machineID)), "invalid_client"},
		{"another's secret", ask(grant(), machineID, otherSecret), "invalid_client"},
		{"a client of the code flow", ask(grant(), other, otherSecret), "unauthorized_client"},
		{"a public client", ask(grant("client_id", pooltest.ClientID)), "unauthorized_client"},
		{"a scope that is not the client's", ask(grant("scope", orders+"/delete"), machineID, secret), "invalid_scope"},
		{"a scope of users", ask(grant("scope", "openid"), machineID, secret), "invalid_scope"},
		{"one good scope and one that is not", ask(grant("scope", orders+"/read openid"), machineID, secret), "invalid_scope"},
	} {
		if c.a.Status != 400 || strings.TrimSpace(c.a.Body) != `{"error":"`+c.want+`"}` || strings.Contains(c.a.Body, secret) {
			t.Errorf("%s: %d %s, want %s", c.story, c.a.Status, c.a.Body, c.want)
		}
	}
	q := url.Values{"client_id": {machineID}, "redirect_uri": {pooltest.Callback}, "response_type": {"code"}}
	if to := b.Get("/oauth2/authorize?" + q.Encode()).Location(t); to.Query().Get("error") != "redirect_mismatch" {
		t.Errorf("a machine at authorize leads to %s", to)
	}
	if err := declareServer(f, ordersServer()); err != nil {
		t.Fatal(err)
	}
	if a := ask(grant(), machineID, secret); a.JSON(t)["error"] != "invalid_scope" {
		t.Errorf("after its scopes were taken back: %s", a.Body)
	}
}
