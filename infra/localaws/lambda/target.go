package lambda

import (
	"maps"
	"slices"

	"auth-api/infra/localaws/authz"
)

// Target is a function that a caller names.
type Target struct {
	// ARN is that of the function, with the qualifier if the caller gave one, as
	// policies must name it then.
	ARN      string
	Function Function      // as declared, with defaults
	Policy   *authz.Policy // its resource policy; nil without permissions
}

// Target finds the function that is called by name, ARN or partial ARN, with or
// without a qualifier. When there is none the error is an *Error, and the Target still
// has the ARN: whether the caller may know that it is not there is a question to IAM.
func (s *Service) Target(called string) (Target, error) {
	v, err := s.view()
	if err != nil {
		return Target{}, err
	}
	fn, arn, err := v.find(called)
	if err != nil {
		return Target{ARN: arn}, err
	}
	return Target{ARN: arn, Function: fn.Function, Policy: fn.policy}, nil
}

// List returns the declared functions with their defaults, in the order of their names.
func (s *Service) List() ([]Function, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	functions := make([]Function, 0, len(v.functions))
	for _, name := range slices.Sorted(maps.Keys(v.functions)) {
		functions = append(functions, v.functions[name].Function)
	}
	return functions, nil
}

// LogGroup is the name of the log group that the function writes to.
func (f Function) LogGroup() string { return f.logGroup() }
