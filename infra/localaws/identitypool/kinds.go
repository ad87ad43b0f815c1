package identitypool

import "auth-api/infra/localaws/declared"

// Pool is an identity pool (aws:cognito/identityPool:IdentityPool). Its id is
// REGION:UUID.
type Pool struct {
	Name                           string            `json:"identityPoolName" aws:"required"`
	AllowUnauthenticatedIdentities bool              `json:"allowUnauthenticatedIdentities,omitempty"`
	AllowClassicFlow               bool              `json:"allowClassicFlow,omitempty"`
	CognitoIdentityProviders       []Provider        `json:"cognitoIdentityProviders,omitempty"`
	Tags                           map[string]string `json:"tags,omitempty"`
	TagsAll                        map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN                            string            `json:"arn,omitempty" aws:"computed"`
}

// Provider is a user pool client whose ID tokens the identity pool takes.
type Provider struct {
	ClientID             string `json:"clientId"`
	ProviderName         string `json:"providerName"` // cognito-idp.REGION.amazonaws.com/POOL
	ServerSideTokenCheck bool   `json:"serverSideTokenCheck,omitempty"`
}

// RoleAttachment says which roles the pool's identities get
// (aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment). Its id is the
// identity pool's.
type RoleAttachment struct {
	IdentityPoolID string            `json:"identityPoolId" aws:"required,replace"`
	Roles          map[string]string `json:"roles" aws:"required"` // authenticated, unauthenticated → role ARN
	RoleMappings   []RoleMapping     `json:"roleMappings,omitempty"`
}

type RoleMapping struct {
	IdentityProvider        string        `json:"identityProvider"`
	Type                    string        `json:"type"`                              // Token, Rules
	AmbiguousRoleResolution string        `json:"ambiguousRoleResolution,omitempty"` // AuthenticatedRole, Deny
	MappingRules            []MappingRule `json:"mappingRules,omitempty"`
}

type MappingRule struct {
	Claim     string `json:"claim"`
	MatchType string `json:"matchType"`
	RoleARN   string `json:"roleArn"`
	Value     string `json:"value"`
}

const (
	Pools           declared.Kind[Pool]           = "cognito.IdentityPool"
	RoleAttachments declared.Kind[RoleAttachment] = "cognito.IdentityPoolRoleAttachment"
)
