package userpool

import (
	"context"
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

// UpdateUserAttributes changes the user's attributes, and sends codes to the new
// addresses that the pool verifies.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html
func (b Bearer) UpdateUserAttributes(ctx context.Context, wanted map[string]string) ([]*CodeDelivery, error) {
	s := b.service
	if err := b.app.mayWrite(wanted); err != nil {
		return nil, err
	}
	var messages []Message
	err := b.change(func(tx *store.Tx, p pool, u user) (err error) {
		if messages, err = s.setAttributes(p, &u, wanted); err != nil {
			return err
		}
		return taken(s.saveUser(tx, p, u))
	})
	if err != nil {
		return nil, err
	}
	sent := []*CodeDelivery{}
	for _, m := range messages {
		sent = append(sent, s.deliver(ctx, &m))
	}
	return sent, nil
}

// setAttributes changes a user's attributes, and returns the messages with codes for
// the addresses that are to be verified: those that wanted does not say to be verified
// already, which it may when it comes from an administrator.
func (s *Service) setAttributes(p pool, u *user, wanted map[string]string) (messages []Message, err error) {
	for _, name := range slices.Sorted(maps.Keys(wanted)) { // email goes before email_verified
		if d, _ := p.attributes().Find(name); !d.Mutable {
			return nil, Invalid("Attributes did not conform to the schema: %s: Attribute cannot be updated.", name)
		}
		value := wanted[name]
		if u.Attributes[name] == value {
			continue
		}
		if value == "" && slices.Contains(p.UsernameAttributes, name) {
			return nil, Invalid("Attributes did not conform to the schema: %s: Attribute cannot be deleted, it is the user's name.", name)
		}
		if name != "email" && name != "phone_number" {
			u.Attributes[name] = value
			continue
		}
		verified := wanted[name+"_verified"] == "true"
		if p.verifiesFirst(name) && value != "" && !verified {
			m, err := s.newPending(p, u, name, value, true)
			if err != nil {
				return nil, err
			}
			messages = append(messages, m)
			continue
		}
		u.Attributes[name] = value
		u.Attributes[name+"_verified"] = "false"
		delete(u.Pending, name)
		if slices.Contains(p.AutoVerifiedAttributes, name) && value != "" && !verified {
			m, err := s.newPending(p, u, name, value, false)
			if err != nil {
				return nil, err
			}
			messages = append(messages, m)
		}
	}
	if missing := p.attributes().Missing(u.Attributes); len(missing) > 0 {
		return nil, Invalid("Attributes did not conform to the schema: %s: The attribute is required", missing[0])
	}
	return messages, nil
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

func checkVerifiable(attribute string) error {
	if attribute != "email" && attribute != "phone_number" {
		return Invalid("Invalid attribute name: only email and phone_number can be verified.")
	}
	return nil
}

// GetUserAttributeVerificationCode sends a code to the user's email address or phone
// number, or to the one that is to take its place.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html
func (b Bearer) GetUserAttributeVerificationCode(ctx context.Context, attribute string) (*CodeDelivery, error) {
	if err := checkVerifiable(attribute); err != nil {
		return nil, err
	}
	var message Message
	err := b.change(func(tx *store.Tx, p pool, u user) (err error) {
		value, later := u.Attributes[attribute], false
		if waiting := u.Pending[attribute]; waiting.Value != "" {
			value, later = waiting.Value, true
		}
		if value == "" {
			return Invalid("User does not have an attribute %s to verify.", attribute)
		}
		if message, err = b.service.newPending(p, &u, attribute, value, later); err != nil {
			return err
		}
		return b.service.saveUser(tx, p, u)
	})
	if err != nil {
		return nil, err
	}
	return b.service.deliver(ctx, &message), nil
}

// VerifyUserAttribute verifies an address by the code that was sent to it.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html
func (b Bearer) VerifyUserAttribute(attribute, code string) error {
	if err := checkVerifiable(attribute); err != nil {
		return err
	}
	var counted *Refusal
	err := b.change(func(tx *store.Tx, p pool, u user) error {
		waiting := u.Pending[attribute]
		if counted = b.service.check(waiting.Code, p, u, MailVerifyAttribute, code); counted == nil {
			if waiting.Value != "" {
				u.Attributes[attribute] = waiting.Value
			}
			u.Attributes[attribute+"_verified"] = "true"
			delete(u.Pending, attribute)
		}
		return taken(b.service.saveUser(tx, p, u))
	})
	if err == nil && counted != nil {
		err = counted
	}
	return err
}
