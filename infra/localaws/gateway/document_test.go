package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// The document as infra/api writes it, in every shape.
func program() string {
	users := operation("users", "users")
	users["security"] = []any{map[string]any{"users": []any{"email"}}, map[string]any{"api_key": []any{}}}
	signed := operation("require-auth", "sigv4", "api_key")
	signed["x-amazon-apigateway-auth"] = map[string]any{"type": "AWS_IAM"}
	byID := operation("by-id")
	byID["parameters"] = []any{map[string]any{"name": "id", "in": "path", "required": true, "schema": map[string]any{"type": "string"}}}
	return openAPI(map[string]map[string]any{
		"GET /": operation("web"), "GET /no-auth": operation("no-auth", "api_key"), "GET /require-auth": signed, "GET /users": users,
		"ANY /users/{id}": byID, "GET /files/{path+}": operation("files"),
	}, func(d doc) {
		d["x-amazon-apigateway-request-validators"] = map[string]any{"all": map[string]any{"validateRequestBody": true, "validateRequestParameters": true}}
		d["x-amazon-apigateway-request-validator"] = "all"
	})
}

func TestCheckBodyTakesWhatTheProgramEmits(t *testing.T) {
	if err := CheckBody(program()); err != nil {
		t.Fatal(err)
	}
}

