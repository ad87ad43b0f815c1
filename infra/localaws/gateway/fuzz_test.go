package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
)

// Whatever is asked of a stage, it is let in or refused, and never a fault; and what asks
// for a signature or a token lets in nobody without.
func FuzzRequest(f *testing.F) {
	x := newFixture(f)
	x.deploy(RestAPI{Body: doctest.Program()})
	x.plan("plan01", UsagePlan{}, "one")
	for _, seed := range []struct{ method, uri, header, value, body string }{
		{"GET", "/require-auth", "Authorization", "AWS4-HMAC-SHA256 Credential=a/20261122/us-west-2/execute-api/aws4_request, SignedHeaders=host, Signature=0", ""},
		{"GET", "/users", "Authorization", "Bearer a.b.c", ""},
		{"PATCH", "/users/%2e%2e?x=%zz&&=", "Content-Type", "application/json", "{"},
		{"GET", "/files//a/../%2F/", "X-Forwarded-For", "::1, x", ""},
		{"GET", "/?a=1&a=2&b", "X-Api-Key", keyValue("one"), "\xff\x00"},
		{"GET", "/no-auth?X-Amz-Signature=1", "X-Amzn-Trace-Id", "Root=", ""},
	} {
		f.Add(seed.method, seed.uri, seed.header, seed.value, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, uri, header, value, body string) {
		if !strings.HasPrefix(uri, "/") || strings.ContainsAny(uri, " #\r\n\t") {
			return // cannot stand in a request line
		}
		target := "/execute-api/" + apiID + "/v1" + uri
		r, err := http.NewRequest("GET", "http://localhost"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Method, r.RequestURI, r.RemoteAddr = method, target, "127.0.0.1:1"
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		rest, _, _ := strings.Cut(uri, "?")
		x.gateway.ServeHTTP(w, r, apiID, "v1", rest)
		if w.Code >= 500 {
			t.Fatalf("%s %q with %s: %q is answered %d %s", method, uri, header, value, w.Code, w.Body)
		}
		if path := strings.TrimLeft(rest, "/"); w.Code == 200 && (path == "require-auth" || path == "users" || path == "no-auth" && r.Header.Get("X-Api-Key") != keyValue("one")) {
			t.Fatalf("%s %q with %s: %q is let in", method, uri, header, value)
		}
	})
}
