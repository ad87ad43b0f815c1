package verify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const themeAnswers = "What answers tell"

const docHeaders = "https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"

func answerChecks() []Check {
	check := func(id, title, proves, doc string, severity Severity, look func(s *session, e exchange) string) Check {
		return Check{ID: id, Theme: themeAnswers, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: "all answers to all other checks", phase: settled,
			run: func(_ context.Context, s *session) []Result { return s.look(look) }}
	}
	return []Check{
		check("V-ANS-01", "No answer names the server's software", "Server, X-Powered-By and their like name no software with its version.", docHeaders, Low, namesSoftware),
		check("V-ANS-02", "No answer repeats a secret", "No answer holds the API key, a client's secret or a password that a request was sent with.", "https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html", Critical, repeatsSecrets),
		check("V-ANS-03", "Errors mask account numbers", "An error to who proves nobody has no account number, and in no error is one in the ARN of the API.", docAuthFlow, Medium, tellsAccount),
		check("V-ANS-04", "Errors tell nothing of the code", "No error has a stack trace, a panic, or the path of a source file.", "https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html", Medium, tellsCode),
		check("V-ANS-05", "Errors are what they say they are", "An error of API Gateway is JSON by its Content-Type, so that no browser takes it for a page.", docHeaders, Low, wrongType),
	}
}

// look looks at all answers so far and says which break a rule: each kind once.
func (s *session) look(fault func(*session, exchange) string) []Result {
	all := s.prober.exchanges()
	seen := map[string]bool{}
	var out []Result
	for _, e := range all {
		got := fault(s, e)
		if got == "" || seen[got] {
			continue
		}
		seen[got] = true
		out = append(out, mustHold(e.what, "", "nothing of the kind", got, false))
	}
	if len(all) == 0 {
		return []Result{skip("", "", "nothing was answered")}
	}
	if len(out) == 0 {
		out = []Result{mustHold("", "", "nothing of the kind", fmt.Sprintf("nothing, in %d answers", len(all)), true)}
	}
	return out
}

var version = regexp.MustCompile(`[0-9]+\.[0-9]+`)

func namesSoftware(_ *session, e exchange) string {
	if server := e.header.Get("Server"); version.MatchString(server) {
		return "Server: " + server
	}
	for _, name := range []string{"X-Powered-By", "X-AspNet-Version", "X-Runtime", "X-Generator"} {
		if value := e.header.Get(name); value != "" {
			return name + ": " + value
		}
	}
	return ""
}

// secrets are what no answer and no log may hold, by what they are called.
func (s *session) secrets() map[string]string {
	out := map[string]string{"the API key": s.out.APIKey, "the demo user's password": s.out.DemoPassword}
	for name, c := range s.out.MachineClients {
		out["the secret of the program "+name] = c.Secret
	}
	for _, u := range s.people.all() {
		out["the password of "+u.label] = u.password
		out["the secret key of "+u.label] = u.identity.Credentials.SecretAccessKey
	}
	for what, secret := range out {
		if len(secret) < 8 {
			delete(out, what) // too short to be told from other text
		}
	}
	return out
}

// bearing are secrets that a request carries and no log may hold. Answers may: the token
// endpoint's do.
func (s *session) bearing() map[string]string {
	out := s.secrets()
	for _, u := range s.people.all() {
		for what, token := range map[string]string{
			"the ID token of " + u.label: u.tokens.ID, "the access token of " + u.label: u.tokens.Access, "the refresh token of " + u.label: u.tokens.Refresh,
			"the session token of " + u.label: u.identity.Credentials.SessionToken,
		} {
			if len(token) > 40 {
				out[what] = token[len(token)-40:] // the end: logs cut what is long
			}
		}
	}
	return out
}

// webConfig tells whether a request, as METHOD path, is for what the stack's web client is
// told of the stack.
func (s *session) webConfig(what string) bool {
	if !s.out.HasWebClient() {
		return false
	}
	for _, base := range []string{s.out.WebURL, s.out.APIURL + "/"} {
		if u, err := url.Parse(base); err == nil && what == http.MethodGet+" "+u.Path+"config.json" {
			return true
		}
	}
	return false
}

func repeatsSecrets(s *session, e exchange) string {
	secrets := s.secrets()
	if s.webConfig(e.what) {
		delete(secrets, "the API key") // whoever opens the web client gets it: that is what it is there for
	}
	for _, what := range sortedKeys(secrets) {
		if strings.Contains(string(e.body), secrets[what]) {
			return what
		}
		for name, values := range e.header {
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, secrets[what]) }) {
				return what + ", in " + name
			}
		}
	}
	return ""
}

var (
	unmasked = regexp.MustCompile(`arn:aws[a-z-]*:execute-api:[a-z0-9-]*:\d{12}:`)
	account  = regexp.MustCompile(`:\d{12}:`)
)

func tellsAccount(_ *session, e exchange) string {
	switch {
	case e.status < 400:
	case unmasked.Match(e.body):
		return "the account in the API's ARN"
	case e.anon && account.Match(e.body):
		return "an account, to who proves nobody"
	}
	return ""
}

var internals = []string{"goroutine ", "panic:", "runtime error", ".go:", "Traceback (most recent", "at Object.<anonymous>", "/var/task", "/var/runtime", "stackTrace"}

func tellsCode(_ *session, e exchange) string {
	if e.status < 400 {
		return ""
	}
	for _, text := range internals {
		if strings.Contains(string(e.body), text) {
			return text
		}
	}
	return ""
}

func wrongType(_ *session, e exchange) string {
	if e.errorType == "" || len(e.body) == 0 || e.header.Get("x-amz-apigw-id") == "" {
		return ""
	}
	if kind := e.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return "Content-Type: " + shownOr(kind, "none")
	}
	return ""
}
