package pagetest

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// The article's demo, from the first look to signing out.
func TestTheArticlesDemo(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.is("")
	p.says("No Auth", "Req. Auth", "Locked for guests", "Which door?")
	p.press("No Auth")
	p.says("Open for All!")
	p.press("Req. Auth")
	p.says("Not for guests", "is not authorized to perform: execute-api:Invoke")

	p.goes("Sign In")
	p.Sees(200, "Sign in")
	p.Submit("Sign in", map[string]string{"username": s.Outputs.DemoUser, "password": "not-the-password"})
	p.Sees(400, "Sign in", "Incorrect username or password.")
	p.Submit("Sign in", map[string]string{"password": s.Outputs.DemoPassword})
	p.is(s.Outputs.DemoUser)
	p.press("Req. Auth")
	p.says("You're past the velvet rope!")

	p.Reload()
	p.is(s.Outputs.DemoUser)
	p.press("Req. Auth")
	p.says("You're past the velvet rope!")
	p.signOut()
	p.press("Req. Auth")
	p.says("Not for guests")
	p.goes("Sign In")
	p.Sees(200, "Sign in") // and not straight back: the hosted session is over too
}

// Whoever has signed in in one tab goes on in another without a password, and is signed
// out of all at once.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	first := open(t, s)
	second := first.tab()
	first.signIn(s.Outputs.DemoUser, s.Outputs.DemoPassword)
	second.says("You have signed in in another tab")
	second.goes("Continue here")
	second.is(s.Outputs.DemoUser)
	second.press("Req. Auth")
	second.says("You're past the velvet rope!")
	second.signOut()
	first.says("Sign In")
	first.is("")
}

// Who signs out without a network is told that the sign-in does not know of it yet, and it
// gets to know when the network is back.
func TestASignOutWithoutNetwork(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.signIn(s.Outputs.DemoUser, s.Outputs.DemoPassword)
	browsertest.Ask(p.Browser, "going offline", online(false))
	browsertest.Ask(p.Browser, "opening the account's menu", chromedp.Click(chromedp.CSS("#corner .who")))
	p.press("Sign Out")
	p.says("You are not signed out everywhere yet", "Finish signing out")
	p.is("")
	p.press("Finish signing out")
	p.says("Finish signing out") // still no network
	p.Leave("going online", online(true))
	p.is("")
	p.goes("Sign In")
	p.Sees(200, "Sign in") // and not straight back
}

// Addresses that lead back from the sign-in are good once, and in the tab that left.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.show(s.Outputs.WebURL + "?code=00000000-0000-4000-8000-000000000000&state=somebody-elses")
	p.says("That sign-in was not begun here")
	p.is("")
	if at := p.At(); at != s.Outputs.WebURL {
		t.Errorf("the address is %s", at)
	}
	p.show(s.Outputs.WebURL + "?error=access_denied&error_description=No&state=somebody-elses")
	p.is("")
	p.press("No Auth")
	p.says("Open for All!")
}

// Credentials and tokens end; nobody notices while the session lasts, and a session that
// was revoked ends in words.
func TestTimeGoesBy(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.press("Req. Auth")
	p.says("Not for guests")
	s.Advance(2 * time.Hour)
	p.press("Req. Auth")
	p.says("Not for guests")
	p.signIn(s.Outputs.DemoUser, s.Outputs.DemoPassword)
	for range 2 {
		p.press("Req. Auth")
		p.says("You're past the velvet rope!")
		s.Advance(3 * time.Hour)
	}
	s.Advance(60 * 24 * time.Hour) // beyond the refresh token's days
	p.press("Req. Auth")
	p.says("You have been signed out")
	p.is("")
}

// People register at the hosted page, by the code that they are sent, and are in; who was
// invited chooses a password first.
func TestNewcomers(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.goes("Sign In")
	p.Follow("Create an account")
	p.Sees(200, "Sign up")
	p.Submit("Create account", map[string]string{"username": "newcomer", "attribute.email": "newcomer@example.com", "password": "newPASS123"})
	p.Sees(200, "Confirm your account")
	p.Submit("Confirm account", map[string]string{"code": s.Code("newcomer@example.com")})
	p.Sees(200, "Sign in", "Your account is confirmed.")
	p.Submit("Sign in", map[string]string{"username": "newcomer", "password": "newPASS123"})
	p.is("newcomer")
	p.press("Req. Auth")
	p.says("You're past the velvet rope!")
	p.signOut()

	invited := userpool.DeclaredUser{
		UserPoolID: s.Outputs.UserPoolID, Username: "invited", TemporaryPassword: "tempPASS123", MessageAction: "SUPPRESS",
		Attributes: map[string]string{"email": "invited@example.com"},
	}
	if err := s.AWS.Store.Update(func(tx *store.Tx) error {
		return s.AWS.UserPools.UserDeclared(tx, invited.UserPoolID+"/invited", nil, &invited)
	}); err != nil {
		t.Fatal(err)
	}
	p.goes("Sign In")
	p.Submit("Sign in", map[string]string{"username": "invited", "password": "tempPASS123"})
	p.Sees(200, "Choose a new password")
	p.Submit("Save and sign in", map[string]string{"password": "ownPASS123", "confirm": "ownPASS123"})
	p.is("invited")
}

