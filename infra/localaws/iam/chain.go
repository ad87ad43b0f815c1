package iam

import (
	"time"

	"auth-api/infra/localaws/authz"
)

// AssumeRoleInput says which role a caller asks for.
type AssumeRoleInput struct {
	RoleARN     string
	SessionName string
	Duration    time.Duration // zero means an hour
	ExternalID  string        // empty when none was given
	Policy      string        // JSON; limits the session when it is not empty

	SourceIP, UserAgent, Referer string // of the request
}

// DeniedError says that the caller may not assume the role: Message is what STS
// answers, Reason names the statement that decided, or what was missing.
type DeniedError struct{ Message, Reason string }

// Error gives the reason.
func (e *DeniedError) Error() string { return e.Reason }

// AssumeRole gives a caller credentials for a role of the account. The role's trust
// policy must let the caller in: by its own name, and then it is enough, or by the
// account's, and then the caller's own policies must allow sts:AssumeRole, too. A
// denial is a *DeniedError, and does not tell whether there is such a role.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *Service) AssumeRole(caller *Caller, in AssumeRoleInput) (Credentials, error) {
	if in.Duration == 0 {
		in.Duration = time.Hour
	}
	v, err := s.view()
	if err != nil {
		return Credentials{}, err
	}
	want := Request{
		Action: "sts:AssumeRole", Resource: in.RoleARN, SourceIP: in.SourceIP, UserAgent: in.UserAgent, Referer: in.Referer,
		Context: authz.Context{"sts:RoleSessionName": {in.SessionName}},
	}
	if in.ExternalID != "" {
		want.Context["sts:ExternalId"] = []string{in.ExternalID}
	}
	role := v.byARN[in.RoleARN]
	denied := func(reason, clause string) (Credentials, error) {
		message := "User: " + caller.ARN + " is not authorized to perform: sts:AssumeRole on resource: " + in.RoleARN
		if clause != "" {
			message += " " + clause
		}
		return Credentials{}, &DeniedError{message, reason}
	}
	switch {
	case caller.Administrator: // who is the account's root user here
		return Credentials{}, &DeniedError{"Roles may not be assumed by root accounts.", "the account's administrator is its root user, and assumes no role"}
	case role == nil:
		return denied("there is no role "+in.RoleARN, "")
	case role.err != nil:
		return denied(role.err.Error(), "")
	}
	decision, steps := s.Explain(caller, want, role.trust)
	switch {
	case decision.Kind == authz.ExplicitDeny:
		return denied(decision.Reason, decision.Clause(want.Action))
	case !decision.Allowed:
		return denied(decision.Reason, "")
	case !trusts(steps):
		return denied("no statement of the trust policy of role "+role.name+" lets "+caller.ARN+" in", "")
	case in.Duration < 15*time.Minute || in.Duration > time.Duration(role.maxSeconds)*time.Second:
		return Credentials{}, role.tooLong(in.Duration)
	}
	out := session{Name: in.SessionName}
	if in.Policy != "" {
		out.Policies = []string{in.Policy}
	}
	return s.begin(role, s.now().UTC().Truncate(time.Second), in.Duration, out)
}

// trusts reports whether a statement of the trust policy, which is the only resource
// policy here, let the caller in. Its own policies alone do not, as they would do for
// other resources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
func trusts(steps []authz.Step) bool {
	for _, step := range steps {
		if step.Type == authz.ResourceBased && step.Effect == "Allow" && step.Matched {
			return true
		}
	}
	return false
}

// WebIdentity is who a token of an identity provider is about.
type WebIdentity struct {
	Provider string              // cognito-identity.amazonaws.com
	Claims   map[string][]string // aud, amr, sub
	Cognito  *CognitoIdentity
	Tags     map[string]string // of the session, by the token's principal_tags; nil without
}

// TokenError says that a web identity's token is refused: Code and Message are what
// STS answers, Reason is for the request's record.
type TokenError struct{ Code, Message, Reason string }

// Error gives the code and the reason.
func (e *TokenError) Error() string { return e.Code + ": " + e.Reason }

// TrustWebIdentities says who verifies the tokens that AssumeRoleWithWebIdentity takes
// over the wire; a refusal is a *TokenError. Without it every token is refused. It
// must be called before ServeSTS is.
func (s *Service) TrustWebIdentities(verify func(token string) (WebIdentity, error)) {
	s.webIdentities = verify
}
