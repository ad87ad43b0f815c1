package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

func TestInstanceIsKeptWarm(t *testing.T) {
	r := newRig(t)
	r.declare("greeter")

	first := r.answer(r.ask("greeter", event{"Text": "hello"}))
	second := r.answer(r.ask("greeter", event{"Text": "again"}))
	if first.Text != "hello" || second.Text != "again" {
		t.Errorf("answers are %+v and %+v", first, second)
	}
	if first.PID != second.PID {
		t.Errorf("two processes, %d and %d, for two events one after the other", first.PID, second.PID)
	}
}

func TestFunctionIsFoundByNameAndARN(t *testing.T) {
	r := newRig(t)
	r.declare("greeter")
	const arn = "arn:aws:lambda:us-west-2:000000000000:function:greeter"
	for _, test := range []struct{ called, seen, refused string }{
		{called: "greeter", seen: arn},
		{called: arn, seen: arn},
		{called: "000000000000:function:greeter", seen: arn},
		{called: "greeter:$LATEST", seen: arn + ":$LATEST"},
		{called: "greeter:7", refused: "Function not found: " + arn + ":7"},
		{called: "Greeter", refused: "Function not found: arn:aws:lambda:us-west-2:000000000000:function:Greeter"},
		{called: "arn:aws:lambda:eu-west-1:000000000000:function:greeter", refused: "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:greeter"},
		{called: "", refused: "Function not found: arn:aws:lambda:us-west-2:000000000000:function:"},
	} {
		result, err := r.try(test.called, event{"Do": "look"})
		var e *lambda.Error
		switch {
		case test.refused != "":
			if !errors.As(err, &e) || e.Status != 404 || e.Code != "ResourceNotFoundException" || e.Message != test.refused {
				t.Errorf("%q: error is %v, want 404 %s", test.called, err, test.refused)
			}
		case err != nil:
			t.Errorf("%q: %v", test.called, err)
		default:
			if got := r.answer(result).ARN; got != test.seen {
				t.Errorf("%q: the function sees itself called as %s", test.called, got)
			}
		}
	}
}

func TestFunctionFails(t *testing.T) {
	r := newRig(t)
	r.declare("frail")
	for _, test := range []struct {
		name    string
		event   event
		payload string // ID stands for the request's id
		report  string // end of the REPORT line
	}{
		{"an error of the handler", event{"Do": "fail", "Text": "no such order"},
			`{"errorMessage":"no such order","errorType":"errorString"}`, ""},
		{"the process exits", event{"Do": "exit", "Size": 1},
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 1"}`,
			"Status: error\tError Type: Runtime.ExitError"},
		{"the process exits as if all were well", event{"Do": "exit", "Size": 0},
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}`,
			"Status: error\tError Type: Runtime.ExitError"},
		{"more than 6 MB", event{"Do": "raw", "Size": 6291557},
			`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`,
			"Status: error\tError Type: Function.ResponseSizeTooLarge"},
		{"an answer that breaks off", event{"Do": "halfway"},
			`{"errorMessage":"the source dried up","errorType":"errorString"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := r.ask("frail", test.event)
			want := strings.ReplaceAll(test.payload, "ID", result.RequestID)
			if result.FunctionError != "Unhandled" || string(result.Payload) != want {
				t.Errorf("%q %s\nwant %s", result.FunctionError, result.Payload, want)
			}
			if report := r.awaitLine("REPORT RequestId: " + result.RequestID); !strings.HasSuffix(report.Message, "\t"+test.report) {
				t.Errorf("the log says %q", report.Message)
			}
			if a := r.answer(r.ask("frail", event{"Text": "next"})); a.Text != "next" {
				t.Errorf("the next event is answered %+v", a)
			}
		})
	}
}

func TestPanicIsReportedAndEndsTheProcess(t *testing.T) {
	r := newRig(t)
	r.declare("frail")
	before := r.answer(r.ask("frail", event{}))
	result := r.ask("frail", event{"Do": "panic", "Text": "lost"})
	var e struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal(result.Payload, &e); err != nil || e.ErrorMessage != "lost" || result.FunctionError != "Unhandled" {
		t.Errorf("%q %s", result.FunctionError, result.Payload)
	}
	if after := r.answer(r.ask("frail", event{})); after.PID == before.PID {
		t.Error("the process that panicked has the next event")
	}
}

