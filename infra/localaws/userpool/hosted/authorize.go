package hosted

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// authRequest is a checked request to authorize.
type authRequest struct {
	userpool.CodeRequest
	app       userpool.App
	state     string
	prompt    string
	loginHint string
	query     url.Values
	external  *userpool.ProviderChoice // the identity provider that is asked for; nil for none
}

var s256Challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// app finds the client with this id, if the pool has it.
func (v *visit) app(clientID string) (app userpool.App, found bool, err error) {
	app, err = v.pools.App(clientID)
	app = app.During(v.r.Context(), userpool.Extra{})
	if code(err) != "" {
		return app, false, nil
	}
	return app, app.PoolID() == v.poolID, err
}

// authRequest checks a request to authorize; when it is refused, it has answered. An
// error goes to the callback only when client and callback are known to belong
// together (RFC 6749, section 4.1.2.1).
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
func (v *visit) authRequest() (*authRequest, bool) { return v.authRequestOf(v.r.URL.Query()) }

func (v *visit) authRequestOf(q url.Values) (*authRequest, bool) {
	a := &authRequest{CodeRequest: userpool.CodeRequest{RedirectURI: q.Get("redirect_uri")}, state: q.Get("state"), query: q}
	var found bool
	var err error
	a.app, found, err = v.app(q.Get("client_id"))
	client := a.app.Client()
	switch {
	case err != nil:
		v.fault(err)
		return nil, false
	case !found:
		v.toErrorPage("invalid_client", q.Get("client_id"), "the pool has no such client")
		return nil, false
	case len(q["redirect_uri"]) != 1 || len(q["client_id"]) != 1 || !slices.Contains(client.CallbackURLs, a.RedirectURI):
		v.toErrorPage("redirect_mismatch", a.app.ClientID(), "the redirect_uri is not one of the client's callbackUrls, to the letter")
		return nil, false
	}
	refuse := func(code, reason string) (*authRequest, bool) {
		v.record.Deny(code + ": " + reason)
		v.backTo(a, url.Values{"error": {code}, "error_description": {reason}})
		return nil, false
	}
	for name, values := range q {
		if len(values) > 1 {
			return refuse("invalid_request", "the parameter "+audit.Clip(name)+" is given more than once")
		}
	}
	allowed := client.AllowedOAuthFlowsUserPoolClient && slices.Contains(client.AllowedOAuthFlows, "code")
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	switch response := q.Get("response_type"); {
	case response == "":
		return refuse("invalid_request", "response_type is missing")
	case response != "code" && response != "token":
		return refuse("invalid_request", "response_type must be code")
	case response == "token" || !allowed:
		return refuse("unauthorized_client", "the client may not use this flow")
	case (challenge != "" || method != "") && method != "S256":
		return refuse("invalid_request", "code_challenge_method must be S256")
	case method != "" && !s256Challenge.MatchString(challenge):
		return refuse("invalid_request", "code_challenge must be 43 characters of base64url")
	case !slices.Contains([]string{"", "none", "login"}, q.Get("prompt")):
		return refuse("invalid_request", "prompt must be none or login")
	case len(q.Get("nonce")) > 1024 || len(a.state) > 4096:
		return refuse("invalid_request", "nonce or state is too long")
	}
	if problem := a.chooseProvider(); problem != "" {
		return refuse("invalid_request", problem)
	}
	a.Scopes = strings.Fields(q.Get("scope"))
	if len(a.Scopes) == 0 {
		a.Scopes = slices.Clone(client.AllowedOAuthScopes)
	}
	for _, scope := range a.Scopes {
		if !slices.Contains(client.AllowedOAuthScopes, scope) {
			return refuse("invalid_scope", "the client may not ask for the scope "+audit.Clip(scope))
		}
	}
	slices.Sort(a.Scopes)
	a.Scopes = slices.Compact(a.Scopes)
	a.Challenge, a.Nonce, a.prompt, a.loginHint = challenge, q.Get("nonce"), q.Get("prompt"), q.Get("login_hint")
	v.w.Header().Set("Content-Security-Policy", policy(formTarget(a.RedirectURI)))
	return a, true
}

// toErrorPage sends the browser to our own error page, never to an address that came
// with the request.
func (v *visit) toErrorPage(code, clientID, reason string) {
	v.record.Deny(code + ": " + reason)
	q := url.Values{"error": {code}}
	if clientID != "" {
		q.Set("client_id", audit.Clip(clientID))
	}
	http.Redirect(v.w, v.r, v.base()+"/error?"+q.Encode(), http.StatusFound)
}

