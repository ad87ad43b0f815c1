package hosted_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

const functionARN = "arn:aws:lambda:us-west-2:000000000000:function:all"

// echo answers with the event and this response, and notes the events' sources.
func echo(t *testing.T, sources *[]string, response any) pooltest.Function {
	return func(_ string, event []byte, _ string) ([]byte, string, error) {
		var e map[string]any
		if err := json.Unmarshal(event, &e); err != nil {
			t.Error(err)
		}
		*sources = append(*sources, fmt.Sprint(e["triggerSource"], e["request"].(map[string]any)["scopes"]))
		if response != nil {
			e["response"] = response
		}
		out, err := json.Marshal(e)
		return out, "", err
	}
}

func fails(message string) pooltest.Function {
	return func(string, []byte, string) ([]byte, string, error) {
		return []byte(`{"errorMessage":"` + message + `"}`), "Unhandled", nil
	}
}

func TestTokensOfTheHostedSignInAreChanged(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{PreTokenGenerationConfig: &userpool.PreTokenGenerationConfig{LambdaARN: functionARN, LambdaVersion: "V2_0"}}
	f.Declare(pooltest.PoolID, p)
	var sources []string
	f.SetFunction(echo(t, &sources, m{"claimsAndScopeOverrideDetails": m{
		"idTokenGeneration": m{"claimsToAddOrOverride": m{"team": "blue"}, "claimsToSuppress": []string{"email"}}, "accessTokenGeneration": m{"scopesToAdd": []string{"read:all"}},
	}}))
	b := f.Browser()
	code := b.Code(nil)
	// The function is asked when the user signs in, and not again when the code is changed.
	if got := strings.Join(sources, " "); got != "TokenGeneration_HostedAuth[email openid]" {
		t.Errorf("asked as %s", got)
	}
	f.SetFunction(fails("not asked"))
	set := b.Post("/oauth2/token", pooltest.TokenForm(code, nil)).JSON(t)
	id, err := f.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
	if err != nil || id.All["team"] != "blue" || id.All["email"] != nil || id.All["nonce"] != "n0nce" {
		t.Errorf("%v %v", id.All, err)
	}
	access, err := f.Pools.VerifyToken(pooltest.PoolID, set["access_token"].(string))
	if err != nil || fmt.Sprint(access.Scopes) != "[email openid read:all]" {
		t.Errorf("%v %v", access.Scopes, err)
	}
	refresh := pooltest.TokenForm("", m{"grant_type": "refresh_token", "refresh_token": set["refresh_token"], "code": nil, "redirect_uri": nil, "code_verifier": nil})
	if a := b.Post("/oauth2/token", refresh); a.Status != 400 || a.Body != `{"error":"invalid_request","error_description":"PreTokenGeneration failed with error not asked."}`+"\n" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	// The scopes that the function added are not the sign-in's: it is asked anew.
	sources = nil
	f.SetFunction(echo(t, &sources, nil))
	set = b.Post("/oauth2/token", refresh).JSON(t)
	access, err = f.Pools.VerifyToken(pooltest.PoolID, set["access_token"].(string))
	if err != nil || fmt.Sprint(access.Scopes, sources) != "[email openid] [TokenGeneration_RefreshTokens[email openid]]" {
		t.Errorf("%v %v %v", access.Scopes, sources, err)
	}
}

// What a function says goes to the client's callback, and nobody is signed in.
func TestAFunctionRefusesAHostedSignIn(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{PreTokenGeneration: functionARN}
	f.Declare(pooltest.PoolID, p)
	f.SetFunction(fails("not on the list"))
	b := f.Browser()
	page := b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
	a := b.Submit(page, map[string]string{"username": "demouser", "password": pooltest.Password})
	refused := func(a pooltest.Answer) {
		t.Helper()
		to := a.Location(t)
		q := to.Query()
		if !strings.HasPrefix(to.String(), "http://localhost:3000/callback?") || q.Get("error") != "invalid_request" || q.Get("error_description") != "PreTokenGeneration failed with error not on the list." ||
			q.Get("state") != "s t&te" || q.Has("code") {
			t.Errorf("sent to %s", to)
		}
	}
	refused(a)
	if got := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t).Query().Get("error"); got != "login_required" {
		t.Errorf("the browser is signed in: %q", got)
	}
	// So it is for a browser that was signed in before, which stays so.
	var sources []string
	f.SetFunction(echo(t, &sources, nil))
	b.Code(nil)
	f.SetFunction(fails("not on the list"))
	refused(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)))
	f.SetFunction(echo(t, &sources, nil))
	if got := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).Query().Get("code"); got == "" || len(sources) != 2 {
		t.Errorf("code %q, asked %v", got, sources)
	}
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "fresh", TemporaryPassword: "temporaryPASS1", MessageAction: "SUPPRESS"})
	f.SetFunction(fails("not on the list"))
	b = f.Browser()
	page = b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
	page = b.Submit(page, map[string]string{"username": "fresh", "password": "temporaryPASS1"})
	refused(b.Submit(page, map[string]string{"password": "chosenPASS1", "confirm": "chosenPASS1"}))
}

func TestAFunctionAtTheSignUpPage(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{PreSignUp: functionARN, PostConfirmation: functionARN}
	f.Declare(pooltest.PoolID, p)
	b := f.Browser()
	signUp := func() pooltest.Answer {
		page := b.Get("/signup?" + pooltest.AuthorizeQuery(nil))
		return b.Submit(page, map[string]string{"username": "sam", "password": pooltest.Password, "attribute.email": "sam@example.com"})
	}
	f.SetFunction(fails("we are full"))
	if a := signUp(); a.Status != 400 || !strings.Contains(a.Body, "PreSignUp failed with error we are full.") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	var sources []string
	f.SetFunction(echo(t, &sources, m{"autoConfirmUser": true}))
	a := signUp()
	if to := a.Location(t); !strings.HasSuffix(to.Path, "/login") || to.Query().Get("notice") != "confirmed" || len(f.Mail) != 0 {
		t.Errorf("sent to %s, with %d messages", to, len(f.Mail))
	}
	f.SignIn("sam", pooltest.Password)
	if got := fmt.Sprint(sources); got != "[PreSignUp_SignUp<nil> PostConfirmation_ConfirmSignUp<nil>]" {
		t.Error(got)
	}
}

// What a function says after the second factor goes to the callback too.
func TestAFunctionRefusesAHostedSignInAfterTheSecondFactor(t *testing.T) {
	f := pooltest.New(t)
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	secret, _ := f.Enrol("demouser", pooltest.Password)
	p := pooltest.MFAPool("ON")
	p.LambdaConfig = &userpool.LambdaConfig{PreTokenGeneration: functionARN}
	f.Declare(pooltest.PoolID, p)
	signIn := func() pooltest.Answer {
		b := f.Browser()
		page := b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
		page = b.Submit(page, map[string]string{"username": "demouser", "password": pooltest.Password})
		f.Advance(pooltest.Step)
		return b.Submit(page, map[string]string{"code": f.TOTP(secret, 0)})
	}
	f.SetFunction(fails("not on the list"))
	if q := signIn().Location(t).Query(); q.Get("error_description") != "PreTokenGeneration failed with error not on the list." || q.Has("code") {
		t.Errorf("sent with %v", q)
	}
	var sources []string
	f.SetFunction(echo(t, &sources, nil))
	code := signIn().Location(t).Query().Get("code")
	if a := f.Browser().Post("/oauth2/token", pooltest.TokenForm(code, nil)); a.Status != 200 || len(sources) != 1 {
		t.Errorf("%d %s, asked %v", a.Status, a.Body, sources)
	}
}
