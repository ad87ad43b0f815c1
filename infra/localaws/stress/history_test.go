package stress

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const versions = 6 // of the function's code

// history is what the clients of a local AWS that is killed time and again know: what
// was acknowledged to them, and what was under way.
type history struct {
	t     testing.TB
	stack *stack
	api   string   // the REST API's id
	codes []string // archives, by version

	mu     sync.Mutex
	people []*person
	sent   map[string]int64 // calls, by plan
	served map[string]int64
	pids   map[int]bool // of functions

	version, nextVersion int // of the function's code; next while it is changed
	path, nextPath       int // of the API: /path-N
	groups               map[string]made
	pending              func(context.Context, *engine) error // the change that was under way
	changes              int
}

// newHistory begins with a stack that is up, and the first version of its code.
func newHistory(t testing.TB, s *stack) *history {
	return &history{t: t, stack: s, api: s.api.id, sent: map[string]int64{}, served: map[string]int64{}, pids: map[int]bool{}, version: 1}
}

// person is a user, as far as the user knows.
type person struct {
	name, password, next  string // next while the password is changed
	signedUp              bool   // acknowledged
	confirming, confirmed bool   // asked for, acknowledged
}

// work lets all of them work until so many things were acknowledged, and then kills.
func (h *history) work(c *child, events int64) {
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	var left atomic.Int64
	left.Store(events)
	enough := make(chan struct{})
	acknowledged := func() {
		if left.Add(-1) == 0 {
			close(enough)
		}
	}
	var group sync.WaitGroup
	dead := make(chan struct{})
	for _, work := range []func(context.Context, *child, func()) error{h.signUp, h.signUp, h.call, h.call, h.change} {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := work(ctx, c, acknowledged); err != nil {
					select {
					case <-enough: // its end is why
					case <-dead:
					default:
						h.t.Errorf("before the kill: %v\n%s", err, c.log)
						cancel()
					}
					return
				}
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
	}
	c.kill()
	close(dead)
	cancel()
	group.Wait()
	if !within(10*time.Second, func() bool {
		for pid := range h.pids {
			if !gone(pid) {
				return false
			}
		}
		return true
	}) {
		h.t.Errorf("function processes outlived kill -9 of the local AWS: some of %v", slices.Collect(maps.Keys(h.pids)))
	}
	clear(h.pids)
}

// gone tells whether the process has ended, even if nobody has asked for its end yet.
func gone(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	text := string(data)
	return strings.HasPrefix(text[strings.LastIndexByte(text, ')')+1:], " Z")
}

// want is an answer that must be so, or an error.
func want(r reply, err error, status int, kind string) error {
	if err == nil && (r.status != status || r.kind != kind) {
		err = fmt.Errorf("answered %v, want %d %s", r, status, kind)
	}
	return err
}

// signUp is a user's first minute: sign up, confirm by the code, change the password.
func (h *history) signUp(ctx context.Context, c *child, acknowledged func()) error {
	h.mu.Lock()
	p := &person{name: fmt.Sprintf("person-%04d", len(h.people)), password: "First-Pass1"}
	h.people = append(h.people, p)
	h.mu.Unlock()
	if err := h.register(ctx, c, p); err != nil {
		return err
	}
	acknowledged()
	if err := h.confirm(ctx, c, p); err != nil {
		return err
	}
	acknowledged()
	token, err := h.enter(ctx, c, p, p.password)
	if err != nil {
		return err
	}
	p.next = "Second-Pass2"
	r, err := c.users(ctx, "ChangePassword", map[string]any{"AccessToken": token, "PreviousPassword": p.password, "ProposedPassword": p.next})
	if err := want(r, err, 200, ""); err != nil {
		return fmt.Errorf("changing the password of %s: %w", p.name, err)
	}
	p.password, p.next = p.next, ""
	acknowledged()
	return nil
}

func (h *history) register(ctx context.Context, c *child, p *person) error {
	r, err := c.users(ctx, "SignUp", map[string]any{"ClientId": h.stack.client.id, "Username": p.name, "Password": p.password,
		"UserAttributes": []any{map[string]any{"Name": "email", "Value": p.name + "@example.com"}}})
	if err := want(r, err, 200, ""); err != nil {
		return fmt.Errorf("signing up %s: %w", p.name, err)
	}
	p.signedUp = true
	return nil
}

// confirm reads the last mail that went to the user.
func (h *history) confirm(ctx context.Context, c *child, p *person) error {
	r, err := c.get(ctx, "/_local/mailbox?to="+p.name)
	if err := want(r, err, 200, ""); err != nil {
		return fmt.Errorf("reading the mail of %s: %w", p.name, err)
	}
	var box struct{ Messages []struct{ Code string } }
	if err := json.Unmarshal([]byte(r.body), &box); err != nil || len(box.Messages) == 0 {
		return fmt.Errorf("there is no mail for %s: %v %w", p.name, r, err)
	}
	p.confirming = true
	r, err = c.users(ctx, "ConfirmSignUp", map[string]any{"ClientId": h.stack.client.id, "Username": p.name, "ConfirmationCode": box.Messages[len(box.Messages)-1].Code})
	if err := want(r, err, 200, ""); err != nil {
		return fmt.Errorf("confirming %s: %w", p.name, err)
	}
	p.confirmed = true
	return nil
}

