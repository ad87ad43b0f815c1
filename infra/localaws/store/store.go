// Package store is the one place where the local AWS keeps what must outlive it:
// an embedded bbolt database whose write transactions are on disk when they
// return, so that what was acknowledged survives kill -9.
//
// Rooms declare their tables as values and read and write them inside a
// transaction:
//
//	var users = store.Table[User]{Name: "userpool.users"}
//
//	err := s.Update(func(tx *store.Tx) error { return users.Put(tx, pool+"/"+name, u) })
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Store is an open database. It is safe for use by many goroutines; write
// transactions run one after the other.
type Store struct {
	db         *bbolt.DB
	generation atomic.Uint64
}

// Tx is a transaction. It is valid only inside the function it was handed to.
type Tx struct {
	bolt     *bbolt.Tx
	declares bool
}

// Open opens the database in file and makes it, and its folder, when they are
// missing. It fails when another process has it open.
func Open(file string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("opening the store %s: another process has it open; is a local AWS already running from this folder?", file)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", file, err)
	}
	return &Store{db: db}, nil
}

// Close waits for running transactions and closes the database.
func (s *Store) Close() error { return s.db.Close() }

// File is the database's file. What a room must write outside of transactions goes
// beside it, under the same name and an ending.
func (s *Store) File() string { return s.db.Path() }

// View runs a read-only transaction on a consistent snapshot.
func (s *Store) View(read func(tx *Tx) error) error {
	return s.db.View(func(b *bbolt.Tx) error { return read(&Tx{bolt: b}) })
}

// Update runs a transaction that may write. What it wrote is on disk when Update
// returns nil; nothing of it is kept when write returns an error.
func (s *Store) Update(write func(tx *Tx) error) error {
	var tx Tx
	done := false
	err := s.db.Update(func(b *bbolt.Tx) error {
		tx.bolt = b
		err := write(&tx)
		done = err == nil
		return err
	})
	if err != nil && done { // it was all right, and could not be put on disk
		return fmt.Errorf("writing the store %s: %w; nothing of this was kept: if the disk is full, free space on it, and all goes on", s.File(), err)
	}
	if err == nil && tx.declares {
		s.generation.Add(1)
	}
	return err
}

// Generation counts the committed transactions that changed what is declared
// (see Tx.Declares). A room that keeps something worked out from declarations
// compares it to know when to work it out again.
func (s *Store) Generation() uint64 { return s.generation.Load() }

// Declares says that this transaction changes what is declared; Generation goes
// up when it is committed.
func (tx *Tx) Declares() { tx.declares = true }

// Table is a named set of values of type T, kept as JSON under string keys.
type Table[T any] struct{ Name string }

// Item is a value with its key.
type Item[T any] struct {
	Key   string
	Value T
}

// Get returns the value under key, and whether there is one.
func (t Table[T]) Get(tx *Tx, key string) (value T, found bool, err error) {
	b := tx.bolt.Bucket([]byte(t.Name))
	if b == nil {
		return value, false, nil
	}
	data := b.Get([]byte(key))
	if data == nil {
		return value, false, nil
	}
	if err := json.Unmarshal(data, &value); err != nil {
		return value, false, fmt.Errorf("reading %s %q from the store: %w", t.Name, key, err)
	}
	return value, true, nil
}

// Put writes the value under key in place of any that stood there.
func (t Table[T]) Put(tx *Tx, key string, value T) error {
	b, err := tx.bolt.CreateBucketIfNotExists([]byte(t.Name))
	if err != nil {
		return fmt.Errorf("writing %s %q to the store: %w", t.Name, key, err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing %s %q to the store: %w", t.Name, key, err)
	}
	if err := b.Put([]byte(key), data); err != nil {
		return fmt.Errorf("writing %s %q to the store: %w", t.Name, key, err)
	}
	return nil
}

// Ensure returns the value under key, which create makes when there is none: one that
// is there costs no write, which takes a disk's time. Another's that comes first wins.
func (t Table[T]) Ensure(s *Store, key string, create func() (T, error)) (value T, err error) {
	var found bool
	err = s.View(func(tx *Tx) (err error) {
		value, found, err = t.Get(tx, key)
		return err
	})
	if err != nil || found {
		return value, err
	}
	err = s.Update(func(tx *Tx) (err error) {
		if value, found, err = t.Get(tx, key); err != nil || found {
			return err
		}
		if value, err = create(); err != nil {
			return err
		}
		return t.Put(tx, key, value)
	})
	return value, err
}

// Delete removes the value under key; it is no error when there is none.
func (t Table[T]) Delete(tx *Tx, key string) error {
	b := tx.bolt.Bucket([]byte(t.Name))
	if b == nil {
		return nil
	}
	if err := b.Delete([]byte(key)); err != nil {
		return fmt.Errorf("deleting %s %q from the store: %w", t.Name, key, err)
	}
	return nil
}

// List returns the values whose keys begin with prefix, in the order of their keys.
func (t Table[T]) List(tx *Tx, prefix string) ([]Item[T], error) {
	b := tx.bolt.Bucket([]byte(t.Name))
	if b == nil {
		return nil, nil
	}
	var items []Item[T]
	c := b.Cursor()
	for k, data := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, data = c.Next() {
		item := Item[T]{Key: string(k)}
		if err := json.Unmarshal(data, &item.Value); err != nil {
			return nil, fmt.Errorf("reading %s %q from the store: %w", t.Name, k, err)
		}
		items = append(items, item)
	}
	return items, nil
}

// Tables returns the names of the tables that were ever written, in order.
func Tables(tx *Tx) []string {
	var names []string
	c := tx.bolt.Cursor()
	for name, _ := c.First(); name != nil; name, _ = c.Next() {
		names = append(names, string(name))
	}
	return names
}

// Keys returns the keys of a table, in order.
func Keys(tx *Tx, table string) []string {
	b := tx.bolt.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	var keys []string
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		keys = append(keys, string(k))
	}
	return keys
}
