package clienttest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
)

type m = map[string]any

// The article's story: a guest is refused, signs in, is let in, and signs out.
func TestTheArticlesStory(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.is("")
	p.gets("/no-auth", 200, "allowed")
	refused := p.gets("/require-auth", 403, "not-permitted")
	if refused.Response.ErrorType != "AccessDeniedException" || refused.Response.RequestID == "" || refused.As == nil || !strings.HasSuffix(refused.As.Role, "-guest") {
		t.Errorf("a guest's refusal is %+v", refused)
	}
	p.signIn()
	p.is(s.Outputs.DemoUser)
	p.bare()
	in := p.gets("/require-auth", 200, "allowed")
	if !strings.Contains(in.Response.Body, "velvet rope") || in.As == nil || !strings.HasSuffix(in.As.Role, "-authenticated") || in.As.IdentityID == refused.As.IdentityID {
		t.Errorf("the answer is %+v", in)
	}
	p.showsNoSecret(in)
	p.reload()
	p.is(s.Outputs.DemoUser)
	p.gets("/require-auth", 200, "allowed")

	p.signOut()
	p.is("")
	p.gets("/require-auth", 403, "not-permitted")
	if kept := p.kept("session"); kept != "" {
		t.Error("a sign-out leaves a session behind")
	}
	for _, token := range s.Tokens() {
		if token.Use == "refresh" && !token.Revoked {
			t.Error("a sign-out leaves the refresh token good")
		}
	}
	p.toHosted()
	p.Sees(200, "Sign in") // the hosted session is over too
}

// showsNoSecret checks what is shown of a request that was signed, and what is kept.
func (p *page) showsNoSecret(e exchange) {
	p.t.Helper()
	shown, err := json.Marshal(e)
	if err != nil {
		p.t.Fatal(err)
	}
	if e.Request.Signing == nil || !strings.Contains(e.Request.Signing.CanonicalRequest, "x-amz-security-token:") {
		p.t.Errorf("the signature is explained by %+v", e.Request.Signing)
	}
	secrets := browsertest.Eval[[]string](p.Browser, `(async () => {
		const { secretAccessKey, sessionToken } = await page.credentials();
		return [secretAccessKey, sessionToken, await page.token("id"), await page.token("access"), page.config.apiKey];
	})()`)
	for i, secret := range append(secrets, p.refreshToken()) {
		if secret == "" || strings.Contains(string(shown), secret) {
			p.t.Errorf("secret %d is empty or shown", i)
		}
	}
	keys := browsertest.Eval[[]string](p.Browser, `Object.keys(sessionStorage)`)
	for _, key := range keys {
		if !strings.HasPrefix(key, p.site.webURL+" ") {
			p.t.Errorf("the key %q does not say whose it is", key)
		}
	}
	if browsertest.Eval[int](p.Browser, `localStorage.length + document.cookie.length`) != 0 || len(keys) == 0 {
		p.t.Error("something is kept where it outlives the tab")
	}
}

// Hours later everything has ended but the refresh token; and the services' clock is
// another than the browser's. Nobody notices.
func TestRenewal(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.signIn()
	before := p.gets("/require-auth", 200, "allowed")

	s.Advance(10 * time.Minute) // the signature is refused, and dated anew
	calls := s.count("execute-api GET /require-auth")
	if got := p.gets("/require-auth", 200, "allowed"); got.As.Expires != before.As.Expires {
		t.Error("credentials were renewed that were good")
	}
	if n := s.count("execute-api GET /require-auth") - calls; n != 2 {
		t.Errorf("%d requests were sent, want one that is refused and one", n)
	}
	s.Advance(3 * time.Hour)
	after := p.gets("/require-auth", 200, "allowed")
	if left := time.Duration(after.As.Expires-after.As.At) * time.Millisecond; left > time.Hour || left < 55*time.Minute {
		t.Errorf("the credentials end in %s", left)
	}
	if after.As.Expires <= before.As.Expires || after.As.IdentityID != before.As.IdentityID {
		t.Errorf("before %+v, after %+v", before.As, after.As)
	}
	s.Advance(3 * time.Hour)
	p.reload()
	p.gets("/require-auth", 200, "allowed")

	// Back in time: what the page takes for over, and what it gets anew, is not.
	s.Advance(3 * time.Hour)
	p.gets("/no-auth", 200, "allowed") // from which it learns the time
	s.Advance(-3 * time.Hour)
	p.gets("/require-auth", 200, "allowed")
	p.is(s.Outputs.DemoUser)

	// Several that find everything over renew it once.
	s.Advance(2 * time.Hour)
	p.gets("/no-auth", 200, "allowed")
	refreshes, exchanges := s.count("cognito /oauth2/token"), s.count("cognito-identity GetCredentialsForIdentity")
	if got := browsertest.Eval[string](p.Browser, `Promise.all([page.call("/require-auth"), page.call("/require-auth"), page.token("id"), page.token("access")])
		.then(([one, other, ...tokens]) => [one.exchange.decision, other.exchange.decision, ...tokens.map((token) => typeof token)].join())`); got != "allowed,allowed,string,string" {
		t.Errorf("four at once: %s", got)
	}
	if r, x := s.count("cognito /oauth2/token")-refreshes, s.count("cognito-identity GetCredentialsForIdentity")-exchanges; r != 1 || x != 1 {
		t.Errorf("%d refreshes and %d exchanges, want one of each", r, x)
	}
}

