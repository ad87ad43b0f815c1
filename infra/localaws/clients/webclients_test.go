package clients_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
	"gopkg.in/yaml.v3"

	"auth-api/infra/client"
	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
)

const clientsPage = "../../../functions/web/CLIENTS.md"

// block is a piece of code of the page. Blocks of one file follow one another in it.
type block struct{ language, file, code string }

var fences = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([^\n]+))?\n(.*?)^```$")

func blocks(t *testing.T) []block {
	t.Helper()
	page, err := os.ReadFile(clientsPage)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range fences.FindAllStringSubmatch(string(page), -1) {
		out = append(out, block{m[1], m[2], m[3]})
	}
	return out
}

// files are the files of one client, CLIENT/FILE and those that both share, without the
// folder.
func files(t *testing.T, client string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, b := range blocks(t) {
		if name, mine := strings.CutPrefix(b.file, client+"/"); mine || b.file != "" && !strings.Contains(b.file, "/") {
			out[name] += b.code
		}
	}
	return out
}

// code is the only block of a language without a file.
func code(t *testing.T, language string) string {
	t.Helper()
	for _, b := range blocks(t) {
		if b.language == language && b.file == "" {
			return b.code
		}
	}
	t.Fatalf("the page has no block of %s", language)
	return ""
}

// No block of the page is left out by the tests: those with a file are a client's, and of
// the others each language has a test that reads it.
func TestEveryBlockOfThePageIsTried(t *testing.T) {
	count := map[string]int{}
	for _, b := range blocks(t) {
		switch client, _, found := strings.Cut(b.file, "/"); {
		case b.file != "" && !found, client == "amplify", client == "plain":
			count["files"]++
		case b.file == "" && (b.language == "yaml" || b.language == "http" || b.language == "sh"):
			count[b.language]++
		default:
			t.Errorf("no test runs this block:\n%s", b.code)
		}
	}
	if count["yaml"] != 1 || count["http"] != 1 || count["sh"] != 3 || count["files"] != 9 {
		t.Errorf("the blocks are %v", count)
	}
	page, err := os.ReadFile(clientsPage)
	if err != nil {
		t.Fatal(err)
	}
	if opened := strings.Count(string(page), "```"); opened != 2*len(blocks(t)) {
		t.Errorf("%d fences make %d blocks", opened, len(blocks(t)))
	}
}

// The commands that install packages name versions that these tests have.
func TestThePackagesOfThePageAreTheOnesThatAreTried(t *testing.T) {
	data, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	installs := 0
	for _, b := range blocks(t) {
		if b.language != "sh" {
			continue
		}
		for line := range strings.Lines(b.code) {
			packages, is := strings.CutPrefix(strings.TrimSpace(line), "npm install ")
			if !is {
				continue
			}
			for name := range strings.FieldsSeq(packages) {
				at := strings.LastIndex(name, "@")
				if version := manifest.Dependencies[name[:at]]; !strings.HasPrefix(version, name[at+1:]+".") {
					t.Errorf("the page installs %s, and %q is tried", name, version)
				}
				installs++
			}
		}
	}
	if installs != 4 {
		t.Errorf("the page installs %d packages", installs)
	}
}

// app is a client of the page, at an origin of its own.
type app struct {
	*site
	origin string
	config client.WebConfig

	mu     sync.Mutex
	served map[string]string // path → text
	policy string
}

// newApp serves pages at an origin that the stack lets in by what the page says of it.
func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{served: map[string]string{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.origin = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)

	settings := awstest.Article(t)
	var said map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(code(t, "yaml"), "https://app.example.com", a.origin)), &said); err != nil {
		t.Fatalf("reading the page's settings: %v", err)
	}
	for key, value := range said {
		settings[key] = value
	}
	a.site = newSite(t, settings)
	var err error
	if a.config, err = a.Outputs.Web(); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path := r.URL.Path
	if path == "/" {
		path = "/index.html"
	}
	text, found := a.served[path]
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript"}[filepath.Ext(path)])
	w.Header().Set("Content-Security-Policy", a.policy)
	_, _ = w.Write([]byte(text)) // the browser is there
}

