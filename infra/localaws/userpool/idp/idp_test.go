package idp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/idp"
)

func TestAddressesThatRequestsMayGoTo(t *testing.T) {
	for address, legal := range map[string]bool{
		"https://idp.example.com/": true, "http://localhost:8080": true, "http://127.0.0.1:1/x": true, "http://[::1]:1/": true,
		"http://idp.example.com/": false, "http://localhost.example.com/": false, "http://127.0.0.1.example.com": false, "ftp://localhost/": false,
		"file:///etc/passwd": false, "//idp.example.com": false, "https://": false, "": false, "https://a@idp.example.com": false, "https://idp.example.com/#x": false,
		"http://169.254.169.254/latest/meta-data": false, "javascript:alert(1)": false, "https:idp.example.com": false,
	} {
		if err := idp.CheckURL(address); (err == nil) != legal {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestTheClientGoesNowhereElse(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/reached", http.StatusFound)
		case "/reached":
			reached = true
		}
	}))
	defer server.Close()
	client := idp.NewHTTP(nil)
	if _, err := client.Get(server.URL + "/redirect"); err == nil || reached || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("a redirect: %v", err)
	}
	if _, err := client.Get("http://idp.example.com/"); err == nil || !strings.Contains(err.Error(), "loopback alone") {
		t.Errorf("http elsewhere: %v", err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, address := range []string{"https://idp.example.com/", "http://localhost:8080", "http://[::1]/", "http://a@localhost", "http://localhost\\@evil.example"} {
		f.Add(address)
	}
	client := idp.NewHTTP(refuses{})
	f.Fuzz(func(t *testing.T, address string) {
		if idp.CheckURL(address) != nil {
			return
		}
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			return
		}
		if r.URL.Scheme == "http" && !strings.Contains(r.URL.Host, "localhost") && !strings.Contains(r.URL.Host, "127.") && !strings.Contains(r.URL.Host, ":") {
			t.Errorf("%q goes over http to %q", address, r.URL.Host)
		}
		if response, err := client.Do(r); err == nil {
			_ = response.Body.Close()
		}
	})
}

// refuses is a transport that reaches nobody.
type refuses struct{}

func (refuses) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// A refusal that a provider sends by the browser is clipped, and only known codes are passed on.
func FuzzRefused(f *testing.F) {
	f.Add("access_denied", "no")
	f.Add("x\ny", strings.Repeat("z", 1000))
	f.Fuzz(func(t *testing.T, code, description string) {
		e := idp.Refused("P", code, description)
		if e.Code != code && e.Code != "invalid_request" || len([]rune(e.Description)) > 220 || strings.ContainsAny(e.Description, "\r\n\x00") {
			t.Errorf("%q %q", e.Code, e.Description)
		}
	})
}
