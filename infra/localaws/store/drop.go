package store

import (
	"errors"
	"fmt"

	bolterrors "go.etcd.io/bbolt/errors"
)

// Drop removes a table with everything in it; it is no error when it was never written.
func Drop(tx *Tx, table string) error {
	if err := tx.bolt.DeleteBucket([]byte(table)); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
		return fmt.Errorf("emptying %s in the store: %w", table, err)
	}
	return nil
}
