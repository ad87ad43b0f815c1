package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/gateway/payload"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

const (
	account = "000000000000"
	region  = "us-west-2"
	apiID   = "abcdef1234"
	pool    = doctest.UserPool
)

// clock is a time that tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// functions is an Invoker that records events and answers as it is told.
type functions struct {
	mu     sync.Mutex
	calls  []lambda.Invocation
	answer func(ctx context.Context, in lambda.Invocation) (lambda.Result, error)
}

func (f *functions) Invoke(ctx context.Context, in lambda.Invocation) (lambda.Result, error) {
	f.mu.Lock()
	f.calls = append(f.calls, in)
	answer := f.answer
	f.mu.Unlock()
	if answer != nil {
		return answer(ctx, in)
	}
	return lambda.Result{Payload: []byte(`{"statusCode":200,"body":"hello"}`)}, nil
}

// answers makes the function return this payload.
func (f *functions) answers(payload string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func(context.Context, lambda.Invocation) (lambda.Result, error) {
		return lambda.Result{Payload: []byte(payload)}, nil
	}
}

func (f *functions) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *functions) last(t *testing.T) lambda.Invocation {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		t.Fatal("the function was not called")
	}
	return f.calls[len(f.calls)-1]
}

// tokens is a TokenVerifier that knows these tokens of the pool.
type tokens map[string]any // jwt.Claims or error

func (ts tokens) VerifyToken(poolID, token string) (jwt.Claims, error) {
	if poolID != pool {
		return jwt.Claims{}, jwt.ErrIssuer
	}
	switch v := ts[token].(type) {
	case jwt.Claims:
		return v, nil
	case error:
		return jwt.Claims{}, v
	}
	return jwt.Claims{}, jwt.ErrMalformed
}

// fixture is a gateway over real HTTP, with the real IAM.
type fixture struct {
	t         testing.TB
	clock     *clock
	store     *store.Store
	iam       *iam.Service
	gateway   *Service
	functions *functions
	tokens    tokens
	server    *httptest.Server
	records   []*audit.Record
	mu        sync.Mutex
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: &clock{now: time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)}, functions: &functions{}, tokens: tokens{}}
	var err error
	if f.store, err = store.Open(filepath.Join(t.TempDir(), "store.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	if f.iam, err = iam.New(iam.Config{Store: f.store, Now: f.clock.Now, Account: account, Region: region}); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := &audit.Record{}
		f.mu.Lock()
		f.records = append(f.records, record)
		g := f.gateway
		f.mu.Unlock()
		id, stage, rest, ok := SplitPath(rawPath(r))
		if !ok {
			http.NotFound(w, r)
			return
		}
		g.ServeHTTP(w, r.WithContext(audit.With(r.Context(), record)), id, stage, rest)
	}))
	t.Cleanup(func() { f.server.Close(); _ = f.gateway.Close() })
	return f
}

// start makes a gateway on the fixture's store, as a start of the local AWS does.
func (f *fixture) start() {
	f.t.Helper()
	g, err := New(Config{Store: f.store, Now: f.clock.Now, Account: account, Region: region, IAM: f.iam, Tokens: f.tokens, Lambda: f.functions, FlushEvery: time.Hour})
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.gateway = g
	f.mu.Unlock()
}

func (f *fixture) update(write func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.store.Update(write); err != nil {
		f.t.Fatal(err)
	}
}

// deploy declares the API and serves it as stage v1.
func (f *fixture) deploy(api RestAPI) {
	f.t.Helper()
	api.Name = "test"
	f.update(func(tx *store.Tx) error {
		if err := RestAPIs.Put(tx, apiID, api); err != nil {
			return err
		}
		d := Deployment{RestAPI: apiID}
		if err := Deployments.Put(tx, "dep001", d); err != nil {
			return err
		}
		if err := f.gateway.DeploymentDeclared(tx, "dep001", d); err != nil {
			return err
		}
		return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "dep001"})
	})
}

// plan declares a usage plan of the stage with one key, whose value is the key's id
// and twenty zeros.
func (f *fixture) plan(id string, p UsagePlan, keys ...string) {
	f.t.Helper()
	p.Name = id
	if p.APIStages == nil {
		p.APIStages = []APIStage{{APIID: apiID, Stage: "v1"}}
	}
	f.update(func(tx *store.Tx) error {
		if err := UsagePlans.Put(tx, id, p); err != nil {
			return err
		}
		for _, key := range keys {
			if err := APIKeys.Put(tx, key, APIKey{Name: key, Value: keyValue(key)}); err != nil {
				return err
			}
			if err := UsagePlanKeys.Put(tx, key, UsagePlanKey{KeyID: key, KeyType: "API_KEY", UsagePlanID: id}); err != nil {
				return err
			}
		}
		return nil
	})
}

