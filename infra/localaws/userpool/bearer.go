package userpool

import (
	"cmp"
	"errors"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// Bearer is a user who acts with an access token, as Service.Bearer found it good.
type Bearer struct {
	service *Service
	app     App
	user    user // as it was then
}

// Bearer checks the access token of an operation that users call for themselves: it
// must be good, in force, and have the scope aws.cognito.signin.user.admin.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pools-API-operations.html
func (s *Service) Bearer(accessToken string) (Bearer, error) {
	poolID := unverifiedPool(s, accessToken)
	invalid := Refuse("NotAuthorizedException", "Invalid Access Token")
	claims, err := s.VerifyToken(poolID, accessToken)
	var expired *jwt.ExpiredError
	switch {
	case errors.As(err, &expired):
		return Bearer{}, Refuse("NotAuthorizedException", "Access Token has expired").because(expired.Error())
	case jwt.IsRefusal(err):
		return Bearer{}, invalid.because(err.Error())
	case err != nil:
		return Bearer{}, err
	case claims.TokenUse != "access":
		return Bearer{}, invalid.because("it is an ID token")
	}
	app, err := s.App(claims.ClientID)
	if err != nil {
		return Bearer{}, err
	}
	b := Bearer{service: s, app: app}
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		var reason string
		var err error
		if reason, b.user, err = s.signedOut(tx, poolID, claims); err != nil {
			return err
		}
		switch reason {
		case "":
			return nil
		case userGone:
			if claims.Username == "" {
				return Refuse("NotAuthorizedException", "Access Token does not have required scopes").because("it is a client's own token, without a user")
			}
			return errNoUser
		case userDisabled:
			return errDisabled
		}
		return Refuse("NotAuthorizedException", "Access Token has been revoked").because(reason)
	})
	if err != nil {
		return Bearer{}, err
	}
	if !claims.HasScope(signInScope) {
		return Bearer{}, Refuse("NotAuthorizedException", "Access Token does not have required scopes")
	}
	return b, nil
}

// Username is the user's.
func (b Bearer) Username() string { return b.user.Username }

// Attributes are the user's, sub among them, as far as the client may read them.
func (b Bearer) Attributes() map[string]string {
	shown := b.app.client.readable(b.user.Attributes)
	shown["sub"] = b.user.Sub
	if b.user.Identities != nil {
		shown["identities"] = b.user.identitiesText()
	}
	return shown
}

// ChangePassword sets a new password for one who knows the previous one.
func (b Bearer) ChangePassword(previous, proposed string) error {
	s, p := b.service, b.app.pool
	if err := p.checkPassword(proposed); err != nil {
		return err
	}
	used, err := s.used(p, b.user, proposed)
	if err != nil {
		return err
	}
	next, err := s.newCredential(p, b.user.Username, proposed)
	if err != nil {
		return err
	}
	_, _, err = s.enter(attempt{
		app: b.app, name: b.user.Username,
		proof: func(u *user) (bool, error) { return s.matchesUser(u, previous) },
		granted: func(tx *store.Tx, u user) error {
			if used {
				return errPasswordUsed
			}
			u.setPassword(p, next)
			return s.saveUser(tx, p, u)
		},
	})
	return err
}

// GlobalSignOut ends all of the user's sign-ins, in browsers too.
func (b Bearer) GlobalSignOut() error { return b.change(b.service.signOutEverywhere) }

// DeleteUser takes the user away with all that is the user's.
func (b Bearer) DeleteUser() error { return b.change(b.service.deleteUser) }

// change runs in a transaction with the user as it is by then.
func (b Bearer) change(do func(*store.Tx, pool, user) error) error {
	return b.service.cfg.Store.Update(func(tx *store.Tx) error {
		current, found, err := users.Get(tx, b.app.pool.userKey(b.user.Username))
		if err != nil || !found {
			return cmp.Or[error](err, errNoUser)
		}
		return do(tx, b.app.pool, current)
	})
}
