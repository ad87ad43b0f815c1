package iam_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/store"
)

const (
	account  = "000000000000"
	region   = "us-west-2"
	pool     = "us-west-2:11111111-1111-1111-1111-111111111111"
	identity = "us-west-2:22222222-2222-2222-2222-222222222222"
	roleARN  = "arn:aws:iam::000000000000:role/app"
	api      = "arn:aws:execute-api:us-west-2:000000000000:a1b2c3"
	invoke   = "execute-api:Invoke"
	cognito  = "cognito-identity.amazonaws.com"
)

const trust = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
	"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": {
		"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + pool + `"},
		"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}}`

const trustLambda = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}`

func allows(action, resource string) string {
	return `{"Version": "2012-10-17", "Statement": {"Sid": "It", "Effect": "Allow", "Action": "` + action + `", "Resource": "` + resource + `"}}`
}

// world is an IAM on a store of its own, with a clock.
type world struct {
	*iam.Service
	db  *store.Store
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{db: db, now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
	w.start(t)
	w.role(t, "app", "AROAAPP", trust)
	w.policy(t, "app", "routes", allows(invoke, api+"/prod/GET/x"))
	return w
}

// start starts the service, again if it ran.
func (w *world) start(t testing.TB) {
	t.Helper()
	var err error
	w.Service, err = iam.New(iam.Config{Store: w.db, Now: func() time.Time { return w.now }, Account: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) update(t testing.TB, change func(tx *store.Tx) error) {
	t.Helper()
	if err := w.db.Update(change); err != nil {
		t.Fatal(err)
	}
}

func (w *world) role(t testing.TB, name, uniqueID, trust string) {
	t.Helper()
	w.update(t, func(tx *store.Tx) error {
		return iam.Roles.Put(tx, name, iam.Role{Name: name, AssumeRolePolicy: trust, UniqueID: uniqueID})
	})
}

func (w *world) policy(t testing.TB, role, name, document string) {
	t.Helper()
	w.update(t, func(tx *store.Tx) error {
		return iam.RolePolicies.Put(tx, role+":"+name, iam.RolePolicy{Name: name, Role: role, Policy: document})
	})
}

func webIdentity() iam.AssumeRoleWithWebIdentityInput {
	return iam.AssumeRoleWithWebIdentityInput{
		RoleARN: roleARN, Provider: cognito, SessionName: "CognitoIdentityCredentials",
		Claims: map[string][]string{"aud": {pool}, "amr": {"authenticated", "p"}, "sub": {identity}},
		Cognito: &iam.CognitoIdentity{
			IdentityID: identity, IdentityPoolID: pool, AuthenticationType: "authenticated",
			AuthenticationProvider: "p,p:CognitoSignIn:sub-1", Subject: "sub-1",
		},
		PrincipalTags: map[string]string{"team": "blue"},
	}
}

func (w *world) assume(t testing.TB, in iam.AssumeRoleWithWebIdentityInput) iam.Credentials {
	t.Helper()
	c, err := w.AssumeRoleWithWebIdentity(in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request is a request for execute-api, signed with the credentials.
func (w *world) request(t testing.TB, c iam.Credentials) *http.Request {
	t.Helper()
	return w.requestWith(t, c, nil)
}

func (w *world) requestWith(t testing.TB, c iam.Credentials, body []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequest("GET", "http://localhost/execute-api/a1b2c3/prod/x", bytes.NewReader(body))
	sum := sha256.Sum256(body)
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		r, hex.EncodeToString(sum[:]), "execute-api", region, w.now)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	return r
}

func (w *world) authenticate(t testing.TB, c iam.Credentials) (*iam.Caller, error) {
	return w.Authenticate(w.request(t, c), nil, "execute-api")
}

// refused checks that err is this refusal.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *sigv4.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Status != 403 {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestCallerOfAWebIdentity(t *testing.T) {
	w := newWorld(t)
	c := w.assume(t, webIdentity())
	if !strings.HasPrefix(c.AccessKeyID, "ASIA") || len(c.AccessKeyID) != 20 || len(c.SecretAccessKey) != 40 || !c.Expiration.Equal(w.now.Add(time.Hour)) {
		t.Errorf("credentials = %+v", c)
	}
	for range 2 { // sealed the first time, from the cache the second
		caller, err := w.authenticate(t, c)
		if err != nil {
			t.Fatal(err)
		}
		if caller.ARN != "arn:aws:sts::000000000000:assumed-role/app/CognitoIdentityCredentials" || caller.UserID != "AROAAPP:CognitoIdentityCredentials" ||
			caller.Account != account || caller.AccessKeyID != c.AccessKeyID || caller.RoleName != "app" || caller.RoleARN != roleARN ||
			*caller.Cognito != *webIdentity().Cognito || caller.PrincipalTags["team"] != "blue" || caller.Administrator {
			t.Errorf("caller = %+v", caller)
		}
	}
}

func TestSessionsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		// given the good credentials, makes the bad ones or changes the world
		change func(t *testing.T, w *world, c *iam.Credentials)
		code   string
	}{
		{"unknown key", func(_ *testing.T, _ *world, c *iam.Credentials) { c.AccessKeyID, c.SessionToken = "AKIAUNKNOWN", "" }, sigv4.CodeUnknownKey},
		{"no session token", func(_ *testing.T, _ *world, c *iam.Credentials) { c.SessionToken = "" }, sigv4.CodeUnknownKey},
		{"another key's token", func(t *testing.T, w *world, c *iam.Credentials) {
			c.SessionToken = w.assume(t, webIdentity()).SessionToken
		}, sigv4.CodeUnknownKey},
		{"another key's token that is cached", func(t *testing.T, w *world, c *iam.Credentials) {
			other := w.assume(t, webIdentity())
			if _, err := w.authenticate(t, other); err != nil {
				t.Fatal(err)
			}
			c.SessionToken = other.SessionToken
		}, sigv4.CodeUnknownKey},
		{"forged token", func(_ *testing.T, _ *world, c *iam.Credentials) { c.SessionToken = "A" + c.SessionToken[1:] + "" }, sigv4.CodeUnknownKey},
		{"no token at all", func(_ *testing.T, _ *world, c *iam.Credentials) { c.SessionToken = "nonsense" }, sigv4.CodeUnknownKey},
		{"wrong secret", func(_ *testing.T, _ *world, c *iam.Credentials) { c.SecretAccessKey += "x" }, sigv4.CodeInvalidSignature},
		{"session over", func(_ *testing.T, w *world, _ *iam.Credentials) { w.now = w.now.Add(time.Hour) }, sigv4.CodeExpiredToken},
		{"role gone", func(t *testing.T, w *world, _ *iam.Credentials) {
			w.update(t, func(tx *store.Tx) error { return iam.Roles.Delete(tx, "app") })
		}, sigv4.CodeUnknownKey},
		{"role made anew", func(t *testing.T, w *world, _ *iam.Credentials) { w.role(t, "app", "AROAANEW", trust) }, sigv4.CodeUnknownKey},
		{"administrator with a token", func(_ *testing.T, _ *world, c *iam.Credentials) { c.AccessKeyID, c.SecretAccessKey = "test", "test" }, sigv4.CodeUnknownKey},
		{"administrator's secret wrong", func(_ *testing.T, _ *world, c *iam.Credentials) {
			*c = iam.Credentials{AccessKeyID: "test", SecretAccessKey: "tset"}
		}, sigv4.CodeInvalidSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			credentials := w.assume(t, webIdentity())
			if credentials.SessionToken[0] == 'A' {
				credentials = w.assume(t, webIdentity())
			}
			c.change(t, w, &credentials)
			caller, err := w.authenticate(t, credentials)
			refused(t, err, c.code)
			if caller != nil {
				t.Errorf("caller = %+v", caller)
			}
		})
	}
}

func TestCredentialsOutliveARestart(t *testing.T) {
	w := newWorld(t)
	c := w.assume(t, webIdentity())
	w.start(t)
	if _, err := w.authenticate(t, c); err != nil {
		t.Fatal(err)
	}
}

func TestAdministrator(t *testing.T) {
	w := newWorld(t)
	caller, err := w.authenticate(t, iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if !caller.Administrator || caller.ARN != "arn:aws:iam::000000000000:root" || caller.UserID != account {
		t.Errorf("caller = %+v", caller)
	}
	request := iam.Request{Action: "cognito-idp:AdminGetUser", Resource: "arn:aws:cognito-idp:us-west-2:000000000000:userpool/x"}
	if d := w.Authorize(caller, request, nil); !d.Allowed {
		t.Error(d.Reason)
	}
	deny := resourcePolicy(t, `{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}`)
	if d := w.Authorize(caller, request, deny); d.Kind != authz.ExplicitDeny {
		t.Error(d.Reason)
	}
}

func resourcePolicy(t testing.TB, statement string) *authz.Policy {
	t.Helper()
	p, err := authz.ParseResource(`{"Version": "2012-10-17", "Statement": `+statement+`}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTrust(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*iam.AssumeRoleWithWebIdentityInput)
		want   string // "" for none; of a TrustError when it begins with "trust: "
	}{
		{"good", func(*iam.AssumeRoleWithWebIdentityInput) {}, ""},
		{"guest", func(in *iam.AssumeRoleWithWebIdentityInput) { in.Claims["amr"] = []string{"unauthenticated"} }, "trust: no statement of the resource-based policy allows sts:AssumeRoleWithWebIdentity"},
		{"other pool", func(in *iam.AssumeRoleWithWebIdentityInput) { in.Claims["aud"] = []string{"us-west-2:x"} }, "trust: "},
		{"other provider", func(in *iam.AssumeRoleWithWebIdentityInput) { in.Provider = "accounts.google.com" }, "trust: "},
		{"no such role", func(in *iam.AssumeRoleWithWebIdentityInput) { in.RoleARN += "2" }, "trust: there is no such role"},
		{"too long", func(in *iam.AssumeRoleWithWebIdentityInput) { in.Duration = 2 * time.Hour }, "duration 2h0m0s is not legal; legal are 15m0s to 1h0m0s"},
		{"too short", func(in *iam.AssumeRoleWithWebIdentityInput) { in.Duration = time.Minute }, "duration 1m0s is not legal"},
		{"session name", func(in *iam.AssumeRoleWithWebIdentityInput) { in.SessionName = "a/b" }, `session name "a/b" is not legal`},
		{"session policy", func(in *iam.AssumeRoleWithWebIdentityInput) { in.SessionPolicies = []string{"{}"} }, `"Statement" is missing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := webIdentity()
			c.change(&in)
			_, err := newWorld(t).AssumeRoleWithWebIdentity(in)
			var trust *iam.TrustError
			want, isTrust := strings.CutPrefix(c.want, "trust: ")
			switch {
			case c.want == "" && err == nil:
			case err == nil || !strings.Contains(err.Error(), want) || errors.As(err, &trust) != isTrust:
				t.Errorf("got %T %v, want %s", err, err, c.want)
			}
		})
	}
}

func TestServiceRoles(t *testing.T) {
	w := newWorld(t)
	w.role(t, "worker", "AROAWORKER", trustLambda)
	c, err := w.AssumeServiceRole("arn:aws:iam::000000000000:role/worker", "lambda.amazonaws.com", "function-1")
	if err != nil {
		t.Fatal(err)
	}
	caller, err := w.authenticate(t, c)
	if err != nil || caller.ARN != "arn:aws:sts::000000000000:assumed-role/worker/function-1" || caller.Cognito != nil {
		t.Errorf("caller = %+v, %v", caller, err)
	}
	for arn, service := range map[string]string{"arn:aws:iam::000000000000:role/worker": "apigateway.amazonaws.com", roleARN: "lambda.amazonaws.com"} {
		var trust *iam.TrustError
		if _, err := w.AssumeServiceRole(arn, service, "s1"); !errors.As(err, &trust) {
			t.Errorf("%s by %s: %v", arn, service, err)
		}
	}
}

// What a service may do with a role is what the role may do.
func TestWhatAServiceMayDoWithARole(t *testing.T) {
	w := newWorld(t)
	w.role(t, "worker", "AROAWORKER", trustLambda)
	const arn = "arn:aws:iam::000000000000:role/worker"
	ask := func(role, action string) authz.Decision {
		return w.AuthorizeServiceRole(role, "function-1", iam.Request{Action: action, Resource: "*"})
	}
	if d := ask(arn, "ec2:CreateNetworkInterface"); d.Allowed || d.Reason == "" {
		t.Errorf("without a policy: %+v", d)
	}
	w.policy(t, "worker", "network", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"StringEquals": {"aws:userid": "AROAWORKER:function-1"}}}}`)
	if d := ask(arn, "ec2:CreateNetworkInterface"); !d.Allowed {
		t.Errorf("with a policy: %+v", d)
	}
	if d := ask(arn, "ssm:GetParameter"); d.Allowed {
		t.Errorf("another action: %+v", d)
	}
	if d := ask(arn+"2", "ec2:CreateNetworkInterface"); d.Allowed || d.Reason != "there is no role "+arn+"2" {
		t.Errorf("no role: %+v", d)
	}
}

