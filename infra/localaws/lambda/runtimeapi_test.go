package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/lambda"
)

// borrowed is an instance whose process does nothing: the test is its runtime.
type borrowed struct {
	*rig
	api    string // http://host:port/_runtime/TOKEN
	result chan lambda.Result
}

func borrow(r *rig) *borrowed {
	r.Helper()
	r.declare("lent", variables(map[string]string{"INIT": "lend"}))
	b := &borrowed{rig: r, result: make(chan lambda.Result, 1)}
	go func() {
		result, _ := r.try("lent", event{"Text": "hello"}) // an error when the test closes the service first
		b.result <- result
	}()
	b.api = "http://" + strings.TrimPrefix(r.awaitLine("api ").Message, "api ")
	return b
}

// call makes a request of the Runtime API.
func (b *borrowed) call(method, url, body string) (status int, answer string, h http.Header) {
	b.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		b.Error(err) // not Fatal: it may be another goroutine
		return 0, "", nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Error(err)
		return 0, "", nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Error(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text)), response.Header
}

// poll asks for the next event and leaves without it.
func (b *borrowed) poll() {
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", b.api+runtimePath+"/invocation/next", nil)
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	}()
}

const runtimePath = "/2018-06-01/runtime"

func TestRuntimeAPI(t *testing.T) {
	b := borrow(newRig(t))
	api := b.api + runtimePath
	expect := func(what, method, url, body string, status int, answer string) {
		t.Helper()
		if gotStatus, got, _ := b.call(method, url, body); gotStatus != status || got != answer {
			t.Errorf("%s: %d %s\nwant %d %s", what, gotStatus, got, status, answer)
		}
	}
	const ok = `{"status":"OK"}`
	expect("an answer before the first event", "POST", api+"/invocation/x/response", "1", 403,
		`{"errorMessage":"State transition from RuntimeStarted to RuntimeResponseSent failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`)

	before := time.Now()
	status, payload, h := b.call("GET", api+"/invocation/next", "")
	id := h.Get("Lambda-Runtime-Aws-Request-Id")
	if status != 200 || payload != `{"Text":"hello"}` || len(id) != 36 || h.Get("Content-Type") != "application/json" {
		t.Fatalf("the event: %d %s %v", status, payload, h)
	}
	if got := h.Get("Lambda-Runtime-Invoked-Function-Arn"); got != "arn:aws:lambda:us-west-2:000000000000:function:lent" {
		t.Errorf("invoked as %q", got)
	}
	var deadline int64
	if err := json.Unmarshal([]byte(h.Get("Lambda-Runtime-Deadline-Ms")), &deadline); err != nil ||
		time.UnixMilli(deadline).Before(before.Add(6*time.Second)) || time.UnixMilli(deadline).After(time.Now().Add(7*time.Second)) {
		t.Errorf("deadline is %q", h.Get("Lambda-Runtime-Deadline-Ms"))
	}
	if got := h.Get("Lambda-Runtime-Trace-Id"); !strings.HasPrefix(got, fmt.Sprintf("Root=1-%08x-", b.clock().Unix())) || !strings.Contains(got, ";Parent=") {
		t.Errorf("trace id is %q", got)
	}

	expect("asking for another while at work", "GET", api+"/invocation/next", "", 403,
		`{"errorMessage":"State transition from RuntimeRunning to RuntimeReady failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`)
	expect("an answer to another event", "POST", api+"/invocation/3c1f4c3e-0000-4000-8000-000000000000/response", "1", 400,
		`{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`)
	expect("failing to start after starting", "POST", api+"/init/error", "{}", 403,
		`{"errorMessage":"State transition from RuntimeRunning to RuntimeInitError failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`)
	expect("the answer", "POST", api+"/invocation/"+id+"/response", `"done"`, 202, ok)
	expect("the answer again", "POST", api+"/invocation/"+id+"/response", `"again"`, 403,
		`{"errorMessage":"State transition from RuntimeResponseSent to RuntimeResponseSent failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`)
	expect("another method", "POST", api+"/invocation/next", "", 404, "404 page not found")
	expect("another version", "GET", b.api+"/2017-01-01/runtime/invocation/next", "", 404, "404 page not found")
	expect("another API", "POST", b.api+"/2020-01-01/extension/register", "{}", 404, "404 page not found")

	// The invocation is over when the runtime asks for the next event, and no sooner.
	select {
	case early := <-b.result:
		t.Errorf("over before the runtime was: %s", early.Payload)
	default:
	}
	ctx, hangUp := context.WithCancel(t.Context())
	polling, err := http.NewRequestWithContext(ctx, "GET", api+"/invocation/next", nil)
	if err != nil {
		t.Fatal(err)
	}
	polled := make(chan error, 1)
	go func() {
		_, err := http.DefaultClient.Do(polling) //nolint:bodyclose // there is no response
		polled <- err
	}()
	if result := <-b.result; string(result.Payload) != `"done"` || result.FunctionError != "" || result.RequestID != id {
		t.Errorf("result is %+v", result)
	}

	// A poll whose connection breaks loses nothing.
	hangUp()
	if err := <-polled; err == nil {
		t.Fatal("the poll was answered")
	}
	for polls := 0; polls < 5; { // this one, the first, and three that were refused
		if strings.HasSuffix(<-b.served, "/next") {
			polls++
		}
	}
	go func() { b.result <- b.ask("lent", event{"Text": "second"}) }()
	_, payload, h = b.call("GET", api+"/invocation/next", "")
	if payload != `{"Text":"second"}` {
		t.Errorf("the second event: %s", payload)
	}
	expect("an error", "POST", api+"/invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/error", `{"errorType":"Gone"}`, 202, ok)
	b.poll()
	if result := <-b.result; string(result.Payload) != `{"errorType":"Gone"}` || result.FunctionError != "Unhandled" {
		t.Errorf("result is %+v", result)
	}
}

