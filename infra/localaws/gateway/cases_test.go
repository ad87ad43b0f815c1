package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

const (
	missingToken = `{"message":"Missing Authentication Token"}`
	forbidden    = `{"message":"Forbidden"}`
	unauthorized = `{"message":"Unauthorized"}`
	internal     = `{"message":"Internal server error"}`
)

func TestRouting(t *testing.T) {
	f := newFixture(t)
	cors := map[string]any{
		"responses": map[string]any{"204": map[string]any{"description": "", "headers": map[string]any{"Access-Control-Allow-Origin": map[string]any{}}}},
		"x-amazon-apigateway-integration": map[string]any{
			"type": "mock", "requestTemplates": map[string]any{"application/json": `{"statusCode": 204}`}, "passthroughBehavior": "when_no_match",
			"responses": map[string]any{"default": map[string]any{"statusCode": "204", "responseParameters": map[string]any{"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}}},
		},
	}
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /known":         doctest.Operation("known"),
		"OPTIONS /known":     cors,
		"POST /admin":        doctest.Operation("admin", "sigv4"),
		"GET /files/{path+}": doctest.Operation("files"),
		"ANY /open/{proxy+}": doctest.Operation("open"),
		"POST /open/admin":   doctest.Operation("admin", "sigv4"),
		"GET /key":           doctest.Operation("key", "api_key"),
	})})

	t.Run("case 1: unknown path, no Authorization header", func(t *testing.T) {
		f.get("/unknown").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("case 2: known path, undeclared method", func(t *testing.T) {
		f.get("/admin").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
		f.do(f.request("HEAD", "/known", "")).refused(t, 403, "MissingAuthenticationTokenException", "")
	})
	t.Run("case 2: an open greedy resource serves the method that a protected one lacks", func(t *testing.T) {
		if r := f.get("/open/admin"); r.status != 200 {
			t.Errorf("an unsigned GET beside POST with AWS_IAM answered %d %s, want 200", r.status, r.body)
		}
		f.do(f.request("POST", "/open/admin", "")).refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("case 3: unknown path with a bearer token", func(t *testing.T) {
		sum := sha256.Sum256([]byte("Bearer x"))
		r := f.get("/unknown", "Authorization", "Bearer x")
		if r.status != 403 || r.header.Get("x-amzn-ErrorType") != "IncompleteSignatureException" ||
			!strings.HasPrefix(r.body, `{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '`+base64.StdEncoding.EncodeToString(sum[:])+`'`) {
			t.Errorf("answered %d %s (%s)", r.status, r.body, r.header.Get("x-amzn-ErrorType"))
		}
	})
	t.Run("case 4: OPTIONS that is not declared", func(t *testing.T) {
		f.do(f.request("OPTIONS", "/key", "")).refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("case 5: OPTIONS that is declared", func(t *testing.T) {
		r := f.do(f.request("OPTIONS", "/known", ""))
		if r.status != 204 || r.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
			t.Errorf("answered %d with %v, want 204 with the origin", r.status, r.header)
		}
	})
	t.Run("case 6: trailing slash on a greedy resource", func(t *testing.T) {
		if r := f.get("/files/a/b/"); r.status != 200 {
			t.Fatalf("answered %d %s, want 200", r.status, r.body)
		}
		event := decode(t, f.functions.last(t))
		if path, proxy := event["path"], event["pathParameters"].(map[string]any)["path"]; path != "/files/a/b/" || proxy != "a/b" {
			t.Errorf("path is %v and the path parameter %v, want /files/a/b/ and a/b", path, proxy)
		}
	})
	t.Run("case 6: two slashes are routed as one", func(t *testing.T) {
		if r := f.get("//known"); r.status != 200 {
			t.Fatalf("answered %d %s, want 200", r.status, r.body)
		}
		event := decode(t, f.functions.last(t))
		if path := event["requestContext"].(map[string]any)["path"]; event["path"] != "/known" || path != "/execute-api/"+apiID+"/v1//known" {
			t.Errorf("path is %v and requestContext.path %v", event["path"], path)
		}
	})
	t.Run("case 6 (open): trailing slash on a plain resource", func(t *testing.T) {
		f.get("/known/").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("open: an escaped literal does not match", func(t *testing.T) {
		f.get("/kn%6Fwn").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("open: unknown stage and unknown API", func(t *testing.T) {
		for _, path := range []string{"/execute-api/" + apiID + "/v2/known", "/execute-api/zzzzzz9999/v1/known"} {
			r, _ := http.NewRequest("GET", f.server.URL+path, nil)
			f.do(r).refused(t, 403, "ForbiddenException", forbidden)
		}
	})
	t.Run("a disabled endpoint", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{DisableExecuteAPIEndpoint: true, Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a")})})
		f.get("/a").refused(t, 403, "ForbiddenException", forbidden)
	})
}

func TestGatewayResponses(t *testing.T) {
	responses := func(r map[string]any) func(doctest.Document) {
		return func(d doctest.Document) { d["x-amazon-apigateway-gateway-responses"] = r }
	}
	origin := map[string]any{"responseParameters": map[string]any{"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}}
	operations := map[string]map[string]any{"GET /a": doctest.Operation("a", "sigv4"), "GET /b": doctest.Operation("b")}

	t.Run("case 7: no CORS header unless a gateway response sets it", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(operations)})
		if h := f.get("/a").header.Get("Access-Control-Allow-Origin"); h != "" {
			t.Errorf("the origin is %q, want none", h)
		}
	})
	t.Run("case 7: the default with the error's own status", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(operations, responses(map[string]any{"DEFAULT_4XX": origin, "DEFAULT_5XX": origin}))})
		f.functions.answers(`null`)
		for path, status := range map[string]int{"/a": 403, "/b": 502} {
			if r := f.get(path); r.status != status || r.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
				t.Errorf("%s answered %d with %v, want %d with the origin", path, r.status, r.header, status)
			}
		}
	})
	t.Run("case 7: the specific type wins alone", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(operations, responses(map[string]any{"DEFAULT_4XX": origin, "MISSING_AUTHENTICATION_TOKEN": map[string]any{
			"statusCode":         404,
			"responseParameters": map[string]any{"gatewayresponse.header.X-Asked": "method.request.querystring.q", "gatewayresponse.header.X-At": "method.request.header.host"},
			"responseTemplates":  map[string]any{"application/json": `{"error":$context.error.messageString,"type":"$context.error.responseType","id":"$context.requestId"}`},
		}}))})
		r := f.get("/nothing?q=it")
		want := `{"error":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN","id":"` + r.header.Get("x-amzn-RequestId") + `"}`
		if r.status != 404 || r.body != want || r.header.Get("X-Asked") != "it" || r.header.Get("X-At") == "" || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("answered %d %s with %v, want 404 %s, X-Asked, X-At and no origin", r.status, r.body, r.header, want)
		}
	})
}

