package gateway

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// model is a compiled JSON schema of a request's body.
type model struct{ schema *jsonschema.Schema }

// readRequestBody takes the models of a request's body. API Gateway's models are
// JSON schemas of draft 4.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
func (doc *document) readRequestBody(v value, m *method) {
	v.only("content", "required", "description")
	m.bodyNeeded = v.get("required").boolean()
	m.models = map[string]*model{}
	content := v.get("content")
	for _, mediaType := range content.fields() {
		c := content.get(mediaType)
		c.only("schema")
		schema := c.get("schema")
		if !schema.present {
			continue
		}
		compiled, err := doc.compileSchema(schema)
		if err != nil {
			v.problems.add(schema.where, "%v", err)
			continue
		}
		m.models[strings.ToLower(mediaType)] = &model{schema: compiled}
	}
}

// compileSchema compiles a schema, which may refer to #/components/schemas/NAME and
// to nothing outside the document.
func (doc *document) compileSchema(schema value) (*jsonschema.Schema, error) {
	checkSchema(schema)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.UseLoader(noLoader{})
	c.AssertFormat()
	const url = "model:///document"
	if err := c.AddResource(url, map[string]any{
		"components": map[string]any{"schemas": doc.schemas.plain()},
		"body":       schema.plain(),
	}); err != nil {
		return nil, fmt.Errorf("is no JSON schema: %w", err)
	}
	compiled, err := c.Compile(url + "#/body")
	if err != nil {
		return nil, fmt.Errorf("is no JSON schema: %w", err)
	}
	return compiled, nil
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema may refer to #/components/schemas only, not to %s", url)
}

// checkSchema refuses keywords that the validator would pass over, such as OpenAPI's
// nullable and discriminator, which API Gateway's models do not know either.
func checkSchema(v value) {
	if _, ok := v.data.(bool); ok {
		return // additionalProperties may be true or false
	}
	v.only("$ref", "title", "description", "type", "enum", "default", "format", "properties", "patternProperties", "required",
		"additionalProperties", "minProperties", "maxProperties", "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
		"pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf", "not")
	if ref := v.get("$ref"); ref.present && !strings.HasPrefix(ref.str(), "#/components/schemas/") {
		v.problems.add(ref.where, "is %q, supported is #/components/schemas/NAME", ref.str())
	}
	for _, key := range []string{"properties", "patternProperties"} {
		for _, name := range v.get(key).fields() {
			checkSchema(v.get(key).get(name))
		}
	}
	for _, key := range []string{"additionalProperties", "items", "not"} {
		if s := v.get(key); s.present {
			checkSchema(s)
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, s := range v.get(key).items() {
			checkSchema(s)
		}
	}
}

// validate checks the request as the method's validator says, and answers one that fails.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
func (x *exchange) validate() bool {
	m := x.method
	if m.validator.parameters {
		if missing := x.missingParameters(); len(missing) > 0 {
			x.validation = "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
			x.refuse(answerParameters.with(x.validation), x.validation)
			return false
		}
	}
	if !m.validator.body || (len(m.models) == 0 && !m.bodyNeeded) {
		return true
	}
	if len(bytes.TrimSpace(x.body)) == 0 {
		if !m.bodyNeeded {
			return true
		}
		x.validation = "[the body is required]"
		x.refuse(answerBody, "a body is required")
		return false
	}
	model := m.models[requestMediaType(x.r.Header)]
	if model == nil {
		return true // API Gateway validates the media types that have a model, and no others
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.body))
	if err == nil {
		err = model.schema.Validate(instance)
	}
	if err != nil {
		x.validation = "[the body does not match its model]"
		x.refuse(answerBody, "the body does not match its model") // the error holds the body's values
		return false
	}
	return true
}

// missingParameters names the required parameters that are missing or blank.
func (x *exchange) missingParameters() []string {
	var missing []string
	var query map[string][]string
	for _, p := range x.method.parameters {
		present := false
		switch p.in {
		case "header":
			present = strings.TrimSpace(x.r.Header.Get(p.name)) != "" || (strings.EqualFold(p.name, "Host") && x.r.Host != "")
		default:
			if query == nil {
				query = parseQuery(x.r.URL.RawQuery)
			}
			for _, v := range query[p.name] {
				present = present || strings.TrimSpace(v) != ""
			}
		}
		if !present {
			missing = append(missing, p.name)
		}
	}
	return missing
}
