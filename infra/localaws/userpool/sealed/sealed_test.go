package sealed_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"

	"auth-api/infra/localaws/userpool/random"
	"auth-api/infra/localaws/userpool/sealed"
)

func box(t testing.TB, master string) *sealed.Box {
	t.Helper()
	b, err := sealed.New([]byte(master), random.New(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOnlyTheBoxAndTheLabelOpen(t *testing.T) {
	b := box(t, "one")
	value, err := b.Seal("session", "SECRET")
	if err != nil || bytes.Contains(value, []byte("SECRET")) {
		t.Fatalf("%q, %v", value, err)
	}
	if again, err := b.Seal("session", "SECRET"); err != nil || bytes.Equal(value, again) {
		t.Errorf("sealed twice it is the same: %v", err)
	}
	var got string
	if err := b.Open("session", value, &got); err != nil || got != "SECRET" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := box(t, "one").Open("session", value, &got); err != nil {
		t.Errorf("by another box of the same key: %v", err)
	}
	refused := func(story string, b *sealed.Box, label string, value []byte) {
		t.Helper()
		var got string
		if err := b.Open(label, value, &got); !errors.Is(err, sealed.ErrNotSealed) || got != "" {
			t.Errorf("%s: %q, %v", story, got, err)
		}
	}
	refused("another label", b, "sessions", value)
	refused("another key", box(t, "two"), "session", value)
	refused("nothing", b, "session", nil)
	for n := range value {
		refused("cut short", b, "session", value[:n])
		changed := bytes.Clone(value)
		changed[n] ^= 1
		refused("a bit changed", b, "session", changed)
	}
	if err := b.Open("session", value, new(int)); err == nil || errors.Is(err, sealed.ErrNotSealed) {
		t.Errorf("into another kind: %v", err)
	}
}

func TestMACTellsPartsApart(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{{"a"}, {"a", ""}, {"a", "b"}, {"ab"}, {"", "ab"}, {"a", "b", ""}, {"a", "1:b"}, {"a1:b"}} {
		sum := string(box(t, "one").MAC(parts[0], parts[1:]...))
		if other, ok := seen[sum]; ok {
			t.Errorf("%q and %q have the same MAC", parts, other)
		}
		seen[sum] = parts
		if bytes.Equal([]byte(sum), box(t, "two").MAC(parts[0], parts[1:]...)) {
			t.Errorf("%q has the same MAC by another key", parts)
		}
	}
}

// Made when the rooms were one: what a store holds must open for ever.
const (
	master    = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
	before    = "65d4c444c326bd8931c230bc784da35e4e145cb63c8eb447389ae218efab43cdce400b5e"
	beforeMAC = "826735d378ca0367cb73a3bb93c3af1d551fcdec34fda1a6155eb575aab66b00"
)

func TestSealedBefore(t *testing.T) {
	value, err := hex.DecodeString(before)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := box(t, master).Open("session", value, &got); err != nil || got != "SECRET" {
		t.Errorf("%q, %v", got, err)
	}
	if got := hex.EncodeToString(box(t, master).MAC("label", "part", "")); got != beforeMAC {
		t.Errorf("MAC %s, want %s", got, beforeMAC)
	}
}

func FuzzOpen(f *testing.F) {
	b := box(f, master)
	value, err := hex.DecodeString(before)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		var got string
		if err := b.Open("session", in, &got); err == nil && !bytes.Equal(in, value) {
			t.Errorf("%x opens, and was never sealed", in)
		}
	})
}
