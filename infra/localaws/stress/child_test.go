package stress

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/provider"
	"auth-api/infra/localaws/store"
)

// The environment that makes this test's binary a local AWS of its own.
const (
	serveIn   = "STRESS_SERVE_IN"   // its folder
	fileLimit = "STRESS_FILE_LIMIT" // bytes that no file may grow beyond, as on a full disk
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveIn); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// folder holds what executable built.
var folder string

// executable is this test's binary without the race detector, which makes each of the
// many starts take a second and more. Races are looked for where the local AWS runs in
// the test's own process.
var executable = sync.OnceValues(func() (string, error) {
	if !raced {
		return os.Args[0], nil
	}
	var err error
	if folder, err = os.MkdirTemp("", "stress-"); err != nil {
		return "", err
	}
	binary := filepath.Join(folder, "stress.test")
	if said, err := exec.Command("go", "test", "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, said)
	}
	return binary, nil
})

// hello is what a child says when it serves.
type hello struct {
	URL      string
	Provider int
	Usage    map[string]int64 // by plan and key
}

// serve is a local AWS until its standard input ends.
func serve(dir string) error {
	if text := os.Getenv(fileLimit); text != "" {
		var limit syscall.Rlimit
		if _, err := fmt.Sscan(text, &limit.Cur); err != nil {
			return err
		}
		limit.Max = limit.Cur
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
	}
	aws, err := localaws.Start(localaws.Config{Dir: dir, Tune: weakHashes, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	port, done, err := provider.New(aws).Serve(ctx)
	if err != nil {
		return err
	}
	usage, err := usageOf(aws)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(hello{aws.URL(), port, usage}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	return errors.Join(<-done, aws.Close(context.Background()))
}

func usageOf(aws *localaws.Server) (map[string]int64, error) {
	usage := map[string]int64{}
	var keys []gateway.UsagePlanKey
	if err := aws.Store.View(func(tx *store.Tx) error {
		all, err := gateway.UsagePlanKeys.All(tx)
		for _, k := range all {
			keys = append(keys, k.Value)
		}
		return err
	}); err != nil {
		return nil, err
	}
	now := aws.Now()
	for _, k := range keys {
		days, err := aws.Gateway.Usage(k.UsagePlanID, k.KeyID, now.AddDate(0, 0, -1), now)
		if err != nil {
			return nil, err
		}
		for _, day := range days {
			usage[k.UsagePlanID+"/"+k.KeyID] += day.Used
		}
	}
	return usage, nil
}

// child is a local AWS in a process of its own.
type child struct {
	remote
	*engine
	hello hello
	log   *lines
	cmd   *exec.Cmd
	stdin io.Closer
}

// spawn starts a local AWS in the folder, without waiting for it.
func spawn(t testing.TB, dir string, env ...string) (*child, io.Reader) {
	t.Helper()
	binary, err := executable()
	if err != nil {
		t.Fatalf("building the local AWS that is killed: %v", err)
	}
	c := &child{log: &lines{}, cmd: exec.Command(binary)}
	c.cmd.Env = append(append(os.Environ(), serveIn+"="+dir), env...)
	c.cmd.Stderr = c.log
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil { // a test that failed half-way
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
	})
	return c, out
}

// open starts a local AWS in the folder and waits until it serves.
func open(t testing.TB, dir string, env ...string) *child {
	t.Helper()
	c, out := spawn(t, dir, env...)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), &c.hello)
	}
	if err != nil {
		_ = c.cmd.Wait()
		t.Fatalf("the local AWS does not come up: %v\n%s", err, c.log)
	}
	c.remote = remote{c.hello.URL, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}}
	c.engine = attach(t, c.hello.Provider)
	return c
}

// kill is kill -9.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
	if c.remote.http != nil {
		c.http.CloseIdleConnections()
		_ = c.conn.Close()
	}
}

// stop ends it as make down does.
func (c *child) stop(t testing.TB) {
	t.Helper()
	c.http.CloseIdleConnections()
	_ = c.conn.Close()
	_ = c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("stopping: %v\n%s", err, c.log)
	}
}

// String is the log's end.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last[max(0, len(l.last)-20):], "")
}