// Credentials that the API calls over are renewed, whatever their own end says.
func TestCredentialsThatEndedEarlier(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	s.change(nil, func(answer map[string]any) {
		if c, ok := answer["Credentials"].(map[string]any); ok {
			c["Expiration"] = c["Expiration"].(float64) + 86_400
		}
	})
	p := s.open()
	p.signIn()
	p.gets("/require-auth", 200, "allowed")
	s.Advance(61 * time.Minute)
	p.gets("/require-auth", 200, "allowed")
	expired := 0
	for _, entry := range s.Denied() {
		if strings.Contains(entry.Reason, "expired") {
			expired++
		}
	}
	if expired == 0 {
		t.Error("the API has called nothing expired, so nothing was tried")
	}
}

func TestARevokedSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	revoke := func(p *page) {
		t.Helper()
		response, err := http.PostForm(s.Outputs.HostedUIURL+"/oauth2/revoke", url.Values{"token": {p.refreshToken()}, "client_id": {s.Outputs.UserPoolClientID}})
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("revoking: %v %v", response, err)
		}
		response.Body.Close()
	}
	ended := func(p *page) {
		t.Helper()
		p.fails("/require-auth", "session-ended", "")
		p.is("")
		if got := browsertest.Eval[[]string](p.Browser, `page.changes.map((change) => change.fault?.kind ?? "")`); len(got) != 1 || got[0] != "session-ended" {
			t.Errorf("the page was told %q", got)
		}
		if p.kept("session") != "" {
			t.Error("the tokens are still kept")
		}
		p.gets("/require-auth", 403, "not-permitted") // as a guest
	}
	// Credentials are good until they end; then the session shows to be over.
	p := s.open()
	p.signIn()
	p.gets("/require-auth", 200, "allowed")
	revoke(p)
	p.gets("/require-auth", 200, "allowed")
	s.Advance(2 * time.Hour)
	ended(p)

	// The identity pool asks the user pool about a token: without credentials it shows at once.
	p = s.open()
	p.signIn()
	revoke(p)
	ended(p)

	// A month later the refresh token is too old.
	p = s.open()
	p.signIn()
	s.Advance(31 * 24 * time.Hour)
	p.reload()
	ended(p)
}

func TestRefreshTokenRotation(t *testing.T) {
	t.Parallel()
	for name, rotation := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(_ awstest.Settings, identity map[string]any) {
				if rotation {
					identity["tier"], identity["tokens"] = "ESSENTIALS", m{"rotation": true}
				}
			})
			p := s.open()
			p.signIn()
			seen := map[string]bool{p.refreshToken(): true}
			for range 3 {
				s.Advance(2 * time.Hour)
				p.gets("/require-auth", 200, "allowed")
				seen[p.refreshToken()] = true
				p.reload()
			}
			if rotation != (len(seen) == 4) || !rotation && len(seen) != 1 {
				t.Errorf("%d refresh tokens were kept", len(seen))
			}
			p.is(s.Outputs.DemoUser)
		})
	}
}

