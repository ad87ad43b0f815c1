package main

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"auth-api/infra/cmd/internal/daemon"
)

// serving runs a server in dir on a port, or with 0 where it chooses, and returns how to
// end it, and where it answers.
func serving(t *testing.T, dir string, port int) (end func(), at int) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runServer(ctx, io.Discard, dir, port, "us-west-2", daemon.AdminKey{}, time.Minute) }()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case err := <-ended:
			t.Fatalf("it ended at once: %v", err)
		case <-poll.C:
			s, running := daemon.Running(t.Context(), dir)
			if !running {
				continue
			}
			address, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			if at, err = strconv.Atoi(address.Port()); err != nil {
				t.Fatal(err)
			}
			return func() {
				interrupt()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}, at
		}
	}
}

// startsNot returns why no server starts in dir. One that does is ended, and is no error.
func startsNot(t *testing.T, dir string, port int) error {
	t.Helper()
	ctx, interrupt := context.WithTimeout(t.Context(), 10*time.Second)
	defer interrupt()
	return runServer(ctx, io.Discard, dir, port, "us-west-2", daemon.AdminKey{}, time.Minute)
}

func freePort(t *testing.T) int {
	t.Helper()
	l := listen(t, 0)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func listen(t *testing.T, port int) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What stacks put out and pages hold are addresses with a port: a local AWS that was
// stopped comes up where it ran, unless it is told another port.
func TestItComesUpWhereItRanLast(t *testing.T) {
	dir := t.TempDir()
	first, second := freePort(t), freePort(t)
	for _, step := range []struct{ asked, want int }{{first, first}, {0, first}, {second, second}, {0, second}} {
		end, at := serving(t, dir, step.asked)
		if at != step.want {
			t.Errorf("asked for port %d it answers on %d, not on %d", step.asked, at, step.want)
		}
		end()
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*port*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("the port is kept in %v (%v)", kept, err)
	}
	for _, text := range []string{"", "x", "70000", "-1"} {
		if err := os.WriteFile(kept[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := startsNot(t, dir, 0)
		if err == nil || !strings.Contains(err.Error(), kept[0]) || !strings.Contains(err.Error(), "legal are 1 to 65535") || !strings.Contains(err.Error(), "LOCAL_PORT=") {
			t.Errorf("where %q is kept, it says %v", text, err)
		}
	}
}

// A port that somebody else took is told of, with who has it and with a port that is free;
// nothing is started elsewhere without a word.
func TestThePortThatItRanOnIsTaken(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	end, _ := serving(t, dir, port)
	end()
	refused := func(asked int, says ...string) {
		t.Helper()
		err := startsNot(t, dir, asked)
		if err == nil {
			t.Fatal("it is started all the same")
		}
		for _, want := range append(says, "port "+strconv.Itoa(port)) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("there is no %q in %v", want, err)
			}
		}
		_, after, found := strings.Cut(err.Error(), "LOCAL_PORT=")
		next, numberErr := strconv.Atoi(after)
		if !found || numberErr != nil || next == port {
			t.Fatalf("it names no other port: %v", err)
		}
		listen(t, next).Close()
	}

	taken := listen(t, port)
	refused(0, "where it ran last", "is taken by another program")
	refused(port, "is taken by another program")
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}

	end, _ = serving(t, t.TempDir(), port)
	refused(0, "where it ran last", "is taken by the local AWS of another checkout (process "+strconv.Itoa(os.Getpid())+")", "make down there")
	end()
	end, at := serving(t, dir, 0)
	if at != port {
		t.Errorf("once the port is free, it answers on %d, not on %d", at, port)
	}
	end()
}
