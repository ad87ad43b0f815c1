package clienttest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
)

const sources = "../../../functions/web/client"

// bundle bundles a file as the function's build does: one minified module.
func bundle(t testing.TB, file string) []byte {
	t.Helper()
	client, err := filepath.Abs(sources)
	if err != nil {
		t.Fatal(err)
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{file}, Alias: map[string]string{"client": client},
		Bundle: true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, TsconfigRaw: `{"compilerOptions": {"strict": true}}`,
	})
	for _, message := range append(result.Errors, result.Warnings...) {
		t.Errorf("bundling %s: %s", file, message.Text)
	}
	if len(result.OutputFiles) != 1 {
		t.Fatalf("bundling %s gave %d files", file, len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents
}

// The whole client may have 25 KB; this is the part of it without the view.
func TestSize(t *testing.T) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	code := bundle(t, filepath.Join(sources, "client.ts"))
	if _, err := w.Write(code); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes minified, %d compressed", len(code), packed.Len())
	if packed.Len() > 8<<10 {
		t.Errorf("the client has %d bytes compressed, more than 8 KB", packed.Len())
	}
}

// site is a stack and a server that shows the client as functions/web does: page and API
// share an origin, http://localhost, while the hosted sign-in and the service APIs have
// another.
type site struct {
	*awstest.Stack
	t       *testing.T
	browser *browsertest.Browser
	server  *httptest.Server
	origin  string
	webURL  string
	code    []byte

	mu     sync.Mutex
	config map[string]any
	down   map[string]bool      // first parts of paths whose requests are cut off
	held   map[string]chan bool // methods and paths whose requests wait
	tokens func(map[string]any) // changes what the token endpoint answers
	pools  func(map[string]any) // changes what the identity pool answers
	asked  []string             // addresses that the page was asked at, newest last
}

// newSite brings the article's stack up with a page, and with what change makes of its
// settings.
func newSite(t *testing.T, change func(s awstest.Settings, identity map[string]any), options ...awstest.Option) *site {
	t.Helper()
	s := &site{t: t, browser: browsertest.New(t), code: bundle(t, filepath.Join("testdata", "page.ts")), down: map[string]bool{}}
	// The browser logs every refusal, which is what these tests are about; the answers are
	// checked where they are expected.
	s.browser.Expect("Failed to load resource")
	s.server = httptest.NewServer(s.handler())
	t.Cleanup(s.server.Close)
	s.origin = strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1)
	s.webURL = s.origin + "/app/"

	settings := awstest.Article(t)
	identity, ok := settings["identity"].(map[string]any)
	if !ok {
		t.Fatalf("the article's identity is %v", settings["identity"])
	}
	urls := []any{s.webURL, s.origin + "/other/"}
	identity["callbackUrls"], identity["signOutUrls"] = urls, urls
	if change != nil {
		change(settings, identity)
	}
	s.Stack = awstest.Deploy(t, settings, options...)

	o := s.Outputs
	routes := []map[string]any{}
	for _, name := range o.RouteNames() {
		r := o.Routes[name]
		routes = append(routes, map[string]any{"method": r.Method, "path": r.Path, "authorization": r.Authorization, "apiKeyRequired": r.APIKeyRequired, "scopes": r.Scopes})
	}
	s.config = map[string]any{
		"region": o.Region, "webUrl": s.webURL, "apiUrl": strings.Replace(o.APIURL, o.AWSEndpoint, s.origin, 1), "apiKey": o.APIKey,
		"userPoolId": o.UserPoolID, "userPoolClientId": o.UserPoolClientID, "identityPoolId": o.IdentityPoolID,
		"hostedUiUrl": o.HostedUIURL, "issuer": o.Issuer, "cognitoIdentityUrl": o.AWSEndpoint, "guests": o.Guests, "routes": routes,
	}
	return s
}

