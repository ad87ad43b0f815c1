package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Policy is a parsed policy document. It does not change and may be used by many
// goroutines.
type Policy struct {
	statements []statement
	context    bool // a statement looks at the request's context
}

// UsesContext reports whether deciding by the policy looks at the request's Context.
func (p *Policy) UsesContext() bool { return p.context }

// Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

var (
	policyElements    = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
	principalTypes    = []string{"AWS", "Service", "Federated"}
)

// Parse reads a policy document of any type. What it does not know is an error that
// names it and what is legal.
func Parse(document string) (*Policy, error) { return parse(document, nil) }

// ParseIdentity reads an identity-based policy, a session policy or a permissions
// boundary: every statement names resources and none a principal.
func ParseIdentity(document string) (*Policy, error) {
	return parse(document, nil, func(s *statement) error {
		switch {
		case s.principals != nil:
			return errors.New(`"Principal" and "NotPrincipal" are legal in resource-based policies only`)
		case s.resources == nil:
			return errors.New(`"Resource" or "NotResource" is missing`)
		}
		return nil
	})
}

// ParseResource reads a resource-based policy: every statement names principals and
// resources. Each resource pattern goes through rewrite first, unless that is nil,
// for services that have a short form, as API Gateway has execute-api:/STAGE/VERB/PATH.
func ParseResource(document string, rewrite func(pattern string) string) (*Policy, error) {
	return parse(document, rewrite, func(s *statement) error {
		switch {
		case s.principals == nil:
			return errors.New(`"Principal" or "NotPrincipal" is missing`)
		case s.resources == nil:
			return errors.New(`"Resource" or "NotResource" is missing`)
		}
		return nil
	})
}

// ParseTrust reads a role's trust policy: every statement names principals and none
// a resource, which is the role itself.
func ParseTrust(document string) (*Policy, error) {
	return parse(document, nil, func(s *statement) error {
		switch {
		case s.principals == nil:
			return errors.New(`"Principal" is missing`)
		case s.resources != nil:
			return errors.New(`"Resource" and "NotResource" are not legal in a trust policy, which is about its own role`)
		}
		return nil
	})
}

func parse(document string, rewrite func(string) string, checks ...func(*statement) error) (*Policy, error) {
	p, err := parsePolicy(document, rewrite, checks)
	if err != nil {
		return nil, fmt.Errorf("parsing the policy: %w", err)
	}
	return p, nil
}

func parsePolicy(document string, rewrite func(string) string, checks []func(*statement) error) (*Policy, error) {
	elements, err := object([]byte(document), policyElements)
	if err != nil {
		return nil, err
	}
	version := version2008 // as AWS takes a policy that names none
	if raw, ok := elements["Version"]; ok {
		if version, err = text(raw); err != nil {
			return nil, fmt.Errorf(`"Version": %w`, err)
		}
		if version != version2008 && version != version2012 {
			return nil, fmt.Errorf(`"Version" is %q, which is not supported; legal are %s and %s`, version, version2012, version2008)
		}
	}
	if raw, ok := elements["Id"]; ok {
		if _, err := text(raw); err != nil {
			return nil, fmt.Errorf(`"Id": %w`, err)
		}
	}
	raw, ok := elements["Statement"]
	if !ok {
		return nil, errors.New(`"Statement" is missing`)
	}
	list := oneOrMore(raw)
	if len(list) == 0 {
		return nil, errors.New(`"Statement" is empty`)
	}
	p := &Policy{}
	for i, raw := range list {
		s, err := parseStatement(raw, version == version2012, rewrite)
		for _, check := range checks {
			if err == nil {
				err = check(&s)
			}
		}
		if err != nil {
			if s.sid != "" {
				return nil, fmt.Errorf("statement %d (%s): %w", i, s.sid, err)
			}
			return nil, fmt.Errorf("statement %d: %w", i, err)
		}
		p.statements = append(p.statements, s)
		p.context = p.context || s.usesContext()
	}
	return p, nil
}

func parseStatement(raw json.RawMessage, variables bool, rewrite func(string) string) (s statement, err error) {
	elements, err := object(raw, statementElements)
	if err != nil {
		return s, err
	}
	if raw, ok := elements["Sid"]; ok {
		if s.sid, err = text(raw); err != nil {
			return s, fmt.Errorf(`"Sid": %w`, err)
		}
	}
	effect, err := text(elements["Effect"])
	if err != nil {
		return s, fmt.Errorf(`"Effect": %w`, err)
	}
	if effect != "Allow" && effect != "Deny" {
		return s, fmt.Errorf(`"Effect" is %q; legal are Allow and Deny`, effect)
	}
	s.deny = effect == "Deny"

	raw, name, err := either(elements, "Action", "NotAction")
	if err != nil {
		return s, err
	}
	if raw == nil {
		return s, errors.New(`"Action" or "NotAction" is missing`)
	}
	s.notActions = name == "NotAction"
	if s.actions, err = each(raw, name, compileAction); err != nil {
		return s, err
	}

	if raw, name, err = either(elements, "Resource", "NotResource"); err != nil {
		return s, err
	}
	if raw != nil {
		s.notResources = name == "NotResource"
		s.resources, err = each(raw, name, func(text string) (resource, error) {
			if rewrite != nil {
				text = rewrite(text)
			}
			if text != "*" && !strings.HasPrefix(text, "arn:") {
				return resource{}, fmt.Errorf("%q is no ARN; legal are * and arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with wildcards", text)
			}
			return compileResource(text, variables)
		})
		if err != nil {
			return s, err
		}
	}

	if raw, name, err = either(elements, "Principal", "NotPrincipal"); err != nil {
		return s, err
	}
	if raw != nil {
		s.notPrincipals = name == "NotPrincipal"
		if s.notPrincipals && !s.deny {
			return s, errors.New("NotPrincipal is legal with Effect Deny only; with Allow it would let in everybody else, anonymous callers too")
		}
		if s.principals, err = parsePrincipals(raw); err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
	}

	if raw, ok := elements["Condition"]; ok {
		if s.conditions, err = parseConditions(raw, variables); err != nil {
			return s, fmt.Errorf(`"Condition": %w`, err)
		}
	}
	s.written = writtenIn(elements, rewrite)
	return s, nil
}

