// Package limits counts the requests that callers make, and says which are too many: a
// token bucket for each rate, and for each API key under a usage plan what it used, day
// by day, against the plan's quota. It owns that state. Buckets are memory alone; usage
// is counted in memory, in a journal before the request is answered, so that kill -9
// loses none of it, and now and then in the store.
//
// What is declared, and so which limits apply to a request, is the gateway's to say.
package limits

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"auth-api/infra/localaws/store"
)

// Limits is safe for use by many goroutines.
type Limits struct {
	store *store.Store
	log   *slog.Logger

	bucketsMu sync.Mutex
	buckets   map[bucketName]*bucket

	usageMu sync.Mutex
	meters  map[meterName]*meter
	dirty   map[row]bool // rows to write, or to delete when their meter is gone
	journal *journal
	writing sync.Mutex

	stop chan struct{}
	done chan struct{}
	once sync.Once
}

// Open reads back the usage counted so far, and starts writing what is counted, at the
// end of each such time. Close it before the store.
func Open(s *store.Store, log *slog.Logger, every time.Duration) (*Limits, error) {
	l := &Limits{
		store: s, log: log, buckets: map[bucketName]*bucket{}, meters: map[meterName]*meter{}, dirty: map[row]bool{},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.View(l.readUsage); err != nil {
		return nil, fmt.Errorf("reading the usage of API keys: %w", err)
	}
	// A count in the journal is never less than the store's.
	var err error
	if l.journal, err = openJournal(s.File()+"-usage", log, func(r row, n int64) {
		if days := l.meter(r.meterName).days; n > days[r.day] {
			days[r.day] = n
			l.dirty[r] = true
		}
	}); err != nil {
		return nil, fmt.Errorf("opening the journal of the usage of API keys: %w", err)
	}
	go l.run(every)
	return l, nil
}

func (l *Limits) run(every time.Duration) {
	defer close(l.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := l.flush(); err != nil {
				l.log.Error("writing the usage of API keys", "error", err)
			}
		case <-l.stop:
			return
		}
	}
}

// Close stops the writing in the background and writes what has been counted. Called
// again, it writes what has been counted since: the journal stays open for it until the
// process ends.
func (l *Limits) Close() error {
	l.once.Do(func() { close(l.stop) })
	<-l.done
	return l.flush()
}

// Keep forgets what is no longer declared: the buckets of owners (see Allow) of which
// limited is false, and the usage, in the store too, of keys under a plan of which
// metered is false. What the quotas of the others are is looked at anew.
func (l *Limits) Keep(limited func(owner string) bool, metered func(planID, keyID string) bool) {
	l.keepUsage(metered)
	l.keepBuckets(limited)
}
