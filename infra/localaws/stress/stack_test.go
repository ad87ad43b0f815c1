package stress

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

const (
	account = "000000000000"
	region  = "us-west-2"
	stage   = "v1"
)

// stack is what these tests declare: every kind of route, and a key under each kind
// of plan.
type stack struct {
	t testing.TB
	*engine

	pool, client, identityPool, api made
	function, deployment, stage     made
	editors                         string            // role of the group editors
	keys                            map[string]string // value, by plan
	plans                           map[string]made
	keyIDs                          map[string]string // by plan
}

// The plans; limited and throttled are small enough to be used up.
var plans = map[string]map[string]any{
	"first":     {"quotaSettings": map[string]any{"limit": 1_000_000, "period": "DAY"}},
	"second":    {"quotaSettings": map[string]any{"limit": 2_000_000, "period": "DAY"}},
	"limited":   {"quotaSettings": map[string]any{"limit": limitedQuota, "period": "DAY"}},
	"throttled": {"throttleSettings": map[string]any{"rateLimit": throttledRate, "burstLimit": throttledBurst}},
}

const (
	limitedQuota   = 20
	throttledRate  = 5
	throttledBurst = 10
)

func (s *stack) make(token, name string, props map[string]any) made {
	s.t.Helper()
	m, err := s.create(s.t.Context(), token, name, props)
	if err != nil {
		s.t.Fatalf("creating %s: %v", name, err)
	}
	return m
}

