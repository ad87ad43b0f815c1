package password

import (
	"auth-api/infra/localaws/userpool/random"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
)

// To compare with nobody's hash is as much work as with a user's, and never succeeds.
func TestNobodysHash(t *testing.T) {
	for _, params := range []*argon2id.Params{
		{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		{Memory: 128, Iterations: 3, Parallelism: 2, SaltLength: 8, KeyLength: 16},
	} {
		source := random.New(rand.Reader)
		hash, err := nobodysHash(params, source)
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
		if other, err := nobodysHash(params, source); err != nil || other == hash {
			t.Errorf("made again it is %s, %v", other, err)
		}
	}
}

// A Hasher knows a password by its hash, whatever parameters that was made with, and
// nobody by none.
func TestHasher(t *testing.T) {
	hasher := func(params argon2id.Params) *Hasher {
		h, err := NewHasher(&params, random.New(rand.Reader))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	weak := argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	strong := weak
	strong.Iterations = 2
	h, later := hasher(weak), hasher(strong)
	hash, err := h.Hash("demoPASS123")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.Hash("demoPASS123"); err != nil || again == hash {
		t.Errorf("hashed twice it is the same: %v", err)
	}
	for story, c := range map[string]struct {
		h              *Hasher
		hash, password string
		want           bool
	}{
		"the password":           {h, hash, "demoPASS123", true},
		"with other parameters":  {later, hash, "demoPASS123", true},
		"another password":       {h, hash, "demoPASS124", false},
		"no password":            {h, hash, "", false},
		"nobody":                 {h, "", "demoPASS123", false},
		"nobody and no password": {h, "", "", false},
	} {
		if got, err := c.h.Matches(c.hash, c.password); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", story, got, err)
		}
	}
	if ok, err := h.Matches("no hash", "demoPASS123"); ok || err == nil || strings.Contains(err.Error(), "demoPASS123") {
		t.Errorf("what is no hash: %v, %v", ok, err)
	}
	if _, err := NewHasher(&weak, random.New(strings.NewReader("short"))); err == nil {
		t.Error("a hasher without randomness")
	}
}
