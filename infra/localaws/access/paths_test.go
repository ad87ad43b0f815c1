package access_test

import (
	"slices"
	"strings"
	"testing"
)

// However a policy writes the paths that it tells apart, the table does too: what real
// requests are answered says TestTheTableIsWhatRequestsAreAnswered.
func TestPathsHoweverPoliciesWriteThem(t *testing.T) {
	const own = "v1/GET/users/${cognito-identity.amazonaws.com:sub}"
	for name, test := range map[string]struct {
		statements []string
		word       string
		allowed    []string // of GET /users/{id} or GET /{rest+}, whichever the other list names too
		refused    []string
	}{
		"a stage and verb in one wildcard": {[]string{allow("v1/GET/*"), deny("*/secret")}, "some", nil, []string{"/secret"}},
		"a verb and the path's beginning":  {[]string{allow("v1/GET/*"), deny("v1/*-secret")}, "some", nil, []string{"/*-secret"}},
		"any API":                          {[]string{allow("v1/GET/*"), strings.ReplaceAll(deny("v1/GET/secret"), ":API/v1/GET", ":*")}, "some", nil, []string{"/secret"}},
		"any service":                      {[]string{allow("v1/GET/*"), strings.ReplaceAll(deny("v1/GET/secret"), ":execute-api:us-west-2:", ":*:*:")}, "some", nil, []string{"/secret"}},
		"a colon":                          {[]string{allow("v1/GET/*"), deny("v1/GET/secret:all")}, "some", nil, []string{"/secret:all"}},
		"no path of a URL":                 {[]string{allow("v1/GET/*"), deny("v1/GET/100%", "v1/GET/a b")}, "some", nil, []string{"/100%", "/a b"}},
		"the caller's own":                 {[]string{allow(own)}, "some", []string{"/users/${cognito-identity.amazonaws.com:sub}"}, []string{"/users/{id}"}},
		"the caller's own, and below":      {[]string{allow("v1/GET/*"), deny(own+"x", own+"y")}, "some", []string{"/users/{id}"}, []string{"/users/${cognito-identity.amazonaws.com:sub}x", "/users/${cognito-identity.amazonaws.com:sub}y"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{
				routes:   map[string][]string{"GET /{rest+}": {"sigv4"}, "GET /users/{id}": {"sigv4"}},
				policies: map[string][]string{"authenticated": {document(test.statements...)}},
			}
			table := w.table(t)
			route := "GET /{rest+}"
			if strings.HasPrefix(test.refused[0], "/users/") {
				route = "GET /users/{id}"
			}
			c := cell(t, table, route, "authenticated")
			if word(c) != test.word || c.Paths == nil {
				t.Fatalf("%s: %s (%s)", route, word(c), c.Reason)
			}
			for _, path := range test.refused {
				if !slices.Contains(c.Paths.Refused, path) {
					t.Errorf("%s is not refused: %+v", path, *c.Paths)
				}
			}
			for _, path := range test.allowed {
				if !slices.Contains(c.Paths.Allowed, path) {
					t.Errorf("%s is not allowed: %+v", path, *c.Paths)
				}
			}
		})
	}
}

// A policy's resources are a stack's own words: whatever they are, there is a table.
func TestResourcesThatAreNoPaths(t *testing.T) {
	for _, resource := range []string{"v1/GET/%zz", "v1/GET/\\u0001", "v1/GET/a b?c=d#e", "v1/GET/%2e%2e/%2F", "v1/GET//", "v1/GET/ü", "v1//x", "/", "*"} {
		w := world{
			routes:   map[string][]string{"GET /{rest+}": {"sigv4"}},
			policies: map[string][]string{"authenticated": {document(allow("v1/GET/*"), deny(resource))}},
		}
		if c := cell(t, w.table(t), "GET /{rest+}", "anonymous"); word(c) != "403" {
			t.Errorf("%s: %s", resource, word(c))
		}
	}
}
