package recorded

import (
	"fmt"
	"net/netip"
	"regexp"

	"auth-api/infra/localaws/declared"
)

// WebACL is a web application firewall (aws:wafv2/webAcl:WebAcl). Its id is a UUID. No
// request is held against it here.
//
// https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
type WebACL struct {
	Name             string            `json:"name" aws:"replace,autoname" rule:"length=1..128;form=name"`
	Scope            string            `json:"scope" aws:"required,replace" rule:"one=REGIONAL"` // what stages and user pools have
	Description      string            `json:"description,omitempty" rule:"length=1..256"`
	DefaultAction    DefaultAction     `json:"defaultAction" aws:"required"`
	Rules            []WebACLRule      `json:"rules,omitempty"`
	VisibilityConfig VisibilityConfig  `json:"visibilityConfig" aws:"required"`
	Tags             map[string]string `json:"tags,omitempty"`
	TagsAll          map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN              string            `json:"arn,omitempty" aws:"computed"`
}

// Empty is an object that says all by being there.
type Empty struct{}

// DefaultAction is what is done with a request that no rule ends.
type DefaultAction struct {
	Allow *Empty `json:"allow,omitempty"`
	Block *Empty `json:"block,omitempty"`
}

func (a DefaultAction) check() error {
	return exactlyOne(map[string]bool{"allow": a.Allow != nil, "block": a.Block != nil})
}

// VisibilityConfig says what metrics and samples there are of a rule or WebACL.
type VisibilityConfig struct {
	CloudwatchMetricsEnabled *bool  `json:"cloudwatchMetricsEnabled" rule:"need"`
	MetricName               string `json:"metricName" rule:"need;length=1..128;form=name"`
	SampledRequestsEnabled   *bool  `json:"sampledRequestsEnabled" rule:"need"`
}

// WebACLRule is a rule of a WebACL: a group of AWS's own with an override action, or a
// statement with an action.
type WebACLRule struct {
	Name             string           `json:"name" rule:"need;length=1..128;form=name"`
	Priority         *int             `json:"priority" rule:"need"`
	Action           *RuleAction      `json:"action,omitempty"`
	OverrideAction   *OverrideAction  `json:"overrideAction,omitempty"`
	Statement        RuleStatement    `json:"statement"`
	VisibilityConfig VisibilityConfig `json:"visibilityConfig"`
}

// RuleAction is what is done with a request that a rule is about.
type RuleAction struct {
	Allow     *Empty `json:"allow,omitempty"`
	Block     *Empty `json:"block,omitempty"`
	Count     *Empty `json:"count,omitempty"`
	Captcha   *Empty `json:"captcha,omitempty"`
	Challenge *Empty `json:"challenge,omitempty"`
}

func (a RuleAction) check() error {
	return exactlyOne(map[string]bool{"allow": a.Allow != nil, "block": a.Block != nil, "count": a.Count != nil, "captcha": a.Captcha != nil, "challenge": a.Challenge != nil})
}

// OverrideAction says whether a group's own actions count.
type OverrideAction struct {
	None  *Empty `json:"none,omitempty"`
	Count *Empty `json:"count,omitempty"`
}

func (a OverrideAction) check() error {
	return exactlyOne(map[string]bool{"none": a.None != nil, "count": a.Count != nil})
}

// RuleStatement is what a rule is about: exactly one of its members.
type RuleStatement struct {
	ManagedRuleGroupStatement *ManagedRuleGroupStatement `json:"managedRuleGroupStatement,omitempty"`
	RateBasedStatement        *RateBasedStatement        `json:"rateBasedStatement,omitempty"`
	IPSetReferenceStatement   *IPSetReferenceStatement   `json:"ipSetReferenceStatement,omitempty"`
	NotStatement              *NotStatement              `json:"notStatement,omitempty"`
}

func (s RuleStatement) check() error {
	return exactlyOne(map[string]bool{
		"managedRuleGroupStatement": s.ManagedRuleGroupStatement != nil, "rateBasedStatement": s.RateBasedStatement != nil,
		"ipSetReferenceStatement": s.IPSetReferenceStatement != nil, "notStatement": s.NotStatement != nil,
	})
}

