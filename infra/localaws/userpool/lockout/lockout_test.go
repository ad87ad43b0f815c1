package lockout_test

import (
	"encoding/json"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool/lockout"
)

var now = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

func TestEachIsLockedTwiceAsLong(t *testing.T) {
	var c lockout.Count
	for n, seconds := range []int{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		c = c.More(now)
		forgotten := now.Add(15 * time.Minute)
		if seconds == 0 && !c.Locked.IsZero() {
			t.Errorf("after %d wrong ones it is locked until %s", n+1, c.Locked)
		}
		if seconds > 0 {
			if want := now.Add(time.Duration(seconds) * time.Second); !c.Locked.Equal(want) {
				t.Errorf("after %d wrong ones it is locked until %s, want %s", n+1, c.Locked, want)
			}
			forgotten = c.Locked.Add(15 * time.Minute)
		}
		if c.Wrong != n+1 || !c.Last.Equal(now) || !c.Forgotten().Equal(forgotten) {
			t.Errorf("after %d wrong ones: %+v, forgotten at %s", n+1, c, c.Forgotten())
		}
	}
	for range 5000 { // 2 to the power of these is no number
		c = c.More(now)
	}
	if !c.Locked.Equal(now.Add(15 * time.Minute)) {
		t.Errorf("after %d wrong ones it is locked until %s", c.Wrong, c.Locked)
	}
}

// A count that is still locked is forgotten 15 minutes after the lock-out, one whose
// lock-out is long over 15 minutes after the last attempt.
func TestForgotten(t *testing.T) {
	for _, c := range []lockout.Count{{Last: now}, {Last: now, Locked: now.Add(-time.Hour)}, {Last: now.Add(-time.Hour), Locked: now}} {
		if got := c.Forgotten(); !got.Equal(now.Add(15 * time.Minute)) {
			t.Errorf("%+v is forgotten at %s", c, got)
		}
	}
}

// Counts are stored by these names.
func TestCountAsStored(t *testing.T) {
	for want, c := range map[string]lockout.Count{
		`{"wrong":1,"last":"2026-02-03T04:05:06Z"}`:                                 {Wrong: 1, Last: now},
		`{"wrong":5,"last":"2026-02-03T04:05:06Z","locked":"2026-02-03T04:05:07Z"}`: {Wrong: 5, Last: now, Locked: now.Add(time.Second)},
	} {
		if got, err := json.Marshal(c); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}