// What an address may bring that this tab did not ask for.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	arrives := func(p *page, address, kind string, redemptions int) fault {
		t.Helper()
		before := s.count("cognito /oauth2/token")
		p.show(address)
		got := p.fault()
		if got.Kind != kind {
			t.Errorf("at %s: %+v, want %q", address, got, kind)
		}
		if n := s.count("cognito /oauth2/token") - before; n != redemptions {
			t.Errorf("at %s: %d codes were redeemed, want %d", address, n, redemptions)
		}
		p.bare()
		return got
	}
	with := func(parameters ...string) string {
		q := url.Values{}
		for i := 0; i < len(parameters); i += 2 {
			q.Set(parameters[i], parameters[i+1])
		}
		return s.webURL + "?" + q.Encode()
	}
	// begins begins a sign-in and returns its state.
	begins := func(p *page) string {
		t.Helper()
		p.toHosted()
		at, err := url.Parse(p.At())
		if err != nil || len(at.Query().Get("state")) != 43 || at.Query().Get("code_challenge_method") != "S256" {
			t.Fatalf("the hosted sign-in is at %s (%v)", p.At(), err)
		}
		return at.Query().Get("state")
	}

	// Nobody asked for it.
	p := s.open()
	arrives(p, with("code", "stolen", "state", "foreign"), "foreign-callback", 0)
	arrives(p, with("code", "stolen"), "foreign-callback", 0)
	arrives(p, with("code", "stolen", "state", ""), "foreign-callback", 0)
	got := arrives(p, with("error", "access_denied", "error_description", "Call 555-0100 now", "state", "foreign"), "foreign-callback", 0)
	if got.Description != "" {
		t.Errorf("a foreign text is shown: %q", got.Description)
	}
	if p.show(s.webURL + "?else=1"); p.fault().Kind != "" || !strings.HasSuffix(p.At(), "?else=1") {
		t.Errorf("an address with something else is %s, %+v", p.At(), p.fault())
	}

	// It does not disturb a sign-in that is under way.
	state := begins(p)
	arrives(p, with("code", "stolen", "state", "foreign"), "foreign-callback", 0)
	if got = arrives(p, with("error", "invalid_request", "error_description", "the nonce is too long", "state", state), "sign-in-refused", 0); got.Error != "invalid_request" || got.Description != "the nonce is too long" {
		t.Errorf("a refusal: %+v", got)
	}
	arrives(p, with("error", "invalid_request", "state", state), "used-callback", 0)

	// A code that is too old, or was guessed.
	state = begins(p)
	arrives(p, with("code", "0b3f1a5e-old", "state", state), "used-callback", 1)
	p.is("")

	// One that is opened twice, here and in another tab, changes nothing.
	p.signIn()
	used := s.callback()
	arrives(p, used, "used-callback", 0)
	p.is(s.Outputs.DemoUser)
	other := p.tab()
	arrives(other, used, "foreign-callback", 0)
	other.is("")
	arrives(p, with("code", "stolen", "state", "foreign"), "foreign-callback", 0)
	p.is(s.Outputs.DemoUser)
	p.gets("/require-auth", 200, "allowed")
}

// An ID token that is not the one that was asked for lets nobody in.
func TestForeignTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	for claim, c := range map[string]struct {
		value      any
		kind, says string
	}{
		"nonce":     {"another", "foreign-callback", ""},
		"aud":       {"another", "refused", "The ID token's aud is wrong."},
		"iss":       {"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Foreign01", "refused", "The ID token's iss is wrong."},
		"token_use": {"access", "refused", "The ID token's token_use is wrong."},
		"exp":       {1, "refused", "The ID token's exp is wrong."},
	} {
		s.change(func(answer map[string]any) {
			if token, ok := answer["id_token"].(string); ok {
				answer["id_token"] = altered(t, token, claim, c.value)
			}
		}, nil)
		p := s.open()
		p.signIn()
		if got := p.fault(); got.Kind != c.kind || got.Description != c.says {
			t.Errorf("another %s: %+v", claim, got)
		}
		p.is("")
		p.bare()
		if p.kept("session") != "" {
			t.Errorf("another %s: the tokens are kept", claim)
		}
	}
	// Of a refresh: somebody else's token is not taken, and the session stays.
	s.change(nil, nil)
	p := s.open()
	p.signIn()
	s.Advance(2 * time.Hour)
	p.gets("/no-auth", 200, "allowed")
	s.change(func(answer map[string]any) {
		if token, ok := answer["id_token"].(string); ok {
			answer["id_token"] = altered(t, token, "sub", "somebody-else")
		}
	}, nil)
	if got := p.try("/require-auth"); got.Fault == nil || got.Fault.Description != "The ID token's sub is wrong." {
		t.Errorf("somebody else's: %+v", got)
	}
	s.change(nil, nil)
	p.gets("/require-auth", 200, "allowed")
}

