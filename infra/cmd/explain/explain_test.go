package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/friendly"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/internal/named"
	"auth-api/infra/localaws/awstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// menu has routes of every kind of authorization.
const menu = `config:
  aws:region: us-west-2
  auth-api:target: local
  auth-api:stageName: dev
  auth-api:routes:
    - {method: GET, path: /open, function: no-auth, public: true}
    - {method: GET, path: /keyed, function: no-auth, apiKeyRequired: true, requiredParameters: {query: [q]}}
    - {method: GET, path: /signed, function: require-auth, authorization: AWS_IAM, callers: [authenticated], apiKeyRequired: true}
    - {method: GET, path: "/team/{name}", function: require-auth, authorization: AWS_IAM, callerTags: {team: blue}}
    - {method: GET, path: /staff, function: require-auth, authorization: AWS_IAM, callers: [staff]}
    - {method: GET, path: /token, function: require-auth, authorization: COGNITO_USER_POOLS}
    - {method: GET, path: /scoped, function: require-auth, authorization: COGNITO_USER_POOLS, scopes: [shop/write]}
    - {method: GET, path: /door, function: require-auth, authorization: CUSTOM, authorizer: door, apiKeyRequired: true}
  auth-api:authorizers:
    door: {function: doorman, type: TOKEN, ttl: 0, identitySource: [header.X-Door], validationExpression: "please.*"}
  auth-api:functions:
    worker: {}
    no-auth: {grants: [{invoke: worker}, {route: GET /signed}]}
  auth-api:resourcePolicy: {allowedIps: [127.0.0.0/8, 192.0.2.0/24]}
  auth-api:identity:
    guests: GUESTS
    passwordPolicy: {requireSymbols: false}
    demoUser: ann
    demoGroups: [staff]
    groups: {staff: {precedence: 1}}
    attributes: {team: {type: String}}
    principalTags: {team: "custom:team"}
    resourceServers: {shop: {name: Shop, scopes: {write: Buy}}}
`

// checkout is a project with the stacks menu and closed, which is menu without guests.
func checkout(t *testing.T) string {
	t.Helper()
	return friendly.Checkout(t, map[string]string{"menu": strings.Replace(menu, "GUESTS", "true", 1), "closed": strings.Replace(menu, "GUESTS", "false", 1)}, "no-auth", "require-auth", "doorman", "worker")
}

// run runs the command and returns its exit code and what it says.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return friendly.Run(t, command(), args...)
}

// masks are what differs in every run.
var masks = []struct {
	of *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`us-west-2:[0-9a-f]{8}-[0-9a-f-]{27}`), "IDENTITY-POOL"},
	{regexp.MustCompile(`us-west-2_[A-Za-z0-9]{9}`), "USER-POOL"},
	{regexp.MustCompile(`((?:execute-api:us-west-2:[0-9*]{12}:|restapis/|"apiId": "))[a-z0-9]{10}\b`), "${1}API"},
	{regexp.MustCompile(`(auth-api-[a-z]+ )\([a-z0-9]{6,10}\)`), "${1}(ID)"},
	{regexp.MustCompile(`-[0-9a-f]{7}\b`), "-HASH"},
}

func masked(text string) string {
	for _, m := range masks {
		text = m.of.ReplaceAllString(text, m.as)
	}
	return text
}

// golden holds text against a file of testdata.
func golden(t *testing.T, folder, file, text string) {
	t.Helper()
	friendly.Golden(t, *update, filepath.Join(folder, "testdata", file), text)
}

