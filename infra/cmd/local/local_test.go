package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
)

// run runs a server in a folder of its own and returns the folder and its end.
func run(t *testing.T, ctx context.Context) (dir string, end <-chan error) {
	t.Helper()
	return runWith(t, ctx, daemon.AdminKey{})
}

func runWith(t *testing.T, ctx context.Context, admin daemon.AdminKey) (dir string, end <-chan error) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	dir = filepath.Join(t.TempDir(), "local")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- runServer(ctx, io.Discard, dir, port, "us-west-2", admin, time.Millisecond) }()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case err := <-ended:
			t.Fatalf("it ended at once: %v", err)
		case <-poll.C:
			if _, running := daemon.Running(t.Context(), dir); running {
				return dir, ended
			}
		}
	}
}

func TestItServesUntilItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	dir, end := run(t, ctx)
	if err := runServer(t.Context(), &bytes.Buffer{}, dir, 0, "us-west-2", daemon.AdminKey{}, time.Second); err == nil || !strings.Contains(err.Error(), "runs in this folder already") {
		t.Errorf("a second one in its folder: %v", err)
	}
	interrupt()
	if err := <-end; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "local-aws.json")); !os.IsNotExist(err) {
		t.Errorf("it leaves its state file: %v", err)
	}
}

func TestACheckoutThatIsRemovedLeavesNoProcess(t *testing.T) {
	dir, end := run(t, t.Context())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err != nil {
		t.Error(err)
	}
}

func TestStatusTellsScripts(t *testing.T) {
	var out, complaint bytes.Buffer
	c := command()
	c.SetOut(&out)
	c.SetErr(&complaint)
	if code := cli.Run(t.Context(), c, []string{"status", "--dir", t.TempDir()}); code != cli.Failed || complaint.String() != "local: the local AWS is not running; make up starts it\n" {
		t.Errorf("code %d, %q", code, complaint.String())
	}
	if code := cli.Run(t.Context(), c, []string{"serve", "more"}); code == 0 {
		t.Error("an argument that is not known is taken")
	}
}
