package userpool

import (
	"crypto/hmac"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// The kinds of Message.
const (
	MailSignUp          = "SIGN_UP"          // Code confirms a sign-up
	MailForgotPassword  = "FORGOT_PASSWORD"  // Code resets a password
	MailInvitation      = "INVITATION"       // Code is a temporary password
	MailVerifyAttribute = "VERIFY_ATTRIBUTE" // Code verifies the address that it was sent to
)

// Message is what Cognito would send to a user by email or SMS.
type Message struct {
	PoolID      string
	Username    string
	Medium      string // EMAIL or SMS
	Destination string // an address or a phone number
	Kind        string // MailSignUp, MailForgotPassword, MailInvitation or MailVerifyAttribute
	Code        string // a secret until it is used; of a MailInvitation a temporary password
	Expires     time.Time
}

// code is a code that was sent, as it is kept: hashed with a key, because six digits
// hashed without one are soon guessed.
type code struct {
	Hash      string    `json:"hash"`
	Expires   time.Time `json:"expires"`
	Wrong     int       `json:"wrong,omitempty"`
	Attribute string    `json:"attribute,omitempty"` // verified by using it
}

const (
	confirmLifetime = 24 * time.Hour
	resetLifetime   = time.Hour
	maxWrongCodes   = 5
	maxSentPerHour  = 5
)

// The refusals of codes.
var (
	errCodeMismatch = Refuse("CodeMismatchException", "Invalid verification code provided, please try again.")
	errCodeExpired  = Refuse("ExpiredCodeException", "Invalid code provided, please request a code again.")
	errTooManyCodes = Refuse("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	errTooManyWrong = Refuse("TooManyFailedAttemptsException", "Attempt limit exceeded, please try after some time.")
)

func (s *Service) codeHash(p pool, u user, kind, value string) string {
	return hex.EncodeToString(s.MAC("code", p.ID, u.Sub, kind, value))
}

// newCode makes a code of six digits for the user and the message that carries it. A
// user is sent at most five an hour.
func (s *Service) newCode(p pool, u *user, kind, attribute string, lifetime time.Duration) (*code, Message, error) {
	now := s.now()
	u.Sent = slices.DeleteFunc(u.Sent, func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	if len(u.Sent) >= maxSentPerHour {
		return nil, Message{}, errTooManyCodes.because("five codes were sent within an hour")
	}
	u.Sent = append(u.Sent, now)
	value, err := s.random.Pick("0123456789", 6)
	if err != nil {
		return nil, Message{}, err
	}
	c := &code{Hash: s.codeHash(p, *u, kind, value), Expires: now.Add(lifetime), Attribute: attribute}
	return c, Message{
		PoolID: p.ID, Username: u.Username, Medium: medium(attribute), Destination: u.Attributes[attribute],
		Kind: kind, Code: value, Expires: c.Expires,
	}, nil
}

// check compares a code that a user gave, and counts when it is wrong: save the user
// whatever the answer is.
func (s *Service) check(c *code, p pool, u user, kind, value string) *Refusal {
	switch {
	case c == nil:
		return errCodeExpired.because("no code is under way")
	case c.Wrong >= maxWrongCodes:
		return errTooManyWrong.because("five wrong codes were given")
	case !s.now().Before(c.Expires):
		return errCodeExpired.because("the code expired at " + c.Expires.UTC().Format(time.RFC3339))
	case !hmac.Equal([]byte(c.Hash), []byte(s.codeHash(p, u, kind, value))):
		c.Wrong++
		return errCodeMismatch
	}
	return nil
}

func medium(attribute string) string {
	if attribute == "phone_number" {
		return "SMS"
	}
	return "EMAIL"
}

// CodeDelivery is Cognito's CodeDeliveryDetails.
type CodeDelivery struct {
	AttributeName  string
	DeliveryMedium string
	Destination    string
}

func delivery(attribute, destination string) *CodeDelivery {
	return &CodeDelivery{AttributeName: attribute, DeliveryMedium: medium(attribute), Destination: mask(destination)}
}

// mask hides an address as Cognito does: the first letters, or the last four digits.
func mask(destination string) string {
	if local, domain, ok := strings.Cut(destination, "@"); ok {
		return firstRune(local) + "***@" + firstRune(domain) + "***"
	}
	if len(destination) > 5 {
		return "+" + strings.Repeat("*", len(destination)-5) + destination[len(destination)-4:]
	}
	return "***"
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// fictional is where a code for a user that is not there would have gone: always the
// same for the same name.
func (s *Service) fictional(p pool, name string) *CodeDelivery {
	sum := s.MAC("fictional delivery", p.ID, p.fold(name))
	letter := func(b byte) string { return string(rune('a' + b%26)) }
	return &CodeDelivery{AttributeName: "email", DeliveryMedium: "EMAIL", Destination: letter(sum[0]) + "***@" + letter(sum[1]) + "***"}
}
