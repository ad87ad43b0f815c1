package userpool_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/jwt"
)

func TestVerifyToken(t *testing.T) {
	f := pooltest.New(t)
	const otherPool = "us-west-2_Other6789"
	f.Declare(otherPool, pooltest.Pool())
	token := f.SignIn("demouser", pooltest.Password)["IdToken"].(string)
	if _, err := f.Pools.VerifyToken(otherPool, token); !errors.Is(err, jwt.ErrIssuer) {
		t.Errorf("at another pool: %v", err)
	}
	if _, err := f.Pools.VerifyToken("us-west-2_None00000", token); !errors.Is(err, jwt.ErrIssuer) {
		t.Errorf("at no pool: %v", err)
	}
	f.Advance(time.Hour - time.Second)
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, token); err != nil {
		t.Error(err)
	}
	f.Advance(time.Second)
	var expired *jwt.ExpiredError
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, token); !errors.As(err, &expired) || !expired.Expired.Equal(f.Clock()) || !expired.Now.Equal(f.Clock()) {
		t.Errorf("when it is over: %v", err)
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
	if _, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string)); !errors.Is(err, jwt.ErrIssuer) {
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

func TestNamesOfAPool(t *testing.T) {
	f := pooltest.New(t)
	if got := f.Pools.PoolARN(pooltest.PoolID); got != "arn:aws:cognito-idp:us-west-2:000000000000:userpool/"+pooltest.PoolID {
		t.Error(got)
	}
	if got := f.Pools.Issuer(pooltest.PoolID); got != "https://cognito-idp.us-west-2.amazonaws.com/"+pooltest.PoolID {
		t.Error(got)
	}
}
