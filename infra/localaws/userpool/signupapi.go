package userpool

import "fmt"

// The operations of the API over what signup.go does.

func (c *call) signUp() (any, error) {
	var in struct {
		ClientId, Username, Password, SecretHash string
		UserAttributes                           []nameValue
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("clientId", in.ClientId, "username", in.Username, "password", in.Password); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	if err := c.checkSecret(in.SecretHash, in.Username); err != nil {
		return nil, err
	}
	u, sent, err := c.register(c.ctx, c.pool, c.client, in.Username, in.Password, attributeMap(in.UserAttributes))
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	c.record.Allow("signed up; to be confirmed")
	return struct {
		CodeDeliveryDetails *codeDelivery `json:",omitempty"`
		UserConfirmed       bool
		UserSub             string
	}{sent, false, u.Sub}, nil
}

// byName decodes the operations that a client and a user name begin.
type byName struct {
	ClientId, Username, SecretHash string
	ConfirmationCode, Password     string
}

func (c *call) named(more ...string) (byName, error) {
	var in byName
	if err := c.decode(&in); err != nil {
		return in, err
	}
	if err := require("clientId", in.ClientId, "username", in.Username); err != nil {
		return in, err
	}
	values := map[string]string{"confirmationCode": in.ConfirmationCode, "password": in.Password}
	for _, name := range more {
		if err := require(name, values[name]); err != nil {
			return in, err
		}
	}
	if err := c.as(in.ClientId); err != nil {
		return in, err
	}
	return in, c.checkSecret(in.SecretHash, in.Username)
}

func (c *call) confirmSignUp() (any, error) {
	in, err := c.named("confirmationCode")
	if err != nil {
		return nil, err
	}
	u, err := c.confirm(c.pool, c.client, in.Username, in.ConfirmationCode)
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	c.record.Allow("sign-up confirmed")
	return struct{}{}, nil
}

type sentResponse struct{ CodeDeliveryDetails *codeDelivery }

func (c *call) resendConfirmationCode() (any, error) {
	in, err := c.named()
	if err != nil {
		return nil, err
	}
	sent, err := c.resend(c.ctx, c.pool, c.client, in.Username)
	if err != nil {
		return nil, err
	}
	c.record.Allow(fmt.Sprintf("answered as if a code was sent to %s", sent.Destination))
	return sentResponse{sent}, nil
}

func (c *call) forgotPassword() (any, error) {
	in, err := c.named()
	if err != nil {
		return nil, err
	}
	sent, err := c.forgot(c.ctx, c.pool, c.client, in.Username)
	if err != nil {
		return nil, err
	}
	c.record.Allow(fmt.Sprintf("answered as if a code was sent to %s", sent.Destination))
	return sentResponse{sent}, nil
}

func (c *call) confirmForgotPassword() (any, error) {
	in, err := c.named("confirmationCode", "password")
	if err != nil {
		return nil, err
	}
	u, err := c.resetPassword(c.pool, c.client, in.Username, in.ConfirmationCode, in.Password)
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	c.record.Allow("password reset")
	return struct{}{}, nil
}
