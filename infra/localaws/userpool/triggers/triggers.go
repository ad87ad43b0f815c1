// Package triggers is what user pools and Lambda functions say to each other: the
// events that Cognito sends, and how it reads what functions answer. It is pure: who
// calls the function, and what follows from its answer, is package userpool's.
//
// Member names are compared to the letter, and what is not documented is refused: a
// function must not get through here what it would not get through on AWS.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
package triggers

import (
	"encoding/json"
	"fmt"
)

// The triggers by the names that Cognito's messages have them under.
const (
	PreSignUp          = "PreSignUp"
	PostConfirmation   = "PostConfirmation"
	PreAuthentication  = "PreAuthentication"
	PostAuthentication = "PostAuthentication"
	PreTokenGeneration = "PreTokenGeneration"
)

// The sources of events: which trigger, and what set it off.
const (
	SourceSignUp                = "PreSignUp_SignUp"
	SourceAdminCreateUser       = "PreSignUp_AdminCreateUser"
	SourceExternalProvider      = "PreSignUp_ExternalProvider"
	SourceConfirmSignUp         = "PostConfirmation_ConfirmSignUp"
	SourceConfirmForgotPassword = "PostConfirmation_ConfirmForgotPassword"
	SourcePreAuthentication     = "PreAuthentication_Authentication"
	SourcePostAuthentication    = "PostAuthentication_Authentication"
	SourceHostedAuth            = "TokenGeneration_HostedAuth"
	SourceAuthentication        = "TokenGeneration_Authentication"
	SourceNewPassword           = "TokenGeneration_NewPasswordChallenge"
	SourceRefreshTokens         = "TokenGeneration_RefreshTokens"
)

// NoClient stands for the app client in events of the administrator's operations.
const NoClient = "CLIENT_ID_NOT_APPLICABLE"

// Versions of the pre token generation event, as LambdaConfig names them.
const (
	V1 = "V1_0" // the ID token, and the groups in both
	V2 = "V2_0" // the access token and its scopes too, and claims of any JSON type
)

// Request is what all events have in common.
type Request struct {
	Source         string // one of the Source constants
	Region         string
	UserPoolID     string
	ClientID       string // NoClient when no app client has part in it
	Username       string
	UserAttributes map[string]string
	ClientMetadata map[string]string // as the caller of the API gave it; left out when empty
}

// Groups are a user's groups as tokens show them.
type Groups struct {
	Names     []string // cognito:groups
	Roles     []string // cognito:roles, ARNs
	Preferred string   // cognito:preferred_role, an ARN or ""
}

type callerContext struct {
	AWSSDKVersion string `json:"awsSdkVersion"`
	ClientID      string `json:"clientId"`
}

type event struct {
	Version       string         `json:"version"`
	TriggerSource string         `json:"triggerSource"`
	Region        string         `json:"region"`
	UserPoolID    string         `json:"userPoolId"`
	Username      string         `json:"userName"`
	CallerContext callerContext  `json:"callerContext"`
	Request       map[string]any `json:"request"`
	Response      any            `json:"response"`
}

func (r Request) event(version string, more map[string]any, response any) ([]byte, error) {
	if r.UserAttributes == nil {
		r.UserAttributes = map[string]string{}
	}
	e := event{
		Version: version, TriggerSource: r.Source, Region: r.Region, UserPoolID: r.UserPoolID, Username: r.Username,
		CallerContext: callerContext{AWSSDKVersion: "aws-sdk-unknown-unknown", ClientID: r.ClientID},
		Request:       map[string]any{"userAttributes": r.UserAttributes}, Response: response,
	}
	if len(r.ClientMetadata) > 0 {
		e.Request["clientMetadata"] = r.ClientMetadata
	}
	for name, value := range more {
		e.Request[name] = value
	}
	out, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("making the event %s: %w", r.Source, err)
	}
	return out, nil
}

// PreSignUpEvent is sent before a user is made. validationData is null in the event
// when there is none.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
func PreSignUpEvent(r Request, validationData map[string]string) ([]byte, error) {
	return r.event("1", map[string]any{"validationData": validationData},
		map[string]bool{"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false})
}

// PostConfirmationEvent is sent after a user was confirmed, or has a new password by
// a code.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
func PostConfirmationEvent(r Request) ([]byte, error) {
	return r.event("1", nil, struct{}{})
}

// PreAuthenticationEvent is sent before a user who signs in is asked for the proof.
// found is false when there is no such user, and the client hides that.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html
func PreAuthenticationEvent(r Request, validationData map[string]string, found bool) ([]byte, error) {
	return r.event("1", map[string]any{"validationData": validationData, "userNotFound": !found}, struct{}{})
}

// PostAuthenticationEvent is sent after a user has signed in, before there are tokens.
// No device is remembered, so none is new.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html
func PostAuthenticationEvent(r Request) ([]byte, error) {
	return r.event("1", map[string]any{"newDeviceUsed": false}, struct{}{})
}

// TokenGenerationEvent is sent before tokens are made, in the version V1 or V2. Only
// the latter says which scopes the access token is to have.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
func TokenGenerationEvent(version string, r Request, g Groups, scopes []string) ([]byte, error) {
	configuration := map[string]any{"groupsToOverride": orEmpty(g.Names), "iamRolesToOverride": orEmpty(g.Roles), "preferredRole": nil}
	if g.Preferred != "" {
		configuration["preferredRole"] = g.Preferred
	}
	more := map[string]any{"groupConfiguration": configuration}
	if version == V1 {
		return r.event("1", more, map[string]any{"claimsOverrideDetails": nil})
	}
	more["scopes"] = orEmpty(scopes)
	return r.event("2", more, map[string]any{"claimsAndScopeOverrideDetails": nil})
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
