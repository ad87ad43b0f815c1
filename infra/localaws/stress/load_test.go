package stress

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
	"github.com/alexedwards/argon2id"
)

const clients = 64

// duration is how long the load lasts: half a minute in CI, STRESS_DURATION where it
// is set (such as 2m), else five seconds.
func duration(t *testing.T) time.Duration {
	t.Helper()
	if text := os.Getenv("STRESS_DURATION"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("STRESS_DURATION: %v", err)
		}
		return d
	}
	if os.Getenv("CI") == "true" && raced {
		return 30 * time.Second
	}
	return 5 * time.Second
}

// seed is what the tests draw from: STRESS_SEED where it is set, so that a failure can
// be had again.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if text := os.Getenv("STRESS_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("STRESS_SEED: %v", err)
		}
	}
	t.Logf("STRESS_SEED=%d", n)
	return n
}

func weakHashes(rooms *localaws.Rooms) {
	rooms.UserPool.PasswordHash = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// lines is a log that remembers the last of its lines.
type lines struct {
	mu   sync.Mutex
	last []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) == 5000 {
		l.last = append(l.last[:0], l.last[2500:]...)
	}
	l.last = append(l.last, string(p))
	return len(p), nil
}

// of is what the log says of a request.
func (l *lines) of(requestID string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.last {
		if requestID != "" && strings.Contains(line, requestID) {
			return line
		}
	}
	return "(the log has no line of it)"
}

// world is what the clients of the load share.
type world struct {
	*stack
	remote
	log           *lines
	begun         time.Time
	offset        atomic.Int64 // of the clock
	guest, over   caller       // a guest, and a user whose session is over
	stop          atomic.Bool
	admitted      map[string]*atomic.Int64 // 200s, by plan
	refused       map[string]*atomic.Int64 // 429s, by plan
	asked, failed atomic.Int64
}

// now is a day's morning, so that no quota's window ends during the test.
func (w *world) now() time.Time {
	return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(time.Since(w.begun) + time.Duration(w.offset.Load()))
}

// Mixed good and bad requests from many clients at once: each is answered as the
// oracle says, quotas count exactly what was let in, and nothing is left over.
func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("it lasts")
	}
	length, n := duration(t), seed(t)
	before := runtime.NumGoroutine()
	w := &world{log: &lines{}, begun: time.Now(), admitted: map[string]*atomic.Int64{}, refused: map[string]*atomic.Int64{}}
	for name := range plans {
		w.admitted[name], w.refused[name] = &atomic.Int64{}, &atomic.Int64{}
	}
	aws, err := localaws.Start(localaws.Config{Dir: t.TempDir(), Now: w.now, Tune: weakHashes, Log: slog.New(slog.NewJSONHandler(w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = aws.Close(context.Background())
		}
	}()
	serving, stop := context.WithCancel(t.Context())
	defer stop()
	port, served, err := provider.New(aws).Serve(serving)
	if err != nil {
		t.Fatal(err)
	}
	w.stack = declare(t, attach(t, port))
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	w.remote = remote{aws.URL(), &http.Client{Transport: transport, Timeout: time.Minute}}
	visitors := w.settle(n)

	warm := w.run(visitors, length/5)
	end := w.run(visitors, length-length/5)

	w.checkLimits(aws)
	if limit := warm + warm/2 + 16<<20; end > limit {
		t.Errorf("the heap is %d MB after the load, and was %d MB after its first fifth", end>>20, warm>>20)
	}
	t.Logf("%d requests from %d clients in %v; heap %d MB, then %d MB", w.asked.Load(), clients, length, warm>>20, end>>20)

	if err := aws.Close(context.Background()); err != nil {
		t.Errorf("closing: %v", err)
	}
	closed = true
	stop()
	_ = w.conn.Close()
	if err := <-served; err != nil {
		t.Errorf("serving the provider: %v", err)
	}
	transport.CloseIdleConnections()
	if left := children(t); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if !within(10*time.Second, func() bool { return runtime.NumGoroutine() <= before }) {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left, of %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
	}
}

// settle declares a user for each client, half of them editors, and signs them in.
func (w *world) settle(seed uint64) []*visitor {
	t := w.t
	t.Helper()
	w.offset.Store(int64(-3 * time.Hour))
	visitors := make([]*visitor, clients)
	for i := range visitors {
		v := &visitor{world: w, rand: rand.New(rand.NewPCG(seed, uint64(i))), number: i, editor: i%2 == 0}
		v.name, v.password = fmt.Sprintf("user-%02d", i), fmt.Sprintf("PassWord-%d", i)
		w.make("aws:cognito/user:User", v.name, map[string]any{"userPoolId": w.pool.id, "username": v.name, "password": v.password})
		if v.editor {
			w.make("aws:cognito/userInGroup:UserInGroup", v.name, map[string]any{"userPoolId": w.pool.id, "groupName": "editors", "username": v.name})
		}
		visitors[i] = v
	}
	// Time passes for one of them: the token and the session are over.
	if err := visitors[0].arrive(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.over = visitors[0].caller
	w.offset.Store(0)
	var err error
	if w.guest, err = w.identify(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for _, v := range visitors {
		if err := v.arrive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return visitors
}

// run lets the clients ask for so long, and returns the heap that is live afterwards.
func (w *world) run(visitors []*visitor, length time.Duration) uint64 {
	w.stop.Store(false)
	timer := time.AfterFunc(length, func() { w.stop.Store(true) })
	defer timer.Stop()
	var group sync.WaitGroup
	for _, v := range visitors {
		group.Go(func() {
			for !w.stop.Load() && w.failed.Load() < 10 {
				v.ask(w.t.Context())
			}
		})
	}
	group.Wait()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// checkLimits holds what was let in against what was counted and allowed.
func (w *world) checkLimits(aws *localaws.Server) {
	t := w.t
	t.Helper()
	for name, plan := range w.plans {
		used := int64(0)
		days, err := aws.Gateway.Usage(plan.id, w.keyIDs[name], w.now(), w.now())
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			used += day.Used
		}
		if admitted := w.admitted[name].Load(); used != admitted || admitted == 0 {
			t.Errorf("under the plan %s %d requests were let in, and %d counted", name, admitted, used)
		}
	}
	admitted, refused := w.admitted["limited"].Load(), w.refused["limited"].Load()
	if admitted > limitedQuota || refused > 0 && admitted != limitedQuota {
		t.Errorf("a quota of %d let in %d, and refused %d", limitedQuota, admitted, refused)
	}
	admitted, refused = w.admitted["throttled"].Load(), w.refused["throttled"].Load()
	if most := int64(throttledRate*time.Since(w.begun).Seconds()) + throttledBurst + 1; admitted > most || refused > 0 && admitted < throttledBurst {
		t.Errorf("a rate of %d a second and a burst of %d let in %d in %v, and refused %d", throttledRate, throttledBurst, admitted, time.Since(w.begun), refused)
	}
}

// within polls until done says so, for as long as that.
func within(limit time.Duration, done func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case <-poll.C:
		case <-deadline.C:
			return done()
		}
	}
	return true
}

// children are the ids of this process's child processes, where the system tells them.
func children(t *testing.T) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// "PID (NAME) STATE PARENT ...", and the name may hold anything.
		text := string(data)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		parent, _ := strconv.Atoi(fields[1])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if parent == os.Getpid() {
			found = append(found, pid)
		}
	}
	return found
}
