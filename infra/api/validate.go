package api

import (
	"encoding/json"

	"auth-api/infra/settings"
)

// validate says in the document what a request must have. The document's validator
// checks it.
func validate(op *operation, v settings.Validation, shared *components) {
	for _, name := range v.Query {
		op.Parameters = append(op.Parameters, parameter{Name: name, In: "query", Required: true, Schema: schema{Type: "string"}})
	}
	for _, name := range v.Headers {
		op.Parameters = append(op.Parameters, parameter{Name: name, In: "header", Required: true, Schema: schema{Type: "string"}})
	}
	if v.Schema == "" {
		return
	}
	shared.Schemas[v.Model] = json.RawMessage(v.Schema)
	op.Body = &requestBody{Required: true, Content: map[string]content{
		"application/json": {Schema: reference{Ref: "#/components/schemas/" + v.Model}},
	}}
}