const mismatch = `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`

func TestSignatures(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"ANY /require-auth": doctest.Operation("require-auth", "sigv4"), "GET /x/{proxy+}": doctest.Operation("x", "sigv4")}, func(d doctest.Document) {
		d["x-amazon-apigateway-gateway-responses"] = map[string]any{"INVALID_SIGNATURE": map[string]any{"responseParameters": map[string]any{"gatewayresponse.header.X-Which": "'signature'"}}}
	})})
	user := f.role("user", allowing("Allow", "*/require-auth", "GET/x/*"), signedIn)
	signed := func() *http.Request {
		r := f.request("POST", "/require-auth?a=1", "hello")
		r.Header.Set("X-Amz-Meta", "one")
		return f.sign(r, "hello", user)
	}

	t.Run("a signed request is let in", func(t *testing.T) {
		if r := f.do(signed()); r.status != 200 || r.body != "hello" {
			t.Fatalf("answered %d %s", r.status, r.body)
		}
		if decision, reason := f.reason(); decision != "allow" || !strings.Contains(reason, "statement 0") {
			t.Errorf("the record says %s: %s, want the statement that allowed", decision, reason)
		}
	})
	t.Run("case 8: unsigned", func(t *testing.T) {
		f.get("/require-auth").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	for name, change := range map[string]func(r *http.Request){
		"signature":       func(r *http.Request) { flipLast(r) },
		"query":           func(r *http.Request) { r.URL.RawQuery = "a=2" },
		"a signed header": func(r *http.Request) { r.Header.Set("X-Amz-Meta", "two") },
		"method":          func(r *http.Request) { r.Method = "PUT" },
	} {
		t.Run("case 9: changed: "+name, func(t *testing.T) {
			r := signed()
			change(r)
			f.do(r).refused(t, 403, "InvalidSignatureException", mismatch)
		})
	}
	t.Run("case 9: changed: body", func(t *testing.T) {
		r := f.sign(f.request("POST", "/require-auth", "other"), "hello", user)
		f.do(r).refused(t, 403, "InvalidSignatureException", mismatch)
	})
	t.Run("case 9: changed: path", func(t *testing.T) {
		r := f.sign(f.request("GET", "/x/a", ""), "", user)
		r.URL.Path += "b"
		f.do(r).refused(t, 403, "InvalidSignatureException", mismatch)
	})
	t.Run("case 10: signed for another service", func(t *testing.T) {
		r := f.do(f.signFor(f.request("GET", "/require-auth", ""), "", user, "s3", region))
		r.refused(t, 403, "InvalidSignatureException", `{"message":"Credential should be scoped to correct service: 'execute-api'. "}`)
	})
	t.Run("case 11: signed for another region", func(t *testing.T) {
		r := f.do(f.signFor(f.request("GET", "/require-auth", ""), "", user, "execute-api", "eu-west-1"))
		r.refused(t, 403, "InvalidSignatureException", `{"message":"Credential should be scoped to a valid region. "}`)
	})
	t.Run("case 12: the date is too old, and the gateway response is INVALID_SIGNATURE's", func(t *testing.T) {
		r := signed()
		f.clock.Advance(6 * time.Minute)
		defer f.clock.Advance(-6 * time.Minute)
		got := f.do(r)
		if got.status != 403 || !strings.HasPrefix(got.body, `{"message":"Signature expired: 20261122T103000Z is now earlier than 20261122T103100Z (20261122T103600Z - 5 min.)`) {
			t.Errorf("answered %d %s", got.status, got.body)
		}
		if got.header.Get("X-Which") != "signature" {
			t.Error("the gateway response INVALID_SIGNATURE was not applied")
		}
	})
	t.Run("case 12: the date is in the future", func(t *testing.T) {
		r := signed()
		f.clock.Advance(-6 * time.Minute)
		defer f.clock.Advance(6 * time.Minute)
		if got := f.do(r); got.status != 403 || !strings.HasPrefix(got.body, `{"message":"Signature not yet current: `) {
			t.Errorf("answered %d %s", got.status, got.body)
		}
	})
	t.Run("case 13: unknown access key, missing session token", func(t *testing.T) {
		want := `{"message":"The security token included in the request is invalid."}`
		unknown := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
		f.do(f.sign(f.request("GET", "/require-auth", ""), "", unknown)).refused(t, 403, "UnrecognizedClientException", want)
		bare := aws.Credentials{AccessKeyID: user.AccessKeyID, SecretAccessKey: user.SecretAccessKey}
		f.do(f.sign(f.request("GET", "/require-auth", ""), "", bare)).refused(t, 403, "UnrecognizedClientException", want)
	})
	t.Run("case 14: session over", func(t *testing.T) {
		f.clock.Advance(2 * time.Hour)
		defer f.clock.Advance(-2 * time.Hour)
		f.do(signed()).refused(t, 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`)
	})
	t.Run("case 15: a part is missing", func(t *testing.T) {
		r := signed()
		authorization := r.Header.Get("Authorization")
		r.Header.Set("Authorization", authorization[:strings.Index(authorization, ", Signature=")])
		got := f.do(r)
		if got.status != 403 || got.header.Get("x-amzn-ErrorType") != "IncompleteSignatureException" || !strings.Contains(got.body, "'Signature'") {
			t.Errorf("answered %d %s, want the missing part named", got.status, got.body)
		}
	})
	t.Run("case 16: a replay within five minutes is accepted", func(t *testing.T) {
		first := signed()
		second := f.request("POST", "/require-auth?a=1", "hello")
		second.Header = first.Header.Clone()
		for _, r := range []*http.Request{first, second} {
			if got := f.do(r); got.status != 200 {
				t.Errorf("answered %d %s, want 200", got.status, got.body)
			}
		}
	})
	t.Run("no secret reaches the record", func(t *testing.T) {
		r := signed()
		flipLast(r)
		f.do(r)
		_, reason := f.reason()
		signature := r.Header.Get("Authorization")
		signature = signature[strings.Index(signature, "Signature=")+len("Signature="):]
		if strings.Contains(reason, signature) || strings.Contains(reason, user.SessionToken) || strings.Contains(reason, user.SecretAccessKey) {
			t.Errorf("the record holds a secret: %s", reason)
		}
	})
}

// flipLast changes the last digit of the signature.
func flipLast(r *http.Request) {
	a := []byte(r.Header.Get("Authorization"))
	if a[len(a)-1] == '0' {
		a[len(a)-1] = '1'
	} else {
		a[len(a)-1] = '0'
	}
	r.Header.Set("Authorization", string(a))
}

// denial is the body of case 17 and its kin.
func denial(who, path, clause string) string {
	return `{"Message":"User: ` + who + ` is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********0000:` + apiID + `/v1/` + path + ` ` + clause + `"}`
}

func TestIAMDecision(t *testing.T) {
	const (
		userARN      = "arn:aws:sts::000000000000:assumed-role/user/CognitoIdentityCredentials"
		guestARN     = "arn:aws:sts::000000000000:assumed-role/guest/CognitoIdentityCredentials"
		noneAllows   = "because no identity-based policy allows the execute-api:Invoke action"
		denyExplicit = "with an explicit deny in an identity-based policy"
	)
	body := doctest.OpenAPI(map[string]map[string]any{
		"GET /require-auth": doctest.Operation("require-auth", "sigv4"),
		"GET /other":        doctest.Operation("other", "sigv4"),
		"GET /users/{id}":   doctest.Operation("users", "sigv4"),
		"GET /open":         doctest.Operation("open"),
	})
	both := strings.Replace(allowing("Allow", "GET/require-auth", "GET/users/*"), `"Statement":[`, `"Statement":[{"Sid":"NotAdmin","Effect":"Deny","Action":"execute-api:*","Resource":"arn:aws:execute-api:*:*:*/*/GET/users/admin"},`, 1)
	f := newFixture(t)
	f.deploy(RestAPI{Body: body})
	user := f.role("user", both, signedIn)
	visitor := f.role("guest", allowing("Allow", "GET/nothing"), guest)
	scoped := f.role("scoped", allowing("Allow", "*"), guest, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	call := func(c aws.Credentials, path string) reply { return f.do(f.sign(f.request("GET", path, ""), "", c)) }

	t.Run("case 17: no statement allows", func(t *testing.T) {
		call(user, "/other").refused(t, 403, "AccessDeniedException", denial(userARN, "GET/other", noneAllows))
	})
	t.Run("case 18: guest credentials on a route for signed-in users", func(t *testing.T) {
		call(visitor, "/require-auth").refused(t, 403, "AccessDeniedException", denial(guestARN, "GET/require-auth", noneAllows))
	})
	t.Run("case 19 and 20: deny wins over allow", func(t *testing.T) {
		call(user, "/users/admin").refused(t, 403, "AccessDeniedException", denial(userARN, "GET/users/admin", denyExplicit))
		if _, reason := f.reason(); !strings.Contains(reason, "NotAdmin") {
			t.Errorf("the record says %q, want the statement that denied", reason)
		}
		if r := call(user, "/users/7"); r.status != 200 {
			t.Errorf("another user answered %d %s", r.status, r.body)
		}
	})
	t.Run("open: an escaped path does not slip past a deny", func(t *testing.T) {
		if r := call(user, "/users/%61dmin"); r.status != 403 || r.header.Get("x-amzn-ErrorType") != "AccessDeniedException" {
			t.Errorf("answered %d %s, want 403", r.status, r.body)
		}
	})
	t.Run("case 22: the session policy leaves the action out", func(t *testing.T) {
		r := call(scoped, "/require-auth")
		r.refused(t, 403, "AccessDeniedException", denial("arn:aws:sts::000000000000:assumed-role/scoped/CognitoIdentityCredentials", "GET/require-auth",
			"because no session policy allows the execute-api:Invoke action"))
	})
	t.Run("case 21: the resource policy allows nobody", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body, Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/nothing"}]}`})
		f.get("/open").refused(t, 403, "AccessDeniedException", denial("anonymous", "GET/open", "because no resource-based policy allows the execute-api:Invoke action"))
	})
	t.Run("case 21: the resource policy allows this one, in its short form", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body, Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/open"}]}`})
		if r := f.get("/open"); r.status != 200 {
			t.Errorf("answered %d %s, want 200", r.status, r.body)
		}
	})
	t.Run("the resource policy alone lets a signed caller in, by address", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body, Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}}},{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/GET/other"}]}`})
		c := f.role("user", "", signedIn)
		if r := f.do(f.sign(f.request("GET", "/require-auth", ""), "", c)); r.status != 200 {
			t.Errorf("answered %d %s, want 200", r.status, r.body)
		}
		r := f.do(f.sign(f.request("GET", "/other", ""), "", c))
		r.refused(t, 403, "AccessDeniedException", denial(userARN, "GET/other", "with an explicit deny in a resource-based policy"))
	})
}

