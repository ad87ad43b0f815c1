package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/internal/named"
	"auth-api/infra/settings"
)

// boundRoles has every role that is declared from now on bounded by the policy, wherever it
// is declared. No name bounds none.
func boundRoles(ctx *pulumi.Context, account iamdoc.Account, policy string) error {
	if policy == "" {
		return nil
	}
	arn := fmt.Sprintf("arn:%s:iam::%s:policy/%s", account.Partition, account.ID, policy)
	return ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		role, is := args.Props.(*iam.RoleArgs)
		if !is {
			return nil
		}
		bounded := *role
		bounded.PermissionsBoundary = pulumi.String(arn)
		return &pulumi.ResourceTransformationResult{Props: &bounded, Opts: args.Opts}
	})
}

// checkWorkflow refuses what a role of infra/ci would be denied half-way through: it makes
// roles under its boundary alone. A preview is refused too, or it would show what cannot be
// deployed.
func checkWorkflow(s *settings.Settings, caller string) error {
	_, role, _ := strings.Cut(caller, ":assumed-role/")
	role, _, _ = strings.Cut(role, "/")
	want := named.Boundary(s.Project)
	if !strings.HasPrefix(role, named.Workflows(s.Project)) || s.Boundary == want {
		return nil
	}
	is, file := "is missing", "Pulumi."+s.Stack+".yaml"
	if s.Boundary != "" {
		is = fmt.Sprintf("is %q", s.Boundary)
	}
	err := fmt.Errorf("%s: %s:permissionsBoundary %s, and the role %s makes roles under the policy %s alone: nothing was done; the line is `%s:permissionsBoundary: %s`",
		file, s.Project, is, role, want, s.Project, want)
	if strings.HasPrefix(s.Stack, "pr-") {
		return fmt.Errorf("%w, in the stack file that make pr-stack copied", err)
	}
	return err
}
