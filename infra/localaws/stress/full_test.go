package stress

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// No file may grow any more, which to whoever writes is as a full disk.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it signs up users until the disk is full")
	}
	dir := t.TempDir()
	fullDisk(t, dir, "file too large", func() []string {
		info, err := os.Stat(filepath.Join(dir, storeFile))
		if err != nil {
			t.Fatal(err)
		}
		return []string{fmt.Sprintf("%s=%d", fileLimit, info.Size())}
	}, func() {})
}

const storeFile = "local-aws.db"

// fullDisk tells what happens when the disk becomes full, of which fill sees to it (it
// returns what is added to the local AWS's environment), and has space again, of which
// free does: what cannot be written is refused in AWS's form and by its name, what was
// acknowledged is kept, and with space again all goes on.
func fullDisk(t *testing.T, dir, says string, fill func() []string, free func()) {
	ctx := t.Context()
	c := open(t, dir)
	h := newHistory(t, declare(t, c.engine))
	veteran := &person{name: "veteran", password: "First-Pass1"}
	if err := h.register(ctx, c, veteran); err != nil {
		t.Fatal(err)
	}
	if err := h.confirm(ctx, c, veteran); err != nil {
		t.Fatal(err)
	}
	token, err := h.enter(ctx, c, veteran, veteran.password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.callPath(ctx, c, "first", "/open"); err != nil {
		t.Fatal(err)
	}
	c.stop(t)
	store := filepath.Join(dir, storeFile)

	c = open(t, dir, fill()...)
	var acknowledged, refused []*person
	for i := 0; len(refused) < 10; i++ {
		if i == 20_000 {
			t.Fatal("20,000 users fit into a full store")
		}
		p := &person{name: fmt.Sprintf("person-%05d", i), password: "First-Pass1"}
		r, err := c.users(ctx, "SignUp", map[string]any{"ClientId": h.stack.client.id, "Username": p.name, "Password": p.password,
			"UserAttributes": []any{map[string]any{"Name": "email", "Value": p.name + "@example.com"}}})
		switch {
		case err != nil:
			t.Fatalf("signing up on a full disk: %v\n%s", err, c.log)
		case r.status == 200:
			p.signedUp = true
			acknowledged = append(acknowledged, p)
		default:
			refused = append(refused, p)
			if r.status != 500 || r.kind != "InternalErrorException" || r.field("__type") != "InternalErrorException" || r.field("message") == "" {
				t.Errorf("a sign-up that cannot be written is answered %v", r)
			}
			if !within(10*time.Second, func() bool { // the log comes by another way than the answer
				line := c.log.of(r.requestID)
				return strings.Contains(line, "writing the store "+store) && strings.Contains(line, says) && strings.Contains(line, "free space")
			}) {
				t.Errorf("the log says %s", c.log.of(r.requestID))
			}
		}
	}

	// What needs no space goes on.
	if r, err := c.users(ctx, "GetUser", map[string]any{"AccessToken": token}); want(r, err, 200, "") != nil {
		t.Errorf("reading on a full disk: %v %v", r, err)
	}
	if version, err := h.callPath(ctx, c, "first", "/open"); err != nil || version != "1" {
		t.Errorf("calling on a full disk: version %s, %v", version, err)
	}

	// up fails, and says why.
	second := codeOf(t, "2")
	_, err = c.update(ctx, h.stack.function, h.stack.functionProps(second))
	if err == nil || !strings.Contains(err.Error(), "updating echo: unpacking function code: ") || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("changing the code on a full disk: %v", err)
	}
	if half, _ := filepath.Glob(filepath.Join(dir, "functions", "unpacking-*")); len(half) > 0 {
		t.Errorf("what could not be unpacked takes space still: %v", half)
	}
	var failed error
	for i := 0; failed == nil && i < 10_000; i++ {
		_, failed = c.create(ctx, "aws:cloudwatch/logGroup:LogGroup", fmt.Sprintf("group-%d", i), map[string]any{"name": fmt.Sprintf("group-%d", i)})
	}
	if failed == nil || !strings.Contains(failed.Error(), "creating group-") || !strings.Contains(failed.Error(), "writing the store "+store) || !strings.Contains(failed.Error(), "free space") {
		t.Errorf("declaring on a full disk: %v", failed)
	}
	if version, err := h.callPath(ctx, c, "first", "/open"); err != nil || version != "1" {
		t.Errorf("calling after up has failed: version %s, %v", version, err)
	}
	c.kill()
	free()

	// There is space again.
	c = open(t, dir)
	if used := c.hello.Usage[h.stack.plans["first"].id+"/"+h.stack.keyIDs["first"]]; used != h.served["first"] {
		t.Errorf("%d calls were let in, and %d counted", h.served["first"], used)
	}
	for i, p := range append(acknowledged, refused...) {
		// A user who was refused may be there whole, or not at all.
		if i < 5 || i >= len(acknowledged)-20 {
			if err := h.checkPerson(ctx, c, p); err != nil {
				t.Error(err)
			}
		}
	}
	if h.stack.function, err = c.update(ctx, h.stack.function, h.stack.functionProps(second)); err != nil {
		t.Error(err)
	}
	if version, err := h.callPath(ctx, c, "first", "/open"); err != nil || version != "2" {
		t.Errorf("with space again the function is at version %s, %v", version, err)
	}
	c.stop(t)
	t.Logf("%d users fit in", len(acknowledged))
}
