package userpool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/schema"
)

type m = map[string]any

func TestPoolsThatAreRefused(t *testing.T) {
	f := pooltest.New(t)
	for want, change := range map[string]func(*userpool.Pool){
		"aliasAttributes and usernameAttributes exclude each other": func(p *userpool.Pool) { p.UsernameAttributes = []string{"email"} },
		`aliasAttributes: "nick" is not one of email, phone_number`: func(p *userpool.Pool) { p.AliasAttributes = []string{"nick"} },
		`mfaConfiguration: "MAYBE" is not one of OFF, OPTIONAL, ON`: func(p *userpool.Pool) { p.MFAConfiguration = "MAYBE" },
		"passwordPolicy.minimumLength: 5 is not between 6 and 99":   func(p *userpool.Pool) { p.PasswordPolicy.MinimumLength = 5 },
		`accountRecoverySetting.recoveryMechanisms.name: "x" is not one of`: func(p *userpool.Pool) {
			p.AccountRecoverySetting = &userpool.AccountRecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "x"}}}
		},
		`schemas.age.attributeDataType: "Int" is not one of String`: func(p *userpool.Pool) { p.Schemas = []schema.Attribute{{Name: "age", AttributeDataType: "Int"}} },
	} {
		p := pooltest.Pool()
		change(&p)
		if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolDeclared(tx, pooltest.PoolID, p) }); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSecondFactorOfAPool(t *testing.T) {
	f := pooltest.New(t)
	on, off := &userpool.SoftwareTokenMFA{Enabled: true}, &userpool.SoftwareTokenMFA{}
	for _, c := range []struct {
		mode  string
		token *userpool.SoftwareTokenMFA
		want  string // of the refusal, or ""
	}{
		{"", nil, ""}, {"OFF", nil, ""}, {"OFF", off, ""}, {"OPTIONAL", on, ""}, {"ON", on, ""},
		{"ON", nil, "mfaConfiguration: ON needs a second factor, and softwareTokenMfaConfiguration.enabled is not true"},
		{"ON", off, "mfaConfiguration: ON needs a second factor"},
		{"OPTIONAL", nil, "mfaConfiguration: OPTIONAL needs a second factor"},
		{"OFF", on, "softwareTokenMfaConfiguration.enabled: true goes with mfaConfiguration ON or OPTIONAL"},
		{"", on, "softwareTokenMfaConfiguration.enabled: true goes with mfaConfiguration ON or OPTIONAL"},
	} {
		p := pooltest.Pool()
		p.MFAConfiguration, p.SoftwareTokenMFA = c.mode, c.token
		got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.PoolDeclared(tx, pooltest.PoolID, p) })
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q with %+v: %q, want %q", c.mode, c.token, got, c.want)
		}
	}
}

func TestClientsThatAreRefused(t *testing.T) {
	f := pooltest.New(t)
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
		c := pooltest.Client()
		change(&c)
		if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.ClientDeclared(tx, pooltest.ClientID, &c) }); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDomains(t *testing.T) {
	f := pooltest.New(t)
	const other = "us-west-2_Other6789"
	f.Declare(other, pooltest.Pool())
	for _, c := range []struct{ prefix, pool, want string }{
		{pooltest.Domain, other, `is already associated with user pool ` + pooltest.PoolID},
		{"another", pooltest.PoolID, `already has the domain "a-domain"`},
		{pooltest.Domain, pooltest.PoolID, ""},
		{"another", other, ""},
		{"Upper", other, "is not a prefix of 1 to 63"},
		{"my-cognito", other, `must not contain the word "cognito"`},
		{"another", "none", `user pool "none" does not exist`},
	} {
		got := f.TryUpdate(func(tx *store.Tx) error {
			return f.Pools.DomainDeclared(tx, c.prefix, userpool.Domain{Domain: c.prefix, UserPoolID: c.pool})
		})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s for %s: %q, want %q", c.prefix, c.pool, got, c.want)
		}
	}
}

func TestDeclaredUserChanges(t *testing.T) {
	f := pooltest.New(t)
	v1 := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "kept", Password: "firstPASS1", Attributes: map[string]string{"email": "kept@example.com", "email_verified": "true", "name": "K"}}
	v1 = f.DeclareUser(v1)
	if v1.Status != "CONFIRMED" || len(v1.Sub) != 36 || v1.CreationDate != "2026-02-03T04:05:06Z" {
		t.Errorf("%+v", v1)
	}
	if got := f.TryUpdate(func(tx *store.Tx) error { again := v1; return f.Pools.UserDeclared(tx, "id", nil, &again) }); !strings.Contains(got, `user "kept" exists`) {
		t.Errorf("made twice: %q", got)
	}
	// The user chooses another password; the stack changes an attribute and drops another.
	token := f.SignIn("kept", "firstPASS1")["AccessToken"]
	if a := f.API("ChangePassword", m{"AccessToken": token, "PreviousPassword": "firstPASS1", "ProposedPassword": "chosenPASS1"}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	v2 := v1
	v2.Attributes = map[string]string{"email": "new@example.com", "email_verified": "true"}
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v1, &v2) })
	f.SignIn("new@example.com", "chosenPASS1")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("kept@example.com", "chosenPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
	read := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "kept"}
	f.Update(func(tx *store.Tx) error {
		found, err := f.Pools.ReadUser(tx, &read)
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
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v2, &v3) })
	f.SignIn("kept", "thirdPASS1")
	v4 := v3
	v4.Attributes = map[string]string{"email": "demo@example.com", "email_verified": "true"}
	if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v3, &v4) }); !strings.Contains(got, "given email already exists") {
		t.Errorf("%q", got)
	}
	weak := v3
	weak.Password = "weak"
	if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v3, &weak) }); !strings.Contains(got, "password: InvalidPasswordException: Password did not conform with policy: Password not long enough") || strings.Contains(got, `"weak"`) {
		t.Errorf("%q", got)
	}
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v3, nil) })
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("kept", "thirdPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
	f.DeclareUser(v1) // the name and its alias are free again
}