func TestAuthorize(t *testing.T) {
	x := iam.Request{Action: invoke, Resource: api + "/prod/GET/x", SourceIP: "203.0.113.7"}
	y := iam.Request{Action: invoke, Resource: api + "/prod/GET/y", SourceIP: "203.0.113.7"}
	conditional := func(condition string) string {
		return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ` + condition + `}}`
	}
	for _, c := range []struct {
		name     string
		session  []string
		policy   string // a second policy of the role
		resource string
		request  iam.Request
		want     authz.Kind
	}{
		{name: "route of the role", request: x, want: authz.Allowed},
		{name: "other route", request: y, want: authz.NoIdentityAllow},
		{name: "session policy leaves it out", session: []string{allows("s3:*", "*")}, request: x, want: authz.NoSessionAllow},
		{name: "one of two session policies takes it in", session: []string{allows("s3:*", "*"), allows("execute-api:*", "*")}, request: x, want: authz.Allowed},
		{name: "resource policy", resource: `{"Effect": "Allow", "Principal": {"AWS": "` + roleARN + `"}, "Action": "*", "Resource": "*"}`, request: y, want: authz.Allowed},
		{name: "resource policy denies", resource: `{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}`, request: x, want: authz.ExplicitDeny},

		{name: "sub", policy: conditional(`{"StringEquals": {"cognito-identity.amazonaws.com:sub": "` + identity + `"}}`), request: y, want: authz.Allowed},
		{name: "aud", policy: conditional(`{"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + pool + `"}}`), request: y, want: authz.Allowed},
		{name: "amr", policy: conditional(`{"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "p:CognitoSignIn:sub-1"}}`), request: y, want: authz.Allowed},
		{name: "amr of guests", policy: conditional(`{"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}`), request: y, want: authz.NoIdentityAllow},
		{name: "tag", policy: conditional(`{"StringEquals": {"aws:PrincipalTag/team": "blue"}}`), request: y, want: authz.Allowed},
		{name: "principal", policy: conditional(`{"ArnEquals": {"aws:PrincipalArn": "` + roleARN + `"}, "StringEquals": {"aws:PrincipalAccount": "` + account + `", "aws:PrincipalType": "AssumedRole", "aws:userid": "AROAAPP:CognitoIdentityCredentials", "aws:FederatedProvider": "` + cognito + `"}}`), request: y, want: authz.Allowed},
		{name: "time", policy: conditional(`{"DateGreaterThan": {"aws:CurrentTime": "2026-09-01T11:59:59Z"}, "DateLessThan": {"aws:CurrentTime": "2026-09-01T12:00:01Z"}, "NumericEquals": {"aws:EpochTime": 1788264000}, "DateEquals": {"aws:TokenIssueTime": "2026-09-01T12:00:00Z"}}`), request: y, want: authz.Allowed},
		{name: "request", policy: conditional(`{"IpAddress": {"aws:SourceIp": "203.0.113.7"}, "Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": false}, "StringEquals": {"aws:RequestedRegion": "us-west-2", "aws:ResourceAccount": "` + account + `"}, "Null": {"aws:UserAgent": true, "aws:Referer": true, "aws:username": true, "aws:SourceVpc": true}}`), request: y, want: authz.Allowed},
		{name: "further keys", policy: conditional(`{"StringEquals": {"aws:Referer": "r", "aws:UserAgent": "u", "aws:SourceArn": "a"}}`), request: iam.Request{Action: invoke, Resource: api, Referer: "r", UserAgent: "u", Context: authz.Context{"aws:SourceArn": {"a"}}}, want: authz.Allowed},
		{name: "variable", policy: allows(invoke, api+"/prod/GET/users/${cognito-identity.amazonaws.com:sub}"), request: iam.Request{Action: invoke, Resource: api + "/prod/GET/users/" + identity}, want: authz.Allowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.policy != "" {
				w.policy(t, "app", "second", c.policy)
			}
			in := webIdentity()
			in.SessionPolicies = c.session
			caller, err := w.authenticate(t, w.assume(t, in))
			if err != nil {
				t.Fatal(err)
			}
			var resource *authz.Policy
			if c.resource != "" {
				resource = resourcePolicy(t, c.resource)
			}
			got := w.Authorize(caller, c.request, resource)
			if got.Kind != c.want || got.Reason == "" {
				t.Errorf("got %+v, want %s", got, c.want)
			}
			if explained, steps := w.Explain(caller, c.request, resource); explained != got || len(steps) == 0 {
				t.Errorf("explained %+v in %d steps", explained, len(steps))
			}
		})
	}
}

