package api

import "auth-api/infra/localaws/userpool"

// The administrator's operations that list and describe.

// groupType is Cognito's GroupType.
type groupType struct {
	GroupName        string
	UserPoolId       string
	Description      string `json:",omitempty"`
	RoleArn          string `json:",omitempty"`
	Precedence       *int   `json:",omitempty"`
	LastModifiedDate epoch
	CreationDate     epoch
}

func describeGroup(poolID string, g userpool.Group) groupType {
	return groupType{g.Name, poolID, g.Description, g.RoleARN, g.Precedence, epoch(g.Modified), epoch(g.Created)}
}

// listed is the answer of the operations whose token is called NextToken.
type listed struct {
	Groups    []groupType `json:",omitzero"`
	Users     []userType  `json:",omitzero"`
	NextToken string      `json:",omitempty"`
}

func usersOf(found []userpool.User) []userType {
	list := []userType{}
	for _, u := range found {
		list = append(list, describeUser(u))
	}
	return list
}

func groupsOf(a userpool.Admin, found []userpool.Group) []groupType {
	list := []groupType{}
	for _, g := range found {
		list = append(list, describeGroup(a.PoolID(), g))
	}
	return list
}

// listUsers: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
func (c *call) listUsers(a userpool.Admin) (any, error) {
	var in struct {
		Filter          string
		AttributesToGet []string
		Limit           *int
		PaginationToken string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	found, next, err := a.ListUsers(in.Filter, in.AttributesToGet, userpool.Page{Limit: in.Limit, Token: in.PaginationToken})
	if err != nil {
		return nil, err
	}
	return c.allow("", "listed", struct {
		Users           []userType
		PaginationToken string `json:",omitempty"`
	}{usersOf(found), next})
}

// listUsersInGroup: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
func (c *call) listUsersInGroup(a userpool.Admin) (any, error) {
	var in struct {
		GroupName string `required:"groupName"`
		Limit     *int
		NextToken string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	found, next, err := a.ListUsersInGroup(in.GroupName, userpool.Page{Limit: in.Limit, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	return c.allow("", "listed", listed{Users: usersOf(found), NextToken: next})
}

// listGroups: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html
func (c *call) listGroups(a userpool.Admin) (any, error) {
	var in struct {
		Limit     *int
		NextToken string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	found, next, err := a.ListGroups(userpool.Page{Limit: in.Limit, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	return c.allow("", "listed", listed{Groups: groupsOf(a, found), NextToken: next})
}

// adminListGroupsForUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html
func (c *call) adminListGroupsForUser(a userpool.Admin) (any, error) {
	var in struct {
		Username  string `required:"username"`
		Limit     *int
		NextToken string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	found, next, err := a.GroupsOf(in.Username, userpool.Page{Limit: in.Limit, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	return c.allow("", "listed", listed{Groups: groupsOf(a, found), NextToken: next})
}

// getGroup: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetGroup.html
func (c *call) getGroup(a userpool.Admin) (any, error) {
	var in struct {
		GroupName string `required:"groupName"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := a.Group(in.GroupName)
	if err != nil {
		return nil, err
	}
	return c.allow("", "read", struct{ Group groupType }{describeGroup(a.PoolID(), g)})
}
