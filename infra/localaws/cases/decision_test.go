package cases

import (
	"net/http"
	"strings"
	"time"

	"auth-api/infra/localaws/iam"
	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	memberARN     = "arn:aws:sts::" + account + ":assumed-role/member/CognitoIdentityCredentials"
	guestARN      = "arn:aws:sts::" + account + ":assumed-role/guest/CognitoIdentityCredentials"
	noneAllows    = "because no identity-based policy allows the execute-api:Invoke action"
	sessionDenies = "because no session policy allows the execute-api:Invoke action"
	nobodyIsLetIn = "because no resource-based policy allows the execute-api:Invoke action"
)

// denied is the answer to a caller whom policies do not let in: where is API/v1/VERB/path.
func denied(who, where, clause string) answer {
	return answer{status: 403, kind: "AccessDeniedException",
		body: `{"Message":"User: ` + who + ` is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********0000:` + where + ` ` + clause + `"}`}
}

func decisionCases() []testCase {
	return []testCase{
		{id: "17", title: "no statement allows", known: sure, aws: denied(memberARN, "API/v1/GET/nobody", noneAllows),
			ask: func(c *on) answer { return c.signedGet(c.api, "/nobody", c.member()) }},
		{id: "18", title: "a guest on a route for who has signed in", known: sure, aws: denied(guestARN, "API/v1/GET/members", noneAllows),
			ask: func(c *on) answer { return c.signedGet(c.api, "/members", c.guest()) }},
		{id: "19", title: "explicit deny in the role's policy", known: likely,
			aws: denied(memberARN, "API/v1/GET/users/admin", "with an explicit deny in an identity-based policy"),
			ask: func(c *on) answer { return c.signedGet(c.api, "/users/admin", c.member()) }},
		{id: "20a", title: "the role allows, the API's resource policy denies: deny wins", known: sure,
			aws: denied(memberARN, "FENCED/v1/GET/barred", "with an explicit deny in a resource-based policy"),
			ask: func(c *on) answer { return c.signedGet(c.fenced, "/barred", c.member()) }},
		{id: "20b", title: "another path, which the deny does not match", known: sure, aws: answer{status: 200},
			ask: func(c *on) answer { return c.ok(c.signedGet(c.api, "/users/7", c.member())) }},
		{id: "21a", title: "the resource policy allows nobody, an open route", known: likely, aws: denied("anonymous", "FENCED/v1/GET/open", nobodyIsLetIn),
			ask: func(c *on) answer { return c.send(c.request("GET", c.fenced, "/open", "")) }},
		{id: "21b", title: "the resource policy allows, an open route", known: sure, aws: answer{status: 200},
			ask: func(c *on) answer { return c.ok(c.send(c.request("GET", c.fenced, "/let-in", ""))) }},
		{id: "21c", title: "the resource policy alone allows a caller of the same account", known: sure, aws: answer{status: 200},
			ask: func(c *on) answer { return c.ok(c.signedGet(c.fenced, "/welcome", c.guest())) }},
		{id: "22a", title: "the session policy leaves the action out", known: likely, aws: denied(memberARN, "API/v1/GET/members", sessionDenies),
			ask: func(c *on) answer {
				// As AWS limits guests to the services that it lists.
				return c.signedGet(c.api, "/members", c.session("member", statement("Allow", "s3:*", []any{"*"})))
			}},
		{id: "22b", title: "a guest of the enhanced flow whose role allows ssm:GetParameter, which the session policies that AWS adds for guests leave out", known: likely,
			aws: exception("AccessDeniedException", "User: "+guestARN+" is not authorized to perform: ssm:GetParameter on resource: "+greetingARN+" because no session policy allows the ssm:GetParameter action"),
			ask: func(c *on) answer { return c.parameter(c.guest()) }},
		{id: "22c", title: "a user whose role allows it", known: sure, aws: answer{status: 200}, ask: func(c *on) answer { return c.ok(c.parameter(c.member())) }},
		{id: "D0", title: "the permissions boundary of the role leaves the action out", known: likely,
			aws: denied("arn:aws:sts::"+account+":assumed-role/bounded/CognitoIdentityCredentials", "API/v1/GET/members", "because no permissions boundary allows the execute-api:Invoke action"),
			ask: func(c *on) answer { return c.signedGet(c.api, "/members", c.session("bounded")) }},
		{id: "D1", title: "`*` of a resource pattern stands for / too", known: sure, aws: answer{status: 200},
			ask: func(c *on) answer { return c.ok(c.signedGet(c.api, "/signed/a/b/c", c.member())) }},
		{id: "D2", title: "resource patterns tell upper from lower case: GET/users/seven is allowed, /users/SEVEN asked", known: sure,
			aws: denied(memberARN, "API/v1/GET/users/SEVEN", sessionDenies),
			ask: func(c *on) answer {
				return c.signedGet(c.api, "/users/SEVEN", c.session("member", statement("Allow", "execute-api:Invoke", c.methods(c.api, "GET/users/seven"))))
			}},
		{id: "D3", title: "an escaped path, /users/%61dmin, against a policy that denies /users/admin", known: open, said: "not documented whether policies see the path escaped or decoded",
			here: denied(memberARN, "API/v1/GET/users/admin", "with an explicit deny in an identity-based policy"),
			why:  "deny in doubt: both forms must be allowed", ask: func(c *on) answer { return c.signedGet(c.api, "/users/%61dmin", c.member()) }},
	}
}

// session returns credentials of a role, under a session policy of these statements if
// there are any.
func (c *on) session(role string, statements ...any) aws.Credentials {
	c.Helper()
	var policies []string
	if len(statements) > 0 {
		policies = []string{policy(statements...)}
	}
	given, err := c.aws.IAM.AssumeRoleWithWebIdentity(iam.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::" + account + ":role/" + role, Provider: "cognito-identity.amazonaws.com",
		Claims:      map[string][]string{"aud": {c.ids}, "amr": {"authenticated"}, "sub": {"us-west-2:11111111-1111-1111-1111-111111111111"}},
		SessionName: "CognitoIdentityCredentials", Duration: time.Hour, SessionPolicies: policies,
	})
	if err != nil {
		c.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: given.AccessKeyID, SecretAccessKey: given.SecretAccessKey, SessionToken: given.SessionToken}
}

// parameter reads a parameter of Systems Manager, signed.
func (c *on) parameter(by aws.Credentials) answer {
	c.Helper()
	const body = `{"Name":"/cases/greeting"}`
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.aws.URL()+"/", strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return c.send(c.signFor(r, body, by, "ssm", region, c.clock.Now()))
}
