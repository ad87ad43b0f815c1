package gateway

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"auth-api/infra/localaws/store"
)

// usageTable counts requests by PLAN/KEY/DAY. A row holds the day's whole count, never
// a difference, so that writing one twice counts nothing twice.
var usageTable = store.Table[int64]{Name: "gateway.usage"}

const (
	dayFormat = "2006-01-02"
	usageDays = 90 // how long a day's count is kept
)

// usage counts what each key used of its plan. Counting is in memory; one goroutine
// writes what changed to the store.
type usage struct {
	store   *store.Store
	log     *slog.Logger
	mu      sync.Mutex
	meters  map[string]*meter // by PLAN/KEY
	dirty   map[string]bool   // rows to write, or to delete when their meter is gone
	writing sync.Mutex
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

// meter counts one key's requests under one plan.
type meter struct {
	days   map[string]int64 // by day, UTC
	window string           // first day of the window that used is for
	used   int64
}

func openUsage(s *store.Store, log *slog.Logger, every time.Duration) (*usage, error) {
	u := &usage{store: s, log: log, meters: map[string]*meter{}, dirty: map[string]bool{}, stop: make(chan struct{}), done: make(chan struct{})}
	err := s.View(func(tx *store.Tx) error {
		rows, err := usageTable.List(tx, "")
		if err != nil {
			return err
		}
		for _, row := range rows {
			name, day, ok := cutLast(row.Key)
			if !ok {
				return fmt.Errorf("the row %q has no day", row.Key)
			}
			u.meter(name).days[day] = row.Value
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the usage of API keys: %w", err)
	}
	go u.run(every)
	return u, nil
}

func cutLast(key string) (name, day string, ok bool) {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return "", "", false
	}
	return key[:i], key[i+1:], true
}

func (u *usage) run(every time.Duration) {
	defer close(u.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := u.flush(); err != nil {
				u.log.Error("writing the usage of API keys", "error", err)
			}
		case <-u.stop:
			return
		}
	}
}

func (u *usage) close() error {
	u.once.Do(func() { close(u.stop) })
	<-u.done
	return u.flush()
}

// flush writes what changed since the last time.
func (u *usage) flush() error {
	u.writing.Lock() // one at a time, or an older count could be written after a newer one
	defer u.writing.Unlock()
	u.mu.Lock()
	dirty := u.dirty
	u.dirty = map[string]bool{}
	counts := make(map[string]int64, len(dirty))
	for row := range dirty {
		name, day, _ := cutLast(row)
		if m := u.meters[name]; m != nil {
			if n, ok := m.days[day]; ok {
				counts[row] = n
			}
		}
	}
	u.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	err := u.store.Update(func(tx *store.Tx) error {
		for row := range dirty {
			n, ok := counts[row]
			if !ok {
				if err := usageTable.Delete(tx, row); err != nil {
					return err
				}
				continue
			}
			if err := usageTable.Put(tx, row, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		u.mu.Lock()
		maps.Copy(u.dirty, dirty) // they are still to be written
		u.mu.Unlock()
		return fmt.Errorf("writing the usage of API keys: %w", err)
	}
	return nil
}

func (u *usage) meter(name string) *meter {
	m := u.meters[name]
	if m == nil {
		m = &meter{days: map[string]int64{}}
		u.meters[name] = m
	}
	return m
}

// take counts one request of the key unless the plan's quota is used up.
func (u *usage) take(p *plan, keyID string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	name := p.id + "/" + keyID
	m := u.meter(name)
	if window := windowStart(p.quota, now); m.window != window {
		m.window, m.used = window, 0
		for day, n := range m.days {
			if day >= window {
				m.used += n
			}
		}
	}
	if m.used >= int64(p.quota.Limit) {
		return false
	}
	m.used++
	u.add(name, m, now)
	return true
}

// count counts one request of a key whose plan has no quota.
func (u *usage) count(planID, keyID string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	name := planID + "/" + keyID
	u.add(name, u.meter(name), now)
}

func (u *usage) add(name string, m *meter, now time.Time) {
	day := now.UTC().Format(dayFormat)
	if _, known := m.days[day]; !known {
		oldest := now.UTC().AddDate(0, 0, -usageDays).Format(dayFormat)
		for old := range m.days {
			if old < oldest {
				delete(m.days, old)
				u.dirty[name+"/"+old] = true
			}
		}
	}
	m.days[day]++
	u.dirty[name+"/"+day] = true
}

// keep forgets the usage of plans and keys that are no longer declared.
func (u *usage) keep(c *compiled) {
	keys := map[string]bool{}
	for _, k := range c.keys {
		keys[k.id] = true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for name, m := range u.meters {
		planID, keyID, _ := strings.Cut(name, "/")
		if c.plans[planID] != nil && keys[keyID] {
			m.window = "" // the plan's quota may have changed
			continue
		}
		for day := range m.days {
			u.dirty[name+"/"+day] = true
		}
		delete(u.meters, name)
	}
}

// windowStart is the first day, in UTC, of the quota's window that now is in.
func windowStart(q *QuotaSettings, now time.Time) string {
	day := now.UTC()
	switch q.Period {
	case "WEEK":
		day = day.AddDate(0, 0, -((int(day.Weekday()) - q.Offset + 7) % 7))
	case "MONTH":
		first := time.Date(day.Year(), day.Month(), 1+q.Offset, 0, 0, 0, 0, time.UTC)
		if day.Before(first) {
			first = time.Date(day.Year(), day.Month()-1, 1+q.Offset, 0, 0, 0, 0, time.UTC)
		}
		day = first
	}
	return day.Format(dayFormat)
}

// DayUsage is what a key used of a plan on one day, UTC, and what was left of the
// quota's window when the day ended, or is left now; -1 when the plan has no quota.
type DayUsage struct {
	Day       string `json:"day"` // 2026-11-22
	Used      int64  `json:"used"`
	Remaining int64  `json:"remaining"`
}

// Usage returns what the key used of the plan on each day from from to to, both
// included, in UTC, as API Gateway's GetUsage does.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html
func (s *Service) Usage(planID, keyID string, from, to time.Time) ([]DayUsage, error) {
	c, err := s.state()
	if err != nil {
		return nil, err
	}
	p := c.plans[planID]
	if p == nil {
		return nil, fmt.Errorf("reading usage: there is no usage plan %q", planID)
	}
	from, to = from.UTC().Truncate(24*time.Hour), to.UTC().Truncate(24*time.Hour)
	if to.Before(from) || to.Sub(from) > usageDays*24*time.Hour {
		return nil, fmt.Errorf("reading usage: from %s to %s is no range of at most %d days", from.Format(dayFormat), to.Format(dayFormat), usageDays)
	}
	s.usage.mu.Lock()
	defer s.usage.mu.Unlock()
	days := map[string]int64{}
	if m := s.usage.meters[planID+"/"+keyID]; m != nil {
		days = m.days
	}
	var list []DayUsage
	for at := from; !at.After(to); at = at.AddDate(0, 0, 1) {
		day := at.Format(dayFormat)
		u := DayUsage{Day: day, Used: days[day], Remaining: -1}
		if p.quota != nil {
			u.Remaining = int64(p.quota.Limit)
			first := windowStart(p.quota, at)
			for _, d := range slices.Sorted(maps.Keys(days)) {
				if d >= first && d <= day {
					u.Remaining -= days[d]
				}
			}
			u.Remaining = max(u.Remaining, 0)
		}
		list = append(list, u)
	}
	return list, nil
}

// Flush writes the usage counted so far to the store.
func (s *Service) Flush() error { return s.usage.flush() }

// Route is one method of a deployed API, for testers and documentation.
type Route struct {
	Method         string   `json:"method"`
	Path           string   `json:"path"`
	Authorization  string   `json:"authorization"`
	Scopes         []string `json:"scopes,omitempty"`
	APIKeyRequired bool     `json:"apiKeyRequired"`
	Function       string   `json:"function,omitempty"` // ARN; empty for a mock
}

// Routes returns what the stage of the API serves, in the order of paths and methods.
func (s *Service) Routes(apiID, stageName string) ([]Route, error) {
	c, err := s.state()
	if err != nil {
		return nil, err
	}
	st := c.stages[apiID+"/"+stageName]
	switch {
	case st == nil:
		return nil, fmt.Errorf("reading routes: there is no stage %q of an API %q", stageName, apiID)
	case st.fault != nil:
		return nil, st.fault
	}
	routes := make([]Route, len(st.api.methods))
	for i, m := range st.api.methods {
		routes[i] = Route{Method: m.verb, Path: m.resource, Authorization: m.auth, Scopes: m.scopes, APIKeyRequired: m.keyRequired, Function: m.integration.function}
	}
	return routes, nil
}
