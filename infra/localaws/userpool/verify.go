package userpool

import (
	"strings"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// VerifyToken checks that the token was issued by the pool and is not over: signed
// with RS256 by the pool's key, the pool's issuer, and exp after now. It returns
// jwt.ErrMalformed, jwt.ErrIssuer, jwt.ErrSignature or a *jwt.ExpiredError; any
// other error is the local AWS's own. It does not ask whether the token was revoked
// (see SignedOut), nor for whom or what it is: look at TokenUse and ClientID.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
func (s *Service) VerifyToken(poolID, token string) (jwt.Claims, error) {
	return jwt.Verify(token, s.Issuer(poolID), s.now(), func() (*jwt.Key, error) { return s.signingKey(poolID) })
}

// SignedOut says whether the sign-in that the claims come from is over: its tokens
// were revoked, or the user was signed out everywhere, disabled or deleted. It begins
// a transaction of its own; do not call it inside one.
func (s *Service) SignedOut(poolID string, c jwt.Claims) (bool, error) {
	out := true
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		reason, _, err := s.signedOut(tx, poolID, c)
		out = reason != ""
		return err
	})
	return out, err
}

// Reasons of signedOut that some tell apart.
const userGone, userDisabled = "the user is gone", "the user is disabled"

// signedOut returns why the sign-in is over, or "", and the user.
func (s *Service) signedOut(tx *store.Tx, poolID string, c jwt.Claims) (string, user, error) {
	p, found, err := getPool(tx, poolID)
	if err != nil {
		return "", user{}, err
	}
	if !found {
		return "the user pool is gone", user{}, nil
	}
	u, found, err := users.Get(tx, p.userKey(c.Username))
	if err != nil {
		return "", user{}, err
	}
	switch {
	case !found || u.Sub != c.Subject:
		return userGone, user{}, nil
	case !u.Enabled:
		return userDisabled, u, nil
	case c.OriginJTI == "":
		if !c.IssuedAt.After(u.SignedOutAt) {
			return "the user was signed out everywhere", u, nil
		}
		return "", u, nil
	}
	f, found, err := families.Get(tx, poolID+"/"+u.Sub+"/"+c.OriginJTI)
	if err != nil {
		return "", user{}, err
	}
	if !found || f.Revoked {
		return "the token has been revoked", u, nil
	}
	return "", u, nil
}

// UserInfo returns the user of an access token that the hosted sign-in gave, and the
// claims that its scopes show.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html
func (s *Service) UserInfo(poolID, accessToken string) (username string, claims map[string]any, err error) {
	refuse := func(reason string) (string, map[string]any, error) {
		return "", nil, Refuse("NotAuthorizedException", "Invalid Access Token").because(reason)
	}
	token, err := s.VerifyToken(poolID, accessToken)
	if jwt.IsRefusal(err) {
		return refuse(err.Error())
	}
	if err != nil {
		return "", nil, err
	}
	if token.TokenUse != "access" || !token.HasScope("openid") {
		return refuse("the token is not an access token with the scope openid")
	}
	g := grant{hosted: true, scopes: token.Scopes}
	reason := ""
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		if reason, g.user, err = s.signedOut(tx, poolID, token); err != nil || reason != "" {
			return err
		}
		var found bool
		if g.client, found, err = getClient(tx, token.ClientID); err == nil && !found {
			reason = "the client is gone"
		}
		return err
	})
	if err != nil {
		return "", nil, err
	}
	if reason != "" {
		return refuse(reason)
	}
	claims = g.claims()
	claims["sub"], claims["username"] = g.user.Sub, g.user.Username
	if g.user.Identities != nil {
		claims["identities"] = g.user.identitiesText()
	}
	return g.user.Username, claims, nil
}

// unverifiedPool is the pool that a token says to be from, to know whose key to
// verify it by; "" when it says none of this region.
func unverifiedPool(s *Service, token string) string {
	poolID, ok := strings.CutPrefix(jwt.UnverifiedIssuer(token), s.Issuer(""))
	if !ok {
		return ""
	}
	return poolID
}
