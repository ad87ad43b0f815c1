package declared

import (
	"slices"

	"auth-api/infra/localaws/store"
)

// owners holds the stack that declared a resource, PROJECT/STACK, by KIND/ID.
var owners = store.Table[string]{Name: "owners"}

// Own notes which stack declared the resource. For the provider.
func Own(tx *store.Tx, kind, id, stack string) error { return owners.Put(tx, kind+"/"+id, stack) }

// Disown takes that back. For the provider.
func Disown(tx *store.Tx, kind, id string) error { return owners.Delete(tx, kind+"/"+id) }

// Owner returns the stack that declared the resource, PROJECT/STACK, and whether it is
// known: a store that an earlier version wrote does not tell.
func Owner(tx *store.Tx, kind, id string) (string, bool, error) { return owners.Get(tx, kind+"/"+id) }

// InventoryOf is Inventory of what one stack declared, PROJECT/STACK.
func InventoryOf(tx *store.Tx, stack string) (map[string][]string, error) {
	inventory := Inventory(tx)
	for kind, ids := range inventory {
		var failed error
		ids = slices.DeleteFunc(ids, func(id string) bool {
			owner, _, err := Owner(tx, kind, id)
			if err != nil {
				failed = err
			}
			return owner != stack
		})
		if failed != nil {
			return nil, failed
		}
		if inventory[kind] = ids; len(ids) == 0 {
			delete(inventory, kind)
		}
	}
	return inventory, nil
}
