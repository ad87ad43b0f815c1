package clients_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
)

// A page of another origin signs in with amazon-cognito-identity-js and calls the
// service APIs, in a browser that enforces what they say of other origins.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.New(t)
	b.Expect("status of 400 (Bad Request)", "has been blocked by CORS policy", "net::ERR_FAILED") // the refusals that are looked for
	n := newNode(t)
	s := newSite(t, awstest.Article(t))

	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,">` +
			`<script src="/identity.js"></script><script type="module" src="/browser.mjs"></script>`)) // the browser is there
	})
	for address, file := range map[string]string{
		"GET /identity.js": filepath.Join(n.modules, "amazon-cognito-identity-js", "dist", "amazon-cognito-identity.min.js"),
		"GET /browser.mjs": "browser.mjs",
	} {
		pages.HandleFunc(address, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			http.ServeFile(w, r, file)
		})
	}
	application := httptest.NewServer(pages)
	t.Cleanup(application.Close)

	b.Open(strings.Replace(application.URL, "127.0.0.1", "localhost", 1))
	s.saw(browsertest.Call[[]seen](b, "go", json.RawMessage(s.told(input{}))), []seen{
		{Step: "signed in", Body: s.Outputs.DemoUser},
		{Step: "identity", Body: s.user.Identity.ID},
		{Step: "credentials", Status: 200},
		{"credentials without a token", 400, "NotAuthorizedException", "Access to Identity '" + s.user.Identity.ID + "' is forbidden."},
		{Step: "a call with the headers of a signature", Status: 200, Body: s.Outputs.DemoUser},
		{Step: "the API", Body: "TypeError"},
		{Step: "the mailbox", Body: "TypeError"},
	})
}

// What a browser asks before it lets a page of another origin call a service API.
func TestPreflight(t *testing.T) {
	t.Parallel()
	s := newSite(t, awstest.Article(t))
	ask := func(headers string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.Outputs.AWSEndpoint+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", headers)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	list := func(resp *http.Response, name string) []string {
		return strings.Split(strings.ToLower(strings.ReplaceAll(resp.Header.Get(name), " ", "")), ",")
	}
	for client, headers := range map[string]string{
		"the AWS SDK for JavaScript":         "amz-sdk-invocation-id,amz-sdk-request,content-type,x-amz-target,x-amz-user-agent",
		"the AWS SDK for JavaScript, signed": "amz-sdk-invocation-id,amz-sdk-request,authorization,content-type,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-target,x-amz-user-agent",
		"amazon-cognito-identity-js":         "cache-control,content-type,x-amz-target,x-amz-user-agent",
	} {
		resp := ask(headers)
		if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != "*" || !slices.Contains(list(resp, "Access-Control-Allow-Methods"), "post") {
			t.Errorf("%s: answered %s with %v", client, resp.Status, resp.Header)
		}
		if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: cookies are let in", client)
		}
		for name := range strings.SplitSeq(headers, ",") {
			if !slices.Contains(list(resp, "Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: the header %s is not let in", client, name)
			}
		}
	}
	if slices.Contains(list(ask("x-other"), "Access-Control-Allow-Headers"), "x-other") {
		t.Error("a header that no client sends is let in")
	}
}
