package provider_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/provider"
	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	keyPolicy   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":{"Service":"logs.us-west-2.amazonaws.com"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-west-2:000000000000:*"}}}]}`
	certificate = "arn:aws:acm:us-west-2:000000000000:certificate/0a1b2c3d"
	firewallLog = "arn:aws:logs:us-west-2:000000000000:log-group:aws-waf-logs-api"
)

type m = map[string]any

// reviewed is a stack that a security review asks for, with what stands around it.
type reviewed struct {
	engine
	pool, client, api, stage, group                                                                                     one
	key, topic, alarm, set, acl, domain                                                                                 one
	alias, subscription, topicPolicy, composite, dashboard, filter, association, logging, budget, mapping, record, risk one
}

func (r *reviewed) all() []one {
	return []one{
		r.key, r.alias, r.topic, r.subscription, r.topicPolicy, r.alarm, r.composite, r.dashboard, r.filter, r.set, r.acl, r.association, r.logging,
		r.budget, r.domain, r.mapping, r.record, r.risk,
	}
}

func visible(name string) m {
	return m{"cloudwatchMetricsEnabled": true, "metricName": name, "sampledRequestsEnabled": false}
}

func rules(set any) []any {
	return []any{
		m{"name": "common", "priority": 0, "overrideAction": m{"none": m{}}, "visibilityConfig": visible("common"), "statement": m{"managedRuleGroupStatement": m{
			"name": "AWSManagedRulesCommonRuleSet", "vendorName": "AWS", "ruleActionOverrides": []any{m{"name": "SizeRestrictions_BODY", "actionToUse": m{"count": m{}}}}}}},
		m{"name": "rate", "priority": 1, "action": m{"block": m{}}, "visibilityConfig": visible("rate"), "statement": m{"rateBasedStatement": m{"limit": 2000, "aggregateKeyType": "IP", "evaluationWindowSec": 300}}},
		m{"name": "set", "priority": 2, "action": m{"allow": m{}}, "visibilityConfig": visible("set"), "statement": m{"ipSetReferenceStatement": m{"arn": set}}},
		m{"name": "others", "priority": 3, "action": m{"block": m{}}, "visibilityConfig": visible("others"), "statement": m{"notStatement": m{"statements": []any{m{"ipSetReferenceStatement": m{"arn": set}}}}}},
	}
}

func alarm(name string) m {
	return m{"name": name, "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 5, "datapointsToAlarm": 3, "namespace": "AWS/ApiGateway", "metricName": "5XXError",
		"dimensions": m{"ApiName": "api", "Stage": "v1"}, "period": 60, "statistic": "Sum", "threshold": 0, "treatMissingData": "notBreaching"}
}

func review(t *testing.T) *reviewed {
	t.Helper()
	e, _ := start(t, t.TempDir(), 0)
	r := &reviewed{engine: e}
	text := func(made one, name string) string {
		v := made.outputs[resource.PropertyKey(name)]
		if !v.IsString() {
			t.Fatalf("%s has no output %s: %v", made.urn.Name(), name, made.outputs)
		}
		return v.StringValue()
	}
	r.pool = e.create(userPool, "pool", nil)
	r.client = e.create("aws:cognito/userPoolClient:UserPoolClient", "client", m{"userPoolId": string(r.pool.id)})
	r.api = e.create("aws:apigateway/restApi:RestApi", "api", m{"body": `{"openapi":"3.0.1","info":{"title":"a","version":"1"},"paths":{"/x":{"options":{"responses":{"200":{"description":""}},"x-amazon-apigateway-integration":{"type":"mock","requestTemplates":{"application/json":"{\"statusCode\":200}"},"responses":{"default":{"statusCode":"200"}}}}}}}`})
	deployment := e.create("aws:apigateway/deployment:Deployment", "deployment", m{"restApi": string(r.api.id)})
	r.stage = e.create("aws:apigateway/stage:Stage", "stage", m{"restApi": string(r.api.id), "stageName": "v1", "deployment": string(deployment.id)})

	r.key = e.create("aws:kms/key:Key", "key", m{"description": "logs", "enableKeyRotation": true, "deletionWindowInDays": 30, "policy": keyPolicy})
	r.group = e.create(logGroup, "group", m{"name": "access", "retentionInDays": 365, "kmsKeyId": text(r.key, "arn")})
	r.alias = e.create("aws:kms/alias:Alias", "alias", m{"name": "alias/auth-api/logs", "targetKeyId": string(r.key.id)})
	r.topic = e.create("aws:sns/topic:Topic", "topic", m{"name": "alarms", "kmsMasterKeyId": "alias/aws/sns"})
	r.subscription = e.create("aws:sns/topicSubscription:TopicSubscription", "subscription", m{"topic": text(r.topic, "arn"), "protocol": "email", "endpoint": "ops@example.com"})
	r.topicPolicy = e.create("aws:sns/topicPolicy:TopicPolicy", "topicPolicy", m{"arn": text(r.topic, "arn"), "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"` + text(r.topic, "arn") + `"}}`})
	a := alarm("errors")
	a["alarmActions"], a["okActions"] = []any{text(r.topic, "arn")}, []any{text(r.topic, "arn")}
	r.alarm = e.create("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", a)
	e.create("aws:cloudwatch/metricAlarm:MetricAlarm", "rate", m{"name": "rate", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 5, "metricQueries": []any{
		m{"id": "rate", "expression": "100*errors/all", "label": "errors in a hundred", "returnData": true},
		m{"id": "errors", "metric": m{"namespace": "AWS/ApiGateway", "metricName": "4XXError", "period": 300, "stat": "Sum"}},
		m{"id": "all", "metric": m{"namespace": "AWS/ApiGateway", "metricName": "Count", "period": 300, "stat": "p99.9"}},
	}})
	r.composite = e.create("aws:cloudwatch/compositeAlarm:CompositeAlarm", "composite", m{"alarmName": "rollback", "alarmRule": `ALARM("errors") OR (NOT OK(rate) AND TRUE)`})
	r.dashboard = e.create("aws:cloudwatch/dashboard:Dashboard", "dashboard", m{"dashboardName": "auth-api", "dashboardBody": `{"widgets":[{"type":"metric","properties":{"metrics":[]}}]}`})
	r.filter = e.create("aws:cloudwatch/logMetricFilter:LogMetricFilter", "filter", m{"name": "denied", "logGroupName": "access", "pattern": `{ $.status = 403 }`, "metricTransformation": m{"name": "Denied", "namespace": "auth-api", "value": "1", "defaultValue": "0"}})
	r.set = e.create("aws:wafv2/ipSet:IpSet", "set", m{"name": "office", "scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": []any{"192.0.2.0/24"}})
	r.acl = e.create("aws:wafv2/webAcl:WebAcl", "acl", m{"name": "api", "scope": "REGIONAL", "defaultAction": m{"allow": m{}}, "visibilityConfig": visible("api"), "rules": rules(text(r.set, "arn"))})
	r.association = e.create("aws:wafv2/webAclAssociation:WebAclAssociation", "association", m{"resourceArn": text(r.stage, "arn"), "webAclArn": text(r.acl, "arn")})
	e.create("aws:wafv2/webAclAssociation:WebAclAssociation", "of the pool", m{"resourceArn": text(r.pool, "arn"), "webAclArn": text(r.acl, "arn")})
	r.logging = e.create("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "logging", m{"resourceArn": text(r.acl, "arn"), "logDestinationConfigs": []any{firewallLog},
		"redactedFields": []any{m{"singleHeader": m{"name": "authorization"}}, m{"queryString": m{}}},
		"loggingFilter":  m{"defaultBehavior": "DROP", "filters": []any{m{"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": []any{m{"actionCondition": m{"action": "BLOCK"}}}}}}})
	r.budget = e.create("aws:budgets/budget:Budget", "budget", m{"name": "auth-api", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "50", "limitUnit": "USD",
		"costFilters": []any{m{"name": "TagKeyValue", "values": []any{"user:stack$prod"}}}, "notifications": []any{m{"comparisonOperator": "GREATER_THAN", "notificationType": "FORECASTED", "threshold": 100, "thresholdType": "PERCENTAGE", "subscriberEmailAddresses": []any{"ops@example.com"}}}})
	r.domain = e.create("aws:apigateway/domainName:DomainName", "domain", m{"domainName": "api.example.com", "regionalCertificateArn": certificate, "securityPolicy": "TLS_1_2", "endpointConfiguration": m{"types": "REGIONAL"}})
	r.mapping = e.create("aws:apigateway/basePathMapping:BasePathMapping", "mapping", m{"domainName": string(r.domain.id), "restApi": string(r.api.id), "stageName": "v1"})
	r.record = e.create("aws:route53/record:Record", "record", m{"zoneId": "Z0123456789ABC", "name": "api.example.com", "type": "A", "aliases": []any{m{"name": text(r.domain, "regionalDomainName"), "zoneId": text(r.domain, "regionalZoneId"), "evaluateTargetHealth": false}}})
	r.risk = e.create("aws:cognito/riskConfiguration:RiskConfiguration", "risk", m{"userPoolId": string(r.pool.id), "clientId": string(r.client.id),
		"accountTakeoverRiskConfiguration":        m{"actions": m{"highAction": m{"eventAction": "BLOCK", "notify": false}, "lowAction": m{"eventAction": "NO_ACTION", "notify": false}}},
		"compromisedCredentialsRiskConfiguration": m{"actions": m{"eventAction": "BLOCK"}, "eventFilters": []any{"SIGN_IN", "SIGN_UP"}},
		"riskExceptionConfiguration":              m{"skippedIpRangeLists": []any{"192.0.2.0/24"}}})
	return r
}

