package awstest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
)

// What the stack file says of routes, from the file to the answer: the real program,
// the real handlers, over HTTP.

type m = map[string]any

// echoing brings a stack up whose function echo tells what it was told.
func echoing(t *testing.T, settings m) *awstest.Stack {
	t.Helper()
	all := awstest.Settings{"identity": m{"guests": true, "demoUser": "demouser", "passwordPolicy": m{"requireSymbols": false}}}
	maps.Copy(all, settings)
	return awstest.DeployIn(t, "testdata/routes", all)
}

// plainly sends a request without key or signature, and with these headers: "Name: value".
func plainly(s *awstest.Stack, method, path, body string, headers ...string) awstest.Answer {
	nobody := &awstest.Caller{Stack: s}
	req := nobody.Request(method, path, body)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	return nobody.Send(req)
}

func TestAnyMethodAndAnyPath(t *testing.T) {
	s := echoing(t, m{"routes": []m{
		{"method": "HEAD", "path": "/head", "function": "echo", "public": true},
		{"method": "PATCH", "path": "/users/{id}", "function": "echo", "public": true},
		{"method": "ANY", "path": "/any", "function": "echo", "public": true},
		{"method": "DELETE", "path": "/any", "function": "echo", "authorization": "AWS_IAM"},
		{"method": "GET", "path": "/files/{owner}/{rest+}", "function": "echo", "public": true},
		{"method": "GET", "path": "/", "function": "echo", "public": true},
	}})
	for _, c := range []struct {
		method, path string
		status       int
		resource     string
		parameters   m
	}{
		{"HEAD", "/head", 200, "", nil},
		{"GET", "/head", 403, "", nil},
		{"PATCH", "/users/7", 200, "/users/{id}", m{"id": "7"}},
		{"PATCH", "/users/7/name", 403, "", nil},
		{"PUT", "/any", 200, "/any", nil},
		{"OPTIONS", "/any", 200, "/any", nil},
		{"DELETE", "/any", 403, "", nil},
		{"GET", "/files/ann/a/b.txt", 200, "/files/{owner}/{rest+}", m{"owner": "ann", "rest": "a/b.txt"}},
		{"GET", "/files/ann", 403, "", nil},
		{"GET", "/", 200, "/", nil},
	} {
		got := plainly(s, c.method, c.path, "")
		if got.Status != c.status {
			t.Errorf("%s %s: %s", c.method, c.path, got)
			continue
		}
		if c.resource == "" {
			continue
		}
		var echo struct {
			Method, Resource string
			Parameters       m
		}
		if err := json.Unmarshal([]byte(got.Body), &echo); err != nil {
			t.Fatal(err)
		}
		if echo.Method != c.method || echo.Resource != c.resource || fmt.Sprint(echo.Parameters) != fmt.Sprint(c.parameters) {
			t.Errorf("%s %s: the function was told %+v", c.method, c.path, echo)
		}
	}
	if got := s.As("demouser"); got.Send(got.Request("DELETE", "/any", "")).Status != 200 {
		t.Error("who has signed in may not delete")
	}
}

// The example authorizer of the repository: partners with tokens of their own.
func TestPartnersAreLetInByTheirTokens(t *testing.T) {
	sum := sha256.Sum256([]byte("token-of-acme"))
	settings := awstest.Settings{
		"routes": []m{
			{"method": "GET", "path": "/reports/{month}", "function": "no-auth", "authorization": "CUSTOM", "authorizer": "partners"},
			{"method": "POST", "path": "/orders", "function": "no-auth", "authorization": "CUSTOM", "authorizer": "partners", "apiKeyRequired": true},
			{"method": "DELETE", "path": "/orders", "function": "no-auth", "authorization": "CUSTOM", "authorizer": "partners"},
		},
		"authorizers": m{"partners": m{"function": "partner-authorizer", "ttl": 300, "validationExpression": "Bearer .+"}},
		"functions": m{"partner-authorizer": m{"environment": m{
			"PARTNERS": `{"acme": {"sha256": "` + hex.EncodeToString(sum[:]) + `", "may": ["GET/reports/*", "POST/orders"]}}`,
		}}},
	}
	s := awstest.Deploy(t, settings)
	key := "X-Api-Key: " + s.Outputs.APIKey
	const token, other = "Authorization: Bearer token-of-acme", "Authorization: Bearer token-of-zeta"
	for _, c := range []struct {
		who, route string
		headers    []string
		status     int
		typ        string
	}{
		{"nobody", "GET /reports/7", nil, 401, "UnauthorizedException"},
		{"a token of another form", "GET /reports/7", []string{"Authorization: token-of-acme"}, 401, "UnauthorizedException"},
		{"an unknown token", "GET /reports/7", []string{other}, 401, "UnauthorizedException"},
		{"acme", "GET /reports/7", []string{token}, 200, ""},
		{"acme again, by the policy that is kept", "GET /reports/8", []string{token}, 200, ""},
		{"acme, where the kept policy does not reach", "DELETE /orders", []string{token}, 403, "AccessDeniedException"},
		{"acme without a key", "POST /orders", []string{token}, 403, "ForbiddenException"},
		{"a key without a token", "POST /orders", []string{key}, 401, "UnauthorizedException"},
		{"acme with a key", "POST /orders", []string{token, key}, 200, ""},
	} {
		method, path, _ := strings.Cut(c.route, " ")
		if got := plainly(s, method, path, "", c.headers...); got.Status != c.status || got.Type != c.typ {
			t.Errorf("%s, %s: %s, want %d %s", c.who, c.route, got, c.status, c.typ)
		}
	}
}

