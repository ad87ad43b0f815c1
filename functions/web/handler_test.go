package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/parameter"
)

const (
	index  = `<!doctype html><html><head><base href="./"><script type="module" src="assets/main-AAAAAAAA.js"></script></head></html>`
	stored = `{
		"region": "us-west-2", "apiKey": "placeholder-key", "webUrl": "https://abc.execute-api.us-west-2.amazonaws.com/dev/",
		"apiUrl": "https://abc.execute-api.us-west-2.amazonaws.com/dev",
		"hostedUiUrl": "https://shop-dev.auth.us-west-2.amazoncognito.com", "cognitoIdentityUrl": "https://cognito-identity.us-west-2.amazonaws.com"
	}`
	served = `{"region":"us-west-2","apiKey":"placeholder-key","webUrl":"https://abc.execute-api.us-west-2.amazonaws.com/dev/",` +
		`"apiUrl":"https://abc.execute-api.us-west-2.amazonaws.com/dev",` +
		`"hostedUiUrl":"https://shop-dev.auth.us-west-2.amazoncognito.com","cognitoIdentityUrl":"https://cognito-identity.us-west-2.amazonaws.com"}`
	name = "/shop/dev/web"
)

// bundle is a client as the build embeds it.
func bundle() fstest.MapFS {
	return fstest.MapFS{
		"index.html":              {Data: []byte(index)},
		"assets/main-AAAAAAAA.js": {Data: []byte("console.log('…')")},
		"assets/style-BBBBBB.css": {Data: []byte("main{margin:0}")},
		"assets/icon-CCCCCCC.svg": {Data: []byte("<svg/>")},
	}
}

// store is a parameter store, and a clock.
type store struct {
	value string
	err   error
	time  time.Time
	asked int
}

func (s *store) configuration() *configuration {
	return &configuration{name: name, now: func() time.Time { return s.time }, get: func(ctx context.Context, asked string) (string, error) {
		s.asked++
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > patient || asked != name {
			return "", fmt.Errorf("asked for %s until %v", asked, deadline)
		}
		return s.value, s.err
	}}
}

// get is a request as API Gateway hands it over.
func get(resource string, change ...func(*events.APIGatewayProxyRequest)) events.APIGatewayProxyRequest {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: "GET", Headers: map[string]string{"X-Forwarded-Proto": "https"}}
	r.RequestContext.Path = "/dev" + resource
	for _, c := range change {
		c(&r)
	}
	return r
}

func asked(path string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.RequestContext.Path = path }
}

func with(header, value string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.Headers[header] = value }
}

func called(asset string) func(*events.APIGatewayProxyRequest) {
	return func(r *events.APIGatewayProxyRequest) { r.PathParameters = map[string]string{"asset": asset} }
}

func answer(t testing.TB, s *site, r events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := s.handle(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// logged collects what is logged from now on.
func logged(t testing.TB) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	log.SetOutput(&out)
	log.SetFlags(0)
	t.Cleanup(func() { log.SetOutput(os.Stderr); log.SetFlags(log.LstdFlags) })
	return &out
}

func TestWhatIsServed(t *testing.T) {
	const nothing = `{"error":"there is nothing here"}`
	base := func(href string) string { return strings.Replace(index, `"./"`, `"`+href+`"`, 1) }
	for _, c := range []struct {
		name        string
		request     events.APIGatewayProxyRequest
		status      int
		contentType string
		cache       string
		body        string
	}{
		{"the page", get("/"), 200, "text/html; charset=utf-8", "no-cache", base("/dev/")},
		{"the page, without a slash", get("/", asked("/dev")), 200, "text/html; charset=utf-8", "no-cache", base("/dev/")},
		{"at a domain's root", get("/", asked("/")), 200, "text/html; charset=utf-8", "no-cache", base("/")},
		{"on the local AWS", get("/", asked("/execute-api/abc/local/")), 200, "text/html; charset=utf-8", "no-cache", base("/execute-api/abc/local/")},
		{"with slashes too many", get("/", asked("//evil.example.com//")), 200, "text/html; charset=utf-8", "no-cache", base("/evil.example.com/")},
		{"a path that is none", get("/", asked(`/dev/"><script>`)), 404, "text/html; charset=utf-8", "no-store", "*The page is not served at this address."},
		{"a script", get("/assets/{asset}", called("main-AAAAAAAA.js")), 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "console.log('…')"},
		{"a stylesheet", get("/assets/{asset}", called("style-BBBBBB.css")), 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable", "main{margin:0}"},
		{"an image", get("/assets/{asset}", called("icon-CCCCCCC.svg")), 200, "image/svg+xml", "public, max-age=31536000, immutable", "<svg/>"},
		{"an asset of before", get("/assets/{asset}", called("main-OLDOLDOL.js")), 404, "application/json", "no-store", nothing},
		{"a way out", get("/assets/{asset}", called("../index.html")), 404, "application/json", "no-store", nothing},
		{"no asset", get("/assets/{asset}"), 404, "application/json", "no-store", nothing},
		{"the configuration", get("/config.json"), 200, "application/json", "no-store", served},
		{"another route", get("/orders"), 404, "application/json", "no-store", nothing},
		{"another method", get("/", func(r *events.APIGatewayProxyRequest) { r.HTTPMethod = "POST" }), 404, "application/json", "no-store", nothing},
		{"no event of API Gateway's", events.APIGatewayProxyRequest{}, 404, "application/json", "no-store", nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := answer(t, newSite(bundle(), (&store{value: stored}).configuration()), c.request)
			part, partly := strings.CutPrefix(c.body, "*")
			if got.StatusCode != c.status || got.Headers["Content-Type"] != c.contentType || got.Headers["Cache-Control"] != c.cache || got.IsBase64Encoded ||
				!partly && got.Body != c.body || !strings.Contains(got.Body, part) {
				t.Errorf("answered %d %v\n%s\nwant %d %s %s\n%s", got.StatusCode, got.Headers, got.Body, c.status, c.contentType, c.cache, c.body)
			}
			for header, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": permissions,
			} {
				if got.Headers[header] != want {
					t.Errorf("%s is %q, want %q", header, got.Headers[header], want)
				}
			}
			if policy := got.Headers["Content-Security-Policy"]; !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("the policy is %q", policy)
			}
			if https := c.request.Headers["X-Forwarded-Proto"] == "https"; https != (got.Headers["Strict-Transport-Security"] == "max-age=63072000") {
				t.Errorf("Strict-Transport-Security is %q", got.Headers["Strict-Transport-Security"])
			}
		})
	}
}

