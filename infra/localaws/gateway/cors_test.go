package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/openapi/preflight"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
	"auth-api/infra/localaws/wire"
)

const page = "https://app.example.com"

// kinds asks for every error that the gateway gives, by the answer's name. Each
// returns the request, for a fixture that is deployed with kindsAPI.
var kinds = map[string]func(f *fixture) *http.Request{
	answerMissingToken.Name: func(f *fixture) *http.Request { return f.request("GET", "/nothing", "") },
	answerIncomplete.Name: func(f *fixture) *http.Request {
		r := f.request("GET", "/signed", "")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a")
		return r
	},
	answerInvalidSignature.Name: func(f *fixture) *http.Request {
		r := f.sign(f.request("GET", "/signed", ""), "", f.role("user", allowing("Allow", "GET/signed"), signedIn))
		r.URL.RawQuery = "changed=1"
		return r
	},
	answerUnrecognizedClient.Name: func(f *fixture) *http.Request {
		return f.sign(f.request("GET", "/signed", ""), "", aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"})
	},
	answerExpiredCredentials.Name: func(f *fixture) *http.Request {
		c := f.role("user", allowing("Allow", "GET/signed"), signedIn)
		f.clock.Advance(2 * time.Hour)
		return f.sign(f.request("GET", "/signed", ""), "", c)
	},
	answerAccessDenied.Name: func(f *fixture) *http.Request {
		return f.sign(f.request("GET", "/signed", ""), "", f.role("user", allowing("Allow", "GET/else"), signedIn))
	},
	answerUnauthorized.Name: func(f *fixture) *http.Request { return f.request("GET", "/user", "") },
	answerTokenExpired.Name: func(f *fixture) *http.Request {
		f.tokens["old"] = &jwt.ExpiredError{Expired: f.clock.Now().Add(-time.Hour), Now: f.clock.Now()}
		return bearing(f.request("GET", "/user", ""), "old")
	},
	answerNoScope.Name: func(f *fixture) *http.Request {
		f.tokens["poor"] = jwt.Claims{Subject: "sub-1", TokenUse: "access", Scopes: []string{"openid"}, All: map[string]any{"sub": "sub-1"}}
		return bearing(f.request("GET", "/scoped", ""), "poor")
	},
	answerAuthorizer.Name: func(f *fixture) *http.Request {
		f.functions.answers(`"neither a policy nor Unauthorized"`)
		return bearing(f.request("GET", "/custom", ""), "token-1")
	},
	answerInvalidKey.Name: func(f *fixture) *http.Request { return f.request("GET", "/keyed", "") },
	answerThrottled.Name: func(f *fixture) *http.Request {
		f.plan("plan01", UsagePlan{ThrottleSettings: &ThrottleSettings{RateLimit: 1, BurstLimit: 1}}, "one")
		f.get("/keyed", "X-Api-Key", keyValue("one"))
		return keyed(f.request("GET", "/keyed", ""), "one")
	},
	answerQuota.Name: func(f *fixture) *http.Request {
		f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 1, Period: "DAY"}}, "one")
		f.get("/keyed", "X-Api-Key", keyValue("one"))
		return keyed(f.request("GET", "/keyed", ""), "one")
	},
	answerParameters.Name: func(f *fixture) *http.Request { return f.request("POST", "/checked", `{"name":"a"}`) },
	answerBody.Name:       func(f *fixture) *http.Request { return f.request("POST", "/checked?q=1", `{"name":1}`) },
	answerMediaType.Name: func(f *fixture) *http.Request {
		r := f.request("POST", "/mock", "<x/>")
		r.Header.Set("Content-Type", "application/xml")
		return r
	},
	answerUnreadable.Name: func(f *fixture) *http.Request { return carrying(f.request("POST", "/open", "x"), io.ErrUnexpectedEOF) },
	answerBusy.Name:       func(f *fixture) *http.Request { return carrying(f.request("POST", "/open", "x"), wire.ErrBusy) },
	answerTooLarge.Name: func(f *fixture) *http.Request {
		return f.request("POST", "/open", strings.Repeat("x", maxBody+1))
	},
	answerMalformed.Name: func(f *fixture) *http.Request {
		f.functions.answers(`"text"`)
		return f.request("POST", "/open", "")
	},
	answerNoPermission.Name:  failing(fmt.Errorf("invoking: %w", lambda.ErrNotPermitted)),
	answerNotInvoked.Name:    failing(&lambda.Error{Status: 429, Code: "TooManyRequestsException"}),
	answerEventTooLarge.Name: failing(&lambda.Error{Status: 413, Code: "RequestEntityTooLargeException"}),
	answerTimeout.Name: func(f *fixture) *http.Request {
		f.functions.answer = func(ctx context.Context, _ lambda.Invocation) (lambda.Result, error) {
			<-ctx.Done()
			return lambda.Result{}, ctx.Err()
		}
		return f.request("GET", "/slow", "")
	},
	answerInternal.Name: func(f *fixture) *http.Request {
		f.tokens["broken"] = errBoom
		return bearing(f.request("GET", "/user", ""), "broken")
	},
}

