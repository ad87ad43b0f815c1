package userpool

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

// What testers read of the pools: nothing that is secret, not even hashed.

// UserView is a user as testers see it.
type UserView struct {
	UserPoolID  string            `json:"userPoolId"`
	Username    string            `json:"username"`
	Sub         string            `json:"sub"`
	Status      string            `json:"status"`
	Enabled     bool              `json:"enabled"`
	Attributes  map[string]string `json:"attributes"` // without sub
	Groups      []string          `json:"groups"`
	Declared    bool              `json:"declared"` // by the stack; the others came by the API or the hosted sign-in
	Created     time.Time         `json:"created"`
	Modified    time.Time         `json:"modified"`
	PasswordSet time.Time         `json:"passwordSet,omitzero"`
	SignedOutAt time.Time         `json:"signedOutAt,omitzero"` // everywhere, the last time
	LockedUntil time.Time         `json:"lockedUntil,omitzero"` // after wrong passwords; left out when not locked now
}

// Inspect returns the users of a pool, or of all pools when poolID is empty, in the
// order of pools and names. It returns a *Refusal when there is no such pool.
func (s *Service) Inspect(poolID string) ([]UserView, error) {
	views := []UserView{}
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		pools, err := Pools.All(tx)
		if err != nil {
			return err
		}
		var ids []string
		for _, entry := range pools {
			if ids = append(ids, entry.ID); poolID != "" && poolID != entry.ID {
				continue
			}
			p := pool{ID: entry.ID, Pool: entry.Value}
			found, err := s.inspectPool(tx, p)
			if err != nil {
				return err
			}
			views = append(views, found...)
		}
		if poolID != "" && !slices.Contains(ids, poolID) {
			return Refuse("ResourceNotFoundException", fmt.Sprintf("User pool %q does not exist; there are: %s.", poolID, cmp.Or(strings.Join(ids, ", "), "none")))
		}
		return nil
	})
	return views, err
}

func (s *Service) inspectPool(tx *store.Tx, p pool) ([]UserView, error) {
	items, err := users.List(tx, p.ID+"/")
	if err != nil {
		return nil, err
	}
	entries, err := DeclaredUsers.All(tx)
	if err != nil {
		return nil, err
	}
	declaredKeys := map[string]bool{}
	for _, e := range entries {
		if e.Value.UserPoolID == p.ID {
			declaredKeys[p.userKey(declaredName(p, e.Value))] = true
		}
	}
	now := s.now()
	var views []UserView
	for _, item := range items {
		u := item.Value
		v := UserView{
			UserPoolID: p.ID, Username: u.Username, Sub: u.Sub, Status: u.Status, Enabled: u.Enabled, Attributes: without(u.Attributes, "sub"),
			Groups: append([]string{}, u.Groups...), Declared: declaredKeys[item.Key], Created: u.Created.UTC(), Modified: u.Modified.UTC(),
			PasswordSet: u.Password.Set.UTC(), SignedOutAt: u.SignedOutAt.UTC(),
		}
		count, err := s.attemptsOf(tx, s.attemptKey(p, u.Username))
		if err != nil {
			return nil, err
		}
		if now.Before(count.Locked) {
			v.LockedUntil = count.Locked.UTC()
		}
		views = append(views, v)
	}
	return views, nil
}

// Issued is a token as testers see it: what names it and how long it is good, never the
// token. Config.Issued is told of each ID and access token.
type Issued struct {
	UserPoolID string    `json:"userPoolId"`
	ClientID   string    `json:"clientId"`
	Username   string    `json:"username"` // empty of a client's own token, whose Sub is the client's id
	Sub        string    `json:"sub"`
	Use        string    `json:"use"`           // id, access or refresh
	JTI        string    `json:"jti,omitempty"` // refresh tokens have none
	OriginJTI  string    `json:"originJti"`     // names the sign-in, whose tokens are revoked together; empty of a client's own token
	IssuedAt   time.Time `json:"issuedAt,omitzero"`
	Expires    time.Time `json:"expires"`
	Revoked    bool      `json:"revoked"` // the sign-in was revoked, or is gone with its user
}

// issued tells Config.Issued of a token.
func (s *Service) issued(g grant, use, jti string, at time.Time, life time.Duration) {
	if s.cfg.Issued == nil {
		return
	}
	s.cfg.Issued(Issued{
		UserPoolID: g.pool.ID, ClientID: g.client.ID, Username: g.user.Username, Sub: g.user.Sub,
		Use: use, JTI: jti, OriginJTI: g.origin, IssuedAt: at.UTC(), Expires: at.Add(life).UTC(),
	})
}

// Refreshable returns the sign-ins that the store knows, each as the refresh token that
// it stands for, in the order in which they expire. When one was rotated, it is the
// newest. Sign-ins that expired more than an hour ago may be missing.
//
// With it comes whether a sign-in is over: revoked, or no longer there.
func (s *Service) Refreshable() (list []Issued, over func(Issued) bool, err error) {
	live := map[string]bool{}
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		items, err := families.List(tx, "")
		if err != nil {
			return err
		}
		for _, item := range items {
			parts := strings.SplitN(item.Key, "/", 3)
			if len(parts) != 3 {
				return fmt.Errorf("reading sign-ins: the row %q is not POOL/SUB/ORIGIN", item.Key)
			}
			i := Issued{
				UserPoolID: parts[0], Sub: parts[1], OriginJTI: parts[2], ClientID: item.Value.ClientID, Use: "refresh",
				IssuedAt: item.Value.Issued.UTC(), Expires: item.Value.Expires.UTC(), Revoked: item.Value.Revoked,
			}
			if key, found, err := names.Get(tx, i.UserPoolID+"/sub/"+i.Sub); err != nil {
				return err
			} else if found {
				u, _, err := users.Get(tx, key)
				if err != nil {
					return err
				}
				i.Username = u.Username
			}
			live[item.Key] = !i.Revoked
			list = append(list, i)
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b Issued) int { return a.Expires.Compare(b.Expires) })
	return list, func(i Issued) bool {
		// A client's own token belongs to no sign-in, and nothing revokes it.
		return i.OriginJTI != "" && !live[i.UserPoolID+"/"+i.Sub+"/"+i.OriginJTI]
	}, err
}
