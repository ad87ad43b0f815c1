// Package lockout counts wrong passwords and codes, and says for how long nobody may try
// again.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html#authentication-flow-lockout-behavior
package lockout

import (
	"math"
	"time"
)

// Count counts wrong passwords for one name; the zero Count is of a name that had none.
type Count struct {
	Wrong  int       `json:"wrong"`
	Last   time.Time `json:"last"`
	Locked time.Time `json:"locked,omitzero"` // until
}

// Forgotten is when the count begins anew: 15 minutes without an attempt after the
// lock-out is over.
func (c Count) Forgotten() time.Time {
	start := c.Last
	if c.Locked.After(start) {
		start = c.Locked
	}
	return start.Add(15 * time.Minute)
}

// More counts one more wrong password: from the fifth on the name is locked, for a
// second, and then twice as long each time, up to about 15 minutes.
func (c Count) More(now time.Time) Count {
	c.Wrong++
	c.Last = now
	if c.Wrong >= 5 {
		seconds := math.Min(math.Pow(2, float64(c.Wrong-5)), 900)
		c.Locked = now.Add(time.Duration(seconds) * time.Second)
	}
	return c
}
