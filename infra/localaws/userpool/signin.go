package userpool

import (
	"cmp"
	"errors"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// attempt is somebody who says to be a user. It is the one way into a sign-in: the
// API, SRP and the hosted pages all come through here.
type attempt struct {
	app  App
	name string // as given
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
		return cmp.Or[error](err, ErrInvalidSession.because("the session was used already"))
	}
	return spent.Put(tx, o.id, o.expires)
}

// enter decides an attempt. It returns the user; when must is true, the user has to
// choose a new password before being let in, and granted was not called.
func (s *Service) enter(a attempt) (u user, must bool, err error) {
	var found bool
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		u, found, err = a.app.pool.findUser(tx, a.name)
		return err
	})
	if err != nil {
		return user{}, false, err
	}
	var who *user
	key := s.attemptKey(a.app.pool, a.name)
	if found {
		who = &u
		key = s.attemptKey(a.app.pool, u.Username)
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
			if u, found, err = users.Get(tx, a.app.pool.userKey(u.Username)); err != nil {
				return err
			}
			ok = ok && found && u.Password.Hash == proved
		}
		if !ok || !found {
			no = wrongPassword(a.app.client, found)
			return attempts.Put(tx, key, count.More(now))
		}
		switch {
		case !u.Enabled:
			no = errDisabled
		case u.Status == statusResetRequired:
			no = errMustReset
		case u.Status == statusForceChange && !now.Before(a.app.pool.PasswordPolicy.TemporaryExpires(u.Password.Set)):
			no = Refuse("NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
		}
		if no != nil {
			return nil
		}
		if err := a.once.spend(s, tx); err != nil {
			return err
		}
		// Where a second factor is due, the password alone does not clear the count: the
		// codes guessed in between would not count.
		if a.app.pool.factorOf(u) == "" {
			if err := attempts.Delete(tx, key); err != nil {
				return err
			}
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

func wrongPassword(c client, found bool) *Refusal {
	switch {
	case found:
		return ErrWrongPassword.because("wrong password")
	case c.hidesUsers():
		return ErrWrongPassword.because("unknown user")
	}
	return errNoUser
}

// SignedIn is what a sign-in came to.
type SignedIn struct {
	Username string
	// Challenge is set when the user must choose a new password before being let in;
	// there is nothing else then.
	Challenge *NewPasswordChallenge
	// Factor is set when the second factor is yet to be shown; there is nothing else then.
	Factor *FactorChallenge
	// Tokens are given at once to a client of the API.
	Tokens Tokens
	// Session is the browser's, and Code what the client changes for tokens: given
	// when a CodeRequest came with the sign-in.
	Session, Code string
}

// NewPasswordChallenge is Cognito's NEW_PASSWORD_REQUIRED: RespondNewPassword answers it.
type NewPasswordChallenge struct {
	Session    string            // opaque, and good for the client's authSessionValidity
	Attributes map[string]string // of the user, as far as the client may read them
	Missing    []string          // attributes that the pool requires and the user lacks
}

// SignIn lets a user in by password (USER_PASSWORD_AUTH): with tokens, or with a
// session and a code when it is a browser that asks. A *Refusal says why not.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
func (s *Service) SignIn(app App, name, password string, browser *CodeRequest) (SignedIn, error) {
	if err := s.preAuthentication(app, name); err != nil {
		return SignedIn{}, err
	}
	return s.signIn(app, name, browser, nil, func(u *user) (bool, error) { return s.matchesUser(u, password) })
}

func (s *Service) signIn(app App, name string, browser *CodeRequest, once *onceOnly, proof func(*user) (bool, error)) (SignedIn, error) {
	in := admission{app: app, browser: browser, authTime: s.now()}
	u, must, err := s.enter(attempt{
		app: app, name: name, proof: proof, once: once,
		granted: func(tx *store.Tx, u user) error { return s.admit(tx, &in, u) },
	})
	if err != nil {
		return SignedIn{}, err
	}
	if must {
		challenge, err := s.newPasswordChallenge(app, u)
		return SignedIn{Username: u.Username, Challenge: challenge}, err
	}
	return s.admitted(in)
}

// admission is the last step of a sign-in, whichever way it was proved.
type admission struct {
	app      App
	browser  *CodeRequest // nil for a client of the API
	authTime time.Time
	second   bool   // the second factor was shown
	first    bool   // of a provider's user: PostConfirmation is told instead of PostAuthentication
	source   string // of the token event; TokenGeneration_Authentication when empty
	grant    grant
	out      SignedIn
}

// admit gives the user a session and a code, or begins the family of tokens, in the
// transaction that lets the user in. It is the one place that does: a second factor
// that is due and was not shown is asked for here, whichever way the sign-in came.
func (s *Service) admit(tx *store.Tx, in *admission, u user) (err error) {
	in.out = SignedIn{Username: u.Username}
	if factor := in.app.pool.factorOf(u); factor != "" && !in.second {
		in.out.Factor, err = s.challenge(*in, u, factor)
		return err
	}
	in.grant = grant{pool: in.app.pool, client: in.app.client, call: in.app.call, user: u, scopes: []string{signInScope}, authTime: in.authTime}
	if in.browser != nil {
		var session browserSession
		if in.out.Session, session, err = s.openSession(tx, in.app.pool, u, in.second); err != nil {
			return err
		}
		if arn, _ := in.app.pool.tokenFunction(); arn != "" || in.app.pool.lambdaConfig().PostAuthentication != "" {
			return nil // the functions are asked first, outside of the transaction
		}
		in.out.Code, err = s.newAuthCode(tx, in.app, *in.browser, u, session, triggers.Changes{})
		return err
	}
	in.out.Tokens.Refresh, err = s.openFamily(tx, &in.grant)
	return err
}

// admitted signs the tokens, after that transaction.
func (s *Service) admitted(in admission) (SignedIn, error) {
	switch {
	case in.out.Factor != nil:
		return in.out, nil
	case in.browser != nil:
		if err := s.postAuthentication(in); err != nil {
			return SignedIn{}, errors.Join(err, s.EndSession(in.app, in.out.Session))
		}
		return s.browserAdmitted(in)
	}
	if err := s.postAuthentication(in); err != nil {
		return SignedIn{}, errors.Join(err, s.undo(in.grant))
	}
	if in.app.pool.lambdaConfig().PostAuthentication != "" {
		if err := s.readAgain(&in.grant); err != nil {
			return SignedIn{}, errors.Join(err, s.undo(in.grant))
		}
	}
	tokens, err := s.tokensFor(&in.grant, cmp.Or(in.source, triggers.SourceAuthentication))
	if err != nil {
		return SignedIn{}, errors.Join(err, s.undo(in.grant))
	}
	tokens.Refresh = in.out.Tokens.Refresh
	in.out.Tokens = tokens
	return in.out, nil
}

// tokensFor signs the tokens of a sign-in as the pool's function wants them.
func (s *Service) tokensFor(g *grant, source string) (Tokens, error) {
	if arn, _ := g.pool.tokenFunction(); arn != "" {
		if err := s.customize(g, source); err != nil {
			return Tokens{}, err
		}
		if err := s.readAgain(g); err != nil {
			return Tokens{}, err
		}
	}
	return s.sign(*g)
}

// readAgain brings the user of a sign-in up to date: the function may have taken long,
// or changed the user itself.
func (s *Service) readAgain(g *grant) error {
	return s.cfg.Store.View(func(tx *store.Tx) error {
		u, found, err := users.Get(tx, g.pool.userKey(g.user.Username))
		if err != nil {
			return err
		}
		f, begun, err := families.Get(tx, g.familyKey())
		switch {
		case err != nil:
			return err
		case found && u.Sub == g.user.Sub && !u.Enabled:
			return errDisabled
		case !found || u.Sub != g.user.Sub || !u.active() || !begun || f.Revoked:
			return ErrInvalidSession.because("the sign-in ended while the pool's function ran")
		}
		g.user = u
		return nil
	})
}

func (s *Service) matchesUser(u *user, password string) (bool, error) {
	if u == nil {
		return s.matches(nil, password)
	}
	return s.matches(&u.Password, password)
}
