package userpool

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/store"
)

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
	Used        bool      `json:"used,omitempty"`
	Origin      string    `json:"origin,omitempty"` // the family that it was changed for
}

var authCodes = store.Table[authCode]{Name: "userpool.codes"}

const codeLife = 5 * time.Minute

// authRequest is a checked request to authorize.
type authRequest struct {
	client      client
	redirectURI string
	state       string
	scopes      []string
	challenge   string
	nonce       string
	prompt      string
	loginHint   string
	query       url.Values
}

var s256Challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authRequest checks a request to authorize; when it is refused, it has answered. An
// error goes to the callback only when client and callback are known to belong
// together (RFC 6749, section 4.1.2.1).
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
func (v *visit) authRequest() (*authRequest, bool) {
	q := v.r.URL.Query()
	a := &authRequest{redirectURI: q.Get("redirect_uri"), state: q.Get("state"), query: q}
	var found bool
	err := v.cfg.Store.View(func(tx *store.Tx) (err error) {
		a.client, found, err = getClient(tx, q.Get("client_id"))
		return err
	})
	switch {
	case err != nil:
		v.fault(err)
		return nil, false
	case !found || a.client.UserPoolID != v.pool.ID:
		v.toErrorPage("invalid_client", q.Get("client_id"), "the pool has no such client")
		return nil, false
	case len(q["redirect_uri"]) != 1 || len(q["client_id"]) != 1 || !slices.Contains(a.client.CallbackURLs, a.redirectURI):
		v.toErrorPage("redirect_mismatch", a.client.ID, "the redirect_uri is not one of the client's callbackUrls, to the letter")
		return nil, false
	}
	refuse := func(code, reason string) (*authRequest, bool) {
		v.record.Deny(code + ": " + reason)
		v.backTo(a, url.Values{"error": {code}, "error_description": {reason}})
		return nil, false
	}
	for name, values := range q {
		if len(values) > 1 {
			return refuse("invalid_request", "the parameter "+clip(name)+" is given more than once")
		}
	}
	allowed := a.client.AllowedOAuthFlowsUserPoolClient && slices.Contains(a.client.AllowedOAuthFlows, "code")
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
	case !slices.Contains([]string{"", "COGNITO"}, q.Get("identity_provider")) || q.Has("idp_identifier"):
		return refuse("invalid_request", "the pool has no other identity provider")
	case !slices.Contains([]string{"", "none", "login"}, q.Get("prompt")):
		return refuse("invalid_request", "prompt must be none or login")
	case len(q.Get("nonce")) > 1024 || len(a.state) > 4096:
		return refuse("invalid_request", "nonce or state is too long")
	}
	a.scopes = strings.Fields(q.Get("scope"))
	if len(a.scopes) == 0 {
		a.scopes = slices.Clone(a.client.AllowedOAuthScopes)
	}
	for _, scope := range a.scopes {
		if !slices.Contains(a.client.AllowedOAuthScopes, scope) {
			return refuse("invalid_scope", "the client may not ask for the scope "+clip(scope))
		}
	}
	slices.Sort(a.scopes)
	a.scopes = slices.Compact(a.scopes)
	a.challenge, a.nonce, a.prompt, a.loginHint = challenge, q.Get("nonce"), q.Get("prompt"), q.Get("login_hint")
	v.w.Header().Set("Content-Security-Policy", policy(formTarget(a.redirectURI)))
	return a, true
}

// toErrorPage sends the browser to our own error page, never to an address that came
// with the request.
func (v *visit) toErrorPage(code, clientID, reason string) {
	v.record.Deny(code + ": " + reason)
	q := url.Values{"error": {code}}
	if clientID != "" {
		q.Set("client_id", clip(clientID))
	}
	http.Redirect(v.w, v.r, v.base()+"/error?"+q.Encode(), http.StatusFound)
}

