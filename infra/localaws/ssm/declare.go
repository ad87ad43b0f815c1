package ssm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/store"
)

const (
	defaultKey = "alias/aws/ssm"

	maxStandard    = 4096 // bytes of a value
	maxAdvanced    = 8192
	maxName        = 1011 // characters of the ARN, as AWS counts names
	maxLevels      = 15
	maxDescription = 1024
	maxPattern     = 1024
)

var (
	nameForm = regexp.MustCompile(`^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$`)
	nested   = regexp.MustCompile(`(?s)\{\{.*\}\}`)
)

// withDefaults gives the parameter what AWS does when it is left out.
func (p Parameter) withDefaults() Parameter {
	if p.DataType == "" {
		p.DataType = "text"
	}
	if p.Tier == "" {
		p.Tier = "Standard"
	}
	if p.Type == typeSecureString && p.KeyID == "" {
		p.KeyID = defaultKey
	}
	return p
}

// Derive sets what AWS works out of a parameter. The provider calls it.
func (s *Service) Derive(p *Parameter) {
	*p = p.withDefaults()
	p.ARN = s.ARN(p.Name)
	p.TagsAll = p.Tags
}

// checkName refuses a name that AWS would.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
func (s *Service) checkName(name string) error {
	bare := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case !nameForm.MatchString(name):
		return fmt.Errorf("ValidationException: parameter name %q is not legal; legal are letters, digits and any of _.- with / between levels", name)
	case strings.Contains(strings.TrimPrefix(name, "/"), "/") && !strings.HasPrefix(name, "/"):
		return fmt.Errorf("ValidationException: parameter name %q is not legal: Parameter name must be a fully qualified name, it begins with a slash", name)
	case strings.HasPrefix(bare, "aws") || strings.HasPrefix(bare, "ssm"):
		return fmt.Errorf("ValidationException: parameter name %q is not legal: it can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)", name)
	case strings.Count(bare, "/") >= maxLevels:
		return fmt.Errorf("HierarchyLevelLimitExceededException: parameter name %q has more than %d levels", name, maxLevels)
	case len(s.ARN(name)) > maxName:
		return fmt.Errorf("ValidationException: the parameter's ARN has %d characters; legal are %d", len(s.ARN(name)), maxName)
	}
	return nil
}

// CheckParameter is called by the provider before a parameter is declared or changed.
// What AWS would refuse, and what the local AWS does not know, is refused by name; the
// value is in no error.
//
// AllowedPattern is matched against the whole value: whether AWS does so is not
// documented, and this is the narrower reading.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (s *Service) CheckParameter(p Parameter) error {
	p = p.withDefaults()
	if err := s.checkName(p.Name); err != nil {
		return err
	}
	limit := maxStandard
	if p.Tier == "Advanced" {
		limit = maxAdvanced
	}
	refuse := func(code, format string, args ...any) error {
		return fmt.Errorf("%s: parameter %s: "+format, append([]any{code, p.Name}, args...)...)
	}
	switch {
	case !slices.Contains([]string{typeString, typeStringList, typeSecureString}, p.Type):
		return refuse("ValidationException", "type %q is not legal; legal are String, StringList and SecureString", p.Type)
	case p.Tier != "Standard" && p.Tier != "Advanced":
		return refuse("ValidationException", "tier %q is not known to the local AWS; Standard and Advanced are", p.Tier)
	case p.DataType != "text":
		return refuse("ValidationException", "dataType %q is not known to the local AWS; text is", p.DataType)
	case p.Type != typeSecureString && p.KeyID != "":
		return refuse("ValidationException", "keyId is legal with type SecureString alone")
	case p.Type == typeSecureString && p.KeyID != defaultKey:
		return refuse("InvalidKeyId", "keyId %q is not known to the local AWS, which has no customer managed keys; %s is", p.KeyID, defaultKey)
	case p.Value == "":
		return refuse("ValidationException", "its value is empty")
	case len(p.Value) > limit:
		return refuse("ValidationException", "%s tier parameters support a maximum parameter value of %d characters, and its value has %d", p.Tier, limit, len(p.Value))
	case nested.MatchString(p.Value):
		return refuse("ValidationException", "a value may not refer to another parameter with {{…}}")
	case len(p.Description) > maxDescription:
		return refuse("ValidationException", "description has %d characters; legal are %d", len(p.Description), maxDescription)
	case len(p.AllowedPattern) > maxPattern:
		return refuse("InvalidAllowedPatternException", "allowedPattern has %d characters; legal are %d", len(p.AllowedPattern), maxPattern)
	}
	if p.AllowedPattern != "" {
		pattern, err := regexp.Compile(p.AllowedPattern)
		if err != nil {
			return refuse("InvalidAllowedPatternException", "allowedPattern %q cannot be read: %v", p.AllowedPattern, err)
		}
		pattern.Longest() // of those that begin where the value does, if any
		if found := pattern.FindStringIndex(p.Value); found == nil || found[0] > 0 || found[1] < len(p.Value) {
			return refuse("ParameterPatternMismatchException", "its value does not match allowedPattern %q", p.AllowedPattern)
		}
	}
	return nil
}

// ParameterDeclared is told of a parameter that is made or changed, inside the
// provider's transaction; before is nil for a new one. It takes the value out of p,
// which goes into the store, and keeps it sealed.
func (s *Service) ParameterDeclared(tx *store.Tx, before, p *Parameter) error {
	value := p.Value
	p.Value = ""
	if before == nil {
		// /a and a have one ARN, so there can be only one of them.
		for _, other := range []string{strings.TrimPrefix(p.Name, "/"), "/" + p.Name} {
			if _, taken, err := Parameters.Get(tx, other); err != nil || taken && other != p.Name {
				if err == nil {
					err = fmt.Errorf("ParameterAlreadyExists: The parameter already exists. (%s)", other)
				}
				return err
			}
		}
		p.Version = 1
		return s.keep(tx, p, value)
	}
	if before.Type != p.Type {
		return fmt.Errorf("HierarchyTypeMismatchException: Parameter Store does not support changing a parameter type, here from %s to %s; create a new, unique parameter (%s)", before.Type, p.Type, p.Name)
	}
	if before.Tier == "Advanced" && p.Tier == "Standard" {
		return fmt.Errorf("ValidationException: parameter %s uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter", p.Name)
	}
	old, found, err := values.Get(tx, p.Name)
	if err != nil {
		return err
	}
	if found {
		was, err := s.open(p.Name, before.Version, old.Value)
		if err != nil {
			return err
		}
		if was == value && before.Description == p.Description && before.AllowedPattern == p.AllowedPattern && before.Tier == p.Tier {
			p.Version = before.Version
			return nil // its tags changed, which make no version
		}
	}
	p.Version = before.Version + 1
	return s.keep(tx, p, value)
}

func (s *Service) keep(tx *store.Tx, p *Parameter, value string) error {
	box, err := s.seal(p.Name, p.Version, value)
	if err != nil {
		return err
	}
	return values.Put(tx, p.Name, sealed{Value: box, Modified: s.cfg.Now()})
}

// ParameterDeleted is told of a parameter that goes; its value goes too.
func (s *Service) ParameterDeleted(tx *store.Tx, name string) error { return values.Delete(tx, name) }

// HasValue reports whether the value of a declared parameter is there.
func (s *Service) HasValue(tx *store.Tx, name string) (bool, error) {
	_, found, err := values.Get(tx, name)
	return found, err
}
