package awstest_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// newBrowser starts a browser that may log one thing alone, that a form was refused: that
// the answer's status is 400 is checked where it is expected.
func newBrowser(t *testing.T) *browsertest.Browser {
	t.Helper()
	b := browsertest.New(t)
	b.Expect("status of 400 (Bad Request)")
	return b
}

// application is a client of the pool with a callback that answers.
type application struct {
	*awstest.Stack
	t        *testing.T
	callback string
	verifier string
}

func newApplication(t *testing.T) *application {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,"><h1>The application</h1>`)) // the browser is there
	}))
	t.Cleanup(server.Close)
	a := &application{t: t, verifier: rand.Text() + rand.Text(), callback: strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/"}
	settings := awstest.Article(t)
	identity, ok := settings["identity"].(map[string]any)
	if !ok {
		t.Fatalf("the article's identity is %v", settings["identity"])
	}
	identity["callbackUrls"], identity["signOutUrls"] = []any{a.callback}, []any{a.callback}
	a.Stack = awstest.Deploy(t, settings)
	return a
}

func (a *application) authorize(state string) string {
	sum := sha256.Sum256([]byte(a.verifier))
	return a.Outputs.HostedUIURL + "/oauth2/authorize?" + url.Values{
		"client_id": {a.Outputs.UserPoolClientID}, "redirect_uri": {a.callback}, "response_type": {"code"}, "scope": {"openid email"},
		"state": {state}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// returned checks that the browser is at the callback with the state, and changes the
// code that it brought for tokens.
func (a *application) returned(b *browsertest.Browser, state string) (idToken string) {
	a.t.Helper()
	at := b.At()
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, a.callback+"?") || u.Query().Get("state") != state || u.Query().Get("code") == "" {
		a.t.Fatalf("the browser is at %s, want %s with a code and the state %q", at, a.callback, state)
	}
	b.Sees(200, "The application")
	response, err := http.PostForm(a.Outputs.HostedUIURL+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.Outputs.UserPoolClientID}, "redirect_uri": {a.callback},
		"code": {u.Query().Get("code")}, "code_verifier": {a.verifier},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	var tokens struct {
		IDToken string `json:"id_token"`
		Error   string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || response.StatusCode != 200 || tokens.IDToken == "" {
		a.t.Fatalf("changing the code: %d %s %v", response.StatusCode, tokens.Error, err)
	}
	return tokens.IDToken
}

// is checks whose token it is.
func (a *application) is(idToken, username string) {
	a.t.Helper()
	claims, err := a.AWS.UserPools.VerifyToken(a.Outputs.UserPoolID, idToken)
	if err != nil || claims.Username != username {
		a.t.Errorf("the token is %q's, want %q's (%v)", claims.Username, username, err)
	}
}

// code is the code that was sent last to the user or address.
func (a *application) code(to string) string {
	a.t.Helper()
	mail := a.AWS.Mailbox.For(to)
	if len(mail) == 0 {
		a.t.Fatalf("nothing was sent to %s", to)
	}
	return mail[len(mail)-1].Code
}

func TestHostedSignInInABrowser(t *testing.T) {
	b := newBrowser(t)
	app := newApplication(t)
	user, password := app.Outputs.DemoUser, app.Outputs.DemoPassword

	// A wrong password is said on the page; the right one leads back to the application.
	b.Open(app.authorize("first"))
	b.Sees(200, "Sign in")
	b.Types("username")
	b.Submit("Sign in", map[string]string{"username": user, "password": "wrong-PASS123"})
	b.Sees(400, "Sign in", "Incorrect username or password.")
	b.Types("password")
	b.Submit("Sign in", map[string]string{"password": password})
	app.is(app.returned(b, "first"), user)

	// Whoever is signed in is not asked again, until signing out.
	b.Open(app.authorize("second"))
	app.is(app.returned(b, "second"), user)
	b.Open(app.Outputs.HostedUIURL + "/logout?" + url.Values{"client_id": {app.Outputs.UserPoolClientID}, "logout_uri": {app.callback}}.Encode())
	b.Sees(200, "The application")
	b.Open(app.authorize("third"))
	b.Sees(200, "Sign in")

	// Sign up: a weak password is refused with what was typed kept, then the code.
	b.Follow("Create an account")
	b.Sees(200, "Sign up", "at least 8 characters")
	fields := map[string]string{"username": "newcomer", "attribute.email": "newcomer@example.com", "password": "weak"}
	b.Submit("Create account", fields)
	b.Sees(400, "Sign up", "Password not long enough")
	b.Types("password")
	b.Submit("Create account", map[string]string{"password": "newPASS123"})
	b.Sees(200, "Confirm your account", "We sent a code to n***@e***")
	b.Submit("Confirm account", map[string]string{"code": "not-it"})
	b.Sees(400, "Confirm your account", "Invalid verification code provided")
	b.Submit("Send a new code", nil)
	b.Sees(200, "Confirm your account", "We sent a new code to n***@e***")
	b.Submit("Confirm account", map[string]string{"code": app.code("newcomer")})
	b.Sees(200, "Sign in", "Your account is confirmed.")
	b.Submit("Sign in", map[string]string{"username": "newcomer", "password": "newPASS123"})
	app.is(app.returned(b, "third"), "newcomer")

	// A forgotten password, by the alias that the sign-up verified.
	b.Open(app.Outputs.HostedUIURL + "/logout?" + strings.SplitN(app.authorize("fourth"), "?", 2)[1])
	b.Sees(200, "Sign in")
	b.Follow("Forgot your password?")
	b.Sees(200, "Forgot your password?")
	b.Submit("Send the code", map[string]string{"username": "newcomer@example.com"})
	b.Sees(200, "Reset your password", "We sent a code to n***@e***")
	b.Submit("Change password", map[string]string{"code": app.code("newcomer"), "password": "nextPASS123", "confirm": "other-PASS123"})
	b.Sees(400, "Reset your password", "The two passwords differ.")
	b.Types("password")
	b.Submit("Change password", map[string]string{"password": "nextPASS123", "confirm": "nextPASS123"})
	b.Sees(200, "Sign in", "Your password is changed.")
	b.Submit("Sign in", map[string]string{"username": "newcomer@example.com", "password": "nextPASS123"})
	app.is(app.returned(b, "fourth"), "newcomer")

	// A temporary password must be changed for one's own.
	invited := userpool.DeclaredUser{
		UserPoolID: app.Outputs.UserPoolID, Username: "invited", TemporaryPassword: "tempPASS123", MessageAction: "SUPPRESS",
		Attributes: map[string]string{"email": "invited@example.com"},
	}
	if err := app.AWS.Store.Update(func(tx *store.Tx) error {
		return app.AWS.UserPools.UserDeclared(tx, invited.UserPoolID+"/invited", nil, &invited)
	}); err != nil {
		t.Fatal(err)
	}
	b.Open(app.authorize("fifth") + "&prompt=login")
	b.Submit("Sign in", map[string]string{"username": "invited", "password": "tempPASS123"})
	b.Sees(200, "Choose a new password", "at least 8 characters")
	b.Types("password")
	b.Submit("Save and sign in", map[string]string{"password": "weak", "confirm": "weak"})
	b.Sees(400, "Choose a new password", "Password not long enough")
	b.Types("password")
	b.Submit("Save and sign in", map[string]string{"password": "ownPASS123", "confirm": "ownPASS123"})
	app.is(app.returned(b, "fifth"), "invited")

	// An address that is not registered is told on our own page, and nowhere else.
	b.Open(strings.Replace(app.authorize("sixth"), "redirect_uri=", "redirect_uri=http%3A%2F%2Fevil.example%2F&x=", 1))
	b.Sees(400, "This request cannot be served", "is not registered")
}