func TestWhatIsRecordedHasAWSsIDsAndOutputs(t *testing.T) {
	r := review(t)
	const uuid = "[0-9a-f-]{36}"
	for _, c := range []struct {
		made    one
		id      string
		outputs map[string]string
	}{
		{r.key, uuid, map[string]string{"arn": "arn:aws:kms:us-west-2:000000000000:key/" + uuid, "keyId": uuid}},
		{r.alias, "alias/auth-api/logs", map[string]string{"arn": "arn:aws:kms:us-west-2:000000000000:alias/auth-api/logs", "targetKeyArn": "arn:aws:kms:us-west-2:000000000000:key/" + uuid}},
		{r.topic, "arn:aws:sns:us-west-2:000000000000:alarms", map[string]string{"arn": "arn:aws:sns:us-west-2:000000000000:alarms", "owner": "000000000000"}},
		{r.subscription, "arn:aws:sns:us-west-2:000000000000:alarms:" + uuid, map[string]string{"arn": ".*:alarms:" + uuid, "ownerId": "000000000000"}},
		{r.topicPolicy, "arn:aws:sns:us-west-2:000000000000:alarms", map[string]string{"owner": "000000000000"}},
		{r.alarm, "errors", map[string]string{"arn": "arn:aws:cloudwatch:us-west-2:000000000000:alarm:errors"}},
		{r.composite, "rollback", map[string]string{"arn": "arn:aws:cloudwatch:us-west-2:000000000000:alarm:rollback"}},
		{r.dashboard, "auth-api", map[string]string{"dashboardArn": "arn:aws:cloudwatch::000000000000:dashboard/auth-api"}},
		{r.filter, "denied", nil},
		{r.set, uuid, map[string]string{"arn": "arn:aws:wafv2:us-west-2:000000000000:regional/ipset/office/" + uuid}},
		{r.acl, uuid, map[string]string{"arn": "arn:aws:wafv2:us-west-2:000000000000:regional/webacl/api/" + uuid}},
		{r.association, "arn:aws:wafv2:.*/webacl/api/" + uuid + ",arn:aws:apigateway:us-west-2::/restapis/[a-z0-9]{10}/stages/v1", nil},
		{r.logging, "arn:aws:wafv2:.*/webacl/api/" + uuid, nil},
		{r.budget, "000000000000:auth-api", map[string]string{"arn": "arn:aws:budgets::000000000000:budget/auth-api", "accountId": "000000000000"}},
		{r.domain, `api\.example\.com`, map[string]string{"arn": "arn:aws:apigateway:us-west-2::/domainnames/api.example.com", "regionalDomainName": "d-[a-z0-9]{10}.execute-api.us-west-2.amazonaws.com", "regionalZoneId": "Z[A-Z0-9]{13}"}},
		{r.mapping, `api\.example\.com/`, nil},
		{r.record, `Z0123456789ABC_api\.example\.com_A`, map[string]string{"fqdn": "api.example.com"}},
		{r.risk, "us-west-2_[a-zA-Z0-9]{9}:[a-z0-9]{26}", nil},
	} {
		if !regexp.MustCompile("^" + c.id + "$").MatchString(string(c.made.id)) {
			t.Errorf("%s has the id %s, not %s", c.made.urn.Type(), c.made.id, c.id)
		}
		for name, want := range c.outputs {
			if v := c.made.outputs[resource.PropertyKey(name)]; !v.IsString() || !regexp.MustCompile("^"+want+"$").MatchString(v.StringValue()) {
				t.Errorf("%s has %s = %v, not %s", c.made.urn.Type(), name, v, want)
			}
		}
	}
	if v := r.subscription.outputs["pendingConfirmation"]; !v.IsBool() || !v.BoolValue() {
		t.Errorf("nobody has confirmed the subscription, and it says %v", v)
	}
	if v := r.group.outputs["logGroupClass"]; !v.IsString() || v.StringValue() != "STANDARD" {
		t.Errorf("the log group's class is %v", v)
	}
}

