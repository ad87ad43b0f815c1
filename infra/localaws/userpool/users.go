package userpool

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/schema"
)

// The statuses of a user.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
const (
	statusUnconfirmed   = "UNCONFIRMED"
	statusConfirmed     = "CONFIRMED"
	statusForceChange   = "FORCE_CHANGE_PASSWORD"
	statusResetRequired = "RESET_REQUIRED"
	statusExternal      = "EXTERNAL_PROVIDER" // signs in at an identity provider, and has no password
)

// user is a user as the store keeps it, under POOL/username.
type user struct {
	Username    string             `json:"username"`
	Sub         string             `json:"sub"`
	Status      string             `json:"status"`
	Enabled     bool               `json:"enabled"`
	Attributes  map[string]string  `json:"attributes"` // without sub; never nil
	Groups      []string           `json:"groups,omitempty"`
	Password    credential         `json:"password"`
	History     []string           `json:"history,omitempty"` // argon2id hashes of earlier passwords, newest first
	Confirm     *code              `json:"confirm,omitempty"`
	Reset       *code              `json:"reset,omitempty"`
	Pending     map[string]pending `json:"pending,omitempty"`    // by attribute
	Sent        []time.Time        `json:"sent,omitempty"`       // codes sent within the last hour
	Token       softwareToken      `json:"token,omitzero"`       // the second factor
	Identities  []federated        `json:"identities,omitempty"` // at identity providers; nil for the pool's own users
	SignedOutAt time.Time          `json:"signedOutAt,omitzero"`
	Created     time.Time          `json:"created"`
	Modified    time.Time          `json:"modified"`
}

// pool and client are declarations with their ids.
type pool struct {
	ID string
	Pool
}

type client struct {
	ID string
	Client
}

var (
	users = store.Table[user]{Name: "userpool.users"}
	// names leads from a name that a user may sign in by, POOL/kind/value, to the
	// key of the user.
	names = store.Table[string]{Name: "userpool.names"}
)

// fold is a name in the form that it is compared in. Cognito compares names exactly
// unless the pool was made with caseSensitive false.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UsernameConfigurationType.html
func (p pool) fold(name string) string {
	if p.UsernameConfiguration != nil && !p.UsernameConfiguration.CaseSensitive {
		return strings.ToLower(name)
	}
	return name
}

func (p pool) userKey(username string) string { return p.ID + "/" + p.fold(username) }

// signInNames are the names besides the username that a user is found by. An email
// address or phone number counts once it is verified; in a pool whose usernames are
// addresses it counts at once, because it stands for the username.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
func (p pool) signInNames(u user) []string {
	keys := []string{p.ID + "/sub/" + u.Sub}
	if u.Identities != nil {
		return keys // signs in at a provider; its word on an address takes no name from the pool's own users
	}
	for _, name := range []string{"email", "phone_number", "preferred_username"} {
		value := u.Attributes[name]
		if value == "" {
			continue
		}
		asUsername := slices.Contains(p.UsernameAttributes, name)
		asAlias := slices.Contains(p.AliasAttributes, name) &&
			(name == "preferred_username" || u.Attributes[name+"_verified"] == "true")
		if asUsername || asAlias {
			keys = append(keys, p.ID+"/"+name+"/"+p.fold(value))
		}
	}
	return keys
}

// findUser finds a user by username, alias or sub.
func (p pool) findUser(tx *store.Tx, name string) (user, bool, error) {
	if name == "" {
		return user{}, false, nil
	}
	u, found, err := users.Get(tx, p.userKey(name))
	if err != nil || found {
		return u, found, err
	}
	// The sub goes first: nobody may choose another's as a name and stand in for it.
	for _, kind := range []string{"sub", "email", "phone_number", "preferred_username"} {
		value := p.fold(name)
		if kind == "sub" {
			value = name
		}
		key, found, err := names.Get(tx, p.ID+"/"+kind+"/"+value)
		if err != nil {
			return user{}, false, err
		}
		if found {
			return users.Get(tx, key)
		}
	}
	return user{}, false, nil
}

// aliasTaken says that another user holds a name that this one asks for.
type aliasTaken struct{ kind string }

func (e aliasTaken) Error() string {
	return "An account with the given " + e.kind + " already exists."
}

// saveUser writes the user and the names that lead to it.
func (s *Service) saveUser(tx *store.Tx, p pool, u user) error {
	key := p.userKey(u.Username)
	old, existed, err := users.Get(tx, key)
	if err != nil {
		return err
	}
	wanted := p.signInNames(u)
	for _, name := range wanted {
		holder, taken, err := names.Get(tx, name)
		if err != nil {
			return err
		}
		if taken && holder != key {
			return aliasTaken{kind: strings.SplitN(name, "/", 3)[1]}
		}
	}
	if existed {
		for _, name := range p.signInNames(old) {
			if !slices.Contains(wanted, name) {
				if err := names.Delete(tx, name); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range wanted {
		if err := names.Put(tx, name, key); err != nil {
			return err
		}
	}
	u.Modified = s.now()
	return users.Put(tx, key, u)
}

// deleteUser takes the user away with its names, sessions and tokens.
func (s *Service) deleteUser(tx *store.Tx, p pool, u user) error {
	for _, name := range p.signInNames(u) {
		if err := names.Delete(tx, name); err != nil {
			return err
		}
	}
	prefix := p.ID + "/"
	return errors.Join(
		drop(tx, families, prefix+u.Sub+"/", nil),
		drop(tx, refreshTokens, prefix, func(r refreshToken) bool { return r.Sub != u.Sub }),
		drop(tx, sessions, prefix, func(h browserSession) bool { return h.Sub != u.Sub }),
		drop(tx, authCodes, prefix, func(c authCode) bool { return c.Sub != u.Sub }),
		users.Delete(tx, p.userKey(u.Username)),
	)
}

// getPool and getClient read declarations.
func getPool(tx *store.Tx, id string) (pool, bool, error) {
	p, found, err := Pools.Get(tx, id)
	return pool{ID: id, Pool: p}, found, err
}

func getClient(tx *store.Tx, id string) (client, bool, error) {
	if id == "" {
		return client{}, false, nil
	}
	c, found, err := Clients.Get(tx, id)
	return client{ID: id, Client: c}, found, err
}

// attributes are those that the pool's users have.
func (p Pool) attributes() schema.List { return p.Schemas }

// mayRead and mayWrite say what a client may do with an attribute: what it names,
// and every standard attribute when it names none.
func (c client) mayRead(name string) bool {
	if name == "sub" || len(c.ReadAttributes) == 0 {
		return true
	}
	return slices.Contains(c.ReadAttributes, name)
}

// readable are those of the attributes that the client may read.
func (c client) readable(attributes map[string]string) map[string]string {
	shown := maps.Clone(attributes)
	maps.DeleteFunc(shown, func(name, _ string) bool { return !c.mayRead(name) })
	return shown
}

func (c client) mayWrite(name string) bool {
	if name == "email_verified" || name == "phone_number_verified" || name == "sub" {
		return false
	}
	if len(c.WriteAttributes) == 0 {
		return true
	}
	return slices.Contains(c.WriteAttributes, name)
}