// A stack that asks for a second factor asks for it at the hosted page.
func TestASecondFactor(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, settings(t, map[string]any{"identity": map[string]any{"mfa": "REQUIRED"}}))
	p := open(t, s)
	p.goes("Sign In")
	p.Submit("Sign in", map[string]string{"username": s.Outputs.DemoUser, "password": s.Outputs.DemoPassword})
	p.Sees(200, "Set up your authenticator app")
	key := regexp.MustCompile(`\s`).ReplaceAllString(browsertest.Ask(p.Browser, "reading the key", chromedp.Text(chromedp.CSS(".key"))), "")
	code, err := totp.GenerateCode(key, s.AWS.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.Submit("Verify and sign in", map[string]string{"code": code})
	p.is(s.Outputs.DemoUser)
	p.press("Req. Auth")
	p.says("You're past the velvet rope!")
}

// A plan that is used up, and one that is in a hurry.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, settings(t, map[string]any{"usagePlan": map[string]any{"quotaLimit": 2, "quotaPeriod": "DAY"}}))
	p := open(t, s)
	for range 2 {
		p.press("No Auth")
		p.says("Open for All!")
	}
	p.press("No Auth")
	p.says("The allowance is used up")
	s.Advance(24 * time.Hour)
	p.press("No Auth")
	p.says("Open for All!")

	s.Redeploy(settings(t, map[string]any{"usagePlan": map[string]any{"rateLimit": 0.001, "burstLimit": 1, "quotaLimit": 1000, "quotaPeriod": "DAY"}}))
	p.press("No Auth") // the one that is left
	p.says("Open for All!")
	p.press("No Auth")
	p.says("A little too fast")
}

// The other kinds of authorization, as choices on the same route: the page follows.
func TestTheAlternatives(t *testing.T) {
	for _, c := range []struct {
		name, guest string
		route       map[string]any
	}{
		{"a token that says who it is", "Sign in first", map[string]any{"authorization": "COGNITO_USER_POOLS"}},
		{"a token for a scope", "Sign in first", map[string]any{"authorization": "COGNITO_USER_POOLS", "scopes": []any{"openid"}}},
		{"guests may, too", "You're past the velvet rope!", map[string]any{"authorization": "AWS_IAM", "callers": []any{"authenticated", "guest"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			changed := awstest.Article(t)
			route := map[string]any{"method": "GET", "path": "/require-auth", "function": "require-auth", "apiKeyRequired": true}
			for key, value := range c.route {
				route[key] = value
			}
			changed["routes"] = []any{route}
			s := awstest.Deploy(t, changed)
			p := open(t, s)
			p.press("Req. Auth")
			p.says(c.guest)
			p.signIn(s.Outputs.DemoUser, s.Outputs.DemoPassword)
			p.press("Req. Auth")
			p.says("You're past the velvet rope!")
		})
	}
}

// An API that is away, and one that does not know its page yet.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	if err := s.AWS.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.press("No Auth")
	p.says("The API does not answer", "make up")
}

// What the page shows of a request is enough to learn from, and nothing of it is a secret.
func TestBehindTheScenes(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, awstest.Article(t))
	p := open(t, s)
	p.signIn(s.Outputs.DemoUser, s.Outputs.DemoPassword)
	p.press("Req. Auth")
	p.says("You're past the velvet rope!")
	shown := browsertest.Eval[string](p.Browser, `document.body.textContent`)
	for _, want := range []string{"AWS4-HMAC-SHA256", "auth-api-local-authenticated", "us-west-2:", "curl"} {
		if !strings.Contains(shown, want) {
			t.Errorf("it does not show %s", want)
		}
	}
	if token := regexp.MustCompile(`eyJ[\w-]{40,}`).FindString(shown); token != "" {
		t.Error("it shows a whole token")
	}
	if strings.Contains(shown, s.Outputs.APIKey) {
		t.Error("it shows the whole API key, which people would paste elsewhere")
	}
}
