package pooltest

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser is a client with cookies that stops at redirects.
type Browser struct {
	*Fixture
	Client *http.Client
}

// Browser returns a browser of its own.
func (f *Fixture) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.T.Fatal(err)
	}
	return &Browser{f, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Get opens a page of the hosted sign-in, or an address.
func (b *Browser) Get(path string) Answer {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodGet, b.Absolute(path), nil)
	if err != nil {
		b.T.Fatal(err)
	}
	return b.Do(b.Client, r)
}

// Absolute is the address of such a page.
func (b *Browser) Absolute(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	if !strings.HasPrefix(path, "/auth/") {
		path = "/auth/" + Domain + path
	}
	return b.Server.URL + path
}

// Post sends a form.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.T.Helper()
	return b.Raw(path, form.Encode())
}

// Raw sends a body as if it were a form.
func (b *Browser) Raw(path, body string) Answer {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodPost, b.Absolute(path), strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.Do(b.Client, r)
}

// Form is a form as it stands on a page.
type Form struct {
	Action string
	Values url.Values
}

// ReadForm reads the last form of a page.
func ReadForm(t testing.TB, page string) Form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out *Form
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case n.Data == "form":
			out = &Form{attr["action"], url.Values{}}
		case n.Data == "input" && out != nil:
			out.Values.Set(attr["name"], attr["value"])
		}
	}
	if out == nil {
		t.Fatalf("the page has no form:\n%s", page)
	}
	return *out
}

// Submit fills in a page's form and sends it.
func (b *Browser) Submit(page Answer, fill map[string]string) Answer {
	b.T.Helper()
	f := ReadForm(b.T, page.Body)
	for name, value := range fill {
		if !f.Values.Has(name) && name != "resend" {
			b.T.Fatalf("the form has no field %q: %v", name, f.Values)
		}
		f.Values.Set(name, value)
	}
	return b.Post(f.Action, f.Values)
}

// A verifier and its challenge, for PKCE.
const (
	Verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// AuthorizeQuery is a request to authorize, changed as told; nil takes a parameter away.
func AuthorizeQuery(change m) string {
	q := url.Values{
		"client_id": {ClientID}, "redirect_uri": {Callback}, "response_type": {"code"}, "state": {"s t&te"}, "nonce": {"n0nce"},
		"scope": {"openid email"}, "code_challenge": {Challenge}, "code_challenge_method": {"S256"},
	}
	for name, value := range change {
		if value == nil {
			q.Del(name)
			continue
		}
		q.Set(name, fmt.Sprint(value))
	}
	return q.Encode()
}

// Location is where a redirect leads.
func (a Answer) Location(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status/100 != 3 {
		t.Fatalf("no redirect: %d %q\n%s", a.Status, a.Header.Get("Location"), a.Body)
	}
	return u
}

// Code signs demouser in on the pages and returns the authorization code.
func (b *Browser) Code(change m) string {
	b.T.Helper()
	a := b.Get("/oauth2/authorize?" + AuthorizeQuery(change))
	page := b.Get(a.Location(b.T).String())
	a = b.Submit(page, map[string]string{"username": "demouser", "password": Password})
	to := a.Location(b.T)
	if to.Query().Get("code") == "" {
		b.T.Fatalf("no code: %s", to)
	}
	return to.Query().Get("code")
}

// TokenForm changes a code for tokens, changed as told; nil takes a parameter away.
func TokenForm(code string, change m) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "client_id": {ClientID}, "code": {code}, "redirect_uri": {Callback}, "code_verifier": {Verifier}}
	for name, value := range change {
		if value == nil {
			v.Del(name)
			continue
		}
		v.Set(name, fmt.Sprint(value))
	}
	return v
}

// UserInfo asks for the user of a token.
func UserInfo(b *Browser, token string) Answer {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodGet, b.Absolute("/oauth2/userInfo"), nil)
	if err != nil {
		b.T.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.Do(b.Client, r)
}
