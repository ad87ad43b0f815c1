package userpool

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"auth-api/infra/localaws/store"
)

// The functions of this file are what the API and the hosted pages share: the API
// decodes and encodes around them, the pages show forms.

type nameValue struct{ Name, Value string }

func attributeMap(list []nameValue) map[string]string {
	m := make(map[string]string, len(list))
	for _, a := range list {
		m[a.Name] = a.Value
	}
	return m
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// checkFormats refuses addresses and numbers that could not be reached.
func checkFormats(attributes map[string]string) error {
	if v := attributes["email"]; v != "" {
		a, err := mail.ParseAddress(v)
		if err != nil || a.Address != v {
			return invalid("Invalid email address format.")
		}
	}
	if v := attributes["phone_number"]; v != "" && !e164.MatchString(v) {
		return invalid("Invalid phone number format.")
	}
	return nil
}

// mayWrite checks attributes that come from a user through the client.
func (s *Service) mayWrite(p pool, c client, attributes map[string]string) error {
	if err := p.checkAttributes(attributes); err != nil {
		return invalid("Attributes did not conform to the schema: %s", err)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if d, _ := p.schema(name); !c.mayWrite(name) || d.DeveloperOnlyAttribute {
			return refuse("NotAuthorizedException", "A client attempted to write unauthorized attribute").because("attribute " + clip(name) + " is not one that the client may write")
		}
	}
	return checkFormats(attributes)
}

func checkUsername(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 128 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return invalid("1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+")
	}
	return nil
}

// register makes a user who signs up, and sends the code where the pool verifies one.
func (s *Service) register(ctx context.Context, p pool, c client, name, password string, attributes map[string]string) (user, *codeDelivery, error) {
	if p.AdminCreateUserConfig != nil && p.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return user{}, nil, refuse("NotAuthorizedException", "SignUp is not permitted for this user pool")
	}
	if err := checkUsername(name); err != nil {
		return user{}, nil, err
	}
	if problem := p.checkPassword(password); problem != "" {
		return user{}, nil, refuse("InvalidPasswordException", problem)
	}
	if err := s.mayWrite(p, c, attributes); err != nil {
		return user{}, nil, err
	}
	if len(p.UsernameAttributes) == 0 && slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@") {
		return user{}, nil, invalid("Username cannot be of email format, since user pool is configured for email alias.")
	}
	u, err := s.newUser(p, name, attributes)
	if err != nil {
		return user{}, nil, err
	}
	if err := checkFormats(u.Attributes); err != nil {
		return user{}, nil, err
	}
	if missing := p.missingAttributes(u.Attributes); len(missing) > 0 {
		return user{}, nil, invalid("Attributes did not conform to the schema: %s: The attribute is required", missing[0])
	}
	u.Status = statusUnconfirmed
	if u.Password, err = s.newCredential(p, u.Username, password); err != nil {
		return user{}, nil, err
	}
	var message *Message
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		if _, found, err := users.Get(tx, p.userKey(u.Username)); err != nil || found {
			return cmp.Or[error](err, refuse("UsernameExistsException", "User already exists"))
		}
		if attribute := p.toVerify(u); attribute != "" {
			code, m, err := s.newCode(p, &u, MailSignUp, attribute, confirmLifetime)
			if err != nil {
				return err
			}
			u.Confirm, message = code, &m
		}
		err := s.saveUser(tx, p, u)
		var alias aliasTaken
		if errors.As(err, &alias) {
			if len(p.UsernameAttributes) > 0 {
				return refuse("UsernameExistsException", alias.Error())
			}
			return refuse("AliasExistsException", alias.Error())
		}
		return err
	})
	if err != nil {
		return user{}, nil, err
	}
	return u, s.deliver(ctx, message), nil
}

// toVerify is the attribute that a sign-up is confirmed by: the first that the pool
// verifies and the user has. A phone number goes before an email address, as on AWS.
func (p pool) toVerify(u user) string {
	for _, name := range []string{"phone_number", "email"} {
		if slices.Contains(p.AutoVerifiedAttributes, name) && u.Attributes[name] != "" {
			return name
		}
	}
	return ""
}

// deliver hands a message over, after the transaction that made its code.
func (s *Service) deliver(ctx context.Context, m *Message) *codeDelivery {
	if m == nil {
		return nil
	}
	s.cfg.Mail(ctx, *m)
	attribute := "email"
	if m.Medium == "SMS" {
		attribute = "phone_number"
	}
	return delivery(attribute, m.Destination)
}

// withUser changes a user that a stranger names. missing is the answer when there is
// no such user and the client hides that; a refusal that change returns second is
// given after what it changed was saved.
func (s *Service) withUser(p pool, c client, name string, missing *refusal, change func(*user) (counted *refusal, err error)) (user, error) {
	var u user
	var counted *refusal
	err := s.cfg.Store.Update(func(tx *store.Tx) error {
		var found bool
		var err error
		if u, found, err = p.findUser(tx, name); err != nil {
			return err
		}
		switch {
		case !found && c.hidesUsers():
			return missing.because("unknown user")
		case !found:
			return refuse("UserNotFoundException", "Username/client id combination not found.")
		}
		if counted, err = change(&u); err != nil {
			return err
		}
		return taken(s.saveUser(tx, p, u))
	})
	if err == nil && counted != nil {
		err = counted
	}
	return u, err
}