// bundle puts the files together as a bundler does, with what make web-config prints, and
// serves them.
func (a *app) bundle(n node, sources map[string]string) {
	a.t.Helper()
	env, err := a.config.Env("VITE_")
	if err != nil {
		a.t.Fatal(err)
	}
	define := map[string]string{}
	for line := range strings.Lines(env) {
		if name, value, is := strings.Cut(strings.TrimSpace(line), "="); is && !strings.HasPrefix(name, "#") {
			quoted, err := json.Marshal(value)
			if err != nil {
				a.t.Fatal(err)
			}
			define["import.meta.env."+name] = string(quoted)
		}
	}
	amplify, err := a.config.Amplify()
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	for name, value := range map[string]any{"config.json": a.config, "amplify.json": amplify} {
		data, err := json.Marshal(value)
		if err != nil {
			a.t.Fatal(err)
		}
		write(name, string(data))
	}
	if err := os.Symlink(n.modules, filepath.Join(dir, "node_modules")); err != nil {
		a.t.Fatal(err)
	}
	var entries []string
	for name, text := range sources {
		write(name, text)
		if name == "main.js" || name == "form.js" {
			entries = append(entries, filepath.Join(dir, name))
		}
	}
	built := api.Build(api.BuildOptions{
		EntryPoints: entries, Bundle: true, Splitting: true, Format: api.FormatESModule, Platform: api.PlatformBrowser, Target: api.ES2022,
		Outdir: dir, AbsWorkingDir: dir, Define: define, LogLevel: api.LogLevelSilent, PreserveSymlinks: true,
	})
	for _, fault := range append(built.Errors, built.Warnings...) {
		a.t.Fatalf("bundling the page's code: %s", strings.Join(api.FormatMessages([]api.Message{fault}, api.FormatMessagesOptions{}), ""))
	}
	served := map[string]string{"/index.html": sources["index.html"]}
	for _, file := range built.OutputFiles {
		served["/"+filepath.Base(file.Path)] = string(file.Contents)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.served, a.policy = served, a.contentPolicy()
}

// contentPolicy is the policy of the page with this stack's addresses.
func (a *app) contentPolicy() string {
	a.t.Helper()
	_, value, found := strings.Cut(strings.TrimSpace(code(a.t, "http")), "Content-Security-Policy: ")
	if !found {
		a.t.Fatal("the page's headers lack Content-Security-Policy")
	}
	origin := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			a.t.Fatal(err)
		}
		return u.Scheme + "://" + u.Host
	}
	return strings.NewReplacer("API", origin(a.config.APIURL), "HOSTED_SIGN_IN", origin(a.config.HostedUIURL), "COGNITO", origin(a.config.CognitoIdentityURL)).Replace(value)
}

// window is a browser at the app.
type window struct {
	*browsertest.Browser
	t *testing.T

	mu    sync.Mutex
	asked []string // documents that were asked for
}

// newWindow opens the app in a browser, which takes the certificates with these keys for
// good. What a policy stops, and scripts that fail, fail the test.
func newWindow(t *testing.T, a *app, keys ...string) *window {
	t.Helper()
	w := &window{Browser: browsertest.New(t, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keys, ","))), t: t}
	w.Expect("Failed to load resource", "You are using a custom Amazon") // that a guest is refused, and what Amplify says of any endpoint but AWS's
	w.Listen(func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && e.Type == network.ResourceTypeDocument {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked = append(w.asked, e.Request.URL)
		}
	})
	browsertest.Ask(w.Browser, "opening the page", chromedp.Navigate(a.origin+"/"))
	return w
}

// press clicks the button with this text.
func (w *window) press(text string) {
	w.t.Helper()
	browsertest.Ask(w.Browser, "pressing "+text, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, text)))
}

// shows waits until the page shows what begins so, and returns all of it.
func (w *window) shows(beginning string) string {
	w.t.Helper()
	output := fmt.Sprintf(`//output[starts-with(., %q)]`, beginning)
	browsertest.Ask(w.Browser, "waiting for "+beginning, chromedp.WaitReady(output))
	return browsertest.Ask(w.Browser, "reading the page", chromedp.TextContent(output))
}

// fill types into the fields.
func (w *window) fill(fields map[string]string) {
	w.t.Helper()
	for name, value := range fields {
		field := fmt.Sprintf(`input[name=%q]`, name)
		browsertest.Ask(w.Browser, "emptying "+name, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).value = ''", field)))
		browsertest.Ask(w.Browser, "filling in "+name, chromedp.SendKeys(chromedp.CSS(field), value))
	}
}

// asGuest, asUser: what the page shows a guest and the demo user of the two routes.
func (w *window) asGuest(s *site) {
	w.t.Helper()
	w.press("No auth")
	w.sees(`200 {"message":"Open for All!"}`)
	w.press("Require auth")
	if got := w.shows("403 "); !strings.Contains(got, s.role("guest")+" is not authorized to perform: execute-api:Invoke") {
		w.t.Errorf("a guest sees %s", got)
	}
}

func (w *window) asUser(s *site) {
	w.t.Helper()
	w.press("No auth")
	w.sees(`200 {"message":"Open for All!"}`)
	w.press("Require auth")
	w.sees("200 " + s.welcome())
}

// sees waits until the page shows this.
func (w *window) sees(text string) {
	w.t.Helper()
	beginning, _, _ := strings.Cut(text, `"`)
	if got := w.shows(beginning); got != text {
		w.t.Errorf("the page shows %s, want %s", got, text)
	}
}

// kept are the names under which the page's storage keeps something.
func (w *window) kept(storage string) string {
	w.t.Helper()
	return browsertest.Ask(w.Browser, "reading the storage", chromedp.Evaluate[string]("Object.keys("+storage+").join()"))
}

