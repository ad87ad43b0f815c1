package stack_test

import (
	"strings"
	"testing"
)

// A boundary is on every role, whichever component declares it, and on none where the
// stack file names none.
func TestEveryRoleIsBounded(t *testing.T) {
	for boundary, want := range map[string]any{"": nil, "auth-api-ci-boundary": "arn:aws:iam::111122223333:policy/auth-api-ci-boundary"} {
		file := full
		if boundary != "" {
			file = strings.Replace(full, "config:\n", "config:\n  auth-api:permissionsBoundary: "+boundary+"\n", 1)
		}
		r, err := run(t, "full", file, secretPassword)
		if err != nil {
			t.Fatal(err)
		}
		roles := r.of("Role")
		if len(roles) < 4 {
			t.Errorf("there are %d roles", len(roles))
		}
		for _, role := range roles {
			if role.Inputs["permissionsBoundary"] != want || !strings.HasPrefix(role.Type, "aws:iam/") || role.Parent == "" {
				t.Errorf("%s below %s is bounded by %v", role.Name, role.Parent, role.Inputs["permissionsBoundary"])
			}
		}
	}
}
