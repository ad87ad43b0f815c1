package lambda

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda/logs"
)

// state is how far an instance is, seen from its Runtime API.
type state uint8

const (
	starting state = iota // it has not polled yet
	waiting               // it polls, or has polled and is about to be told
	working               // it has an event
	answered              // it has answered the event and not yet asked for the next
	failed                // it has said that it cannot start
	ended                 // its process is gone, or is not listened to any more
)

// String is the state's name as AWS's error messages have it.
func (s state) String() string {
	return [...]string{"RuntimeStarted", "RuntimeReady", "RuntimeRunning", "RuntimeResponseSent", "RuntimeInitError", "RuntimeExited"}[s]
}

// instance is one process of a function.
type instance struct {
	fn      *function
	id      string // public half of its token, names it in the path of the Runtime API
	secret  string // the other half; nobody but the process knows it
	stream  string // its log stream
	expires time.Time
	started time.Time
	command *exec.Cmd
	output  *output

	ready  chan struct{}    // closed at the first poll
	events chan *invocation // to the poll; holds one
	done   chan struct{}    // closed when the process is gone and its log is complete
	how    string           // how it ended, before done is closed

	mu      sync.Mutex
	state   state
	current *invocation   // while working or answered
	initErr *failure      // what it said when it could not start
	failing chan struct{} // closed then

	// under the service's lock
	alive    bool // its process has been started and has not been seen to end
	idle     bool // it stands in its pool
	turn     int  // how often it has been idle
	stopIdle func() bool

	// under the output's lock: of its lines and marks
	request string   // the invocation under way
	tail    *tailLog // its lines, when the caller wants them

	peak     atomic.Int64 // bytes of memory
	measured time.Time    // when peak was last read; of perform
}

// token is what the process's address of the Runtime API holds.
func (i *instance) token() string { return i.id + "." + i.secret }

// start makes a process of the function. The instance is killed when it is not
// wanted any more; it removes itself from the service when its process has ended.
func (s *Service) start(fn *function) (*instance, error) {
	credentials, err := s.config.Credentials(fn.Role, fn.Name)
	if err != nil {
		return nil, errRole(err)
	}
	random := make([]byte, 8+16+16)
	if _, err := io.ReadFull(s.config.Rand, random); err != nil {
		return nil, errService(fmt.Errorf("drawing an instance's token: %w", err))
	}
	i := &instance{
		fn:      fn,
		id:      hex.EncodeToString(random[:8]),
		secret:  hex.EncodeToString(random[8:24]),
		stream:  s.config.Now().UTC().Format("2006/01/02/") + "[" + fn.version + "]" + hex.EncodeToString(random[24:40]),
		expires: credentials.Expiration,
		ready:   make(chan struct{}),
		failing: make(chan struct{}),
		events:  make(chan *invocation, 1),
		done:    make(chan struct{}),
	}
	if i.output, err = newOutput(func(text string) { s.logLine(i, text) }); err != nil {
		return nil, errService(err)
	}
	if err := s.launch(i, credentials); err != nil {
		i.output.close()
		return nil, err
	}
	go s.watch(i)
	return i, nil
}

// errEntry says that the function's bootstrap cannot be started.
type errEntry struct{ error }

// launch starts the process and makes the instance known, unless the service is
// closing. The instance is known before the process can poll.
func (s *Service) launch(i *instance, credentials iam.Credentials) error {
	dir := s.code.Dir(i.fn.Code.SHA256)
	i.command = exec.Command(filepath.Join(dir, "bootstrap"))
	i.command.Dir = dir
	i.command.Env = s.environment(i, credentials)
	i.command.Stdout, i.command.Stderr = i.output.write, i.output.write
	i.command.SysProcAttr = processAttributes()

	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errService(errClosed)
	}
	i.started = time.Now()
	s.instances[i.id] = i
	s.running.Add(1)
	s.mu.Unlock()

	done := make(chan error)
	s.spawn <- launch{i.command, i.fn.processors(), done}
	err := <-done

	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		i.alive = true
		if s.closed { // Close could not kill what was not there yet
			i.kill()
		}
		return nil
	}
	delete(s.instances, i.id)
	s.running.Done()
	if errors.Is(err, fs.ErrNotExist) {
		return errEntry{errors.New("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")} //lint:ignore ST1005 AWS's text
	}
	return errEntry{errors.New(strings.ReplaceAll(err.Error(), dir, "/var/task"))}
}

// watch waits for the process's end and clears away after it.
func (s *Service) watch(i *instance) {
	defer s.running.Done()
	err := i.command.Wait()
	s.mu.Lock()
	i.kill() // whoever it left behind in its group
	i.alive = false
	s.mu.Unlock()
	i.output.close()
	if ended := i.command.ProcessState; ended != nil {
		i.how = ended.String()
		i.peak.Store(max(i.peak.Load(), endMemory(ended)))
	} else {
		i.how = err.Error()
	}
	s.mu.Lock()
	delete(s.instances, i.id)
	s.pool(i.fn.Name).drop(i)
	s.mu.Unlock()
	close(i.done)
}

// kill ends the process and all that it started, at once, as Lambda does. The
// service's lock must be held, so that an id that meanwhile is another's is not hit.
func (i *instance) kill() {
	if i.alive {
		_ = syscall.Kill(-i.command.Process.Pid, syscall.SIGKILL) // it fails when they are all gone
	}
}

// instance returns the instance whose token this is.
func (s *Service) instance(token string) (*instance, bool) {
	id, secret, _ := strings.Cut(token, ".")
	s.mu.Lock()
	i := s.instances[id]
	s.mu.Unlock()
	if i == nil {
		return nil, false
	}
	return i, subtle.ConstantTimeCompare([]byte(secret), []byte(i.secret)) == 1
}

// measure reads how much memory the process has used, seldom enough to cost nothing.
func (i *instance) measure() {
	if now := time.Now(); now.Sub(i.measured) > time.Second {
		i.measured = now
		i.peak.Store(max(i.peak.Load(), peakMemory(i.command.Process.Pid)))
	}
}

// logLine takes a line into the function's log. It runs under the output's lock.
func (s *Service) logLine(i *instance, text string) {
	if i.tail != nil {
		i.tail.add(text)
	}
	s.logs.Append(logs.Event{Group: i.fn.group, Stream: i.stream, Time: s.config.Now(), Message: text, RequestID: i.request})
}
