package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

const (
	account = "000000000000"
	region  = "us-west-2"
	role    = "arn:aws:iam::000000000000:role/worker"
)

// code is the test function's archive and its hash, built once in a run.
var code = sync.OnceValues(func() ([]byte, string) {
	dir, err := os.MkdirTemp("", "lambda-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bootstrap"), "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the test function: %v\n%s", err, out))
	}
	binary, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		panic(err)
	}
	return archive(map[string]string{"bootstrap": string(binary)})
})

func archive(files map[string]string) (data []byte, hash string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Store}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:])
}

// rig is a service with its Runtime API on loopback, a clock and timers that stand
// still until the test moves them.
type rig struct {
	testing.TB
	*lambda.Service
	store  *store.Store
	timers *timers
	server *httptest.Server
	lines  chan logs.Event // every log line; the test must not leave too many unread
	served chan string     // paths of the Runtime API's requests that are over, the first ones at least

	mu       sync.Mutex
	now      time.Time
	lifetime time.Duration // of the execution role's sessions
	refused  error         // by the role's trust policy
}

func newRig(t testing.TB, adjust ...func(*lambda.Config)) *rig {
	t.Helper()
	r := &rig{TB: t, timers: newTimers(), lines: make(chan logs.Event, 10_000), served: make(chan string, 100),
		now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), lifetime: time.Hour}
	dir := t.TempDir()
	var err error
	if r.store, err = store.Open(filepath.Join(dir, "store")); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		token, rest, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/_runtime/"), "/")
		r.ServeRuntime(w, request, token, rest)
		select {
		case r.served <- rest:
		default: // nobody looks
		}
	}))
	config := lambda.Config{
		Store: r.store, Account: account, Region: region, Dir: filepath.Join(dir, "code"),
		Address:   func() string { return r.server.Listener.Addr().String() },
		Now:       r.clock,
		AfterFunc: r.timers.after,
		OnLog:     func(e logs.Event) { r.lines <- e },
		Credentials: func(roleARN, session string) (iam.Credentials, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return iam.Credentials{AccessKeyID: "ASIA" + session, SecretAccessKey: "secret of " + roleARN, SessionToken: "session",
				Expiration: r.now.Add(r.lifetime)}, r.refused
		},
	}
	for _, a := range adjust {
		a(&config)
	}
	if r.Service, err = lambda.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		r.server.Close()
		_ = r.store.Close()
	})
	zip, hash := code()
	if err := r.PutCode(hash, zip); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// declare declares a function of the test code, which change may change first.
func (r *rig) declare(name string, change ...func(*lambda.Function)) {
	r.Helper()
	_, hash := code()
	f := lambda.Function{Name: name, Role: role, Code: lambda.Code{SHA256: hash}, Runtime: "provided.al2023", Handler: "bootstrap", Timeout: 7}
	for _, c := range change {
		c(&f)
	}
	r.update(func(tx *store.Tx) error {
		if err := r.FunctionDeclared(tx, name, f); err != nil {
			return err
		}
		return lambda.Functions.Put(tx, name, f)
	})
}

func (r *rig) permit(p lambda.Permission) {
	r.Helper()
	r.update(func(tx *store.Tx) error {
		if err := r.PermissionDeclared(tx, p.StatementID, p); err != nil {
			return err
		}
		return lambda.Permissions.Put(tx, p.StatementID, p)
	})
}

func (r *rig) update(change func(tx *store.Tx) error) {
	r.Helper()
	if err := r.store.Update(change); err != nil {
		r.Fatal(err)
	}
}

func variables(pairs map[string]string) func(*lambda.Function) {
	return func(f *lambda.Function) { f.Environment = &lambda.Environment{Variables: pairs} }
}

func reserved(n int) func(*lambda.Function) { return func(f *lambda.Function) { f.Reserved = &n } }

// ask invokes the function with an event and returns what it answered.
func (r *rig) ask(name string, event any) lambda.Result {
	r.Helper()
	result, err := r.try(name, event)
	if err != nil {
		r.Error(err) // not Fatal: it may be another goroutine
	}
	return result
}

func (r *rig) try(name string, event any) (lambda.Result, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return lambda.Result{}, err
	}
	return r.Invoke(context.Background(), lambda.Invocation{Function: name, Payload: payload, Principal: "arn:aws:iam::000000000000:root", LogTail: true})
}

type event = map[string]any

// answer is what the test function answers.
type answer struct {
	Text       string
	PID, Child int
	Env        map[string]string
	Dir, ARN   string
	Left       time.Duration
	CPUs       int
}

func (r *rig) answer(result lambda.Result) (a answer) {
	r.Helper()
	if result.FunctionError != "" {
		r.Errorf("the function failed: %s", result.Payload)
	} else if err := json.Unmarshal(result.Payload, &a); err != nil {
		r.Errorf("reading the answer %s: %v", result.Payload, err)
	}
	return a
}

// awaitLine waits until a line with the text has been logged.
func (r *rig) awaitLine(text string) logs.Event {
	r.Helper()
	for {
		select {
		case e := <-r.lines:
			if strings.Contains(e.Message, text) {
				return e
			}
		case <-time.After(20 * time.Second):
			r.Errorf("no line of the log says %q", text)
			return logs.Event{}
		}
	}
}

// throttled returns the reason if the error is that of a limit.
func throttled(err error) string {
	var e *lambda.Error
	if errors.As(err, &e) && e.Status == 429 && e.Code == "TooManyRequestsException" {
		return e.Reason
	}
	return ""
}

// timers run out when the test says so.
type timers struct {
	mu      sync.Mutex
	changed *sync.Cond
	next    int
	pending map[int]timer
}

type timer struct {
	d time.Duration
	f func()
}

func newTimers() *timers {
	t := &timers{pending: map[int]timer{}}
	t.changed = sync.NewCond(&t.mu)
	return t
}

func (t *timers) after(d time.Duration, f func()) func() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.next
	t.next++
	t.pending[id] = timer{d, f}
	t.changed.Broadcast()
	return func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		_, there := t.pending[id]
		delete(t.pending, id)
		return there
	}
}

// fire waits for a timer of this length and lets it run out.
func (t *timers) fire(d time.Duration) {
	t.mu.Lock()
	for {
		for id, p := range t.pending {
			if p.d == d {
				delete(t.pending, id)
				t.mu.Unlock()
				p.f()
				return
			}
		}
		t.changed.Wait()
	}
}

// await waits for a timer of this length and leaves it.
func (t *timers) await(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		for _, p := range t.pending {
			if p.d == d {
				return
			}
		}
		t.changed.Wait()
	}
}

// count returns how many timers of this length are pending.
func (t *timers) count(d time.Duration) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pending {
		if p.d == d {
			n++
		}
	}
	return n
}