// No other process may take an event or answer it.
func TestRuntimeAPIBelongsToItsInstance(t *testing.T) {
	b := borrow(newRig(t))
	root, token, _ := strings.Cut(b.api, "/_runtime/")
	id, secret, _ := strings.Cut(token, ".")
	other := strings.Repeat("0", len(secret))
	for _, token := range []string{"", "x", id, id + ".", "." + secret, secret, id + "." + other, other[:16] + "." + secret, token + "0", token[:len(token)-1], strings.ToUpper(token) + "x"} {
		for _, call := range [][2]string{{"GET", "/invocation/next"}, {"POST", "/invocation/x/response"}, {"POST", "/init/error"}, {"GET", "/"}} {
			status, answer, _ := b.call(call[0], root+"/_runtime/"+token+runtimePath+call[1], "{}")
			if status != 403 || strings.Contains(answer, "hello") {
				t.Errorf("%s %s with the token %q: %d %s", call[0], call[1], token, status, answer)
			}
		}
	}
	if status, payload, _ := b.call("GET", b.api+runtimePath+"/invocation/next", ""); status != 200 || payload != `{"Text":"hello"}` {
		t.Errorf("the instance itself: %d %s", status, payload)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := b.call("GET", b.api+runtimePath+"/invocation/next", ""); status != 403 {
		t.Errorf("the token of an instance that is gone: %d", status)
	}
}

func TestTooLargeAnswer(t *testing.T) {
	b := borrow(newRig(t))
	_, _, h := b.call("GET", b.api+runtimePath+"/invocation/next", "")
	status, answer, _ := b.call("POST", b.api+runtimePath+"/invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", strings.Repeat("x", 6291557))
	if status != 413 || answer != `{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}` {
		t.Errorf("%d %s", status, answer)
	}
	b.poll()
	if result := <-b.result; !strings.Contains(string(result.Payload), "Function.ResponseSizeTooLarge") {
		t.Errorf("result is %s", result.Payload)
	}
}

func FuzzRuntimeAPI(f *testing.F) {
	r := newRig(f)
	b := borrow(r)
	_, token, _ := strings.Cut(b.api, "/_runtime/")
	for _, path := range []string{
		"2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/invocation/x/response", "2018-06-01/runtime/invocation/x/error",
		"2018-06-01/runtime/init/error", "2018-06-01/runtime/invocation//response", "2018-06-01//runtime/invocation/next", "", "/", "..",
	} {
		f.Add(true, "GET", path, []byte(nil))
		f.Add(true, "POST", path, []byte(`{"errorType":"x"}`))
		f.Add(false, "POST", path, []byte(`{`))
	}
	f.Fuzz(func(t *testing.T, known bool, method, path string, body []byte) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // a poll comes back at once
		request := httptest.NewRequestWithContext(ctx, "GET", "/", bytes.NewReader(body))
		request.Method = method
		w := httptest.NewRecorder()
		using := "0123456789abcdef." + strings.Repeat("0", 32)
		if known {
			using = token
		}
		r.ServeRuntime(w, request, using, path)
		switch {
		case w.Code >= 500:
			t.Errorf("%s %q answers %d", method, path, w.Code)
		case !known && w.Code != 403:
			t.Errorf("%s %q of a stranger answers %d", method, path, w.Code)
		case !known && strings.Contains(w.Body.String(), "hello"):
			t.Error("a stranger has the event")
		}
	})
}
