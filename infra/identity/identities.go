package identity

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// identityPool declares the pool of identities and the roles that they get.
func (c *Identity) identityPool(ctx *pulumi.Context, args Args) error {
	id, parent := args.Settings, pulumi.Parent(c)
	provider := pulumi.Sprintf("cognito-idp.%s.amazonaws.com/%s", args.Account.Region, c.UserPoolID)
	pool, err := cognito.NewIdentityPool(ctx, "identities", &cognito.IdentityPoolArgs{
		IdentityPoolName:               pulumi.String(args.Name),
		AllowUnauthenticatedIdentities: pulumi.Bool(id.Guests),
		AllowClassicFlow:               pulumi.Bool(false), // it lets callers choose their role
		CognitoIdentityProviders: cognito.IdentityPoolCognitoIdentityProviderArray{cognito.IdentityPoolCognitoIdentityProviderArgs{
			ClientId:             c.UserPoolClientID,
			ProviderName:         provider,
			ServerSideTokenCheck: pulumi.Bool(true), // or who has signed out still gets credentials
		}},
		Tags: pulumi.ToStringMap(args.Tags),
	}, parent)
	if err != nil {
		return err
	}
	c.IdentityPoolID = pool.ID().ToStringOutput()

	authenticated, err := c.role(ctx, args, string(settings.Authenticated), "Who has signed in to "+args.Name, iamdoc.Authenticated)
	if err != nil {
		return err
	}
	roles := pulumi.StringMap{string(iamdoc.Authenticated): authenticated.Arn}
	c.AuthenticatedRole = authenticated.Name
	if id.Guests {
		guest, err := c.role(ctx, args, string(settings.Guest), "Who has not signed in to "+args.Name, iamdoc.Unauthenticated)
		if err != nil {
			return err
		}
		roles[string(iamdoc.Unauthenticated)] = guest.Arn
		c.GuestRole = &guest.Name
	}
	c.GroupRoles, c.groupRoleARNs = map[string]pulumi.StringOutput{}, map[string]pulumi.StringOutput{}
	for _, group := range sorted(id.Groups) {
		role, err := c.role(ctx, args, settings.GroupRole(group), "Who is in the group "+group+" of "+args.Name, iamdoc.Authenticated)
		if err != nil {
			return err
		}
		c.GroupRoles[group], c.groupRoleARNs[group] = role.Name, role.Arn
	}

	attachment := &cognito.IdentityPoolRoleAttachmentArgs{IdentityPoolId: pool.ID(), Roles: roles}
	if len(id.Groups) > 0 {
		// The user pool puts the groups' roles into the token. A role that it chooses
		// there trusts this identity pool, and so counts for its tokens alone.
		ambiguous := map[string]string{settings.AmbiguousAuthenticated: "AuthenticatedRole", settings.AmbiguousDeny: "Deny"}[id.AmbiguousRole]
		attachment.RoleMappings = cognito.IdentityPoolRoleAttachmentRoleMappingArray{cognito.IdentityPoolRoleAttachmentRoleMappingArgs{
			IdentityProvider:        pulumi.Sprintf("%s:%s", provider, c.UserPoolClientID),
			Type:                    pulumi.String("Token"),
			AmbiguousRoleResolution: pulumi.String(ambiguous),
		}}
	}
	if _, err := cognito.NewIdentityPoolRoleAttachment(ctx, "roles", attachment, parent); err != nil {
		return err
	}
	if len(id.PrincipalTags) == 0 {
		return nil
	}
	_, err = cognito.NewIdentityPoolProviderPrincipalTag(ctx, "tags", &cognito.IdentityPoolProviderPrincipalTagArgs{
		IdentityPoolId:       pool.ID(),
		IdentityProviderName: provider,
		PrincipalTags:        pulumi.ToStringMap(id.PrincipalTags),
		UseDefaults:          pulumi.Bool(false),
	}, parent)
	return err
}

// role declares a role for identities of one kind of this pool. Those of who has signed
// in may be tagged where the stack tags: without the permission there are no credentials.
func (c *Identity) role(ctx *pulumi.Context, args Args, name, description string, kind iamdoc.Authentication) (*iam.Role, error) {
	document := iamdoc.TrustIdentityPool
	if kind == iamdoc.Authenticated && len(args.Settings.PrincipalTags) > 0 {
		document = iamdoc.TrustTaggedIdentityPool
	}
	trust := c.IdentityPoolID.ApplyT(func(id string) (string, error) { return document(id, kind).JSON() }).(pulumi.StringOutput)
	return iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(args.Name + "-" + name),
		Description:      pulumi.String(description),
		AssumeRolePolicy: trust,
		Tags:             pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
}

// groups declares the groups, and the demo user's memberships.
func (c *Identity) groups(ctx *pulumi.Context, args Args, demo *cognito.User) error {
	made := map[string]*cognito.UserGroup{}
	for _, name := range sorted(args.Settings.Groups) {
		g := args.Settings.Groups[name]
		group := &cognito.UserGroupArgs{Name: pulumi.String(name), UserPoolId: c.UserPoolID, RoleArn: c.groupRoleARNs[name]}
		if g.Description != "" {
			group.Description = pulumi.String(g.Description)
		}
		if g.Precedence != nil {
			group.Precedence = pulumi.Int(*g.Precedence)
		}
		var err error
		if made[name], err = cognito.NewUserGroup(ctx, name, group, pulumi.Parent(c)); err != nil {
			return err
		}
	}
	if demo == nil {
		return nil
	}
	for _, name := range args.Settings.DemoGroups {
		_, err := cognito.NewUserInGroup(ctx, "demo-"+name, &cognito.UserInGroupArgs{
			UserPoolId: c.UserPoolID, GroupName: made[name].Name, Username: demo.Username,
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
	}
	return nil
}
