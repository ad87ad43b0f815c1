package cases

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// m is JSON, or the properties of a resource.
type m = map[string]any

const (
	account  = localaws.Account
	region   = "us-west-2"
	password = "Correct-Horse-9"
	callback = "https://app.example.com/back"
	domain   = "cases"
)

// noon is the time at which every case begins.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type clock struct{ now atomic.Pointer[time.Time] }

func (c *clock) set(to time.Time)        { c.now.Store(&to) }
func (c *clock) advance(d time.Duration) { c.set(c.Now().Add(d)) }
func (c *clock) Now() time.Time          { return *c.now.Load() }

// stack is what the cases are asked of: two user pools, three identity pools, three
// REST APIs with their keys and plans, and the function actor under three names.
type stack struct {
	aws   *localaws.Server
	clock *clock

	users, others                                 string // user pools
	web, secretive, rotating, stranger, othersWeb string // clients; the last is the other pool's
	secret                                        string // of the client secretive
	ids, closed, mistaken                         string // identity pools
	api, gates, fenced                            string // REST APIs
	deployment                                    string // of the last of them
	code                                          pulumi.Archive

	calls atomic.Int64 // of the authorizer
	names *strings.Replacer
}

// on is a case that is being asked of the stack.
type on struct {
	*testing.T
	*stack
}

// bodies is how many bytes of request bodies the server holds at once: what one request
// may have besides the first 64 KB, and one event of Lambda's.
const bodies = 8 << 20

// deploy starts a local AWS and declares the stack in it.
func deploy(t *testing.T) *stack {
	s := &stack{clock: &clock{}}
	s.clock.set(noon)
	s.aws = awstest.Start(t, awstest.WithClock(s.clock.Now), awstest.WithConfig(func(c *localaws.Config) { c.Bounds.Bodies = bodies }))
	s.declareUsers(t)
	s.declareFunctions(t)
	s.declareAPIs(t)
	s.declareRoles(t)
	s.declarePlans(t)
	s.names = strings.NewReplacer(
		s.api, "API", s.gates, "GATES", s.fenced, "FENCED", s.users, "POOL", s.others, "OTHERPOOL", s.web, "CLIENT", s.secretive, "SECRETIVE",
		s.rotating, "ROTATING", s.stranger, "STRANGER", s.othersWeb, "OTHERCLIENT", s.ids, "IDPOOL", s.closed, "CLOSEDPOOL", s.mistaken, "MISTAKENPOOL",
		s.aws.URL(), "URL",
	)
	return s
}

// called returns how often the authorizer was called so far.
func (s *stack) called() int { return int(s.calls.Load()) }

// counter is where the authorizer says that it is called, before it answers.
func (s *stack) counter(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.calls.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL
}

// resource is one that is declared, and what the stack wants to know of it.
type resource struct {
	pulumi.CustomResourceState
	ClientSecret pulumi.StringOutput `pulumi:"clientSecret"`
}

// declare declares one resource and returns its id, and its client secret if it has one.
func (s *stack) declare(t testing.TB, kind, name string, properties m) (id, secret string) {
	t.Helper()
	outputs := awstest.Run(t, s.aws, declaration(kind, name, properties))
	id, _ = outputs["id"].(string)
	secret, _ = outputs["secret"].(string)
	if id == "" {
		t.Fatalf("declaring %s: it has no id: %v", name, outputs)
	}
	return id, secret
}

func declaration(kind, name string, properties m) awstest.Program {
	return func(ctx *pulumi.Context) (pulumi.Map, error) {
		var r resource
		if err := ctx.RegisterResource(kind, name, pulumi.ToMap(properties), &r); err != nil {
			return nil, err
		}
		return pulumi.Map{"id": r.ID(), "secret": r.ClientSecret}, nil
	}
}

