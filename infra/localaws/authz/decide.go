package authz

import (
	"strconv"
	"strings"
)

// Step is one statement that was looked at for a decision.
type Step struct {
	Type      PolicyType `json:"type"`
	Policy    string     `json:"policy"`    // its name
	Statement int        `json:"statement"` // index, from 0
	SID       string     `json:"sid,omitempty"`
	Effect    string     `json:"effect"` // Allow, Deny
	Matched   bool       `json:"matched"`
	Why       string     `json:"why,omitempty"` // why it did not match; empty when it did
	Action    string     `json:"action"`        // that was asked for
	Resource  string     `json:"resource,omitempty"`

	Written    Written     `json:"written"`
	Conditions []Condition `json:"conditions,omitempty"`
}

// Decide says whether the request is allowed, and which statement says so.
func Decide(r Request, p Policies) Decision { return decide(&r, &p, nil) }

// Explain decides as Decide does and also tells of every statement why it did or did
// not match. It looks at all of them, also at those after the one that decided.
func Explain(r Request, p Policies) (Decision, []Step) {
	steps := []Step{}
	d := decide(&r, &p, &steps)
	return d, steps
}

// found is what the policies of one type say of the request.
type found struct {
	deny, allow ref
	grant       grant
}

// ref is a statement of a policy; the zero ref is none.
type ref struct {
	source    *Source
	index     int
	statement *statement
}

func decide(r *Request, p *Policies, steps *[]Step) Decision {
	identity := look(r, p.Identity, IdentityBased, steps)
	boundary := look(r, one(p.Boundary), Boundary, steps)
	session := look(r, p.Session, SessionPolicy, steps)
	resource := look(r, one(p.Resource), ResourceBased, steps)

	for _, d := range [...]struct {
		found
		t PolicyType
	}{{identity, IdentityBased}, {boundary, Boundary}, {session, SessionPolicy}, {resource, ResourceBased}} {
		if d.deny.source != nil {
			return by(ExplicitDeny, d.t, d.deny)
		}
	}

	if r.Principal.ARN == "" { // anonymous, a service or a federated user: no identity-based policy can speak for it
		if resource.grant >= roleGrant {
			return by(Allowed, ResourceBased, resource.allow)
		}
		return none(NoResourceAllow, r, "no statement of the resource-based policy allows ")
	}
	if resource.grant == sessionGrant {
		return by(Allowed, ResourceBased, resource.allow)
	}
	allow, t := identity.allow, IdentityBased
	if allow.source == nil {
		if resource.grant == accountGrant {
			return none(NoIdentityAllow, r, "the resource-based policy leaves it to the account, and no statement of the identity-based policies"+names(p.Identity)+" allows ")
		}
		if resource.grant == noGrant {
			return none(NoIdentityAllow, r, "no statement of the identity-based policies"+names(p.Identity)+" allows ")
		}
		allow, t = resource.allow, ResourceBased
	}
	if p.Boundary != nil && boundary.allow.source == nil {
		return none(NoBoundaryAllow, r, "no statement of the permissions boundary"+names(one(p.Boundary))+" allows ")
	}
	if len(p.Session) > 0 && session.allow.source == nil {
		return none(NoSessionAllow, r, "no statement of the session policies"+names(p.Session)+" allows ")
	}
	return by(Allowed, t, allow)
}

// look finds the first statement that denies and the one that grants most.
func look(r *Request, sources []Source, t PolicyType, steps *[]Step) (f found) {
	for i := range sources {
		source := &sources[i]
		for j := range source.Policy.statements {
			s := &source.Policy.statements[j]
			ok, g, why := s.matches(r, steps != nil)
			switch {
			case ok && s.deny && f.deny.source == nil:
				f.deny = ref{source, j, s}
			case ok && !s.deny && g > f.grant:
				f.allow, f.grant = ref{source, j, s}, g
			}
			if steps != nil {
				effect := "Allow"
				if s.deny {
					effect = "Deny"
				}
				*steps = append(*steps, Step{Type: t, Policy: source.Name, Statement: j, SID: s.sid, Effect: effect, Matched: ok, Why: why,
					Action: r.Action, Resource: r.Resource, Written: s.written, Conditions: s.held(r)})
			}
		}
	}
	return f
}

// by is a decision that a statement made.
func by(k Kind, t PolicyType, at ref) Decision {
	verb := " denies"
	if k == Allowed {
		verb = " allows"
	}
	statement := "statement " + strconv.Itoa(at.index)
	if at.statement.sid != "" {
		statement += " (" + at.statement.sid + ")"
	}
	return Decision{
		Allowed: k == Allowed, Kind: k, Type: t,
		Reason: statement + " of the " + t.String() + " " + at.source.Name + verb,
		Policy: at.source.Name, Statement: at.index, SID: at.statement.sid,
	}
}

// none is a denial because no statement allowed.
func none(k Kind, r *Request, reason string) Decision {
	return Decision{Kind: k, Statement: -1, Reason: reason + r.Action + " on " + r.Resource}
}

func one(s *Source) []Source {
	if s == nil {
		return nil
	}
	return []Source{*s}
}

// names lists the sources' names for a reason.
func names(sources []Source) string {
	if len(sources) == 0 {
		return " (there are none)"
	}
	list := make([]string, len(sources))
	for i, s := range sources {
		list[i] = s.Name
	}
	return " " + strings.Join(list, ", ")
}