// policy is as strict as a page of the client can have it.
func (s *site) policy() string {
	return "default-src 'none'; script-src 'self'; connect-src 'self' " + s.Outputs.AWSEndpoint + "; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	for _, stage := range []string{"app", "other"} {
		mux.HandleFunc("GET /"+stage+"/{$}", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", s.policy())
			_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,"><h1>The page</h1><script type="module" src="page.js"></script>`)) // the browser is there
		})
		mux.HandleFunc("GET /"+stage+"/page.js", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(s.code)
		})
		mux.HandleFunc("GET /"+stage+"/config.json", func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Date", s.AWS.Now().UTC().Format(http.TimeFormat)) // as API Gateway dates it
			if s.config == nil {
				http.Error(w, "no parameter", http.StatusBadGateway)
				return
			}
			config := maps.Clone(s.config)
			config["webUrl"] = s.origin + "/" + stage + "/"
			if err := json.NewEncoder(w).Encode(config); err != nil {
				s.t.Error(err)
			}
		})
	}
	// The API, with the Host that the browser has signed.
	mux.Handle("/execute-api/", &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host = "http", strings.TrimPrefix(s.Outputs.AWSEndpoint, "http://")
	}})
	// The hosted sign-in and the identity pool, for tests that change what they answer.
	mux.HandleFunc("GET /hosted/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.Outputs.HostedUIURL+strings.TrimPrefix(r.URL.Path, "/hosted")+"?"+r.URL.RawQuery, http.StatusFound)
	})
	mux.HandleFunc("POST /hosted/", func(w http.ResponseWriter, r *http.Request) {
		s.forward(w, r, s.Outputs.HostedUIURL+strings.TrimPrefix(r.URL.Path, "/hosted"), &s.tokens)
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		s.forward(w, r, s.Outputs.AWSEndpoint+"/", &s.pools)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := strings.Split(r.URL.Path, "/")[1]
		if first == "" {
			first = "the identity pool"
		}
		s.mu.Lock()
		if first == "app" {
			s.asked = append(s.asked, s.origin+r.URL.RequestURI())
		}
		down, held := s.down[first], s.held[r.Method+" "+r.URL.Path]
		s.mu.Unlock()
		if held != nil {
			<-held
		}
		if down {
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	})
}