// The whole way of a client, from guest to guest, with the hosted sign-in in between.
func (w *window) throughTheHostedSignIn(s *site) {
	w.t.Helper()
	w.shows("A guest")
	w.asGuest(s)
	w.press("Sign in")
	browsertest.Ask(w.Browser, "waiting for the hosted sign-in", chromedp.WaitVisible(chromedp.CSS(`input[name="password"]`)))
	w.fill(map[string]string{"username": s.Outputs.DemoUser, "password": s.Outputs.DemoPassword})
	browsertest.Ask(w.Browser, "signing in", chromedp.Click(`//button[normalize-space()="Sign in"]`))
	w.shows("Signed in as " + s.Outputs.DemoUser)
	if at := browsertest.Ask(w.Browser, "reading the address", chromedp.Location()); strings.ContainsAny(at, "?#") {
		w.t.Errorf("the code is still in the address: %s", at)
	}
	w.asUser(s)
}

func TestTheClientWithFetch(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	a := newApp(t)
	a.bundle(n, files(t, "plain"))
	w := newWindow(t, a)
	w.throughTheHostedSignIn(a.site)
	if kept := w.kept("sessionStorage") + w.kept("localStorage"); kept != "" {
		t.Errorf("the page keeps %s", kept)
	}

	// The hosted session is still there: after a reload nobody is asked for a password.
	browsertest.Ask(w.Browser, "reloading", chromedp.Reload())
	w.shows("A guest")
	w.press("Sign in")
	w.shows("Signed in as " + a.Outputs.DemoUser)

	w.press("Sign out")
	w.shows("A guest")
	w.asGuest(a.site)
	w.press("Sign in")
	browsertest.Ask(w.Browser, "being asked for the password", chromedp.WaitVisible(chromedp.CSS(`input[name="password"]`)))

	// An answer that this tab did not ask for.
	browsertest.Ask(w.Browser, "following a foreign link", chromedp.Navigate(a.origin+"/?code=foreign&state=foreign"))
	w.shows("This tab did not ask for that sign-in.")
}

func TestTheClientWithAmplify(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	a := newApp(t)

	// Amplify reaches the hosted sign-in by TLS alone: here by way of a proxy.
	at, err := url.Parse(a.Outputs.AWSEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }})
	t.Cleanup(proxy.Close)
	a.config.HostedUIURL = strings.Replace(a.config.HostedUIURL, a.Outputs.AWSEndpoint, proxy.URL, 1)
	sum := sha256.Sum256(proxy.Certificate().RawSubjectPublicKeyInfo)

	a.bundle(n, files(t, "amplify"))
	w := newWindow(t, a, base64.StdEncoding.EncodeToString(sum[:]))
	w.throughTheHostedSignIn(a.site)
	if kept := w.kept("localStorage"); strings.Contains(kept, "Token") {
		t.Errorf("tokens are in localStorage: %s", kept)
	}
	browsertest.Ask(w.Browser, "reloading", chromedp.Reload())
	w.shows("Signed in as " + a.Outputs.DemoUser)
	w.press("Sign out")
	w.shows("A guest")
	w.asGuest(a.site)
	w.press("Sign in")
	browsertest.Ask(w.Browser, "being asked for the password", chromedp.WaitVisible(chromedp.CSS(`input[name="password"]`)))
}

// On a local stack as it is: what make web-config --amplify prints, and a form.
func TestTheClientWithAmplifyAndAForm(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	a := newApp(t)
	sources := files(t, "amplify")
	sources["index.html"] = strings.Replace(sources["index.html"], "</html>\n", sources["form.html"]+"</html>\n", 1)
	a.bundle(n, sources)
	w := newWindow(t, a)
	w.shows("A guest")
	w.asGuest(a.site)
	w.fill(map[string]string{"username": a.Outputs.DemoUser, "password": "wrongPASS123"})
	w.press("Sign in here")
	w.shows(wrongPassword)
	w.fill(map[string]string{"password": a.Outputs.DemoPassword})
	w.press("Sign in here")
	w.shows("Signed in as " + a.Outputs.DemoUser)
	w.asUser(a.site)
	w.press("Sign out")
	w.shows("Signed out")
	w.asGuest(a.site)
}

// Why --amplify leaves the hosted sign-in of a local stack out.
func TestAmplifyInsistsOnTLS(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	a := newApp(t)
	hosted := a.config.HostedUIURL
	a.config.HostedUIURL = strings.Replace(hosted, "http://", "https://", 1) // as if it were there
	a.bundle(n, files(t, "amplify"))
	w := newWindow(t, a)
	w.shows("A guest")
	w.press("Sign in")
	browsertest.Ask(w.Browser, "waiting for the refusal", chromedp.WaitReady(chromedp.CSS("#main-frame-error")))
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := w.asked[len(w.asked)-1]; !strings.HasPrefix(last, a.config.HostedUIURL+"/oauth2/authorize?") {
		t.Errorf("Amplify went to %s", last)
	}
}
