package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// faults are the lines of an error, without the stack file's name.
func faults(err error) []string {
	if err == nil {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		out = append(out, strings.TrimPrefix(line, "Pulumi.dev.yaml: "))
	}
	return out
}

func TestWrongHardeningIsToldWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"tracing in words", `tracing: "yes please"`, []string{`auth-api:tracing is "yes please": legal are true, false`}},
		{"a key by its name", `encryption: {customerKey: alias/mine}`, []string{`auth-api:encryption.customerKey is "alias/mine": legal are true, false`}},
		{"no mapping", `firewall: true`, []string{`auth-api:firewall is true: legal is a mapping of enabled, mode, managedRules, rateLimit, protectSignIn, logging`}},
		{"mode", `firewall: {mode: block}`, []string{`auth-api:firewall.mode is "block": legal are BLOCK, COUNT`}},
		{"a rule by its whole name", `firewall: {managedRules: [AWSManagedRulesCommonRuleSet]}`, []string{`auth-api:firewall.managedRules[0] is "AWSManagedRulesCommonRuleSet": legal are CommonRuleSet, KnownBadInputsRuleSet, AmazonIpReputationList, AnonymousIpList, SQLiRuleSet`}},
		{"a rule that is misspelt", `firewall: {managedRules: [CommonRulesSet]}`, []string{`auth-api:firewall.managedRules[0] is "CommonRulesSet" (did you mean CommonRuleSet?): legal are CommonRuleSet, KnownBadInputsRuleSet, AmazonIpReputationList, AnonymousIpList, SQLiRuleSet`}},
		{"a rule twice", `firewall: {managedRules: [SQLiRuleSet, SQLiRuleSet]}`, []string{`auth-api:firewall.managedRules[1] is "SQLiRuleSet", which stands in the list already`}},
		{"a limit below WAF's", `firewall: {rateLimit: 9}`, []string{`auth-api:firewall.rateLimit is 9: legal is a whole number from 10 to 2000000000`}},
		{"told without alarms", `alarms: {emails: [ops@example.com]}`, []string{`auth-api:alarms.emails names people to tell, but auth-api:alarms.enabled is false`}},
		{"no address", `alarms: {enabled: true, emails: [ops]}`, []string{`auth-api:alarms.emails[0] is "ops": legal is an email address`}},
		{"a name before the address", `alarms: {enabled: true, emails: ["Ops <ops@example.com>"]}`, []string{`auth-api:alarms.emails[0] is "Ops <ops@example.com>": legal is an email address`}},
		{"no errors at all", `alarms: {serverErrors: 0}`, []string{`auth-api:alarms.serverErrors is 0: legal is a number above 0`}},
		{"more percent than there are", `alarms: {serverErrors: 101}`, []string{`auth-api:alarms.serverErrors is 101: legal are percent, up to 100`}},
		{"latency beyond API Gateway's patience", `alarms: {latency: 60000}`, []string{`auth-api:alarms.latency is 60000: legal is a whole number from 1 to 30000`}},
		{"a dashboard by its name", `dashboard: mine`, []string{`auth-api:dashboard is "mine": legal are true, false`}},
		{"no certificate", `domain: {name: api.example.com}`, []string{`auth-api:domain.certificateArn is missing: api.example.com has no certificate`}},
		{"no name", `domain: {zoneId: Z0123456789ABCDEFGHIJ}`, []string{`auth-api:domain.name is missing: certificateArn and zoneId are for a name`}},
		{"an address", `domain: {name: "https://api.example.com", certificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/x"}`, []string{`auth-api:domain.name is "https://api.example.com": legal is a host name such as api.example.com`}},
		{"another thing's ARN", `domain: {name: api.example.com, certificateArn: "arn:aws:iam::111122223333:role/x"}`, []string{`auth-api:domain.certificateArn is "arn:aws:iam::111122223333:role/x": legal is the ARN of a certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID`}},
		{"an old TLS", `domain: {securityPolicy: SSL_3}`, []string{`auth-api:domain.securityPolicy is "SSL_3": legal are TLS_1_2, TLS_1_0`}},
		{"a zone by its name", `domain: {name: api.example.com, certificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/x", zoneId: example.com}`, []string{`auth-api:domain.zoneId is "example.com": legal is a hosted zone's id such as Z0123456789ABCDEFGHIJ`}},
		{"a name on the Internet for a private API", "domain: {name: api.example.com, certificateArn: \"arn:aws:acm:us-west-2:111122223333:certificate/x\"}\nresourcePolicy: {vpcEndpointIds: [vpce-0123456789abcdef0]}",
			[]string{`auth-api:domain.name is for an API on the Internet, and auth-api:resourcePolicy.vpcEndpointIds makes this one private: take one of them out`}},
		{"no door left", `domain: {defaultEndpoint: false}`, []string{`auth-api:domain.defaultEndpoint is false, and there is no name: nobody could reach the API`}},
		{"a budget that tells nobody", `budget: {monthlyLimit: 20}`, []string{`auth-api:budget.emails is missing: a budget tells somebody`}},
		{"nothing to tell", `budget: {emails: [ops@example.com]}`, []string{`auth-api:budget.monthlyLimit is missing: emails are for a budget`}},
		{"a limit in words", `budget: {monthlyLimit: 20 USD, emails: [ops@example.com]}`, []string{`auth-api:budget.monthlyLimit is "20 USD": legal is a number above 0`}},
		{"an account role by its ARN", `logging: {accountRole: "arn:aws:iam::111122223333:role/x"}`, []string{`auth-api:logging.accountRole is "arn:aws:iam::111122223333:role/x": legal are true, false`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, open+"\n"+c.file)
			if diff := cmp.Diff(c.want, faults(err)); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}
