// Package apidoc reads OpenAPI 3.0 documents of a REST API by what they mean to API
// Gateway, asks it for the one that a stage serves, and compares two of them.
//
// An export is not the document that was imported: API Gateway adds servers, answers and
// defaults, and leaves out what it keeps elsewhere. So what is compared is what decides
// over a request: methods, authorization, keys, validation, integrations, authorizers and
// the gateway's own answers. What is a property of the API as a resource, such as its
// policy or its binary media types, is left to pulumi refresh, which sees it.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
// and https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html.
package apidoc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// Export asks API Gateway for the document that a stage serves, with its extensions, which
// needs apigateway:GET on the stage's exports. The error is the SDK's.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func Export(ctx context.Context, client *apigateway.Client, apiID, stage string) ([]byte, error) {
	out, err := client.GetExport(ctx, &apigateway.GetExportInput{
		RestApiId: aws.String(apiID), StageName: aws.String(stage), ExportType: aws.String("oas30"), Accepts: aws.String("application/json"),
		Parameters: map[string]string{"extensions": "apigateway"},
	})
	if err != nil {
		return nil, err
	}
	return out.Body, nil
}

// Document is a document that was read.
type Document struct {
	methods    []Method
	schemes    map[string]scheme
	schemas    map[string]any
	security   []map[string][]string // of methods that have none of their own
	validators map[string]validator
	validator  string // of methods that name none
	responses  map[string]gatewayResponse
}

// Method is a method of a path.
type Method struct {
	Verb string // such as GET, or ANY
	Path string // such as /users/{id}
	operation
}

// Name is the method's name as routes have it, such as GET /users/{id}.
func (m Method) Name() string { return m.Verb + " " + m.Path }

// Mock tells whether API Gateway itself answers.
func (m Method) Mock() bool { return strings.EqualFold(text(m.Integration["type"]), "mock") }

// Function is the name of the function that answers, without its alias; empty where none does.
func (m Method) Function() string {
	// arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/arn:…:function:NAME:ALIAS/invocations
	_, rest, _ := strings.Cut(text(m.Integration["uri"]), ":function:")
	name, _, _ := strings.Cut(rest, "/invocations")
	name, _, _ = strings.Cut(name, ":")
	return name
}

type operation struct {
	Parameters  []parameter           `json:"parameters"`
	Body        requestBody           `json:"requestBody"`
	Security    []map[string][]string `json:"security"`
	Auth        struct{ Type string } `json:"x-amazon-apigateway-auth"`
	Validator   *string               `json:"x-amazon-apigateway-request-validator"`
	Integration map[string]any        `json:"x-amazon-apigateway-integration"`
}

type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
}

type requestBody struct {
	Required bool `json:"required"`
	Content  map[string]struct {
		Schema map[string]any `json:"schema"`
	} `json:"content"`
}

type scheme struct {
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	AuthType   string         `json:"x-amazon-apigateway-authtype"`
	Authorizer map[string]any `json:"x-amazon-apigateway-authorizer"`
}

type validator struct {
	Body       bool `json:"validateRequestBody"`
	Parameters bool `json:"validateRequestParameters"`
}

type gatewayResponse struct {
	Status     any            `json:"statusCode"`
	Parameters map[string]any `json:"responseParameters"`
	Templates  map[string]any `json:"responseTemplates"`
}

// verbs are the keys of a path that are methods; others describe the path.
var verbs = map[string]string{
	"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "options": "OPTIONS", "head": "HEAD", "patch": "PATCH",
	"x-amazon-apigateway-any-method": "ANY",
}

// Read reads a document in JSON.
func Read(data []byte) (Document, error) {
	var doc struct {
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			SecuritySchemes map[string]scheme `json:"securitySchemes"`
			Schemas         map[string]any    `json:"schemas"`
		} `json:"components"`
		Security         []map[string][]string      `json:"security"`
		Validators       map[string]validator       `json:"x-amazon-apigateway-request-validators"`
		Validator        string                     `json:"x-amazon-apigateway-request-validator"`
		GatewayResponses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return Document{}, err
	}
	if doc.Paths == nil {
		return Document{}, errors.New("it has no paths: it is no OpenAPI document")
	}
	d := Document{
		schemes: doc.Components.SecuritySchemes, schemas: doc.Components.Schemas, security: doc.Security,
		validators: doc.Validators, validator: doc.Validator, responses: doc.GatewayResponses,
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, key := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			verb, is := verbs[strings.ToLower(key)]
			if !is {
				continue
			}
			m := Method{Verb: verb, Path: path}
			if err := json.Unmarshal(doc.Paths[path][key], &m.operation); err != nil {
				return Document{}, fmt.Errorf("%s: %w", m.Name(), err)
			}
			d.methods = append(d.methods, m)
		}
	}
	return d, nil
}

// Methods are the document's methods, by path and verb.
func (d Document) Methods() []Method { return d.methods }

// The kinds of authorization, as routes have them.
const (
	None    = "NONE"
	IAM     = "AWS_IAM"
	Cognito = "COGNITO_USER_POOLS"
	Custom  = "CUSTOM"
	Untold  = "UNTOLD" // an authorization whose kind the document does not tell
)

// Access is whom a method lets in.
type Access struct {
	Authorization  string   // None, IAM, Cognito, Custom, Untold
	Authorizer     string   // name of the authorizer; empty for None and IAM
	Scopes         []string // of an access token, any of which is asked for, in order
	APIKeyRequired bool
}

// Access tells whom a method lets in: API Gateway asks for all that its security lists,
// in one requirement or in several. The error says what cannot be told, if anything; the
// rest stands all the same, with Untold for the authorization.
func (d Document) Access(m Method) (a Access, err error) {
	asked := m.Security
	if asked == nil {
		asked = d.security
	}
	a.Authorization = None
	if strings.EqualFold(m.Auth.Type, IAM) {
		a.Authorization = IAM
	}
	for _, all := range asked {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			s, known := d.schemes[name]
			switch {
			case !known:
				a.Authorization = Untold
				err = fmt.Errorf("security names %q, which components.securitySchemes does not have", name)
			case strings.EqualFold(s.AuthType, "awsSigv4"):
				a.Authorization, a.Authorizer, a.Scopes = IAM, "", nil
			case s.Authorizer != nil || s.AuthType != "":
				a.Authorization, a.Authorizer, a.Scopes = s.kind(), name, slices.Sorted(slices.Values(all[name]))
			case s.Type == "apiKey" && strings.EqualFold(s.Name, "x-api-key"):
				a.APIKeyRequired = true
			default:
				a.Authorization = Untold
				err = fmt.Errorf("security scheme %q is neither of API Gateway's authorizers nor its API key", name)
			}
		}
	}
	return a, err
}

// kind is the authorization that an authorizer stands for.
func (s scheme) kind() string {
	switch {
	case strings.EqualFold(s.AuthType, "cognito_user_pools"):
		return Cognito
	case s.AuthType != "":
		return Custom
	}
	return Untold
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
