package iam

import (
	"errors"
	"net"
	"net/http"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/wire"
)

// Admit is how a service API lets in a signed request: Identify and then Permit.
func (s *Service) Admit(r *http.Request, body []byte, service string, want Request, resourcePolicy *authz.Policy) (*Caller, error) {
	caller, err := s.Identify(r, body, service)
	if err != nil {
		return nil, err
	}
	if err := s.Permit(r, caller, want, resourcePolicy); err != nil {
		return nil, err
	}
	return caller, nil
}

// Identify verifies the signature of a service API's request, made for service, and
// says who made it.
//
// A refusal is a *wire.Error with the code that AWS's services share and status 400,
// as services of the JSON protocol answer; those that speak REST answer 403 (see
// wire.Error.WithStatus). Any other error is the local AWS's own. The outcome goes
// into the request's record.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func (s *Service) Identify(r *http.Request, body []byte, service string) (*Caller, error) {
	caller, err := s.Authenticate(r, body, service)
	var refusal *sigv4.Error
	if errors.As(err, &refusal) {
		return nil, wire.NewError(refusal.Code, refusal.Message).Because(describe(err))
	}
	return caller, err
}

// Permit decides whether the caller of a service API's request may do what want says.
// The source address, user agent and referer are taken from the request. A denial is
// a *wire.Error as those of Identify are, and goes into the request's record, as does
// a permission. An operation on many resources asks for each.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) Permit(r *http.Request, caller *Caller, want Request, resourcePolicy *authz.Policy) error {
	want.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	want.UserAgent, want.Referer = r.UserAgent(), r.Referer()
	decision := s.Authorize(caller, want, resourcePolicy)
	if !decision.Allowed {
		audit.From(r.Context()).Deny(decision.Reason)
		return wire.NewError("AccessDeniedException", AccessDenied(caller, want, decision)).Because(decision.Reason)
	}
	audit.From(r.Context()).Allow(decision.Reason)
	return nil
}
