// Package random makes what must not be guessed: tokens, ids and codes, from one source
// of random bytes.
package random

import (
	"encoding/base64"
	"fmt"
	"io"
	"sync"

	"github.com/google/uuid"
)

// Source makes random values. It is safe for use by many goroutines.
type Source struct{ reader io.Reader }

// New returns the Source that reads its bytes from r, one reader at a time.
func New(r io.Reader) *Source { return &Source{reader: &lockedReader{r: r}} }

type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Bytes returns n random bytes.
func (s *Source) Bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.reader, b); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	return b, nil
}

// Token returns 256 random bits, fit for URLs and cookies.
func (s *Source) Token() (string, error) {
	b, err := s.Bytes(32)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// UUID returns a random UUID (version 4).
func (s *Source) UUID() (string, error) {
	id, err := uuid.NewRandomFromReader(s.reader)
	if err != nil {
		return "", fmt.Errorf("making a UUID: %w", err)
	}
	return id.String(), nil
}

// Pick returns n characters of the alphabet, of at most 256 single bytes, each as likely
// as the others.
func (s *Source) Pick(alphabet string, n int) (string, error) {
	out := make([]byte, 0, n)
	limit := byte(256 / len(alphabet) * len(alphabet) % 256) // 0 means that every byte fits
	for len(out) < n {
		b, err := s.Bytes(1)
		if err != nil {
			return "", err
		}
		if limit == 0 || b[0] < limit {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out), nil
}