func TestCognitoAuthorizer(t *testing.T) {
	f := newFixture(t)
	scoped := doctest.Operation("scoped")
	scoped["security"] = []any{map[string]any{"users": []any{"email", "profile"}}}
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /user": doctest.Operation("user", "users"), "GET /scoped": scoped})})
	f.tokens["id"] = jwt.Claims{Subject: "sub-1", TokenUse: "id", All: map[string]any{"sub": "sub-1", "token_use": "id", "exp": float64(1795346400), "cognito:groups": []any{"a", "b"}, "email_verified": true}}
	f.tokens["access"] = jwt.Claims{Subject: "sub-1", TokenUse: "access", Scopes: []string{"openid", "email"}, All: map[string]any{"sub": "sub-1", "token_use": "access", "scope": "openid email"}}
	f.tokens["poor"] = jwt.Claims{Subject: "sub-1", TokenUse: "access", Scopes: []string{"openid"}, All: map[string]any{"sub": "sub-1"}}
	f.tokens["old"] = &jwt.ExpiredError{Expired: f.clock.Now().Add(-time.Hour), Now: f.clock.Now()}
	f.tokens["forged"] = jwt.ErrSignature
	f.tokens["other pool"] = jwt.ErrIssuer
	f.tokens["broken"] = errBoom

	for name, c := range map[string]struct {
		path, token string
		status      int
		body        string
	}{
		"case 23: no token":                                {"/user", "", 401, unauthorized},
		"case 24: expired":                                 {"/user", "old", 401, `{"message":"The incoming token has expired"}`},
		"case 25: wrong signature":                         {"/user", "forged", 401, unauthorized},
		"case 25: other pool":                              {"/user", "other pool", 401, unauthorized},
		"case 25: no token at all":                         {"/user", "xyz", 401, unauthorized},
		"case 26: access token, the route names no scopes": {"/user", "access", 401, unauthorized},
		"case 27 (open): none of the scopes":               {"/scoped", "poor", 401, unauthorized},
		"case 28: ID token on a route with scopes":         {"/scoped", "id", 401, unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			before := f.functions.count()
			var headers []string
			if c.token != "" {
				headers = []string{"Authorization", c.token}
			}
			f.get(c.path, headers...).refused(t, c.status, "UnauthorizedException", c.body)
			if f.functions.count() != before {
				t.Error("the function was called")
			}
		})
	}
	t.Run("case 27: one matching scope is enough", func(t *testing.T) {
		if r := f.get("/scoped", "Authorization", "Bearer access"); r.status != 200 {
			t.Errorf("answered %d %s, want 200", r.status, r.body)
		}
	})
	t.Run("an ID token, and its claims as text", func(t *testing.T) {
		if r := f.get("/user", "Authorization", "id"); r.status != 200 {
			t.Fatalf("answered %d %s, want 200", r.status, r.body)
		}
		claims := decode(t, f.functions.last(t))["requestContext"].(map[string]any)["authorizer"].(map[string]any)["claims"].(map[string]any)
		for name, want := range map[string]string{"sub": "sub-1", "exp": "Sun Nov 22 11:20:00 UTC 2026", "cognito:groups": "a,b", "email_verified": "true"} {
			if claims[name] != want {
				t.Errorf("the claim %s is %v, want %q", name, claims[name], want)
			}
		}
	})
	t.Run("a fault of the user pool lets nobody in", func(t *testing.T) {
		f.get("/user", "Authorization", "broken").refused(t, 500, "InternalServerErrorException", internal)
	})
}