// declareUsers declares who can sign in.
func (s *stack) declareUsers(t *testing.T) {
	pool := func(name string) string {
		id, _ := s.declare(t, "aws:cognito/userPool:UserPool", name, m{
			"name": name, "aliasAttributes": []any{"email"}, "autoVerifiedAttributes": []any{"email"},
			"passwordPolicy": m{"minimumLength": 8, "requireLowercase": true, "requireUppercase": true, "requireNumbers": true, "requireSymbols": false},
		})
		return id
	}
	client := func(pool, name string, more m) (id, secret string) {
		properties := m{
			"name": name, "userPoolId": pool, "allowedOauthFlows": []any{"code"}, "allowedOauthFlowsUserPoolClient": true,
			"allowedOauthScopes": []any{"openid", "email"}, "callbackUrls": []any{callback}, "supportedIdentityProviders": []any{"COGNITO"},
			"explicitAuthFlows":          []any{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
			"preventUserExistenceErrors": "ENABLED", "enableTokenRevocation": true,
		}
		for key, value := range more {
			properties[key] = value
		}
		return s.declare(t, "aws:cognito/userPoolClient:UserPoolClient", name, properties)
	}
	s.users, s.others = pool("users"), pool("others")
	s.web, _ = client(s.users, "web", nil)
	s.secretive, s.secret = client(s.users, "secretive", m{"generateSecret": true})
	s.rotating, _ = client(s.users, "rotating", m{
		"explicitAuthFlows": []any{"ALLOW_USER_PASSWORD_AUTH"}, "refreshTokenRotation": m{"feature": "ENABLED", "retryGracePeriodSeconds": 0},
	})
	s.stranger, _ = client(s.users, "stranger", nil)
	s.othersWeb, _ = client(s.others, "others-web", nil)
	s.declare(t, "aws:cognito/userPoolDomain:UserPoolDomain", "domain", m{"domain": domain, "userPoolId": s.users})
	user := func(pool, name string) {
		s.declare(t, "aws:cognito/user:User", name, m{
			"userPoolId": pool, "username": name, "password": password, "messageAction": "SUPPRESS",
			"attributes": m{"email": name + "@example.com", "email_verified": "true"},
		})
	}
	// ada is good; bob signs out everywhere, so that nobody else is signed out by it; eve
	// gets her password wrong.
	for _, name := range []string{"ada", "bob", "eve"} {
		user(s.users, name)
	}
	user(s.others, "olga")
}

const greetingARN = "arn:aws:ssm:" + region + ":" + account + ":parameter/cases/greeting"

// provider names a user pool to an identity pool.
func provider(userPool string) string {
	return "cognito-idp." + region + ".amazonaws.com/" + userPool
}

// declareRoles declares the identity pools and who may call what.
func (s *stack) declareRoles(t *testing.T) {
	pool := func(name string, guests bool) string {
		id, _ := s.declare(t, "aws:cognito/identityPool:IdentityPool", name, m{
			"identityPoolName": name, "allowUnauthenticatedIdentities": guests,
			"cognitoIdentityProviders": []any{m{"clientId": s.web, "providerName": provider(s.users), "serverSideTokenCheck": true}},
		})
		return id
	}
	s.ids, s.closed, s.mistaken = pool("ids", true), pool("closed", false), pool("mistaken", true)
	role := func(name, idPool, amr, boundary string, statements ...any) string {
		trust := statement("Allow", "sts:AssumeRoleWithWebIdentity", nil)
		trust["Principal"] = m{"Federated": "cognito-identity.amazonaws.com"}
		trust["Condition"] = m{
			"StringEquals":           m{"cognito-identity.amazonaws.com:aud": idPool},
			"ForAnyValue:StringLike": m{"cognito-identity.amazonaws.com:amr": amr},
		}
		s.declare(t, "aws:iam/role:Role", name, m{"name": name, "assumeRolePolicy": policy(trust), "permissionsBoundary": boundary})
		s.declare(t, "aws:iam/rolePolicy:RolePolicy", name, m{"name": "routes", "role": name, "policy": policy(statements...)})
		return "arn:aws:iam::" + account + ":role/" + name
	}
	attach := func(name, idPool, authenticated, unauthenticated string) {
		s.declare(t, "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment", name, m{
			"identityPoolId": idPool, "roles": m{"authenticated": authenticated, "unauthenticated": unauthenticated},
		})
	}
	barred := statement("Deny", "execute-api:Invoke", s.methods(s.api, "GET/users/admin"))
	barred["Sid"] = "NotAdmin"
	s.declare(t, "aws:ssm/parameter:Parameter", "greeting", m{"name": "/cases/greeting", "type": "String", "value": "hello"})
	greeting := statement("Allow", "ssm:GetParameter", []any{greetingARN})
	member := role("member", s.ids, "authenticated", "",
		statement("Allow", "execute-api:Invoke", append(s.methods(s.api, "*/signed*", "GET/users/*", "GET/members", "GET/whoami/*", "GET/keyed/*"),
			append(s.methods(s.gates, "GET/signed"), s.methods(s.fenced, "GET/barred")...)...)), barred, greeting)
	guest := role("guest", s.ids, "unauthenticated", "", statement("Allow", "execute-api:Invoke", s.methods(s.api, "GET/whoami/*")), greeting)
	s.declare(t, "aws:iam/policy:Policy", "boundary", m{"name": "boundary", "policy": policy(statement("Allow", "s3:*", []any{"*"}))})
	role("bounded", s.ids, "authenticated", "arn:aws:iam::"+account+":policy/boundary", statement("Allow", "execute-api:Invoke", []any{"*"}))
	attach("ids", s.ids, member, guest)
	attach("closed", s.closed, member, guest)
	attach("mistaken", s.mistaken, guest, member) // each the other's, and both for another pool
}

// methods are the ARNs of VERB/path of the stage.
func (s *stack) methods(api string, patterns ...string) []any {
	var arns []any
	for _, p := range patterns {
		arns = append(arns, "arn:aws:execute-api:"+region+":"+account+":"+api+"/v1/"+p)
	}
	return arns
}

func statement(effect, action string, resources []any) m {
	st := m{"Effect": effect, "Action": action}
	if resources != nil {
		st["Resource"] = resources
	}
	return st
}

func policy(statements ...any) string {
	return text(m{"Version": "2012-10-17", "Statement": statements})
}

// text writes JSON.
func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of text can always be marshalled
	}
	return string(data)
}

