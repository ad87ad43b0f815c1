package userpool

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"auth-api/infra/localaws/store"
)

// The reasons why VerifyToken refuses a token, besides TokenExpiredError. None of
// them holds any of the token.
var (
	// ErrTokenMalformed: it is not a compact JWS with the claims of a pool's token.
	ErrTokenMalformed = errors.New("the token is malformed")
	// ErrTokenIssuer: it names another issuer than the pool.
	ErrTokenIssuer = errors.New("the token is not from this user pool")
	// ErrTokenSignature: it is not signed with RS256 by the pool's key.
	ErrTokenSignature = errors.New("the token's signature is not the user pool's")
)

// TokenExpiredError says that a token was good until Expired; Now is the clock that
// it was checked by.
type TokenExpiredError struct{ Expired, Now time.Time }

func (e *TokenExpiredError) Error() string {
	return fmt.Sprintf("the token expired at %s, it is %s", e.Expired.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// isTokenError tells a token that is no good from a fault of the local AWS.
func isTokenError(err error) bool {
	var expired *TokenExpiredError
	return errors.As(err, &expired) || errors.Is(err, ErrTokenMalformed) || errors.Is(err, ErrTokenIssuer) || errors.Is(err, ErrTokenSignature)
}

// Claims are those of a token that VerifyToken found good.
type Claims struct {
	Subject   string
	Issuer    string
	TokenUse  string // "id" or "access"
	ClientID  string // aud of an ID token, client_id of an access token
	Username  string // cognito:username or username
	Scopes    []string
	Groups    []string
	JTI       string
	OriginJTI string // empty when the client does not take part in revocation
	AuthTime  time.Time
	IssuedAt  time.Time
	Expires   time.Time
	// All are the claims as they stand in the token, numbers as json.Number.
	All map[string]any
}

// HasScope says whether the token was given this scope.
func (c Claims) HasScope(scope string) bool {
	for _, s := range c.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}

// maxToken is far above what Cognito issues; longer ones are not looked at.
const maxToken = 16 << 10

// VerifyToken checks that the token was issued by the pool and is not over: signed
// with RS256 by the pool's key, the pool's issuer, and exp after now. It returns
// ErrTokenMalformed, ErrTokenIssuer, ErrTokenSignature or a *TokenExpiredError; any
// other error is the local AWS's own. It does not ask whether the token was revoked
// (see SignedOut), nor for whom or what it is: look at TokenUse and ClientID.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
func (s *Service) VerifyToken(poolID, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, ErrTokenMalformed
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, ErrTokenMalformed
	}
	var header map[string]any
	if err := decodeSegment(parts[0], &header); err != nil {
		return Claims{}, ErrTokenMalformed
	}
	var all map[string]any
	if err := decodeSegment(parts[1], &all); err != nil {
		return Claims{}, ErrTokenMalformed
	}
	// The issuer is looked at first, as the token's own word: it can only refuse.
	if issuer, _ := all["iss"].(string); issuer != s.Issuer(poolID) {
		return Claims{}, ErrTokenIssuer
	}
	key, err := s.signingKey(poolID)
	if err != nil {
		return Claims{}, err
	}
	if key == nil {
		return Claims{}, ErrTokenIssuer
	}
	// The header chooses nothing: neither algorithm nor key, nor extensions.
	_, critical := header["crit"]
	if header["alg"] != "RS256" || header["kid"] != key.id || critical {
		return Claims{}, ErrTokenSignature
	}
	if _, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256(), &key.private.PublicKey)); err != nil {
		return Claims{}, ErrTokenSignature
	}
	c, err := readClaims(all)
	if err != nil {
		return Claims{}, err
	}
	if now := s.now(); !now.Before(c.Expires) {
		return Claims{}, &TokenExpiredError{Expired: c.Expires, Now: now}
	}
	return c, nil
}

