package stress

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// A full disk, as a limit on the size of files is to whoever writes them: what cannot be
// written is refused in AWS's form and by its name, what was acknowledged is kept, and
// with space again all goes on.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it signs up users until the disk is full")
	}
	ctx, dir := t.Context(), t.TempDir()
	c := open(t, dir)
	h := &history{t: t, stack: declare(t, c.engine), sent: map[string]int64{}, served: map[string]int64{}, pids: map[int]bool{}, version: 1}
	h.stack.t = t
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
	store := filepath.Join(dir, "local-aws.db")
	info, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}

	c = open(t, dir, fmt.Sprintf("%s=%d", fileLimit, info.Size()))
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
				return strings.Contains(line, "writing the store "+store) && strings.Contains(line, "file too large") && strings.Contains(line, "free space")
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
	props := h.stack.functionProps(codeOf(t, "2"))
	_, err = c.update(ctx, h.stack.function, props)
	if err == nil || !strings.Contains(err.Error(), "updating echo: unpacking function code: ") || !strings.Contains(err.Error(), "file too large") || !strings.Contains(err.Error(), "free space") {
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
	a, err := archive.FromPath(codeOf(t, "2"))
	if err != nil {
		t.Fatal(err)
	}
	props["code"] = a
	if h.stack.function, err = c.update(ctx, h.stack.function, props); err != nil {
		t.Error(err)
	}
	if version, err := h.callPath(ctx, c, "first", "/open"); err != nil || version != "2" {
		t.Errorf("with space again the function is at version %s, %v", version, err)
	}
	c.stop(t)
	t.Logf("%d users fit into %d bytes", len(acknowledged), info.Size())
}
