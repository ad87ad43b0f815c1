package inspect_test

import (
	"slices"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/inspect"
)

// The boundary that workflows deploy under is a policy of the account, which nobody is asked
// for: the table is there all the same, and says what it leaves out.
func TestRolesUnderABoundary(t *testing.T) {
	const note = "not considered: what else the permissions boundary auth-api-ci-boundary may refuse to all roles"
	planned, err := inspect.Planned(checkout(t, strings.Replace(article, "config:\n", "config:\n  auth-api:permissionsBoundary: auth-api-ci-boundary\n", 1)), "x", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := words(t, planned, "GET /require-auth"); got != "refused refused refused allowed refused refused" {
		t.Errorf("planned it is %s", got)
	}
	bounded := 0
	deployed, err := inspect.Deployed(state(t, func(resources []map[string]any) []map[string]any {
		for _, r := range resources {
			if inputs, is := r["inputs"].(map[string]any); is && r["type"] == "aws:iam/role:Role" {
				inputs["permissionsBoundary"] = "arn:aws:iam::111122223333:policy/auth-api-ci-boundary"
				bounded++
			}
		}
		return resources
	}), "")
	if err != nil || bounded < 2 {
		t.Fatalf("%d roles are bounded: %v", bounded, err)
	}
	for what, tables := range map[string][]string{"planned": planned[0].Notes, "deployed": deployed[0].Notes} {
		if !slices.Contains(tables, note) {
			t.Errorf("%s, the notes are %q", what, tables)
		}
	}
	without, err := inspect.Planned(checkout(t, article), "x", "")
	if err != nil || slices.Contains(without[0].Notes, note) {
		t.Errorf("without a boundary: %v", err)
	}
}
