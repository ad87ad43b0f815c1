package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/lambda"
)

const failedAuthorizer = `{"message":null}`

// authorized makes the fixture's functions answer as an authorizer with this payload.
func (f *fixture) authorized(result lambda.Result, err error) {
	f.functions.mu.Lock()
	defer f.functions.mu.Unlock()
	f.functions.answer = func(_ context.Context, in lambda.Invocation) (lambda.Result, error) {
		if strings.HasSuffix(in.Function, ":authorizer") {
			return result, err
		}
		return lambda.Result{Payload: []byte(`{"statusCode":200,"body":"hello"}`)}, nil
	}
}

// asked counts how often the authorizer was called.
func (f *fixture) asked() (n int) {
	f.functions.mu.Lock()
	defer f.functions.mu.Unlock()
	for _, c := range f.functions.calls {
		if strings.HasSuffix(c.Function, ":authorizer") {
			n++
		}
	}
	return n
}

// says is an authorizer's answer with this policy.
func says(policy string) lambda.Result {
	return lambda.Result{Payload: []byte(`{"principalId":"tom","policyDocument":` + policy + `,"context":{"plan":"gold","age":7,"admin":true}}`)}
}

func TestLambdaAuthorizer(t *testing.T) {
	newAPI := func(t *testing.T, more ...func(doctest.Document)) *fixture {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
			"GET /token": doctest.Operation("a", "token"), "GET /other": doctest.Operation("b", "token"), "GET /request": doctest.Operation("c", "request"), "GET /uncached": doctest.Operation("d", "uncached"),
			"GET /keyed": doctest.Operation("e", "uncached", "api_key"),
		}, append([]func(doctest.Document){doctest.LambdaAuthorizers}, more...)...)})
		return f
	}
	t.Run("case 29: identity source missing, the function is not called", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Allow", "*")), nil)
		f.get("/token").refused(t, 401, "UnauthorizedException", unauthorized)
		f.get("/token", "Authorization", "other").refused(t, 401, "UnauthorizedException", unauthorized)
		f.get("/request?tenant=1").refused(t, 401, "UnauthorizedException", unauthorized)
		f.get("/request?tenant=", "X-User", "tom").refused(t, 401, "UnauthorizedException", unauthorized)
		if n := f.asked(); n != 0 {
			t.Errorf("the authorizer was asked %d times", n)
		}
	})
	t.Run("case 30: the function fails with Unauthorized", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"Unauthorized"}`)}, nil)
		f.get("/token", "Authorization", "token-1").refused(t, 401, "UnauthorizedException", unauthorized)
	})
	t.Run("case 31: any other failure, never cached", func(t *testing.T) {
		f := newAPI(t)
		for i, result := range []lambda.Result{
			{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"unauthorized"}`)},
			{Payload: []byte(`null`)},
			{Payload: []byte(`"x"`)},
			{Payload: []byte(`{"policyDocument":` + allowing("Allow", "*") + `}`)},
			{Payload: []byte(`{"principalId":"tom"}`)},
			says(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{"Unknown":{"a":"b"}}}]}`),
			{Payload: []byte(`{"principalId":"tom","policyDocument":` + allowing("Allow", "*") + `,"context":{"list":[1]}}`)},
		} {
			f.authorized(result, nil)
			f.get("/token", "Authorization", "token-1").refused(t, 500, "AuthorizerConfigurationException", failedAuthorizer)
			if n := f.asked(); n != i+1 {
				t.Errorf("after failure %d the authorizer was asked %d times", i, n)
			}
		}
		f.authorized(lambda.Result{}, lambda.ErrNotPermitted)
		f.get("/token", "Authorization", "token-1").refused(t, 500, "AuthorizerConfigurationException", failedAuthorizer)
	})
	t.Run("case 32: explicit deny", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Deny", "*")), nil)
		f.get("/token", "Authorization", "token-1").refused(t, 403, "AccessDeniedException",
			`{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}`)
	})
	const noAllow = `{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}`
	t.Run("case 33: no allow", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Allow", "GET/elsewhere")), nil)
		f.get("/token", "Authorization", "token-1").refused(t, 403, "AccessDeniedException", noAllow)
	})
	t.Run("case 34: a cached policy meets another path", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Allow", "GET/token")), nil)
		for range 2 {
			if r := f.get("/token", "Authorization", "token-1"); r.status != 200 {
				t.Fatalf("answered %d %s", r.status, r.body)
			}
		}
		f.get("/other", "Authorization", "token-1").refused(t, 403, "AccessDeniedException", noAllow)
		if n := f.asked(); n != 1 {
			t.Errorf("the authorizer was asked %d times, want once", n)
		}
		f.get("/token", "Authorization", "token-2")
		f.clock.Advance(61 * time.Second)
		f.get("/token", "Authorization", "token-1")
		if n := f.asked(); n != 3 {
			t.Errorf("another token, and the end of the time to live: asked %d times, want 3", n)
		}
	})
	t.Run("the events, and what the function is told", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Allow", "*")), nil)
		if r := f.get("/request?tenant=7", "X-User", "tom"); r.status != 200 {
			t.Fatalf("answered %d %s", r.status, r.body)
		}
		asked := f.functions.calls[0]
		event := decode(t, asked)
		if event["type"] != "REQUEST" || event["methodArn"] != "arn:aws:execute-api:us-west-2:000000000000:"+apiID+"/v1/GET/request" || event["resource"] != "/request" ||
			event["queryStringParameters"].(map[string]any)["tenant"] != "7" || event["headers"].(map[string]any)["X-User"] != "tom" || event["requestContext"].(map[string]any)["authorizer"] != nil {
			t.Errorf("the event is %v", event)
		}
		if !strings.HasPrefix(asked.SourceARN, "arn:aws:execute-api:us-west-2:000000000000:"+apiID+"/authorizers/") || asked.Principal != "apigateway.amazonaws.com" {
			t.Errorf("asked for %s by %s", asked.SourceARN, asked.Principal)
		}
		told := decode(t, f.functions.last(t))["requestContext"].(map[string]any)["authorizer"].(map[string]any)
		for name, want := range map[string]any{"principalId": "tom", "plan": "gold", "age": "7", "admin": "true"} {
			if told[name] != want {
				t.Errorf("the function is told %s = %v, want %v", name, told[name], want)
			}
		}
		f.get("/token", "Authorization", "token-9")
		f.functions.mu.Lock()
		event = decode(t, f.functions.calls[len(f.functions.calls)-2])
		f.functions.mu.Unlock()
		if len(event) != 3 || event["type"] != "TOKEN" || event["authorizationToken"] != "token-9" {
			t.Errorf("the token event is %v", event)
		}
	})
	t.Run("without a time to live it is asked each time", func(t *testing.T) {
		f := newAPI(t)
		f.authorized(says(allowing("Allow", "*")), nil)
		f.get("/uncached")
		f.get("/uncached")
		if n := f.asked(); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
	})
	t.Run("the usage plan's key from the authorizer", func(t *testing.T) {
		f := newAPI(t, func(d doctest.Document) { d["x-amazon-apigateway-api-key-source"] = "AUTHORIZER" })
		f.plan("plan01", UsagePlan{}, "one")
		f.authorized(says(allowing("Allow", "*")), nil)
		f.get("/keyed", "x-api-key", keyValue("one")).refused(t, 403, "ForbiddenException", forbidden)
		f.authorized(lambda.Result{Payload: []byte(`{"principalId":"tom","policyDocument":` + allowing("Allow", "*") + `,"usageIdentifierKey":"` + keyValue("one") + `"}`)}, nil)
		if r := f.get("/keyed"); r.status != 200 {
			t.Errorf("answered %d %s, want 200", r.status, r.body)
		}
	})
	t.Run("open: the resource policy must allow as well", func(t *testing.T) {
		f := newAPI(t, func(d doctest.Document) {
			d["x-amazon-apigateway-policy"] = map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/v1/GET/other"}}}
		})
		f.authorized(says(allowing("Allow", "*")), nil)
		if r := f.get("/other", "Authorization", "token-1"); r.status != 200 {
			t.Errorf("answered %d %s, want 200", r.status, r.body)
		}
		f.get("/token", "Authorization", "token-1").refused(t, 403, "AccessDeniedException", denial("anonymous", "GET/token", "because no resource-based policy allows the execute-api:Invoke action"))
	})
}

func TestVerdictsAreBounded(t *testing.T) {
	v := verdicts{byKey: map[[32]byte]cachedVerdict{}}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for i := range maxVerdicts + 1 {
		v.put([32]byte{byte(i), byte(i >> 8)}, verdict{}, now, time.Minute)
	}
	if len(v.byKey) > maxVerdicts {
		t.Errorf("%d answers are kept, want at most %d", len(v.byKey), maxVerdicts)
	}
}
