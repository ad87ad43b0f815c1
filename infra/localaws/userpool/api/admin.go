package api

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/wire"
)

// The administrator's operations, which are signed.

type adminOperation func(*call, userpool.Admin) (any, error)

// adminOperations are those that IAM lets in.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
var adminOperations = map[string]adminOperation{
	"AdminCreateUser":             (*call).adminCreateUser,
	"AdminSetUserPassword":        (*call).adminSetUserPassword,
	"AdminResetUserPassword":      onUser("a new password is to be chosen by a code", userpool.Admin.ResetPassword),
	"AdminGetUser":                (*call).adminGetUser,
	"AdminConfirmSignUp":          onUser("sign-up confirmed", userpool.Admin.ConfirmSignUp),
	"AdminDisableUser":            onUser("disabled", userpool.Admin.Disable),
	"AdminEnableUser":             onUser("enabled", userpool.Admin.Enable),
	"AdminDeleteUser":             onUser("deleted", userpool.Admin.Delete),
	"AdminUserGlobalSignOut":      onUser("signed out everywhere", userpool.Admin.GlobalSignOut),
	"AdminUpdateUserAttributes":   (*call).adminUpdateUserAttributes,
	"AdminDeleteUserAttributes":   (*call).adminDeleteUserAttributes,
	"AdminSetUserMFAPreference":   (*call).adminSetUserMFAPreference,
	"AdminAddUserToGroup":         onMember("added to the group", userpool.Admin.AddToGroup),
	"AdminRemoveUserFromGroup":    onMember("removed from the group", userpool.Admin.RemoveFromGroup),
	"AdminListGroupsForUser":      (*call).adminListGroupsForUser,
	"AdminInitiateAuth":           (*call).adminInitiateAuth,
	"AdminRespondToAuthChallenge": (*call).adminRespondToAuthChallenge,
	"ListUsers":                   (*call).listUsers,
	"ListUsersInGroup":            (*call).listUsersInGroup,
	"ListGroups":                  (*call).listGroups,
	"GetGroup":                    (*call).getGroup,
	"DescribeUserPool":            (*call).describeUserPool,
	"DescribeUserPoolClient":      (*call).describeUserPoolClient,
}

var poolID = regexp.MustCompile(`^[\w-]{1,55}_[0-9a-zA-Z]{1,55}$`)

// administer has the caller admitted, and then runs the operation. A request that
// names no pool is one on any: it is refused to callers who may not touch them all,
// before it is told what is wrong with it.
func (a *API) administer(c *call, r *http.Request, run adminOperation) (any, error) {
	var in struct {
		UserPoolId string `required:"userPoolId"`
	}
	malformed := c.decode(&in)
	if malformed == nil && !poolID.MatchString(in.UserPoolId) {
		malformed = userpool.Invalid("1 validation error detected: Value at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+")
	}
	resource := a.pools.PoolARN("*")
	if malformed == nil {
		resource = a.pools.PoolARN(in.UserPoolId)
	}
	if a.Admit == nil {
		return nil, wire.NewError("AccessDeniedException", "Nobody is let in to cognito-idp:"+c.name+" here.")
	}
	if err := a.Admit(r, c.body, "cognito-idp:"+c.name, resource); err != nil {
		return nil, err
	}
	if malformed != nil {
		return nil, malformed
	}
	c.signed = true
	extra, err := c.extra()
	if err != nil {
		return nil, err
	}
	admin, err := c.pools.Admin(c.ctx, in.UserPoolId, extra)
	if err != nil {
		return nil, err
	}
	return run(c, admin)
}

