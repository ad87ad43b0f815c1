package password

import (
	"encoding/base64"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"

	"auth-api/infra/localaws/userpool/random"
)

// Hasher makes and checks argon2id hashes of passwords, which is slow on purpose: call it
// outside of write transactions where that can be had. It is safe for use by many
// goroutines.
type Hasher struct {
	params  *argon2id.Params
	dummy   string        // a password hash that nobody's password has
	hashing chan struct{} // argon2id takes much memory: as many at once as there are processors
}

// NewHasher returns the Hasher of these parameters. The source gives the hash that is
// nobody's; the salts of passwords are crypto/rand's.
func NewHasher(params *argon2id.Params, source *random.Source) (*Hasher, error) {
	dummy, err := nobodysHash(params, source)
	if err != nil {
		return nil, err
	}
	return &Hasher{params: params, dummy: dummy, hashing: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

// Hash returns the encoded hash of a password, with its salt and parameters.
func (h *Hasher) Hash(password string) (string, error) {
	h.hashing <- struct{}{}
	defer func() { <-h.hashing }()
	hash, err := argon2id.CreateHash(password, h.params)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return hash, nil
}

// Matches says whether the hash is the password's; for the hash "", which is nobody's, it
// takes the same time and says no.
func (h *Hasher) Matches(hash, password string) (bool, error) {
	h.hashing <- struct{}{}
	defer func() { <-h.hashing }()
	somebody := hash != ""
	if !somebody {
		hash = h.dummy
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("checking a password: %w", err)
	}
	return ok && somebody, nil
}

// nobodysHash returns the hash that passwords are compared with where there is no user,
// so that it takes the time that it takes for one. It is random in place of a hash of
// something, as to make one at every start would take that time too.
func nobodysHash(p *argon2id.Params, source *random.Source) (string, error) {
	salt, err := source.Bytes(int(p.SaltLength))
	if err != nil {
		return "", err
	}
	key, err := source.Bytes(int(p.KeyLength))
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism, encode(salt), encode(key)), nil
}
