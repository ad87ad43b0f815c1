package lambda

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

var (
	aliasName     = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)
	versionNumber = regexp.MustCompile(`^[0-9]+$`)
)

const maxDescription = 256 // characters

// DeriveAlias sets what Lambda works out from the other properties of an alias.
func (s *Service) DeriveAlias(a *Alias) {
	a.ARN = s.AliasARN(*a)
	a.InvokeARN = s.invokeARN(a.ARN)
}

// AliasARN is the ARN of an alias.
func (s *Service) AliasARN(a Alias) string {
	name, _ := nameOf(a.FunctionName)
	return s.arnPrefix() + name + ":" + a.Name
}

// CheckAlias refuses an alias that Lambda would refuse whatever versions there are, with
// a *wire.Error that names it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func (s *Service) CheckAlias(a Alias) error {
	name, qualifier := nameOf(a.FunctionName)
	switch {
	case !aliasName.MatchString(a.Name) || versionNumber.MatchString(a.Name):
		return invalid("name %q of the alias is not legal: up to 128 letters, digits, - and _, and not digits alone", a.Name)
	case strings.HasPrefix(a.FunctionName, "arn:") && !strings.HasPrefix(a.FunctionName, s.arnPrefix()):
		return invalid("functionName %q of alias %s is of another region or account: legal are names, and ARNs that begin with %s", a.FunctionName, a.Name, s.arnPrefix())
	case !functionName.MatchString(name) || qualifier != "":
		return invalid("functionName %q of alias %s is not legal: the name or ARN of a function, without a qualifier", a.FunctionName, a.Name)
	case a.FunctionVersion != latest && !versionNumber.MatchString(a.FunctionVersion):
		return invalid("functionVersion %q of alias %s is not legal: a version's number, or $LATEST", a.FunctionVersion, a.Name)
	case len(a.Description) > maxDescription:
		return invalid("description of alias %s has %d characters: legal are up to %d", a.Name, len(a.Description), maxDescription)
	case a.RoutingConfig == nil:
		return nil
	case len(a.RoutingConfig.AdditionalVersionWeights) > 1:
		return invalid("routingConfig.additionalVersionWeights of alias %s names %d versions: legal is one, beside functionVersion", a.Name, len(a.RoutingConfig.AdditionalVersionWeights))
	}
	for version, weight := range a.RoutingConfig.AdditionalVersionWeights {
		switch {
		case !versionNumber.MatchString(version):
			return invalid("routingConfig.additionalVersionWeights of alias %s names version %q: legal is a version's number", a.Name, version)
		case !(weight >= 0 && weight <= 1):
			return invalid("routingConfig.additionalVersionWeights of alias %s gives version %s the weight %v: legal are 0.0 to 1.0", a.Name, version, weight)
		case a.FunctionVersion == latest:
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version (alias %s)", a.Name)
		case a.FunctionVersion == version:
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration. (alias %s)", version, version, a.Name)
		}
	}
	return nil
}

// AliasDeclared checks an alias that is made or changed, inside the provider's
// transaction: its versions must be there, and, where they are two, have one role.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
func (s *Service) AliasDeclared(tx *store.Tx, a Alias) error {
	if err := s.CheckAlias(a); err != nil {
		return err
	}
	name, _ := nameOf(a.FunctionName)
	first, err := s.version(tx, name, a.FunctionVersion)
	if err != nil || a.RoutingConfig == nil {
		return err
	}
	for number := range a.RoutingConfig.AdditionalVersionWeights {
		second, err := s.version(tx, name, number)
		switch {
		case err != nil:
			return err
		case second.Role != first.Role:
			return invalid("alias %s leads to versions %s and %s of function %s, which have different execution roles: both must have the same", a.Name, a.FunctionVersion, number, name)
		}
	}
	return nil
}

// version returns a version of a function, which must be there.
func (s *Service) version(tx *store.Tx, name, version string) (Function, error) {
	f, found, err := Functions.Get(tx, name)
	if err != nil {
		return Function{}, err
	}
	if !found {
		return Function{}, notFound("Function not found: " + s.arnPrefix() + name)
	}
	if version == latest {
		return f, nil
	}
	if number, parse := strconv.Atoi(version); parse == nil {
		f, found, err = versions.Get(tx, versionKey(name, number))
		if err != nil {
			return Function{}, err
		}
		if found && f.Version == version { // not 007
			return f, nil
		}
	}
	return Function{}, notFound("Function not found: " + s.arnPrefix() + name + ":" + version)
}

// AliasDeleted is told of an alias that goes, inside the provider's transaction. Its
// permissions go with it.
func (s *Service) AliasDeleted(tx *store.Tx, a Alias) error {
	name, _ := nameOf(a.FunctionName)
	return deletePermissions(tx, func(p Permission) bool { return p.Resource() == name+":"+a.Name })
}

func deletePermissions(tx *store.Tx, of func(Permission) bool) error {
	permissions, err := Permissions.All(tx)
	if err != nil {
		return err
	}
	for _, p := range permissions {
		if of(p.Value) {
			if err := Permissions.Delete(tx, p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkQualifier refuses a permission on what is not there, or on $LATEST.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
func (s *Service) checkQualifier(tx *store.Tx, p Permission) error {
	name, derived := nameOf(p.Function)
	_, qualifier, qualified := strings.Cut(p.Resource(), ":")
	switch {
	case derived != "" && p.Qualifier != "" && derived != p.Qualifier:
		return invalid("The derived qualifier from the function name does not match the specified qualifier. (permission %s: %s and %s)", p.StatementID, derived, p.Qualifier)
	case !qualified:
		return nil
	case qualifier == latest:
		return invalid("We currently do not support adding policies for $LATEST. (permission %s)", p.StatementID)
	case versionNumber.MatchString(qualifier):
		_, err := s.version(tx, name, qualifier)
		return err
	case !aliasName.MatchString(qualifier):
		return invalid("qualifier %q of permission %s is not legal: the name of an alias or a version's number", qualifier, p.StatementID)
	}
	arn := s.arnPrefix() + p.Resource()
	_, found, err := Aliases.Get(tx, arn)
	if err == nil && !found {
		err = notFound("Cannot find alias arn: " + arn)
	}
	return err
}

func notFound(message string) error {
	return &wire.Error{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: message}
}
