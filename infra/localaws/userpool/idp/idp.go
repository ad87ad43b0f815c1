// Package idp signs users in at other OpenID Connect providers: it says where to send
// a browser, and changes the code that it comes back with for verified claims. It knows
// nothing of pools or users.
//
// A request goes to the issuer and to the endpoints that were declared or that the
// issuer names, and nowhere else: redirects are not followed, http is for loopback
// alone, and an issuer elsewhere does not lead to loopback.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-oidc-flow.html
package idp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider is an OpenID Connect provider as a user pool declares it. Endpoints that
// are empty are read from the issuer's openid-configuration.
type Provider struct {
	Name                             string // as errors call it
	Issuer, ClientID, ClientSecret   string
	Scopes                           []string // openid among them
	Authorize, Token, UserInfo, JWKS string   // URLs
	// UserInfoMethod is GET or POST: how the provider is asked for the user's attributes.
	UserInfoMethod string
	// RedirectURI is where the provider sends the browser back to.
	RedirectURI string
	// HTTP makes the requests; see NewHTTP.
	HTTP *http.Client
	// Now is the clock that tokens expire by.
	Now func() time.Time
}

// Error says why a sign-in at a provider came to nothing. Code and Description are for
// the application, as error and error_description of RFC 6749; Reason is for the
// record and may say more. None of them holds a token, a code or a secret.
type Error struct{ Code, Description, Reason string }

// Error gives the code and the reason.
func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// fail is an error with the provider's name before what the application is told.
func (p Provider) fail(code, told string, cause error) *Error {
	e := &Error{Code: code, Description: p.Name + " Error - " + told}
	if e.Reason = e.Description; cause != nil {
		e.Reason += ": " + clip(cause.Error()) // which may hold what the provider answered
	}
	return e
}

// algorithms are those of ID tokens: asymmetric ones alone, so that nobody but the
// provider can make a token.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512}

// discovered returns the provider with the endpoints that its issuer names, where the
// declaration does not name them; it is not asked when all of them are declared.
func (p Provider) discovered(ctx context.Context) (Provider, error) {
	if p.Authorize != "" && p.Token != "" && p.JWKS != "" && p.UserInfo != "" {
		return p, nil
	}
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return p, p.fail("server_error", "the provider's openid-configuration could not be read", err)
	}
	var more struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := found.Claims(&more); err != nil {
		return p, p.fail("server_error", "the provider's openid-configuration could not be read", err)
	}
	for _, e := range []struct {
		ours         *string
		theirs, name string
	}{
		{&p.Authorize, found.Endpoint().AuthURL, "authorization_endpoint"}, {&p.Token, found.Endpoint().TokenURL, "token_endpoint"},
		{&p.UserInfo, found.UserInfoEndpoint(), "userinfo_endpoint"}, {&p.JWKS, more.JWKS, "jwks_uri"},
	} {
		if *e.ours != "" {
			continue
		}
		if *e.ours = e.theirs; e.theirs == "" && e.name == "userinfo_endpoint" {
			continue // the ID token has the claims then
		}
		if err := leads(p.Issuer, e.theirs); err != nil {
			return p, p.fail("server_error", "the provider's openid-configuration could not be used", fmt.Errorf("%s: %w", e.name, err))
		}
	}
	return p, nil
}

func (p Provider) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: p.RedirectURI, Scopes: p.Scopes,
		// Cognito sends the secret in the form (client_secret_post).
		Endpoint: oauth2.Endpoint{AuthURL: p.Authorize, TokenURL: p.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// AuthorizeURL is where to send the browser; hint is who is about to sign in, or "".
// The error is an *Error.
func (p Provider) AuthorizeURL(ctx context.Context, state, nonce, hint string) (string, error) {
	p, err := p.discovered(oidc.ClientContext(ctx, p.HTTP))
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(nonce)}
	if hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	return p.config().AuthCodeURL(state, options...), nil
}