func TestAnAuthorizerThatSeesTheRequest(t *testing.T) {
	s := echoing(t, m{
		"routes": []m{
			{"method": "GET", "path": "/a", "function": "echo", "authorization": "CUSTOM", "authorizer": "tenants"},
			{"method": "GET", "path": "/b", "function": "echo", "authorization": "CUSTOM", "authorizer": "tenants"},
		},
		"authorizers": m{"tenants": m{"function": "decider", "type": "REQUEST", "identitySource": []any{"query.tenant", "header.X-Tenant"}}},
	})
	for _, c := range []struct {
		path   string
		tenant string // the header
		status int
	}{
		{"/a", "ann", 401}, {"/a?tenant=ann", "", 401}, // the function is not asked
		{"/a?tenant=ann", "ann", 200},
		{"/b?tenant=ann", "ann", 200}, // ttl is 0: a policy for /a alone is not kept
		{"/a?tenant=ann", "bob", 403},
		{"/a?tenant=ann", "nobody", 401},
		{"/a?tenant=ann", "broken", 500},
	} {
		var headers []string
		if c.tenant != "" {
			headers = append(headers, "X-Tenant: "+c.tenant)
		}
		got := plainly(s, "GET", c.path, "", headers...)
		if got.Status != c.status || got.Status == 200 && !strings.Contains(got.Body, `"principal":"ann"`) {
			t.Errorf("%s as %s: %s, want %d", c.path, c.tenant, got, c.status)
		}
	}
}

func TestWhatARequestMustHave(t *testing.T) {
	s := echoing(t, m{"routes": []m{
		{"method": "GET", "path": "/search", "function": "echo", "public": true, "requiredParameters": m{"query": []any{"q", "page"}, "headers": []any{"X-Client"}}},
		{"method": "POST", "path": "/orders", "function": "echo", "public": true, "bodySchema": "order.schema.json"},
	}})
	const json = "Content-Type: application/json"
	for _, c := range []struct {
		method, path, body string
		headers            []string
		status             int
		says               string
	}{
		{"GET", "/search?q=a&page=1", "", []string{"x-client: web"}, 200, `"method":"GET"`},
		{"GET", "/search?q=a", "", []string{"X-Client: web"}, 400, `{"message":"Missing required request parameters: [page]"}`},
		{"GET", "/search?q=&page=1", "", nil, 400, `{"message":"Missing required request parameters: [q, X-Client]"}`},
		{"POST", "/orders", `{"item":"pen","count":2,"tags":["a","b"]}`, []string{json}, 200, `"method":"POST"`},
		{"POST", "/orders", `{"item":"pen"}`, []string{json}, 400, `{"message":"Invalid request body"}`},
		{"POST", "/orders", `{"item":"pen","count":0}`, []string{json}, 400, `{"message":"Invalid request body"}`},
		{"POST", "/orders", `{"item":"pen","count":2,"admin":true}`, []string{json}, 400, `{"message":"Invalid request body"}`},
		{"POST", "/orders", `{"item":`, []string{json}, 400, `{"message":"Invalid request body"}`},
		{"POST", "/orders", "", []string{json}, 400, `{"message":"Invalid request body"}`},
		{"POST", "/orders", `{"item":"pen"}`, nil, 400, `{"message":"Invalid request body"}`}, // application/json is what no type means
		{"POST", "/orders", `no JSON`, []string{"Content-Type: text/plain"}, 200, "no JSON"},  // the function's to refuse
	} {
		if got := plainly(s, c.method, c.path, c.body, c.headers...); got.Status != c.status || !strings.Contains(got.Body, c.says) {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.body, got)
		}
	}
}

