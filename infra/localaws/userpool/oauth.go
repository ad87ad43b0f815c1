package userpool

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"auth-api/infra/localaws/store"
)

// The endpoints that clients call themselves: token, userInfo and revoke.

func (v *visit) oauthError(code, reason string) {
	v.record.Deny(code + ": " + reason)
	writeOAuth(v.w, http.StatusBadRequest, map[string]string{"error": code})
}

func (v *visit) oauthFault(err error) {
	v.record.Fault(err)
	writeOAuth(v.w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
}

// oauthClient finds the client that calls and checks its secret, by Basic or in the
// form; when it is refused, it has answered.
func (v *visit) oauthClient() (client, bool) {
	form := v.r.PostForm
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if header := v.r.Header.Get("Authorization"); header != "" {
		user, password, ok := v.r.BasicAuth()
		basicID, err1 := url.QueryUnescape(user)
		basicSecret, err2 := url.QueryUnescape(password)
		if !ok || err1 != nil || err2 != nil || id != "" && id != basicID || secret != "" {
			v.oauthError("invalid_client", "the Authorization header is not Basic, or says other than the form")
			return client{}, false
		}
		id, secret = basicID, basicSecret
	}
	var c client
	var found bool
	err := v.cfg.Store.View(func(tx *store.Tx) (err error) {
		c, found, err = getClient(tx, id)
		return err
	})
	switch {
	case err != nil:
		v.oauthFault(err)
	case !found || c.UserPoolID != v.pool.ID:
		v.oauthError("invalid_client", "the pool has no such client")
	case !c.knowsSecret(secret):
		v.oauthError("invalid_client", "the client's secret is wrong or missing, or was sent by a client that has none")
	default:
		return c, true
	}
	return client{}, false
}

// once refuses forms that give a parameter twice (RFC 6749, section 3.2).
func (v *visit) oncePerName() bool {
	for name, values := range v.r.PostForm {
		if len(values) > 1 {
			v.oauthError("invalid_request", "the parameter "+clip(name)+" is given more than once")
			return false
		}
	}
	return true
}

// token: https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
func (v *visit) token() {
	form := v.r.PostForm
	if !v.oncePerName() {
		return
	}
	if form.Get("grant_type") == "" {
		v.oauthError("invalid_request", "grant_type is missing, or the body is not a form")
		return
	}
	c, ok := v.oauthClient()
	if !ok {
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		v.redeem(c)
	case "refresh_token":
		v.refreshGrant(c)
	case "client_credentials":
		v.oauthError("unauthorized_client", "the client may not use this grant")
	default:
		v.oauthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
	}
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

func (v *visit) redeem(c client) {
	form := v.r.PostForm
	g := grant{pool: v.pool, client: c, hosted: true}
	var refresh, no string
	err := v.cfg.Store.Update(func(tx *store.Tx) error {
		key := v.pool.ID + "/" + digest(form.Get("code"))
		a, found, err := authCodes.Get(tx, key)
		switch {
		case err != nil:
			return err
		case !found:
			no = "the code is unknown"
			return nil
		case a.ClientID != c.ID:
			no = "the code is another client's"
			return nil
		case a.Used:
			// Somebody has the code who should not: what it was changed for is not safe.
			no = "the code was used already; the tokens that it gave are revoked"
			if a.Origin == "" {
				return nil
			}
			return v.revokeFamily(tx, v.pool.ID, a.Sub, a.Origin)
		}
		a.Used = true
		u, found, err := users.Get(tx, v.pool.userKey(a.Username))
		switch {
		case err != nil:
			return err
		case !v.now().Before(a.Expires):
			no = "the code is older than five minutes"
		case a.RedirectURI != form.Get("redirect_uri"):
			no = "the redirect_uri is not the one that the code was asked for with"
		case !a.verifies(form.Get("code_verifier")):
			no = "the code_verifier does not fit the code_challenge"
		case !found || u.Sub != a.Sub || !u.Enabled || u.Status != statusConfirmed:
			no = "the user is gone, disabled or not confirmed"
		case a.AuthTime.Before(u.SignedOutAt):
			no = "the user was signed out everywhere"
		}
		if no == "" {
			g.user, g.scopes, g.nonce, g.authTime = u, a.Scopes, a.Nonce, a.AuthTime
			if refresh, err = v.openFamily(tx, &g); err != nil {
				return err
			}
			a.Origin = g.origin
		}
		return authCodes.Put(tx, key, a)
	})
	if err != nil {
		v.oauthFault(err)
		return
	}
	if no != "" {
		v.oauthError("invalid_grant", no)
		return
	}
	set, err := v.sign(g)
	if err != nil {
		v.oauthFault(err)
		return
	}
	set.Refresh = refresh
	v.record.Caller(g.user.Username)
	v.record.Allow("code changed for tokens")
	writeTokens(v.w, set)
}

func (v *visit) refreshGrant(c client) {
	set, u, err := v.refresh(v.pool, c, v.r.PostForm.Get("refresh_token"), func(user) error { return nil })
	var no *refusal
	if errors.As(err, &no) {
		v.oauthError("invalid_grant", no.reason)
		return
	}
	if err != nil {
		v.oauthFault(err)
		return
	}
	v.record.Caller(u.Username)
	v.record.Allow("refreshed")
	writeTokens(v.w, set)
}

func writeTokens(w http.ResponseWriter, set tokenSet) {
	out := map[string]any{"access_token": set.Access, "token_type": "Bearer", "expires_in": set.ExpiresIn}
	if set.ID != "" {
		out["id_token"] = set.ID
	}
	if set.Refresh != "" {
		out["refresh_token"] = set.Refresh
	}
	writeOAuth(w, http.StatusOK, out)
}

// userInfo: https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html
func (v *visit) userInfo() {
	refuse := func(reason string) {
		v.record.Deny("invalid_token: " + reason)
		const description = "Access token is expired, disabled, or deleted, or the user has globally signed out."
		v.w.Header().Set("WWW-Authenticate", `error="invalid_token", error_description="`+description+`"`)
		writeOAuth(v.w, http.StatusUnauthorized, map[string]string{"error": "invalid_token", "error_description": description})
	}
	scheme, token, _ := strings.Cut(v.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		refuse("there is no bearer token")
		return
	}
	claims, err := v.VerifyToken(v.pool.ID, strings.TrimSpace(token))
	if isTokenError(err) {
		refuse(err.Error())
		return
	}
	if err != nil {
		v.oauthFault(err)
		return
	}
	if claims.TokenUse != "access" || !claims.HasScope("openid") {
		refuse("the token is not an access token with the scope openid")
		return
	}
	g := grant{pool: v.pool, hosted: true, scopes: claims.Scopes}
	reason := ""
	err = v.cfg.Store.View(func(tx *store.Tx) (err error) {
		if reason, g.user, err = v.signedOut(tx, v.pool.ID, claims); err != nil || reason != "" {
			return err
		}
		var found bool
		if g.client, found, err = getClient(tx, claims.ClientID); err == nil && !found {
			reason = "the client is gone"
		}
		return err
	})
	if err != nil {
		v.oauthFault(err)
		return
	}
	if reason != "" {
		refuse(reason)
		return
	}
	out := g.claims()
	for name, value := range out {
		if b, ok := value.(bool); ok {
			out[name] = strconv.FormatBool(b) // Cognito's userInfo has them as strings
		}
	}
	out["sub"], out["username"] = g.user.Sub, g.user.Username
	v.record.Caller(g.user.Username)
	v.record.Allow("the access token is good")
	writeOAuth(v.w, http.StatusOK, out)
}

// revokeEndpoint: https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
func (v *visit) revokeEndpoint() {
	if !v.oncePerName() {
		return
	}
	c, ok := v.oauthClient()
	if !ok {
		return
	}
	token := v.r.PostForm.Get("token")
	switch {
	case token == "":
		v.oauthError("invalid_request", "the token is missing")
		return
	case !c.EnableTokenRevocation:
		v.oauthError("invalid_request", "token revocation is off for the client")
		return
	case looksLikeJWT(token):
		v.oauthError("unsupported_token_type", "only refresh tokens can be revoked")
		return
	}
	err := v.revoke(v.pool, c, token)
	if errors.Is(err, errOtherClient) {
		v.oauthError("invalid_client", err.Error())
		return
	}
	if err != nil {
		v.oauthFault(err)
		return
	}
	v.record.Allow("revoked")
	v.w.WriteHeader(http.StatusOK)
}
