package hosted

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/idp"
)

// Signing in at other identity providers: there by /oauth2/authorize, back by
// /oauth2/idpresponse.

const idpResponse = "/oauth2/idpresponse"

// choice is a provider on the sign-in page.
type choice struct {
	Name string
	Link template.URL
}

// choices are the providers that the client's users may sign in at.
func (v *visit) choices(a *authRequest) []choice {
	var out []choice
	for _, p := range a.app.Providers() {
		q, err := url.ParseQuery(string(a.carried()))
		if err != nil {
			continue // it came out of url.Values
		}
		q.Set("identity_provider", p.Name)
		out = append(out, choice{p.Name, template.URL(v.base() + "/oauth2/authorize?" + q.Encode())})
	}
	return out
}

// chooseProvider finds what a request to authorize says of the identity provider: nil for
// the pool's own users, or when it says nothing. problem says what is wrong with it.
func (a *authRequest) chooseProvider() (problem string) {
	name, identifier := a.query.Get("identity_provider"), a.query.Get("idp_identifier")
	switch {
	case name == "" && identifier == "":
		return ""
	case name != "" && identifier != "":
		return "identity_provider and idp_identifier exclude each other"
	case name == ownUsers && a.app.OwnUsers():
		a.Provider = ownUsers
		return ""
	}
	p, found := a.app.Provider(name, identifier)
	if !found {
		return "the client has no such identity provider"
	}
	a.Provider, a.external = p.Name, &p
	return ""
}

const ownUsers = "COGNITO"

// federate sends the browser to the provider.
func (v *visit) federate(a *authRequest, p userpool.ProviderChoice) {
	if p.Type == userpool.ProviderSAML {
		v.record.Denyf("the local AWS does not sign in by SAML; provider %s is recorded alone", p.Name)
		v.page(http.StatusNotImplemented, "saml", page{Title: "Sign in with " + p.Name, Query: a.carried(), Own: a.app.OwnUsers() || len(a.app.Providers()) > 1})
		return
	}
	if err := v.startForm(); err != nil { // the cookie that the sign-in is bound to
		v.fault(err)
		return
	}
	q := url.Values{}
	for name, values := range a.query {
		if name != "prompt" {
			q[name] = values
		}
	}
	to, err := v.pools.BeginFederation(v.r.Context(), a.app, p.Name, v.visitor, q.Encode(), a.loginHint, v.callback())
	if err != nil {
		v.federationFailed(a, err)
		return
	}
	v.record.Allow("to the identity provider " + p.Name)
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusFound)
}

// callback is where providers send browsers back to.
func (v *visit) callback() string { return v.endpoint + v.base() + idpResponse }

// federationFailed goes back to the client with why there is no sign-in.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoint-idp-responses.html
func (v *visit) federationFailed(a *authRequest, err error) {
	var refused *idp.Error
	var no *userpool.Refusal
	switch {
	case errors.As(err, &refused):
		v.record.Deny(refused.Error())
		v.backTo(a, url.Values{"error": {refused.Code}, "error_description": {refused.Description}})
	case errors.As(err, &no):
		v.record.Deny(no.Code + ": " + no.Reason)
		v.backTo(a, url.Values{"error": {"invalid_request"}, "error_description": {no.Message}})
	default:
		v.fault(err)
	}
}

// idpResponse ends a sign-in at a provider. Where the answer belongs to no sign-in of
// this browser there is no client to go back to: a page says so.
func (v *visit) idpResponse() {
	q := v.r.URL.Query()
	visitor := ""
	if c, err := v.r.Cookie(csrfCookie); err == nil {
		visitor = c.Value
	}
	f, err := v.pools.OpenFederation(v.poolID, visitor, q.Get("state"))
	if err != nil {
		if text, ok := v.said(err); ok {
			v.page(http.StatusBadRequest, "error", page{Title: "This sign-in cannot go on", Error: text + ". It was begun in another browser, took too long or is over already; cookies must be on."})
		}
		return
	}
	request, err := url.ParseQuery(f.Query)
	if err != nil {
		v.fault(err)
		return
	}
	a, ok := v.authRequestOf(request)
	if !ok {
		return
	}
	switch {
	case q.Get("error") != "":
		v.federationFailed(a, idp.Refused(f.Provider, q.Get("error"), q.Get("error_description")))
		return
	case q.Get("code") == "" || len(q["code"]) > 1:
		v.federationFailed(a, idp.Refused(f.Provider, "invalid_request", "the provider gave no code"))
		return
	}
	in, err := v.pools.FederatedSignIn(a.app, f, q.Get("code"), v.callback(), a.CodeRequest)
	if err != nil {
		v.federationFailed(a, err)
		return
	}
	v.letIn(a, in, "signed in at the identity provider "+f.Provider)
}

// ownUsersOnly refuses a page for the pool's own users to a client that has none of them.
func (v *visit) ownUsersOnly(a *authRequest) bool {
	if a.app.OwnUsers() {
		return true
	}
	v.record.Deny("the client's supportedIdentityProviders do not have COGNITO: nobody signs in by password")
	v.page(http.StatusBadRequest, "error", page{Title: "Sign in elsewhere", Error: "This application's users sign in at another identity provider, not by a password here."})
	return false
}
