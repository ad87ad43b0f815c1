package userpool_test

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
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

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

func TestVerifyToken(t *testing.T) {
	f := newFixture(t)
	const otherPool = "us-west-2_Other6789"
	f.declare(otherPool, aPool())
	key, otherKey := testKeys()[0], testKeys()[1]
	token := f.signIn("demouser", password)["IdToken"].(string)
	good, err := f.service.VerifyToken(poolID, token)
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
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&key.PublicKey))})
	hs256 := func(secret []byte) func([]byte) []byte {
		return func(b []byte) []byte { h := hmac.New(sha256.New, secret); h.Write(b); return h.Sum(nil) }
	}
	none := func([]byte) []byte { return nil }
	if _, err := f.service.VerifyToken(poolID, forge(t, header, good.All, rs256(t, key))); err != nil {
		t.Fatalf("the forger's own good token: %v", err)
	}
	for story, c := range map[string]struct {
		token string
		want  error
	}{
		"alg none":                            {forge(t, with(header, "alg", "none"), good.All, none), userpool.ErrTokenSignature},
		"alg nOnE":                            {forge(t, with(header, "alg", "nOnE"), good.All, none), userpool.ErrTokenSignature},
		"alg RS256 without a signature":       {forge(t, header, good.All, none), userpool.ErrTokenSignature},
		"HS256 with the public key as secret": {forge(t, with(header, "alg", "HS256"), good.All, hs256(publicPEM)), userpool.ErrTokenSignature},
		"HS256 with the modulus as secret":    {forge(t, with(header, "alg", "HS256"), good.All, hs256(key.N.Bytes())), userpool.ErrTokenSignature},
		"RS512 in the header":                 {forge(t, with(header, "alg", "RS512"), good.All, rs256(t, key)), userpool.ErrTokenSignature},
		"another pool's key":                  {forge(t, header, good.All, rs256(t, otherKey)), userpool.ErrTokenSignature},
		"no kid":                              {forge(t, with(header, "kid", nil), good.All, rs256(t, key)), userpool.ErrTokenSignature},
		"a key in the header": {forge(t, with(with(header, "kid", "mine"), "jwk", map[string]any{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(otherKey.N.Bytes()), "e": "AQAB"}),
			good.All, rs256(t, otherKey)), userpool.ErrTokenSignature},
		"a critical extension":  {forge(t, with(header, "crit", []string{"b64"}), good.All, rs256(t, key)), userpool.ErrTokenSignature},
		"another issuer":        {forge(t, header, with(good.All, "iss", f.service.Issuer(otherPool)), rs256(t, key)), userpool.ErrTokenIssuer},
		"no issuer":             {forge(t, header, with(good.All, "iss", nil), rs256(t, key)), userpool.ErrTokenIssuer},
		"no expiry":             {forge(t, header, with(good.All, "exp", nil), rs256(t, key)), userpool.ErrTokenMalformed},
		"expiry as text":        {forge(t, header, with(good.All, "exp", "9999999999"), rs256(t, key)), userpool.ErrTokenMalformed},
		"an expiry beyond time": {forge(t, header, with(good.All, "exp", 1e300), rs256(t, key)), userpool.ErrTokenMalformed},
		"no use":                {forge(t, header, with(good.All, "token_use", nil), rs256(t, key)), userpool.ErrTokenMalformed},
		"two parts":             {strings.Join(strings.Split(token, ".")[:2], "."), userpool.ErrTokenMalformed},
		"four parts":            {token + ".x", userpool.ErrTokenMalformed},
		"padding":               {strings.Replace(token, ".", "=.", 1), userpool.ErrTokenMalformed},
		"nothing":               {"", userpool.ErrTokenMalformed},
		"very long":             {strings.Repeat("a", 1<<20), userpool.ErrTokenMalformed},
		"the signature's end":   {token + "AA", userpool.ErrTokenSignature},
	} {
		if _, err := f.service.VerifyToken(poolID, c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", story, err, c.want)
		}
	}
	if _, err := f.service.VerifyToken(otherPool, token); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("at another pool: %v", err)
	}
	if _, err := f.service.VerifyToken("us-west-2_None00000", token); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("at no pool: %v", err)
	}
	f.advance(time.Hour - time.Second)
	if _, err := f.service.VerifyToken(poolID, token); err != nil {
		t.Error(err)
	}
	f.advance(time.Second)
	var expired *userpool.TokenExpiredError
	if _, err := f.service.VerifyToken(poolID, token); !errors.As(err, &expired) || !expired.Expired.Equal(f.clock()) || !expired.Now.Equal(f.clock()) {
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
	f := newFixture(t)
	token := f.signIn("demouser", password)["AccessToken"].(string)
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := f.service.VerifyToken(poolID, string(changed)); err == nil {
			t.Fatalf("the token with character %d changed is good", i)
		}
	}
}

