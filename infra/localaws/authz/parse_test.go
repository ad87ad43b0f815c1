package authz_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/authz"
)

// What is not supported is refused with its name and what is legal.
func TestParseRefuses(t *testing.T) {
	const ok = `"Effect": "Allow", "Action": "*", "Resource": "*"`
	s := func(statement string) string {
		return `{"Version": "2012-10-17", "Statement": {` + statement + `}}`
	}
	condition := func(c string) string { return s(ok + `, "Condition": ` + c) }
	for document, want := range map[string]string{
		``:                              "not a JSON object",
		`[]`:                            "not a JSON object",
		`{"Statement": [`:               "reading JSON",
		`{"Statement": {` + ok + `}} x`: "something follows the closing brace",
		`{"Statement": {` + ok + `}`:    "reading JSON",
		`{"a"`:                          "reading JSON",
		`{"Statement": [], x}`:          "reading JSON",
		`{"Version": ["` + strings.Repeat("1", 80) + `"]}`: `"Version": "[\"` + strings.Repeat("1", 58) + `…" is not a string`,
		`{"Version": 1, "Statement": []}`:                  `"Version": "1" is not a string`,
		`{"Version": "2012-10-18"}`:                        `"Version" is "2012-10-18", which is not supported; legal are 2012-10-17 and 2008-10-17`,
		`{"Version": "2012-10-17"}`:                        `"Statement" is missing`,
		`{"Statement": []}`:                                `"Statement" is empty`,
		`{"Statement": [1}`:                                "reading JSON",
		`{"Id": {}, "Statement": []}`:                      `"Id": `,
		`{"Statement": "x"}`:                               `statement 0: "\"x\"" is not a JSON object`,
		`{"Statements": []}`:                               `"Statements" is not known; legal are Version, Id, Statement`,
		`{"Statement": [], "Statement":1}`:                 `"Statement" stands twice`,

		s(`"Effect": "Allow", "Action": "*", "Ressource": "*"`): `"Ressource" is not known; legal are Sid, Effect, Principal`,
		s(`"Sid": 1, ` + ok):                                      `"Sid": `,
		s(`"Action": "*", "Resource": "*"`):                       `"Effect": is missing`,
		s(`"Effect": "allow", "Action": "*", "Resource": "*"`):    `"Effect" is "allow"; legal are Allow and Deny`,
		s(`"Sid": "Me", "Effect": "Allow", "Resource": "*"`):      `statement 0 (Me): "Action" or "NotAction" is missing`,
		s(ok + `, "NotAction": "*"`):                              `"Action" and "NotAction" cannot stand together`,
		s(ok + `, "NotResource": "*"`):                            `"Resource" and "NotResource" cannot stand together`,
		s(ok + `, "Principal": "*", "NotPrincipal": "*"`):         `"Principal" and "NotPrincipal" cannot stand together`,
		s(ok + `, "NotPrincipal": "*"`):                           "NotPrincipal is legal with Effect Deny only",
		s(`"Effect": "Allow", "Action": [], "Resource": "*"`):     "Action: the list is empty",
		s(`"Effect": "Allow", "Action": [1], "Resource": "*"`):    `Action: "1" is not a string`,
		s(`"Effect": "Allow", "Action": "Invoke", "Resource":1`):  `Action "Invoke" is no action; legal are * and SERVICE:OPERATION`,
		s(`"Effect": "Allow", "Action": "a:b c", "Resource":1`):   `"a:b c" is no action`,
		s(`"Effect": "Allow", "Action": "${a}:b", "Resource": 1`): "is no action",
		s(`"Effect": "Allow", "Action": "*", "Resource": null`):   `Resource: "null" is not a string`,
		s(`"Effect": "Allow", "Action": "*", "Resource": "x"`):    `Resource "x" is no ARN; legal are * and arn:`,

		s(ok + `, "Principal": "me"`):                        `Principal: "me" is not legal`,
		s(ok + `, "Principal": {}`):                          "Principal: nobody is named",
		s(ok + `, "Principal": {"CanonicalUser": "x"}`):      `"CanonicalUser" is not known; legal are AWS, Service, Federated`,
		s(ok + `, "Principal": {"AWS": "me"}`):               `Principal: AWS: "me" is not legal; legal are *, an account's twelve digits`,
		s(ok + `, "Principal": {"AWS": []}`):                 "Principal: AWS: the list is empty",
		s(ok + `, "Principal": {"AWS": "arn:aws:s3:::x"}`):   "is not legal",
		s(ok + `, "Principal": {"Service": "*"}`):            "wildcards and variables are not legal",
		s(ok + `, "Principal": {"AWS": "arn:aws:iam::1:*"}`): "wildcards and variables are not legal",

		condition(`[]`):                                                                           `"Condition": "[]" is not a JSON object`,
		condition(`{"StringEquals": 1}`):                                                          `"Condition": StringEquals: `,
		condition(`{"StringEquals": {}}`):                                                         `"Condition": StringEquals: no condition key is named`,
		condition(`{"StringMatches": {"aws:SourceIp": "x"}}`):                                     `condition operator "StringMatches" is not supported; legal are ArnEquals`,
		condition(`{"stringequals": {"aws:SourceIp": "x"}}`):                                      `"stringequals" is not supported`,
		condition(`{"BinaryEquals": {"aws:SourceIp": "x"}}`):                                      `"BinaryEquals" is not supported`,
		condition(`{"NullIfExists": {"aws:SourceIp": true}}`):                                     `"NullIfExists" is not supported`,
		condition(`{"ForAnyValue:Null": {"aws:SourceIp": true}}`):                                 `"ForAnyValue:Null" is not supported`,
		condition(`{"ForSomeValue:Bool": {"aws:SourceIp": true}}`):                                `"ForSomeValue:Bool" is not supported`,
		condition(`{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}`):                              `condition key "aws:PrincipalOrgID" is not supported; supported are aws:currenttime`,
		condition(`{"StringEquals": {"aws:PrincipalTag/": "o-1"}}`):                               `"aws:PrincipalTag/" is not supported`,
		condition(`{"StringEquals": {"aws:RequestTag/a": "o-1"}}`):                                `"aws:RequestTag/a" is not supported`,
		condition(`{"StringEquals": {"aws:SourceIp": []}}`):                                       "StringEquals of aws:SourceIp: the list is empty",
		condition(`{"StringEquals": {"aws:SourceIp": null}}`):                                     `"null" is not a string`,
		condition(`{"StringEquals": {"aws:SourceIp": {}}}`):                                       "is not a string",
		condition(`{"StringEquals": {"aws:UserAgent": "${aws:Nothing}"}}`):                        `policy variable "aws:Nothing" is not supported; supported are`,
		condition(`{"StringEquals": {"aws:UserAgent": "${aws:userid"}}`):                          "has no closing brace",
		condition(`{"StringEquals": {"aws:UserAgent": "${aws:userid, 'x}"}}`):                     "must stand in single quotes",
		condition(`{"StringLike": {"aws:UserAgent": "${}"}}`):                                     `policy variable "" is not supported`,
		condition(`{"StringEquals": {"aws:UserAgent": "${cognito-identity.amazonaws.com:amr}"}}`): "the key has many values",
		condition(`{"NumericEquals": {"aws:EpochTime": "ten"}}`):                                  `NumericEquals of aws:EpochTime: "ten" is not a number`,
		condition(`{"DateLessThan": {"aws:CurrentTime": "soon"}}`):                                `"soon" is not a date`,
		condition(`{"Bool": {"aws:SecureTransport": "yes"}}`):                                     `"yes" is not a truth value; legal are true and false`,
		condition(`{"Null": {"aws:SourceIp": "maybe"}}`):                                          `"maybe" is not a truth value`,
		condition(`{"IpAddress": {"aws:SourceIp": "10.0.0"}}`):                                    `"10.0.0" is not an IP address or range`,
		condition(`{"IpAddress": {"aws:SourceIp": "fe80::1%eth0"}}`):                              "is not an IP address",
		condition(`{"ArnLike": {"aws:SourceArn": "arn:aws:s3*"}}`):                                "is no ARN",
		condition(`{"ArnLike": {"aws:SourceArn": "a:b:c:d:e:f"}}`):                                "is no ARN",
		condition(`{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${x}"}}`):                          `policy variable "x" is not supported`,

		`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:userid}"}}`: `unless the policy says "Version": "2012-10-17"`,
	} {
		_, err := authz.Parse(document)
		if err == nil || !strings.HasPrefix(err.Error(), "parsing the policy: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", document, err, want)
		}
	}
}

