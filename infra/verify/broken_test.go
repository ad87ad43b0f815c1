package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/verify"
)

type m = map[string]any

// shop is a stack with a route of each kind.
func shop() awstest.Settings {
	return awstest.Settings{
		"identity": m{"guests": true, "groups": m{"staff": m{}}, "resourceServers": m{"shop": m{"name": "Shop", "scopes": m{"read": "Look", "write": "Buy"}}},
			"webScopes": []string{"shop/write"}, "machineClients": m{"stock": m{"scopes": []string{"shop/read"}}}, "principalTags": m{"team": "custom:team"},
			"attributes": m{"team": m{"type": "String", "max": 20}}},
		"routes": []m{
			{"method": "GET", "path": "/keyed", "function": "no-auth", "apiKeyRequired": true},
			{"method": "GET", "path": "/signed", "function": "require-auth", "authorization": "AWS_IAM", "apiKeyRequired": true},
			{"method": "GET", "path": "/staff/{id}", "function": "require-auth", "authorization": "AWS_IAM", "callers": []string{"staff"}},
			{"method": "GET", "path": "/team", "function": "require-auth", "authorization": "AWS_IAM", "callerTags": m{"team": "blue"}},
			{"method": "GET", "path": "/token", "function": "no-auth", "authorization": "COGNITO_USER_POOLS"},
			{"method": "POST", "path": "/orders", "function": "no-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []string{"shop/write"}},
			{"method": "GET", "path": "/partners", "function": "no-auth", "authorization": "CUSTOM", "authorizer": "partners"},
		},
		"authorizers": m{"partners": m{"function": "partner-authorizer", "ttl": 0}},
		"functions":   m{"partner-authorizer": m{"environment": m{"PARTNERS": "{}"}}},
		"cors":        m{"origins": []string{"https://app.example.com"}},
		"logging":     m{"access": true, "execution": "ERROR"},
		"usagePlan":   m{"rateLimit": 1000, "burstLimit": 1000},
	}
}

// breaking changes what is declared behind a program's back, and puts it back after do.
func breaking(t *testing.T, s *awstest.Stack, change func(tx *store.Tx) error, do func()) {
	t.Helper()
	var back []func(tx *store.Tx) error
	update := func(write func(tx *store.Tx) error) {
		t.Helper()
		if err := s.AWS.Store.Update(write); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *store.Tx) error {
		return errors.Join(keep(tx, gateway.RestAPIs, &back), keep(tx, gateway.Stages, &back), keep(tx, gateway.StageMethods, &back), keep(tx, iam.RolePolicies, &back),
			keep(tx, userpool.Clients, &back), keep(tx, identitypool.Pools, &back), keep(tx, identitypool.RoleAttachments, &back))
	})
	update(change)
	do()
	update(func(tx *store.Tx) error {
		for _, b := range back {
			if err := b(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep remembers all resources of a kind, to put them back as they were.
func keep[T any](tx *store.Tx, kind declared.Kind[T], back *[]func(*store.Tx) error) error {
	was, err := kind.All(tx)
	*back = append(*back, func(tx *store.Tx) error {
		now, err := kind.All(tx)
		if err != nil {
			return err
		}
		for _, e := range now {
			if !slices.ContainsFunc(was, func(w declared.Entry[T]) bool { return w.ID == e.ID }) {
				if err := kind.Delete(tx, e.ID); err != nil {
					return err
				}
			}
		}
		for _, e := range was {
			if err := kind.Put(tx, e.ID, e.Value); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// document deploys the API's document with a change.
func document(s *awstest.Stack, change func(paths m, document m)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		apis, err := gateway.RestAPIs.All(tx)
		if err != nil {
			return err
		}
		api := apis[0]
		var d m
		if err := json.Unmarshal([]byte(api.Value.Body), &d); err != nil {
			return err
		}
		change(d["paths"].(m), d)
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		api.Value.Body = string(body)
		if err := gateway.RestAPIs.Put(tx, api.ID, api.Value); err != nil {
			return err
		}
		if err := s.AWS.Gateway.DeploymentDeclared(tx, "broken", gateway.Deployment{RestAPI: api.ID}); err != nil {
			return err
		}
		return stage(func(st *gateway.Stage) { st.Deployment = "broken" })(tx)
	}
}

func stage(change func(*gateway.Stage)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		stages, err := gateway.Stages.All(tx)
		if err != nil {
			return err
		}
		change(&stages[0].Value)
		return gateway.Stages.Put(tx, stages[0].ID, stages[0].Value)
	}
}

// grant gives a role one more policy.
func grant(role, action, resource string) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		name := "auth-api-local-" + role
		return iam.RolePolicies.Put(tx, name+":verify", iam.RolePolicy{Name: "verify", Role: name,
			Policy: fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, action, resource)})
	}
}

func webClient(s *awstest.Stack, change func(*userpool.Client)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		c, _, err := userpool.Clients.Get(tx, s.Outputs.UserPoolClientID)
		if err != nil {
			return err
		}
		change(&c)
		return userpool.Clients.Put(tx, s.Outputs.UserPoolClientID, c)
	}
}

func pool(s *awstest.Stack, change func(*identitypool.Pool)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		p, _, err := identitypool.Pools.Get(tx, s.Outputs.IdentityPoolID)
		if err != nil {
			return err
		}
		change(&p)
		return identitypool.Pools.Put(tx, s.Outputs.IdentityPoolID, p)
	}
}

// mock is a method that API Gateway answers itself, to everybody.
func mock(security ...any) m {
	return m{"responses": m{"200": m{"description": "yes"}}, "security": append([]any{}, security...), "x-amazon-apigateway-integration": m{
		"type": "mock", "passthroughBehavior": "when_no_match", "requestTemplates": m{"application/json": `{"statusCode": 200}`}, "responses": m{"default": m{"statusCode": "200"}},
	}}
}

// without takes a requirement off a method.
func without(paths m, path, method, name string) {
	op := paths[path].(m)[method].(m)
	kept := []any{}
	for _, s := range op["security"].([]any) {
		if _, is := s.(m)[name]; !is {
			kept = append(kept, s)
		}
	}
	op["security"] = kept
	if name == "sigv4" {
		delete(op, "x-amazon-apigateway-auth")
	}
}

// breakage is a way to break a stack, and the checks that find it.
type breakage struct {
	how    string
	change func(tx *store.Tx) error
	found  []string
}

func breakages(s *awstest.Stack) []breakage {
	preflight := func(paths m, path string) m {
		return paths[path].(m)["options"].(m)["x-amazon-apigateway-integration"].(m)["responses"].(m)["default"].(m)["responseParameters"].(m)
	}
	return []breakage{
		{"a wildcard on the authenticated role", grant("authenticated", "execute-api:Invoke", "arn:aws:execute-api:*:*:*/*/GET/staff/*"), []string{"V-IAM-03"}},
		{"every route for the authenticated role", grant("authenticated", "execute-api:*", "*"), []string{"V-IAM-03"}}, // tags are asked for by a deny, too
		{"tags are not asked for", func(tx *store.Tx) error {
			all, err := iam.RolePolicies.All(tx)
			for _, p := range all {
				if err == nil && p.Value.Role == "auth-api-local-authenticated" {
					err = iam.RolePolicies.Delete(tx, p.ID)
				}
			}
			return errors.Join(err, grant("authenticated", "execute-api:Invoke", "arn:aws:execute-api:*:*:*/*/GET/team")(tx), iam.RolePolicies.Put(tx, "auth-api-local-authenticated:signed", iam.RolePolicy{
				Name: "signed", Role: "auth-api-local-authenticated", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/GET/signed"}]}`}))
		}, []string{"V-IAM-04"}},
		{"the authenticated role reads parameters", grant("authenticated", "ssm:*", "*"), []string{"V-IDP-08"}},
		{"guests may call", grant("guest", "execute-api:Invoke", "arn:aws:execute-api:*:*:*/*/GET/signed"), []string{"V-IAM-02"}},
		{"the API key is not required", document(s, func(paths, _ m) { without(paths, "/keyed", "get", "api_key") }), []string{"V-KEY-01"}},
		{"the API key is not required of the signed-in", document(s, func(paths, _ m) { without(paths, "/signed", "get", "api_key") }), []string{"V-KEY-01"}},
		{"authorization NONE", document(s, func(paths, _ m) { without(paths, "/signed", "get", "sigv4") }), []string{"V-IAM-01"}},
		{"authorization NONE in the place of a token", document(s, func(paths, _ m) { paths["/token"].(m)["get"].(m)["security"] = []any{} }), []string{"V-TOK-01"}},
		{"authorization NONE in the place of an authorizer", document(s, func(paths, _ m) { paths["/partners"].(m)["get"].(m)["security"] = []any{} }), []string{"V-CUS-01"}},
		{"one more scope is taken", document(s, func(paths, _ m) {
			for _, requirement := range paths["/orders"].(m)["post"].(m)["security"].([]any) {
				for name := range requirement.(m) {
					requirement.(m)[name] = []any{"shop/write", "aws.cognito.signin.user.admin"}
				}
			}
		}), []string{"V-TOK-10", "V-DOC-02"}},
		{"an open {proxy+}", document(s, func(paths, _ m) {
			paths["/{proxy+}"] = m{"x-amazon-apigateway-any-method": mock(), "parameters": proxy}
		}), []string{"V-PTH-01", "V-DOC-01"}},
		{"every method of a path is open", document(s, func(paths, _ m) { paths["/signed"].(m)["x-amazon-apigateway-any-method"] = mock() }), []string{"V-PTH-02", "V-DOC-01"}},
		{"a route that the settings lack", document(s, func(paths, _ m) { paths["/debug"] = m{"get": mock(m{"sigv4": []any{}})} }), []string{"V-DOC-01"}},
		{"a route is gone", document(s, func(paths, _ m) { delete(paths["/partners"].(m), "get") }), []string{"V-DOC-03"}},
		{"pages of any origin", document(s, func(paths, _ m) {
			preflight(paths, "/signed")["method.response.header.Access-Control-Allow-Origin"] = "'*'"
		}), []string{"V-CRS-01", "V-CRS-03"}},
		{"pages may send cookies", document(s, func(paths, _ m) {
			options := paths["/signed"].(m)["options"].(m)
			preflight(paths, "/signed")["method.response.header.Access-Control-Allow-Credentials"] = "'true'"
			options["responses"].(m)["204"].(m)["headers"].(m)["Access-Control-Allow-Credentials"] = m{"schema": m{"type": "string"}}
		}), []string{"V-CRS-02"}},
		{"preflights grant more methods", document(s, func(paths, _ m) {
			preflight(paths, "/keyed")["method.response.header.Access-Control-Allow-Methods"] = "'GET,DELETE'"
		}), []string{"V-CRS-05"}},
		{"a foreign callback URL", webClient(s, func(c *userpool.Client) { c.CallbackURLs = append(c.CallbackURLs, "https://attacker.example.net/") }), []string{"V-DOC-04"}},
		{"a foreign callback URL that is guessed", webClient(s, func(c *userpool.Client) { c.CallbackURLs = append(c.CallbackURLs, "https://verify.example.com/") }), []string{"V-OAU-01", "V-DOC-04"}},
		{"a foreign sign-out URL", webClient(s, func(c *userpool.Client) { c.LogoutURLs = append(c.LogoutURLs, "https://verify.example.com/") }), []string{"V-OAU-15", "V-DOC-04"}},
		{"the implicit flow is allowed", webClient(s, func(c *userpool.Client) { c.AllowedOAuthFlows = append(c.AllowedOAuthFlows, "implicit") }), []string{"V-DOC-05"}},
		{"user existence is told", webClient(s, func(c *userpool.Client) { c.PreventUserExistenceErrors = "LEGACY" }), []string{"V-USR-01", "V-DOC-05"}},
		{"tokens cannot be revoked", webClient(s, func(c *userpool.Client) { c.EnableTokenRevocation = false }), []string{"V-OAU-17", "V-DOC-05"}},
		{"pages may change users", webClient(s, func(c *userpool.Client) {
			c.AllowedOAuthScopes = append(c.AllowedOAuthScopes, "aws.cognito.signin.user.admin")
		}), []string{"V-OAU-05"}},
		{"who has signed out gets credentials", pool(s, func(p *identitypool.Pool) {
			p.CognitoIdentityProviders = slices.Clone(p.CognitoIdentityProviders)
			p.CognitoIdentityProviders[0].ServerSideTokenCheck = false
		}), []string{"V-IDP-10"}},
		{"the access log holds the authorization header", stage(func(st *gateway.Stage) {
			st.AccessLogSettings = &gateway.AccessLogSettings{DestinationARN: st.AccessLogSettings.DestinationARN, Format: `{"who": "$context.requestHeader.Authorization"}`}
		}), []string{"V-LOG-01"}},
		{"the execution log holds bodies", func(tx *store.Tx) error {
			all, err := gateway.StageMethods.All(tx)
			if err != nil {
				return err
			}
			all[0].Value.Settings.DataTraceEnabled = true
			return gateway.StageMethods.Put(tx, all[0].ID, all[0].Value)
		}, []string{"V-LOG-04"}},
	}
}

// Each way to break a stack is found by the check that is meant for it, and by no other.
func TestABrokenStackIsFoundOut(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, shop())
	holds(t, attack(t, s, nil)) // else nothing below would mean much
	for _, b := range breakages(s) {
		t.Run(b.how, func(t *testing.T) {
			breaking(t, s, b.change, func() {
				r := attack(t, s, nil)
				found := r.Failed()
				slices.Sort(found)
				slices.Sort(b.found)
				if !slices.Equal(found, b.found) {
					t.Errorf("found by %v, want %v", found, b.found)
					for _, x := range r.Results {
						if x.Outcome == verify.Fails {
							t.Logf("%s (%s, %s): expected %s, got %s; %s", x.ID, x.Route, x.Caller, x.Expected, x.Got, x.Note)
						}
					}
				}
				for _, x := range r.Results {
					if x.Outcome == verify.Broken {
						t.Errorf("%s could not be tried (%s, %s): %s", x.ID, x.Route, x.Caller, x.Note)
					}
				}
			})
		})
	}
	holds(t, attack(t, s, nil)) // and it is whole again
}

// The classic flow is refused where there are role mappings, so that it is tried without.
func TestTheClassicFlowIsFoundOut(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	breaking(t, s, pool(s, func(p *identitypool.Pool) { p.AllowClassicFlow = true }), func() {
		if found := attack(t, s, nil).Failed(); !slices.Equal(found, []string{"V-IDP-02"}) {
			t.Errorf("found by %v", found)
		}
	})
	breaking(t, s, pool(s, func(p *identitypool.Pool) { p.AllowUnauthenticatedIdentities = true }), func() {
		found := attack(t, s, func(to *verify.Target, _ *verify.Options) { to.Outputs.Guests = false }).Failed()
		if !slices.Equal(found, []string{"V-IDP-01"}) {
			t.Errorf("guests, where there should be none, are found by %v", found)
		}
	})
}

var proxy = []any{m{"name": "proxy", "in": "path", "required": true, "schema": m{"type": "string"}}}

// front puts a lax service between verify and the stack, and returns the target behind it.
func front(t *testing.T, to verify.Target, l lax) verify.Target {
	t.Helper()
	behind, err := url.Parse(to.Outputs.AWSEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = behind.Scheme, behind.Host
			p.Out.Host = p.In.Host // which is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if l.after == nil {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			r.StatusCode, body = l.after(r.Request, r.StatusCode, r.Header, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Del("X-Amz-Crc32")
			r.Header.Set("Content-Length", fmt.Sprint(len(body)))
			return nil
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.answer == nil || !l.answer(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	for _, address := range []*string{&to.Outputs.AWSEndpoint, &to.Outputs.APIURL, &to.Outputs.HostedUIURL} {
		u, err := url.Parse(*address)
		if err != nil {
			t.Fatal(err)
		}
		*address = server.URL + strings.TrimSuffix(u.EscapedPath(), "/")
	}
	return to
}