// SignIn changes the code that the browser came back with for the user's claims, those
// of the verified ID token and of the user info endpoint, numbers as json.Number. The
// error is an *Error.
func (p Provider) SignIn(ctx context.Context, code, nonce string) (map[string]any, error) {
	ctx = oidc.ClientContext(ctx, p.HTTP)
	p, err := p.discovered(ctx)
	if err != nil {
		return nil, err
	}
	token, err := p.config().Exchange(ctx, code)
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		return nil, p.fail("invalid_request", strings.TrimSpace(fmt.Sprintf("%d %s %s", status, clip(refused.ErrorCode), clip(refused.ErrorDescription))), nil)
	case err != nil:
		return nil, p.fail("server_error", "the provider's token endpoint could not be asked", withoutURL(err))
	}
	claims, err := p.verify(ctx, token, nonce)
	if err != nil {
		return nil, p.fail("invalid_request", "the provider's ID token is not valid", err)
	}
	if p.UserInfo == "" {
		return claims, nil
	}
	more, err := p.userInfo(ctx, token)
	if err != nil {
		return nil, p.fail("server_error", "the provider's user info endpoint could not be asked", withoutURL(err))
	}
	// What is about another user is not this one's (OpenID Connect Core 1.0, section 5.3.2).
	if more["sub"] != claims["sub"] {
		return nil, p.fail("invalid_request", "the provider's user info is of another user than its ID token", nil)
	}
	for name, value := range more {
		claims[name] = value
	}
	return claims, nil
}

// verify checks the ID token (OpenID Connect Core 1.0, section 3.1.3.7).
func (p Provider) verify(ctx context.Context, token *oauth2.Token, nonce string) (map[string]any, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, errors.New("there is none")
	}
	verifier := oidc.NewVerifier(p.Issuer, keys{p.JWKS, p.HTTP}, &oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: algorithms, Now: p.Now})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, withoutURL(err)
	}
	var data json.RawMessage
	if err := id.Claims(&data); err != nil {
		return nil, err
	}
	claims, err := decode(data)
	if err != nil {
		return nil, err
	}
	subject, _ := claims["sub"].(string)
	party, named := claims["azp"]
	switch {
	case !hmac.Equal([]byte(id.Nonce), []byte(nonce)):
		return nil, errors.New("its nonce is not the one that was sent")
	case len(id.Audience) > 1 && !named || named && party != p.ClientID:
		return nil, errors.New("its azp is not this client")
	case subject == "" || len(subject) > 255:
		return nil, errors.New("its sub has not 1 to 255 characters")
	case id.AccessTokenHash != "":
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, errors.New("its at_hash is not that of the access token")
		}
	}
	return claims, nil
}

func (p Provider) userInfo(ctx context.Context, token *oauth2.Token) (map[string]any, error) {
	r, err := http.NewRequestWithContext(ctx, p.UserInfoMethod, p.UserInfo, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	r.Header.Set("Accept", "application/json")
	answer, err := p.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered with status %d", answer.StatusCode)
	}
	return decode(body)
}

// decode reads a JSON object, and keeps numbers as they stand.
func decode(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, errors.New("it is not a JSON object")
	}
	if claims == nil || d.More() {
		return nil, errors.New("it is not one JSON object")
	}
	return claims, nil
}

// withoutURL is an error of a request without the address, which its query may make long.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// clip keeps what others wrote short and printable.
func clip(s string) string {
	const most = 200
	runes := slices.DeleteFunc([]rune(s), func(r rune) bool { return r < ' ' || r == 0x7f })
	return string(runes[:min(len(runes), most)])
}

// Refused is the error of a provider that sent the browser back without a code.
func Refused(provider, code, description string) *Error {
	known := []string{
		"access_denied", "invalid_request", "invalid_scope", "server_error", "temporarily_unavailable", "unauthorized_client", "unsupported_response_type",
		"login_required", "interaction_required", "consent_required", "account_selection_required",
	}
	e := (Provider{Name: provider}).fail("invalid_request", clip(code+" "+description), nil)
	if slices.Contains(known, code) {
		e.Code = code
	}
	return e
}
