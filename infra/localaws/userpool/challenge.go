package userpool

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/internal/srp"
	"auth-api/infra/localaws/userpool/triggers"
)

// The two challenges: proving a password by SRP, and choosing a new one.

// srpState is what a secret block holds: everything that the second step needs, so
// that nothing is kept for strangers who never take it.
type srpState struct {
	Once    string
	Pool    string
	Client  string
	Name    string // as given
	UserID  string // USER_ID_FOR_SRP
	A, B    string // the client's public and the server's secret number
	V       string // the verifier
	Known   int    // 1 or 0: the block must not be longer for those who are not there
	Expires time.Time
}

const srpLabel, passwordLabel = "SRP secret block", "new password session"

// sessionLife is how long a challenge may stay unanswered.
func (c client) sessionLife() time.Duration {
	if c.AuthSessionValidity == 0 {
		return 3 * time.Minute
	}
	return time.Duration(c.AuthSessionValidity) * time.Minute
}

// SRPChallenge is Cognito's PASSWORD_VERIFIER: RespondSRP answers it.
type SRPChallenge struct {
	UserID      string // USER_ID_FOR_SRP
	Salt, B     string // hexadecimal
	SecretBlock string // base64, opaque
}

// BeginSRP begins a sign-in by secure remote password (USER_SRP_AUTH) with the
// client's public number, in hexadecimal. The answer for a user that is not there
// cannot be told from others when the client hides who is.
func (s *Service) BeginSRP(app App, name, srpA string) (SRPChallenge, error) {
	if err := srp.CheckA(srpA); err != nil {
		return SRPChallenge{}, Invalid("%s", err.Error())
	}
	if err := s.preAuthentication(app, name); err != nil {
		return SRPChallenge{}, err
	}
	var u user
	var found bool
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, found, err = app.pool.findUser(tx, name)
		return err
	})
	if err != nil {
		return SRPChallenge{}, err
	}
	state := srpState{Pool: app.pool.ID, Client: app.client.ID, Name: name, A: srpA, Expires: s.now().Add(app.client.sessionLife())}
	var salt string
	if found && u.Password.Verifier != "" {
		state.UserID, state.V, salt, state.Known = u.Username, u.Password.Verifier, u.Password.Salt, 1
	} else {
		if !found && !app.client.hidesUsers() {
			return SRPChallenge{}, errNoUser
		}
		state.UserID, state.V, salt = s.nobody(app.pool, name)
	}
	b, err := s.random.Bytes(64)
	if err != nil {
		return SRPChallenge{}, err
	}
	state.B = fmt.Sprintf("%x", b)
	if state.Once, err = s.RandomToken(); err != nil {
		return SRPChallenge{}, err
	}
	block, err := s.box.Seal(srpLabel, state)
	if err != nil {
		return SRPChallenge{}, err
	}
	return SRPChallenge{
		UserID: state.UserID, Salt: salt, B: srp.B(state.V, state.B),
		SecretBlock: base64.StdEncoding.EncodeToString(block),
	}, nil
}

// nobody makes up the SRP values of a user that is not there: the same salt and id
// for the same name every time, as RFC 5054, section 2.5.1.3, has it.
func (s *Service) nobody(p pool, name string) (userID, verifier, salt string) {
	folded := p.fold(name)
	userID = name
	if len(p.UsernameAttributes) > 0 || strings.Contains(name, "@") {
		id := s.MAC("srp id", p.ID, folded)
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		userID = fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
	}
	salt = fmt.Sprintf("%x", s.MAC("srp salt", p.ID, folded)[:16])
	var wide []byte
	for i := range 12 {
		wide = append(wide, s.MAC("srp verifier", p.ID, folded, string(rune('a'+i)))...)
	}
	return userID, srp.NobodysVerifier(wide), salt
}

// SRPResponse answers an SRPChallenge.
type SRPResponse struct {
	Username    string // as it was given at first, or USER_ID_FOR_SRP
	SecretBlock string // base64
	Signature   string // base64
	Timestamp   string
	SecretHash  string // of a client with a secret
}

