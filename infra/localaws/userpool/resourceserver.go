package userpool

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
)

// ResourceServer names an API and the scopes that access tokens for it may have
// (aws:cognito/resourceServer:ResourceServer). Its id is POOL|IDENTIFIER.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
type ResourceServer struct {
	Identifier       string                `json:"identifier" aws:"required,replace"`
	Name             string                `json:"name" aws:"autoname"`
	Scopes           []ResourceServerScope `json:"scopes,omitempty"`
	UserPoolID       string                `json:"userPoolId" aws:"required,replace"`
	ScopeIdentifiers []string              `json:"scopeIdentifiers,omitempty" aws:"computed"` // IDENTIFIER/SCOPE, as clients ask for them
}

// ResourceServerScope is one scope of a resource server.
type ResourceServerScope struct {
	Name        string `json:"scopeName"`
	Description string `json:"scopeDescription"`
}

// ResourceServers are the resource servers that are declared.
const ResourceServers declared.Kind[ResourceServer] = "cognito.ResourceServer"

// Identifiers are the scopes as clients and tokens name them: IDENTIFIER/SCOPE.
func (r ResourceServer) Identifiers() []string {
	var out []string
	for _, s := range r.Scopes {
		out = append(out, r.Identifier+"/"+s.Name)
	}
	return out
}

// What AWS takes as identifier, scope and name.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html
var (
	serverIdentifier = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`)
	scopeName        = regexp.MustCompile(`^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$`)
	serverName       = regexp.MustCompile(`^[\w\s+=,.@-]{1,256}$`)
)

const maxServerScopes = 100

// CheckResourceServer refuses what AWS would not take, as early as the preview.
func CheckResourceServer(r ResourceServer) error {
	switch {
	case !serverIdentifier.MatchString(r.Identifier):
		return fmt.Errorf("identifier: %q is not legal; legal are 1 to 256 printable characters of ASCII without spaces, quotes and backslashes", r.Identifier)
	case !serverName.MatchString(r.Name):
		return fmt.Errorf("name: %q is not legal; legal are 1 to 256 letters, digits, spaces and any of _+=,.@-", r.Name)
	case len(r.Scopes) > maxServerScopes:
		return fmt.Errorf("scopes: %d scopes are not legal; legal are %d at most", len(r.Scopes), maxServerScopes)
	}
	seen := map[string]bool{}
	for i, s := range r.Scopes {
		switch n := len([]rune(s.Description)); {
		case !scopeName.MatchString(s.Name):
			return fmt.Errorf("scopes[%d].scopeName: %q is not legal; legal are 1 to 256 printable characters of ASCII without spaces, quotes, backslashes and slashes", i, s.Name)
		case n < 1 || n > 256:
			return fmt.Errorf("scopes[%d].scopeDescription: it has %d characters; legal are 1 to 256", i, n)
		case seen[s.Name]:
			return fmt.Errorf("scopes[%d].scopeName: %q is there already", i, s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// ResourceServerDeclared checks a resource server that is made or changed. It is called
// inside the provider's transaction.
func (s *Service) ResourceServerDeclared(tx *store.Tx, id string, r ResourceServer) error {
	fail := func(err error) error { return fmt.Errorf("declaring resource server %s: %w", id, err) }
	if err := CheckResourceServer(r); err != nil {
		return fail(err)
	}
	_, found, err := getPool(tx, r.UserPoolID)
	if err != nil || !found {
		return cmp.Or(err, fail(fmt.Errorf("userPoolId: user pool %q does not exist", r.UserPoolID)))
	}
	return nil
}

// customScopes are the scopes that the pool's resource servers declare, sorted.
func customScopes(tx *store.Tx, poolID string) ([]string, error) {
	all, err := ResourceServers.All(tx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range all {
		if r.Value.UserPoolID == poolID {
			out = append(out, r.Value.Identifiers()...)
		}
	}
	slices.Sort(out)
	return out, nil
}

// isCustom tells a resource server's scope from Cognito's own: these have no slash.
func isCustom(scope string) bool { return strings.Contains(scope, "/") }

// standing are those of the scopes that may still be given out: Cognito's own, and
// the custom ones that a resource server of the pool declares by now.
func standing(tx *store.Tx, poolID string, scopes []string) ([]string, error) {
	if !slices.ContainsFunc(scopes, isCustom) {
		return scopes, nil
	}
	custom, err := customScopes(tx, poolID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return isCustom(scope) && !slices.Contains(custom, scope)
	}), nil
}

// ownScopes are Cognito's own.
var ownScopes = []string{"openid", "email", "phone", "profile", signInScope}

// checkScopes refuses a client that names a scope that is not there.
func checkScopes(scopes, custom []string) error {
	for _, scope := range scopes {
		if !slices.Contains(ownScopes, scope) && !slices.Contains(custom, scope) {
			return fmt.Errorf("allowedOauthScopes: ScopeDoesNotExistException: %q is not one of %s, nor a scope that a resource server of the pool declares", scope, strings.Join(slices.Concat(ownScopes, custom), ", "))
		}
	}
	return nil
}

// checkClientCredentials refuses a client whose flows go against each other.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html#CognitoUserPools-CreateUserPoolClient-request-AllowedOAuthFlows
func checkClientCredentials(c Client) error {
	if !slices.Contains(c.AllowedOAuthFlows, clientCredentials) {
		return nil
	}
	switch {
	case len(c.AllowedOAuthFlows) > 1:
		return fmt.Errorf("allowedOauthFlows: InvalidOAuthFlowException: %s flow can not be selected along with code flow or implicit flow", clientCredentials)
	case !c.GenerateSecret:
		return fmt.Errorf("allowedOauthFlows: InvalidOAuthFlowException: %s flow can not be selected if client does not have a client secret; set generateSecret", clientCredentials)
	case len(c.AllowedOAuthScopes) == 0 || slices.ContainsFunc(c.AllowedOAuthScopes, func(s string) bool { return !isCustom(s) }):
		return fmt.Errorf("allowedOauthScopes: InvalidOAuthFlowException: %s flow is for the custom scopes of resource servers alone, and needs one at least; %q are not legal", clientCredentials, c.AllowedOAuthScopes)
	}
	return nil
}
