package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/testers"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"
)

// do runs a command for the local AWS in dir.
func do(t *testing.T, dir string, args ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := command()
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	code = cli.Run(t.Context(), c, append(args, "--dir", dir))
	return code, stdout.String(), stderr.String()
}

func TestTheCommandsForTesters(t *testing.T) {
	dir, _ := run(t, t.Context())
	state, running := daemon.Running(t.Context(), dir)
	if !running {
		t.Fatal("it does not run")
	}
	resp, err := http.Get(state.URL + "/bucket/first")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, state.URL+"/_local/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://example.com")
	if resp, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()

	for _, test := range []struct {
		args string
		code int
		out  string
		says string
	}{
		{"requests", 0, "400  GET  /bucket/first\n", ""},
		{"requests --denied", 0, "403  GET  /_local/users\n                    deny a page of another origin asks", ""},
		{"requests --service tea", 0, "No such request was made", ""},
		{"requests --limit 0", cli.Usage, "", "--limit is 0; legal are numbers from 1"},
		{"requests more", cli.Usage, "", "there are 1 arguments; local requests takes 0"},
		{"resources", 0, "Nothing is declared.", ""},
		{"mailbox", 0, "There are no messages.", ""},
		{"mailbox --to ann --json", 0, `"messages": []`, ""},
		{"users", 0, "There are no users.", ""},
		{"users --pool us-west-2_000000000", cli.Failed, "", `User pool "us-west-2_000000000" does not exist; there are: none.`},
		{"tokens", 0, "There are no tokens.", ""},
		{"tokens --use tea", cli.Failed, "", "legal are id, access, refresh"},
		{"usage", 0, "There is no API key in a usage plan.", ""},
		{"clock", 0, "UTC for the local AWS, which is real time.", ""},
		{"clock set 2126-01-01T00:00:00Z", 0, "It is 2126-01-01 00:00:0", ""},
		{"clock", 0, " ahead of real time.", ""},
		{"clock back 36500d", 0, "UTC for the local AWS", ""},
		{"clock reset", 0, "which is real time.", ""},
		{"clock back 1d12h", 0, "1d 12h0m0s behind real time.", ""},
		{"clock advance 36h --json", 0, `"offset": "0s"`, ""},
		{"clock advance soon", cli.Usage, "", `"soon" is no duration; legal are such as 90s`},
		{"clock set tomorrow", cli.Usage, "", "legal are such as 2026-12-01T00:00:00Z"},
		{"clock advance", cli.Usage, "", "there are 0 arguments; local clock advance takes 1"},
		{"clock advance 100000d", cli.Failed, "", "legal is from 2000-01-01"},
		{"reset", 0, "Everything is back to how it was", ""},
		{"reset --json", 0, `"reset": true`, ""},
		{"requests", 0, "No such request was made since the local AWS was started or reset.", ""},
	} {
		code, out, complaint := do(t, dir, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(complaint, test.says) || (code == 0) != (complaint == "") || strings.Contains(out, "\x1b") {
			t.Errorf("local %s: %d %q %q; want %d %q %q", test.args, code, out, complaint, test.code, test.out, test.says)
		}
	}
	if code, _, complaint := do(t, t.TempDir(), "reset"); code != cli.Failed || complaint != "local: the local AWS is not running; make up starts it\n" {
		t.Errorf("where none runs: %d %q", code, complaint)
	}
}

// lines collects what is written until there is enough of it.
type lines struct {
	mu    sync.Mutex
	text  strings.Builder
	until string
	found func()
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if strings.Contains(l.text.String(), l.until) {
		l.found()
	}
	return len(p), nil
}

