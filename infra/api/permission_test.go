package api

import (
	"strings"
	"testing"

	"auth-api/infra/settings"
)

func TestThePermissionIsTheNarrowestThatTakesInAllRoutes(t *testing.T) {
	for _, c := range []struct{ routes, want string }{
		{"GET /require-auth", "GET/require-auth"},
		{"GET /", "GET/"},
		{"ANY /a", "*/a"},
		{"GET /users/{id}", "GET/users/*"},
		{"GET /{all+}", "GET/*"},
		{"GET /a, POST /a", "*/a"},
		{"GET /users/a, GET /users/b", "GET/users/*"},
		{"GET /a/name, GET /b/name", "GET/*/name"},
		{"GET /users, GET /users/{id}", "GET/*"},
		{"GET /shop/users, GET /shop/users/{id}, GET /shop/users/{id}/name", "GET/shop/*"},
		{"GET /a, POST /b/c", "*/*"},
		{"GET /, GET /a/b", "GET/*"},
	} {
		var routes []settings.Route
		for _, text := range strings.Split(c.routes, ", ") {
			method, path, _ := strings.Cut(text, " ")
			routes = append(routes, settings.Route{Method: method, Path: path})
		}
		if got := permissionPattern(routes); got != c.want {
			t.Errorf("%s: got %s, want %s", c.routes, got, c.want)
		}
	}
}

func TestTheAccessLogHoldsNoSecret(t *testing.T) {
	format, err := accessLogFormat()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"authorization", "x-api-key", "identity.apiKey\"", "requestOverride", "header", "body", "token", "accessKey"} {
		if strings.Contains(strings.ToLower(format), strings.ToLower(secret)) {
			t.Errorf("the format names %s: %s", secret, format)
		}
	}
	if !strings.Contains(format, "$context.identity.apiKeyId") || !strings.Contains(format, "$context.requestId") {
		t.Errorf("the format lacks who called: %s", format)
	}
}
