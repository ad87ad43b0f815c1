package lambda

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/google/uuid"

	"auth-api/infra/localaws/lambda/logs"
)

// invocation is one event on its way through an instance.
type invocation struct {
	Invocation
	arn      string
	deadline time.Time
	began    time.Time
	init     time.Duration // of the instance, when this is its first event

	// of the instance's lock until finished is closed
	response []byte
	failed   bool     // response is an error
	failure  *failure // why the service itself made the response an error

	finished chan struct{} // closed when the runtime asks for the next event
	tail     *tailLog      // nil unless the caller wants the log
}

func (s *Service) newInvocation(in Invocation, arn string) (*invocation, error) {
	if len(in.Payload) > maxRequest {
		return nil, errTooLarge(len(in.Payload))
	}
	if len(in.Payload) == 0 {
		in.Payload = []byte("{}")
	}
	if in.RequestID == "" {
		id, err := uuid.NewRandomFromReader(s.config.Rand)
		if err != nil {
			return nil, errService(fmt.Errorf("drawing a request id: %w", err))
		}
		in.RequestID = id.String()
	}
	if in.TraceID == "" {
		var random [12 + 8]byte
		if _, err := io.ReadFull(s.config.Rand, random[:]); err != nil {
			return nil, errService(fmt.Errorf("drawing a trace id: %w", err))
		}
		in.TraceID = fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0",
			uint32(s.config.Now().Unix()), hex.EncodeToString(random[:12]), hex.EncodeToString(random[12:]))
	}
	inv := &invocation{Invocation: in, arn: arn, finished: make(chan struct{})}
	if in.LogTail {
		inv.tail = &tailLog{complete: make(chan struct{})}
	}
	return inv, nil
}

// perform runs the event on the instance, or on a new one when it is nil, and
// gives both back to the pool.
func (s *Service) perform(fn *function, i *instance, inv *invocation) (Result, error) {
	good := false
	defer func() { s.release(fn, i, good) }()

	var fault *failure
	if i == nil {
		var err error
		if i, fault, err = s.initialize(fn, inv); err != nil {
			return Result{}, err
		}
	}
	if i == nil {
		inv.response, inv.failed = fault.payload(), true
	} else {
		good = s.hand(i, inv)
	}
	if s.isClosed() && inv.failed {
		return Result{}, errService(errClosed)
	}
	result := Result{Payload: inv.response, RequestID: inv.RequestID, Version: fn.version}
	if inv.failed {
		result.FunctionError = "Unhandled"
	}
	if inv.tail != nil && i != nil {
		<-inv.tail.complete
		result.LogTail = inv.tail.last()
	}
	return result, nil
}