func TestKeysAndLimits(t *testing.T) {
	key := func(id string) []string { return []string{"x-api-key", keyValue(id)} }
	body := doctest.OpenAPI(map[string]map[string]any{"GET /no-auth": doctest.Operation("no-auth", "api_key"), "GET /require-auth": doctest.Operation("require-auth", "sigv4", "api_key")})

	t.Run("case 35: missing, unknown, disabled, or in no plan of the stage", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body})
		f.plan("plan01", UsagePlan{}, "good")
		f.plan("plan02", UsagePlan{APIStages: []APIStage{{APIID: apiID, Stage: "v2"}}}, "elsewhere")
		f.plan("plan03", UsagePlan{}, "disabled")
		off := false
		f.update(func(tx *store.Tx) error {
			if err := APIKeys.Put(tx, "planless", APIKey{Name: "planless", Value: keyValue("planless")}); err != nil {
				return err
			}
			return APIKeys.Put(tx, "disabled", APIKey{Name: "disabled", Value: keyValue("disabled"), Enabled: &off})
		})
		f.get("/no-auth").refused(t, 403, "ForbiddenException", forbidden)
		for _, id := range []string{"unknown", "elsewhere", "disabled", "planless"} {
			f.get("/no-auth", key(id)...).refused(t, 403, "ForbiddenException", forbidden)
			if decision, reason := f.reason(); decision != "deny" || strings.Contains(reason, keyValue(id)) {
				t.Errorf("the record says %s: %s, want a denial without the key's value", decision, reason)
			}
		}
		if r := f.get("/no-auth", key("good")...); r.status != 200 {
			t.Errorf("a good key answered %d %s", r.status, r.body)
		}
		identity := decode(t, f.functions.last(t))["requestContext"].(map[string]any)["identity"].(map[string]any)
		if identity["apiKeyId"] != "good" || identity["apiKey"] != keyValue("good") || len(identity) != 14 {
			t.Errorf("the identity is %v, want the key beside the twelve", identity)
		}
	})
	t.Run("case 36: over the rate and burst, and two keys do not disturb each other", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body})
		f.plan("plan01", UsagePlan{ThrottleSettings: &ThrottleSettings{RateLimit: 1, BurstLimit: 2}}, "one", "two")
		for range 2 {
			if r := f.get("/no-auth", key("one")...); r.status != 200 {
				t.Fatalf("within the burst: %d %s", r.status, r.body)
			}
		}
		f.get("/no-auth", key("one")...).refused(t, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
		if r := f.get("/no-auth", key("two")...); r.status != 200 {
			t.Errorf("another key: %d %s, want 200", r.status, r.body)
		}
		f.clock.Advance(time.Second)
		if r := f.get("/no-auth", key("one")...); r.status != 200 {
			t.Errorf("a second later: %d %s, want 200", r.status, r.body)
		}
		f.get("/no-auth", key("one")...).refused(t, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
	})
	t.Run("case 36: the stage's own throttling, for all callers", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a"), "GET /b/c": doctest.Operation("b")})})
		rate, burst, more := 1.0, 1, 3
		f.update(func(tx *store.Tx) error {
			if err := StageMethods.Put(tx, "all", MethodSettings{RestAPI: apiID, StageName: "v1", MethodPath: "*/*", Settings: MethodSettingsDetails{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &burst}}); err != nil {
				return err
			}
			return StageMethods.Put(tx, "one", MethodSettings{RestAPI: apiID, StageName: "v1", MethodPath: "b/c/GET", Settings: MethodSettingsDetails{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &more}})
		})
		for path, n := range map[string]int{"/a": 1, "/b/c": 3} {
			for range n {
				if r := f.get(path); r.status != 200 {
					t.Fatalf("%s: %d %s", path, r.status, r.body)
				}
			}
			f.get(path).refused(t, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
		}
	})
	t.Run("case 36: a plan's limit for one method", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body})
		f.plan("plan01", UsagePlan{APIStages: []APIStage{{APIID: apiID, Stage: "v1", Throttles: []RouteThrottle{{Path: "/no-auth/GET", RateLimit: 1, BurstLimit: 1}}}}}, "one")
		if r := f.get("/no-auth", key("one")...); r.status != 200 {
			t.Fatalf("answered %d %s", r.status, r.body)
		}
		f.get("/no-auth", key("one")...).refused(t, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
	})
	t.Run("case 37: over the quota, until the next window", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body})
		f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 2, Period: "DAY"}}, "one", "two")
		for range 2 {
			if r := f.get("/no-auth", key("one")...); r.status != 200 {
				t.Fatalf("within the quota: %d %s", r.status, r.body)
			}
		}
		f.get("/no-auth", key("one")...).refused(t, 429, "LimitExceededException", `{"message":"Limit Exceeded"}`)
		if r := f.get("/no-auth", key("two")...); r.status != 200 {
			t.Errorf("another key: %d %s, want 200", r.status, r.body)
		}
		f.clock.Advance(14 * time.Hour) // past midnight, UTC
		if r := f.get("/no-auth", key("one")...); r.status != 200 {
			t.Errorf("the next day: %d %s, want 200", r.status, r.body)
		}
	})
	t.Run("case 38: route, then authorization, then key", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: body})
		f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 1, Period: "DAY"}}, "one")
		user := f.role("user", allowing("Allow", "GET/require-auth"), signedIn)
		f.get("/nothing", key("one")...).refused(t, 403, "MissingAuthenticationTokenException", missingToken)
		f.get("/require-auth", key("one")...).refused(t, 403, "MissingAuthenticationTokenException", missingToken)
		signed := func(id string) *http.Request {
			r := f.request("GET", "/require-auth", "")
			if id != "" {
				r.Header.Set("X-Api-Key", keyValue(id))
			}
			return f.sign(r, "", user)
		}
		f.do(signed("")).refused(t, 403, "ForbiddenException", forbidden)
		if r := f.do(signed("one")); r.status != 200 {
			t.Errorf("refusals used the quota up: %d %s", r.status, r.body)
		}
		f.do(signed("one")).refused(t, 429, "LimitExceededException", `{"message":"Limit Exceeded"}`)
	})
}

