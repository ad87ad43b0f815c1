package openapi

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Model is a JSON schema of a request's body.
type Model struct{ schema *jsonschema.Schema }

// Validate refuses a body that is no JSON, or that the schema does not allow. The error
// holds parts of the body.
func (m *Model) Validate(body []byte) error {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	return m.schema.Validate(instance)
}

// readRequestBody takes the models of a request's body. API Gateway's models are
// JSON schemas of draft 4.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
func (r *reader) readRequestBody(v value, m *Method) {
	v.only("content", "required", "description")
	m.BodyRequired = v.get("required").boolean()
	m.RequestModels = map[string]*Model{}
	content := v.get("content")
	for _, mediaType := range content.fields() {
		c := content.get(mediaType)
		c.only("schema")
		schema := c.get("schema")
		if !schema.present {
			continue
		}
		compiled, err := r.compileSchema(schema)
		if err != nil {
			v.problems.add(schema.where, "%v", err)
			continue
		}
		m.RequestModels[strings.ToLower(mediaType)] = &Model{schema: compiled}
	}
}

// compileSchema compiles a schema, which may refer to #/components/schemas/NAME and
// to nothing outside the document.
func (r *reader) compileSchema(schema value) (*jsonschema.Schema, error) {
	checkSchema(schema)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.UseLoader(noLoader{})
	c.AssertFormat()
	const url = "model:///document"
	if err := c.AddResource(url, map[string]any{
		"components": map[string]any{"schemas": r.schemas.plain()},
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
