package cases

import (
	"maps"
	"strings"
	"testing"
)

// functionURI is how an integration names a function.
func functionURI(name string) string {
	return "arn:aws:apigateway:" + region + ":lambda:path/2015-03-31/functions/arn:aws:lambda:" + region + ":" + account + ":function:" + name + "/invocations"
}

// invokes is an operation with a proxy integration, open to everybody unless schemes
// of the document are named.
func invokes(function string, schemes ...string) m {
	op := m{
		"responses":                       m{"200": m{"description": "what the function answers"}},
		"x-amazon-apigateway-integration": m{"type": "aws_proxy", "httpMethod": "POST", "uri": functionURI(function), "passthroughBehavior": "when_no_match"},
	}
	var security []any
	for _, scheme := range schemes {
		name, scopes, _ := strings.Cut(scheme, " ")
		list := []any{}
		for _, scope := range strings.Fields(scopes) {
			list = append(list, scope)
		}
		security = append(security, m{name: list})
	}
	if security != nil {
		op["security"] = security
	}
	return op
}

func with(op, more m) m {
	maps.Copy(op, more)
	return op
}

// document is an OpenAPI document of operations by "VERB /path".
func (s *stack) document(operations m, more m) string {
	paths := m{}
	for key, op := range operations {
		verb, path, _ := strings.Cut(key, " ")
		verb = strings.ToLower(verb)
		if verb == "any" {
			verb = "x-amazon-apigateway-any-method"
		}
		item, ok := paths[path].(m)
		if !ok {
			item = m{}
			paths[path] = item
		}
		item[verb] = op
	}
	scheme := func(kind string, authorizer m) m {
		v := m{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": kind}
		if authorizer != nil {
			v["x-amazon-apigateway-authorizer"] = authorizer
		}
		return v
	}
	d := m{
		"openapi": "3.0.1", "info": m{"title": "cases", "version": "1"}, "paths": paths,
		"components": m{"securitySchemes": m{
			"sigv4":   scheme("awsSigv4", nil),
			"api_key": m{"type": "apiKey", "name": "x-api-key", "in": "header"},
			"users": scheme("cognito_user_pools", m{"type": "cognito_user_pools",
				"providerARNs": []any{"arn:aws:cognito-idp:" + region + ":" + account + ":userpool/" + s.users}}),
			"token": scheme("custom", m{"type": "token", "authorizerUri": functionURI("authorizer"), "authorizerResultTtlInSeconds": 60}),
		}},
	}
	return text(with(d, more))
}

// serve declares an API with this document and its stage v1, and returns its id.
func (s *stack) serve(t testing.TB, name, document string, more m) string {
	t.Helper()
	id, _ := s.declare(t, "aws:apigateway/restApi:RestApi", name, with(m{"name": name, "body": document, "endpointConfiguration": m{"types": "REGIONAL"}}, more))
	s.deployment, _ = s.declare(t, "aws:apigateway/deployment:Deployment", name, m{"restApi": id})
	s.declare(t, "aws:apigateway/stage:Stage", name, m{"restApi": id, "stageName": "v1", "deployment": s.deployment})
	return id
}

const origin = "https://app.example.com"

func (s *stack) declareAPIs(t *testing.T) {
	cors := m{
		"responses": m{"204": m{"description": "", "headers": m{"Access-Control-Allow-Origin": m{}}}},
		"x-amazon-apigateway-integration": m{
			"type": "mock", "requestTemplates": m{"application/json": `{"statusCode": 204}`}, "passthroughBehavior": "when_no_match",
			"responses": m{"default": m{"statusCode": "204", "responseParameters": m{"method.response.header.Access-Control-Allow-Origin": "'" + origin + "'"}}},
		},
	}
	strict := m{
		"responses": m{"200": m{"description": ""}},
		"x-amazon-apigateway-integration": m{
			"type": "mock", "requestTemplates": m{"application/json": `{"statusCode": 200}`}, "passthroughBehavior": "never",
			"responses": m{"default": m{"statusCode": "200"}},
		},
	}
	parameter := func(in, name string) m {
		return m{"name": name, "in": in, "required": true, "schema": m{"type": "string"}}
	}
	pets := with(invokes("actor"), m{
		"parameters": []any{parameter("query", "x"), parameter("header", "y")},
		"requestBody": m{"required": true, "content": m{"application/json": m{"schema": m{
			"type": "object", "required": []any{"name"}, "properties": m{"name": m{"type": "string"}, "owner": m{"type": "string", "format": "email"}},
		}}}},
		"x-amazon-apigateway-request-validator": "all",
	})
	signedPets := maps.Clone(pets)
	signedPets["security"] = []any{m{"sigv4": []any{}}}
	slow := invokes("actor")
	slow["x-amazon-apigateway-integration"].(m)["timeoutInMillis"] = 50
	s.api = s.serve(t, "api", s.document(m{
		"GET /open": invokes("actor"), "POST /open": invokes("actor"), "GET /files/{proxy+}": invokes("actor"),
		"ANY /wide/{proxy+}": invokes("actor"), "POST /wide/admin": invokes("actor", "sigv4"), "OPTIONS /cors": cors,
		"ANY /signed": invokes("actor", "sigv4"), "GET /signed/{proxy+}": invokes("actor", "sigv4"),
		"GET /users/{id}": invokes("actor", "sigv4"), "GET /members": invokes("actor", "sigv4"), "GET /nobody": invokes("actor", "sigv4"),
		"GET /whoami": invokes("actor"), "GET /whoami/signed": invokes("actor", "sigv4"),
		"GET /user": invokes("actor", "users"), "GET /scoped": invokes("actor", "users email profile"),
		"GET /own": invokes("actor", "users email aws.cognito.signin.user.admin"), "GET /token/{name}": invokes("actor", "token"),
		"GET /keyed": invokes("actor", "api_key"), "GET /keyed/signed": invokes("actor", "sigv4", "api_key"),
		"POST /pets": pets, "POST /pets/signed": signedPets, "POST /mock": strict, "GET /function/{does}": invokes("actor"), "GET /slow/{does}": slow, "GET /unpermitted": invokes("unpermitted"),
	}, m{"x-amazon-apigateway-request-validators": m{"all": m{"validateRequestBody": true, "validateRequestParameters": true}}}), nil)

	allowOrigin := m{"responseParameters": m{"gatewayresponse.header.Access-Control-Allow-Origin": "'" + origin + "'"}}
	s.gates = s.serve(t, "gates", s.document(m{"GET /signed": invokes("actor", "sigv4"), "GET /function/{does}": invokes("actor"), "GET /user": invokes("actor", "users")}, m{
		"x-amazon-apigateway-gateway-responses": m{
			"DEFAULT_4XX": allowOrigin, "DEFAULT_5XX": allowOrigin,
			"INVALID_SIGNATURE": m{"responseParameters": m{"gatewayresponse.header.X-Gateway-Response": "'INVALID_SIGNATURE'"}},
			"MISSING_AUTHENTICATION_TOKEN": m{"statusCode": "404", "responseTemplates": m{
				"application/json": `{"error":$context.error.messageString,"type":"$context.error.responseType"}`,
			}},
		},
	}), nil)

	everybody := func(effect, path string) m {
		return m{"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/v1/GET/" + path}
	}
	s.fenced = s.serve(t, "fenced", s.document(m{
		"GET /open": invokes("actor"), "GET /welcome": invokes("actor", "sigv4"), "GET /barred": invokes("actor", "sigv4"),
		"GET /let-in": invokes("actor"),
	}, nil), m{"policy": policy(everybody("Allow", "welcome"), everybody("Allow", "let-in"), everybody("Deny", "barred"))})
}
