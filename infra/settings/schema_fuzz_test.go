package settings_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/settings"
)

// What is taken as a body's schema is one that API Gateway's documents may have: the
// local AWS takes it, and OpenAPI's validator does.
func FuzzBodySchema(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[a-z]+$"}}, "additionalProperties": false}`,
		`{"$schema": "http://json-schema.org/draft-04/schema#", "type": "array", "items": {}, "uniqueItems": true}`, `{"anyOf": [{"type": "integer", "multipleOf": 2}, {"not": {"enum": [1, "a", null]}}]}`,
		`{"type": "number", "format": "float", "default": 1e3, "minimum": -1}`, `{"title": 1}`, `{"enum": []}`, `{"required": ["a", "a"]}`, `{"properties": {"$ref": {"type": "string"}}}`,
	} {
		f.Add(seed)
	}
	dir := withFiles(f, nil)
	config := map[string]string{"auth-api:routes": `[{"method": "POST", "path": "/orders", "function": "orders", "public": true, "bodySchema": "body.json"}]`}
	const document = `{"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "components": {"schemas": {"Body": %s}}, "paths": {"/orders": {"post": {
		"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}}, "responses": {"200": {"description": "d"}},
		"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST",
			"uri": "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:111122223333:function:orders/invocations"}}}}}`
	f.Fuzz(func(t *testing.T, schema string) {
		if err := os.WriteFile(filepath.Join(dir, "orders", "body.json"), []byte(schema), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := settings.Parse("auth-api", "dev", config, nil, dir)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "functions/orders/body.json") {
				t.Errorf("refused by %q", err)
			}
			return
		}
		text := fmt.Sprintf(document, s.Routes[0].Validation.Schema)
		if _, err := openapi.Read(text); err != nil {
			t.Errorf("%s was taken, and the local AWS says: %v", schema, err)
		}
		doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
		if err != nil {
			t.Fatalf("%s was taken, and its document cannot be read: %v", schema, err)
		}
		if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation()); err != nil {
			t.Errorf("%s was taken, and OpenAPI says: %v", schema, err)
		}
	})
}
