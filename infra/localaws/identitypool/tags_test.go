package identitypool_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
)

// tagging lets a role's sessions be tagged, as the trust policy must say.
func (w *world) tagging(t testing.TB, name string) {
	t.Helper()
	w.update(t, func(tx *store.Tx) error {
		document := strings.Replace(trust("authenticated"), `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]`, 1)
		return iam.Roles.Put(tx, name, iam.Role{Name: name, UniqueID: "AROA" + strings.ToUpper(name), AssumeRolePolicy: document})
	})
}

func (w *world) tags(t testing.TB, m identitypool.PrincipalTags) {
	t.Helper()
	m.IdentityPoolID = pool
	if m.Provider == "" {
		m.Provider = provider
	}
	if err := w.CheckPrincipalTags(m); err != nil {
		t.Fatal(err)
	}
	w.update(t, func(tx *store.Tx) error {
		id := m.IdentityPoolID + ":" + m.Provider
		if err := w.PrincipalTagsDeclared(tx, id, m); err != nil {
			return err
		}
		return identitypool.ProviderTags.Put(tx, id, m)
	})
}

func TestClaimsBecomeTagsOfTheSession(t *testing.T) {
	long := strings.Repeat("x", 257)
	for _, c := range []struct {
		story  string
		tags   identitypool.PrincipalTags
		claims map[string]any
		want   map[string]string
		error  string
	}{
		{"none are mapped", identitypool.PrincipalTags{}, map[string]any{"sub": "alice"}, nil, ""},
		{"the defaults", identitypool.PrincipalTags{UseDefaults: true}, map[string]any{"sub": "alice", "aud": "client1"}, map[string]string{"username": "alice", "client": "client1"}, ""},
		{"of its own", identitypool.PrincipalTags{Tags: map[string]string{"department": "custom:department"}}, map[string]any{"custom:department": "legal", "sub": "alice"}, map[string]string{"department": "legal"}, ""},
		{"a truth value and a number", identitypool.PrincipalTags{Tags: map[string]string{"ok": "email_verified", "level": "level"}}, map[string]any{"email_verified": true, "level": json.Number("3")}, map[string]string{"ok": "true", "level": "3"}, ""},
		{"a claim that the token lacks", identitypool.PrincipalTags{Tags: map[string]string{"department": "custom:department", "who": "sub"}}, map[string]any{"sub": "alice"}, map[string]string{"who": "alice"}, ""},
		{"a claim of many values", identitypool.PrincipalTags{Tags: map[string]string{"groups": "cognito:groups"}}, map[string]any{"cognito:groups": []any{"a", "b"}}, nil, ""},
		{"a value that is too long", identitypool.PrincipalTags{Tags: map[string]string{"d": "d"}}, map[string]any{"d": long}, nil, "InvalidParameterException"},
		{"a value that is no tag's", identitypool.PrincipalTags{Tags: map[string]string{"d": "d"}}, map[string]any{"d": "a*"}, nil, "InvalidParameterException"},
	} {
		w := newWorld(t)
		w.tagging(t, "user")
		w.tags(t, c.tags)
		w.tokens.claims = c.claims
		credentials, err := w.credentials(w.getID(t, idToken("alice")), idToken("alice"), "")
		if c.error != "" {
			if err == nil || !strings.Contains(err.Error(), c.error) || strings.Contains(err.Error(), "a*") {
				t.Errorf("%s: %v, want %s", c.story, err, c.error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.story, err)
			continue
		}
		if got := w.caller(t, credentials).PrincipalTags; !maps.Equal(got, c.want) {
			t.Errorf("%s: the tags are %v, want %v", c.story, got, c.want)
		}
	}
}

func TestPoliciesReadTheTags(t *testing.T) {
	w := newWorld(t)
	w.tagging(t, "user")
	w.tags(t, identitypool.PrincipalTags{Tags: map[string]string{"department": "custom:department"}})
	const api = "arn:aws:execute-api:us-west-2:000000000000:api/stage/GET/"
	w.update(t, func(tx *store.Tx) error {
		return iam.RolePolicies.Put(tx, "user:all", iam.RolePolicy{Name: "all", Role: "user", Policy: `{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "` + api + `legal", "Condition": {"StringEquals": {"aws:PrincipalTag/department": "legal"}}},
			{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "` + api + `of/${aws:PrincipalTag/department}"},
			{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/department": "gone"}}}]}`})
	})
	for _, c := range []struct {
		department any // nil for a user without
		path       string
		allowed    bool
	}{
		{"legal", "legal", true}, {"sales", "legal", false}, {nil, "legal", false},
		{"legal", "of/legal", true}, {"sales", "of/sales", true}, {"sales", "of/legal", false}, {nil, "of/", false},
		{"gone", "of/gone", false},
	} {
		w.tokens.claims = map[string]any{"sub": "alice"}
		if c.department != nil {
			w.tokens.claims["custom:department"] = c.department
		}
		credentials, err := w.credentials(w.getID(t, idToken("alice")), idToken("alice"), "")
		if err != nil {
			t.Fatal(err)
		}
		if d := w.iam.Authorize(w.caller(t, credentials), iam.Request{Action: "execute-api:Invoke", Resource: api + c.path}, nil); d.Allowed != c.allowed {
			t.Errorf("department %v at %s: %v, %s", c.department, c.path, d.Allowed, d.Reason)
		}
	}
}

// Whoever tags a session must be let: without sts:TagSession in the role's trust
// policy there are no credentials where there are tags, and some where there are none.
func TestTagsNeedTheTrustPolicy(t *testing.T) {
	w := newWorld(t)
	w.tags(t, identitypool.PrincipalTags{UseDefaults: true})
	w.tokens.claims = map[string]any{"sub": "alice", "aud": "client1"}
	alice := w.getID(t, idToken("alice"))
	_, err := w.credentials(alice, idToken("alice"), "")
	want(t, err, badRoles)
	if _, reason := w.record.Decision(); !strings.Contains(reason, "TagSession") {
		t.Errorf("the record says %q", reason)
	}
	if _, err := w.credentials(w.getID(t, nil), nil, ""); err != nil {
		t.Errorf("a guest has no tags: %v", err)
	}
	w.tokens.claims = map[string]any{}
	if _, err := w.credentials(alice, idToken("alice"), ""); err != nil {
		t.Errorf("a user without the claims has no tags: %v", err)
	}
}

// The basic flow brings the tags in the token that STS takes.
func TestOpenIDTokensBringTheTags(t *testing.T) {
	w := newWorld(t)
	w.pool(t, func(p *identitypool.Pool) { p.AllowClassicFlow = true })
	w.tags(t, identitypool.PrincipalTags{Tags: map[string]string{"department": "custom:department"}})
	w.tokens.claims = map[string]any{"custom:department": "legal"}
	token := func() string {
		t.Helper()
		out, err := w.sdk.GetOpenIdToken(context.Background(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: aws.String(w.getID(t, idToken("alice"))), Logins: idToken("alice")})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Token
	}
	who, err := w.VerifyOpenIDToken(token())
	if err != nil || who.Tags["department"] != "legal" || len(who.Tags) != 1 {
		t.Errorf("%v %v", who.Tags, err)
	}
	w.tokens.claims = map[string]any{}
	if who, err := w.VerifyOpenIDToken(token()); err != nil || who.Tags != nil {
		t.Errorf("%v %v", who.Tags, err)
	}
}

func TestPrincipalTagsAreChecked(t *testing.T) {
	w := newWorld(t)
	many := map[string]string{}
	for i := range 51 {
		many[strings.Repeat("t", i+1)] = "sub"
	}
	for wanted, m := range map[string]identitypool.PrincipalTags{
		"legal is cognito-idp.us-west-2.amazonaws.com/POOL": {Provider: "accounts.google.com"},
		"legal without useDefaults only":                    {UseDefaults: true, Tags: map[string]string{"a": "sub"}},
		"legal are 50 at most":                              {Tags: many},
		`tag "aws:x" is not legal`:                          {Tags: map[string]string{"aws:x": "sub"}},
		`tag "a*" is not legal`:                             {Tags: map[string]string{"a*": "sub"}},
		"has 0 characters":                                  {Tags: map[string]string{"a": ""}},
		"are one tag":                                       {Tags: map[string]string{"Team": "sub", "team": "aud"}},
	} {
		if m.Provider == "" {
			m.Provider = provider
		}
		if err := w.CheckPrincipalTags(m); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%v: %v, want %q", m, err, wanted)
		}
	}
	for wanted, m := range map[string]identitypool.PrincipalTags{
		"does not exist":  {IdentityPoolID: "us-west-2:none", Provider: provider},
		"has no provider": {IdentityPoolID: pool, Provider: provider + "x"},
	} {
		err := w.db.Update(func(tx *store.Tx) error { return w.PrincipalTagsDeclared(tx, "id", m) })
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%v: %v, want %q", m, err, wanted)
		}
	}
}
