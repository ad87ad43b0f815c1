package userpool

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// What the hosted sign-in gives out: sessions of browsers, and authorization codes.

// browserSession is a browser that is signed in, kept under POOL/digest of its id.
type browserSession struct {
	Username string    `json:"username"`
	Sub      string    `json:"sub"`
	AuthTime time.Time `json:"authTime"`
	Expires  time.Time `json:"expires"`
	Second   bool      `json:"second,omitempty"` // the second factor was shown
}

// SessionLife is how long a browser stays signed in.
const SessionLife = time.Hour

// CodeRequest is a checked request for an authorization code.
type CodeRequest struct {
	RedirectURI string
	Challenge   string // of PKCE by S256; empty without PKCE
	Scopes      []string
	Nonce       string
	// Provider is the identity provider that a session must have come from, by its name;
	// COGNITO for the pool's own users. Empty for any that the client supports.
	Provider string
}

// authCode is an authorization code, kept under POOL/digest of the code.
type authCode struct {
	ClientID    string    `json:"clientId"`
	RedirectURI string    `json:"redirectUri"`
	Challenge   string    `json:"challenge,omitempty"`
	Scopes      []string  `json:"scopes"`
	Nonce       string    `json:"nonce,omitempty"`
	Username    string    `json:"username"`
	Sub         string    `json:"sub"`
	AuthTime    time.Time `json:"authTime"`
	Expires     time.Time `json:"expires"`
	Second      bool      `json:"second,omitempty"` // the second factor was shown
	Used        bool      `json:"used,omitempty"`
	// Changes are what the pool's function wants changed in the tokens: it is asked
	// when the user signs in.
	Changes triggers.Changes `json:"changes,omitzero"`
	Origin  string           `json:"origin,omitempty"` // the family that it was changed for
}

const codeLife = 5 * time.Minute

var (
	sessions  = store.Table[browserSession]{Name: "userpool.sessions"}
	authCodes = store.Table[authCode]{Name: "userpool.codes"}
)

// openSession signs a browser in and returns the session with its id, a secret.
func (s *Service) openSession(tx *store.Tx, p pool, u user, second bool) (string, browserSession, error) {
	now := s.now()
	h := browserSession{Username: u.Username, Sub: u.Sub, AuthTime: now, Expires: now.Add(SessionLife), Second: second}
	id, err := s.RandomToken()
	if err != nil {
		return "", h, err
	}
	return id, h, sessions.Put(tx, p.ID+"/"+digest(id), h)
}

// session returns the user that a browser is signed in as.
func (s *Service) session(tx *store.Tx, p pool, id string) (user, browserSession, bool, error) {
	h, found, err := sessions.Get(tx, p.ID+"/"+digest(id))
	if err != nil || !found || !s.now().Before(h.Expires) {
		return user{}, browserSession{}, false, err
	}
	u, found, err := users.Get(tx, p.userKey(h.Username))
	if err != nil || !found || u.Sub != h.Sub || !u.Enabled || !u.active() || u.Password.Set.After(h.AuthTime) {
		return user{}, browserSession{}, false, err
	}
	if p.factorOf(u) != "" && !h.Second {
		return user{}, browserSession{}, false, nil // it began before the second factor was asked for
	}
	return u, h, true, nil
}

// CodeForSession gives the client a code for the user that a browser is signed in as;
// in is false when it is not.
func (s *Service) CodeForSession(app App, session string, request CodeRequest) (code, username string, in bool, err error) {
	var u user
	var h browserSession
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		u, h, in, err = s.session(tx, app.pool, session)
		in = in && app.takes(u, request.Provider)
		return err
	})
	if err != nil || !in {
		return "", "", false, err
	}
	changes, err := s.customizeHosted(app, request, u, h.AuthTime)
	if err != nil {
		return "", u.Username, true, err
	}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		u, h, still, err := s.session(tx, app.pool, session)
		if in = still; err != nil || !in {
			return err
		}
		username = u.Username
		code, err = s.newAuthCode(tx, app, request, u, h, changes)
		return err
	})
	return code, username, in, err
}

// customizeHosted asks the pool's function what to change in the tokens that a code
// is to be changed for.
func (s *Service) customizeHosted(app App, request CodeRequest, u user, authTime time.Time) (triggers.Changes, error) {
	g := grant{pool: app.pool, client: app.client, call: app.call, user: u, scopes: request.Scopes, hosted: true, authTime: authTime}
	err := s.customize(&g, triggers.SourceHostedAuth)
	return g.changes, err
}