func TestThePolicyNamesTheStacksHosts(t *testing.T) {
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self' https://shop-dev.auth.us-west-2.amazoncognito.com https://cognito-identity.us-west-2.amazonaws.com https://abc.execute-api.us-west-2.amazonaws.com; " +
		"base-uri 'self'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	got := answer(t, newSite(bundle(), (&store{value: stored}).configuration()), get("/", with("X-Forwarded-Proto", "http")))
	if policy := got.Headers["Content-Security-Policy"]; policy != want {
		t.Errorf("the policy is\n%s\nwant\n%s", policy, want)
	}
	if hsts, ok := got.Headers["Strict-Transport-Security"]; ok {
		t.Errorf("over http it says Strict-Transport-Security: %s", hsts)
	}
}

// A browser asks whether the page is as it was, and is not sent it again.
func TestThePageIsSentOnce(t *testing.T) {
	clock := &store{value: stored, time: time.Unix(1e9, 0)}
	s := newSite(bundle(), clock.configuration())
	first := answer(t, s, get("/"))
	tag := first.Headers["ETag"]
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("the tag is %s", tag)
	}
	for _, given := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		got := answer(t, s, get("/", with("if-none-match", given)))
		if got.StatusCode != 304 || got.Body != "" || got.Headers["ETag"] != tag || got.Headers["Content-Security-Policy"] != first.Headers["Content-Security-Policy"] ||
			got.Headers["Content-Type"] != first.Headers["Content-Type"] {
			t.Errorf("If-None-Match %s: answered %d %q %v", given, got.StatusCode, got.Body, got.Headers)
		}
	}
	for name, r := range map[string]events.APIGatewayProxyRequest{
		"another tag": get("/", with("If-None-Match", `W/"other"`)), "none": get("/", with("If-None-Match", "")), "another place": get("/", asked("/"), with("If-None-Match", tag)),
	} {
		if got := answer(t, s, r); got.StatusCode != 200 || got.Body == "" {
			t.Errorf("%s: answered %d", name, got.StatusCode)
		}
	}
	// With another policy it is another page, though the text is the same.
	clock.value, clock.time = strings.Replace(stored, "shop-dev", "shop-new", 1), clock.time.Add(fresh)
	if got := answer(t, s, get("/", with("If-None-Match", tag))); got.StatusCode != 200 || !strings.Contains(got.Headers["Content-Security-Policy"], "shop-new") {
		t.Errorf("the sign-in moved, and it answered %d %v", got.StatusCode, got.Headers)
	}
}