func TestCheckBodyRefusesByNameAndPlace(t *testing.T) {
	integration := func(change func(in map[string]any)) string {
		op := operation("x")
		change(op["x-amazon-apigateway-integration"].(map[string]any))
		return openAPI(map[string]map[string]any{"GET /x": op})
	}
	op := func(more map[string]any, changes ...func(doc)) string {
		return openAPI(map[string]map[string]any{"GET /x": with(operation("x"), more)}, changes...)
	}
	root := func(key string, v any) string { return op(nil, func(d doc) { d[key] = v }) }
	paths := func(list ...string) string {
		m := map[string]map[string]any{}
		for _, p := range list {
			m["GET "+p] = operation("x")
		}
		return openAPI(m)
	}
	scheme := func(v map[string]any) string {
		return op(nil, func(d doc) { d["components"].(map[string]any)["securitySchemes"].(map[string]any)["mine"] = v })
	}
	for name, c := range map[string]struct{ body, want string }{
		"no JSON":                 {"openapi: 3.0.1", "it is not JSON"},
		"more than one value":     {"{} {}", "something after its closing brace"},
		"no object":               {"[]", "must be a JSON object"},
		"too deep":                {strings.Repeat("[", 100), "nested more than 64 deep"},
		"a key twice":             {`{"openapi":"3.0.1","openapi":"3.0.2"}`, "openapi: is given twice"},
		"swagger":                 {root("swagger", "2.0"), "swagger: is not supported here"},
		"version":                 {root("openapi", "3.1.0"), `openapi: is "3.1.0"`},
		"paths":                   {`{"openapi":"3.0.1","info":{"title":"x"}}`, "paths: is required"},
		"unknown extension":       {op(map[string]any{"x-amazon-apigateway-docs": 1}), "paths./x.get.x-amazon-apigateway-docs: is not supported here"},
		"unknown in integration":  {integration(func(in map[string]any) { in["cacheKeyParameters"] = []any{} }), "paths./x.get.x-amazon-apigateway-integration.cacheKeyParameters: is not supported here"},
		"integration type":        {integration(func(in map[string]any) { in["type"] = "http" }), `x-amazon-apigateway-integration.type: is "http", supported are aws_proxy, mock`},
		"integration uri":         {integration(func(in map[string]any) { in["uri"] = "arn:aws:lambda:x" }), "x-amazon-apigateway-integration.uri: is"},
		"integration method":      {integration(func(in map[string]any) { in["httpMethod"] = "GET" }), `httpMethod: is "GET", supported are POST`},
		"timeout":                 {integration(func(in map[string]any) { in["timeoutInMillis"] = 30000 }), "timeoutInMillis: must be a whole number from 50 to 29000"},
		"no integration":          {openAPI(map[string]map[string]any{"GET /x": {"responses": map[string]any{}}}), "paths./x.get.x-amazon-apigateway-integration: is required"},
		"unknown scheme":          {op(map[string]any{"security": []any{map[string]any{"nobody": []any{}}}}), "paths./x.get.security[0].nobody: names a security scheme"},
		"two authorizations":      {op(map[string]any{"security": []any{map[string]any{"users": []any{}}, map[string]any{"sigv4": []any{}}}}), "paths./x.get.security: names both"},
		"auth against security":   {op(map[string]any{"security": []any{map[string]any{"users": []any{}}}, "x-amazon-apigateway-auth": map[string]any{"type": "AWS_IAM"}}), "paths./x.get.x-amazon-apigateway-auth: says AWS_IAM"},
		"scopes of sigv4":         {op(map[string]any{"security": []any{map[string]any{"sigv4": []any{"a"}}}}), "has scopes"},
		"oauth2":                  {scheme(map[string]any{"type": "oauth2"}), "components.securitySchemes.mine.type"},
		"bearer":                  {scheme(map[string]any{"type": "apiKey", "name": "Authorization", "in": "header"}), "components.securitySchemes.mine: is no security scheme of API Gateway"},
		"lambda authorizer":       {scheme(map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": map[string]any{"type": "token", "authorizerCredentials": "arn:x"}}), "mine.x-amazon-apigateway-authorizer.authorizerCredentials: is not supported here"},
		"provider ARN":            {scheme(map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": map[string]any{"type": "cognito_user_pools", "providerARNs": []any{"x"}}}), "providerARNs[0]: is \"x\""},
		"unknown validator":       {op(map[string]any{"x-amazon-apigateway-request-validator": "none"}), `names the request validator "none"`},
		"key source":              {root("x-amazon-apigateway-api-key-source", "COOKIE"), `x-amazon-apigateway-api-key-source: is "COOKIE"`},
		"gateway response type":   {root("x-amazon-apigateway-gateway-responses", map[string]any{"DEFAULT": map[string]any{}}), "x-amazon-apigateway-gateway-responses.DEFAULT: is no gateway response type"},
		"gateway response header": {root("x-amazon-apigateway-gateway-responses", map[string]any{"DEFAULT_4XX": map[string]any{"responseParameters": map[string]any{"gatewayresponse.header.A": "context.x"}}}), "supported are 'static'"},
		"gateway response value":  {root("x-amazon-apigateway-gateway-responses", map[string]any{"DEFAULT_4XX": map[string]any{"responseTemplates": map[string]any{"application/json": "$context.authorizer.x"}}}), "uses $context.authorizer.x"},
		"policy":                  {root("x-amazon-apigateway-policy", map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Perhaps"}}}), "x-amazon-apigateway-policy: "},
		"servers":                 {root("servers", []any{map[string]any{"url": "https://x"}}), "servers: is not supported here"},
		"path without slash":      {paths("x"), "paths.x: a path must begin with /"},
		"path part":               {paths("/a b"), `the path part "a b" may hold`},
		"trailing slash":          {paths("/a/"), `the path part "" may hold`},
		"greedy in the middle":    {paths("/{a+}/b"), "must be the last part"},
		"sibling variables":       {paths("/{a}/b", "/{c}/d"), "a sibling ({a}) of {c} already has a variable path part"},
		"sibling greedy":          {paths("/u/{a}", "/u/{proxy+}"), "already has a variable path part"},
		"variable twice":          {paths("/{a}/{a}"), "is there twice"},
		"path parameter":          {op(map[string]any{"parameters": []any{map[string]any{"name": "id", "in": "path", "required": true}}}), `is the path parameter "id", which /x does not have`},
		"cookie parameter":        {op(map[string]any{"parameters": []any{map[string]any{"name": "id", "in": "cookie"}}}), `in: is "cookie"`},
		"model":                   {op(map[string]any{"requestBody": map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"type": "thing"}}}}}), "is no JSON schema"},
		"model elsewhere":         {op(map[string]any{"requestBody": map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "http://example.com/x"}}}}}), "schema.$ref: is"},
		"method":                  {openAPI(map[string]map[string]any{"TRACE /x": operation("x")}), "paths./x.trace: is not supported here"},
		"compression":             {root("x-amazon-apigateway-minimum-compression-size", -5), "must be a whole number from 0 to 10485760"},
		"mock template": {integration(func(in map[string]any) {
			clear(in)
			in["type"] = "mock"
			in["requestTemplates"] = map[string]any{"application/json": "#set($x=1)"}
		}), "the only template supported"},
		"mock header not declared": {integration(func(in map[string]any) {
			clear(in)
			in["type"] = "mock"
			in["requestTemplates"] = map[string]any{"application/json": `{"statusCode":200}`}
			in["responses"] = map[string]any{"default": map[string]any{"statusCode": "200", "responseParameters": map[string]any{"method.response.header.A": "'b'"}}}
		}), "the header is not among those of the method's response 200"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckBody(c.body)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestCheckBodyTellsAllAtOnce(t *testing.T) {
	err := CheckBody(openAPI(map[string]map[string]any{"GET /x": with(operation("x"), map[string]any{"one": 1, "two": 2})}))
	if err == nil || !strings.Contains(err.Error(), "get.one") || !strings.Contains(err.Error(), "get.two") {
		t.Errorf("the error is %v, want both", err)
	}
}

func TestWarnings(t *testing.T) {
	body := openAPI(map[string]map[string]any{"POST /admin": operation("admin", "sigv4"), "ANY /{proxy+}": operation("open"), "GET /safe": operation("safe", "users")})
	list := strings.Join(Warnings(body), "\n")
	if !strings.Contains(list, "POST /admin needs AWS_IAM, but GET /admin is answered without authorization by ANY /{proxy+}") {
		t.Errorf("the warnings are %q", list)
	}
	if strings.Contains(list, "but GET /safe") || strings.Contains(list, "but POST /admin is") {
		t.Errorf("the warnings tell of protected methods: %q", list)
	}
	if w := Warnings(program()); len(w) > 0 {
		t.Errorf("warnings without a cause: %v", w)
	}
}

func TestCheckRestAPIAndUsagePlan(t *testing.T) {
	for want, api := range map[string]RestAPI{
		"policy: ":               {Policy: `{"Statement":1}`},
		"apiKeySource":           {APIKeySource: "COOKIE"},
		"putRestApiMode":         {PutRestAPIMode: "merge"},
		"endpointConfiguration":  {EndpointConfiguration: &EndpointConfiguration{Types: "EDGE"}},
		"minimumCompressionSize": {MinimumCompressionSize: "small"},
	} {
		api.Body = program()
		if err := CheckRestAPI(api); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	for want, p := range map[string]UsagePlan{
		"period": {QuotaSettings: &QuotaSettings{Limit: 1, Period: "HOUR"}},
		"limit":  {QuotaSettings: &QuotaSettings{Period: "DAY"}},
		"offset": {QuotaSettings: &QuotaSettings{Limit: 1, Offset: 7, Period: "WEEK"}},
		"burst":  {ThrottleSettings: &ThrottleSettings{BurstLimit: -1}},
	} {
		if err := CheckUsagePlan(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	if err := CheckUsagePlan(UsagePlan{QuotaSettings: &QuotaSettings{Limit: 1, Offset: 27, Period: "MONTH"}}); err != nil {
		t.Error(err)
	}
}

// The rooms' services are what the gateway asks for.
var (
	_ Authorizer    = (*iam.Service)(nil)
	_ TokenVerifier = (*userpool.Service)(nil)
	_ Invoker       = (*lambda.Service)(nil)
)

func TestChecks(t *testing.T) {
	for want, err := range map[string]error{
		"stageName":      CheckStage(Stage{StageName: "a b"}),
		"methodPath":     CheckMethodSettings(MethodSettings{MethodPath: "GET"}),
		"cachingEnabled": CheckMethodSettings(MethodSettings{MethodPath: "*/*", Settings: MethodSettingsDetails{CachingEnabled: true}}),
		"loggingLevel":   CheckMethodSettings(MethodSettings{MethodPath: "*/*", Settings: MethodSettingsDetails{LoggingLevel: "ALL"}}),
		"has 5 char":     CheckAPIKey(APIKey{Name: "k", Value: "short"}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("the error is %v, want one about %s", err, want)
		}
	}
	for _, err := range []error{
		CheckStage(Stage{StageName: "v1-b_c"}), CheckMethodSettings(MethodSettings{MethodPath: "users/{id}/GET", Settings: MethodSettingsDetails{LoggingLevel: "INFO"}}),
		CheckAPIKey(APIKey{Value: keyValue("x")}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAKeyHasOnePlanForAStage(t *testing.T) {
	f := newFixture(t)
	f.plan("plan01", UsagePlan{}, "one")
	f.plan("plan02", UsagePlan{})
	f.plan("plan03", UsagePlan{APIStages: []APIStage{{APIID: apiID, Stage: "v2"}}})
	for want, k := range map[string]UsagePlanKey{
		"is in the usage plan plan01 for the stage": {KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan02"},
		"there is no such API key":                  {KeyID: "two", KeyType: "API_KEY", UsagePlanID: "plan02"},
		"there is no such usage plan":               {KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan09"},
		"keyType":                                   {KeyID: "one", KeyType: "KEY", UsagePlanID: "plan02"},
	} {
		err := f.store.View(func(tx *store.Tx) error { return f.gateway.UsagePlanKeyDeclared(tx, "one", k) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	if err := f.store.View(func(tx *store.Tx) error {
		return f.gateway.UsagePlanKeyDeclared(tx, "one", UsagePlanKey{KeyID: "one", KeyType: "API_KEY", UsagePlanID: "plan03"})
	}); err != nil {
		t.Errorf("another stage's plan: %v", err)
	}
}

func TestRouter(t *testing.T) {
	methods := func(list ...string) *router {
		var ms []*method
		for _, m := range list {
			verb, path, _ := strings.Cut(m, " ")
			ms = append(ms, &method{verb: verb, resource: path})
		}
		return newRouter(ms)
	}
	r := methods("GET /", "GET /a", "ANY /a/{id}", "GET /a/b", "GET /a/b/{rest+}", "POST /{proxy+}", "PUT /a/{id}/c")
	for request, want := range map[string]string{
		"GET /":         "GET /",
		"POST /":        "",
		"GET /a":        "GET /a",
		"POST /a":       "POST /{proxy+} proxy=a",
		"GET /a/b":      "GET /a/b",
		"DELETE /a/b":   "ANY /a/{id} id=b",
		"GET /a/x":      "ANY /a/{id} id=x",
		"GET /a/b/c/d":  "GET /a/b/{rest+} rest=c/d",
		"PUT /a/b/c":    "PUT /a/{id}/c id=b",
		"GET /a/b/":     "",
		"GET /a/b/c/":   "GET /a/b/{rest+} rest=c",
		"POST /x//y":    "POST /{proxy+} proxy=x//y",
		"GET /a/":       "",
		"TRACE /a/x":    "",
		"GET /a/%2F":    "ANY /a/{id} id=%2F",
		"GET /a/b/../c": "GET /a/b/{rest+} rest=../c",
	} {
		verb, path, _ := strings.Cut(request, " ")
		m, params := r.match(verb, path)
		got := ""
		if m != nil {
			got = m.verb + " " + m.resource
			for k, v := range params {
				got += " " + k + "=" + v
			}
		}
		if got != want {
			t.Errorf("%s is routed to %q, want %q", request, got, want)
		}
	}
}

func TestDeployments(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: openAPI(map[string]map[string]any{"GET /old": operation("old")})})
	if r := f.get("/old"); r.status != 200 {
		t.Fatalf("answered %d %s", r.status, r.body)
	}
	t.Run("a changed document is not served before it is deployed", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			return RestAPIs.Put(tx, apiID, RestAPI{Name: "test", Body: openAPI(map[string]map[string]any{"GET /new": operation("new")})})
		})
		if r := f.get("/old"); r.status != 200 {
			t.Errorf("/old answered %d before the deployment", r.status)
		}
		f.get("/new").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("then it is, and what was removed is an unknown path", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			if err := f.gateway.DeploymentDeclared(tx, "dep002", Deployment{RestAPI: apiID}); err != nil {
				return err
			}
			return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "dep002"})
		})
		if r := f.get("/new"); r.status != 200 {
			t.Errorf("/new answered %d after the deployment", r.status)
		}
		f.get("/old").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("a deployment that a stage serves cannot be deleted", func(t *testing.T) {
		err := f.store.Update(func(tx *store.Tx) error { return f.gateway.DeploymentDeleted(tx, "dep002") })
		if err == nil || !strings.Contains(err.Error(), "active stages pointing to this deployment") {
			t.Errorf("the error is %v", err)
		}
		f.update(func(tx *store.Tx) error { return f.gateway.DeploymentDeleted(tx, "dep001") })
	})
	t.Run("nothing is deployed of an API that is not there, or has no methods", func(t *testing.T) {
		for id, want := range map[string]string{"zzzzzz9999": "there is no REST API", "empty00000": "doesn't contain any methods"} {
			err := f.store.Update(func(tx *store.Tx) error {
				if err := RestAPIs.Put(tx, "empty00000", RestAPI{Body: openAPI(nil)}); err != nil {
					return err
				}
				return f.gateway.DeploymentDeclared(tx, "dep003", Deployment{RestAPI: id})
			})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
		}
	})
	t.Run("a stage whose deployment is missing answers 500 and lets nobody in", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "gone"})
		})
		f.get("/new").refused(t, 500, "InternalServerErrorException", internal)
	})
	t.Run("routes can be read", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: program()})
		routes, err := f.gateway.Routes(apiID, "v1")
		if err != nil || len(routes) != 6 || routes[3].Path != "/require-auth" || routes[3].Authorization != "AWS_IAM" || !routes[3].APIKeyRequired || routes[3].Method != "GET" {
			t.Errorf("the routes are %+v (%v)", routes, err)
		}
		if _, err := f.gateway.Routes(apiID, "v9"); err == nil {
			t.Error("routes of a stage that is not there")
		}
	})
}

