package lambda_test

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

const greeter = "arn:aws:lambda:us-west-2:000000000000:function:greeter"

// publish declares the function greeter as the provider does, publishing versions, and
// returns it as the provider shows it then.
func (r *rig) publish(change ...func(*lambda.Function)) lambda.Function {
	r.Helper()
	_, hash := code()
	f := lambda.Function{Name: "greeter", Role: role, Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 7, Publish: true}
	for _, c := range change {
		c(&f)
	}
	r.update(func(tx *store.Tx) error {
		was, found, err := lambda.Functions.Get(tx, f.Name)
		if err != nil {
			return err
		}
		var before *lambda.Function
		if found {
			before, f.Version = &was, was.Version
		}
		r.Derive(&f)
		if err := r.FunctionChanged(tx, before, &f); err != nil {
			return err
		}
		return lambda.Functions.Put(tx, f.Name, f)
	})
	if err := r.Prune(); err != nil {
		r.Fatal(err)
	}
	return f
}

func greeting(text string) func(*lambda.Function) {
	return variables(map[string]string{"GREETING": text})
}

// alias declares an alias of greeter, of weight for a second version if that is given.
func (r *rig) alias(name, version, second string, weight float64) {
	r.Helper()
	a := lambda.Alias{Name: name, FunctionName: "greeter", FunctionVersion: version}
	if second != "" {
		a.RoutingConfig = &lambda.RoutingConfig{AdditionalVersionWeights: map[string]float64{second: weight}}
	}
	r.DeriveAlias(&a)
	r.update(func(tx *store.Tx) error {
		if err := r.AliasDeclared(tx, a); err != nil {
			return err
		}
		return lambda.Aliases.Put(tx, a.ARN, a)
	})
	if err := r.Prune(); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) deleteFunction() {
	r.Helper()
	r.update(func(tx *store.Tx) error {
		return errors.Join(lambda.Functions.Delete(tx, "greeter"), r.FunctionDeleted(tx, "greeter"))
	})
}

func TestWhatPublishesAVersion(t *testing.T) {
	r := newRig(t)
	more, hash := archive(map[string]string{"bootstrap": "other"})
	if err := r.PutCode(hash, more); err != nil {
		t.Fatal(err)
	}
	described := func(f *lambda.Function) { f.Description = "says hello" }
	unpublished := func(f *lambda.Function) { f.Publish = false }
	three := 3
	for _, step := range []struct {
		name   string
		change []func(*lambda.Function)
		want   string
	}{
		{"made without versions", []func(*lambda.Function){unpublished}, "$LATEST"},
		{"publishing is turned on", nil, "1"},
		{"nothing", nil, "1"},
		{"what is the function's as a whole", []func(*lambda.Function){func(f *lambda.Function) { f.Tags, f.Reserved = map[string]string{"team": "blue"}, &three }}, "1"},
		{"the environment", []func(*lambda.Function){greeting("hello")}, "2"},
		{"the description", []func(*lambda.Function){greeting("hello"), described}, "3"},
		{"the code", []func(*lambda.Function){greeting("hello"), described, func(f *lambda.Function) { f.Code.SHA256 = hash }}, "4"},
		{"back to what it was before the last", []func(*lambda.Function){greeting("hello"), described}, "5"},
		{"without publishing", []func(*lambda.Function){greeting("good day"), unpublished}, "5"},
		{"back, and publishing again", []func(*lambda.Function){greeting("hello"), described}, "5"},
		{"tracing", []func(*lambda.Function){greeting("hello"), described, func(f *lambda.Function) { f.TracingConfig = &lambda.TracingConfig{Mode: "Active"} }}, "6"},
	} {
		f := r.publish(step.change...)
		qualified := greeter + ":" + step.want
		if f.Version != step.want || f.QualifiedARN != qualified || f.ARN != greeter ||
			f.QualifiedInvokeARN != "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/"+qualified+"/invocations" {
			t.Errorf("%s: version %s, %s, %s; want %s", step.name, f.Version, f.QualifiedARN, f.QualifiedInvokeARN, step.want)
		}
	}
	versions, err := r.Versions("greeter")
	if err != nil || len(versions) != 7 || versions[0].Version != "$LATEST" || versions[6].Version != "6" || versions[4].Function.Code.SHA256 != hash {
		t.Errorf("the versions are %+v, %v", versions, err)
	}

	r.deleteFunction()
	if versions, err := r.Versions("greeter"); err != nil || versions != nil {
		t.Errorf("a function that is gone has versions %+v, %v", versions, err)
	}
	if f := r.publish(); f.Version != "7" {
		t.Errorf("a number is given out again: %s", f.Version)
	}
	if _, err := r.try("greeter:6", event{}); err == nil || !strings.Contains(err.Error(), "Function not found: "+greeter+":6") {
		t.Errorf("a version of the function that was deleted: %v", err)
	}
}