// Who comes back from the hosted sign-in has a code in the address.
func TestACodeIsKeptNowhere(t *testing.T) {
	out := logged(t)
	const code = "placeholder-code"
	for name, c := range map[string]struct {
		files fs.FS
		store store
	}{
		"served": {bundle(), store{value: stored}}, "refused": {bundle(), store{err: parameter.ErrRefused}}, "not bundled": {fstest.MapFS{}, store{value: stored}},
	} {
		s := newSite(c.files, c.store.configuration())
		for _, resource := range []string{"/", "/config.json", "/assets/{asset}", "/orders"} {
			got := answer(t, s, get(resource, func(r *events.APIGatewayProxyRequest) {
				r.QueryStringParameters = map[string]string{"code": code, "state": code}
				r.MultiValueQueryStringParameters = map[string][]string{"code": {code}, "state": {code}}
				r.Headers["Referer"] = "https://example.com/?code=" + code
			}))
			text, err := json.Marshal(got)
			if err != nil || strings.Contains(string(text), code) {
				t.Errorf("%s: %s answers %s, %v", name, resource, text, err)
			}
			if got.Headers["Cache-Control"] != "no-store" || got.Headers["ETag"] != "" {
				t.Errorf("%s: %s may be kept: %v", name, resource, got.Headers)
			}
		}
	}
	if strings.Contains(out.String(), code) {
		t.Errorf("the log has it: %s", out)
	}
}

// What is missing is said to who looks, with what to do about it.
func TestWithoutAPage(t *testing.T) {
	unnamed := (&store{value: stored}).configuration()
	unnamed.name = ""
	failing := func(err error) *configuration { return (&store{err: err}).configuration() }
	changed := func(old, by string) *configuration {
		return (&store{value: strings.Replace(stored, old, by, 1)}).configuration()
	}
	without := func(file string) fs.FS {
		files := bundle()
		delete(files, file)
		return files
	}
	for _, c := range []struct {
		name   string
		files  fs.FS
		c      *configuration
		what   string // what both answers and the log say
		next   string
		config int // status of /config.json
	}{
		{"built by go build", os.DirFS("dist"), (&store{value: stored}).configuration(), "it was built by go build alone, which does not bundle functions/web/client", "make up", 200},
		{"half a bundle", without("index.html"), (&store{value: stored}).configuration(), "it was built by go build alone", "make up", 200},
		{"no base", fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}, (&store{value: stored}).configuration(), "it was built by go build alone", "make up", 200},
		{"no variable", bundle(), unnamed, "WEB_PARAMETER is not set", "setting web", 503},
		{"no grant", bundle(), failing(fmt.Errorf("reading: %w", parameter.ErrRefused)), "ssm:GetParameter", "make up", 503},
		{"no parameter", bundle(), failing(fmt.Errorf("reading the parameter %s: %w", name, parameter.ErrNotFound)), name, "makes the parameter", 503},
		{"no answer", bundle(), failing(fmt.Errorf("reading: %w: x", parameter.ErrUnavailable)), "does not answer", "Try again", 503},
		{"another error", bundle(), failing(fmt.Errorf("the token about ann")), "", "log says why", 503},
		{"no JSON", bundle(), changed(`{`, "about ann"), "its value is no JSON object", "writes the parameter anew", 503},
		{"a list", bundle(), (&store{value: `[]`}).configuration(), "its value is no JSON object", "make up", 503},
		{"null", bundle(), (&store{value: `null`}).configuration(), "its value is no JSON object", "make up", 503},
		{"no address", bundle(), changed("hostedUiUrl", "hostedUrl"), "its hostedUiUrl is no address of a host", "make up", 503},
		{"an address that would leave the policy", bundle(), changed("https://abc.execute-api.us-west-2.amazonaws.com/dev\"", "https://a;script-src *\""), "its apiUrl is no address", "make up", 503},
		{"an unencrypted address", bundle(), changed("https://cognito-identity", "http://cognito-identity"), "its cognitoIdentityUrl is no address", "make up", 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := logged(t)
			s := newSite(c.files, c.c)
			page := answer(t, s, get("/"))
			if page.StatusCode != 503 || page.Headers["Content-Type"] != "text/html; charset=utf-8" || page.Headers["Cache-Control"] != "no-store" ||
				!strings.Contains(page.Body, c.what) || !strings.Contains(page.Body, c.next) || !strings.Contains(page.Headers["Content-Security-Policy"], "connect-src 'self';") {
				t.Errorf("the page is %d %v\n%s\nwant %q and %q", page.StatusCode, page.Headers, page.Body, c.what, c.next)
			}
			if out.Len() == 0 || !strings.Contains(out.String(), c.what) {
				t.Errorf("the log says %q, want %q", out, c.what)
			}
			config := answer(t, s, get("/config.json"))
			if config.StatusCode != c.config || config.Headers["Cache-Control"] != "no-store" || c.config == 503 && (!strings.HasPrefix(config.Body, `{"error":"`) || !strings.Contains(config.Body, c.next)) {
				t.Errorf("the configuration is %d %s", config.StatusCode, config.Body)
			}
			if strings.Contains(page.Body+config.Body, "about ann") {
				t.Errorf("they tell what is nobody's business: %s %s", page.Body, config.Body)
			}
			if (page.Headers["Retry-After"] == "5") != (c.name == "no answer") {
				t.Errorf("Retry-After is %q", page.Headers["Retry-After"])
			}
		})
	}
}