// altered is a token with another claim; its signature no longer fits.
func altered(t *testing.T, token, claim string, value any) string {
	t.Helper()
	parts := strings.Split(token, ".")
	var claims map[string]any
	if data, err := decode(parts[1]); err != nil || json.Unmarshal(data, &claims) != nil {
		t.Errorf("the token's claims cannot be read (%v)", err)
	}
	claims[claim] = value
	data, err := json.Marshal(claims)
	if err != nil {
		t.Error(err)
	}
	return parts[0] + "." + encode(data) + "." + parts[2]
}

func TestTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	first := s.open()
	second := first.tab()
	first.signIn()

	// The other tab hears of it, gets no token, and follows without a password.
	second.WaitFor("page.session.elsewhere")
	second.is("")
	second.gets("/require-auth", 403, "not-permitted")
	second.toHosted() // and back
	second.started()
	second.is(s.Outputs.DemoUser)
	if second.refreshToken() == first.refreshToken() {
		t.Error("two tabs share a refresh token")
	}
	if browsertest.Eval[bool](second.Browser, "page.session.elsewhere") {
		t.Error("who is in here is elsewhere")
	}
	// One that is opened later asks.
	third := first.tab()
	third.WaitFor("page.session.elsewhere && page.changes.length === 1")

	// A sign-out is everybody's.
	second.gets("/require-auth", 200, "allowed")
	first.signOut()
	second.WaitFor("!page.account()")
	third.WaitFor("!page.session.elsewhere")
	second.gets("/require-auth", 403, "not-permitted")
	if second.kept("session") != "" {
		t.Error("another tab keeps the session that has ended")
	}
	if faults := browsertest.Eval[int](second.Browser, `page.changes.filter((change) => change.fault).length`); faults != 0 {
		t.Error("a sign-out is a fault elsewhere")
	}
	// Another browser heard nothing of all that.
	if stranger := s.open(); browsertest.Eval[bool](stranger.Browser, "page.session.elsewhere || page.changes.length > 0") {
		t.Error("a stranger heard of it")
	}
}

// A page that was opened at another of its addresses signs in at the one that is
// registered.
func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.show(strings.Replace(s.webURL, "localhost", "127.0.0.1", 1))
	p.toHosted() // by way of webUrl
	p.Arrive(s.Outputs.HostedUIURL + "/login")
	p.password()
	p.is(s.Outputs.DemoUser)
	p.bare()
	if !strings.HasPrefix(p.At(), s.webURL) {
		t.Errorf("the page is at %s", p.At())
	}
}

// What does not answer, and what refuses.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	p := s.open()
	p.gets("/require-auth", 403, "not-permitted")
	s.cut("execute-api")
	p.fails("/no-auth", "unreachable", "api")
	s.cut("")
	p.gets("/no-auth", 200, "allowed")
	p.signIn()
	p.gets("/require-auth", 200, "allowed")

	// Somebody whose tokens cannot be renewed just now stays in, and goes on later.
	s.Advance(2 * time.Hour)
	p.gets("/no-auth", 200, "allowed")
	s.cut("hosted")
	p.fails("/require-auth", "unreachable", "sign-in")
	p.is(s.Outputs.DemoUser)
	s.cut("")
	s.cut("the identity pool")
	p.fails("/require-auth", "unreachable", "identity-pool")
	s.cut("")
	p.gets("/require-auth", 200, "allowed")

	// In the last minute of the credentials those that are left do.
	s.Advance(59*time.Minute + 30*time.Second)
	p.gets("/no-auth", 200, "allowed")
	s.cut("hosted")
	p.gets("/require-auth", 200, "allowed")
	s.cut("")

	// The hosted sign-in does not answer to a code.
	p = s.open()
	p.toHosted()
	s.cut("hosted")
	p.password()
	if got := p.fault(); got.Kind != "unreachable" || got.What != "sign-in" {
		t.Errorf("without a token endpoint: %+v", got)
	}
	s.cut("")

	s.set("apiKey", "another-key-of-twenty-letters")
	p = s.open()
	p.gets("/no-auth", 403, "bad-key")

	s.mu.Lock()
	s.config = nil
	s.mu.Unlock()
	p.show(s.webURL)
	if got := p.fault(); got.Kind != "configuration" || !strings.Contains(got.Detail, "502") {
		t.Errorf("without a configuration: %+v", got)
	}
}

