package limits

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Throttle is a rate, in requests a second, and a burst, in requests. A burst alone
// leaves the rate open; a rate alone has a burst of a second's worth, rounded up.
type Throttle struct {
	Rate  float64
	Burst int
}

// bucketName is whose requests a bucket limits, and which of them.
type bucketName struct{ owner, what string }

type bucket struct {
	throttle Throttle
	*rate.Limiter
}

// Allow takes one request out of a token bucket, unless it is empty. The bucket is that
// of the owner, a key under a plan or a stage, for what it asks for, such as one of the
// stage's methods. It is full at first, and again when its throttle changes; it
// outlives other changes of what is declared, so that a deployment fills nobody's.
func (l *Limits) Allow(owner, what string, t Throttle, now time.Time) bool {
	name := bucketName{owner, what}
	l.bucketsMu.Lock()
	b := l.buckets[name]
	if b == nil || b.throttle != t {
		b = &bucket{throttle: t, Limiter: rate.NewLimiter(t.limits())}
		l.buckets[name] = b
	}
	l.bucketsMu.Unlock()
	return b.AllowN(now, 1)
}

// limits returns the rate and size of a bucket.
func (t Throttle) limits() (rate.Limit, int) {
	limit, burst := rate.Limit(t.Rate), t.Burst
	if t.Rate == 0 && t.Burst > 0 {
		limit = rate.Inf
	}
	if burst == 0 {
		burst = int(math.Ceil(t.Rate))
	}
	return limit, burst
}

func (l *Limits) keepBuckets(limited func(owner string) bool) {
	l.bucketsMu.Lock()
	defer l.bucketsMu.Unlock()
	for name := range l.buckets {
		if !limited(name.owner) {
			delete(l.buckets, name)
		}
	}
}
