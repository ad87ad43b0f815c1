package userpool

import (
	"cmp"
	"crypto/hmac"
	"time"

	"auth-api/infra/localaws/store"
)

// attempt is somebody who says to be a user. It is the one way into a sign-in: the
// API, SRP and the hosted pages all come through here.
type attempt struct {
	pool   pool
	client client
	name   string // as given
	// proof checks what was given in proof for the user, who is nil when there is none
	// of that name; it must take the same time then.
	proof func(*user) (bool, error)
	// once is the sealed value that the attempt uses up, if any.
	once *onceOnly
	// granted is called in the transaction that lets the user in.
	granted func(*store.Tx, user) error
}

// onceOnly is a sealed value that must not be used twice.
type onceOnly struct {
	id      string
	expires time.Time
}

func (o *onceOnly) spend(s *Service, tx *store.Tx) error {
	if o == nil {
		return nil
	}
	if _, used, err := spent.Get(tx, o.id); err != nil || used {
		return cmp.Or[error](err, errBadSession.because("the session was used already"))
	}
	return spent.Put(tx, o.id, o.expires)
}

var errBadSession = refuse("NotAuthorizedException", "Invalid session for the user.")

// enter decides an attempt. It returns the user; when must is true, the user has to
// choose a new password before being let in, and granted was not called.
func (s *Service) enter(a attempt) (u user, must bool, err error) {
	var found bool
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		u, found, err = a.pool.findUser(tx, a.name)
		return err
	})
	if err != nil {
		return user{}, false, err
	}
	var who *user
	key := s.attemptKey(a.pool, a.name)
	if found {
		who = &u
		key = s.attemptKey(a.pool, u.Username)
		if u.Status == statusUnconfirmed {
			return user{}, false, errUnconfirmed
		}
	}
	ok, err := a.proof(who)
	if err != nil {
		return user{}, false, err
	}
	proved := u.Password.Hash
	var no error // a refusal that must be counted, and so must not undo the transaction
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		count, err := s.attemptsOf(tx, key)
		if err != nil {
			return err
		}
		now := s.now()
		if now.Before(count.Locked) {
			no = errLockedOut
			return nil
		}
		if found {
			// The proof took its time: what it was about may have changed meanwhile.
			if u, found, err = users.Get(tx, a.pool.userKey(u.Username)); err != nil {
				return err
			}
			ok = ok && found && u.Password.Hash == proved
		}
		if !ok || !found {
			no = wrongPassword(a.client, found)
			return attempts.Put(tx, key, count.wrong(now))
		}
		switch {
		case !u.Enabled:
			no = errDisabled
		case u.Status == statusResetRequired:
			no = errMustReset
		case u.Status == statusForceChange && !now.Before(a.pool.temporaryExpires(u.Password.Set)):
			no = refuse("NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
		}
		if no != nil {
			return nil
		}
		if err := a.once.spend(s, tx); err != nil {
			return err
		}
		if err := attempts.Delete(tx, key); err != nil {
			return err
		}
		if u.Status == statusForceChange {
			must = true
			return nil
		}
		return a.granted(tx, u)
	})
	if err == nil {
		err = no
	}
	if err != nil {
		return user{}, false, err
	}
	return u, must, nil
}

func wrongPassword(c client, found bool) *refusal {
	switch {
	case found:
		return errWrongPassword.because("wrong password")
	case c.hidesUsers():
		return errWrongPassword.because("unknown user")
	}
	return errNoUser
}

// authResult is Cognito's AuthenticationResult.
type authResult struct {
	AccessToken  string
	ExpiresIn    int
	IdToken      string `json:",omitempty"`
	RefreshToken string `json:",omitempty"`
	TokenType    string
}

