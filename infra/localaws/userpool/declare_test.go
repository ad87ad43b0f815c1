package userpool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// tryUpdate runs a transaction that is expected to fail, and gives its error.
func (f *fixture) tryUpdate(write func(*store.Tx) error) string {
	f.t.Helper()
	if err := f.store.Update(write); err != nil {
		return err.Error()
	}
	return ""
}

func TestPoolsThatAreRefused(t *testing.T) {
	f := newFixture(t)
	for want, change := range map[string]func(*userpool.Pool){
		"aliasAttributes and usernameAttributes exclude each other": func(p *userpool.Pool) { p.UsernameAttributes = []string{"email"} },
		`aliasAttributes: "nick" is not one of email, phone_number`: func(p *userpool.Pool) { p.AliasAttributes = []string{"nick"} },
		"mfaConfiguration: ON is not supported":                     func(p *userpool.Pool) { p.MFAConfiguration = "ON" },
		`mfaConfiguration: "MAYBE" is not one of OFF, OPTIONAL, ON`: func(p *userpool.Pool) { p.MFAConfiguration = "MAYBE" },
		"passwordPolicy.minimumLength: 5 is not between 6 and 99":   func(p *userpool.Pool) { p.PasswordPolicy.MinimumLength = 5 },
		`accountRecoverySetting.recoveryMechanisms.name: "x" is not one of`: func(p *userpool.Pool) {
			p.AccountRecoverySetting = &userpool.AccountRecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "x"}}}
		},
		`schemas.age.attributeDataType: "Int" is not one of String`: func(p *userpool.Pool) { p.Schemas = []userpool.Schema{{Name: "age", AttributeDataType: "Int"}} },
	} {
		p := aPool()
		change(&p)
		if got := f.tryUpdate(func(tx *store.Tx) error { return f.service.PoolDeclared(tx, poolID, p) }); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestClientsThatAreRefused(t *testing.T) {
	f := newFixture(t)
	for want, change := range map[string]func(*userpool.Client){
		`userPoolId: user pool "none" does not exist`:                          func(c *userpool.Client) { c.UserPoolID = "none" },
		`allowedOauthFlows: "implicit" is not one of code`:                     func(c *userpool.Client) { c.AllowedOAuthFlows = []string{"implicit"} },
		`explicitAuthFlows: "ALLOW_CUSTOM_AUTH" is not one of`:                 func(c *userpool.Client) { c.ExplicitAuthFlows = []string{"ALLOW_CUSTOM_AUTH"} },
		`callbackUrls: "http://app.example/": http is for localhost alone`:     func(c *userpool.Client) { c.CallbackURLs = []string{"http://app.example/"} },
		`callbackUrls: "https://app.example/#x": it must not have a fragment`:  func(c *userpool.Client) { c.CallbackURLs = []string{"https://app.example/#x"} },
		`callbackUrls: "https://*.example/": it must not have a wildcard`:      func(c *userpool.Client) { c.CallbackURLs = []string{"https://*.example/"} },
		`callbackUrls: "/there": it must be absolute`:                          func(c *userpool.Client) { c.CallbackURLs = []string{"/there"} },
		`logoutUrls: "javascript:x": scheme "javascript" is not for redirects`: func(c *userpool.Client) { c.LogoutURLs = []string{"javascript:x"} },
		`accessTokenValidity: 25h0m0s is not between 5m0s and 24h0m0s`:         func(c *userpool.Client) { c.AccessTokenValidity = 25 },
		`tokenValidityUnits.idToken: "weeks" is not one of`:                    func(c *userpool.Client) { c.TokenValidityUnits = &userpool.TokenValidityUnits{IDToken: "weeks"} },
		`email, phone and profile need openid beside them`:                     func(c *userpool.Client) { c.AllowedOAuthScopes = []string{"email"} },
		`readAttributes: the pool has no attribute "custom:x"`:                 func(c *userpool.Client) { c.ReadAttributes = []string{"custom:x"} },
		`authSessionValidity: 2 is not between 3 and 15 minutes`:               func(c *userpool.Client) { c.AuthSessionValidity = 2 },
		`ALLOW_REFRESH_TOKEN_AUTH cannot stand beside refresh token rotation`:  func(c *userpool.Client) { c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED"} },
		`defaultRedirectUri: "https://x.example/" is not among callbackUrls`:   func(c *userpool.Client) { c.DefaultRedirectURI = "https://x.example/" },
	} {
		c := aClient()
		change(&c)
		if got := f.tryUpdate(func(tx *store.Tx) error { return f.service.ClientDeclared(tx, clientID, &c) }); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDomains(t *testing.T) {
	f := newFixture(t)
	const other = "us-west-2_Other6789"
	f.declare(other, aPool())
	for _, c := range []struct{ prefix, pool, want string }{
		{domain, other, `is already associated with user pool ` + poolID},
		{"another", poolID, `already has the domain "a-domain"`},
		{domain, poolID, ""},
		{"another", other, ""},
		{"Upper", other, "is not a prefix of 1 to 63"},
		{"my-cognito", other, `must not contain the word "cognito"`},
		{"another", "none", `user pool "none" does not exist`},
	} {
		got := f.tryUpdate(func(tx *store.Tx) error {
			return f.service.DomainDeclared(tx, c.prefix, userpool.Domain{Domain: c.prefix, UserPoolID: c.pool})
		})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s for %s: %q, want %q", c.prefix, c.pool, got, c.want)
		}
	}
}

func TestDeclaredUserChanges(t *testing.T) {
	f := newFixture(t)
	v1 := userpool.DeclaredUser{UserPoolID: poolID, Username: "kept", Password: "firstPASS1", Attributes: map[string]string{"email": "kept@example.com", "email_verified": "true", "name": "K"}}
	v1 = f.declareUser(v1)
	if v1.Status != "CONFIRMED" || len(v1.Sub) != 36 || v1.CreationDate != "2026-02-03T04:05:06Z" {
		t.Errorf("%+v", v1)
	}
	if got := f.tryUpdate(func(tx *store.Tx) error { again := v1; return f.service.UserDeclared(tx, "id", nil, &again) }); !strings.Contains(got, `user "kept" exists`) {
		t.Errorf("made twice: %q", got)
	}
	// The user chooses another password; the stack changes an attribute and drops another.
	token := f.signIn("kept", "firstPASS1")["AccessToken"]
	if a := f.api("ChangePassword", m{"AccessToken": token, "PreviousPassword": "firstPASS1", "ProposedPassword": "chosenPASS1"}); a.status != 200 {
		t.Fatal(a.body)
	}
	v2 := v1
	v2.Attributes = map[string]string{"email": "new@example.com", "email_verified": "true"}
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v1, &v2) })
	f.signIn("new@example.com", "chosenPASS1")
	refused(t, f.api("InitiateAuth", passwordFlow("kept@example.com", "chosenPASS1")), "NotAuthorizedException", wrongPassword)
	read := userpool.DeclaredUser{UserPoolID: poolID, Username: "kept"}
	f.update(func(tx *store.Tx) error {
		found, err := f.service.ReadUser(tx, &read)
		if !found {
			t.Error("not found")
		}
		return err
	})
	if read.Attributes["email"] != "new@example.com" || read.Attributes["name"] != "" || read.Sub != v1.Sub || read.Enabled != nil {
		t.Errorf("%+v", read)
	}
	// A new password in the stack is set, and an alias that another user holds is not.
	v3 := v2
	v3.Password = "thirdPASS1"
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v2, &v3) })
	f.signIn("kept", "thirdPASS1")
	v4 := v3
	v4.Attributes = map[string]string{"email": "demo@example.com", "email_verified": "true"}
	if got := f.tryUpdate(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v3, &v4) }); !strings.Contains(got, "given email already exists") {
		t.Errorf("%q", got)
	}
	weak := v3
	weak.Password = "weak"
	if got := f.tryUpdate(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v3, &weak) }); !strings.Contains(got, "password: InvalidPasswordException: Password did not conform with policy: Password not long enough") || strings.Contains(got, `"weak"`) {
		t.Errorf("%q", got)
	}
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v3, nil) })
	refused(t, f.api("InitiateAuth", passwordFlow("kept", "thirdPASS1")), "NotAuthorizedException", wrongPassword)
	f.declareUser(v1) // the name and its alias are free again
}

