// Package openapi reads the OpenAPI documents that API Gateway's REST APIs are made
// of, and says what they mean: methods with their authorization and integration, the
// route that serves a path, gateway responses, models. It reads strictly: what the
// gateway would not honour is refused by name and place, never passed over. It keeps no
// state and knows nothing of stages, callers and requests, which are the gateway's.
package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Document is what an OpenAPI document with API Gateway's extensions says, checked.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
type Document struct {
	Methods                []*Method // in the order of their paths, then methods
	GatewayResponses       map[ResponseType]*GatewayResponse
	APIKeySource           string
	BinaryMediaTypes       []string
	MinimumCompressionSize int    // bytes, -1 when nothing is compressed
	Policy                 string // JSON, see ParsePolicy; "" when there is none
	routes                 *node
}

// The authorization types of a method.
const (
	AuthNone    = "NONE"
	AuthIAM     = "AWS_IAM"
	AuthCognito = "COGNITO_USER_POOLS"
	AuthCustom  = "CUSTOM"
)

// Where an API finds the API key of a request: in its header x-api-key, or in the
// answer of the method's Lambda authorizer.
const (
	APIKeySourceHeader     = "HEADER"
	APIKeySourceAuthorizer = "AUTHORIZER"
)

// Method is one HTTP method of one resource.
type Method struct {
	HTTPMethod          string // ANY for x-amazon-apigateway-any-method
	ResourcePath        string // as declared, such as /users/{id}
	ResourceID          string
	SourcePath          string // ResourcePath with * for its variables, as functions' permissions have it
	AuthorizationType   string
	Authorizer          *Authorizer // of AuthCognito and AuthCustom
	AuthorizationScopes []string
	APIKeyRequired      bool
	Integration         Integration
	RequestValidator    RequestValidator
	RequestParameters   []Parameter       // those required, in header or query
	RequestModels       map[string]*Model // by media type, in lower case
	BodyRequired        bool
	responses           map[string][]string // status code to the header names declared
}

// RequestValidator says what of a request is validated.
type RequestValidator struct{ ValidateRequestBody, ValidateRequestParameters bool }

// Parameter is a part of a request. In is header or query; of an identity source it
// may be stage (a stage variable) or context (a variable of $context) as well.
type Parameter struct{ In, Name string }

var anyVerbs = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// AnyMethods are the HTTP methods that a method ANY stands for, where the resource has no
// method of their own.
func AnyMethods() []string { return slices.Clone(anyVerbs) }

// reader reads one document. What methods refer to by its name is read before them.
type reader struct {
	root       value
	schemas    value // components.schemas
	schemes    map[string]*Authorizer
	validators map[string]RequestValidator
}

// Read reads a document. It refuses one that the gateway would not honour in full,
// naming everything in it that is not supported and its place, as API Gateway's
// PutRestApi does with failOnWarnings.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
func Read(body string) (*Document, error) {
	p := &problems{}
	root, err := parseJSON(body, p)
	if err != nil {
		return nil, err
	}
	if _, ok := root.data.(map[string]value); !ok {
		return nil, errors.New("reading the document: it must be a JSON object")
	}
	root.only("openapi", "info", "paths", "components", "security", "servers", "tags",
		"x-amazon-apigateway-gateway-responses", "x-amazon-apigateway-request-validators", "x-amazon-apigateway-request-validator",
		"x-amazon-apigateway-api-key-source", "x-amazon-apigateway-binary-media-types", "x-amazon-apigateway-minimum-compression-size",
		"x-amazon-apigateway-policy")
	if v := root.get("openapi"); !strings.HasPrefix(v.required(), "3.0.") {
		p.add("openapi", "is %q, supported are the versions 3.0.x", v.str())
	}
	info := root.get("info")
	info.only("title", "version", "description")
	info.get("title").required()
	info.get("version").required()
	if servers := root.get("servers"); len(servers.items()) > 0 {
		p.add(servers.where, "is not supported here: the address is the stage's")
	}
	doc := &Document{APIKeySource: APIKeySourceHeader}
	if v := root.get("x-amazon-apigateway-api-key-source"); v.present {
		doc.APIKeySource = v.oneOf(APIKeySourceHeader, APIKeySourceAuthorizer)
	}
	doc.BinaryMediaTypes = root.get("x-amazon-apigateway-binary-media-types").strings()
	doc.MinimumCompressionSize = root.get("x-amazon-apigateway-minimum-compression-size").integer(-1, 0, 10<<20)
	if v := root.get("x-amazon-apigateway-policy"); v.present {
		text, err := json.Marshal(v.plain())
		if err != nil {
			return nil, fmt.Errorf("reading the document: x-amazon-apigateway-policy: %w", err)
		}
		doc.Policy = string(text)
		if _, err := ParsePolicy(doc.Policy, "arn:aws:execute-api"); err != nil {
			p.add(v.where, "%v", err)
		}
	}
	components := root.get("components")
	components.only("schemas", "securitySchemes")
	r := reader{root: root, schemas: components.get("schemas")}
	for _, name := range r.schemas.fields() {
		checkSchema(r.schemas.get(name))
	}
	r.schemes = readSchemes(components.get("securitySchemes"))
	r.validators = readValidators(root.get("x-amazon-apigateway-request-validators"))
	doc.GatewayResponses = readGatewayResponses(root.get("x-amazon-apigateway-gateway-responses"))
	doc.Methods = r.readPaths()
	if err := p.err(); err != nil {
		return nil, err
	}
	doc.routes = newRoutes(doc.Methods)
	return doc, nil
}

