package store_test

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"auth-api/infra/localaws/store"
)

func TestEnsureMakesAValueOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	var made atomic.Int64
	create := func() (user, error) { made.Add(1); return user{"Ada"}, nil }
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got, err := users.Ensure(s, "a", create); err != nil || got != (user{"Ada"}) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wait.Wait()
	if made.Load() != 1 {
		t.Errorf("it was made %d times", made.Load())
	}
	if got := names(t, s, ""); got != "a=Ada" {
		t.Errorf("the store holds %s", got)
	}
}

func TestEnsureKeepsNothingOfWhatCannotBeMade(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	refused := errors.New("no randomness")
	if _, err := users.Ensure(s, "a", func() (user, error) { return user{"half"}, refused }); !errors.Is(err, refused) {
		t.Errorf("it returns %v", err)
	}
	if got := names(t, s, ""); got != "" {
		t.Errorf("the store holds %s", got)
	}
}

// A value that is there is read beside a write that is under way, so it costs none.
func TestEnsureReadsWithoutWriting(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	update(t, s, func(tx *store.Tx) error { return users.Put(tx, "a", user{"Ada"}) })
	update(t, s, func(*store.Tx) error {
		got, err := users.Ensure(s, "a", func() (user, error) { return user{}, errors.New("it is there") })
		if err != nil || got != (user{"Ada"}) {
			t.Errorf("got %v, %v", got, err)
		}
		return nil
	})
}
