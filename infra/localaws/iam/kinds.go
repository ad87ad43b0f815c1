package iam

import "auth-api/infra/localaws/declared"

// Role is an IAM role as it is declared (aws:iam/role:Role). Its id is its name.
type Role struct {
	Name                string            `json:"name" aws:"replace,autoname"`
	AssumeRolePolicy    string            `json:"assumeRolePolicy" aws:"required"`
	Description         string            `json:"description,omitempty"`
	Path                string            `json:"path,omitempty" aws:"replace,default"`
	MaxSessionDuration  int               `json:"maxSessionDuration,omitempty" aws:"default"` // seconds
	PermissionsBoundary string            `json:"permissionsBoundary,omitempty"`              // ARN of a managed policy
	ForceDetachPolicies bool              `json:"forceDetachPolicies,omitempty"`
	Tags                map[string]string `json:"tags,omitempty"`
	TagsAll             map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN                 string            `json:"arn,omitempty" aws:"computed"`
	UniqueID            string            `json:"uniqueId,omitempty" aws:"computed"` // AROA…
	CreateDate          string            `json:"createDate,omitempty" aws:"computed"`
}

// RolePolicy is an inline policy of a role (aws:iam/rolePolicy:RolePolicy). Its id
// is ROLE:NAME.
type RolePolicy struct {
	Name   string `json:"name" aws:"replace,autoname"`
	Role   string `json:"role" aws:"required,replace"` // name of the role
	Policy string `json:"policy" aws:"required"`
}

const (
	Roles        declared.Kind[Role]       = "iam.Role"
	RolePolicies declared.Kind[RolePolicy] = "iam.RolePolicy"
)
