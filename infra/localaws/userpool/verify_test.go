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
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
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
	f := pooltest.New(t)
	const otherPool = "us-west-2_Other6789"
	f.Declare(otherPool, pooltest.Pool())
	key, otherKey := pooltest.Keys()[0], pooltest.Keys()[1]
	token := f.SignIn("demouser", pooltest.Password)["IdToken"].(string)
	good, err := f.Pools.VerifyToken(pooltest.PoolID, token)
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
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, forge(t, header, good.All, rs256(t, key))); err != nil {
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
		"another issuer":        {forge(t, header, with(good.All, "iss", f.Pools.Issuer(otherPool)), rs256(t, key)), userpool.ErrTokenIssuer},
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
		if _, err := f.Pools.VerifyToken(pooltest.PoolID, c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", story, err, c.want)
		}
	}
	if _, err := f.Pools.VerifyToken(otherPool, token); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("at another pool: %v", err)
	}
	if _, err := f.Pools.VerifyToken("us-west-2_None00000", token); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("at no pool: %v", err)
	}
	f.Advance(time.Hour - time.Second)
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, token); err != nil {
		t.Error(err)
	}
	f.Advance(time.Second)
	var expired *userpool.TokenExpiredError
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, token); !errors.As(err, &expired) || !expired.Expired.Equal(f.Clock()) || !expired.Now.Equal(f.Clock()) {
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
	f := pooltest.New(t)
	token := f.SignIn("demouser", pooltest.Password)["AccessToken"].(string)
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := f.Pools.VerifyToken(pooltest.PoolID, string(changed)); err == nil {
			t.Fatalf("the token with character %d changed is good", i)
		}
	}
}

func TestPoolDeletedLeavesNothing(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(nil), nil)).JSON(t)
	f.Update(func(tx *store.Tx) error {
		c := pooltest.Client()
		for _, err := range []error{
			f.Pools.ClientDeleted(tx, pooltest.ClientID, c), userpool.Clients.Delete(tx, pooltest.ClientID), f.Pools.DomainDeleted(tx, pooltest.Domain, userpool.Domain{Domain: pooltest.Domain, UserPoolID: pooltest.PoolID}),
			userpool.Domains.Delete(tx, pooltest.Domain), f.Pools.PoolDeleted(tx, pooltest.PoolID), userpool.Pools.Delete(tx, pooltest.PoolID),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string)); !errors.Is(err, userpool.ErrTokenIssuer) {
		t.Errorf("a token of a deleted pool: %v", err)
	}
	if err := f.Store.View(func(tx *store.Tx) error {
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
	f := pooltest.New(t)
	b := f.Browser()
	code := b.Code(nil)
	set := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)).JSON(t)
	f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser"})
	secrets := []string{code, set["refresh_token"].(string), pooltest.Password, f.LastMail().Code}
	for _, c := range b.Client.Jar.Cookies(pooltest.MustURL(t, f.Server.URL+"/auth/"+pooltest.Domain+"/login")) {
		secrets = append(secrets, c.Value)
	}
	if err := f.Store.View(func(tx *store.Tx) error {
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
	f := pooltest.New(t)
	tokens := f.SignIn("demouser", pooltest.Password)
	b := f.Browser()
	b.Code(nil)
	f.Start()
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, tokens["IdToken"].(string)); err != nil {
		t.Error(err)
	}
	f.SignIn("demouser", pooltest.Password)
	if a := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})); a.Location(t).Query().Get("code") == "" {
		t.Error("the session is gone")
	}
}

func FuzzVerifyToken(f *testing.F) {
	x := pooltest.New(f)
	token := x.SignIn("demouser", pooltest.Password)["IdToken"].(string)
	for _, seed := range []string{token, token + "x", "a.b.c", "", "..", "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := x.Pools.VerifyToken(pooltest.PoolID, in); err == nil && in != token {
			t.Errorf("a token that was never issued is good: %q", in)
		}
	})
}

func TestNamesOfAPool(t *testing.T) {
	f := pooltest.New(t)
	if got := f.Pools.PoolARN(pooltest.PoolID); got != "arn:aws:cognito-idp:us-west-2:000000000000:userpool/"+pooltest.PoolID {
		t.Error(got)
	}
	if got := f.Pools.Issuer(pooltest.PoolID); got != "https://cognito-idp.us-west-2.amazonaws.com/"+pooltest.PoolID {
		t.Error(got)
	}
}
