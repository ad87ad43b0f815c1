package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/web/webconfig"
)

const withWeb = least + `
  auth-api:web: {function: web}
`

const ownDomain = `
  auth-api:domain: {name: api.example.com, certificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/11111111-2222-3333-4444-555555555555", defaultEndpoint: false}`

// The address of the web client is one text, wherever it stands: the output, the callback
// and sign-out URLs, and what the page is told. Below it is the API, of the same origin.
func TestTheWebClientsAddress(t *testing.T) {
	for _, c := range []struct {
		name, file, partition, region string
		address, signIn, identities   string
	}{
		{"AWS", withWeb, "aws", "us-west-2", "https://abcdefghij.execute-api.us-west-2.amazonaws.com/dev/", "https://auth-api-dev-59d401c6a8.auth.us-west-2.amazoncognito.com", "https://cognito-identity.us-west-2.amazonaws.com"},
		{"GovCloud", withWeb, "aws-us-gov", "us-gov-west-1", "https://abcdefghij.execute-api.us-gov-west-1.amazonaws.com/dev/", "", "https://cognito-identity.us-gov-west-1.amazonaws.com"},
		{"China", withWeb, "aws-cn", "cn-north-1", "https://abcdefghij.execute-api.cn-north-1.amazonaws.com.cn/dev/", "", "https://cognito-identity.cn-north-1.amazonaws.com.cn"},
		{"a name of its own", withWeb + ownDomain, "aws", "us-west-2", "https://api.example.com/", "", ""},
		{"a private API", withWeb + "  auth-api:resourcePolicy: {vpcEndpointIds: [vpce-0123456789abcdef0]}", "aws", "us-west-2", "https://abcdefghij.execute-api.us-west-2.amazonaws.com/dev/", "", ""},
		{"the local AWS", withWeb + "  auth-api:target: local", "aws", "us-west-2", "http://localhost:4566/execute-api/abcdefghij/dev/", "http://127.0.0.1:4566/auth/auth-api-dev-f87176e5df", "http://127.0.0.1:4566"},
		{"a name of its own on the local AWS, which serves none", withWeb + strings.Replace(ownDomain, "false", "true", 1) + "\n  auth-api:target: local", "aws", "us-west-2", "http://localhost:4566/execute-api/abcdefghij/dev/", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := run(t, "dev", c.file, func(e *environment) { e.partition, e.region, e.endpoint = c.partition, c.region, "127.0.0.1:4566" })
			if err != nil {
				t.Fatal(err)
			}
			if r.exports["webUrl"] != c.address {
				t.Errorf("the output is %v, want %s", r.exports["webUrl"], c.address)
			}
			client := r.of("UserPoolClient")[0].Inputs
			for _, field := range []string{"callbackUrls", "logoutUrls"} {
				if diff := cmp.Diff([]any{c.address}, client[field]); diff != "" {
					t.Errorf("%s: -want +got %s", field, diff)
				}
			}
			got := pageConfig(t, r)
			if got.WebURL != c.address || got.APIURL+"/" != c.address {
				t.Errorf("the page is told %s and %s", got.WebURL, got.APIURL)
			}
			if c.signIn != "" && got.HostedUIURL != c.signIn || c.identities != "" && got.CognitoIdentityURL != c.identities {
				t.Errorf("the page is told %s and %s", got.HostedUIURL, got.CognitoIdentityURL)
			}
			for output, value := range map[string]string{"hostedUiUrl": got.HostedUIURL, "issuer": got.Issuer, "userPoolId": got.UserPoolID, "userPoolClientId": got.UserPoolClientID, "identityPoolId": got.IdentityPoolID, "region": got.Region} {
				if r.exports[output] != value {
					t.Errorf("the page is told %s, and the output %s is %v", value, output, r.exports[output])
				}
			}
		})
	}
}