// ManagedRuleGroupStatement is a group of rules that AWS keeps, such as
// AWSManagedRulesCommonRuleSet.
type ManagedRuleGroupStatement struct {
	Name                string               `json:"name" rule:"need;length=1..128;form=name"`
	VendorName          string               `json:"vendorName" rule:"need;length=1..128"`
	Version             string               `json:"version,omitempty" rule:"length=1..64"`
	RuleActionOverrides []RuleActionOverride `json:"ruleActionOverrides,omitempty" rule:"length=1..100"`
}

// RuleActionOverride gives one rule of a group another action.
type RuleActionOverride struct {
	Name        string     `json:"name" rule:"need;length=1..128"`
	ActionToUse RuleAction `json:"actionToUse"`
}

// RateBasedStatement is about addresses that send more than limit requests in a window.
type RateBasedStatement struct {
	Limit               int    `json:"limit" rule:"need;range=10..2000000000"`
	AggregateKeyType    string `json:"aggregateKeyType,omitempty" rule:"one=IP"`
	EvaluationWindowSec int    `json:"evaluationWindowSec,omitempty"`
}

func (s RateBasedStatement) check() error {
	switch s.EvaluationWindowSec {
	case 0, 60, 120, 300, 600:
		return nil
	}
	return fmt.Errorf("evaluationWindowSec is %d; legal are 60, 120, 300, 600", s.EvaluationWindowSec)
}

// IPSetReferenceStatement is about the addresses of an IPSet.
type IPSetReferenceStatement struct {
	ARN string `json:"arn" rule:"need;form=arn"`
}

// NotStatement is about all that its one statement is not about.
type NotStatement struct {
	Statements []NegatedStatement `json:"statements" rule:"need;length=1..1"`
}

// NegatedStatement is what a NotStatement turns round.
type NegatedStatement struct {
	IPSetReferenceStatement *IPSetReferenceStatement `json:"ipSetReferenceStatement,omitempty" rule:"need"`
}

func (w WebACL) check() error {
	names, priorities := map[string]bool{}, map[int]bool{}
	for i, r := range w.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		if names[r.Name] {
			return fmt.Errorf("%s.name is %q, which another rule has; legal is each once", path, r.Name)
		}
		if priorities[*r.Priority] || *r.Priority < 0 {
			return fmt.Errorf("%s.priority is %d; legal are numbers from 0, each once", path, *r.Priority)
		}
		names[r.Name], priorities[*r.Priority] = true, true
		if group := r.Statement.ManagedRuleGroupStatement != nil; group != (r.OverrideAction != nil) || group == (r.Action != nil) {
			return fmt.Errorf("%s.overrideAction and action do not fit its statement; legal is overrideAction with managedRuleGroupStatement, and action with any other", path)
		}
	}
	return nil
}

// IPSets returns the ARNs of the IP sets that the rules are about.
func (w WebACL) IPSets() []string {
	var arns []string
	for _, r := range w.Rules {
		if s := r.Statement.IPSetReferenceStatement; s != nil {
			arns = append(arns, s.ARN)
		}
		if s := r.Statement.NotStatement; s != nil {
			arns = append(arns, s.Statements[0].IPSetReferenceStatement.ARN)
		}
	}
	return arns
}

// IPSet is a set of addresses (aws:wafv2/ipSet:IpSet). Its id is a UUID.
type IPSet struct {
	Name             string            `json:"name" aws:"replace,autoname" rule:"length=1..128;form=name"`
	Scope            string            `json:"scope" aws:"required,replace" rule:"one=REGIONAL"`
	IPAddressVersion string            `json:"ipAddressVersion" aws:"required,replace" rule:"one=IPV4|IPV6"`
	Addresses        []string          `json:"addresses,omitempty" rule:"length=1..10000;form=cidr"`
	Description      string            `json:"description,omitempty" rule:"length=1..256"`
	Tags             map[string]string `json:"tags,omitempty"`
	TagsAll          map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN              string            `json:"arn,omitempty" aws:"computed"`
}