func TestLargestResponse(t *testing.T) {
	r := newRig(t)
	r.declare("large")
	if result := r.ask("large", event{"Do": "raw", "Size": 6291556}); result.FunctionError != "" || len(result.Payload) != 6291556 {
		t.Errorf("%q, %d bytes", result.FunctionError, len(result.Payload))
	}
}

func TestEventThatIsTooLarge(t *testing.T) {
	r := newRig(t)
	r.declare("large")
	_, err := r.Invoke(t.Context(), lambda.Invocation{Function: "large", Payload: make([]byte, 6291457)})
	var e *lambda.Error
	if !errors.As(err, &e) || e.Status != 413 || e.Code != "RequestTooLargeException" ||
		e.Message != "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)" {
		t.Errorf("error is %v", err)
	}
}

func TestTimeout(t *testing.T) {
	r := newRig(t)
	r.declare("slow")
	pid := make(chan int, 1)
	go func() {
		var n int
		_, _ = fmt.Sscanf(r.awaitLine("pid").Message, "pid %d", &n)
		pid <- n
		r.timers.fire(7 * time.Second)
	}()
	result := r.ask("slow", event{"Do": "hang"})
	want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + result.RequestID + ` Error: Task timed out after 7.00 seconds"}`
	if result.FunctionError != "Unhandled" || string(result.Payload) != want {
		t.Errorf("%q %s\nwant %s", result.FunctionError, result.Payload, want)
	}
	if n := <-pid; !gone(n) {
		t.Errorf("process %d is there still", n)
	}
	tail := string(result.LogTail)
	if !strings.Contains(tail, "2026-03-04T05:06:07.000Z "+result.RequestID+" Task timed out after 7.00 seconds\nEND ") || !strings.Contains(tail, "Status: timeout\n") {
		t.Errorf("the log says:\n%s", tail)
	}
}

func TestCallerLeavesAndTheFunctionRunsOn(t *testing.T) {
	r := newRig(t)
	r.declare("patient", reserved(1))
	h := newHold(t)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		h.arrived()
		leave()
	}()
	payload, _ := json.Marshal(event{"Do": "visit", "Text": h.URL})
	if _, err := r.Invoke(ctx, lambda.Invocation{Function: "patient", Payload: payload}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	if _, err := r.try("patient", event{}); throttled(err) == "" {
		t.Errorf("the function that still runs takes another event: %v", err)
	}
	h.release()
	r.awaitLine("REPORT")
	r.eventually("patient")
}

// eventually invokes the function until a limit that is about to be free is free.
func (r *rig) eventually(name string) answer {
	r.Helper()
	for {
		result, err := r.try(name, event{})
		if err == nil {
			return r.answer(result)
		}
		if throttled(err) == "" {
			r.Fatal(err)
		}
	}
}

func TestInitFails(t *testing.T) {
	for _, test := range []struct {
		init, payload string
		phases        []string // what the log reports, with the durations cut out
	}{
		{"crash",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"}`,
			[]string{"Phase: init\tStatus: error\tError Type: Runtime.ExitError", "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError"}},
		{"report",
			`{"errorMessage":"no configuration","errorType":"Config.Missing"}`,
			[]string{"Phase: init\tStatus: error\tError Type: Config.Missing", "Phase: invoke\tStatus: error\tError Type: Config.Missing"}},
		{"hang",
			`{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 7.00 seconds"}`,
			[]string{"Phase: init\tStatus: timeout", "Phase: invoke\tStatus: timeout"}},
	} {
		t.Run(test.init, func(t *testing.T) {
			r := newRig(t)
			r.declare("stillborn", variables(map[string]string{"INIT": test.init}))
			if test.init == "hang" {
				go func() {
					r.timers.fire(10 * time.Second) // Lambda's limit of init
					r.timers.fire(7 * time.Second)  // the second try has the function's own
				}()
			}
			result := r.ask("stillborn", event{})
			if want := strings.ReplaceAll(test.payload, "ID", result.RequestID); result.FunctionError != "Unhandled" || string(result.Payload) != want {
				t.Errorf("%q %s\nwant %s", result.FunctionError, result.Payload, want)
			}
			for _, phase := range test.phases {
				if got := r.awaitLine("INIT_REPORT").Message; !strings.HasSuffix(got, phase) {
					t.Errorf("the log says %q, want %q", got, phase)
				}
			}
		})
	}
}

