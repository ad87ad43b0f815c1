package authz

import "encoding/json"

// Written is what a statement says, as its policy has it.
type Written struct {
	Actions       []string `json:"actions,omitempty"`
	NotActions    []string `json:"notActions,omitempty"`
	Resources     []string `json:"resources,omitempty"` // none in a trust policy
	NotResources  []string `json:"notResources,omitempty"`
	Principals    []string `json:"principals,omitempty"` // such as AWS: arn:…, or *; none in an identity-based policy
	NotPrincipals []string `json:"notPrincipals,omitempty"`
}

// Condition is a condition of a statement, held against a request.
type Condition struct {
	Operator string   `json:"operator"` // as the policy has it, such as StringNotEquals
	Key      string   `json:"key"`      // such as aws:SourceIp
	Operands []string `json:"operands"` // of the policy, their variables not filled in
	Values   []string `json:"values"`   // of the request; none when it has no such key
	Holds    bool     `json:"holds"`
}

// writtenIn is what the elements of a statement say, which have been compiled: each is
// known to be legal.
func writtenIn(elements map[string]json.RawMessage, rewrite func(string) string) Written {
	list := func(name string) []string {
		raw, has := elements[name]
		if !has {
			return nil
		}
		values, _ := texts(raw, false)
		return values
	}
	resources := func(name string) []string {
		values := list(name)
		for i := range values {
			if rewrite != nil {
				values[i] = rewrite(values[i])
			}
		}
		return values
	}
	return Written{
		Actions: list("Action"), NotActions: list("NotAction"), Resources: resources("Resource"), NotResources: resources("NotResource"),
		Principals: principalsIn(elements["Principal"]), NotPrincipals: principalsIn(elements["NotPrincipal"]),
	}
}

func principalsIn(raw json.RawMessage) []string {
	if raw == nil {
		return nil
	}
	if raw[0] == '"' {
		return []string{"*"}
	}
	kinds, _ := members(raw)
	var out []string
	for _, kind := range kinds {
		names, _ := texts(kind.value, false)
		for _, name := range names {
			out = append(out, kind.name+": "+name)
		}
	}
	return out
}

// held holds each condition of the statement against the request.
func (s *statement) held(r *Request) []Condition {
	var out []Condition
	for _, c := range s.conditions {
		values := r.Context.values(c.key)
		if values == nil {
			values = []string{}
		}
		out = append(out, Condition{Operator: c.name, Key: c.key, Operands: c.written, Values: values, Holds: c.holds(r.Context, s.deny)})
	}
	return out
}

// MarshalText writes the type in AWS's words.
func (t PolicyType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote; anything else is NoPolicy.
func (t *PolicyType) UnmarshalText(text []byte) error {
	*t = NoPolicy
	for _, known := range []PolicyType{IdentityBased, ResourceBased, SessionPolicy, Boundary} {
		if known.String() == string(text) {
			*t = known
		}
	}
	return nil
}
