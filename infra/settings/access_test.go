package settings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

// The policy of a guest, by the routes of an API: "guest METHOD /path" is for guests
// and for who has signed in, "user METHOD /path" for the latter alone.
func TestGuestsGetTheirRoutesAndNoOthers(t *testing.T) {
	user := []settings.Caller{settings.Authenticated}
	both := []settings.Caller{settings.Authenticated, settings.Guest}
	iam := func(callers []settings.Caller, method, path string) settings.Route {
		return settings.Route{Method: method, Path: path, Authorization: settings.IAM, Callers: callers}
	}
	for _, c := range []struct {
		name      string
		routes    []settings.Route
		want      settings.Access
		conflicts []settings.Conflict
	}{
		{"nothing", []settings.Route{iam(user, "GET", "/a")}, settings.Access{}, nil},
		{"one path", []settings.Route{iam(both, "GET", "/a"), iam(user, "GET", "/b")}, settings.Access{Allow: []string{"GET/a"}}, nil},
		{"the root", []settings.Route{iam(both, "GET", "/"), iam(user, "GET", "/b")}, settings.Access{Allow: []string{"GET/"}}, nil},
		{"another method of the path", []settings.Route{iam(both, "GET", "/a"), iam(user, "POST", "/a")}, settings.Access{Allow: []string{"GET/a"}}, nil},
		{"all methods", []settings.Route{iam(both, "ANY", "/a"), iam(user, "POST", "/b")}, settings.Access{Allow: []string{"*/a"}}, nil},
		{"all methods but one", []settings.Route{iam(both, "ANY", "/a"), iam(user, "POST", "/a")}, settings.Access{Allow: []string{"*/a"}, Deny: []string{"POST/a"}}, nil},
		{"one method of all", []settings.Route{iam(both, "GET", "/a"), iam(user, "ANY", "/a")}, settings.Access{Allow: []string{"GET/a"}}, nil},
		{"a parameter", []settings.Route{iam(both, "GET", "/users/{id}"), iam(user, "GET", "/users")}, settings.Access{Allow: []string{"GET/users/*"}}, nil},
		{"a parameter covers what is below", []settings.Route{iam(both, "GET", "/users/{id}"), iam(user, "GET", "/users/{id}/secrets")},
			settings.Access{Allow: []string{"GET/users/*"}, Deny: []string{"GET/users/*/secrets"}}, nil},
		{"a parameter covers its neighbour", []settings.Route{iam(both, "GET", "/users/{id}"), iam(user, "GET", "/users/me")},
			settings.Access{Allow: []string{"GET/users/*"}, Deny: []string{"GET/users/me"}}, nil},
		{"the neighbour of a parameter", []settings.Route{iam(both, "GET", "/users/me"), iam(user, "GET", "/users/{id}")},
			settings.Access{Allow: []string{"GET/users/me"}}, nil},
		{"the neighbour of a parameter, with one before it", []settings.Route{iam(both, "GET", "/users/{id}/name"), iam(user, "GET", "/users/{id}/{field}")},
			settings.Access{Allow: []string{"GET/users/*/name"}}, nil},
		{"all but one path", []settings.Route{iam(both, "GET", "/{all+}"), iam(user, "GET", "/admin")},
			settings.Access{Allow: []string{"GET/*"}, Deny: []string{"GET/admin"}}, nil},
		{"one path of all", []settings.Route{iam(both, "GET", "/open"), iam(user, "GET", "/{all+}")}, settings.Access{Allow: []string{"GET/open"}}, nil},
		{"paths that cross", []settings.Route{iam(both, "GET", "/{shop}/list"), iam(user, "GET", "/users/{id}")},
			settings.Access{Allow: []string{"GET/*/list"}, Deny: []string{"GET/users/*"}}, nil},
		{"no policy can tell", []settings.Route{iam(both, "GET", "/users/{id}"), iam(user, "GET", "/{all+}")},
			settings.Access{Allow: []string{"GET/users/*"}, Deny: []string{"GET/*"}}, []settings.Conflict{{Granted: 0, Refused: 1}}},
		{"no policy can tell, by way of a third", []settings.Route{iam(both, "GET", "/users/{id}"), iam(user, "GET", "/users/{id}/posts/{post}"), iam(both, "GET", "/users/{id}/posts/latest")},
			settings.Access{Allow: []string{"GET/users/*", "GET/users/*/posts/latest"}, Deny: []string{"GET/users/*/posts/*"}}, []settings.Conflict{{Granted: 2, Refused: 1}}},
		{"routes that do not ask IAM", []settings.Route{iam(both, "GET", "/{all+}"), {Method: "GET", Path: "/key", Authorization: settings.None, APIKeyRequired: true}, {Method: "GET", Path: "/token", Authorization: settings.CognitoUserPools}},
			settings.Access{Allow: []string{"GET/*"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			access, conflicts := settings.AccessOf(c.routes, settings.Guest)
			if diff := cmp.Diff(c.want, access); diff != "" {
				t.Error("-want +got", diff)
			}
			if diff := cmp.Diff(c.conflicts, conflicts); diff != "" {
				t.Error("conflicts: -want +got", diff)
			}
			if access, conflicts := settings.AccessOf(c.routes, settings.Authenticated); len(access.Deny) > 0 || len(conflicts) > 0 {
				t.Errorf("who has signed in may call all, and got %v, %v", access, conflicts)
			}
		})
	}
}