// onUser is an operation that takes a user and answers nothing.
func onUser(reason string, do func(userpool.Admin, string) error) adminOperation {
	return func(c *call, a userpool.Admin) (any, error) {
		var in struct {
			Username string `required:"username"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if err := do(a, in.Username); err != nil {
			return nil, err
		}
		return c.allow(audit.Clip(in.Username), reason, struct{}{})
	}
}

// onMember is an operation that takes a user and a group, and answers nothing.
func onMember(reason string, do func(a userpool.Admin, name, group string) error) adminOperation {
	return func(c *call, a userpool.Admin) (any, error) {
		var in struct {
			Username  string `required:"username"`
			GroupName string `required:"groupName"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if err := do(a, in.Username, in.GroupName); err != nil {
			return nil, err
		}
		return c.allow(audit.Clip(in.Username), reason+" "+audit.Clip(in.GroupName), struct{}{})
	}
}

// epoch is a time as the JSON protocol has it: seconds since 1970, with a fraction.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}

// userType is Cognito's UserType.
type userType struct {
	Username             string
	Attributes           []nameValue
	UserCreateDate       epoch
	UserLastModifiedDate epoch
	Enabled              bool
	UserStatus           string
}

func describeUser(u userpool.User) userType {
	return userType{u.Username, attributeList(u), epoch(u.Created), epoch(u.Modified), u.Enabled, u.Status}
}

// attributeList has sub first, as on AWS.
func attributeList(u userpool.User) []nameValue {
	list := []nameValue{}
	if u.Sub != "" {
		list = append(list, nameValue{"sub", u.Sub})
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		list = append(list, nameValue{name, u.Attributes[name]})
	}
	return list
}

// adminCreateUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
func (c *call) adminCreateUser(a userpool.Admin) (any, error) {
	var in struct {
		Username               string `required:"username"`
		UserAttributes         []nameValue
		TemporaryPassword      string
		MessageAction          string
		DesiredDeliveryMediums []string
		ForceAliasCreation     bool
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.CreateUser(userpool.NewUser{
		Username: in.Username, Attributes: attributeMap(in.UserAttributes), TemporaryPassword: in.TemporaryPassword,
		MessageAction: in.MessageAction, Mediums: in.DesiredDeliveryMediums, ForceAlias: in.ForceAliasCreation,
	})
	if err != nil {
		return nil, err
	}
	reason := "made"
	if in.MessageAction == "RESEND" {
		reason = "invited again"
	}
	return c.allow(u.Username, reason, struct{ User userType }{describeUser(u)})
}

// adminSetUserPassword: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
func (c *call) adminSetUserPassword(a userpool.Admin) (any, error) {
	var in struct {
		Username  string `required:"username"`
		Password  string `required:"password"`
		Permanent bool
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := a.SetPassword(in.Username, in.Password, in.Permanent); err != nil {
		return nil, err
	}
	return c.allow(audit.Clip(in.Username), "password set", struct{}{})
}

// adminGetUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
func (c *call) adminGetUser(a userpool.Admin) (any, error) {
	var in struct {
		Username string `required:"username"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	u, err := a.User(in.Username)
	if err != nil {
		return nil, err
	}
	return c.allow(u.Username, "read", struct {
		Username             string
		UserAttributes       []nameValue
		UserCreateDate       epoch
		UserLastModifiedDate epoch
		Enabled              bool
		UserStatus           string
		UserMFASettingList   []string `json:",omitempty"`
		PreferredMfaSetting  string   `json:",omitempty"`
	}{u.Username, attributeList(u), epoch(u.Created), epoch(u.Modified), u.Enabled, u.Status, u.Factors, u.PreferredFactor})
}

// adminUpdateUserAttributes: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
func (c *call) adminUpdateUserAttributes(a userpool.Admin) (any, error) {
	var in struct {
		Username       string `required:"username"`
		UserAttributes []nameValue
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := a.UpdateAttributes(in.Username, attributeMap(in.UserAttributes)); err != nil {
		return nil, err
	}
	return c.allow(audit.Clip(in.Username), "attributes changed", struct{}{})
}

// adminDeleteUserAttributes: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
func (c *call) adminDeleteUserAttributes(a userpool.Admin) (any, error) {
	var in struct {
		Username           string `required:"username"`
		UserAttributeNames []string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := a.DeleteAttributes(in.Username, in.UserAttributeNames); err != nil {
		return nil, err
	}
	return c.allow(audit.Clip(in.Username), "attributes deleted", struct{}{})
}
