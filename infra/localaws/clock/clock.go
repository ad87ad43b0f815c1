// Package clock is the local AWS's clock: a clock beneath it, and how far a tester has
// moved it. It runs on from where it was put. Rooms read it through their Config.Now,
// so that signatures, tokens, codes, sessions, quotas, buckets and caches all follow.
package clock

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Earliest and Latest are the times that the clock can be put to: what AWS has had, and
// what fits into a time.Duration from there.
var (
	Earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	Latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Clock is safe for use by many goroutines.
type Clock struct {
	base   func() time.Time
	offset atomic.Int64 // nanoseconds ahead of base
}

// New returns a Clock that shows what base does; time.Now when it is nil.
func New(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	return &Clock{base: base}
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return c.base().Add(c.Offset()) }

// Real is the time of the clock beneath.
func (c *Clock) Real() time.Time { return c.base() }

// Offset is how far the clock is ahead of the one beneath; below zero it is behind.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Advance moves the clock forward by d, or back when d is below zero. It fails, and
// moves nothing, when that would lead to before Earliest or after Latest.
func (c *Clock) Advance(d time.Duration) error {
	for {
		before := c.offset.Load()
		base := c.base()
		// By time.Time, which does not overflow as the sum of two durations could.
		to := base.Add(time.Duration(before)).Add(d)
		if err := legal(to); err != nil {
			return fmt.Errorf("advancing the clock by %s: %w", d, err)
		}
		if c.offset.CompareAndSwap(before, int64(to.Sub(base))) {
			return nil
		}
	}
}

// Set puts the clock to t, from where it runs on. It fails when t is before Earliest or
// after Latest.
func (c *Clock) Set(t time.Time) error {
	if err := legal(t); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	// Round takes the monotonic reading off: t is a time of the wall.
	c.offset.Store(int64(t.Round(0).Sub(c.base().Round(0))))
	return nil
}

// Reset lets the clock show what the one beneath does.
func (c *Clock) Reset() { c.offset.Store(0) }

func legal(t time.Time) error {
	if t.Before(Earliest) || t.After(Latest) {
		return fmt.Errorf("it would be %s; legal is from %s to %s", t.UTC().Format(time.RFC3339), Earliest.Format(time.RFC3339), Latest.Format(time.RFC3339))
	}
	return nil
}

// ParseDuration reads a duration as Go writes it (90s, 6m, 36h, -10m), with whole days
// before the rest, or alone: 7d, 1d12h, -2d.
func ParseDuration(text string) (time.Duration, error) {
	fail := func() (time.Duration, error) {
		return 0, fmt.Errorf("%q is no duration; legal are such as 90s, 6m, 36h, 7d, 1d12h and -10m", clip(text))
	}
	unsigned, negative := strings.CutPrefix(text, "-")
	days, rest, hasDays := strings.Cut(unsigned, "d")
	if !hasDays {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fail()
		}
		return d, nil
	}
	n, err := strconv.ParseUint(days, 10, 32)
	const most = uint64(1<<63-1) / uint64(24*time.Hour)
	if err != nil || n > most {
		return fail()
	}
	total := time.Duration(n) * 24 * time.Hour
	if rest != "" {
		if strings.ContainsAny(rest[:1], "+-") {
			return fail()
		}
		more, err := time.ParseDuration(rest)
		if err != nil || total+more < total {
			return fail()
		}
		total += more
	}
	if negative {
		total = -total
	}
	return total, nil
}

func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}