// Each kind of authorization, refused and let in, to the letter.
func TestStories(t *testing.T) {
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := checkout(t)
	t.Chdir(dir)
	type story struct {
		file string
		o    options
	}
	stories := map[string][]story{} // by stack
	for file, line := range map[string][]string{
		"open.txt":              {"GET /open", "--as", "anonymous"},
		"keyed-no-key.txt":      {"GET /keyed?q=1", "--no-key"},
		"keyed-wrong-key.txt":   {"GET /keyed?q=1", "--wrong-key"},
		"keyed-no-query.txt":    {"GET /keyed"},
		"keyed.txt":             {"GET /keyed?q=1"},
		"signed-nobody.txt":     {"GET /signed"},
		"signed-guest.txt":      {"GET /signed", "--as", "guest"},
		"signed-guest.md":       {"GET /signed", "--as", "guest", "--markdown"},
		"signed-guest.json":     {"GET /signed", "--as", "guest", "--json"},
		"signed-no-guests.txt":  {"GET /signed", "--as", "guest", "--stack", "closed"},
		"signed-user.txt":       {"GET /signed", "--as", "user"},
		"signed-user.md":        {"GET /signed", "--as", "user", "--markdown"},
		"signed-function.txt":   {"GET /signed", "--as", "no-auth"},
		"signed-worker.txt":     {"GET /signed", "--as", "arn:aws:iam::000000000000:role/auth-api-menu-worker-role"},
		"signed-token.txt":      {"GET /signed", "--as", "ID token"},
		"team-user.txt":         {"GET /team/7", "--as", "user"},
		"team-blue.txt":         {"GET /team/7", "--as", "user", "--claim", "custom:team=blue"},
		"staff-user.txt":        {"GET /staff", "--as", "user"},
		"staff-ann.txt":         {"GET /staff", "--as", "ann"},
		"token-nobody.txt":      {"GET /token"},
		"token-user.txt":        {"GET /token", "--as", "user"},
		"token-access.txt":      {"GET /token", "--as", "user", "--token", "access"},
		"scoped-user.txt":       {"GET /scoped", "--as", "user"},
		"scoped.txt":            {"GET /scoped", "--as", "user", "--scope", "shop/write"},
		"door-nobody.txt":       {"GET /door"},
		"door-wrong.txt":        {"GET /door", "--header", "X-Door: now"},
		"door.txt":              {"GET /door", "--header", "X-Door: please, sir"},
		"door-no-key.txt":       {"GET /door", "--header", "X-Door: please", "--no-key"},
		"elsewhere.txt":         {"GET /signed", "--as", "user", "--from", "203.0.113.7"},
		"unknown.txt":           {"GET /signd"},
		"unknown-method.txt":    {"DELETE /team/7", "--as", "user"},
		"message-forbidden.txt": {"--message", "Forbidden"},
		"message-forbidden.md":  {"--message", "Forbidden", "--markdown"},
	} {
		args := line
		if strings.HasPrefix(file, "message") {
			code, out, complaint := run(t, args...)
			if code != cli.OK || complaint != "" {
				t.Fatalf("%s: exit code %d: %s", file, code, complaint)
			}
			golden(t, folder, file, out)
			continue
		}
		var o options
		cmd := o.command()
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := o.check(cmd.Flags().Args()); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if o.Stack == "local" {
			o.Stack = "menu"
		}
		stories[o.Stack] = append(stories[o.Stack], story{file, o})
	}
	for stack, of := range stories {
		err := inspect.UsePlanned(dir, stack, func(m inspect.Moment) error {
			for _, s := range of {
				a, err := s.o.ask(answer{Stack: stack, project: named.Example, Source: fromProgram}, m, workspace.Stack{Name: stack, Local: true})
				if err != nil {
					return fmt.Errorf("%s: %w", s.file, err)
				}
				var out bytes.Buffer
				if err := s.o.finish(&out, a); err != nil {
					return fmt.Errorf("%s: %w", s.file, err)
				}
				golden(t, folder, s.file, masked(out.String()))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// On a terminal no line is longer than it is wide, and it has colour there alone.
func TestATerminal(t *testing.T) {
	dir := checkout(t)
	t.Chdir(dir)
	code, out, _ := run(t, "GET /signed", "--as", "guest", "--stack", "menu", "--planned", "--json")
	var a answer
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != cli.OK {
		t.Fatal(err)
	}
	for _, width := range []int{60, 80, 120} {
		var text bytes.Buffer
		p := newPage(&text)
		p.Width = width
		if err := a.text(p); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(text.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("at %d columns a line takes %d: %s", width, n, line)
			}
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("what is no terminal gets escape sequences")
	}
}

func TestTheCommandLine(t *testing.T) {
	t.Chdir(checkout(t))
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, cli.Usage, "say which route"},
		{[]string{"GET", "/a", "/b"}, cli.Usage, "say which route"},
		{[]string{"GET signed"}, cli.Usage, `the path is "signed"; it begins with /`},
		{[]string{"ANY /signed"}, cli.Usage, "the method is ANY"},
		{[]string{"G(T /signed"}, cli.Usage, "the method is"},
		{[]string{"GET /team/{name}"}, cli.Usage, "a request's own path"},
		{[]string{"/x", "--json", "--markdown"}, cli.Usage, "cannot be had at once"},
		{[]string{"/x", "--no-key", "--wrong-key"}, cli.Usage, "cannot be had at once"},
		{[]string{"/x", "--expect", "yes"}, cli.Usage, "legal are allowed, refused, depends"},
		{[]string{"/x", "--token", "refresh"}, cli.Usage, "legal are id and access"},
		{[]string{"/x", "--from", "here"}, cli.Usage, "it is an IP address"},
		{[]string{"/x", "--claim", "team"}, cli.Usage, "it is NAME=VALUE"},
		{[]string{"/x", "--header", "no colon"}, cli.Usage, "it is NAME: VALUE"},
		{[]string{"/x", "--header", "x-api-key: secret"}, cli.Usage, "the stack's own key is sent"},
		{[]string{"/x", "--request", "last"}, cli.Usage, "three questions"},
		{[]string{"--message", "x", "--request", "last"}, cli.Usage, "three questions"},
		{[]string{"--message", "Forbidden", "--expect", "refused"}, cli.Usage, "--expect is for routes"},
		{[]string{"--request", "last", "--planned"}, cli.Usage, "what happened"},
		{[]string{"--request", "last", "--stage", "v1"}, cli.Usage, "a request went to a stage of its own"},
		{[]string{"/signed", "--planned", "--stack", "menu", "--stage", "v9"}, cli.Usage, `--stage is "v9", and there is none; there are auth-api-menu/dev`},
		{[]string{"--message", "short and stout"}, cli.Failed, "ERRORS.md lists"},
		{[]string{"/x", "--planned", "--stack", "menu", "--as", "eve"}, cli.Usage, `AS is "eve", and nobody is called so; there are nobody, anonymous, ann, authenticated, function `},
		{[]string{"/x", "--planned", "--stack", "menu", "--as", "guest", "--claim", "a=b"}, cli.Usage, "are of users who sign in, and guest does not"},
		{[]string{"/x", "--planned", "--stack", "menu", "--as", "arn:aws:iam::000000000000:role/other"}, cli.Usage, "nobody works in this role"},
		{[]string{"/x", "--planned", "--stack", "none"}, cli.Failed, "there are closed, menu"},
		{[]string{"--request", "last", "--stack", "menu"}, cli.Failed, "the local AWS is not running"},
		{[]string{"/signed", "--planned", "--stack", "menu", "--expect", "allowed"}, cli.Changed, "it is refused, and allowed was expected"},
		{[]string{"/signed", "--planned", "--stack", "menu", "--expect", "refused"}, cli.OK, ""},
		{[]string{"/door", "--planned", "--stack", "menu", "--header", "X-Door: please", "--expect", "depends"}, cli.OK, ""},
		{[]string{"/open", "--planned", "--stack", "menu", "--expect", "allowed"}, cli.OK, ""},
	} {
		code, _, complaint := run(t, test.args...)
		if code != test.code || !strings.Contains(complaint, test.says) {
			t.Errorf("%v: exit code %d, %q; want %d, %q", test.args, code, complaint, test.code, test.says)
		}
		if strings.Contains(complaint, "secret") {
			t.Errorf("%v: it prints a header's value: %s", test.args, complaint)
		}
	}
}

// What is deployed on AWS is explained with the account that it is of, and a permission
// that somebody took away is found.
func TestWhatIsDeployed(t *testing.T) {
	data, err := os.ReadFile("../internal/inspect/testdata/deployed.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(checkout(t))
	friendly.Pulumi(t, string(data), "")
	account := regexp.MustCompile(`execute-api:[a-z0-9-]+:(\d{12}):`).FindSubmatch(data)[1]
	_, out, complaint := run(t, "GET /require-auth", "--as", "guest", "--stack", "menu")
	for _, want := range []string{"stack menu, as deployed; decided by the local AWS's rules", "403 AccessDeniedException", "assumed-role/auth-api-dev-", ":" + string(account) + ":", "********" + string(account[8:]) + ":"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s%s", want, out, complaint)
		}
	}
	if strings.Contains(out, "000000000000") {
		t.Errorf("the local AWS's own account is told\n%s", out)
	}
	if _, out, complaint = run(t, "GET /require-auth", "--as", "user", "--stack", "menu", "--expect", "allowed"); complaint != "" {
		t.Errorf("%s\n%s", complaint, out)
	}
	taken := regexp.MustCompile(`"sourceArn": ?"[^"]*/GET/require-auth"`)
	if !taken.Match(data) {
		t.Fatal("the state has no permission for the route")
	}
	friendly.Pulumi(t, string(taken.ReplaceAll(data, []byte(`"sourceArn": "arn:aws:execute-api:us-west-2:`+string(account)+`:other/*/GET/require-auth"`))), "")
	code, out, _ := run(t, "GET /require-auth", "--as", "user", "--stack", "menu", "--expect", "refused")
	for _, want := range []string{"500 InternalServerErrorException", "API Gateway may not invoke the function", "ArnLike AWS:SourceArn", "brings it back"} {
		if !strings.Contains(out, want) || code != cli.OK {
			t.Errorf("exit code %d, there is no %q in\n%s", code, want, out)
		}
	}
}

// A request that was made is explained by its id, from the local AWS that runs.
func TestARequestByItsID(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	dir := checkout(t)
	t.Chdir(dir)
	local := daemon.Dir(dir)
	if err := os.MkdirAll(local, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Write(local, daemon.State{URL: s.Outputs.AWSEndpoint, Region: s.Outputs.Region}); err != nil {
		t.Fatal(err)
	}
	refused := s.Guest().Get("/require-auth")
	allowed := s.As(s.Outputs.DemoUser).Get("/require-auth")
	large := s.Nobody().Send(s.Nobody().Request("GET", "/no-auth", strings.Repeat("x", 6<<20)))
	missing := s.Nobody().Get("/assets/nothing")
	if large.Status != 413 || missing.Status != 404 {
		t.Fatalf("answered %s and %s", large, missing)
	}
	beginnings, several := map[string]bool{}, ""
	for range 17 { // ids are hexadecimal: two of so many begin alike
		id := s.Guest().Get("/no-auth").Header.Get("x-amzn-RequestId")
		if beginnings[id[:1]] {
			several = id[:1]
		}
		beginnings[id[:1]] = true
	}
	refused = s.Guest().Get("/require-auth")
	for name, test := range map[string]struct {
		id   string
		code int
		says []string
	}{
		"too large":          {large.Header.Get("x-amzn-RequestId"), cli.OK, []string{": 413", "those that it had are not kept", "What helps", "by a presigned address"}},
		"the function's own": {missing.Header.Get("x-amzn-RequestId"), cli.OK, []string{": 404", "the status is the function's own answer", "Why it is open, and what would close it"}},
		"by its beginning":   {refused.Header.Get("x-amzn-RequestId")[:8], cli.OK, []string{"id             " + refused.Header.Get("x-amzn-RequestId"), ": 403"}},
		"by too little":      {several, cli.Failed, []string{"have an id that begins with " + several + ": say more of it"}},
		"refused":            {refused.Header.Get("x-amzn-RequestId"), cli.OK, []string{"GET /execute-api/", ": 403", "no statement allows it", "Name guest among the callers", "decided again"}},
		"the last":           {"last", cli.OK, []string{"id             " + refused.Header.Get("x-amzn-RequestId")}},
		"let in":             {allowed.Header.Get("x-amzn-RequestId"), cli.OK, []string{": 200", "lets it in", "API Gateway may invoke the function"}},
		"unknown":            {"nobody-has-this-id", cli.Failed, []string{"explaining the request nobody-has-this-id: of the last thousand requests none has the id"}},
	} {
		code, out, complaint := run(t, "--request", test.id, "--stack", "menu")
		if code != test.code {
			t.Errorf("%s: exit code %d: %s", name, code, complaint)
		}
		for _, want := range test.says {
			if !strings.Contains(strings.ToLower(out+complaint), strings.ToLower(want)) {
				t.Errorf("%s: there is no %q in\n%s%s", name, want, out, complaint)
			}
		}
		for _, secret := range []string{s.Outputs.APIKey, s.Outputs.DemoPassword} {
			if strings.Contains(out, secret) {
				t.Errorf("%s: a secret is told", name)
			}
		}
	}
	if code, _, complaint := run(t, "--request", "last", "--stack", "menu", "--expect", "allowed"); code != cli.Changed {
		t.Errorf("exit code %d: %s", code, complaint)
	}
}

func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"GET /users/7?full=yes", "/x", "get /a/%2F/b", "GET /a b", "ANY /x", "GET /{x}", "PROPFIND /x", "GET //", "GET /\x00", "?", "GET /x?%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTarget([]string{text})
		if err != nil {
			return
		}
		again, err := parseTarget([]string{got.method + " " + got.path + map[bool]string{true: "?" + got.query}[got.query != ""]})
		if err != nil || again != got || !strings.HasPrefix(got.path, "/") || strings.ContainsAny(got.path, "?# ") {
			t.Errorf("%q is %+v, and that is %+v, %v", text, got, again, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{"Content-Type: application/json", "a:b", ":", "x\r\ny: z", "X-Api-Key: k", "A: b\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		h, err := parseHeaders([]string{line})
		if err != nil {
			return
		}
		for name, values := range h {
			if strings.ContainsAny(name+values[0], "\r\n\x00") || strings.EqualFold(name, "x-api-key") {
				t.Errorf("%q is %q: %q", line, name, values)
			}
		}
	})
}
