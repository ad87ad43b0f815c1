package api

import (
	"maps"
	"slices"

	"auth-api/infra/localaws/userpool"
)

// The operations that users call for themselves, with an access token.

// bearer finds the user that an access token is for.
func (c *call) bearer(token string) (userpool.Bearer, error) {
	b, err := c.pools.Bearer(token)
	if err == nil {
		c.record.Caller(b.Username())
	}
	return b, err
}

// alone decodes an operation that takes nothing but the token.
func (c *call) alone() (userpool.Bearer, error) {
	var in struct {
		AccessToken string `required:"accessToken"`
	}
	if err := c.decode(&in); err != nil {
		return userpool.Bearer{}, err
	}
	return c.bearer(in.AccessToken)
}

// getUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html
func (c *call) getUser() (any, error) {
	b, err := c.alone()
	if err != nil {
		return nil, err
	}
	attributes := b.Attributes()
	list := []nameValue{{"sub", attributes["sub"]}} // first, as on AWS
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if name != "sub" {
			list = append(list, nameValue{name, attributes[name]})
		}
	}
	factors, preferred := b.MFASettings()
	return c.allow("", "the access token is good", struct {
		UserAttributes      []nameValue
		Username            string
		UserMFASettingList  []string `json:",omitempty"`
		PreferredMfaSetting string   `json:",omitempty"`
	}{list, b.Username(), factors, preferred})
}

// changePassword: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html
func (c *call) changePassword() (any, error) {
	var in struct {
		AccessToken      string `required:"accessToken"`
		PreviousPassword string `required:"previousPassword"`
		ProposedPassword string `required:"proposedPassword"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	b, err := c.bearer(in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := b.ChangePassword(in.PreviousPassword, in.ProposedPassword); err != nil {
		return nil, err
	}
	return c.allow("", "password changed", struct{}{})
}

// globalSignOut: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html
func (c *call) globalSignOut() (any, error) {
	b, err := c.alone()
	if err != nil {
		return nil, err
	}
	if err := b.GlobalSignOut(); err != nil {
		return nil, err
	}
	return c.allow("", "signed out everywhere", struct{}{})
}

// deleteUser: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html
func (c *call) deleteUser() (any, error) {
	b, err := c.alone()
	if err != nil {
		return nil, err
	}
	if err := b.DeleteUser(); err != nil {
		return nil, err
	}
	return c.allow("", "deleted by the user", struct{}{})
}

// updateUserAttributes: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html
func (c *call) updateUserAttributes() (any, error) {
	var in struct {
		AccessToken    string `required:"accessToken"`
		UserAttributes []nameValue
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	b, err := c.bearer(in.AccessToken)
	if err != nil {
		return nil, err
	}
	sent, err := b.UpdateUserAttributes(c.ctx, attributeMap(in.UserAttributes))
	if err != nil {
		return nil, err
	}
	return c.allow("", "attributes changed", struct{ CodeDeliveryDetailsList []*userpool.CodeDelivery }{sent})
}

// getUserAttributeVerificationCode: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html
func (c *call) getUserAttributeVerificationCode() (any, error) {
	var in struct {
		AccessToken   string `required:"accessToken"`
		AttributeName string `required:"attributeName"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	b, err := c.bearer(in.AccessToken)
	if err != nil {
		return nil, err
	}
	sent, err := b.GetUserAttributeVerificationCode(c.ctx, in.AttributeName)
	if err != nil {
		return nil, err
	}
	return c.allow("", "a code was sent", sentResponse{sent})
}

// verifyUserAttribute: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html
func (c *call) verifyUserAttribute() (any, error) {
	var in struct {
		AccessToken   string `required:"accessToken"`
		AttributeName string `required:"attributeName"`
		Code          string `required:"code"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	b, err := c.bearer(in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := b.VerifyUserAttribute(in.AttributeName, in.Code); err != nil {
		return nil, err
	}
	return c.allow("", "attribute verified", struct{}{})
}
