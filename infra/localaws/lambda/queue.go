package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// How Lambda runs events that nobody waits for.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	maxEvent    = 1 << 20       // bytes of an event
	maxEventAge = 6 * time.Hour // then it is dropped

	firstBackoff = time.Second // between runs that limits prevented
	lastBackoff  = 5 * time.Minute

	maxQueued = 64 << 20 // bytes that may wait at once; AWS's queue has no such limit
)

// afterFailure is how long an event waits after the function failed so many times.
var afterFailure = map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute}

// queued is an event that waits or runs.
type queued struct {
	in       Invocation
	size     int
	since    time.Time
	failures int           // of the function
	backoff  time.Duration // of the last run that a limit prevented
	stop     func() bool   // prevents the next run; of the service's lock
}

// Queue takes an event that nobody waits for (invocation type Event), and returns
// when it is in the queue. When the function fails the event runs twice more, after a
// minute and two; when a limit or a fault prevents the run it is tried again for six
// hours. What is dropped then is said in the log: dead-letter queues and destinations
// are not known here. The queue is in memory, so an event that waits is lost when the
// local AWS ends. Errors are those of Invoke.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
func (s *Service) Queue(in Invocation) error {
	v, err := s.view()
	if err != nil {
		return err
	}
	to, arn, err := v.find(in.Function)
	if err != nil {
		return err
	}
	if err := to.fn.permits(in, arn, s.config.Account); err != nil {
		return err
	}
	if n := len(in.Payload); n > maxEvent {
		return errEventTooLarge(n)
	}
	if in.RequestID == "" { // all runs of an event have one
		id, err := uuid.NewRandomFromReader(s.config.Rand)
		if err != nil {
			return errService(fmt.Errorf("drawing a request id: %w", err))
		}
		in.RequestID = id.String()
	}
	in.LogTail = false // nobody reads it
	q := &queued{in: in, size: len(in.Payload) + 1024, since: s.config.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errService(errClosed)
	case s.queuedBytes+q.size > maxQueued:
		return errTooMany("CallerRateLimitExceeded")
	}
	s.queuedBytes += q.size
	s.queue[q] = true
	s.running.Add(1)
	go s.runQueued(q)
	return nil
}

// runQueued runs an event, and sees to it that it runs again if it must.
func (s *Service) runQueued(q *queued) {
	defer s.running.Done()
	result, err := s.Invoke(context.Background(), q.in)
	again, why := q.next(result, err)
	if again > 0 && s.config.Now().Add(again).Sub(q.since) > maxEventAge {
		again, why = 0, why+"; it is older than "+maxEventAge.String()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if again == 0 {
		delete(s.queue, q)
		s.queuedBytes -= q.size
		if why != "" {
			s.config.Log.Warn("an asynchronous event is dropped", "function", q.in.Function, "requestId", q.in.RequestID, "reason", why)
		}
		return
	}
	q.stop = s.config.AfterFunc(again, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			return
		}
		s.running.Add(1)
		go s.runQueued(q)
	})
}

// next says how long the event waits for its next run, 0 for none, and what went wrong.
func (q *queued) next(result Result, err error) (time.Duration, string) {
	var refusal *Error
	switch {
	case err == nil && result.FunctionError == "":
		return 0, ""
	case err == nil:
		q.failures++
		q.backoff = 0
		return afterFailure[q.failures], fmt.Sprintf("the function failed %d times", q.failures)
	case errors.As(err, &refusal) && refusal.Status != http.StatusTooManyRequests && refusal.Status < http.StatusInternalServerError:
		return 0, err.Error() // such as a function that is gone, or a role that cannot be assumed
	}
	q.backoff = min(max(2*q.backoff, firstBackoff), lastBackoff)
	return q.backoff, err.Error()
}

// closeQueue drops what waits. The lock must be held.
func (s *Service) closeQueue() {
	for q := range s.queue {
		if q.stop != nil {
			q.stop()
		}
	}
	clear(s.queue)
	s.queuedBytes = 0
}
