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
	Authorizers map[string]settings.Authorizer // that routes with authorization CUSTOM name
	CORS        *settings.CORS                 // nil: no page of another origin may call
	Functions   map[string]string              // a route's or an authorizer's function → its name in AWS
	Account     iamdoc.Account
	UserPoolARN string // for routes with authorization COGNITO_USER_POOLS
}

// maxDocument is how many bytes AWS takes as an API's document:
// https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html.
const maxDocument = 6_000_000

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
		Components: &components{SecuritySchemes: map[string]securityScheme{}, Schemas: map[string]json.RawMessage{}},
	}
	for _, r := range args.Routes {
		op, err := args.operation(r, doc.Components)
		if err != nil {
			return "", fmt.Errorf("writing the OpenAPI document: %s: %w", r, err)
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
	if args.CORS != nil {
		args.answerPreflights(doc.Paths)
		doc.GatewayResponses = gatewayResponses(args.CORS)
	}
	if len(doc.Components.SecuritySchemes)+len(doc.Components.Schemas) == 0 {
		doc.Components = nil
	}

	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return "", fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	if out.Len() > maxDocument {
		return "", fmt.Errorf("writing the OpenAPI document: it has %d bytes, and AWS takes %d: the routes' schemas are too large together", out.Len(), maxDocument)
	}
	return strings.TrimSpace(out.String()), nil
}

// operation is what the document says of a route. What it refers to by a name is put
// into shared.
func (args DocumentArgs) operation(r settings.Route, shared *components) (operation, error) {
	name, ok := args.Functions[r.Function]
	if !ok {
		return operation{}, fmt.Errorf("no function is called %q", r.Function)
	}
	op := operation{
		Parameters: pathParameters(r.Path),
		Responses:  map[string]response{"200": {Description: "What the function answers"}},
		Integration: integration{
			Type: "aws_proxy", Method: "POST", URI: args.Account.FunctionIntegration(name), Passthrough: "when_no_match", Timeout: r.TimeoutMillis,
		},
	}
	validate(&op, r.Validation, shared)
	if err := args.authorize(&op, r, shared.SecuritySchemes); err != nil {
		return operation{}, err
	}
	return op, nil
}

func pathParameters(path string) []parameter {
	var out []parameter
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			out = append(out, parameter{Name: strings.Trim(part, "{+}"), In: "path", Required: true, Schema: schema{Type: "string"}})
		}
	}
	return out
}

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Info       info                            `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components *components                     `json:"components,omitempty"`
	Validators map[string]validator            `json:"x-amazon-apigateway-request-validators"`
	Validator  string                          `json:"x-amazon-apigateway-request-validator"`

	GatewayResponses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses,omitempty"`
}

type info struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

type operation struct {
	Parameters  []parameter           `json:"parameters,omitempty"`
	Body        *requestBody          `json:"requestBody,omitempty"`
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

type requestBody struct {
	Required bool               `json:"required"`
	Content  map[string]content `json:"content"`
}

type content struct {
	Schema reference `json:"schema"`
}

type reference struct {
	Ref string `json:"$ref"`
}

type response struct {
	Description string            `json:"description"`
	Headers     map[string]header `json:"headers,omitempty"`
}

type header struct {
	Schema schema `json:"schema"`
}

type auth struct {
	Type string `json:"type"`
}

type integration struct {
	Type        string `json:"type"`
	Method      string `json:"httpMethod,omitempty"`
	URI         string `json:"uri,omitempty"`
	Passthrough string `json:"passthroughBehavior"`
	Timeout     int    `json:"timeoutInMillis,omitempty"` // 0: the 29 seconds of API Gateway

	// Of a mock:
	Templates map[string]string       `json:"requestTemplates,omitempty"`
	Responses map[string]mockResponse `json:"responses,omitempty"`
}

type mockResponse struct {
	Status     string            `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters,omitempty"`
	Templates  map[string]string `json:"responseTemplates,omitempty"`
}

type gatewayResponse struct {
	Parameters map[string]string `json:"responseParameters"`
}

type components struct {
	SecuritySchemes map[string]securityScheme  `json:"securitySchemes,omitempty"`
	Schemas         map[string]json.RawMessage `json:"schemas,omitempty"`
}

type validator struct {
	Body       bool `json:"validateRequestBody"`
	Parameters bool `json:"validateRequestParameters"`
}
