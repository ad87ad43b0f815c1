package identitypool

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// identity is an identity of a pool. A guest's has no logins.
type identity struct {
	Pool   string            `json:"pool"`
	Logins map[string]string `json:"logins,omitempty"` // provider name → the user's sub
	Merged bool              `json:"merged,omitempty"` // into that of the user whom the guest turned out to be
}

var (
	identities = store.Table[identity]{Name: "identitypool.identities"} // by identity id
	byLogin    = store.Table[string]{Name: "identitypool.logins"}       // identity id by POOL/SUB/PROVIDER
	ownedBy    = store.Table[bool]{Name: "identitypool.pools"}          // by POOL/IDENTITY
)

func loginKey(poolID string, l login) string { return poolID + "/" + l.subject() + "/" + l.provider }

// PoolDeleted is called by the provider, in its transaction, when a pool is deleted:
// its identities go with it.
func (s *Service) PoolDeleted(tx *store.Tx, poolID string) error {
	owned, err := ownedBy.List(tx, poolID+"/")
	if err != nil {
		return err
	}
	for _, item := range owned {
		if err := identities.Delete(tx, item.Key[len(poolID)+1:]); err != nil {
			return err
		}
		if err := ownedBy.Delete(tx, item.Key); err != nil {
			return err
		}
	}
	logins, err := byLogin.List(tx, poolID+"/")
	if err != nil {
		return err
	}
	for _, item := range logins {
		if err := byLogin.Delete(tx, item.Key); err != nil {
			return err
		}
	}
	return nil
}

type getIDInput struct {
	AccountID      string `json:"AccountId"`
	IdentityPoolID string `json:"IdentityPoolId"`
	Logins         map[string]string
}

type getIDOutput struct {
	IdentityID string `json:"IdentityId"`
}

// getID gives a guest a new identity, and a user always the same.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
func (s *Service) getID(r *http.Request, in getIDInput) (out getIDOutput, err error) {
	if err := checkID("identityPoolId", in.IdentityPoolID); err != nil {
		return out, err
	}
	var p Pool
	if err := s.cfg.Store.View(func(tx *store.Tx) error { p, err = s.pool(tx, in.IdentityPoolID); return err }); err != nil {
		return out, err
	}
	if in.AccountID != "" && in.AccountID != s.cfg.Account {
		return out, notAuthorized("Access to Identity pool '"+in.IdentityPoolID+"' is forbidden.", "the pool is of account "+s.cfg.Account)
	}
	logins, err := s.verify(p, in.Logins)
	if err != nil {
		return out, err
	}
	if len(logins) == 0 && !p.AllowUnauthenticatedIdentities {
		return out, guestsOff()
	}
	if len(logins) > 0 { // a user who comes back costs no write
		complete := false
		err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
			out.IdentityID, complete, err = s.owner(tx, in.IdentityPoolID, logins)
			return err
		})
		if err == nil && complete {
			record(r, out.IdentityID, logins)
		}
		if err != nil || complete {
			return out, err
		}
	}
	id, err := uuid.NewRandomFromReader(s.cfg.Rand)
	if err != nil {
		return out, fmt.Errorf("making an identity id: %w", err)
	}
	fresh := s.cfg.Region + ":" + id.String()
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		// The pool may have been deleted while the tokens were verified.
		if _, err := s.pool(tx, in.IdentityPoolID); err != nil {
			return err
		}
		owner, _, err := s.owner(tx, in.IdentityPoolID, logins)
		if err != nil {
			return err
		}
		if owner == "" {
			owner = fresh
			if err := ownedBy.Put(tx, in.IdentityPoolID+"/"+owner, true); err != nil {
				return err
			}
			if err := identities.Put(tx, owner, identity{Pool: in.IdentityPoolID}); err != nil {
				return err
			}
		}
		out.IdentityID = owner
		return s.link(tx, owner, logins)
	})
	if err == nil {
		record(r, out.IdentityID, logins)
	}
	return out, err
}

// owner returns the identity that the logins belong to, "" when to none, and whether
// all of them do.
func (s *Service) owner(tx *store.Tx, poolID string, logins []login) (owner string, complete bool, err error) {
	complete = true
	for _, l := range logins {
		id, found, err := byLogin.Get(tx, loginKey(poolID, l))
		if err != nil {
			return "", false, err
		}
		if found && owner != "" && id != owner {
			return "", false, wire.NewError("ResourceConflictException", "The logins belong to different identities.")
		}
		if found {
			owner = id
		}
		complete = complete && found
	}
	return owner, complete, nil
}