func FuzzCheckBody(f *testing.F) {
	f.Add(program())
	f.Add(`{"openapi":"3.0.1","info":{"title":"x"},"paths":{"/{a}/{b+}":{"get":{"security":[{"x":[]}]}}}}`)
	f.Add(`{"paths":[[[{"a":null}]]]}`)
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := readDocument(body)
		if err != nil {
			return
		}
		// What is accepted is JSON without surprises, and every declared method is
		// found under a path of its own.
		if !json.Valid([]byte(body)) {
			t.Fatal("accepted what is no JSON")
		}
		r := newRouter(doc.methods)
		for _, m := range doc.methods {
			verb := m.verb
			if verb == "ANY" {
				verb = "PATCH"
			}
			if found, _ := r.match(verb, sample(m.resource)); found == nil {
				t.Fatalf("%s %s is not found under %s", m.verb, m.resource, sample(m.resource))
			}
		}
		Warnings(body)
	})
}

func FuzzProxyResponse(f *testing.F) {
	for _, s := range []string{`{}`, `{"statusCode":"201"}`, `{"headers":{"a":true},"multiValueHeaders":{"a":["b"]},"body":"x","isBase64Encoded":true}`, `null`, `{"headers":{"":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := decodeProxyResponse(payload)
		if err != nil {
			return
		}
		if r.status < 200 || r.status > 599 {
			t.Fatalf("accepted the status %d", r.status)
		}
		for name, values := range r.headers {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
				t.Fatalf("accepted the header %q: %q", name, values)
			}
		}
	})
}
