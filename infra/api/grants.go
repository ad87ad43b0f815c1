package api

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// Grant gives each kind of caller, by the name of its role, exactly the methods that the
// routes say. A caller that no route names gets no policy.
//
// The methods are in the role's inline policy while they fit, else in managed policies
// that are attached to it: see settings.Access.Policies for the rule.
func (c *API) Grant(ctx *pulumi.Context, roles map[settings.Caller]pulumi.StringOutput) error {
	args := c.args
	for _, caller := range sorted(roles) {
		access, conflicts := settings.AccessOf(args.Routes, caller)
		if len(conflicts) > 0 {
			return fmt.Errorf("granting routes to %s: %s and %s cannot be told apart by IAM",
				caller, args.Routes[conflicts[0].Granted], args.Routes[conflicts[0].Refused])
		}
		if len(access.Allow) == 0 {
			continue
		}
		const anyID = "abcdefghij" // as long as they are
		parts := access.Policies(args.Account.Method(anyID, args.StageName, ""))
		if len(parts) == 1 {
			_, err := iam.NewRolePolicy(ctx, string(caller)+"-routes", &iam.RolePolicyArgs{
				Name:   pulumi.String("invoke-routes"),
				Role:   roles[caller],
				Policy: c.invoke(access),
			}, pulumi.Parent(c))
			if err != nil {
				return err
			}
			continue
		}
		for i, part := range parts {
			if len(part.Allow)+len(part.Deny)+len(part.Unless) == 0 {
				continue
			}
			if err := c.attach(ctx, roles[caller], caller, i+1, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// attach declares one of the managed policies of a caller, and attaches it.
func (c *API) attach(ctx *pulumi.Context, role pulumi.StringOutput, caller settings.Caller, number int, part settings.Access) error {
	args, name := c.args, fmt.Sprintf("%s-routes-%d", caller, number)
	policy, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{
		Name:        pulumi.String(args.Name + "-" + name),
		Description: pulumi.Sprintf("Routes of %s for %s, part %d", args.Name, caller, number),
		Policy:      c.invoke(part),
		Tags:        pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{Role: role, PolicyArn: policy.Arn}, pulumi.Parent(c))
	return err
}

// invoke is the policy for what a caller may invoke of the API.
func (c *API) invoke(access settings.Access) pulumi.StringOutput {
	args := c.args
	return c.ID.ApplyT(func(id string) (string, error) {
		arns := func(patterns []string) []string {
			var out []string
			for _, pattern := range patterns {
				out = append(out, args.Account.Method(id, args.StageName, pattern))
			}
			slices.Sort(out)
			return out
		}
		document := iamdoc.InvokeMethods(arns(access.Allow), arns(access.Deny))
		for _, unless := range access.Unless {
			document = document.DenyUnlessTagged(unless.Tag, unless.Value, arns(unless.Deny))
		}
		return document.JSON()
	}).(pulumi.StringOutput)
}
