package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"auth-api/infra/api"
	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

var update = flag.Bool("update", false, "write the golden documents anew")

var account = iamdoc.Account{Partition: "aws", Region: "us-west-2", ID: "111122223333"}

func TestDocument(t *testing.T) {
	for _, c := range []struct {
		name   string
		routes []settings.Route
		more   func(*api.DocumentArgs)
	}{
		{name: "article", routes: []settings.Route{
			{Method: "GET", Path: "/no-auth", Function: "no-auth", Authorization: settings.None, APIKeyRequired: true},
			{Method: "GET", Path: "/require-auth", Function: "require-auth", Authorization: settings.IAM, APIKeyRequired: true},
		}},
		{name: "every-kind", routes: []settings.Route{
			{Method: "GET", Path: "/", Function: "no-auth", Authorization: settings.None, Public: true},
			{Method: "ANY", Path: "/files/{owner}/{rest+}", Function: "require-auth", Authorization: settings.IAM},
			{Method: "POST", Path: "/users/{id}", Function: "require-auth", Authorization: settings.CognitoUserPools},
			{Method: "GET", Path: "/users/{id}", Function: "require-auth", Authorization: settings.CognitoUserPools, Scopes: []string{"email", "openid"}, APIKeyRequired: true},
			{Method: "OPTIONS", Path: "/users/{id}", Function: "no-auth", Authorization: settings.None, Public: true},
		}},
		{name: "authorizers", routes: []settings.Route{
			{Method: "GET", Path: "/a", Function: "no-auth", Authorization: settings.Custom, Authorizer: "tokens", APIKeyRequired: true},
			{Method: "GET", Path: "/b", Function: "no-auth", Authorization: settings.Custom, Authorizer: "requests"},
			{Method: "POST", Path: "/b", Function: "no-auth", Authorization: settings.Custom, Authorizer: "addresses"},
		}, more: func(args *api.DocumentArgs) {
			args.Authorizers = map[string]settings.Authorizer{
				"tokens":    {Function: "gate", Type: settings.TokenAuthorizer, IdentitySource: []settings.IdentitySource{{In: "header", Name: "X-Token"}}, ValidationRegexp: "[a-z]+"},
				"requests":  {Function: "gate", Type: settings.RequestAuthorizer, TTL: 300, IdentitySource: []settings.IdentitySource{{In: "header", Name: "X-A"}, {In: "query", Name: "b"}}},
				"addresses": {Function: "gate", Type: settings.RequestAuthorizer},
			}
		}},
		{name: "checked", routes: []settings.Route{
			{Method: "POST", Path: "/orders/{id}", Function: "no-auth", Public: true, Authorization: settings.None, TimeoutMillis: 500, Validation: settings.Validation{
				Query: []string{"page"}, Headers: []string{"X-Client"}, Model: "OrdersBody", Schema: `{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}`,
			}},
			{Method: "PUT", Path: "/orders/{id}", Function: "no-auth", Public: true, Authorization: settings.None, Validation: settings.Validation{Model: "OrdersBody", Schema: `{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}`}},
		}},
		{name: "pages-of-one-origin", routes: pagesRoutes, more: func(args *api.DocumentArgs) {
			args.CORS = &settings.CORS{Origins: []string{"https://app.example.com"}, Headers: []string{"authorization", "x-api-key"}, ExposedHeaders: []string{"x-amzn-errortype"}, MaxAge: 600}
		}},
		{name: "pages-of-two-origins", routes: pagesRoutes, more: func(args *api.DocumentArgs) {
			args.CORS = &settings.CORS{Origins: []string{"https://app.example.com", "http://localhost:5173"}, Headers: []string{"authorization"}, MaxAge: 0}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := api.DocumentArgs{Title: "auth-api-dev", Routes: c.routes, Account: account,
				Functions:   map[string]string{"no-auth": "auth-api-dev-no-auth", "require-auth": "auth-api-dev-require-auth", "gate": "auth-api-dev-gate"},
				UserPoolARN: "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_abcdefghi"}
			if c.more != nil {
				c.more(&args)
			}
			got, err := api.Document(args)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := api.Document(args); err != nil || again != got {
				t.Error("the same arguments gave another document")
			}
			doc, err := openapi3.NewLoader().LoadFromData([]byte(got))
			if err != nil {
				t.Fatal("it is no OpenAPI document: ", err)
			}
			if err := doc.Validate(t.Context(), openapi3.AllowExtensionsWithRef()); err != nil && !anyMethod(c.routes) {
				t.Error("it is no valid OpenAPI document: ", err)
			}
			var readable bytes.Buffer
			if err := json.Indent(&readable, []byte(got), "", "  "); err != nil {
				t.Fatal(err)
			}
			readable.WriteByte('\n')
			golden := filepath.Join("testdata", c.name+".json")
			if *update {
				if err := os.WriteFile(golden, readable.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), readable.String()); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

// pagesRoutes are a path with a route of its own for preflights, and paths without; a
// method of /admin is another route's.
var pagesRoutes = []settings.Route{
	{Method: "GET", Path: "/own", Function: "no-auth", Authorization: settings.None, Public: true},
	{Method: "OPTIONS", Path: "/own", Function: "no-auth", Authorization: settings.None, Public: true},
	{Method: "POST", Path: "/admin", Function: "no-auth", Authorization: settings.IAM},
	{Method: "GET", Path: "/{id}", Function: "no-auth", Authorization: settings.None, APIKeyRequired: true},
}

// anyMethod tells whether a route uses an extension that OpenAPI's validators take for
// a path without its parameters.
func anyMethod(routes []settings.Route) bool {
	for _, r := range routes {
		if r.Method == "ANY" {
			return true
		}
	}
	return false
}

func TestARouteThatCannotBeWrittenIsRefused(t *testing.T) {
	for want, route := range map[string]settings.Route{
		`GET /a: no function is called "gone"`:                  {Method: "GET", Path: "/a", Function: "gone"},
		`GET /a: authorization "MAGIC" is not known`:            {Method: "GET", Path: "/a", Function: "no-auth", Authorization: "MAGIC"},
		`GET /a: authorizer lost: no function is called "away"`: {Method: "GET", Path: "/a", Function: "no-auth", Authorization: settings.Custom, Authorizer: "lost"},
		`it has 7000`:                            {Method: "POST", Path: "/a", Function: "no-auth", Authorization: settings.None, Validation: settings.Validation{Model: "M", Schema: `{"description":"` + strings.Repeat("x", 7_000_000) + `"}`}},
		`GET /a: no authorizer is called "gone"`: {Method: "GET", Path: "/a", Function: "no-auth", Authorization: settings.Custom, Authorizer: "gone"},
	} {
		_, err := api.Document(api.DocumentArgs{Routes: []settings.Route{route}, Functions: map[string]string{"no-auth": "x"}, Account: account,
			Authorizers: map[string]settings.Authorizer{"lost": {Function: "away", Type: settings.TokenAuthorizer}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