func TestRequestValidation(t *testing.T) {
	f := newFixture(t)
	validated := doctest.With(doctest.Operation("create"), map[string]any{
		"parameters": []any{
			map[string]any{"name": "x", "in": "query", "required": true, "schema": map[string]any{"type": "string"}},
			map[string]any{"name": "Y", "in": "header", "required": true, "schema": map[string]any{"type": "string"}},
			map[string]any{"name": "z", "in": "query", "schema": map[string]any{"type": "string"}},
		},
		"requestBody": map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Pet"}}}},
	})
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"POST /pets": validated, "POST /any": doctest.Operation("any")}, func(d doctest.Document) {
		d["x-amazon-apigateway-request-validators"] = map[string]any{"all": map[string]any{"validateRequestBody": true, "validateRequestParameters": true}}
		d["x-amazon-apigateway-request-validator"] = "all"
		d["components"].(map[string]any)["schemas"] = map[string]any{
			"Pet":  map[string]any{"type": "object", "required": []any{"name"}, "properties": map[string]any{"name": map[string]any{"$ref": "#/components/schemas/Name"}}, "additionalProperties": false},
			"Name": map[string]any{"type": "string", "minLength": 1},
		}
	})})
	post := func(path, body, contentType string, y string) reply {
		r := f.request("POST", path, body)
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		if y != "" {
			r.Header.Set("Y", y)
		}
		return f.do(r)
	}
	t.Run("case 39: required parameters missing or blank", func(t *testing.T) {
		post("/pets?x=", `{"name":"Tom"}`, "", "").refused(t, 400, "BadRequestException", `{"message":"Missing required request parameters: [x, Y]"}`)
		post("/pets", `{"name":"Tom"}`, "", "1").refused(t, 400, "BadRequestException", `{"message":"Missing required request parameters: [x]"}`)
	})
	t.Run("case 40: the body against its model", func(t *testing.T) {
		for _, body := range []string{"", " ", "{", `{}`, `{"name":""}`, `{"name":"Tom","age":3}`, `{"name":"Tom"} x`, `[]`} {
			post("/pets?x=1", body, "application/json; charset=utf-8", "1").refused(t, 400, "BadRequestException", `{"message":"Invalid request body"}`)
		}
		if r := post("/pets?x=1", `{"name":"Tom"}`, "", "1"); r.status != 200 {
			t.Errorf("a good body answered %d %s", r.status, r.body)
		}
	})
	t.Run("case 40: a mock that passes nothing through", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"POST /m": {
			"responses": map[string]any{"200": map[string]any{"description": ""}},
			"x-amazon-apigateway-integration": map[string]any{"type": "mock", "passthroughBehavior": "never", "requestTemplates": map[string]any{"application/json": `{"statusCode":200}`},
				"responses": map[string]any{"default": map[string]any{"statusCode": "200", "responseTemplates": map[string]any{"application/json": `{"ok":true}`}}}},
		}})})
		r := f.request("POST", "/m", "<x/>")
		r.Header.Set("Content-Type", "application/xml")
		f.do(r).refused(t, 415, "BadRequestException", `{"message":"Unsupported Media Type"}`)
		if r := f.do(f.request("POST", "/m", "{}")); r.status != 200 || r.body != `{"ok":true}` {
			t.Errorf("answered %d %s", r.status, r.body)
		}
	})
	t.Run("case 41: the body is over 10 MB", func(t *testing.T) {
		large := bytes.Repeat([]byte("x"), maxBody+1)
		for _, chunked := range []bool{false, true} {
			r := f.request("POST", "/any", "")
			r.Body = http.NoBody
			r, err := http.NewRequest("POST", r.URL.String(), bytes.NewReader(large))
			if err != nil {
				t.Fatal(err)
			}
			if chunked {
				r.ContentLength = -1
			}
			got := f.do(r)
			got.refused(t, 413, "RequestTooLargeException", "HTTP content length exceeded 10485760 bytes.")
			if got.header.Get("Content-Type") != "text/plain" {
				t.Errorf("the content type is %s, want text/plain", got.header.Get("Content-Type"))
			}
		}
		r := f.request("POST", "/any", string(large[:maxBody]))
		if got := f.do(r); got.status != 200 {
			t.Errorf("10 MB exactly answered %d %s, want 200", got.status, got.body)
		}
	})
}

