package verify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
)

// lax is a service that lets in, or tells, what it should not, in the place of AWS's; and
// the checks that it must not pass.
type lax struct {
	how    string
	ids    []string
	with   []string // checks whose answers those of ids look at
	change func(*verify.Target, *verify.Options)
	// answer answers a request, or leaves it to the stack.
	answer func(w http.ResponseWriter, r *http.Request) bool
	// after changes what the stack answered to requests of a kind.
	after func(r *http.Request, status int, header http.Header, body []byte) (int, []byte)
}

// letIn answers as a function does, through API Gateway.
func letIn(w http.ResponseWriter) bool {
	w.Header().Set("x-amz-apigw-id", "verify")
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
	return true
}

func atAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/execute-api/") }

func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// granting turns refusals of these operations into an empty success.
func granting(operations ...string) func(*http.Request, int, http.Header, []byte) (int, []byte) {
	return func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) {
		if status < 400 || !slices.Contains(operations, operation(r)) {
			return status, body
		}
		h.Del("x-amzn-ErrorType")
		return http.StatusOK, []byte("{}")
	}
}

// on does something to the answers of API Gateway's errors.
func onErrors(change func(h http.Header, body []byte) []byte) func(*http.Request, int, http.Header, []byte) (int, []byte) {
	return func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) {
		if atAPI(r) && status >= 400 {
			return status, change(h, body)
		}
		return status, body
	}
}

func signatureIDs() (out []string) {
	for _, c := range verify.Checks() {
		if strings.HasPrefix(c.ID, "V-SIG-") {
			out = append(out, c.ID)
		}
	}
	return out
}

// hostedBack answers requests to authorize by leading wherever they say.
func hostedBack(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/oauth2/authorize") {
		return false
	}
	to := r.URL.Query().Get("redirect_uri")
	w.Header().Set("Location", to+"?code=verify&state=another")
	w.WriteHeader(http.StatusFound)
	return true
}