// compileAction compiles an action, which is compared without regard to case.
func compileAction(text string) (string, error) {
	service, operation, ok := strings.Cut(text, ":")
	legal := func(s string) bool {
		return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-*?") == ""
	}
	if text != "*" && !(ok && legal(service) && legal(operation)) {
		return "", fmt.Errorf("%q is no action; legal are * and SERVICE:OPERATION, such as execute-api:Invoke, with wildcards", text)
	}
	p, err := compile(strings.ToLower(text), true, false)
	return p.text, err
}

// parseConditions reads {"OPERATOR": {"KEY": value or values}}.
func parseConditions(raw json.RawMessage, variables bool) ([]condition, error) {
	operators, err := members(raw)
	if err != nil {
		return nil, err
	}
	var conditions []condition
	for _, op := range operators {
		keys, err := members(op.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
		if len(keys) == 0 {
			return nil, fmt.Errorf("%s: no condition key is named", op.name)
		}
		for _, key := range keys {
			values, err := texts(key.value, true)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", op.name, key.name, err)
			}
			c, err := compileCondition(op.name, key.name, values, variables)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, c)
		}
	}
	return conditions, nil
}

// either returns the element of the two that is there, and refuses both.
func either(elements map[string]json.RawMessage, name, not string) (json.RawMessage, string, error) {
	a, hasA := elements[name]
	b, hasB := elements[not]
	switch {
	case hasA && hasB:
		return nil, "", fmt.Errorf("%q and %q cannot stand together", name, not)
	case hasB:
		return b, not, nil
	default:
		return a, name, nil
	}
}

// each compiles a string or each of a list of strings.
func each[T any](raw json.RawMessage, name string, compile func(string) (T, error)) ([]T, error) {
	list, err := texts(raw, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out := make([]T, len(list))
	for i, s := range list {
		if out[i], err = compile(s); err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
	}
	return out, nil
}

// member is a name of a JSON object with its value.
type member struct {
	name  string
	value json.RawMessage
}

// members reads a JSON object. A name that stands twice is refused: it is not said
// which of the two counts.
func members(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%s is not a JSON object", excerpt(raw))
	}
	var out []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("reading JSON: %w", err)
		}
		m := member{name: t.(string)} // the decoder takes nothing else for a name
		if slices.ContainsFunc(out, func(o member) bool { return o.name == m.name }) {
			return nil, fmt.Errorf("%q stands twice", m.name)
		}
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("%s: reading JSON: %w", m.name, err)
		}
		out = append(out, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("reading JSON: something follows the closing brace")
	}
	return out, nil
}

// object reads a JSON object that may have the legal names only.
func object(raw json.RawMessage, legal []string) (map[string]json.RawMessage, error) {
	list, err := members(raw)
	if err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(list))
	for _, m := range list {
		if !slices.Contains(legal, m.name) {
			return nil, fmt.Errorf("%q is not known; legal are %s", m.name, strings.Join(legal, ", "))
		}
		out[m.name] = m.value
	}
	return out, nil
}

func text(raw json.RawMessage) (string, error) {
	var s *string
	if raw == nil {
		return "", errors.New("is missing")
	}
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", fmt.Errorf("%s is not a string", excerpt(raw))
	}
	return *s, nil
}

// oneOrMore returns the elements of a list, or the one value that stands in its place.
func oneOrMore(raw json.RawMessage) []json.RawMessage {
	if raw[0] != '[' {
		return []json.RawMessage{raw}
	}
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list) // members has read it: it is JSON, and so a list
	return list
}

// texts reads a string or a list of strings, which may not be empty. With scalars,
// numbers and truth values count as strings, as in conditions.
func texts(raw json.RawMessage, scalars bool) ([]string, error) {
	list := oneOrMore(raw)
	if len(list) == 0 {
		return nil, errors.New("the list is empty")
	}
	out := make([]string, len(list))
	for i, raw := range list {
		s, err := text(raw)
		if err != nil && scalars && strings.IndexByte("-0123456789tf", raw[0]) >= 0 {
			s, err = string(raw), nil
		}
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// excerpt quotes the beginning of raw for an error message.
func excerpt(raw json.RawMessage) string {
	const limit = 60
	s := strings.TrimSpace(string(raw))
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return fmt.Sprintf("%q", s)
}
