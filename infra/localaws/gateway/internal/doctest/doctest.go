// Package doctest makes the OpenAPI documents that the tests of the gateway and of its
// rooms are about.
package doctest

import (
	"encoding/json"
	"strings"
)

// UserPool is the id of the pool that the security scheme users verifies tokens of.
const UserPool = "us-west-2_Users0001"

// Document is an OpenAPI document.
type Document map[string]any

// FunctionURI is the integration URI of a function of this name.
func FunctionURI(name string) string {
	return "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:000000000000:function:" + name + "/invocations"
}

// Operation is a method with a proxy integration; security is the schemes' names.
func Operation(name string, security ...string) map[string]any {
	op := map[string]any{
		"responses":                       map[string]any{"200": map[string]any{"description": "What the function answers"}},
		"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": FunctionURI(name), "passthroughBehavior": "when_no_match"},
	}
	var list []any
	for _, s := range security {
		list = append(list, map[string]any{s: []any{}})
	}
	if list != nil {
		op["security"] = list
	}
	return op
}

// OpenAPI is a document with these paths, given as "VERB /path" and operation.
func OpenAPI(operations map[string]map[string]any, more ...func(Document)) string {
	paths := map[string]any{}
	for key, op := range operations {
		verb, path, _ := strings.Cut(key, " ")
		name := strings.ToLower(verb)
		if name == "any" {
			name = "x-amazon-apigateway-any-method"
		}
		item, ok := paths[path].(map[string]any)
		if !ok {
			item = map[string]any{}
			paths[path] = item
		}
		item[name] = op
	}
	d := Document{
		"openapi": "3.0.1", "info": map[string]any{"title": "test", "version": "1"}, "paths": paths,
		"components": map[string]any{"securitySchemes": map[string]any{
			"sigv4":   map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
			"api_key": map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"},
			"users": map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
				"x-amazon-apigateway-authorizer": map[string]any{"type": "cognito_user_pools", "providerARNs": []any{"arn:aws:cognito-idp:us-west-2:000000000000:userpool/" + UserPool}}},
		}},
	}
	for _, change := range more {
		change(d)
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // maps of text can always be marshalled
	}
	return string(text)
}

// With adds keys to an operation.
func With(op map[string]any, more map[string]any) map[string]any {
	for k, v := range more {
		op[k] = v
	}
	return op
}

// Program is a document as infra/api writes it, in every shape.
func Program() string {
	users := Operation("users", "users")
	users["security"] = []any{map[string]any{"users": []any{"email"}}, map[string]any{"api_key": []any{}}}
	signed := Operation("require-auth", "sigv4", "api_key")
	signed["x-amazon-apigateway-auth"] = map[string]any{"type": "AWS_IAM"}
	byID := Operation("by-id")
	byID["parameters"] = []any{map[string]any{"name": "id", "in": "path", "required": true, "schema": map[string]any{"type": "string"}}}
	return OpenAPI(map[string]map[string]any{
		"GET /": Operation("web"), "GET /no-auth": Operation("no-auth", "api_key"), "GET /require-auth": signed, "GET /users": users,
		"ANY /users/{id}": byID, "GET /files/{path+}": Operation("files"),
	}, func(d Document) {
		d["x-amazon-apigateway-request-validators"] = map[string]any{"all": map[string]any{"validateRequestBody": true, "validateRequestParameters": true}}
		d["x-amazon-apigateway-request-validator"] = "all"
	})
}

// LambdaAuthorizers adds Lambda authorizers to a document: token, request and uncached.
func LambdaAuthorizers(d Document) {
	scheme := func(kind string, more map[string]any) map[string]any {
		return map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
			"x-amazon-apigateway-authorizer": With(map[string]any{"type": kind, "authorizerUri": FunctionURI("authorizer")}, more)}
	}
	schemes := d["components"].(map[string]any)["securitySchemes"].(map[string]any)
	schemes["token"] = scheme("token", map[string]any{"identityValidationExpression": "token-.*", "authorizerResultTtlInSeconds": 60})
	schemes["request"] = scheme("request", map[string]any{"identitySource": "method.request.header.X-User, method.request.querystring.tenant"})
	schemes["uncached"] = scheme("request", map[string]any{"authorizerResultTtlInSeconds": 0})
}
