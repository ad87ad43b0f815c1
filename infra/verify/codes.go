package verify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"auth-api/infra/client"
)

// codes is the browser that is signed in, one for the run.
type codes struct {
	mu      sync.Mutex
	browser *browser
	err     error
	tokens  client.Tokens
	who     *person
	first   *url.URL // where the sign-in led
	flow    flow
}

// signedIn signs the run's user in on the hosted pages, once. The lock is held.
func (p *people) signedIn(ctx context.Context) error {
	c := &p.codes
	if c.browser != nil || c.err != nil {
		return c.err
	}
	u, why := p.user()
	if u == nil {
		c.err = skipped(why)
		return c.err
	}
	b := p.s.newBrowser()
	if c.flow, c.err = p.s.flow(); c.err != nil {
		return c.err
	}
	if c.first, c.err = b.signIn(ctx, u, c.flow); c.err != nil {
		return c.err
	}
	got, err := p.s.redeem(ctx, c.flow, c.first.Query().Get("code"), nil)
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("exchanging the code of the hosted sign-in: %s", got)
	}
	c.browser, c.who, c.tokens, c.err = b, u, got.tokens, err
	return c.err
}

// skipped is why a check is not made at all, as an error.
type skipped string

func (s skipped) Error() string { return string(s) }

// hosted returns tokens of the hosted sign-in.
func (p *people) hosted(ctx context.Context) (client.Tokens, error) {
	p.codes.mu.Lock()
	defer p.codes.mu.Unlock()
	err := p.signedIn(ctx)
	return p.codes.tokens, err
}

// code gets a new code.
func (p *people) code(ctx context.Context) (f flow, code string, err error) {
	p.codes.mu.Lock()
	defer p.codes.mu.Unlock()
	if err := p.signedIn(ctx); err != nil {
		return f, "", err
	}
	if f, err = p.s.flow(); err == nil {
		code, err = p.codes.browser.again(ctx, f)
	}
	return f, code, err
}

// failure is a result for what could not be begun: skipped where that is why.
func failure(err error) []Result {
	if why, ok := err.(skipped); ok {
		return []Result{skip("", "", "%s", why)}
	}
	return []Result{broken("", "", err)}
}

func codeWorks(ctx context.Context, s *session) []Result {
	f, code, err := s.people.code(ctx)
	if err != nil {
		return failure(err)
	}
	a, err := s.redeem(ctx, f, code, nil)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	return []Result{mustHold("", "the web client, without a secret", "200", a.String(), a.status == http.StatusOK && a.tokens.ID != "" && a.tokens.Access != "")}
}

// badCode gets a code for each of the ways and redeems it so; it must be refused.
func (s *session) badCode(ctx context.Context, ways map[string]func(url.Values)) (out []Result) {
	for _, what := range sortedKeys(ways) {
		f, code, err := s.people.code(ctx)
		if err != nil {
			return failure(err)
		}
		a, err := s.redeem(ctx, f, code, ways[what])
		if err != nil {
			return []Result{broken("", what, err)}
		}
		out = append(out, refusedToken(what, a))
	}
	return out
}

func refusedToken(what string, a tokenAnswer) Result {
	return mustHold("", what, "an OAuth error, no token", a.String(), a.status >= 400 && a.status < 500 && a.tokens.Access == "" && a.tokens.ID == "")
}

func codeOnce(ctx context.Context, s *session) []Result {
	f, code, err := s.people.code(ctx)
	if err != nil {
		return failure(err)
	}
	if a, err := s.redeem(ctx, f, code, nil); err != nil || a.status != http.StatusOK {
		return []Result{skip("", "", "even a new code is not taken: see V-OAU-07")}
	}
	a, err := s.redeem(ctx, f, code, nil)
	if err != nil {
		return []Result{broken("", "the second time", err)}
	}
	return []Result{refusedToken("the second time", a)}
}

