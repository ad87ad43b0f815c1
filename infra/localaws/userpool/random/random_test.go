package random_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/random"
)

// every is each byte once: what is fair shows in what is made of them.
func every() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestPickIsFair(t *testing.T) {
	for alphabet, n := range map[string]int{"0123456789": 250, "ab": 256, "abc": 255, "abcdefghijklmnopqrstuvwxyz0123456789": 252} {
		source := random.New(bytes.NewReader(every()))
		got, err := source.Pick(alphabet, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range alphabet {
			if times := strings.Count(got, string(c)); times != n/len(alphabet) {
				t.Errorf("of %q %q is picked %d times, want %d", alphabet, c, times, n/len(alphabet))
			}
		}
		if _, err := source.Pick(alphabet, 1); !errors.Is(err, io.EOF) {
			t.Errorf("of %q one more than what is fair: %v", alphabet, err)
		}
	}
}

func TestValuesAreTheSources(t *testing.T) {
	source := random.New(bytes.NewReader(every()))
	if got, err := source.Token(); got != "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" || err != nil {
		t.Errorf("token %s, %v", got, err)
	}
	if got, err := source.UUID(); got != "20212223-2425-4627-a829-2a2b2c2d2e2f" || err != nil {
		t.Errorf("UUID %s, %v", got, err)
	}
	if got, err := source.Bytes(3); string(got) != "012" || err != nil {
		t.Errorf("bytes %q, %v", got, err)
	}
}

func TestASourceThatEnds(t *testing.T) {
	for name, make := range map[string]func(*random.Source) (string, error){
		"Token": (*random.Source).Token,
		"UUID":  (*random.Source).UUID,
		"Bytes": func(s *random.Source) (string, error) { b, err := s.Bytes(16); return string(b), err },
		"Pick":  func(s *random.Source) (string, error) { return s.Pick("ab", 16) },
	} {
		got, err := make(random.New(strings.NewReader("short")))
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
