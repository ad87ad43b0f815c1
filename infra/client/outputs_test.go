package client_test

import (
	"strings"
	"testing"

	"auth-api/infra/client"
)

func TestTheRouteThatAnswers(t *testing.T) {
	var o client.Outputs
	for _, path := range []string{"/", "/users", "/users/{id}", "/users/me", "/users/{id}/posts", "/{proxy+}"} {
		o.Routes = append(o.Routes, client.Route{Method: "GET", Path: path})
	}
	o.Routes = append(o.Routes, client.Route{Method: "POST", Path: "/users/{id}"}, client.Route{Method: "ANY", Path: "/any"})
	for call, want := range map[string]string{
		"GET /": "/", "GET /users": "/users", "GET /users/7": "/users/{id}", "GET /users/me": "/users/me",
		"GET /users/7/posts": "/users/{id}/posts", "GET /elsewhere/at/all": "/{proxy+}", "POST /users/me": "/users/{id}",
		"DELETE /any": "/any", "GET /users?id=7": "/users", "POST /users": "",
	} {
		method, path, _ := strings.Cut(call, " ")
		got, found := o.Route(method, path)
		if got.Path != want || found != (want != "") {
			t.Errorf("%s is answered by %q (%v), want %q", call, got.Path, found, want)
		}
	}
}
