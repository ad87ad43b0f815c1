package userpool

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

	"auth-api/infra/localaws/store"
)

// signingKey is the key that signs a pool's tokens, ready for use.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
	headers jws.Headers
	jwks    []byte
}

// keyTable keeps signing keys as PKCS #8, under the pool's id.
var keyTable = store.Table[[]byte]{Name: "userpool.keys"}

// keyCache holds parsed keys until something is declared or taken back.
type keyCache struct {
	mu         sync.Mutex
	generation uint64
	keys       map[string]*signingKey
}

// signingKey returns the pool's key, or nil when there is no such pool. It begins a
// transaction of its own when the key is not at hand.
func (s *Service) signingKey(poolID string) (*signingKey, error) {
	// The generation is read before the store: a key read later than a change is then
	// at worst thrown away once too often.
	generation := s.cfg.Store.Generation()
	s.keys.mu.Lock()
	if s.keys.generation != generation || s.keys.keys == nil {
		s.keys.generation, s.keys.keys = generation, map[string]*signingKey{}
	}
	key := s.keys.keys[poolID]
	s.keys.mu.Unlock()
	if key != nil {
		return key, nil
	}
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		if _, found, err := Pools.Get(tx, poolID); err != nil || !found {
			return err
		}
		der, found, err := keyTable.Get(tx, poolID)
		if err != nil || !found {
			return err
		}
		key, err = parseKey(der)
		return err
	})
	if err != nil || key == nil {
		return nil, err
	}
	s.keys.mu.Lock()
	if s.keys.generation == generation {
		s.keys.keys[poolID] = key
	}
	s.keys.mu.Unlock()
	return key, nil
}

func parseKey(der []byte) (*signingKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading a pool's signing key: %w", err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading a pool's signing key: it is a %T, not an RSA key", parsed)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	k := &signingKey{id: base64.StdEncoding.EncodeToString(sum[:]), private: private, headers: jws.NewHeaders()}
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

// sign makes a compact JWS of the claims.
func (k *signingKey) sign(claims map[string]any) (string, error) {
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

// Issuer returns the issuer of a pool's tokens. It names AWS's host on the local AWS
// too, because clients and identity pools compare it to the pool's id and region.
func (s *Service) Issuer(poolID string) string {
	return "https://cognito-idp." + s.cfg.Region + ".amazonaws.com/" + poolID
}

// PoolARN returns the ARN of a pool, as policies and authorizers name it.
func (s *Service) PoolARN(poolID string) string {
	return "arn:aws:cognito-idp:" + s.cfg.Region + ":" + s.cfg.Account + ":userpool/" + poolID
}

// JWKS returns the pool's public key as a JSON Web Key Set (RFC 7517), or nil when
// there is no such pool.
func (s *Service) JWKS(poolID string) ([]byte, error) {
	key, err := s.signingKey(poolID)
	if err != nil || key == nil {
		return nil, err
	}
	return key.jwks, nil
}