// pageConfig is what the page is told.
func pageConfig(t *testing.T, r *recorder) webconfig.Config {
	t.Helper()
	parameters := r.of("Parameter")
	if len(parameters) != 1 {
		t.Fatalf("there are the parameters %v", parameters)
	}
	in := parameters[0].Inputs
	value, _ := in["value"].(map[string]any)
	text, secret := value["secret"].(string)
	if !secret || in["name"] != "/auth-api/dev/web" || in["type"] != "String" {
		t.Fatalf("the parameter is %v", in)
	}
	var config webconfig.Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// What the page is told follows the settings; and nothing but the web client's function is
// let near it.
func TestWhatThePageIsTold(t *testing.T) {
	r, err := run(t, "dev", `
config:
  auth-api:routes:
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
    - {method: POST, path: /orders, function: require-auth, authorization: COGNITO_USER_POOLS, scopes: [openid]}
    - {method: GET, path: "/users/{id}", function: require-auth, authorization: AWS_IAM}
  auth-api:identity: {guests: true}
  auth-api:web: {function: web, routes: [POST /orders, GET /no-auth]}
  auth-api:functions: {web: {grants: [{parameter: /shop/limits}]}, no-auth: {grants: [{parameter: /shop/limits}]}}
`)
	if err != nil {
		t.Fatal(err)
	}
	got := pageConfig(t, r)
	if !got.Guests || got.APIKey != "the-key" {
		t.Errorf("it is told %+v", got)
	}
	if diff := cmp.Diff([]webconfig.Route{
		{Method: "POST", Path: "/orders", Authorization: "COGNITO_USER_POOLS", Scopes: []string{"openid"}},
		{Method: "GET", Path: "/no-auth", Authorization: "NONE", APIKeyRequired: true},
	}, got.Routes); diff != "" {
		t.Error("-want +got", diff)
	}
	const arn = "arn:aws:ssm:us-west-2:111122223333:parameter"
	for _, p := range r.of("RolePolicy") {
		readable := pretty(t, p.Inputs["policy"])
		if its := p.Name == "web-grants"; strings.Contains(readable, "/auth-api/dev/web") != its {
			t.Errorf("%s says %s", p.Name, readable)
		} else if its {
			statement, _ := list(at(p.Inputs, "policy.document.Statement"))[0].(map[string]any)
			if diff := cmp.Diff([]any{arn + "/auth-api/dev/web", arn + "/shop/limits"}, statement["Resource"]); diff != "" {
				t.Error("-want +got", diff)
			}
		}
	}
	for _, f := range r.of("Function") {
		variable := at(f.Inputs, "environment.variables.WEB_PARAMETER")
		if want := map[bool]any{true: "/auth-api/dev/web", false: nil}[f.Name == "web"]; strings.HasPrefix(f.Type, "aws:") && variable != want {
			t.Errorf("function %s has WEB_PARAMETER %v", f.Name, variable)
		}
	}
}

// Where something is told of all routes, the web client's are among them.
func TestTheWebClientsRoutesAreRoutes(t *testing.T) {
	r, err := run(t, "dev", withWeb+"  auth-api:webOrigins: [\"https://app.example.com\"]\n  auth-api:alarms: {enabled: true}\n  auth-api:canary: {functions: [web]}",
		func(e *environment) { e.versions = map[string]any{"web": "1"} })
	if err != nil {
		t.Fatal(err)
	}
	routes, _ := r.exports["routes"].(map[string]any)
	for _, name := range []string{"GET /", "GET /config.json", "GET /assets/{asset}", "GET /no-auth"} {
		route, _ := routes[name].(map[string]any)
		if marked, _ := route["web"].(bool); route == nil || marked == (name == "GET /no-auth") {
			t.Errorf("the output has %s as %v", name, route)
		}
	}
	paths, _ := at(r.of("RestApi")[0].Inputs, "body.document.paths").(map[string]any)
	for path, verbs := range paths {
		// The preflight of each path names the methods that it has.
		allowed := at(verbs.(map[string]any), "options.x-amazon-apigateway-integration.responses.default.responseParameters")
		if got := fmt.Sprint(allowed); !strings.Contains(got, "Access-Control-Allow-Methods:'GET'") || !strings.Contains(got, "Access-Control-Allow-Origin:'https://app.example.com'") {
			t.Errorf("the preflight of %s is %s", path, got)
		}
		if to := fmt.Sprint(at(verbs.(map[string]any), "get.x-amazon-apigateway-integration.uri")); path != "/no-auth" && !strings.HasSuffix(to, "function:auth-api-dev-web:live/invocations") {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	if len(paths) != 4 {
		t.Errorf("the document has %v", paths)
	}
	if diff := cmp.Diff([]any{"https://abcdefghij.execute-api.us-west-2.amazonaws.com/dev/", "https://app.example.com/"}, r.of("UserPoolClient")[0].Inputs["callbackUrls"]); diff != "" {
		t.Error("-want +got", diff)
	}
	if alarms := names(r.of("MetricAlarm")); !slices.ContainsFunc(alarms, func(name string) bool { return strings.Contains(name, "web") }) {
		t.Errorf("nobody watches its function: %v", alarms)
	}
	for _, f := range r.of("Function") {
		if origins := at(f.Inputs, "environment.variables.CORS_ORIGINS"); strings.HasPrefix(f.Type, "aws:") && origins != "https://app.example.com" {
			t.Errorf("function %s is told of the origins %v", f.Name, origins)
		}
	}
}

// A page that could not be told all is refused before anything is declared.
func TestAPageWithTooManyButtons(t *testing.T) {
	file := func(routes int) string {
		var b strings.Builder
		b.WriteString("config:\n  auth-api:web: {function: web}\n  auth-api:routes:\n")
		for i := range routes {
			fmt.Fprintf(&b, "    - {method: GET, path: /a-path-of-some-length-%04d, function: no-auth, apiKeyRequired: true}\n", i)
		}
		return b.String()
	}
	r, err := run(t, "dev", file(60))
	const want = "checking Pulumi.dev.yaml: auth-api:web.routes: what the web client is told may have 6829 characters with its 60 routes, and an SSM parameter of the standard tier takes 4096: name fewer; nothing was done"
	if err == nil || !strings.HasSuffix(strings.TrimSpace(err.Error()), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if made := r.aws(); len(made) > 0 {
		t.Errorf("declared are %v", made)
	}
	if _, err := run(t, "dev", strings.Replace(file(60), "{function: web}", `{function: web, routes: ["GET /a-path-of-some-length-0007"]}`, 1)); err != nil {
		t.Errorf("with one button: %v", err)
	}
	most, err := run(t, "dev", file(28))
	if err != nil {
		t.Fatalf("with 28 buttons: %v", err)
	}
	if text, err := pageConfig(t, most).JSON(); err != nil || len(text) > 4096 {
		t.Errorf("the page is told %d characters, %v", len(text), err)
	}
}

// Nothing of a stack that is there changes its place when it gets a web client: each
// resource that it had stays the same child of the same parent.
func TestAWebClientComesToAStackThatIsThere(t *testing.T) {
	places := func(file string) []string {
		r, err := run(t, "dev", file, secretPassword)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range r.resources {
			out = append(out, x.Type+" "+x.Parent+" "+x.Name)
		}
		return out
	}
	before, after := places(full), places(strings.Replace(full, "path: /,", "path: /start,", 1)+"\n  auth-api:web: {function: web}")
	for _, place := range before {
		if !slices.Contains(after, place) {
			t.Errorf("%s is gone", place)
		}
	}
	if len(after) <= len(before) {
		t.Errorf("there are %d resources after %d", len(after), len(before))
	}
}
