package userpool

import (
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

// Group is a group as administrators see one.
type Group struct {
	Name, Description string
	Precedence        *int
	RoleARN           string
	Created, Modified time.Time
}

var errNoGroup = Refuse("ResourceNotFoundException", "Group not found.")

// groups reads the pool's groups, in the order of their names.
func (a Admin) groups(tx *store.Tx) ([]store.Item[Group], error) {
	all, err := UserGroups.All(tx)
	if err != nil {
		return nil, err
	}
	var out []store.Item[Group]
	for _, entry := range all {
		g := entry.Value
		if g.UserPoolID != a.pool.ID {
			continue
		}
		times, _, err := groupTimes.Get(tx, a.pool.ID+"/"+g.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, store.Item[Group]{Key: g.Name, Value: Group{
			Name: g.Name, Description: g.Description, Precedence: g.Precedence, RoleARN: g.RoleARN, Created: times.Created, Modified: times.Modified,
		}})
	}
	slices.SortFunc(out, func(x, y store.Item[Group]) int { return strings.Compare(x.Key, y.Key) })
	return out, nil
}

func (a Admin) group(tx *store.Tx, name string) (Group, error) {
	all, err := a.groups(tx)
	if err != nil {
		return Group{}, err
	}
	for _, item := range all {
		if item.Key == name {
			return item.Value, nil
		}
	}
	return Group{}, errNoGroup
}

// Group returns the group of this name.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetGroup.html
func (a Admin) Group(name string) (g Group, err error) {
	err = a.service.cfg.Store.View(func(tx *store.Tx) (err error) {
		g, err = a.group(tx, name)
		return err
	})
	return g, err
}

// ListGroups returns the pool's groups, in the order of their names.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html
func (a Admin) ListGroups(asked Page) ([]Group, string, error) {
	var items []store.Item[Group]
	err := a.service.cfg.Store.View(func(tx *store.Tx) (err error) {
		items, err = a.groups(tx)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return page(a.service, asked, a.service.listName(a.pool.ID, "groups"), items)
}

// AddToGroup puts the user into a group of the pool.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminAddUserToGroup.html
func (a Admin) AddToGroup(name, group string) error { return a.setGroup(name, group, true) }

// RemoveFromGroup takes the user out of a group of the pool. A stack that declares the
// membership makes it again at its next deployment.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRemoveUserFromGroup.html
func (a Admin) RemoveFromGroup(name, group string) error { return a.setGroup(name, group, false) }

func (a Admin) setGroup(name, group string, member bool) error {
	return a.change(name, func(tx *store.Tx, u user) error {
		if _, err := a.group(tx, group); err != nil {
			return err
		}
		return a.service.setGroup(tx, a.pool, u, group, member)
	})
}

// GroupsOf returns the groups that the user is in, in the order of their names.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html
func (a Admin) GroupsOf(name string, asked Page) ([]Group, string, error) {
	var u user
	var items []store.Item[Group]
	err := a.service.cfg.Store.View(func(tx *store.Tx) (err error) {
		if u, err = a.find(tx, name); err != nil {
			return err
		}
		items, err = a.groups(tx)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	items = slices.DeleteFunc(items, func(item store.Item[Group]) bool { return !slices.Contains(u.Groups, item.Key) })
	return page(a.service, asked, a.service.listName(a.pool.ID, "groups of", u.Sub), items)
}

// ListUsersInGroup returns the members of a group, in the order of their names.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
func (a Admin) ListUsersInGroup(group string, asked Page) ([]User, string, error) {
	if _, err := a.Group(group); err != nil {
		return nil, "", err
	}
	return a.users(asked, a.service.listName(a.pool.ID, "users of", group), func(u user) bool { return slices.Contains(u.Groups, group) })
}