func TestRequestsAreFollowed(t *testing.T) {
	dir, _ := run(t, t.Context())
	state, _ := daemon.Running(t.Context(), dir)
	ask := func(path string) {
		resp, err := http.Get(state.URL + path)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	}
	ask("/bucket/before")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := &lines{until: "/bucket/last", found: interrupt}
	once := sync.OnceFunc(func() { go func() { ask("/bucket/first"); ask("/bucket/last") }() })
	first := &lines{until: "/bucket/before", found: once}
	c := command()
	c.SetOut(both{first, out})
	if code := cli.Run(ctx, c, []string{"requests", "--follow", "--json", "--dir", dir}); code != cli.OK {
		t.Fatalf("it ends with %d", code)
	}
	var paths []string
	for _, line := range strings.Split(strings.TrimSpace(out.text.String()), "\n") {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		paths = append(paths, e.Path)
	}
	if got := strings.Join(paths, " "); got != "/bucket/before /bucket/first /bucket/last" {
		t.Errorf("it told of %s", got)
	}
}

type both [2]*lines

func (b both) Write(p []byte) (int, error) {
	_, _ = b[0].Write(p) // never fails
	return b[1].Write(p)
}

func TestRequestsFitATerminal(t *testing.T) {
	var out bytes.Buffer
	v := view{out: &out, width: 60}
	if err := v.printRequests([]audit.Entry{{
		ID: "5bfcbe81-0000-4000-8000-000000000000", Method: "GET", Path: "/execute-api/" + strings.Repeat("x", 100), Status: 403, Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		Caller: "arn:aws:sts::000000000000:assumed-role/" + strings.Repeat("y", 60), Decision: "deny", Reason: strings.Repeat("because \x1b[2J ", 20), Fault: "it broke",
	}, {ID: "5bfcbe81-1000-4000-8000-000000000000", Method: "POST", Path: "/", Service: "cognito-idp SignUp", Status: 200}}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if n := len([]rune(line)); n > 60 || strings.Contains(line, "\x1b") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for _, want := range []string{"it broke", "12:00:00  5bfcbe81-0  403  GET  /execute-api/", "00:00:00  5bfcbe81-1  200  POST  cognito-idp SignUp"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

// What tells a request is short, and no longer than it must be.
func TestIDsAreAsShortAsTheyMayBe(t *testing.T) {
	for _, test := range []struct{ ids, want string }{
		{"", ""},
		{"5bfcbe81-0000-4000 6bfcbe81-0000-4000", "5bfcbe81 6bfcbe81"},
		{"5bfcbe81-0000-4000 5bfcbe81-0010-4000 6", "5bfcbe81-000 5bfcbe81-001 6"},
		{"5bfcbe81-0000 5bfcbe81-0000", "5bfcbe81 5bfcbe81"}, // one request, twice
	} {
		var list []audit.Entry
		for _, id := range strings.Fields(test.ids) {
			list = append(list, audit.Entry{ID: id})
		}
		if got := strings.Join(short(list), " "); got != test.want {
			t.Errorf("%q is told as %q, want %q", test.ids, got, test.want)
		}
	}
}

func TestTablesOfTesters(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	answers := map[string]string{
		"/users": `{"users":[{"userPoolId":"one","username":"ann","status":"CONFIRMED","enabled":false,"groups":["staff","admin"],"attributes":{"email":"ann@example.com"},"declared":true,"lockedUntil":"2026-11-22T12:15:00Z"},{"userPoolId":"two","username":"bob","status":"UNCONFIRMED","enabled":true}]}`,
		"/tokens": `{"tokens":[{"use":"id","username":"ann","jti":"11111111-x","originJti":"22222222-x","issuedAt":"2026-11-22T11:30:00Z","expires":"2026-11-22T12:30:00Z"},
			{"use":"access","username":"ann","expires":"2026-11-22T12:00:00Z"},{"use":"refresh","username":"bob","expires":"2026-12-22T12:00:00Z","revoked":true}]}`,
		"/usage":     `{"usage":[{"plan":"gold","key":"anns","day":"2026-11-22","used":5,"limit":5,"remaining":0,"period":"DAY"},{"plan":"open","key":"bobs","day":"2026-11-22","used":7}]}`,
		"/mailbox":   `{"messages":[{"time":"2026-11-22T11:59:00Z","username":"ann","destination":"ann@example.com","kind":"SIGN_UP","code":"123456"}]}`,
		"/resources": `{"recorded.cloudwatch.MetricAlarm":["errors","late"],"iam.Role":["member"]}`,
		"/clock":     fmt.Sprintf(`{"now":%q,"offset":"0s"}`, at.Format(time.RFC3339)),
	}
	server := serveAnswers(t, answers)
	for name, test := range map[string]struct {
		show func(view) error
		want string
	}{
		"users": {func(v view) error { return v.users(t.Context(), "") }, `User pool one
USER  STATUS     GROUPS       EMAIL            NOTES
ann   CONFIRMED  staff,admin  ann@example.com  declared, disabled, locked until 12:15:00
User pool two
USER  STATUS       GROUPS  EMAIL  NOTES
bob   UNCONFIRMED
`},
		"tokens": {func(v view) error { return v.tokens(t.Context(), "", "") }, `ISSUED          USE      USER  EXPIRES         STATE    ID        SIGN-IN
11-22 11:30:00  id       ann   11-22 12:30:00  good     11111111  22222222
                access   ann   11-22 12:00:00  expired
                refresh  bob   12-22 12:00:00  revoked
`},
		"usage": {func(v view) error { return v.usage(t.Context()) }, `DAY         PLAN  KEY   USED  QUOTA    LEFT
2026-11-22  gold  anns  5     5 a day  0
2026-11-22  open  bobs  7     none
`},
		"resources": {func(v view) error { return v.resources(t.Context()) }, `KIND                    ID      NOTES
iam.Role                member
cloudwatch.MetricAlarm  errors  recorded only, not enforced
cloudwatch.MetricAlarm  late    recorded only, not enforced
`},
		"mailbox": {func(v view) error { return v.mailbox(t.Context(), "") }, `SENT            KIND     CODE    USER  TO
11-22 11:59:00  SIGN_UP  123456  ann   ann@example.com
`},
	} {
		var out bytes.Buffer
		if err := test.show(view{api: testerAPI{server}, out: &out}); err != nil || out.String() != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, out.String(), test.want)
		}
	}
}

// serveAnswers answers each path with its text.
func serveAnswers(t *testing.T, answers map[string]string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, text := range answers {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }) // the client is there
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestHelpFitsEightyColumns(t *testing.T) {
	var all func(c *cobra.Command)
	all = func(c *cobra.Command) {
		for _, line := range strings.Split(c.Long+"\n"+c.Example, "\n") {
			if n := len([]rune(line)); n > 80 {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
		for _, child := range c.Commands() {
			all(child)
		}
	}
	all(command())
}

func TestTheCommandsAskOnlyForWhatThereIs(t *testing.T) {
	there := map[string]bool{}
	for _, e := range testers.Endpoints() {
		there[strings.TrimPrefix(e.Path, testers.Prefix+"/")] = true
	}
	for _, c := range testerCommands(nil) {
		if !there[c.Name()] {
			t.Errorf("local %s has no address", c.Name())
		}
	}
}

func TestTheAdministratorsKeyIsTheEnvironments(t *testing.T) {
	const id, secret = "AKIAEXAMPLE", "a-secret-of-ones-own"
	env := map[string]string{daemon.AdminKeyIDVariable: id, daemon.AdminSecretVariable: secret}
	admin, err := daemon.AdminKeyFrom(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := runWith(t, t.Context(), admin)
	state, _ := daemon.Running(t.Context(), dir)
	for _, test := range []struct {
		id, secret string
		want       bool
	}{{id, secret, true}, {id, "test", false}, {"test", "test", false}} {
		api := sts.New(sts.Options{Region: "us-west-2", BaseEndpoint: aws.String(state.URL), Credentials: credentials.NewStaticCredentialsProvider(test.id, test.secret, "")})
		if _, err := api.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); (err == nil) != test.want {
			t.Errorf("signed by %s: %v", test.id, err)
		}
	}
	for _, args := range []string{"status --json", "requests", "requests --json"} {
		if _, out, complaint := do(t, dir, strings.Fields(args)...); strings.Contains(out+complaint, secret) {
			t.Errorf("local %s prints the secret", args)
		}
	}
}
