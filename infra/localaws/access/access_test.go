package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/awstest"
)

// expect holds the table against lines of ROUTE: WORDS, in the order of these callers.
func expect(t *testing.T, table access.Table, callers []string, want map[string]string) {
	t.Helper()
	if len(table.Routes) != len(want) {
		t.Errorf("the table has %d routes, want %d", len(table.Routes), len(want))
	}
	for route, words := range want {
		var got []string
		for _, caller := range callers {
			got = append(got, word(cell(t, table, route, caller)))
		}
		if strings.Join(got, ", ") != words {
			t.Errorf("%s: %s, want %s (%s)", route, strings.Join(got, ", "), words, strings.Join(callers, ", "))
		}
	}
}

func TestEveryKindOfCaller(t *testing.T) {
	w := world{
		routes: map[string][]string{
			"GET /open": {}, "GET /keyed": {"api_key"}, "GET /signed": {"sigv4"}, "POST /signed": {"sigv4", "api_key"},
			"GET /token": {"users"}, "GET /scoped": {"users:notes/read"}, "GET /door": {"custom"}, "GET /door/key": {"custom", "api_key"},
		},
		policies: map[string][]string{
			"authenticated": {document(allow("v1/GET/signed"))},
			"editors":       {document(allow("v1/POST/signed"))},
			"worker":        {document(allow("v1/*/signed"))},
		},
		groups: []string{"editors"}, functions: []string{"worker", "idle"},
	}
	table := w.table(t)
	callers := []string{"anonymous", "key only", "guest", "authenticated", "group editors", "ID token", "access token", "access token notes/read", "function idle", "function worker"}
	var names []string
	for _, c := range table.Callers {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, callers) {
		t.Fatalf("the callers are %q, want %q", names, callers)
	}
	expect(t, table, callers, map[string]string{
		"GET /open":     "yes, yes, yes, yes, yes, yes, yes, yes, yes, yes",
		"GET /keyed":    "403, yes key, yes key, yes key, yes key, yes key, yes key, yes key, yes key, yes key",
		"GET /signed":   "403, 403, 403, yes, 403, 403, 403, 403, 403, yes",
		"POST /signed":  "403, 403, 403, 403, yes key, 403, 403, 403, 403, yes key",
		"GET /token":    "401, 401, 401, 401, 401, yes, 401, 401, 401, 401",
		"GET /scoped":   "401, 401, 401, 401, 401, 401, 401, yes, 401, 401",
		"GET /door":     "401, 401, asks custom, asks custom, asks custom, asks custom, asks custom, asks custom, asks custom, asks custom",
		"GET /door/key": "401, 401, asks custom key, asks custom key, asks custom key, asks custom key, asks custom key, asks custom key, asks custom key, asks custom key",
	})
	for caller, want := range map[string]string{
		"authenticated": "statement 0 of the identity-based policy authenticated-0 of role authenticated-role allows",
		"guest":         "no statement of the identity-based policies (there are none) allows execute-api:Invoke",
		"group editors": "no statement of the identity-based policies editors-0 of role editors-role allows execute-api:Invoke",
		"anonymous":     "the request is not signed",
	} {
		if got := cell(t, table, "GET /signed", caller).Reason; got != want {
			t.Errorf("%s: the reason is %q, want %q", caller, got, want)
		}
	}
	if got := cell(t, table, "GET /keyed", "anonymous"); got.Error != "ForbiddenException" || got.Reason != "no API key in the header x-api-key" {
		t.Errorf("without a key: %+v", got)
	}
	for i, role := range []string{"", "", "guest-role", "authenticated-role", "editors-role", "", "", "", "idle-role", "worker-role"} {
		if table.Callers[i].Role != role {
			t.Errorf("%s has the role %q, want %q", table.Callers[i].Name, table.Callers[i].Role, role)
		}
	}
}

// Where API Gateway may not invoke a function, who gets so far is answered 500, and who
// does not is refused as before.
func TestFunctionsThatMayNotBeInvoked(t *testing.T) {
	table := world{
		routes: map[string][]string{
			"GET /barred": {"barred"}, "GET /barred/keyed": {"api_key", "barred"}, "GET /barred/signed": {"sigv4", "barred"}, "GET /barred/door": {"custom", "barred"}, "GET /shut": {"shut"},
		},
		policies: map[string][]string{"authenticated": {document(allow("v1/GET/barred/signed"))}},
	}.table(t)
	expect(t, table, []string{"anonymous", "key only", "guest", "authenticated"}, map[string]string{
		"GET /barred":        "500, 500, 500, 500",
		"GET /barred/keyed":  "403, 500, 500, 500",
		"GET /barred/signed": "403, 403, 403, 500",
		"GET /barred/door":   "401, 401, 500, 500",
		"GET /shut":          "401, 401, 500, 500",
	})
	const why = "API Gateway may not invoke the function: no statement allows it"
	for route, want := range map[string]access.Cell{
		"GET /barred":        {Error: "InternalServerErrorException", Reason: why},
		"GET /barred/signed": {Error: "InternalServerErrorException", Reason: why},
		"GET /barred/door":   {Error: "InternalServerErrorException", Reason: why + ", where the Lambda authorizer custom lets it in"},
		"GET /shut":          {Error: "AuthorizerConfigurationException", Reason: "the authorizer was not run: "},
	} {
		if got := cell(t, table, route, "authenticated"); got.Error != want.Error || !strings.HasPrefix(got.Reason, want.Reason) {
			t.Errorf("%s: %s, %s; want %s, %s", route, got.Error, got.Reason, want.Error, want.Reason)
		}
	}
}