// The configuration is read every ten seconds, and outlives a store that is down.
func TestTheConfigurationIsKept(t *testing.T) {
	out := logged(t)
	s := &store{value: stored, time: time.Unix(1e9, 0)}
	c := s.configuration()
	for _, step := range []struct {
		name  string
		after time.Duration
		value string
		err   error
		asked int // up to then
		says  string
	}{
		{"at first it is read", 0, stored, nil, 1, "shop-dev"},
		{"and kept", fresh - 1, "another", nil, 1, "shop-dev"},
		{"for ten seconds", 1, strings.Replace(stored, "shop-dev", "shop-new", 1), nil, 2, "shop-new"},
		{"while the store is down it is still there", fresh, "", parameter.ErrUnavailable, 3, "shop-new"},
		{"and not asked for at every request", pause - 1, "", parameter.ErrUnavailable, 3, "shop-new"},
		{"but soon again", 1, stored, nil, 4, "shop-dev"},
		{"a refusal counts at once", fresh, "", parameter.ErrRefused, 5, "no permission"},
		{"and nothing of before is shown", 0, "", parameter.ErrUnavailable, 6, "does not answer"},
		{"until it is back", 0, stored, nil, 7, "shop-dev"},
	} {
		s.time, s.value, s.err = s.time.Add(step.after), step.value, step.err
		got, f := c.current(t.Context())
		said := ""
		if f != nil {
			said = f.what
		} else {
			said = got.body
		}
		if !strings.Contains(said, step.says) || s.asked != step.asked {
			t.Errorf("%s: it says %s, asked %d times; want %s and %d", step.name, said, s.asked, step.says, step.asked)
		}
	}
	if !strings.Contains(out.String(), "the configuration of before is used") {
		t.Errorf("the log says %s", out)
	}
}

// Many requests at once ask once.
func TestOneRequestAsksForAll(t *testing.T) {
	asked := 0
	c := &configuration{name: name, now: time.Now, get: func(context.Context, string) (string, error) {
		asked++ // the race detector sees that it is one at a time
		return stored, nil
	}}
	done := make(chan *fault)
	for range 20 {
		go func() {
			_, f := c.current(context.Background())
			done <- f
		}()
	}
	for range 20 {
		if f := <-done; f != nil {
			t.Error(f.what)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestOrigins(t *testing.T) {
	for address, want := range map[string]string{
		"https://abc.example.com":               "https://abc.example.com",
		"https://abc.example.com:8443/dev?x#y":  "https://abc.example.com:8443",
		"http://127.0.0.1:4566/auth":            "http://127.0.0.1:4566",
		"http://localhost:4566/execute-api/a/b": "http://localhost:4566",
		"http://app.localhost":                  "http://app.localhost",
	} {
		if got, ok := originOf(address); !ok || got != want {
			t.Errorf("%s: got %s, %v", address, got, ok)
		}
	}
	for _, address := range []string{"", "abc.example.com", "//abc.example.com", "https://", "https:abc", "http://abc.example.com", "http://localhost.example.com", "ftp://localhost",
		"https://ann:secret@example.com", "https://*.example.com", "https://*", "https://a b", "https://a;b", "https://a,b", "https://[::1]", "https://a:", "https://a:99999", "https://a'b", "javascript:alert(1)", "HTTPS://ABC"} {
		if got, ok := originOf(address); ok {
			t.Errorf("%s: got %s", address, got)
		}
	}
}

func BenchmarkHandle(b *testing.B) {
	for name, r := range map[string]events.APIGatewayProxyRequest{"index": get("/"), "config": get("/config.json"), "asset": get("/assets/{asset}", called("main-AAAAAAAA.js"))} {
		b.Run(name, func(b *testing.B) {
			files := bundle()
			// As large as a client may be.
			files["index.html"].Data = append(files["index.html"].Data, bytes.Repeat([]byte("<p>"), 3000)...)
			files["assets/main-AAAAAAAA.js"].Data = bytes.Repeat([]byte("x"), 80_000)
			s := newSite(files, (&store{value: stored}).configuration())
			for b.Loop() {
				if got := answer(b, s, r); got.StatusCode != http.StatusOK {
					b.Fatal(got.StatusCode)
				}
			}
		})
	}
}
