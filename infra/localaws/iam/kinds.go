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
	ManagedPolicyARNs   []string          `json:"managedPolicyArns,omitempty"` // all that are attached, when it is given
	InlinePolicies      []InlinePolicy    `json:"inlinePolicies,omitempty"`    // all there are, when it is given
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

// InlinePolicy is an inline policy that a role's own declaration holds.
type InlinePolicy struct {
	Name   string `json:"name"`
	Policy string `json:"policy"`
}

// Policy is a managed policy of the account (aws:iam/policy:Policy). Its id is its ARN.
type Policy struct {
	Name        string            `json:"name" aws:"replace,autoname"`
	Path        string            `json:"path,omitempty" aws:"replace,default"`
	Description string            `json:"description,omitempty" aws:"replace"`
	Policy      string            `json:"policy" aws:"required"`
	Tags        map[string]string `json:"tags,omitempty"`
	TagsAll     map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN         string            `json:"arn,omitempty" aws:"computed"`
	PolicyID    string            `json:"policyId,omitempty" aws:"computed"` // ANPA…

	// AttachmentCount is how many roles had the policy when it was made, which is none.
	// It does not follow later attachments: it would make the next plan show a change.
	AttachmentCount int `json:"attachmentCount" aws:"computed"`
}

// RolePolicyAttachment attaches a managed policy to a role
// (aws:iam/rolePolicyAttachment:RolePolicyAttachment). Its id is ROLE/POLICY-ARN.
type RolePolicyAttachment struct {
	Role      string `json:"role" aws:"required,replace"`      // name of the role
	PolicyARN string `json:"policyArn" aws:"required,replace"` // of the account, or AWS's own
}

// The kinds of resources of this room.
const (
	Roles                 declared.Kind[Role]                 = "iam.Role"
	RolePolicies          declared.Kind[RolePolicy]           = "iam.RolePolicy"
	Policies              declared.Kind[Policy]               = "iam.Policy"
	RolePolicyAttachments declared.Kind[RolePolicyAttachment] = "iam.RolePolicyAttachment"
)