// browserAdmitted gives the client the code of a browser that was just signed in,
// where the pool's function has to be asked for it.
func (s *Service) browserAdmitted(in admission) (SignedIn, error) {
	if in.out.Code != "" {
		return in.out, nil
	}
	changes, err := s.customizeHosted(in.app, *in.browser, in.grant.user, s.now())
	if err != nil {
		return SignedIn{}, errors.Join(err, s.EndSession(in.app, in.out.Session))
	}
	err = s.cfg.Store.Update(func(tx *store.Tx) error {
		u, h, still, err := s.session(tx, in.app.pool, in.out.Session)
		if err != nil || !still {
			return cmp.Or[error](err, ErrInvalidSession.because("the session ended while the pool's function ran"))
		}
		in.out.Code, err = s.newAuthCode(tx, in.app, *in.browser, u, h, changes)
		return err
	})
	return in.out, err
}

// undo takes back the family of a sign-in that came to nothing.
func (s *Service) undo(g grant) error {
	return s.cfg.Store.Update(func(tx *store.Tx) error { return s.revokeFamily(tx, g.pool.ID, g.user.Sub, g.origin) })
}

// EndSession signs a browser out. An unknown session is no error.
func (s *Service) EndSession(app App, session string) error {
	return s.cfg.Store.Update(func(tx *store.Tx) error {
		return sessions.Delete(tx, app.pool.ID+"/"+digest(session))
	})
}

// newAuthCode makes a code for a user who is signed in by this session.
func (s *Service) newAuthCode(tx *store.Tx, app App, r CodeRequest, u user, h browserSession, changes triggers.Changes) (string, error) {
	code, err := s.RandomToken()
	if err != nil {
		return "", err
	}
	if err := s.sweep(tx); err != nil {
		return "", err
	}
	return code, authCodes.Put(tx, app.pool.ID+"/"+digest(code), authCode{
		ClientID: app.client.ID, RedirectURI: r.RedirectURI, Challenge: r.Challenge, Scopes: r.Scopes, Nonce: r.Nonce,
		Username: u.Username, Sub: u.Sub, AuthTime: h.AuthTime, Expires: s.now().Add(codeLife), Second: h.Second, Changes: changes,
	})
}

var codeVerifier = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// verifies says whether verifier is the one that the code's challenge was made of. A
// code without a challenge takes none: a challenge must not be stripped on the way
// (RFC 9700, section 4.8.2).
func (a authCode) verifies(verifier string) bool {
	if a.Challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return codeVerifier.MatchString(verifier) && hmac.Equal([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(a.Challenge))
}

// RedeemCode changes an authorization code for tokens, once: a second time revokes
// what the first one gave (RFC 6749, section 4.1.2). The redirect URI must be the one
// that the code was asked for with, and the verifier that of its challenge.
func (s *Service) RedeemCode(app App, code, redirectURI, verifier string) (Tokens, string, error) {
	g := grant{pool: app.pool, client: app.client, hosted: true}
	var refresh, no string // a refusal must not undo that the code is used
	err := s.cfg.Store.Update(func(tx *store.Tx) error {
		key := app.pool.ID + "/" + digest(code)
		a, found, err := authCodes.Get(tx, key)
		switch {
		case err != nil:
			return err
		case !found:
			no = "the code is unknown"
			return nil
		case a.ClientID != app.client.ID:
			no = "the code is another client's"
			return nil
		case a.Used:
			// Somebody has the code who should not: what it was changed for is not safe.
			no = "the code was used already; the tokens that it gave are revoked"
			if a.Origin == "" {
				return nil
			}
			return s.revokeFamily(tx, app.pool.ID, a.Sub, a.Origin)
		}
		a.Used = true
		u, found, err := users.Get(tx, app.pool.userKey(a.Username))
		switch {
		case err != nil:
			return err
		case !s.now().Before(a.Expires):
			no = "the code is older than five minutes"
		case a.RedirectURI != redirectURI:
			no = "the redirect_uri is not the one that the code was asked for with"
		case !a.verifies(verifier):
			no = "the code_verifier does not fit the code_challenge"
		case !found || u.Sub != a.Sub || !u.Enabled || !u.active():
			no = "the user is gone, disabled or not confirmed"
		case a.AuthTime.Before(u.SignedOutAt):
			no = "the user was signed out everywhere"
		case app.pool.factorOf(u) != "" && !a.Second:
			no = "the user needs a second factor by now, and showed none for this code"
		}
		if no == "" {
			g.user, g.scopes, g.nonce, g.authTime, g.changes = u, a.Scopes, a.Nonce, a.AuthTime, a.Changes
			if refresh, err = s.openFamily(tx, &g); err != nil {
				return err
			}
			a.Origin = g.origin
		}
		return authCodes.Put(tx, key, a)
	})
	if err != nil {
		return Tokens{}, "", err
	}
	if no != "" {
		return Tokens{}, "", Refuse("NotAuthorizedException", "Invalid authorization code").because(no)
	}
	tokens, err := s.sign(g)
	if err != nil {
		return Tokens{}, "", errors.Join(err, s.undo(g))
	}
	tokens.Refresh = refresh
	return tokens, g.user.Username, nil
}
