package userpool

import (
	"maps"
	"slices"

	"auth-api/infra/localaws/store"
)

// What signed-in users do with their own attributes.

// pending is an address that is yet to be verified by a code. Value is set when the
// attribute changes to it only then.
type pending struct {
	Code  *code  `json:"code"`
	Value string `json:"value,omitempty"`
}

// updateUserAttributes: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html
func (c *call) updateUserAttributes() (any, error) {
	var in struct {
		AccessToken    string
		UserAttributes []nameValue
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("accessToken", in.AccessToken); err != nil {
		return nil, err
	}
	_, u, err := c.authorized(in.AccessToken)
	if err != nil {
		return nil, err
	}
	wanted := attributeMap(in.UserAttributes)
	if err := c.mayWrite(c.pool, c.client, wanted); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if d, _ := c.pool.schema(name); !d.Mutable {
			return nil, invalid("Attributes did not conform to the schema: %s: Attribute cannot be updated.", name)
		}
	}
	var messages []Message
	err = c.change(u, func(tx *store.Tx, p pool, u user) error {
		messages = nil
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			value := wanted[name]
			if u.Attributes[name] == value {
				continue
			}
			if name != "email" && name != "phone_number" {
				u.Attributes[name] = value
				continue
			}
			if p.verifiesFirst(name) && value != "" {
				m, err := c.newPending(p, &u, name, value, true)
				if err != nil {
					return err
				}
				messages = append(messages, m)
				continue
			}
			u.Attributes[name] = value
			u.Attributes[name+"_verified"] = "false"
			delete(u.Pending, name)
			if slices.Contains(p.AutoVerifiedAttributes, name) && value != "" {
				m, err := c.newPending(p, &u, name, value, false)
				if err != nil {
					return err
				}
				messages = append(messages, m)
			}
		}
		if missing := p.missingAttributes(u.Attributes); len(missing) > 0 {
			return invalid("Attributes did not conform to the schema: %s: The attribute is required", missing[0])
		}
		return taken(c.saveUser(tx, p, u))
	})
	if err != nil {
		return nil, err
	}
	sent := []*codeDelivery{}
	for _, m := range messages {
		sent = append(sent, c.deliver(c.ctx, &m))
	}
	c.record.Allow("attributes changed")
	return struct{ CodeDeliveryDetailsList []*codeDelivery }{sent}, nil
}

// verifiesFirst says whether a new address must be verified before it takes the old
// one's place.
func (p pool) verifiesFirst(attribute string) bool {
	return p.UserAttributeUpdateSettings != nil && slices.Contains(p.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdates, attribute)
}

// newPending makes the code that verifies an address of the user.
func (s *Service) newPending(p pool, u *user, attribute, value string, later bool) (Message, error) {
	code, m, err := s.newCode(p, u, MailVerifyAttribute, attribute, confirmLifetime)
	if err != nil {
		return Message{}, err
	}
	m.Destination = value
	next := pending{Code: code}
	if later {
		next.Value = value
	}
	if u.Pending == nil {
		u.Pending = map[string]pending{}
	}
	u.Pending[attribute] = next
	return m, nil
}

// byAttribute decodes the operations on one attribute.
func (c *call) byAttribute(needsCode bool) (attribute, code string, u user, err error) {
	var in struct{ AccessToken, AttributeName, Code string }
	if err = c.decode(&in); err != nil {
		return
	}
	if err = require("accessToken", in.AccessToken, "attributeName", in.AttributeName); err != nil {
		return
	}
	if needsCode {
		if err = require("code", in.Code); err != nil {
			return
		}
	}
	if in.AttributeName != "email" && in.AttributeName != "phone_number" {
		return "", "", user{}, invalid("Invalid attribute name: only email and phone_number can be verified.")
	}
	_, u, err = c.authorized(in.AccessToken)
	return in.AttributeName, in.Code, u, err
}

// getUserAttributeVerificationCode: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html
func (c *call) getUserAttributeVerificationCode() (any, error) {
	attribute, _, u, err := c.byAttribute(false)
	if err != nil {
		return nil, err
	}
	var message Message
	err = c.change(u, func(tx *store.Tx, p pool, u user) (err error) {
		value, later := u.Attributes[attribute], false
		if waiting := u.Pending[attribute]; waiting.Value != "" {
			value, later = waiting.Value, true
		}
		if value == "" {
			return invalid("User does not have an attribute %s to verify.", attribute)
		}
		if message, err = c.newPending(p, &u, attribute, value, later); err != nil {
			return err
		}
		return c.saveUser(tx, p, u)
	})
	if err != nil {
		return nil, err
	}
	c.record.Allow("a code was sent")
	return sentResponse{c.deliver(c.ctx, &message)}, nil
}

// verifyUserAttribute: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html
func (c *call) verifyUserAttribute() (any, error) {
	attribute, value, u, err := c.byAttribute(true)
	if err != nil {
		return nil, err
	}
	var counted *refusal
	err = c.change(u, func(tx *store.Tx, p pool, u user) error {
		waiting := u.Pending[attribute]
		if counted = c.check(waiting.Code, p, u, MailVerifyAttribute, value); counted == nil {
			if waiting.Value != "" {
				u.Attributes[attribute] = waiting.Value
			}
			u.Attributes[attribute+"_verified"] = "true"
			delete(u.Pending, attribute)
		}
		return taken(c.saveUser(tx, p, u))
	})
	if err != nil {
		return nil, err
	}
	if counted != nil {
		return nil, counted
	}
	c.record.Allow("attribute verified")
	return struct{}{}, nil
}
