package userpool

import (
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/userpool/password"
	"auth-api/infra/localaws/userpool/schema"
)

// Pool is a user pool as it is declared (aws:cognito/userPool:UserPool). Its id is
// REGION_ and nine letters and digits. What it does not say of its password policy, its
// administrators' users, recovery, messages, mail and tier stays as it was at an update.
type Pool struct {
	Name                        string                       `json:"name" aws:"autoname,replace"`
	AliasAttributes             []string                     `json:"aliasAttributes,omitempty" aws:"replace"`
	UsernameAttributes          []string                     `json:"usernameAttributes,omitempty" aws:"replace"`
	UsernameConfiguration       *UsernameConfiguration       `json:"usernameConfiguration,omitempty" aws:"replace"`
	AutoVerifiedAttributes      []string                     `json:"autoVerifiedAttributes,omitempty"`
	PasswordPolicy              *password.Policy             `json:"passwordPolicy,omitempty" aws:"default"`
	AdminCreateUserConfig       *AdminCreateUserConfig       `json:"adminCreateUserConfig,omitempty" aws:"default"`
	AccountRecoverySetting      *AccountRecoverySetting      `json:"accountRecoverySetting,omitempty" aws:"default"`
	UserAttributeUpdateSettings *UserAttributeUpdateSettings `json:"userAttributeUpdateSettings,omitempty"`
	VerificationMessageTemplate *VerificationMessageTemplate `json:"verificationMessageTemplate,omitempty" aws:"default"`
	MFAConfiguration            string                       `json:"mfaConfiguration,omitempty"` // OFF, OPTIONAL, ON; left out it is OFF, whatever it was
	SoftwareTokenMFA            *SoftwareTokenMFA            `json:"softwareTokenMfaConfiguration,omitempty"`
	Schemas                     []schema.Attribute           `json:"schemas,omitempty"`
	UserPoolAddOns              *AddOns                      `json:"userPoolAddOns,omitempty"`
	EmailConfiguration          *EmailConfiguration          `json:"emailConfiguration,omitempty" aws:"default"`
	LambdaConfig                *LambdaConfig                `json:"lambdaConfig,omitempty"`
	DeletionProtection          string                       `json:"deletionProtection,omitempty"`         // ACTIVE, INACTIVE; left out it is INACTIVE, whatever it was
	Tier                        string                       `json:"userPoolTier,omitempty" aws:"default"` // LITE, ESSENTIALS, PLUS
	Tags                        map[string]string            `json:"tags,omitempty"`
	TagsAll                     map[string]string            `json:"tagsAll,omitempty" aws:"computed"`
	ARN                         string                       `json:"arn,omitempty" aws:"computed"`
	Endpoint                    string                       `json:"endpoint,omitempty" aws:"computed"` // cognito-idp.REGION.amazonaws.com/ID
	CreationDate                string                       `json:"creationDate,omitempty" aws:"computed"`
	LastModifiedDate            string                       `json:"lastModifiedDate,omitempty" aws:"computed"`
}

type UsernameConfiguration struct {
	CaseSensitive bool `json:"caseSensitive"`
}

type AdminCreateUserConfig struct {
	AllowAdminCreateUserOnly bool `json:"allowAdminCreateUserOnly,omitempty"`
}

type AccountRecoverySetting struct {
	RecoveryMechanisms []RecoveryMechanism `json:"recoveryMechanisms,omitempty"`
}

type RecoveryMechanism struct {
	Name     string `json:"name"`
	Priority int    `json:"priority"`
}

type UserAttributeUpdateSettings struct {
	AttributesRequireVerificationBeforeUpdates []string `json:"attributesRequireVerificationBeforeUpdates"`
}

type VerificationMessageTemplate struct {
	DefaultEmailOption string `json:"defaultEmailOption,omitempty"` // CONFIRM_WITH_CODE
}

type SoftwareTokenMFA struct {
	Enabled bool `json:"enabled"`
}

// LambdaConfig names the functions that a pool calls, by their ARNs.
type LambdaConfig struct {
	PreSignUp          string `json:"preSignUp,omitempty"`
	PostConfirmation   string `json:"postConfirmation,omitempty"`
	PreAuthentication  string `json:"preAuthentication,omitempty"`
	PostAuthentication string `json:"postAuthentication,omitempty"`
	// PreTokenGeneration is the older way to say PreTokenGenerationConfig with V1_0.
	PreTokenGeneration       string                    `json:"preTokenGeneration,omitempty"`
	PreTokenGenerationConfig *PreTokenGenerationConfig `json:"preTokenGenerationConfig,omitempty"`
}

// PreTokenGenerationConfig is the function that changes tokens, and what it is told.
type PreTokenGenerationConfig struct {
	LambdaARN     string `json:"lambdaArn"`
	LambdaVersion string `json:"lambdaVersion"` // V1_0, V2_0
}

