package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"auth-api/infra/client"
)

// session is one run against one stack.
type session struct {
	place
	target Target
	o      Options
	out    client.Outputs
	prober *prober
	people *people
	admin  services // of the administrator; used where target.Admin is there
	public services // for callers who sign nothing
	skew   atomic.Int64
	began  time.Time

	mu    sync.Mutex
	gates map[string]string // route → why later checks of it would prove nothing
	open  string            // why later checks of paths would prove nothing

	forging  sync.Mutex
	forger   *forger
	machines machines
	deployed deployed // what an administrator sees
}

func newSession(t Target, o Options) (*session, error) {
	where, err := t.place()
	if err != nil {
		return nil, err
	}
	if len(t.Outputs.Routes) == 0 {
		return nil, errors.New("reading the outputs: there are no routes to hold the stack against; make up writes them")
	}
	s := &session{
		place: where, target: t, o: o, out: t.Outputs, prober: newProber(o.Rate), began: time.Now(), gates: map[string]string{},
		admin: t.services(), public: t.anyone(), machines: machines{tokens: map[string]string{}},
	}
	s.people = newPeople(s)
	return s, nil
}

// now is the time of the stack's services, which this machine's clock may differ from.
func (s *session) now() time.Time { return time.Now().Add(time.Duration(s.skew.Load())) }

// reach asks the API for a path that it does not have, to see whether it answers at all,
// and what time it is there.
func (s *session) reach(ctx context.Context) error {
	sent := time.Now()
	a, err := s.prober.once(ctx, func() (*http.Request, error) {
		return request{method: http.MethodGet, path: "/verify-nothing"}.to(ctx, s.base)
	})
	if err != nil {
		hint := ""
		if s.target.Local() {
			hint = "; is the local AWS running? make up starts it"
		}
		return fmt.Errorf("reaching the API at %s: %w%s", s.base, err, hint)
	}
	if at, err := http.ParseTime(a.header.Get("Date")); err == nil {
		if off := at.Sub(sent); off > 5*time.Second || off < -5*time.Second {
			s.skew.Store(int64(off))
		} else {
			s.skew.Store(0)
		}
	}
	return nil
}

// gate makes later checks of the route skip.
func (s *session) gate(route, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates[route] == "" {
		s.gates[route] = why
	}
}

// gated tells why a check of the route would prove nothing, or returns the empty string.
func (s *session) gated(route string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gates[route]
}

func (s *session) pathsOpen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// take keeps what a check of the first phase found.
func (s *session) take(c Check, results []Result) {
	if c.phase != first {
		return
	}
	for _, r := range results {
		if r.Outcome != Fails {
			continue
		}
		if c.Theme == themePaths {
			s.mu.Lock()
			s.open = c.ID + " fails: the API answers paths that nobody declared"
			s.mu.Unlock()
			continue
		}
		if c.ID != idThrough {
			s.gate(r.Route, c.ID+" fails for it")
		}
	}
}

// keyed are headers with the API key, where the route asks for one.
func (s *session) keyed(r client.Route) map[string]string {
	h := map[string]string{}
	if r.APIKeyRequired {
		h["X-Api-Key"] = s.out.APIKey
	}
	return h
}

// routes calls f for each route that wants is true of, with its name.
func (s *session) routes(wants func(client.Route) bool, f func(name string, r client.Route) []Result) (out []Result) {
	for _, name := range s.out.RouteNames() {
		r := s.out.Routes[name]
		if !wants(r) {
			continue
		}
		if why := s.unreachable(); why != "" {
			out = append(out, Result{Route: name, Outcome: Skipped, Note: why})
			continue
		}
		out = append(out, f(name, r)...)
	}
	return out
}

// unreachable tells why the API's routes cannot be tried from here.
func (s *session) unreachable() string {
	if s.target.Local() && s.target.ownDomain() {
		return "the API answers at " + s.out.DomainURL + " alone, and the local AWS serves no domain names"
	}
	return ""
}

func skip(route, caller, format string, args ...any) Result {
	return Result{Route: route, Caller: caller, Outcome: Skipped, Note: fmt.Sprintf(format, args...)}
}

// broken is a result for what could not be tried.
func broken(route, caller string, err error) Result {
	r := Result{Route: route, Caller: caller, Outcome: Broken, Note: err.Error()}
	if errors.Is(err, context.Canceled) {
		r.Note = "interrupted"
	}
	return r
}

// refuses sends a request that must not get through, and tells whether it did. With a
// key in it, a refusal of the key proves nothing of the rest.
func (s *session) refuses(ctx context.Context, route, caller, expected string, build func() (*http.Request, error)) Result {
	a, err := s.prober.send(ctx, build)
	if err != nil {
		return broken(route, caller, err)
	}
	r := Result{Route: route, Caller: caller, Expected: expected, Got: a.String(), Note: throttledNote(a)}
	switch a.verdict() {
	case Refused:
		r.Outcome = Holds
	case Malformed:
		r.Outcome = Holds
		r.Note = join(r.Note, "not let in, by validation of the request")
	case NoKey:
		r.Outcome = Holds
		if req, err := build(); err == nil && req.Header.Get("X-Api-Key") == s.out.APIKey && s.out.APIKey != "" && req.URL.Host != "" && strings.HasPrefix(req.URL.String(), s.base+"/") {
			r.Outcome, r.Note = Broken, "the stack's own API key was refused, so that nothing else was tried"
		}
	case Throttled:
		r.Outcome, r.Note = Broken, fmt.Sprintf("still throttled after %d tries; try again later, or with a lower --rate", a.again+1)
	case UsedUp:
		r.Outcome, r.Note = Broken, "the API key's quota is used up; it is good again at the next period"
	case Failed:
		r.Outcome, r.Note = Fails, "it got through to the function, which failed"
	default:
		r.Outcome = Fails
	}
	return r
}

func throttledNote(a answer) string {
	if a.again == 0 {
		return ""
	}
	return fmt.Sprintf("throttled %d times before", a.again)
}

func join(notes ...string) string {
	var out []string
	for _, n := range notes {
		if n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, "; ")
}

// mustHold is a result by a condition.
func mustHold(route, caller, expected, got string, holds bool) Result {
	r := Result{Route: route, Caller: caller, Expected: expected, Got: got, Outcome: Fails}
	if holds {
		r.Outcome = Holds
	}
	return r
}
