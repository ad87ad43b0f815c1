package userpool

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
	"auth-api/infra/localaws/userpool/triggers"
)

// signInScope is the scope of access tokens that the API gives out; the user's own
// operations ask for it.
const signInScope = "aws.cognito.signin.user.admin"

// family is what all tokens of one sign-in have in common: they carry its origin_jti
// and are revoked together. Kept under POOL/SUB/ORIGIN.
type family struct {
	ClientID string    `json:"clientId"`
	Revoked  bool      `json:"revoked,omitempty"`
	Expires  time.Time `json:"expires"`
	Issued   time.Time `json:"issued,omitzero"` // for testers alone
}

// refreshToken is kept under POOL/digest of the token.
type refreshToken struct {
	ClientID string    `json:"clientId"`
	Username string    `json:"username"`
	Sub      string    `json:"sub"`
	Origin   string    `json:"origin"`
	Scopes   []string  `json:"scopes"`
	Hosted   bool      `json:"hosted,omitempty"`
	AuthTime time.Time `json:"authTime"`
	Expires  time.Time `json:"expires"`
	Replaced time.Time `json:"replaced,omitzero"` // by rotation; taken until then
}

var (
	families      = store.Table[family]{Name: "userpool.families"}
	refreshTokens = store.Table[refreshToken]{Name: "userpool.refreshTokens"}
)

// grant is what tokens are made of.
type grant struct {
	pool     pool
	client   client
	call     call
	user     user
	changes  triggers.Changes // by the pool's function
	scopes   []string
	hosted   bool   // by the hosted sign-in: scopes decide what the ID token shows
	nonce    string // as the client sent it to authorize
	authTime time.Time
	origin   string
}

func (g grant) familyKey() string { return g.pool.ID + "/" + g.user.Sub + "/" + g.origin }

// Tokens are what a client is given. ID is empty when the scopes ask for none, and
// Refresh when there is no new one.
type Tokens struct {
	Access, ID, Refresh string
	ExpiresIn           int // seconds, of the access token
}

// lifetimes of a client's tokens: an hour, an hour and 30 days unless it says
// otherwise.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
func (c client) lifetimes() (access, id, refresh time.Duration) {
	var units TokenValidityUnits
	if c.TokenValidityUnits != nil {
		units = *c.TokenValidityUnits
	}
	return lifetime(c.AccessTokenValidity, units.AccessToken, time.Hour, time.Hour),
		lifetime(c.IDTokenValidity, units.IDToken, time.Hour, time.Hour),
		lifetime(c.RefreshTokenValidity, units.RefreshToken, 24*time.Hour, 30*24*time.Hour)
}

func lifetime(n int, unit string, defaultUnit, defaultValue time.Duration) time.Duration {
	if n == 0 {
		return defaultValue
	}
	if d, ok := timeUnits[unit]; ok {
		return time.Duration(n) * d
	}
	return time.Duration(n) * defaultUnit
}

var timeUnits = map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}

// openFamily begins a sign-in's family and returns its first refresh token.
func (s *Service) openFamily(tx *store.Tx, g *grant) (string, error) {
	origin, err := s.random.UUID()
	if err != nil {
		return "", err
	}
	g.origin = origin
	_, _, refresh := g.client.lifetimes()
	expires := s.now().Add(refresh)
	if err := families.Put(tx, g.familyKey(), family{ClientID: g.client.ID, Expires: expires, Issued: s.now()}); err != nil {
		return "", err
	}
	if err := s.sweep(tx); err != nil {
		return "", err
	}
	return s.newRefreshToken(tx, *g, expires)
}

func (s *Service) newRefreshToken(tx *store.Tx, g grant, expires time.Time) (string, error) {
	token, err := s.RandomToken()
	if err != nil {
		return "", err
	}
	return token, refreshTokens.Put(tx, g.pool.ID+"/"+digest(token), refreshToken{
		ClientID: g.client.ID, Username: g.user.Username, Sub: g.user.Sub, Origin: g.origin,
		Scopes: g.scopes, Hosted: g.hosted, AuthTime: g.authTime, Expires: expires,
	})
}