func TestKindsOfPolicies(t *testing.T) {
	const act = `{"Effect": "Allow", "Action": "a:B"`
	bare, withResource, withPrincipal, withBoth := act+`}`, act+`, "Resource": "*"}`, act+`, "Principal": "*"}`, act+`, "Principal": "*", "Resource": "*"}`
	resource := func(document string) (*authz.Policy, error) { return authz.ParseResource(document, nil) }
	for _, c := range []struct {
		name  string
		parse func(string) (*authz.Policy, error)
		legal string
		want  map[string]string
	}{
		{"identity", authz.ParseIdentity, withResource, map[string]string{bare: `"Resource" or "NotResource" is missing`, withPrincipal: "legal in resource-based policies only", withBoth: "legal in resource-based policies only"}},
		{"resource", resource, withBoth, map[string]string{bare: `"Principal" or "NotPrincipal" is missing`, withResource: `"Principal" or "NotPrincipal" is missing`, withPrincipal: `"Resource" or "NotResource" is missing`}},
		{"trust", authz.ParseTrust, withPrincipal, map[string]string{bare: `"Principal" is missing`, withResource: `"Principal" is missing`, withBoth: "not legal in a trust policy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.parse(policy(c.legal)); err != nil {
				t.Errorf("%s: %v", c.legal, err)
			}
			for statement, want := range c.want {
				if _, err := c.parse(policy(statement)); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %s", statement, err, want)
				}
			}
		})
	}
}

