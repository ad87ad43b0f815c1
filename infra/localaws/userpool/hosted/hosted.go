// Package hosted is the hosted sign-in of the local AWS's user pools: the pages, the
// OAuth 2.0 and OpenID Connect endpoints, and the documents below .well-known. It
// reads what browsers and clients send and shows what came of it; package userpool
// decides.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
package hosted

import (
	"crypto/hmac"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// Server answers the browsers and OAuth clients of some user pools.
type Server struct {
	pools    *userpool.Service
	endpoint func() string
}

// New returns the hosted sign-in of these pools. endpoint returns the local AWS's base
// address, such as http://localhost:4566; it is asked at every use, because the port
// may be known later than the Server.
func New(pools *userpool.Service, endpoint func() string) *Server {
	return &Server{pools: pools, endpoint: endpoint}
}

const (
	sessionCookie = "cognito"
	csrfCookie    = "XSRF-TOKEN"
	maxForm       = 64 << 10
)

// visit is one request to a hosted sign-in.
type visit struct {
	pools  *userpool.Service
	w      http.ResponseWriter
	r      *http.Request
	record *audit.Record
	prefix string // of the domain
	poolID string
	csrf   string // the form token that goes with the visitor's cookie

	endpoint string // the local AWS's base address
	visitor  string // the visitor's cookie, after startForm
}

func (v *visit) base() string { return "/auth/" + v.prefix }

// routes are the hosted sign-in's paths by method.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
var routes = map[string]map[string]func(*visit){
	"/oauth2/authorize":      {"GET": (*visit).authorize},
	idpResponse:              {"GET": (*visit).idpResponse},
	"/oauth2/token":          {"POST": (*visit).token},
	"/oauth2/userInfo":       {"GET": (*visit).userInfo, "POST": (*visit).userInfo},
	"/oauth2/revoke":         {"POST": (*visit).revokeEndpoint},
	"/login":                 {"GET": (*visit).loginPage, "POST": (*visit).login},
	"/changePassword":        {"POST": (*visit).changePasswordForm},
	"/mfa":                   {"POST": (*visit).mfaForm},
	"/mfaSetup":              {"POST": (*visit).mfaSetupForm},
	"/logout":                {"GET": (*visit).logout},
	"/signup":                {"GET": (*visit).signupPage, "POST": (*visit).signupForm},
	"/confirmUser":           {"GET": (*visit).confirmPage, "POST": (*visit).confirmForm},
	"/forgotPassword":        {"GET": (*visit).forgotPage, "POST": (*visit).forgotForm},
	"/confirmForgotPassword": {"POST": (*visit).resetForm},
	"/error":                 {"GET": (*visit).errorPage},
	"/static/style.css":      {"GET": (*visit).style},
}

// Serve answers a request to the hosted sign-in of a domain; r.URL.Path begins with
// /auth/ and the domain's prefix.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, domainPrefix string) {
	v := &visit{pools: s.pools, w: w, r: r, record: audit.From(r.Context()), prefix: domainPrefix, endpoint: s.endpoint()}
	path := strings.TrimPrefix(r.URL.Path, v.base())
	v.record.Service("cognito " + audit.Clip(path))
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Security-Policy", policy(""))
	poolID, found, err := s.pools.PoolOfDomain(domainPrefix)
	v.poolID = poolID
	switch {
	case err != nil:
		v.fault(err)
		return
	case !found:
		v.record.Denyf("no user pool has the domain %q", audit.Clip(domainPrefix))
		v.page(http.StatusNotFound, "error", page{Title: "No such sign-in", Error: "No user pool has this domain."})
		return
	}
	methods, known := routes[path]
	if !known {
		v.record.Deny("the hosted sign-in has no such page")
		v.page(http.StatusNotFound, "error", page{Title: "Not found", Error: "The hosted sign-in has no such page."})
		return
	}
	if isEndpoint(path) {
		if v.cors(); r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve, ok := methods[method]
	if !ok {
		h.Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		v.record.Denyf("%s is not served here", audit.Clip(method))
		v.page(http.StatusMethodNotAllowed, "error", page{Title: "Not allowed", Error: "This address is not for that method."})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		v.record.Denyf("the form cannot be read: %v", err)
		if isEndpoint(path) {
			writeOAuth(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
			return
		}
		v.page(http.StatusBadRequest, "error", page{Title: "Bad request", Error: "The form could not be read."})
		return
	}
	serve(v)
}

// isEndpoint tells what clients call themselves from what browsers are led to.
func isEndpoint(path string) bool {
	return strings.HasPrefix(path, "/oauth2/") && path != "/oauth2/authorize" && path != idpResponse
}

// policy is the content security policy: nothing but our own style, and forms that
// may lead on to the client's callback (browsers hold redirects after a form to it).
func policy(callback string) string {
	forms := "'self'"
	if callback != "" {
		forms += " " + callback
	}
	return "default-src 'none'; style-src 'self'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}

// formTarget is a callback as a CSP source: its origin, or the scheme of an app's own.
func formTarget(callback string) string {
	u, err := url.Parse(callback)
	if err != nil || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + ":"
}

// cors lets pages of the registered callbacks' origins read the answer.
func (v *visit) cors() {
	h := v.w.Header()
	h.Add("Vary", "Origin")
	origin := v.r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return
	}
	allowed, err := v.pools.CallsBackTo(v.poolID, origin)
	if err != nil {
		v.record.Fault(err)
	}
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Amz-User-Agent")
		h.Set("Access-Control-Max-Age", "600")
	}
}

func writeOAuth(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away is no fault
}

//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// page is what a template shows.
type page struct {
	Title  string
	Error  string
	Notice string
	// Query is the authorize request that the visit is about, and Base the domain's path.
	Query              template.URL
	Base, Prefix, CSRF string
	Username, Session  string
	// Wrong names the field that Error is about, password or code; Code is what was
	// typed into the latter, kept when it is not what is wrong.
	Wrong, Code string
	SignUp      bool
	Own         bool     // the pool's own users may sign in
	Choices     []choice // the identity providers besides
	Token       token    // of the second factor's pages
	Fields      []field
	Policy      []string
}

type field struct{ Name, Label, Type, Autocomplete, Value string }

func (v *visit) page(status int, name string, p page) {
	p.Base, p.Prefix, p.CSRF = v.base(), v.prefix, v.csrf
	var out strings.Builder
	if err := pageTemplates.ExecuteTemplate(&out, name+".html", p); err != nil {
		v.record.Fault(err)
		http.Error(v.w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write([]byte(out.String())) // a browser that has gone away is no fault
}

func (v *visit) fault(err error) {
	v.record.Fault(err)
	v.page(http.StatusInternalServerError, "error", page{Title: "Something went wrong", Error: "The local AWS failed; its log has the reason."})
}

func (v *visit) style() {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		v.fault(err)
		return
	}
	v.w.Header().Set("Content-Type", "text/css; charset=utf-8")
	v.w.Header().Set("Cache-Control", "max-age=300")
	_, _ = v.w.Write(css)
}

func (v *visit) cookie(name, value string, age time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: v.base(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.r.TLS != nil, MaxAge: int(age / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// startForm gives the visitor the cookie that form tokens are bound to.
func (v *visit) startForm() error {
	c, err := v.r.Cookie(csrfCookie)
	if err != nil || len(c.Value) != 43 {
		value, err := v.pools.RandomToken()
		if err != nil {
			return err
		}
		v.cookie(csrfCookie, value, 24*time.Hour)
		v.csrf, v.visitor = v.formToken(value), value
		return nil
	}
	v.csrf, v.visitor = v.formToken(c.Value), c.Value
	return nil
}

func (v *visit) formToken(cookie string) string {
	return base64.RawURLEncoding.EncodeToString(v.pools.MAC("form", v.prefix, cookie))
}

// guard starts a form's answer: it refuses a form that this visitor was not given.
func (v *visit) guard() bool {
	c, err := v.r.Cookie(csrfCookie)
	if err != nil || !hmac.Equal([]byte(v.formToken(c.Value)), []byte(v.r.PostForm.Get("_csrf"))) {
		v.record.Deny("the form's token does not belong to the visitor's cookie (cross-site request, or cookies are off)")
		v.page(http.StatusForbidden, "error", page{Title: "The page is too old", Error: "The form could not be checked. Go back to the application and sign in from there; cookies must be on."})
		return false
	}
	v.csrf = v.formToken(c.Value)
	return true
}

// session is the browser's session, or "".
func (v *visit) session() string {
	c, err := v.r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// said is what a page says of a refusal, or a fault that was shown already.
func (v *visit) said(err error) (string, bool) {
	var no *userpool.Refusal
	if !errors.As(err, &no) {
		v.fault(err)
		return "", false
	}
	v.record.Deny(no.Code + ": " + no.Reason)
	if no.Code == "UserNotFoundException" {
		return userpool.ErrWrongPassword.Message, true
	}
	return no.Message, true
}

// again shows a form again that was refused, with the reason at the field that is wrong.
func (v *visit) again(form string, p page, err error) {
	text, ok := v.said(err)
	if !ok {
		return
	}
	p.Error, p.Wrong = text, wrongField(err)
	if p.Wrong != "password" {
		p.Code = ""
	}
	v.page(http.StatusBadRequest, form, p)
}

var errPasswordsDiffer = userpool.Refuse("InvalidPasswordException", "The two passwords differ.")

// wrongField is the field that a refusal is about, where it is about one.
func wrongField(err error) string {
	switch code(err) {
	case "InvalidPasswordException", "PasswordHistoryPolicyViolationException":
		return "password"
	case "CodeMismatchException", "ExpiredCodeException", "TooManyFailedAttemptsException":
		return "code"
	}
	return ""
}

// code is the name of a refusal, or "" for any other error.
func code(err error) string {
	var no *userpool.Refusal
	if !errors.As(err, &no) {
		return ""
	}
	return no.Code
}
