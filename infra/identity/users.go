package identity

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// userPool declares the user pool with its hosted sign-in. What is fixed of it is in
// Fixed too.
func (c *Identity) userPool(ctx *pulumi.Context, args Args) (*cognito.UserPool, error) {
	id, fixed := args.Settings, FixedOf(args.Name, args.Settings)
	protection := "INACTIVE"
	if id.DeletionProtection {
		protection = "ACTIVE"
	}
	pool := &cognito.UserPoolArgs{
		Name:                  pulumi.String(fixed.Name),
		AliasAttributes:       pulumi.ToStringArray(fixed.AliasAttributes),
		UsernameConfiguration: cognito.UserPoolUsernameConfigurationArgs{CaseSensitive: pulumi.Bool(fixed.CaseSensitive)},
		// A pool changes its tier in place.
		UserPoolTier:           pulumi.String(id.Tier),
		DeletionProtection:     pulumi.String(protection),
		MfaConfiguration:       pulumi.String(map[string]string{"OFF": "OFF", "OPTIONAL": "OPTIONAL", "REQUIRED": "ON"}[id.MFA]),
		AutoVerifiedAttributes: pulumi.ToStringArray([]string{"email"}),
		PasswordPolicy:         passwordPolicy(id.PasswordPolicy),
		AdminCreateUserConfig:  cognito.UserPoolAdminCreateUserConfigArgs{AllowAdminCreateUserOnly: pulumi.Bool(!id.SelfSignUp)},
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
		Schemas:                     schemas(fixed),
		LambdaConfig:                lambdaConfig(args),
		Tags:                        pulumi.ToStringMap(args.Tags),
	}
	if id.MFA != "OFF" {
		pool.SoftwareTokenMfaConfiguration = cognito.UserPoolSoftwareTokenMfaConfigurationArgs{Enabled: pulumi.Bool(true)}
	}
	if id.ThreatProtection != "OFF" {
		pool.UserPoolAddOns = cognito.UserPoolUserPoolAddOnsArgs{AdvancedSecurityMode: pulumi.String(id.ThreatProtection)}
	}
	if id.Email.From != "" {
		pool.EmailConfiguration = cognito.UserPoolEmailConfigurationArgs{
			EmailSendingAccount: pulumi.String("DEVELOPER"), FromEmailAddress: pulumi.String(id.Email.From), SourceArn: pulumi.String(id.Email.SourceARN),
		}
	}
	options := []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Protect(id.DeletionProtection)}
	if args.ReplaceSchemas {
		// The provider would try to change attributes in place, which AWS refuses.
		options = append(options, pulumi.ReplaceOnChanges([]string{"schemas"}))
	}
	made, err := cognito.NewUserPool(ctx, "users", pool, options...)
	if err != nil {
		return nil, err
	}
	domain, err := cognito.NewUserPoolDomain(ctx, "sign-in", &cognito.UserPoolDomainArgs{
		Domain:     pulumi.String(args.DomainPrefix),
		UserPoolId: made.ID(),
		// managedLoginVersion is left to AWS: the tier LITE knows the classic hosted
		// pages alone, and the newer ones need a branding resource that pulumi-aws 6
		// does not have.
	}, pulumi.Parent(c),
		// Where the pool is replaced, the new one cannot have the prefix before the old
		// one has given it up.
		pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, err
	}
	c.UserPoolID, c.UserPoolARN, c.DomainPrefix = made.ID().ToStringOutput(), made.Arn, domain.Domain
	return made, nil
}

func passwordPolicy(p settings.PasswordPolicy) cognito.UserPoolPasswordPolicyArgs {
	args := cognito.UserPoolPasswordPolicyArgs{
		MinimumLength:                 pulumi.Int(p.MinimumLength),
		RequireLowercase:              pulumi.Bool(p.RequireLowercase),
		RequireUppercase:              pulumi.Bool(p.RequireUppercase),
		RequireNumbers:                pulumi.Bool(p.RequireNumbers),
		RequireSymbols:                pulumi.Bool(p.RequireSymbols),
		TemporaryPasswordValidityDays: pulumi.Int(p.TemporaryPasswordValidityDays),
	}
	if p.HistorySize > 0 {
		args.PasswordHistorySize = pulumi.Int(p.HistorySize)
	}
	return args
}

// schemas are the attributes that are said. Left-out constraints would differ at every
// preview.
func schemas(fixed Fixed) cognito.UserPoolSchemaArray {
	var out cognito.UserPoolSchemaArray
	for _, name := range sorted(fixed.Attributes) {
		a := fixed.Attributes[name]
		schema := cognito.UserPoolSchemaArgs{
			Name: pulumi.String(name), AttributeDataType: pulumi.String(a.Type),
			Required: pulumi.Bool(a.Required), Mutable: pulumi.Bool(a.Mutable), DeveloperOnlyAttribute: pulumi.Bool(false),
		}
		least, most := pulumi.String(strconv.Itoa(a.Min)), pulumi.String(strconv.Itoa(a.Max))
		switch a.Type {
		case "String":
			schema.StringAttributeConstraints = cognito.UserPoolSchemaStringAttributeConstraintsArgs{MinLength: least, MaxLength: most}
		case "Number":
			schema.NumberAttributeConstraints = cognito.UserPoolSchemaNumberAttributeConstraintsArgs{MinValue: least, MaxValue: most}
		}
		out = append(out, schema)
	}
	return out
}

// lambdaConfig names the triggers.
func lambdaConfig(args Args) cognito.UserPoolLambdaConfigPtrInput {
	t := args.Settings.Triggers
	if len(t.Functions()) == 0 {
		return nil
	}
	function := func(name string) pulumi.StringPtrInput {
		if name == "" {
			return nil
		}
		return args.Functions[name].ARN
	}
	config := cognito.UserPoolLambdaConfigArgs{
		PreSignUp: function(t.PreSignUp), PostConfirmation: function(t.PostConfirmation),
		PreAuthentication: function(t.PreAuthentication), PostAuthentication: function(t.PostAuthentication),
	}
	if t.PreTokenGeneration != "" {
		config.PreTokenGenerationConfig = cognito.UserPoolLambdaConfigPreTokenGenerationConfigArgs{
			LambdaArn: args.Functions[t.PreTokenGeneration].ARN, LambdaVersion: pulumi.String(t.TokenVersion),
		}
	}
	return config
}

// triggerPermissions let this user pool, and no other, call the triggers. They can only
// be made once the pool has its ARN, so a trigger that is added to a pool refuses
// sign-ins for the moment until it may be called; a permission for every pool of the
// account would not, and would let in more than is meant.
func (c *Identity) triggerPermissions(ctx *pulumi.Context, args Args) ([]pulumi.Resource, error) {
	var out []pulumi.Resource
	for _, name := range args.Settings.Triggers.Functions() {
		made, err := lambda.NewPermission(ctx, "users-"+name, &lambda.PermissionArgs{
			Action:    pulumi.String("lambda:InvokeFunction"),
			Function:  args.Functions[name].Name,
			Qualifier: args.Functions[name].Qualifier,
			Principal: pulumi.String("cognito-idp.amazonaws.com"),
			SourceArn: c.UserPoolARN,
		}, pulumi.Parent(c))
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}
