package lambda_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
)

func (r *rig) queue(name, id string, e event) error {
	r.Helper()
	payload, err := json.Marshal(e)
	if err != nil {
		r.Fatal(err)
	}
	return r.Queue(lambda.Invocation{Function: name, Payload: payload, RequestID: id, Principal: "arn:aws:iam::000000000000:root"})
}

// An event whose function fails runs three times, under one request id, and then no more.
func TestAnEventRunsTwiceMoreWhenTheFunctionFails(t *testing.T) {
	r := newRig(t)
	r.declare("worker")
	if err := r.queue("worker", "event-1", event{"Do": "fail", "Text": "not today"}); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute} {
		r.awaitLine("REPORT RequestId: event-1")
		r.timers.fire(wait)
	}
	r.awaitLine("REPORT RequestId: event-1")
	if err := r.queue("worker", "event-2", event{"Text": "fine"}); err != nil {
		t.Fatal(err)
	}
	r.awaitLine("REPORT RequestId: event-2")
	if err := r.Close(); err != nil { // waits for all that runs
		t.Fatal(err)
	}
	lines, err := r.Logs("/aws/lambda/worker", logs.Filter{Contains: "START RequestId: event-1"})
	if err != nil || len(lines) != 3 {
		t.Errorf("it ran %d times (%v), want 3", len(lines), err)
	}
	if n := r.timers.count(time.Minute) + r.timers.count(2*time.Minute); n > 0 {
		t.Errorf("%d runs are still to come", n)
	}
	if err := r.queue("worker", "event-3", event{}); err == nil {
		t.Error("a closed service takes an event")
	}
}

// What a limit prevents is tried again, later each time, until it is six hours old.
func TestAnEventWaitsForAPlace(t *testing.T) {
	r := newRig(t)
	r.declare("worker", reserved(0))
	if err := r.queue("worker", "event-1", event{"Text": "x"}); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		r.timers.fire(wait)
	}
	r.declare("worker")
	r.timers.fire(8 * time.Second)
	r.awaitLine("REPORT RequestId: event-1")

	r.declare("worker", reserved(0))
	if err := r.queue("worker", "event-2", event{"Text": "x"}); err != nil {
		t.Fatal(err)
	}
	r.timers.fire(time.Second)
	r.timers.await(2 * time.Second)
	r.advance(6 * time.Hour)
	r.timers.fire(2 * time.Second)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := r.timers.count(4 * time.Second); n > 0 {
		t.Error("an event of six hours ago is tried again")
	}
}

func TestEventsThatAreNotTaken(t *testing.T) {
	r := newRig(t)
	r.declare("worker")
	for name, c := range map[string]struct {
		in     lambda.Invocation
		status int
		says   string
	}{
		"too large":          {lambda.Invocation{Function: "worker", Payload: []byte(strings.Repeat(" ", 1<<20+1))}, 413, "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
		"no such function":   {lambda.Invocation{Function: "nobody"}, 404, "Function not found: arn:aws:lambda:us-west-2:000000000000:function:nobody"},
		"no permission":      {lambda.Invocation{Function: "worker", Principal: "events.amazonaws.com"}, 0, "does not permit"},
		"just about allowed": {lambda.Invocation{Function: "worker", Payload: []byte(`"` + strings.Repeat(" ", 1<<20-2) + `"`)}, -1, ""},
	} {
		err := r.Queue(c.in)
		var refusal *lambda.Error
		switch {
		case c.status == -1:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.says), c.status > 0 && (!errors.As(err, &refusal) || refusal.Status != c.status):
			t.Errorf("%s: %v, want %d %s", name, err, c.status, c.says)
		}
	}
	// What waits is bounded.
	r.declare("stopped", reserved(0))
	large := []byte(`"` + strings.Repeat(" ", 1<<20-2) + `"`)
	for range 64 {
		if err := r.Queue(lambda.Invocation{Function: "stopped", Payload: large}); err != nil {
			if throttled(err) != "CallerRateLimitExceeded" {
				t.Error(err)
			}
			return
		}
	}
	t.Error("64 MB wait, and it takes more")
}
