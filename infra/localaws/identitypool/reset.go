package identitypool

import (
	"fmt"

	"auth-api/infra/localaws/store"
)

// Reset forgets every identity, of guests and of users, in the caller's transaction. The
// pools stay, and the key that signs their tokens.
func (s *Service) Reset(tx *store.Tx) error {
	for _, table := range []string{identities.Name, byLogin.Name, ownedBy.Name} {
		if err := store.Drop(tx, table); err != nil {
			return fmt.Errorf("forgetting the identities: %w", err)
		}
	}
	return nil
}
