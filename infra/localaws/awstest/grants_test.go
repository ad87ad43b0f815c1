package awstest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
)

// office is a stack whose function asker does what a request tells it to.
type office struct {
	t   *testing.T
	url string // of the API, with the stage
	key string
}

// newOffice deploys testdata/grants with what is said of its functions, and puts two
// parameters beside it.
func newOffice(t *testing.T, functions map[string]any) *office {
	t.Helper()
	aws := awstest.Start(t)
	putParameter(t, aws, "/shop/web", "the shop's address")
	putParameter(t, aws, "/shop/other", "nobody's business")
	route := func(path, function, authorization string) map[string]any {
		return map[string]any{"method": "GET", "path": path, "function": function, "authorization": authorization, "apiKeyRequired": authorization == "NONE"}
	}
	outputs, err := awstest.Up(aws, "testdata/grants", awstest.Settings{
		"routes": []any{
			route("/ask", "asker", "NONE"), route("/worker", "worker", "NONE"),
			route("/orders/{id}", "asker", "AWS_IAM"), route("/orders/{id}/secrets", "asker", "AWS_IAM"),
		},
		"functions": functions,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &office{t, outputs.APIURL, outputs.APIKey}
}

func putParameter(t *testing.T, aws *localaws.Server, name, value string) {
	t.Helper()
	p := ssm.Parameter{Name: name, Type: "SecureString", Value: value}
	aws.SSM.Derive(&p)
	err := aws.Store.Update(func(tx *store.Tx) error {
		return errors.Join(aws.SSM.ParameterDeclared(tx, nil, &p), ssm.Parameters.Put(tx, name, p))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask has the function do something, and returns what came of it.
func (o *office) ask(do, on string) string {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), "GET", o.url+"/ask?do="+do+"&on="+url.QueryEscape(strings.Replace(on, "API", o.url, 1)), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", o.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		o.t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	return string(body)
}

// What a stack file grants a function, and nothing else, is what its code may do: with
// its own credentials, and the AWS SDK's clients as they are.
func TestAFunctionMayDoWhatTheStackFileGrants(t *testing.T) {
	const worker = "arn:aws:lambda:us-west-2:000000000000:function:auth-api-local-worker"
	granted := newOffice(t, map[string]any{"asker": map[string]any{
		"environment": map[string]any{"GREETING": `Good "morning"`},
		"vpc":         map[string]any{"subnetIds": []any{"subnet-0a1b2c3d"}, "securityGroupIds": []any{"sg-0a1b2c3d"}}, // which its role must allow Lambda to enter
		"grants":      []any{map[string]any{"parameter": "/shop/web"}, map[string]any{"invoke": "worker"}, map[string]any{"route": "GET /orders/{id}"}},
	}})
	none := newOffice(t, map[string]any{"asker": map[string]any{"environment": map[string]any{"FUNCTION_WORKER": worker}}})
	const denied = " is not authorized to perform: "
	for _, c := range []struct {
		name    string
		office  *office
		do, on  string
		says    []string // parts of what it says
		refused bool
	}{
		{"a variable", granted, "variable", "GREETING", []string{`Good "morning"`}, false},
		{"the variable of a function that it may invoke", granted, "variable", "FUNCTION_WORKER", []string{worker}, false},
		{"a parameter", granted, "parameter", "/shop/web", []string{"the shop's address"}, false},
		{"another parameter", granted, "parameter", "/shop/other", []string{"error: ", denied + "ssm:GetParameter on resource: arn:aws:ssm:us-west-2:000000000000:parameter/shop/other"}, true},
		{"a parameter without a grant", none, "parameter", "/shop/web", []string{"error: ", denied + "ssm:GetParameter"}, true},
		{"a function", granted, "invoke", worker, []string{"hello from the worker"}, false},
		{"a function by its name", granted, "invoke", "auth-api-local-worker", []string{"hello from the worker"}, false},
		{"itself", granted, "invoke", "auth-api-local-asker", []string{"error: ", denied + "lambda:InvokeFunction on resource: arn:aws:lambda:us-west-2:000000000000:function:auth-api-local-asker"}, true},
		{"a function without a grant, though the environment names it", none, "invoke", worker, []string{"error: ", denied + "lambda:InvokeFunction on resource: " + worker}, true},
		{"a route", granted, "call", "API/orders/7", []string{"200 order 7 for arn:aws:sts::000000000000:assumed-role/auth-api-local-asker-role/auth-api-local-asker"}, false},
		{"a route that the granted one's pattern covers", granted, "call", "API/orders/7/secrets", []string{"403 ", denied + "execute-api:Invoke", "with an explicit deny"}, true},
		{"a route without a grant", none, "call", "API/orders/7", []string{"403 ", denied + "execute-api:Invoke"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.office.t = t
			said := c.office.ask(c.do, c.on)
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("it says %q, want %q", said, part)
				}
			}
			if c.refused != strings.Contains(said, denied) {
				t.Errorf("it says %q", said)
			}
		})
	}
}

// The article's protected function asks guest-list, which no route reaches: with the
// grant it answers, and without it the refusal is there for all to see.
func TestRequireAuthAsksTheGuestList(t *testing.T) {
	settings := awstest.Article(t)
	s := awstest.Deploy(t, settings)
	user := s.As("demouser")
	is(t, "with the grant", user.Get("/require-auth"), 200, "", `,"guestList":{"as":"member","rooms":["bar","dance floor"]}}`)
	is(t, "guest-list itself", user.Get("/guest-list"), 403, "MissingAuthenticationTokenException", "Missing Authentication Token")

	settings["functions"] = map[string]any{}
	s = awstest.Deploy(t, settings)
	plain := s.As("demouser").Get("/require-auth")
	is(t, "without being told of it", plain, 200, "", "velvet rope")
	if strings.Contains(plain.Body, "guestList") {
		t.Errorf("nobody told it of the guest list, and it answers %s", plain)
	}

	// Told of it, but not let in: another function has the grant.
	settings["functions"] = map[string]any{
		"require-auth": map[string]any{"environment": map[string]any{"FUNCTION_GUEST_LIST": "auth-api-local-guest-list"}},
		"no-auth":      map[string]any{"grants": []any{map[string]any{"invoke": "guest-list"}}},
	}
	s = awstest.Deploy(t, settings)
	refused := s.As("demouser").Get("/require-auth")
	is(t, "without the grant", refused, 502, "", `{"error":"the guest list may not be asked"}`)
	if log := logOf(t, s, "require-auth"); !strings.Contains(log, "auth-api-local-guest-list: this function's role has no permission to invoke it: grant it in the stack file, functions.require-auth.grants: [{invoke: guest-list}]") {
		t.Errorf("the log says %s", log)
	}
}

// A second deployment of what is there changes nothing, and one of a setting changes what
// that is about.
func TestASecondDeploymentChangesWhatDiffers(t *testing.T) {
	settings := awstest.Article(t)
	s := awstest.Deploy(t, settings)
	if changed := s.Redeploy(settings); len(changed) > 0 {
		t.Errorf("nothing differs, and changed were %v", changed)
	}
	functions, err := json.Marshal(settings["functions"])
	if err != nil {
		t.Fatal(err)
	}
	settings["functions"] = json.RawMessage(strings.Replace(string(functions), `"grants"`, `"memory":256,"grants"`, 1))
	if changed := s.Redeploy(settings); len(changed) != 1 || changed[0] != "Function require-auth" {
		t.Errorf("one function has more memory, and changed were %v", changed)
	}
}

// What it costs the protected route that its function asks another.
func BenchmarkProtectedRoute(b *testing.B) {
	for name, functions := range map[string]any{"asks guest-list": awstest.Article(b)["functions"], "asks nobody": map[string]any{}} {
		b.Run(name, func(b *testing.B) {
			settings := awstest.Article(b)
			settings["functions"] = functions
			settings["usagePlan"] = map[string]any{"rateLimit": 1e6, "burstLimit": 1_000_000, "quotaLimit": 1_000_000_000}
			user := awstest.Deploy(b, settings).As("demouser")
			for b.Loop() {
				if answer := user.Get("/require-auth"); answer.Status != 200 {
					b.Fatal(answer)
				}
			}
		})
	}
}
