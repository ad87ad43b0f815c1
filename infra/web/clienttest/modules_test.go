package clienttest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"auth-api/infra/internal/browsertest"
)

// modules is a page that has the client's modules as client.NAME. What answers, if
// anything, answers the page's own requests.
func modules(t *testing.T, answer http.HandlerFunc) (b *browsertest.Browser, address string) {
	t.Helper()
	b = browsertest.New(t)
	code := bundle(t, filepath.Join("testdata", "modules.ts"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/app/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:")
			_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>modules</title><link rel="icon" href="data:,"><script type="module" src="modules.js"></script>`)) // the browser is there
		case r.URL.Path == "/app/modules.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(code)
		case answer != nil:
			answer(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	address = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/app/"
	b.Open(address)
	return b, address
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	// RFC 7636, appendix B.
	if got := browsertest.Call[string](b, "client.pkce.challenge", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("the challenge is %s", got)
	}
	seen := map[string]bool{}
	for _, verifier := range browsertest.Eval[[]string](b, "Array.from({length: 100}, client.pkce.random)") {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(verifier) || seen[verifier] {
			t.Errorf("a verifier is %q", verifier)
		}
		seen[verifier] = true
	}
}

// The checks of OpenID Connect Core 1.0, section 3.1.3.7.
func TestIDTokens(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	const now = 1_800_000_000
	good := func() map[string]any {
		return map[string]any{
			"iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12Cd34E", "aud": "client", "token_use": "id", "nonce": "n-0S6", "exp": now + 3600, "iat": now,
			"sub": "1234", "cognito:username": "ann", "email": "änn@example.com", "cognito:groups": []string{"staff"},
		}
	}
	type m = map[string]any
	for name, c := range map[string]struct {
		change   m // nil takes away
		expected m
		token    string
		want     string // kind, and the claim that is wrong
	}{
		"a good one":                      {},
		"without e-mail or groups":        {change: m{"email": nil, "cognito:groups": nil}},
		"one that was kept, and is over":  {change: m{"exp": 1}, expected: m{}},
		"another issuer":                  {change: m{"iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12Cd34F"}, want: "refused iss"},
		"an issuer with a slash":          {change: m{"iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12Cd34E/"}, want: "refused iss"},
		"no issuer":                       {change: m{"iss": nil}, want: "refused iss"},
		"another client's":                {change: m{"aud": "client2"}, want: "refused aud"},
		"two audiences":                   {change: m{"aud": []string{"client", "client2"}}, want: "refused aud"},
		"no audience":                     {change: m{"aud": nil, "client_id": "client"}, want: "refused aud"},
		"an access token":                 {change: m{"token_use": "access"}, want: "refused token_use"},
		"over":                            {change: m{"exp": now}, want: "refused exp"},
		"no end":                          {change: m{"exp": nil}, want: "refused exp"},
		"an end that is no number":        {change: m{"exp": "never"}, want: "refused exp"},
		"another nonce":                   {change: m{"nonce": "n-0S7"}, want: "foreign-callback"},
		"no nonce":                        {change: m{"nonce": nil}, want: "foreign-callback"},
		"nobody":                          {change: m{"sub": nil}, want: "refused sub"},
		"somebody else, after a refresh":  {expected: m{"sub": "1235"}, want: "refused sub"},
		"the same user after a refresh":   {change: m{"nonce": nil}, expected: m{"sub": "1234", "now": now * 1000}},
		"no token":                        {token: "none", want: "refused iss"},
		"a token whose claims are a list": {token: "e30.W10.", want: "refused iss"},
		"no base64":                       {token: "e30.§§.", want: "refused iss"},
		"no UTF-8":                        {token: "e30._w.", want: "refused iss"},
		"nothing":                         {token: " ", want: "refused iss"},
	} {
		claims := good()
		for claim, value := range c.change {
			if claims[claim] = value; value == nil {
				delete(claims, claim)
			}
		}
		if c.expected == nil {
			c.expected = m{"nonce": "n-0S6", "now": now * 1000}
		}
		token := c.token
		if token == "" {
			token = unsigned(t, claims)
		}
		got := browsertest.Call[struct {
			Account *struct {
				Sub, Username, Email string
				Groups               []string
			}
			Fault *fault
		}](b, `(token, expected) => {
			const config = { issuer: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab12Cd34E", userPoolClientId: "client" };
			try { return client.idtoken.readIdToken(token, config, expected); } catch (thrown) { return { fault: thrown.fault }; }
		}`, token, c.expected)
		what := ""
		if got.Fault != nil {
			claim := strings.TrimSuffix(strings.TrimPrefix(got.Fault.Description, "The ID token's "), " is wrong.")
			what = strings.TrimSpace(got.Fault.Kind + " " + claim)
		} else if a := got.Account; a == nil || a.Sub != "1234" || a.Username != "ann" || (claims["email"] != nil) != (a.Email == "änn@example.com") || (claims["cognito:groups"] != nil) != (len(a.Groups) == 1 && a.Groups[0] == "staff") {
			t.Errorf("%s: the account is %+v", name, a)
		}
		if what != c.want {
			t.Errorf("%s: %q, want %q", name, what, c.want)
		}
	}
}

func unsigned(t *testing.T, claims map[string]any) string {
	t.Helper()
	data, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(data) + ".c2lnbmF0dXJl"
}

// What comes of an answer.
func TestDecisions(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	for _, c := range []struct {
		status            int
		errorType, body   string
		want, skew, stale any
	}{
		{200, "", `{}`, "allowed", false, false},
		{302, "", "", "allowed", false, false},
		{404, "", `{"message":"no such order"}`, "failed", false, false},
		{0, "", "", "failed", false, false}, // a redirect that was not followed
		{403, "AccessDeniedException", `{"Message":"User: arn:aws:sts::1:assumed-role/r/s is not authorized"}`, "not-permitted", false, false},
		{403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, "no-credentials", false, false},
		{401, "UnauthorizedException", `{"message":"Unauthorized"}`, "no-credentials", false, false},
		{401, "UnauthorizedException", `{"message":"The incoming token has expired"}`, "expired", false, true},
		{401, "", `{"message":"The incoming token has expired"}`, "expired", false, true},
		{403, "InvalidSignatureException", `{"message":"The request signature we calculated does not match"}`, "bad-signature", false, false},
		{403, "InvalidSignatureException", `{"message":"Signature expired: 1 is now earlier than 2"}`, "bad-signature", true, false},
		{403, "InvalidSignatureException", `{"message":"Signature not yet current: 1"}`, "bad-signature", true, false},
		{403, "IncompleteSignatureException", `{"message":"…"}`, "bad-signature", false, false},
		{403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`, "bad-signature", false, true},
		{403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`, "expired", false, true},
		{403, "ExpiredTokenException:http://internal.amazon.com/", `{}`, "expired", false, true},
		{403, "ForbiddenException", `{"message":"Forbidden"}`, "bad-key", false, false},
		{429, "TooManyRequestsException", `{"message":"Too Many Requests"}`, "throttled", false, false},
		{429, "LimitExceededException", `{"message":"Limit Exceeded"}`, "quota", false, false},
		{400, "BadRequestException", `{"message":"Invalid request body"}`, "failed", false, false},
		{403, "constructor", `{}`, "failed", false, false},
		{500, "AccessDeniedException", `[]`, "failed", false, false},
		{502, "InternalServerErrorException", `not JSON`, "failed", false, false},
	} {
		got := browsertest.Call[[]any](b, `(status, type, body) => {
			const answer = { status, body, headers: new Headers(type ? { "x-amzn-errortype": type } : {}) };
			return [client.decision.decide(answer), client.decision.isSkewed(answer), client.decision.isStale(answer)];
		}`, c.status, c.errorType, c.body)
		if got[0] != c.want || got[1] != c.skew || got[2] != c.stale {
			t.Errorf("%d %s %s: %v", c.status, c.errorType, c.body, got)
		}
	}
}

// A configuration with a hole is refused, with what is missing.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	var body string
	status := http.StatusOK
	b, _ := modules(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Tue, 01 Sep 2026 12:00:00 GMT")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the browser is there
	})
	b.Expect("Failed to load resource")
	good := `{"region":"us-west-2","webUrl":"https://x.example/dev/","apiUrl":"https://x.example/dev","apiKey":"key","userPoolId":"p","userPoolClientId":"c","identityPoolId":"i",` +
		`"hostedUiUrl":"https://auth.example","issuer":"https://idp.example/p","cognitoIdentityUrl":"https://cognito-identity.us-west-2.amazonaws.com/","guests":true,` +
		`"routes":[{"method":"GET","path":"/no-auth","authorization":"NONE","apiKeyRequired":true}]}`
	type result struct {
		Region string
		Fault  *fault
		Now    int64
	}
	read := func() result {
		return browsertest.Eval[result](b, `(async () => {
			const clock = new client.clock.Clock();
			try { return { ...(await client.config.readConfig(clock)), now: clock.now() }; } catch (thrown) { return { fault: thrown.fault }; }
		})()`)
	}
	body = good
	got := read()
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
	if got.Region != "us-west-2" || got.Fault != nil || got.Now < at || got.Now > at+10_000 {
		t.Errorf("a good one: %+v", got)
	}
	for change, detail := range map[string]string{
		`"region":"us-west-2",`:                    "region is missing",
		`"webUrl":"https://x.example/dev/",`:       "webUrl is no address",
		`https://auth.example`:                     "hostedUiUrl is no address",
		`"apiKey":"key",`:                          "apiKey is missing",
		`"guests":true,`:                           "guests is neither true nor false",
		`"method":"GET",`:                          "one of routes is no route",
		`"/no-auth"`:                               "one of routes is no route",
		`"authorization":"NONE",`:                  "one of routes is no route",
		`"routes":[{"method":"GET","path":"/no-`:   "region is missing",
		`"issuer":"https://idp.example/p",`:        "issuer is no address",
		`https://cognito-identity.us-west-2.amazo`: "cognitoIdentityUrl is no address",
	} {
		with := ""
		if strings.HasPrefix(change, `"/`) {
			with = `""`
		}
		if body = strings.Replace(good, change, with, 1); body == good {
			t.Fatalf("%s is not in it", change)
		}
		if got := read(); got.Fault == nil || got.Fault.Kind != "configuration" || !strings.HasPrefix(got.Fault.Detail, strings.Split(detail, " ")[0]) {
			t.Errorf("without %s: %+v, want %s", change, got.Fault, detail)
		}
	}
	for _, text := range []string{"", "null", "[]", "<!doctype html>", `{"routes":[null]}`} {
		if body = text; read().Fault == nil {
			t.Errorf("%q is taken for a configuration", text)
		}
	}
	body, status = good, http.StatusBadGateway
	if got := read(); got.Fault == nil || got.Fault.Kind != "configuration" || !strings.Contains(got.Fault.Detail, "502") {
		t.Errorf("an error: %+v", got.Fault)
	}
}

// A page at the API's root calls it at the address that it was opened at, whatever the
// API calls itself, and follows no redirect.
func TestTheAPIIsWhereThePageIs(t *testing.T) {
	t.Parallel()
	b, address := modules(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/app/away" {
			http.Redirect(w, r, "/app/stolen", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(r.URL.Path + " " + r.Header.Get("X-Api-Key"))) // the browser is there
	})
	call := func(web, api, path string) outcome {
		return browsertest.Call[outcome](b, `async (webUrl, apiUrl, path) => {
			const call = client.call.newCall({ webUrl, apiUrl, apiKey: "the-secret-key", region: "us-west-2" }, {}, new client.clock.Clock());
			try { return { exchange: await call({ method: "GET", path, authorization: "NONE", apiKeyRequired: true }) }; } catch (thrown) { return { fault: thrown.fault }; }
		}`, web, api, path)
	}
	got := call("https://api.example/", "https://api.example", "/open")
	if e := got.Exchange; e == nil || e.Request.URL != address+"open" || e.Response.Body != "/app/open the-secret-key" || e.Decision != "allowed" {
		t.Errorf("beside the page: %+v", got)
	}
	if e := got.Exchange; e != nil && (strings.Contains(e.Request.Curl, "secret") || e.Request.Headers[1].Value != "the…") {
		t.Errorf("the key is shown: %+v", e.Request)
	}
	if got := call("https://page.example/", strings.TrimSuffix(address, "/"), "/open"); got.Exchange == nil || got.Exchange.Request.URL != address+"open" {
		t.Errorf("elsewhere: %+v", got)
	}
	if got := call("https://api.example/", "https://api.example", "/away"); got.Exchange == nil || got.Exchange.Response.Status != 0 || got.Exchange.Decision != "failed" {
		t.Errorf("a redirect: %+v", got)
	}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	curl := func(route map[string]any, address string, signed bool, headers ...string) string {
		list := []map[string]any{}
		for _, name := range headers {
			list = append(list, map[string]any{"name": name, "value": "secret", "secret": true})
		}
		return browsertest.Call[string](b, `(route, address, headers, signed) => client.show.curl(route, new URL(address), "us-west-2", headers, signed)`, route, address, list, signed)
	}
	type m = map[string]any
	for want, got := range map[string]string{
		"curl -i \\\n  -H \"x-api-key: $API_KEY\" \\\n  'https://x.example/dev/no-auth'": curl(m{"method": "GET"}, "https://x.example/dev/no-auth", false, "x-api-key"),
		"curl -i \\\n  -X 'POST' \\\n  --aws-sigv4 'aws:amz:us-west-2:execute-api' \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\\n  -H \"x-amz-security-token: $AWS_SESSION_TOKEN\" \\\n  'https://x.example/a'\\''b'": curl(m{"method": "POST"}, "https://x.example/a'b", true, "authorization"),
		"curl -i \\\n  --head \\\n  -H \"x-api-key: $API_KEY\" \\\n  'https://x.example/dev/no-auth'":                                                                                                                                  curl(m{"method": "HEAD"}, "https://x.example/dev/no-auth", false, "x-api-key"), // -X HEAD would wait for a body
		"curl -i \\\n  --globoff \\\n  -H \"authorization: $ID_TOKEN\" \\\n  'https://x.example/[1]'":                                                                                                                                  curl(m{"method": "GET"}, "https://x.example/[1]", false, "authorization"),
		"curl -i \\\n  -H \"authorization: $ACCESS_TOKEN\" \\\n  'https://x.example/'":                                                                                                                                                 curl(m{"method": "GET", "scopes": []string{"a/b"}}, "https://x.example/", false, "authorization"),
	} {
		if got != want {
			t.Errorf("the command is\n%s\nwant\n%s", got, want)
		}
	}
}
