// Package declared holds what was declared of the local AWS: the resources that
// the provider was told to make, as typed values. The provider alone writes them;
// the rooms of the data plane read them inside their own transactions.
//
// A room declares a kind of resource as a struct and a Kind. The struct's json
// tags are the property names of the AWS provider; a second tag, aws, says what
// the provider must know of a property, as a comma-separated list:
//
//	required   it must be given
//	replace    changing it replaces the resource
//	computed   AWS gives it; it cannot be declared
//	default    it may be declared, AWS gives it otherwise (and an update keeps it)
//	secret     its value is a secret
//	autoname   when left out, the provider makes a name from the resource's own
//
// A property that the struct does not have is refused by the provider with its name.
//
//	type Role struct {
//		Name             string `json:"name" aws:"replace,autoname"`
//		AssumeRolePolicy string `json:"assumeRolePolicy" aws:"required"`
//		ARN              string `json:"arn" aws:"computed"`
//	}
//
//	const Roles declared.Kind[Role] = "iam.Role"
package declared

import (
	"strings"

	"auth-api/infra/localaws/store"
)

const prefix = "declared."

// Inventory returns the ids of all that is declared, by kind. Kinds of which nothing
// is declared are left out.
func Inventory(tx *store.Tx) map[string][]string {
	inventory := map[string][]string{}
	for _, table := range store.Tables(tx) {
		kind, found := strings.CutPrefix(table, prefix)
		if !found {
			continue
		}
		if keys := store.Keys(tx, table); len(keys) > 0 {
			inventory[kind] = keys
		}
	}
	return inventory
}

// Kind names a kind of resource, such as "cognito.UserPool", and ties it to the
// struct that describes one.
type Kind[T any] string

// Entry is a declared resource with its physical id, such as us-west-2_Ab12Cd34E.
type Entry[T any] struct {
	ID    string
	Value T
}

func (k Kind[T]) table() store.Table[T] { return store.Table[T]{Name: prefix + string(k)} }

// Get returns the resource with this id, and whether there is one.
func (k Kind[T]) Get(tx *store.Tx, id string) (T, bool, error) { return k.table().Get(tx, id) }

// All returns every resource of the kind, in the order of their ids.
func (k Kind[T]) All(tx *store.Tx) ([]Entry[T], error) {
	items, err := k.table().List(tx, "")
	if err != nil {
		return nil, err
	}
	entries := make([]Entry[T], len(items))
	for i, item := range items {
		entries[i] = Entry[T]{ID: item.Key, Value: item.Value}
	}
	return entries, nil
}

// Put declares the resource, or changes it. For the provider and for tests of one room.
func (k Kind[T]) Put(tx *store.Tx, id string, value T) error {
	tx.Declares()
	return k.table().Put(tx, id, value)
}

// Delete takes the declaration back. For the provider and for tests of one room.
func (k Kind[T]) Delete(tx *store.Tx, id string) error {
	tx.Declares()
	return k.table().Delete(tx, id)
}
