// Package firewall is the component of the web ACL of AWS WAF before the API and the
// sign-in.
//
// It registers its resources by their type's name: the Go package wafv2 of pulumi-aws
// has 140,000 lines, and compiling it takes more than twice as long as all the rest of
// the program. What the types would check, the conformance check and the local AWS do.
package firewall

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/settings"
)

// Version is the version of pulumi-aws that the resources are for, which is the one in
// go.mod.
const Version = "6.83.2"

// Args are what a firewall is made of.
type Args struct {
	Name          string // of the stack's things in AWS, or the beginning of it
	Settings      settings.Firewall
	StageARN      pulumi.StringOutput
	UserPoolARN   pulumi.StringOutput
	KeyARN        pulumi.StringPtrInput // encrypts the log; nil: AWS's own key
	RetentionDays int
	Tags          map[string]string
}

// Firewall is a web ACL and what it stands before.
type Firewall struct {
	pulumi.ResourceState
}

// resource is a resource of which the program uses the ARN alone.
type resource struct {
	pulumi.CustomResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// New declares a firewall.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Firewall, error) {
	c := &Firewall{}
	if err := ctx.RegisterComponentResource("auth-api:firewall:Firewall", name, c, opts...); err != nil {
		return nil, err
	}
	declare := func(token, name string, inputs pulumi.Map, opts ...pulumi.ResourceOption) (*resource, error) {
		r := &resource{}
		return r, ctx.RegisterResource(token, name, inputs, r, append(opts, pulumi.Parent(c), pulumi.Version(Version))...)
	}

	acl, err := declare("aws:wafv2/webAcl:WebAcl", "firewall", pulumi.Map{
		"name":             pulumi.String(args.Name),
		"description":      pulumi.String("Before the API and the sign-in of " + args.Name),
		"scope":            pulumi.String("REGIONAL"),
		"defaultAction":    pulumi.Map{"allow": pulumi.Map{}},
		"rules":            rules(args.Settings),
		"visibilityConfig": visible(args.Name),
		"tags":             pulumi.ToStringMap(args.Tags),
	})
	if err != nil {
		return nil, err
	}
	guarded := map[string]pulumi.StringOutput{"firewall-api": args.StageARN}
	if args.Settings.ProtectSignIn {
		guarded["firewall-sign-in"] = args.UserPoolARN
	}
	for _, name := range []string{"firewall-api", "firewall-sign-in"} {
		arn, guard := guarded[name]
		if !guard {
			continue
		}
		if _, err := declare("aws:wafv2/webAclAssociation:WebAclAssociation", name, pulumi.Map{"resourceArn": arn, "webAclArn": acl.ARN},
			// WAF takes associations away by what they guard: deleting the old one after
			// the new one is made would leave nothing in its place.
			pulumi.DeleteBeforeReplace(true)); err != nil {
			return nil, err
		}
	}
	if args.Settings.Logging {
		if err := c.log(ctx, args, acl, declare); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// log writes down the requests that a rule matched, without what would let a reader of
// the log in.
//
// See https://docs.aws.amazon.com/waf/latest/developerguide/logging.html.
func (c *Firewall) log(ctx *pulumi.Context, args Args, acl *resource, declare func(string, string, pulumi.Map, ...pulumi.ResourceOption) (*resource, error)) error {
	group, err := cloudwatch.NewLogGroup(ctx, "firewall", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(LogGroup(args.Name)),
		RetentionInDays: pulumi.Int(args.RetentionDays),
		KmsKeyId:        args.KeyARN,
		Tags:            pulumi.ToStringMap(args.Tags),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	redacted := pulumi.Array{}
	for _, header := range []string{"authorization", "cookie", "x-amz-security-token", "x-api-key"} {
		redacted = append(redacted, pulumi.Map{"singleHeader": pulumi.Map{"name": pulumi.String(header)}})
	}
	keep := func(action string) pulumi.Map {
		return pulumi.Map{"actionCondition": pulumi.Map{"action": pulumi.String(action)}}
	}
	_, err = declare("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "firewall-log", pulumi.Map{
		"resourceArn":           acl.ARN,
		"logDestinationConfigs": pulumi.StringArray{group.Arn},
		"redactedFields":        redacted,
		"loggingFilter": pulumi.Map{
			"defaultBehavior": pulumi.String("DROP"),
			"filters": pulumi.Array{pulumi.Map{
				"behavior": pulumi.String("KEEP"), "requirement": pulumi.String("MEETS_ANY"),
				"conditions": pulumi.Array{keep("BLOCK"), keep("COUNT")},
			}},
		},
	})
	return err
}

// LogGroup is the name of the log group of a firewall; WAF writes to none whose name
// begins otherwise.
func LogGroup(name string) string { return "aws-waf-logs-" + name }

// rules are the limit of an address's requests and AWS's rule groups, in the order in
// which they are looked at.
func rules(s settings.Firewall) pulumi.Array {
	count := s.Mode == "COUNT"
	// A rule says what happens; a rule group says so of its own rules, and may only be
	// overridden.
	action, override := pulumi.Map{"block": pulumi.Map{}}, pulumi.Map{"none": pulumi.Map{}}
	if count {
		action, override = pulumi.Map{"count": pulumi.Map{}}, pulumi.Map{"count": pulumi.Map{}}
	}
	out := pulumi.Array{pulumi.Map{
		"name": pulumi.String("RateLimit"), "priority": pulumi.Int(0), "action": action,
		"statement": pulumi.Map{"rateBasedStatement": pulumi.Map{
			"aggregateKeyType": pulumi.String("IP"), "limit": pulumi.Int(s.RateLimit), "evaluationWindowSec": pulumi.Int(300),
		}},
		"visibilityConfig": visible("RateLimit"),
	}}
	for i, group := range s.ManagedRules {
		out = append(out, pulumi.Map{
			"name": pulumi.String(group), "priority": pulumi.Int(i + 1), "overrideAction": override,
			"statement": pulumi.Map{"managedRuleGroupStatement": pulumi.Map{
				"name": pulumi.String("AWSManagedRules" + group), "vendorName": pulumi.String("AWS"),
			}},
			"visibilityConfig": visible(group),
		})
	}
	return out
}

// visible counts what a rule matches under a metric. Samples of the requests are not
// kept: they would hold the headers that the log leaves out.
func visible(metric string) pulumi.Map {
	return pulumi.Map{"cloudwatchMetricsEnabled": pulumi.Bool(true), "metricName": pulumi.String(metric), "sampledRequestsEnabled": pulumi.Bool(false)}
}
