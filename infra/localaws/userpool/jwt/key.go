// Package jwt signs and verifies the JSON Web Tokens of user pools (RFC 7519). It knows
// keys and claims, and nothing of pools, users or the store.
package jwt

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
)

// Key is the key that signs a pool's tokens, ready for use.
type Key struct {
	id      string
	private *rsa.PrivateKey
	headers jws.Headers
	jwks    []byte
}

// ParseKey reads an RSA key in PKCS #8.
func ParseKey(der []byte) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading a pool's signing key: %w", err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading a pool's signing key: it is a %T, not an RSA key", parsed)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	k := &Key{id: base64.StdEncoding.EncodeToString(sum[:]), private: private, headers: jws.NewHeaders()}
	if err := k.headers.Set(jws.KeyIDKey, k.id); err != nil {
		return nil, fmt.Errorf("reading a pool's signing key: %w", err)
	}
	public, err := jwk.Import(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("reading a pool's signing key: %w", err)
	}
	for name, value := range map[string]any{jwk.KeyIDKey: k.id, jwk.AlgorithmKey: jwa.RS256(), jwk.KeyUsageKey: "sig"} {
		if err := public.Set(name, value); err != nil {
			return nil, fmt.Errorf("reading a pool's signing key: %w", err)
		}
	}
	if k.jwks, err = json.Marshal(map[string]any{"keys": []jwk.Key{public}}); err != nil {
		return nil, fmt.Errorf("reading a pool's signing key: %w", err)
	}
	return k, nil
}

// Sign makes a compact JWS of the claims, signed with RS256.
func (k *Key) Sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.RS256(), k.private, jws.WithProtectedHeaders(k.headers)))
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return string(signed), nil
}

// JWKS returns the public key as a JSON Web Key Set (RFC 7517); do not change it.
func (k *Key) JWKS() []byte { return k.jwks }

// Cache holds parsed keys until what they were read from changes, which its generation
// tells. It is safe for use by many goroutines; the zero Cache is empty.
type Cache struct {
	mu         sync.Mutex
	generation uint64
	keys       map[string]*Key
}

// Key returns the pool's key, from load when it is not at hand, or nil when load returns
// nil, which is not kept. Read the generation before anything that load reads: a key
// read later than a change is then at worst thrown away once too often.
func (c *Cache) Key(generation uint64, poolID string, load func() (*Key, error)) (*Key, error) {
	c.mu.Lock()
	if c.generation != generation || c.keys == nil {
		c.generation, c.keys = generation, map[string]*Key{}
	}
	key := c.keys[poolID]
	c.mu.Unlock()
	if key != nil {
		return key, nil
	}
	key, err := load()
	if err != nil || key == nil {
		return nil, err
	}
	c.mu.Lock()
	if c.generation == generation {
		c.keys[poolID] = key
	}
	c.mu.Unlock()
	return key, nil
}
