package main

import (
	"fmt"
	"net/http"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway"
)

// answer is what is printed.
type answer struct {
	Stack   string       `json:"stack"`
	Source  string       `json:"source"` // deployed, planned, request
	Caller  *sender      `json:"caller,omitempty"`
	Request *audit.Entry `json:"request,omitempty"` // that was made, of --request
	// Way is nil for a request to another service than API Gateway.
	Way      *gateway.Way `json:"way,omitempty"`
	ToChange []string     `json:"toChange"` // what would let the caller in, or keep it out
	Notes    []string     `json:"notes,omitempty"`

	project string          // with which the keys of the stack file begin
	routes  []gateway.Route // of the stage
	oneOf   int             // how many stages there are
	fresh   bool            // nothing is deployed, and what is planned is told in its place
}

// outcome is one of outcomes.
func (a answer) outcome() string {
	switch {
	case a.Request != nil && a.Request.Status >= 400, a.Way != nil && !a.Way.Allowed && a.Request == nil:
		return "refused"
	case a.Request == nil && a.Way.Authorizer != "":
		return "depends"
	}
	return "allowed"
}

// who is the caller in a word or two.
func (a answer) who() string {
	if a.Request != nil {
		if a.Request.Caller == "" {
			return "nobody in particular"
		}
		return a.Request.Caller
	}
	return a.Caller.Name
}

// headline says how it ends.
func (a answer) headline() string {
	if a.Request != nil {
		return fmt.Sprintf("%s %s: %d", a.Request.Method, a.Request.Path, a.Request.Status)
	}
	what := a.Way.Method + " " + a.Way.Path + " as " + a.who()
	switch a.outcome() {
	case "refused":
		return what + ": refused, " + a.answered()
	case "depends":
		return what + ": the Lambda authorizer " + a.Way.Authorizer + " decides"
	}
	return what + ": allowed"
}

// answered is the answer's status and kind.
func (a answer) answered() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Way.Status, a.Way.Error))
}

// before is for a refusal behind a Lambda authorizer, which may refuse first.
func (a answer) before() string {
	return "unless the Lambda authorizer " + a.Way.Authorizer + ", which is asked before, refuses or fails."
}

// basis says what the answer is of, and by whose rules.
func (a answer) basis() string {
	if a.Source == fromLog {
		return "a request to the local AWS of stack " + a.Stack + ", as its log has it"
	}
	of := "stack " + a.Stack
	if a.oneOf > 1 {
		of += ", stage " + a.Way.Stage + " of the API " + a.Way.API
	}
	return of + ", as " + a.Source + "; decided by the local AWS's rules"
}

// notDeployed is the word that goes with an answer about what is not there yet.
const notDeployed = "The stack is not deployed yet: this is what make up would bring."

// differs says how a request that was made would be answered now, where that is another
// answer than it had.
func (a answer) differs() string {
	if a.Request == nil || a.Way == nil {
		return ""
	}
	switch then := a.Request.Status; {
	case !a.Way.Allowed && a.Way.Status == then:
		return ""
	case !a.Way.Allowed:
		return fmt.Sprintf("It was answered %d, and by what is declared now it would be %s: the stack, or its time, has changed since.", then, a.answered())
	case a.Request.Decision == "deny" && then == http.StatusTooManyRequests:
		return "It would be let in now: a rate or a quota was used up then, and nothing is counted here."
	case a.Request.Decision == "deny" && (then == http.StatusBadRequest || then == http.StatusRequestEntityTooLarge || then == http.StatusUnsupportedMediaType):
		return "It would be let in with another query, other headers or another body: those that it had are not kept."
	case a.Request.Decision == "deny" && then >= 500:
		return "It was let in, as it would be now: what failed came after the gates."
	case a.Request.Decision == "deny":
		return "It would be let in by what is declared now. Rates, quotas, and the request's query, headers and body are not known any more; where none of them was the reason, the stack has changed since."
	case then >= 400:
		return "The gateway let it in: the status is the function's own answer."
	}
	return ""
}

// statement is a statement of a policy in a line.
func statement(s authz.Step) string {
	name := fmt.Sprintf("statement %d", s.Statement)
	if s.SID != "" {
		name += " (" + s.SID + ")"
	}
	return s.Effect + ", " + name + " of " + ownName(s.Policy)
}

// ownName is a policy's name without the ARN of what it is of.
func ownName(policy string) string {
	if strings.HasPrefix(policy, "of arn:") {
		return "the API's policy"
	}
	return policy
}

// matches says whether a statement matched, and why not. What it was held against stands
// in the decision that it is of.
func matches(s authz.Step) string {
	if s.Matched {
		return "matches"
	}
	why := s.Why
	for _, known := range []string{" " + s.Resource, " " + s.Action} {
		why = strings.TrimSuffix(why, known)
	}
	if strings.HasPrefix(why, "condition ") {
		why = "a condition does not hold"
	}
	return "does not match: " + why
}

// lines are what a statement says, each with its name.
func lines(s authz.Step) []gateway.Fact {
	var out []gateway.Fact
	add := func(name string, list []string) {
		if len(list) > 0 {
			out = append(out, gateway.Fact{Name: name, Value: some(list)})
		}
	}
	add("principal", s.Written.Principals)
	add("not principal", s.Written.NotPrincipals)
	add("action", s.Written.Actions)
	add("not action", s.Written.NotActions)
	add("resource", s.Written.Resources)
	add("not resource", s.Written.NotResources)
	for _, c := range s.Conditions {
		holds := "holds"
		if !c.Holds {
			holds = "does not hold"
		}
		values := "the request has none"
		if len(c.Values) > 0 {
			values = "the request has " + strings.Join(c.Values, ", ")
		}
		out = append(out, gateway.Fact{Name: "condition", Value: c.Operator + " " + c.Key + " " + some(c.Operands) + ": " + holds + ", " + values})
	}
	return out
}

// some are the first few of a list: the policy that limits guests has dozens of actions.
func some(list []string) string {
	const most = 6
	if len(list) <= most+1 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
}

// reason is a gate's own word without the names that stand beside it.
func reason(s gateway.Stop) string {
	says := strings.ReplaceAll(s.Says, "resource-based policy resource policy", "resource policy")
	for _, l := range s.Looks {
		says = strings.ReplaceAll(says, " of "+l.Resource, " of the API")
		says = strings.TrimSuffix(strings.TrimSuffix(says, " "+l.Action+" on "+l.Resource), " "+l.Action+" on ")
		if strings.HasSuffix(says, " allows") && !l.Allowed {
			says += " it"
		}
	}
	return says
}
