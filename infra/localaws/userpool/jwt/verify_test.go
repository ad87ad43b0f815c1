package jwt_test

import (
	"crypto"
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool/jwt"
)

const issuer = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Pool12345"

var now = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// keys are made once: RSA keys take their time.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	return [2]*rsa.PrivateKey{must(rsa.GenerateKey(cryptorand.Reader, 2048)), must(rsa.GenerateKey(cryptorand.Reader, 2048))}
})

func parsed(private *rsa.PrivateKey) *jwt.Key {
	return must(jwt.ParseKey(must(x509.MarshalPKCS8PrivateKey(private))))
}

// signed returns an ID token that is good for an hour, and what verifies it now.
func signed(t testing.TB) (token string, verify func(string) (jwt.Claims, error)) {
	t.Helper()
	key := parsed(keys()[0])
	token, err := key.Sign(map[string]any{
		"iss": issuer, "sub": "sub-1", "token_use": "id", "aud": "client", "cognito:username": "ann", "cognito:groups": []string{"a", "b"},
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "jti-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return token, func(token string) (jwt.Claims, error) {
		return jwt.Verify(token, issuer, now, func() (*jwt.Key, error) { return key, nil })
	}
}

// forge makes a compact JWS by hand, so that no library keeps us from mischief.
func forge(t testing.TB, header, claims map[string]any, sign func([]byte) []byte) string {
	t.Helper()
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(signed)))
}

func rs256(t testing.TB, key *rsa.PrivateKey) func([]byte) []byte {
	return func(b []byte) []byte {
		sum := sha256.Sum256(b)
		out, err := rsa.SignPKCS1v15(cryptorand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func TestVerify(t *testing.T) {
	private, other := keys()[0], keys()[1]
	token, verify := signed(t)
	good, err := verify(token)
	if err != nil {
		t.Fatal(err)
	}
	headerJSON, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(headerJSON, &header); err != nil {
		t.Fatal(err)
	}
	with := func(base map[string]any, name string, value any) map[string]any {
		c := maps.Clone(base)
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
		return c
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&private.PublicKey))})
	hs256 := func(secret []byte) func([]byte) []byte {
		return func(b []byte) []byte { h := hmac.New(sha256.New, secret); h.Write(b); return h.Sum(nil) }
	}
	none := func([]byte) []byte { return nil }
	if _, err := verify(forge(t, header, good.All, rs256(t, private))); err != nil {
		t.Fatalf("the forger's own good token: %v", err)
	}
	for story, c := range map[string]struct {
		token string
		want  error
	}{
		"alg none":                            {forge(t, with(header, "alg", "none"), good.All, none), jwt.ErrSignature},
		"alg nOnE":                            {forge(t, with(header, "alg", "nOnE"), good.All, none), jwt.ErrSignature},
		"alg RS256 without a signature":       {forge(t, header, good.All, none), jwt.ErrSignature},
		"HS256 with the public key as secret": {forge(t, with(header, "alg", "HS256"), good.All, hs256(publicPEM)), jwt.ErrSignature},
		"HS256 with the modulus as secret":    {forge(t, with(header, "alg", "HS256"), good.All, hs256(private.N.Bytes())), jwt.ErrSignature},
		"RS512 in the header":                 {forge(t, with(header, "alg", "RS512"), good.All, rs256(t, private)), jwt.ErrSignature},
		"another pool's key":                  {forge(t, header, good.All, rs256(t, other)), jwt.ErrSignature},
		"no kid":                              {forge(t, with(header, "kid", nil), good.All, rs256(t, private)), jwt.ErrSignature},
		"a key in the header": {forge(t, with(with(header, "kid", "mine"), "jwk", map[string]any{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(other.N.Bytes()), "e": "AQAB"}),
			good.All, rs256(t, other)), jwt.ErrSignature},
		"a critical extension":  {forge(t, with(header, "crit", []string{"b64"}), good.All, rs256(t, private)), jwt.ErrSignature},
		"another issuer":        {forge(t, header, with(good.All, "iss", issuer+"x"), rs256(t, private)), jwt.ErrIssuer},
		"no issuer":             {forge(t, header, with(good.All, "iss", nil), rs256(t, private)), jwt.ErrIssuer},
		"no expiry":             {forge(t, header, with(good.All, "exp", nil), rs256(t, private)), jwt.ErrMalformed},
		"expiry as text":        {forge(t, header, with(good.All, "exp", "9999999999"), rs256(t, private)), jwt.ErrMalformed},
		"an expiry beyond time": {forge(t, header, with(good.All, "exp", 1e300), rs256(t, private)), jwt.ErrMalformed},
		"no use":                {forge(t, header, with(good.All, "token_use", nil), rs256(t, private)), jwt.ErrMalformed},
		"two parts":             {strings.Join(strings.Split(token, ".")[:2], "."), jwt.ErrMalformed},
		"four parts":            {token + ".x", jwt.ErrMalformed},
		"padding":               {strings.Replace(token, ".", "=.", 1), jwt.ErrMalformed},
		"nothing":               {"", jwt.ErrMalformed},
		"very long":             {strings.Repeat("a", 1<<20), jwt.ErrMalformed},
		"the signature's end":   {token + "AA", jwt.ErrSignature},
	} {
		if _, err := verify(c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", story, err, c.want)
		}
	}
}