// A version keeps its code, its environment and its settings, whatever the function has
// become, and says who it is.
func TestAVersionStaysWhatItWas(t *testing.T) {
	r := newRig(t)
	r.publish(greeting("hello"))
	other, hash := archive(map[string]string{"bootstrap": "not for this machine"})
	if err := r.PutCode(hash, other); err != nil {
		t.Fatal(err)
	}
	r.publish(greeting("bye"), func(f *lambda.Function) { f.Code.SHA256, f.Timeout = hash, 9 })
	r.alias("live", "1", "", 0)
	r.advance(time.Hour) // long after the archive of version 1 was put
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	for called, arn := range map[string]string{
		"greeter:1": greeter + ":1", greeter + ":1": greeter + ":1", "greeter:live": greeter + ":live", "000000000000:function:greeter:live": greeter + ":live",
	} {
		result := r.ask(called, event{"Do": "look"})
		a := r.answer(result)
		if a.Env["GREETING"] != "hello" || a.Env["AWS_LAMBDA_FUNCTION_VERSION"] != "1" || a.ARN != arn || result.Version != "1" || a.Left > 7*time.Second {
			t.Errorf("%s: version %s, called as %s, of %v", called, result.Version, a.ARN, a.Env)
		}
		if stream := a.Env["AWS_LAMBDA_LOG_STREAM_NAME"]; !strings.HasPrefix(stream, "2026/03/04/[1]") {
			t.Errorf("%s: its log stream is %s", called, stream)
		}
		if start := r.awaitLine("START").Message; start != "START RequestId: "+result.RequestID+" Version: 1" {
			t.Errorf("%s: the log says %q", called, start)
		}
	}
	if result := r.ask("greeter", event{}); result.Version != "$LATEST" || !strings.Contains(string(result.Payload), "Runtime.InvalidEntrypoint") {
		t.Errorf("the function as it is now: version %s, %s", result.Version, result.Payload)
	}
	for called, says := range map[string]string{
		"greeter:3": "greeter:3", "greeter:dead": "greeter:dead", "greeter:01": "greeter:01", "greeter:": "greeter:",
		"arn:aws:lambda:eu-west-1:000000000000:function:greeter:live": "eu-west-1",
	} {
		var e *lambda.Error
		if _, err := r.try(called, event{}); !errors.As(err, &e) || e.Status != 404 || !strings.HasPrefix(e.Message, "Function not found: arn:aws:lambda:") || !strings.Contains(e.Message, says) {
			t.Errorf("%s: %v", called, err)
		}
	}
}

// An alias leads to where it is declared to lead; versions share no process.
func TestAnAliasMoves(t *testing.T) {
	r := newRig(t)
	r.publish(greeting("one"))
	r.alias("live", "1", "", 0)
	r.alias("next", "$LATEST", "", 0)
	one := r.answer(r.ask("greeter:live", event{}))
	latest := r.answer(r.ask("greeter", event{}))
	if one.PID == latest.PID {
		t.Error("version 1 and $LATEST, which are the same, share a process")
	}
	if again := r.answer(r.ask("greeter:1", event{})); again.PID != one.PID {
		t.Error("a version called by its number and by its alias has two processes")
	}
	if next := r.answer(r.ask("greeter:next", event{})); next.PID != latest.PID {
		t.Error("the function and an alias of $LATEST have two processes")
	}

	r.publish(greeting("two"))
	if !gone(latest.PID) {
		t.Error("$LATEST as it was before runs on")
	}
	if again := r.ask("greeter:live", event{"Do": "look"}); r.answer(again).Env["GREETING"] != "one" || again.Version != "1" {
		t.Errorf("publishing moves the alias: version %s", again.Version)
	}
	if again := r.answer(r.ask("greeter:live", event{})); again.PID != one.PID {
		t.Error("publishing ends the process of the version before, to which the alias leads")
	}

	r.alias("live", "2", "", 0)
	if !gone(one.PID) {
		t.Error("the process of a version to which no alias leads runs on")
	}
	two := r.ask("greeter:live", event{"Do": "look"})
	if r.answer(two).Env["GREETING"] != "two" || two.Version != "2" {
		t.Errorf("the alias leads to version %s", two.Version)
	}
	// No alias leads to it, and it is there still, as long as it is called.
	first, second := r.answer(r.ask("greeter:1", event{})), r.answer(r.ask("greeter:1", event{}))
	if first.PID != second.PID {
		t.Error("a version that is called by its number is started for every event")
	}
	r.timers.await(5 * time.Minute)

	r.update(func(tx *store.Tx) error {
		a, _, err := lambda.Aliases.Get(tx, greeter+":live")
		return errors.Join(err, lambda.Aliases.Delete(tx, greeter+":live"), r.AliasDeleted(tx, a))
	})
	if _, err := r.try("greeter:live", event{}); err == nil || !strings.Contains(err.Error(), "Function not found: "+greeter+":live") {
		t.Errorf("an alias that is gone: %v", err)
	}
}