// forward sends a request on, and lets change change the JSON that comes back.
func (s *site) forward(w http.ResponseWriter, r *http.Request, to string, change *func(map[string]any)) {
	fail := func(err error) {
		s.t.Errorf("forwarding %s: %v", r.URL.Path, err)
		http.Error(w, "", http.StatusBadGateway)
	}
	request, err := http.NewRequestWithContext(r.Context(), r.Method, to, r.Body)
	if err != nil {
		fail(err)
		return
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target"} {
		if value := r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fail(err)
		return
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		fail(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var answer map[string]any
	if *change != nil && json.Unmarshal(data, &answer) == nil {
		(*change)(answer)
		if data, err = json.Marshal(answer); err != nil {
			fail(err)
			return
		}
	}
	w.Header().Set("Date", response.Header.Get("Date"))
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(data) // the browser is there
}

// through leads the page's requests to the hosted sign-in and the identity pool through
// the server.
func (s *site) through() {
	s.set("hostedUiUrl", s.origin+"/hosted")
	s.set("cognitoIdentityUrl", s.origin)
}

// set changes what config.json says.
func (s *site) set(name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config[name] = value
}

// change sets what the answers that pass through are changed by.
func (s *site) change(tokens, pools func(map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens, s.pools = tokens, pools
}

// callback is the address that the hosted sign-in led to last.
func (s *site) callback() string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range slices.Backward(s.asked) {
		if strings.Contains(address, "code=") {
			return address
		}
	}
	s.t.Fatal("nobody came back from the hosted sign-in")
	return ""
}

// count counts the requests to a service that the local AWS has seen, by the beginning
// of their names.
func (s *site) count(service string) int {
	n := 0
	for _, entry := range s.Requests() {
		if strings.HasPrefix(entry.Service, service) {
			n++
		}
	}
	return n
}

// cut makes the server cut off the requests to /FIRST, or none.
func (s *site) cut(first string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.down)
	if first != "" {
		s.down[first] = true
	}
}

// hold makes the requests with a method and path wait until release is called.
func (s *site) hold(request string) (release func()) {
	held := make(chan bool)
	release = sync.OnceFunc(func() { close(held) })
	s.t.Cleanup(release)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = map[string]chan bool{request: held}
	return release
}

// page is a tab that shows the client.
type page struct {
	*browsertest.Browser
	site *site
	t    *testing.T
}

// open opens the client as somebody else's browser would.
func (s *site) open() *page {
	s.t.Helper()
	p := &page{s.browser.Private(), s, s.t}
	p.show(s.webURL)
	return p
}

// tab opens the client in another tab of the same browser.
func (p *page) tab() *page {
	p.t.Helper()
	other := &page{p.Tab(), p.site, p.t}
	other.show(p.site.webURL)
	return other
}

// show goes to an address of the client and waits until it has started.
func (p *page) show(address string) {
	p.t.Helper()
	p.Open(address)
	p.started()
}

func (p *page) started() {
	p.t.Helper()
	p.WaitFor("globalThis.page !== undefined")
}

func (p *page) reload() {
	p.t.Helper()
	p.Reload()
	p.started()
}

type fault struct{ Kind, What, Detail, Service, Error, Description string }

type exchange struct {
	Request struct {
		Method, URL, Curl string
		Headers           []struct {
			Name, Value string
			Secret      bool
		}
		Signing *struct{ CanonicalRequest, StringToSign, CredentialScope, SignedHeaders string }
	}
	Response struct {
		Status                     int
		Body, ErrorType, RequestID string
	}
	Decision string
	As       *struct {
		IdentityID, ARN, Role string
		At, Expires           int64
	}
}

// call presses the button of a route, which is to be answered.
func (p *page) call(path string) exchange {
	p.t.Helper()
	got := p.try(path)
	if got.Exchange == nil {
		p.t.Fatalf("calling %s: no answer but %+v", path, got.Fault)
	}
	return *got.Exchange
}

type outcome struct {
	Exchange *exchange
	Fault    *fault
}

func (p *page) try(path string) outcome {
	p.t.Helper()
	return browsertest.Call[outcome](p.Browser, "path => page.call(path)", path)
}

// gets checks what came of a call.
func (p *page) gets(path string, status int, decision string) exchange {
	p.t.Helper()
	got := p.call(path)
	if got.Response.Status != status || got.Decision != decision {
		p.t.Fatalf("calling %s: %d %s %q %s, want %d %s", path, got.Response.Status, got.Response.ErrorType, got.Decision, got.Response.Body, status, decision)
	}
	return got
}

// is checks who is in; "" is a guest.
func (p *page) is(user string) {
	p.t.Helper()
	if got := browsertest.Eval[string](p.Browser, `page.account()?.username ?? ""`); got != user {
		p.t.Fatalf("the page shows %q, want %q", got, user)
	}
}

// fault is what start found; its kind is "" when all is well.
func (p *page) fault() fault {
	p.t.Helper()
	return browsertest.Eval[fault](p.Browser, `page.fault ?? page.started ?? {}`)
}

// fails checks the fault of a call that gets no answer.
func (p *page) fails(path, kind, what string) {
	p.t.Helper()
	if got := p.try(path); got.Fault == nil || got.Fault.Kind != kind || got.Fault.What != what {
		p.t.Fatalf("calling %s: %+v %+v, want %s %s", path, got.Exchange, got.Fault, kind, what)
	}
}

// kept is a value of the tab's storage, by the end of its name.
func (p *page) kept(name string) string {
	p.t.Helper()
	return browsertest.Call[string](p.Browser, `name => sessionStorage.getItem(page.config.webUrl + " " + name) ?? ""`, name)
}

// refreshToken is the one that the tab keeps.
func (p *page) refreshToken() string {
	p.t.Helper()
	var kept struct{ Refresh string }
	if err := json.Unmarshal([]byte(p.kept("session")), &kept); err != nil || kept.Refresh == "" {
		p.t.Fatalf("the tab keeps no session (%v)", err)
	}
	return kept.Refresh
}

// signIn presses sign in, signs the demo user in at the hosted page, and comes back.
func (p *page) signIn() {
	p.t.Helper()
	p.toHosted()
	p.password()
}

// password signs the demo user in at the hosted page, which leads back to the client.
func (p *page) password() {
	p.t.Helper()
	p.Sees(200, "Sign in")
	p.Submit("Sign in", map[string]string{"username": p.site.Outputs.DemoUser, "password": p.site.Outputs.DemoPassword})
	p.started()
}

// toHosted presses sign in, which leads to the hosted sign-in.
func (p *page) toHosted() {
	p.t.Helper()
	p.Leave("signing in", chromedp.Evaluate[chromedp.Void](`void page.session.signIn()`))
}

func (p *page) signOut() {
	p.t.Helper()
	p.Leave("signing out", chromedp.Evaluate[chromedp.Void](`void page.session.signOut()`))
	p.started()
}

// bare checks that nothing of a sign-in is left in the address.
func (p *page) bare() {
	p.t.Helper()
	u, err := url.Parse(p.At())
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		p.t.Errorf("the address is %s", p.At())
	}
}
