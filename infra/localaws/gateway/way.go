package gateway

import (
	"auth-api/infra/localaws/authz"
)

// Gate is one part of a request's way through the gateway.
type Gate string

// The gates, in the order in which a request comes to them.
const (
	GateStage         Gate = "stage"
	GateRoute         Gate = "route"
	GateAuthorization Gate = "authorization" // who calls: signature, token, Lambda authorizer
	GatePolicies      Gate = "policies"      // the IAM decision, with the API's resource policy
	GateKey           Gate = "API key"
	GateThrottle      Gate = "throttle"
	GateQuota         Gate = "quota"
	GateValidation    Gate = "validation"
	GateIntegration   Gate = "integration"
)

// Gates returns all gates in their order.
func Gates() []Gate {
	return []Gate{GateStage, GateRoute, GateAuthorization, GatePolicies, GateKey, GateThrottle, GateQuota, GateValidation, GateIntegration}
}

// Passage is how a gate dealt with a request.
type Passage string

// What a gate does.
const (
	Passed    Passage = "passed"    // what it asks for is there
	Open      Passage = "open"      // it asks for nothing
	Depends   Passage = "depends"   // on what is not known here: an authorizer's code, a rate
	RefusedAt Passage = "refused"   // here the way ends
	Unreached Passage = "unreached" // the way ended before
)

// Stop is one gate on a request's way.
type Stop struct {
	Gate    Gate    `json:"gate"`
	Passage Passage `json:"passage"`
	Says    string  `json:"says,omitempty"`
	Facts   []Fact  `json:"facts,omitempty"`
	Looks   []Look  `json:"decisions,omitempty"`
}

// Fact is something that the decision knew. No secret is among facts.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Look is a decision by policies, with every statement that was looked at.
type Look struct {
	Action   string           `json:"action"`
	Resource string           `json:"resource"`
	Allowed  bool             `json:"allowed"`
	Type     authz.PolicyType `json:"type"` // of the policy that decided; authz.NoPolicy when no statement did
	Reason   string           `json:"reason"`
	Deciding int              `json:"deciding"` // index of the statement that decided in Steps, or -1
	Steps    []authz.Step     `json:"statements"`
}

func lookOf(action, resource string, d authz.Decision, steps []authz.Step) Look {
	l := Look{Action: action, Resource: resource, Allowed: d.Allowed, Type: d.Type, Reason: d.Reason, Deciding: -1, Steps: steps}
	if l.Steps == nil {
		l.Steps = []authz.Step{}
	}
	for i, s := range steps {
		if d.Statement >= 0 && s.Matched && s.Type == d.Type && s.Policy == d.Policy && s.Statement == d.Statement {
			l.Deciding = i
			break
		}
	}
	return l
}

// Way is how far a request gets through the gateway, with what every gate on it says.
type Way struct {
	API    string `json:"api"` // its name
	APIID  string `json:"apiId"`
	Stage  string `json:"stage"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Route  *Route `json:"route,omitempty"` // that serves the path; nil when none does
	Stops  []Stop `json:"stops"`           // all of Gates, in their order

	// Allowed says that the request comes to the route's function. Where Authorizer is
	// not empty, the Lambda authorizer of that name is asked, what it says is not known, and
	// everything behind it is for the case that it lets the request in.
	Allowed    bool   `json:"allowed"`
	Authorizer string `json:"authorizer,omitempty"`
	Gate       Gate   `json:"gate,omitempty"` // that refuses; empty when allowed
	Reason     string `json:"reason"`

	// What the gateway answers when it refuses.
	Status      int    `json:"status,omitempty"`
	Error       string `json:"error,omitempty"`  // x-amzn-ErrorType
	Answer      string `json:"answer,omitempty"` // its name in the table of Answers
	ContentType string `json:"contentType,omitempty"`
	Body        string `json:"body,omitempty"`
}

// Stop returns the stop at a gate.
func (w Way) Stop(g Gate) Stop {
	for _, s := range w.Stops {
		if s.Gate == g {
			return s
		}
	}
	return Stop{Gate: g, Passage: Unreached}
}