func keyValue(id string) string { return id + "00000000000000000000" }

// role declares a role for identities of a pool with this policy, and returns
// credentials for it.
func (f *fixture) role(name, policy string, who *iam.CognitoIdentity, session ...string) aws.Credentials {
	f.t.Helper()
	amr := who.AuthenticationType
	f.update(func(tx *store.Tx) error {
		role := iam.Role{
			Name: name, ARN: "arn:aws:iam::" + account + ":role/" + name, UniqueID: fmt.Sprintf("AROA%017X", name)[:21],
			AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`,
		}
		if err := iam.Roles.Put(tx, name, role); err != nil {
			return err
		}
		if policy == "" {
			return nil
		}
		p := iam.RolePolicy{Name: "routes", Role: name, Policy: policy}
		return iam.RolePolicies.Put(tx, name+":routes", p)
	})
	c, err := f.iam.AssumeRoleWithWebIdentity(iam.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::" + account + ":role/" + name, Provider: "cognito-identity.amazonaws.com",
		Claims:      map[string][]string{"aud": {who.IdentityPoolID}, "amr": {amr}, "sub": {who.IdentityID}},
		SessionName: "CognitoIdentityCredentials", Duration: time.Hour, Cognito: who, SessionPolicies: session,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

var (
	signedIn = &iam.CognitoIdentity{
		IdentityID: region + ":11111111-1111-1111-1111-111111111111", IdentityPoolID: region + ":22222222-2222-2222-2222-222222222222",
		AuthenticationType:     "authenticated",
		AuthenticationProvider: "cognito-idp.us-west-2.amazonaws.com/" + pool + ",cognito-idp.us-west-2.amazonaws.com/" + pool + ":CognitoSignIn:sub-1",
		Subject:                "sub-1",
	}
	guest = &iam.CognitoIdentity{
		IdentityID: region + ":33333333-3333-3333-3333-333333333333", IdentityPoolID: region + ":22222222-2222-2222-2222-222222222222",
		AuthenticationType: "unauthenticated",
	}
)

// allowing is a policy that allows these VERB/path of the stage.
func allowing(effect string, paths ...string) string {
	resources := []string{}
	for _, p := range paths {
		resources = append(resources, "arn:aws:execute-api:"+region+":"+account+":"+apiID+"/v1/"+p)
	}
	return toJSON(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}}})
}

func toJSON(v any) string {
	text, err := payload.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// request makes a request to the stage.
func (f *fixture) request(method, path, body string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequest(method, f.server.URL+"/execute-api/"+apiID+"/v1"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// sign signs with the SDK's signer, as any client of API Gateway does.
func (f *fixture) sign(r *http.Request, body string, c aws.Credentials) *http.Request {
	f.t.Helper()
	return f.signFor(r, body, c, "execute-api", region)
}

func (f *fixture) signFor(r *http.Request, body string, c aws.Credentials, service, region string) *http.Request {
	f.t.Helper()
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, hex.EncodeToString(sum[:]), service, region, f.clock.Now()); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (f *fixture) do(r *http.Request) reply {
	f.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

func (f *fixture) get(path string, headers ...string) reply {
	f.t.Helper()
	r := f.request(http.MethodGet, path, "")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return f.do(r)
}

// reason is what the last request's record says.
func (f *fixture) reason() (decision, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.records[len(f.records)-1].Decision()
}

// refused checks an error answer whole: status, body, type, and the headers that
// every one carries.
func (r reply) refused(t *testing.T, status int, code, body string) {
	t.Helper()
	if r.status != status || r.body != body || r.header.Get("x-amzn-ErrorType") != code {
		t.Errorf("answered %d %s (%s), want %d %s (%s)", r.status, r.body, r.header.Get("x-amzn-ErrorType"), status, body, code)
	}
	if r.header.Get("x-amzn-RequestId") == "" || r.header.Get("x-amz-apigw-id") == "" {
		t.Errorf("x-amzn-RequestId is %q and x-amz-apigw-id %q, want both", r.header.Get("x-amzn-RequestId"), r.header.Get("x-amz-apigw-id"))
	}
}

var errBoom = errors.New("boom")

// decode reads the event of an invocation.
func decode(t *testing.T, in lambda.Invocation) map[string]any {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(in.Payload, &event); err != nil {
		t.Fatal(err)
	}
	return event
}
