package lambda_test

import (
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
)

func quiet(c *lambda.Config) {
	c.OnLog = func(logs.Event) {}
	c.AfterFunc = nil // real timers
}

// A warm invocation, over the real Runtime API and with a Go function.
func BenchmarkWarmInvocation(b *testing.B) {
	r := newRig(b, quiet)
	r.declare("warm")
	invocation := lambda.Invocation{Function: "warm", Payload: []byte(`{"Text":"hello"}`), Principal: "arn:aws:iam::000000000000:root"}
	invoke := func() {
		if result, err := r.Invoke(b.Context(), invocation); err != nil || result.FunctionError != "" {
			b.Fatal(err, string(result.Payload))
		}
	}
	invoke()
	b.ReportAllocs()
	for b.Loop() {
		invoke()
	}
}

// The same by an alias that splits between two of fifty versions.
func BenchmarkWarmInvocationByAlias(b *testing.B) {
	r := newRig(b, quiet)
	for n := range 50 {
		r.publish(func(f *lambda.Function) { f.Timeout = 10 + n })
	}
	r.alias("canary", "49", "50", 0.5)
	invocation := lambda.Invocation{Function: "greeter:canary", Payload: []byte(`{"Text":"hello"}`), Principal: "arn:aws:iam::000000000000:root"}
	invoke := func() {
		if result, err := r.Invoke(b.Context(), invocation); err != nil || result.FunctionError != "" {
			b.Fatal(err, string(result.Payload))
		}
	}
	for range 20 { // both have an instance then
		invoke()
	}
	b.ReportAllocs()
	for b.Loop() {
		invoke()
	}
}

// Reading what is declared anew, after a change, of a function with two hundred versions.
func BenchmarkChangeAmongVersions(b *testing.B) {
	r := newRig(b, quiet)
	for n := range 200 {
		r.publish(func(f *lambda.Function) { f.Timeout = 10 + n })
	}
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		r.declare("other", func(f *lambda.Function) { f.Timeout = 1 + n%900 })
		b.StartTimer()
		if _, err := r.Target("greeter"); err != nil {
			b.Fatal(err)
		}
	}
}

// An invocation for which an instance has to be started: from the fork to the
// answer. first-poll is the part until the function asks for its first event.
func BenchmarkColdInvocation(b *testing.B) {
	r := newRig(b, quiet)
	b.ResetTimer()
	var init time.Duration
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		r.declare("cold", func(f *lambda.Function) { f.Timeout = 1 + n%900 })
		if err := r.Prune(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		result := r.ask("cold", event{"Text": "hello"})
		init += initDuration(b, string(result.LogTail))
	}
	b.ReportMetric(float64(init.Microseconds())/float64(b.N)/1000, "first-poll-ms")
}

// initDuration reads the Init Duration of a REPORT line.
func initDuration(b *testing.B, log string) time.Duration {
	_, rest, found := strings.Cut(log, "Init Duration: ")
	text, _, _ := strings.Cut(rest, " ms")
	d, err := time.ParseDuration(text + "ms")
	if !found || err != nil {
		b.Fatalf("no Init Duration in %q: %v", log, err)
	}
	return d
}
