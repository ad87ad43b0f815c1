package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/encryption"
	"auth-api/infra/firewall"
	"auth-api/infra/function"
	"auth-api/infra/iamdoc"
	"auth-api/infra/monitoring"
)

// checkDomain refuses a certificate of another region, which a regional API cannot use.
func (d *deployment) checkDomain() error {
	s := d.settings
	parts := strings.Split(s.Domain.CertificateARN, ":")
	if s.Domain.Name == "" || parts[3] == d.where.account.Region {
		return nil
	}
	return fmt.Errorf("checking Pulumi.%s.yaml: %s:domain.certificateArn is %s, which is in %s: legal is a certificate in the stack's region, %s; nothing was done",
		s.Stack, s.Project, s.Domain.CertificateARN, parts[3], d.where.account.Region)
}

// declareKey comes before all that it may encrypt.
func (d *deployment) declareKey() error {
	s, account := d.settings, d.where.account
	if !s.Encryption.CustomerKey {
		return nil
	}
	groups := []string{
		account.LogGroup("/aws/lambda/" + s.Name("*")),
		account.LogGroup("/aws/apigateway/" + s.Name() + "/*"),
		account.LogGroup("API-Gateway-Execution-Logs_*/" + s.StageName),
		account.LogGroup(firewall.LogGroup(s.Name())),
	}
	key, err := encryption.New(d.ctx, "encryption", encryption.Args{
		Name:    s.Name(),
		Uses:    iamdoc.KeyUses{LogGroups: groups, Topics: s.Alarms.Enabled},
		Account: account,
		Tags:    d.tags,
	})
	if err == nil {
		d.keyARN = &key.ARN
	}
	return err
}

// key is the ARN of the stack's own key, or nil.
func (d *deployment) key() pulumi.StringPtrInput {
	if d.keyARN == nil {
		return nil
	}
	return d.keyARN.ToStringPtrOutput()
}

func (d *deployment) declareFirewall() error {
	s := d.settings
	if !s.Firewall.Enabled {
		return nil
	}
	_, err := firewall.New(d.ctx, "firewall", firewall.Args{
		Name:          s.Name(),
		Settings:      s.Firewall,
		StageARN:      d.api.StageARN,
		UserPoolARN:   d.identity.UserPoolARN,
		KeyARN:        d.key(),
		RetentionDays: s.Logging.RetentionDays,
		Tags:          d.tags,
	})
	return err
}

func (d *deployment) declareMonitoring() error {
	s := d.settings
	if !s.Alarms.Enabled && !s.Dashboard && s.Budget.MonthlyLimit == 0 {
		return nil
	}
	var functions []string
	var canaries []monitoring.Canary
	for _, name := range s.FunctionNames() {
		functions = append(functions, s.Name(name))
		if s.Canary.Has(name) {
			canaries = append(canaries, monitoring.Canary{Function: s.Name(name), Alias: function.Alias, Newest: d.functions[name].Newest})
		}
	}
	_, err := monitoring.New(d.ctx, "monitoring", monitoring.Args{
		Name:      s.Name(),
		StageName: s.StageName,
		Functions: functions,
		Canaries:  canaries,
		Alarms:    s.Alarms,
		Dashboard: s.Dashboard,
		Budget:    s.Budget,
		StackTag:  s.Stack,
		KeyARN:    d.key(),
		Account:   d.where.account,
		Tags:      d.tags,
	})
	return err
}
