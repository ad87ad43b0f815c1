package cases

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/net/html"
)

// PKCE's test vector: RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// browser visits the hosted sign-in, and stops at redirects.
type browser struct {
	*on
	client *http.Client
}

func (c *on) browser() *browser {
	c.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.Fatal(err)
	}
	return &browser{c, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// visit opens an address, or sends a form to it. The page itself is in its second result.
func (b *browser) visit(address string, form url.Values, headers ...string) (answer, string, *url.URL) {
	b.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	if strings.HasPrefix(address, "/auth/") {
		address = b.aws.URL() + address
	} else if strings.HasPrefix(address, "/") {
		address = b.aws.URL() + "/auth/" + domain + address
	}
	r, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	a := answer{status: response.StatusCode}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		a.body = b.mask(strings.TrimSpace(string(page)))
	}
	var to *url.URL
	if location := response.Header.Get("Location"); location != "" {
		if to, err = url.Parse(location); err != nil {
			b.Fatal(err)
		}
		shown := *to
		q := shown.Query()
		q.Del("error_description") // for people; AWS's words are not documented
		shown.RawQuery = q.Encode()
		shown.Path = strings.TrimPrefix(shown.Path, "/auth/"+domain)
		a = a.with("Location: " + b.mask(shown.String()))
	}
	if challenge := response.Header.Get("WWW-Authenticate"); challenge != "" {
		a = a.with("WWW-Authenticate: " + challenge)
	}
	return a, string(page), to
}

// authorize asks for a code, with parameters changed as told; an empty one is left out.
func (b *browser) authorize(change map[string]string) (answer, *url.URL) {
	b.Helper()
	q := url.Values{
		"client_id": {b.web}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"state-1"},
		"scope": {"openid email"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for name, value := range change {
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
	}
	a, _, to := b.visit("/oauth2/authorize?"+q.Encode(), nil)
	return a, to
}

// code signs ada in on the page and returns the code that the client is given.
func (b *browser) code() string {
	b.Helper()
	_, to := b.authorize(nil)
	_, page, _ := b.visit(to.String(), nil)
	form, action := readForm(b, page)
	form.Set("username", "ada")
	form.Set("password", password)
	a, _, to := b.visit(action, form)
	if to == nil || to.Query().Get("code") == "" {
		b.Fatalf("signing in on the page answered %s", a)
	}
	return to.Query().Get("code")
}

// readForm returns the fields of a page's form, and where it goes.
func readForm(b *browser, page string) (fields url.Values, action string) {
	b.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		b.Fatal(err)
	}
	fields = url.Values{}
	for n := range root.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		switch n.Data {
		case "form":
			action = attributes["action"]
		case "input":
			fields.Set(attributes["name"], attributes["value"])
		}
	}
	if action == "" {
		b.Fatalf("the page has no form:\n%s", page)
	}
	return fields, action
}

// token changes a code for tokens, with parameters changed as told.
func (b *browser) token(code string, change map[string]string) (answer, map[string]any) {
	b.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {b.web}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for name, value := range change {
		form.Set(name, value)
		if value == "" {
			form.Del(name)
		}
	}
	a, body, _ := b.visit("/oauth2/token", form)
	var tokens map[string]any
	if a.status == http.StatusOK {
		if err := json.Unmarshal([]byte(body), &tokens); err != nil {
			b.Fatal(err)
		}
	}
	return a, tokens
}

func oauthError(code string) answer { return answer{status: 400, body: `{"error":"` + code + `"}`} }

// back is a redirect to the client with an error and its state.
func back(code string) answer {
	return answer{status: 302, more: []string{"Location: " + callback + "?error=" + code + "&state=state-1"}}
}

const deadToken = `Access token is expired, disabled, or deleted, or the user has globally signed out.`

