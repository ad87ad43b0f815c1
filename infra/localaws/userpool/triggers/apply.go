package triggers

import (
	"encoding/json"
	"slices"
	"strings"
)

// fixed are the claims that no function changes, in either token. Attempts are
// ignored, as Cognito does: the token has the claim that it would have had.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
var fixed = []string{
	"acr", "amr", "at_hash", "auth_time", "aud", "azp", "cognito:username", "exp", "iat", "identities", "iss", "jti", "nbf",
	"nonce", "origin_jti", "sub", "token_use",
}

// fixedInAccess are those of the access token besides: scope changes by the scopes.
var fixedInAccess = []string{"client_id", "device_key", "event_id", "scope", "username", "version"}

// simple are claims of the ID token that cannot have an object or a list as value.
var simple = []string{"address", "email_verified", "phone_number_verified", "updated_at"}

// reserved is the prefix of the scopes and claims that are Cognito's own. Claims about
// groups change by the groups; a function may still suppress them.
const reservedScopes, reservedClaims = "aws.cognito.", "cognito:"

// ChangeGroups returns the groups that the tokens are to show in place of g.
func (c Changes) ChangeGroups(g Groups) Groups {
	if c.Groups == nil {
		return g
	}
	return *c.Groups
}

// ChangeID changes the claims of an ID token.
func (c Changes) ChangeID(claims map[string]any) {
	c.ID.change(claims, func(name string, value json.RawMessage) bool {
		return !slices.Contains(fixed, name) && !(slices.Contains(simple, name) && isCompound(value))
	})
}

// ChangeAccess changes the claims of an access token, and its scopes. aud may be
// added when it is the app client's id.
func (c Changes) ChangeAccess(claims map[string]any) {
	client, _ := claims["client_id"].(string)
	c.Access.change(claims, func(name string, value json.RawMessage) bool {
		if name == "aud" && value != nil {
			var audience string
			return json.Unmarshal(value, &audience) == nil && audience == client
		}
		return !slices.Contains(fixed, name) && !slices.Contains(fixedInAccess, name)
	})
	if len(c.AddScopes) == 0 && len(c.SuppressScopes) == 0 {
		return
	}
	text, _ := claims["scope"].(string)
	scopes := strings.Fields(text)
	for _, scope := range c.AddScopes {
		if !slices.Contains(scopes, scope) && !strings.HasPrefix(scope, reservedScopes) {
			scopes = append(scopes, scope)
		}
	}
	scopes = slices.DeleteFunc(scopes, func(scope string) bool { return slices.Contains(c.SuppressScopes, scope) })
	claims["scope"] = strings.Join(scopes, " ")
}

// change sets claims and then suppresses: a claim that is in both is suppressed.
// allowed is asked with a nil value for claims to be suppressed.
func (c Claims) change(claims map[string]any, allowed func(name string, value json.RawMessage) bool) {
	for name, value := range c.Set {
		if allowed(name, value) && !strings.HasPrefix(name, reservedClaims) {
			claims[name] = value
		}
	}
	for _, name := range c.Suppress {
		if allowed(name, nil) {
			delete(claims, name)
		}
	}
}

func isCompound(value json.RawMessage) bool {
	trimmed := strings.TrimSpace(string(value))
	return strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")
}
