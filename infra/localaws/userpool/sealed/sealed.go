// Package sealed hides values from those who carry them: sessions that a client gives
// back, secrets that the store keeps. All of it derives from one key.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"auth-api/infra/localaws/userpool/random"
)

// Box seals and opens values, with keys that derive from its master key. It is safe for
// use by many goroutines.
type Box struct {
	aead   cipher.AEAD
	macKey []byte
	random *random.Source
}

// New returns the Box of a master key, which takes its nonces from the source.
func New(master []byte, source *random.Source) (*Box, error) {
	block, err := aes.NewCipher(derive(master, "seal"))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead: aead, macKey: derive(master, "mac"), random: source}, nil
}

func derive(key []byte, label string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(label))
	return m.Sum(nil)
}

// MAC is a hash over the parts, kept apart from one another, with a key that derives
// from the master key. What it is for is the label.
func (b *Box) MAC(label string, parts ...string) []byte {
	m := hmac.New(sha256.New, b.macKey)
	for _, part := range append([]string{label}, parts...) {
		fmt.Fprintf(m, "%d:%s", len(part), part)
	}
	return m.Sum(nil)
}

// Seal makes an opaque value of what JSON makes of v, that only Open with the same label
// reads.
func (b *Box) Seal(label string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sealing a %s: %w", label, err)
	}
	nonce, err := b.random.Bytes(b.aead.NonceSize())
	if err != nil {
		return nil, err
	}
	return b.aead.Seal(nonce, nonce, plain, []byte(label)), nil
}

// ErrNotSealed says that a value is not what Seal made, for this label and by this key.
var ErrNotSealed = errors.New("not sealed here")

// Open reads a sealed value into v. It returns ErrNotSealed, or an error of JSON's when
// v is of another kind than what was sealed.
func (b *Box) Open(label string, sealed []byte, v any) error {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return ErrNotSealed
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(label))
	if err != nil {
		return ErrNotSealed
	}
	return json.Unmarshal(plain, v)
}
