package awstest_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a Chromium of the test's own. Whatever its console says, and whatever a
// content security policy stops, fails the test.
type browser struct {
	t      *testing.T
	ctx    context.Context
	status int64 // of the document shown
	shots  int
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "NOT CHECKED IN A BROWSER: there is no chromium, chromium-browser or google-chrome on PATH; install the package chromium (apt-get install chromium)"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir())}
	for name, value := range map[string]any{
		"headless": "new", "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true, "hide-scrollbars": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "disable-dev-shm-usage": true,
	} {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	b := &browser{t: t}
	b.ctx, _ = chromedp.NewContext(allocator)
	t.Cleanup(func() {
		// Chromium must be gone before its folder can be removed.
		if err := chromedp.Cancel(b.ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	if err := chromedp.Listen(b.ctx, b.heard); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	// As in a window that the user is in: else nothing shows where the focus is.
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return b
}

// heard listens to the browser. The only thing that it may say is that a form was
// refused: that the answer's status is 400 is checked where it is expected.
func (b *browser) heard(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source != "network" || !strings.Contains(e.Entry.Text, "status of 400 (Bad Request)") {
			b.t.Errorf("the browser logs: %s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.t.Errorf("a page writes to the console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		b.t.Errorf("a script failed: %s", e.ExceptionDetails.Text)
	}
}

// within is the browser's context for one step.
func (b *browser) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, 20*time.Second)
}

// ask runs an action and returns what it found.
func ask[T any](b *browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return got
}

// leave runs what leads to another document, and waits for it.
func (b *browser) leave(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v; the browser is at %s and shows\n%s", what, err, b.at(), ask(b, "reading the page", chromedp.Text(chromedp.CSS("body"))))
	}
	b.status = response.Status
}

func (b *browser) at() string { return ask(b, "reading the address", chromedp.Location()) }

func (b *browser) open(address string) {
	b.t.Helper()
	b.leave("opening a page", chromedp.Navigate(address))
}

// sees checks the status and the heading of the page and that it has these texts.
func (b *browser) sees(status int64, heading string, texts ...string) {
	b.t.Helper()
	got, body := ask(b, "reading the heading", chromedp.Text(chromedp.CSS("h1"))), ask(b, "reading the page", chromedp.Text(chromedp.CSS("body")))
	b.shoot(heading)
	if got != heading || b.status != status {
		b.t.Fatalf("the page is %d %q, want %d %q:\n%s", b.status, got, status, heading, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			b.t.Errorf("the page %q lacks %q:\n%s", heading, text, body)
		}
	}
	if wide := ask(b, "measuring the page", chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)); wide {
		b.t.Errorf("the page %q is wider than the window", heading)
	}
}

// submit types into the fields named and presses the button with this text.
func (b *browser) submit(button string, fields map[string]string) {
	b.t.Helper()
	for name, value := range fields {
		field := chromedp.CSS(fmt.Sprintf(`input[name=%q]:not([hidden])`, name))
		ask(b, "filling in "+name, chromedp.Steps(chromedp.Clear(field), chromedp.SendKeys(field, value)))
	}
	b.leave("pressing "+button, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, button)))
}

func (b *browser) follow(link string) {
	b.t.Helper()
	b.leave("following "+link, chromedp.Click(fmt.Sprintf(`//a[normalize-space()=%q]`, link)))
}

// types checks that whoever begins to type does so in this field.
func (b *browser) types(field string) {
	b.t.Helper()
	if got := ask(b, "reading the focus", chromedp.Evaluate[string](`document.activeElement.name || ""`)); got != field {
		b.t.Errorf("the cursor is in %q, want %q", got, field)
	}
}

