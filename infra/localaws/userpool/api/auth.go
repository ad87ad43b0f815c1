package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// The operations by which a client gets tokens, and gives them back.

// authResult is Cognito's AuthenticationResult.
type authResult struct {
	AccessToken  string
	ExpiresIn    int
	IdToken      string `json:",omitempty"`
	RefreshToken string `json:",omitempty"`
	TokenType    string
}

type authResponse struct {
	AuthenticationResult *authResult       `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	ChallengeParameters  map[string]string `json:",omitempty"`
	Session              string            `json:",omitempty"`
}

func result(t userpool.Tokens) *authResponse {
	return &authResponse{AuthenticationResult: &authResult{
		AccessToken: t.Access, ExpiresIn: t.ExpiresIn, IdToken: t.ID, RefreshToken: t.Refresh, TokenType: "Bearer",
	}, ChallengeParameters: map[string]string{}}
}

// needs refuses parameters that lack one of these.
func needs(parameters map[string]string, names ...string) error {
	for _, name := range names {
		if parameters[name] == "" {
			return userpool.Invalid("Missing required parameter %s", name)
		}
	}
	return nil
}

// initiateAuth: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
func (c *call) initiateAuth() (any, error) {
	var in struct {
		AuthFlow       string `required:"authFlow"`
		ClientId       string `required:"clientId"`
		AuthParameters map[string]string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	p, flow := in.AuthParameters, in.AuthFlow
	switch flow {
	case "USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH":
	case "REFRESH_TOKEN":
		flow = "REFRESH_TOKEN_AUTH" // its older name
	default:
		return nil, userpool.Invalid("Initiate Auth method %s is not supported by the local AWS.", audit.Clip(in.AuthFlow))
	}
	if err := c.app.CheckFlow(flow); err != nil {
		return nil, err
	}
	if flow == "REFRESH_TOKEN_AUTH" {
		if err := needs(p, "REFRESH_TOKEN"); err != nil {
			return nil, err
		}
		return c.refreshed(p["REFRESH_TOKEN"], func(username, sub string) error {
			return c.app.CheckSecretHash(p["SECRET_HASH"], username, sub, p["USERNAME"])
		})
	}
	if err := needs(p, "USERNAME"); err != nil {
		return nil, err
	}
	if err := c.app.CheckSecretHash(p["SECRET_HASH"], p["USERNAME"]); err != nil {
		return nil, err
	}
	if flow == "USER_SRP_AUTH" {
		challenge, err := c.pools.BeginSRP(c.app, p["USERNAME"], p["SRP_A"])
		if err != nil {
			return nil, err
		}
		return c.allow("", "the password is yet to be proved", &authResponse{ChallengeName: "PASSWORD_VERIFIER", ChallengeParameters: map[string]string{
			"USER_ID_FOR_SRP": challenge.UserID, "USERNAME": challenge.UserID, "SALT": challenge.Salt, "SRP_B": challenge.B,
			"SECRET_BLOCK": challenge.SecretBlock,
		}})
	}
	if err := needs(p, "PASSWORD"); err != nil {
		return nil, err
	}
	signed, err := c.pools.SignIn(c.app, p["USERNAME"], p["PASSWORD"], nil)
	return c.signedIn(signed, err, "signed in")
}

// signedIn answers with tokens, or with the challenge that comes before them.
func (c *call) signedIn(in userpool.SignedIn, err error, reason string) (any, error) {
	if err != nil {
		return nil, err
	}
	if in.Factor != nil {
		return c.challenged(in.Username, *in.Factor)
	}
	if in.Challenge == nil {
		return c.allow(in.Username, reason, result(in.Tokens))
	}
	attributes, err := json.Marshal(in.Challenge.Attributes)
	if err != nil {
		return nil, fmt.Errorf("describing a user's attributes: %w", err)
	}
	missing := []string{}
	for _, name := range in.Challenge.Missing {
		missing = append(missing, "userAttributes."+name)
	}
	required, err := json.Marshal(missing)
	if err != nil {
		return nil, fmt.Errorf("describing the missing attributes: %w", err)
	}
	return c.allow(in.Username, "the password is right; a new one must be chosen", &authResponse{
		ChallengeName: "NEW_PASSWORD_REQUIRED", Session: in.Challenge.Session, ChallengeParameters: map[string]string{
			"USER_ID_FOR_SRP": in.Username, "userAttributes": string(attributes), "requiredAttributes": string(required),
		},
	})
}

// respondToAuthChallenge: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
func (c *call) respondToAuthChallenge() (any, error) {
	var in struct {
		ChallengeName      string `required:"challengeName"`
		ClientId           string `required:"clientId"`
		ChallengeResponses map[string]string
		Session            string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	r := in.ChallengeResponses
	switch in.ChallengeName {
	case "PASSWORD_VERIFIER":
		if err := needs(r, "USERNAME", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"); err != nil {
			return nil, err
		}
		in, err := c.pools.RespondSRP(c.app, userpool.SRPResponse{
			Username: r["USERNAME"], SecretBlock: r["PASSWORD_CLAIM_SECRET_BLOCK"], Signature: r["PASSWORD_CLAIM_SIGNATURE"],
			Timestamp: r["TIMESTAMP"], SecretHash: r["SECRET_HASH"],
		})
		return c.signedIn(in, err, "signed in")
	case "NEW_PASSWORD_REQUIRED":
		if err := needs(r, "USERNAME"); err != nil {
			return nil, err
		}
		if err := c.app.CheckSecretHash(r["SECRET_HASH"], r["USERNAME"]); err != nil {
			return nil, err
		}
		attributes := map[string]string{}
		for name, value := range r {
			if attribute, ok := strings.CutPrefix(name, "userAttributes."); ok {
				attributes[attribute] = value
			}
		}
		in, err := c.pools.RespondNewPassword(c.app, userpool.NewPassword{
			Session: in.Session, Username: r["USERNAME"], Password: r["NEW_PASSWORD"], Attributes: attributes,
		}, nil)
		return c.signedIn(in, err, "signed in with a new password")
	case userpool.ChallengeSoftwareToken, userpool.ChallengeMFASetup:
		return c.respondFactor(in.ChallengeName, in.Session, r)
	}
	return nil, userpool.Invalid("The challenge %s is not supported by the local AWS.", audit.Clip(in.ChallengeName))
}

func (c *call) refreshed(token string, check func(username, sub string) error) (any, error) {
	tokens, username, err := c.pools.Refresh(c.app, token, check)
	if err != nil {
		return nil, err
	}
	return c.allow(username, "refreshed", result(tokens))
}

// withToken finds the client that shows a refresh token, and checks its secret.
func (c *call) withToken(clientID, secret string) error {
	if err := c.as(clientID); err != nil {
		return err
	}
	if !c.app.KnowsSecret(secret) {
		return userpool.Refuse("NotAuthorizedException", "Invalid client secret for client "+c.app.ClientID())
	}
	return nil
}

// getTokensFromRefreshToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
func (c *call) getTokensFromRefreshToken() (any, error) {
	var in struct {
		RefreshToken string `required:"refreshToken"`
		ClientId     string `required:"clientId"`
		ClientSecret string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.withToken(in.ClientId, in.ClientSecret); err != nil {
		return nil, err
	}
	return c.refreshed(in.RefreshToken, nil)
}

// revokeToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html
func (c *call) revokeToken() (any, error) {
	var in struct {
		Token        string `required:"token"`
		ClientId     string `required:"clientId"`
		ClientSecret string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.withToken(in.ClientId, in.ClientSecret); err != nil {
		return nil, err
	}
	if err := c.pools.Revoke(c.app, in.Token); err != nil {
		return nil, err
	}
	return c.allow("", "revoked", struct{}{})
}
