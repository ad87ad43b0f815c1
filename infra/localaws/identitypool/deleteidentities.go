package identitypool

import (
	"fmt"
	"net/http"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// Admit lets in a signed request of the API, or returns its refusal; the operations for
// administrators are refused while it is not set.
type Admit func(r *http.Request, body []byte, action, resource string) error

// mostDeleted is how many identities one request may delete.
const mostDeleted = 60

type deleteIdentitiesInput struct {
	IdentityIDsToDelete []string `json:"IdentityIdsToDelete"`
}

type deleteIdentitiesOutput struct {
	UnprocessedIdentityIDs []struct{} `json:"UnprocessedIdentityIds"`
}

// deleteIdentities forgets identities, for who is granted cognito-identity:DeleteIdentities,
// which knows no resources. An identity that is not there is taken for one that is gone.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DeleteIdentities.html
func (s *Service) deleteIdentities(r *http.Request, body []byte, in deleteIdentitiesInput) (out deleteIdentitiesOutput, err error) {
	out.UnprocessedIdentityIDs = []struct{}{}
	if s.Admit == nil {
		return out, wire.NewError("AccessDeniedException", "Nobody may administer this identity pool.")
	}
	if err := s.Admit(r, body, "cognito-identity:DeleteIdentities", "*"); err != nil {
		return out, err
	}
	if n := len(in.IdentityIDsToDelete); n < 1 || n > mostDeleted {
		return out, wire.NewError("InvalidParameterException", fmt.Sprintf("identityIdsToDelete has %d members; legal are 1 to %d.", n, mostDeleted))
	}
	return out, s.cfg.Store.Update(func(tx *store.Tx) error {
		for _, id := range in.IdentityIDsToDelete {
			was, found, err := identities.Get(tx, id)
			if err != nil || !found {
				if err != nil {
					return err
				}
				continue
			}
			logins, err := byLogin.List(tx, was.Pool+"/")
			if err != nil {
				return err
			}
			for _, l := range logins {
				if l.Value == id {
					if err := byLogin.Delete(tx, l.Key); err != nil {
						return err
					}
				}
			}
			if err := ownedBy.Delete(tx, was.Pool+"/"+id); err != nil {
				return err
			}
			if err := identities.Delete(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}