// shoot keeps pictures of the page, on a phone and on a desktop, in light and in
// dark, when go test is told to keep artifacts (-artifacts).
func (b *browser) shoot(name string) {
	b.t.Helper()
	if keep := flag.Lookup("test.artifacts"); keep == nil || keep.Value.String() != "true" {
		return
	}
	b.shots++
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 375, 667}, {"desktop", 1280, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			ctx, cancel := b.within()
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			cancel()
			if err != nil {
				b.t.Fatal(err)
			}
			ask(b, "setting the size", chromedp.EmulateViewport(size.width, size.height))
			file := fmt.Sprintf("%02d-%s-%s-%s.png", b.shots, strings.ReplaceAll(strings.ToLower(strings.Trim(name, "?")), " ", "-"), size.name, scheme)
			if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), file), ask(b, "taking a picture", chromedp.CaptureScreenshot()), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
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
func (a *application) returned(b *browser, state string) (idToken string) {
	a.t.Helper()
	at := b.at()
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, a.callback+"?") || u.Query().Get("state") != state || u.Query().Get("code") == "" {
		a.t.Fatalf("the browser is at %s, want %s with a code and the state %q", at, a.callback, state)
	}
	b.sees(200, "The application")
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
	b.open(app.authorize("first"))
	b.sees(200, "Sign in")
	b.types("username")
	b.submit("Sign in", map[string]string{"username": user, "password": "wrong-PASS123"})
	b.sees(400, "Sign in", "Incorrect username or password.")
	b.types("password")
	b.submit("Sign in", map[string]string{"password": password})
	app.is(app.returned(b, "first"), user)

	// Whoever is signed in is not asked again, until signing out.
	b.open(app.authorize("second"))
	app.is(app.returned(b, "second"), user)
	b.open(app.Outputs.HostedUIURL + "/logout?" + url.Values{"client_id": {app.Outputs.UserPoolClientID}, "logout_uri": {app.callback}}.Encode())
	b.sees(200, "The application")
	b.open(app.authorize("third"))
	b.sees(200, "Sign in")

	// Sign up: a weak password is refused with what was typed kept, then the code.
	b.follow("Create an account")
	b.sees(200, "Sign up", "at least 8 characters")
	fields := map[string]string{"username": "newcomer", "attribute.email": "newcomer@example.com", "password": "weak"}
	b.submit("Create account", fields)
	b.sees(400, "Sign up", "Password not long enough")
	b.types("password")
	b.submit("Create account", map[string]string{"password": "newPASS123"})
	b.sees(200, "Confirm your account", "We sent a code to n***@e***")
	b.submit("Confirm account", map[string]string{"code": "not-it"})
	b.sees(400, "Confirm your account", "Invalid verification code provided")
	b.submit("Send a new code", nil)
	b.sees(200, "Confirm your account", "We sent a new code to n***@e***")
	b.submit("Confirm account", map[string]string{"code": app.code("newcomer")})
	b.sees(200, "Sign in", "Your account is confirmed.")
	b.submit("Sign in", map[string]string{"username": "newcomer", "password": "newPASS123"})
	app.is(app.returned(b, "third"), "newcomer")

	// A forgotten password, by the alias that the sign-up verified.
	b.open(app.Outputs.HostedUIURL + "/logout?" + strings.SplitN(app.authorize("fourth"), "?", 2)[1])
	b.sees(200, "Sign in")
	b.follow("Forgot your password?")
	b.sees(200, "Forgot your password?")
	b.submit("Send the code", map[string]string{"username": "newcomer@example.com"})
	b.sees(200, "Reset your password", "We sent a code to n***@e***")
	b.submit("Change password", map[string]string{"code": app.code("newcomer"), "password": "nextPASS123", "confirm": "other-PASS123"})
	b.sees(400, "Reset your password", "The two passwords differ.")
	b.types("password")
	b.submit("Change password", map[string]string{"password": "nextPASS123", "confirm": "nextPASS123"})
	b.sees(200, "Sign in", "Your password is changed.")
	b.submit("Sign in", map[string]string{"username": "newcomer@example.com", "password": "nextPASS123"})
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
	b.open(app.authorize("fifth") + "&prompt=login")
	b.submit("Sign in", map[string]string{"username": "invited", "password": "tempPASS123"})
	b.sees(200, "Choose a new password", "at least 8 characters")
	b.types("password")
	b.submit("Save and sign in", map[string]string{"password": "weak", "confirm": "weak"})
	b.sees(400, "Choose a new password", "Password not long enough")
	b.types("password")
	b.submit("Save and sign in", map[string]string{"password": "ownPASS123", "confirm": "ownPASS123"})
	app.is(app.returned(b, "fifth"), "invited")

	// An address that is not registered is told on our own page, and nowhere else.
	b.open(strings.Replace(app.authorize("sixth"), "redirect_uri=", "redirect_uri=http%3A%2F%2Fevil.example%2F&x=", 1))
	b.sees(400, "This request cannot be served", "is not registered")
}
