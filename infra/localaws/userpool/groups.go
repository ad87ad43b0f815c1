package userpool

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
)

type declaredGroup = declared.Entry[UserGroup]

// GroupDeclared checks a group that is made or changed. It is called inside the
// provider's transaction.
func (s *Service) GroupDeclared(tx *store.Tx, id string, g UserGroup) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("declaring user group %s: %w", id, fmt.Errorf(format, args...))
	}
	if n := len([]rune(g.Name)); n < 1 || n > 128 {
		return fail("name: it has %d characters, not between 1 and 128", n)
	}
	if g.Precedence != nil && *g.Precedence < 0 {
		return fail("precedence: %d is below 0", *g.Precedence)
	}
	if _, found, err := getPool(tx, g.UserPoolID); err != nil || !found {
		return cmp.Or(err, fail("userPoolId: user pool %q does not exist", g.UserPoolID))
	}
	key := g.UserPoolID + "/" + g.Name
	times, _, err := groupTimes.Get(tx, key)
	if err != nil {
		return err
	}
	times.Modified = s.now()
	if times.Created.IsZero() {
		times.Created = times.Modified
	}
	return groupTimes.Put(tx, key, times)
}

// groupTimes are when groups were made and last changed, under POOL/NAME.
var groupTimes = store.Table[struct{ Created, Modified time.Time }]{Name: "userpool.groupTimes"}

// GroupDeleted takes the group's members out of it. It is called inside the
// provider's transaction.
func (s *Service) GroupDeleted(tx *store.Tx, _ string, g UserGroup) error {
	p, found, err := getPool(tx, g.UserPoolID)
	if err != nil || !found {
		return err
	}
	if err := groupTimes.Delete(tx, g.UserPoolID+"/"+g.Name); err != nil {
		return err
	}
	items, err := users.List(tx, p.ID+"/")
	if err != nil {
		return err
	}
	for _, item := range items {
		if slices.Contains(item.Value.Groups, g.Name) {
			if err := s.setGroup(tx, p, item.Value, g.Name, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// UserInGroupDeclared puts the user into the group. It is called inside the
// provider's transaction, after user and group are there.
func (s *Service) UserInGroupDeclared(tx *store.Tx, id string, m UserInGroup) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("declaring group membership %s: %w", id, fmt.Errorf(format, args...))
	}
	p, found, err := getPool(tx, m.UserPoolID)
	if err != nil || !found {
		return cmp.Or(err, fail("userPoolId: user pool %q does not exist", m.UserPoolID))
	}
	groups, err := UserGroups.All(tx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(groups, func(g declaredGroup) bool {
		return g.Value.UserPoolID == m.UserPoolID && g.Value.Name == m.GroupName
	}) {
		return fail("groupName: the pool has no group %q", m.GroupName)
	}
	u, found, err := p.findUser(tx, m.Username)
	if err != nil || !found {
		return cmp.Or(err, fail("username: the pool has no user %q", m.Username))
	}
	return s.setGroup(tx, p, u, m.GroupName, true)
}

// ReadUserInGroup says whether the user still is in the group, for a refresh of the
// stack.
func (s *Service) ReadUserInGroup(tx *store.Tx, m *UserInGroup) (bool, error) {
	p, found, err := getPool(tx, m.UserPoolID)
	if err != nil || !found {
		return false, err
	}
	u, found, err := p.findUser(tx, m.Username)
	return found && slices.Contains(u.Groups, m.GroupName), err
}

// UserInGroupDeleted takes the user out of the group. It is called inside the
// provider's transaction.
func (s *Service) UserInGroupDeleted(tx *store.Tx, _ string, m UserInGroup) error {
	p, found, err := getPool(tx, m.UserPoolID)
	if err != nil || !found {
		return err
	}
	u, found, err := p.findUser(tx, m.Username)
	if err != nil || !found {
		return err
	}
	return s.setGroup(tx, p, u, m.GroupName, false)
}

func (s *Service) setGroup(tx *store.Tx, p pool, u user, group string, member bool) error {
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(g string) bool { return g == group })
	if member {
		u.Groups = append(u.Groups, group)
		slices.Sort(u.Groups)
	}
	return s.saveUser(tx, p, u)
}

// groupClaims are what a user's groups put into the tokens: their names by
// precedence, and in ID tokens their roles; the preferred one is the first's, when
// no other group of the same precedence has another role.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
func groupClaims(tx *store.Tx, u user, poolID string) (names, roles []string, preferred string, err error) {
	names, roles, preferred, err = declaredGroups(tx, u, poolID)
	for _, f := range u.Identities { // the group that Cognito makes for each provider's users; it has no role
		names = append(names, poolID+"_"+f.Provider)
	}
	return names, roles, preferred, err
}

// declaredGroups are what the groups of the stack put into the tokens.
func declaredGroups(tx *store.Tx, u user, poolID string) (names, roles []string, preferred string, err error) {
	if len(u.Groups) == 0 {
		return nil, nil, "", nil
	}
	all, err := UserGroups.All(tx)
	if err != nil {
		return nil, nil, "", err
	}
	all = slices.DeleteFunc(all, func(g declaredGroup) bool {
		return g.Value.UserPoolID != poolID || !slices.Contains(u.Groups, g.Value.Name)
	})
	const last = int(^uint(0) >> 1) // a group without precedence comes after all that have one
	rank := func(g declaredGroup) int {
		if g.Value.Precedence == nil {
			return last
		}
		return *g.Value.Precedence
	}
	slices.SortStableFunc(all, func(a, b declaredGroup) int { return cmp.Compare(rank(a), rank(b)) })
	var top []string
	for _, g := range all {
		names = append(names, g.Value.Name)
		if g.Value.RoleARN != "" && !slices.Contains(roles, g.Value.RoleARN) {
			roles = append(roles, g.Value.RoleARN)
			if rank(g) == rank(all[0]) {
				top = append(top, g.Value.RoleARN)
			}
		}
	}
	if len(top) == 1 {
		preferred = top[0]
	}
	return names, roles, preferred, nil
}