func TestPoolWhoseUsernamesAreAddresses(t *testing.T) {
	f := newFixture(t)
	p := aPool()
	p.AliasAttributes, p.UsernameAttributes = nil, []string{"email"}
	f.declare(poolID, p)
	d := f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "ann@example.com", Password: password})
	claims, err := f.service.VerifyToken(poolID, f.signIn("ann@example.com", password)["AccessToken"].(string))
	if err != nil || claims.Username != d.Sub || claims.Subject != d.Sub {
		t.Errorf("%+v %v, want the sub %s as username", claims, err, d.Sub)
	}
	if _, _, err := srp(f, "ann@example.com", password, nil, clientID, nil); err != nil {
		t.Error(err)
	}
	refused(t, f.api("SignUp", m{"ClientId": clientID, "Username": "ann@example.com", "Password": password}), "UsernameExistsException", "An account with the given email already exists.")
	refused(t, f.api("SignUp", m{"ClientId": clientID, "Username": "plain", "Password": password}), "InvalidParameterException", "Username should be an email.")
	read := d
	f.update(func(tx *store.Tx) error { _, err := f.service.ReadUser(tx, &read); return err })
	if len(read.Attributes) != 0 {
		t.Errorf("a refresh shows attributes that were not declared: %v", read.Attributes)
	}
	v2 := userpool.DeclaredUser{UserPoolID: poolID, Username: "ann@example.com", Password: password, Attributes: map[string]string{"name": "Ann"}} // inputs alone
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &d, &v2) })
	f.update(func(tx *store.Tx) error { return f.service.UserDeclared(tx, "id", &v2, nil) })
	refused(t, f.api("InitiateAuth", passwordFlow("ann@example.com", password)), "NotAuthorizedException", wrongPassword)
}

