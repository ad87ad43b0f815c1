package api

import (
	"context"

	"auth-api/infra/localaws/userpool"
)

// The operations that a client calls for somebody who is not signed in.

// signUp: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html
func (c *call) signUp() (any, error) {
	var in struct {
		ClientId       string `required:"clientId"`
		Username       string `required:"username"`
		Password       string `required:"password"`
		SecretHash     string
		UserAttributes []nameValue
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.by(in.ClientId, in.SecretHash, in.Username); err != nil {
		return nil, err
	}
	up, err := c.pools.SignUp(c.ctx, c.app, in.Username, in.Password, attributeMap(in.UserAttributes))
	if err != nil {
		return nil, err
	}
	reason := "signed up; to be confirmed"
	if up.Confirmed {
		reason = "signed up, and confirmed by the pool's function"
	}
	return c.allow(up.Username, reason, struct {
		CodeDeliveryDetails *userpool.CodeDelivery `json:",omitempty"`
		UserConfirmed       bool
		UserSub             string
	}{up.Delivery, up.Confirmed, up.Sub})
}

// confirmSignUp: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
func (c *call) confirmSignUp() (any, error) {
	var in struct {
		ClientId         string `required:"clientId"`
		Username         string `required:"username"`
		ConfirmationCode string `required:"confirmationCode"`
		SecretHash       string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.by(in.ClientId, in.SecretHash, in.Username); err != nil {
		return nil, err
	}
	username, err := c.pools.ConfirmSignUp(c.app, in.Username, in.ConfirmationCode)
	if err != nil {
		return nil, err
	}
	return c.allow(username, "sign-up confirmed", struct{}{})
}

type sentResponse struct{ CodeDeliveryDetails *userpool.CodeDelivery }

// sends answers an operation that sends a code.
func (c *call) sends(send func(context.Context, userpool.App, string) (*userpool.CodeDelivery, error)) (any, error) {
	var in struct {
		ClientId   string `required:"clientId"`
		Username   string `required:"username"`
		SecretHash string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.by(in.ClientId, in.SecretHash, in.Username); err != nil {
		return nil, err
	}
	sent, err := send(c.ctx, c.app, in.Username)
	if err != nil {
		return nil, err
	}
	return c.allow("", "answered as if a code was sent to "+sent.Destination, sentResponse{sent})
}

// resendConfirmationCode: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html
func (c *call) resendConfirmationCode() (any, error) { return c.sends(c.pools.ResendConfirmationCode) }

// forgotPassword: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html
func (c *call) forgotPassword() (any, error) { return c.sends(c.pools.ForgotPassword) }

// confirmForgotPassword: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html
func (c *call) confirmForgotPassword() (any, error) {
	var in struct {
		ClientId         string `required:"clientId"`
		Username         string `required:"username"`
		ConfirmationCode string `required:"confirmationCode"`
		Password         string `required:"password"`
		SecretHash       string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.by(in.ClientId, in.SecretHash, in.Username); err != nil {
		return nil, err
	}
	username, err := c.pools.ConfirmForgotPassword(c.app, in.Username, in.ConfirmationCode, in.Password)
	if err != nil {
		return nil, err
	}
	return c.allow(username, "password reset", struct{}{})
}