type authResponse struct {
	AuthenticationResult *authResult       `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	ChallengeParameters  map[string]string `json:",omitempty"`
	Session              string            `json:",omitempty"`
}

func result(t tokenSet) *authResponse {
	return &authResponse{AuthenticationResult: &authResult{
		AccessToken: t.Access, ExpiresIn: t.ExpiresIn, IdToken: t.ID, RefreshToken: t.Refresh, TokenType: "Bearer",
	}, ChallengeParameters: map[string]string{}}
}

// initiateAuth: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
func (c *call) initiateAuth() (any, error) {
	var in struct {
		AuthFlow       string
		AuthParameters map[string]string
		ClientId       string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("authFlow", in.AuthFlow, "clientId", in.ClientId); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	switch in.AuthFlow {
	case "USER_PASSWORD_AUTH", "USER_SRP_AUTH":
		if !c.client.allows(in.AuthFlow) {
			return nil, invalid("%s flow not enabled for this client", in.AuthFlow)
		}
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		if c.client.rotates() {
			return nil, invalid("Refresh token rotation is enabled for this client; use GetTokensFromRefreshToken")
		}
		if !c.client.allows("REFRESH_TOKEN_AUTH") {
			return nil, invalid("REFRESH_TOKEN_AUTH flow not enabled for this client")
		}
		return c.refreshed(in.AuthParameters["REFRESH_TOKEN"], func(u user) error {
			return c.checkSecret(in.AuthParameters["SECRET_HASH"], u.Username, u.Sub, in.AuthParameters["USERNAME"])
		})
	default:
		return nil, invalid("Initiate Auth method %s is not supported by the local AWS.", clip(in.AuthFlow))
	}
	name := in.AuthParameters["USERNAME"]
	if name == "" {
		return nil, invalid("Missing required parameter USERNAME")
	}
	if err := c.checkSecret(in.AuthParameters["SECRET_HASH"], name); err != nil {
		return nil, err
	}
	if in.AuthFlow == "USER_SRP_AUTH" {
		return c.beginSRP(name, in.AuthParameters["SRP_A"])
	}
	password := in.AuthParameters["PASSWORD"]
	if password == "" {
		return nil, invalid("Missing required parameter PASSWORD")
	}
	return c.signIn(name, nil, func(u *user) (bool, error) { return c.matchesUser(u, password) })
}

func (s *Service) matchesUser(u *user, password string) (bool, error) {
	if u == nil {
		return s.matches(nil, password)
	}
	return s.matches(&u.Password, password)
}

// signIn lets a user in by the API, or answers that a new password must be chosen.
func (c *call) signIn(name string, once *onceOnly, proof func(*user) (bool, error)) (any, error) {
	g := grant{pool: c.pool, client: c.client, scopes: []string{signInScope}, authTime: c.now()}
	var refresh string
	u, must, err := c.enter(attempt{
		pool: c.pool, client: c.client, name: name, proof: proof, once: once,
		granted: func(tx *store.Tx, u user) error {
			var err error
			g.user = u
			refresh, err = c.openFamily(tx, &g)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	if must {
		c.record.Allow("the password is right; a new one must be chosen")
		return c.newPasswordChallenge(u)
	}
	c.record.Allow("signed in")
	return c.answer(g, refresh)
}

func (c *call) answer(g grant, refresh string) (any, error) {
	set, err := c.sign(g)
	if err != nil {
		return nil, err
	}
	set.Refresh = refresh
	return result(set), nil
}

func (c *call) refreshed(token string, check func(user) error) (any, error) {
	if token == "" {
		return nil, invalid("Missing required parameter REFRESH_TOKEN")
	}
	set, u, err := c.refresh(c.pool, c.client, token, check)
	if err != nil {
		return nil, err
	}
	c.record.Caller(u.Username)
	c.record.Allow("refreshed")
	return result(set), nil
}

// getTokensFromRefreshToken: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
func (c *call) getTokensFromRefreshToken() (any, error) {
	var in struct{ RefreshToken, ClientId, ClientSecret string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := require("refreshToken", in.RefreshToken, "clientId", in.ClientId); err != nil {
		return nil, err
	}
	if err := c.as(in.ClientId); err != nil {
		return nil, err
	}
	if !c.client.knowsSecret(in.ClientSecret) {
		return nil, refuse("NotAuthorizedException", "Invalid client secret for client "+c.client.ID)
	}
	return c.refreshed(in.RefreshToken, func(user) error { return nil })
}

// knowsSecret compares a secret in constant time; a client without one sends none.
func (c client) knowsSecret(secret string) bool {
	return hmac.Equal([]byte(digest(secret)), []byte(digest(c.ClientSecret)))
}
