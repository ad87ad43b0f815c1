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
	"unicode"
	"unicode/utf8"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// checkFormats refuses addresses and numbers that could not be reached.
func checkFormats(attributes map[string]string) error {
	if v := attributes["email"]; v != "" {
		a, err := mail.ParseAddress(v)
		if err != nil || a.Address != v {
			return Invalid("Invalid email address format.")
		}
	}
	if v := attributes["phone_number"]; v != "" && !e164.MatchString(v) {
		return Invalid("Invalid phone number format.")
	}
	return nil
}

// mayWrite checks attributes that come from a user through the client.
func (a App) mayWrite(attributes map[string]string) error {
	p, c := a.pool, a.client
	if err := p.attributes().Check(attributes); err != nil {
		return Invalid("Attributes did not conform to the schema: %s", err)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if d, _ := p.attributes().Find(name); !c.mayWrite(name) || d.DeveloperOnlyAttribute {
			return Refuse("NotAuthorizedException", "A client attempted to write unauthorized attribute").because("attribute " + audit.Clip(name) + " is not one that the client may write")
		}
	}
	return checkFormats(attributes)
}

func checkUsername(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 128 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P) }) {
		return Invalid("1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+")
	}
	return nil
}

// SignedUp is a user who signed up and is yet to be confirmed.
type SignedUp struct {
	Username, Sub string
	Delivery      *CodeDelivery // nil when no code confirms users of the pool
	Confirmed     bool          // by the pool's pre sign-up function
}