// declareFunctions declares the function actor three times: as integration, as
// authorizer, and as one that API Gateway may not invoke.
func (s *stack) declareFunctions(t *testing.T) {
	s.code = pulumi.NewFileArchive(awstest.Functions(t, "testdata", "actor")["actor"])
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	trust := statement("Allow", "sts:AssumeRole", nil)
	trust["Principal"] = m{"Service": "lambda.amazonaws.com"}
	s.declare(t, "aws:iam/role:Role", "function", m{"name": "function", "assumeRolePolicy": policy(trust),
		"managedPolicyArns": []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}})
	for name, environment := range map[string]m{"actor": {}, "authorizer": {"COUNTER": s.counter(t)}, "unpermitted": {}} {
		s.declare(t, "aws:lambda/function:Function", name, m{
			"environment": m{"variables": environment},
			"name":        name, "role": "arn:aws:iam::" + account + ":role/function", "runtime": "provided.al2023", "handler": "bootstrap",
			"architectures": []any{architecture}, "timeout": 30, "code": s.code,
		})
		if name != "unpermitted" {
			s.declare(t, "aws:lambda/permission:Permission", name, m{
				"statementId": "api", "action": "lambda:InvokeFunction", "function": name, "principal": "apigateway.amazonaws.com",
			})
		}
	}
}

// The API keys' values.
const (
	keyGood      = "good-key-of-the-cases"
	keyDisabled  = "disabled-key-of-the-cases"
	keyElsewhere = "elsewhere-key-of-the-cases"
	keyPlanless  = "planless-key-of-the-cases"
	keyBurst     = "burst-key-of-the-cases"
	keyRate      = "rate-key-of-the-cases"
	keyQuota     = "quota-key-of-the-cases"
	keyOrder     = "order-key-of-the-cases"
	keyBoth      = "both-key-of-the-cases"
)

// declarePlans declares the keys and what each may ask for.
func (s *stack) declarePlans(t *testing.T) {
	key := func(name, value string, enabled bool) string {
		id, _ := s.declare(t, "aws:apigateway/apiKey:ApiKey", name, m{"name": name, "value": value, "enabled": enabled})
		return id
	}
	plan := func(name, api, key string, more m) {
		properties := m{"name": name, "apiStages": []any{m{"apiId": api, "stage": "v1"}}}
		for k, v := range more {
			properties[k] = v
		}
		id, _ := s.declare(t, "aws:apigateway/usagePlan:UsagePlan", name, properties)
		s.declare(t, "aws:apigateway/usagePlanKey:UsagePlanKey", name, m{"keyId": key, "keyType": "API_KEY", "usagePlanId": id})
	}
	plan("good", s.api, key("good", keyGood, true), nil)
	plan("disabled", s.api, key("disabled", keyDisabled, false), nil)
	plan("elsewhere", s.gates, key("elsewhere", keyElsewhere, true), nil)
	plan("burst", s.api, key("burst", keyBurst, true), m{"throttleSettings": m{"rateLimit": 1, "burstLimit": 2}})
	plan("rate", s.api, key("rate", keyRate, true), m{"throttleSettings": m{"rateLimit": 2}})
	plan("quota", s.api, key("quota", keyQuota, true), m{"quotaSettings": m{"limit": 2, "period": "DAY"}})
	plan("order", s.api, key("order", keyOrder, true), m{"quotaSettings": m{"limit": 1, "period": "DAY"}})
	plan("both", s.api, key("both", keyBoth, true), m{"throttleSettings": m{"rateLimit": 1, "burstLimit": 1}, "quotaSettings": m{"limit": 2, "period": "DAY"}})
	key("planless", keyPlanless, true)
}
