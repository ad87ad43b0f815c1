package limits

import (
	"errors"
	"log/slog"
	"testing"

	"auth-api/infra/localaws/store"
)

func TestResetForgetsAllOrNothing(t *testing.T) {
	s := newStore(t)
	l := open(t, s)
	quota := &Quota{Limit: 1, Period: "DAY"}
	use := func() (counted, let bool) {
		counted, err := l.Count("plan01", "one", quota, sunday)
		if err != nil {
			t.Fatal(err)
		}
		return counted, l.Allow("plan01/one", "", Throttle{Rate: 1, Burst: 1}, sunday)
	}
	use()
	flush(t, l)
	refused := errors.New("disk full")
	if err := l.Reset(func(drop func(*store.Tx) error) error {
		return s.Update(func(tx *store.Tx) error { return errors.Join(drop(tx), refused) })
	}); !errors.Is(err, refused) {
		t.Errorf("it says %v", err)
	}
	kept := int64(0)
	if _, err := openJournal(s.File()+"-usage", slog.New(slog.DiscardHandler), func(_ row, n int64) { kept += n }); err != nil || kept != 1 {
		t.Errorf("after a reset that failed the journal has counted %d (%v), want 1", kept, err)
	}
	if counted, let := use(); counted || let || len(rows(t, s)) != 1 {
		t.Errorf("after a reset that failed: counted %v, let in %v, %v", counted, let, rows(t, s))
	}
	if err := l.Reset(func(drop func(*store.Tx) error) error { return s.Update(drop) }); err != nil {
		t.Fatal(err)
	}
	flush(t, l)
	if n := rows(t, s); len(n) != 0 {
		t.Errorf("the store has %v", n)
	}
	if _, err := openJournal(s.File()+"-usage", slog.New(slog.DiscardHandler), func(r row, n int64) { t.Errorf("the journal has %v: %d", r, n) }); err != nil {
		t.Error(err)
	}
	if counted, let := use(); !counted || !let {
		t.Errorf("after the reset: counted %v, let in %v", counted, let)
	}
}

// A clock that is turned back finds the days that are yet to come counted; they are not
// of the window that it is in.
func TestAQuotaCountsItsOwnWindow(t *testing.T) {
	for _, c := range []struct {
		period  string
		forward int // days to the next window
	}{{"DAY", 1}, {"WEEK", 7}, {"MONTH", 30}} {
		l := open(t, newStore(t))
		q := &Quota{Limit: 2, Period: c.period}
		count := func(day int) bool {
			counted, err := l.Count("plan01", "one", q, sunday.AddDate(0, 0, day))
			if err != nil {
				t.Fatal(err)
			}
			return counted
		}
		for i, step := range []struct {
			day  int
			want bool
		}{{c.forward, true}, {c.forward, true}, {c.forward, false}, {0, true}, {0, true}, {0, false}, {c.forward, false}} {
			if got := count(step.day); got != step.want {
				t.Errorf("%s, step %d: %v, want %v", c.period, i, got, step.want)
			}
		}
	}
}
