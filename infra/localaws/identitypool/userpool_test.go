package identitypool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/api"
)

// A user of a real user pool gets credentials with an ID token, and none after signing
// out everywhere.
func TestWithARealUserPool(t *testing.T) {
	w := newWorld(t)
	clock := func() time.Time { return w.now }
	users, err := userpool.New(userpool.Config{
		Store: w.db, Now: clock, Account: account, Region: region,
		Mail:         func(context.Context, userpool.Message) {},
		PasswordHash: &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Service, err = identitypool.New(identitypool.Config{Store: w.db, Now: clock, Account: account, Region: region, IAM: w.iam, Tokens: users}); err != nil {
		t.Fatal(err)
	}
	const poolID = "us-west-2_Users0001"
	w.update(t, func(tx *store.Tx) error {
		pool := userpool.Pool{Name: "users"}
		if err := users.PoolDeclared(tx, poolID, pool); err != nil {
			return err
		}
		if err := userpool.Pools.Put(tx, poolID, pool); err != nil {
			return err
		}
		app := userpool.Client{Name: "app", UserPoolID: poolID, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, EnableTokenRevocation: true}
		if err := users.ClientDeclared(tx, client, &app); err != nil {
			return err
		}
		if err := userpool.Clients.Put(tx, client, app); err != nil {
			return err
		}
		user := userpool.DeclaredUser{UserPoolID: poolID, Username: "alice", Password: "Passw0rd!", MessageAction: "SUPPRESS"}
		if err := users.UserDeclared(tx, poolID+"/alice", nil, &user); err != nil {
			return err
		}
		return userpool.DeclaredUsers.Put(tx, poolID+"/alice", user)
	})
	call := func(operation string, in, out any) {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		api.New(users).Serve(answer, httptest.NewRequest("POST", "/", bytes.NewReader(body)), operation, body)
		if answer.Code != 200 {
			t.Fatalf("%s: %d %s", operation, answer.Code, answer.Body)
		}
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			t.Fatal(err)
		}
	}
	var signedIn struct {
		AuthenticationResult struct{ IdToken, AccessToken string }
	}
	call("InitiateAuth", map[string]any{
		"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client,
		"AuthParameters": map[string]string{"USERNAME": "alice", "PASSWORD": "Passw0rd!"},
	}, &signedIn)

	logins := map[string]string{provider: signedIn.AuthenticationResult.IdToken}
	id := w.getID(t, logins)
	credentials, err := w.credentials(id, logins, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := w.iam.Authorize(w.caller(t, credentials), iam.Request{Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-west-2:000000000000:a/s/GET/x"}, nil); !d.Allowed {
		t.Error(d.Reason)
	}
	_, err = w.credentials(id, map[string]string{provider: signedIn.AuthenticationResult.AccessToken}, "")
	want(t, err, "NotAuthorizedException: Invalid login token. Missing a required claim: aud")

	forged := []byte(signedIn.AuthenticationResult.IdToken)
	forged[len(forged)-10] ^= 1
	_, err = w.credentials(id, map[string]string{provider: string(forged)}, "")
	want(t, err, "NotAuthorizedException: Invalid login token. Couldn't verify signed token.")

	call("GlobalSignOut", map[string]string{"AccessToken": signedIn.AuthenticationResult.AccessToken}, &struct{}{})
	_, err = w.credentials(id, logins, "")
	want(t, err, "NotAuthorizedException: Invalid login token. Token is not valid.")
}
