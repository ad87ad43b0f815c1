package userpool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// AskForUser asks the pool's pre sign-up function whether a declared user may be made,
// as AdminCreateUser does. It is called before the provider's transaction.
func (s *Service) AskForUser(d DeclaredUser) error {
	var p pool
	there := false
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		var found bool
		if p, found, err = getPool(tx, d.UserPoolID); err != nil || !found {
			there = true // and UserDeclared says what is wrong
			return err
		}
		_, there, err = p.findUser(tx, d.Username)
		return err
	})
	if err != nil || there {
		return err
	}
	u, err := s.newUser(p, d.Username, d.Attributes)
	if err != nil {
		return fmt.Errorf("declaring user %s/%s: %w", d.UserPoolID, d.Username, err)
	}
	if _, err := s.preSignUp(p, call{}, triggers.SourceAdminCreateUser, triggers.NoClient, u); err != nil {
		return fmt.Errorf("declaring user %s/%s: %w", d.UserPoolID, d.Username, err)
	}
	return nil
}

// UserDeclared makes, changes or deletes a declared user: old is nil when it is new,
// new is nil when it is taken back. It fills in the new one's computed properties.
// Only what differs between old and new is changed, so that a password that the user
// chose stays when the stack is brought up again. It is called inside the provider's
// transaction.
func (s *Service) UserDeclared(tx *store.Tx, id string, old, new *DeclaredUser) error {
	fail := func(err error) error { return fmt.Errorf("declaring user %s: %w", id, err) }
	d := old // it knows the sub, which the new inputs alone do not
	if d == nil {
		d = new
	}
	p, found, err := getPool(tx, d.UserPoolID)
	if err != nil {
		return err
	}
	if !found {
		if new == nil {
			return nil // the pool's deletion took the user with it
		}
		return fail(fmt.Errorf("userPoolId: user pool %q does not exist", d.UserPoolID))
	}
	u, found, err := users.Get(tx, p.userKey(declaredName(p, *d)))
	if err != nil {
		return err
	}
	switch {
	case new == nil && !found:
		return nil
	case new == nil:
		return s.deleteUser(tx, p, u)
	case old == nil && found:
		return fail(fmt.Errorf("username: UsernameExistsException: user %q exists in the pool already", new.Username))
	case old != nil && !found:
		return fail(fmt.Errorf("username: user %q is no longer in the pool; refresh the stack, and it will be made again", new.Username))
	}
	if err := p.attributes().Check(without(new.Attributes, "sub")); err != nil {
		return fail(fmt.Errorf("attributes: %w", err))
	}
	if old == nil {
		if u, err = s.newUser(p, new.Username, new.Attributes); err != nil {
			return fail(err)
		}
		u.Status = statusForceChange
		old = &DeclaredUser{}
	}
	for name := range old.Attributes {
		if _, stays := new.Attributes[name]; !stays {
			delete(u.Attributes, name)
		}
	}
	for name, value := range new.Attributes {
		if previous, had := old.Attributes[name]; name != "sub" && (!had || previous != value) {
			u.Attributes[name] = value
		}
	}
	enabled := new.Enabled == nil || *new.Enabled
	if u.Enabled && !enabled && u.Password.Hash != "" {
		if err := s.signOutEverywhere(tx, p, u); err != nil {
			return fail(err)
		}
		u.SignedOutAt = s.now()
	}
	u.Enabled = enabled
	if err := s.declaredPassword(p, &u, *old, *new); err != nil {
		return fail(err)
	}
	if err := s.saveUser(tx, p, u); err != nil {
		return fail(err)
	}
	return s.fill(tx, p, new)
}

// declaredName is the username of a declared user in the store.
func declaredName(p pool, d DeclaredUser) string {
	if len(p.UsernameAttributes) > 0 && d.Sub != "" {
		return d.Sub
	}
	return d.Username
}

func without(m map[string]string, name string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (s *Service) declaredPassword(p pool, u *user, old, new DeclaredUser) error {
	password, key, status := "", "", ""
	switch {
	case new.Password != "" && new.Password != old.Password:
		password, key, status = new.Password, "password", statusConfirmed
	case new.TemporaryPassword != "" && new.TemporaryPassword != old.TemporaryPassword:
		password, key, status = new.TemporaryPassword, "temporaryPassword", statusForceChange
	case u.Password.Hash == "":
		generated, err := p.policy().Temporary(s.random)
		if err != nil {
			return err
		}
		password, key, status = generated, "temporaryPassword", statusForceChange
	default:
		return nil
	}
	if err := p.checkPassword(password); err != nil && (key == "password" || new.TemporaryPassword != "") {
		return fmt.Errorf("%s: %w", key, err)
	}
	c, err := s.newCredential(p, u.Username, password)
	if err != nil {
		return err
	}
	u.setPassword(p, c)
	u.Status = status
	if status == statusForceChange && new.MessageAction != "SUPPRESS" {
		for _, attribute := range []string{"email", "phone_number"} {
			if to := u.Attributes[attribute]; to != "" {
				s.cfg.Mail(context.Background(), Message{
					PoolID: p.ID, Username: u.Username, Medium: medium(attribute), Destination: to, Kind: MailInvitation,
					Code: password, Expires: p.PasswordPolicy.TemporaryExpires(c.Set),
				})
				break
			}
		}
	}
	return nil
}

// newUser makes a user without a password. In a pool whose usernames are addresses
// the given name becomes that attribute and the username is a UUID.
func (s *Service) newUser(p pool, name string, attributes map[string]string) (user, error) {
	sub, err := s.random.UUID()
	if err != nil {
		return user{}, err
	}
	u := user{Username: name, Sub: sub, Enabled: true, Attributes: without(attributes, "sub"), Created: s.now()}
	if len(p.UsernameAttributes) > 0 {
		attribute := "email"
		if !strings.Contains(name, "@") {
			attribute = "phone_number"
		}
		if !slices.Contains(p.UsernameAttributes, attribute) {
			return user{}, Invalid("Username should be %s.", map[string]string{"email": "a phone number", "phone_number": "an email"}[attribute])
		}
		u.Username = sub
		u.Attributes[attribute] = name
	}
	return u, nil
}

// fill sets the computed properties of a declared user.
func (s *Service) fill(tx *store.Tx, p pool, d *DeclaredUser) error {
	u, found, err := p.findUser(tx, d.Username)
	if err != nil || !found {
		return err
	}
	d.Sub, d.Status = u.Sub, u.Status
	d.CreationDate = u.Created.UTC().Format(time.RFC3339)
	d.LastModifiedDate = u.Modified.UTC().Format(time.RFC3339)
	return nil
}

// ReadUser brings a declared user's attributes, enabled and computed properties up
// to what the pool holds, for a refresh of the stack, and says whether it is there.
func (s *Service) ReadUser(tx *store.Tx, d *DeclaredUser) (bool, error) {
	p, found, err := getPool(tx, d.UserPoolID)
	if err != nil || !found {
		return false, err
	}
	u, found, err := users.Get(tx, p.userKey(declaredName(p, *d)))
	if err != nil || !found {
		return false, err
	}
	if d.Attributes != nil || len(u.Attributes) > 0 {
		held := without(u.Attributes, "sub")
		for _, name := range p.UsernameAttributes {
			if _, declared := d.Attributes[name]; !declared && held[name] == d.Username {
				delete(held, name) // it stands for the username and was not declared
			}
		}
		d.Attributes = held
	}
	if d.Enabled != nil || !u.Enabled { // left out means enabled
		d.Enabled = &u.Enabled
	}
	return true, s.fill(tx, p, d)
}
