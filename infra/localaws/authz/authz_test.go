package authz_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"auth-api/infra/localaws/authz"
)

const (
	account = "123456789012"
	session = "arn:aws:sts::123456789012:assumed-role/app/alice"
	role    = "arn:aws:iam::123456789012:role/app"
	root    = "arn:aws:iam::123456789012:root"
	api     = "arn:aws:execute-api:us-west-2:123456789012:a1b2c3"
	invoke  = "execute-api:Invoke"
)

var (
	alice   = authz.Principal{Account: account, ARN: session, RoleARN: role}
	owner   = authz.Principal{Account: account, ARN: root}
	cognito = authz.Principal{Federated: "cognito-identity.amazonaws.com"}
	gateway = authz.Principal{Service: "apigateway.amazonaws.com"}
)

// policy wraps statements into a document.
func policy(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ", ") + `]}`
}

func allow(rest string) string { return `{"Effect": "Allow", ` + rest + `}` }
func deny(rest string) string  { return `{"Effect": "Deny", ` + rest + `}` }

// on is the usual action with a resource.
func on(resource string) string {
	return `"Action": "execute-api:Invoke", "Resource": "` + resource + `"`
}

// when is the usual action on everything under a condition.
func when(condition string) string {
	return `"Action": "*", "Resource": "*", "Condition": {` + condition + `}`
}

func source(t testing.TB, name, document string) authz.Source {
	t.Helper()
	p, err := authz.Parse(document)
	if err != nil {
		t.Fatalf("%v in\n%s", err, document)
	}
	return authz.Source{Name: name, Policy: p}
}

// identity decides for alice by one identity-based policy.
func identity(t testing.TB, r authz.Request, document string) authz.Decision {
	t.Helper()
	if r.Principal == (authz.Principal{}) {
		r.Principal = alice
	}
	if r.Action == "" {
		r.Action = invoke
	}
	if r.Resource == "" {
		r.Resource = api + "/prod/GET/x"
	}
	return authz.Decide(r, authz.Policies{Identity: []authz.Source{source(t, "app", document)}})
}

func TestActionsAndResources(t *testing.T) {
	for _, c := range []struct {
		policy   string
		action   string
		resource string
		allowed  bool
	}{
		{policy(allow(on("*"))), invoke, api + "/prod/GET/x", true},
		{policy(allow(on(api + "/prod/GET/x"))), invoke, api + "/prod/GET/x", true},
		{policy(allow(on(api + "/prod/GET/x"))), invoke, api + "/prod/GET/X", false}, // resources by case
		{policy(allow(on(api + "/prod/GET/x"))), invoke, api + "/prod/GET/x/y", false},
		{policy(allow(on(api + "/prod/GET/x/*"))), invoke, api + "/prod/GET/x/", true},
		{policy(allow(on(api + "/prod/GET/x/*"))), invoke, api + "/prod/GET/x", false},
		{policy(allow(on(api + "/*/GET/x"))), invoke, api + "/prod/a/b/GET/x", true}, // * spans /
		{policy(allow(on(api + "/prod/GET/?"))), invoke, api + "/prod/GET/é", true},  // ? is a character, not a byte
		{policy(allow(on(api + "/prod/GET/?"))), invoke, api + "/prod/GET/", false},
		{policy(allow(on(api + "/prod/GET/?"))), invoke, api + "/prod/GET/xy", false},
		{policy(allow(on("arn:aws:execute-api:*:*:a1b2c3/*"))), invoke, api + "/prod/GET/x", true},
		{policy(allow(on("arn:aws:execute-api:us-west-2:*"))), invoke, api + "/prod/GET/x", true}, // the last * runs over colons
		{policy(allow(on("arn:aws:execute-api:us-east-1:*"))), invoke, api + "/prod/GET/x", false},
		{policy(allow(on("arn:aws:s3:::bucket"))), invoke, "short", false},
		{policy(allow(on("arn:aws:*:::x"))), invoke, "arn:aws:short", false}, // fewer parts than the pattern
		// A wildcard for the region is none for what a path may hold.
		{policy(allow(on("arn:aws:execute-api:*:123456789012:other/prod/GET/x"))), invoke, api + "/prod/GET/:123456789012:other/prod/GET/x", false},
		{policy(allow(on("*")), deny(on("arn:aws:execute-api:*:123456789012:other/*"))), invoke, api + "/GET/:123456789012:other/x", false},
		// Actions without regard to case.
		{policy(allow(`"Action": "EXECUTE-API:invoke", "Resource": "*"`)), invoke, "*", true},
		{policy(allow(`"Action": "execute-api:*", "Resource": "*"`)), invoke, "*", true},
		{policy(allow(`"Action": ["s3:Get*", "execute-api:Inv?ke"], "Resource": "*"`)), invoke, "*", true},
		{policy(allow(`"Action": "execute-api:Manage*", "Resource": "*"`)), invoke, "*", false},
		{policy(allow(`"NotAction": "iam:*", "Resource": "*"`)), invoke, "*", true},
		{policy(allow(`"NotAction": ["iam:*", "execute-api:*"], "Resource": "*"`)), invoke, "*", false},
		{policy(allow(`"Action": "*", "NotResource": "` + api + `/prod/*"`)), invoke, api + "/dev/GET/x", true},
		{policy(allow(`"Action": "*", "NotResource": "` + api + `/prod/*"`)), invoke, api + "/prod/GET/x", false},
		{policy(allow(on("*")), deny(`"Action": "*", "NotResource": "`+api+`/prod/*"`)), invoke, api + "/dev/GET/x", false},
		{policy(allow(on("*")), deny(`"Action": "*", "NotResource": "`+api+`/prod/*"`)), invoke, api + "/prod/GET/x", true},
		// Deny wins, wherever it stands.
		{policy(deny(on(api+"/prod/GET/admin")), allow(on("*"))), invoke, api + "/prod/GET/admin", false},
		{policy(allow(on("*")), deny(on(api+"/prod/GET/admin"))), invoke, api + "/prod/GET/admin", false},
		{policy(allow(on("*")), deny(on(api+"/prod/GET/admin"))), invoke, api + "/prod/GET/x", true},
		// A single statement and no version.
		{`{"Statement": ` + allow(on("*")) + `}`, invoke, "*", true},
		{`{"Version": "2008-10-17", "Id": "old", "Statement": ` + allow(on("*")) + `}`, invoke, "*", true},
	} {
		if got := identity(t, authz.Request{Action: c.action, Resource: c.resource}, c.policy); got.Allowed != c.allowed {
			t.Errorf("allowed = %v (%s), want %v: %s on %s by\n%s", got.Allowed, got.Reason, c.allowed, c.action, c.resource, c.policy)
		}
	}
}