// What a reviewer looks for: doors that somebody opened, or meant to close.
func TestPoliciesAreDecidedAsTheyStand(t *testing.T) {
	routes := map[string][]string{"GET /a": {"sigv4"}, "POST /a": {"sigv4"}}
	callers := []string{"guest", "authenticated", "group editors", "function worker"}
	base := func(change func(*world)) world {
		w := world{
			routes: routes, groups: []string{"editors"}, functions: []string{"worker"},
			policies: map[string][]string{"authenticated": {document(allow("v1/GET/a"))}, "editors": {document(allow("v1/POST/a"))}},
		}
		change(&w)
		return w
	}
	for name, test := range map[string]struct {
		change func(*world)
		get    string
		post   string
		why    string // of GET /a by the caller
		caller string
	}{
		"as meant": {func(*world) {}, "403, yes, 403, 403", "403, 403, yes, 403", "", ""},
		"a wildcard lets guests in everywhere": {func(w *world) { w.policies["guest"] = []string{document(allow("*"))} },
			"yes, yes, 403, 403", "yes, 403, yes, 403", "statement 0 of the identity-based policy guest-0 of role guest-role allows", "guest"},
		"a managed policy counts": {func(w *world) { w.managed = map[string]string{"worker": document(allow("*/GET/*"))} },
			"403, yes, 403, yes", "403, 403, yes, 403", "statement 0 of the identity-based policy worker-managed allows", "function worker"},
		"an explicit deny wins": {func(w *world) {
			w.policies["authenticated"] = append(w.policies["authenticated"], document(allow("v1/*"), deny("v1/GET/*")))
		},
			"403, 403, 403, 403", "403, yes, yes, 403", "statement 1 of the identity-based policy authenticated-1 of role authenticated-role denies", "authenticated"},
		"another stage's policy opens nothing": {func(w *world) { w.policies["guest"] = []string{document(allow("v2/*"))} },
			"403, yes, 403, 403", "403, 403, yes, 403", "no statement of the identity-based policies guest-0 of role guest-role allows execute-api:Invoke", "guest"},
		"a trust policy that lets no guest in": {func(w *world) {
			w.policies["guest"] = []string{document(allow("*"))}
			w.guestTrust = poolTrust("us-west-2:11111111-1111-4111-8111-111111111111", "unauthenticated")
		},
			"403, yes, 403, 403", "403, 403, yes, 403", "gets no credentials: assuming role guest-role: no statement of the resource-based policy allows sts:AssumeRoleWithWebIdentity", "guest"},
		"a pool that takes no guests": {func(w *world) { w.noGuests = true },
			"403, yes, 403, 403", "403, 403, yes, 403", "gets no credentials: allowUnauthenticatedIdentities is false", "guest"},
		"a pool that looks at no groups": {func(w *world) { w.noMapping = true },
			"403, yes, yes, 403", "403, 403, 403, 403", "statement 0 of the identity-based policy authenticated-0 of role authenticated-role allows", "group editors"},
		"the resource policy denies": {func(w *world) {
			w.resource = document(`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}`,
				`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/v1/POST/*"}`)
		},
			"yes, yes, yes, yes", "403, 403, 403, 403", "statement 0 of the resource-based policy of the API allows", "guest"},
	} {
		t.Run(name, func(t *testing.T) {
			table := base(test.change).table(t)
			expect(t, table, callers, map[string]string{"GET /a": test.get, "POST /a": test.post})
			if test.why == "" {
				return
			}
			if got := cell(t, table, "GET /a", test.caller).Reason; got != test.why {
				t.Errorf("%s: the reason is %q, want %q", test.caller, got, test.why)
			}
		})
	}
}

func TestAKeyThatNobodyCanHave(t *testing.T) {
	table := world{routes: map[string][]string{"GET /keyed": {"api_key"}}, noKey: true}.table(t)
	got := cell(t, table, "GET /keyed", "key only")
	if got.Access != access.Refused || got.Status != 403 || got.Reason != "no API key in any usage plan of the stage" {
		t.Errorf("without a key in the plan: %+v", got)
	}
}

