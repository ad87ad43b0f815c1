// Package verify attacks a deployed stack on purpose and tells whether it holds: on AWS or
// on a local AWS alike, from the stack's outputs, with users of its own or a given one.
//
// What is expected comes from the outputs' route table, by pure functions (expect.go), so
// that a new route is covered the day it is added. What is sent goes through one prober
// (prober.go), which is polite, bounded, and remembers what it was answered. The checks
// stand in files by theme, and in one table (Checks), of which CHECKS.md is written.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Severity says how much it matters that a check does not hold.
type Severity string

// The severities: critical lets strangers in or out with data, high breaks a rule that the
// stack file states, medium takes a layer away, low is untidy.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Outcome is how a check ended for one route and caller.
type Outcome string

// The outcomes. Broken says nothing of the stack: the check could not be made.
const (
	Holds   Outcome = "holds"
	Fails   Outcome = "fails"
	Skipped Outcome = "skipped"
	Broken  Outcome = "error"
)

// Check is one way to attack a stack.
type Check struct {
	ID       string   `json:"id"`       // such as V-IAM-01; it stays
	Theme    string   `json:"theme"`    // the group it is listed under
	Title    string   `json:"title"`    // what holds
	Proves   string   `json:"proves"`   // what is tried, and what that shows
	Doc      string   `json:"doc"`      // where AWS, or a standard, says so
	Severity Severity `json:"severity"` // when it does not hold
	Applies  string   `json:"applies"`  // where it is tried; elsewhere it is skipped with the reason

	phase phase
	run   func(ctx context.Context, s *session) []Result
}

// phase is when a check is run: later ones build on what earlier ones found.
type phase int

const (
	first   phase = iota // whether routes ask at all: later checks of a route that does not would prove nothing
	main                 // everything else
	settled              // what was answered to all of these, and written to logs
	last                 // what others would notice: limits, moved clocks
)

// Result is what one check found for one route and caller.
type Result struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Outcome  Outcome  `json:"result"`
	Route    string   `json:"route,omitempty"`
	Caller   string   `json:"caller,omitempty"`
	Expected string   `json:"expected,omitempty"`
	Got      string   `json:"got,omitempty"`
	Note     string   `json:"note,omitempty"` // why it was skipped, or that it was tried again
}

// Report is the outcome of a whole run.
type Report struct {
	Stack    string        `json:"stack"`
	API      string        `json:"api"`
	Local    bool          `json:"local"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"tookNanoseconds"`
	Requests int           `json:"requests"`
	Checks   int           `json:"checks"` // that were run, skipped ones among them
	Results  []Result      `json:"results"`
	Left     []string      `json:"leftBehind,omitempty"`  // what was made and could not be removed
	Earlier  []string      `json:"earlierRuns,omitempty"` // what runs before this one left, and what became of it
}

// Count returns how many results have this outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, x := range r.Results {
		if x.Outcome == o {
			n++
		}
	}
	return n
}

// Failed returns the ids of the checks that do not hold, in order.
func (r Report) Failed() []string {
	var ids []string
	for _, x := range r.Results {
		if x.Outcome == Fails && !slices.Contains(ids, x.ID) {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// Options say how a stack is attacked.
type Options struct {
	Only     []string // ids of checks; empty: all
	User     *User    // a given user; nil: users are made, where there is an administrator
	Writes   bool     // who may call is tried on methods that may change something, too
	Limits   bool     // the usage plan's limits are tried, which uses them up
	MaxQuota int      // the largest quota that is used up for Limits
	Clock    bool     // the local AWS's clock is moved, to see what is over
	Rate     float64  // requests a second at most; 0: as many as are answered
	Retries  int      // how often what may not have reached all of AWS yet is tried again

	// Progress is told before each check; it may be nil.
	Progress func(done, total int, now Check)
}

// User is a given user of the user pool.
type User struct {
	Name, Password string
	TOTPSecret     string // of an authenticator app, where the pool asks for one
}

// together is how many checks run at once.
const together = 4

// cleanup is how long removing what was made may take after an interrupt.
const cleanup = 30 * time.Second

// Run attacks the stack. An error means that it could not be done at all; what single
// checks could not do is in the report. What it made it removes, also when ctx ends
// early: the report then has what was found so far, beside the error.
func Run(ctx context.Context, t Target, o Options) (report Report, err error) {
	chosen, err := choose(o.Only)
	if err != nil {
		return Report{}, err
	}
	s, err := newSession(t, o)
	if err != nil {
		return Report{}, err
	}
	started := time.Now()
	report = Report{Stack: t.Name, API: s.base, Local: t.Local(), Started: started.UTC()}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		report.Left, report.Earlier = s.people.remove(end), s.people.before
		report.Requests, report.Took = s.prober.count(), time.Since(started)
	}()
	if err := s.reach(ctx); err != nil {
		return report, err
	}
	if err := s.people.gather(ctx); err != nil {
		return report, err
	}
	report.Checks = len(chosen)
	report.Results, err = s.run(ctx, chosen, o.Progress)
	return report, err
}

// choose returns the checks with these ids, in their order; all where none is named.
func choose(ids []string) ([]Check, error) {
	if len(ids) == 0 {
		return Checks(), nil
	}
	var out []Check
	for _, id := range ids {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
			return nil, fmt.Errorf("choosing checks: there is no %q; --list shows those there are", id)
		}
	}
	for _, c := range Checks() {
		if slices.Contains(ids, c.ID) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *session) run(ctx context.Context, chosen []Check, progress func(int, int, Check)) ([]Result, error) {
	var mu sync.Mutex
	found := map[string][]Result{}
	done, total := 0, 0
	// Later checks of a route build on those of the first phase.
	runs := func(c Check) bool {
		return c.phase == first || slices.ContainsFunc(chosen, func(x Check) bool { return x.ID == c.ID })
	}
	for _, c := range Checks() {
		if runs(c) {
			total++
		}
	}
	try := func(ctx context.Context, c Check) {
		if progress != nil {
			mu.Lock()
			progress(done, total, c)
			mu.Unlock()
		}
		results := c.run(ctx, s)
		for i := range results {
			results[i].ID, results[i].Title, results[i].Severity = c.ID, c.Title, c.Severity
		}
		if len(results) == 0 {
			results = []Result{{ID: c.ID, Title: c.Title, Severity: c.Severity, Outcome: Skipped, Note: "the stack has nothing of the kind: " + c.Applies}}
		}
		s.take(c, results)
		mu.Lock()
		defer mu.Unlock()
		done++
		found[c.ID] = results
	}
	for p := first; p <= last; p++ {
		group, in := errgroup.WithContext(ctx)
		group.SetLimit(together)
		if p == last {
			group.SetLimit(1)
		}
		for _, c := range Checks() {
			if c.phase != p || !runs(c) {
				continue
			}
			group.Go(func() error {
				if in.Err() == nil {
					try(in, c)
				}
				return in.Err()
			})
		}
		if err := group.Wait(); err != nil {
			return order(chosen, found), fmt.Errorf("attacking the stack: %w", err)
		}
	}
	return order(chosen, found), nil
}

func order(chosen []Check, found map[string][]Result) []Result {
	out := []Result{}
	for _, c := range chosen {
		results := found[c.ID]
		slices.SortStableFunc(results, func(a, b Result) int {
			return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Caller, b.Caller))
		})
		out = append(out, results...)
	}
	return out
}
