package limits

import (
	"fmt"

	"auth-api/infra/localaws/store"
)

// Reset forgets what was counted: every key's usage, in the store too, and every bucket,
// which are full again. commit runs the transaction that drop belongs to; when it fails
// nothing is forgotten. No count is written meanwhile.
func (l *Limits) Reset(commit func(drop func(*store.Tx) error) error) error {
	l.writing.Lock() // or a count from before could be written after
	defer l.writing.Unlock()
	if err := commit(func(tx *store.Tx) error { return store.Drop(tx, usageTable.Name) }); err != nil {
		return err
	}
	l.usageMu.Lock()
	l.meters, l.dirty = map[meterName]*meter{}, map[row]bool{}
	err := l.journal.clear()
	l.usageMu.Unlock()
	l.bucketsMu.Lock()
	clear(l.buckets)
	l.bucketsMu.Unlock()
	if err != nil {
		return fmt.Errorf("forgetting the usage of API keys: %w", err)
	}
	return nil
}