// Client is an app client (aws:cognito/userPoolClient:UserPoolClient). Its id is 26
// lower-case letters and digits.
type Client struct {
	Name                            string                `json:"name" aws:"autoname"`
	UserPoolID                      string                `json:"userPoolId" aws:"required,replace"`
	GenerateSecret                  bool                  `json:"generateSecret,omitempty" aws:"replace"`
	AllowedOAuthFlows               []string              `json:"allowedOauthFlows,omitempty"`
	AllowedOAuthFlowsUserPoolClient bool                  `json:"allowedOauthFlowsUserPoolClient,omitempty"`
	AllowedOAuthScopes              []string              `json:"allowedOauthScopes,omitempty"`
	CallbackURLs                    []string              `json:"callbackUrls,omitempty"`
	DefaultRedirectURI              string                `json:"defaultRedirectUri,omitempty"`
	LogoutURLs                      []string              `json:"logoutUrls,omitempty"`
	SupportedIdentityProviders      []string              `json:"supportedIdentityProviders,omitempty"`
	ExplicitAuthFlows               []string              `json:"explicitAuthFlows,omitempty"`
	PreventUserExistenceErrors      string                `json:"preventUserExistenceErrors,omitempty" aws:"default"` // LEGACY, ENABLED
	EnableTokenRevocation           bool                  `json:"enableTokenRevocation,omitempty" aws:"default"`
	EnablePropagateAdditionalData   bool                  `json:"enablePropagateAdditionalUserContextData,omitempty"`
	AccessTokenValidity             int                   `json:"accessTokenValidity,omitempty"`
	IDTokenValidity                 int                   `json:"idTokenValidity,omitempty"`
	RefreshTokenValidity            int                   `json:"refreshTokenValidity,omitempty" aws:"default"`
	TokenValidityUnits              *TokenValidityUnits   `json:"tokenValidityUnits,omitempty"`
	AuthSessionValidity             int                   `json:"authSessionValidity,omitempty" aws:"default"` // minutes
	ReadAttributes                  []string              `json:"readAttributes,omitempty"`
	WriteAttributes                 []string              `json:"writeAttributes,omitempty"`
	RefreshTokenRotation            *RefreshTokenRotation `json:"refreshTokenRotation,omitempty"`
	ClientSecret                    string                `json:"clientSecret,omitempty" aws:"computed,secret"`
}

// RefreshTokenRotation gives a new refresh token at every refresh. The old one is
// taken for RetryGracePeriodSeconds more (0 to 60).
type RefreshTokenRotation struct {
	Feature                 string `json:"feature"` // ENABLED, DISABLED
	RetryGracePeriodSeconds int    `json:"retryGracePeriodSeconds,omitempty"`
}

// TokenValidityUnits: seconds, minutes, hours or days.
type TokenValidityUnits struct {
	AccessToken  string `json:"accessToken,omitempty"`
	IDToken      string `json:"idToken,omitempty"`
	RefreshToken string `json:"refreshToken,omitempty"`
}

// Domain is the hosted sign-in's address (aws:cognito/userPoolDomain:UserPoolDomain).
// Its id is the domain's prefix.
type Domain struct {
	Domain              string `json:"domain" aws:"required,replace"`
	UserPoolID          string `json:"userPoolId" aws:"required,replace"`
	ManagedLoginVersion int    `json:"managedLoginVersion,omitempty" aws:"default"`
	AWSAccountID        string `json:"awsAccountId,omitempty" aws:"computed"`
}

// DeclaredUser is a user that the stack declares (aws:cognito/user:User). Its id is
// POOL/USERNAME.
type DeclaredUser struct {
	UserPoolID             string            `json:"userPoolId" aws:"required,replace"`
	Username               string            `json:"username" aws:"required,replace"`
	Password               string            `json:"password,omitempty" aws:"secret"`
	TemporaryPassword      string            `json:"temporaryPassword,omitempty" aws:"secret"`
	Attributes             map[string]string `json:"attributes,omitempty"`
	Enabled                *bool             `json:"enabled,omitempty"`
	MessageAction          string            `json:"messageAction,omitempty"` // SUPPRESS, RESEND
	DesiredDeliveryMediums []string          `json:"desiredDeliveryMediums,omitempty"`
	Sub                    string            `json:"sub,omitempty" aws:"computed"`
	Status                 string            `json:"status,omitempty" aws:"computed"`
	CreationDate           string            `json:"creationDate,omitempty" aws:"computed"`
	LastModifiedDate       string            `json:"lastModifiedDate,omitempty" aws:"computed"`
}

const (
	Pools         declared.Kind[Pool]         = "cognito.UserPool"
	Clients       declared.Kind[Client]       = "cognito.UserPoolClient"
	Domains       declared.Kind[Domain]       = "cognito.UserPoolDomain"
	DeclaredUsers declared.Kind[DeclaredUser] = "cognito.User"
)

// UserGroup is a group of a pool (aws:cognito/userGroup:UserGroup). Its id is
// POOL/NAME.
type UserGroup struct {
	Name        string `json:"name" aws:"required,replace"`
	UserPoolID  string `json:"userPoolId" aws:"required,replace"`
	Description string `json:"description,omitempty"`
	Precedence  *int   `json:"precedence,omitempty"`
	RoleARN     string `json:"roleArn,omitempty"`
}

// UserInGroup makes a user a member of a group (aws:cognito/userInGroup:UserInGroup).
// Its id is POOL/NAME/USERNAME.
type UserInGroup struct {
	UserPoolID string `json:"userPoolId" aws:"required,replace"`
	GroupName  string `json:"groupName" aws:"required,replace"`
	Username   string `json:"username" aws:"required,replace"`
}

const (
	UserGroups   declared.Kind[UserGroup]   = "cognito.UserGroup"
	UsersInGroup declared.Kind[UserInGroup] = "cognito.UserInGroup"
)
