package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/client"
)

const themeHosted = "Hosted sign-in and OAuth"

const (
	docAuthorize = "https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"
	docToken     = "https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html"
	docLogout    = "https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html"
	docUserInfo  = "https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html"
	docRevoke    = "https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html"
	docPKCE      = "https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html"
	rfc6749      = "https://www.rfc-editor.org/rfc/rfc6749"
	rfc9700      = "https://www.rfc-editor.org/rfc/rfc9700"
)

func hostedChecks() []Check {
	const every = "every stack"
	const user = "with a user who signs in on the hosted pages"
	check := func(id, title, proves, doc string, severity Severity, applies string, run func(context.Context, *session) []Result) Check {
		return Check{ID: id, Theme: themeHosted, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: applies, phase: main, run: run}
	}
	return []Check{
		check("V-OAU-01", "Codes go to registered addresses alone", "An authorize request with an address that is foreign, or the web client's with something added, never leads to that address.", docAuthorize, Critical, every, foreignRedirects),
		check("V-OAU-02", "The implicit flow is refused", "response_type=token, and token mixed with code, give no token by the address.", rfc9700+"#section-2.1.2", High, every, implicit),
		check("V-OAU-03", "PKCE takes S256 alone", "code_challenge_method=plain, a made-up one and a challenge that is none are refused.", docPKCE, High, every, plainPKCE),
		check("V-OAU-04", "The state comes back as it was sent", "With an error and with a code, state is in the answer, to the letter: what ties it to the request.", rfc6749+"#section-10.12", High, every, stateEchoed),
		check("V-OAU-05", "A scope that is not the client's is refused", "A made-up scope, and aws.cognito.signin.user.admin, with which a page's token could change the user's own attributes and password.", docAuthorize, High, every, foreignScope),
		check("V-OAU-06", "An unknown client is led nowhere", "A client id that nobody has, and one of a program, with the web client's address: no redirect there with a code.", docAuthorize, High, every, foreignClient),
		check("V-OAU-07", "A code with its verifier gives tokens, and no secret is needed", "The flow as the web client goes it: the control for the refusals below, which alter it.", docToken, Medium, user, codeWorks),
		check("V-OAU-08", "A code is good once", "The same code is sent again and refused.", rfc6749+"#section-4.1.2", Critical, user, codeOnce),
		check("V-OAU-09", "A code without its verifier is refused", "PKCE left out, a wrong verifier, and the challenge itself as verifier.", docPKCE, Critical, user, wrongVerifier),
		check("V-OAU-10", "A code is for its redirect_uri", "The code is sent with another address, and with none.", rfc6749+"#section-4.1.3", High, user, otherRedirect),
		check("V-OAU-11", "A code is for its client", "The code is sent as another client, with that one's secret where the stack has one.", docToken, Critical, user, otherClient),
		check("V-OAU-12", "A made-up code is refused", "A code that was never given, and an empty one.", docToken, High, every, madeUpCode),
		check("V-OAU-13", "The web client gets no tokens for itself", "The client credentials grant and the password grant with the web client's id, which everybody knows, are refused.", docToken, Critical, every, otherGrants),
		check("V-OAU-14", "Programs get no token without their secret", "The client credentials grant with a program's id and no secret, or a wrong one.", docToken, Critical, "stacks with machineClients", wrongSecret),
		check("V-OAU-15", "Signing out leads to registered addresses alone", "A logout request with a foreign logout_uri never leads there.", docLogout, High, every, openRedirect),
		check("V-OAU-16", "userInfo takes genuine access tokens alone", "Forged tokens, an ID token and none are refused.", docUserInfo, Critical, "with a user's token to forge", userInfo),
		check("V-OAU-17", "A revoked refresh token is refused", "A refresh token of the hosted sign-in is revoked and used.", docRevoke, High, user, revokedRefresh),
		check("V-OAU-18", "The hosted pages cannot be framed or guessed at", "The sign-in page forbids frames and being taken for another type.", "https://cheatsheetseries.owasp.org/cheatsheets/Clickjacking_Defense_Cheat_Sheet.html", Medium, every, pageHeaders),
		check("V-OAU-19", "What comes with a request is not written into pages", "Markup in every parameter of the hosted pages is not in the answer as markup.", "https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html", Critical, every, markup),
		check("V-OAU-20", "A form of another site signs nobody in", "The sign-in form sent without the page's token, as another site would make a browser send it, gives no code.", rfc6749+"#section-10.12", High, user, crossSite),
		{ID: "V-OAU-21", Theme: themeHosted, Severity: High, phase: last, Doc: docToken, Title: "A code is over after five minutes",
			Proves: "A code that was not used, six minutes later by the local AWS's clock.", Applies: "local stacks with --clock, " + user, run: expiredCode},
	}
}

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

