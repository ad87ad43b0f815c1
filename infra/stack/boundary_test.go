package stack_test

import (
	"fmt"
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

// A workflow's role of infra/ci makes roles under its boundary alone. Where the stack file
// has none, or another, that is said before anything is made, and to a preview already.
func TestAWorkflowIsToldOfTheBoundary(t *testing.T) {
	const workflow = "arn:aws:sts::111122223333:assumed-role/auth-api-ci-%s/GitHubActions"
	for _, test := range []struct{ stack, boundary, caller, says string }{
		{"dev", "", "arn:aws:iam::111122223333:user/ann", ""},
		{"dev", "", "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann", ""},
		{"dev", "", "arn:aws:sts::111122223333:assumed-role/shop-ci-deploy-dev/GitHubActions", ""},
		{"dev", "ours", "arn:aws:iam::111122223333:user/ann", ""},
		{"dev", "auth-api-ci-boundary", fmt.Sprintf(workflow, "deploy-dev"), ""},
		{"dev", "", fmt.Sprintf(workflow, "deploy-dev"), "Pulumi.dev.yaml: auth-api:permissionsBoundary is missing, and the role auth-api-ci-deploy-dev makes roles under the policy auth-api-ci-boundary alone: " +
			"nothing was done; the line is `auth-api:permissionsBoundary: auth-api-ci-boundary`"},
		{"dev", "", fmt.Sprintf(workflow, "preview"), "and the role auth-api-ci-preview makes roles"},
		{"dev", "ours", fmt.Sprintf(workflow, "deploy-dev"), `auth-api:permissionsBoundary is "ours", and the role`},
		{"pr-7", "", fmt.Sprintf(workflow, "deploy-pr"), "`auth-api:permissionsBoundary: auth-api-ci-boundary`, in the stack file that make pr-stack copied"},
	} {
		file := full
		if test.boundary != "" {
			file = strings.Replace(full, "config:\n", "config:\n  auth-api:permissionsBoundary: "+test.boundary+"\n", 1)
		}
		r, err := run(t, test.stack, file, secretPassword, func(e *environment) { e.caller = test.caller })
		if test.says == "" {
			if err != nil || len(r.resources) == 0 {
				t.Errorf("%s as %s under %q: %v", test.stack, test.caller, test.boundary, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.says) || len(r.resources) > 0 {
			t.Errorf("%s as %s under %q: %v, with %d resources", test.stack, test.caller, test.boundary, err, len(r.resources))
		}
	}
}
