package settings

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// Encryption is with which key what is stored is encrypted. Without a key of the
// customer's it is AWS's own.
type Encryption struct {
	CustomerKey bool
}

// Firewall is the web ACL before the API, of AWS WAF.
//
// See https://docs.aws.amazon.com/waf/latest/developerguide/web-acl.html.
type Firewall struct {
	Enabled       bool
	Mode          string   // BLOCK, COUNT
	ManagedRules  []string // AWS's rule groups, without the AWSManagedRules before their names
	RateLimit     int      // requests of one address in five minutes
	ProtectSignIn bool     // whether the user pool's endpoints are behind it too
	Logging       bool
}

// Alarms are thresholds, over five minutes, and who is told when they are crossed.
type Alarms struct {
	Enabled        bool
	Emails         []string
	ServerErrors   float64 // percent of the requests that end with 5xx
	ClientErrors   int     // requests that end with 4xx
	Throttles      int     // invocations that a function could not take
	FunctionErrors int     // invocations that fail
	Latency        int     // milliseconds, of the slowest hundredth
}

// Domain is a name of the customer's own for the API.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html.
type Domain struct {
	Name            string // empty: none
	CertificateARN  string
	SecurityPolicy  string
	ZoneID          string // of Route 53; empty: the record is made elsewhere
	DefaultEndpoint bool   // whether the API also answers at API Gateway's own name
}

// Budget is what the stack may cost.
type Budget struct {
	MonthlyLimit float64 // USD; 0: none
	Emails       []string
}

// managedRules are the rule groups of AWS that cost nothing beyond the rule itself.
//
// See https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html.
var managedRules = []string{"CommonRuleSet", "KnownBadInputsRuleSet", "AmazonIpReputationList", "AnonymousIpList", "SQLiRuleSet"}

func readTracing(o object) bool {
	return o.boolean("tracing", false, "Whether AWS X-Ray traces requests through API Gateway and the functions.", cost("5 USD a million traces, after 100,000 a month"))
}

func readEncryption(o object) Encryption {
	var e Encryption
	o.child("encryption", "With which key logs, alarms' messages and functions' environments are encrypted.", func(o object) {
		e.CustomerKey = o.boolean("customerKey", false, "A KMS key of the stack's own, rotated every year, in place of AWS's own.", cost("1 USD a month for each yearly version of the key, 0.03 for 10,000 uses"))
	})
	return e
}

func readFirewall(o object) Firewall {
	var f Firewall
	o.child("firewall", "A web ACL of AWS WAF before the stage.", func(o object) {
		f = Firewall{
			Enabled: o.boolean("enabled", false, "Whether there is one. The local AWS records it and lets every request pass.", cost("5 USD a month, 1 for each rule, 0.60 for a million requests")),
			Mode:    o.choice("mode", "BLOCK", []string{"BLOCK", "COUNT"}, "COUNT only counts what the rules would block: to see what they do before they do it."),
			ManagedRules: o.texts("managedRules", managedRules[:3], joined(managedRules), "AWS's rule groups.", func(key, rule string) {
				if !slices.Contains(managedRules, rule) {
					o.p.add(key, "is %q%s: legal are %s", rule, meant(rule, managedRules), joined(managedRules))
				}
			}),
			RateLimit:     o.integer("rateLimit", 2000, 10, 2_000_000_000, "Requests that one address may send in five minutes."),
			ProtectSignIn: o.boolean("protectSignIn", true, "Whether the user pool, with its hosted sign-in, is behind the same rules."),
			Logging:       o.boolean("logging", true, "Whether requests that a rule matches are logged, without authorization and x-api-key.", cost("CloudWatch Logs, 0.50 USD a GB")),
		}
	})
	return f
}