func decodeSegment(segment string, v any) error {
	data, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

func readClaims(all map[string]any) (Claims, error) {
	text := func(name string) string { v, _ := all[name].(string); return v }
	moment := func(name string) time.Time {
		n, _ := all[name].(json.Number)
		seconds, err := n.Int64()
		if err != nil || seconds < 0 || seconds > math.MaxInt32*100 {
			return time.Time{}
		}
		return time.Unix(seconds, 0)
	}
	c := Claims{
		Subject: text("sub"), Issuer: text("iss"), TokenUse: text("token_use"), JTI: text("jti"), OriginJTI: text("origin_jti"),
		Scopes: strings.Fields(text("scope")), AuthTime: moment("auth_time"), IssuedAt: moment("iat"), Expires: moment("exp"), All: all,
	}
	switch c.TokenUse {
	case "id":
		c.ClientID, c.Username = text("aud"), text("cognito:username")
	case "access":
		c.ClientID, c.Username = text("client_id"), text("username")
	default:
		return Claims{}, ErrTokenMalformed
	}
	if groups, ok := all["cognito:groups"].([]any); ok {
		for _, g := range groups {
			name, ok := g.(string)
			if !ok {
				return Claims{}, ErrTokenMalformed
			}
			c.Groups = append(c.Groups, name)
		}
	}
	if c.Subject == "" || c.ClientID == "" || c.Username == "" || c.Expires.IsZero() || c.IssuedAt.IsZero() {
		return Claims{}, ErrTokenMalformed
	}
	return c, nil
}

// SignedOut says whether the sign-in that the claims come from is over: its tokens
// were revoked, or the user was signed out everywhere, disabled or deleted. It begins
// a transaction of its own; do not call it inside one.
func (s *Service) SignedOut(poolID string, c Claims) (bool, error) {
	out := true
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		reason, _, err := s.signedOut(tx, poolID, c)
		out = reason != ""
		return err
	})
	return out, err
}

// Reasons of signedOut that some tell apart.
const userGone, userDisabled = "the user is gone", "the user is disabled"

// signedOut returns why the sign-in is over, or "", and the user.
func (s *Service) signedOut(tx *store.Tx, poolID string, c Claims) (string, user, error) {
	p, found, err := getPool(tx, poolID)
	if err != nil {
		return "", user{}, err
	}
	if !found {
		return "the user pool is gone", user{}, nil
	}
	u, found, err := users.Get(tx, p.userKey(c.Username))
	if err != nil {
		return "", user{}, err
	}
	switch {
	case !found || u.Sub != c.Subject:
		return userGone, user{}, nil
	case !u.Enabled:
		return userDisabled, u, nil
	case c.OriginJTI == "":
		if !c.IssuedAt.After(u.SignedOutAt) {
			return "the user was signed out everywhere", u, nil
		}
		return "", u, nil
	}
	f, found, err := families.Get(tx, poolID+"/"+u.Sub+"/"+c.OriginJTI)
	if err != nil {
		return "", user{}, err
	}
	if !found || f.Revoked {
		return "the token has been revoked", u, nil
	}
	return "", u, nil
}

// UserInfo returns the user of an access token that the hosted sign-in gave, and the
// claims that its scopes show.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html
func (s *Service) UserInfo(poolID, accessToken string) (username string, claims map[string]any, err error) {
	refuse := func(reason string) (string, map[string]any, error) {
		return "", nil, Refuse("NotAuthorizedException", "Invalid Access Token").because(reason)
	}
	token, err := s.VerifyToken(poolID, accessToken)
	if isTokenError(err) {
		return refuse(err.Error())
	}
	if err != nil {
		return "", nil, err
	}
	if token.TokenUse != "access" || !token.HasScope("openid") {
		return refuse("the token is not an access token with the scope openid")
	}
	g := grant{hosted: true, scopes: token.Scopes}
	reason := ""
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		if reason, g.user, err = s.signedOut(tx, poolID, token); err != nil || reason != "" {
			return err
		}
		var found bool
		if g.client, found, err = getClient(tx, token.ClientID); err == nil && !found {
			reason = "the client is gone"
		}
		return err
	})
	if err != nil {
		return "", nil, err
	}
	if reason != "" {
		return refuse(reason)
	}
	claims = g.claims()
	claims["sub"], claims["username"] = g.user.Sub, g.user.Username
	return g.user.Username, claims, nil
}

// unverifiedPool is the pool that a token says to be from, to know whose key to
// verify it by; "" when it says none of this region.
func unverifiedPool(s *Service, token string) string {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if decodeSegment(parts[1], &claims) != nil {
		return ""
	}
	poolID, ok := strings.CutPrefix(claims.Issuer, s.Issuer(""))
	if !ok {
		return ""
	}
	return poolID
}
