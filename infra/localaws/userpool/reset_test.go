package userpool_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// declare declares a user as the provider does: made, and then kept with its sub.
func declare(f *pooltest.Fixture, u userpool.DeclaredUser) userpool.DeclaredUser {
	u = f.DeclareUser(u)
	f.Update(func(tx *store.Tx) error { return userpool.DeclaredUsers.Put(tx, u.UserPoolID+"/"+u.Username, u) })
	return u
}

func TestResetMakesDeclaredUsersAnew(t *testing.T) {
	f := pooltest.New(t)
	byAddress := pooltest.Pool()
	byAddress.AliasAttributes, byAddress.UsernameAttributes = nil, []string{"email"}
	const addresses = "us-west-2_Addresses"
	f.Declare(addresses, byAddress)
	off := false
	kate := declare(f, userpool.DeclaredUser{UserPoolID: addresses, Username: "kate@example.com", Password: "katesPASS123"})
	declare(f, userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "disabled", Password: "someonesPASS123", Enabled: &off})
	declare(f, userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "invited", Attributes: map[string]string{"email": "invited@example.com"}})
	invitation := f.LastMail()
	group := userpool.UserGroup{UserPoolID: pooltest.PoolID, Name: "admins"}
	f.Update(func(tx *store.Tx) error {
		return errors.Join(f.Pools.GroupDeclared(tx, "group", group), userpool.UserGroups.Put(tx, "group", group))
	})
	made := f.Clock()
	f.Advance(time.Hour)
	tokens := f.SignIn("demouser", pooltest.Password) // whom nobody declares any more

	f.Update(f.Pools.Reset)

	// Who only verifies signatures, as on AWS any API may, takes tokens from before.
	for _, name := range []string{"IdToken", "AccessToken"} {
		if claims, err := f.Pools.VerifyToken(pooltest.PoolID, tokens[name].(string)); err != nil || claims.Username != "demouser" {
			t.Errorf("the %s from before: %+v %v", name, claims, err)
		}
	}
	if a := f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}); a.Status != 400 {
		t.Errorf("the user of before is shown: %s", a.Body)
	}

	users, err := f.Pools.Inspect("")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range users {
		line := u.Username + " " + u.Status
		if !u.Enabled {
			line += " disabled"
		}
		if !u.Declared {
			line += " undeclared"
		}
		got = append(got, line)
	}
	if want := kate.Sub + " CONFIRMED|disabled CONFIRMED disabled|invited FORCE_CHANGE_PASSWORD"; strings.Join(got, "|") != want {
		t.Errorf("the users are %s, want %s", strings.Join(got, "|"), want)
	}
	again := f.LastMail()
	if again.Kind != userpool.MailInvitation || again.Code == invitation.Code || again.Destination != "invited@example.com" {
		t.Errorf("the last message is a %s to %s", again.Kind, again.Destination)
	}
	if a := f.API("InitiateAuth", m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": "invited", "PASSWORD": invitation.Code}}); a.Status != 400 {
		t.Errorf("the first temporary password is answered %d", a.Status)
	}
	if a := f.API("InitiateAuth", m{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"USERNAME": "invited", "PASSWORD": again.Code}}); a.Status != 200 || !strings.Contains(a.Body, "NEW_PASSWORD_REQUIRED") {
		t.Errorf("the second temporary password is answered %d %s", a.Status, a.Body)
	}
	admin, err := f.Pools.Admin(t.Context(), pooltest.PoolID, userpool.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err := admin.Group("admins"); err != nil || !g.Created.Equal(made) || !g.Modified.Equal(made) {
		t.Errorf("the group was made at %s: %+v %v", made, g, err)
	}
	list, _, err := f.Pools.Refreshable()
	if err != nil || len(list) != 0 {
		t.Errorf("sign-ins are left: %+v, %v", list, err)
	}
	var no *userpool.Refusal
	if _, err := f.Pools.Inspect("us-west-2_000000000"); !errors.As(err, &no) || !strings.Contains(no.Message, "there are: "+addresses+", "+pooltest.PoolID) {
		t.Errorf("a pool that is not there: %v", err)
	}
}

func TestSignInsThatCanBeRefreshed(t *testing.T) {
	f := pooltest.New(t)
	first := f.SignIn("demouser", pooltest.Password)
	f.Advance(time.Minute)
	f.SignIn("demouser", pooltest.Password)
	if a := f.API("RevokeToken", m{"Token": first["RefreshToken"], "ClientId": pooltest.ClientID}); a.Status != 200 {
		t.Fatalf("revoking: %d %s", a.Status, a.Body)
	}
	list, over, err := f.Pools.Refreshable()
	if err != nil || len(list) != 2 {
		t.Fatalf("they are %+v, %v", list, err)
	}
	for i, revoked := range []bool{true, false} {
		s := list[i]
		if s.Revoked != revoked || over(s) != revoked || s.Username != "demouser" || s.ClientID != pooltest.ClientID || s.Use != "refresh" || s.OriginJTI == "" || s.IssuedAt.IsZero() || s.Expires.Sub(s.IssuedAt) != 30*24*time.Hour {
			t.Errorf("%d: %+v", i, s)
		}
	}
	if !over(userpool.Issued{UserPoolID: pooltest.PoolID, Sub: list[0].Sub, OriginJTI: "gone"}) {
		t.Error("a sign-in that is not there is not over")
	}
}