// The keys that a resource policy sees of the administrator and of nobody.
func TestContextOfOthers(t *testing.T) {
	w := newWorld(t)
	administrator, err := w.authenticate(t, iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
	if err != nil {
		t.Fatal(err)
	}
	request := iam.Request{Action: invoke, Resource: api + "/prod/GET/x"}
	denyWhen := func(condition string) *authz.Policy {
		return resourcePolicy(t, `[{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": `+condition+`}]`)
	}
	for _, c := range []struct {
		caller    *iam.Caller
		condition string
		allowed   bool
	}{
		{administrator, `{"StringEquals": {"aws:PrincipalType": "Account", "aws:PrincipalArn": "arn:aws:iam::000000000000:root", "aws:userid": "000000000000"}}`, false},
		{administrator, `{"Null": {"aws:TokenIssueTime": "false"}}`, true},
		{nil, `{"Null": {"aws:PrincipalArn": "true", "aws:SourceIp": "true"}}`, false},
		{nil, `{"Null": {"aws:CurrentTime": "true"}}`, true},
	} {
		if d := w.Authorize(c.caller, request, denyWhen(c.condition)); d.Allowed != c.allowed {
			t.Errorf("%s: %s", c.condition, d.Reason)
		}
	}
}

// A stored document that cannot be read lets nobody in, and neither does an orphan.
func TestBrokenDocuments(t *testing.T) {
	w := newWorld(t)
	w.policy(t, "nobody", "orphan", allows("*", "*"))
	w.assume(t, webIdentity())
	w.role(t, "app", "AROAAPP", "{}")
	var trust *iam.TrustError
	if _, err := w.AssumeRoleWithWebIdentity(webIdentity()); !errors.As(err, &trust) || !strings.Contains(err.Error(), `role app: assumeRolePolicy: parsing the policy: "Statement" is missing`) {
		t.Errorf("got %v", err)
	}
}

// When there is no randomness there are no credentials.
func TestNoRandomness(t *testing.T) {
	w := newWorld(t)
	for _, left := range []int{0, 16} {
		broken, err := iam.New(iam.Config{Store: w.db, Now: func() time.Time { return w.now }, Account: account, Region: region, Rand: strings.NewReader(strings.Repeat("r", left))})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := broken.AssumeRoleWithWebIdentity(webIdentity()); err == nil || c.SessionToken != "" {
			t.Errorf("with %d bytes: %+v, %v", left, c, err)
		}
	}
}

// More sessions than the cache holds: the old ones are opened again.
func TestMoreSessionsThanAreCached(t *testing.T) {
	w := newWorld(t)
	first := w.assume(t, webIdentity())
	for i := range 1100 {
		if _, err := w.authenticate(t, w.assume(t, webIdentity())); err != nil {
			t.Fatal(err)
		}
		if i%400 != 0 {
			continue
		}
		if _, err := w.authenticate(t, first); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.authenticate(t, first); err != nil {
		t.Fatal(err)
	}
}

func TestAnonymous(t *testing.T) {
	w := newWorld(t)
	request := iam.Request{Action: invoke, Resource: api + "/prod/GET/x", SourceIP: "203.0.113.7"}
	if d := w.Authorize(nil, request, nil); d.Kind != authz.NoResourceAllow {
		t.Error(d.Reason)
	}
	if d := w.Authorize(nil, request, resourcePolicy(t, `{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}}}`)); !d.Allowed {
		t.Error(d.Reason)
	}
}

// A role changes under its sessions: the next request sees it.
func TestChangesAreSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	caller, err := w.authenticate(t, w.assume(t, webIdentity()))
	if err != nil {
		t.Fatal(err)
	}
	request := iam.Request{Action: invoke, Resource: api + "/prod/GET/x"}
	ask := func(want authz.Kind, reason string) {
		t.Helper()
		if d := w.Authorize(caller, request, nil); d.Kind != want || !strings.Contains(d.Reason, reason) {
			t.Errorf("got %s (%s), want %s (%s)", d.Kind, d.Reason, want, reason)
		}
	}
	ask(authz.Allowed, "routes of role app allows")
	w.policy(t, "app", "routes", allows(invoke, api+"/prod/GET/z"))
	ask(authz.NoIdentityAllow, "no statement")
	w.policy(t, "app", "routes", "{}")
	ask(authz.NoIdentityAllow, `policy routes of role app: parsing the policy: "Statement" is missing`)
	w.policy(t, "app", "routes", allows(invoke, "*"))
	ask(authz.Allowed, "")
	w.update(t, func(tx *store.Tx) error {
		return iam.Roles.Put(tx, "app", iam.Role{Name: "app", AssumeRolePolicy: trust, UniqueID: "AROAAPP", PermissionsBoundary: "arn:aws:iam::aws:policy/X"})
	})
	ask(authz.NoIdentityAllow, "role app: permissionsBoundary: there is no policy arn:aws:iam::aws:policy/X")
	w.update(t, func(tx *store.Tx) error { return iam.Roles.Delete(tx, "app") })
	ask(authz.NoIdentityAllow, "role app is gone")
}

func TestAccessDeniedMessage(t *testing.T) {
	r := iam.Request{Action: invoke, Resource: "arn:aws:execute-api:us-west-2:123456781234:api/prod/GET/x"}
	caller := &iam.Caller{ARN: "arn:aws:sts::123456781234:assumed-role/app/s"}
	const masked = " on resource: arn:aws:execute-api:us-west-2:********1234:api/prod/GET/x "
	for _, c := range []struct {
		caller *iam.Caller
		d      authz.Decision
		want   string
	}{
		{caller, authz.Decision{}, "User: arn:aws:sts::123456781234:assumed-role/app/s is not authorized to perform: execute-api:Invoke" + masked + "because no identity-based policy allows the execute-api:Invoke action"},
		{caller, authz.Decision{Kind: authz.ExplicitDeny, Type: authz.IdentityBased}, "User: arn:aws:sts::123456781234:assumed-role/app/s is not authorized to perform: execute-api:Invoke" + masked + "with an explicit deny in an identity-based policy"},
		{nil, authz.Decision{Kind: authz.NoResourceAllow}, "User: anonymous is not authorized to perform: execute-api:Invoke" + masked + "because no resource-based policy allows the execute-api:Invoke action"},
	} {
		if got := iam.AccessDenied(c.caller, r, c.d); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	other := iam.AccessDenied(caller, iam.Request{Action: "ssm:GetParameter", Resource: "arn:aws:ssm:us-west-2:123456781234:parameter/x"}, authz.Decision{})
	if !strings.Contains(other, "arn:aws:ssm:us-west-2:123456781234:parameter/x") {
		t.Error(other)
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		role iam.Role
		want string
	}{
		{iam.Role{Name: "r", AssumeRolePolicy: trust}, ""},
		{iam.Role{Name: "r", AssumeRolePolicy: trust, MaxSessionDuration: 43200}, ""},
		{iam.Role{Name: "r", AssumeRolePolicy: allows("*", "*")}, `role r: assumeRolePolicy: parsing the policy: statement 0 (It): "Principal" is missing`},
		{iam.Role{Name: "r", AssumeRolePolicy: trust, PermissionsBoundary: "arn:x"}, `role r: permissionsBoundary: "arn:x" is not legal`},
		{iam.Role{Name: "r", AssumeRolePolicy: trust, MaxSessionDuration: 60}, "role r: maxSessionDuration 60 is not legal; legal are 3600 to 43200 seconds"},
	} {
		if err := w.CheckRole(c.role); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	for document, want := range map[string]string{
		allows("*", "*"): "",
		strings.Replace(allows("*", "*"), `"Allow"`, `"Allow", "Condition": {"BinaryEquals": {"aws:SourceIp": "x"}}`, 1): `policy p of role r: policy: parsing the policy: statement 0 (It): "Condition": condition operator "BinaryEquals" is not supported`,
		allows("s3:"+strings.Repeat("x", 10240), "*"):                                                                    "legal are 10240",
		allows("*", "*") + strings.Repeat(" ", 20000):                                                                    "",
	} {
		err := w.CheckRolePolicy(iam.RolePolicy{Name: "p", Role: "r", Policy: document})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, c := range []iam.Config{
		{Account: "1", Region: region, Store: w.db}, {Account: account, Store: w.db}, {Account: account, Region: region},
		{Account: account, Region: region, Store: w.db, AdminAccessKeyID: "only"}, {Account: account, Region: region, Store: w.db, Rand: strings.NewReader("")},
	} {
		if c.Rand != nil {
			empty, err := store.Open(filepath.Join(t.TempDir(), "db"))
			if err != nil {
				t.Fatal(err)
			}
			defer empty.Close()
			c.Store = empty
		}
		if _, err := iam.New(c); err == nil {
			t.Errorf("New took %+v", c)
		}
	}
}

// serveSTS serves the STS API over HTTP, with a record that the test reads.
func serveSTS(t *testing.T, w *world) (*httptest.Server, *audit.Record) {
	record := &audit.Record{RequestID: "request-1"}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.ServeSTS(rw, r.WithContext(audit.With(r.Context(), record)), body)
	}))
	t.Cleanup(server.Close)
	return server, record
}

// The SDK's own client signs with the time of the machine.
func stsClient(server *httptest.Server, c iam.Credentials) *sts.Client {
	return sts.New(sts.Options{
		Region: region, BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client(),
		Credentials: awscredentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	})
}

func TestGetCallerIdentityWithTheSDK(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	server, record := serveSTS(t, w)
	out, err := stsClient(server, w.assume(t, webIdentity())).GetCallerIdentity(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != account || *out.Arn != "arn:aws:sts::000000000000:assumed-role/app/CognitoIdentityCredentials" || *out.UserId != "AROAAPP:CognitoIdentityCredentials" {
		t.Errorf("got %s %s %s", *out.Account, *out.Arn, *out.UserId)
	}
	if decision, _ := record.Decision(); decision != "allow" {
		t.Error(decision)
	}

	for _, c := range []struct {
		name    string
		c       iam.Credentials
		advance time.Duration
		code    string
	}{
		{"unknown key", iam.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}, 0, "InvalidClientTokenId"},
		{"wrong secret", iam.Credentials{AccessKeyID: "test", SecretAccessKey: "x"}, 0, "SignatureDoesNotMatch"},
		{"14 minutes off", iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, 14 * time.Minute, ""},
		{"16 minutes off", iam.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, 16 * time.Minute, "SignatureDoesNotMatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.now = time.Now().Add(c.advance)
			_, err := stsClient(server, c.c).GetCallerIdentity(context.Background(), nil)
			var refusal smithy.APIError
			switch {
			case c.code == "" && err == nil:
			case !errors.As(err, &refusal) || refusal.ErrorCode() != c.code:
				t.Errorf("got %v, want %s", err, c.code)
			}
			if decision, reason := record.Decision(); c.code != "" && decision != "deny" {
				t.Errorf("record: %s %s", decision, reason)
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		w.now = time.Now().Add(-time.Hour - time.Minute)
		old := w.assume(t, webIdentity())
		w.now = time.Now()
		_, err := stsClient(server, old).GetCallerIdentity(context.Background(), nil)
		var refusal smithy.APIError
		if !errors.As(err, &refusal) || refusal.ErrorCode() != "ExpiredToken" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("presigned", func(t *testing.T) {
		w.now = time.Now()
		signed, err := sts.NewPresignClient(stsClient(server, w.assume(t, webIdentity()))).PresignGetCallerIdentity(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest(signed.Method, signed.URL, nil)
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || !bytes.Contains(body, []byte("<Arn>arn:aws:sts::")) {
			t.Errorf("%d %s", response.StatusCode, body)
		}
	})
}

func TestSTSErrors(t *testing.T) {
	server, _ := serveSTS(t, newWorld(t))
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		"Action=GetCallerIdentity&Version=2011-06-15":         {403, "<Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>Missing Authentication Token</Message></Error><RequestId>request-1</RequestId></ErrorResponse>"},
		"Action=GetSessionToken&Version=2011-06-15":           {400, "<Code>InvalidAction</Code><Message>Could not find operation GetSessionToken for version 2011-06-15</Message>"},
		"Action=GetCallerIdentity&Version=1":                  {400, "<Code>InvalidAction</Code>"},
		"Version=2011-06-15":                                  {400, "<Code>MissingAction</Code>"},
		"Action=%zz":                                          {400, "<Code>MalformedQueryString</Code>"},
		"Action=AssumeRoleWithWebIdentity&Version=2011-06-15": {400, "Value null at &#39;roleArn&#39; failed"},
		"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1": {400, "does not know a, b, c, d, e, f, g, h, i, j, … of AssumeRoleWithWebIdentity; it knows RoleArn"},
		// So many seconds that as nanoseconds they are 926 seconds again.
		"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=x&RoleSessionName=job&RoleArn=" + roleARN + "&DurationSeconds=18446745000": {400, "&#39;18446745000&#39; at &#39;durationSeconds&#39; failed to satisfy constraint: Member must have value less than or equal to 43200"},
	} {
		response, err := http.Post(server.URL, "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != want.status || !strings.Contains(string(answer), want.text) || response.Header.Get("Content-Type") != "text/xml" ||
			!strings.HasPrefix(string(answer), `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>`) {
			t.Errorf("%s: %d %s", body, response.StatusCode, answer)
		}
	}
}

// A refused signature leaves its debug text in the record, without secrets.
func TestRecordOfARefusal(t *testing.T) {
	w := newWorld(t)
	c := w.assume(t, webIdentity())
	c.SecretAccessKey += "x"
	r := w.request(t, c)
	record := &audit.Record{}
	_, err := w.Authenticate(r.WithContext(audit.With(r.Context(), record)), nil, "execute-api")
	refused(t, err, sigv4.CodeInvalidSignature)
	decision, reason := record.Decision()
	if decision != "deny" || !strings.Contains(reason, "canonical request:\nGET\n/execute-api/a1b2c3/prod/x") || strings.Contains(reason, c.SessionToken) || strings.Contains(reason, c.SecretAccessKey) {
		t.Errorf("%s: %s", decision, reason)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	w := newWorld(t)
	request := iam.Request{Action: invoke, Resource: api + "/prod/GET/x"}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 150 {
				c, err := w.AssumeRoleWithWebIdentity(webIdentity())
				if err != nil {
					t.Error(err)
					return
				}
				caller, err := w.authenticate(t, c)
				if err != nil {
					t.Error(err)
					return
				}
				if d := w.Authorize(caller, request, nil); !d.Allowed {
					t.Error(d.Reason)
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkRequest is what authentication and authorization cost a gateway request with
// a body of 1 KB.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	r := w.requestWith(b, w.assume(b, webIdentity()), body)
	request := iam.Request{Action: invoke, Resource: api + "/prod/GET/x", SourceIP: "127.0.0.1"}
	b.ReportAllocs()
	for b.Loop() {
		caller, err := w.Authenticate(r, body, "execute-api")
		if err != nil {
			b.Fatal(err)
		}
		if !w.Authorize(caller, request, nil).Allowed {
			b.Fatal("denied")
		}
	}
}
