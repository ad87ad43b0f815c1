// Package daemon starts, finds and stops the local AWS of a checkout: one background
// process, known by a file beside its store.
package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// State is what a running local AWS says of itself in its state file.
type State struct {
	PID          int    `json:"pid"`
	URL          string `json:"url"`          // such as http://localhost:4566
	ProviderPort int    `json:"providerPort"` // gRPC, for PULUMI_DEBUG_PROVIDERS
	Region       string `json:"region"`
	Executable   string `json:"executable"` // SHA-256 of the binary that runs
}

// Dir is the folder of the local AWS of the checkout in root.
func Dir(root string) string { return filepath.Join(root, ".auth-api", "local") }

// LogFile is where a local AWS in the background writes its log.
func LogFile(dir string) string { return filepath.Join(dir, "local-aws.log") }

// maxLog is the size, in bytes, from which a new start puts the log of earlier ones aside.
const maxLog = 10 << 20

func stateFile(dir string) string { return filepath.Join(dir, "local-aws.json") }

// Write records a local AWS that has started in this process, and its port for the next.
func Write(dir string, s State) error {
	port, err := portOf(s.URL)
	if err != nil {
		return err
	}
	if err := keepPort(dir, port); err != nil {
		return err
	}
	hash, err := executableHash()
	if err != nil {
		return err
	}
	s.PID, s.Executable = os.Getpid(), hash
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(stateFile(dir), data)
}

// replaceFile writes a file that is whole at any time, for this user alone.
func replaceFile(file string, data []byte) error {
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return fmt.Errorf("recording the local AWS: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("recording the local AWS: %w", err)
	}
	return nil
}

// Forget takes back what Write recorded, but for the port.
func Forget(dir string) error { return os.Remove(stateFile(dir)) }

// Abandoned tells whether what Write recorded for this process is gone: the checkout was
// removed, or another process has taken its place.
func Abandoned(dir string) bool {
	s, err := read(dir)
	return err != nil || s.PID != os.Getpid()
}

func read(dir string) (s State, err error) {
	data, err := os.ReadFile(stateFile(dir))
	if err != nil {
		return State{}, err
	}
	return s, json.Unmarshal(data, &s)
}

// Running returns the local AWS that runs in dir, and whether there is one: its
// process answers on its port with its own id, so that a stale file or another
// program on the port is not taken for it.
func Running(ctx context.Context, dir string) (State, bool) {
	s, err := read(dir)
	if err != nil {
		return State{}, false
	}
	if pid, is := answers(ctx, s.URL); !is || pid != s.PID {
		return State{}, false
	}
	return s, true
}

// Start returns the local AWS of dir, started in the background by "executable serve"
// unless one runs already. One that runs from another build, or for another port or
// region, is stopped first: its store carries over. fresh tells whether it was started.
// A port of 0 means the one it runs on, or ran on last, else the default. It is not
// stopped for a port that is taken.
// One whose administrator has another key than the environment says (see AdminKeyFrom) is
// stopped first too.
func Start(ctx context.Context, executable, dir string, port int, region string) (s State, fresh bool, err error) {
	admin, err := AdminKeyFrom(os.Getenv)
	if err != nil {
		return State{}, false, fmt.Errorf("starting the local AWS: %w", err)
	}
	if s, running := Running(ctx, dir); running {
		hash, err := fileHash(executable)
		if err != nil {
			return State{}, false, err
		}
		runsOn, err := portOf(s.URL)
		if err != nil {
			return State{}, false, err
		}
		if port == 0 {
			port = runsOn
		}
		fits, err := admin.fits(ctx, s)
		if err != nil {
			return State{}, false, err
		}
		if fits && s.Executable == hash && s.Region == region && port == runsOn {
			return s, false, nil
		}
		if port != runsOn {
			if err := free(ctx, fmt.Sprintf("port %d", port), port); err != nil {
				return State{}, false, fmt.Errorf("moving the local AWS from port %d, where it goes on: %w", runsOn, err)
			}
		}
		if _, err := Stop(ctx, dir); err != nil {
			return State{}, false, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return State{}, false, fmt.Errorf("starting the local AWS: %w", err)
	}
	if info, err := os.Stat(LogFile(dir)); err == nil && info.Size() > maxLog {
		if err := os.Rename(LogFile(dir), LogFile(dir)+".1"); err != nil {
			return State{}, false, fmt.Errorf("starting the local AWS: putting its log aside: %w", err)
		}
	}
	log, err := os.OpenFile(LogFile(dir), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return State{}, false, fmt.Errorf("starting the local AWS: %w", err)
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return State{}, false, fmt.Errorf("starting the local AWS: %w", err)
	}
	args := []string{"serve", "--dir", dir, "--region", region}
	if port != 0 {
		args = append(args, "--port", strconv.Itoa(port))
	}
	cmd := exec.Command(executable, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives the terminal
	if err := cmd.Start(); err != nil {
		return State{}, false, fmt.Errorf("starting the local AWS: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-exited:
			return State{}, false, errors.New(lastLine(LogFile(dir), from))
		case <-deadline.C:
			return State{}, false, fmt.Errorf("starting the local AWS: it does not answer after 30 s; its log is %s", LogFile(dir))
		case <-ctx.Done():
			return State{}, false, ctx.Err()
		case <-poll.C:
			if s, running := Running(ctx, dir); running && s.PID == cmd.Process.Pid {
				return s, true, nil
			}
		}
	}
}

// Stop ends the local AWS of dir and waits for its end. It tells whether one ran.
func Stop(ctx context.Context, dir string) (bool, error) {
	s, running := Running(ctx, dir)
	if !running {
		return false, nil
	}
	process, err := os.FindProcess(s.PID)
	if err != nil {
		return true, fmt.Errorf("stopping the local AWS (process %d): %w", s.PID, err)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		return true, fmt.Errorf("stopping the local AWS (process %d): %w", s.PID, err)
	}
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			// It removes its file last of all, after the store is closed.
			if _, err := os.Stat(stateFile(dir)); errors.Is(err, os.ErrNotExist) {
				return true, nil
			}
		case <-deadline.C:
			return true, fmt.Errorf("stopping the local AWS: process %d is still there after 15 s; its log is %s", s.PID, LogFile(dir))
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// lastLine returns the last line that was written to the log after offset from.
func lastLine(file string, from int64) string {
	data, err := os.ReadFile(file)
	if err != nil || int64(len(data)) < from {
		return "starting the local AWS: it ended at once, without a word"
	}
	lines := strings.Split(strings.TrimSpace(string(data[from:])), "\n")
	last := strings.TrimPrefix(lines[len(lines)-1], "local: ")
	if last == "" {
		return "starting the local AWS: it ended at once, without a word"
	}
	return last
}

func executableHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("recording the local AWS: %w", err)
	}
	return fileHash(path)
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the local AWS's binary: %w; make builds it", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading the local AWS's binary: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
