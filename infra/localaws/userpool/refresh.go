package userpool

import (
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// The refusals of a refresh token.
var (
	errRefreshInvalid = Refuse("NotAuthorizedException", "Invalid Refresh Token")
	errRefreshRevoked = Refuse("NotAuthorizedException", "Refresh Token has been revoked")
	errRefreshExpired = Refuse("NotAuthorizedException", "Refresh Token has expired")
	errRefreshReused  = Refuse("RefreshTokenReuseException", "Refresh token has already been used.")
)

// Refresh gives new tokens for a refresh token, and a new refresh token when the
// client rotates them, and the name of the user that they are for. check may refuse
// the user; nil refuses nobody.
func (s *Service) Refresh(app App, token string, check func(username, sub string) error) (Tokens, string, error) {
	var g grant
	read := func(tx *store.Tx) error {
		now, _, err := s.refreshable(tx, app, token, check)
		now.changes = g.changes
		g = now
		return err
	}
	if err := s.cfg.Store.View(read); err != nil {
		return Tokens{}, "", err
	}
	// The function is asked, and the tokens are made, before the refresh token is
	// replaced: a client may come again after a function has failed, or asked for too much.
	if err := s.customize(&g, triggers.SourceRefreshTokens); err != nil {
		return Tokens{}, "", err
	}
	if err := s.cfg.Store.View(read); err != nil {
		return Tokens{}, "", err
	}
	set, err := s.sign(g)
	if err != nil || !app.client.rotates() {
		return set, g.user.Username, err
	}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		_, r, err := s.refreshable(tx, app, token, check)
		if err != nil {
			return err
		}
		if r.Replaced.IsZero() {
			r.Replaced = s.now().Add(time.Duration(app.client.RefreshTokenRotation.RetryGracePeriodSeconds) * time.Second)
			if err := refreshTokens.Put(tx, app.pool.ID+"/"+digest(token), r); err != nil {
				return err
			}
		}
		set.Refresh, err = s.newRefreshToken(tx, g, r.Expires)
		return err
	})
	if err != nil {
		return Tokens{}, "", err
	}
	return set, g.user.Username, nil
}

// refreshable returns what a refresh token is good for, or why it is good for nothing.
func (s *Service) refreshable(tx *store.Tx, app App, token string, check func(username, sub string) error) (grant, refreshToken, error) {
	refuse := func(err error) (grant, refreshToken, error) { return grant{}, refreshToken{}, err }
	p, now := app.pool, s.now()
	r, found, err := refreshTokens.Get(tx, p.ID+"/"+digest(token))
	switch {
	case err != nil:
		return refuse(err)
	case !found:
		return refuse(errRefreshInvalid.because("the refresh token is unknown to the pool"))
	case r.ClientID != app.client.ID:
		return refuse(errRefreshInvalid.because("the refresh token is another client's"))
	case !now.Before(r.Expires):
		return refuse(errRefreshExpired)
	}
	u, found, err := users.Get(tx, p.userKey(r.Username))
	if err != nil {
		return refuse(err)
	}
	if !found || u.Sub != r.Sub {
		return refuse(errRefreshInvalid.because("the refresh token's user is gone"))
	}
	if check != nil {
		if err := check(u.Username, u.Sub); err != nil {
			return refuse(err)
		}
	}
	g := grant{
		pool: p, client: app.client, call: app.call, user: u,
		origin: r.Origin, scopes: r.Scopes, hosted: r.Hosted, authTime: r.AuthTime,
	}
	f, found, err := families.Get(tx, g.familyKey())
	switch {
	case err != nil:
		return refuse(err)
	case !u.Enabled:
		return refuse(errDisabled)
	case !found || f.Revoked:
		return refuse(errRefreshRevoked)
	case !u.active():
		return refuse(errRefreshInvalid.because("the refresh token's user is in status " + u.Status))
	case app.client.rotates() && !r.Replaced.IsZero() && !now.Before(r.Replaced):
		return refuse(errRefreshReused)
	}
	return g, r, nil
}
