package lambda

import "auth-api/infra/localaws/authz"

// Permitted decides whether the function would be invoked, as Invoke does, and tells of
// every statement of its resource policy why it did or did not match. It invokes nothing.
// The errors are those of Invoke: one that wraps ErrNotPermitted, beside the decision, and
// an *Error when there is no such function. Callers that are no service are not asked for
// a permission here: the zero Decision, without an error.
func (s *Service) Permitted(in Invocation) (authz.Decision, []authz.Step, error) {
	v, err := s.view()
	if err != nil {
		return authz.Decision{}, nil, err
	}
	to, arn, err := v.find(in.Function)
	if err != nil {
		return authz.Decision{}, nil, err
	}
	if !isService(in.Principal) {
		return authz.Decision{}, nil, nil
	}
	d, steps := authz.Explain(to.fn.permission(in, arn, s.config.Account))
	return d, steps, to.fn.permits(in, arn, s.config.Account)
}