// foreign are addresses that look like the registered one and are not.
func foreign(registered string) []string {
	u, err := url.Parse(registered)
	if err != nil || u.Host == "" {
		return []string{"https://verify.example.com/"}
	}
	out := []string{
		"https://verify.example.com/", registered + "verify", registered + "?verify=1", registered + "#verify", strings.ToUpper(registered),
		u.Scheme + "://" + u.Host + ".verify.example.com" + u.Path, u.Scheme + "://" + u.Host + "@verify.example.com" + u.Path,
		u.Scheme + "://verify.example.com/" + u.Host + u.Path, u.Scheme + "://" + u.Host + "/verify/..%2f" + strings.TrimPrefix(u.Path, "/"), "//verify.example.com" + u.Path, "javascript:alert(1)",
	}
	other := "http"
	if u.Scheme == "http" {
		other = "https"
	}
	return append(out, other+strings.TrimPrefix(registered, u.Scheme))
}

// short is an address as a table has room for it, without a query.
func short(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

func foreignRedirects(ctx context.Context, s *session) (out []Result) {
	for _, to := range foreign(s.out.WebURL) {
		if slices.Contains(s.out.CallbackURLs, to) {
			continue
		}
		f, err := s.flow()
		if err != nil {
			return []Result{broken("", "", err)}
		}
		f.q.Set("redirect_uri", to)
		a, err := s.newBrowser().open(ctx, "/oauth2/authorize", f.q)
		if err != nil {
			out = append(out, broken("", "redirect to "+to, err))
			continue
		}
		led := a.header.Get("Location")
		out = append(out, mustHold("", "redirect to "+to, "not led there", strings.TrimSpace(fmt.Sprint(a.status, " ", short(led))), a.status >= 400 || ownPage(s, led) && !strings.HasPrefix(led, s.out.HostedUIURL+"/login")))
	}
	return out
}

// ownPage tells whether an address is the hosted sign-in's own error page.
func ownPage(s *session, address string) bool {
	u, err := url.Parse(s.out.HostedUIURL + "/")
	if err != nil {
		return false
	}
	to, err := u.Parse(address)
	return err == nil && address != "" && to.Host == u.Host && strings.HasSuffix(to.Path, "/error")
}

// staysHere tells whether an address is one of the hosted sign-in's own.
func (s *session) staysHere(address string) bool {
	base, err := url.Parse(s.out.HostedUIURL + "/")
	if err != nil || address == "" {
		return false
	}
	to, err := base.Parse(address)
	return err == nil && to.Scheme == base.Scheme && to.Host == base.Host
}

// refusedFlow sends an authorize request that must lead back with this error, or to the
// hosted sign-in's own error page; never with a code or a token, nor to the sign-in.
func (s *session) refusedFlow(ctx context.Context, what string, change func(url.Values)) Result {
	f, err := s.flow()
	if err != nil {
		return broken("", what, err)
	}
	change(f.q)
	a, err := s.newBrowser().open(ctx, "/oauth2/authorize", f.q)
	if err != nil {
		return broken("", what, err)
	}
	led := a.header.Get("Location")
	to, err := url.Parse(led)
	if err != nil {
		return broken("", what, errors.New("it leads to what is no address"))
	}
	fault := to.Query().Get("error")
	if inFragment, err := url.ParseQuery(to.Fragment); err == nil && fault == "" { // as the implicit flow answers
		fault = inFragment.Get("error")
	}
	refused := a.status >= 400 || ownPage(s, led) || fault != ""
	got := fmt.Sprint(a.status)
	switch {
	case fault != "":
		got += " " + fault
	case led != "":
		got += " to " + short(led)
	}
	return mustHold("", what, "an error, and no sign-in", got, refused)
}

func implicit(ctx context.Context, s *session) (out []Result) {
	for _, kind := range []string{"token", "id_token", "code token"} {
		out = append(out, s.refusedFlow(ctx, "response_type="+kind, func(q url.Values) { q.Set("response_type", kind) }))
	}
	return out
}

func plainPKCE(ctx context.Context, s *session) []Result {
	return []Result{
		s.refusedFlow(ctx, "code_challenge_method=plain", func(q url.Values) { q.Set("code_challenge_method", "plain") }),
		s.refusedFlow(ctx, "a made-up method", func(q url.Values) { q.Set("code_challenge_method", "verify") }),
	}
}

func stateEchoed(ctx context.Context, s *session) (out []Result) {
	f, err := s.flow()
	if err != nil {
		return []Result{broken("", "", err)}
	}
	f.q.Del("response_type")
	f.q.Set("state", "verify/+&=é "+f.q.Get("state"))
	a, err := s.newBrowser().open(ctx, "/oauth2/authorize", f.q)
	if err != nil {
		return []Result{broken("", "with an error", err)}
	}
	to, err := url.Parse(a.header.Get("Location"))
	got := "another state"
	same := err == nil && to.Query().Get("state") == f.q.Get("state")
	if same {
		got = "the same state"
	}
	out = append(out, mustHold("", "with an error", "the same state", got, same))

	s.people.codes.mu.Lock()
	defer s.people.codes.mu.Unlock()
	if err := s.people.signedIn(ctx); err != nil {
		return append(out, failure(err)...)
	}
	got, same = "another state", s.people.codes.first.Query().Get("state") == s.people.codes.flow.q.Get("state")
	if same {
		got = "the same state"
	}
	return append(out, mustHold("", "with a code", "the same state", got, same))
}

func foreignScope(ctx context.Context, s *session) []Result {
	return []Result{
		s.refusedFlow(ctx, "scope verify/everything", func(q url.Values) { q.Set("scope", "openid verify/everything") }),
		s.refusedFlow(ctx, "scope aws.cognito.signin.user.admin", func(q url.Values) { q.Set("scope", "openid aws.cognito.signin.user.admin") }),
		s.refusedFlow(ctx, "scope *", func(q url.Values) { q.Set("scope", "*") }),
	}
}

func foreignClient(ctx context.Context, s *session) (out []Result) {
	out = append(out, s.refusedFlow(ctx, "an unknown client", func(q url.Values) { q.Set("client_id", "verifyverifyverifyverifyve") }))
	for _, name := range sortedKeys(s.out.MachineClients) {
		out = append(out, s.refusedFlow(ctx, "the program "+name, func(q url.Values) { q.Set("client_id", s.out.MachineClients[name].ID) }))
	}
	return out
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

func openRedirect(ctx context.Context, s *session) (out []Result) {
	for _, parameter := range []string{"logout_uri", "redirect_uri"} {
		for _, to := range foreign(s.out.WebURL) {
			if slices.Contains(s.out.SignOutURLs, to) || slices.Contains(s.out.CallbackURLs, to) {
				continue
			}
			q := url.Values{"client_id": {s.out.UserPoolClientID}, parameter: {to}}
			if parameter == "redirect_uri" {
				q.Set("response_type", "code")
			}
			a, err := s.newBrowser().open(ctx, "/logout", q)
			if err != nil {
				out = append(out, broken("", parameter+" "+to, err))
				continue
			}
			led := a.header.Get("Location")
			out = append(out, mustHold("", parameter+" "+to, "not led there", strings.TrimSpace(fmt.Sprint(a.status, " ", short(led))), a.status >= 400 || s.staysHere(led)))
		}
	}
	return out
}

func userInfo(ctx context.Context, s *session) (out []Result) {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	forgeries, err := s.forgeries(ctx, u.tokens.Access)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	for _, f := range append(forgeries, forgery{what: "that is an ID token", jwt: u.tokens.ID}, forgery{what: "that is not there"}) {
		a, err := s.prober.send(ctx, func() (*http.Request, error) {
			h := map[string]string{}
			if f.jwt != "" {
				h["Authorization"] = "Bearer " + f.jwt
			}
			return request{method: http.MethodGet, path: "/oauth2/userInfo", header: h}.to(ctx, s.out.HostedUIURL)
		})
		if err != nil {
			return []Result{broken("", "a token "+f.what, err)}
		}
		out = append(out, mustHold("", "a token "+f.what, "401", a.String(), a.status == http.StatusUnauthorized || a.status == http.StatusBadRequest))
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

func pageHeaders(ctx context.Context, s *session) []Result {
	f, err := s.flow()
	if err != nil {
		return []Result{broken("", "", err)}
	}
	a, err := s.newBrowser().open(ctx, "/login", f.q)
	if err != nil {
		return []Result{broken("", "", err)}
	}
	policy := a.header.Get("Content-Security-Policy")
	frames := a.header.Get("X-Frame-Options")
	forbids := strings.EqualFold(frames, "DENY") || strings.EqualFold(frames, "SAMEORIGIN") || strings.Contains(policy, "frame-ancestors")
	return []Result{
		mustHold("", "X-Frame-Options, or frame-ancestors", "DENY", frames, forbids),
		mustHold("", "X-Content-Type-Options", "nosniff", a.header.Get("X-Content-Type-Options"), strings.EqualFold(a.header.Get("X-Content-Type-Options"), "nosniff")),
	}
}

func markup(ctx context.Context, s *session) (out []Result) {
	const mark = `"><script>verify(1)</script>`
	for _, path := range []string{"/login", "/oauth2/authorize", "/error", "/logout"} {
		for _, parameter := range []string{"client_id", "state", "redirect_uri", "scope", "error", "login_hint"} {
			f, err := s.flow()
			if err != nil {
				return []Result{broken("", "", err)}
			}
			f.q.Set(parameter, mark)
			a, err := s.newBrowser().open(ctx, path, f.q)
			if err != nil {
				out = append(out, broken("", path+" "+parameter, err))
				continue
			}
			found := strings.Contains(string(a.body), "<script>verify(1)")
			got := "not in the page"
			if found {
				got = "in the page"
			}
			out = append(out, mustHold("", path+" "+parameter, "not in the page", got, !found))
		}
	}
	return out
}

func crossSite(ctx context.Context, s *session) []Result {
	u, why := s.people.user()
	if u == nil {
		return []Result{skip("", "", "%s", why)}
	}
	f, err := s.flow()
	if err != nil {
		return []Result{broken("", "", err)}
	}
	a, err := s.prober.send(ctx, func() (*http.Request, error) {
		return request{method: http.MethodPost, path: "/login", query: f.q.Encode(), body: []byte(url.Values{"username": {u.username}, "password": {u.password}}.Encode()),
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://verify.example.com"}}.to(ctx, s.out.HostedUIURL)
	})
	if err != nil {
		return []Result{broken("", "", err)}
	}
	to, err := url.Parse(a.header.Get("Location"))
	gave := err == nil && to.Query().Get("code") != ""
	return []Result{mustHold("", "a form without the page's token", "no code", a.String(), !gave)}
}
