package userpool

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/totp"
)

// The second factor: a software token, whose codes package totp checks.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html

// The challenges that a FactorChallenge may be.
const (
	ChallengeSoftwareToken = "SOFTWARE_TOKEN_MFA"
	ChallengeMFASetup      = "MFA_SETUP"
)

// softwareToken is a user's second factor as the store keeps it.
type softwareToken struct {
	Secret    []byte `json:"secret,omitempty"`    // sealed; verified, so that codes are asked for
	Pending   []byte `json:"pending,omitempty"`   // sealed; associated, and yet to be verified
	Device    string `json:"device,omitempty"`    // the friendly name
	Used      int64  `json:"used,omitempty"`      // the step of the code taken last: nothing up to it is taken again
	Enabled   bool   `json:"enabled,omitempty"`   // in the user's UserMFASettingList
	Preferred bool   `json:"preferred,omitempty"` // the user's PreferredMfaSetting
}

// The refusals of the second factor.
var (
	errFactorWrong  = Refuse("CodeMismatchException", "Invalid code received for user")
	errFactorUsed   = Refuse("ExpiredCodeException", "Your software token has already been used once.")
	errTokenWrong   = Refuse("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
	errTokenOff     = Refuse("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
	errTokenNone    = Refuse("SoftwareTokenMFANotFoundException", "Software Token MFA does not exist for the user.")
	errTokenUnset   = Invalid("User has not set up software token mfa")
	errTokenPending = Invalid("User has not verified software token mfa")
)

// ErrLockedOut is the refusal while too many wrong passwords or codes were given.
var ErrLockedOut = errLockedOut

// hasTokens says whether users of the pool may have software tokens.
func (p pool) hasTokens() bool {
	return p.SoftwareTokenMFA != nil && p.SoftwareTokenMFA.Enabled && (p.MFAConfiguration == "ON" || p.MFAConfiguration == "OPTIONAL")
}

// factorOf is the challenge that stands between the user's password and the sign-in,
// or "": where the pool requires a second factor, a verified token is asked for
// whatever the user prefers, and who has none must set one up.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
func (p pool) factorOf(u user) string {
	required := p.MFAConfiguration == "ON"
	switch {
	case !required && p.MFAConfiguration != "OPTIONAL":
		return ""
	case u.Token.Secret != nil && (required || u.Token.Enabled):
		return ChallengeSoftwareToken
	case required:
		return ChallengeMFASetup
	}
	return ""
}

// checkMFA refuses a pool whose second factor and whose factors contradict each other,
// as SetUserPoolMfaConfig does.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html
func checkMFA(p Pool) error {
	enabled := p.SoftwareTokenMFA != nil && p.SoftwareTokenMFA.Enabled
	switch p.MFAConfiguration {
	case "ON", "OPTIONAL":
		if !enabled {
			return fmt.Errorf("mfaConfiguration: %s needs a second factor, and softwareTokenMfaConfiguration.enabled is not true (a software token is the one factor of the local AWS)", p.MFAConfiguration)
		}
	default:
		if enabled {
			return errors.New("softwareTokenMfaConfiguration.enabled: true goes with mfaConfiguration ON or OPTIONAL; AWS does not turn MFA off and configure one of its factors together")
		}
	}
	return nil
}

// secretLabel binds a sealed secret to its user: it opens for nobody else.
func secretLabel(p pool, u user) string { return "software token of " + p.ID + "/" + u.Sub }

func (s *Service) sealSecret(p pool, u user, secret string) ([]byte, error) {
	return s.box.Seal(secretLabel(p, u), secret)
}

func (s *Service) openSecret(p pool, u user, sealed []byte) (secret string, err error) {
	if err := s.box.Open(secretLabel(p, u), sealed, &secret); err != nil {
		return "", fmt.Errorf("reading the software token of user %s in pool %s: %w", u.Username, p.ID, err)
	}
	return secret, nil
}

// takeCode checks a code against a secret. It returns the step of a code that is right,
// which must be after the step used last; wrong is the refusal of any other code.
func (s *Service) takeCode(secret, code string, used int64, wrong *Refusal) (step int64, no *Refusal, err error) {
	step, err = totp.Check(secret, code, s.now(), used)
	switch {
	case errors.Is(err, totp.ErrWrong):
		return 0, wrong.because(err.Error()), nil
	case errors.Is(err, totp.ErrUsed):
		return 0, errFactorUsed, nil
	}
	return step, nil, err
}

// counted runs what takes a code of the user, in a transaction. A refusal that run
// returns first is counted like a wrong password, and so must come before it has
// written anything; while the name is locked, run is not called.
func (s *Service) counted(p pool, username string, run func(*store.Tx) (*Refusal, error)) error {
	var no *Refusal // must not undo the transaction that counts it
	err := s.cfg.Store.Update(func(tx *store.Tx) error {
		key := s.attemptKey(p, username)
		count, err := s.attemptsOf(tx, key)
		if err != nil {
			return err
		}
		now := s.now()
		if now.Before(count.Locked) {
			return errLockedOut
		}
		if no, err = run(tx); err != nil || no == nil {
			return err
		}
		return attempts.Put(tx, key, count.More(now))
	})
	if err == nil && no != nil {
		return no
	}
	return err
}

// account is what an authenticator app lists the user's token by.
func (p pool) account(u user) string {
	for _, name := range p.UsernameAttributes { // the username is a UUID then
		if value := u.Attributes[name]; value != "" {
			return value
		}
	}
	return u.Username
}

// mfaSettings are Cognito's UserMFASettingList and PreferredMfaSetting.
func (u user) mfaSettings() (list []string, preferred string) {
	if u.Token.Enabled {
		list = []string{ChallengeSoftwareToken}
	}
	if u.Token.Preferred {
		preferred = ChallengeSoftwareToken
	}
	return list, preferred
}

// MFAPreference is Cognito's SoftwareTokenMfaSettings.
type MFAPreference struct{ Enabled, Preferred bool }

// prefer sets whether a user is asked for the token in a pool where that is optional.
func (p pool) prefer(u *user, want MFAPreference) error {
	switch {
	case want.Enabled && !p.hasTokens():
		return Invalid("User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA").because("the pool has no software tokens")
	case u.Token.Secret == nil && u.Token.Pending != nil:
		return errTokenPending
	case u.Token.Secret == nil:
		return errTokenUnset
	case want.Preferred && !want.Enabled:
		return Invalid("SoftwareTokenMfaSettings: PreferredMfa cannot be true while Enabled is false")
	}
	u.Token.Enabled, u.Token.Preferred = want.Enabled, want.Preferred
	return nil
}
