// Package identity is the component of who can sign in: a user pool with its client and
// hosted sign-in, and an identity pool that trades its ID tokens for the temporary
// credentials of a role.
//
// The roles may do nothing here. What they may call is said by the routes, and granted
// where the API is declared.
package identity

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// Args are what an identity component is made of.
type Args struct {
	Name         string // of everything in AWS, or the beginning of it
	Settings     settings.Identity
	DomainPrefix string // of the hosted sign-in, unique in the region among all AWS accounts
	DemoPassword string // a secret; empty: no demo user
	Account      iamdoc.Account
	Tags         map[string]string
}

// Identity is a user pool, and an identity pool before it.
type Identity struct {
	pulumi.ResourceState

	UserPoolID        pulumi.StringOutput `pulumi:"userPoolId"`
	UserPoolARN       pulumi.StringOutput `pulumi:"userPoolArn"`
	UserPoolClientID  pulumi.StringOutput `pulumi:"userPoolClientId"`
	IdentityPoolID    pulumi.StringOutput `pulumi:"identityPoolId"`
	DomainPrefix      pulumi.StringOutput `pulumi:"domainPrefix"`
	AuthenticatedRole pulumi.StringOutput `pulumi:"authenticatedRole"` // name of the role of who has signed in

	// GuestRole is the name of the role of who has not signed in. It is nil where the
	// stack takes no guests.
	GuestRole *pulumi.StringOutput
}

// New declares the pools, the client, the hosted sign-in, the roles and the demo user.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Identity, error) {
	c := &Identity{}
	if err := ctx.RegisterComponentResource("auth-api:identity:Identity", name, c, opts...); err != nil {
		return nil, err
	}
	if err := c.userPool(ctx, args); err != nil {
		return nil, err
	}
	if err := c.identityPool(ctx, args); err != nil {
		return nil, err
	}
	outputs := pulumi.Map{
		"userPoolId": c.UserPoolID, "userPoolArn": c.UserPoolARN, "userPoolClientId": c.UserPoolClientID,
		"identityPoolId": c.IdentityPoolID, "domainPrefix": c.DomainPrefix, "authenticatedRole": c.AuthenticatedRole,
	}
	if c.GuestRole != nil {
		outputs["guestRole"] = *c.GuestRole
	}
	return c, ctx.RegisterResourceOutputs(c, outputs)
}

func (c *Identity) userPool(ctx *pulumi.Context, args Args) error {
	id, parent := args.Settings, pulumi.Parent(c)
	protection := "INACTIVE"
	if id.DeletionProtection {
		protection = "ACTIVE"
	}
	pool, err := cognito.NewUserPool(ctx, "users", &cognito.UserPoolArgs{
		Name:                  pulumi.String(args.Name),
		AliasAttributes:       pulumi.ToStringArray(id.AliasAttributes),
		UsernameConfiguration: cognito.UserPoolUsernameConfigurationArgs{CaseSensitive: pulumi.Bool(false)},
		// LITE has all that is declared here at the lowest price a user; a pool changes
		// its tier in place.
		UserPoolTier:           pulumi.String("LITE"),
		DeletionProtection:     pulumi.String(protection),
		MfaConfiguration:       pulumi.String("OFF"),
		AutoVerifiedAttributes: pulumi.ToStringArray([]string{"email"}),
		PasswordPolicy: cognito.UserPoolPasswordPolicyArgs{
			MinimumLength:                 pulumi.Int(id.PasswordPolicy.MinimumLength),
			RequireLowercase:              pulumi.Bool(id.PasswordPolicy.RequireLowercase),
			RequireUppercase:              pulumi.Bool(id.PasswordPolicy.RequireUppercase),
			RequireNumbers:                pulumi.Bool(id.PasswordPolicy.RequireNumbers),
			RequireSymbols:                pulumi.Bool(id.PasswordPolicy.RequireSymbols),
			TemporaryPasswordValidityDays: pulumi.Int(id.PasswordPolicy.TemporaryPasswordValidityDays),
		},
		AdminCreateUserConfig: cognito.UserPoolAdminCreateUserConfigArgs{AllowAdminCreateUserOnly: pulumi.Bool(!id.SelfSignUp)},
		AccountRecoverySetting: cognito.UserPoolAccountRecoverySettingArgs{
			RecoveryMechanisms: cognito.UserPoolAccountRecoverySettingRecoveryMechanismArray{
				cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs{Name: pulumi.String("verified_email"), Priority: pulumi.Int(1)},
			},
		},
		// A new address counts once it is verified; until then the old one stays.
		UserAttributeUpdateSettings: cognito.UserPoolUserAttributeUpdateSettingsArgs{
			AttributesRequireVerificationBeforeUpdates: pulumi.ToStringArray([]string{"email"}),
		},
		VerificationMessageTemplate: cognito.UserPoolVerificationMessageTemplateArgs{DefaultEmailOption: pulumi.String("CONFIRM_WITH_CODE")},
		// Codes to confirm a registration and to recover an account go by email, so
		// nobody registers without one. A change here replaces the pool, and left-out
		// constraints would differ at every preview.
		Schemas: cognito.UserPoolSchemaArray{cognito.UserPoolSchemaArgs{
			Name: pulumi.String("email"), AttributeDataType: pulumi.String("String"),
			Required: pulumi.Bool(true), Mutable: pulumi.Bool(true), DeveloperOnlyAttribute: pulumi.Bool(false),
			StringAttributeConstraints: cognito.UserPoolSchemaStringAttributeConstraintsArgs{MinLength: pulumi.String("0"), MaxLength: pulumi.String("2048")},
		}},
		Tags: pulumi.ToStringMap(args.Tags),
	}, parent, pulumi.Protect(id.DeletionProtection))
	if err != nil {
		return err
	}

	flows := []string{"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"}
	if id.UserPasswordAuth {
		flows = append(flows, "ALLOW_USER_PASSWORD_AUTH")
	}
	client, err := cognito.NewUserPoolClient(ctx, "web", &cognito.UserPoolClientArgs{
		Name:                            pulumi.String(args.Name),
		UserPoolId:                      pool.ID(),
		GenerateSecret:                  pulumi.Bool(false), // browsers keep none; the code flow with PKCE needs none
		AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
		AllowedOauthFlows:               pulumi.ToStringArray([]string{"code"}),
		AllowedOauthScopes:              pulumi.ToStringArray([]string{"email", "openid", "phone", "profile"}),
		CallbackUrls:                    pulumi.ToStringArray(id.CallbackURLs),
		LogoutUrls:                      pulumi.ToStringArray(id.SignOutURLs),
		SupportedIdentityProviders:      pulumi.ToStringArray([]string{"COGNITO"}),
		ExplicitAuthFlows:               pulumi.ToStringArray(flows),
		PreventUserExistenceErrors:      pulumi.String("ENABLED"),
		EnableTokenRevocation:           pulumi.Bool(true),
		AccessTokenValidity:             pulumi.Int(60),
		IdTokenValidity:                 pulumi.Int(60),
		RefreshTokenValidity:            pulumi.Int(30),
		TokenValidityUnits: cognito.UserPoolClientTokenValidityUnitsArgs{
			AccessToken: pulumi.String("minutes"), IdToken: pulumi.String("minutes"), RefreshToken: pulumi.String("days"),
		},
		AuthSessionValidity: pulumi.Int(3),
	}, parent)
	if err != nil {
		return err
	}

	domain, err := cognito.NewUserPoolDomain(ctx, "sign-in", &cognito.UserPoolDomainArgs{
		Domain:     pulumi.String(args.DomainPrefix),
		UserPoolId: pool.ID(),
		// managedLoginVersion is left to AWS: the tier LITE knows the classic hosted
		// pages alone, and the newer ones need a branding resource that pulumi-aws 6
		// does not have.
	}, parent)
	if err != nil {
		return err
	}

	if args.DemoPassword != "" {
		_, err := cognito.NewUser(ctx, "demo", &cognito.UserArgs{
			UserPoolId:    pool.ID(),
			Username:      pulumi.String(id.DemoUser),
			Password:      pulumi.ToSecret(pulumi.String(args.DemoPassword)).(pulumi.StringOutput),
			MessageAction: pulumi.String("SUPPRESS"),
			Attributes:    pulumi.StringMap{"email": pulumi.String(demoEmail(id.DemoUser)), "email_verified": pulumi.String("true")},
		}, parent)
		if err != nil {
			return err
		}
	}

	c.UserPoolID, c.UserPoolARN = pool.ID().ToStringOutput(), pool.Arn
	c.UserPoolClientID, c.DomainPrefix = client.ID().ToStringOutput(), domain.Domain
	return nil
}