// The key is asked for only when it could make the token good, and its own errors are
// no refusals.
func TestVerifyAsksForTheKey(t *testing.T) {
	token, _ := signed(t)
	fault := errors.New("the disk is gone")
	for story, c := range map[string]struct {
		issuer string
		key    *jwt.Key
		err    error
		want   error
		asked  bool
	}{
		"of the issuer":     {issuer, parsed(keys()[0]), nil, nil, true},
		"another issuer":    {issuer + "x", parsed(keys()[0]), nil, jwt.ErrIssuer, false},
		"no such issuer":    {issuer, nil, nil, jwt.ErrIssuer, true},
		"of another key":    {issuer, parsed(keys()[1]), nil, jwt.ErrSignature, true},
		"a key not read":    {issuer, nil, fault, fault, true},
		"a key and a fault": {issuer, parsed(keys()[0]), fault, fault, true},
	} {
		asked := false
		_, err := jwt.Verify(token, c.issuer, now, func() (*jwt.Key, error) { asked = true; return c.key, c.err })
		if !errors.Is(err, c.want) || asked != c.asked || jwt.IsRefusal(err) != (err != nil && c.err == nil) {
			t.Errorf("%s: %v, asked for the key: %v", story, err, asked)
		}
	}
}

func TestVerifyUntilItExpires(t *testing.T) {
	token, _ := signed(t)
	key := func() (*jwt.Key, error) { return parsed(keys()[0]), nil }
	over := now.Add(time.Hour)
	if _, err := jwt.Verify(token, issuer, over.Add(-time.Nanosecond), key); err != nil {
		t.Error(err)
	}
	_, err := jwt.Verify(token, issuer, over, key)
	var expired *jwt.ExpiredError
	if !errors.As(err, &expired) || !expired.Expired.Equal(over) || !expired.Now.Equal(over) || !jwt.IsRefusal(err) {
		t.Errorf("when it is over: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Every single bit of a token counts.
func TestNoChangedTokenIsGood(t *testing.T) {
	token, verify := signed(t)
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := verify(string(changed)); err == nil {
			t.Fatalf("the token with character %d changed is good", i)
		}
	}
}

func TestUnverifiedIssuer(t *testing.T) {
	token, _ := signed(t)
	for in, want := range map[string]string{token: issuer, token + "AA": issuer, token + ".x": "", "": "", "..": "", "e30.e30.": "", strings.Repeat("a", 1<<20): ""} {
		if got := jwt.UnverifiedIssuer(in); got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}

// A cache asks once for what is there, each time for what is not, and anew after a change.
func TestCache(t *testing.T) {
	var cache jwt.Cache
	key := parsed(keys()[0])
	asked := 0
	for i, c := range []struct {
		generation uint64
		pool       string
		key        *jwt.Key
		asked      int
	}{{1, "a", key, 1}, {1, "a", key, 1}, {1, "b", nil, 2}, {1, "b", nil, 3}, {1, "b", key, 4}, {1, "b", key, 4}, {2, "a", nil, 5}, {2, "a", key, 6}, {2, "a", key, 6}} {
		got, err := cache.Key(c.generation, c.pool, func() (*jwt.Key, error) { asked++; return c.key, nil })
		if err != nil || got != c.key || asked != c.asked {
			t.Errorf("%d: %v, %v, asked %d times; want %d", i, got != nil, err, asked, c.asked)
		}
	}
}

func FuzzVerify(f *testing.F) {
	token, verify := signed(f)
	for _, seed := range []string{token, token + "x", "a.b.c", "", "..", "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		jwt.UnverifiedIssuer(in)
		if _, err := verify(in); err == nil && in != token {
			t.Errorf("a token that was never issued is good: %q", in)
		}
	})
}