// declare brings the stack up.
func declare(t testing.TB, e *engine) *stack {
	t.Helper()
	s := &stack{t: t, engine: e, keys: map[string]string{}, plans: map[string]made{}, keyIDs: map[string]string{}}
	s.pool = s.make("aws:cognito/userPool:UserPool", "people", map[string]any{
		"name": "people", "autoVerifiedAttributes": []any{"email"},
		"passwordPolicy": map[string]any{"minimumLength": 8},
	})
	s.client = s.make("aws:cognito/userPoolClient:UserPoolClient", "client", map[string]any{
		"name": "client", "userPoolId": s.pool.id, "preventUserExistenceErrors": "ENABLED", "enableTokenRevocation": true,
		"explicitAuthFlows": []any{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	})
	provider := "cognito-idp." + region + ".amazonaws.com/" + s.pool.id
	s.identityPool = s.make("aws:cognito/identityPool:IdentityPool", "identities", map[string]any{
		"identityPoolName": "identities", "allowUnauthenticatedIdentities": true,
		"cognitoIdentityProviders": []any{map[string]any{"clientId": s.client.id, "providerName": provider}},
	})
	s.make("aws:iam/role:Role", "worker", map[string]any{"name": "worker",
		"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	s.function = s.make("aws:lambda/function:Function", "echo", s.functionProps(codeOf(t, "1")))
	s.api = s.make("aws:apigateway/restApi:RestApi", "api", map[string]any{"name": "api", "body": s.document("")})
	s.make("aws:lambda/permission:Permission", "api-may-call", map[string]any{
		"statementId": "api", "action": "lambda:InvokeFunction", "function": "echo", "principal": "apigateway.amazonaws.com",
		"sourceArn": "arn:aws:execute-api:" + region + ":" + account + ":" + s.api.id + "/*/*",
	})
	s.deployment = s.make("aws:apigateway/deployment:Deployment", "deployment", map[string]any{"restApi": s.api.id})
	s.stage = s.make("aws:apigateway/stage:Stage", "stage", map[string]any{"restApi": s.api.id, "stageName": stage, "deployment": s.deployment.id})
	roles := map[string]string{}
	for name, paths := range map[string][]string{"authenticated": {"GET/user", "POST/user"}, "unauthenticated": {"GET/guest"}, "editors": {"GET/user", "POST/user", "GET/group"}} {
		roles[name] = s.role(name, paths)
	}
	s.editors = roles["editors"]
	s.make("aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment", "roles", map[string]any{
		"identityPoolId": s.identityPool.id,
		"roles":          map[string]any{"authenticated": roles["authenticated"], "unauthenticated": roles["unauthenticated"]},
		"roleMappings":   []any{map[string]any{"identityProvider": provider + ":" + s.client.id, "type": "Token", "ambiguousRoleResolution": "AuthenticatedRole"}},
	})
	s.make("aws:cognito/userGroup:UserGroup", "editors", map[string]any{"name": "editors", "userPoolId": s.pool.id, "roleArn": s.editors})
	for name, props := range plans {
		props["name"] = name
		props["apiStages"] = []any{map[string]any{"apiId": s.api.id, "stage": stage}}
		plan := s.make("aws:apigateway/usagePlan:UsagePlan", name, props)
		key := s.make("aws:apigateway/apiKey:ApiKey", name, map[string]any{"name": name})
		s.make("aws:apigateway/usagePlanKey:UsagePlanKey", name, map[string]any{"keyId": key.id, "keyType": "API_KEY", "usagePlanId": plan.id})
		s.plans[name], s.keyIDs[name], s.keys[name] = plan, key.id, key.out("value")
	}
	return s
}

// functionProps declare the function with the code of this archive.
func (s *stack) functionProps(code string) map[string]any {
	s.t.Helper()
	a, err := archive.FromPath(code)
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]any{"name": "echo", "role": "arn:aws:iam::" + account + ":role/worker", "runtime": "provided.al2023", "handler": "bootstrap", "timeout": 25, "code": a}
}

// role makes a role for identities of the pool that may call these of the API.
func (s *stack) role(kind string, paths []string) string {
	s.t.Helper()
	amr := "authenticated"
	if kind == "unauthenticated" {
		amr = kind
	}
	role := s.make("aws:iam/role:Role", kind, map[string]any{"name": kind, "assumeRolePolicy": fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":%q}}}]}`,
		s.identityPool.id, amr)})
	resources := []string{}
	for _, path := range paths {
		resources = append(resources, "arn:aws:execute-api:"+region+":"+account+":"+s.api.id+"/"+stage+"/"+path)
	}
	s.make("aws:iam/rolePolicy:RolePolicy", kind, map[string]any{"name": "routes", "role": role.id, "policy": text(map[string]any{
		"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources}},
	})})
	return role.out("arn")
}

// document is the API's; extra is a path more that is open with a key.
func (s *stack) document(extra string) string {
	function := "arn:aws:lambda:" + region + ":" + account + ":function:echo"
	operation := func(security ...string) map[string]any {
		list := []any{}
		for _, name := range security {
			list = append(list, map[string]any{name: []any{}})
		}
		return map[string]any{"security": list, "responses": map[string]any{"200": map[string]any{"description": "echo"}},
			"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "passthroughBehavior": "when_no_match",
				"uri": "arn:aws:apigateway:" + region + ":lambda:path/2015-03-31/functions/" + function + "/invocations"}}
	}
	paths := map[string]any{
		"/open":    map[string]any{"get": operation("api_key")},
		"/user":    map[string]any{"get": operation("sigv4", "api_key"), "post": operation("sigv4", "api_key")},
		"/group":   map[string]any{"get": operation("sigv4")},
		"/guest":   map[string]any{"get": operation("sigv4")},
		"/cognito": map[string]any{"get": operation("users")},
	}
	if extra != "" {
		paths[extra] = map[string]any{"get": operation("api_key")}
	}
	return text(map[string]any{
		"openapi": "3.0.1", "info": map[string]any{"title": "stress", "version": "1"}, "paths": paths,
		"components": map[string]any{"securitySchemes": map[string]any{
			"sigv4":   map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
			"api_key": map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"},
			"users": map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
				"x-amazon-apigateway-authorizer": map[string]any{"type": "cognito_user_pools", "providerARNs": []any{s.pool.out("arn")}}},
		}},
	})
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of text can always be marshalled
	}
	return string(data)
}

// bootstrap is the test function's binary, built once in a run.
var bootstrap = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "stress-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the test function: %w\n%s", err, out)
	}
	return os.ReadFile(file)
})

// codeOf writes the function's archive in this version.
func codeOf(t testing.TB, version string) string {
	t.Helper()
	binary, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, content []byte) {
		h := &zip.FileHeader{Name: name, Method: zip.Store}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if i == 10 {
			add("bootstrap", binary)
		}
		add(fmt.Sprintf("part-%02d", i), []byte(version))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "code-"+strings.ReplaceAll(version, "/", "-")+".zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
