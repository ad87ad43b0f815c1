package verify

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"auth-api/infra/client"
)

// browser walks the hosted sign-in as a person's browser does, at one host, and follows
// nothing that leads away from it.
type browser struct {
	s       *session
	cookies map[string]string
}

func (s *session) newBrowser() *browser { return &browser{s, map[string]string{}} }

// open asks for an address of the hosted sign-in, relative to it.
func (b *browser) open(ctx context.Context, path string, q url.Values) (answer, error) {
	return b.do(ctx, http.MethodGet, b.s.out.HostedUIURL+path+"?"+q.Encode(), nil)
}

func (b *browser) do(ctx context.Context, method, address string, body url.Values) (answer, error) {
	a, err := b.s.prober.send(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body.Encode()))
		if err != nil {
			return nil, errors.New("opening the hosted sign-in: the address cannot be read")
		}
		for _, name := range sortedKeys(b.cookies) {
			req.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", origin(address))
			req.Header.Set("Referer", address)
		}
		return req, nil
	})
	if err != nil {
		return a, err
	}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, c.Name)
		}
	}
	return a, nil
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// flow is a sign-in by the code flow with PKCE (RFC 7636).
type flow struct {
	q        url.Values // of /oauth2/authorize
	verifier string
}

// flow begins one, to the stack's web address.
func (s *session) flow() (flow, error) {
	verifier, err := random(24)
	if err != nil {
		return flow{}, err
	}
	state, err := random(8)
	if err != nil {
		return flow{}, err
	}
	sum := sha256.Sum256([]byte(verifier))
	return flow{url.Values{
		"response_type": {"code"}, "client_id": {s.out.UserPoolClientID}, "redirect_uri": {s.out.WebURL}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}, verifier}, nil
}

// signIn signs the user in on the hosted pages, and returns where these led: the callback
// with a code.
func (b *browser) signIn(ctx context.Context, u *person, f flow) (*url.URL, error) {
	at := b.s.out.HostedUIURL + "/oauth2/authorize?" + f.q.Encode()
	a, err := b.do(ctx, http.MethodGet, at, nil)
	for steps := 0; err == nil && steps < 12; steps++ {
		if location := a.header.Get("Location"); location != "" {
			here, parseErr := url.Parse(at)
			if parseErr != nil {
				return nil, errors.New("walking the hosted sign-in: it leads to what is no address")
			}
			next, parseErr := here.Parse(location)
			if parseErr != nil {
				return nil, errors.New("walking the hosted sign-in: it leads to what is no address")
			}
			if strings.HasPrefix(next.String(), f.q.Get("redirect_uri")) {
				return next, nil
			}
			if origin(next.String()) != origin(b.s.out.HostedUIURL) {
				return nil, fmt.Errorf("walking the hosted sign-in: it leads away to %s", next.Host)
			}
			at = next.String()
			a, err = b.do(ctx, http.MethodGet, at, nil)
			continue
		}
		at, a, err = b.fill(ctx, u, at, a)
	}
	if err == nil {
		err = errors.New("it leads nowhere in twelve steps")
	}
	return nil, fmt.Errorf("walking the hosted sign-in: %w", err)
}

// fill fills in the form that a page shows.
func (b *browser) fill(ctx context.Context, u *person, at string, page answer) (string, answer, error) {
	all := forms(page.body)
	values := url.Values{}
	f, password, found := with(all, "password")
	if found {
		name := "username"
		for _, n := range sortedKeys(f.fields) {
			if t := f.fields[n]; t == "text" || t == "email" || t == "tel" {
				name = n
			}
		}
		values.Set(name, u.username)
		values.Set(password, u.password)
	} else {
		// What is neither is asked for is the code of the second factor.
		var name string
		for _, kind := range []string{"text", "number", "tel"} {
			if f, name, found = with(all, kind); found {
				break
			}
		}
		if !found || u.app == nil {
			return at, page, fmt.Errorf("a page with status %d that is not understood", page.status)
		}
		code, err := u.directory.NextCode(ctx, u.app)
		if err != nil {
			return at, page, err
		}
		values.Set(name, code)
	}
	if page.status >= 400 {
		return at, page, fmt.Errorf("the page answers %d: what was entered is not taken", page.status)
	}
	for name, value := range f.hidden {
		values.Set(name, value)
	}
	here, err := url.Parse(at)
	if err != nil {
		return at, page, errors.New("its address cannot be read")
	}
	next, err := here.Parse(f.action)
	if err != nil || origin(next.String()) != origin(at) {
		return at, page, errors.New("its form leads away")
	}
	a, err := b.do(ctx, http.MethodPost, next.String(), values)
	return next.String(), a, err
}

// again gets one more code in a browser that is signed in.
func (b *browser) again(ctx context.Context, f flow) (string, error) {
	a, err := b.open(ctx, "/oauth2/authorize", f.q)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		return "", fmt.Errorf("getting a code: %s, and no code", a)
	}
	return to.Query().Get("code"), nil
}

// tokenAnswer is what the token endpoint says.
type tokenAnswer struct {
	answer
	err    string // error of RFC 6749, section 5.2
	tokens client.Tokens
}

func (a tokenAnswer) String() string { return strings.TrimSpace(fmt.Sprint(a.status, " ", a.err)) }

// token asks the token endpoint.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
func (s *session) token(ctx context.Context, values url.Values, prove func(*http.Request)) (tokenAnswer, error) {
	return s.post(ctx, "/oauth2/token", values, prove)
}

func (s *session) post(ctx context.Context, path string, values url.Values, prove func(*http.Request)) (tokenAnswer, error) {
	a, err := s.prober.send(ctx, func() (*http.Request, error) {
		req, err := request{method: http.MethodPost, path: path, body: []byte(values.Encode()), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}.to(ctx, s.out.HostedUIURL)
		if err == nil && prove != nil {
			prove(req)
		}
		return req, err
	})
	out := tokenAnswer{answer: a}
	if err != nil {
		return out, err
	}
	var body struct {
		Error   string `json:"error"`
		ID      string `json:"id_token"`
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(a.body, &body) == nil {
		out.err, out.tokens = body.Error, client.Tokens{ID: body.ID, Access: body.Access, Refresh: body.Refresh}
	}
	if !slices.Contains([]string{"", "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "unsupported_token_type", "invalid_token"}, out.err) {
		out.err = "another error" // what it says is a stranger's
	}
	return out, nil
}

// redeem exchanges a code.
func (s *session) redeem(ctx context.Context, f flow, code string, change func(url.Values)) (tokenAnswer, error) {
	values := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {s.out.UserPoolClientID}, "code": {code},
		"redirect_uri": {f.q.Get("redirect_uri")}, "code_verifier": {f.verifier},
	}
	if change != nil {
		change(values)
	}
	a, err := s.token(ctx, values, nil)
	if err == nil {
		s.people.granted(a.tokens)
	}
	return a, err
}