// Every type that there is must be in the story, so that none goes untested.
func TestWhatIsRecordedIsUpdatedOrReplacedAsOnAWS(t *testing.T) {
	r := review(t)
	with := func(made one, name string, value any) resource.PropertyMap {
		changed := made.inputs.Copy()
		changed[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
		return changed
	}
	// What may follow is of each type every property that replaces it, and one at least
	// that does not.
	changes := map[string]map[string]any{ // type's name to property and value; ! before those that replace
		"Key":                        {"description": "x", "!multiRegion": true, "!keyUsage": "ENCRYPT_DECRYPT", "!customerMasterKeySpec": "SYMMETRIC_DEFAULT", "deletionWindowInDays": 7, "isEnabled": false, "tags": m{"a": "b"}},
		"Alias":                      {"!name": "alias/other", "targetKeyId": "other"},
		"Topic":                      {"!name": "other", "displayName": "x", "kmsMasterKeyId": "alias/own"},
		"TopicSubscription":          {"!protocol": "email-json", "!endpoint": "other@example.com", "!topic": "arn:aws:sns:us-west-2:000000000000:other", "rawMessageDelivery": true},
		"TopicPolicy":                {"!arn": "arn:aws:sns:us-west-2:000000000000:other", "policy": keyPolicy},
		"MetricAlarm":                {"!name": "other", "threshold": 5, "alarmActions": []any{}},
		"CompositeAlarm":             {"!alarmName": "other", "!actionsEnabled": false, "alarmRule": "TRUE"},
		"Dashboard":                  {"!dashboardName": "other", "dashboardBody": "{}"},
		"LogMetricFilter":            {"!name": "other", "!logGroupName": "other", "pattern": ""},
		"IpSet":                      {"!name": "other", "!ipAddressVersion": "IPV6", "addresses": []any{"198.51.100.0/24"}},
		"WebAcl":                     {"!name": "other", "description": "x", "defaultAction": m{"block": m{}}},
		"WebAclAssociation":          {"!resourceArn": "arn:aws:cognito-idp:us-west-2:000000000000:userpool/x", "!webAclArn": "arn:aws:wafv2:us-west-2:000000000000:regional/webacl/x/x"},
		"WebAclLoggingConfiguration": {"!resourceArn": "arn:aws:wafv2:us-west-2:000000000000:regional/webacl/x/x", "!logDestinationConfigs": []any{firewallLog + "2"}, "redactedFields": []any{m{"method": m{}}}},
		"Budget":                     {"!name": "other", "limitAmount": "60", "timeUnit": "DAILY"},
		"DomainName":                 {"!domainName": "other.example.com", "regionalCertificateArn": certificate + "4", "securityPolicy": "TLS_1_0"},
		"BasePathMapping":            {"!domainName": "other.example.com", "stageName": "v2", "basePath": "x", "restApi": "x"},
		"Record":                     {"!zoneId": "Z1", "!name": "x.example.com", "type": "AAAA"},
		"RiskConfiguration":          {"!userPoolId": "x", "!clientId": "x", "riskExceptionConfiguration": m{"blockedIpRangeLists": []any{"192.0.2.0/24"}}},
	}
	var seen []string
	for _, made := range r.all() {
		_, name, _ := strings.Cut(strings.TrimPrefix(string(made.urn.Type()), "aws:"), ":")
		seen = append(seen, string(made.urn.Type()))
		d, err := r.p.Diff(t.Context(), plugin.DiffRequest{URN: made.urn, ID: made.id, OldInputs: made.inputs, OldOutputs: made.outputs, NewInputs: made.inputs})
		if err != nil || d.Changes != plugin.DiffNone {
			t.Errorf("%s: a second deployment finds %v (%v)", name, d.ChangedKeys, err)
		}
		for key, value := range changes[name] {
			property, replaces := strings.CutPrefix(key, "!")
			d, err := r.p.Diff(t.Context(), plugin.DiffRequest{URN: made.urn, ID: made.id, OldInputs: made.inputs, OldOutputs: made.outputs, NewInputs: with(made, property, value)})
			if err != nil || d.Changes != plugin.DiffSome || slices.Contains(d.ReplaceKeys, resource.PropertyKey(property)) != replaces {
				t.Errorf("%s.%s: changes %v, replaces %v (%v)", name, property, d.ChangedKeys, d.ReplaceKeys, err)
			}
		}
	}
	slices.Sort(seen)
	if known := provider.Recorded(); !slices.Equal(seen, known) || len(changes) != len(known) {
		t.Errorf("tested are %v, known are %v", seen, known)
	}

	// As both cannot have the name that the program gave, the old one goes first.
	set := r.create("aws:wafv2/ipSet:IpSet", "unnamed", m{"scope": "REGIONAL", "ipAddressVersion": "IPV4"})
	for _, c := range []struct {
		made  one
		next  m
		first bool
	}{
		{r.set, m{"name": "office", "scope": "REGIONAL", "ipAddressVersion": "IPV6"}, true},
		{r.set, m{"name": "office", "scope": "REGIONAL", "ipAddressVersion": "IPV4"}, false},
		{set, m{"scope": "REGIONAL", "ipAddressVersion": "IPV6"}, false},
	} {
		if d := r.diff(c.made, c.next); d.DeleteBeforeReplace != c.first {
			t.Errorf("%s to %v: the old one goes first: %v, want %v", c.made.urn.Name(), c.next, d.DeleteBeforeReplace, c.first)
		}
	}

	updated, err := r.p.Update(t.Context(), plugin.UpdateRequest{URN: r.alarm.urn, ID: r.alarm.id, OldInputs: r.alarm.inputs, OldOutputs: r.alarm.outputs, NewInputs: with(r.alarm, "threshold", 9.0)})
	if err != nil || updated.Properties["threshold"].NumberValue() != 9 || updated.Properties["arn"].StringValue() != r.alarm.outputs["arn"].StringValue() {
		t.Errorf("an update gives %v (%v)", updated.Properties, err)
	}
	for _, made := range slices.Backward(r.all()) {
		if made.urn == r.acl.urn || made.urn == r.set.urn {
			continue // the user pool's association stands on them
		}
		if err := r.delete(made); err != nil || r.stands(made) {
			t.Errorf("%s: after the deletion it stands: %v", made.urn.Type(), err)
		}
	}
}

func TestWhatAWSWouldNotRecordIsRefused(t *testing.T) {
	r := review(t)
	arn := func(made one) string { return made.outputs["arn"].StringValue() }
	metricAlarm, acl := "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:wafv2/webAcl:WebAcl"
	without := func(from m, more m, names ...string) m {
		from = maps.Clone(from)
		for _, name := range names {
			delete(from, name)
		}
		maps.Copy(from, more)
		return from
	}
	web := func(more m) m {
		return without(m{"name": "x", "scope": "REGIONAL", "defaultAction": m{"allow": m{}}, "visibilityConfig": visible("x")}, more)
	}
	other := r.create(acl, "other", web(m{"name": "other"}))
	rule := func(more m, names ...string) m {
		return web(m{"rules": []any{without(rules(arn(r.set))[1].(m), more, names...)}})
	}
	queries := func(list ...any) m {
		return m{"name": "x", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 1, "metricQueries": list}
	}
	for _, c := range []struct {
		token string
		props m
		says  string
	}{
		{"aws:kms/key:Key", m{"deletionWindowInDays": 3}, "deletionWindowInDays is 3; legal are numbers from 7 to 30"},
		{"aws:kms/key:Key", m{"policy": `{"Version":"2012-10-17"}`}, "legal are policy documents in JSON"},
		{"aws:kms/key:Key", m{"policy": strings.Replace(keyPolicy, `"Effect"`, `"Efect"`, 1)}, "legal are policy documents in JSON"},
		{"aws:kms/key:Key", m{"keyUsage": "SIGN_VERIFY"}, `keyUsage is "SIGN_VERIFY"; legal are ENCRYPT_DECRYPT`},
		{"aws:kms/key:Key", m{"bypassPolicyLockoutSafetyCheck": true}, "bypassPolicyLockoutSafetyCheck: the local AWS does not know this property; it knows customerMasterKeySpec,"},
		{"aws:kms/alias:Alias", m{"name": "logs", "targetKeyId": "x"}, `name is "logs"; legal are alias/NAME`},
		{"aws:kms/alias:Alias", m{"name": "alias/aws/x", "targetKeyId": "x"}, "does not begin with aws/"},
		{"aws:kms/alias:Alias", m{"name": "alias/x", "targetKeyId": "x"}, `NotFoundException: there is no key "x"`},
		{"aws:sns/topic:Topic", m{"name": "a b"}, `name is "a b"; legal are letters, digits, hyphens and underscores`},
		{"aws:sns/topicSubscription:TopicSubscription", m{"topic": arn(r.topic), "protocol": "email", "endpoint": "nobody"}, "legal with the protocol email are email addresses"},
		{"aws:sns/topicSubscription:TopicSubscription", m{"topic": arn(r.topic), "protocol": "pigeon", "endpoint": "x"}, `protocol is "pigeon"; legal are email,`},
		{"aws:sns/topicSubscription:TopicSubscription", m{"topic": arn(r.topic) + "x", "protocol": "email", "endpoint": "a@example.com"}, "there is no topic"},
		{"aws:sns/topicPolicy:TopicPolicy", m{"arn": arn(r.topic) + "x", "policy": keyPolicy}, "there is no topic"},
		{metricAlarm, m{}, "comparisonOperator: it is required"},
		{metricAlarm, without(alarm("x"), m{"comparisonOperator": "MoreThan"}), `comparisonOperator is "MoreThan"; legal are GreaterThanOrEqualToThreshold`},
		{metricAlarm, without(alarm("x"), m{"period": 45}), "period is 45; legal are 10, 20, 30 and multiples of 60 seconds"},
		{metricAlarm, without(alarm("x"), m{"evaluationPeriods": 169, "period": 3600}), "legal are 604800 seconds in all"},
		{metricAlarm, without(alarm("x"), m{"evaluationPeriods": 1441}), "legal are 86400 seconds in all"},
		{metricAlarm, without(alarm("x"), m{"datapointsToAlarm": 6}), "datapointsToAlarm is 6"},
		{metricAlarm, without(alarm("x"), m{"extendedStatistic": "p99"}), "exactly one of extendedStatistic, statistic"},
		{metricAlarm, without(alarm("x"), m{"extendedStatistic": "99"}, "statistic"), `extendedStatistic is "99"`},
		{metricAlarm, without(alarm("x"), nil, "threshold"), "exactly one of threshold, thresholdMetricId"},
		{metricAlarm, without(alarm("x"), m{"treatMissingData": "good"}), "treatMissingData"},
		{metricAlarm, without(alarm("x"), m{"alarmActions": []any{"topic"}}), `alarmActions[0] is "topic"; legal are ARNs`},
		{metricAlarm, without(alarm("x"), m{"unit": "Pieces"}), "unit"},
		{metricAlarm, queries(m{"id": "a", "expression": "1"}), "metricQueries has 0 with returnData; legal is exactly one"},
		{metricAlarm, queries(m{"id": "A", "expression": "1"}), `metricQueries[0].id is "A"`},
		{metricAlarm, queries(m{"id": "a"}), "metricQueries[0].expression is missing; legal is exactly one of expression, metric"},
		{metricAlarm, queries(m{"id": "a", "metric": m{"metricName": "x", "namespace": "x", "period": 60, "stat": "Some"}}), `metricQueries[0].metric.stat is "Some"`},
		{metricAlarm, queries(m{"id": "a", "metric": m{"metricName": "x", "namespace": "x", "stat": "Sum"}}), "metricQueries[0].metric.period is required"},
		{"aws:cloudwatch/compositeAlarm:CompositeAlarm", m{"alarmName": "x", "alarmRule": `ALARM("errors"`}, "alarmRule is"},
		{"aws:cloudwatch/compositeAlarm:CompositeAlarm", m{"alarmName": "x", "alarmRule": `ALARM("nothing")`}, `alarmRule: NotFoundException: there is no alarm "nothing"`},
		{"aws:cloudwatch/dashboard:Dashboard", m{"dashboardName": "x", "dashboardBody": "[]"}, "dashboardBody is"},
		{"aws:cloudwatch/dashboard:Dashboard", m{"dashboardName": "x", "dashboardBody": `{"widgets":[{"type":"clock"}]}`}, `dashboardBody.widgets[0].type is "clock"; legal are alarm,`},
		{"aws:cloudwatch/logMetricFilter:LogMetricFilter", m{"logGroupName": "nothing", "pattern": "", "metricTransformation": m{"name": "a", "namespace": "b", "value": "1"}}, `there is no log group "nothing"`},
		{"aws:cloudwatch/logMetricFilter:LogMetricFilter", m{"logGroupName": "access", "pattern": "", "metricTransformation": m{"name": "a", "namespace": "b"}}, "metricTransformation.value is required"},
		{acl, web(m{"scope": "CLOUDFRONT"}), `scope is "CLOUDFRONT"; legal are REGIONAL`},
		{acl, web(m{"defaultAction": m{}}), "defaultAction.allow is missing; legal is exactly one of allow, block"},
		{acl, web(m{"visibilityConfig": m{"metricName": "x", "sampledRequestsEnabled": true}}), "visibilityConfig.cloudwatchMetricsEnabled is required"},
		{acl, rule(m{"statement": m{"rateBasedStatement": m{"limit": 5}}}), "rules[0].statement.rateBasedStatement.limit is 5; legal are numbers from 10"},
		{acl, rule(m{"statement": m{"geoMatchStatement": m{"countryCodes": []any{"XX"}}}}), "rules[0].statement.geoMatchStatement: the local AWS does not know this property; it knows ipSetReferenceStatement, managedRuleGroupStatement,"},
		{acl, rule(m{"statement": m{}}), "legal is exactly one of ipSetReferenceStatement, managedRuleGroupStatement,"},
		{acl, rule(m{"overrideAction": m{"none": m{}}}), "legal is overrideAction with managedRuleGroupStatement"},
		{acl, rule(nil, "priority"), "rules[0].priority is required"},
		{acl, web(m{"rules": []any{rules("x")[1], rules("x")[1]}}), `rules[1].name is "rate", which another rule has`},
		{acl, rule(m{"statement": m{"ipSetReferenceStatement": m{"arn": arn(r.acl)}}}), "WAFNonexistentItemException: there is no IP set"},
		{"aws:wafv2/ipSet:IpSet", m{"scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": []any{"192.0.2.1"}}, "legal are address ranges in CIDR notation"},
		{"aws:wafv2/ipSet:IpSet", m{"scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": []any{"0.0.0.0/0"}}, "none of all addresses"},
		{"aws:wafv2/ipSet:IpSet", m{"scope": "REGIONAL", "ipAddressVersion": "IPV6", "addresses": []any{"192.0.2.0/24"}}, "legal are ranges of IPV6"},
		{"aws:wafv2/webAclAssociation:WebAclAssociation", m{"resourceArn": arn(r.stage) + "x", "webAclArn": arn(r.acl)}, "there is no stage"},
		{"aws:wafv2/webAclAssociation:WebAclAssociation", m{"resourceArn": arn(r.topic), "webAclArn": arn(r.acl)}, "supported are the ARNs of stages of REST APIs and of user pools"},
		{"aws:wafv2/webAclAssociation:WebAclAssociation", m{"resourceArn": arn(r.stage), "webAclArn": arn(r.acl) + "x"}, "WAFNonexistentItemException"},
		{acl, web(m{"name": "api"}), `WAFDuplicateItemException: there is one of the name "api" already`},
		{"aws:wafv2/ipSet:IpSet", m{"name": "office", "scope": "REGIONAL", "ipAddressVersion": "IPV6"}, `WAFDuplicateItemException: there is one of the name "office" already`},
		{"aws:wafv2/webAclAssociation:WebAclAssociation", m{"resourceArn": arn(r.stage), "webAclArn": arn(other)}, "replaced with deleteBeforeReplace"},
		{"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", m{"resourceArn": arn(r.acl), "logDestinationConfigs": []any{arn(r.group)}}, "begins with aws-waf-logs-"},
		{"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", m{"resourceArn": arn(r.acl), "logDestinationConfigs": []any{firewallLog}, "redactedFields": []any{m{"singleHeader": m{"name": "Cookie"}}}}, `redactedFields[0].singleHeader.name is "Cookie"; legal are names in lower case`},
		{"aws:budgets/budget:Budget", m{"budgetType": "COST", "timeUnit": "MONTHLY"}, "limitAmount is required"},
		{"aws:budgets/budget:Budget", m{"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "ten", "limitUnit": "USD"}, `limitAmount is "ten"; legal are decimal numbers`},
		{"aws:budgets/budget:Budget", m{"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "10", "limitUnit": "USD", "notifications": []any{m{"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE"}}}, "notifications[0].subscriberEmailAddresses and subscriberSnsTopicArns are both missing"},
		{"aws:apigateway/domainName:DomainName", m{"domainName": "api.example.com", "endpointConfiguration": m{"types": "REGIONAL"}}, "regionalCertificateArn: it is required"},
		{"aws:apigateway/domainName:DomainName", m{"domainName": "x.example.com", "regionalCertificateArn": certificate, "endpointConfiguration": m{"types": "EDGE"}}, `endpointConfiguration.types is "EDGE"; legal are REGIONAL`},
		{"aws:apigateway/domainName:DomainName", m{"domainName": "x.example.com", "regionalCertificateArn": strings.Replace(certificate, "us-west-2", "us-east-1", 1), "endpointConfiguration": m{"types": "REGIONAL"}}, `regionalCertificateArn is of region "us-east-1"; legal are certificates of us-west-2`},
		{"aws:apigateway/domainName:DomainName", m{"domainName": "https://x", "regionalCertificateArn": certificate, "endpointConfiguration": m{"types": "REGIONAL"}}, "legal are domain names"},
		{"aws:apigateway/basePathMapping:BasePathMapping", m{"domainName": "other.example.com", "restApi": string(r.api.id)}, "there is no domain name"},
		{"aws:apigateway/basePathMapping:BasePathMapping", m{"domainName": "api.example.com", "restApi": string(r.api.id), "stageName": "v2", "basePath": "v2"}, "there is no stage"},
		{"aws:route53/record:Record", m{"zoneId": "Z1", "name": "x", "type": "A"}, "exactly one of aliases, records"},
		{"aws:route53/record:Record", m{"zoneId": "Z1", "name": "x", "type": "A", "records": []any{"192.0.2.1"}}, "ttl is required with records"},
		{"aws:cognito/riskConfiguration:RiskConfiguration", m{"userPoolId": string(r.pool.id)}, "legal is at least one of"},
		{"aws:cognito/riskConfiguration:RiskConfiguration", m{"userPoolId": "us-west-2_none", "riskExceptionConfiguration": m{"skippedIpRangeLists": []any{"192.0.2.0/24"}}}, "there is no user pool"},
		{"aws:cognito/riskConfiguration:RiskConfiguration", m{"userPoolId": string(r.pool.id), "accountTakeoverRiskConfiguration": m{"actions": m{"highAction": m{"eventAction": "BLOCK", "notify": true}}}}, "highAction.notify is true; legal is that with notifyConfiguration"},
		{logGroup, m{"kmsKeyId": "alias/x"}, "legal are ARNs of keys"},
		{logGroup, m{"kmsKeyId": "arn:aws:kms:us-west-2:000000000000:key/none"}, `there is no key "none"`},
		{logGroup, m{"logGroupClass": "INFREQUENT_ACCESS"}, "supported are STANDARD"},
	} {
		inputs, says := r.check(c.token, "it", nil, props(c.props))
		if says == "" {
			_, err := r.p.Create(t.Context(), plugin.CreateRequest{URN: urn(c.token, "it"), Properties: inputs})
			if err != nil {
				says = err.Error()
			}
		}
		if !strings.Contains(says, c.says) {
			t.Errorf("%s with %v: it says %q, not %q", c.token, c.props, says, c.says)
		}
	}
	for _, c := range []struct {
		made one
		says string
	}{{r.acl, "because it is associated with a resource"}, {r.set, "because a web ACL refers to it"}, {r.domain, "has a base path mapping"}} {
		if err := r.delete(c.made); err == nil || !strings.Contains(err.Error(), c.says) || !r.stands(c.made) {
			t.Errorf("deleting %s: %v", c.made.urn.Type(), err)
		}
	}
}

// Recorded resources are listed as such, and a deployment that has some is told so once.
func TestWhatIsRecordedIsSaidToBe(t *testing.T) {
	var said bytes.Buffer
	aws, err := localaws.Start(localaws.Config{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close(context.Background()) })
	e := engine{t, provider.New(aws)}
	e.create(logGroup, "group", m{"name": "g"})
	if strings.Contains(said.String(), "recorded") {
		t.Errorf("without any it says %s", &said)
	}
	for range 2 {
		if _, err := e.p.Configure(t.Context(), plugin.ConfigureRequest{}); err != nil {
			t.Fatal(err)
		}
		e.check("aws:cloudwatch/metricAlarm:MetricAlarm", "one", nil, props(alarm("one")))
		e.check("aws:cloudwatch/metricAlarm:MetricAlarm", "two", nil, props(alarm("two")))
	}
	if got := strings.Count(said.String(), "recorded and not enforced"); got != 2 || !strings.Contains(said.String(), "stack=auth-api/test first=aws:cloudwatch/metricAlarm:MetricAlarm") {
		t.Errorf("two deployments are told %d times: %s", got, &said)
	}
	e.create("aws:cloudwatch/metricAlarm:MetricAlarm", "one", alarm("one"))
	inventory := map[string][]string{}
	if err := aws.Store.View(func(tx *store.Tx) error { inventory = declared.Inventory(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(inventory["recorded.cloudwatch.MetricAlarm"], []string{"one"}) || !slices.Equal(inventory["logs.LogGroup"], []string{"g"}) {
		t.Errorf("declared are %v", inventory)
	}
}
