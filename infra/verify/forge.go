package verify

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
)

// claims are a token's, as it says them: nothing here verifies.
type claims struct {
	Groups []string `json:"cognito:groups"`
	Roles  []string `json:"cognito:roles"`
	all    map[string]any
}

// claimsOf reads the claims of a token.
func claimsOf(token string) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errors.New("reading a token: it has not three parts")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, errors.New("reading a token: its claims are not base64url")
	}
	if json.Unmarshal(data, &c) != nil || json.Unmarshal(data, &c.all) != nil {
		return c, errors.New("reading a token: its claims are no JSON object")
	}
	return c, nil
}

// forgery is a token that nobody may take.
type forgery struct {
	what string // as reports name it
	id   string // of the check that it is for
	jwt  string
}

// forger makes tokens that look like the pool's own.
type forger struct {
	own  *rsa.PrivateKey // which the pool does not have
	kid  string          // of the pool's key
	pool *rsa.PublicKey
}

// ownKey is made once a process: it signs nothing that anybody takes.
var ownKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// newForger reads the pool's public keys, which everybody can.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
func (s *session) newForger(ctx context.Context) (*forger, error) {
	base := s.out.Issuer
	if s.target.Local() {
		base = s.out.AWSEndpoint + "/" + s.out.UserPoolID
	}
	a, err := s.prober.send(ctx, func() (*http.Request, error) {
		return request{method: http.MethodGet, path: "/.well-known/jwks.json"}.to(ctx, base)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the user pool's public keys: %w", err)
	}
	kid, key, err := readKeys(a.body)
	if err != nil {
		return nil, err
	}
	own, err := ownKey()
	if err != nil {
		return nil, fmt.Errorf("making a key of one's own: %w", err)
	}
	return &forger{own, kid, key}, nil
}

// readKeys returns the first RSA key of a JSON Web Key Set (RFC 7517).
func readKeys(document []byte) (kid string, key *rsa.PublicKey, err error) {
	var set struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return "", nil, errors.New("reading the user pool's public keys: the answer is no JSON Web Key Set")
	}
	for _, k := range set.Keys {
		n, err1 := base64.RawURLEncoding.DecodeString(k.N)
		e, err2 := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty != "RSA" || err1 != nil || err2 != nil || len(n) == 0 || len(e) == 0 || len(e) > 4 {
			continue
		}
		return k.Kid, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	}
	return "", nil, errors.New("reading the user pool's public keys: the set has no RSA key")
}

func segment(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings, numbers and what was read from JSON always marshal
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// sign makes a token with this header and these claims, by the forger's own key.
func (f *forger) sign(header, body map[string]any) (string, error) {
	text := segment(header) + "." + segment(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, f.own, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("forging a token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// The ids of the checks that each forgery is for, at an API's authorizer.
const (
	idOtherKey    = "V-TOK-02"
	idAlgNone     = "V-TOK-03"
	idConfused    = "V-TOK-04"
	idChanged     = "V-TOK-05"
	idOtherIssuer = "V-TOK-06"
	idOwnKeyNamed = "V-TOK-07"
	idGarbage     = "V-TOK-08"
)

// forge makes all forgeries of a genuine token.
func (f *forger) forge(genuine string) ([]forgery, error) {
	c, err := claimsOf(genuine)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(genuine, ".")
	rs := map[string]any{"alg": "RS256", "kid": f.kid, "typ": "JWT"}
	var out []forgery
	add := func(id, what, token string) { out = append(out, forgery{what, id, token}) }
	signed := func(id, what string, header, body map[string]any) error {
		token, err := f.sign(header, body)
		add(id, what, token)
		return err
	}
	changed := maps.Clone(c.all)
	changed["sub"], changed["cognito:groups"] = "00000000-0000-4000-8000-000000000001", []string{"admin", "staff"}
	foreign := maps.Clone(c.all)
	foreign["iss"] = "https://issuer.example.com/verify"
	named := map[string]any{"alg": "RS256", "typ": "JWT", "kid": "verify", "jku": "https://issuer.example.com/jwks.json", "jwk": map[string]any{
		"kty": "RSA", "kid": "verify", "n": base64.RawURLEncoding.EncodeToString(f.own.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(f.own.E)).Bytes()),
	}}
	err = errors.Join(
		signed(idOtherKey, "signed by another key", rs, c.all),
		signed(idOtherIssuer, "of another issuer", rs, foreign),
		signed(idOwnKeyNamed, "that brings its own key", named, c.all),
	)
	for _, alg := range []string{"none", "None", "NONE"} {
		add(idAlgNone, "alg "+alg, segment(map[string]any{"alg": alg, "typ": "JWT"})+"."+parts[1]+".")
	}
	hs := segment(map[string]any{"alg": "HS256", "kid": f.kid, "typ": "JWT"}) + "." + parts[1]
	for what, secret := range map[string][]byte{"the public key as PEM": pemOf(f.pool), "the public key's modulus": f.pool.N.Bytes()} {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(hs))
		add(idConfused, "HS256 by "+what, hs+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	}
	add(idChanged, "with changed claims", parts[0]+"."+segment(changed)+"."+parts[2])
	add(idChanged, "without its signature", parts[0]+"."+parts[1]+".")
	add(idChanged, "with one bit of its signature changed", parts[0]+"."+parts[1]+"."+flip(parts[2]))
	add(idGarbage, "that is none", "verify")
	add(idGarbage, "of three empty parts", "..")
	return out, err
}

// flip changes one bit of text in base64url or hexadecimal, in its middle.
func flip(text string) string {
	if text == "" {
		return "A"
	}
	b := []byte(text)
	i := len(b) / 2
	switch b[i] {
	case '0':
		b[i] = '1'
	case 'A':
		b[i] = 'B'
	default:
		if b[i] >= '1' && b[i] <= '9' {
			b[i] = '0'
		} else {
			b[i] = 'A'
		}
		if text[i] >= 'a' && text[i] <= 'f' { // which hexadecimal has too
			b[i] = '0'
		}
	}
	return string(b)
}

// pemOf is the public key as people paste it.
func pemOf(key *rsa.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil // an RSA key always has the form
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