// demoEmail is an address for the demo user that no mail ever reaches (RFC 2606), unless
// the user name is an address itself.
func demoEmail(user string) string {
	if strings.Contains(user, "@") {
		return user
	}
	return user + "@example.com"
}

func (c *Identity) identityPool(ctx *pulumi.Context, args Args) error {
	guests, parent, tags := args.Settings.Guests, pulumi.Parent(c), pulumi.ToStringMap(args.Tags)
	pool, err := cognito.NewIdentityPool(ctx, "identities", &cognito.IdentityPoolArgs{
		IdentityPoolName:               pulumi.String(args.Name),
		AllowUnauthenticatedIdentities: pulumi.Bool(guests),
		AllowClassicFlow:               pulumi.Bool(false), // it lets callers choose their role
		CognitoIdentityProviders: cognito.IdentityPoolCognitoIdentityProviderArray{cognito.IdentityPoolCognitoIdentityProviderArgs{
			ClientId:             c.UserPoolClientID,
			ProviderName:         pulumi.Sprintf("cognito-idp.%s.amazonaws.com/%s", args.Account.Region, c.UserPoolID),
			ServerSideTokenCheck: pulumi.Bool(true), // or who has signed out still gets credentials
		}},
		Tags: tags,
	}, parent)
	if err != nil {
		return err
	}

	role := func(name string, kind iamdoc.Authentication, description string) (*iam.Role, error) {
		trust := pool.ID().ApplyT(func(id pulumi.ID) (string, error) {
			return iamdoc.TrustIdentityPool(string(id), kind).JSON()
		}).(pulumi.StringOutput)
		return iam.NewRole(ctx, name, &iam.RoleArgs{
			Name:             pulumi.String(args.Name + "-" + name),
			Description:      pulumi.String(description),
			AssumeRolePolicy: trust,
			Tags:             tags,
		}, parent)
	}
	authenticated, err := role(string(settings.Authenticated), iamdoc.Authenticated, "Who has signed in to "+args.Name)
	if err != nil {
		return err
	}
	roles := pulumi.StringMap{string(iamdoc.Authenticated): authenticated.Arn}
	c.AuthenticatedRole = authenticated.Name
	if guests {
		guest, err := role(string(settings.Guest), iamdoc.Unauthenticated, "Who has not signed in to "+args.Name)
		if err != nil {
			return err
		}
		roles[string(iamdoc.Unauthenticated)] = guest.Arn
		c.GuestRole = &guest.Name
	}
	_, err = cognito.NewIdentityPoolRoleAttachment(ctx, "roles", &cognito.IdentityPoolRoleAttachmentArgs{
		IdentityPoolId: pool.ID(),
		Roles:          roles,
	}, parent)
	c.IdentityPoolID = pool.ID().ToStringOutput()
	return err
}