func TestWhereRequestsComeFrom(t *testing.T) {
	w := world{
		routes: map[string][]string{"GET /a": {}, "GET /b": {"sigv4"}, "GET /door": {"custom"}},
		resource: document(`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}`,
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`),
	}
	aws := awstest.Start(t, opened)
	w.declare(t, aws)
	callers := []string{"anonymous", "guest"}
	outside := one(t, aws, "")
	expect(t, outside, callers, map[string]string{"GET /a": "403, 403", "GET /b": "403, 403", "GET /door": "401, 403"})
	if outside.From != access.Elsewhere || len(outside.Notes) != 1 || !strings.Contains(outside.Notes[0], access.Elsewhere) {
		t.Errorf("from %s, notes %q", outside.From, outside.Notes)
	}
	inside := one(t, aws, "203.0.113.7")
	expect(t, inside, callers, map[string]string{"GET /a": "yes, yes", "GET /b": "403, yes", "GET /door": "401, asks custom"})
}

// What the table cannot know it says.
func TestNotes(t *testing.T) {
	table := world{
		routes:   map[string][]string{"GET /a": {"sigv4"}},
		policies: map[string][]string{"authenticated": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}]}`}},
		rules:    true,
		disabled: true,
	}.table(t)
	if got := word(cell(t, table, "GET /a", "authenticated")); got != "403" {
		t.Errorf("a user without the tag: %s", got)
	}
	if len(table.Notes) != 3 || !strings.Contains(table.Notes[0], "rules for claims") || !strings.Contains(table.Notes[1], "endpoint is disabled") || !strings.Contains(table.Notes[2], "callers' tags") {
		t.Errorf("the notes are %q", table.Notes)
	}
}

func TestPathsAndMethods(t *testing.T) {
	w := world{
		routes: map[string][]string{
			"GET /users/{id}": {"sigv4"}, "GET /users/id": {}, "ANY /things": {"sigv4"}, "GET /things": {}, "ANY /files/{rest+}": {"sigv4"}, "OPTIONS /users/{id}": {},
		},
		policies: map[string][]string{
			"authenticated": {document(allow("v1/GET/users/*", "v1/*/files/*"), deny("v1/GET/users/root", "v1/DELETE/files/*"))},
			"guest":         {document(allow("v1/GET/users/public*"))},
		},
	}
	table := w.table(t)
	callers := []string{"anonymous", "guest", "authenticated"}
	want := map[string]string{
		"GET /users/{id}": "403, some, some", "GET /users/id": "yes, yes, yes", "OPTIONS /users/{id}": "yes, yes, yes", "GET /things": "yes, yes, yes",
	}
	for _, verb := range []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} {
		want[verb+" /files/{rest+}"] = "403, 403, yes"
		if verb != "GET" {
			want[verb+" /things"] = "403, 403, 403"
		}
	}
	want["DELETE /files/{rest+}"] = "403, 403, 403"
	expect(t, table, callers, want)
	guest, user := cell(t, table, "GET /users/{id}", "guest"), cell(t, table, "GET /users/{id}", "authenticated")
	if !slices.Equal(guest.Paths.Allowed, []string{"/users/public*"}) || !slices.Equal(guest.Paths.Refused, []string{"/users/{id}", "/users/root", "/users/*"}) {
		t.Errorf("guests: %+v", *guest.Paths)
	}
	if !slices.Equal(user.Paths.Refused, []string{"/users/root"}) {
		t.Errorf("users: %+v", *user.Paths)
	}
}

// Three hundred routes and a dozen callers are decided in well under a second.
func TestManyRoutes(t *testing.T) {
	w := world{routes: map[string][]string{}, policies: map[string][]string{}, functions: []string{"f1", "f2", "f3", "f4"}, groups: []string{"g1", "g2"}}
	var mine []string
	for i := range 300 {
		w.routes[fmt.Sprintf("GET /r%d/{id}", i)] = []string{"sigv4"}
		if i%3 == 0 {
			mine = append(mine, fmt.Sprintf("v1/GET/r%d/*", i))
		}
	}
	w.policies["authenticated"] = []string{document(allow(mine...))}
	aws := awstest.Start(t, opened)
	w.declare(t, aws)
	start := time.Now()
	table := one(t, aws, "")
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Logf("%d cells in %s", len(table.Routes)*len(table.Callers), took)
	}
	allowed := 0
	for _, r := range table.Routes {
		for _, c := range r.Cells {
			if c.Access == access.Allowed {
				allowed++
			}
		}
	}
	if len(table.Routes) != 300 || allowed != 100 {
		t.Errorf("%d routes, %d cells allowed; want 300 and 100", len(table.Routes), allowed)
	}
}

// Where the classic flow is on, an identity may choose any role that trusts it, and a
// guest has no session policy: the table speaks of the enhanced flow alone, and says so.
func TestTheClassicFlowIsNoted(t *testing.T) {
	w := world{routes: map[string][]string{"GET /a": {"sigv4"}}, classic: true}
	table := w.table(t)
	if len(table.Notes) != 1 || !strings.Contains(table.Notes[0], "identities") || !strings.Contains(table.Notes[0], "allowClassicFlow") {
		t.Errorf("the notes are %q", table.Notes)
	}
}
