package jwt

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
)

// The reasons why Verify refuses a token, besides ExpiredError. None of
// them holds any of the token.
var (
	// ErrMalformed: it is not a compact JWS with the claims of a pool's token.
	ErrMalformed = errors.New("the token is malformed")
	// ErrIssuer: it names another issuer than the pool.
	ErrIssuer = errors.New("the token is not from this user pool")
	// ErrSignature: it is not signed with RS256 by the pool's key.
	ErrSignature = errors.New("the token's signature is not the user pool's")
)

// ExpiredError says that a token was good until Expired; Now is the clock that
// it was checked by.
type ExpiredError struct{ Expired, Now time.Time }

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the token expired at %s, it is %s", e.Expired.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// IsRefusal tells a token that is no good from a fault of the local AWS.
func IsRefusal(err error) bool {
	var expired *ExpiredError
	return errors.As(err, &expired) || errors.Is(err, ErrMalformed) || errors.Is(err, ErrIssuer) || errors.Is(err, ErrSignature)
}

// Claims are those of a token that Verify found good.
type Claims struct {
	Subject   string
	Issuer    string
	TokenUse  string // "id" or "access"
	ClientID  string // aud of an ID token, client_id of an access token
	Username  string // cognito:username or username; empty in a client's own access token, whose Subject is the ClientID
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

// MaxLength is the most characters that a token may have, far above what Cognito
// issues; longer ones are not looked at.
const MaxLength = 16 << 10

// Verify checks that a token is the issuer's and not over: signed with RS256 by the
// issuer's key, its iss, and exp after now. It returns ErrMalformed, ErrIssuer,
// ErrSignature or an *ExpiredError; any other error is key's. key is asked only for a
// token that names the issuer, and returns nil when there is no such issuer.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
func Verify(token, issuer string, now time.Time, key func() (*Key, error)) (Claims, error) {
	if len(token) > MaxLength {
		return Claims{}, ErrMalformed
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, ErrMalformed
	}
	var header map[string]any
	if err := decodeSegment(parts[0], &header); err != nil {
		return Claims{}, ErrMalformed
	}
	var all map[string]any
	if err := decodeSegment(parts[1], &all); err != nil {
		return Claims{}, ErrMalformed
	}
	// The issuer is looked at first, as the token's own word: it can only refuse.
	if iss, _ := all["iss"].(string); iss != issuer {
		return Claims{}, ErrIssuer
	}
	k, err := key()
	if err != nil {
		return Claims{}, err
	}
	if k == nil {
		return Claims{}, ErrIssuer
	}
	// The header chooses nothing: neither algorithm nor key, nor extensions.
	_, critical := header["crit"]
	if header["alg"] != "RS256" || header["kid"] != k.id || critical {
		return Claims{}, ErrSignature
	}
	if _, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256(), &k.private.PublicKey)); err != nil {
		return Claims{}, ErrSignature
	}
	c, err := readClaims(all)
	if err != nil {
		return Claims{}, err
	}
	if !now.Before(c.Expires) {
		return Claims{}, &ExpiredError{Expired: c.Expires, Now: now}
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
		return Claims{}, ErrMalformed
	}
	if groups, ok := all["cognito:groups"].([]any); ok {
		for _, g := range groups {
			name, ok := g.(string)
			if !ok {
				return Claims{}, ErrMalformed
			}
			c.Groups = append(c.Groups, name)
		}
	}
	// A client's own token has no user: it is about the client.
	machine := c.TokenUse == "access" && c.Username == "" && c.Subject == c.ClientID
	if c.Subject == "" || c.ClientID == "" || c.Username == "" && !machine || c.Expires.IsZero() || c.IssuedAt.IsZero() {
		return Claims{}, ErrMalformed
	}
	return c, nil
}

// UnverifiedIssuer is whom a token says to be from, to know whose key to verify it by;
// "" when it says nobody.
func UnverifiedIssuer(token string) string {
	parts := strings.Split(token, ".")
	if len(token) > MaxLength || len(parts) != 3 {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if decodeSegment(parts[1], &claims) != nil {
		return ""
	}
	return claims.Issuer
}
