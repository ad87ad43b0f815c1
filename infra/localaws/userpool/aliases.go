package userpool

import (
	"cmp"
	"slices"
	"strings"

	"auth-api/infra/localaws/store"
)

// free refuses a new user whose name another one has. It spares the pool's function
// the question, and us the work: the transaction that makes the user decides.
func (s *Service) free(p pool, u user) error {
	return s.cfg.Store.View(func(tx *store.Tx) error {
		if _, found, err := users.Get(tx, p.userKey(u.Username)); err != nil || found {
			return cmp.Or[error](err, errUserExists)
		}
		if len(p.UsernameAttributes) == 0 {
			return nil // an alias does not stand for the name
		}
		for _, name := range p.signInNames(u) {
			if _, taken, err := names.Get(tx, name); err != nil || taken {
				return cmp.Or[error](err, addressTaken(aliasTaken{kind: strings.SplitN(name, "/", 3)[1]}))
			}
		}
		return nil
	})
}

// addressTaken is the refusal of an address that stands for the name of another user.
func addressTaken(alias aliasTaken) *Refusal {
	return Refuse("UsernameExistsException", alias.Error())
}

// takeAliases takes the user's verified addresses from users who have them as an
// alias: they keep the address, but it is no longer verified.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-aliases
func (s *Service) takeAliases(tx *store.Tx, p pool, u user) error {
	for _, name := range p.signInNames(u) {
		kind := strings.SplitN(name, "/", 3)[1]
		if kind != "email" && kind != "phone_number" || !slices.Contains(p.AliasAttributes, kind) {
			continue
		}
		holder, taken, err := names.Get(tx, name)
		if err != nil {
			return err
		}
		if !taken || holder == p.userKey(u.Username) {
			continue
		}
		other, found, err := users.Get(tx, holder)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		other.Attributes[kind+"_verified"] = "false"
		if err := s.saveUser(tx, p, other); err != nil {
			return err
		}
	}
	return nil
}
