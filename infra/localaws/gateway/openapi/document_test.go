package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
)

func TestReadTakesWhatTheProgramEmits(t *testing.T) {
	if _, err := Read(doctest.Program()); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefusesByNameAndPlace(t *testing.T) {
	integration := func(change func(in map[string]any)) string {
		op := doctest.Operation("x")
		change(op["x-amazon-apigateway-integration"].(map[string]any))
		return doctest.OpenAPI(map[string]map[string]any{"GET /x": op})
	}
	op := func(more map[string]any, changes ...func(doctest.Document)) string {
		return doctest.OpenAPI(map[string]map[string]any{"GET /x": doctest.With(doctest.Operation("x"), more)}, changes...)
	}
	root := func(key string, v any) string { return op(nil, func(d doctest.Document) { d[key] = v }) }
	paths := func(list ...string) string {
		m := map[string]map[string]any{}
		for _, p := range list {
			m["GET "+p] = doctest.Operation("x")
		}
		return doctest.OpenAPI(m)
	}
	scheme := func(v map[string]any) string {
		return op(nil, func(d doctest.Document) {
			d["components"].(map[string]any)["securitySchemes"].(map[string]any)["mine"] = v
		})
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
		"no integration":          {doctest.OpenAPI(map[string]map[string]any{"GET /x": {"responses": map[string]any{}}}), "paths./x.get.x-amazon-apigateway-integration: is required"},
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
		"method":                  {doctest.OpenAPI(map[string]map[string]any{"TRACE /x": doctest.Operation("x")}), "paths./x.trace: is not supported here"},
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
			_, err := Read(c.body)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestReadTellsAllAtOnce(t *testing.T) {
	_, err := Read(doctest.OpenAPI(map[string]map[string]any{"GET /x": doctest.With(doctest.Operation("x"), map[string]any{"one": 1, "two": 2})}))
	if err == nil || !strings.Contains(err.Error(), "get.one") || !strings.Contains(err.Error(), "get.two") {
		t.Errorf("the error is %v, want both", err)
	}
}

func TestRouter(t *testing.T) {
	routes := func(list ...string) *Document {
		var ms []*Method
		for _, m := range list {
			verb, path, _ := strings.Cut(m, " ")
			ms = append(ms, &Method{HTTPMethod: verb, ResourcePath: path})
		}
		return &Document{routes: newRoutes(ms)}
	}
	doc := routes("GET /", "GET /a", "ANY /a/{id}", "GET /a/b", "GET /a/b/{rest+}", "POST /{proxy+}", "PUT /a/{id}/c")
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
		m, params := doc.Match(verb, path)
		got := ""
		if m != nil {
			got = m.HTTPMethod + " " + m.ResourcePath
			for k, v := range params {
				got += " " + k + "=" + v
			}
		}
		if got != want {
			t.Errorf("%s is routed to %q, want %q", request, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(doctest.Program())
	f.Add(`{"openapi":"3.0.1","info":{"title":"x"},"paths":{"/{a}/{b+}":{"get":{"security":[{"x":[]}]}}}}`)
	f.Add(`{"paths":[[[{"a":null}]]]}`)
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := Read(body)
		if err != nil {
			return
		}
		// What is accepted is JSON without surprises, and every declared method is
		// found under a path of its own.
		if !json.Valid([]byte(body)) {
			t.Fatal("accepted what is no JSON")
		}
		for _, m := range doc.Methods {
			verb := m.HTTPMethod
			if verb == "ANY" {
				verb = "PATCH"
			}
			if found, _ := doc.Match(verb, sample(m.ResourcePath)); found == nil {
				t.Fatalf("%s %s is not found under %s", m.HTTPMethod, m.ResourcePath, sample(m.ResourcePath))
			}
		}
	})
}

// sample is a path that the resource's template matches.
func sample(template string) string {
	return strings.NewReplacer("{", "", "+}", "", "}", "").Replace(template)
}
