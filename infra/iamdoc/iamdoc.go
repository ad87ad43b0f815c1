// Package iamdoc writes IAM policy documents as typed values, marshalled once.
//
// It only writes them: what a document means is decided by IAM, and on the local AWS
// by a package that shares no code with this one, so that neither hides a mistake of
// the other.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
package iamdoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Version is the version of the policy language; every document has this one.
const Version = "2012-10-17"

// Effect says whether a statement allows or denies.
type Effect string

// The two effects. A Deny beats every Allow.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy: a list of statements.
type Document struct {
	Statements []Statement
}

// Statement allows or denies actions. A statement of an identity's policy has
// Resources and no Principal; one of a trust policy has a Principal and no Resources;
// one of a resource's policy has a Principal, and either Resources or Attached, and speaks
// of everybody only under conditions.
type Statement struct {
	ID         string // Sid: letters and digits
	Effect     Effect
	Principal  *Principal
	Actions    []string
	Resources  []string
	Conditions Conditions

	// Attached says that the policy is one of a resource, such as a key, and the
	// statement about that resource alone, which is written as *.
	Attached bool

	// Everywhere is why the statement may allow its actions on every resource, where they
	// are no exceptions for all (see Exceptions).
	Everywhere string
}

// Principal is who a statement of a trust policy, or of a resource's, speaks of; exactly
// one of its fields is set.
type Principal struct {
	Service   string // such as lambda.amazonaws.com
	Federated string // such as cognito-identity.amazonaws.com
	AWS       string // ARN of an account's root: whom that account's own policies allow
	Everybody bool   // of an API's policy alone, and never without conditions
}

// Conditions maps a condition operator to condition keys and their values.
type Conditions map[string]map[string][]string

// JSON writes the document. The same document gives the same bytes always. A document
// that IAM would refuse, or that grants more than anyone means to (all actions of a
// service, every resource), is an error that names the statement.
func (d Document) JSON() (string, error) {
	if len(d.Statements) == 0 {
		return "", errors.New("writing a policy: it has no statements")
	}
	out := document{Version: Version}
	for i, s := range d.Statements {
		if err := s.check(); err != nil {
			return "", fmt.Errorf("writing a policy: statement %d (%s): %w", i, s.ID, err)
		}
		out.Statement = append(out.Statement, s.wire())
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("writing a policy: %w", err)
	}
	return string(b), nil
}

func (p Principal) count() int {
	n := 0
	for _, who := range []string{p.Service, p.Federated, p.AWS} {
		if who != "" {
			n++
		}
	}
	if p.Everybody {
		n++
	}
	return n
}

func (s Statement) check() error {
	switch {
	case s.Effect != Allow && s.Effect != Deny:
		return fmt.Errorf("effect is %q: legal are Allow, Deny", s.Effect)
	case len(s.Actions) == 0:
		return errors.New("it has no actions")
	case s.Principal == nil && len(s.Resources) == 0:
		return errors.New("it has neither a principal nor resources")
	case s.Attached && len(s.Resources) > 0:
		return errors.New("it is of a resource's policy and names resources too")
	case s.Principal != nil && s.Principal.count() != 1:
		return errors.New("its principal must be one of a service, a federation, an account, everybody")
	case s.Principal != nil && s.Principal.Everybody && (len(s.Resources) == 0 || len(s.Conditions) == 0):
		return errors.New("it speaks of everybody: it must have resources and conditions")
	case strings.Trim(s.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "":
		return errors.New("its id may have letters and digits alone")
	}
	for _, action := range s.Actions {
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || strings.Contains(action, "*") {
			return fmt.Errorf("action is %q: legal is service:Action, without wildcards", action)
		}
	}
	for _, resource := range s.Resources {
		if resource == EveryResource && s.Principal == nil && (s.Effect == Deny || s.Everywhere != "" || !slices.ContainsFunc(s.Actions, func(action string) bool { return unscoped[action] == "" })) {
			continue
		}
		if parts := strings.SplitN(resource, ":", 6); len(parts) != 6 || parts[0] != "arn" || strings.Trim(parts[5], "*") == "" {
			return fmt.Errorf("resource is %q: legal is an ARN that names something", resource)
		}
	}
	return nil
}

type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string                       `json:",omitempty"`
	Effect    Effect                       `json:""`
	Principal any                          `json:",omitempty"`
	Action    values                       `json:""`
	Resource  values                       `json:",omitempty"`
	Condition map[string]map[string]values `json:",omitempty"`
}

// values are written as IAM writes them back: one value as a string.
type values []string

func (v values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

func (s Statement) wire() statement {
	out := statement{Sid: s.ID, Effect: s.Effect, Action: s.Actions, Resource: s.Resources}
	if s.Attached {
		out.Resource = values{"*"}
	}
	if p := s.Principal; p != nil {
		switch {
		case p.Everybody:
			out.Principal = "*"
		case p.Service != "":
			out.Principal = map[string]string{"Service": p.Service}
		case p.AWS != "":
			out.Principal = map[string]string{"AWS": p.AWS}
		default:
			out.Principal = map[string]string{"Federated": p.Federated}
		}
	}
	for operator, keys := range s.Conditions {
		if out.Condition == nil {
			out.Condition = map[string]map[string]values{}
		}
		out.Condition[operator] = map[string]values{}
		for key, list := range keys {
			out.Condition[operator][key] = list
		}
	}
	return out
}
