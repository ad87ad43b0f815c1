package hosted_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// A code, however often it is sent at once, is changed for tokens once.
func TestCodeIsChangedOnceHoweverManyTry(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	code := b.Code(nil)
	statuses := make([]int, 12)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() { statuses[i] = b.Post("/oauth2/token", pooltest.TokenForm(code, nil)).Status })
	}
	wg.Wait()
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 400 {
		t.Errorf("%v", statuses)
	}
}

func TestScopesDecideWhatIsShown(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.AllowedOAuthScopes = []string{"openid", "email", "profile", "phone", "aws.cognito.signin.user.admin"}
	f.DeclareClient(pooltest.ClientID, c)
	b := f.Browser()
	for scope, want := range map[string][]string{
		"openid":         {"email", "email_verified", "given_name", "preferred_username"},
		"openid email":   {"email", "email_verified"},
		"openid profile": {"given_name", "preferred_username"},
		"openid phone":   {},
	} {
		set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"scope": scope, "prompt": "login"}), nil)).JSON(t)
		claims, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, name := range []string{"email", "email_verified", "given_name", "preferred_username"} {
			if claims.All[name] != nil {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("scope %q shows %v, want %v", scope, got, want)
		}
	}
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(m{"scope": "aws.cognito.signin.user.admin", "prompt": "login"}), nil)).JSON(t)
	if set["id_token"] != nil || set["access_token"] == nil {
		t.Errorf("without openid: %v", set)
	}
	if a := f.API("GetUser", m{"AccessToken": set["access_token"]}); a.Status != 200 {
		t.Error(a.Body)
	}
	c.ReadAttributes = []string{"email"}
	f.DeclareClient(pooltest.ClientID, c)
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["IdToken"].(string))
	if err != nil || claims.All["email"] == nil || claims.All["given_name"] != nil {
		t.Errorf("readAttributes: %v %v", claims.All, err)
	}
}

func TestRotationOnTheTokenEndpoint(t *testing.T) {
	f := pooltest.New(t)
	c := pooltest.Client()
	c.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH"}
	c.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED"}
	f.DeclareClient(pooltest.ClientID, c)
	b := f.Browser()
	set := b.Post("/oauth2/token", pooltest.TokenForm(b.Code(nil), nil)).JSON(t)
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {pooltest.ClientID}, "refresh_token": {set["refresh_token"].(string)}}
	next := b.Post("/oauth2/token", refresh)
	if next.Status != 200 || next.JSON(t)["refresh_token"] == nil || next.JSON(t)["refresh_token"] == set["refresh_token"] {
		t.Errorf("%d %s", next.Status, next.Body)
	}
	if a := b.Post("/oauth2/token", refresh); a.Status != 400 || a.JSON(t)["error"] != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	pooltest.Refused(t, f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": "x"}}),
		"InvalidParameterException", "Refresh token rotation is enabled for this client; use GetTokensFromRefreshToken")
}

func FuzzForms(f *testing.F) {
	x := pooltest.New(f)
	b := x.Browser()
	f.Add("/oauth2/token", "grant_type=authorization_code&client_id="+pooltest.ClientID+"&code=x")
	f.Add("/login", "username=a&password=b&_csrf=x")
	f.Add("/oauth2/revoke", "token=a%2&client_id=%zz")
	f.Fuzz(func(t *testing.T, path, body string) {
		x.T = t
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "%#?") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return // not a path that a client can send
		}
		a := b.Raw(path+"?"+pooltest.AuthorizeQuery(nil), body)
		if a.Status >= 500 {
			t.Errorf("%s %q: %d %s", path, body, a.Status, a.Body)
		}
		if to := a.Header.Get("Location"); to != "" && !strings.HasPrefix(to, "/auth/"+pooltest.Domain+"/") && !strings.HasPrefix(to, pooltest.Callback) {
			t.Errorf("%s %q leads to %s", path, body, to)
		}
	})
}

func TestWellKnown(t *testing.T) {
	f := pooltest.New(t)
	b := f.Browser()
	config := b.Get(f.Server.URL + "/" + pooltest.PoolID + "/.well-known/openid-configuration").JSON(t)
	if config["issuer"] != "https://cognito-idp.us-west-2.amazonaws.com/"+pooltest.PoolID || config["authorization_endpoint"] != f.Server.URL+"/auth/"+pooltest.Domain+"/oauth2/authorize" {
		t.Errorf("%v", config)
	}
	keys, err := jwk.Parse([]byte(b.Get(config["jwks_uri"].(string)).Body))
	if err != nil {
		t.Fatal(err)
	}
	token := f.SignIn("demouser", pooltest.Password)["IdToken"].(string)
	_, err = jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithIssuer(config["issuer"].(string)), jwt.WithAudience(pooltest.ClientID), jwt.WithClock(jwt.ClockFunc(f.Clock)))
	if err != nil {
		t.Errorf("an independent client: %v", err)
	}
	if private := b.Get(config["jwks_uri"].(string)).Body; strings.Contains(private, `"d"`) {
		t.Error("the private key is published")
	}
	for _, path := range []string{"/us-west-2_None00000/.well-known/jwks.json", "/" + pooltest.PoolID + "/.well-known/other"} {
		if a := b.Get(f.Server.URL + path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}
