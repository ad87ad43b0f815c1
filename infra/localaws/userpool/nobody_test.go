package userpool

import (
	"auth-api/infra/localaws/userpool/random"
	"crypto/rand"
	"testing"

	"github.com/alexedwards/argon2id"
)

// To compare with nobody's hash is as much work as with a user's, and never succeeds.
func TestNobodysHash(t *testing.T) {
	for _, params := range []*argon2id.Params{
		{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		{Memory: 128, Iterations: 3, Parallelism: 2, SaltLength: 8, KeyLength: 16},
	} {
		s := &Service{cfg: Config{PasswordHash: params}, random: random.New(rand.Reader)}
		hash, err := s.nobodysHash()
		if err != nil {
			t.Fatal(err)
		}
		got, _, _, err := argon2id.DecodeHash(hash)
		if err != nil || *got != *params {
			t.Errorf("%s has the parameters %+v, %v; want %+v", hash, got, err, params)
		}
		for _, password := range []string{"", "demoPASS123", hash} {
			if ok, err := argon2id.ComparePasswordAndHash(password, hash); ok || err != nil {
				t.Errorf("%q: %v, %v", password, ok, err)
			}
		}
		if other, err := s.nobodysHash(); err != nil || other == hash {
			t.Errorf("made again it is %s, %v", other, err)
		}
	}
}