// RespondSRP ends a sign-in by secure remote password.
func (s *Service) RespondSRP(app App, r SRPResponse) (SignedIn, error) {
	refuse := func(reason string) (SignedIn, error) { return SignedIn{}, ErrWrongPassword.because(reason) }
	block, err := base64.StdEncoding.DecodeString(r.SecretBlock)
	if err != nil {
		return refuse("the secret block is not base64")
	}
	var state srpState
	if err := s.box.Open(srpLabel, block, &state); err != nil || state.Pool != app.pool.ID || state.Client != app.client.ID {
		return refuse("the secret block is not one given to this client")
	}
	if r.Username != state.UserID && r.Username != state.Name {
		return refuse("the secret block was given for another user name")
	}
	if err := app.CheckSecretHash(r.SecretHash, r.Username); err != nil {
		return SignedIn{}, err
	}
	if !s.now().Before(state.Expires) {
		return refuse("the secret block expired at " + state.Expires.UTC().Format(time.RFC3339))
	}
	signature, err := base64.StdEncoding.DecodeString(r.Signature)
	if err != nil {
		return refuse("the signature is not base64")
	}
	return s.signIn(app, state.Name, nil, &onceOnly{id: digest(state.Once), expires: state.Expires}, func(u *user) (bool, error) {
		want, err := srp.Signature(state.Pool, state.UserID, state.A, state.B, state.V, block, r.Timestamp)
		if errors.Is(err, srp.ErrA) {
			return false, nil
		}
		// A password changed since the first step must not let its predecessor in.
		current := u != nil && u.Password.Verifier == state.V
		return hmac.Equal(want, signature) && state.Known == 1 && current, err
	})
}

// passwordState is the session of a user who must choose a new password.
type passwordState struct {
	Once     string
	Pool     string
	Client   string
	Username string
	Sub      string
	Set      time.Time // when the temporary password was set: another one ends the session
	AuthTime time.Time
	Expires  time.Time
}

func (s *Service) newPasswordChallenge(app App, u user) (*NewPasswordChallenge, error) {
	once, err := s.RandomToken()
	if err != nil {
		return nil, err
	}
	now := s.now()
	sealed, err := s.box.Seal(passwordLabel, passwordState{
		Once: once, Pool: app.pool.ID, Client: app.client.ID, Username: u.Username, Sub: u.Sub, Set: u.Password.Set, AuthTime: now, Expires: now.Add(app.client.sessionLife()),
	})
	return &NewPasswordChallenge{
		Session:    base64.RawURLEncoding.EncodeToString(sealed),
		Attributes: app.client.readable(u.Attributes),
		Missing:    app.pool.attributes().Missing(u.Attributes),
	}, err
}

// NewPassword answers a NewPasswordChallenge.
type NewPassword struct {
	Session    string
	Username   string // may be "" when the session alone says who it is
	Password   string
	Attributes map[string]string // to be set
}

// RespondNewPassword sets the password of a user who had a temporary one, and lets
// the user in as SignIn does.
func (s *Service) RespondNewPassword(app App, r NewPassword, browser *CodeRequest) (SignedIn, error) {
	p := app.pool
	sealed, err := base64.RawURLEncoding.DecodeString(r.Session)
	var state passwordState
	if err != nil || s.box.Open(passwordLabel, sealed, &state) != nil || state.Pool != p.ID || state.Client != app.client.ID {
		return SignedIn{}, ErrInvalidSession.because("the session is not one given to this client")
	}
	if !s.now().Before(state.Expires) {
		return SignedIn{}, ErrSessionExpired
	}
	if err := p.checkPassword(r.Password); err != nil {
		return SignedIn{}, err
	}
	if err := app.mayWrite(r.Attributes); err != nil {
		return SignedIn{}, err
	}
	next, err := s.newCredential(p, state.Username, r.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.notUsed(p, state.Username, r.Password); err != nil {
		return SignedIn{}, err
	}
	in := admission{app: app, browser: browser, authTime: state.AuthTime, source: triggers.SourceNewPassword}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		u, found, err := users.Get(tx, p.userKey(state.Username))
		if err != nil {
			return err
		}
		switch {
		case !found || u.Sub != state.Sub || u.Status != statusForceChange || !u.Password.Set.Equal(state.Set):
			return ErrInvalidSession.because("the user's password changed since the session began")
		case !u.Enabled:
			return errDisabled
		}
		if r.Username != "" && r.Username != u.Username {
			if named, found, err := p.findUser(tx, r.Username); err != nil || !found || named.Sub != u.Sub {
				return cmp.Or[error](err, ErrInvalidSession.because("the session is another user's"))
			}
		}
		once := &onceOnly{id: digest(state.Once), expires: state.Expires}
		if err := once.spend(s, tx); err != nil {
			return err
		}
		maps.Copy(u.Attributes, r.Attributes)
		if missing := p.attributes().Missing(u.Attributes); len(missing) > 0 {
			return Invalid("Invalid attributes given, %s is missing", missing[0])
		}
		u.setPassword(p, next)
		u.Status = statusConfirmed
		if err := s.saveUser(tx, p, u); err != nil {
			return err
		}
		return s.admit(tx, &in, u)
	})
	if err != nil {
		return SignedIn{}, taken(err)
	}
	return s.admitted(in)
}

// taken turns a name that another user holds into Cognito's refusal.
func taken(err error) error {
	var alias aliasTaken
	if errors.As(err, &alias) {
		return Refuse("AliasExistsException", alias.Error())
	}
	return err
}