// No request waits for ever: each is given up when its time is over.
func TestPatience(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	browsertest.Eval[bool](p.Browser, `(() => {
		globalThis.waited = [];
		AbortSignal.timeout = (milliseconds) => {
			waited.push(milliseconds);
			return AbortSignal.abort(new DOMException("signal timed out", "TimeoutError"));
		};
		return true;
	})()`)
	p.fails("/no-auth", "unreachable", "api")
	p.fails("/require-auth", "unreachable", "identity-pool")
	if got := browsertest.Eval[[]int](p.Browser, "waited"); len(got) != 2 || got[0] < 29_000 || got[0] > 60_000 || got[1] < 5_000 || got[1] > 29_000 {
		t.Errorf("requests are given up after %v ms", got)
	}
}

// A guest's identity lives as long as the tab.
func TestGuests(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	first := p.gets("/require-auth", 403, "not-permitted").As.IdentityID
	s.Advance(3 * time.Hour)
	if got := p.gets("/require-auth", 403, "not-permitted").As.IdentityID; got != first {
		t.Error("a guest became another when the credentials ended")
	}
	p.reload()
	if got := p.gets("/require-auth", 403, "not-permitted").As.IdentityID; got != first {
		t.Error("a guest became another by a reload")
	}
	if got := p.tab().gets("/require-auth", 403, "not-permitted").As.IdentityID; got == first {
		t.Error("another tab is the same guest")
	}
	s.Reset() // the identity is gone
	p.reload()
	if got := p.gets("/require-auth", 403, "not-permitted").As.IdentityID; got == first {
		t.Error("a guest's identity outlives its deletion")
	}
}

// Where the identity pool takes no guests, they send requests without a signature.
func TestNoGuests(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ awstest.Settings, identity map[string]any) { identity["guests"] = false })
	p := s.open()
	p.gets("/no-auth", 200, "allowed")
	p.gets("/require-auth", 403, "no-credentials")
	s.set("guests", true) // the page was told otherwise
	p.reload()
	p.fails("/require-auth", "guests-refused", "")
}

// Routes that take tokens get the one that they take.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(settings awstest.Settings, identity map[string]any) {
		identity["resourceServers"] = m{"https://shop.example": m{"name": "shop", "scopes": m{"read": "read orders"}}}
		identity["webScopes"] = []any{"https://shop.example/read"}
		settings["routes"] = append(settings["routes"].([]any),
			m{"method": "GET", "path": "/by-id", "function": "no-auth", "authorization": "COGNITO_USER_POOLS"},
			m{"method": "GET", "path": "/by-scope", "function": "no-auth", "authorization": "COGNITO_USER_POOLS", "scopes": []any{"https://shop.example/read"}})
	})
	p := s.open()
	p.gets("/by-id", 401, "no-credentials")
	p.gets("/by-scope", 401, "no-credentials")
	p.signIn()
	for _, path := range []string{"/by-id", "/by-scope"} {
		got := p.gets(path, 200, "allowed")
		if len(got.Request.Headers) != 2 || got.Request.Headers[1].Name != "authorization" || len(got.Request.Headers[1].Value) > 20 || got.As != nil {
			t.Errorf("calling %s: %+v", path, got.Request.Headers)
		}
	}
	// A reload keeps no access token: it is got anew. Tokens that the API calls over are, too.
	p.reload()
	p.gets("/by-scope", 200, "allowed")
	for _, path := range []string{"/by-id", "/by-scope"} {
		s.Advance(61 * time.Minute)
		p.gets(path, 200, "allowed")
	}
	refreshes := s.count("cognito /oauth2/token")
	p.gets("/by-id", 200, "allowed")
	p.gets("/by-scope", 200, "allowed")
	if n := s.count("cognito /oauth2/token") - refreshes; n != 0 {
		t.Errorf("%d refreshes of tokens that are good", n)
	}
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(settings awstest.Settings, _ map[string]any) {
		settings["usagePlan"] = m{"rateLimit": 100, "burstLimit": 50, "quotaLimit": 3, "quotaPeriod": "DAY"}
		settings["routes"] = append(settings["routes"].([]any),
			m{"method": "GET", "path": "/seldom", "function": "no-auth", "public": true, "throttle": m{"rateLimit": 0.001, "burstLimit": 1}})
	})
	p := s.open()
	p.gets("/seldom", 200, "allowed")
	p.gets("/seldom", 429, "throttled")
	for range 3 {
		p.gets("/no-auth", 200, "allowed")
	}
	p.gets("/no-auth", 429, "quota")
	s.Advance(24 * time.Hour)
	p.gets("/no-auth", 200, "allowed")
}
