package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/workspace"
)

// What a person reads when a stack is up: first of all the page to open, if the stack has
// one, and never a secret.
func TestTheSummary(t *testing.T) {
	outputs := client.Outputs{
		APIURL: "http://127.0.0.1:4566/execute-api/abcdefghij/dev", APIKey: "the-key", WebURL: "http://localhost:4566/execute-api/abcdefghij/dev/",
		HostedUIURL: "http://127.0.0.1:4566/auth/shop", UserPoolClientID: "abc", DemoUser: "ann", DemoPassword: "Placeholder-1", Guests: true,
		Routes: map[string]client.Route{
			"GET /":                {Method: "GET", Path: "/", Authorization: "NONE", Web: true},
			"GET /config.json":     {Method: "GET", Path: "/config.json", Authorization: "NONE", Web: true},
			"GET /assets/{asset}":  {Method: "GET", Path: "/assets/{asset}", Authorization: "NONE", Web: true},
			"GET /no-auth":         {Method: "GET", Path: "/no-auth", Authorization: "NONE", APIKeyRequired: true},
			"GET /require-auth":    {Method: "GET", Path: "/require-auth", Authorization: "AWS_IAM", Callers: []string{"authenticated"}},
			"POST /all":            {Method: "POST", Path: "/all", Authorization: "AWS_IAM", Callers: []string{"authenticated"}},
			"DELETE /require-auth": {Method: "DELETE", Path: "/require-auth", Authorization: "COGNITO_USER_POOLS"},
		},
	}
	summary := func(o client.Outputs) string {
		var out bytes.Buffer
		session{stack: workspace.Stack{Name: "dev"}, out: &out}.summary(o, time.Second)
		return out.String()
	}
	with := summary(outputs)
	_, tries, _ := strings.Cut(with, "Try:\n\n")
	for i, want := range []string{
		"open http://localhost:4566/execute-api/abcdefghij/dev/", "go run ./infra/cmd/call -stack dev -as nobody GET /no-auth", "-as ann GET /require-auth", "-as guest GET /require-auth",
	} {
		if lines := strings.Split(tries, "\n"); len(lines) <= i || !strings.Contains(lines[i], want) {
			t.Errorf("line %d of what to try is not %s:\n%s", i+1, want, tries)
		}
	}
	for _, unwanted := range []string{"the-key", "Placeholder-1", "config.json", "assets", "redirect_uri", "POST"} {
		if strings.Contains(with, unwanted) {
			t.Errorf("it says %s:\n%s", unwanted, with)
		}
	}

	for name := range outputs.Routes {
		if r := outputs.Routes[name]; r.Web {
			delete(outputs.Routes, name)
		}
	}
	outputs.WebURL = "http://localhost:3000/"
	if without := summary(outputs); strings.Contains(without, "open http") || !strings.Contains(without, "/login?client_id=abc&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2F") {
		t.Errorf("without a page of its own it says\n%s", without)
	}
}