// Errors that have no API whose gateway responses could apply, or that none can provoke.
var withoutAnAPI = []string{answerUnknownStage.Name, answerOtherSignature.Name}

func bearing(r *http.Request, token string) *http.Request {
	r.Header.Set("Authorization", token)
	return r
}

func keyed(r *http.Request, id string) *http.Request {
	r.Header.Set("X-Api-Key", keyValue(id))
	return r
}

func failing(err error) func(*fixture) *http.Request {
	return func(f *fixture) *http.Request {
		f.functions.answer = func(context.Context, lambda.Invocation) (lambda.Result, error) { return lambda.Result{}, err }
		return f.request("POST", "/open", "")
	}
}

// broken is a body that fails while it is read, as the local AWS's own front and broken
// connections make it: what does so cannot be sent by a client that waits for an answer.
type broken struct{ error }

func (b broken) Read([]byte) (int, error) { return 0, b.error }

func carrying(r *http.Request, err error) *http.Request {
	r.Body = io.NopCloser(broken{err})
	return r
}

// ask sends the request from a page, over TCP unless its body is a broken one.
func (f *fixture) ask(r *http.Request, origin string) reply {
	f.t.Helper()
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if body, ok := r.Body.(interface{ Read([]byte) (int, error) }); ok {
		if _, err := body.Read(nil); err != nil && err != io.EOF {
			w := httptest.NewRecorder()
			r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
			f.server.Config.Handler.ServeHTTP(w, r)
			return reply{w.Code, w.Result().Header, w.Body.String()}
		}
	}
	return f.do(r)
}

// kindsAPI is an API that can refuse for every reason, with these gateway responses.
func kindsAPI(responses map[string]any) RestAPI {
	scoped := doctest.Operation("scoped")
	scoped["security"] = []any{map[string]any{"users": []any{"email"}}}
	slow := doctest.Operation("slow")
	slow["x-amazon-apigateway-integration"].(map[string]any)["timeoutInMillis"] = 50
	return RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /signed": doctest.Operation("f", "sigv4"), "GET /user": doctest.Operation("f", "users"), "GET /scoped": scoped, "GET /custom": doctest.Operation("f", "token"),
		"GET /keyed": doctest.Operation("f", "api_key"), "POST /open": doctest.Operation("f"), "GET /slow": slow, "GET /items/{id}": doctest.Operation("f", "sigv4"),
		"POST /checked": doctest.With(doctest.Operation("f"), map[string]any{
			"parameters":  []any{map[string]any{"name": "q", "in": "query", "required": true}},
			"requestBody": map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}}}},
		}),
		"POST /mock": {
			"responses": map[string]any{"200": map[string]any{"description": ""}},
			"x-amazon-apigateway-integration": map[string]any{"type": "mock", "passthroughBehavior": "never", "requestTemplates": map[string]any{"application/json": `{"statusCode":200}`},
				"responses": map[string]any{"default": map[string]any{"statusCode": "200"}}},
		},
	}, doctest.LambdaAuthorizers, func(d doctest.Document) {
		d["x-amazon-apigateway-request-validators"] = map[string]any{"all": map[string]any{"validateRequestBody": true, "validateRequestParameters": true}}
		d["x-amazon-apigateway-request-validator"] = "all"
		d["x-amazon-apigateway-gateway-responses"] = responses
	})}
}

func headers(h map[string]any) map[string]any {
	parameters := map[string]any{}
	for name, value := range h {
		parameters["gatewayresponse.header."+name] = value
	}
	return map[string]any{"responseParameters": parameters}
}

