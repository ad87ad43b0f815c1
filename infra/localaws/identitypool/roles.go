package identitypool

import (
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws/wire"
)

// CheckPool is called by the provider before a pool is declared or changed. It
// refuses, by name, what the local AWS could not honour.
func (s *Service) CheckPool(p Pool) error {
	for i, c := range p.CognitoIdentityProviders {
		if _, ok := s.userPool(p, c.ProviderName); !ok {
			return fmt.Errorf("cognitoIdentityProviders[%d]: providerName %q is not legal; legal is cognito-idp.%s.amazonaws.com/POOL", i, c.ProviderName, s.cfg.Region)
		}
		if c.ClientID == "" {
			return fmt.Errorf("cognitoIdentityProviders[%d]: clientId is missing", i)
		}
	}
	return nil
}

// The match types of mapping rules.
var matchTypes = []string{"Equals", "Contains", "StartsWith", "NotEqual"}

// CheckRoleAttachment is called by the provider before roles are attached to a pool
// or changed.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html
func (s *Service) CheckRoleAttachment(a RoleAttachment) error {
	for kind := range a.Roles {
		if kind != "authenticated" && kind != "unauthenticated" {
			return fmt.Errorf("roles: %q is not legal; legal are authenticated and unauthenticated", kind)
		}
	}
	for i, m := range a.RoleMappings {
		at := fmt.Sprintf("roleMappings[%d]", i)
		switch {
		case m.Type != "Token" && m.Type != "Rules":
			return fmt.Errorf("%s: type %q is not legal; legal are Token and Rules", at, m.Type)
		case m.AmbiguousRoleResolution != "AuthenticatedRole" && m.AmbiguousRoleResolution != "Deny":
			return fmt.Errorf("%s: ambiguousRoleResolution %q is not legal; legal are AuthenticatedRole and Deny", at, m.AmbiguousRoleResolution)
		case m.Type == "Rules" && (len(m.MappingRules) == 0 || len(m.MappingRules) > 25):
			return fmt.Errorf("%s: %d mappingRules are not legal; legal are 1 to 25", at, len(m.MappingRules))
		case m.Type == "Token" && len(m.MappingRules) > 0:
			return fmt.Errorf("%s: mappingRules are legal with type Rules only", at)
		case strings.Count(m.IdentityProvider, ":") != 1:
			return fmt.Errorf("%s: identityProvider %q is not legal; legal is cognito-idp.%s.amazonaws.com/POOL:CLIENT", at, m.IdentityProvider, s.cfg.Region)
		}
		for j, rule := range m.MappingRules {
			if !slices.Contains(matchTypes, rule.MatchType) {
				return fmt.Errorf("%s: mappingRules[%d]: matchType %q is not legal; legal are %s", at, j, rule.MatchType, strings.Join(matchTypes, ", "))
			}
		}
	}
	return nil
}

// chooseRole returns the role that an identity gets: the guests' one, the one that
// the mapping of the login's provider finds, or the authenticated one.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
func chooseRole(a RoleAttachment, identityID string, logins []login, custom string) (string, error) {
	kind := "unauthenticated"
	if len(logins) > 0 {
		kind = "authenticated"
		for _, m := range a.RoleMappings {
			for _, l := range logins {
				if m.IdentityProvider == l.provider+":"+l.claims.ClientID {
					return m.choose(a, identityID, l, custom)
				}
			}
		}
	}
	if custom != "" {
		return "", wire.NewError("InvalidParameterException", "CustomRoleArn is supported for providers with a role mapping only.")
	}
	role := a.Roles[kind]
	if role == "" {
		return "", badConfiguration("the pool has no " + kind + " role")
	}
	return role, nil
}

// choose finds the role of a login by the mapping.
func (m RoleMapping) choose(a RoleAttachment, identityID string, l login, custom string) (string, error) {
	roles, preferred := m.candidates(l)
	switch {
	case custom != "":
		if !slices.Contains(roles, custom) {
			return "", forbidden(identityID, "the role "+custom+" that was asked for is none of the login's")
		}
		return custom, nil
	case preferred != "":
		return preferred, nil
	case m.AmbiguousRoleResolution == "AuthenticatedRole" && a.Roles["authenticated"] != "":
		return a.Roles["authenticated"], nil
	case m.AmbiguousRoleResolution == "AuthenticatedRole":
		return "", badConfiguration("the pool has no authenticated role to fall back to")
	default:
		return "", forbidden(identityID, "the mapping of "+m.IdentityProvider+" finds no one role, and ambiguousRoleResolution is Deny")
	}
}

// candidates returns the roles that the login may choose from, and the one that it
// gets without choosing, "" when there is not exactly one.
func (m RoleMapping) candidates(l login) (roles []string, preferred string) {
	if m.Type == "Rules" {
		for _, rule := range m.MappingRules {
			if rule.matches(l.claims.All[rule.Claim]) {
				roles = append(roles, rule.RoleARN)
			}
		}
		if len(roles) > 0 {
			preferred = roles[0] // rules are tried in order
		}
		return roles, preferred
	}
	roles = texts(l.claims.All["cognito:roles"])
	preferred, _ = l.claims.All["cognito:preferred_role"].(string)
	if preferred == "" && len(roles) == 1 {
		preferred = roles[0]
	}
	return roles, preferred
}

// matches reports whether a claim meets the rule; one that is not there meets none.
func (rule MappingRule) matches(claim any) bool {
	values := texts(claim)
	equal := func(v string) bool { return v == rule.Value }
	switch rule.MatchType {
	case "Equals":
		return slices.ContainsFunc(values, equal)
	case "Contains":
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, rule.Value) })
	case "StartsWith":
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, rule.Value) })
	case "NotEqual":
		return len(values) > 0 && !slices.ContainsFunc(values, equal)
	default:
		return false
	}
}

// texts returns a claim's value or values as text.
func texts(claim any) []string {
	list, ok := claim.([]any)
	if !ok {
		list = []any{claim}
	}
	var out []string
	for _, v := range list {
		switch v := v.(type) {
		case nil:
		case string:
			out = append(out, v)
		default:
			out = append(out, fmt.Sprint(v)) // a truth value or number
		}
	}
	return out
}
