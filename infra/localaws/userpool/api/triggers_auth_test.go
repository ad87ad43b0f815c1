package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// gatekeepers are the pool's functions before and after signing in: they note what
// they are sent, and refuse what they are told to.
type gatekeepers struct {
	events []event
	refuse string
}

func withGatekeepers(t *testing.T, change func(*userpool.Pool)) (*pooltest.Fixture, *gatekeepers) {
	t.Helper()
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.LambdaConfig = &userpool.LambdaConfig{PreAuthentication: functionARN + "before", PostAuthentication: functionARN + "after"}
	if change != nil {
		change(&p)
	}
	f.Declare(pooltest.PoolID, p)
	g := &gatekeepers{}
	f.SetFunction(func(arn string, payload []byte, _ string) ([]byte, string, error) {
		var e event
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, "", err
		}
		if err := json.Unmarshal(payload, &e.all); err != nil {
			return nil, "", err
		}
		if want := map[bool]string{true: "before", false: "after"}[strings.HasPrefix(e.TriggerSource, "Pre")]; arn != functionARN+want {
			t.Errorf("%s goes to %s", e.TriggerSource, arn)
		}
		g.events = append(g.events, e)
		if e.TriggerSource == g.refuse {
			return []byte(`{"errorMessage":"the office is closed"}`), "Unhandled", nil
		}
		return payload, "", nil
	})
	return f, g
}

func (g *gatekeepers) sources() (out []string) {
	for _, e := range g.events {
		out = append(out, e.TriggerSource)
	}
	g.events = nil
	return out
}

const before, after = "PreAuthentication_Authentication", "PostAuthentication_Authentication"

func TestFunctionsBeforeAndAfterSigningIn(t *testing.T) {
	f, g := withGatekeepers(t, nil)
	in := pooltest.PasswordFlow("demo@example.com", pooltest.Password)
	in["ClientMetadata"] = m{"office": "north"}
	if a := f.API("InitiateAuth", in); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if len(g.events) != 2 {
		t.Fatalf("%d events", len(g.events))
	}
	pre, post := g.events[0], g.events[1]
	request := pre.all["request"].(m)
	if pre.Version != "1" || pre.UserName != "demouser" || pre.Request.UserAttributes["email"] != "demo@example.com" || pre.Request.UserAttributes["cognito:user_status"] != "CONFIRMED" ||
		pre.Request.ValidationData["office"] != "north" || request["userNotFound"] != false || request["clientMetadata"] != nil || pre.CallerContext.ClientID != pooltest.ClientID {
		t.Errorf("before: %v", pre.all)
	}
	request = post.all["request"].(m)
	if post.Version != "1" || post.UserName != "demouser" || request["newDeviceUsed"] != false || post.Request.UserAttributes["sub"] == "" || len(post.all["response"].(m)) != 0 {
		t.Errorf("after: %v", post.all)
	}
	g.sources()
	result := f.SignIn("demouser", pooltest.Password)
	if got := g.sources(); !slices.Equal(got, []string{before, after}) {
		t.Errorf("%v", got)
	}
	// A wrong password is tried, and nobody has signed in.
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "wrongPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
	if got := g.sources(); !slices.Equal(got, []string{before}) {
		t.Errorf("a wrong password: %v", got)
	}
	if _, _, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil); err != nil {
		t.Error(err)
	}
	if got := g.sources(); !slices.Equal(got, []string{before, after}) {
		t.Errorf("SRP: %v", got)
	}
	if a := f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": result["RefreshToken"]}}); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := g.sources(); got != nil {
		t.Errorf("refreshing: %v", got)
	}
}

func TestFunctionsThatRefuseASignIn(t *testing.T) {
	f, g := withGatekeepers(t, nil)
	g.refuse = before
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "UserLambdaValidationException", "PreAuthentication failed with error the office is closed.")
	if _, _, err := pooltest.SRP(f, "demouser", pooltest.Password, nil, pooltest.ClientID, nil); err == nil || !strings.Contains(err.Error(), "the office is closed") {
		t.Errorf("SRP: %v", err)
	}
	b := f.Browser()
	page := b.Get(b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(nil)).Location(t).String())
	signIn := map[string]string{"username": "demouser", "password": pooltest.Password}
	if to := b.Submit(page, signIn).Location(t); to.Query().Get("code") != "" || to.Query().Get("error_description") != "PreAuthentication failed with error the office is closed." {
		t.Errorf("to %s", to)
	}
	g.refuse = after
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "UserLambdaValidationException", "PostAuthentication failed with error the office is closed.")
	if to := b.Submit(page, signIn).Location(t); to.Query().Get("code") != "" || to.Query().Get("error_description") != "PostAuthentication failed with error the office is closed." {
		t.Errorf("to %s", to)
	}
	g.refuse = ""
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t); to.Query().Get("error") != "login_required" {
		t.Errorf("a browser whose sign-in was refused is signed in: %s", to)
	}
	// Nothing is left of the sign-ins that came to nothing.
	list, over, err := f.Pools.Refreshable()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if !over(i) {
			t.Errorf("a sign-in that was refused can be refreshed: %+v", i)
		}
	}
	if to := b.Submit(page, signIn).Location(t); to.Query().Get("code") == "" {
		t.Errorf("to %s", to)
	}
}

func TestFunctionsAndNamesThatNobodyHas(t *testing.T) {
	f, g := withGatekeepers(t, nil)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("nobody", "x")), "NotAuthorizedException", pooltest.WrongPassword)
	if len(g.events) != 1 || g.events[0].all["request"].(m)["userNotFound"] != true || g.events[0].UserName != "nobody" || len(g.events[0].Request.UserAttributes) != 0 {
		t.Errorf("%v", g.events)
	}
	g.sources()
	c := pooltest.Client()
	c.PreventUserExistenceErrors = "LEGACY"
	f.DeclareClient(pooltest.ClientID, c)
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("nobody", "x")), "UserNotFoundException", "User does not exist.")
	if got := g.sources(); got != nil {
		t.Errorf("where users are not hidden: %v", got)
	}
	for range 10 {
		f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "wrongPASS1"))
	}
	g.sources()
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "NotAuthorizedException", "Password attempts exceeded")
	if got := g.sources(); got != nil {
		t.Errorf("of a name that is locked: %v", got)
	}
}

// The function after signing in is told once the second factor was shown.
func TestFunctionsAndTheSecondFactor(t *testing.T) {
	f, g := withGatekeepers(t, func(p *userpool.Pool) {
		p.MFAConfiguration, p.SoftwareTokenMFA = "ON", &userpool.SoftwareTokenMFA{Enabled: true}
	})
	secret, _ := f.Enrol("demouser", pooltest.Password)
	if got := g.sources(); !slices.Equal(got, []string{before, after}) {
		t.Errorf("setting up: %v", got)
	}
	session := f.MFASession("SOFTWARE_TOKEN_MFA", "demouser", pooltest.Password)
	if got := g.sources(); !slices.Equal(got, []string{before}) {
		t.Errorf("after the password: %v", got)
	}
	f.Advance(pooltest.Step)
	if a := f.API("RespondToAuthChallenge", pooltest.SoftwareToken(session, "demouser", f.TOTP(secret, 0))); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := g.sources(); !slices.Equal(got, []string{after}) {
		t.Errorf("after the code: %v", got)
	}
}
