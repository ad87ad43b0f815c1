package verify

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// deployedRoute is a method of the deployed document.
type deployedRoute struct {
	method, path   string
	authorization  string
	apiKeyRequired bool
	scopes         []string
	mock           bool   // API Gateway itself answers
	function       string // name of the function that answers, where one does
}

// authUntold is an authorization whose kind the document does not tell.
const authUntold = "UNTOLD"

// scheme is a security scheme of the document, as API Gateway writes it.
type scheme struct {
	Type, In, Name string
	AuthType       string `json:"x-amazon-apigateway-authtype"`
}

// readDocument reads the routes of an OpenAPI 3.0 document with API Gateway's extensions,
// as GetExport writes it. An operation's security may stand in one requirement or in
// several: API Gateway asks for all of it.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
func readDocument(data []byte) ([]deployedRoute, error) {
	var document struct {
		Security   []map[string][]string
		Components struct {
			SecuritySchemes map[string]scheme `json:"securitySchemes"`
		}
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, errors.New("reading the deployed document: it is no OpenAPI document in JSON")
	}
	var out []deployedRoute
	for _, path := range sortedKeys(document.Paths) {
		for _, verb := range sortedKeys(document.Paths[path]) {
			method := strings.ToUpper(verb)
			if verb == "x-amazon-apigateway-any-method" {
				method = "ANY"
			} else if !slices.Contains(verbs, method) {
				continue // what all methods of the path share
			}
			r, err := readOperation(document.Paths[path][verb], document.Security, document.Components.SecuritySchemes)
			if err != nil {
				return nil, err
			}
			r.method, r.path = method, path
			out = append(out, r)
		}
	}
	return out, nil
}

func readOperation(data []byte, all []map[string][]string, schemes map[string]scheme) (r deployedRoute, err error) {
	var op struct {
		Security    *[]map[string][]string
		Auth        struct{ Type string }      `json:"x-amazon-apigateway-auth"`
		Integration struct{ Type, URI string } `json:"x-amazon-apigateway-integration"`
	}
	if err := json.Unmarshal(data, &op); err != nil {
		return r, errors.New("reading the deployed document: a method is no object")
	}
	if op.Security != nil {
		all = *op.Security
	}
	r.authorization = authNone
	if op.Auth.Type == authIAM {
		r.authorization = authIAM
	}
	for _, requirement := range all {
		for _, name := range sortedKeys(requirement) {
			switch s := schemes[name]; {
			case s.AuthType == "awsSigv4":
				r.authorization = authIAM
			case s.AuthType == "cognito_user_pools":
				r.authorization, r.scopes = authCognito, requirement[name]
			case s.AuthType != "":
				r.authorization = authCustom
			case s.Type == "apiKey" && strings.EqualFold(s.Name, "x-api-key"):
				r.apiKeyRequired = true
			default:
				r.authorization = authUntold
			}
		}
	}
	r.mock = strings.EqualFold(op.Integration.Type, "mock")
	// arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/arn:…:function:NAME/invocations
	if _, rest, found := strings.Cut(op.Integration.URI, ":function:"); found {
		r.function, _, _ = strings.Cut(rest, "/invocations")
		r.function, _, _ = strings.Cut(r.function, ":") // without its alias
	}
	return r, nil
}
