package userpool

import (
	"cmp"
	"encoding/base64"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/totp"
)

// The challenge of the second factor: asking for a code, or having a token set up.

// FactorChallenge is what stands between a right password and the sign-in:
// RespondSoftwareToken answers ChallengeSoftwareToken; AssociateSoftwareToken,
// VerifySoftwareToken and RespondMFASetup, one after the other, ChallengeMFASetup.
type FactorChallenge struct {
	Name    string // ChallengeSoftwareToken or ChallengeMFASetup
	Session string // opaque, and good for the client's authSessionValidity
	Device  string // the token's friendly name, if it has one
}

// The steps of a session between password and sign-in: the two challenges, and where
// setting up a token has got to.
const (
	stepAssociated = "associated" // the token is yet to be verified; the session has its secret
	stepVerified   = "verified"   // the token is the user's
)

// factorState is the session of a user whose password was right.
type factorState struct {
	Step     string
	Once     string
	Pool     string
	Client   string
	Username string
	Sub      string
	Set      time.Time // when the password was set: another one ends the session
	Secret   string    `json:",omitempty"` // of the token that is being set up
	Account  string    `json:",omitempty"` // what the app lists that token by
	Token    string    `json:",omitempty"` // which token was verified
	AuthTime time.Time
	Expires  time.Time
}

const factorLabel = "MFA session"

