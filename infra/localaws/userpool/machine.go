package userpool

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
)

// clientCredentials is the flow by which a client acts for itself, without a user.
const clientCredentials = "client_credentials"

// ErrNoClientCredentials and ErrNoScope are the refusals of ClientCredentials.
var (
	ErrNoClientCredentials = Refuse("UnauthorizedClientException", "unauthorized_client")
	ErrNoScope             = Refuse("InvalidScopeException", "invalid_scope")
)

// ClientCredentials gives a client an access token of its own: whoever asks has shown
// the client's secret. Without scopes it has all of the client's. The token's subject
// is the client's id; there is no user, and neither an ID token nor a refresh token.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html#token-endpoint-client-credentials
func (s *Service) ClientCredentials(app App, scopes []string) (Tokens, error) {
	c := app.client
	if c.ClientSecret == "" || !c.AllowedOAuthFlowsUserPoolClient || !slices.Contains(c.AllowedOAuthFlows, clientCredentials) {
		return Tokens{}, ErrNoClientCredentials.because("the client's allowedOauthFlows do not have client_credentials, or allowedOauthFlowsUserPoolClient is not true")
	}
	if len(scopes) == 0 {
		scopes = c.AllowedOAuthScopes
	}
	for _, scope := range scopes {
		if !slices.Contains(c.AllowedOAuthScopes, scope) || !isCustom(scope) {
			return Tokens{}, ErrNoScope.because("the client may not ask for the scope " + audit.Clip(scope))
		}
	}
	if len(scopes) == 0 {
		return Tokens{}, ErrNoScope.because("the client has no custom scope")
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	key, err := s.signingKey(app.pool.ID)
	if err != nil || key == nil {
		return Tokens{}, cmp.Or(err, errors.New("signing a token: the pool has no signing key"))
	}
	jti, err := s.random.UUID()
	if err != nil {
		return Tokens{}, err
	}
	now := s.now()
	life, _, _ := c.lifetimes()
	token, err := signAtMost(key, map[string]any{
		"sub": c.ID, "client_id": c.ID, "iss": s.Issuer(app.pool.ID), "token_use": "access", "scope": strings.Join(scopes, " "),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(life).Unix(), "jti": jti, "version": 2,
	})
	if err != nil {
		return Tokens{}, err
	}
	s.issued(grant{pool: app.pool, client: c, user: user{Sub: c.ID}}, "access", jti, now, life)
	return Tokens{Access: token, ExpiresIn: int(life.Seconds())}, nil
}

// scopesOf are the client's scopes that may be given out by now.
func (c client) scopesOf(tx *store.Tx) ([]string, error) {
	return standing(tx, c.UserPoolID, c.AllowedOAuthScopes)
}
