package client_test

import (
	"strings"
	"testing"

	"auth-api/infra/client"
)

func TestTheRouteThatAnswers(t *testing.T) {
	o := client.Outputs{Routes: map[string]client.Route{}}
	add := func(method, path string) {
		o.Routes[method+" "+path] = client.Route{Method: method, Path: path}
	}
	for _, path := range []string{"/", "/users", "/users/{id}", "/users/me", "/users/{id}/posts", "/{proxy+}"} {
		add("GET", path)
	}
	add("POST", "/users/{id}")
	add("ANY", "/any")
	add("GET", "/any")
	for call, want := range map[string]string{
		"GET /": "GET /", "GET /users": "GET /users", "GET /users/7": "GET /users/{id}", "GET /users/me": "GET /users/me",
		"GET /users/7/posts": "GET /users/{id}/posts", "GET /elsewhere/at/all": "GET /{proxy+}", "POST /users/me": "POST /users/{id}",
		"DELETE /any": "ANY /any", "GET /any": "GET /any", "GET /users?id=7": "GET /users", "POST /users": "",
	} {
		method, path, _ := strings.Cut(call, " ")
		got, found := o.Route(method, path)
		if name := strings.TrimSpace(got.Method + " " + got.Path); name != want || found != (want != "") {
			t.Errorf("%s is answered by %q (%v), want %q", call, name, found, want)
		}
	}
	if got := strings.Join(o.RouteNames(), ", "); got != "GET /, ANY /any, GET /any, GET /users, GET /users/me, GET /users/{id}, POST /users/{id}, GET /users/{id}/posts, GET /{proxy+}" {
		t.Errorf("the names are %s", got)
	}
}
