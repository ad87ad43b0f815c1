package localaws_test

import (
	"net/http"
	"strings"
	"testing"

	"auth-api/infra/localaws"
)

// Whatever is sent to whichever address is told apart and answered, and is no fault.
func FuzzServer(f *testing.F) {
	s, err := localaws.Start(localaws.Config{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(f.Context()) })
	for _, seed := range []struct{ method, uri, target, kind, body string }{
		{"POST", "/", "AWSCognitoIdentityProviderService.InitiateAuth", "application/x-amz-json-1.1", `{"ClientId":"x"}`},
		{"POST", "/", "AWSCognitoIdentityService.GetId", "", `{"IdentityPoolId":"us-west-2:x"}`},
		{"POST", "/?Action=x", "", "application/x-www-form-urlencoded", "Action=GetCallerIdentity&Version=2011-06-15"},
		{"OPTIONS", "/", ".", "text/plain;a=\"", ""},
		{"GET", "/execute-api/a/b/../c", "", "", ""}, {"GET", "/auth//login", "", "", ""}, {"POST", "/_runtime/a.b/2018-06-01/runtime/invocation/next", "", "", ""},
		{"GET", "/_local/mailbox?to=%00", "", "", ""}, {"GET", "/x/.well-known/jwks.json", "", "", ""}, {"GET", "/2015-03-31/functions/x/invocations", "", "", ""},
	} {
		f.Add(seed.method, seed.uri, seed.target, seed.kind, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, uri, target, kind, body string) {
		if !strings.HasPrefix(uri, "/") {
			return
		}
		r, err := http.NewRequest(method, s.URL(), strings.NewReader(body))
		if err != nil {
			return
		}
		path, query, _ := strings.Cut(uri, "?")
		r.URL.Opaque, r.URL.RawQuery = path, query // as it stands
		if strings.HasPrefix(path, "//") || strings.ContainsFunc(uri+target+kind, func(c rune) bool { return c <= ' ' || c > '~' }) || strings.Contains(uri, "#") {
			return // cannot stand in a request line or header
		}
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Content-Type", kind)
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return // the client would not send it
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s %q of %q with %q: %d", method, uri, target, body, resp.StatusCode)
		}
	})
}
