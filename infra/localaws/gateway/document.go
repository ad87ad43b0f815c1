package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// document is what an OpenAPI document with API Gateway's extensions says, checked.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
type document struct {
	methods         []*method // in the order of their paths, then methods
	answers         map[ResponseType]*gatewayResponse
	schemes         map[string]*scheme
	validators      map[string]requestValidator
	schemas         value // components.schemas
	keySource       string
	binaryTypes     []string
	compressionSize int // bytes, -1 when nothing is compressed
	policy          string
}

// The authorization types of a method, in AWS's words.
const (
	authNone    = "NONE"
	authIAM     = "AWS_IAM"
	authCognito = "COGNITO_USER_POOLS"
	authCustom  = "CUSTOM"
)

// method is one HTTP method of one resource.
type method struct {
	verb        string // ANY for x-amazon-apigateway-any-method
	resource    string // the path as declared, such as /users/{id}
	resourceID  string
	source      string // the path with * for its variables, as functions' permissions have it
	auth        string
	authorizer  *scheme // of authCognito
	scopes      []string
	keyRequired bool
	integration integration
	validator   requestValidator
	parameters  []parameter
	models      map[string]*model // by media type
	bodyNeeded  bool
	responses   map[string][]string // status code to the header names declared
}

type requestValidator struct{ body, parameters bool }

type parameter struct {
	name, in string // in is header or query
}

// integration is aws_proxy or mock.
type integration struct {
	mock         bool
	function     string // ARN
	timeout      time.Duration
	mockStatus   map[string]int // by media type of the request
	mockNever    bool           // passthroughBehavior never
	mockAnswer   map[int]mockAnswer
	mockFallback *mockAnswer
}

type mockAnswer struct {
	status  int
	headers map[string]string
	body    string
}

var anyVerbs = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// CheckBody refuses an OpenAPI document that the gateway would not honour in full,
// naming everything in it that is not supported and its place. It fails as API
// Gateway's PutRestApi does with failOnWarnings.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
func CheckBody(body string) error {
	_, err := readDocument(body)
	return err
}

// Warnings tells of shapes in the document that AWS takes and that surprise: a path
// that is protected under one method and, because routing goes by resource and
// method together, open under another through a greedy resource above it.
func Warnings(body string) []string {
	doc, err := readDocument(body)
	if err != nil {
		return nil
	}
	var list []string
	routes := newRouter(doc.methods)
	for _, m := range doc.methods {
		if m.auth == authNone {
			continue
		}
		for _, verb := range anyVerbs {
			open, _ := routes.match(verb, sample(m.resource))
			if open != nil && open.resource != m.resource && open.auth == authNone && verb != http.MethodOptions {
				list = append(list, fmt.Sprintf("%s %s needs %s, but %s %s is answered without authorization by %s %s",
					m.verb, m.resource, m.auth, verb, m.resource, open.verb, open.resource))
			}
		}
	}
	return list
}

// sample is a path that the resource's template matches.
func sample(template string) string {
	return strings.NewReplacer("{", "", "+}", "", "}", "").Replace(template)
}

func readDocument(body string) (*document, error) {
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
	doc := &document{keySource: "HEADER", compressionSize: -1}
	if v := root.get("x-amazon-apigateway-api-key-source"); v.present {
		doc.keySource = v.oneOf("HEADER", "AUTHORIZER")
	}
	doc.binaryTypes = root.get("x-amazon-apigateway-binary-media-types").strings()
	doc.compressionSize = root.get("x-amazon-apigateway-minimum-compression-size").integer(-1, 0, 10<<20)
	if v := root.get("x-amazon-apigateway-policy"); v.present {
		text, err := marshal(v.plain())
		if err != nil {
			return nil, fmt.Errorf("reading the document: x-amazon-apigateway-policy: %w", err)
		}
		doc.policy = string(text)
		if _, err := parsePolicy(doc.policy, "arn:aws:execute-api"); err != nil {
			p.add(v.where, "%v", err)
		}
	}
	components := root.get("components")
	components.only("schemas", "securitySchemes")
	doc.schemas = components.get("schemas")
	for _, name := range doc.schemas.fields() {
		checkSchema(doc.schemas.get(name))
	}
	doc.schemes = readSchemes(components.get("securitySchemes"))
	doc.validators = readValidators(root.get("x-amazon-apigateway-request-validators"))
	doc.answers = readGatewayResponses(root.get("x-amazon-apigateway-gateway-responses"))
	doc.readPaths(root)
	return doc, p.err()
}

func readValidators(v value) map[string]requestValidator {
	validators := map[string]requestValidator{}
	for _, name := range v.fields() {
		f := v.get(name)
		f.only("validateRequestBody", "validateRequestParameters")
		validators[name] = requestValidator{
			body:       f.get("validateRequestBody").boolean(),
			parameters: f.get("validateRequestParameters").boolean(),
		}
	}
	return validators
}

var (
	partPattern  = regexp.MustCompile(`^[a-zA-Z0-9._:\-]+$`)
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

func (doc *document) readPaths(root value) {
	paths := root.get("paths")
	if !paths.present {
		root.problems.add(paths.where, "is required")
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
			if m := doc.readMethod(root, item.get(key), shared, path, verb); m != nil {
				doc.methods = append(doc.methods, m)
			}
		}
	}
}

func (doc *document) readMethod(root, v, shared value, path, verb string) *method {
	v.only("operationId", "summary", "description", "tags", "security", "parameters", "requestBody", "responses",
		"x-amazon-apigateway-integration", "x-amazon-apigateway-auth", "x-amazon-apigateway-request-validator")
	m := &method{verb: verb, resource: path, resourceID: resourceID(path), source: pathVariable.ReplaceAllLiteralString(path, "*"), auth: authNone, responses: map[string][]string{}}
	doc.readSecurity(root, v, m)
	name := v.get("x-amazon-apigateway-request-validator")
	if !name.present {
		name = root.get("x-amazon-apigateway-request-validator")
	}
	if name.present {
		validator, ok := doc.validators[name.str()]
		if !ok {
			v.problems.add(name.where, "names the request validator %q, which x-amazon-apigateway-request-validators does not have", name.str())
		}
		m.validator = validator
	}
	m.readParameters(shared)
	m.readParameters(v.get("parameters"))
	doc.readRequestBody(v.get("requestBody"), m)
	responses := v.get("responses")
	if !responses.present {
		v.problems.add(responses.where, "is required: API Gateway warns of a method without responses")
	}
	for _, status := range responses.fields() {
		r := responses.get(status)
		r.only("description", "headers", "content")
		m.responses[status] = r.get("headers").fields()
	}
	m.integration = readIntegration(v.get("x-amazon-apigateway-integration"), m)
	return m
}

func (m *method) readParameters(v value) {
	for _, p := range v.items() {
		p.only("name", "in", "required", "schema", "description")
		in := p.get("in").oneOf("path", "header", "query")
		name := p.get("name").required()
		if in == "path" {
			if !strings.Contains(m.resource, "{"+name+"}") && !strings.Contains(m.resource, "{"+name+"+}") {
				v.problems.add(p.where, "is the path parameter %q, which %s does not have", name, m.resource)
			}
			continue
		}
		if p.get("required").boolean() {
			m.parameters = append(m.parameters, parameter{name: name, in: in})
		}
	}
}