func readValidators(v value) map[string]RequestValidator {
	validators := map[string]RequestValidator{}
	for _, name := range v.fields() {
		f := v.get(name)
		f.only("validateRequestBody", "validateRequestParameters")
		validators[name] = RequestValidator{
			ValidateRequestBody:       f.get("validateRequestBody").boolean(),
			ValidateRequestParameters: f.get("validateRequestParameters").boolean(),
		}
	}
	return validators
}

var (
	partPattern  = regexp.MustCompile(`^[a-zA-Z0-9._:\-]+$`)
	pathVariable = regexp.MustCompile(`\{[^}]*\}`)
	paramPattern = regexp.MustCompile(`^\{[a-zA-Z0-9._:\-$]+\+?\}$`)
)

// checkTemplate refuses what API Gateway refuses in a resource's path.
func checkTemplate(v value, path string, variables map[string]string) {
	if !strings.HasPrefix(path, "/") {
		v.problems.add(v.where, "a path must begin with /")
		return
	}
	if path == "/" {
		return
	}
	parts := strings.Split(path[1:], "/")
	names := map[string]bool{}
	for i, part := range parts {
		switch {
		case paramPattern.MatchString(part):
			greedy := strings.HasSuffix(part, "+}")
			if greedy && i < len(parts)-1 {
				v.problems.add(v.where, "a greedy path variable must be the last part, %s is not", part)
			}
			if names[strings.Trim(part, "{+}")] {
				v.problems.add(v.where, "the path variable %s is there twice", part)
			}
			names[strings.Trim(part, "{+}")] = true
			parent := strings.Join(parts[:i], "/")
			if sibling, ok := variables[parent]; ok && sibling != part {
				v.problems.add(v.where, "a sibling (%s) of %s already has a variable path part, only one is allowed", sibling, part)
			}
			variables[parent] = part
		case !partPattern.MatchString(part):
			v.problems.add(v.where, "the path part %q may hold only a-z, A-Z, 0-9, '.', '_', ':', '-', or be one variable in braces", part)
		}
	}
}

func (r *reader) readPaths() (methods []*Method) {
	paths := r.root.get("paths")
	if !paths.present {
		paths.problems.add(paths.where, "is required")
	}
	variables := map[string]string{}
	for _, path := range paths.fields() {
		item := paths.get(path)
		checkTemplate(item, path, variables)
		item.only("get", "put", "post", "delete", "options", "head", "patch", "parameters", "x-amazon-apigateway-any-method", "summary", "description")
		shared := item.get("parameters")
		for _, key := range item.fields() {
			verb := strings.ToUpper(key)
			switch key {
			case "parameters", "summary", "description":
				continue
			case "x-amazon-apigateway-any-method":
				verb = "ANY"
			default:
				if !slices.Contains(anyVerbs, verb) {
					continue // told above
				}
			}
			methods = append(methods, r.readMethod(item.get(key), shared, path, verb))
		}
	}
	return methods
}

func (r *reader) readMethod(v, shared value, path, verb string) *Method {
	v.only("operationId", "summary", "description", "tags", "security", "parameters", "requestBody", "responses",
		"x-amazon-apigateway-integration", "x-amazon-apigateway-auth", "x-amazon-apigateway-request-validator")
	m := &Method{
		HTTPMethod: verb, ResourcePath: path, ResourceID: makeID(path), SourcePath: pathVariable.ReplaceAllLiteralString(path, "*"),
		AuthorizationType: AuthNone, responses: map[string][]string{},
	}
	r.readSecurity(v, m)
	name := v.get("x-amazon-apigateway-request-validator")
	if !name.present {
		name = r.root.get("x-amazon-apigateway-request-validator")
	}
	if name.present {
		validator, ok := r.validators[name.str()]
		if !ok {
			v.problems.add(name.where, "names the request validator %q, which x-amazon-apigateway-request-validators does not have", name.str())
		}
		m.RequestValidator = validator
	}
	m.readParameters(shared)
	m.readParameters(v.get("parameters"))
	r.readRequestBody(v.get("requestBody"), m)
	responses := v.get("responses")
	if !responses.present {
		v.problems.add(responses.where, "is required: API Gateway warns of a method without responses")
	}
	for _, status := range responses.fields() {
		response := responses.get(status)
		response.only("description", "headers", "content")
		m.responses[status] = response.get("headers").fields()
	}
	m.Integration = readIntegration(v.get("x-amazon-apigateway-integration"), m)
	return m
}

func (m *Method) readParameters(v value) {
	for _, p := range v.items() {
		p.only("name", "in", "required", "schema", "description")
		in := p.get("in").oneOf("path", "header", "query")
		name := p.get("name").required()
		if in == "path" {
			if !strings.Contains(m.ResourcePath, "{"+name+"}") && !strings.Contains(m.ResourcePath, "{"+name+"+}") {
				v.problems.add(p.where, "is the path parameter %q, which %s does not have", name, m.ResourcePath)
			}
			continue
		}
		if p.get("required").boolean() {
			m.RequestParameters = append(m.RequestParameters, Parameter{In: in, Name: name})
		}
	}
}
