package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Validation is what API Gateway asks of a request before it asks the function.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html.
type Validation struct {
	Query, Headers []string // parameters that a request must have, not blank
	BodySchema     string   // a file beside the function; empty: any body, or none
	Schema         string   // what is in that file, without $schema
	Model          string   // the schema's name in the API: letters and digits
}

// maxSchemaBytes is what AWS allows a model:
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateModel.html.
const maxSchemaBytes = 400 << 10

var (
	withBody   = []string{"POST", "PUT", "PATCH"}
	schemaFile = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*\.json$`)

	// ownHeaders are those that OpenAPI passes over among parameters.
	ownHeaders = []string{"accept", "authorization", "content-type"}
)

func readValidation(o object, r Route) Validation {
	var v Validation
	o.child("requiredParameters", "What a request must have, or it gets 400 before the function is asked. Path parameters are always there.", func(o object) {
		v.Query = o.texts("query", nil, "names of query parameters", "Parameters of the query.", func(key, name string) {
			if !queryName.MatchString(name) {
				o.p.add(key, "is %q: legal are letters, digits and . _ $ -", name)
			}
		})
		v.Headers = o.texts("headers", nil, "names of headers", "Headers, in any case.", func(key, name string) {
			checkHeader(o, key, name)
			if slices.Contains(ownHeaders, strings.ToLower(name)) {
				o.p.add(key, "is %q: OpenAPI passes over %s here, so that nothing would be required", name, joined(ownHeaders))
			}
		})
	})
	v.BodySchema = o.text("bodySchema", "", "is the name of a JSON file in the function's folder", "A JSON schema that bodies must match, or they get 400: draft 4 as far as API Gateway checks it, without $ref. For POST, PUT and PATCH. API Gateway checks bodies that say they are application/json: the function refuses other types.")
	switch {
	case !o.has("bodySchema"):
	case !schemaFile.MatchString(v.BodySchema):
		o.p.add(o.at("bodySchema"), "is %q: legal is the name of a file beside the function, such as order.schema.json", v.BodySchema)
		v.BodySchema = ""
	case r.Method != "" && !slices.Contains(withBody, r.Method):
		o.p.add(o.at("bodySchema"), "is for methods with a body, %s, and the route's is %s", joined(withBody), r.Method)
		v.BodySchema = ""
	}
	return v
}

// readBodySchemas reads the schemas that routes name.
func (s *Settings) readBodySchemas(p *problems, functionsDir string) {
	type read struct{ schema, fault string }
	files := map[string]read{} // each is read once, and its fault told at each route
	models := map[string]string{}
	for i := range s.Routes {
		r := &s.Routes[i]
		if r.Validation.BodySchema == "" || r.Function == "" {
			continue
		}
		key := fmt.Sprintf("%s:routes[%d].bodySchema", s.Project, i)
		file := filepath.Join("functions", r.Function, r.Validation.BodySchema)
		got, known := files[file]
		if !known {
			schema, err := readSchema(filepath.Join(functionsDir, r.Function, r.Validation.BodySchema))
			got.schema = schema
			if err != nil {
				got.fault = err.Error()
			}
			files[file] = got
		}
		r.Validation.Schema, r.Validation.Model = got.schema, modelName(r.Function, r.Validation.BodySchema)
		if got.fault != "" {
			p.add(key, "is %q: %s %s", r.Validation.BodySchema, filepath.ToSlash(file), got.fault)
			continue
		}
		if other, taken := models[r.Validation.Model]; taken && other != file {
			p.add(key, "is %q, whose name as a model of the API is %s, as is that of %s: name one of the files differently", r.Validation.BodySchema, r.Validation.Model, filepath.ToSlash(other))
		}
		models[r.Validation.Model] = file
	}
}

// modelName is the name of a schema in the API, where it may have letters and digits
// alone: functions/new-order/body.schema.json is NewOrderBodySchema.
func modelName(function, file string) string {
	var out strings.Builder
	for _, part := range strings.FieldsFunc(function+"-"+strings.TrimSuffix(file, ".json"), func(r rune) bool { return strings.ContainsRune("-_.", r) }) {
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}

// readSchema reads a schema file and refuses what API Gateway would refuse, or would
// take and not check. Its errors say what is wrong with the file, after its name.
func readSchema(path string) (string, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("is not there")
	case err != nil:
		return "", fmt.Errorf("cannot be read: %w", err)
	case len(data) > maxSchemaBytes:
		return "", fmt.Errorf("has %d bytes: AWS allows a model %d", len(data), maxSchemaBytes)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var schema map[string]any
	if err := d.Decode(&schema); err != nil {
		return "", fmt.Errorf("is no JSON object: %v", err)
	}
	if d.More() {
		return "", errors.New("has something after its JSON object")
	}
	if draft, ok := schema["$schema"]; ok {
		if text, _ := draft.(string); strings.TrimSuffix(text, "#") != "http://json-schema.org/draft-04/schema" {
			return "", fmt.Errorf("has $schema %s: API Gateway's models are of draft 4, http://json-schema.org/draft-04/schema#", show(draft))
		}
		delete(schema, "$schema") // which an OpenAPI document has no place for
	}
	if err := checkKeywords("", schema); err != nil {
		return "", err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("is no JSON: %v", err)
	}
	const url = "file:///schema.json"
	if err := c.AddResource(url, instance); err != nil {
		return "", fmt.Errorf("is no JSON schema: %v", err)
	}
	if _, err := c.Compile(url); err != nil {
		return "", fmt.Errorf("is no JSON schema: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	out, err := json.Marshal(schema)
	if err != nil {
		return "", fmt.Errorf("cannot be written back: %w", err)
	}
	return string(out), nil
}

var (
	types = []string{"object", "array", "string", "number", "integer", "boolean"}

	// keywords are those of draft 4 that API Gateway checks and OpenAPI 3.0 has.
	keywords = []string{"title", "description", "type", "enum", "default", "format", "properties", "required", "additionalProperties", "minProperties", "maxProperties",
		"items", "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "multipleOf", "allOf", "anyOf", "oneOf", "not"}

	// notChecked are those that API Gateway takes, or refuses, and never checks:
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html.
	notChecked = map[string]string{
		"$ref":             "write the schema in place: what it refers to would not be part of the API",
		"definitions":      "write the schemas in place",
		"minItems":         "API Gateway drops it when it takes a document in; the function checks it",
		"maxItems":         "API Gateway drops it when it takes a document in; the function checks it",
		"exclusiveMinimum": "API Gateway does not know it; the function checks it",
		"exclusiveMaximum": "API Gateway does not know it; the function checks it",
	}
)

// checkKeywords walks through a schema. at is where it is, as a JSON pointer.
func checkKeywords(at string, v any) error {
	schema, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("has %s at %s: legal is a schema, a JSON object", show(v), place(at))
	}
	for _, name := range sortedKeys(schema) {
		value, here := schema[name], at+"/"+name
		if why, ok := notChecked[name]; ok {
			return fmt.Errorf("has %s at %s: %s", name, place(at), why)
		}
		if !slices.Contains(keywords, name) {
			return fmt.Errorf("has %s at %s, which is no keyword that API Gateway checks: legal are %s", name, place(at), joined(keywords))
		}
		switch name {
		case "type":
			if text, ok := value.(string); !ok || !slices.Contains(types, text) {
				return fmt.Errorf("has the type %s at %s: legal are %s", show(value), place(at), joined(types))
			}
		case "properties":
			if children, ok := value.(map[string]any); ok {
				for _, child := range sortedKeys(children) {
					if err := checkKeywords(here+"/"+child, children[child]); err != nil {
						return err
					}
				}
			}
		case "additionalProperties", "items", "not":
			if _, yesNo := value.(bool); yesNo && name == "additionalProperties" {
				continue
			}
			if err := checkKeywords(here, value); err != nil {
				return err
			}
		case "allOf", "anyOf", "oneOf":
			children, _ := value.([]any)
			for i, child := range children {
				if err := checkKeywords(fmt.Sprintf("%s/%d", here, i), child); err != nil {
					return err
				}
			}
		}
	}
	if _, ok := schema["items"]; !ok && schema["type"] == "array" {
		return fmt.Errorf("has an array without items at %s: OpenAPI asks for them; {} is anything", place(at))
	}
	return nil
}

func place(at string) string {
	if at == "" {
		return "the top"
	}
	return at
}