// errSimulated stands for a success that is made up, because there is no such user.
var errSimulated = refuse("UserNotFoundException", "User does not exist.")

func isSimulated(err error) bool {
	var no *refusal
	return errors.As(err, &no) && no.public == errSimulated.public && no.reason == "unknown user"
}

// confirm confirms a sign-up by its code, and with it the address that it went to.
func (s *Service) confirm(p pool, c client, name, value string) (user, error) {
	return s.withUser(p, c, name, errCodeExpired, func(u *user) (*refusal, error) {
		if u.Status != statusUnconfirmed {
			return nil, refuse("NotAuthorizedException", "User cannot be confirmed. Current status is "+u.Status)
		}
		if no := s.check(u.Confirm, p, *u, MailSignUp, value); no != nil {
			return no, nil
		}
		u.Status = statusConfirmed
		u.Attributes[u.Confirm.Attribute+"_verified"] = "true"
		u.Confirm = nil
		return nil, nil
	})
}

// resend sends a new code in place of the sign-up's.
func (s *Service) resend(ctx context.Context, p pool, c client, name string) (*codeDelivery, error) {
	var message Message
	_, err := s.withUser(p, c, name, errSimulated, func(u *user) (*refusal, error) {
		if u.Status != statusUnconfirmed {
			return nil, invalid("User is already confirmed.")
		}
		attribute := p.toVerify(*u)
		if attribute == "" {
			return nil, invalid("Cannot resend codes. Auto verification not turned on.")
		}
		code, m, err := s.newCode(p, u, MailSignUp, attribute, confirmLifetime)
		u.Confirm, message = code, m
		return nil, err
	})
	if isSimulated(err) {
		return s.fictional(p, name), nil
	}
	if err != nil {
		return nil, err
	}
	return s.deliver(ctx, &message), nil
}

// forgot sends a code to reset the password by.
func (s *Service) forgot(ctx context.Context, p pool, c client, name string) (*codeDelivery, error) {
	var message Message
	_, err := s.withUser(p, c, name, errSimulated, func(u *user) (*refusal, error) {
		switch {
		case !u.Enabled:
			return nil, errDisabled
		case u.Status == statusForceChange:
			return nil, refuse("NotAuthorizedException", "User password cannot be reset in the current state.")
		}
		attribute, err := p.recovery(*u)
		if err != nil {
			return nil, err
		}
		code, m, err := s.newCode(p, u, MailForgotPassword, attribute, resetLifetime)
		u.Reset, message = code, m
		return nil, err
	})
	if isSimulated(err) {
		return s.fictional(p, name), nil
	}
	if err != nil {
		return nil, err
	}
	return s.deliver(ctx, &message), nil
}

// recovery is the verified attribute that a password may be reset by: in the order
// that the pool declares, or phone number before email.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AccountRecoverySettingType.html
func (p pool) recovery(u user) (string, error) {
	mechanisms := []RecoveryMechanism{{Name: "verified_phone_number", Priority: 1}, {Name: "verified_email", Priority: 2}}
	if a := p.AccountRecoverySetting; a != nil && len(a.RecoveryMechanisms) > 0 {
		mechanisms = slices.SortedStableFunc(slices.Values(a.RecoveryMechanisms), func(x, y RecoveryMechanism) int { return x.Priority - y.Priority })
	}
	for _, m := range mechanisms {
		if m.Name == "admin_only" {
			return "", refuse("NotAuthorizedException", "Contact administrator to reset password.")
		}
		attribute := strings.TrimPrefix(m.Name, "verified_")
		if u.Attributes[attribute] != "" && u.Attributes[attribute+"_verified"] == "true" {
			return attribute, nil
		}
	}
	return "", invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

// resetPassword sets a new password by a code.
func (s *Service) resetPassword(p pool, c client, name, value, password string) (user, error) {
	if problem := p.checkPassword(password); problem != "" {
		return user{}, refuse("InvalidPasswordException", problem)
	}
	var before user
	var found bool
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		before, found, err = p.findUser(tx, name)
		return err
	})
	if err != nil {
		return user{}, err
	}
	next, err := s.newCredential(p, before.Username, password) // for nobody too: it takes its time
	if err != nil {
		return user{}, err
	}
	used := false
	if found {
		if used, err = s.used(p, before, password); err != nil {
			return user{}, err
		}
	}
	return s.withUser(p, c, name, errCodeMismatch, func(u *user) (*refusal, error) {
		if u.Sub != before.Sub || u.Password.Hash != before.Password.Hash {
			return nil, errCodeExpired.because("the user's password changed meanwhile")
		}
		if no := s.check(u.Reset, p, *u, MailForgotPassword, value); no != nil {
			return no, nil
		}
		if used {
			return nil, errPasswordUsed
		}
		if !u.Enabled {
			return nil, errDisabled
		}
		u.setPassword(p, next)
		if u.Status == statusResetRequired || u.Status == statusUnconfirmed {
			u.Status = statusConfirmed
		}
		u.Reset = nil
		return nil, nil
	})
}

var errPasswordUsed = refuse("PasswordHistoryPolicyViolationException", "Password does not satisfy the password history policy of the user pool: it has been used before.")