func TestArchiveWithoutAProgram(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct{ name, file, content, want string }{
		{"no bootstrap", "main", "", `Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]`},
		{"no program", "bootstrap", "not for this machine", `fork/exec /var/task/bootstrap: exec format error`},
	} {
		zip, hash := archive(map[string]string{test.file: test.content})
		if err := r.PutCode(hash, zip); err != nil {
			t.Fatal(err)
		}
		r.declare("empty", func(f *lambda.Function) { f.Code.SHA256 = hash })
		result := r.ask("empty", event{})
		var e struct{ ErrorType, ErrorMessage string }
		if err := json.Unmarshal(result.Payload, &e); err != nil || e.ErrorType != "Runtime.InvalidEntrypoint" ||
			e.ErrorMessage != "RequestId: "+result.RequestID+" Error: "+test.want {
			t.Errorf("%s: %s", test.name, result.Payload)
		}
	}
}

func TestRoleThatLambdaCannotAssume(t *testing.T) {
	r := newRig(t)
	r.declare("orphan")
	r.refused = errors.New("the trust policy names another service")
	_, err := r.try("orphan", event{})
	var e *lambda.Error
	if !errors.As(err, &e) || e.Status != 403 || e.Message != "The role defined for the function cannot be assumed by Lambda." || !errors.Is(err, r.refused) {
		t.Errorf("error is %v", err)
	}
}

func TestSeveralAtOnce(t *testing.T) {
	r := newRig(t)
	r.declare("busy")
	h := newHold(t)
	const callers = 8
	pids := make(chan int, callers)
	for range callers {
		go func() { pids <- r.answer(r.ask("busy", event{"Do": "visit", "Text": h.URL})).PID }()
	}
	for range callers {
		h.arrived()
	}
	h.release()
	distinct := map[int]bool{}
	for range callers {
		distinct[<-pids] = true
	}
	if len(distinct) != callers {
		t.Errorf("%d processes for %d events at once", len(distinct), callers)
	}
}

func TestEveryCallerGetsItsOwnAnswer(t *testing.T) {
	r := newRig(t)
	r.declare("echo", reserved(4))
	var callers sync.WaitGroup
	for c := range 4 {
		callers.Go(func() {
			for n := range 50 {
				text := fmt.Sprint(c, " ", n)
				if got := r.answer(r.ask("echo", event{"Text": text})).Text; got != text {
					t.Errorf("asked %q, answered %q", text, got)
				}
			}
		})
	}
	callers.Wait()
}

func TestReservedConcurrency(t *testing.T) {
	r := newRig(t)
	r.declare("pair", reserved(2))
	r.declare("none", reserved(0))
	h := newHold(t)
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() { r.ask("pair", event{"Do": "visit", "Text": h.URL}) })
		h.arrived()
	}
	const reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	_, err := r.try("pair", event{})
	if got := throttled(err); got != reason {
		t.Errorf("a third at once: %v", err)
	}
	if got, want := err.Error(), "TooManyRequestsException: Rate Exceeded. ("+reason+")"; got != want {
		t.Errorf("error is %q, want %q", got, want)
	}
	if _, err := r.try("none", event{}); throttled(err) != reason {
		t.Errorf("a function with nothing reserved: %v", err)
	}
	h.release()
	callers.Wait()
	r.ask("pair", event{})
}

func TestAccountConcurrency(t *testing.T) {
	r := newRig(t, func(c *lambda.Config) { c.ConcurrencyLimit = 103 })
	r.declare("reserving", reserved(3))
	r.declare("other")
	h := newHold(t)
	var callers sync.WaitGroup
	defer callers.Wait()
	defer h.release()
	r.update(func(tx *store.Tx) error { // no check here: it would insist on leaving a hundred to the others
		f, _, err := lambda.Functions.Get(tx, "reserving")
		n := 102
		f.Reserved = &n
		return errors.Join(err, lambda.Functions.Put(tx, "reserving", f))
	})
	callers.Go(func() { r.ask("other", event{"Do": "visit", "Text": h.URL}) })
	h.arrived()
	if _, err := r.try("other", event{}); throttled(err) != "ConcurrentInvocationLimitExceeded" {
		t.Errorf("over the account's limit: %v", err)
	}
	r.ask("reserving", event{})
}