// enter signs in, and returns the access token.
func (h *history) enter(ctx context.Context, c *child, p *person, password string) (string, error) {
	r, err := h.tryPassword(ctx, c, p, password)
	if err := want(r, err, 200, ""); err != nil {
		return "", fmt.Errorf("signing in as %s: %w", p.name, err)
	}
	return r.field("AccessToken"), nil
}

func (h *history) tryPassword(ctx context.Context, c *child, p *person, password string) (reply, error) {
	return c.users(ctx, "InitiateAuth", map[string]any{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": h.stack.client.id,
		"AuthParameters": map[string]any{"USERNAME": p.name, "PASSWORD": password}})
}

// call calls the open route under a quota.
func (h *history) call(ctx context.Context, c *child, acknowledged func()) error {
	for range 10 { // counts as one thing, or the slower workers would get nothing done
		if _, err := h.callPath(ctx, c, "first", "/open"); err != nil {
			return err
		}
	}
	acknowledged()
	return nil
}

// callPath returns the version of the code that answered.
func (h *history) callPath(ctx context.Context, c *child, plan, path string) (string, error) {
	h.mu.Lock()
	h.sent[plan]++
	h.mu.Unlock()
	req, err := c.remote.call(ctx, h.api, "GET", path, "", h.stack.keys[plan])
	if err != nil {
		return "", err
	}
	r, err := c.do(req)
	if err := want(r, err, 200, ""); err != nil {
		return "", fmt.Errorf("calling %s: %w", path, err)
	}
	var answer struct {
		Version string
		PID     int
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil || strings.HasPrefix(answer.Version, "broken") {
		return "", fmt.Errorf("calling %s: %v %w", path, r, err)
	}
	h.mu.Lock()
	h.served[plan]++
	h.pids[answer.PID] = true
	h.mu.Unlock()
	return answer.Version, nil
}

// check holds a local AWS that has come up again against what is known.
func (h *history) check(c *child, random *rand.Rand) {
	h.t.Helper()
	ctx := h.t.Context()
	for _, plan := range []string{"first", "second"} {
		used := c.hello.Usage[h.stack.plans[plan].id+"/"+h.stack.keyIDs[plan]]
		if used < h.served[plan] || used > h.sent[plan] {
			h.t.Errorf("the plan %s has counted %d requests, of %d sent and %d let in", plan, used, h.sent[plan], h.served[plan])
		}
		h.sent[plan], h.served[plan] = used, used
	}
	// Those of the last round, and some from earlier.
	for i, p := range h.people {
		if i >= len(h.people)-8 || random.IntN(max(1, len(h.people)/8)) == 0 {
			if err := h.checkPerson(ctx, c, p); err != nil {
				h.t.Errorf("%v\n%s", err, c.log)
			}
		}
	}
	if err := h.checkStack(ctx, c); err != nil {
		h.t.Errorf("%v\n%s", err, c.log)
	}
}

// checkPerson finds out how a user stands, and goes on until the user is confirmed.
func (h *history) checkPerson(ctx context.Context, c *child, p *person) error {
	r, err := h.tryPassword(ctx, c, p, p.password)
	switch {
	case err != nil:
		return err
	case r.status == 200 && (p.confirmed || p.confirming):
		p.confirmed, p.next = true, ""
		return nil
	case p.confirmed && p.next != "" && r.kind == "NotAuthorizedException":
		p.password, p.next = p.next, "" // it had been changed, if this lets in
		_, err := h.enter(ctx, c, p, p.password)
		return err
	case p.confirmed:
		return fmt.Errorf("%s was confirmed, and cannot sign in: %v", p.name, r)
	case r.kind == "UserNotConfirmedException":
		if !p.signedUp {
			if r, err = c.users(ctx, "SignUp", map[string]any{"ClientId": h.stack.client.id, "Username": p.name, "Password": p.password,
				"UserAttributes": []any{map[string]any{"Name": "email", "Value": p.name + "@example.com"}}}); err != nil || r.kind != "UsernameExistsException" {
				return fmt.Errorf("%s is there, and may sign up again: %v %w", p.name, r, err)
			}
		}
		r, err := c.users(ctx, "ResendConfirmationCode", map[string]any{"ClientId": h.stack.client.id, "Username": p.name})
		if err := want(r, err, 200, ""); err != nil {
			return fmt.Errorf("sending %s the code again: %w", p.name, err)
		}
	case !p.signedUp && r.kind == "NotAuthorizedException":
		if err := h.register(ctx, c, p); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s had signed up, and is answered %v", p.name, r)
	}
	if err := h.confirm(ctx, c, p); err != nil {
		return err
	}
	_, err = h.enter(ctx, c, p, p.password)
	return err
}