func TestGroups(t *testing.T) {
	f := newFixture(t)
	one := 1
	admins := userpool.UserGroup{Name: "admins", UserPoolID: poolID, Precedence: &one, RoleARN: "arn:aws:iam::000000000000:role/admins"}
	editors := userpool.UserGroup{Name: "editors", UserPoolID: poolID, RoleARN: "arn:aws:iam::000000000000:role/editors"}
	f.update(func(tx *store.Tx) error {
		for _, g := range []userpool.UserGroup{editors, admins} {
			if err := f.service.GroupDeclared(tx, poolID+"/"+g.Name, g); err != nil {
				return err
			}
			if err := userpool.UserGroups.Put(tx, poolID+"/"+g.Name, g); err != nil {
				return err
			}
			if err := f.service.UserInGroupDeclared(tx, "id", userpool.UserInGroup{UserPoolID: poolID, GroupName: g.Name, Username: "demouser"}); err != nil {
				return err
			}
		}
		return nil
	})
	claims, err := f.service.VerifyToken(poolID, f.signIn("demouser", password)["IdToken"].(string))
	if err != nil || strings.Join(claims.Groups, " ") != "admins editors" || claims.All["cognito:preferred_role"] != admins.RoleARN {
		t.Errorf("%v %v", claims.All, err)
	}
	f.update(func(tx *store.Tx) error {
		if err := f.service.GroupDeleted(tx, "id", admins); err != nil {
			return err
		}
		return userpool.UserGroups.Delete(tx, poolID+"/admins")
	})
	claims, err = f.service.VerifyToken(poolID, f.signIn("demouser", password)["AccessToken"].(string))
	if err != nil || strings.Join(claims.Groups, " ") != "editors" {
		t.Errorf("%v %v", claims.Groups, err)
	}
	none := userpool.UserInGroup{UserPoolID: poolID, GroupName: "none", Username: "demouser"}
	if got := f.tryUpdate(func(tx *store.Tx) error { return f.service.UserInGroupDeclared(tx, "id", none) }); !strings.Contains(got, `no group "none"`) {
		t.Errorf("%q", got)
	}
}

// An unknown user is answered as slowly as a wrong password, with hashes heavy
// enough that nothing else counts.
func TestUnknownUsersTakeTheSameTime(t *testing.T) {
	f := newFixture(t)
	f.hash = &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	f.start()
	f.declareUser(userpool.DeclaredUser{UserPoolID: poolID, Username: "slow", Password: password})
	fastest := func(name string) time.Duration {
		best := time.Hour
		for range 3 {
			start := time.Now()
			refused(t, f.api("InitiateAuth", passwordFlow(name, "wrongPASS1")), "NotAuthorizedException", wrongPassword)
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown := fastest("slow"), fastest("nobody")
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("a known user takes %s, an unknown one %s", known, unknown)
	}
}

func FuzzAPI(f *testing.F) {
	x := newFixture(f)
	for _, seed := range []struct{ operation, body string }{
		{"InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"` + clientID + `","AuthParameters":{"USERNAME":"demouser","PASSWORD":"x"}}`},
		{"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"` + clientID + `","AuthParameters":{"USERNAME":"demouser","SRP_A":"ff"}}`},
		{"RespondToAuthChallenge", `{"ChallengeName":"PASSWORD_VERIFIER","ClientId":"` + clientID + `","ChallengeResponses":{"USERNAME":"a","PASSWORD_CLAIM_SECRET_BLOCK":"YWJj","PASSWORD_CLAIM_SIGNATURE":"YWJj","TIMESTAMP":"t"}}`},
		{"SignUp", `{"ClientId":"` + clientID + `","Username":"ä/é","Password":"aaaaAAAA1","UserAttributes":[{"Name":"email","Value":"a@b"}]}`},
		{"GetUser", `{"AccessToken":"a.b.c"}`}, {"RevokeToken", `{}`}, {"ConfirmSignUp", `[`},
	} {
		f.Add(seed.operation, seed.body)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		x.t = t
		if strings.ContainsFunc(operation, func(r rune) bool { return r < ' ' || r > '~' }) {
			return // cannot stand in a header
		}
		if a := x.api(operation, body); a.status >= 500 {
			t.Errorf("%s %q: %d %s", operation, body, a.status, a.body)
		}
	})
}

func FuzzForms(f *testing.F) {
	x := newFixture(f)
	b := x.browser()
	f.Add("/oauth2/token", "grant_type=authorization_code&client_id="+clientID+"&code=x")
	f.Add("/login", "username=a&password=b&_csrf=x")
	f.Add("/oauth2/revoke", "token=a%2&client_id=%zz")
	f.Fuzz(func(t *testing.T, path, body string) {
		x.t = t
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "%#?") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return // not a path that a client can send
		}
		a := b.raw(path+"?"+authorizeQuery(nil), body)
		if a.status >= 500 {
			t.Errorf("%s %q: %d %s", path, body, a.status, a.body)
		}
		if to := a.header.Get("Location"); to != "" && !strings.HasPrefix(to, "/auth/"+domain+"/") && !strings.HasPrefix(to, callback) {
			t.Errorf("%s %q leads to %s", path, body, to)
		}
	})
}
