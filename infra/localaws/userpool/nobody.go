package userpool

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// nobodysHash returns the hash that passwords are compared with where there is no user,
// so that it takes the time that it takes for one. It is random in place of a hash of
// something, as to make one at every start would take that time too.
func (s *Service) nobodysHash() (string, error) {
	p := s.cfg.PasswordHash
	salt, err := s.random.Bytes(int(p.SaltLength))
	if err != nil {
		return "", err
	}
	key, err := s.random.Bytes(int(p.KeyLength))
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism, encode(salt), encode(key)), nil
}