func TestServiceNeedsPermission(t *testing.T) {
	r := newRig(t)
	r.declare("guarded")
	r.declare("lonely")
	r.permit(lambda.Permission{StatementID: "route", Action: "lambda:InvokeFunction", Function: "guarded", Principal: "apigateway.amazonaws.com",
		SourceARN: "arn:aws:execute-api:us-west-2:000000000000:abc123/*/GET/orders/?"})
	r.permit(lambda.Permission{StatementID: "bucket", Action: "lambda:*", Function: "arn:aws:lambda:us-west-2:000000000000:function:guarded", Principal: "s3.amazonaws.com",
		SourceARN: "arn:aws:s3:::uploads", SourceAccount: account})
	r.permit(lambda.Permission{StatementID: "url", Action: "lambda:InvokeFunctionUrl", Function: "lonely", Principal: "apigateway.amazonaws.com"})
	const api, s3 = "apigateway.amazonaws.com", "s3.amazonaws.com"
	for _, test := range []struct {
		name, function, principal, source, account string
		allowed                                    bool
	}{
		{"its own route", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:abc123/dev/GET/orders/7", "", true},
		{"any stage of it", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:abc123/prod/GET/orders/7", "", true},
		{"one character stands for one", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:abc123/dev/GET/orders/77", "", false},
		{"another method", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:abc123/dev/POST/orders/7", "", false},
		{"another API", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:zzz999/dev/GET/orders/7", "", false},
		{"another account's API", "guarded", api, "arn:aws:execute-api:us-west-2:111111111111:abc123/dev/GET/orders/7", "", false},
		{"case counts", "guarded", api, "arn:aws:execute-api:us-west-2:000000000000:ABC123/dev/GET/orders/7", "", false},
		{"on nobody's behalf", "guarded", api, "", "", false},
		{"another service", "guarded", "sns.amazonaws.com", "arn:aws:execute-api:us-west-2:000000000000:abc123/dev/GET/orders/7", "", false},
		{"a bucket of the account", "guarded", s3, "arn:aws:s3:::uploads", "", true},
		{"a bucket of that name of another's", "guarded", s3, "arn:aws:s3:::uploads", "111111111111", false},
		{"permission for another action", "lonely", api, "arn:aws:execute-api:us-west-2:000000000000:abc123/dev/GET/orders/7", "", false},
		{"an IAM caller is its gatekeeper's affair", "lonely", "arn:aws:iam::000000000000:user/admin", "", "", true},
	} {
		_, err := r.Invoke(t.Context(), lambda.Invocation{Function: test.function, Principal: test.principal, SourceARN: test.source, SourceAccount: test.account})
		if test.allowed && err != nil || !test.allowed && !errors.Is(err, lambda.ErrNotPermitted) {
			t.Errorf("%s: error is %v", test.name, err)
		}
		decision, steps, asked := r.Permitted(lambda.Invocation{Function: test.function, Principal: test.principal, SourceARN: test.source, SourceAccount: test.account})
		if errors.Is(asked, lambda.ErrNotPermitted) != !test.allowed || decision.Allowed != (test.allowed && len(steps) > 0) {
			t.Errorf("%s: asked whether it is permitted, it says %v %+v %v", test.name, asked, decision, steps)
		}
	}
	if _, _, err := r.Permitted(lambda.Invocation{Function: "nowhere", Principal: api}); err == nil || errors.Is(err, lambda.ErrNotPermitted) {
		t.Errorf("of a function that is not there it says %v", err)
	}
}

func TestLog(t *testing.T) {
	r := newRig(t)
	r.declare("writer", func(f *lambda.Function) {
		f.MemorySize = 256
		f.LoggingConfig = &lambda.LoggingConfig{LogFormat: "Text", LogGroup: "/shop/orders"}
	})
	r.update(func(tx *store.Tx) error {
		g := lambda.LogGroup{Name: "/shop/orders", RetentionInDays: 7}
		return errors.Join(r.LogGroupDeclared(tx, g.Name, g), lambda.LogGroups.Put(tx, g.Name, g))
	})
	first := r.ask("writer", event{"Do": "print", "Text": "one\ntwo"})
	second := r.ask("writer", event{"Do": "print", "Text": "three"})

	lines := func(f logs.Filter) (texts []string) {
		t.Helper()
		events, err := r.Logs("/shop/orders", f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			texts = append(texts, regexp.MustCompile(`\d+(\.\d+)? m[sS]|Used: \d+`).ReplaceAllString(e.Message, "N"))
		}
		return texts
	}
	invocation := func(id, report string, said ...string) []string {
		all := append([]string{"START RequestId: " + id + " Version: $LATEST"}, said...)
		return append(all, "END RequestId: "+id,
			"REPORT RequestId: "+id+"\tDuration: N\tBilled Duration: N\tMemory Size: 256 MB\tMax Memory N MB\t"+report)
	}
	want := append(invocation(first.RequestID, "Init Duration: N\t", "one", "two"), invocation(second.RequestID, "", "three")...)
	if diff := cmp.Diff(want, lines(logs.Filter{})); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[5:], lines(logs.Filter{RequestID: second.RequestID})); diff != "" {
		t.Errorf("log of the second invocation (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(string(second.LogTail), "START RequestId: "+second.RequestID) || strings.Contains(string(second.LogTail), "two") {
		t.Errorf("the second invocation's log is\n%s", second.LogTail)
	}
	stream := r.awaitLine("START").Stream
	if !regexp.MustCompile(`^2026/03/04/\[\$LATEST\][0-9a-f]{32}$`).MatchString(stream) {
		t.Errorf("stream is %q", stream)
	}

	r.advance(8 * 24 * time.Hour)
	if got := lines(logs.Filter{}); got != nil {
		t.Errorf("after 8 days a log that is kept for 7 has %q", got)
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	r := newRig(t)
	r.declare("discreet", variables(map[string]string{"DB_PASSWORD": "hunter2hunter2"}))
	env := r.answer(r.ask("discreet", event{"Do": "look"})).Env
	r.ask("discreet", event{"Do": "exit", "Size": 1})
	r.refused = errors.New("refused")
	_, err := r.try("discreet", event{})
	events, _ := r.Logs("/aws/lambda/discreet", logs.Filter{})
	_, token, _ := strings.Cut(env["AWS_LAMBDA_RUNTIME_API"], "/_runtime/")
	for _, secret := range []string{"hunter2hunter2", env["AWS_SECRET_ACCESS_KEY"], token} {
		if secret == "" {
			t.Fatal("nothing to look for")
		}
		for _, e := range events {
			if strings.Contains(e.Message, secret) {
				t.Errorf("the log holds a secret: %q", e.Message)
			}
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds a secret: %v", err)
		}
	}
}

func TestEnvironmentIsLambdas(t *testing.T) {
	t.Setenv("HOST_SECRET", "of the developer")
	r := newRig(t)
	r.declare("curious", variables(map[string]string{"TABLE": "orders", "TZ": "Europe/Vienna", "EMPTY_ONE": ""}))
	a := r.answer(r.ask("curious", event{"Do": "look"}))
	token := regexp.MustCompile(`/_runtime/[0-9a-f]{16}\.[0-9a-f]{32}$`)
	if !token.MatchString(a.Env["AWS_LAMBDA_RUNTIME_API"]) {
		t.Errorf("AWS_LAMBDA_RUNTIME_API is %q", a.Env["AWS_LAMBDA_RUNTIME_API"])
	}
	a.Env["AWS_LAMBDA_RUNTIME_API"] = token.ReplaceAllString(a.Env["AWS_LAMBDA_RUNTIME_API"], "/_runtime/TOKEN")
	delete(a.Env, "AWS_LAMBDA_LOG_STREAM_NAME") // random; TestLog looks at it
	delete(a.Env, "_X_AMZN_TRACE_ID")           // set by the runtime for each event
	address := r.server.Listener.Addr().String()
	want := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": "Europe/Vienna",
		"TABLE": "orders", "EMPTY_ONE": "", "_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": a.Dir, "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_LAMBDA_FUNCTION_NAME": "curious", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/curious", "AWS_LAMBDA_RUNTIME_API": address + "/_runtime/TOKEN",
		"AWS_ACCESS_KEY_ID": "ASIAcurious", "AWS_SECRET_ACCESS_KEY": "secret of " + role, "AWS_SESSION_TOKEN": "session",
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
		"AWS_ENDPOINT_URL": "http://" + address, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	}
	if diff := cmp.Diff(want, a.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if a.Left < 5*time.Second || a.Left > 7*time.Second {
		t.Errorf("the event's deadline is %v away, of 7 s", a.Left)
	}
}

// hold is a server that keeps its visitors until they are released.
type hold struct {
	*httptest.Server
	came, free chan struct{}
	once       sync.Once
}

func newHold(t *testing.T) *hold {
	h := &hold{came: make(chan struct{}), free: make(chan struct{})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		h.came <- struct{}{}
		<-h.free
	}))
	t.Cleanup(func() { h.release(); h.Close() })
	return h
}

func (h *hold) arrived() { <-h.came }
func (h *hold) release() { h.once.Do(func() { close(h.free) }) }
