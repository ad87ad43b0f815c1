package userpool

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

// keptAtReset are the tables of this room that Reset leaves: keys, when groups were
// declared, and the sealed values that were used up, as those that were given out before
// must not be good once more.
var keptAtReset = []string{keyTable.Name, secrets.Name, groupTimes.Name, spent.Name}

// Reset brings every pool back to how it was when it had just been declared, in the
// caller's transaction: users that the stack does not declare are gone, with all codes,
// browser sessions, refresh tokens and counts of wrong passwords. Those it declares have
// the declared password, attributes and groups again, and keep their sub, even when they
// were deleted meanwhile; those declared without a password are sent a new temporary one.
//
// ID and access tokens are signed and kept by whoever has them: they stay good for what
// asks nobody about them, such as an API's authorizer, until they expire.
func (s *Service) Reset(tx *store.Tx) error {
	const doing = "bringing the user pools back"
	for _, table := range store.Tables(tx) {
		if strings.HasPrefix(table, "userpool.") && !slices.Contains(keptAtReset, table) {
			if err := store.Drop(tx, table); err != nil {
				return fmt.Errorf("%s: %w", doing, err)
			}
		}
	}
	declaredUsers, err := DeclaredUsers.All(tx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, entry := range declaredUsers {
		if err := s.redeclare(tx, entry.Value); err != nil {
			return fmt.Errorf("%s: user %s: %w", doing, entry.ID, err)
		}
	}
	memberships, err := UsersInGroup.All(tx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, m := range memberships {
		if err := s.UserInGroupDeclared(tx, m.ID, m.Value); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	return nil
}

// redeclare makes a declared user anew, as the same one.
func (s *Service) redeclare(tx *store.Tx, d DeclaredUser) error {
	p, found, err := getPool(tx, d.UserPoolID)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("userPoolId: user pool %q does not exist", d.UserPoolID)
	}
	u, err := s.newUser(p, d.Username, d.Attributes)
	if err != nil {
		return err
	}
	if d.Sub != "" {
		if u.Username == u.Sub { // in a pool whose usernames are addresses
			u.Username = d.Sub
		}
		u.Sub = d.Sub
	}
	if created, err := time.Parse(time.RFC3339, d.CreationDate); err == nil {
		u.Created = created
	}
	u.Status = statusForceChange
	u.Enabled = d.Enabled == nil || *d.Enabled
	if err := s.declaredPassword(p, &u, DeclaredUser{}, d); err != nil {
		return err
	}
	return s.saveUser(tx, p, u)
}
