package apidoc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one thing that a stage serves otherwise than declared.
type Difference struct {
	Where    string `json:"where"`              // such as GET /hello, authorizer users, gateway response DEFAULT_4XX
	What     string `json:"what,omitempty"`     // such as authorization; empty: the whole of it
	Declared string `json:"declared,omitempty"` // empty: it is not declared
	Deployed string `json:"deployed,omitempty"` // empty: it is not deployed
}

// String is the difference in a line.
func (d Difference) String() string {
	switch {
	case d.What == "" && d.Declared == "":
		return d.Where + ": deployed, and not in the program: " + d.Deployed
	case d.What == "" && d.Deployed == "":
		return d.Where + ": in the program, and not deployed"
	}
	return fmt.Sprintf("%s: %s is %s; the program says %s", d.Where, d.What, cmp.Or(d.Deployed, none), cmp.Or(d.Declared, none))
}

const none = "none"

// Compare returns what the deployed document says otherwise than the declared one, in a
// fixed order. It fails when one of them cannot be read.
func Compare(declared, deployed []byte) ([]Difference, error) {
	want, err := read(declared)
	if err != nil {
		return nil, fmt.Errorf("reading the declared document: %w", err)
	}
	have, err := read(deployed)
	if err != nil {
		return nil, fmt.Errorf("reading the deployed document: %w", err)
	}
	var out []Difference
	for _, where := range union(want, have) {
		w, declared := want[where]
		h, deployed := have[where]
		switch {
		case !declared:
			out = append(out, Difference{Where: where, Deployed: h.summary()})
		case !deployed:
			out = append(out, Difference{Where: where, Declared: w.summary()})
		default:
			for _, what := range union(w, h) {
				if w[what] != h[what] {
					out = append(out, Difference{Where: where, What: what, Declared: w[what], Deployed: h[what]})
				}
			}
		}
	}
	return out, nil
}

func union[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// facts are what a document says of one thing, by what they are called. What is left out
// means the default.
type facts map[string]string

// The names of facts.
const (
	authorization = "authorization"
	apiKey        = "the API key"
	integrated    = "the integration"
)

func (f facts) summary() string {
	if f[authorization] == "" {
		return "with settings of its own"
	}
	return fmt.Sprintf("authorization %s, API key %s, %s", f[authorization], cmp.Or(f[apiKey], "not required"), cmp.Or(f[integrated], "no integration"))
}

// set keeps a value that is not empty.
func (f facts) set(name string, value any) {
	if text, isText := value.(string); isText {
		if text != "" {
			f[name] = text
		}
		return
	}
	if text := canonical(value); text != "" && text != "null" && text != "{}" && text != "[]" {
		f[name] = text
	}
}

// canonical is a value as JSON whose objects' keys are in order.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // a float that JSON has no form for, and the value was read from JSON
		return fmt.Sprint(v)
	}
	return string(text)
}

func read(data []byte) (map[string]facts, error) {
	doc, err := Read(data)
	if err != nil {
		return nil, err
	}
	out := map[string]facts{}
	for _, m := range doc.methods {
		if out[m.Name()], err = doc.facts(m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name(), err)
		}
	}
	for name, s := range doc.schemes {
		if s.Authorizer != nil {
			out["authorizer "+name] = s.authorizer()
		}
	}
	for name, r := range doc.responses {
		out["gateway response "+name] = r.facts()
	}
	return out, nil
}

func (d Document) facts(m Method) (facts, error) {
	a, err := d.Access(m)
	if err != nil {
		return nil, err
	}
	f := facts{authorization: a.Authorization}
	if a.Authorizer != "" {
		f[authorization] = "by " + a.Authorizer
		if len(a.Scopes) > 0 {
			f[authorization] += " with a scope of " + strings.Join(a.Scopes, ", ")
		}
	}
	if a.APIKeyRequired {
		f[apiKey] = "required"
	}
	if err := d.validate(f, m.operation); err != nil {
		return nil, err
	}
	integrate(f, m.Integration)
	return f, nil
}

// validate tells what a request must have. Where nothing validates, what is declared of
// parameters and body keeps nobody out.
func (d Document) validate(f facts, op operation) error {
	name := d.validator
	if op.Validator != nil {
		name = *op.Validator
	}
	v, known := d.validators[name]
	if name != "" && !known {
		return fmt.Errorf("the request validator %q is not in x-amazon-apigateway-request-validators", name)
	}
	if v.Parameters {
		var required []string
		for _, p := range op.Parameters {
			if p.Required && p.In != "path" {
				required = append(required, p.In+" "+p.Name)
			}
		}
		slices.Sort(required)
		f.set("the required parameters", strings.Join(required, ", "))
	}
	if v.Body {
		bodies := map[string]any{}
		for kind, content := range op.Body.Content {
			schema := any(content.Schema)
			if ref, is := content.Schema["$ref"].(string); is {
				if schema, known = d.schemas[ref[strings.LastIndexByte(ref, '/')+1:]]; !known {
					return fmt.Errorf("the body's schema is %q, which components.schemas does not have", ref)
				}
			}
			bodies[kind] = schema
		}
		f.set("the body's schema", bodies)
	}
	return nil
}

// integrate tells what answers. The answers of a proxy are the function's: what an export
// says of them means nothing.
func integrate(f facts, with map[string]any) {
	if with == nil {
		return
	}
	kind := text(with["type"])
	f[integrated] = strings.TrimSpace(strings.ToLower(kind) + " " + strings.ToUpper(text(with["httpMethod"])) + " " + text(with["uri"]))
	if timeout := canonical(with["timeoutInMillis"]); timeout != "29000" {
		f.set("the integration's timeout", with["timeoutInMillis"]) // in milliseconds
	}
	f.set("the integration's credentials", with["credentials"])
	f.set("the integration's parameters", with["requestParameters"])
	f.set("the integration's templates", with["requestTemplates"])
	if connection := text(with["connectionType"]); connection != "" && !strings.EqualFold(connection, "INTERNET") {
		f.set("the integration's connection", connection+" "+text(with["connectionId"]))
	}
	if !strings.HasSuffix(strings.ToLower(kind), "_proxy") {
		f.set("the integration's answers", with["responses"])
		f.set("what passes through the integration", strings.ToLower(text(with["passthroughBehavior"])))
	}
}

// authorizerDefaults are what an export says of authorizers that did not say so.
var authorizerDefaults = map[string]string{"authorizerResultTtlInSeconds": "300"}

func (s scheme) authorizer() facts {
	f := facts{}
	f.set("what it reads", s.Name)
	f.set("its kind", strings.ToLower(s.AuthType))
	for key, v := range s.Authorizer {
		if list, is := v.([]any); is { // providerARNs, in any order
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(text(a), text(b)) })
		}
		if authorizerDefaults[key] != canonical(v) {
			f.set(key, v)
		}
	}
	return f
}

// messageTemplate is the answer of the gateway that declares no other.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
const messageTemplate = `{"message":$context.error.messageString}`

func (r gatewayResponse) facts() facts {
	f := facts{}
	if r.Status != nil {
		f.set("its status", strings.Trim(canonical(r.Status), `"`))
	}
	f.set("its headers", r.Parameters)
	templates := maps.Clone(r.Templates)
	if templates["application/json"] == messageTemplate {
		delete(templates, "application/json")
	}
	f.set("its body", templates)
	return f
}