// lots says what reads of eight bytes, which are those of lots, read; the rest is random.
type lots struct {
	mu   sync.Mutex
	next []float64
}

func (l *lots) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(b) != 8 {
		return rand.Read(b)
	}
	if len(l.next) == 0 {
		return 0, errors.New("no lot is left")
	}
	binary.BigEndian.PutUint64(b, uint64(l.next[0]*(1<<63))<<1)
	l.next = l.next[1:]
	return len(b), nil
}

var _ io.Reader = (*lots)(nil)

func TestAWeightedAliasDrawsLots(t *testing.T) {
	drawn := &lots{}
	r := newRig(t, func(c *lambda.Config) { c.Rand = drawn })
	r.publish(greeting("one"))
	r.publish(greeting("two"))
	pids := map[string]int{}
	for _, test := range []struct {
		weight, lot float64
		want        string
	}{
		{0.25, 0, "2"}, {0.25, 0.2499, "2"}, {0.25, 0.25, "1"}, {0.25, 0.9999, "1"},
		{0, 0, "1"}, {1, 0.9999, "2"}, {0.01, 0.009, "2"}, {0.01, 0.011, "1"},
	} {
		r.alias("canary", "1", "2", test.weight)
		drawn.next = []float64{test.lot}
		result := r.ask("greeter:canary", event{"Do": "look"})
		a := r.answer(result)
		if result.Version != test.want || a.Env["AWS_LAMBDA_FUNCTION_VERSION"] != test.want || a.ARN != greeter+":canary" {
			t.Errorf("weight %v, lot %v: version %s, called as %s, want %s", test.weight, test.lot, result.Version, a.ARN, test.want)
		}
		if pid := a.Env["AWS_LAMBDA_RUNTIME_API"]; pids[pid] == 0 {
			pids[pid]++
		}
	}
	if len(pids) != 2 {
		t.Errorf("two versions had %d processes", len(pids))
	}
	r.alias("canary", "1", "", 0)
	if result := r.ask("greeter:canary", event{}); result.Version != "1" { // and no lot is drawn
		t.Errorf("without weights it leads to version %s", result.Version)
	}
	r.alias("canary", "1", "2", 0.5)
	var e *lambda.Error
	if _, err := r.try("greeter:canary", event{}); !errors.As(err, &e) || e.Code != "ServiceException" {
		t.Errorf("without randomness: %v", err)
	}
}

// In the long run each version gets its share.
func TestAWeightedAliasKeepsItsShare(t *testing.T) {
	r := newRig(t, func(c *lambda.Config) { c.OnLog = func(logs.Event) {} })
	r.publish(greeting("one"))
	r.publish(greeting("two"))
	r.alias("canary", "1", "2", 0.3)
	count := map[string]int{}
	for range 600 {
		count[r.ask("greeter:canary", event{}).Version]++
	}
	// 180 are to be expected, with a deviation of 11: seven of them away is never seen.
	if count["1"]+count["2"] != 600 || count["2"] < 100 || count["2"] > 260 {
		t.Errorf("version 2, of weight 0.3, had %d of 600", count["2"])
	}
}

