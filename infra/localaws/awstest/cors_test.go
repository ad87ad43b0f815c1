package awstest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
)

const page, otherPage, foreign = "https://app.example.com", "http://localhost:5173", "https://evil.example.com"

// pages brings the repository's functions up for pages of these origins.
func pages(t *testing.T, origins ...any) *awstest.Stack {
	t.Helper()
	settings := awstest.Settings{
		"identity": m{"guests": true, "demoUser": "demouser", "passwordPolicy": m{"requireSymbols": false}},
		"routes": []m{
			{"method": "GET", "path": "/open", "function": "no-auth", "public": true},
			{"method": "GET", "path": "/keyed", "function": "no-auth", "apiKeyRequired": true},
			{"method": "POST", "path": "/signed/{id}", "function": "require-auth", "authorization": "AWS_IAM", "apiKeyRequired": true},
			{"method": "ANY", "path": "/token", "function": "no-auth", "authorization": "COGNITO_USER_POOLS"},
			{"method": "GET", "path": "/decided", "function": "no-auth", "authorization": "CUSTOM", "authorizer": "broken"},
			{"method": "GET", "path": "/search", "function": "no-auth", "public": true, "requiredParameters": m{"query": []any{"q"}}},
			{"method": "GET", "path": "/own", "function": "no-auth", "public": true},
			{"method": "OPTIONS", "path": "/own", "function": "require-auth", "public": true},
			{"method": "GET", "path": "/seldom", "function": "no-auth", "public": true, "throttle": m{"rateLimit": 0.001, "burstLimit": 1}},
		},
		"authorizers": m{"broken": m{"function": "partner-authorizer"}}, // it has no PARTNERS, and does not start
		"cors":        m{"origins": origins, "exposedHeaders": []any{"x-amzn-errortype"}, "maxAge": 60},
	}
	return awstest.Deploy(t, settings)
}

func TestPagesOfOneOrigin(t *testing.T) {
	s := pages(t, page)
	t.Run("preflights", func(t *testing.T) {
		for path, methods := range map[string]string{"/open": "GET", "/signed/7": "POST", "/token": "GET,POST,PUT,PATCH,DELETE,HEAD", "/search": "GET"} {
			for _, origin := range []string{page, foreign} {
				got := plainly(s, "OPTIONS", path, "", "Origin: "+origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-api-key")
				want := map[string]string{
					"Access-Control-Allow-Origin": page, // a browser compares it with the page's, and refuses a foreign one
					"Vary":                        "Origin", "Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "60",
					"Access-Control-Allow-Headers":     "authorization,content-type,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-api-key",
					"Access-Control-Allow-Credentials": "",
				}
				for name, value := range want {
					if got.Status != 204 || got.Header.Get(name) != value || got.Body != "" {
						t.Errorf("%s by %s: %s, %s is %q, want %q", path, origin, got, name, got.Header.Get(name), value)
					}
				}
			}
		}
		if got := plainly(s, "OPTIONS", "/own", "", "Origin: "+page); got.Status != 200 || !strings.Contains(got.Body, "velvet rope") {
			t.Errorf("the route of the stack file's own does not answer: %s", got)
		}
		if got := plainly(s, "OPTIONS", "/nowhere", "", "Origin: "+page); got.Status != 403 {
			t.Errorf("a path that is not there: %s", got)
		}
	})
	readable(t, s, page, page)
	readable(t, s, foreign, page)
	readable(t, s, "", page)
}

func TestPagesOfSeveralOrigins(t *testing.T) {
	s := pages(t, page, otherPage)
	for origin, named := range map[string]string{page: page, otherPage: otherPage, foreign: "", page + ".evil.example.com": "", "null": "", "": ""} {
		for _, header := range []string{"Origin", "origin"} {
			req := (&awstest.Caller{Stack: s}).Request("OPTIONS", "/signed/7", "")
			if origin != "" {
				req.Header[header] = []string{origin}
			}
			req.Header.Set("Access-Control-Request-Method", "POST")
			got := (&awstest.Caller{Stack: s}).Send(req)
			if got.Status != 204 || got.Header.Get("Access-Control-Allow-Origin") != named || got.Header.Get("Vary") != "Origin" {
				t.Errorf("a preflight by %q: %s, allowed is %q", origin, got, got.Header.Get("Access-Control-Allow-Origin"))
			}
		}
	}
	readable(t, s, page, page)
	readable(t, s, otherPage, otherPage)

	// API Gateway cannot choose whom its errors name; answers of functions can.
	if got := plainly(s, "GET", "/open", "", "Origin: "+foreign); got.Status != 200 || got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Vary") != "Origin" {
		t.Errorf("an answer to a foreign page: %s %v", got, got.Header)
	}
	if got := plainly(s, "GET", "/keyed", "", "Origin: "+foreign); got.Status != 403 || got.Header.Get("Access-Control-Allow-Origin") != foreign {
		t.Errorf("an error for a foreign page: %s %v", got, got.Header)
	}
}

