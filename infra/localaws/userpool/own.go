package userpool

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"auth-api/infra/localaws/store"
)

// What a signed-in user does with an access token.

// authorized checks the access token of one of the user's own operations.
func (c *call) authorized(token string) (Claims, user, error) {
	poolID := unverifiedPool(c.Service, token)
	claims, err := c.VerifyToken(poolID, token)
	var expired *TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return Claims{}, user{}, refuse("NotAuthorizedException", "Access Token has expired").because(expired.Error())
	case isTokenError(err):
		return Claims{}, user{}, refuse("NotAuthorizedException", "Invalid Access Token").because(err.Error())
	case err != nil:
		return Claims{}, user{}, err
	case claims.TokenUse != "access":
		return Claims{}, user{}, refuse("NotAuthorizedException", "Invalid Access Token").because("it is an ID token")
	}
	if err := c.as(claims.ClientID); err != nil {
		return Claims{}, user{}, err
	}
	var u user
	err = c.cfg.Store.View(func(tx *store.Tx) error {
		var reason string
		var err error
		if reason, u, err = c.signedOut(tx, poolID, claims); err != nil || reason == "" {
			return err
		}
		switch reason {
		case "the user is gone":
			return errNoUser
		case "the user is disabled":
			return errDisabled
		}
		return refuse("NotAuthorizedException", "Access Token has been revoked").because(reason)
	})
	if err != nil {
		return Claims{}, user{}, err
	}
	if !claims.HasScope(signInScope) {
		return Claims{}, user{}, refuse("NotAuthorizedException", "Access Token does not have required scopes")
	}
	c.record.Caller(u.Username)
	return claims, u, nil
}

func (c *call) withAccessToken() (Claims, user, error) {
	var in struct{ AccessToken string }
	if err := c.decode(&in); err != nil {
		return Claims{}, user{}, err
	}
	if err := require("accessToken", in.AccessToken); err != nil {
		return Claims{}, user{}, err
	}
	return c.authorized(in.AccessToken)
}

// getUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html
func (c *call) getUser() (any, error) {
	_, u, err := c.withAccessToken()
	if err != nil {
		return nil, err
	}
	list := []nameValue{{"sub", u.Sub}}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		if c.client.mayRead(name) {
			list = append(list, nameValue{name, u.Attributes[name]})
		}
	}
	c.record.Allow("the access token is good")
	return struct {
		UserAttributes []nameValue
		Username       string
	}{list, u.Username}, nil
}

// changePassword: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html
func (c *call) changePassword() (any, error) {
	var in struct{ AccessToken, PreviousPassword, ProposedPassword string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("accessToken", in.AccessToken, "previousPassword", in.PreviousPassword, "proposedPassword", in.ProposedPassword); err != nil {
		return nil, err
	}
	_, u, err := c.authorized(in.AccessToken)
	if err != nil {
		return nil, err
	}
	if problem := c.pool.checkPassword(in.ProposedPassword); problem != "" {
		return nil, refuse("InvalidPasswordException", problem)
	}
	used, err := c.used(c.pool, u, in.ProposedPassword)
	if err != nil {
		return nil, err
	}
	next, err := c.newCredential(c.pool, u.Username, in.ProposedPassword)
	if err != nil {
		return nil, err
	}
	_, _, err = c.enter(attempt{
		pool: c.pool, client: c.client, name: u.Username,
		proof: func(u *user) (bool, error) { return c.matchesUser(u, in.PreviousPassword) },
		granted: func(tx *store.Tx, u user) error {
			if used {
				return errPasswordUsed
			}
			u.setPassword(c.pool, next)
			return c.saveUser(tx, c.pool, u)
		},
	})
	if err != nil {
		return nil, err
	}
	c.record.Allow("password changed")
	return struct{}{}, nil
}

// globalSignOut: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html
func (c *call) globalSignOut() (any, error) {
	_, u, err := c.withAccessToken()
	if err != nil {
		return nil, err
	}
	if err := c.change(u, c.signOutEverywhere); err != nil {
		return nil, err
	}
	c.record.Allow("signed out everywhere")
	return struct{}{}, nil
}

// deleteOwnUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html
func (c *call) deleteOwnUser() (any, error) {
	_, u, err := c.withAccessToken()
	if err != nil {
		return nil, err
	}
	if err := c.change(u, c.deleteUser); err != nil {
		return nil, err
	}
	c.record.Allow("deleted by the user")
	return struct{}{}, nil
}

// change runs in a transaction with the user as it is by then.
func (c *call) change(u user, do func(*store.Tx, pool, user) error) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		current, found, err := users.Get(tx, c.pool.userKey(u.Username))
		if err != nil || !found {
			return cmp.Or[error](err, errNoUser)
		}
		return do(tx, c.pool, current)
	})
}

// revokeToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html
func (c *call) revokeToken() (any, error) {
	var in struct{ Token, ClientId, ClientSecret string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("token", in.Token, "clientId", in.ClientId); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	switch {
	case !c.client.knowsSecret(in.ClientSecret):
		return nil, refuse("NotAuthorizedException", "Invalid client secret for client "+c.client.ID)
	case !c.client.EnableTokenRevocation:
		return nil, refuse("UnsupportedOperationException", "Token revocation is not enabled for client "+c.client.ID)
	case looksLikeJWT(in.Token):
		return nil, refuse("UnsupportedTokenTypeException", "Unsupported token type: only refresh tokens can be revoked")
	}
	err := c.revoke(c.pool, c.client, in.Token)
	if errors.Is(err, errOtherClient) {
		return nil, refuse("NotAuthorizedException", "Invalid Refresh Token").because("the refresh token is another client's")
	}
	if err != nil {
		return nil, err
	}
	c.record.Allow("revoked")
	return struct{}{}, nil
}
