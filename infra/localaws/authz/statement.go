package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// statement is one statement of a policy, compiled.
type statement struct {
	sid           string
	deny          bool
	actions       []string // compiled patterns in lower case
	notActions    bool
	resources     []resource // nil when the policy has none
	notResources  bool
	principals    *principals // nil when the policy has none
	notPrincipals bool
	conditions    []condition
	written       Written
}

// grant says how far an allow of a resource-based policy reaches.
type grant uint8

const (
	noGrant      grant = iota
	accountGrant       // to the account: its identity-based policies decide
	roleGrant          // to the role, or everybody: session policy and boundary still limit it
	sessionGrant       // to the session's own ARN: enough by itself
)

func (s *statement) usesContext() bool {
	if len(s.conditions) > 0 {
		return true
	}
	return slices.ContainsFunc(s.resources, func(r resource) bool { return r.whole.parts != nil })
}

// matches reports whether the statement is about the request, and what it grants if
// it allows. With explain it also says why not, else why is empty.
func (s *statement) matches(r *Request, explain bool) (ok bool, g grant, why string) {
	if !s.action(r.Action) {
		if explain {
			why = "it is not about the action " + r.Action
		}
		return false, noGrant, why
	}
	if s.resources != nil && !s.resource(r) {
		if explain {
			why = "it is not about the resource " + r.Resource
		}
		return false, noGrant, why
	}
	g = roleGrant
	if s.principals != nil {
		if g = s.principal(&r.Principal); g == noGrant {
			if explain {
				why = "it is not about this principal"
			}
			return false, noGrant, why
		}
	}
	for _, c := range s.conditions {
		if !c.holds(r.Context, s.deny) {
			if explain {
				why = fmt.Sprintf("condition %s of %s does not hold for the request's values %q", c.name, c.key, r.Context.values(c.key))
			}
			return false, noGrant, why
		}
	}
	return true, g, ""
}

func (s *statement) action(action string) bool {
	for _, p := range s.actions {
		if glob(p, action, true) {
			return !s.notActions
		}
	}
	return s.notActions
}

// resource reports whether the statement is about the request's resource. A pattern
// whose variable has no value matches nothing, and spoils a NotResource of an allow.
func (s *statement) resource(r *Request) bool {
	lax := s.deny != s.notResources // where a match leads to a denial
	doubt := false
	for i := range s.resources {
		switch s.resources[i].match(r.Resource, r.Context, lax) {
		case yes:
			return !s.notResources
		case unknown:
			doubt = true
		}
	}
	return s.notResources && (s.deny || !doubt)
}

// principals is a compiled Principal or NotPrincipal.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principals struct {
	everybody  bool     // "*"
	everybodyA bool     // {"AWS": "*"}: AWS callers and anonymous ones
	accounts   []string // twelve digits, or the account's root ARN
	arns       []string
	services   []string
	federated  []string
}

func parsePrincipals(raw json.RawMessage) (*principals, error) {
	if raw[0] == '"' {
		s, _ := text(raw) // it is JSON that begins as a string
		if s != "*" {
			return nil, fmt.Errorf(`%q is not legal; legal are "*" and an object with %s`, s, strings.Join(principalTypes, ", "))
		}
		return &principals{everybody: true}, nil
	}
	elements, err := object(raw, principalTypes)
	if err != nil {
		return nil, err
	}
	if len(elements) == 0 {
		return nil, errors.New("nobody is named")
	}
	p := &principals{}
	for kind, raw := range elements {
		names, err := texts(raw, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		for _, name := range names {
			if err := p.add(kind, name); err != nil {
				return nil, fmt.Errorf("%s: %w", kind, err)
			}
		}
	}
	return p, nil
}

func (p *principals) add(kind, name string) error {
	if name == "*" && kind == "AWS" {
		p.everybodyA = true
		return nil
	}
	if name == "" || strings.ContainsAny(name, "*?$") {
		return fmt.Errorf("%q is not legal: a principal is named in full, wildcards and variables are not legal", name)
	}
	switch kind {
	case "Service":
		p.services = append(p.services, name)
	case "Federated":
		p.federated = append(p.federated, name)
	default:
		part := segments(name)
		switch {
		case len(name) == 12 && strings.Trim(name, "0123456789") == "":
			p.accounts = append(p.accounts, name)
		case len(part) == 6 && part[0] == "arn" && part[2] == "iam" && part[5] == "root":
			p.accounts = append(p.accounts, part[4])
		case len(part) == 6 && part[0] == "arn" && (part[2] == "iam" || part[2] == "sts") && strings.Contains(part[5], "/"):
			p.arns = append(p.arns, name)
		default:
			return fmt.Errorf("%q is not legal; legal are *, an account's twelve digits, and ARNs of iam and sts", name)
		}
	}
	return nil
}

// principal returns what the statement's principals grant the caller.
func (s *statement) principal(p *Principal) grant {
	if s.notPrincipals {
		if s.principals.exempt(p) {
			return noGrant
		}
		return accountGrant // NotPrincipal only denies, so any grant will do
	}
	return s.principals.names(p, s.deny)
}

// names returns how closely the caller is named.
func (n *principals) names(p *Principal, deny bool) grant {
	switch {
	case p.ARN != "" && p.RoleARN != "" && contains(n.arns, p.ARN):
		return sessionGrant
	case contains(n.arns, p.ARN), contains(n.arns, p.RoleARN),
		contains(n.services, p.Service), contains(n.federated, p.Federated),
		n.everybody,
		n.everybodyA && (deny || p.ARN != "" || p.anonymous()):
		return roleGrant
	case contains(n.accounts, p.Account):
		return accountGrant
	}
	return noGrant
}

// exempt reports whether NotPrincipal leaves the caller out. As AWS documents, the
// account and the role of a session must be named beside the session itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (n *principals) exempt(p *Principal) bool {
	switch {
	case n.everybody || n.everybodyA && (p.ARN != "" || p.anonymous()):
		return true
	case p.Service != "":
		return contains(n.services, p.Service)
	case p.Federated != "":
		return contains(n.federated, p.Federated)
	case strings.HasSuffix(p.ARN, ":root"):
		return contains(n.accounts, p.Account)
	}
	return contains(n.accounts, p.Account) && contains(n.arns, p.ARN) && (p.RoleARN == "" || contains(n.arns, p.RoleARN))
}

// contains reports whether the name, if there is one, is among the names, without
// regard to case.
func contains(names []string, name string) bool {
	return name != "" && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
