package userpool_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/schema"
)

func TestSettingsOfAPool(t *testing.T) {
	f := pooltest.New(t)
	recovery := func(m ...userpool.RecoveryMechanism) *userpool.AccountRecoverySetting {
		return &userpool.AccountRecoverySetting{RecoveryMechanisms: m}
	}
	addOns := func(mode string) *userpool.AddOns { return &userpool.AddOns{AdvancedSecurityMode: mode} }
	const ses = "arn:aws:ses:us-west-2:000000000000:identity/example.com"
	for _, c := range []struct {
		story  string
		change func(*userpool.Pool)
		want   string // "" for a pool that is taken
	}{
		{"threat protection of PLUS", func(p *userpool.Pool) { p.Tier, p.UserPoolAddOns = "PLUS", addOns("ENFORCED") }, ""},
		{"its audit of PLUS", func(p *userpool.Pool) { p.Tier, p.UserPoolAddOns = "PLUS", addOns("AUDIT") }, ""},
		{"none of ESSENTIALS", func(p *userpool.Pool) { p.Tier, p.UserPoolAddOns = "ESSENTIALS", addOns("OFF") }, ""},
		{"threat protection of ESSENTIALS", func(p *userpool.Pool) { p.Tier, p.UserPoolAddOns = "ESSENTIALS", addOns("ENFORCED") }, "FeatureUnavailableInTierException: it needs userPoolTier PLUS, and that is ESSENTIALS"},
		{"its audit of no tier", func(p *userpool.Pool) { p.UserPoolAddOns = addOns("AUDIT") }, "FeatureUnavailableInTierException"},
		{"another mode", func(p *userpool.Pool) { p.Tier, p.UserPoolAddOns = "PLUS", addOns("ON") }, `"ON" is not one of OFF, AUDIT, ENFORCED`},
		{"password history of ESSENTIALS", func(p *userpool.Pool) { p.Tier, p.PasswordPolicy.PasswordHistorySize = "ESSENTIALS", 5 }, ""},
		{"password history of LITE", func(p *userpool.Pool) { p.Tier, p.PasswordPolicy.PasswordHistorySize = "LITE", 5 }, "passwordPolicy.passwordHistorySize: 5: FeatureUnavailableInTierException"},
		{"recovery by mail", func(p *userpool.Pool) {
			p.AccountRecoverySetting = recovery(userpool.RecoveryMechanism{Name: "verified_email", Priority: 1})
		}, ""},
		{"recovery by nobody else", func(p *userpool.Pool) {
			p.AccountRecoverySetting = recovery(userpool.RecoveryMechanism{Name: "admin_only", Priority: 1}, userpool.RecoveryMechanism{Name: "verified_email", Priority: 2})
		}, "admin_only cannot stand beside another mechanism"},
		{"two first mechanisms", func(p *userpool.Pool) {
			p.AccountRecoverySetting = recovery(userpool.RecoveryMechanism{Name: "verified_email", Priority: 1}, userpool.RecoveryMechanism{Name: "verified_phone_number", Priority: 1})
		}, "the priority 1"},
		{"a priority that is none", func(p *userpool.Pool) {
			p.AccountRecoverySetting = recovery(userpool.RecoveryMechanism{Name: "verified_email", Priority: 3})
		}, "not between 1 and 2"},
		{"Cognito's mail", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{ReplyToEmailAddress: "help@example.com"}
		}, ""},
		{"SES's mail", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER", SourceARN: ses, FromEmailAddress: "Us <us@example.com>", ConfigurationSet: "set"}
		}, ""},
		{"SES's mail of nobody", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER"}
		}, "emailConfiguration.sourceArn: it is required"},
		{"another account", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "OURS"}
		}, `"OURS" is not one of`},
		{"another ARN", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{SourceARN: "arn:aws:s3:::b"}
		}, "not the ARN of an identity of SES"},
		{"a configuration set of Cognito's mail", func(p *userpool.Pool) { p.EmailConfiguration = &userpool.EmailConfiguration{ConfigurationSet: "set"} }, "need emailSendingAccount DEVELOPER"},
		{"replies to nowhere", func(p *userpool.Pool) {
			p.EmailConfiguration = &userpool.EmailConfiguration{ReplyToEmailAddress: "nowhere"}
		}, "is not an address"},
	} {
		p := pooltest.Pool()
		c.change(&p)
		got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolDeclared(tx, pooltest.PoolID, p) })
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.story, got, c.want)
		}
	}
}

// Typed attributes are held to their types wherever they come from, and a pool's
// schema only grows.
func TestTypedAttributesOfUsers(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.Schemas = schema.List{
		{Name: "age", AttributeDataType: "Number", Mutable: true, NumberAttributeConstraints: &schema.NumberConstraints{MinValue: "18"}},
		{Name: "badge", AttributeDataType: "String"},
	}
	f.Declare(pooltest.PoolID, p)
	signUp := func(name, age string) pooltest.Answer {
		return f.API("SignUp", map[string]any{"ClientId": pooltest.ClientID, "Username": name, "Password": pooltest.Password, "UserAttributes": []any{
			map[string]string{"Name": "custom:age", "Value": age}, map[string]string{"Name": "custom:badge", "Value": "b1"}}})
	}
	if a := signUp("ann", "18"); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	pooltest.Refused(t, signUp("bob", "17"), "InvalidParameterException", "Attributes did not conform to the schema: custom:age: Number must be no less than 18")
	pooltest.Refused(t, signUp("cat", "old"), "InvalidParameterException", "Attributes did not conform to the schema: custom:age: Attribute value must be a number")
	next := p
	next.Schemas = append(schema.List{{Name: "staff", AttributeDataType: "Boolean"}}, p.Schemas...)
	if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolChanged(tx, pooltest.PoolID, p, next) }); got != "" {
		t.Errorf("an attribute more: %s", got)
	}
	if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolChanged(tx, pooltest.PoolID, next, p) }); !strings.Contains(got, "cannot modify or remove schema items") {
		t.Errorf("an attribute less: %s", got)
	}
}
