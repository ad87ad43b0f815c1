package lambda

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"auth-api/infra/localaws/authz"
)

// Target is a function that a caller names.
type Target struct {
	// ARN is that of the function, with the qualifier if the caller gave one, as
	// policies must name it then.
	ARN      string
	Function Function      // as declared, with defaults, or as it was when the version was published
	Version  string        // a number, or $LATEST; of an alias, where most invocations go
	Policy   *authz.Policy // the function's resource policy; nil without permissions
}

// Target finds the function that is called by name, ARN or partial ARN, with or
// without a qualifier. When there is none the error is an *Error, and the Target still
// has the ARN: whether the caller may know that it is not there is a question to IAM.
func (s *Service) Target(called string) (Target, error) {
	v, err := s.view()
	if err != nil {
		return Target{}, err
	}
	to, arn, err := v.find(called)
	if err != nil {
		return Target{ARN: arn}, err
	}
	return Target{ARN: arn, Function: to.fn.Function, Version: to.fn.version, Policy: to.fn.policy}, nil
}

// Versions returns the versions of a function, $LATEST first and then from the oldest,
// each with its qualified ARN; none when there is no such function.
func (s *Service) Versions(name string) ([]Target, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	fn := v.functions[name]
	if fn == nil {
		return nil, nil
	}
	list := make([]Target, 0, len(fn.versions))
	for _, version := range fn.versions {
		list = append(list, Target{ARN: fn.arn + ":" + version.version, Function: version.Function, Version: version.version, Policy: fn.policy})
	}
	slices.SortFunc(list, func(a, b Target) int { return cmp.Compare(a.number(), b.number()) })
	return list, nil
}

// number is that of a version, and 0 of $LATEST.
func (t Target) number() int {
	n, err := strconv.Atoi(t.Version)
	if err != nil {
		return 0
	}
	return n
}

// Aliases returns the aliases of a function, in the order of their names; none when there
// is no such function.
func (s *Service) Aliases(name string) ([]Alias, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	fn := v.functions[name]
	if fn == nil {
		return nil, nil
	}
	list := make([]Alias, 0, len(fn.aliases))
	for _, alias := range slices.Sorted(maps.Keys(fn.aliases)) {
		list = append(list, fn.aliases[alias].Alias)
	}
	return list, nil
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
