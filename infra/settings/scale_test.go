package settings_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"auth-api/infra/settings"
)

// table is a stack file with three methods on each of so many paths, for two kinds of
// callers, so that permissions cover what others must not call.
func table(t testing.TB, routes int) map[string]string {
	t.Helper()
	var list []map[string]any
	for i := range routes {
		route := map[string]any{
			"method": []string{"GET", "POST", "DELETE"}[i%3], "path": fmt.Sprintf("/r%d/{id}", i/3), "function": "require-auth", "authorization": "AWS_IAM",
		}
		switch {
		case i%3 == 0:
			route["callers"] = []string{"authenticated", "guest"}
		case i%10 == 1:
			route["path"] = fmt.Sprintf("/r%d", i/3)
			route["authorization"], route["apiKeyRequired"] = "NONE", true
		}
		list = append(list, route)
	}
	b, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"auth-api:routes": string(b), "auth-api:identity": `{"guests": true}`}
}

func BenchmarkParse(b *testing.B) {
	dir := functions(b)
	for _, routes := range []int{2, 100, 300} {
		config := table(b, routes)
		b.Run(fmt.Sprintf("%d routes", routes), func(b *testing.B) {
			for b.Loop() {
				s, err := settings.Parse("auth-api", "dev", config, nil, dir)
				if err != nil {
					b.Fatal(err)
				}
				settings.OpenDoors(s.Routes)
			}
		})
	}
}

// A route that comes or goes changes one policy, however many there are.
func TestARouteChangesOnePolicy(t *testing.T) {
	const prefix = "arn:aws:execute-api:us-west-2:111122223333:abcdefghij/dev/"
	access := func(patterns int) settings.Access {
		var a settings.Access
		for i := range patterns {
			a.Allow = append(a.Allow, fmt.Sprintf("GET/things/of/kind/%d/*", i))
			if i%10 == 0 {
				a.Deny = append(a.Deny, fmt.Sprintf("GET/things/of/kind/%d/secrets", i))
			}
		}
		return a
	}
	if parts := access(70).Policies(prefix); len(parts) != 1 || len(parts[0].Allow) != 70 {
		t.Errorf("70 patterns are %d policies", len(parts))
	}
	few, many := access(300).Policies(prefix), access(301).Policies(prefix)
	if len(few) != settings.PolicyParts || len(many) != settings.PolicyParts {
		t.Fatalf("there are %d and %d policies", len(few), len(many))
	}
	changed, allowed, denied := 0, 0, 0
	for i := range many {
		if fmt.Sprint(few[i]) != fmt.Sprint(many[i]) {
			changed++
		}
		allowed, denied = allowed+len(many[i].Allow), denied+len(many[i].Deny)
	}
	// The 301st has a denial beside it, which has a place of its own.
	if changed > 2 || changed == 0 || allowed != 301 || denied != 31 {
		t.Errorf("%d policies changed, and hold %d permissions and %d denials", changed, allowed, denied)
	}
	backwards := access(300)
	slices.Reverse(backwards.Allow)
	if fmt.Sprint(backwards.Policies(prefix)) != fmt.Sprint(few) {
		t.Error("the order of the routes makes a difference")
	}
}

// A denial of callers without a tag is in one of the policies, with its tag, or a route
// would be open to whoever lacks it.
func TestNoDenialIsLostWhereRoutesAreSpread(t *testing.T) {
	var a settings.Access
	for _, value := range []string{"shop", "bank"} {
		unless := settings.Unless{Tag: "team", Value: value}
		for i := range 150 {
			pattern := fmt.Sprintf("GET/%s/of/kind/%d/*", value, i)
			a.Allow, unless.Deny = append(a.Allow, pattern), append(unless.Deny, pattern)
		}
		a.Unless = append(a.Unless, unless)
	}
	denied := map[string]string{}
	for _, part := range a.Policies("arn:aws:execute-api:us-west-2:111122223333:abcdefghij/dev/") {
		for _, unless := range part.Unless {
			for _, pattern := range unless.Deny {
				if !slices.Contains(part.Allow, pattern) {
					t.Errorf("%s is denied in another policy than it is allowed in", pattern)
				}
				denied[pattern] = unless.Tag + "=" + unless.Value
			}
		}
	}
	for _, unless := range a.Unless {
		for _, pattern := range unless.Deny {
			if denied[pattern] != "team="+unless.Value {
				t.Errorf("%s is denied to callers without %q", pattern, denied[pattern])
			}
		}
	}
}