func TestConditions(t *testing.T) {
	one := func(key, value string) authz.Context { return authz.Context{key: {value}} }
	amr := func(values ...string) authz.Context {
		return authz.Context{"cognito-identity.amazonaws.com:amr": values}
	}
	const agent, ip, now, amrKey = `"aws:UserAgent"`, `"aws:SourceIp"`, `"aws:CurrentTime"`, `"cognito-identity.amazonaws.com:amr"`
	for _, c := range []struct {
		condition string
		ctx       authz.Context
		holds     bool
	}{
		{`"StringEquals": {` + agent + `: "curl"}`, one("aws:UserAgent", "curl"), true},
		{`"StringEquals": {` + agent + `: "curl"}`, one("AWS:useragent", "curl"), true}, // keys without regard to case
		{`"StringEquals": {` + agent + `: "curl"}`, one("aws:UserAgent", "CURL"), false},
		{`"StringEquals": {` + agent + `: ["wget", "curl"]}`, one("aws:UserAgent", "curl"), true},
		{`"StringEquals": {` + agent + `: "cu*"}`, one("aws:UserAgent", "curl"), false}, // no wildcards here
		{`"StringEquals": {` + agent + `: "curl"}`, nil, false},
		{`"StringEquals": {` + agent + `: "curl"}`, authz.Context{"aws:UserAgent": {}}, false},
		{`"StringEqualsIfExists": {` + agent + `: "curl"}`, nil, true},
		{`"StringEqualsIfExists": {` + agent + `: "curl"}`, one("aws:UserAgent", "wget"), false},
		{`"StringNotEquals": {` + agent + `: ["curl", "wget"]}`, one("aws:UserAgent", "wget"), false},
		{`"StringNotEquals": {` + agent + `: ["curl", "wget"]}`, one("aws:UserAgent", "go"), true},
		{`"StringNotEquals": {` + agent + `: "curl"}`, nil, true}, // as AWS documents it
		{`"StringEqualsIgnoreCase": {` + agent + `: "CURL"}`, one("aws:UserAgent", "curl"), true},
		{`"StringEqualsIgnoreCase": {` + agent + `: "CURL"}`, one("aws:UserAgent", "wget"), false},
		{`"StringNotEqualsIgnoreCase": {` + agent + `: "CURL"}`, one("aws:UserAgent", "curl"), false},
		{`"StringLike": {` + agent + `: "cu*"}`, one("aws:UserAgent", "curl/8"), true},
		{`"StringLike": {` + agent + `: "cu?l"}`, one("aws:UserAgent", "cuirl"), false},
		{`"StringLike": {` + agent + `: "100${*}"}`, one("aws:UserAgent", "100*"), true},
		{`"StringLike": {` + agent + `: "100${*}"}`, one("aws:UserAgent", "1000"), false},
		{`"StringLike": {` + agent + `: "a${?}${$}"}`, one("aws:UserAgent", "a?$"), true},
		{`"StringNotLike": {` + agent + `: "cu*"}`, one("aws:UserAgent", "curl"), false},
		{`"StringNotLike": {` + agent + `: "cu*"}`, nil, true},
		// All operators and all keys of a condition must hold.
		{`"StringLike": {` + agent + `: "cu*"}, "StringEquals": {"aws:Referer": "x"}`, one("aws:UserAgent", "curl"), false},
		{`"StringLike": {` + agent + `: "cu*", "aws:Referer": "x"}`, authz.Context{"aws:UserAgent": {"curl"}, "aws:Referer": {"x"}}, true},

		{`"ArnEquals": {"aws:SourceArn": "arn:aws:execute-api:*:*:a1b2c3/*"}`, one("aws:SourceArn", api+"/prod/GET/x"), true},
		{`"ArnLike": {"aws:SourceArn": "arn:aws:execute-api:*:*:a1b2c3/*/GET/x"}`, one("aws:SourceArn", api+"/prod/GET/x"), true},
		{`"ArnLike": {"aws:SourceArn": "arn:aws:execute-api:*:*:a1b2c3/*/GET/x"}`, one("aws:SourceArn", api+"/prod/POST/x"), false},
		{`"ArnLike": {"aws:SourceArn": "arn:aws:execute-api:*:999999999999:x"}`, one("aws:SourceArn", "arn:aws:execute-api:a:b:999999999999:x"), false},
		{`"ArnNotEquals": {"aws:SourceArn": "arn:aws:sns:*:*:*"}`, one("aws:SourceArn", api), true},
		{`"ArnNotLike": {"aws:SourceArn": "arn:aws:execute-api:*:*:*"}`, one("aws:SourceArn", api), false},

		{`"NumericEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "10.0"), true},
		{`"NumericEquals": {"aws:EpochTime": "10"}`, one("aws:EpochTime", "11"), false},
		{`"NumericNotEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "11"), true},
		{`"NumericNotEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "ten"), false}, // in doubt an allow fails
		{`"NumericEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "ten"), false},
		{`"NumericLessThan": {"aws:EpochTime": -1}`, one("aws:EpochTime", "-2"), true},
		{`"NumericLessThan": {"aws:EpochTime": 10}`, one("aws:EpochTime", "10"), false},
		{`"NumericLessThanEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "10"), true},
		{`"NumericGreaterThan": {"aws:EpochTime": 10}`, one("aws:EpochTime", "10"), false},
		{`"NumericGreaterThanEquals": {"aws:EpochTime": 10}`, one("aws:EpochTime", "10"), true},

		{`"DateEquals": {` + now + `: "2026-09-01T12:00:00Z"}`, one("aws:CurrentTime", "2026-09-01T14:00:00+02:00"), true},
		{`"DateEquals": {` + now + `: "1788264000"}`, one("aws:CurrentTime", "2026-09-01T12:00:00Z"), true},
		{`"DateNotEquals": {` + now + `: "2026-09-01"}`, one("aws:CurrentTime", "2026-09-01T00:00:00Z"), false},
		{`"DateLessThan": {` + now + `: "2027"}`, one("aws:CurrentTime", "2026-12-31T23:59:59Z"), true},
		{`"DateLessThan": {` + now + `: "2026-09"}`, one("aws:CurrentTime", "2026-09-01T00:00:00Z"), false},
		{`"DateLessThanEquals": {` + now + `: "2026-09-01T12:00Z"}`, one("aws:CurrentTime", "2026-09-01T12:00:00Z"), true},
		{`"DateGreaterThan": {` + now + `: "2026-09-01T12:00:00Z"}`, one("aws:CurrentTime", "2026-09-01T12:00:00Z"), false},
		{`"DateGreaterThanEquals": {` + now + `: "2026-09-01T12:00:00Z"}`, one("aws:CurrentTime", "2026-09-01T12:00:00Z"), true},
		{`"DateLessThan": {` + now + `: "2027"}`, one("aws:CurrentTime", "soon"), false},

		{`"Bool": {"aws:SecureTransport": true}`, one("aws:SecureTransport", "true"), true},
		{`"Bool": {"aws:SecureTransport": "TRUE"}`, one("aws:SecureTransport", "false"), false},
		{`"Bool": {"aws:SecureTransport": "false"}`, one("aws:SecureTransport", "no"), false},
		{`"BoolIfExists": {"aws:SecureTransport": "true"}`, nil, true},

		{`"IpAddress": {` + ip + `: "203.0.113.0/24"}`, one("aws:SourceIp", "203.0.113.7"), true},
		{`"IpAddress": {` + ip + `: "203.0.113.0/24"}`, one("aws:SourceIp", "::ffff:203.0.113.7"), true},
		{`"IpAddress": {` + ip + `: "203.0.113.7"}`, one("aws:SourceIp", "203.0.113.8"), false},
		{`"IpAddress": {` + ip + `: ["10.0.0.0/8", "2001:db8::/32"]}`, one("aws:SourceIp", "2001:db8::1"), true},
		{`"IpAddress": {` + ip + `: "10.0.0.0/8"}`, one("aws:SourceIp", "nowhere"), false},
		{`"IpAddress": {` + ip + `: "10.0.0.0/8"}`, nil, false},
		{`"NotIpAddress": {` + ip + `: "203.0.113.0/24"}`, one("aws:SourceIp", "203.0.113.7"), false},
		{`"NotIpAddress": {` + ip + `: "203.0.113.0/24"}`, one("aws:SourceIp", "198.51.100.1"), true},
		{`"NotIpAddress": {` + ip + `: "203.0.113.0/24"}`, one("aws:SourceIp", "nowhere"), false},

		{`"Null": {"aws:SourceVpc": true}`, nil, true},
		{`"Null": {"aws:SourceVpc": "false"}`, nil, false},
		{`"Null": {` + agent + `: "false"}`, one("aws:UserAgent", "curl"), true},
		{`"Null": {` + agent + `: "true"}`, one("aws:UserAgent", "curl"), false},

		{`"ForAnyValue:StringLike": {` + amrKey + `: "authenticated"}`, amr("authenticated", "provider"), true},
		{`"ForAnyValue:StringLike": {` + amrKey + `: "authenticated"}`, amr("unauthenticated"), false},
		{`"ForAnyValue:StringLike": {` + amrKey + `: "authenticated"}`, nil, false},
		{`"ForAnyValue:StringNotEquals": {` + amrKey + `: "a"}`, amr("a", "b"), true},
		{`"ForAnyValue:StringNotEquals": {` + amrKey + `: "a"}`, nil, false},
		{`"ForAllValues:StringEquals": {` + amrKey + `: ["a", "b"]}`, amr("a", "b"), true},
		{`"ForAllValues:StringEquals": {` + amrKey + `: ["a", "b"]}`, amr("a", "c"), false},
		{`"ForAllValues:StringEquals": {` + amrKey + `: "a"}`, nil, true},
		{`"ForAllValues:StringNotEquals": {` + amrKey + `: "a"}`, amr("b", "a"), false},
		{`"ForAnyValue:StringEqualsIfExists": {` + amrKey + `: "a"}`, nil, true},
		// Many values where the policy expects one: an allow wants all of them to fit.
		{`"StringEquals": {` + amrKey + `: "a"}`, amr("a", "b"), false},
		{`"StringEquals": {` + amrKey + `: ["a", "b"]}`, amr("a", "b"), true},
	} {
		got := identity(t, authz.Request{Context: c.ctx}, policy(allow(when(c.condition))))
		if got.Allowed != c.holds {
			t.Errorf("holds = %v, want %v: %s with %v", got.Allowed, c.holds, c.condition, c.ctx)
		}
	}
}

// In doubt a condition of a deny holds.
func TestDoubtDenies(t *testing.T) {
	for condition, ctx := range map[string]authz.Context{
		`"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}`:                    {"aws:SourceIp": {"nowhere"}},
		`"StringEquals": {"cognito-identity.amazonaws.com:amr": "a"}`:       {"cognito-identity.amazonaws.com:amr": {"a", "b"}},
		`"StringNotEquals": {"aws:UserAgent": "${aws:Referer}"}`:            {"aws:UserAgent": {"curl"}},
		`"StringNotLike": {"aws:UserAgent": "${aws:Referer}*"}`:             {"aws:UserAgent": {"curl"}},
		`"StringNotEqualsIgnoreCase": {"aws:UserAgent": "${aws:Referer}"}`:  {"aws:UserAgent": {"curl"}},
		`"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:*:${aws:Referer}"}`: {"aws:SourceArn": {"arn:aws:sns:r:a:topic"}},
		`"BoolIfExists": {"aws:SecureTransport": "false"}`:                  nil,
		`"DateNotEquals": {"aws:CurrentTime": "2026"}`:                      {"aws:CurrentTime": {"soon"}},
	} {
		got := identity(t, authz.Request{Context: ctx}, policy(allow(on("*")), deny(when(condition))))
		if got.Kind != authz.ExplicitDeny {
			t.Errorf("%s with %v: %s", condition, ctx, got.Kind)
		}
	}
}

func TestVariables(t *testing.T) {
	ctx := authz.Context{
		"cognito-identity.amazonaws.com:sub": {"us-west-2:1234"},
		"aws:PrincipalTag/team":              {"blue"},
		"aws:UserAgent":                      {"*"},
		"cognito-identity.amazonaws.com:amr": {"a", "b"},
	}
	for _, c := range []struct {
		resource, asked string
		allowed         bool
	}{
		{api + "/prod/GET/users/${cognito-identity.amazonaws.com:sub}", api + "/prod/GET/users/us-west-2:1234", true},
		{api + "/prod/GET/users/${cognito-identity.amazonaws.com:sub}", api + "/prod/GET/users/us-west-2:5678", false},
		{api + "/prod/GET/${aws:PrincipalTag/team}/*", api + "/prod/GET/blue/x", true},
		{api + "/prod/GET/${aws:principaltag/TEAM}/*", api + "/prod/GET/blue/x", true},
		{api + "/prod/GET/${aws:PrincipalTag/none}/*", api + "/prod/GET//x", false},
		{api + "/prod/GET/${aws:PrincipalTag/none, 'all'}/*", api + "/prod/GET/all/x", true},
		{api + "/prod/GET/${aws:PrincipalTag/team, 'all'}/*", api + "/prod/GET/all/x", false},
		{api + "/prod/GET/${aws:UserAgent}", api + "/prod/GET/x", false}, // a value's * is no wildcard
		{api + "/prod/GET/${aws:UserAgent}", api + "/prod/GET/*", true},
		{"arn:aws:execute-api:${cognito-identity.amazonaws.com:sub}:*:*", "arn:aws:execute-api:us-west-2:1234:*", false}, // nor a colon of it one of the ARN's
	} {
		if got := identity(t, authz.Request{Resource: c.asked, Context: ctx}, policy(allow(on(c.resource)))); got.Allowed != c.allowed {
			t.Errorf("allowed = %v, want %v: %s for %s", got.Allowed, c.allowed, c.resource, c.asked)
		}
	}
	t.Run("a variable without a value spoils NotResource of an allow, not of a deny", func(t *testing.T) {
		not := `"Action": "*", "NotResource": "` + api + `/${aws:Referer}"`
		if got := identity(t, authz.Request{}, policy(allow(not))); got.Allowed {
			t.Error(got.Reason)
		}
		if got := identity(t, authz.Request{}, policy(allow(on("*")), deny(not))); got.Allowed {
			t.Error(got.Reason)
		}
	})
	t.Run("a value that is no text is no value", func(t *testing.T) {
		got := identity(t, authz.Request{Resource: "arn:aws:s3:::xy", Context: authz.Context{"aws:UserAgent": {"\xff"}}}, policy(allow(on("arn:aws:s3:::${aws:UserAgent}"))))
		if got.Allowed {
			t.Error(got.Reason)
		}
	})
	t.Run("in conditions", func(t *testing.T) {
		same := policy(allow(when(`"StringEquals": {"aws:Referer": "${aws:UserAgent}"}`)))
		if !identity(t, authz.Request{Context: authz.Context{"aws:Referer": {"x"}, "aws:UserAgent": {"x"}}}, same).Allowed {
			t.Error("equal values are not equal")
		}
		for _, op := range []string{"StringEquals", "StringEqualsIgnoreCase", "StringLike"} {
			unknown := policy(allow(when(`"` + op + `": {"aws:Referer": "${aws:UserAgent}"}`)))
			if identity(t, authz.Request{Context: authz.Context{"aws:Referer": {""}}}, unknown).Allowed {
				t.Errorf("%s: a variable without a value is equal to nothing", op)
			}
		}
	})
}

// How identity-based, resource-based, session policies and boundaries come together.
func TestPoliciesTogether(t *testing.T) {
	yes := policy(allow(on("*")))
	no := policy(deny(on("*")))
	other := policy(allow(`"Action": "s3:*", "Resource": "*"`))
	to := func(principal string) string {
		return policy(`{"Sid": "It", "Effect": "Allow", "Principal": ` + principal + `, "Action": "*", "Resource": "*"}`)
	}
	against := func(rest string) string {
		return policy(`{"Effect": "Deny", ` + rest + `, "Action": "*", "Resource": "*"}`)
	}
	for _, c := range []struct {
		name                                  string
		who                                   authz.Principal
		identity, resource, session, boundary string
		want                                  authz.Kind
		by                                    authz.PolicyType
	}{
		{name: "nothing", who: alice, want: authz.NoIdentityAllow},
		{name: "identity allows", who: alice, identity: yes, want: authz.Allowed, by: authz.IdentityBased},
		{name: "identity allows something else", who: alice, identity: other, want: authz.NoIdentityAllow},
		{name: "identity denies", who: alice, identity: no, resource: to(`"*"`), want: authz.ExplicitDeny, by: authz.IdentityBased},
		{name: "resource allows everybody", who: alice, resource: to(`"*"`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "resource allows the role", who: alice, resource: to(`{"AWS": "` + role + `"}`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "resource allows the role in other case", who: alice, resource: to(`{"AWS": "` + strings.Replace(role, "app", "APP", 1) + `"}`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "resource allows another role", who: alice, resource: to(`{"AWS": "` + role + `2"}`), want: authz.NoIdentityAllow},
		{name: "resource leaves it to the account", who: alice, resource: to(`{"AWS": "123456789012"}`), want: authz.NoIdentityAllow},
		{name: "resource leaves it to the account, which allows", who: alice, identity: yes, resource: to(`{"AWS": "` + root + `"}`), want: authz.Allowed, by: authz.IdentityBased},
		{name: "resource denies the account", who: alice, identity: yes, resource: against(`"Principal": {"AWS": "123456789012"}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "resource denies others", who: alice, identity: yes, resource: against(`"Principal": {"AWS": "210987654321"}`), want: authz.Allowed, by: authz.IdentityBased},

		{name: "session limits", who: alice, identity: yes, session: other, want: authz.NoSessionAllow},
		{name: "session allows", who: alice, identity: yes, session: yes, want: authz.Allowed, by: authz.IdentityBased},
		{name: "session alone is not enough", who: alice, session: yes, want: authz.NoIdentityAllow},
		{name: "session denies", who: alice, identity: yes, session: no, want: authz.ExplicitDeny, by: authz.SessionPolicy},
		{name: "session limits the role's grant", who: alice, resource: to(`{"AWS": "` + role + `"}`), session: other, want: authz.NoSessionAllow},
		{name: "session does not limit a grant to itself", who: alice, resource: to(`{"AWS": "` + session + `"}`), session: other, boundary: other, want: authz.Allowed, by: authz.ResourceBased},

		{name: "boundary limits", who: alice, identity: yes, boundary: other, want: authz.NoBoundaryAllow},
		{name: "boundary limits the role's grant", who: alice, resource: to(`{"AWS": "` + role + `"}`), boundary: other, want: authz.NoBoundaryAllow},
		{name: "boundary allows", who: alice, identity: yes, boundary: yes, want: authz.Allowed, by: authz.IdentityBased},
		{name: "boundary alone is not enough", who: alice, boundary: yes, want: authz.NoIdentityAllow},
		{name: "boundary denies", who: alice, identity: yes, boundary: no, want: authz.ExplicitDeny, by: authz.Boundary},

		{name: "anonymous, no resource policy", want: authz.NoResourceAllow},
		{name: "anonymous, everybody", resource: to(`"*"`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "anonymous, every AWS caller", resource: to(`{"AWS": "*"}`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "anonymous, an account", resource: to(`{"AWS": "123456789012"}`), want: authz.NoResourceAllow},
		{name: "anonymous, denied", resource: against(`"Principal": "*"`), want: authz.ExplicitDeny, by: authz.ResourceBased},

		{name: "web identity", who: cognito, resource: to(`{"Federated": "cognito-identity.amazonaws.com"}`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "web identity of another provider", who: cognito, resource: to(`{"Federated": "accounts.google.com"}`), want: authz.NoResourceAllow},
		{name: "web identity is no AWS caller", who: cognito, resource: to(`{"AWS": "*"}`), want: authz.NoResourceAllow},
		{name: "but is denied as one", who: cognito, resource: against(`"Principal": {"AWS": "*"}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "service", who: gateway, resource: to(`{"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]}`), want: authz.Allowed, by: authz.ResourceBased},
		{name: "another service", who: gateway, resource: to(`{"Service": "lambda.amazonaws.com"}`), want: authz.NoResourceAllow},

		{name: "NotPrincipal leaves out the whole chain", who: alice, identity: yes, resource: against(`"NotPrincipal": {"AWS": ["123456789012", "` + role + `", "` + session + `"]}`), want: authz.Allowed, by: authz.IdentityBased},
		{name: "NotPrincipal without the account", who: alice, identity: yes, resource: against(`"NotPrincipal": {"AWS": ["` + role + `", "` + session + `"]}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "NotPrincipal without the role", who: alice, identity: yes, resource: against(`"NotPrincipal": {"AWS": ["123456789012", "` + session + `"]}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "NotPrincipal without the session", who: alice, identity: yes, resource: against(`"NotPrincipal": {"AWS": ["123456789012", "` + role + `"]}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "NotPrincipal and the account's root", who: owner, identity: yes, resource: against(`"NotPrincipal": {"AWS": "123456789012"}`), want: authz.Allowed, by: authz.IdentityBased},
		{name: "NotPrincipal and anonymous", resource: against(`"NotPrincipal": {"AWS": "123456789012"}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "NotPrincipal everybody denies nobody", who: alice, identity: yes, resource: against(`"NotPrincipal": "*"`), want: authz.Allowed, by: authz.IdentityBased},
		{name: "NotPrincipal every AWS caller", who: alice, identity: yes, resource: against(`"NotPrincipal": {"AWS": "*"}`), want: authz.Allowed, by: authz.IdentityBased},
		{name: "NotPrincipal and a service", who: gateway, resource: against(`"NotPrincipal": {"Service": "apigateway.amazonaws.com"}`), want: authz.NoResourceAllow},
		{name: "NotPrincipal and another service", who: gateway, resource: against(`"NotPrincipal": {"Service": "lambda.amazonaws.com"}`), want: authz.ExplicitDeny, by: authz.ResourceBased},
		{name: "NotPrincipal and a web identity", who: cognito, resource: against(`"NotPrincipal": {"Federated": "cognito-identity.amazonaws.com"}`), want: authz.NoResourceAllow},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p authz.Policies
			if c.identity != "" {
				p.Identity = []authz.Source{source(t, "other", other), source(t, "inline", c.identity)}
			}
			if c.resource != "" {
				s := source(t, "api", c.resource)
				p.Resource = &s
			}
			if c.session != "" {
				p.Session = []authz.Source{source(t, "first", other), source(t, "session", c.session)}
			}
			if c.boundary != "" {
				s := source(t, "boundary", c.boundary)
				p.Boundary = &s
			}
			r := authz.Request{Action: invoke, Resource: api + "/prod/GET/x", Principal: c.who}
			got := authz.Decide(r, p)
			if got.Kind != c.want || got.Type != c.by || got.Allowed != (c.want == authz.Allowed) {
				t.Errorf("got %s by %s (%s), want %s by %s", got.Kind, got.Type, got.Reason, c.want, c.by)
			}
			if got.Reason == "" || (got.Type == authz.NoPolicy) != (got.Statement < 0) {
				t.Errorf("decision = %+v", got)
			}
			explained, steps := authz.Explain(r, p)
			if explained != got {
				t.Errorf("Explain decided %+v, Decide %+v", explained, got)
			}
			for _, s := range steps {
				if s.Matched == (s.Why != "") {
					t.Errorf("step %+v", s)
				}
			}
		})
	}
}

func TestDecisionNamesTheStatement(t *testing.T) {
	p := authz.Policies{Identity: []authz.Source{
		source(t, "read", policy(allow(on("arn:aws:s3:::b")), `{"Sid": "Items", `+allow(on(api + "/prod/GET/items"))[1:])),
		source(t, "admin", policy(allow(on("arn:aws:s3:::b")), deny(on(api+"/prod/GET/admin")))),
	}}
	ask := func(path string) authz.Decision {
		return authz.Decide(authz.Request{Action: invoke, Resource: api + path, Principal: alice}, p)
	}
	for path, want := range map[string]authz.Decision{
		"/prod/GET/items": {Allowed: true, Kind: authz.Allowed, Type: authz.IdentityBased, Policy: "read", Statement: 1, SID: "Items",
			Reason: "statement 1 (Items) of the identity-based policy read allows"},
		"/prod/GET/admin": {Kind: authz.ExplicitDeny, Type: authz.IdentityBased, Policy: "admin", Statement: 1,
			Reason: "statement 1 of the identity-based policy admin denies"},
		"/prod/GET/other": {Kind: authz.NoIdentityAllow, Statement: -1,
			Reason: "no statement of the identity-based policies read, admin allows execute-api:Invoke on " + api + "/prod/GET/other"},
	} {
		if got := ask(path); got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", path, got, want)
		}
	}
	if got, want := ask("/prod/GET/other").Clause(invoke), "because no identity-based policy allows the execute-api:Invoke action"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExplain(t *testing.T) {
	resource := source(t, "api", policy(
		`{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "*", "Resource": "*"}`,
		`{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}`))
	_, steps := authz.Explain(
		authz.Request{Action: invoke, Resource: api, Principal: alice, Context: authz.Context{"aws:SourceIp": {"203.0.113.1"}}},
		authz.Policies{
			Identity: []authz.Source{source(t, "id", policy(allow(`"Action": "s3:*", "Resource": "*"`), allow(on("arn:aws:s3:::b")), allow(on("*"))))},
			Resource: &resource,
		})
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%s %s %d %s %v %s", s.Type, s.Policy, s.Statement, s.Effect, s.Matched, s.Why))
	}
	want := []string{
		"identity-based policy id 0 Allow false it is not about the action execute-api:Invoke",
		"identity-based policy id 1 Allow false it is not about the resource " + api,
		"identity-based policy id 2 Allow true ",
		"resource-based policy api 0 Allow false it is not about this principal",
		`resource-based policy api 1 Deny false condition IpAddress of aws:SourceIp does not hold for the request's values ["203.0.113.1"]`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[authz.Decision]string{
		{Kind: authz.NoResourceAllow}: "because no resource-based policy allows the a:B action",
		{Kind: authz.NoSessionAllow}:  "because no session policy allows the a:B action",
		{Kind: authz.NoBoundaryAllow}: "because no permissions boundary allows the a:B action",
		{}:                            "because no identity-based policy allows the a:B action",
		{Kind: authz.ExplicitDeny, Type: authz.IdentityBased}: "with an explicit deny in an identity-based policy",
		{Kind: authz.ExplicitDeny, Type: authz.ResourceBased}: "with an explicit deny in a resource-based policy",
		{Kind: authz.ExplicitDeny, Type: authz.SessionPolicy}: "with an explicit deny in a session policy",
		{Kind: authz.ExplicitDeny, Type: authz.Boundary}:      "with an explicit deny in a permissions boundary",
	} {
		if got := d.Clause("a:B"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if authz.Allowed.String() != "allowed" || authz.ExplicitDeny.String() != "explicit deny" || authz.NoPolicy.String() != "no policy" {
		t.Error("kinds have other words")
	}
}

func TestUsesContext(t *testing.T) {
	for document, want := range map[string]bool{
		policy(allow(on("*"))):                                          false,
		policy(allow(on(api + "/${aws:userid}"))):                       true,
		policy(allow(when(`"Null": {"aws:SourceVpc": true}`))):          true,
		policy(allow(on("*")), allow(on(api+"/${aws:userid}"))):         true,
		policy(allow(`"Action": "*", "Resource": "arn:aws:s3:::${*}"`)): false,
	} {
		if got := source(t, "", document).Policy.UsesContext(); got != want {
			t.Errorf("%v, want %v: %s", got, want, document)
		}
	}
}

// BenchmarkDecide is what a gateway request costs: a role with a few policies.
func BenchmarkDecide(b *testing.B) {
	var statements []string
	for i := range 20 {
		statements = append(statements, allow(on(fmt.Sprintf("%s/prod/GET/route-%d", api, i))))
	}
	p := authz.Policies{
		Identity: []authz.Source{source(b, "logs", policy(allow(`"Action": "logs:*", "Resource": "*"`))), source(b, "routes", policy(statements...))},
		Session:  []authz.Source{source(b, "session", policy(allow(`"Action": ["s3:*", "dynamodb:*", "execute-api:*"], "Resource": "*"`)))},
	}
	r := authz.Request{Action: invoke, Resource: api + "/prod/GET/route-19", Principal: alice}
	b.ReportAllocs()
	for b.Loop() {
		if !authz.Decide(r, p).Allowed {
			b.Fatal("denied")
		}
	}
}

// Who asks why is told what each statement says, and each condition with what it was held
// against.
func TestAStepTellsItsStatement(t *testing.T) {
	resource, err := authz.ParseResource(`{"Version": "2012-10-17", "Statement": {"Sid": "Fence", "Effect": "Deny", "NotPrincipal": {"AWS": ["123456789012"], "Service": "x.amazonaws.com"},
		"NotAction": "s3:*", "Resource": ["execute-api:/a", "arn:aws:s3:::b"],
		"Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}, "StringNotEqualsIfExists": {"aws:PrincipalTag/team": "blue"}}}}`,
		func(pattern string) string {
			return strings.Replace(pattern, "execute-api:/", "arn:aws:execute-api:r:a:x/", 1)
		})
	if err != nil {
		t.Fatal(err)
	}
	r := authz.Request{Action: invoke, Resource: api, Context: authz.Context{"AWS:sourceip": {"203.0.113.1"}}}
	_, steps := authz.Explain(r, authz.Policies{Resource: &authz.Source{Name: "api", Policy: resource}})
	want := []authz.Step{{
		Type: authz.ResourceBased, Policy: "api", SID: "Fence", Effect: "Deny", Why: "it is not about the resource " + api, Action: invoke, Resource: api,
		Written: authz.Written{
			NotActions: []string{"s3:*"}, Resources: []string{"arn:aws:execute-api:r:a:x/a", "arn:aws:s3:::b"},
			NotPrincipals: []string{"AWS: 123456789012", "Service: x.amazonaws.com"},
		},
		Conditions: []authz.Condition{
			{Operator: "NotIpAddress", Key: "aws:SourceIp", Operands: []string{"10.0.0.0/8", "192.0.2.0/24"}, Values: []string{"203.0.113.1"}, Holds: true},
			{Operator: "StringNotEqualsIfExists", Key: "aws:PrincipalTag/team", Operands: []string{"blue"}, Values: []string{}, Holds: true},
		},
	}}
	if !reflect.DeepEqual(steps, want) {
		t.Errorf("got  %+v\nwant %+v", steps, want)
	}
	data, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	var read []authz.Step
	if err := json.Unmarshal(data, &read); err != nil || !reflect.DeepEqual(read, want) {
		t.Errorf("as JSON: %v %s", err, data)
	}
	for document, want := range map[string]authz.Written{
		`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "*"}}`:    {Actions: []string{"*"}, NotResources: []string{"*"}, Principals: []string{"*"}},
		`{"Statement": {"Effect": "Deny", "NotPrincipal": "*", "Action": "a:b", "Resource": ["*"]}}`: {Actions: []string{"a:b"}, Resources: []string{"*"}, NotPrincipals: []string{"*"}},
	} {
		p, err := authz.ParseResource(document, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, steps := authz.Explain(r, authz.Policies{Resource: &authz.Source{Policy: p}}); !reflect.DeepEqual(steps[0].Written, want) {
			t.Errorf("%s: %+v", document, steps[0].Written)
		}
	}
}
