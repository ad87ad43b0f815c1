package clock_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/clock"
)

func TestItRunsOnFromWhereItWasPut(t *testing.T) {
	base := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return base })
	is := func(what string, want time.Time) {
		t.Helper()
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("%s: it is %s, want %s", what, got, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is("at first", base)
	must(c.Advance(6 * time.Minute))
	is("advanced", base.Add(6*time.Minute))
	must(c.Advance(-10 * time.Minute))
	is("taken back", base.Add(-4*time.Minute))
	base = base.Add(time.Hour)
	is("an hour later", base.Add(-4*time.Minute))
	must(c.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
	base = base.Add(time.Second)
	is("set, a second later", time.Date(2030, 1, 1, 0, 0, 1, 0, time.UTC))
	c.Reset()
	is("reset", base)
	if c.Offset() != 0 || !c.Real().Equal(base) {
		t.Errorf("the offset is %s", c.Offset())
	}
}

func TestItIsNotPutWhereDurationsEnd(t *testing.T) {
	c := clock.New(nil)
	for _, err := range []error{
		c.Advance(math.MaxInt64), c.Advance(math.MinInt64), c.Set(time.Time{}), c.Set(clock.Latest.Add(1)), c.Set(clock.Earliest.Add(-1)),
	} {
		if err == nil || !strings.Contains(err.Error(), "legal is from 2000-01-01T00:00:00Z to 2200-01-01T00:00:00Z") {
			t.Errorf("it says %v", err)
		}
	}
	if c.Offset() != 0 {
		t.Errorf("it was moved by %s", c.Offset())
	}
	if err := c.Set(clock.Latest); err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(time.Duration(clock.Earliest.Sub(clock.Latest) + time.Hour)); err != nil {
		t.Errorf("all the way back: %v", err)
	}
}

func TestNoAdvanceIsLost(t *testing.T) {
	base := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return base })
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 100 {
				if err := c.Advance(time.Second); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if c.Offset() != 6400*time.Second {
		t.Errorf("it was moved by %s", c.Offset())
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "6m": 6 * time.Minute, "36h": 36 * time.Hour, "-10m": -10 * time.Minute, "7d": 168 * time.Hour,
		"1d12h": 36 * time.Hour, "-2d": -48 * time.Hour, "-1d1s": -24*time.Hour - time.Second, "0": 0, "0d": 0, "1h30m": 90 * time.Minute,
	} {
		if got, err := clock.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-", "6", "1.5d", "--1d", "-d", "1d-1h", "1d+1h", "1dd", "1h1d", "200000d", "106751d24h", "1d ", "soon", strings.Repeat("9", 100) + "d"} {
		if got, err := clock.ParseDuration(text); err == nil || !strings.Contains(err.Error(), "legal are such as") || len(err.Error()) > 200 {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"6m", "-2d", "1d12h", "106751d23h47m16.854775807s", "1d9223372036854775807ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := clock.ParseDuration(text)
		if err != nil {
			return
		}
		if negative := strings.HasPrefix(text, "-"); negative && d > 0 || !negative && d < 0 {
			t.Errorf("%q is %s", text, d)
		}
		if again, err := clock.ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%q is %s, and that is %s, %v", text, d, again, err)
		}
	})
}
