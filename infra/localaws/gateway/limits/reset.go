package limits

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws/store"
)

// Reset forgets what was counted: every key's usage, in the store too, and every bucket,
// which are full again. commit runs the transaction that drop belongs to; when it fails
// nothing is forgotten. No count is written meanwhile.
func (l *Limits) Reset(commit func(drop func(*store.Tx) error) error) error {
	l.writing.Lock() // or a count from before could be written after
	defer l.writing.Unlock()
	l.usageMu.Lock()
	defer l.usageMu.Unlock()
	cleared := false
	err := commit(func(tx *store.Tx) error {
		if err := store.Drop(tx, usageTable.Name); err != nil {
			return err
		}
		if err := l.journal.clear(); err != nil {
			return fmt.Errorf("forgetting the usage of API keys: %w", err)
		}
		cleared = true
		return nil
	})
	if err != nil {
		if cleared {
			err = errors.Join(err, l.journalAll())
		}
		return err
	}
	l.meters, l.dirty = map[meterName]*meter{}, map[row]bool{}
	l.bucketsMu.Lock()
	clear(l.buckets)
	l.bucketsMu.Unlock()
	return nil
}

// journalAll writes what is counted into a journal that has lost it.
func (l *Limits) journalAll() error {
	for name, m := range l.meters {
		for day, n := range m.days {
			if err := l.journal.write(row{name, day}, n); err != nil {
				return fmt.Errorf("writing the usage of API keys: %w", err)
			}
		}
	}
	return nil
}
