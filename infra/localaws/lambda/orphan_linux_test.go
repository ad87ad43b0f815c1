package lambda_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test binary is itself the local AWS that is killed with a function at work.
func TestMain(m *testing.M) {
	if os.Getenv("LAMBDA_TEST_SERVE") == "" {
		os.Exit(m.Run())
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "serve", F: func(t *testing.T) {
		r := newRig(t)
		r.declare("orphan")
		go r.ask("orphan", event{"Do": "hang"})
		fmt.Println("\nfunction", r.awaitLine("pid").Message)
		select {}
	}}}, nil, nil)
}

func TestKillLeavesNoOrphan(t *testing.T) {
	service := exec.Command(os.Args[0])
	service.Env = append(os.Environ(), "LAMBDA_TEST_SERVE=1", "TMPDIR="+t.TempDir()) // it cannot clean up after itself
	out, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "function") {
			if _, err := fmt.Sscanf(lines.Text(), "function pid %d", &pid); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = service.Process.Kill()
	_ = service.Wait()
	if pid == 0 {
		t.Fatal("the function did not start")
	}
	// It hangs in its handler and polls nobody: only the kernel can have ended it.
	if !gone(pid) {
		t.Errorf("process %d has outlived kill -9 of the local AWS", pid)
	}
}
