package recorded

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// All types, for the tests: a new one belongs in here.
var all = []any{
	Key{}, Alias{}, Topic{}, TopicSubscription{}, TopicPolicy{}, MetricAlarm{}, CompositeAlarm{}, Dashboard{}, LogMetricFilter{}, WebACL{}, IPSet{},
	WebACLAssociation{}, WebACLLogging{}, Budget{}, DomainName{}, BasePathMapping{}, Record{}, RiskConfiguration{},
}

// A rule that is misspelt would hold for nothing: each one is read, also those inside.
func TestEveryRuleIsOne(t *testing.T) {
	var walk func(kind reflect.Type)
	walk = func(kind reflect.Type) {
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() != reflect.Struct {
			return
		}
		for i := range kind.NumField() {
			field := kind.Field(i)
			for _, r := range parseRules(field) {
				if r.name == "range" || r.name == "length" {
					if least, most := bounds(r.of); least > most {
						t.Errorf("%s.%s: from %v to %v", kind.Name(), field.Name, least, most)
					}
				}
			}
			walk(field.Type)
		}
	}
	for _, v := range all {
		walk(reflect.TypeOf(v))
	}
}

func TestRules(t *testing.T) {
	type inner struct {
		Name string `json:"name" rule:"need;length=2..3"`
	}
	type thing struct {
		Word   string   `json:"word,omitempty" rule:"one=a|b"`
		Number int      `json:"number,omitempty" rule:"range=2..4"`
		Flag   *bool    `json:"flag,omitempty"`
		Rate   *float64 `json:"rate,omitempty" rule:"need"`
		Nets   []string `json:"nets,omitempty" rule:"length=1..2;form=cidr"`
		Inner  []inner  `json:"inner,omitempty"`
	}
	for text, want := range map[string]string{
		`{"rate":0}`:                       "",
		`{"rate":0,"word":"b","number":4}`: "",
		`{}`:                               "rate is required",
		`{"rate":1,"word":"c"}`:            `word is "c"; legal are a, b`,
		`{"rate":1,"number":5}`:            "number is 5; legal are numbers from 2 to 4",
		`{"rate":1,"nets":["::/8","10.0.0.0/8"]}`:     "",
		`{"rate":1,"nets":["10.0.0.0/8","x"]}`:        `nets[1] is "x"; legal are address ranges in CIDR notation, such as 192.0.2.0/24`,
		`{"rate":1,"nets":["::/8","::/8","::/8"]}`:    "nets has 3 items; legal are 1..2",
		`{"rate":1,"inner":[{"name":"ab"},{}]}`:       "inner[1].name is required",
		`{"rate":1,"inner":[{"name":"a"}]}`:           "inner[0].name has 1 characters; legal are 2..3",
		`{"rate":1,"inner":[{"name":"äöü"}]}`:         "",
		`{"rate":1,"inner":[{"name":"äöüß"},{}]}`:     "inner[0].name has 4 characters; legal are 2..3",
		`{"rate":1,"flag":false,"nets":[],"word":""}`: "",
	} {
		var v thing
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := Check(v); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTheAlarmsOfARule(t *testing.T) {
	for rule, want := range map[string]string{
		`ALARM("a b") OR ALARM(c)`:                                 "a b,c",
		`NOT (OK("a") AND INSUFFICIENT_DATA(b))`:                   "a,b",
		"ALARM(arn:aws:cloudwatch:us-west-2:000000000000:alarm:x)": "arn:aws:cloudwatch:us-west-2:000000000000:alarm:x",
		"TRUE":                 "",
		`ALARM("a") XOR OK(b)`: "refused",
		`ALARM("a"`:            "refused",
		`(ALARM("a")`:          "refused",
		`ALARM()`:              "refused",
		"SOMETHING(a)":         "refused",
	} {
		a := CompositeAlarm{AlarmName: "x", AlarmRule: rule}
		got := strings.Join(a.Alarms(), ",")
		if Check(a) != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// Whatever is declared, it is taken or refused with a reason that is short enough to read.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","scope":"REGIONAL","defaultAction":{"allow":{}},"visibilityConfig":{"cloudwatchMetricsEnabled":true,"metricName":"m","sampledRequestsEnabled":true},"rules":[{"name":"a","priority":0,"action":{"block":{}},"statement":{"notStatement":{"statements":[{"ipSetReferenceStatement":{"arn":"arn:aws:wafv2:us-west-2:000000000000:regional/ipset/a/b"}}]}},"visibilityConfig":{"cloudwatchMetricsEnabled":true,"metricName":"m","sampledRequestsEnabled":true}}]}`,
		`{"name":"x","comparisonOperator":"GreaterThanThreshold","evaluationPeriods":1,"threshold":1,"metricQueries":[{"id":"a","returnData":true,"metric":{"namespace":"n","metricName":"m","period":60,"stat":"p99"}}]}`,
		`{"alarmName":"x","alarmRule":"ALARM(a) OR NOT OK(\"b\")"}`, `{"dashboardName":"x","dashboardBody":"{\"widgets\":[{\"type\":\"text\",\"properties\":{}}]}"}`,
		`{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}"}`,
		`{"resourceArn":"arn:aws:wafv2:us-west-2:000000000000:x","logDestinationConfigs":["arn:aws:logs:us-west-2:000000000000:log-group:aws-waf-logs-a"],"redactedFields":[{}]}`,
		`{"zoneId":"Z","name":"x","type":"A","aliases":[{"name":"a","zoneId":"Z","evaluateTargetHealth":true}]}`,
		`{"userPoolId":"x","accountTakeoverRiskConfiguration":{"actions":{"highAction":{"eventAction":"BLOCK","notify":true}}}}`,
		`{"budgetType":"COST","timeUnit":"DAILY","notifications":[{}]}`, `{"scope":"REGIONAL","ipAddressVersion":"IPV6","addresses":["::/0","::1%x/1"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range all {
			v := reflect.New(reflect.TypeOf(kind))
			if json.Unmarshal(data, v.Interface()) != nil {
				continue
			}
			err := Check(v.Elem().Interface())
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%T: %v", kind, err)
			}
			if acl, is := v.Interface().(*WebACL); is && err == nil {
				acl.IPSets() // what was taken can be read
			}
		}
	})
}