func TestReservedConcurrencyIsTheFunctionsAsAWhole(t *testing.T) {
	r := newRig(t)
	r.publish(greeting("one"), reserved(2))
	r.publish(greeting("two"), reserved(2))
	r.alias("live", "2", "", 0)
	h := newHold(t)
	var callers sync.WaitGroup
	for _, called := range []string{"greeter:1", "greeter:live"} {
		callers.Go(func() { r.ask(called, event{"Do": "visit", "Text": h.URL}) })
		h.arrived()
	}
	for _, called := range []string{"greeter", "greeter:1", "greeter:live"} {
		if _, err := r.try(called, event{}); throttled(err) != "ReservedFunctionConcurrentInvocationLimitExceeded" {
			t.Errorf("%s, when versions 1 and 2 have the two places: %v", called, err)
		}
	}
	h.release()
	callers.Wait()
	r.publish(greeting("two"), reserved(1)) // no new version, and all are held to it
	if f := r.publish(greeting("two"), reserved(0)); f.Version != "2" {
		t.Errorf("reserved concurrency makes version %s", f.Version)
	}
	if _, err := r.try("greeter:1", event{}); throttled(err) == "" {
		t.Errorf("a version of a function that is switched off: %v", err)
	}
}

// A permission covers exactly the ARN that it was given for.
func TestPermissionsBelongToAQualifier(t *testing.T) {
	r := newRig(t)
	r.publish(greeting("one"))
	r.publish(greeting("two"))
	r.alias("live", "2", "", 0)
	const method = "arn:aws:execute-api:us-west-2:000000000000:abc123/v1/GET/orders"
	called := []string{"greeter", "greeter:$LATEST", "greeter:1", "greeter:2", "greeter:live"}
	for _, test := range []struct{ function, qualifier, covers string }{
		{"greeter", "", "greeter"},
		{"greeter", "live", "greeter:live"},
		{"greeter:live", "", "greeter:live"},
		{greeter + ":live", "live", "greeter:live"},
		{greeter, "2", "greeter:2"},
		{greeter, "1", "greeter:1"},
	} {
		p := lambda.Permission{StatementID: "api", Action: "lambda:InvokeFunction", Function: test.function, Qualifier: test.qualifier, Principal: "apigateway.amazonaws.com", SourceARN: method}
		r.permit(p)
		for _, name := range called {
			in := lambda.Invocation{Function: name, Principal: "apigateway.amazonaws.com", SourceARN: method}
			for way, err := range map[string]error{"Invoke": second(r.Invoke(t.Context(), in)), "Queue": r.Queue(in)} {
				if name == test.covers && err != nil || name != test.covers && !errors.Is(err, lambda.ErrNotPermitted) {
					t.Errorf("%s of %s with a permission for %s %s: %v", way, name, test.function, test.qualifier, err)
				}
			}
		}
	}
	// It goes with its alias.
	r.permit(lambda.Permission{StatementID: "api", Action: "lambda:InvokeFunction", Function: "greeter", Qualifier: "live", Principal: "apigateway.amazonaws.com", SourceARN: method})
	r.update(func(tx *store.Tx) error {
		return errors.Join(lambda.Aliases.Delete(tx, greeter+":live"), r.AliasDeleted(tx, lambda.Alias{Name: "live", FunctionName: greeter}))
	})
	r.alias("live", "1", "", 0)
	if _, err := r.Invoke(t.Context(), lambda.Invocation{Function: "greeter:live", Principal: "apigateway.amazonaws.com", SourceARN: method}); !errors.Is(err, lambda.ErrNotPermitted) {
		t.Errorf("an alias made anew has the permissions of the one before: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// Versions that were read once are not read again, and yet follow the function.
func TestVersionsFollowTheFunctionsPermissions(t *testing.T) {
	r := newRig(t)
	for n := range 20 {
		r.publish(greeting(fmt.Sprint(n)))
	}
	p := lambda.Permission{StatementID: "api", Action: "lambda:InvokeFunction", Function: "greeter", Qualifier: "17", Principal: "events.amazonaws.com"}
	in := lambda.Invocation{Function: "greeter:17", Principal: p.Principal}
	if _, err := r.Invoke(t.Context(), in); !errors.Is(err, lambda.ErrNotPermitted) {
		t.Errorf("before the permission: %v", err)
	}
	r.permit(p)
	if result, err := r.Invoke(t.Context(), in); err != nil || result.Version != "17" {
		t.Errorf("with the permission: version %s, %v", result.Version, err)
	}
	r.update(func(tx *store.Tx) error { return lambda.Permissions.Delete(tx, "api") })
	if _, err := r.Invoke(t.Context(), in); !errors.Is(err, lambda.ErrNotPermitted) {
		t.Errorf("after the permission: %v", err)
	}
}
