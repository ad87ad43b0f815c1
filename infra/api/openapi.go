package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// DocumentArgs are what an OpenAPI document is made of.
type DocumentArgs struct {
	Title       string
	Routes      []settings.Route
	Functions   map[string]string // a route's function → its name in AWS
	Account     iamdoc.Account
	UserPoolARN string // for routes with authorization COGNITO_USER_POOLS
}

// Document writes the API as OpenAPI 3.0 with API Gateway's extensions. The same
// arguments give the same bytes always: their hash tells whether there is something to
// deploy.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html.
func Document(args DocumentArgs) (string, error) {
	doc := document{
		OpenAPI:    "3.0.1",
		Info:       info{Title: args.Title, Version: "1"},
		Paths:      map[string]map[string]operation{},
		Validators: map[string]validator{"all": {Body: true, Parameters: true}},
		Validator:  "all", // without one nothing is validated
	}
	schemes := map[string]securityScheme{}
	for _, r := range args.Routes {
		name, ok := args.Functions[r.Function]
		if !ok {
			return "", fmt.Errorf("writing the OpenAPI document: %s: no function is called %q", r, r.Function)
		}
		op := operation{
			Responses:   map[string]response{"200": {Description: "What the function answers"}},
			Integration: integration{Type: "aws_proxy", Method: "POST", URI: args.Account.FunctionIntegration(name), Passthrough: "when_no_match"},
		}
		for _, part := range strings.Split(r.Path, "/") {
			if strings.HasPrefix(part, "{") {
				op.Parameters = append(op.Parameters, parameter{Name: strings.Trim(part, "{+}"), In: "path", Required: true, Schema: schema{Type: "string"}})
			}
		}
		switch r.Authorization {
		case settings.IAM:
			schemes["sigv4"] = securityScheme{Type: "apiKey", Name: "Authorization", In: "header", AuthType: "awsSigv4"}
			op.Auth = &auth{Type: "AWS_IAM"}
			op.Security = append(op.Security, map[string][]string{"sigv4": {}})
		case settings.CognitoUserPools:
			schemes["users"] = securityScheme{Type: "apiKey", Name: "Authorization", In: "header", AuthType: "cognito_user_pools",
				Authorizer: &authorizer{Type: "cognito_user_pools", ProviderARNs: []string{args.UserPoolARN}}}
			op.Security = append(op.Security, map[string][]string{"users": append([]string{}, r.Scopes...)})
		case settings.None:
		default:
			return "", fmt.Errorf("writing the OpenAPI document: %s: authorization %q is not known", r, r.Authorization)
		}
		// API Gateway asks for all that is listed, where OpenAPI would ask for one.
		if r.APIKeyRequired {
			schemes["api_key"] = securityScheme{Type: "apiKey", Name: "x-api-key", In: "header"}
			op.Security = append(op.Security, map[string][]string{"api_key": {}})
		}
		method := strings.ToLower(r.Method)
		if r.Method == "ANY" {
			method = "x-amazon-apigateway-any-method"
		}
		if doc.Paths[r.Path] == nil {
			doc.Paths[r.Path] = map[string]operation{}
		}
		doc.Paths[r.Path][method] = op
	}
	if len(schemes) > 0 {
		doc.Components = &components{SecuritySchemes: schemes}
	}

	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return "", fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Info       info                            `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components *components                     `json:"components,omitempty"`
	Validators map[string]validator            `json:"x-amazon-apigateway-request-validators"`
	Validator  string                          `json:"x-amazon-apigateway-request-validator"`
}

type info struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

type operation struct {
	Parameters  []parameter           `json:"parameters,omitempty"`
	Responses   map[string]response   `json:"responses"`
	Security    []map[string][]string `json:"security,omitempty"`
	Auth        *auth                 `json:"x-amazon-apigateway-auth,omitempty"`
	Integration integration           `json:"x-amazon-apigateway-integration"`
}

type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
	Schema   schema `json:"schema"`
}

type schema struct {
	Type string `json:"type"`
}

type response struct {
	Description string `json:"description"`
}

type auth struct {
	Type string `json:"type"`
}

type integration struct {
	Type        string `json:"type"`
	Method      string `json:"httpMethod"`
	URI         string `json:"uri"`
	Passthrough string `json:"passthroughBehavior"`
}

type components struct {
	SecuritySchemes map[string]securityScheme `json:"securitySchemes"`
}

type securityScheme struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	In         string      `json:"in"`
	AuthType   string      `json:"x-amazon-apigateway-authtype,omitempty"`
	Authorizer *authorizer `json:"x-amazon-apigateway-authorizer,omitempty"`
}

type authorizer struct {
	Type         string   `json:"type"`
	ProviderARNs []string `json:"providerARNs"`
}

type validator struct {
	Body       bool `json:"validateRequestBody"`
	Parameters bool `json:"validateRequestParameters"`
}
