package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/localaws/store"
)

type user struct{ Name string }

var users = store.Table[user]{Name: "users"}

func open(t *testing.T, file string) *store.Store {
	t.Helper()
	s, err := store.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func update(t *testing.T, s *store.Store, write func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Update(write); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, s *store.Store, prefix string) string {
	t.Helper()
	var found []string
	if err := s.View(func(tx *store.Tx) error {
		items, err := users.List(tx, prefix)
		for _, i := range items {
			found = append(found, i.Key+"="+i.Value.Name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, " ")
}

func TestWhatIsWrittenIsThereAfterReopening(t *testing.T) {
	file := filepath.Join(t.TempDir(), "made", "on", "the", "way", "store.db")
	s := open(t, file)
	if got := names(t, s, ""); got != "" {
		t.Errorf("a new store holds %s", got)
	}
	update(t, s, func(tx *store.Tx) error {
		return errors.Join(users.Put(tx, "p/b", user{"Bob"}), users.Put(tx, "p/a", user{"Ada"}), users.Put(tx, "q/c", user{"Cleo"}))
	})
	update(t, s, func(tx *store.Tx) error {
		return errors.Join(users.Delete(tx, "p/b"), users.Delete(tx, "never there"))
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, file)
	if got, want := names(t, s, ""), "p/a=Ada q/c=Cleo"; got != want {
		t.Errorf("after reopening: %s, want %s", got, want)
	}
	if got, want := names(t, s, "p/"), "p/a=Ada"; got != want {
		t.Errorf("below p/: %s, want %s", got, want)
	}
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	refused := errors.New("no")
	err := s.Update(func(tx *store.Tx) error {
		tx.Declares()
		if err := users.Put(tx, "a", user{"Ada"}); err != nil {
			t.Fatal(err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("Update returns %v", err)
	}
	if got := names(t, s, ""); got != "" {
		t.Errorf("it left %s", got)
	}
	if g := s.Generation(); g != 0 {
		t.Errorf("the generation is %d after a transaction that was undone", g)
	}
	update(t, s, func(tx *store.Tx) error { return users.Put(tx, "a", user{"Ada"}) })
	if g := s.Generation(); g != 0 {
		t.Errorf("the generation is %d after a transaction that declared nothing", g)
	}
	update(t, s, func(tx *store.Tx) error { tx.Declares(); return nil })
	if g := s.Generation(); g != 1 {
		t.Errorf("the generation is %d after one declaration", g)
	}
}

func TestAStoreIsOpenOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store.db")
	open(t, file)
	if _, err := store.Open(file); err == nil || !strings.Contains(err.Error(), "another process has it open") {
		t.Errorf("opening it twice: %v", err)
	}
}
