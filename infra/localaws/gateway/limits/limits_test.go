package limits

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
)

func TestQuotaWindows(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		period string
		offset int
		now    string
		want   string
	}{
		{"DAY", 0, "2026-11-22T23:59:59Z", "2026-11-22"},
		{"DAY", 0, "2026-11-23T00:00:00+01:00", "2026-11-22"}, // the window is UTC's
		{"WEEK", 0, "2026-11-22T10:00:00Z", "2026-11-22"},     // a Sunday
		{"WEEK", 0, "2026-11-28T10:00:00Z", "2026-11-22"},
		{"WEEK", 1, "2026-11-22T10:00:00Z", "2026-11-16"},
		{"WEEK", 1, "2026-11-23T00:00:00Z", "2026-11-23"},
		{"MONTH", 0, "2026-11-30T23:00:00Z", "2026-11-01"},
		{"MONTH", 0, "2028-02-29T00:00:00Z", "2028-02-01"},
		{"MONTH", 4, "2026-11-04T23:00:00Z", "2026-10-05"},
		{"MONTH", 4, "2027-01-02T00:00:00Z", "2026-12-05"},
		{"MONTH", 27, "2026-03-01T00:00:00Z", "2026-02-28"},
	} {
		if got := (&Quota{Period: c.period, Offset: c.offset}).windowStart(at(c.now)).Format(dayFormat); got != c.want {
			t.Errorf("at %s the window of %s+%d begins %s, want %s", c.now, c.period, c.offset, got, c.want)
		}
	}
}

// sunday is when the tests happen.
var sunday = time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)

// open opens limits on the store; nothing is written before they are closed or flushed.
func open(t *testing.T, s *store.Store) *Limits {
	t.Helper()
	l, err := Open(s, slog.New(slog.DiscardHandler), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// rows is what the store has of usage.
func rows(t *testing.T, s *store.Store) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	if err := s.View(func(tx *store.Tx) error {
		list, err := usageTable.List(tx, "")
		for _, r := range list {
			counts[r.Key] = r.Value
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return counts
}

func count(t *testing.T, l *Limits, key string, q *Quota, now time.Time) bool {
	t.Helper()
	within, err := l.Count("plan01", key, q, now)
	if err != nil {
		t.Fatal(err)
	}
	return within
}

func flush(t *testing.T, l *Limits) {
	t.Helper()
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoLongerDeclaredIsForgotten(t *testing.T) {
	s := newStore(t)
	l := open(t, s)
	for _, key := range []string{"one", "two"} {
		count(t, l, key, nil, sunday)
		if !l.Allow("plan01/"+key, "", Throttle{Rate: 1}, sunday) || l.Allow("plan01/"+key, "", Throttle{Rate: 1}, sunday) {
			t.Fatal("a bucket of one lets in one")
		}
	}
	flush(t, l)
	l.Keep(func(owner string) bool { return owner == "plan01/two" }, func(planID, keyID string) bool { return planID == "plan01" && keyID == "two" })
	flush(t, l)
	if got := fmt.Sprint(rows(t, s)); got != "map[plan01/two/2026-11-22:1]" {
		t.Errorf("the store has %s", got)
	}
	if !l.Allow("plan01/one", "", Throttle{Rate: 1}, sunday) || l.Allow("plan01/two", "", Throttle{Rate: 1}, sunday) {
		t.Error("want a new bucket for what is new, and the same one for what was kept")
	}
}

func TestOldDaysLeaveTheStore(t *testing.T) {
	s := newStore(t)
	l := open(t, s)
	count(t, l, "one", nil, sunday)
	flush(t, l)
	count(t, l, "one", nil, sunday.AddDate(0, 0, usageDays+1))
	flush(t, l)
	if got := fmt.Sprint(rows(t, s)); got != "map[plan01/one/2027-02-21:1]" {
		t.Errorf("the store has %s", got)
	}
}

func TestAStoreWithRowsThatAreNoUsageIsRefused(t *testing.T) {
	s := newStore(t)
	if err := s.Update(func(tx *store.Tx) error { return usageTable.Put(tx, "plan01", 1) }); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(s, slog.New(slog.DiscardHandler), time.Hour); err == nil {
		_ = l.Close()
		t.Error("opened")
	}
}

// Counting while the counts are written, and a restart: exactly the quota is let in,
// and exactly that is in the store.
func TestQuotaWhileWriting(t *testing.T) {
	const limit = 1000
	s := newStore(t)
	l, err := Open(s, slog.New(slog.DiscardHandler), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	quota := &Quota{Limit: limit, Period: "DAY"}
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range limit / 4 {
				if within, err := l.Count("plan01", "one", quota, sunday); err != nil {
					t.Error(err)
				} else if within {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, s)["plan01/one/2026-11-22"]; allowed.Load() != limit || n != limit {
		t.Errorf("%d let in, %d in the store, want %d", allowed.Load(), n, limit)
	}
	if count(t, open(t, s), "one", quota, sunday) {
		t.Error("the restart forgot the quota")
	}
}

// What kill -9 leaves is what is on disk, without a last word of the process: limits
// that are opened beside those that were never closed see exactly that.
func TestKillLosesNoCount(t *testing.T) {
	s := newStore(t)
	killed := open(t, s)
	for range 3 {
		count(t, killed, "one", nil, sunday)
	}
	flush(t, killed)
	for range 2 {
		count(t, killed, "one", nil, sunday)
		count(t, killed, "two", nil, sunday)
	}
	after := open(t, s)
	for key, want := range map[string]int64{"one": 5, "two": 2} {
		days, err := after.Usage("plan01", key, nil, sunday, sunday)
		if err != nil || days[0].Used != want {
			t.Errorf("key %s: %v, %v; want %d", key, days, err, want)
		}
	}
	after.Keep(func(string) bool { return true }, func(_, key string) bool { return key == "two" })
	flush(t, after)
	again := open(t, s)
	flush(t, again)
	if got := fmt.Sprint(rows(t, s)); got != "map[plan01/two/2026-11-22:2]" {
		t.Errorf("the store has %s: what was forgotten has come back", got)
	}
	count(t, again, "three", nil, sunday) // takes the place of what was forgotten
	if info, err := os.Stat(s.File() + "-usage"); err != nil || info.Size() != 2*slotSize {
		t.Errorf("the journal has %d bytes (%v), not those of two rows", info.Size(), err)
	}
}

// After a power cut blocks of the journal may hold anything.
func FuzzJournal(f *testing.F) {
	slot := func(text string) []byte { return append([]byte(text), make([]byte, slotSize-len(text))...) }
	f.Add(slot("plan01/one/2026-11-22 5"))
	f.Add(append(slot("plan01/one/2026-11-22 -5"), "plan01/t"...))
	f.Add(append(slot("a/b/c 1"), slot("a/b/c 2")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(file, slog.New(slog.DiscardHandler), func(_ row, n int64) {
			if n < 0 {
				t.Errorf("a count of %d was read", n)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		mine := row{meterName{"plan01", "mine"}, "2026-11-22"}
		if err := j.write(mine, 7); err != nil {
			t.Fatal(err)
		}
		_ = j.close()
		got := int64(0)
		again, err := openJournal(file, slog.New(slog.DiscardHandler), func(r row, n int64) {
			if r == mine {
				got = n
			}
		})
		if err != nil || got != 7 {
			t.Fatalf("7 was written, and %d read (%v)", got, err)
		}
		_ = again.close()
	})
}
