package userpool

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

// The two challenges: proving a password by SRP, and choosing a new one. What the
// second step needs is sealed and handed to the client, so that nothing is kept for
// strangers who never take it.

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

func (c *call) beginSRP(name, srpA string) (any, error) {
	if _, err := parseSRPA(srpA); err != nil {
		return nil, invalid("%s", err.Error())
	}
	var u user
	var found bool
	err := c.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, found, err = c.pool.findUser(tx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	state := srpState{Pool: c.pool.ID, Client: c.client.ID, Name: name, A: srpA, Expires: c.now().Add(c.client.sessionLife())}
	var salt string
	if found && u.Password.Verifier != "" {
		state.UserID, state.V, salt, state.Known = u.Username, u.Password.Verifier, u.Password.Salt, 1
	} else {
		if !found && !c.client.hidesUsers() {
			return nil, errNoUser
		}
		state.UserID, state.V, salt = c.nobody(name)
	}
	b, err := c.random(64)
	if err != nil {
		return nil, err
	}
	state.B = fmt.Sprintf("%x", b)
	if state.Once, err = c.token(); err != nil {
		return nil, err
	}
	block, err := c.seal(srpLabel, state)
	if err != nil {
		return nil, err
	}
	c.record.Allow("the password is yet to be proved")
	return &authResponse{ChallengeName: "PASSWORD_VERIFIER", ChallengeParameters: map[string]string{
		"USER_ID_FOR_SRP": state.UserID, "USERNAME": state.UserID, "SALT": salt,
		"SRP_B":        srpB(hexInt(state.V), new(big.Int).SetBytes(b)).Text(16),
		"SECRET_BLOCK": base64.StdEncoding.EncodeToString(block),
	}}, nil
}

// nobody makes up the SRP values of a user that is not there: the same salt and id
// for the same name every time, as RFC 5054, section 2.5.1.3, has it.
func (c *call) nobody(name string) (userID, verifier, salt string) {
	folded := c.pool.fold(name)
	userID = name
	if len(c.pool.UsernameAttributes) > 0 || strings.Contains(name, "@") {
		id := c.mac("srp id", c.pool.ID, folded)
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		userID = fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
	}
	salt = fmt.Sprintf("%x", c.mac("srp salt", c.pool.ID, folded)[:16])
	var wide []byte
	for i := range 12 {
		wide = append(wide, c.mac("srp verifier", c.pool.ID, folded, string(rune('a'+i)))...)
	}
	v := new(big.Int).SetBytes(wide)
	v.Mul(v, v).Mod(v, srpN) // a square, as every power of the generator is
	return userID, srpHex(v), salt
}

// respondToAuthChallenge: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
func (c *call) respondToAuthChallenge() (any, error) {
	var in struct {
		ChallengeName      string
		ChallengeResponses map[string]string
		ClientId           string
		Session            string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("challengeName", in.ChallengeName, "clientId", in.ClientId); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	switch in.ChallengeName {
	case "PASSWORD_VERIFIER":
		return c.finishSRP(in.ChallengeResponses)
	case "NEW_PASSWORD_REQUIRED":
		return c.finishNewPassword(in.Session, in.ChallengeResponses)
	}
	return nil, invalid("The challenge %s is not supported by the local AWS.", clip(in.ChallengeName))
}

func (c *call) finishSRP(in map[string]string) (any, error) {
	for _, name := range []string{"USERNAME", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"} {
		if in[name] == "" {
			return nil, invalid("Missing required parameter %s", name)
		}
	}
	block, err := base64.StdEncoding.DecodeString(in["PASSWORD_CLAIM_SECRET_BLOCK"])
	if err != nil {
		return nil, errWrongPassword.because("the secret block is not base64")
	}
	var state srpState
	if err := c.open(srpLabel, block, &state); err != nil || state.Pool != c.pool.ID || state.Client != c.client.ID {
		return nil, errWrongPassword.because("the secret block is not one given to this client")
	}
	if in["USERNAME"] != state.UserID && in["USERNAME"] != state.Name {
		return nil, errWrongPassword.because("the secret block was given for another user name")
	}
	if err := c.checkSecret(in["SECRET_HASH"], in["USERNAME"]); err != nil {
		return nil, err
	}
	if !c.now().Before(state.Expires) {
		return nil, errWrongPassword.because("the secret block expired at " + state.Expires.UTC().Format(time.RFC3339))
	}
	signature, err := base64.StdEncoding.DecodeString(in["PASSWORD_CLAIM_SIGNATURE"])
	if err != nil {
		return nil, errWrongPassword.because("the signature is not base64")
	}
	return c.signIn(state.Name, &onceOnly{id: digest(state.Once), expires: state.Expires}, func(u *user) (bool, error) {
		A, err := parseSRPA(state.A)
		if err != nil {
			return false, err
		}
		want, err := srpSignature(state.Pool, state.UserID, A, hexInt(state.B), hexInt(state.V), block, in["TIMESTAMP"])
		if errors.Is(err, errSRPA) {
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

func (s *Service) newPasswordSession(p pool, c client, u user) (string, error) {
	once, err := s.token()
	if err != nil {
		return "", err
	}
	now := s.now()
	sealed, err := s.seal(passwordLabel, passwordState{
		Once: once, Pool: p.ID, Client: c.ID, Username: u.Username, Sub: u.Sub, Set: u.Password.Set, AuthTime: now, Expires: now.Add(c.sessionLife()),
	})
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (c *call) newPasswordChallenge(u user) (any, error) {
	session, err := c.newPasswordSession(c.pool, c.client, u)
	if err != nil {
		return nil, err
	}
	shown := maps.Clone(u.Attributes)
	maps.DeleteFunc(shown, func(name, _ string) bool { return !c.client.mayRead(name) })
	attributes, err := json.Marshal(shown)
	if err != nil {
		return nil, fmt.Errorf("describing a user's attributes: %w", err)
	}
	missing := c.pool.missingAttributes(u.Attributes)
	for i, name := range missing {
		missing[i] = "userAttributes." + name
	}
	required, err := json.Marshal(missing)
	if err != nil {
		return nil, fmt.Errorf("describing the missing attributes: %w", err)
	}
	return &authResponse{ChallengeName: "NEW_PASSWORD_REQUIRED", Session: session, ChallengeParameters: map[string]string{
		"USER_ID_FOR_SRP": u.Username, "userAttributes": string(attributes), "requiredAttributes": string(required),
	}}, nil
}

func (c *call) finishNewPassword(session string, in map[string]string) (any, error) {
	if in["USERNAME"] == "" {
		return nil, invalid("Missing required parameter USERNAME")
	}
	if err := c.checkSecret(in["SECRET_HASH"], in["USERNAME"]); err != nil {
		return nil, err
	}
	attributes := map[string]string{}
	for name, value := range in {
		if attribute, ok := strings.CutPrefix(name, "userAttributes."); ok {
			attributes[attribute] = value
		}
	}
	g := grant{pool: c.pool, client: c.client, scopes: []string{signInScope}}
	var refresh string
	u, err := c.chooseNewPassword(c.pool, c.client, session, in["USERNAME"], in["NEW_PASSWORD"], attributes,
		func(tx *store.Tx, u user, authTime time.Time) (err error) {
			g.user, g.authTime = u, authTime
			refresh, err = c.openFamily(tx, &g)
			return err
		})
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	c.record.Allow("signed in with a new password")
	return c.answer(g, refresh)
}

// chooseNewPassword ends a NEW_PASSWORD_REQUIRED session. name may be "", when the
// session alone says who it is.
func (s *Service) chooseNewPassword(p pool, c client, session, name, password string, attributes map[string]string,
	granted func(*store.Tx, user, time.Time) error) (user, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(session)
	var state passwordState
	if err != nil || s.open(passwordLabel, sealed, &state) != nil || state.Pool != p.ID || state.Client != c.ID {
		return user{}, errBadSession.because("the session is not one given to this client")
	}
	if !s.now().Before(state.Expires) {
		return user{}, refuse("NotAuthorizedException", "Invalid session for the user, session is expired.")
	}
	if problem := p.checkPassword(password); problem != "" {
		return user{}, refuse("InvalidPasswordException", problem)
	}
	if err := s.mayWrite(p, c, attributes); err != nil {
		return user{}, err
	}
	next, err := s.newCredential(p, state.Username, password)
	if err != nil {
		return user{}, err
	}
	var u user
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		var found bool
		if u, found, err = users.Get(tx, p.userKey(state.Username)); err != nil {
			return err
		}
		switch {
		case !found || u.Sub != state.Sub || u.Status != statusForceChange || !u.Password.Set.Equal(state.Set):
			return errBadSession.because("the user's password changed since the session began")
		case !u.Enabled:
			return errDisabled
		}
		if name != "" && name != u.Username {
			if named, found, err := p.findUser(tx, name); err != nil || !found || named.Sub != u.Sub {
				return cmp.Or[error](err, errBadSession.because("the session is another user's"))
			}
		}
		once := &onceOnly{id: digest(state.Once), expires: state.Expires}
		if err := once.spend(s, tx); err != nil {
			return err
		}
		maps.Copy(u.Attributes, attributes)
		if missing := p.missingAttributes(u.Attributes); len(missing) > 0 {
			return invalid("Invalid attributes given, %s is missing", missing[0])
		}
		u.setPassword(p, next)
		u.Status = statusConfirmed
		if err := s.saveUser(tx, p, u); err != nil {
			return err
		}
		return granted(tx, u, state.AuthTime)
	})
	return u, taken(err)
}

// taken turns a name that another user holds into Cognito's refusal.
func taken(err error) error {
	var alias aliasTaken
	if errors.As(err, &alias) {
		return refuse("AliasExistsException", alias.Error())
	}
	return err
}