func TestHowLongAndHowOftenARouteMayBeCalled(t *testing.T) {
	slowly := m{"rateLimit": 0.001, "burstLimit": 2}
	s := echoing(t, m{"routes": []m{
		{"method": "GET", "path": "/slow", "function": "echo", "public": true, "timeoutMillis": 1500},
		{"method": "GET", "path": "/a/{id}", "function": "echo", "public": true, "throttle": slowly},
		{"method": "POST", "path": "/a/{id}", "function": "echo", "public": true},
		{"method": "GET", "path": "/", "function": "echo", "public": true, "throttle": slowly},
		{"method": "GET", "path": "/keyed/{id}", "function": "echo", "apiKeyRequired": true, "throttle": slowly},
		{"method": "GET", "path": "/free", "function": "echo", "apiKeyRequired": true},
	}})
	plainly(s, "POST", "/a/1", "") // the function's process is started
	if got := plainly(s, "GET", "/slow", ""); got.Status != 200 {
		t.Errorf("a quick answer: %s", got)
	}
	if got := plainly(s, "GET", "/slow?wait=20s", ""); got.Status != 504 || !strings.Contains(got.Body, "Endpoint request timed out") {
		t.Errorf("a slow answer: %s", got)
	}
	key := "X-Api-Key: " + s.Outputs.APIKey
	for _, c := range []struct {
		route string
		want  []int
	}{
		{"GET /a/1", []int{200, 200, 429}}, {"GET /a/2", []int{429}}, {"POST /a/1", []int{200, 200, 200}},
		{"GET /", []int{200, 200, 429}},
		{"GET /keyed/1", []int{200, 200, 429}}, {"GET /free", []int{200, 200, 200}},
	} {
		method, path, _ := strings.Cut(c.route, " ")
		var got []int
		for range c.want {
			got = append(got, plainly(s, method, path, "", key).Status)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s was answered %v, want %v", c.route, got, c.want)
		}
	}
}

func TestFromWhereAnAPIIsCalled(t *testing.T) {
	routes := []m{
		{"method": "GET", "path": "/open", "function": "echo", "public": true},
		{"method": "GET", "path": "/keyed", "function": "echo", "apiKeyRequired": true},
		{"method": "GET", "path": "/signed", "function": "echo", "authorization": "AWS_IAM"},
		{"method": "GET", "path": "/token", "function": "echo", "authorization": "COGNITO_USER_POOLS"},
	}
	for name, c := range map[string]struct {
		from []any
		here bool
	}{
		"this machine": {[]any{"127.0.0.0/8", "::1/128"}, true},
		"elsewhere":    {[]any{"203.0.113.0/24", "2001:db8::/32"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := echoing(t, m{"routes": routes, "resourcePolicy": m{"allowedIps": c.from}})
			user, guest := s.As("demouser"), s.Guest()
			status := map[bool]int{true: 200, false: 403}[c.here]
			for route, got := range map[string]awstest.Answer{
				"/open":   plainly(s, "GET", "/open", ""),
				"/keyed":  s.Nobody().Get("/keyed"),
				"/signed": user.Get("/signed"),
				"/token":  plainly(s, "GET", "/token", "", "Authorization: "+user.Tokens.ID),
			} {
				if got.Status != status {
					t.Errorf("%s: %s, want %d", route, got, status)
				}
			}
			// The policy opens nothing.
			if got := guest.Get("/signed"); got.Status != 403 || got.Type != "AccessDeniedException" {
				t.Errorf("a guest: %s", got)
			}
			if got := plainly(s, "GET", "/keyed", ""); got.Status != 403 {
				t.Errorf("without a key: %s", got)
			}
			if got := plainly(s, "GET", "/token", ""); got.Status != 401 {
				t.Errorf("without a token: %s", got)
			}
		})
	}
}

// A caller with more routes than fit a role's inline policy has managed ones, and may
// call neither more nor less for it.
func TestThreeHundredRoutes(t *testing.T) {
	var routes []m
	for i := range 300 {
		route := m{"method": []string{"GET", "POST", "DELETE"}[i%3], "path": fmt.Sprintf("/things-of-kind-%d/{id}", i/3), "function": "echo", "authorization": "AWS_IAM"}
		if i%50 == 0 {
			route["callers"] = []any{"authenticated", "guest"}
		}
		routes = append(routes, route)
	}
	// What the pattern of GET /things-of-kind-0/{id} covers too, and is not for guests.
	routes = append(routes, m{"method": "GET", "path": "/things-of-kind-0/{id}/secrets", "function": "echo", "authorization": "AWS_IAM"})
	s := echoing(t, m{"routes": routes})
	user, guest := s.As("demouser"), s.Guest()
	for i, route := range routes {
		if i%17 != 0 && i%50 != 0 && i < 298 {
			continue
		}
		method := route["method"].(string)
		path := strings.ReplaceAll(route["path"].(string), "{id}", "7")
		forGuest := 403
		if i%50 == 0 && i < 300 {
			forGuest = 200
		}
		if got := user.Send(user.Request(method, path, "")); got.Status != 200 {
			t.Errorf("%s %s as user: %s", method, path, got)
		}
		if got := guest.Send(guest.Request(method, path, "")); got.Status != forGuest {
			t.Errorf("%s %s as guest: %s", method, path, got)
		}
	}
	if got := user.Send(user.Request(http.MethodPut, "/things-of-kind-1/7", "")); got.Status != 403 {
		t.Errorf("a method that is not there: %s", got)
	}
}