// sign makes the access token, and the ID token when the scopes ask for one.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
func (s *Service) sign(g grant) (Tokens, error) {
	key, err := s.signingKey(g.pool.ID)
	if err != nil {
		return Tokens{}, err
	}
	if key == nil {
		return Tokens{}, errors.New("signing a token: the pool has no signing key")
	}
	ids := make([]string, 3) // event and the two tokens
	for i := range ids {
		if ids[i], err = s.random.UUID(); err != nil {
			return Tokens{}, err
		}
	}
	var groups triggers.Groups
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		if g.scopes, err = standing(tx, g.pool.ID, g.scopes); err != nil {
			return err
		}
		groups.Names, groups.Roles, groups.Preferred, err = groupClaims(tx, g.user, g.pool.ID)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	groups = g.changes.ChangeGroups(groups)
	now := s.now()
	accessLife, idLife, _ := g.client.lifetimes()
	common := func(use, jti string, life time.Duration) map[string]any {
		claims := map[string]any{
			"sub": g.user.Sub, "iss": s.Issuer(g.pool.ID), "token_use": use, "event_id": ids[0],
			"auth_time": g.authTime.Unix(), "iat": now.Unix(), "exp": now.Add(life).Unix(), "jti": jti,
		}
		if g.client.EnableTokenRevocation {
			claims["origin_jti"] = g.origin
		}
		if len(groups.Names) > 0 {
			claims["cognito:groups"] = groups.Names
		}
		return claims
	}
	access := common("access", ids[1], accessLife)
	access["client_id"] = g.client.ID
	access["username"] = g.user.Username
	access["scope"] = strings.Join(g.scopes, " ")
	if g.hosted {
		access["version"] = 2
	}
	g.changes.ChangeAccess(access)
	out := Tokens{ExpiresIn: int(accessLife / time.Second)}
	if out.Access, err = signAtMost(key, access); err != nil {
		return Tokens{}, err
	}
	s.issued(g, "access", ids[1], now, accessLife)
	if g.hosted && !slices.Contains(g.scopes, "openid") {
		return out, nil
	}
	id := common("id", ids[2], idLife)
	for name, value := range g.claims() {
		id[name] = value
	}
	id["aud"] = g.client.ID
	id["cognito:username"] = g.user.Username
	if g.hosted {
		sum := sha256.Sum256([]byte(out.Access))
		id["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	if len(groups.Roles) > 0 {
		id["cognito:roles"] = groups.Roles
	}
	if groups.Preferred != "" {
		id["cognito:preferred_role"] = groups.Preferred
	}
	if g.user.Identities != nil {
		id["identities"] = g.user.identitiesClaim()
	}
	if g.nonce != "" {
		id["nonce"] = g.nonce
	}
	g.changes.ChangeID(id)
	if out.ID, err = signAtMost(key, id); err != nil {
		return Tokens{}, err
	}
	s.issued(g, "id", ids[2], now, idLife)
	return out, nil
}

// signAtMost refuses to make a token that is too long to be verified: what a function
// adds knows no measure.
func signAtMost(key *jwt.Key, claims map[string]any) (string, error) {
	token, err := key.Sign(claims)
	if err == nil && len(token) > jwt.MaxLength {
		return "", refuseAnswer(triggers.Unrecognizable, fmt.Sprintf("the token would have %d characters; %d are legal", len(token), jwt.MaxLength))
	}
	return token, err
}

// claims are the user's attributes that the ID token and userInfo show: those that
// the client may read, and in the hosted sign-in those that the scopes name. openid
// alone stands for all of them.
func (g grant) claims() map[string]any {
	claims := map[string]any{}
	for name, value := range g.user.Attributes {
		if !g.client.mayRead(name) || g.hosted && !scopeShows(g.scopes, name) {
			continue
		}
		switch name {
		case "email_verified", "phone_number_verified":
			claims[name] = value == "true"
		case "address":
			claims[name] = map[string]string{"formatted": value}
		case "updated_at":
			claims[name] = json.Number(value)
		default:
			claims[name] = value
		}
	}
	return claims
}

func scopeShows(scopes []string, attribute string) bool {
	has := func(scope string) bool { return slices.Contains(scopes, scope) }
	if !has("email") && !has("phone") && !has("profile") {
		return has("openid")
	}
	switch attribute {
	case "email", "email_verified":
		return has("email")
	case "phone_number", "phone_number_verified":
		return has("phone")
	}
	return has("profile")
}

// Revoke ends the sign-in of a refresh token, with all of its tokens. An unknown token
// is no error (RFC 7009, section 2.2), another client's is.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html
func (s *Service) Revoke(app App, token string) error {
	p, c := app.pool, app.client
	switch {
	case !c.EnableTokenRevocation:
		return Refuse("UnsupportedOperationException", "Token revocation is not enabled for client "+c.ID)
	case looksLikeJWT(token):
		return Refuse("UnsupportedTokenTypeException", "Unsupported token type: only refresh tokens can be revoked")
	}
	return s.cfg.Store.Update(func(tx *store.Tx) error {
		r, found, err := refreshTokens.Get(tx, p.ID+"/"+digest(token))
		if err != nil || !found {
			return err
		}
		if r.ClientID != c.ID {
			return errRefreshInvalid.because("the refresh token is another client's")
		}
		return s.revokeFamily(tx, p.ID, r.Sub, r.Origin)
	})
}

func (s *Service) revokeFamily(tx *store.Tx, poolID, sub, origin string) error {
	key := poolID + "/" + sub + "/" + origin
	f, found, err := families.Get(tx, key)
	if err != nil || !found || f.Revoked {
		return err
	}
	f.Revoked = true
	return families.Put(tx, key, f)
}

// signOutEverywhere revokes every family of the user and ends its hosted sessions.
func (s *Service) signOutEverywhere(tx *store.Tx, p pool, u user) error {
	items, err := families.List(tx, p.ID+"/"+u.Sub+"/")
	if err != nil {
		return err
	}
	for _, item := range items {
		if item.Value.Revoked {
			continue
		}
		item.Value.Revoked = true
		if err := families.Put(tx, item.Key, item.Value); err != nil {
			return err
		}
	}
	if err := drop(tx, sessions, p.ID+"/", func(h browserSession) bool { return h.Sub != u.Sub }); err != nil {
		return err
	}
	u.SignedOutAt = s.now()
	return s.saveUser(tx, p, u)
}

// looksLikeJWT tells access and ID tokens from refresh tokens, which have no dots.
func looksLikeJWT(token string) bool { return strings.Count(token, ".") == 2 }
