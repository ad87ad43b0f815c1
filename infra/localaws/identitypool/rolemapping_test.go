package identitypool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/api"
)

// directory is a world whose tokens are those of a real user pool.
type directory struct {
	*world
	t     *testing.T
	users *userpool.Service
}

const usersPool = "us-west-2_Users0001"

func newDirectory(t *testing.T) *directory {
	t.Helper()
	w := newWorld(t)
	clock := func() time.Time { return w.now }
	users, err := userpool.New(userpool.Config{
		Store: w.db, Now: clock, Account: account, Region: region, Mail: func(context.Context, userpool.Message) {},
		PasswordHash: &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Service, err = identitypool.New(identitypool.Config{Store: w.db, Now: clock, Account: account, Region: region, IAM: w.iam, Tokens: users}); err != nil {
		t.Fatal(err)
	}
	w.update(t, func(tx *store.Tx) error {
		p := userpool.Pool{Name: "users"}
		if err := users.PoolDeclared(tx, usersPool, p); err != nil {
			return err
		}
		if err := userpool.Pools.Put(tx, usersPool, p); err != nil {
			return err
		}
		app := userpool.Client{Name: "app", UserPoolID: usersPool, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}, EnableTokenRevocation: true}
		if err := users.ClientDeclared(tx, client, &app); err != nil {
			return err
		}
		return userpool.Clients.Put(tx, client, app)
	})
	return &directory{w, t, users}
}

// group declares a group; a negative precedence is none.
func (d *directory) group(name, roleARN string, precedence int) {
	d.t.Helper()
	g := userpool.UserGroup{Name: name, UserPoolID: usersPool, RoleARN: roleARN}
	if precedence >= 0 {
		g.Precedence = &precedence
	}
	d.update(d.t, func(tx *store.Tx) error {
		if err := d.users.GroupDeclared(tx, usersPool+"/"+name, g); err != nil {
			return err
		}
		return userpool.UserGroups.Put(tx, usersPool+"/"+name, g)
	})
}

// user declares a user who is in these groups, and returns the logins of the user's ID token.
func (d *directory) user(name string, groups ...string) map[string]string {
	d.t.Helper()
	const password = "Passw0rd!"
	d.update(d.t, func(tx *store.Tx) error {
		u := userpool.DeclaredUser{UserPoolID: usersPool, Username: name, Password: password, MessageAction: "SUPPRESS"}
		if err := d.users.UserDeclared(tx, usersPool+"/"+name, nil, &u); err != nil {
			return err
		}
		for _, g := range groups {
			if err := d.users.UserInGroupDeclared(tx, name+g, userpool.UserInGroup{UserPoolID: usersPool, GroupName: g, Username: name}); err != nil {
				return err
			}
		}
		return nil
	})
	body, err := json.Marshal(map[string]any{
		"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	api.New(d.users).Serve(answer, httptest.NewRequest("POST", "/", bytes.NewReader(body)), "InitiateAuth", body)
	var out struct{ AuthenticationResult struct{ IdToken string } }
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil || out.AuthenticationResult.IdToken == "" {
		d.t.Fatalf("signing in: %d %s", answer.Code, answer.Body)
	}
	return map[string]string{provider: out.AuthenticationResult.IdToken}
}

// The Token type, over the tokens that a real user pool gives: the role comes from
// the groups, and where they say none or more than one, ambiguousRoleResolution decides.
func TestRolesComeFromTheGroupsOfRealTokens(t *testing.T) {
	d := newDirectory(t)
	d.group("admins", admins, 1)
	d.group("members", members, 5)
	d.group("peers", admins, 5)
	d.group("twins", members, 5)
	d.group("talkers", "", 0)
	d.group("late", members, -1)
	for _, c := range []struct {
		name   string
		groups []string
		custom string
		want   string // the role, "" for the fallback, "forbidden"
	}{
		{"in-no-group", nil, "", ""},
		{"one-group", []string{"admins"}, "", "admins"},
		{"two-groups", []string{"members", "admins"}, "", "admins"},
		{"equal-precedence", []string{"members", "peers"}, "", ""},
		{"equal-precedence-and-role", []string{"members", "twins"}, "", "members"},
		{"without-a-role", []string{"talkers"}, "", ""},
		{"first-without-a-role", []string{"talkers", "members"}, "", "members"},
		{"without-precedence", []string{"late"}, "", "members"},
		{"without-precedence-comes-last", []string{"late", "admins"}, "", "admins"},
		{"asks-for-one-of-two", []string{"members", "admins"}, members, "members"},
		{"asks-for-one-of-equals", []string{"members", "peers"}, admins, "admins"},
		{"asks-for-another's", []string{"members"}, admins, "forbidden"},
		{"asks-without-a-group", nil, admins, "forbidden"},
		{"asks-for-the-fallback", []string{"members"}, role + "user", "forbidden"},
	} {
		logins := d.user(c.name, c.groups...)
		for _, ambiguous := range []string{"AuthenticatedRole", "Deny"} {
			d.roles(t, func(a *identitypool.RoleAttachment) {
				a.RoleMappings = []identitypool.RoleMapping{{IdentityProvider: provider + ":" + client, Type: "Token", AmbiguousRoleResolution: ambiguous}}
			})
			id := d.getID(t, logins)
			credentials, err := d.credentials(id, logins, c.custom)
			switch {
			case c.want == "forbidden" || c.want == "" && ambiguous == "Deny":
				want(t, err, "NotAuthorizedException: Access to Identity '"+id+"' is forbidden.")
			case err != nil:
				t.Errorf("%s with %s: %v", c.name, ambiguous, err)
			default:
				wanted := c.want
				if wanted == "" {
					wanted = "user"
				}
				if got := strings.TrimPrefix(d.caller(t, credentials).RoleARN, role); got != wanted {
					t.Errorf("%s with %s: role %s, want %s", c.name, ambiguous, got, wanted)
				}
			}
		}
	}
}

// A mapping is for the client that it names: whoever signs in by another gets the
// authenticated role, whatever the groups say.
func TestAMappingIsForItsClient(t *testing.T) {
	d := newDirectory(t)
	d.group("admins", admins, 1)
	logins := d.user("alice", "admins")
	d.roles(t, func(a *identitypool.RoleAttachment) {
		a.RoleMappings = []identitypool.RoleMapping{{IdentityProvider: provider + ":client2", Type: "Token", AmbiguousRoleResolution: "Deny"}}
	})
	credentials, err := d.credentials(d.getID(t, logins), logins, "")
	if err != nil || d.caller(t, credentials).RoleARN != role+"user" {
		t.Errorf("%v", err)
	}
	_, err = d.credentials(d.getID(t, logins), logins, admins)
	want(t, err, "InvalidParameterException: CustomRoleArn is supported for providers with a role mapping only.")
}
