package lambda

import (
	"errors"
	"slices"
	"time"
)

var errClosed = errors.New("the Lambda service is closed")

// pool is what runs of one function. The service's lock guards it.
type pool struct {
	idle []*instance // the one that worked last is the last
	busy int         // invocations under way
}

// pool returns the function's pool. The lock must be held.
func (s *Service) pool(name string) *pool {
	p := s.pools[name]
	if p == nil {
		p = &pool{}
		s.pools[name] = p
	}
	return p
}

// drop takes the instance out, if it is idle.
func (p *pool) drop(i *instance) {
	if !i.idle {
		return
	}
	i.idle = false
	i.stopIdle()
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
}

// acquire counts an invocation of the function against its limits and returns an
// idle instance for it, nil when one has to be started. release takes it back.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
func (s *Service) acquire(v *view, fn *function) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool(fn.Name)
	switch {
	case s.closed:
		return nil, errService(errClosed)
	case fn.reserved >= 0 && p.busy >= fn.reserved:
		return nil, errTooMany("ReservedFunctionConcurrentInvocationLimitExceeded")
	case fn.reserved < 0 && s.unserved >= v.unreserved:
		return nil, errTooMany("ConcurrentInvocationLimitExceeded")
	}
	p.busy++
	if fn.reserved < 0 {
		s.unserved++
	}
	s.running.Add(1)
	for len(p.idle) > 0 {
		i := p.idle[len(p.idle)-1]
		p.drop(i)
		if i.fn.print == fn.print && !s.expired(i) {
			return i, nil
		}
		i.kill()
	}
	return nil, nil
}

// expired reports whether the instance's credentials would end during an
// invocation. On AWS, too, an instance does not outlive its credentials.
func (s *Service) expired(i *instance) bool {
	return !i.expires.IsZero() && s.config.Now().Add(i.fn.timeout+time.Minute).After(i.expires)
}

// release ends the invocation that acquire counted. A good instance waits for
// more, unless the function has changed meanwhile; any other is killed.
func (s *Service) release(fn *function, i *instance, good bool) {
	v, err := s.view()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool(fn.Name)
	p.busy--
	if fn.reserved < 0 {
		s.unserved--
	}
	if i == nil {
		return
	}
	if !good || err != nil || s.closed || !v.uses(i) || s.instances[i.id] != i {
		i.kill()
		return
	}
	i.idle = true
	i.turn++
	turn := i.turn
	i.stopIdle = s.config.AfterFunc(s.config.IdleTimeout, func() { s.reap(i, turn) })
	p.idle = append(p.idle, i)
}

// reap ends an instance that has been idle for long, unless it has worked since.
func (s *Service) reap(i *instance, turn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.idle && i.turn == turn {
		s.pool(i.fn.Name).drop(i)
		i.kill()
	}
}

// retire ends the idle instances that do not fit what is declared.
func (s *Service) retire(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pools {
		for _, i := range slices.Clone(p.idle) {
			if !v.uses(i) {
				p.drop(i)
				i.kill()
			}
		}
		if v.functions[name] == nil && p.busy == 0 && len(p.idle) == 0 {
			delete(s.pools, name)
		}
	}
}

// uses reports whether the instance is what its function would be made of now.
func (v *view) uses(i *instance) bool {
	fn := v.functions[i.fn.Name]
	return fn != nil && fn.print == i.fn.print
}
