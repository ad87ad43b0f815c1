package sigv4

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever stands in Authorization, it is read or refused, and what is read is whole.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a/20260901/r/s/aws4_request, SignedHeaders=host, Signature=0",
		"AWS4-HMAC-SHA256 Credential=,Signature=,SignedHeaders=", "Basic a=b", "AWS4-HMAC-SHA256 Signature=a,Signature=b", "=,=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{authorization}
		r.Header.Set("X-Amz-Date", "20260901T120000Z")
		s, refusal := read(r)
		if refusal != nil {
			if refusal.Status != http.StatusForbidden || refusal.Message == "" {
				t.Fatalf("%+v", refusal)
			}
			return
		}
		if s.AccessKeyID == "" || s.signature == "" || !slices.Contains(s.SignedHeaders, "host") || !strings.HasPrefix(authorization, algorithm+" ") {
			t.Fatalf("%q was read as %+v", authorization, s)
		}
	})
}

// The canonical request is made of whatever target comes in, and says the same of the
// same parameters: decoding and encoding them again changes nothing.
func FuzzCanonicalRequest(f *testing.F) {
	for _, seed := range []string{"/", "", "/a//b/../%2F?x=%zz&=&&x", "/?a=%", "/?a+b=c;d&X-Amz-Signature=x", "http://h/p?q", "*", "/é?é=\xff"} {
		f.Add(seed, "a  b")
	}
	f.Fuzz(func(t *testing.T, uri, header string) {
		r := &http.Request{Method: "GET", RequestURI: uri, Host: "api.example", Header: http.Header{"X-Test": {header}}}
		s := signed{signedHeaders: "host;x-test", Credential: Credential{SignedHeaders: []string{"host", "x-test"}, Service: "execute-api", SignedAt: time.Now()}}
		s.path, s.query = target(r)
		canonical, missing := s.canonicalRequest(r, "hash")
		if missing != "" {
			t.Fatalf("missing %q", missing)
		}
		lines := strings.Split(string(canonical), "\n")
		path, query := lines[1], lines[2]
		if !strings.HasPrefix(path, "/") && s.path != "" && strings.HasPrefix(s.path, "/") {
			t.Fatalf("path %q", path)
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || s.path != "" && decoded != s.path {
			t.Fatalf("path %q does not decode to %q: %q, %v", path, s.path, decoded, err)
		}
		if again := string(appendQuery(nil, query, false)); again != query {
			t.Fatalf("query %q becomes %q, and then %q", s.query, query, again)
		}
	})
}
