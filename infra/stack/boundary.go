package stack

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
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
