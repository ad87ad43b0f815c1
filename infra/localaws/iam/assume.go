package iam

import (
	"fmt"
	"regexp"
	"time"

	"auth-api/infra/localaws/authz"
)

// TrustError says that a role does not let itself be assumed: it does not exist, or
// its trust policy does not allow it.
type TrustError struct {
	RoleARN string
	Reason  string
}

// Error names the role and the reason.
func (e *TrustError) Error() string { return "assuming role " + e.RoleARN + ": " + e.Reason }

// AssumeRoleWithWebIdentityInput says who asks for which role.
type AssumeRoleWithWebIdentityInput struct {
	RoleARN     string
	Provider    string              // cognito-identity.amazonaws.com
	Claims      map[string][]string // aud, amr, sub as the provider vouches for them
	SessionName string
	Duration    time.Duration    // zero means an hour
	Cognito     *CognitoIdentity // for an identity pool's identity

	SessionPolicies []string          // JSON documents that limit the session; together they allow what any of them allows
	PrincipalTags   map[string]string // of the session; they need sts:TagSession in the role's trust policy
}

// AssumeRoleWithWebIdentity gives credentials for a role if the role's trust policy
// lets the web identity assume it; else the error is a *TrustError.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (s *Service) AssumeRoleWithWebIdentity(in AssumeRoleWithWebIdentityInput) (Credentials, error) {
	ctx := authz.Context{"aws:FederatedProvider": {in.Provider}}
	if in.SessionName != "" {
		ctx["sts:RoleSessionName"] = []string{in.SessionName}
	}
	for name, values := range in.Claims {
		ctx[in.Provider+":"+name] = values
	}
	return s.assume(in.RoleARN, "sts:AssumeRoleWithWebIdentity", authz.Principal{Federated: in.Provider}, ctx, in.Duration, session{
		Name: in.SessionName, Provider: in.Provider, Cognito: in.Cognito, Policies: in.SessionPolicies, Tags: in.PrincipalTags,
	})
}

// AssumeServiceRole gives a service, such as lambda.amazonaws.com, an hour's
// credentials for a role whose trust policy names it; else the error is a *TrustError.
func (s *Service) AssumeServiceRole(roleARN, service, sessionName string) (Credentials, error) {
	ctx := authz.Context{
		"aws:SourceAccount":         {s.account},
		"aws:PrincipalIsAWSService": {"true"},
		"aws:PrincipalServiceName":  {service},
	}
	return s.assume(roleARN, "sts:AssumeRole", authz.Principal{Service: service}, ctx, 0, session{Name: sessionName, Service: service})
}

// sessionName is what STS takes for a session's name.
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

func (s *Service) assume(roleARN, action string, p authz.Principal, ctx authz.Context, d time.Duration, in session) (Credentials, error) {
	if d == 0 {
		d = time.Hour
	}
	v, err := s.view()
	if err != nil {
		return Credentials{}, err
	}
	role := v.byARN[roleARN]
	switch {
	case role == nil:
		return Credentials{}, &TrustError{roleARN, "there is no such role"}
	case role.err != nil:
		return Credentials{}, &TrustError{roleARN, role.err.Error()}
	case !sessionName.MatchString(in.Name):
		return Credentials{}, fmt.Errorf("assuming role %s: session name %q is not legal; legal are 2 to 64 letters, digits and any of _+=,.@-", roleARN, in.Name)
	case d < 15*time.Minute || d > time.Duration(role.maxSeconds)*time.Second:
		return Credentials{}, role.tooLong(d)
	}
	now := s.now().UTC().Truncate(time.Second)
	s.addTime(ctx, now)
	decision := authz.Decide(
		authz.Request{Action: action, Principal: p, Context: ctx},
		authz.Policies{Resource: &authz.Source{Name: "trust policy of role " + role.name, Policy: role.trust}})
	if decision.Allowed && len(in.Tags) > 0 {
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
		decision = authz.Decide(
			authz.Request{Action: "sts:TagSession", Principal: p, Context: ctx},
			authz.Policies{Resource: &authz.Source{Name: "trust policy of role " + role.name, Policy: role.trust}})
	}
	if !decision.Allowed {
		return Credentials{}, &TrustError{roleARN, decision.Reason}
	}
	return s.begin(role, now, d, in)
}

// begin issues the credentials of a session of the role.
func (s *Service) begin(role *role, now time.Time, d time.Duration, in session) (Credentials, error) {
	in.Role, in.RoleID, in.Issued, in.Expires = role.name, role.uniqueID, now, now.Add(d)
	if err := in.compile(); err != nil {
		return Credentials{}, fmt.Errorf("assuming role %s: %w", role.arn, err)
	}
	return s.issue(in)
}

// DurationError says that a session would be shorter or longer than its role allows.
type DurationError struct {
	RoleARN       string
	Duration, Max time.Duration
}

// Error names the role, the duration and what is legal.
func (e *DurationError) Error() string {
	return fmt.Sprintf("assuming role %s: duration %s is not legal; legal are 15m0s to %s", e.RoleARN, e.Duration, e.Max)
}

func (r *role) tooLong(d time.Duration) error {
	return &DurationError{r.arn, d, time.Duration(r.maxSeconds) * time.Second}
}