func hostedCases() []testCase {
	authorize := func(name, value string) func(*on) answer {
		return func(c *on) answer {
			a, _ := c.browser().authorize(map[string]string{name: value})
			return a
		}
	}
	redeem := func(change map[string]string) func(*on) answer {
		return func(c *on) answer {
			b := c.browser()
			a, _ := b.token(b.code(), change)
			return a
		}
	}
	tokens := answer{status: 200, body: `{"access_token":"JWT","expires_in":3600,"id_token":"JWT","refresh_token":"TOKEN","token_type":"Bearer"}`}
	return []testCase{
		{id: "46a", title: "redirect URI not registered", known: likely,
			aws: answer{status: 302, more: []string{"Location: /error?client_id=CLIENT&error=redirect_mismatch"}}, ask: authorize("redirect_uri", callback+"/elsewhere")},
		{id: "46b", title: "the page that it leads to", known: likely, aws: answer{status: 400}, ask: func(c *on) answer {
			b := c.browser()
			_, to := b.authorize(map[string]string{"redirect_uri": "https://thief.example.com"})
			a, _, _ := b.visit(to.String(), nil)
			return a
		}},
		{id: "47a", title: "response_type missing", known: sure, aws: back("invalid_request"), ask: authorize("response_type", "")},
		{id: "47b", title: "code_challenge_method is plain", known: sure, aws: back("invalid_request"), ask: authorize("code_challenge_method", "plain")},
		{id: "47c", title: "a flow that the client may not use", known: sure, aws: back("unauthorized_client"), ask: authorize("response_type", "token")},
		{id: "47d", title: "a scope that the client may not ask for", known: sure, aws: back("invalid_scope"), ask: authorize("scope", "openid phone")},
		{id: "P1", title: "PKCE: the verifier of RFC 7636, appendix B, for its challenge", known: sure, aws: tokens, ask: redeem(nil)},
		{id: "48a", title: "a code used twice", known: sure, aws: oauthError("invalid_grant"), ask: func(c *on) answer {
			b := c.browser()
			code := b.code()
			if a, _ := b.token(code, nil); a.status != 200 {
				c.Errorf("the first time it answered %s", a)
			}
			a, _ := b.token(code, nil)
			return a
		}},
		{id: "48b", title: "a code after five minutes", known: sure, aws: oauthError("invalid_grant"), ask: func(c *on) answer {
			b := c.browser()
			code := b.code()
			c.clock.advance(5*time.Minute + time.Second)
			a, _ := b.token(code, nil)
			return a
		}},
		{id: "49a", title: "the verifier is wrong", known: likely, aws: oauthError("invalid_grant"), ask: redeem(map[string]string{"code_verifier": strings.Repeat("a", 43)})},
		{id: "49b", title: "the verifier is missing", known: likely, aws: oauthError("invalid_grant"), ask: redeem(map[string]string{"code_verifier": ""})},
		{id: "49c", title: "another redirect_uri", known: likely, aws: oauthError("invalid_grant"), ask: redeem(map[string]string{"redirect_uri": callback + "/elsewhere"})},
		{id: "49d", title: "another client's code", known: likely, aws: oauthError("invalid_grant"), ask: func(c *on) answer { return redeem(map[string]string{"client_id": c.stranger})(c) }},
		{id: "50a", title: "unknown client", known: sure, aws: oauthError("invalid_client"), ask: redeem(map[string]string{"client_id": "nobody"})},
		{id: "50b", title: "unknown grant", known: sure, aws: oauthError("unsupported_grant_type"), ask: redeem(map[string]string{"grant_type": "password"})},
		{id: "51a", title: "a refresh token revoked, twice", known: sure, aws: answer{status: 200}, ask: func(c *on) answer {
			b := c.browser()
			form := url.Values{"token": {aws.ToString(c.signIn(c.web, "ada").RefreshToken)}, "client_id": {c.web}}
			if a, _, _ := b.visit("/oauth2/revoke", form); a.status != 200 {
				c.Errorf("the first time it answered %s", a)
			}
			a, _, _ := b.visit("/oauth2/revoke", form)
			return a
		}},
		{id: "51b", title: "an access token revoked", known: sure, aws: oauthError("unsupported_token_type"), ask: func(c *on) answer {
			a, _, _ := c.browser().visit("/oauth2/revoke", url.Values{"token": {aws.ToString(c.signIn(c.web, "ada").AccessToken)}, "client_id": {c.web}})
			return a
		}},
		{id: "52", title: "userInfo with a token that is no good", known: sure, said: `401 · WWW-Authenticate: error="invalid_token"…; the body is not documented`,
			here: answer{status: 401, body: `{"error":"invalid_token","error_description":"` + deadToken + `"}`, more: []string{`WWW-Authenticate: error="invalid_token", error_description="` + deadToken + `"`}},
			why:  "the body says what the header says", ask: func(c *on) answer {
				a, _, _ := c.browser().visit("/oauth2/userInfo", nil, "Authorization", "Bearer nonsense")
				return a
			}},
		{id: "H1", title: "a form sent from another site, without the page's token", known: open, said: "refused; not recorded", here: answer{status: 403}, why: "a sign-in that somebody else began is nobody's", ask: func(c *on) answer {
			b := c.browser()
			_, to := b.authorize(nil)
			a, _, _ := b.visit(to.String(), url.Values{"username": {"ada"}, "password": {password}})
			return a
		}},
	}
}