// link gives the identity those of the logins that it does not have yet.
func (s *Service) link(tx *store.Tx, identityID string, logins []login) error {
	id, _, err := identities.Get(tx, identityID)
	if err != nil {
		return err
	}
	changed := false
	for _, l := range logins {
		switch subject, has := id.Logins[l.provider]; {
		case has && subject == l.subject():
			continue
		case has:
			return loginsDiffer("the identity belongs to another user of " + l.provider)
		}
		if id.Logins == nil {
			id.Logins = map[string]string{}
		}
		id.Logins[l.provider] = l.subject()
		changed = true
		if err := byLogin.Put(tx, loginKey(id.Pool, l), identityID); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return identities.Put(tx, identityID, id)
}

// enter returns the identity that whoever has these logins enters as, and makes sure that
// they are its own. A user may enter as the identity that belongs to the login, or by way
// of a guest's: that becomes the user's, unless the user has one already. Then that is the
// one, and the guest's is of no use any more. A guest may enter as an identity that belongs
// to nobody.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/switching-identities.html
func (s *Service) enter(identityID string, tokens map[string]string) (string, identity, Pool, []login, error) {
	var id identity
	var p Pool
	fail := func(err error) (string, identity, Pool, []login, error) { return "", id, p, nil, err }
	if err := checkID("identityId", identityID); err != nil {
		return fail(err)
	}
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		var found bool
		if id, found, err = identities.Get(tx, identityID); err != nil {
			return err
		}
		if !found {
			return wire.NewError("ResourceNotFoundException", "Identity '"+identityID+"' not found.")
		}
		p, err = s.pool(tx, id.Pool)
		return err
	})
	if err != nil {
		return fail(err)
	}
	logins, err := s.verify(p, tokens)
	switch {
	case err != nil:
		return fail(err)
	case id.Merged:
		return fail(forbidden(identityID, "the guest has signed in, and the identity was merged into the user's"))
	case len(logins) == 0 && len(id.Logins) > 0:
		return fail(forbidden(identityID, "the identity belongs to a user; no login was given"))
	case len(logins) == 0 && !p.AllowUnauthenticatedIdentities:
		return fail(guestsOff())
	case !slices.ContainsFunc(logins, func(l login) bool { return id.Logins[l.provider] != l.subject() }):
		return identityID, id, p, logins, nil
	}
	var entered string
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		owner, _, err := s.owner(tx, id.Pool, logins)
		if err != nil {
			return err
		}
		now, found, err := identities.Get(tx, identityID)
		if err != nil {
			return err
		}
		switch guest := found && len(now.Logins) == 0 && !now.Merged; {
		case found && owner == identityID, guest && owner == "":
			entered = identityID
		case guest:
			now.Merged = true
			if err := identities.Put(tx, identityID, now); err != nil {
				return err
			}
			entered = owner
		case owner != "":
			return loginsDiffer("the login belongs to another identity")
		default:
			// A login that is none of the identity's joins it only beside one that is, or
			// when nobody has it yet.
			return loginsDiffer("the identity belongs to another login")
		}
		if err := s.link(tx, entered, logins); err != nil {
			return err
		}
		id, _, err = identities.Get(tx, entered)
		return err
	})
	return entered, id, p, logins, err
}

func loginsDiffer(reason string) error {
	return notAuthorized("Logins don't match. Please include at least one valid login for this identity or identity pool.", reason)
}

func guestsOff() error {
	return notAuthorized("Unauthenticated access is not supported for this identity pool.", "allowUnauthenticatedIdentities is false")
}

// record says in the request's record who came in, and why.
func record(r *http.Request, identityID string, logins []login) {
	rec := audit.From(r.Context())
	rec.Caller(identityID)
	if len(logins) == 0 {
		rec.Allow("the pool lets guests in")
		return
	}
	rec.Allow("the login token of " + logins[0].provider + " is good")
}

// cognito describes the identity to IAM.
func (s *Service) cognito(identityID string, id identity, logins []login) *iam.CognitoIdentity {
	c := &iam.CognitoIdentity{IdentityID: identityID, IdentityPoolID: id.Pool, AuthenticationType: "unauthenticated"}
	for i, l := range logins {
		if i > 0 {
			c.AuthenticationProvider += ","
		}
		c.AuthenticationType = "authenticated"
		c.AuthenticationProvider += l.provider + "," + l.provider + ":CognitoSignIn:" + l.subject()
		c.Subject = l.subject()
	}
	return c
}
