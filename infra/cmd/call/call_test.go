package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws/awstest"
)

func TestCall(t *testing.T) {
	settings := awstest.Article(t)
	routes, ok := settings["routes"].([]any)
	if !ok {
		t.Fatalf("the article's routes are a %T", settings["routes"])
	}
	settings["routes"] = append(routes,
		map[string]any{"method": "POST", "path": "/orders/{id}", "function": "require-auth", "authorization": "AWS_IAM", "callers": []any{"authenticated", "guest"}},
		map[string]any{"method": "GET", "path": "/id-token", "function": "require-auth", "authorization": "COGNITO_USER_POOLS"},
		map[string]any{"method": "GET", "path": "/access-token", "function": "require-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []any{"aws.cognito.signin.user.admin"}},
		map[string]any{"method": "GET", "path": "/other-scope", "function": "require-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []any{"phone"}},
	)
	o := awstest.Deploy(t, settings).Outputs

	for _, test := range []struct {
		name string
		r    request
		code int
		err  string // on standard error
		out  string // on standard output
	}{
		{"nobody at the open route", request{as: nobody, path: "/no-auth"}, 0, "200 OK", "Open for All!"},
		{"nobody, without the key", request{as: nobody, noKey: true, path: "/no-auth"}, cli.Refused, "403 Forbidden ForbiddenException", "Forbidden"},
		{"nobody at the protected route", request{as: nobody, path: "/require-auth"}, cli.Refused, "403 Forbidden MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"a guest at the protected route", request{as: guest, path: "/require-auth"}, cli.Refused, "403 Forbidden AccessDeniedException", "no identity-based policy allows"},
		{"the demo user", request{as: "demouser", path: "/require-auth"}, 0, "200 OK", `"kind":"user"`},
		{"the demo user, when nobody is named", request{path: "/require-auth"}, 0, "200 OK", "velvet rope"},
		{"the demo user, forged", request{as: "demouser", forge: true, path: "/require-auth"}, cli.Refused, "403 Forbidden InvalidSignatureException", "does not match"},
		{"who it was", request{as: "demouser", show: true, path: "/require-auth"}, 0, "as demouser by signature (identity us-west-2:", ""},
		{"a query is signed too", request{as: "demouser", path: "/require-auth?a=b c&a=%2F"}, 0, "200 OK", ""},
		{"a guest where guests may, with a body", request{as: guest, method: "POST", path: "/orders/7", body: `{"n":1}`}, 0, "200 OK", `"kind":"guest"`},
		{"an ID token", request{as: "demouser", path: "/id-token", show: true}, 0, "as demouser by ID token", `"username":"demouser"`},
		{"an access token", request{as: "demouser", path: "/access-token", show: true}, 0, "as demouser by access token", `"scopes":["aws.cognito.signin.user.admin"]`},
		{"an access token of another scope", request{as: "demouser", path: "/other-scope"}, cli.Refused, "401 Unauthorized", "Unauthorized"},
		{"a refusal says who knows why", request{as: guest, stack: "local", path: "/require-auth"}, cli.Refused, "why: make explain STACK=local REQUEST=", ""},
		{"for programs", request{as: guest, json: true, path: "/require-auth"}, cli.Refused, "", `"errorType": "AccessDeniedException"`},
		{"a guest, who has no token", request{as: guest, path: "/id-token"}, cli.Refused, "401 Unauthorized UnauthorizedException", "Unauthorized"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.r.method == "" {
				test.r.method = "GET"
			}
			test.r.path = strings.ReplaceAll(test.r.path, " ", "%20")
			var out, complaint bytes.Buffer
			err := call(t.Context(), o, test.r, &out, &complaint)
			code := 0
			var exit *cli.ExitError
			if errors.As(err, &exit) {
				code = exit.Code
			} else if err != nil {
				t.Fatal(err)
			}
			if code != test.code || !strings.Contains(complaint.String(), test.err) || !strings.Contains(out.String(), test.out) {
				t.Errorf("exit code %d\n%s%s\nwant %d, %s, %s", code, complaint.String(), out.String(), test.code, test.err, test.out)
			}
			for _, secret := range []string{o.APIKey, o.DemoPassword} {
				if strings.Contains(out.String()+complaint.String(), secret) {
					t.Error("it prints a secret")
				}
			}
		})
	}
}

// Proof and signature are dated by the time of the stack's services: this machine's clock
// may be wrong, or that of the local AWS moved.
func TestACallIsDatedByTheStacksTime(t *testing.T) {
	for _, off := range []time.Duration{36 * time.Hour, -2 * time.Hour} {
		s := awstest.Deploy(t, awstest.Article(t))
		s.Advance(off)
		var out, complaint bytes.Buffer
		if err := call(t.Context(), s.Outputs, request{as: "demouser", method: "GET", path: "/require-auth"}, &out, &complaint); err != nil {
			t.Errorf("the clock is off by %s: %v: %s%s", off, err, complaint.String(), out.String())
		}
	}
}

func TestWhatCannotBeCalled(t *testing.T) {
	t.Setenv("AUTH_API_PASSWORD", "Wrong-pass1")
	s := awstest.Deploy(t, awstest.Article(t))
	gone := s.Outputs
	gone.APIURL = "http://localhost:1/execute-api/x/dev"
	for _, test := range []struct {
		name string
		o    client.Outputs
		r    request
		says string
	}{
		{"with a wrong password", s.Outputs, request{as: "demouser"}, "signing in as demouser: NotAuthorizedException: Incorrect username or password."},
		{"as a user who is not there", s.Outputs, request{as: "eve"}, "signing in as eve: NotAuthorizedException: Incorrect username or password."},
		{"when the local AWS does not run", gone, request{as: nobody}, "make up starts it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.r.method, test.r.path = "GET", "/no-auth"
			var out, complaint bytes.Buffer
			if err := call(t.Context(), test.o, test.r, &out, &complaint); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says %v, want %s", err, test.says)
			}
		})
	}
}

func TestTheCommandLine(t *testing.T) {
	here, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	stacks, err := here.Stacks()
	if err != nil {
		t.Fatal(err)
	}
	for line, says := range map[string]string{
		"":                             "call: say which route: call [METHOD] PATH, such as call GET /require-auth, or make call ROUTE=\"GET /require-auth\"\n",
		"GET /a /b":                    "call: say which route: call [METHOD] PATH, such as call GET /require-auth, or make call ROUTE=\"GET /require-auth\"\n",
		"GET no-auth":                  "call: the path is \"no-auth\"; it begins with /, without the stage, such as /require-auth\n",
		"-as nobody -forge /no-auth":   "call: -forge changes a signature, and nobody signs; say -as guest or a user\n",
		"-who demouser /no-auth":       "call: unknown shorthand flag: 'w' in -who (call --help shows what there is)\n",
		"-stack nowhere -as guest /no": "call: STACK is \"nowhere\", and there is no Pulumi.nowhere.yaml; there are " + strings.Join(stacks, ", ") + "\n",
	} {
		var complaint bytes.Buffer
		c := command()
		c.SetErr(&complaint)
		code := cli.Run(t.Context(), c, strings.Fields(line))
		if complaint.String() != says || code == 0 {
			t.Errorf("call %s: code %d, %q; want %q", line, code, complaint.String(), says)
		}
	}
}
