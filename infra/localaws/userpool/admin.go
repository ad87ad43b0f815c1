package userpool

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// Admin is an administrator at work in one pool. Who may be one is not decided here:
// package api has the request admitted first.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pools-API-operations.html
type Admin struct {
	service *Service
	pool    pool
	call    call
}

// Admin returns the operations of an administrator in the pool with this id; a
// *Refusal when there is none.
func (s *Service) Admin(ctx context.Context, poolID string, e Extra) (Admin, error) {
	a := Admin{service: s, call: call{ctx, e}}
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		var found bool
		var err error
		if a.pool, found, err = getPool(tx, poolID); err == nil && !found {
			return Refuse("ResourceNotFoundException", "User pool "+audit.Clip(poolID)+" does not exist.")
		}
		return err
	})
	return a, err
}

// App returns an app client of the pool; a *Refusal when the pool has none with this id.
func (a Admin) App(clientID string) (App, error) {
	app, err := a.service.App(clientID)
	if err == nil && app.pool.ID != a.pool.ID {
		err = Refuse("ResourceNotFoundException", "User pool client "+audit.Clip(clientID)+" does not exist.").because("the client belongs to another pool")
	}
	app.call = a.call
	return app, err
}

// User is a user as administrators see one.
type User struct {
	Username          string
	Sub               string
	Status            string            // such as CONFIRMED
	Enabled           bool              // whether the user may sign in
	Attributes        map[string]string // without sub
	Created, Modified time.Time
	Factors           []string // second factors that may be asked for, such as SOFTWARE_TOKEN_MFA
	PreferredFactor   string   // the one that is
}

func (u user) view() User {
	v := User{Username: u.Username, Sub: u.Sub, Status: u.Status, Enabled: u.Enabled, Attributes: maps.Clone(u.Attributes), Created: u.Created, Modified: u.Modified}
	if u.Identities != nil {
		v.Attributes["identities"] = u.identitiesText()
	}
	v.Factors, v.PreferredFactor = u.mfaSettings()
	return v
}

// find returns the user that a name leads to.
func (a Admin) find(tx *store.Tx, name string) (user, error) {
	u, found, err := a.pool.findUser(tx, name)
	if err == nil && !found {
		err = errNoUser
	}
	return u, err
}

// change runs in a transaction with the user that a name leads to.
func (a Admin) change(name string, do func(*store.Tx, user) error) error {
	return a.service.cfg.Store.Update(func(tx *store.Tx) error {
		u, err := a.find(tx, name)
		if err != nil {
			return err
		}
		return do(tx, u)
	})
}

// User returns the user of this name.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
func (a Admin) User(name string) (User, error) {
	var u user
	err := a.service.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, err = a.find(tx, name)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u.view(), nil
}

// ConfirmSignUp confirms a sign-up without a code. It verifies no address.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminConfirmSignUp.html
func (a Admin) ConfirmSignUp(name string) error {
	var confirmed user
	err := a.change(name, func(tx *store.Tx, u user) error {
		if u.Status != statusUnconfirmed {
			return Refuse("NotAuthorizedException", "User cannot be confirmed. Current status is "+u.Status)
		}
		u.Status, u.Confirm = statusConfirmed, nil
		confirmed = u
		return taken(a.service.saveUser(tx, a.pool, u))
	})
	if err != nil {
		return err
	}
	return a.service.postConfirmation(a.pool, a.call, triggers.SourceConfirmSignUp, triggers.NoClient, confirmed)
}

// Disable keeps the user from signing in, and revokes all of the user's tokens: they
// stay revoked when the user is enabled again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html
func (a Admin) Disable(name string) error {
	return a.change(name, func(tx *store.Tx, u user) error {
		u.Enabled = false
		return a.service.signOutEverywhere(tx, a.pool, u)
	})
}

// Enable lets the user sign in again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminEnableUser.html
func (a Admin) Enable(name string) error {
	return a.change(name, func(tx *store.Tx, u user) error {
		u.Enabled = true
		return a.service.saveUser(tx, a.pool, u)
	})
}

// Delete takes the user away with all that is the user's. When a stack declares the
// user, its next deployment makes the user again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html
func (a Admin) Delete(name string) error {
	return a.change(name, func(tx *store.Tx, u user) error { return a.service.deleteUser(tx, a.pool, u) })
}