// Every error can be read by the page that provoked it: DEFAULT_4XX and DEFAULT_5XX apply
// to each, and so does its own type's gateway response, alone.
func TestEveryErrorCarriesTheGatewayResponsesHeaders(t *testing.T) {
	for _, a := range Answers() {
		provoke, ok := kinds[a.Name]
		if !ok {
			if !slices.Contains(withoutAnAPI, a.Name) {
				t.Errorf("nothing provokes: %s", a.Name)
			}
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			origin := headers(map[string]any{"Access-Control-Allow-Origin": "method.request.header.Origin", "Vary": "'Origin'"})
			f := newFixture(t)
			f.deploy(kindsAPI(map[string]any{"DEFAULT_4XX": origin, "DEFAULT_5XX": origin}))
			r := f.ask(provoke(f), page)
			if r.status != a.Status || r.header.Get("x-amzn-ErrorType") != a.Code {
				t.Fatalf("answered %d %s %s, want %d %s", r.status, r.header.Get("x-amzn-ErrorType"), r.body, a.Status, a.Code)
			}
			if got := r.header["Access-Control-Allow-Origin"]; !slices.Equal(got, []string{page}) || r.header.Get("Vary") != "Origin" {
				t.Errorf("with the defaults the origin is %v, want the page's: %v", got, r.header)
			}

			own := map[string]any{"DEFAULT_4XX": headers(map[string]any{"X-Default": "'4'"}), "DEFAULT_5XX": headers(map[string]any{"X-Default": "'5'"})}
			own[string(a.Type)] = headers(map[string]any{"Access-Control-Allow-Origin": "'" + page + "'", "X-Type": "context.error.responseType"})
			f = newFixture(t)
			f.deploy(kindsAPI(own))
			r = f.ask(provoke(f), "")
			if r.header.Get("Access-Control-Allow-Origin") != page || r.header.Get("X-Type") != string(a.Type) || r.header.Get("X-Default") != "" {
				t.Errorf("with %s of its own the headers are %v", a.Type, r.header)
			}
		})
	}
}

func TestGatewayResponseHeadersFromTheRequest(t *testing.T) {
	f := newFixture(t)
	f.deploy(kindsAPI(map[string]any{"DEFAULT_4XX": headers(map[string]any{
		"X-Origin": "method.request.header.Origin", "X-Query": "method.request.querystring.q", "X-Path": "method.request.path.id", "X-Stage": "context.stage", "X-Static": "'it''s'",
	})}))
	r := f.get("/items/7?q=a%20b", "Origin", page)
	for name, want := range map[string]string{"X-Origin": page, "X-Query": "a b", "X-Path": "7", "X-Stage": "v1", "X-Static": "it''s"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	r = f.get("/items/a%0d%0aSet-Cookie:x?q=a%0d%0aSet-Cookie:%20x=1")
	for _, name := range []string{"X-Origin", "X-Query", "Set-Cookie"} {
		if got, there := r.header[name]; there {
			t.Errorf("%s is %q, want none: the request has nothing that it could be", name, got)
		}
	}
	for value, want := range map[string]string{
		"method.request.body": "supported are 'static' in single quotes, method.request.header.NAME,", "context.authorizer.sub": "context.requestId", "stageVariables.x": "supported are",
		"https://app.example.com": "supported are 'static'",
	} {
		err := CheckRestAPI(kindsAPI(map[string]any{"DEFAULT_4XX": headers(map[string]any{"A": value})}))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
}

// preflightOf is an OPTIONS method that answers these origins, with the template of the
// documentation of package preflight.
func preflightOf(origins ...string) map[string]any {
	part := func(variable, header string) string {
		var tests []string
		for _, o := range origins {
			tests = append(tests, variable+` == "`+o+`"`)
		}
		return "#set(" + variable + ` = $input.params().header.get("` + header + "\"))\n#if(" + strings.Join(tests, " || ") + ")\n#set($context.responseOverride.header." + preflight.Header + " = " + variable + ")\n#end\n"
	}
	static := map[string]any{"method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'", "method.response.header.Access-Control-Allow-Headers": "'Authorization'", "method.response.header.Vary": "'Origin'"}
	declared := map[string]any{preflight.Header: map[string]any{"schema": map[string]any{"type": "string"}}}
	for name := range static {
		declared[strings.TrimPrefix(name, "method.response.header.")] = map[string]any{"schema": map[string]any{"type": "string"}}
	}
	return map[string]any{
		"responses": map[string]any{"204": map[string]any{"description": "", "headers": declared}},
		"x-amazon-apigateway-integration": map[string]any{"type": "mock", "requestTemplates": map[string]any{"application/json": `{"statusCode":204}`},
			"responses": map[string]any{"default": map[string]any{"statusCode": "204", "responseParameters": static, "responseTemplates": map[string]any{"application/json": part("$origin", "Origin") + part("$lower", "origin")}}}},
	}
}

func TestPreflightsOfSeveralOrigins(t *testing.T) {
	f := newFixture(t)
	const local = "http://localhost:5173"
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "sigv4", "api_key"), "OPTIONS /a": preflightOf(page, local)})})
	for _, c := range []struct {
		sent []string
		want string
	}{
		{[]string{"Origin: " + page}, page},
		{[]string{"origin: " + local}, local},
		{[]string{"ORIGIN: " + local}, local},
		{[]string{"Origin: https://evil.example"}, ""},
		{[]string{"Origin: " + page + ".evil.example"}, ""},
		{[]string{"Origin: " + strings.ToUpper(page)}, ""},
		{[]string{"Origin: null"}, ""},
		{[]string{"Origin: "}, ""},
		{[]string{"Origin: " + page, "Origin: https://evil.example"}, ""},
		{[]string{"Referer: " + page}, ""},
	} {
		r := f.raw("OPTIONS", "/a", append(c.sent, "Access-Control-Request-Method: GET")...)
		if r.status != 204 || r.body != "" || r.header.Get(preflight.Header) != c.want || len(r.header[preflight.Header]) > 1 {
			t.Errorf("%v: answered %d %q with the origin %q, want %q", c.sent, r.status, r.body, r.header[preflight.Header], c.want)
		}
		if r.header.Get("Access-Control-Allow-Methods") != "GET,OPTIONS" || r.header.Get("Vary") != "Origin" {
			t.Errorf("%v: the headers are %v", c.sent, r.header)
		}
	}
	if n := f.functions.count(); n != 0 {
		t.Errorf("a function was called %d times", n)
	}
}

