package iam_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
)

const target = "arn:aws:iam::000000000000:role/target"

// trusting is a trust policy for AssumeRole by the principal, under the condition.
func trusting(principal, condition string) string {
	if condition != "" {
		condition = `, "Condition": ` + condition
	}
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "` + principal + `"}` + condition + `}]}`
}

// stsRefused fails the test unless err is STS's error of this code and message.
func stsRefused(t *testing.T, err error, code, message string) {
	t.Helper()
	var refusal smithy.APIError
	switch {
	case code == "" && err == nil:
	case !errors.As(err, &refusal):
		t.Errorf("got %v, want %s: %s", err, code, message)
	case refusal.ErrorCode() != code || refusal.ErrorMessage() != message:
		t.Errorf("got  %s: %s\nwant %s: %s", refusal.ErrorCode(), refusal.ErrorMessage(), code, message)
	}
}

// Who may assume which role: the trust policy must let the caller in, and where it
// lets the account in, the caller's own policies must allow it.
func TestWhoMayAssumeARole(t *testing.T) {
	const (
		account = "arn:aws:iam::000000000000:root"
		session = "arn:aws:sts::000000000000:assumed-role/app/CognitoIdentityCredentials"
	)
	grant := allows("sts:AssumeRole", target)
	for _, c := range []struct {
		name       string
		trust      string
		policy     string // the caller's own
		boundary   string // of the caller's role
		role       string // that is asked for; target when empty
		externalID string
		allowed    bool
		clause     string // at the end of the denial
		reason     string // in the record
	}{
		{name: "the role by name", trust: trusting(roleARN, ""), allowed: true},
		{name: "the session by name", trust: trusting(session, ""), allowed: true},
		{name: "the account, and a grant", trust: trusting(account, ""), policy: grant, allowed: true},
		{name: "everybody, without a grant", trust: trusting("*", ""), allowed: true},
		{name: "the account, no grant", trust: trusting(account, ""), reason: "the resource-based policy leaves it to the account"},
		{name: "the account, a grant for another role", trust: trusting(account, ""), policy: allows("sts:AssumeRole", target+"2"), reason: "leaves it to the account"},
		{name: "another role by name, and a grant", trust: trusting("arn:aws:iam::000000000000:role/other", ""), policy: grant, reason: "no statement of the trust policy of role target lets " + session + " in"},
		{name: "another account, and a grant", trust: trusting("111111111111", ""), policy: grant, reason: "no statement of the trust policy"},
		{name: "a service, and a grant", trust: trustLambda, policy: grant, reason: "no statement of the trust policy"},
		{name: "another action, and a grant", trust: strings.Replace(trusting(roleARN, ""), "sts:AssumeRole", "sts:TagSession", 1), policy: grant, reason: "no statement of the trust policy"},
		{name: "denied by its own policy", trust: trusting(roleARN, ""), policy: denies("sts:*", "*"), clause: " with an explicit deny in an identity-based policy"},
		{name: "denied by the trust policy", trust: strings.Replace(trusting("*", ""), "[", `[{"Effect": "Deny", "Action": "*", "Principal": {"AWS": "`+roleARN+`"}}, `, 1), policy: grant, clause: " with an explicit deny in a resource-based policy"},
		{name: "outside its boundary", trust: trusting(roleARN, ""), policy: grant, boundary: allows("execute-api:*", "*"), reason: "no statement of the permissions boundary"},
		{name: "no such role", trust: trusting("*", ""), role: target + "s", policy: allows("sts:*", "*"), reason: "there is no role " + target + "s"},
		{name: "the external id", trust: trusting(roleARN, `{"StringEquals": {"sts:ExternalId": "deal-7"}}`), externalID: "deal-7", allowed: true},
		{name: "no external id", trust: trusting(roleARN, `{"StringEquals": {"sts:ExternalId": "deal-7"}}`), reason: "no statement"},
		{name: "another external id", trust: trusting(roleARN, `{"StringEquals": {"sts:ExternalId": "deal-7"}}`), externalID: "deal-8", reason: "no statement"},
		{name: "the session's name", trust: trusting(roleARN, `{"StringLike": {"sts:RoleSessionName": "job-*"}}`), allowed: true},
		{name: "another session's name", trust: trusting(roleARN, `{"StringEquals": {"sts:RoleSessionName": "nightly"}}`), reason: "no statement"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.now = time.Now()
			w.role(t, "target", "AROATARGET", c.trust)
			if c.policy != "" {
				w.policy(t, "app", "own", c.policy)
			}
			if c.boundary != "" {
				arn := w.managed(t, "boundary", c.boundary)
				w.change(t, func(r *iam.Role) { r.PermissionsBoundary = arn })
			}
			server, record := serveSTS(t, w)
			in := &sts.AssumeRoleInput{RoleArn: aws.String(target), RoleSessionName: aws.String("job-7")}
			if c.role != "" {
				in.RoleArn = &c.role
			}
			if c.externalID != "" {
				in.ExternalId = &c.externalID
			}
			out, err := stsClient(server, w.assume(t, webIdentity())).AssumeRole(context.Background(), in)
			decision, reason := record.Decision()
			if !c.allowed {
				stsRefused(t, err, "AccessDenied", "User: "+session+" is not authorized to perform: sts:AssumeRole on resource: "+*in.RoleArn+c.clause)
				if decision != "deny" || !strings.Contains(reason, c.reason) {
					t.Errorf("the record says %s: %s", decision, reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if decision != "allow" || *out.AssumedRoleUser.Arn != "arn:aws:sts::000000000000:assumed-role/target/job-7" || *out.AssumedRoleUser.AssumedRoleId != "AROATARGET:job-7" || int(*out.SessionTokenSize) != len(*out.Credentials.SessionToken) {
				t.Errorf("%s %+v", decision, out)
			}
			caller, err := w.authenticate(t, given(out.Credentials))
			if err != nil || caller.ARN != *out.AssumedRoleUser.Arn || caller.Cognito != nil || !caller.Expiration.Equal(*out.Credentials.Expiration) {
				t.Errorf("%+v %v", caller, err)
			}
		})
	}
}

func given(c *types.Credentials) iam.Credentials {
	return iam.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// A session has the rights that its role and its session policy both allow, for as
// long as it was asked for.
func TestASessionOfAnAssumedRole(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	w.role(t, "target", "AROATARGET", trusting(roleARN, ""))
	w.policy(t, "target", "routes", allows(invoke, api+"/prod/GET/*"))
	server, _ := serveSTS(t, w)
	out, err := stsClient(server, w.assume(t, webIdentity())).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: aws.String(target), RoleSessionName: aws.String("job"), DurationSeconds: aws.Int32(900), Policy: aws.String(allows(invoke, api+"/prod/GET/x")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := out.Credentials.Expiration.Sub(w.now); d < 14*time.Minute || d > 15*time.Minute {
		t.Errorf("it lasts %s", d)
	}
	caller, err := w.authenticate(t, given(out.Credentials))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]authz.Kind{"x": authz.Allowed, "y": authz.NoSessionAllow} {
		if d := w.Authorize(caller, iam.Request{Action: invoke, Resource: api + "/prod/GET/" + path}, nil); d.Kind != want {
			t.Errorf("%s: %+v", path, d)
		}
	}
	w.now = w.now.Add(16 * time.Minute)
	_, err = w.authenticate(t, given(out.Credentials))
	refused(t, err, "ExpiredTokenException")
}

func TestRolesThatAreNotAskedForRightly(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	w.role(t, "target", "AROATARGET", trusting("*", ""))
	server, _ := serveSTS(t, w)
	session, admin := w.assume(t, webIdentity()), iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	name, arn := aws.String("job"), aws.String(target)
	for _, c := range []struct {
		as        iam.Credentials
		in        sts.AssumeRoleInput
		code, say string
	}{
		{admin, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name}, "AccessDenied", "Roles may not be assumed by root accounts."},
		{iam.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"}, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name}, "InvalidClientTokenId", "The security token included in the request is invalid."},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, DurationSeconds: aws.Int32(3601)}, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, DurationSeconds: aws.Int32(899)}, "ValidationError", "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, DurationSeconds: aws.Int32(43201)}, "ValidationError", "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("a b")}, "ValidationError", `1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*, and have 2 to 64 characters`},
		{session, sts.AssumeRoleInput{RoleArn: aws.String("target-role-of-nobody"), RoleSessionName: name}, "ValidationError", "target-role-of-nobody is invalid"},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, Policy: aws.String("{}")}, "MalformedPolicyDocument", `The policy is not in the valid JSON format, or the local AWS does not know it: parsing the policy: "Statement" is missing`},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, Policy: aws.String(strings.Repeat(" ", 2049))}, "ValidationError", "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, ExternalId: aws.String("a b")}, "ValidationError", `1 validation error detected: Value at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*, and have 2 to 1224 characters`},
		{session, sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: name, PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String(basicExecution)}}, SourceIdentity: aws.String("ada")}, "ValidationError", "The local AWS does not know PolicyArns.member.1.arn, SourceIdentity of AssumeRole; it knows RoleArn, RoleSessionName, DurationSeconds, Policy, ExternalId"},
	} {
		_, err := stsClient(server, c.as).AssumeRole(context.Background(), &c.in)
		stsRefused(t, err, c.code, c.say)
	}
}

// The second half of the basic flow, over the wire, with a provider of the test.
func TestAssumeRoleWithWebIdentityWithTheSDK(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	server, record := serveSTS(t, w)
	nobody := sts.New(sts.Options{Region: region, BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client()})
	ask := func(token string, change func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("browser"), WebIdentityToken: &token}
		if change != nil {
			change(in)
		}
		return nobody.AssumeRoleWithWebIdentity(context.Background(), in)
	}
	_, err := ask("good", nil)
	stsRefused(t, err, "InvalidIdentityToken", "The web identity token that was passed could not be validated.")

	w.TrustWebIdentities(func(token string) (iam.WebIdentity, error) {
		in := webIdentity()
		who := iam.WebIdentity{Provider: cognito, Claims: in.Claims, Cognito: in.Cognito}
		switch token {
		case "good":
			return who, nil
		case "guest":
			who.Claims = map[string][]string{"aud": {pool}, "amr": {"unauthenticated"}, "sub": {identity}}
			return who, nil
		case "broken":
			return who, errors.New("the disk is full")
		}
		return who, &iam.TokenError{Code: "ExpiredTokenException", Message: "Token expired: current date/time 2 must be before the expiration date/time 1", Reason: "it is over"}
	})
	out, err := ask("good", nil)
	if err != nil {
		t.Fatal(err)
	}
	if *out.SubjectFromWebIdentityToken != identity || *out.Audience != pool || *out.Provider != cognito || *out.AssumedRoleUser.Arn != "arn:aws:sts::000000000000:assumed-role/app/browser" {
		t.Errorf("%+v", out)
	}
	caller, err := w.authenticate(t, given(out.Credentials))
	if err != nil || caller.SessionName != "browser" || caller.Cognito == nil || caller.Cognito.IdentityID != identity {
		t.Errorf("%+v %v", caller, err)
	}
	_, err = ask("old", nil)
	stsRefused(t, err, "ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1")
	if _, reason := record.Decision(); !strings.Contains(reason, "it is over") {
		t.Errorf("the record says %q", reason)
	}
	const no = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	_, err = ask("guest", nil)
	stsRefused(t, err, "AccessDenied", no)
	_, err = ask("good", func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleArn = aws.String(target) })
	stsRefused(t, err, "AccessDenied", no)
	_, err = ask("good", func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(7200) })
	stsRefused(t, err, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	_, err = ask("good", func(in *sts.AssumeRoleWithWebIdentityInput) { in.ProviderId = aws.String("www.amazon.com") })
	stsRefused(t, err, "ValidationError", "The local AWS does not know ProviderId of AssumeRoleWithWebIdentity; it knows RoleArn, RoleSessionName, DurationSeconds, Policy, WebIdentityToken")
	_, err = ask(strings.Repeat("x", 20001), nil)
	stsRefused(t, err, "ValidationError", "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000")
	if _, err = ask("broken", nil); err == nil || strings.Contains(err.Error(), "disk") {
		t.Errorf("a fault is told: %v", err)
	}
	limited, err := ask("good", func(in *sts.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String(allows("s3:*", "*")) })
	if err != nil {
		t.Fatal(err)
	}
	if caller, err = w.authenticate(t, given(limited.Credentials)); err != nil {
		t.Fatal(err)
	}
	if d := w.Authorize(caller, iam.Request{Action: invoke, Resource: api + "/prod/GET/x"}, nil); d.Kind != authz.NoSessionAllow {
		t.Errorf("%+v", d)
	}
}
