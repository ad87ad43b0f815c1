package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/gateway"
)

// protected is the route that needs signature, policy and key.
const protected = "/require-auth"

// ours is the article's stack on the local AWS: for the measurements within its rooms
// in this process, for all others as the process that make up starts.
type ours struct {
	root, work string // the repository, and a folder of this run
	dir        string // of the local AWS's store
	port       int
	aws        *localaws.Server // nil when it does not run in this process
	watch      watch
	outputs    client.Outputs
	user       client.Identity
}

// deploy brings the stack up in this process, with limits that no measurement reaches,
// and signs the demo user in.
func deploy(ctx context.Context, root, work string) (*ours, error) {
	o := &ours{root: root, work: work, dir: filepath.Join(work, "store")}
	settings, err := awstest.ReadArticle(root)
	if err != nil {
		return nil, err
	}
	// The peers' function asks no other, so that neither does ours.
	delete(settings, "functions")
	settings["usagePlan"] = map[string]any{"rateLimit": 1e6, "burstLimit": 1_000_000, "quotaLimit": 1_000_000_000, "quotaPeriod": "DAY"}
	if o.port, err = freePort(); err != nil {
		return nil, err
	}
	if o.aws, err = localaws.Start(localaws.Config{
		Dir: o.dir, Port: o.port, Tune: func(rooms *localaws.Rooms) { rooms.Gateway.Watch = o.watch.begin },
	}); err != nil {
		return nil, err
	}
	if o.outputs, err = awstest.Up(o.aws, root, settings); err != nil {
		return nil, fmt.Errorf("bringing the article's stack up: %w", err)
	}
	directory := client.NewDirectory(o.outputs)
	tokens, err := directory.SignIn(ctx, o.outputs.DemoUser, o.outputs.DemoPassword)
	if err != nil {
		return nil, err
	}
	o.user, err = directory.Credentials(ctx, tokens.ID)
	return o, err
}

// close stops the local AWS in this process; its store stays.
func (o *ours) close() error {
	if o.aws == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := o.aws.Close(ctx)
	o.aws = nil
	return err
}

func (o *ours) address() string { return "127.0.0.1:" + strconv.Itoa(o.port) }

// call is a call of the protected route by the demo user, signed now.
func (o *ours) call(ctx context.Context, body string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.outputs.APIURL+protected, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Api-Key", o.outputs.APIKey)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "make-bench")
	return r, o.user.Sign(ctx, r, []byte(body), o.outputs.Region, time.Now())
}

// request is such a call as it stands on the wire.
func (o *ours) request(ctx context.Context) ([]byte, error) {
	r, err := o.call(ctx, "")
	if err != nil {
		return nil, err
	}
	return onWire(r)
}

func onWire(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return b.Bytes(), nil
}

// build compiles the command that make up starts the local AWS by.
func (o *ours) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(o.work, "local"), "./infra/cmd/local")
	cmd.Dir = o.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the local AWS: %w: %s", err, out)
	}
	return nil
}

// serve starts the local AWS as a process of its own, on the store in dir.
func (o *ours) serve(dir string) (*process, error) {
	cmd := exec.Command(filepath.Join(o.work, "local"), "serve", "--dir", dir, "--port", strconv.Itoa(o.port))
	return begin(cmd, o.address(), filepath.Join(o.work, "local-aws.log"))
}

// starts measures how long the process takes to the first answer of the protected
// route on the stack's store, and to the first of all on an empty folder.
func (o *ours) starts(ctx context.Context, times int, progress func(string, ...any)) (existing, empty *Summary, err error) {
	var onStack, onNothing []time.Duration
	for n := range times {
		request, err := o.request(ctx)
		if err != nil {
			return nil, nil, err
		}
		took, err := o.start(ctx, o.dir, request)
		if err != nil {
			return nil, nil, err
		}
		onStack = append(onStack, took)
		dir := filepath.Join(o.work, "empty-"+strconv.Itoa(n))
		health := []byte("GET /_local/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if took, err = o.start(ctx, dir, health); err != nil {
			return nil, nil, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, nil, err
		}
		onNothing = append(onNothing, took)
	}
	existing, empty = summarize(millis(onStack)), summarize(millis(onNothing))
	progress("start: %s ms on the article's stack, %s ms on an empty folder", existing, empty)
	return existing, empty, nil
}

// start starts the process, waits for its answer, and stops it.
func (o *ours) start(ctx context.Context, dir string, request []byte) (time.Duration, error) {
	p, err := o.serve(dir)
	if err != nil {
		return 0, err
	}
	took, err := p.answers(ctx, request)
	if stopped := p.stop(); err == nil {
		err = stopped
	}
	return took, err
}

// watch times the parts of requests that come one after the other.
type watch struct {
	on    bool
	parts map[gateway.Part][]time.Duration
}

// begin is the gateway's Watch.
func (w *watch) begin() func(gateway.Part) {
	last := time.Now()
	return func(p gateway.Part) {
		now := time.Now()
		if w.on {
			w.parts[p] = append(w.parts[p], now.Sub(last))
		}
		last = now
	}
}

// parts measures where a request's time goes, with one client.
func (o *ours) parts(ctx context.Context, duration time.Duration, progress func(string, ...any)) ([]Share, error) {
	request, err := o.request(ctx)
	if err != nil {
		return nil, err
	}
	one := load{address: o.address(), request: request, clients: 1}
	if _, err := one.run(ctx, duration/4); err != nil { // caches and processes get warm
		return nil, err
	}
	o.watch.parts = map[gateway.Part][]time.Duration{}
	o.watch.on = true
	p, err := one.run(ctx, duration)
	o.watch.on = false
	if err != nil {
		return nil, err
	}
	var parts []Share
	for _, part := range gateway.Parts() {
		if len(o.watch.parts[part]) == 0 {
			return nil, fmt.Errorf("measuring the parts of a request: none has passed %q", part)
		}
		parts = append(parts, Share{Part: string(part), Micros: summarize(micros(o.watch.parts[part])).Median})
	}
	whole := summarize(micros(p.each)).Median
	progress("a request takes %s µs with one client, in this process", number(whole))
	return shares(parts, whole, "HTTP on both sides, and the log"), nil
}