func wrongVerifier(ctx context.Context, s *session) []Result {
	return s.badCode(ctx, map[string]func(url.Values){
		"no verifier":    func(v url.Values) { v.Del("code_verifier") },
		"another one":    func(v url.Values) { v.Set("code_verifier", strings.Repeat("verify", 8)) },
		"an empty one":   func(v url.Values) { v.Set("code_verifier", "") },
		"it and a space": func(v url.Values) { v.Set("code_verifier", v.Get("code_verifier")+" ") },
	})
}

func otherRedirect(ctx context.Context, s *session) []Result {
	ways := map[string]func(url.Values){
		"another address": func(v url.Values) { v.Set("redirect_uri", "https://verify.example.com/") },
		"none":            func(v url.Values) { v.Del("redirect_uri") },
	}
	for _, other := range s.out.CallbackURLs {
		if other != s.out.WebURL {
			ways["another registered address"] = func(v url.Values) { v.Set("redirect_uri", other) }
		}
	}
	return s.badCode(ctx, ways)
}

func otherClient(ctx context.Context, s *session) []Result {
	ways := map[string]func(url.Values){"an unknown client": func(v url.Values) { v.Set("client_id", "verifyverifyverifyverifyve") }}
	for name, c := range s.out.MachineClients {
		ways["the program "+name] = func(v url.Values) { v.Set("client_id", c.ID); v.Set("client_secret", c.Secret) }
	}
	return s.badCode(ctx, ways)
}

func madeUpCode(ctx context.Context, s *session) (out []Result) {
	for what, code := range map[string]string{"made up": "00000000-0000-4000-8000-000000000000", "empty": ""} {
		f, err := s.flow()
		if err != nil {
			return []Result{broken("", what, err)}
		}
		a, err := s.redeem(ctx, f, code, nil)
		if err != nil {
			return []Result{broken("", what, err)}
		}
		out = append(out, refusedToken(what, a))
	}
	return out
}

func otherGrants(ctx context.Context, s *session) (out []Result) {
	for what, values := range map[string]url.Values{
		"client credentials": {"grant_type": {"client_credentials"}},
		"password":           {"grant_type": {"password"}, "username": {"verify"}, "password": {"verify"}},
		"a made-up grant":    {"grant_type": {"verify"}},
	} {
		values.Set("client_id", s.out.UserPoolClientID)
		a, err := s.token(ctx, values, nil)
		if err != nil {
			return []Result{broken("", what, err)}
		}
		out = append(out, refusedToken(what, a))
	}
	return out
}

func wrongSecret(ctx context.Context, s *session) (out []Result) {
	for _, name := range sortedKeys(s.out.MachineClients) {
		id := s.out.MachineClients[name].ID
		for what, prove := range map[string]func(*http.Request){
			"no secret": nil, "a wrong secret": func(r *http.Request) { r.SetBasicAuth(id, "verify") },
		} {
			a, err := s.token(ctx, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}, prove)
			if err != nil {
				return []Result{broken("", what, err)}
			}
			out = append(out, refusedToken("the program "+name+", "+what, a))
		}
	}
	return out
}

func revokedRefresh(ctx context.Context, s *session) []Result {
	f, code, err := s.people.code(ctx)
	if err != nil {
		return failure(err)
	}
	got, err := s.redeem(ctx, f, code, nil)
	if err != nil || got.tokens.Refresh == "" {
		return []Result{skip("", "", "the code gave no refresh token: see V-OAU-07")}
	}
	client := url.Values{"client_id": {s.out.UserPoolClientID}}
	revoke := url.Values{"token": {got.tokens.Refresh}, "client_id": client["client_id"]}
	if a, err := s.post(ctx, "/oauth2/revoke", revoke, nil); err != nil || a.status != http.StatusOK {
		return []Result{mustHold("", "revoking it", "200", a.String(), false)}
	}
	a, err := s.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.tokens.Refresh}, "client_id": client["client_id"]}, nil)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	return []Result{refusedToken("a revoked refresh token", a)}
}
