package lambda

import (
	"errors"
	"slices"
	"time"
)

var errClosed = errors.New("the Lambda service is closed")

// pool is what runs of one function, all versions together. The service's lock guards it.
type pool struct {
	idle map[string][]*instance // by version; the one that worked last is the last
	busy int                    // invocations under way
}

// pool returns the function's pool. The lock must be held.
func (s *Service) pool(name string) *pool {
	p := s.pools[name]
	if p == nil {
		p = &pool{idle: map[string][]*instance{}}
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
	p.idle[i.fn.version] = slices.DeleteFunc(p.idle[i.fn.version], func(other *instance) bool { return other == i })
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
	for {
		idle := p.idle[fn.version]
		if len(idle) == 0 {
			return nil, nil
		}
		i := idle[len(idle)-1]
		p.drop(i)
		if i.fn.print == fn.print && !s.expired(i) {
			return i, nil
		}
		i.kill()
	}
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
	p.idle[i.fn.version] = append(p.idle[i.fn.version], i)
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

// retire ends the idle instances that do not fit what is declared, and those of versions
// that nothing leads to any more but their numbers.
func (s *Service) retire(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pools {
		for version, idle := range p.idle {
			for _, i := range slices.Clone(idle) {
				if !v.uses(i) || !v.functions[name].names(version) {
					p.drop(i)
					i.kill()
				}
			}
			if len(p.idle[version]) == 0 {
				delete(p.idle, version)
			}
		}
		if v.functions[name] == nil && p.busy == 0 && len(p.idle) == 0 {
			delete(s.pools, name)
		}
	}
}

// uses reports whether the instance is what its version would be made of now.
func (v *view) uses(i *instance) bool {
	fn := v.functions[i.fn.Name]
	if fn != nil {
		fn = fn.versions[i.fn.version]
	}
	return fn != nil && fn.print == i.fn.print
}
