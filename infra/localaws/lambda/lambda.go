// Package lambda runs Lambda functions: the built bootstrap binaries, as processes
// behind Lambda's Runtime API.
//
// A function has instances, as on AWS: an invocation takes one that is idle or
// starts one more, each works on one event at a time, idle ones end after a while,
// and those of an older code or configuration end when they have finished. Each version
// of a function has instances of its own, made from the code and configuration with which
// it was published; an alias leads to one version, or to two by lot. What is
// enforced: the function's resource policy, its execution role's trust, reserved
// concurrency and the account's, the timeouts of init and of invocations, the sizes
// of payloads, and the environment; on Linux also the processors that go with the
// memory size. What is not: the memory size, as a process's
// memory cannot be capped from outside without containers; it is told in REPORT.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda/artifact"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/store"
)

// Config is what the service needs. Store, Account, Region, Dir, Address and
// Credentials must be given.
type Config struct {
	Store   *store.Store
	Account string // twelve digits
	Region  string
	Dir     string        // for unpacked code; no other process may use it
	Address func() string // host:port of the local AWS, such as 127.0.0.1:4566

	// Credentials gives temporary credentials of an execution role for a session of
	// this name, if the role's trust policy lets lambda.amazonaws.com assume it.
	Credentials func(roleARN, sessionName string) (iam.Credentials, error)

	// Authorize decides what Lambda may do with an execution role's rights, such as
	// making network interfaces. When nil nothing is allowed.
	Authorize func(roleARN, sessionName string, want iam.Request) authz.Decision

	Now  func() time.Time // time.Now when nil: stamps logs and judges whether credentials are over
	Rand io.Reader        // crypto/rand when nil
	Log  *slog.Logger     // discards when nil

	// AfterFunc runs f after d and returns a function that prevents it, as
	// time.AfterFunc does, which it is when nil. All waiting goes through it.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)

	IdleTimeout      time.Duration    // how long an instance waits for work; 5 minutes when zero
	InitTimeout      time.Duration    // until the first poll; 10 s when zero, as on AWS
	ConcurrencyLimit int              // of the account; 1000 when zero, as on AWS
	LogBytes         int              // kept of each log group; 4 MB when zero
	OnLog            func(logs.Event) // told of every log line; must not block or call the Service
}

// Service is the Lambda service of one account in one region. It is safe for use
// by many goroutines.
type Service struct {
	config Config
	code   *artifact.Store
	logs   *logs.Store
	spawn  chan launch // to the thread that starts all processes

	cached  atomic.Pointer[view]
	loading sync.Mutex // held while a view is made

	mu        sync.Mutex
	pools     map[string]*pool // by function name
	unserved  int              // invocations under way of functions without reserved concurrency
	instances map[string]*instance
	closed    bool
	running   sync.WaitGroup // instances and invocations

	queue       map[*queued]bool // events that nobody waits for; of the lock, too
	queuedBytes int
}

// New returns a service without instances. It clears away what an earlier process
// left half unpacked in Dir.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Account == "" || c.Region == "" || c.Dir == "" || c.Address == nil || c.Credentials == nil {
		return nil, errors.New("starting the Lambda service: Store, Account, Region, Dir, Address and Credentials must be given")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.AfterFunc == nil {
		c.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	c.IdleTimeout = orDefault(c.IdleTimeout, 5*time.Minute)
	c.InitTimeout = orDefault(c.InitTimeout, 10*time.Second)
	c.ConcurrencyLimit = orDefault(c.ConcurrencyLimit, 1000)
	c.LogBytes = orDefault(c.LogBytes, 4<<20)
	code, err := artifact.Open(c.Dir, c.Now)
	if err != nil {
		return nil, fmt.Errorf("starting the Lambda service: %w", err)
	}
	s := &Service{
		config:    c,
		code:      code,
		logs:      logs.New(c.LogBytes, c.OnLog),
		spawn:     make(chan launch),
		pools:     map[string]*pool{},
		instances: map[string]*instance{},
		queue:     map[*queued]bool{},
	}
	go s.spawner()
	return s, nil
}

// spawner starts every process on one thread that lives as long as the service. On
// Linux the kernel kills a child when the thread that made it ends (PR_SET_PDEATHSIG
// asks for that), and Go's other threads may end at any time.
func (s *Service) spawner() {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	available := newProcessors()
	for l := range s.spawn {
		available.confine(l.processors)
		l.done <- l.command.Start()
	}
}