func readAlarms(o object) Alarms {
	var a Alarms
	o.child("alarms", "CloudWatch alarms over five minutes, and an SNS topic that they tell.", func(o object) {
		a = Alarms{
			Enabled:        o.boolean("enabled", false, "Whether there are any.", cost("0.10 USD a month for each alarm: three, two for each function, and one more for each of canary.functions")),
			Emails:         o.emails("Who is told; AWS asks each address for consent."),
			ServerErrors:   o.number("serverErrors", 1, "Percent of the requests that end with 5xx."),
			ClientErrors:   o.integer("clientErrors", 500, 1, maxCount, "Requests that end with 4xx: people who try keys, signatures or paths."),
			Throttles:      o.integer("throttles", 1, 1, maxCount, "Invocations that a function could not take."),
			FunctionErrors: o.integer("functionErrors", 1, 1, maxCount, "Invocations of a function that fail."),
			Latency:        o.integer("latency", 3000, 1, 30_000, "Milliseconds that the slowest hundredth of the requests takes."),
		}
		if a.ServerErrors > 100 {
			o.p.add(o.at("serverErrors"), "is %g: legal are percent, up to 100", a.ServerErrors)
		}
		if len(a.Emails) > 0 && !a.Enabled {
			o.p.add(o.at("emails"), "names people to tell, but %s is false", o.at("enabled"))
		}
	})
	return a
}

func readDashboard(o object) bool {
	return o.boolean("dashboard", false, "A CloudWatch dashboard of requests, errors, latency and functions.", cost("3 USD a month, after three of the account"))
}

var (
	hostName       = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	zoneID         = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

func readDomain(o object) Domain {
	var d Domain
	o.child("domain", "A name of your own for the API. The output domainUrl then is its address, without a stage.", func(o object) {
		d = Domain{
			Name:            o.text("name", "", "is a host name such as api.example.com", "Empty: none."),
			CertificateARN:  o.text("certificateArn", "", "is the ARN of a certificate", "The certificate for the name, in AWS Certificate Manager, in the stack's region."),
			SecurityPolicy:  o.choice("securityPolicy", "TLS_1_2", []string{"TLS_1_2", "TLS_1_0"}, "The least version of TLS that is spoken."),
			ZoneID:          o.text("zoneId", "", "is a hosted zone's id such as Z0123456789ABCDEFGHIJ", "Hosted zone of Route 53 that gets the record. Empty: you make the record.", cost("0.50 USD a month for the zone, which is not the stack's")),
			DefaultEndpoint: o.boolean("defaultEndpoint", true, "Whether the API also answers at API Gateway's own name. false closes that way around the domain."),
		}
		check := func(field, value, what string, legal *regexp.Regexp) {
			if value != "" && !legal.MatchString(value) {
				o.p.add(o.at(field), "is %q: legal is %s", value, what)
			}
		}
		check("name", d.Name, "a host name such as api.example.com", hostName)
		check("certificateArn", d.CertificateARN, "the ARN of a certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID", certificateARN)
		check("zoneId", d.ZoneID, "a hosted zone's id such as Z0123456789ABCDEFGHIJ", zoneID)
		switch {
		case d.Name != "" && d.CertificateARN == "" && !o.has("certificateArn"):
			o.p.add(o.at("certificateArn"), "is missing: %s has no certificate", d.Name)
		case d.Name == "" && (d.CertificateARN != "" || d.ZoneID != ""):
			o.p.add(o.at("name"), "is missing: certificateArn and zoneId are for a name")
		case d.Name == "" && !d.DefaultEndpoint:
			o.p.add(o.at("defaultEndpoint"), "is false, and there is no name: nobody could reach the API")
		}
	})
	return d
}

func readBudget(o object) Budget {
	var b Budget
	o.child("budget", "What everything with the tags of this stack may cost a month. The tag `stack` must be activated as a cost allocation tag in the account's billing settings first.", func(o object) {
		b.MonthlyLimit = o.number("monthlyLimit", 0, "USD; mail is sent at 80 percent spent and at 100 percent forecast.", byDefault("no budget"))
		b.Emails = o.emails("Who is told.")
		switch {
		case b.MonthlyLimit > 0 && len(b.Emails) == 0:
			o.p.add(o.at("emails"), "is missing: a budget tells somebody")
		case b.MonthlyLimit == 0 && len(b.Emails) > 0 && !o.has("monthlyLimit"):
			o.p.add(o.at("monthlyLimit"), "is missing: emails are for a budget")
		}
	})
	return b
}

func (o object) emails(doc string) []string {
	return o.texts("emails", nil, "email addresses", doc, func(key, text string) {
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text || !strings.Contains(text, ".") {
			o.p.add(key, "is %q: legal is an email address", text)
		}
	})
}
