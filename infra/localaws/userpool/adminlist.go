package userpool

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/filter"
)

// Page asks for a part of a list.
type Page struct {
	Limit *int   // 1 to 60; nil and 0 mean 60
	Token string // of the part before, or "" for the first
}

const maxPage = 60

// pageToken is what a token of a list holds, sealed: where the next part begins, and
// of which list it is one.
type pageToken struct {
	List  string
	After string // key of the last item of the part before
}

const pageLabel = "page token"

// page returns the part of the items that is asked for, and the token of the next.
// Items are in the order of their keys; list says which list it is, with all that it
// was asked for by.
func page[T any](s *Service, asked Page, list string, items []store.Item[T]) ([]T, string, error) {
	limit := maxPage
	if asked.Limit != nil && *asked.Limit != 0 {
		limit = *asked.Limit
	}
	switch {
	case limit < 0:
		return nil, "", Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 0", limit)
	case limit > maxPage:
		return nil, "", Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value less than or equal to %d", limit, maxPage)
	}
	start := 0
	if asked.Token != "" {
		var token pageToken
		sealed, err := base64.RawURLEncoding.DecodeString(asked.Token)
		if err != nil || s.box.Open(pageLabel, sealed, &token) != nil || token.List != list {
			return nil, "", Invalid("Invalid pagination token.")
		}
		start = len(items)
		for i, item := range items {
			if item.Key > token.After {
				start = i
				break
			}
		}
	}
	end := min(len(items), start+limit)
	out := make([]T, 0, end-start)
	for _, item := range items[start:end] {
		out = append(out, item.Value)
	}
	if end == len(items) {
		return out, "", nil
	}
	sealed, err := s.box.Seal(pageLabel, pageToken{List: list, After: items[end-1].Key})
	return out, base64.RawURLEncoding.EncodeToString(sealed), err
}

// listName names a list by all that it was asked for by, without ambiguity.
func (s *Service) listName(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC("list", parts...))
}

// ListUsers returns the users that the filter means, in the order of their names. Of
// their attributes only those named in wanted are shown; all when it is empty.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
func (a Admin) ListUsers(text string, wanted []string, asked Page) ([]User, string, error) {
	f, err := filter.Parse(text)
	var unknown filter.AttributeError
	switch {
	case errors.As(err, &unknown):
		return nil, "", Invalid("Invalid search attribute: %s", audit.Clip(string(unknown)))
	case err != nil:
		return nil, "", Invalid("Error while parsing filter.").because(err.Error())
	}
	for _, name := range wanted {
		if _, ok := a.pool.attributes().Find(name); !ok {
			return nil, "", Invalid("Input fails to satisfy the constraints.").because("attributesToGet: the pool has no attribute " + audit.Clip(name))
		}
	}
	found, next, err := a.users(asked, a.service.listName(append([]string{a.pool.ID, "users", text}, wanted...)...), func(u user) bool {
		return f.Matches(u.searched(f.Attribute))
	})
	if err != nil || len(wanted) == 0 {
		return found, next, err
	}
	for i := range found {
		if err := found[i].only(wanted); err != nil {
			return nil, "", err
		}
	}
	return found, next, nil
}

// only leaves the wanted attributes. Cognito refuses a list when a user lacks one.
func (u *User) only(wanted []string) error {
	shown := map[string]string{}
	for _, name := range wanted {
		value, has := u.Attributes[name]
		if name == "sub" {
			continue
		}
		if !has {
			return Invalid("Input fails to satisfy the constraints.").because(fmt.Sprintf("attributesToGet: the user %s has no %s", u.Username, name))
		}
		shown[name] = value
	}
	u.Attributes = shown
	if !slices.Contains(wanted, "sub") {
		u.Sub = ""
	}
	return nil
}

// searched is the value of an attribute that users are searched by.
func (u user) searched(attribute string) string {
	switch attribute {
	case "username":
		return u.Username
	case "sub":
		return u.Sub
	case filter.UserStatus:
		return u.Status
	case filter.Status:
		if u.Enabled {
			return "Enabled"
		}
		return "Disabled"
	}
	return u.Attributes[attribute]
}

// users returns the part of a list of the pool's users.
func (a Admin) users(asked Page, list string, wanted func(user) bool) ([]User, string, error) {
	var items []store.Item[user]
	err := a.service.cfg.Store.View(func(tx *store.Tx) (err error) {
		items, err = users.List(tx, a.pool.ID+"/")
		return err
	})
	if err != nil {
		return nil, "", err
	}
	items = slices.DeleteFunc(items, func(item store.Item[user]) bool { return !wanted(item.Value) })
	found, next, err := page(a.service, asked, list, items)
	out := make([]User, 0, len(found))
	for _, u := range found {
		out = append(out, u.view())
	}
	return out, next, err
}