func (s IPSet) check() error {
	for i, address := range s.Addresses {
		prefix, err := netip.ParsePrefix(address)
		if err != nil || prefix.Addr().Is4() != (s.IPAddressVersion == "IPV4") || prefix.Bits() == 0 {
			return fmt.Errorf("addresses[%d] is %q; legal are ranges of %s, and none of all addresses (/0)", i, address, s.IPAddressVersion)
		}
	}
	return nil
}

// WebACLAssociation puts a WebACL before a stage or a user pool
// (aws:wafv2/webAclAssociation:WebAclAssociation). Its id is WEB-ACL-ARN,RESOURCE-ARN.
type WebACLAssociation struct {
	ResourceARN string `json:"resourceArn" aws:"required,replace" rule:"form=arn"`
	WebACLARN   string `json:"webAclArn" aws:"required,replace" rule:"form=arn"`
}

// WebACLLogging says where a WebACL's logs go
// (aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration). Its id is the ACL's ARN.
//
// https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
type WebACLLogging struct {
	ResourceARN           string          `json:"resourceArn" aws:"required,replace" rule:"form=arn"`
	LogDestinationConfigs []string        `json:"logDestinationConfigs" aws:"required,replace" rule:"need;length=1..1;form=arn"`
	RedactedFields        []RedactedField `json:"redactedFields,omitempty" rule:"length=1..100"`
	LoggingFilter         *LoggingFilter  `json:"loggingFilter,omitempty"`
}

// RedactedField is a part of a request that logs leave out: exactly one of its members.
type RedactedField struct {
	Method       *Empty        `json:"method,omitempty"`
	QueryString  *Empty        `json:"queryString,omitempty"`
	SingleHeader *SingleHeader `json:"singleHeader,omitempty"`
	URIPath      *Empty        `json:"uriPath,omitempty"`
}

// SingleHeader names a header.
type SingleHeader struct {
	Name string `json:"name" rule:"need;length=1..64;form=lower"`
}

func (f RedactedField) check() error {
	return exactlyOne(map[string]bool{"method": f.Method != nil, "queryString": f.QueryString != nil, "singleHeader": f.SingleHeader != nil, "uriPath": f.URIPath != nil})
}

// LoggingFilter says which requests are logged.
type LoggingFilter struct {
	DefaultBehavior string       `json:"defaultBehavior" rule:"need;one=KEEP|DROP"`
	Filters         []LogRequest `json:"filters" rule:"need"`
}

// LogRequest is a filter of a LoggingFilter.
type LogRequest struct {
	Behavior    string         `json:"behavior" rule:"need;one=KEEP|DROP"`
	Requirement string         `json:"requirement" rule:"need;one=MEETS_ALL|MEETS_ANY"`
	Conditions  []LogCondition `json:"conditions" rule:"need"`
}

// LogCondition is what a LogRequest is about.
type LogCondition struct {
	ActionCondition *ActionCondition `json:"actionCondition,omitempty" rule:"need"`
}

// ActionCondition is about requests that this was done with.
type ActionCondition struct {
	Action string `json:"action" rule:"need;one=ALLOW|BLOCK|COUNT|CAPTCHA|CHALLENGE|EXCLUDED_AS_COUNT"`
}

// firewallLog finds the destinations that WAF takes: their names begin with aws-waf-logs-.
var firewallLog = regexp.MustCompile(`^arn:aws[a-z-]*:(logs:[a-z0-9-]+:[0-9]{12}:log-group:|s3:::|firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/)aws-waf-logs-[^*:]*$`)

func (l WebACLLogging) check() error {
	if arn := l.LogDestinationConfigs[0]; !firewallLog.MatchString(arn) {
		return fmt.Errorf("logDestinationConfigs[0] is %q; legal are a log group, bucket or delivery stream whose name begins with aws-waf-logs-, without :* at its end", arn)
	}
	return nil
}

// The kinds of WAF.
const (
	WebACLs            declared.Kind[WebACL]            = Prefix + "wafv2.WebAcl"
	IPSets             declared.Kind[IPSet]             = Prefix + "wafv2.IpSet"
	WebACLAssociations declared.Kind[WebACLAssociation] = Prefix + "wafv2.WebAclAssociation"
	WebACLLoggings     declared.Kind[WebACLLogging]     = Prefix + "wafv2.WebAclLoggingConfiguration"
)