// factorSession seals the state for another step, and for a session's time from now.
func (s *Service) factorSession(app App, state factorState, step string) (session string, err error) {
	if state.Once, err = s.RandomToken(); err != nil {
		return "", err
	}
	state.Step, state.Expires = step, s.now().Add(app.client.sessionLife())
	sealed, err := s.box.Seal(factorLabel, state)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// challenge asks for a factor of a user whose sign-in has got as far as in has.
func (s *Service) challenge(in admission, u user, factor string) (*FactorChallenge, error) {
	session, err := s.factorSession(in.app, factorState{
		Pool: in.app.pool.ID, Client: in.app.client.ID, Username: u.Username, Sub: u.Sub, Set: u.Password.Set, AuthTime: in.authTime,
	}, factor)
	return &FactorChallenge{Name: factor, Session: session, Device: u.Token.Device}, err
}

// openFactor reads a session of one step.
func (s *Service) openFactor(session, step string) (factorState, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(session)
	var state factorState
	switch {
	case err != nil || s.box.Open(factorLabel, sealed, &state) != nil:
		return state, ErrInvalidSession.because("the session is none of a second factor")
	case state.Step != step:
		return state, ErrInvalidSession.because("the session is for the step " + audit.Clip(state.Step) + ", not " + step)
	case !s.now().Before(state.Expires):
		return state, ErrSessionExpired
	}
	return state, nil
}

// openFactorOf reads a session of one step that was given to this client.
func (s *Service) openFactorOf(app App, session, step string) (factorState, error) {
	state, err := s.openFactor(session, step)
	if err == nil && (state.Pool != app.pool.ID || state.Client != app.client.ID) {
		err = ErrInvalidSession.because("the session is not one given to this client")
	}
	return state, err
}

func (f factorState) once() *onceOnly { return &onceOnly{id: digest(f.Once), expires: f.Expires} }

// factorUser is the user of a session that may still be answered; name, if it is
// given, must be one of the user's.
func (s *Service) factorUser(tx *store.Tx, p pool, state factorState, name string) (user, error) {
	if _, used, err := spent.Get(tx, state.once().id); err != nil || used {
		return user{}, cmp.Or[error](err, ErrInvalidSession.because("the session was used already"))
	}
	u, found, err := users.Get(tx, p.userKey(state.Username))
	switch {
	case err != nil:
		return user{}, err
	case !found || u.Sub != state.Sub:
		return user{}, ErrInvalidSession.because("the session's user is gone")
	case !u.Enabled:
		return user{}, errDisabled
	case u.Status == statusResetRequired:
		return user{}, errMustReset
	case u.Status != statusConfirmed || !u.Password.Set.Equal(state.Set):
		return user{}, ErrInvalidSession.because("the user's password changed since the session began")
	case state.AuthTime.Before(u.SignedOutAt):
		return user{}, ErrInvalidSession.because("the user was signed out everywhere since the session began")
	}
	if name != "" && name != u.Username {
		if named, found, err := p.findUser(tx, name); err != nil || !found || named.Sub != u.Sub {
			return user{}, cmp.Or[error](err, ErrInvalidSession.because("the session is another user's"))
		}
	}
	return u, nil
}

// passed lets in a user who showed the second factor, in the transaction that took it.
func (s *Service) passed(tx *store.Tx, in *admission, state factorState, u user) error {
	if err := state.once().spend(s, tx); err != nil {
		return err
	}
	if err := attempts.Delete(tx, s.attemptKey(in.app.pool, u.Username)); err != nil {
		return err
	}
	in.second = true
	return s.admit(tx, in, u)
}

// FactorResponse answers a FactorChallenge.
type FactorResponse struct {
	Session  string
	Username string // may be "" when the session alone says who it is
	Code     string // of the software token
}

// RespondSoftwareToken takes a code of the user's token, and lets the user in as
// SignIn does. After a wrong code the session may be answered again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
func (s *Service) RespondSoftwareToken(app App, r FactorResponse, browser *CodeRequest) (SignedIn, error) {
	state, err := s.openFactorOf(app, r.Session, ChallengeSoftwareToken)
	if err != nil {
		return SignedIn{}, err
	}
	p := app.pool
	in := admission{app: app, browser: browser, authTime: state.AuthTime}
	err = s.counted(p, state.Username, func(tx *store.Tx) (*Refusal, error) {
		u, err := s.factorUser(tx, p, state, r.Username)
		if err != nil {
			return nil, err
		}
		if u.Token.Secret == nil {
			return nil, errTokenNone
		}
		secret, err := s.openSecret(p, u, u.Token.Secret)
		if err != nil {
			return nil, err
		}
		step, no, err := s.takeCode(secret, r.Code, u.Token.Used, errFactorWrong)
		if err != nil || no != nil {
			return no, err
		}
		u.Token.Used = step
		if err := users.Put(tx, p.userKey(u.Username), u); err != nil { // not saveUser: signing in modifies nobody
			return nil, err
		}
		return nil, s.passed(tx, &in, state, u)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return s.admitted(in)
}

// AssociatedToken is a software token that is yet to be verified.
type AssociatedToken struct {
	Username string
	Account  string // what an authenticator app may list the token by
	Secret   string // base32, a secret: for the user's authenticator app alone
	Session  string // for VerifySoftwareToken; "" where an access token goes on
}

// AssociateSoftwareToken begins to set up a token for the user of a ChallengeMFASetup.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
func (s *Service) AssociateSoftwareToken(session string) (AssociatedToken, error) {
	state, app, err := s.setup(session, ChallengeMFASetup)
	if err != nil {
		return AssociatedToken{}, err
	}
	if state.Secret, err = totp.NewSecret(s.random); err != nil {
		return AssociatedToken{}, err
	}
	out := AssociatedToken{Username: state.Username, Secret: state.Secret}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		u, err := s.setupUser(tx, app.pool, state)
		if err != nil {
			return err
		}
		state.Account = app.pool.account(u)
		out.Account = state.Account
		if err := state.once().spend(s, tx); err != nil {
			return err
		}
		out.Session, err = s.factorSession(app, state, stepAssociated)
		return err
	})
	return out, err
}

// setup reads a session of setting up a token, and finds the client it was given to.
func (s *Service) setup(session, step string) (factorState, App, error) {
	state, err := s.openFactor(session, step)
	if err != nil {
		return state, App{}, err
	}
	app, err := s.App(state.Client)
	if err == nil && app.pool.ID != state.Pool {
		err = ErrInvalidSession.because("the session's client belongs to another pool by now")
	}
	return state, app, err
}

// setupUser is the user of such a session, who must have no token: whoever knows the
// password alone must not put another token in the place of the user's.
func (s *Service) setupUser(tx *store.Tx, p pool, state factorState) (user, error) {
	u, err := s.factorUser(tx, p, state, "")
	switch {
	case err != nil:
		return user{}, err
	case !p.hasTokens():
		return user{}, errTokenOff
	case u.Token.Secret != nil:
		return user{}, ErrInvalidSession.because("the user has a software token by now")
	}
	return u, nil
}

// SetupSecret returns the secret and the user of a token that is being set up: a page
// shows it again after a wrong code.
func (s *Service) SetupSecret(app App, session string) (AssociatedToken, error) {
	state, err := s.openFactorOf(app, session, stepAssociated)
	if err != nil {
		return AssociatedToken{}, err
	}
	return AssociatedToken{Username: state.Username, Account: state.Account, Secret: state.Secret, Session: session}, nil
}

// VerifySoftwareToken takes a code of the token that AssociateSoftwareToken began to
// set up, and makes it the user's second factor, by the friendly name. It returns the
// user's name and the session for RespondMFASetup. After a wrong code the session may
// be answered again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
func (s *Service) VerifySoftwareToken(session, code, device string) (username, next string, err error) {
	state, app, err := s.setup(session, stepAssociated)
	if err != nil {
		return "", "", err
	}
	p := app.pool
	err = s.counted(p, state.Username, func(tx *store.Tx) (*Refusal, error) {
		u, err := s.setupUser(tx, p, state)
		if err != nil {
			return nil, err
		}
		step, no, err := s.takeCode(state.Secret, code, 0, errTokenWrong)
		if err != nil || no != nil {
			return no, err
		}
		u.Token = softwareToken{Device: device, Used: step, Enabled: true, Preferred: true}
		if u.Token.Secret, err = s.sealSecret(p, u, state.Secret); err != nil {
			return nil, err
		}
		if err := state.once().spend(s, tx); err != nil {
			return nil, err
		}
		after := state
		after.Secret, after.Account, after.Token = "", "", digest(string(u.Token.Secret))
		if next, err = s.factorSession(app, after, stepVerified); err != nil {
			return nil, err
		}
		return nil, s.saveUser(tx, p, u)
	})
	return state.Username, next, err
}

// RespondMFASetup lets in a user who has set up a token, with the session that
// VerifySoftwareToken gave.
func (s *Service) RespondMFASetup(app App, r FactorResponse, browser *CodeRequest) (SignedIn, error) {
	state, err := s.openFactorOf(app, r.Session, stepVerified)
	if err != nil {
		return SignedIn{}, err
	}
	in := admission{app: app, browser: browser, authTime: state.AuthTime}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		u, err := s.factorUser(tx, app.pool, state, r.Username)
		if err != nil {
			return err
		}
		if u.Token.Secret == nil || digest(string(u.Token.Secret)) != state.Token {
			return ErrInvalidSession.because("the user's software token is another one by now")
		}
		return s.passed(tx, &in, state, u)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return s.admitted(in)
}

// MFASettings are Cognito's UserMFASettingList and PreferredMfaSetting.
func (b Bearer) MFASettings() (list []string, preferred string) { return b.user.mfaSettings() }

// AssociateSoftwareToken begins to set up a token for a user who is signed in. A token
// that the user has stays until the new one is verified.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
func (b Bearer) AssociateSoftwareToken() (AssociatedToken, error) {
	s := b.service
	if !b.app.pool.hasTokens() {
		return AssociatedToken{}, errTokenOff
	}
	secret, err := totp.NewSecret(s.random)
	if err != nil {
		return AssociatedToken{}, err
	}
	err = b.change(func(tx *store.Tx, p pool, u user) (err error) {
		if u.Token.Pending, err = s.sealSecret(p, u, secret); err != nil {
			return err
		}
		return s.saveUser(tx, p, u)
	})
	return AssociatedToken{Username: b.user.Username, Account: b.app.pool.account(b.user), Secret: secret}, err
}

// VerifySoftwareToken takes a code of the token that AssociateSoftwareToken began to
// set up, and makes it the user's in place of any other. The user is asked for it at
// sign-in once SetMFAPreference says so, or where the pool requires a second factor.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
func (b Bearer) VerifySoftwareToken(code, device string) error {
	s, p := b.service, b.app.pool
	if !p.hasTokens() {
		return errTokenOff
	}
	return s.counted(p, b.user.Username, func(tx *store.Tx) (*Refusal, error) {
		u, found, err := users.Get(tx, p.userKey(b.user.Username))
		switch {
		case err != nil:
			return nil, err
		case !found || u.Sub != b.user.Sub:
			return nil, errNoUser
		case u.Token.Pending == nil:
			return nil, errTokenNone
		}
		secret, err := s.openSecret(p, u, u.Token.Pending)
		if err != nil {
			return nil, err
		}
		step, no, err := s.takeCode(secret, code, 0, errTokenWrong)
		if err != nil || no != nil {
			return no, err
		}
		u.Token.Secret, u.Token.Pending, u.Token.Device, u.Token.Used = u.Token.Pending, nil, device, step
		return nil, s.saveUser(tx, p, u)
	})
}

// SetMFAPreference says whether the user is asked for the token at sign-in; a token
// must have been verified before.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html
func (b Bearer) SetMFAPreference(want MFAPreference) error {
	return b.change(func(tx *store.Tx, p pool, u user) error {
		if err := p.prefer(&u, want); err != nil {
			return err
		}
		return b.service.saveUser(tx, p, u)
	})
}
