// Package caller tells a function who called it, in one form for every kind of
// authorization that a route can have: AWS_IAM, a Cognito user pool authorizer, a
// Lambda authorizer, or none.
//
// It reads what API Gateway put into the event after it had verified the caller.
// Nothing that the client wrote itself (headers, query, body) is looked at.
package caller

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Kind says what sort of caller it was.
type Kind string

// The kinds of callers.
const (
	Anonymous  Kind = "anonymous"  // the route asks for no authorization
	Guest      Kind = "guest"      // an identity of an identity pool that has not signed in
	SignedIn   Kind = "user"       // a user who has signed in, known by an identity pool or by a token
	Client     Kind = "client"     // an app client on its own behalf (OAuth client credentials)
	IAM        Kind = "iam"        // a role or IAM user of an AWS account
	Authorized Kind = "authorized" // a principal of a Lambda authorizer
)

// Caller is who called. Fields that the route's kind of authorization does not tell
// are empty.
type Caller struct {
	Kind           Kind   `json:"kind"`
	IdentityID     string `json:"identityId,omitempty"`     // in the identity pool, such as us-west-2:1d0e…
	IdentityPoolID string `json:"identityPoolId,omitempty"` // such as us-west-2:7f3a…
	User           *User  `json:"user,omitempty"`           // nil unless a user pool vouches for one
	ClientID       string `json:"clientId,omitempty"`       // app client that the token was issued to
	ARN            string `json:"arn,omitempty"`            // of the IAM principal that signed
	PrincipalID    string `json:"principalId,omitempty"`    // that a Lambda authorizer gave
}

// User is a user of a Cognito user pool. Sub and PoolID are always known. A request
// signed with credentials of an identity pool carries no more than these.
type User struct {
	Sub      string   `json:"sub"`
	PoolID   string   `json:"userPoolId"`
	Username string   `json:"username,omitempty"`
	Email    string   `json:"email,omitempty"`  // in ID tokens with scope email
	Groups   []string `json:"groups,omitempty"` // cognito:groups
	Scopes   []string `json:"scopes,omitempty"` // in access tokens
}

// From returns the caller of a request of a REST API's Lambda proxy integration.
//
// Fields: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#context-variable-reference
func From(request events.APIGatewayProxyRequest) Caller {
	identity := request.RequestContext.Identity
	if identity.CognitoIdentityID != "" || identity.UserArn != "" {
		return fromIAM(identity)
	}
	authorizer := request.RequestContext.Authorizer
	if claims, ok := authorizer["claims"].(map[string]any); ok {
		return fromClaims(claims)
	}
	if principal := text(authorizer, "principalId"); principal != "" {
		return Caller{Kind: Authorized, PrincipalID: principal}
	}
	return Caller{Kind: Anonymous}
}

func fromIAM(identity events.APIGatewayRequestIdentity) Caller {
	c := Caller{
		Kind:           IAM,
		IdentityID:     identity.CognitoIdentityID,
		IdentityPoolID: identity.CognitoIdentityPoolID,
		ARN:            identity.UserArn,
	}
	switch {
	case identity.CognitoIdentityID == "":
	case identity.CognitoAuthenticationType == "authenticated":
		c.Kind = SignedIn
		c.User = poolUser(identity.CognitoAuthenticationProvider)
	default:
		c.Kind = Guest // anything but a plain "authenticated" is trusted with no more than a guest is
	}
	return c
}

// poolUser reads the user from cognitoAuthenticationProvider, which is
//
//	cognito-idp.REGION.amazonaws.com/POOL,cognito-idp.REGION.amazonaws.com/POOL:CognitoSignIn:SUB
//
// for one who signed in through a user pool. It returns nil for other providers, and
// when an identity is linked to several users, as there is then no telling which.
//
// Form: https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
func poolUser(provider string) *User {
	var found *User
	for part := range strings.SplitSeq(provider, ",") {
		issuer, sub, ok := strings.Cut(part, ":CognitoSignIn:")
		if !ok {
			continue
		}
		pool, ok := poolOfIssuer(issuer)
		if !ok || sub == "" {
			continue
		}
		if found != nil {
			return nil
		}
		found = &User{Sub: sub, PoolID: pool}
	}
	return found
}

// fromClaims reads the claims of an ID or access token that a Cognito authorizer
// has verified. API Gateway hands all of them over as strings.
//
// Claims: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
func fromClaims(claims map[string]any) Caller {
	access := text(claims, "token_use") == "access"
	c := Caller{Kind: SignedIn, ClientID: text(claims, "aud")}
	user := &User{
		Sub:      text(claims, "sub"),
		Username: text(claims, "cognito:username"),
		Email:    text(claims, "email"),
		Groups:   list(text(claims, "cognito:groups"), ","),
	}
	if access {
		c.ClientID = text(claims, "client_id")
		user.Username = text(claims, "username")
		user.Scopes = list(text(claims, "scope"), " ")
	}
	user.PoolID, _ = poolOfIssuer(strings.TrimPrefix(text(claims, "iss"), "https://"))
	if access && user.Username == "" { // a token for client credentials names nobody but its client
		return Caller{Kind: Client, ClientID: c.ClientID}
	}
	c.User = user
	return c
}

// poolOfIssuer returns the pool's id in cognito-idp.REGION.amazonaws.com/POOL.
func poolOfIssuer(issuer string) (string, bool) {
	host, pool, ok := strings.Cut(issuer, "/")
	if !ok || !strings.HasPrefix(host, "cognito-idp.") || pool == "" {
		return "", false
	}
	return pool, true
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func list(s, separator string) []string {
	if s == "" {
		return nil
	}
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separator, r) })
}
