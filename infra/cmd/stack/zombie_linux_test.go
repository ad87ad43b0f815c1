package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"auth-api/infra/cmd/internal/workspace"
)

// A process that was killed keeps its number until its parent asks how it ended, which the
// first process of many containers never does.
func TestTheLockOfOneThatNobodyBuries(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zombie.Wait() }()
	if err := unix.Waitid(unix.P_PID, zombie.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	c := newCheckout(t)
	file := filepath.Join(c.root, ".auth-api", "state", ".pulumi", "locks", "organization", "auth-api", "mine", "0.json")
	c.write(file, lock(zombie.Process.Pid, host))
	s := session{ws: workspace.Workspace{Root: c.root}, stack: workspace.Stack{Name: "mine", Local: true}, err: io.Discard}
	if err := s.unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the lock is still there")
	}
}
