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

// Admit is how a service API lets in a signed request: it verifies the signature,
// made for service, and decides whether the caller may do what want says. The source
// address, user agent and referer are taken from the request.
//
// A refusal is a *wire.Error with the code that AWS's services share and status 400,
// as services of the JSON protocol answer; those that speak REST answer 403 (see
// wire.Error.WithStatus). Any other error is the local AWS's own. The outcome goes
// into the request's record.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) Admit(r *http.Request, body []byte, service string, want Request, resourcePolicy *authz.Policy) (*Caller, error) {
	caller, err := s.Authenticate(r, body, service)
	var refusal *sigv4.Error
	switch {
	case errors.As(err, &refusal):
		return nil, wire.NewError(refusal.Code, refusal.Message)
	case err != nil:
		return nil, err
	}
	want.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	want.UserAgent, want.Referer = r.UserAgent(), r.Referer()
	decision := s.Authorize(caller, want, resourcePolicy)
	if !decision.Allowed {
		audit.From(r.Context()).Deny(decision.Reason)
		return nil, wire.NewError("AccessDeniedException", AccessDenied(caller, want, decision)).Because(decision.Reason)
	}
	audit.From(r.Context()).Allow(decision.Reason)
	return caller, nil
}