func TestWellKnown(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	config := b.get(f.server.URL + "/" + poolID + "/.well-known/openid-configuration").json(t)
	if config["issuer"] != "https://cognito-idp.us-west-2.amazonaws.com/"+poolID || config["authorization_endpoint"] != f.server.URL+"/auth/"+domain+"/oauth2/authorize" {
		t.Errorf("%v", config)
	}
	keys, err := jwk.Parse([]byte(b.get(config["jwks_uri"].(string)).body))
	if err != nil {
		t.Fatal(err)
	}
	token := f.signIn("demouser", password)["IdToken"].(string)
	_, err = jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithIssuer(config["issuer"].(string)), jwt.WithAudience(clientID), jwt.WithClock(jwt.ClockFunc(f.clock)))
	if err != nil {
		t.Errorf("an independent client: %v", err)
	}
	if private := b.get(config["jwks_uri"].(string)).body; strings.Contains(private, `"d"`) {
		t.Error("the private key is published")
	}
	for _, path := range []string{"/us-west-2_None00000/.well-known/jwks.json", "/" + poolID + "/.well-known/other"} {
		if a := b.get(f.server.URL + path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestPoolDeletedLeavesNothing(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	set := b.post("/oauth2/token", tokenForm(b.code(nil), nil)).json(t)
	f.update(func(tx *store.Tx) error {
		c := aClient()
		for _, err := range []error{
			f.service.ClientDeleted(tx, clientID, c), userpool.Clients.Delete(tx, clientID), f.service.DomainDeleted(tx, domain, userpool.Domain{Domain: domain, UserPoolID: poolID}),
			userpool.Domains.Delete(tx, domain), f.service.PoolDeleted(tx, poolID), userpool.Pools.Delete(tx, poolID),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := f.service.VerifyToken(poolID, set["id_token"].(string)); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("a token of a deleted pool: %v", err)
	}
	if err := f.store.View(func(tx *store.Tx) error {
		for _, table := range []string{"users", "names", "keys", "families", "refreshTokens", "sessions", "codes", "attempts"} {
			items, err := store.Table[json.RawMessage]{Name: "userpool." + table}.List(tx, "")
			if err != nil {
				return err
			}
			if len(items) > 0 {
				t.Errorf("%s: %d left", table, len(items))
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestNoSecretIsStored(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	code := b.code(nil)
	set := b.post("/oauth2/token", tokenForm(code, nil)).json(t)
	f.api("ForgotPassword", m{"ClientId": clientID, "Username": "demouser"})
	secrets := []string{code, set["refresh_token"].(string), password, f.lastMail().Code}
	for _, c := range b.client.Jar.Cookies(mustURL(t, f.server.URL+"/auth/"+domain+"/login")) {
		secrets = append(secrets, c.Value)
	}
	if err := f.store.View(func(tx *store.Tx) error {
		for _, table := range []string{"users", "refreshTokens", "sessions", "codes", "families"} {
			items, err := store.Table[json.RawMessage]{Name: "userpool." + table}.List(tx, "")
			if err != nil {
				return err
			}
			for _, item := range items {
				for i, secret := range secrets {
					if strings.Contains(item.Key+string(item.Value), `"`+secret+`"`) || len(secret) > 6 && strings.Contains(item.Key+string(item.Value), secret) {
						t.Errorf("%s holds secret %d as it is", table, i)
					}
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	f := newFixture(t)
	tokens := f.signIn("demouser", password)
	b := f.browser()
	b.code(nil)
	f.start()
	if _, err := f.service.VerifyToken(poolID, tokens["IdToken"].(string)); err != nil {
		t.Error(err)
	}
	f.signIn("demouser", password)
	if a := b.get("/oauth2/authorize?" + authorizeQuery(m{"prompt": "none"})); a.location(t).Query().Get("code") == "" {
		t.Error("the session is gone")
	}
}

func FuzzVerifyToken(f *testing.F) {
	x := newFixture(f)
	token := x.signIn("demouser", password)["IdToken"].(string)
	for _, seed := range []string{token, token + "x", "a.b.c", "", "..", "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := x.service.VerifyToken(poolID, in); err == nil && in != token {
			t.Errorf("a token that was never issued is good: %q", in)
		}
	})
}

func TestNamesOfAPool(t *testing.T) {
	f := newFixture(t)
	if got := f.service.PoolARN(poolID); got != "arn:aws:cognito-idp:us-west-2:000000000000:userpool/"+poolID {
		t.Error(got)
	}
	if got := f.service.Issuer(poolID); got != "https://cognito-idp.us-west-2.amazonaws.com/"+poolID {
		t.Error(got)
	}
}
