package hosted

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
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
func (v *visit) oauthClient() (userpool.App, bool) {
	form := v.r.PostForm
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if header := v.r.Header.Get("Authorization"); header != "" {
		user, password, ok := v.r.BasicAuth()
		basicID, err1 := url.QueryUnescape(user)
		basicSecret, err2 := url.QueryUnescape(password)
		if !ok || err1 != nil || err2 != nil || id != "" && id != basicID || secret != "" {
			v.oauthError("invalid_client", "the Authorization header is not Basic, or says other than the form")
			return userpool.App{}, false
		}
		id, secret = basicID, basicSecret
	}
	app, found, err := v.app(id)
	switch {
	case err != nil:
		v.oauthFault(err)
	case !found:
		v.oauthError("invalid_client", "the pool has no such client")
	case !app.KnowsSecret(secret):
		v.oauthError("invalid_client", "the client's secret is wrong or missing, or was sent by a client that has none")
	default:
		return app, true
	}
	return userpool.App{}, false
}

// oncePerName refuses forms that give a parameter twice (RFC 6749, section 3.2).
func (v *visit) oncePerName() bool {
	for name, values := range v.r.PostForm {
		if len(values) > 1 {
			v.oauthError("invalid_request", "the parameter "+audit.Clip(name)+" is given more than once")
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
	app, ok := v.oauthClient()
	if !ok {
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		tokens, username, err := v.pools.RedeemCode(app, form.Get("code"), form.Get("redirect_uri"), form.Get("code_verifier"))
		v.granted(tokens, username, err, "code changed for tokens")
	case "refresh_token":
		tokens, username, err := v.pools.Refresh(app, form.Get("refresh_token"), nil)
		v.granted(tokens, username, err, "refreshed")
	case "client_credentials":
		set, err := v.pools.ClientCredentials(app, strings.Fields(form.Get("scope")))
		switch {
		case errors.Is(err, userpool.ErrNoClientCredentials):
			v.oauthError("unauthorized_client", "the client may not use this grant")
		case errors.Is(err, userpool.ErrNoScope):
			v.oauthError("invalid_scope", "the client may not ask for one of these scopes")
		default:
			v.granted(set, app.ClientID(), err, "a token of the client's own")
		}
	default:
		v.oauthError("unsupported_grant_type", "grant_type must be authorization_code, client_credentials or refresh_token")
	}
}

// granted answers with tokens, or says that there are none.
func (v *visit) granted(set userpool.Tokens, username string, err error, reason string) {
	var no *userpool.Refusal
	if errors.As(err, &no) {
		if isFunctions(no) {
			v.record.Deny("invalid_request: " + no.Reason)
			writeOAuth(v.w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": no.Message})
			return
		}
		v.oauthError("invalid_grant", no.Reason)
		return
	}
	if err != nil {
		v.oauthFault(err)
		return
	}
	v.record.Caller(username)
	v.record.Allow(reason)
	out := map[string]any{"access_token": set.Access, "token_type": "Bearer", "expires_in": set.ExpiresIn}
	if set.ID != "" {
		out["id_token"] = set.ID
	}
	if set.Refresh != "" {
		out["refresh_token"] = set.Refresh
	}
	writeOAuth(v.w, http.StatusOK, out)
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
	username, out, err := v.pools.UserInfo(v.poolID, strings.TrimSpace(token))
	var no *userpool.Refusal
	if errors.As(err, &no) {
		refuse(no.Reason)
		return
	}
	if err != nil {
		v.oauthFault(err)
		return
	}
	for name, value := range out {
		if b, ok := value.(bool); ok {
			out[name] = strconv.FormatBool(b) // Cognito's userInfo has them as strings
		}
	}
	v.record.Caller(username)
	v.record.Allow("the access token is good")
	writeOAuth(v.w, http.StatusOK, out)
}

// revokeEndpoint: https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
func (v *visit) revokeEndpoint() {
	if !v.oncePerName() {
		return
	}
	app, ok := v.oauthClient()
	if !ok {
		return
	}
	token := v.r.PostForm.Get("token")
	if token == "" {
		v.oauthError("invalid_request", "the token is missing")
		return
	}
	err := v.pools.Revoke(app, token)
	var no *userpool.Refusal
	switch {
	case errors.As(err, &no):
		v.oauthError(revokeErrors[no.Code], no.Reason)
	case err != nil:
		v.oauthFault(err)
	default:
		v.record.Allow("revoked")
		v.w.WriteHeader(http.StatusOK)
	}
}

// revokeErrors are what the endpoint calls the refusals of RevokeToken.
var revokeErrors = map[string]string{
	"UnsupportedOperationException": "invalid_request",
	"UnsupportedTokenTypeException": "unsupported_token_type",
	"NotAuthorizedException":        "invalid_client",
}
