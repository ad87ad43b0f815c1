package testers

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/localaws/userpool"
)

// Tokens holds what names the last thousand ID and access tokens that were given out, in
// memory alone, and never a token. Its zero value is ready for use by many goroutines.
type Tokens struct {
	mu   sync.Mutex
	list []userpool.Issued
}

const maxTokens = 1000

// Add is a userpool.Config's Issued.
func (t *Tokens) Add(i userpool.Issued) {
	// Copies, so that no request that a name was part of stays in memory.
	i.Username, i.ClientID, i.UserPoolID = strings.Clone(i.Username), strings.Clone(i.ClientID), strings.Clone(i.UserPoolID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == maxTokens {
		t.list = slices.Delete(t.list, 0, 1)
	}
	t.list = append(t.list, i)
}

func (t *Tokens) all() []userpool.Issued {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.list)
}

func (t *Tokens) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = nil
}

// TokenFilter chooses tokens. The zero TokenFilter chooses all.
type TokenFilter struct {
	Pool  string // of this user pool
	User  string // of the user with this name or sub
	Use   string // id, access or refresh
	Limit int    // the newest so many; 0 for all
}

// Tokens returns what names the tokens that the filter chooses: ID and access tokens in
// the order in which they were given out, and with them the sign-ins that refresh
// tokens stand for, ordered by when they were given out.
func (s *Service) Tokens(f TokenFilter) ([]userpool.Issued, error) {
	given := s.cfg.Tokens.all() // first: their sign-ins are in the store by now
	refreshable, over, err := s.cfg.UserPools.Refreshable()
	if err != nil {
		return nil, fmt.Errorf("reading tokens: %w", err)
	}
	for i := range given {
		given[i].Revoked = over(given[i])
	}
	found := slices.DeleteFunc(append(given, refreshable...), func(i userpool.Issued) bool {
		return f.Pool != "" && i.UserPoolID != f.Pool || f.Use != "" && i.Use != f.Use ||
			f.User != "" && i.Username != f.User && i.Sub != f.User
	})
	slices.SortStableFunc(found, func(a, b userpool.Issued) int { return a.IssuedAt.Compare(b.IssuedAt) })
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[len(found)-f.Limit:]
	}
	if found == nil {
		found = []userpool.Issued{}
	}
	return found, nil
}
