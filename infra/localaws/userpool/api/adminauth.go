package api

import (
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// The operations by which a server signs its users in.

// of finds the client that an administrator names, which must be one of the pool.
func (c *call) of(a userpool.Admin) error {
	var in struct {
		ClientId string `required:"clientId"`
	}
	err := c.decode(&in)
	if err == nil {
		c.app, err = a.App(in.ClientId)
	}
	return err
}

// adminInitiateAuth: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
func (c *call) adminInitiateAuth(a userpool.Admin) (any, error) {
	var in struct {
		AuthFlow       string `required:"authFlow"`
		AuthParameters map[string]string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.of(a); err != nil {
		return nil, err
	}
	switch in.AuthFlow {
	case "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH": // which is its older name
	case "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		return c.initiateAuth()
	default:
		return nil, userpool.Invalid("Initiate Auth method %s is not supported by the local AWS.", audit.Clip(in.AuthFlow))
	}
	if err := c.app.CheckFlow("ADMIN_USER_PASSWORD_AUTH"); err != nil {
		return nil, err
	}
	p := in.AuthParameters
	if err := needs(p, "USERNAME", "PASSWORD"); err != nil {
		return nil, err
	}
	if err := c.app.CheckSecretHash(p["SECRET_HASH"], p["USERNAME"]); err != nil {
		return nil, err
	}
	signed, err := c.pools.SignIn(c.app, p["USERNAME"], p["PASSWORD"], nil)
	return c.signedIn(signed, err, "signed in")
}

// adminRespondToAuthChallenge: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
func (c *call) adminRespondToAuthChallenge(a userpool.Admin) (any, error) {
	if err := c.of(a); err != nil {
		return nil, err
	}
	return c.respondToAuthChallenge()
}
