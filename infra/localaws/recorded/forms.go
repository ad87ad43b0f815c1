package recorded

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// form is a form that a text may have to have.
type form struct {
	is    func(string) bool
	legal string // for the error: what has the form
}

var forms = map[string]form{
	"arn":     {matches(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws|)?:.+$`), "ARNs, such as arn:aws:sns:us-west-2:111122223333:alarms"},
	"acm":     {matches(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+$`), "ARNs of certificates, such as arn:aws:acm:us-west-2:111122223333:certificate/8a4c..."},
	"json":    {isObject, "JSON objects"},
	"policy":  {isPolicy, "policy documents in JSON whose statements have Effect, Principal, Action and Resource"},
	"name":    {matches(`^[a-zA-Z0-9_-]+$`), "letters, digits, hyphens and underscores"},
	"alias":   {func(s string) bool { return aliasPattern(s) && !strings.HasPrefix(s, "alias/aws/") }, "alias/NAME, where NAME has letters, digits, /, _ and - and does not begin with aws/"},
	"cidr":    {isPrefix, "address ranges in CIDR notation, such as 192.0.2.0/24"},
	"domain":  {isDomain, "domain names in lower case, such as api.example.com"},
	"lower":   {func(s string) bool { return s == strings.ToLower(s) }, "names in lower case, as AWS answers them so"},
	"decimal": {matches(`^[0-9]+(\.[0-9]+)?$`), `decimal numbers, such as "50" or "12.5"`},
	"day":     {matches(`^[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{2}:[0-9]{2}$`), "times such as 2026-01-01_00:00"},
	"unit":    {func(s string) bool { return slices.Contains(units, s) }, strings.Join(units, ", ")},
	"uuid":    {matches(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^mrk-[0-9a-f]{32}$`), "ids of keys"},
}

// units are those of CloudWatch's metrics.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
	"Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second",
	"Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

var aliasPattern = matches(`^alias/[a-zA-Z0-9/_-]{1,250}$`)

func matches(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

func isObject(text string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}

func isPrefix(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	return err == nil && prefix.Addr().Zone() == ""
}

var domainPattern = matches(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)

func isDomain(text string) bool { return len(text) <= 253 && domainPattern(text) }

// isPolicy tells whether this is a resource policy. What it says is not judged: nothing
// here asks it.
func isPolicy(text string) bool {
	var document struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if !strictly(text, &document) || !slices.Contains([]string{"2012-10-17", "2008-10-17"}, document.Version) {
		return false
	}
	type statement struct {
		SID                                                               string `json:"Sid"`
		Effect                                                            string
		Principal, NotPrincipal, Action, NotAction, Resource, NotResource any
		Condition                                                         map[string]map[string]any
	}
	var statements []statement
	if !strictly(string(document.Statement), &statements) {
		var one statement
		if !strictly(string(document.Statement), &one) {
			return false
		}
		statements = []statement{one}
	}
	for _, s := range statements {
		if s.Effect != "Allow" && s.Effect != "Deny" || (s.Principal == nil) == (s.NotPrincipal == nil) || (s.Action == nil) == (s.NotAction == nil) || (s.Resource == nil) == (s.NotResource == nil) {
			return false
		}
	}
	return len(statements) > 0
}

// strictly decodes JSON that has no members that are not known.
func strictly(text string, into any) bool {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into) == nil && !d.More()
}