// backTo redirects to the client's registered callback.
func (v *visit) backTo(a *authRequest, add url.Values) {
	u, err := url.Parse(a.redirectURI)
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
		var code string
		var who user
		var in bool
		err := v.cfg.Store.View(func(tx *store.Tx) (err error) {
			_, _, in, err = v.session(tx)
			return err
		})
		if err == nil && in {
			err = v.cfg.Store.Update(func(tx *store.Tx) error {
				var h hostedSession
				var err error
				if who, h, in, err = v.session(tx); err != nil || !in {
					return err
				}
				code, err = v.newAuthCode(tx, a, who, h.AuthTime)
				return err
			})
		}
		if err != nil {
			v.fault(err)
			return
		}
		if in {
			v.record.Caller(who.Username)
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
	v.record.Allow("to the sign-in page")
	a.query.Del("prompt")
	http.Redirect(v.w, v.r, v.base()+"/login?"+a.query.Encode(), http.StatusFound)
}

func (v *visit) newAuthCode(tx *store.Tx, a *authRequest, u user, authTime time.Time) (string, error) {
	code, err := v.Service.token()
	if err != nil {
		return "", err
	}
	if err := v.sweep(tx); err != nil {
		return "", err
	}
	return code, authCodes.Put(tx, v.pool.ID+"/"+digest(code), authCode{
		ClientID: a.client.ID, RedirectURI: a.redirectURI, Challenge: a.challenge, Scopes: a.scopes, Nonce: a.nonce,
		Username: u.Username, Sub: u.Sub, AuthTime: authTime, Expires: v.now().Add(codeLife),
	})
}

// notices that a page may be opened with.
var notices = map[string]string{
	"confirmed": "Your account is confirmed. Sign in to go on.",
	"reset":     "Your password is changed. Sign in with the new one.",
}

func (v *visit) loginPage() {
	a, ok := v.authRequest()
	if !ok {
		return
	}
	if err := v.startForm(); err != nil {
		v.fault(err)
		return
	}
	v.record.Allow("the sign-in page")
	p := page{Title: "Sign in", Username: a.loginHint, Notice: notices[a.query.Get("notice")], Query: v.carried(a)}
	p.Fields = []field{v.nameField(p.Username)}
	v.page(http.StatusOK, "login", p)
}

// carried is the authorize request as the pages' links hand it on.
func (v *visit) carried(a *authRequest) template.URL {
	q := url.Values{}
	for name, values := range a.query {
		if name != "notice" && name != "prompt" {
			q[name] = values
		}
	}
	return template.URL(q.Encode())
}

// nameField is the sign-in name as this pool has it.
func (v *visit) nameField(value string) field {
	f := field{Name: "username", Label: "Username", Type: "text", Autocomplete: "username", Value: value}
	switch {
	case slices.Contains(v.pool.UsernameAttributes, "email") && len(v.pool.UsernameAttributes) == 1:
		f.Label, f.Type = "Email", "email"
	case slices.Contains(v.pool.UsernameAttributes, "email"):
		f.Label = "Email or phone number"
	case len(v.pool.UsernameAttributes) > 0:
		f.Label, f.Type = "Phone number", "tel"
	case slices.Contains(v.pool.AliasAttributes, "email"):
		f.Label = "Username or email"
	}
	return f
}

func (v *visit) login() {
	if !v.guard() {
		return
	}
	a, ok := v.authRequest()
	if !ok {
		return
	}
	name, password := v.r.PostForm.Get("username"), v.r.PostForm.Get("password")
	var cookie, code string
	u, must, err := v.enter(attempt{
		pool: v.pool, client: a.client, name: name,
		proof: func(u *user) (bool, error) { return v.matchesUser(u, password) },
		granted: func(tx *store.Tx, u user) (err error) {
			if cookie, err = v.letIn(tx, u, v.now()); err != nil {
				return err
			}
			code, err = v.newAuthCode(tx, a, u, v.now())
			return err
		},
	})
	if err != nil {
		text, ok := v.said(err)
		if !ok {
			return
		}
		p := page{Title: "Sign in", Error: text, Query: v.carried(a), Fields: []field{v.nameField(name)}, Username: name}
		if text == errUnconfirmed.public.Message {
			p.Title, p.Error, p.Notice = "Confirm your account", "", "Your account is not confirmed yet. Enter the code that was sent to you."
			v.page(http.StatusOK, "confirm", p)
			return
		}
		v.page(http.StatusBadRequest, "login", p)
		return
	}
	v.record.Caller(u.Username)
	if must {
		session, err := v.newPasswordSession(v.pool, a.client, u)
		if err != nil {
			v.fault(err)
			return
		}
		v.record.Allow("the password is right; a new one must be chosen")
		v.page(http.StatusOK, "newpassword", v.newPasswordPage(a, u, session, ""))
		return
	}
	v.record.Allow("signed in")
	v.cookie(sessionCookie, cookie, sessionLife)
	v.backTo(a, url.Values{"code": {code}})
}

func (v *visit) newPasswordPage(a *authRequest, u user, session, problem string) page {
	p := page{Title: "Choose a new password", Error: problem, Query: v.carried(a), Session: session, Username: u.Username, Policy: v.pool.describePolicy()}
	for _, name := range v.pool.missingAttributes(u.Attributes) {
		p.Fields = append(p.Fields, attributeField(name, v.r.PostForm.Get("attribute."+name)))
	}
	return p
}

func (v *visit) changePasswordForm() {
	if !v.guard() {
		return
	}
	a, ok := v.authRequest()
	if !ok {
		return
	}
	form := v.r.PostForm
	var cookie, code string
	var u user
	var err error
	if form.Get("password") != form.Get("confirm") {
		err = errPasswordsDiffer
	} else {
		u, err = v.chooseNewPassword(v.pool, a.client, form.Get("session"), "", form.Get("password"), formAttributes(form),
			func(tx *store.Tx, u user, _ time.Time) (err error) {
				if cookie, err = v.letIn(tx, u, v.now()); err != nil {
					return err
				}
				code, err = v.newAuthCode(tx, a, u, v.now())
				return err
			})
	}
	if err != nil {
		text, ok := v.said(err)
		if !ok {
			return
		}
		if strings.HasPrefix(text, errBadSession.public.Message[:len(errBadSession.public.Message)-1]) {
			v.page(http.StatusBadRequest, "login", page{Title: "Sign in", Error: "That took too long. Sign in again.", Query: v.carried(a), Fields: []field{v.nameField("")}})
			return
		}
		p := v.newPasswordPage(a, v.shownUser(form.Get("username")), form.Get("session"), text)
		p.Wrong = wrongField(err)
		v.page(http.StatusBadRequest, "newpassword", p)
		return
	}
	v.record.Caller(u.Username)
	v.record.Allow("signed in with a new password")
	v.cookie(sessionCookie, cookie, sessionLife)
	v.backTo(a, url.Values{"code": {code}})
}

// shownUser is a user whose form is shown again. Its name came with the form, so that
// nothing but the schema's own fields may be shown for it.
func (v *visit) shownUser(name string) user {
	present := map[string]string{}
	for _, d := range v.pool.Schemas {
		if !v.r.PostForm.Has("attribute." + d.Name) {
			present[d.Name] = "-"
		}
	}
	return user{Username: name, Attributes: present}
}