// launch is a process to start.
type launch struct {
	command    *exec.Cmd
	processors int
	done       chan<- error
}

// Close kills every process and waits until all are gone. Invocations under way
// end with an error, and so do later ones.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.running.Wait()
		return nil
	}
	s.closed = true
	s.closeQueue()
	for _, i := range s.instances {
		i.kill()
	}
	s.mu.Unlock()
	s.running.Wait()
	close(s.spawn)
	return nil
}

// PutCode unpacks a function's archive, so that a Function may name it: the zip's
// SHA-256 in hexadecimal, and the zip. Putting it again does nothing. It fails with
// a *wire.Error when the archive is not what the hash says or cannot be unpacked.
func (s *Service) PutCode(sha256 string, zip []byte) error { return s.code.Put(sha256, zip) }

// HasCode reports whether the code with this hash is unpacked.
func (s *Service) HasCode(sha256 string) bool { return s.code.Has(sha256) }

// Prune ends the idle instances of functions that are gone or have changed, and
// removes code that neither a version of a function nor an instance uses. The server calls it
// when declarations have changed; what is still at work then goes at the next call.
func (s *Service) Prune() error {
	if _, err := s.view(); err != nil {
		return err
	}
	return s.code.Prune(func() (map[string]bool, error) {
		used := map[string]bool{}
		v, err := s.view()
		if err != nil {
			return nil, err
		}
		for _, fn := range v.functions {
			for _, version := range fn.versions {
				used[version.Code.SHA256] = true
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, i := range s.instances {
			used[i.fn.Code.SHA256] = true
		}
		return used, nil
	})
}

// Logs returns the lines of a log group that the filter chooses, oldest first, and
// none that are older than the group's retention.
func (s *Service) Logs(group string, f logs.Filter) ([]logs.Event, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	if days := v.retention[group]; days > 0 {
		if oldest := s.config.Now().AddDate(0, 0, -days); f.Since.Before(oldest) {
			f.Since = oldest
		}
	}
	return s.logs.Events(group, f), nil
}

// Invocation is one call of a function.
type Invocation struct {
	Function      string // name, ARN or partial ARN, with a version or an alias behind it or none
	Payload       []byte // the event, as JSON; {} when empty; 6 MB at most
	Principal     string // who calls: a service such as apigateway.amazonaws.com, or the ARN of an IAM caller
	SourceARN     string // on whose behalf a service calls, such as a method's ARN
	SourceAccount string // the account of that resource; the service's own when empty
	RequestID     string // made up when empty
	TraceID       string // X-Ray trace header; made up when empty
	ClientContext string // JSON, handed to the function
	LogTail       bool   // the Result brings the log's last 4 KB (LogType Tail)
}

// Result is how an invocation ended.
type Result struct {
	Payload       []byte // what the function answered, or the error as JSON
	FunctionError string // Unhandled when the function failed, else empty
	RequestID     string
	Version       string // that ran: a number, or $LATEST
	LogTail       []byte // the last 4 KB of the invocation's log, when it was asked for
}

// Invoke runs the function on the event and waits for its end. That the function
// fails (an error, a crash, a timeout) is no error of Invoke: Result says it. The
// errors are *Error with Lambda's codes, and ErrNotPermitted when Principal is a
// service that the function's resource policy does not let in. Whether an IAM caller
// may invoke is for whoever took its request to decide.
//
// When ctx ends first its error is returned, and the function runs on, as on AWS.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Service) Invoke(ctx context.Context, in Invocation) (Result, error) {
	v, err := s.view()
	if err != nil {
		return Result{}, err
	}
	to, arn, err := v.find(in.Function)
	if err != nil {
		return Result{}, err
	}
	if err := to.fn.permits(in, arn, s.config.Account); err != nil {
		return Result{}, err
	}
	fn, err := to.draw(s.config.Rand)
	if err != nil {
		return Result{}, err
	}
	inv, err := s.newInvocation(in, arn)
	if err != nil {
		return Result{}, err
	}
	defer Waiting(ctx)()
	inst, err := s.acquire(v, fn)
	if err != nil {
		return Result{}, err
	}
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() { // on its own, as the caller may leave before the function ends
		defer s.running.Done() // acquire has counted it
		result, err := s.perform(fn, inst, inv)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("invoking %s: %w", fn.Name, ctx.Err())
	}
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