func TestIntegration(t *testing.T) {
	f := newFixture(t)
	slow := doctest.Operation("slow")
	slow["x-amazon-apigateway-integration"].(map[string]any)["timeoutInMillis"] = 50
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /f": doctest.Operation("f"), "GET /slow": slow, "GET /users/{id}/{rest+}": doctest.Operation("u")})})

	t.Run("case 42: malformed answers", func(t *testing.T) {
		for _, payload := range []string{`"text"`, `null`, ``, `[]`, `{"statusCode":200,"extra":1}`, `{"statusCode":"abc"}`, `{"statusCode":null}`, `{"statusCode":99}`,
			`{"multiValueHeaders":{"a":"b"}}`, `{"headers":{"a":["b"]}}`, `{"headers":{"a b":"c"}}`, `{"headers":{"a":"b\r\nc: d"}}`, `{"body":{}}`, `{"isBase64Encoded":"true"}`, `{} {}`} {
			f.functions.answers(payload)
			f.get("/f").refused(t, 502, "InternalServerErrorException", internal)
		}
	})
	t.Run("case 43: answers that are let through", func(t *testing.T) {
		for payload, want := range map[string]struct {
			status int
			body   string
		}{
			`{}`:                      {200, ""},
			`{"headers":{"X-A":"b"}}`: {200, ""},
			`{"statusCode":"201"}`:    {201, ""},
			`{"statusCode":404,"body":"no","headers":null,"multiValueHeaders":null,"isBase64Encoded":false}`: {404, "no"},
			`{"body":null}`: {200, ""},
		} {
			f.functions.answers(payload)
			if r := f.get("/f"); r.status != want.status || r.body != want.body || r.header.Get("Content-Type") != "application/json" || r.header.Get("x-amzn-RequestId") == "" {
				t.Errorf("%s answered %d %q with %v, want %d %q", payload, r.status, r.body, r.header, want.status, want.body)
			}
		}
	})
	t.Run("headers: single, multiple, remapped and dropped", func(t *testing.T) {
		f.functions.answers(`{"statusCode":200,"headers":{"content-type":"text/html","Date":"yesterday","X-One":"1","X-Flag":true,"Transfer-Encoding":"chunked","WWW-Authenticate":"Basic"},"multiValueHeaders":{"Set-Cookie":["a=1","b=2"],"X-One":["1","2"]},"body":"<p>"}`)
		r := f.get("/f")
		want := http.Header{"Content-Type": {"text/html"}, "X-Amzn-Remapped-Date": {"yesterday"}, "X-Amzn-Remapped-Www-Authenticate": {"Basic"}, "X-Flag": {"true"}, "Set-Cookie": {"a=1", "b=2"}, "X-One": {"1", "2"}}
		for name, values := range want {
			if got := fmt.Sprint(r.header[name]); got != fmt.Sprint(values) {
				t.Errorf("%s is %s, want %s", name, got, values)
			}
		}
		if r.header.Get("Www-Authenticate") != "" || len(r.header["Date"]) != 1 || r.header.Get("Date") == "yesterday" || r.header.Get("X-Amzn-Trace-Id") == "" {
			t.Errorf("the headers are %v", r.header)
		}
	})
	t.Run("case 44: the function fails", func(t *testing.T) {
		f.functions.answer = func(context.Context, lambda.Invocation) (lambda.Result, error) {
			return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"statusCode":200,"body":"no"}`)}, nil
		}
		f.get("/f").refused(t, 502, "InternalServerErrorException", internal)
	})
	t.Run("case 44: invoke permission missing", func(t *testing.T) {
		f.functions.answer = func(_ context.Context, in lambda.Invocation) (lambda.Result, error) {
			if in.Principal != "apigateway.amazonaws.com" || in.SourceARN != "arn:aws:execute-api:us-west-2:000000000000:"+apiID+"/v1/GET/users/*/*" {
				return lambda.Result{}, fmt.Errorf("asked for %s by %s", in.SourceARN, in.Principal)
			}
			return lambda.Result{}, fmt.Errorf("invoking: %w", lambda.ErrNotPermitted)
		}
		f.get("/users/1/a/b").refused(t, 500, "InternalServerErrorException", internal)
		if _, reason := f.reason(); !strings.Contains(reason, lambda.ErrNotPermitted.Error()) {
			t.Errorf("the record says %q", reason)
		}
	})
	t.Run("open: Lambda throttles, or finds the event too large", func(t *testing.T) {
		for status, want := range map[int]reply{429: {status: 500, body: internal}, 413: {status: 413, body: `{"message":"Request Too Long"}`}} {
			f.functions.answer = func(context.Context, lambda.Invocation) (lambda.Result, error) {
				return lambda.Result{}, &lambda.Error{Status: status, Code: "X"}
			}
			if r := f.get("/f"); r.status != want.status || r.body != want.body {
				t.Errorf("%d answered %d %s, want %d %s", status, r.status, r.body, want.status, want.body)
			}
		}
	})
	t.Run("a fault of the Lambda room tells the client nothing", func(t *testing.T) {
		f.functions.answer = func(context.Context, lambda.Invocation) (lambda.Result, error) { return lambda.Result{}, errBoom }
		f.get("/f").refused(t, 500, "InternalServerErrorException", internal)
	})
	t.Run("case 45: the time is over", func(t *testing.T) {
		f.functions.answer = func(ctx context.Context, _ lambda.Invocation) (lambda.Result, error) {
			<-ctx.Done()
			return lambda.Result{}, ctx.Err()
		}
		f.get("/slow").refused(t, 504, "InternalServerErrorException", `{"message":"Endpoint request timed out"}`)
	})
	t.Run("without a declared timeout it is 29 seconds", func(t *testing.T) {
		var left time.Duration
		f.functions.answer = func(ctx context.Context, _ lambda.Invocation) (lambda.Result, error) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return lambda.Result{Payload: []byte(`{}`)}, nil
		}
		if f.get("/f"); left < 25*time.Second || left > 29*time.Second {
			t.Errorf("the function has %v, want 29 s", left)
		}
	})
}

func TestAnswersTable(t *testing.T) {
	names := map[string]bool{}
	for _, a := range Answers() {
		if a.Name == "" || names[a.Name] || a.Doc == "" || a.Status < 400 || (a.Key != "message" && a.Key != "Message") {
			t.Errorf("the answer %+v is not complete, or there twice", a)
		}
		names[a.Name] = true
		if (a.Key == "Message") != (a.Type == openapi.TypeAccessDenied) {
			t.Errorf("%s has the key %s: Message is for access denied alone", a.Name, a.Key)
		}
	}
	if a, _, ok := signatureAnswer(errors.New("else")); ok {
		t.Errorf("an error that is no signature's has the answer %v", a)
	}
}

func TestRefusalsAreRecordedWithTheirService(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a")})})
	f.get("/nothing?secret=1")
	f.mu.Lock()
	defer f.mu.Unlock()
	var texts []string
	for _, a := range f.records[0].Attrs() {
		texts = append(texts, a.Key+"="+a.Value.String())
	}
	text := strings.Join(texts, " ")
	if !strings.Contains(text, "service=execute-api GET /nothing ") || !strings.Contains(text, "decision=deny") || strings.Contains(text, "secret") {
		t.Errorf("the record says %s", text)
	}
}
