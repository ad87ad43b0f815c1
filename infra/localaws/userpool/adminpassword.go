package userpool

import (
	"auth-api/infra/localaws/store"
)

// SetPassword gives the user a password: for good, or a temporary one that has to be
// changed at the next sign-in.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
func (a Admin) SetPassword(name, password string, permanent bool) error {
	s, p := a.service, a.pool
	if err := p.checkPassword(password); err != nil {
		return err
	}
	var before user
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		before, err = a.find(tx, name)
		return err
	})
	if err != nil {
		return err
	}
	if before.Identities != nil && !permanent {
		return Invalid("The user of an identity provider has no temporary password: Permanent must be true.")
	}
	used, err := s.used(p, before, password)
	if err != nil {
		return err
	}
	if used {
		return errPasswordUsed
	}
	next, err := s.newCredential(p, before.Username, password)
	if err != nil {
		return err
	}
	return a.change(before.Username, func(tx *store.Tx, u user) error {
		if u.Sub != before.Sub {
			return errNoUser.because("the user was deleted and made anew meanwhile")
		}
		u.setPassword(p, next)
		u.Status, u.Confirm, u.Reset = statusForceChange, nil, nil
		if permanent {
			u.Status = statusConfirmed
		}
		return s.saveUser(tx, p, u)
	})
}

// ResetPassword makes the user choose a new password by a code, which is sent to the
// user's verified address. The old password is of no use any more.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html
func (a Admin) ResetPassword(name string) error {
	s, p := a.service, a.pool
	var message Message
	err := a.change(name, func(tx *store.Tx, u user) error {
		switch {
		case !u.Enabled:
			return errDisabled
		case u.Status == statusForceChange, u.Status == statusUnconfirmed, u.Status == statusExternal:
			return Refuse("NotAuthorizedException", "User password cannot be reset in the current state.")
		}
		attribute, err := p.recovery(u)
		if err != nil {
			return err
		}
		if u.Reset, message, err = s.newCode(p, &u, MailForgotPassword, attribute, resetLifetime); err != nil {
			return err
		}
		u.Status = statusResetRequired
		return s.saveUser(tx, p, u)
	})
	if err != nil {
		return err
	}
	s.deliver(a.call.context(), &message)
	return nil
}
