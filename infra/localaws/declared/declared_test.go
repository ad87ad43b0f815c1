package declared_test

import (
	"path/filepath"
	"testing"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Name string `json:"name"`
}

const (
	things declared.Kind[thing] = "test.Thing"
	others declared.Kind[thing] = "test.Other"
)

func TestDeclaring(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(func(tx *store.Tx) error {
		if err := others.Put(tx, "gone", thing{"Gone"}); err != nil {
			return err
		}
		return things.Put(tx, "id-1", thing{"One"})
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(func(tx *store.Tx) error { return others.Delete(tx, "gone") }); err != nil {
		t.Fatal(err)
	}
	if s.Generation() != 2 {
		t.Errorf("two transactions declared something, and the generation is %d", s.Generation())
	}
	if err := s.View(func(tx *store.Tx) error {
		all, err := things.All(tx)
		if diff := cmp.Diff([]declared.Entry[thing]{{ID: "id-1", Value: thing{"One"}}}, all); err != nil || diff != "" {
			t.Errorf("All: %v %s", err, diff)
		}
		if diff := cmp.Diff(map[string][]string{"test.Thing": {"id-1"}}, declared.Inventory(tx)); diff != "" {
			t.Errorf("Inventory: %s", diff)
		}
		if _, found, err := others.Get(tx, "gone"); found || err != nil {
			t.Errorf("Get of what was deleted: %v, %v", found, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