// The short form of API Gateway's resource policies.
func TestResourceRewrite(t *testing.T) {
	p, err := authz.ParseResource(policy(`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*"}`),
		func(pattern string) string { return strings.Replace(pattern, "execute-api:", api, 1) })
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/prod/GET/x": true, "/dev/GET/x": false} {
		got := authz.Decide(authz.Request{Action: invoke, Resource: api + path}, authz.Policies{Resource: &authz.Source{Name: "api", Policy: p}})
		if got.Allowed != want {
			t.Errorf("%s: %s", path, got.Reason)
		}
	}
}

// The trust policy that identity pools need.
func TestTrust(t *testing.T) {
	p, err := authz.ParseTrust(policy(`{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool-1"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, aud string
		amr         []string
		allowed     bool
	}{
		{"sts:AssumeRoleWithWebIdentity", "pool-1", []string{"authenticated", "x"}, true},
		{"sts:AssumeRoleWithWebIdentity", "pool-2", []string{"authenticated"}, false},
		{"sts:AssumeRoleWithWebIdentity", "pool-1", []string{"unauthenticated"}, false},
		{"sts:AssumeRole", "pool-1", []string{"authenticated"}, false},
	} {
		got := authz.Decide(authz.Request{Action: c.action, Principal: cognito, Context: authz.Context{
			"cognito-identity.amazonaws.com:aud": {c.aud}, "cognito-identity.amazonaws.com:amr": c.amr,
		}}, authz.Policies{Resource: &authz.Source{Name: "trust", Policy: p}})
		if got.Allowed != c.allowed {
			t.Errorf("%+v: %s", c, got.Reason)
		}
	}
}

// Whatever is given to Parse, it is read or refused, and what was read decides.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		policy(allow(on("*"))), policy(deny(on(api + "/${aws:userid}"))), `{}`, `[`, `{"Statement": null}`,
		policy(allow(when(`"ForAnyValue:StringLikeIfExists": {"aws:UserAgent": ["${*}", "*?", 1, true]}`))),
		policy(`{"Effect": "Deny", "NotPrincipal": {"AWS": ["*", "123456789012"]}, "NotAction": "a:*", "NotResource": "arn:::::*"}`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		for _, parse := range []func(string) (*authz.Policy, error){authz.Parse, authz.ParseIdentity, authz.ParseTrust} {
			p, err := parse(document)
			if (err == nil) != (p != nil) {
				t.Fatalf("%v, %v", p, err)
			}
			if p == nil {
				continue
			}
			s := authz.Source{Name: "fuzz", Policy: p}
			r := authz.Request{Action: invoke, Resource: api, Principal: alice, Context: authz.Context{"aws:UserAgent": {"x"}}}
			all := authz.Policies{Identity: []authz.Source{s}, Resource: &s, Session: []authz.Source{s}, Boundary: &s}
			got, _ := authz.Explain(r, all)
			if got != authz.Decide(r, all) {
				t.Fatalf("Explain and Decide differ for %s", document)
			}
		}
	})
}