// initialize starts an instance and waits until it asks for its first event. When
// that fails Lambda tries once more, with the function's own timeout; what it
// fails of then is the answer to the invocation.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
func (s *Service) initialize(fn *function, inv *invocation) (*instance, *failure, error) {
	var fault *failure
	for _, phase := range []struct {
		name  string
		limit time.Duration
	}{{"init", s.config.InitTimeout}, {"invoke", fn.timeout}} {
		i, err := s.start(fn)
		var entry errEntry
		if errors.As(err, &entry) {
			fault = failStart(inv.RequestID, entry)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		over := make(chan struct{})
		stop := s.config.AfterFunc(phase.limit, func() { close(over) })
		timedOut := false
		select {
		case <-i.ready:
			stop()
			inv.init = time.Since(i.started)
			return i, nil, nil
		case <-i.failing:
		case <-i.done:
		case <-over:
			timedOut = true
		}
		stop()
		took := time.Since(i.started)
		s.end(i)
		fault = i.initFailure(inv.RequestID)
		if timedOut {
			fault = failTimeout(inv.RequestID, int(math.Ceil(phase.limit.Seconds())), s.stamp())
		}
		s.logFailedInit(i, fault, phase.name, took)
	}
	return nil, fault, nil
}

// end kills the instance and waits until its log is complete.
func (s *Service) end(i *instance) {
	s.mu.Lock()
	i.kill()
	s.mu.Unlock()
	<-i.done
}

// initFailure is why an instance that has ended never polled.
func (i *instance) initFailure(requestID string) *failure {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.state == failed {
		return i.initErr
	}
	return failExit(requestID, i.how)
}

// hand gives the event to the instance and waits for its end. It reports whether the
// instance is fit for another.
func (s *Service) hand(i *instance, inv *invocation) bool {
	// The process reads the host's clock, so its deadline is by that, whatever
	// time it is for the local AWS.
	inv.began = time.Now()
	inv.deadline = inv.began.Add(i.fn.timeout)
	i.output.mark(func() {
		i.request, i.tail = inv.RequestID, inv.tail
		s.logLine(i, "START RequestId: "+inv.RequestID+" Version: "+i.fn.version)
	})
	over := make(chan struct{})
	stop := s.config.AfterFunc(i.fn.timeout, func() { close(over) })
	defer stop()
	i.events <- inv

	var fault *failure
	good := false
	select {
	case <-inv.finished:
		i.measure()
		good = true
	case <-i.done:
		// Go's runtime reports a panic as its answer and exits then.
		if !i.hangUp(inv) {
			fault = failExit(inv.RequestID, i.how)
		}
	case <-over:
		s.end(i)
		i.hangUp(inv)
		fault = failTimeout(inv.RequestID, i.fn.Timeout, s.stamp())
	}
	if fault != nil {
		inv.response, inv.failed, inv.failure = fault.payload(), true, fault
	}
	took := time.Since(inv.began)
	i.output.mark(func() {
		s.logEnd(i, inv, took)
		i.request, i.tail = "", nil
	})
	return good
}

// hangUp sees to it that no request still under way changes the invocation, and
// reports whether it was answered.
func (i *instance) hangUp(inv *invocation) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	gave := i.state == answered && i.current == inv
	i.state, i.current = ended, nil
	return gave
}

func (s *Service) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// stamp is the time as Lambda writes it into its own log lines.
func (s *Service) stamp() string { return s.config.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

// logEnd writes what Lambda writes when an invocation is over. It runs under the
// output's lock.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func (s *Service) logEnd(i *instance, inv *invocation, took time.Duration) {
	if inv.failure != nil && inv.failure.line != "" {
		s.logLine(i, inv.failure.line)
	}
	s.logLine(i, "END RequestId: "+inv.RequestID)
	report := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		inv.RequestID, ms(took), math.Ceil(ms(took+inv.init)), i.fn.MemorySize, (i.peak.Load()+1<<20-1)>>20)
	if inv.init > 0 {
		report += fmt.Sprintf("Init Duration: %.2f ms\t", ms(inv.init))
	}
	if f := inv.failure; f != nil && f.status != "" {
		report += "Status: " + f.status
		if f.status == "error" {
			report += "\tError Type: " + f.Type
		}
	}
	s.logLine(i, report)
	if inv.tail != nil {
		close(inv.tail.complete)
	}
}

// logFailedInit writes what Lambda writes when an instance did not come up. The
// instance has ended.
func (s *Service) logFailedInit(i *instance, f *failure, phase string, took time.Duration) {
	report := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s", ms(took), phase, f.status)
	if f.status == "error" {
		report += "\tError Type: " + f.Type
	}
	for _, line := range []string{f.line, report} {
		if line != "" {
			s.logs.Append(logs.Event{Group: i.fn.group, Stream: i.stream, Time: s.config.Now(), Message: line})
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tailLog gathers the lines of one invocation for the caller. It is under the output's
// lock until complete is closed.
type tailLog struct {
	text     []byte
	complete chan struct{}
}

// maxTail is how much of the log an invocation's result brings, in bytes.
const maxTail = 4 << 10

func (t *tailLog) add(line string) {
	t.text = append(append(t.text, line...), '\n')
	if len(t.text) > 2*maxTail {
		t.text = append([]byte(nil), t.last()...)
	}
}

func (t *tailLog) last() []byte { return t.text[max(0, len(t.text)-maxTail):] }
