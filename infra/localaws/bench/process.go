package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that the run has started, and stops by its own id.
type process struct {
	*exec.Cmd
	address string // host:port
	log     *os.File
	began   time.Time
	ended   chan struct{} // closed when it has ended
}

// begin starts a command whose output goes to the file log, and does not wait for it.
func begin(cmd *exec.Cmd, address, log string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = file, file
	p := &process{Cmd: cmd, address: address, log: file, ended: make(chan struct{}), began: time.Now()}
	if err := cmd.Start(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait() // how it ends is not asked for
		close(p.ended)
	}()
	return p, nil
}

// answers waits until the request is answered with 200, and returns how long that took
// from the start of the process.
func (p *process) answers(ctx context.Context, request []byte) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if c, err := dial(ctx, p.address); err == nil {
			_, err = c.send(request)
			took := time.Since(p.began)
			_ = c.Close()
			if err == nil {
				return took, nil
			}
			return 0, err
		}
		select {
		case <-time.After(200 * time.Microsecond):
		case <-p.ended:
			return 0, fmt.Errorf("%s ended before it answered: %s", p.Path, p.lastWords())
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for %s: %w: %s", p.Path, ctx.Err(), p.lastWords())
		}
	}
}

// lastWords is the end of the process's log.
func (p *process) lastWords() string {
	data, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data[max(0, len(data)-2000):]))
}

// stop ends the process and waits for its end.
func (p *process) stop() error {
	defer p.log.Close()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", p.Path, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(15 * time.Second):
	}
	if err := p.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", p.Path, err)
	}
	<-p.ended
	return nil
}

// memory returns how much memory the process has, in MB, nil where the system does not tell.
func (p *process) memory() (*Summary, error) {
	if runtime.GOOS != "linux" {
		return nil, nil
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.Process.Pid) + "/status")
	if err != nil {
		return nil, fmt.Errorf("reading the memory of %s: %w", p.Path, err)
	}
	mb, err := residentMB(status)
	if err != nil {
		return nil, fmt.Errorf("reading the memory of %s: %w", p.Path, err)
	}
	return exactly(mb), nil
}

// residentMB reads the resident memory out of Linux's /proc/PID/status.
func residentMB(status []byte) (float64, error) {
	for line := range bytes.Lines(status) {
		if text, found := bytes.CutPrefix(line, []byte("VmRSS:")); found {
			fields := bytes.Fields(text)
			if len(fields) == 2 && string(fields[1]) == "kB" {
				kb, err := strconv.ParseFloat(string(fields[0]), 64)
				return kb / 1024, err
			}
		}
	}
	return 0, errors.New("there is no line VmRSS with a number of kB")
}

// freePort returns a port of loopback that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
