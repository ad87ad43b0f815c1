package limits

import (
	"fmt"
	"maps"
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

// Quota is how many requests a key may make in a window of time.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
type Quota struct {
	Limit  int
	Offset int    // in days: on which day of the week (from Sunday) or month (from the 1st) the window begins
	Period string // DAY, WEEK or MONTH
}

type meterName struct{ planID, keyID string }

// row is a row of the usage table.
type row struct {
	meterName
	day string
}

func (r row) key() string { return r.planID + "/" + r.keyID + "/" + r.day }

// meter counts one key's requests under one plan.
type meter struct {
	days   map[string]int64 // by day, UTC
	window time.Time        // when the window that used is for began
	used   int64
}

func (l *Limits) readUsage(tx *store.Tx) error {
	rows, err := usageTable.List(tx, "")
	if err != nil {
		return err
	}
	for _, r := range rows {
		name, ok := parseRow(r.Key)
		if !ok {
			return fmt.Errorf("the row %q is not PLAN/KEY/DAY", r.Key)
		}
		l.meter(name.meterName).days[name.day] = r.Value
	}
	return nil
}

// flush writes what changed since the last time.
func (l *Limits) flush() error {
	l.writing.Lock() // one at a time, or an older count could be written after a newer one
	defer l.writing.Unlock()
	l.usageMu.Lock()
	dirty := l.dirty
	l.dirty = map[row]bool{}
	counts := make(map[row]int64, len(dirty))
	for r := range dirty {
		if m := l.meters[r.meterName]; m != nil {
			if n, ok := m.days[r.day]; ok {
				counts[r] = n
			}
		}
	}
	l.usageMu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	err := l.store.Update(func(tx *store.Tx) error {
		for r := range dirty {
			n, ok := counts[r]
			if !ok {
				if err := usageTable.Delete(tx, r.key()); err != nil {
					return err
				}
				continue
			}
			if err := usageTable.Put(tx, r.key(), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.usageMu.Lock()
		maps.Copy(l.dirty, dirty) // they are still to be written
		l.usageMu.Unlock()
		return fmt.Errorf("writing the usage of API keys: %w", err)
	}
	return nil
}

func (l *Limits) meter(name meterName) *meter {
	m := l.meters[name]
	if m == nil {
		m = &meter{days: map[string]int64{}}
		l.meters[name] = m
	}
	return m
}

// Count counts one request of a key under a plan, unless the plan's quota is used up:
// then it returns false. A nil quota allows everything. A count that cannot be kept, as
// the disk is full, is an error, and not counted.
func (l *Limits) Count(planID, keyID string, q *Quota, now time.Time) (bool, error) {
	name := meterName{planID, keyID}
	l.usageMu.Lock()
	defer l.usageMu.Unlock()
	m := l.meter(name)
	if q != nil {
		if window := q.windowStart(now); !m.window.Equal(window) {
			m.window, m.used = window, 0
			first, next := window.Format(dayFormat), q.windowEnd(window).Format(dayFormat)
			for day, n := range m.days {
				if day >= first && day < next { // a clock that was turned back has later ones too
					m.used += n
				}
			}
		}
		if m.used >= int64(q.Limit) {
			return false, nil
		}
	}
	day := now.UTC().Format(dayFormat)
	if err := l.journal.write(row{name, day}, m.days[day]+1); err != nil {
		return false, fmt.Errorf("writing the usage of API keys: %w", err)
	}
	if _, known := m.days[day]; !known {
		oldest := now.UTC().AddDate(0, 0, -usageDays).Format(dayFormat)
		for old := range m.days {
			if old < oldest {
				delete(m.days, old)
				l.drop(row{name, old})
			}
		}
	}
	if q != nil {
		m.used++
	}
	m.days[day]++
	l.dirty[row{name, day}] = true
	return true, nil
}

func (l *Limits) keepUsage(metered func(planID, keyID string) bool) {
	l.usageMu.Lock()
	defer l.usageMu.Unlock()
	for name, m := range l.meters {
		if metered(name.planID, name.keyID) {
			m.window = time.Time{} // the plan's quota may have changed
			continue
		}
		for day := range m.days {
			l.drop(row{name, day})
		}
		delete(l.meters, name)
	}
}

// drop has a row deleted that is no longer counted. In the journal it goes at once; a
// row that stays there is dropped again after a restart.
func (l *Limits) drop(r row) {
	l.dirty[r] = true
	if err := l.journal.forget(r); err != nil {
		l.log.Error("writing the usage of API keys", "error", err)
	}
}

// windowStart is when the quota's window that now is in began: at a midnight, UTC.
func (q *Quota) windowStart(now time.Time) time.Time {
	day := now.UTC().Truncate(24 * time.Hour)
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
	return day
}

// windowEnd is when the window that began at start ends.
func (q *Quota) windowEnd(start time.Time) time.Time {
	switch q.Period {
	case "WEEK":
		return start.AddDate(0, 0, 7)
	case "MONTH": // an offset is at most 27, so that every month has the day
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

// DayUsage is what a key used of a plan on one day, UTC, and what was left of the
// quota's window when the day ended, or is left now; -1 when the plan has no quota.
type DayUsage struct {
	Day       string `json:"day"` // 2026-11-22
	Used      int64  `json:"used"`
	Remaining int64  `json:"remaining"`
}

// Usage returns what the key used of the plan on each day from from to to, both
// included, in UTC: a range of at most 90 days.
func (l *Limits) Usage(planID, keyID string, q *Quota, from, to time.Time) ([]DayUsage, error) {
	from, to = from.UTC().Truncate(24*time.Hour), to.UTC().Truncate(24*time.Hour)
	if to.Before(from) || to.Sub(from) > usageDays*24*time.Hour {
		return nil, fmt.Errorf("reading usage: from %s to %s is no range of at most %d days", from.Format(dayFormat), to.Format(dayFormat), usageDays)
	}
	l.usageMu.Lock()
	defer l.usageMu.Unlock()
	var days map[string]int64
	if m := l.meters[meterName{planID, keyID}]; m != nil {
		days = m.days
	}
	var list []DayUsage
	for at := from; !at.After(to); at = at.AddDate(0, 0, 1) {
		day := at.Format(dayFormat)
		u := DayUsage{Day: day, Used: days[day], Remaining: -1}
		if q != nil {
			u.Remaining = int64(q.Limit)
			first := q.windowStart(at).Format(dayFormat)
			for d, n := range days {
				if d >= first && d <= day {
					u.Remaining -= n
				}
			}
			u.Remaining = max(u.Remaining, 0)
		}
		list = append(list, u)
	}
	return list, nil
}