// SignUp makes a user, and sends the code where the pool verifies an address.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html
func (s *Service) SignUp(ctx context.Context, app App, name, password string, attributes map[string]string) (SignedUp, error) {
	p := app.pool
	if !app.SignUpOpen() {
		return SignedUp{}, Refuse("NotAuthorizedException", "SignUp is not permitted for this user pool")
	}
	if err := checkUsername(name); err != nil {
		return SignedUp{}, err
	}
	if err := p.checkPassword(password); err != nil {
		return SignedUp{}, err
	}
	if err := app.mayWrite(attributes); err != nil {
		return SignedUp{}, err
	}
	if len(p.UsernameAttributes) == 0 && slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@") {
		return SignedUp{}, Invalid("Username cannot be of email format, since user pool is configured for email alias.")
	}
	u, err := s.newUser(p, name, attributes)
	if err != nil {
		return SignedUp{}, err
	}
	if err := checkFormats(u.Attributes); err != nil {
		return SignedUp{}, err
	}
	if missing := p.attributes().Missing(u.Attributes); len(missing) > 0 {
		return SignedUp{}, Invalid("Attributes did not conform to the schema: %s: The attribute is required", missing[0])
	}
	u.Status = statusUnconfirmed
	if err := s.free(p, u); err != nil {
		return SignedUp{}, err
	}
	asked, err := s.preSignUp(p, app.call, triggers.SourceSignUp, app.client.ID, u)
	if err != nil {
		return SignedUp{}, err
	}
	if err := u.grantSignUp(asked); err != nil {
		return SignedUp{}, err
	}
	if u.Password, err = s.newCredential(p, u.Username, password); err != nil {
		return SignedUp{}, err
	}
	var message *Message
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		if _, found, err := users.Get(tx, p.userKey(u.Username)); err != nil || found {
			return cmp.Or[error](err, errUserExists)
		}
		message = nil
		if attribute := p.toVerify(u); attribute != "" && u.Status == statusUnconfirmed {
			code, m, err := s.newCode(p, &u, MailSignUp, attribute, confirmLifetime)
			if err != nil {
				return err
			}
			u.Confirm, message = code, &m
		}
		if asked.VerifyEmail || asked.VerifyPhone {
			if err := s.takeAliases(tx, p, u); err != nil {
				return err
			}
		}
		err := s.saveUser(tx, p, u)
		var alias aliasTaken
		if errors.As(err, &alias) {
			if len(p.UsernameAttributes) > 0 {
				return addressTaken(alias)
			}
			return Refuse("AliasExistsException", alias.Error())
		}
		return err
	})
	if err != nil {
		return SignedUp{}, err
	}
	up := SignedUp{Username: u.Username, Sub: u.Sub, Delivery: s.deliver(ctx, message), Confirmed: asked.ConfirmUser}
	if up.Confirmed {
		err = s.postConfirmation(p, app.call, triggers.SourceConfirmSignUp, app.client.ID, u)
	}
	return up, err
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
func (s *Service) deliver(ctx context.Context, m *Message) *CodeDelivery {
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
func (s *Service) withUser(app App, name string, missing error, change func(*user) (counted *Refusal, err error)) (u user, err error) {
	p := app.pool
	var counted *Refusal
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		var found bool
		var err error
		if u, found, err = p.findUser(tx, name); err != nil {
			return err
		}
		switch {
		case !found && app.client.hidesUsers():
			return missing
		case !found:
			return Refuse("UserNotFoundException", "Username/client id combination not found.")
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
var errSimulated = errors.New("no such user")

// send changes a user that a stranger names, and sends the message that this makes.
func (s *Service) send(ctx context.Context, app App, name string, change func(*user) (Message, error)) (*CodeDelivery, error) {
	var message Message
	_, err := s.withUser(app, name, errSimulated, func(u *user) (_ *Refusal, err error) {
		message, err = change(u)
		return nil, err
	})
	if errors.Is(err, errSimulated) {
		return s.fictional(app.pool, name), nil
	}
	if err != nil {
		return nil, err
	}
	return s.deliver(ctx, &message), nil
}

// ConfirmSignUp confirms a sign-up by its code, and with it the address that it went
// to. It returns the user's name.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
func (s *Service) ConfirmSignUp(app App, name, value string) (string, error) {
	u, err := s.withUser(app, name, errCodeExpired.because("unknown user"), func(u *user) (*Refusal, error) {
		if u.Status != statusUnconfirmed {
			return nil, Refuse("NotAuthorizedException", "User cannot be confirmed. Current status is "+u.Status)
		}
		if no := s.check(u.Confirm, app.pool, *u, MailSignUp, value); no != nil {
			return no, nil
		}
		u.Status = statusConfirmed
		u.Attributes[u.Confirm.Attribute+"_verified"] = "true"
		u.Confirm = nil
		return nil, nil
	})
	if err == nil {
		err = s.postConfirmation(app.pool, app.call, triggers.SourceConfirmSignUp, app.client.ID, u)
	}
	return u.Username, err
}

// ResendConfirmationCode sends a new code in place of the sign-up's, or says that it
// did when the client hides that there is no such user.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html
func (s *Service) ResendConfirmationCode(ctx context.Context, app App, name string) (*CodeDelivery, error) {
	p := app.pool
	return s.send(ctx, app, name, func(u *user) (Message, error) {
		if u.Status != statusUnconfirmed {
			return Message{}, Invalid("User is already confirmed.")
		}
		attribute := p.toVerify(*u)
		if attribute == "" {
			return Message{}, Invalid("Cannot resend codes. Auto verification not turned on.")
		}
		code, m, err := s.newCode(p, u, MailSignUp, attribute, confirmLifetime)
		u.Confirm = code
		return m, err
	})
}

// ForgotPassword sends a code to reset the password by, or says that it did when the
// client hides that there is no such user.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html
func (s *Service) ForgotPassword(ctx context.Context, app App, name string) (*CodeDelivery, error) {
	p := app.pool
	return s.send(ctx, app, name, func(u *user) (Message, error) {
		switch {
		case !u.Enabled:
			return Message{}, errDisabled
		case u.Status == statusForceChange, u.Status == statusExternal:
			return Message{}, Refuse("NotAuthorizedException", "User password cannot be reset in the current state.")
		}
		attribute, err := p.recovery(*u)
		if err != nil {
			return Message{}, err
		}
		code, m, err := s.newCode(p, u, MailForgotPassword, attribute, resetLifetime)
		u.Reset = code
		return m, err
	})
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
			return "", Refuse("NotAuthorizedException", "Contact administrator to reset password.")
		}
		attribute := strings.TrimPrefix(m.Name, "verified_")
		if u.Attributes[attribute] != "" && u.Attributes[attribute+"_verified"] == "true" {
			return attribute, nil
		}
	}
	return "", Invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

// ConfirmForgotPassword sets a new password by a code, and returns the user's name.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html
func (s *Service) ConfirmForgotPassword(app App, name, value, password string) (string, error) {
	p := app.pool
	if err := p.checkPassword(password); err != nil {
		return "", err
	}
	var before user
	var found bool
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		before, found, err = p.findUser(tx, name)
		return err
	})
	if err != nil {
		return "", err
	}
	next, err := s.newCredential(p, before.Username, password) // for nobody too: it takes its time
	if err != nil {
		return "", err
	}
	used := false
	if found {
		if used, err = s.used(p, before, password); err != nil {
			return "", err
		}
	}
	u, err := s.withUser(app, name, errCodeMismatch.because("unknown user"), func(u *user) (*Refusal, error) {
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
	if err == nil {
		err = s.postConfirmation(p, app.call, triggers.SourceConfirmForgotPassword, app.client.ID, u)
	}
	return u.Username, err
}
