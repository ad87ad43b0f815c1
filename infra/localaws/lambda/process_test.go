package lambda_test

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

// gone reports whether the process has ended; the kernel takes a moment to see to
// what is killed as another's child.
func gone(pid int) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if _, state, _ := bytes.Cut(stat, []byte(") ")); err == nil && len(state) > 0 && state[0] == 'Z' {
			return true // dead, and waiting for a parent that never asks
		}
	}
	return false
}

func TestCloseLeavesNoProcess(t *testing.T) {
	r := newRig(t)
	r.declare("parent")
	r.declare("hanging")
	idle := r.answer(r.ask("parent", event{"Do": "child"}))
	busy := make(chan error, 1)
	go func() {
		_, err := r.try("hanging", event{"Do": "hang"})
		busy <- err
	}()
	pid, err := strconv.Atoi(r.awaitLine("pid").Message[len("pid "):])
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-busy; err == nil {
		t.Error("the invocation that Close broke off ends without an error")
	}
	for name, pid := range map[string]int{"idle": idle.PID, "the idle one's child": idle.Child, "busy": pid} {
		if !gone(pid) {
			t.Errorf("process %d (%s) is there after Close", pid, name)
		}
	}
	if _, err := r.try("parent", event{}); err == nil {
		t.Error("a closed service takes events")
	}
	if err := r.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestIdleInstanceIsReaped(t *testing.T) {
	r := newRig(t)
	r.declare("sleepy")
	first := r.answer(r.ask("sleepy", event{}))
	second := r.answer(r.ask("sleepy", event{}))
	if n := r.timers.count(5 * time.Minute); n != 1 {
		t.Errorf("%d timers watch one idle instance", n)
	}
	r.timers.fire(5 * time.Minute)
	if first.PID != second.PID || !gone(first.PID) {
		t.Errorf("process %d is there after its time", first.PID)
	}
	if third := r.answer(r.ask("sleepy", event{})); third.PID == first.PID {
		t.Error("the reaped instance answers")
	}
}

func TestInstanceDoesNotOutliveItsCredentials(t *testing.T) {
	r := newRig(t)
	r.declare("signing")
	first := r.answer(r.ask("signing", event{}))
	r.advance(58 * time.Minute)
	if again := r.answer(r.ask("signing", event{})); again.PID != first.PID {
		t.Error("an instance with good credentials is not used")
	}
	r.advance(time.Minute) // within a timeout and a minute of the session's end
	if last := r.answer(r.ask("signing", event{})); last.PID == first.PID {
		t.Error("an instance whose credentials are about to end is used")
	}
	if !gone(first.PID) {
		t.Error("it is there still")
	}
}

func TestUpdateDrainsTheOldInstances(t *testing.T) {
	r := newRig(t)
	greeting := func(text string) func(*lambda.Function) { return variables(map[string]string{"GREETING": text}) }
	r.declare("changing", greeting("old"))
	h := newHold(t)
	spare := make(chan answer, 1)
	go func() { spare <- r.answer(r.ask("changing", event{"Do": "visit", "Text": h.URL})) }()
	h.arrived()
	idle := r.answer(r.ask("changing", event{}))

	// A change that instances are not made from leaves them alone.
	r.declare("changing", greeting("old"), func(f *lambda.Function) { f.Description = "now described" })
	if again := r.answer(r.ask("changing", event{})); again.PID != idle.PID {
		t.Error("a new description ends an instance")
	}

	r.declare("changing", greeting("new"))
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	if !gone(idle.PID) {
		t.Error("the idle instance of the old configuration is there")
	}
	quick := newHold(t)
	quick.release()
	go quick.arrived()
	fresh := r.answer(r.ask("changing", event{"Do": "visit", "Text": quick.URL}))
	if fresh.Text != "new" {
		t.Errorf("after the update the function greets %q", fresh.Text)
	}
	h.release()
	old := <-spare
	if old.Text != "old" {
		t.Errorf("the event under way during the update is answered %q", old.Text)
	}
	if !gone(old.PID) {
		t.Error("the instance that was at work during the update is there after it")
	}
	if last := r.answer(r.ask("changing", event{})); last.PID != fresh.PID {
		t.Error("the new instance is not kept")
	}
}

func TestDeletedFunctionEnds(t *testing.T) {
	r := newRig(t)
	r.declare("doomed")
	r.permit(lambda.Permission{StatementID: "p", Action: "lambda:InvokeFunction", Function: "doomed", Principal: "apigateway.amazonaws.com"})
	a := r.answer(r.ask("doomed", event{"Do": "look"}))
	pid := r.answer(r.ask("doomed", event{})).PID
	if err := r.Prune(); err != nil { // as the server does when declarations have changed
		t.Fatal(err)
	}
	r.update(func(tx *store.Tx) error {
		if err := r.FunctionDeleted(tx, "doomed"); err != nil {
			return err
		}
		if _, found, err := lambda.Permissions.Get(tx, "p"); found || err != nil {
			t.Errorf("its permission is there: %v", err)
		}
		return lambda.Functions.Delete(tx, "doomed")
	})
	if _, err := r.try("doomed", event{}); err == nil {
		t.Error("a deleted function answers")
	}
	if !gone(pid) {
		t.Error("its instance is there")
	}
	r.awaitGone(a.Dir)
	if got, _ := r.Logs("/aws/lambda/doomed", logs.Filter{}); got == nil {
		t.Error("its log is gone")
	}
	r.update(func(tx *store.Tx) error { return r.LogGroupDeleted(tx, "/aws/lambda/doomed") })
	if got, _ := r.Logs("/aws/lambda/doomed", logs.Filter{}); got != nil {
		t.Error("the deleted log group holds lines")
	}
}

// awaitGone prunes until the folder is gone: an instance that is about to end
// holds on to it.
func (r *rig) awaitGone(dir string) {
	r.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if err := r.Prune(); err != nil {
			r.Fatal(err)
		}
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
	}
	r.Error("the code of a function that is gone is there")
}

func TestCodeOfAWorkingInstanceIsKept(t *testing.T) {
	r := newRig(t)
	r.declare("working")
	h := newHold(t)
	dir := r.answer(r.ask("working", event{"Do": "look"})).Dir
	done := make(chan answer, 1)
	go func() { done <- r.answer(r.ask("working", event{"Do": "visit", "Text": h.URL})) }()
	h.arrived()
	r.update(func(tx *store.Tx) error { return lambda.Functions.Delete(tx, "working") })
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the code of an instance at work: %v", err)
	}
	h.release()
	<-done
	r.awaitGone(dir)
}
