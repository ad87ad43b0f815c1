package iam

import "auth-api/infra/localaws/sigv4"

// CallerOf returns who signs with these temporary credentials: whom Authenticate would
// find behind a good signature. A refusal is a *sigv4.Error.
func (s *Service) CallerOf(c Credentials) (*Caller, error) {
	caller, _, err := s.lookUp(sigv4.Credential{AccessKeyID: c.AccessKeyID, SessionToken: c.SessionToken})
	return caller, err
}
