// Package authz is the IAM decision: given policies and a request, it says yes or
// no, and names the statement that decided. It is pure: it reads no clock, no
// store and no network, and everything it knows of a request stands in the Request.
//
// What is implemented is the evaluation within one account, as AWS documents it:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
//
//  1. An explicit deny in any policy wins.
//  2. A resource-based policy that allows the caller's own session ARN is enough.
//  3. Otherwise an identity-based or the resource-based policy must allow, and so
//     must the session policies and the permissions boundary where there are any.
//  4. A caller without an identity needs the resource-based policy.
//
// An element, operator or variable that is not supported is refused by Parse and
// its kin, with its name; nothing is ever skipped.
package authz

// Principal is who asks. An anonymous caller is the zero Principal.
type Principal struct {
	Account   string // twelve digits
	ARN       string // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, arn:aws:iam::ACCOUNT:root, …
	RoleARN   string // the role of a session: arn:aws:iam::ACCOUNT:role/PATH/ROLE
	Service   string // an AWS service, such as lambda.amazonaws.com
	Federated string // an identity provider, such as cognito-identity.amazonaws.com
}

// anonymous reports whether the caller has no identity at all.
func (p Principal) anonymous() bool { return p == Principal{} }

// Context holds the values of a request's condition keys, such as aws:SourceIp.
// Keys are found without regard to case, as on AWS; one that is spelled as the
// policy spells it is found faster. A key with no values counts as absent.
type Context map[string][]string

// Request is what is asked.
type Request struct {
	Action    string // execute-api:Invoke
	Resource  string // an ARN; empty where the policy has no resources (trust policies)
	Principal Principal
	Context   Context
}

// Source is a policy under the name by which a decision refers to it.
type Source struct {
	Name   string
	Policy *Policy
}

// Policies are all policies that bear on a request.
type Policies struct {
	Identity []Source // the caller's own: inline and attached
	Resource *Source  // the resource's, nil when it has none
	Session  []Source // passed when the session began; nil when none were
	Boundary *Source  // the permissions boundary, nil when there is none
}

// Kind says how a request was decided.
type Kind uint8

// The kinds of decisions. The zero Kind is a denial.
const (
	NoIdentityAllow Kind = iota // no identity-based policy allows
	NoResourceAllow             // no resource-based policy allows
	NoSessionAllow              // no session policy allows
	NoBoundaryAllow             // no permissions boundary allows
	ExplicitDeny                // a statement denies
	Allowed                     // allowed
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case Allowed:
		return "allowed"
	case ExplicitDeny:
		return "explicit deny"
	case NoResourceAllow:
		return "no resource-based policy allows"
	case NoSessionAllow:
		return "no session policy allows"
	case NoBoundaryAllow:
		return "no permissions boundary allows"
	default:
		return "no identity-based policy allows"
	}
}

// PolicyType says in which role a policy stood when it decided.
type PolicyType uint8

// The types of policies.
const (
	NoPolicy PolicyType = iota // no statement decided
	IdentityBased
	ResourceBased
	SessionPolicy
	Boundary
)

// String returns the type in AWS's words.
func (t PolicyType) String() string {
	switch t {
	case IdentityBased:
		return "identity-based policy"
	case ResourceBased:
		return "resource-based policy"
	case SessionPolicy:
		return "session policy"
	case Boundary:
		return "permissions boundary"
	default:
		return "no policy"
	}
}

// Decision is the answer, with the statement that made it. The zero Decision denies.
type Decision struct {
	Allowed bool
	Kind    Kind
	Reason  string // for people: names the policy and the statement that decided
	// The statement that decided: the one that denied, or that allowed. Type is
	// NoPolicy, and Statement -1, when no statement matched.
	Type      PolicyType
	Policy    string // name of the policy
	Statement int    // index in its Statement, from 0
	SID       string // its Sid, if it has one
}

// Clause returns the end of AWS's access-denied message for a denial of action:
// "because no identity-based policy allows the execute-api:Invoke action" or
// "with an explicit deny in an identity-based policy".
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (d Decision) Clause(action string) string {
	if d.Kind != ExplicitDeny {
		return "because " + d.Kind.String() + " the " + action + " action"
	}
	article := "a "
	if d.Type == IdentityBased {
		article = "an "
	}
	return "with an explicit deny in " + article + d.Type.String()
}
