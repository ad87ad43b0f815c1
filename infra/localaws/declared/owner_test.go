package declared_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
)

// What a stack declared is told from what others did, and from what nobody knows of.
func TestWhoDeclaredWhat(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(func(tx *store.Tx) error {
		for id, stack := range map[string]string{"one": "app/dev", "two": "app/prod", "three": "app/dev", "four": ""} {
			if err := things.Put(tx, id, thing{id}); err != nil {
				return err
			}
			if stack == "" {
				continue
			}
			if err := declared.Own(tx, "test.Thing", id, stack); err != nil {
				return err
			}
		}
		return declared.Own(tx, "test.Thing", "gone", "app/dev")
	}); err != nil {
		t.Fatal(err)
	}
	of := func(stack string) (found map[string][]string) {
		t.Helper()
		if err := s.View(func(tx *store.Tx) (err error) { found, err = declared.InventoryOf(tx, stack); return err }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	for stack, want := range map[string]map[string][]string{
		"app/dev": {"test.Thing": {"one", "three"}}, "app/prod": {"test.Thing": {"two"}}, "app/de": {}, "dev": {},
	} {
		if d := cmp.Diff(want, of(stack)); d != "" {
			t.Errorf("%s: %s", stack, d)
		}
	}
	if err := s.Update(func(tx *store.Tx) error { return declared.Disown(tx, "test.Thing", "two") }); err != nil {
		t.Fatal(err)
	}
	if left := of("app/prod"); len(left) != 0 {
		t.Errorf("what was taken back is still there: %v", left)
	}
}