// GlobalSignOut ends all of the user's sign-ins, in browsers too.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUserGlobalSignOut.html
func (a Admin) GlobalSignOut(name string) error {
	return a.change(name, func(tx *store.Tx, u user) error { return a.service.signOutEverywhere(tx, a.pool, u) })
}

// SetMFAPreference says whether the user is asked for a software token at sign-in,
// which must have been verified before.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html
func (a Admin) SetMFAPreference(name string, want MFAPreference) error {
	return a.change(name, func(tx *store.Tx, u user) error {
		if err := a.pool.prefer(&u, want); err != nil {
			return err
		}
		return a.service.saveUser(tx, a.pool, u)
	})
}

// checkAttributes checks attributes that an administrator sets: any of the schema, and
// whether an address is verified.
func (a Admin) checkAttributes(attributes map[string]string) error {
	if err := a.pool.attributes().Check(attributes); err != nil {
		return Invalid("Attributes did not conform to the schema: %s", err)
	}
	for _, name := range []string{"email_verified", "phone_number_verified"} {
		if v, given := attributes[name]; given && v != "true" && v != "false" {
			return Invalid("Attributes did not conform to the schema: %s: The attribute must be true or false", name)
		}
	}
	return checkFormats(attributes)
}

// lowerBooleans writes True as true in the attributes that are Booleans.
func lowerBooleans(attributes map[string]string) map[string]string {
	out := maps.Clone(attributes)
	for _, name := range []string{"email_verified", "phone_number_verified"} {
		if v, given := out[name]; given {
			out[name] = strings.ToLower(v)
		}
	}
	return out
}

// verifiedNeedsValue refuses a user whose address is verified and missing.
func verifiedNeedsValue(attributes map[string]string) error {
	for _, name := range []string{"email", "phone_number"} {
		if attributes[name+"_verified"] == "true" && attributes[name] == "" {
			return Invalid("%s_verified is true, but the user has no %s.", name, name)
		}
	}
	return nil
}

// UpdateAttributes changes the user's attributes; an empty value takes one away. An
// address that is changed is no longer verified unless the same call says that it is;
// where the pool verifies it, the user is sent a code.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
func (a Admin) UpdateAttributes(name string, wanted map[string]string) error {
	wanted = lowerBooleans(wanted)
	if err := a.checkAttributes(wanted); err != nil {
		return err
	}
	var messages []Message
	err := a.change(name, func(tx *store.Tx, u user) (err error) {
		if messages, err = a.service.setAttributes(a.pool, &u, wanted); err != nil {
			return err
		}
		dropEmpty(&u)
		if err := verifiedNeedsValue(u.Attributes); err != nil {
			return err
		}
		return taken(a.service.saveUser(tx, a.pool, u))
	})
	if err != nil {
		return err
	}
	for _, m := range messages {
		a.service.deliver(a.call.context(), &m)
	}
	return nil
}

// dropEmpty takes empty attributes away, and with an address whether it is verified.
func dropEmpty(u *user) {
	for name, value := range u.Attributes {
		if value == "" {
			delete(u.Attributes, name)
			delete(u.Attributes, name+"_verified")
			delete(u.Pending, name)
		}
	}
}

// DeleteAttributes takes attributes from the user.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
func (a Admin) DeleteAttributes(name string, unwanted []string) error {
	for _, attribute := range unwanted {
		d, ok := a.pool.attributes().Find(attribute)
		switch {
		case !ok:
			return Invalid("Attributes did not conform to the schema: %s: Attribute does not exist in the schema.", audit.Clip(attribute))
		case attribute == "sub" || !d.Mutable:
			return Invalid("Attributes did not conform to the schema: %s: Attribute cannot be deleted.", attribute)
		}
	}
	return a.change(name, func(tx *store.Tx, u user) error {
		for _, attribute := range unwanted {
			if slices.Contains(a.pool.UsernameAttributes, attribute) {
				return Invalid("Attributes did not conform to the schema: %s: Attribute cannot be deleted, it is the user's name.", attribute)
			}
			u.Attributes[attribute] = ""
		}
		dropEmpty(&u)
		if missing := a.pool.attributes().Missing(u.Attributes); len(missing) > 0 && slices.Contains(unwanted, missing[0]) {
			return Invalid("Attributes did not conform to the schema: %s: The attribute is required", missing[0])
		}
		return taken(a.service.saveUser(tx, a.pool, u))
	})
}
