package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
		check("V-OAU-03", "PKCE takes S256 alone", "code_challenge_method=plain and a made-up one are refused.", docPKCE, High, every, plainPKCE),
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

// short is an address as a table has room for it, without what a code or token would
// stand in.
func short(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		return address[:i]
	}
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