func laxities(s *awstest.Stack) []lax {
	declared := func(r *http.Request) bool { // whether a path is written as a route is
		_, below, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/execute-api/"), "/")
		_, below, _ = strings.Cut(below, "/")
		_, found := s.Outputs.Route("GET", "/"+below)
		return found
	}
	return []lax{
		{how: "whatever looks signed is let in", ids: append(signatureIDs(), "V-IAM-02", "V-IAM-03", "V-IAM-04", "V-TOK-11"), answer: func(w http.ResponseWriter, r *http.Request) bool {
			return atAPI(r) && (strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") || r.URL.Query().Has("X-Amz-Signature")) && letIn(w)
		}},
		{how: "whatever looks like a token is let in", ids: []string{"V-IAM-05", "V-TOK-02", "V-TOK-03", "V-TOK-04", "V-TOK-05", "V-TOK-06", "V-TOK-07", "V-TOK-08", "V-TOK-09", "V-TOK-10", "V-CUS-02"},
			answer: func(w http.ResponseWriter, r *http.Request) bool {
				a := r.Header.Get("Authorization")
				return atAPI(r) && a != "" && !strings.HasPrefix(a, "AWS4-") && letIn(w)
			}},
		{how: "nothing is ever over", ids: []string{"V-TOK-12", "V-IAM-06"}, change: func(_ *verify.Target, o *verify.Options) { o.Clock = true }, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return atAPI(r) && r.Header.Get("Authorization") != "" && letIn(w)
		}},
		{how: "paths are put in order after they were authorized", ids: []string{"V-PTH-03", "V-PTH-04", "V-PTH-05", "V-PTH-06", "V-PTH-07", "V-PTH-08", "V-PTH-09"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			plain := strings.ToLower(path.Clean(r.URL.Path))
			return atAPI(r) && strings.Contains(plain, "/keyed") && (!declared(r) || !strings.Contains(r.URL.Path, "/local/")) && r.Method == http.MethodGet && letIn(w)
		}},
		{how: "headers rewrite requests", ids: []string{"V-PTH-10"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return atAPI(r) && (r.Header.Get("X-Http-Method-Override") != "" || r.Header.Get("X-Original-Url") != "") && letIn(w)
		}},
		{how: "odd methods are let in", ids: []string{"V-PTH-11"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return atAPI(r) && r.Method == "PROPFIND" && letIn(w)
		}},
		{how: "credentials are taken from the query", ids: []string{"V-PTH-12"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return atAPI(r) && (r.URL.Query().Has("access_token") || r.URL.Query().Has("api_key")) && letIn(w)
		}},
		{how: "any key will do, anywhere", ids: []string{"V-KEY-02", "V-KEY-03"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			key := r.Header.Get("X-Api-Key") + r.Header.Get("Api-Key") + r.Header.Get("Cookie")
			return atAPI(r) && strings.HasSuffix(r.URL.Path, "/keyed") && key != "" && letIn(w)
		}},
		{how: "everybody is refused", ids: []string{"V-RTE-01"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			if !atAPI(r) || strings.HasSuffix(r.URL.Path, "/verify-nothing") {
				return false
			}
			w.Header().Set("x-amzn-ErrorType", "ForbiddenException")
			w.WriteHeader(http.StatusForbidden)
			return true
		}},
		{how: "identity pools give to everybody", ids: []string{"V-IDP-03", "V-IDP-04", "V-IDP-05", "V-IDP-06", "V-IDP-07", "V-IDP-10"}, after: granting("GetId", "GetCredentialsForIdentity")},
		{how: "the user pool's API is everybody's", ids: []string{"V-USR-02", "V-USR-03", "V-USR-04", "V-IDP-08"}, after: granting("AdminGetUser", "ListUsers", "AdminSetUserPassword", "GetUser")},
		{how: "credentials are good for ten hours", ids: []string{"V-IDP-09"}, after: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
			var out m
			if operation(r) == "GetCredentialsForIdentity" && json.Unmarshal(body, &out) == nil && out["Credentials"] != nil {
				out["Credentials"].(m)["Expiration"] = out["Credentials"].(m)["Expiration"].(float64) + 36000
				body, _ = json.Marshal(out)
			}
			return status, body
		}},
		{how: "the hosted sign-in leads anywhere", ids: []string{"V-OAU-01", "V-OAU-02", "V-OAU-03", "V-OAU-04", "V-OAU-05", "V-OAU-06"}, answer: hostedBack},
		{how: "the hosted sign-in gives tokens by the address", ids: []string{"V-OAU-02"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Query().Get("response_type"), "token") && hostedBack(w, r)
		}},
		{how: "the token endpoint takes everything", ids: []string{"V-OAU-08", "V-OAU-09", "V-OAU-10", "V-OAU-11", "V-OAU-12", "V-OAU-13", "V-OAU-14", "V-OAU-17", "V-OAU-21", "V-USR-04"},
			change: func(_ *verify.Target, o *verify.Options) { o.Clock = true },
			after: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				if strings.HasSuffix(r.URL.Path, "/oauth2/token") && status >= 400 {
					return http.StatusOK, []byte(`{"id_token":"a.e30.c","access_token":"a.e30.c","token_type":"Bearer"}`)
				}
				return status, body
			}},
		{how: "no code gives tokens", ids: []string{"V-OAU-07"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/oauth2/token") {
				return false
			}
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body)) // for the stack
			form, _ := url.ParseQuery(string(body))
			if form.Get("code_verifier") == "" || !seen(form.Get("code")) {
				return false
			}
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return true
		}},
		{how: "signing out leads anywhere", ids: []string{"V-OAU-15"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			to := r.URL.Query().Get("logout_uri")
			if !strings.HasSuffix(r.URL.Path, "/logout") || to == "" {
				return false
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return true
		}},
		{how: "userInfo tells everybody", ids: []string{"V-OAU-16"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/oauth2/userInfo") && letIn(w)
		}},
		{how: "the hosted pages may be framed", ids: []string{"V-OAU-18"}, after: func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) {
			h.Del("X-Frame-Options")
			h.Del("Content-Security-Policy")
			return status, body
		}},
		{how: "the hosted pages write what they are sent", ids: []string{"V-OAU-19"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/error") {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, r.URL.Query().Get("error"))
			return true
		}},
		{how: "forms of other sites are taken", ids: []string{"V-OAU-20"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/login") || r.Header.Get("Origin") != "https://verify.example.com" {
				return false
			}
			w.Header().Set("Location", r.URL.Query().Get("redirect_uri")+"?code=verify")
			w.WriteHeader(http.StatusFound)
			return true
		}},
		{how: "functions let every page read", ids: []string{"V-CRS-04"}, after: func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) {
			if atAPI(r) && status == http.StatusOK {
				h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			}
			return status, body
		}},
		{how: "answers name their server", ids: []string{"V-ANS-01"}, after: onErrors(func(h http.Header, body []byte) []byte { h.Set("Server", "nginx/1.2.3"); return body })},
		{how: "answers repeat the key", ids: []string{"V-ANS-02"}, after: onErrors(func(h http.Header, body []byte) []byte { return []byte(`{"key": "` + s.Outputs.APIKey + `"}`) })},
		{how: "errors tell the account", ids: []string{"V-ANS-03"}, with: []string{"V-IAM-02"}, after: onErrors(func(h http.Header, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte("********"), []byte("00000000"))
		})},
		{how: "errors tell of the code", ids: []string{"V-ANS-04"}, after: onErrors(func(h http.Header, body []byte) []byte {
			return []byte(`{"message": "panic: runtime error", "at": "main.go:7"}`)
		})},
		{how: "errors are pages", ids: []string{"V-ANS-05"}, after: onErrors(func(h http.Header, body []byte) []byte { h.Set("Content-Type", "text/html"); return body })},
		{how: "functions log keys", ids: []string{"V-LOG-03"}, answer: func(w http.ResponseWriter, r *http.Request) bool {
			if operation(r) != "FilterLogEvents" {
				return false
			}
			return json.NewEncoder(w).Encode(m{"events": []m{{"message": "called with " + s.Outputs.APIKey}}}) == nil
		}},
		{how: "limits are not what was meant", ids: []string{"V-LIM-01", "V-LIM-02"}, change: func(to *verify.Target, o *verify.Options) {
			to.Outputs.UsagePlan = &client.UsagePlan{RateLimit: 1, BurstLimit: 1, QuotaLimit: 3, QuotaPeriod: "DAY"}
			o.Limits, o.MaxQuota = true, 10
		}},
		{how: "the way around the domain is open", ids: []string{"V-TLS-06"}, change: func(to *verify.Target, _ *verify.Options) {
			no := false
			to.Outputs.DomainURL, to.Outputs.DefaultEndpoint = "https://api.example.com", &no
		}},
	}
}