// backTo redirects to the client's registered callback.
func (v *visit) backTo(a *authRequest, add url.Values) {
	u, err := url.Parse(a.RedirectURI)
	if err != nil {
		v.fault(err)
		return
	}
	q := u.Query()
	for name, values := range add {
		q[name] = values
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	u.RawQuery = q.Encode()
	v.w.Header().Set("Location", u.String())
	v.w.WriteHeader(http.StatusFound)
}

func (v *visit) authorize() {
	a, ok := v.authRequest()
	if !ok {
		return
	}
	if a.prompt != "login" {
		code, username, in, err := v.pools.CodeForSession(a.app, v.session(), a.CodeRequest)
		if v.functionFailed(a, err) {
			return
		}
		if err != nil {
			v.fault(err)
			return
		}
		if in {
			v.record.Caller(username)
			v.record.Allow("the browser is signed in")
			v.backTo(a, url.Values{"code": {code}})
			return
		}
	}
	if a.prompt == "none" {
		v.record.Deny("login_required: the browser is not signed in and prompt is none")
		v.backTo(a, url.Values{"error": {"login_required"}})
		return
	}
	if a.external == nil && !a.app.OwnUsers() && len(a.app.Providers()) == 1 {
		a.external = &a.app.Providers()[0] // there is nothing to choose
	}
	if a.external != nil {
		v.federate(a, *a.external)
		return
	}
	v.record.Allow("to the sign-in page")
	a.query.Del("prompt")
	http.Redirect(v.w, v.r, v.base()+"/login?"+a.query.Encode(), http.StatusFound)
}

// notices that a page may be opened with.
var notices = map[string]string{
	"confirmed": "Your account is confirmed. Sign in to go on.",
	"reset":     "Your password is changed. Sign in with the new one.",
}

func (v *visit) loginPage() {
	a, ok := v.openPage()
	if !ok {
		return
	}
	if !a.app.OwnUsers() && len(a.app.Providers()) == 0 {
		v.ownUsersOnly(a)
		return
	}
	v.record.Allow("the sign-in page")
	p := v.loginFields(a, a.loginHint, "")
	p.Notice = notices[a.query.Get("notice")]
	v.page(http.StatusOK, "login", p)
}

func (v *visit) loginFields(a *authRequest, name, problem string) page {
	return page{
		Title: "Sign in", Error: problem, Username: name, Query: a.carried(), Fields: []field{nameField(a.app.Pool(), name)}, SignUp: a.app.SignUpOpen(),
		Own: a.app.OwnUsers(), Choices: v.choices(a),
	}
}

// carried is the authorize request as the pages' links hand it on.
func (a *authRequest) carried() template.URL {
	q := url.Values{}
	for name, values := range a.query {
		if !slices.Contains([]string{"notice", "prompt", "identity_provider", "idp_identifier"}, name) {
			q[name] = values
		}
	}
	return template.URL(q.Encode())
}

// nameField is the sign-in name as this pool has it.
func nameField(pool userpool.Pool, value string) field {
	f := field{Name: "username", Label: "Username", Type: "text", Autocomplete: "username", Value: value}
	switch {
	case slices.Contains(pool.UsernameAttributes, "email") && len(pool.UsernameAttributes) == 1:
		f.Label, f.Type = "Email", "email"
	case slices.Contains(pool.UsernameAttributes, "email"):
		f.Label = "Email or phone number"
	case len(pool.UsernameAttributes) > 0:
		f.Label, f.Type = "Phone number", "tel"
	case slices.Contains(pool.AliasAttributes, "email"):
		f.Label = "Username or email"
	}
	return f
}

func (v *visit) login() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	name := v.r.PostForm.Get("username")
	in, err := v.pools.SignIn(a.app, name, v.r.PostForm.Get("password"), &a.CodeRequest)
	if v.functionFailed(a, err) {
		return
	}
	if err != nil {
		if code(err) != "UserNotConfirmedException" {
			v.again("login", v.loginFields(a, name, ""), err)
			return
		}
		v.said(err)
		v.page(http.StatusOK, "confirm", page{
			Title: "Confirm your account", Username: name, Query: a.carried(),
			Notice: "Your account is not confirmed yet. Enter the code that was sent to you.",
		})
		return
	}
	if in.Challenge != nil {
		v.record.Caller(in.Username)
		v.record.Allow("the password is right; a new one must be chosen")
		v.page(http.StatusOK, "newpassword", v.newPasswordPage(a, in.Username, in.Challenge.Session, in.Challenge.Missing))
		return
	}
	v.letIn(a, in, "signed in")
}

// letIn gives the browser its session, and the client its code; before that it asks
// for the second factor, where one is due.
func (v *visit) letIn(a *authRequest, in userpool.SignedIn, reason string) {
	if in.Factor != nil {
		v.askFactor(a, in)
		return
	}
	v.record.Caller(in.Username)
	v.record.Allow(reason)
	v.cookie(sessionCookie, in.Session, userpool.SessionLife)
	v.backTo(a, url.Values{"code": {in.Code}})
}

func (v *visit) newPasswordPage(a *authRequest, username, session string, missing []string) page {
	p := page{Title: "Choose a new password", Query: a.carried(), Session: session, Username: username, Policy: describe(a.app.PasswordPolicy())}
	for _, name := range missing {
		p.Fields = append(p.Fields, attributeField(name, v.r.PostForm.Get("attribute."+name)))
	}
	return p
}

func (v *visit) changePasswordForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	form := v.r.PostForm
	session, password := form.Get("session"), form.Get("password")
	var in userpool.SignedIn
	var err error = errPasswordsDiffer
	if password == form.Get("confirm") {
		in, err = v.pools.RespondNewPassword(a.app, userpool.NewPassword{Session: session, Password: password, Attributes: formAttributes(form)}, &a.CodeRequest)
	}
	if err == nil {
		v.letIn(a, in, "signed in with a new password")
		return
	}
	if v.functionFailed(a, err) {
		return
	}
	if errors.Is(err, userpool.ErrInvalidSession) || errors.Is(err, userpool.ErrSessionExpired) {
		v.said(err)
		v.page(http.StatusBadRequest, "login", v.loginFields(a, "", "That took too long. Sign in again."))
		return
	}
	// Nothing but what the form asked for may be shown again: the username came with it.
	asked := slices.DeleteFunc(a.app.RequiredAttributes(), func(name string) bool { return !form.Has("attribute." + name) })
	v.again("newpassword", v.newPasswordPage(a, form.Get("username"), session, asked), err)
}
