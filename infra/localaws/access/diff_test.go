package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/access"
)

var (
	refused = access.Cell{Access: access.Refused, Status: 403}
	other   = access.Cell{Access: access.Refused, Status: 401, Reason: "another reason"}
	keyed   = access.Cell{Access: access.Allowed, Key: true}
	through = access.Cell{Access: access.Allowed}
	asks    = access.Cell{Access: access.Asks, Authorizer: "doorman"}
	asksKey = access.Cell{Access: access.Asks, Authorizer: "doorman", Key: true}
	asksTwo = access.Cell{Access: access.Asks, Authorizer: "porter"}
	part    = access.Cell{Access: access.Some, Paths: &access.Paths{Allowed: []string{"/a/b"}, Refused: []string{"/a/{id}", "/a/c"}}}
	more    = access.Cell{Access: access.Some, Paths: &access.Paths{Allowed: []string{"/a/b", "/a/c"}, Refused: []string{"/a/{id}"}}}
)

// What is let through that was not before must never be taken for a narrowing.
func TestWidening(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after access.Cell
		want          string
	}{
		{"the same", keyed, keyed, ""},
		{"refused otherwise", refused, other, ""},
		{"opened", refused, keyed, "wider"},
		{"closed", through, refused, "narrower"},
		{"the key is dropped", keyed, through, "wider"},
		{"a key is asked for", through, keyed, "narrower"},
		{"left to an authorizer", refused, asks, "wider"},
		{"an authorizer in front", through, asks, "narrower"},
		{"the authorizer is dropped", asks, through, "wider"},
		{"another authorizer", asks, asksTwo, "wider"},
		{"the authorizer's route loses its key", asksKey, asks, "wider"},
		{"an authorizer with a key for one without", keyed, asks, "wider"},
		{"a path is opened", part, more, "wider"},
		{"a path is closed", more, part, "narrower"},
		{"all paths are opened", part, through, "wider"},
		{"some paths are closed", through, part, "narrower"},
		{"no path is left", part, refused, "narrower"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			for _, c := range access.Diff(tableOf(map[string][]access.Cell{"GET /a/{id}": {test.before}}, "guest"), tableOf(map[string][]access.Cell{"GET /a/{id}": {test.after}}, "guest")) {
				got = map[bool]string{true: "wider", false: "narrower"}[c.Wider]
			}
			if got != test.want {
				t.Errorf("it is %q, want %q", got, test.want)
			}
		})
	}
}

// tableOf is a table whose routes have these cells for the callers, as KIND or KIND NAME.
func tableOf(routes map[string][]access.Cell, callers ...string) []access.Table {
	out := access.Table{API: "api", Stage: "v1"}
	for _, name := range callers {
		kind, _, _ := strings.Cut(name, " ")
		out.Callers = append(out.Callers, access.Caller{Name: name, Kind: access.Kind(kind)})
	}
	for route, cells := range routes {
		method, path, _ := strings.Cut(route, " ")
		out.Routes = append(out.Routes, access.Row{Method: method, Path: path, Cells: cells})
	}
	return []access.Table{out}
}

func TestRoutesAndCallersThatComeAndGo(t *testing.T) {
	before := tableOf(map[string][]access.Cell{"GET /a": {refused, keyed, keyed, keyed}, "GET /old": {through, refused, refused, refused}},
		"key", "authenticated", "group admins", "function gone")
	after := tableOf(map[string][]access.Cell{"GET /a": {refused, keyed, refused, through, refused}, "GET /new": {refused, keyed, refused, refused, refused}, "PUT /nobody": {refused, refused, refused, refused, refused}},
		"key", "authenticated", "group readers", "group editors", "function new")
	var got []string
	for _, c := range access.Diff(before, after) {
		got = append(got, fmt.Sprintf("%s %s %s %v", c.Method, c.Path, c.Caller.Name, c.Wider))
	}
	want := []string{
		"GET /a group readers false", // its members were authenticated, with a key
		"GET /a group editors true",
		"GET /a function gone false",
		"GET /new authenticated true",
		"GET /new group admins true", // its members are authenticated now
		"GET /old key false",
		"GET /old function new false", // which had a key alone before, as one that goes has after
	}
	if !slices.Equal(got, want) {
		t.Errorf("the changes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(access.Diff(nil, nil)) + len(access.Diff(after, after)); n != 0 {
		t.Errorf("nothing changes, and there are %d changes", n)
	}
	if all := access.Diff(nil, after); len(all) != 3 || !all[0].Wider || all[0].Before != nil {
		t.Errorf("from nothing: %+v", all)
	}
}

func TestEveryStageIsComparedWithItself(t *testing.T) {
	blue, green := tableOf(map[string][]access.Cell{"GET /a": {through}}, "key"), tableOf(map[string][]access.Cell{"GET /a": {refused}}, "key")
	blue[0].Stage, green[0].Stage = "blue", "green"
	both := slices.Concat(blue, green)
	if changes := access.Diff(both, both); len(changes) != 0 {
		t.Errorf("%+v", changes)
	}
	if changes := access.Diff(both, green); len(changes) != 1 || changes[0].Stage != "blue" || changes[0].Wider {
		t.Errorf("%+v", changes)
	}
	renamed := slices.Clone(blue)
	renamed[0].API = "another name"
	if changes := access.Diff(blue, renamed); len(changes) != 0 {
		t.Errorf("a lone API that has another name: %+v", changes)
	}
}