// seen tells whether it was asked of this code before: the sign-in's own is the first.
var seen = func() func(string) bool {
	first := ""
	return func(code string) bool {
		if first == "" {
			first = code
		}
		return code != first
	}
}()

// No check holds always: each finds some service that is not what AWS's is.
func TestEachCheckFindsSomething(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, shop())
	for _, l := range laxities(s) {
		t.Run(l.how, func(t *testing.T) {
			to := front(t, target(s), l)
			o := verify.Options{Writes: true, Only: slices.Concat(l.ids, l.with)}
			if l.change != nil {
				l.change(&to, &o)
			}
			r, err := verify.Run(t.Context(), to, o)
			if err != nil {
				t.Fatal(err)
			}
			found := r.Failed()
			for _, id := range l.ids {
				if !slices.Contains(found, id) {
					t.Errorf("%s does not find it", id)
					for _, x := range r.Results {
						if x.ID == id {
							t.Logf("%s %s (%s, %s): expected %s, got %s; %s", x.ID, x.Outcome, x.Route, x.Caller, x.Expected, x.Got, x.Note)
						}
					}
				}
			}
		})
	}
}

// Every check is in one of the tables of what it finds.
func TestNoCheckIsWithoutWhatItFinds(t *testing.T) {
	// What is found elsewhere: at services with TLS, at a log of CloudWatch, where a code is
	// asked for, and by the classic flow's own test.
	found := []string{"V-TLS-01", "V-TLS-02", "V-TLS-03", "V-TLS-04", "V-TLS-05", "V-LOG-02", "V-USR-05", "V-IDP-01", "V-IDP-02"}
	for _, b := range breakages(&awstest.Stack{}) {
		found = append(found, b.found...)
	}
	for _, l := range laxities(&awstest.Stack{}) {
		found = append(found, l.ids...)
	}
	for _, c := range verify.Checks() {
		if !slices.Contains(found, c.ID) {
			t.Errorf("nothing shows that %s (%s) can fail", c.ID, c.Title)
		}
	}
}