// raw sends headers in the letters that they are given in, which Go's client changes.
func (f *fixture) raw(method, path string, lines ...string) reply {
	f.t.Helper()
	conn, err := net.Dial("tcp", f.server.Listener.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s /execute-api/%s/v1%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n\r\n", method, apiID, path, strings.Join(lines, "\r\n")); err != nil {
		f.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
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

func TestTemplatesThatAreNoPreflightAreRefused(t *testing.T) {
	change := func(f func(operation map[string]any)) string {
		op := preflightOf(page)
		f(op)
		return doctest.OpenAPI(map[string]map[string]any{"OPTIONS /a": op})
	}
	answer := func(op map[string]any) map[string]any {
		return op["x-amazon-apigateway-integration"].(map[string]any)["responses"].(map[string]any)["default"].(map[string]any)
	}
	for name, c := range map[string]struct{ body, want string }{
		"a variable": {change(func(op map[string]any) {
			answer(op)["responseTemplates"] = map[string]any{"application/json": `{"id":"$context.requestId"}`}
		}), "of which the one for preflights alone is supported"},
		"a directive more": {change(func(op map[string]any) {
			templates := answer(op)["responseTemplates"].(map[string]any)
			templates["application/json"] = templates["application/json"].(string) + "#set($a = 1)"
		}), `at "#set($a = 1)" it must have nothing more`},
		"a header that the method does not declare": {change(func(op map[string]any) {
			delete(op["responses"].(map[string]any)["204"].(map[string]any)["headers"].(map[string]any), preflight.Header)
		}), "sets the header Access-Control-Allow-Origin, which is not among those of the method's response 204"},
	} {
		if _, err := openapi.Read(c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A disabled endpoint is as if there were no API, whatever the API says of errors.
func TestADisabledEndpointSaysNothing(t *testing.T) {
	f := newFixture(t)
	api := kindsAPI(map[string]any{"DEFAULT_4XX": headers(map[string]any{"Access-Control-Allow-Origin": "'" + page + "'"})})
	api.DisableExecuteAPIEndpoint = true
	f.deploy(api)
	user := f.role("user", allowing("Allow", "*"), signedIn)
	for name, r := range map[string]*http.Request{
		"open": f.request("POST", "/open", "x"), "signed": f.sign(f.request("GET", "/signed", ""), "", user), "unknown": f.request("GET", "/nothing", ""), "preflight": f.request("OPTIONS", "/open", ""),
	} {
		r := f.ask(r, page)
		r.refused(t, 403, "ForbiddenException", forbidden)
		if got := r.header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: the origin is %q, want none", name, got)
		}
	}
	if f.functions.count() != 0 {
		t.Error("a function was called")
	}
	f.update(func(tx *store.Tx) error {
		if err := Deployments.Put(tx, "dep002", Deployment{RestAPI: apiID}); err != nil {
			return err
		}
		api.Name, api.DisableExecuteAPIEndpoint = "test", false
		if err := RestAPIs.Put(tx, apiID, api); err != nil {
			return err
		}
		if err := f.gateway.DeploymentDeclared(tx, "dep002", Deployment{RestAPI: apiID}); err != nil {
			return err
		}
		return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "dep002"})
	})
	if r := f.do(f.request("POST", "/open", "x")); r.status != 200 {
		t.Errorf("enabled again it answers %d %s", r.status, r.body)
	}
}
