package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestOpenDoors(t *testing.T) {
	for name, test := range map[string]struct {
		routes []string // METHOD PATH AUTHORIZATION
		want   []string
	}{
		"the shape to warn of": {
			[]string{"ANY /{rest+} NONE", "POST /admin AWS_IAM"},
			[]string{"routes[1] (POST /admin) asks for AWS_IAM, but GET, PUT, PATCH, DELETE, HEAD of /admin needs no authorization: routes[0] (ANY /{rest+}) answers it; declare the method on the path, or protect routes[0]"},
		},
		"one method of a parameter": {
			[]string{"GET /users/{id} NONE", "DELETE /users/me COGNITO_USER_POOLS", "PUT /users/me AWS_IAM"},
			[]string{"routes[1] (DELETE /users/me) asks for COGNITO_USER_POOLS, but GET of /users/me needs no authorization: routes[0] (GET /users/{id}) answers it; declare the method on the path, or protect routes[0]"},
		},
		"a protected parameter below a greedy one": {
			[]string{"GET /{rest+} NONE", "POST /users/{id} AWS_IAM"},
			[]string{"routes[1] (POST /users/{id}) asks for AWS_IAM, but GET of /users/{id} needs no authorization: routes[0] (GET /{rest+}) answers it; declare the method on the path, or protect routes[0]"},
		},
		"every method is declared":            {[]string{"ANY /{rest+} NONE", "ANY /admin AWS_IAM"}, nil},
		"the greedy route serves that method": {[]string{"POST /{rest+} NONE", "POST /admin AWS_IAM"}, nil},
		"the greedy route is protected":       {[]string{"ANY /{rest+} AWS_IAM", "POST /admin AWS_IAM"}, nil},
		"the greedy route is elsewhere":       {[]string{"ANY /files/{rest+} NONE", "POST /admin AWS_IAM"}, nil},
		"open beside it is said on the path":  {[]string{"GET /admin NONE", "POST /admin AWS_IAM"}, nil},
		"preflights are open by design":       {[]string{"OPTIONS /{rest+} NONE", "POST /admin AWS_IAM"}, nil},
		"a greedy protected route":            {[]string{"GET /a/{id} NONE", "POST /a/{rest+} AWS_IAM"}, nil},
		"the article's stack":                 {[]string{"GET /no-auth NONE", "GET /require-auth AWS_IAM"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var routes []Route
			for _, r := range test.routes {
				f := strings.Fields(r)
				routes = append(routes, Route{Method: f[0], Path: f[1], Authorization: Authorization(f[2])})
			}
			if got := OpenDoors(routes); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