func TestPoolWhoseUsernamesAreAddresses(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.AliasAttributes, p.UsernameAttributes = nil, []string{"email"}
	f.Declare(pooltest.PoolID, p)
	d := f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "ann@example.com", Password: pooltest.Password})
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("ann@example.com", pooltest.Password)["AccessToken"].(string))
	if err != nil || claims.Username != d.Sub || claims.Subject != d.Sub {
		t.Errorf("%+v %v, want the sub %s as username", claims, err, d.Sub)
	}
	if _, _, err := pooltest.SRP(f, "ann@example.com", pooltest.Password, nil, pooltest.ClientID, nil); err != nil {
		t.Error(err)
	}
	pooltest.Refused(t, f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "ann@example.com", "Password": pooltest.Password}), "UsernameExistsException", "An account with the given email already exists.")
	pooltest.Refused(t, f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "plain", "Password": pooltest.Password}), "InvalidParameterException", "Username should be an email.")
	read := d
	f.Update(func(tx *store.Tx) error { _, err := f.Pools.ReadUser(tx, &read); return err })
	if len(read.Attributes) != 0 {
		t.Errorf("a refresh shows attributes that were not declared: %v", read.Attributes)
	}
	v2 := userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "ann@example.com", Password: pooltest.Password, Attributes: map[string]string{"name": "Ann"}} // inputs alone
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &d, &v2) })
	f.Update(func(tx *store.Tx) error { return f.Pools.UserDeclared(tx, "id", &v2, nil) })
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("ann@example.com", pooltest.Password)), "NotAuthorizedException", pooltest.WrongPassword)
}

func TestGroups(t *testing.T) {
	f := pooltest.New(t)
	one := 1
	admins := userpool.UserGroup{Name: "admins", UserPoolID: pooltest.PoolID, Precedence: &one, RoleARN: "arn:aws:iam::000000000000:role/admins"}
	editors := userpool.UserGroup{Name: "editors", UserPoolID: pooltest.PoolID, RoleARN: "arn:aws:iam::000000000000:role/editors"}
	f.Update(func(tx *store.Tx) error {
		for _, g := range []userpool.UserGroup{editors, admins} {
			if err := f.Pools.GroupDeclared(tx, pooltest.PoolID+"/"+g.Name, g); err != nil {
				return err
			}
			if err := userpool.UserGroups.Put(tx, pooltest.PoolID+"/"+g.Name, g); err != nil {
				return err
			}
			if err := f.Pools.UserInGroupDeclared(tx, "id", userpool.UserInGroup{UserPoolID: pooltest.PoolID, GroupName: g.Name, Username: "demouser"}); err != nil {
				return err
			}
		}
		return nil
	})
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["IdToken"].(string))
	if err != nil || strings.Join(claims.Groups, " ") != "admins editors" || claims.All["cognito:preferred_role"] != admins.RoleARN {
		t.Errorf("%v %v", claims.All, err)
	}
	f.Update(func(tx *store.Tx) error {
		if err := f.Pools.GroupDeleted(tx, "id", admins); err != nil {
			return err
		}
		return userpool.UserGroups.Delete(tx, pooltest.PoolID+"/admins")
	})
	claims, err = f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["AccessToken"].(string))
	if err != nil || strings.Join(claims.Groups, " ") != "editors" {
		t.Errorf("%v %v", claims.Groups, err)
	}
	none := userpool.UserInGroup{UserPoolID: pooltest.PoolID, GroupName: "none", Username: "demouser"}
	if got := f.TryUpdate(func(tx *store.Tx) error { return f.Pools.UserInGroupDeclared(tx, "id", none) }); !strings.Contains(got, `no group "none"`) {
		t.Errorf("%q", got)
	}
}

// An unknown user is answered as slowly as a wrong password, with hashes heavy
// enough that nothing else counts.
func TestUnknownUsersTakeTheSameTime(t *testing.T) {
	f := pooltest.New(t)
	f.PasswordHash = &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	f.Start()
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "slow", Password: pooltest.Password})
	// The fastest of some, asked in turn: a busy machine makes any of them slow, and
	// without the hash an unknown user would be answered a hundred times sooner.
	fastest := map[string]time.Duration{}
	for range 3 {
		for _, name := range []string{"slow", "nobody"} {
			start := time.Now()
			pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(name, "wrongPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
			if took := time.Since(start); fastest[name] == 0 || took < fastest[name] {
				fastest[name] = took
			}
		}
	}
	if fastest["nobody"] < fastest["slow"]/5 {
		t.Errorf("a known user takes %s, an unknown one %s", fastest["slow"], fastest["nobody"])
	}
}