// readable asks for answers of functions and for errors of every kind that a client can
// provoke, and looks whether a page of the origin could read them.
func readable(t *testing.T, s *awstest.Stack, origin, named string) {
	t.Helper()
	user, guest := s.As("demouser"), s.Guest()
	send := func(c *awstest.Caller, method, path, body string, change func(*http.Request)) awstest.Answer {
		req := c.Request(method, path, body)
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		if change != nil {
			change(req)
		}
		return c.Send(req)
	}
	nobody, keyed := &awstest.Caller{Stack: s}, s.Nobody()
	seen := []string{}
	for what, c := range map[string]struct {
		got    awstest.Answer
		status int
		typ    string
	}{
		"an answer":              {send(nobody, "GET", "/open", "", nil), 200, ""},
		"an answer to a user":    {send(user, "POST", "/signed/7", "{}", nil), 200, ""},
		"no such path":           {send(nobody, "GET", "/nowhere", "", nil), 403, "MissingAuthenticationTokenException"},
		"no signature":           {send(keyed, "POST", "/signed/7", "{}", nil), 403, "MissingAuthenticationTokenException"},
		"a wrong signature":      {send(user, "POST", "/signed/7", "{}", func(r *http.Request) { r.URL.RawQuery = "changed=1" }), 403, "InvalidSignatureException"},
		"no permission":          {send(guest, "POST", "/signed/7", "{}", nil), 403, "AccessDeniedException"},
		"no token":               {send(nobody, "GET", "/token", "", nil), 401, "UnauthorizedException"},
		"a broken authorizer":    {send(nobody, "GET", "/decided", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }), 500, "AuthorizerConfigurationException"},
		"no key":                 {send(nobody, "GET", "/keyed", "", nil), 403, "ForbiddenException"},
		"a parameter is missing": {send(nobody, "GET", "/search", "", nil), 400, "BadRequestException"},
		"too often":              {tooOften(s, origin), 429, "TooManyRequestsException"},
	} {
		h := c.got.Header
		if c.got.Status != c.status || c.got.Type != c.typ {
			t.Errorf("%s: %s, want %d %s", what, c.got, c.status, c.typ)
		}
		if h.Get("Access-Control-Allow-Origin") != named || h.Get("Access-Control-Expose-Headers") != "x-amzn-errortype" || !slices.Contains(h.Values("Vary"), "Origin") {
			t.Errorf("%s, by a page of %q: %v", what, origin, h)
		}
		seen = append(seen, what)
	}
	if len(seen) < 11 {
		t.Errorf("only %v were tried", seen)
	}
}

// tooOften calls a route until it is limited.
func tooOften(s *awstest.Stack, origin string) awstest.Answer {
	var got awstest.Answer
	for range 2 {
		if origin == "" {
			got = plainly(s, "GET", "/seldom", "")
		} else {
			got = plainly(s, "GET", "/seldom", "", "Origin: "+origin)
		}
	}
	return got
}
