package userpool

import (
	"fmt"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/internal/srp"
	"auth-api/infra/localaws/userpool/lockout"
	"auth-api/infra/localaws/userpool/password"
)

// credential is a password as it is kept: a hash to check it by, and the verifier
// that secure remote password needs, from which it cannot be had back either.
type credential struct {
	Hash     string    `json:"hash,omitempty"`
	Salt     string    `json:"salt,omitempty"`     // hexadecimal, for SRP
	Verifier string    `json:"verifier,omitempty"` // hexadecimal, for SRP
	Set      time.Time `json:"set,omitzero"`
}

// policy is what the pool asks of passwords, with Cognito's defaults filled in.
func (p pool) policy() password.Policy { return p.PasswordPolicy.Effective() }

// checkPassword refuses a password that breaks the pool's policy.
func (p pool) checkPassword(password string) error {
	if problem := p.policy().Problem(password); problem != "" {
		return Refuse("InvalidPasswordException", "Password did not conform with policy: "+problem)
	}
	return nil
}

// newCredential works out what is kept of a password. It is slow on purpose: call it
// outside of write transactions where that can be had.
func (s *Service) newCredential(p pool, username, password string) (credential, error) {
	hash, err := s.passwords.Hash(password)
	if err != nil {
		return credential{}, err
	}
	salt, err := s.random.Bytes(16)
	if err != nil {
		return credential{}, err
	}
	return credential{
		Hash:     hash,
		Salt:     fmt.Sprintf("%x", salt),
		Verifier: srp.Verifier(p.ID, username, password, salt),
		Set:      s.now(),
	}, nil
}

// matches says whether password is the credential's; for a nil credential it takes
// the same time and says no.
func (s *Service) matches(c *credential, password string) (bool, error) {
	if c == nil {
		c = &credential{}
	}
	return s.passwords.Matches(c.Hash, password)
}

// used says whether password is among the user's last ones that the policy remembers.
func (s *Service) used(p pool, u user, password string) (bool, error) {
	if p.PasswordPolicy == nil || p.PasswordPolicy.PasswordHistorySize == 0 {
		return false, nil
	}
	for _, hash := range append([]string{u.Password.Hash}, u.History...) {
		if hash == "" {
			continue
		}
		if ok, err := s.matches(&credential{Hash: hash}, password); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// notUsed refuses a password that the user of this name, if there is one, had before.
func (s *Service) notUsed(p pool, username, password string) error {
	var u user
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, _, err = users.Get(tx, p.userKey(username))
		return err
	})
	if err != nil {
		return err
	}
	used, err := s.used(p, u, password)
	if err == nil && used {
		err = errPasswordUsed
	}
	return err
}

// setPassword puts the credential in place of the user's, remembering as many
// earlier ones as the policy asks for.
func (u *user) setPassword(p pool, c credential) {
	if u.Password.Hash != "" {
		u.History = append([]string{u.Password.Hash}, u.History...)
	}
	u.History = u.History[:min(len(u.History), p.PasswordPolicy.Kept())]
	u.Password = c
}

// attempts counts wrong passwords by name. Names that nobody has are counted too, so
// that a lock-out does not tell which names exist.
var attempts = store.Table[lockout.Count]{Name: "userpool.attempts"}

// attemptsOf reads the count of a name. Key it by the user's own name where there is
// a user: every alias then counts together.
func (s *Service) attemptsOf(tx *store.Tx, key string) (lockout.Count, error) {
	a, found, err := attempts.Get(tx, key)
	if err != nil || !found || s.now().After(a.Forgotten()) {
		return lockout.Count{}, err
	}
	return a, nil
}

func (s *Service) attemptKey(p pool, name string) string {
	return p.ID + "/" + digest(p.fold(name))
}
