package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
)

// whole checks that a run left nothing behind, and told no secret.
func whole(t *testing.T, s *awstest.Stack, r verify.Report) {
	t.Helper()
	for _, u := range s.Users() {
		if strings.HasPrefix(u.Username, "auth-api-verify-") {
			t.Errorf("the user %s is left behind", u.Username)
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{s.Outputs.APIKey, s.Outputs.DemoPassword, "eyJ"} // what tokens begin with
	for _, c := range s.Outputs.MachineClients {
		secrets = append(secrets, c.Secret)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(string(data), secret) {
			t.Errorf("the report has a secret: %s", data)
		}
	}
}

func tell(t *testing.T, r verify.Report) {
	t.Logf("%d checks, %d results (%d hold, %d skipped), %d requests, %s", r.Checks, len(r.Results), r.Count(verify.Holds), r.Count(verify.Skipped), r.Requests, r.Took.Round(time.Millisecond))
}

func TestTheArticlesStackHolds(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	r := attack(t, s, nil)
	holds(t, r)
	whole(t, s, r)
	tell(t, r)
	if n := r.Count(verify.Holds); n < 300 {
		t.Errorf("only %d results hold: what was tried?", n)
	}
}

// Every kind of route, a second factor, tags, scopes and programs, with limits and the
// clock.
func TestTheStackWithEverythingOnHolds(t *testing.T) {
	t.Parallel()
	s := awstest.Deploy(t, everything(t))
	r := attack(t, s, func(_ *verify.Target, o *verify.Options) { o.Clock = true })
	holds(t, r)
	whole(t, s, r)
	tell(t, r)
	if off := s.AWS.Clock.Offset(); off != 0 {
		t.Errorf("the clock is left %s off", off)
	}
	tried := map[string]bool{}
	for _, x := range r.Results {
		tried[x.ID] = tried[x.ID] || x.Outcome == verify.Holds
	}
	// What the local AWS has no TLS, domain name or access log for, and limits.
	excused := []string{"V-TLS-01", "V-TLS-02", "V-TLS-03", "V-TLS-04", "V-TLS-05", "V-TLS-06", "V-LOG-02", "V-LIM-01", "V-LIM-02"}
	for _, c := range verify.Checks() {
		if !tried[c.ID] && !slices.Contains(excused, c.ID) {
			t.Errorf("%s was tried on nothing, even with everything on", c.ID)
		}
	}
}

// With its own name alone the API cannot be reached here, which is said of each route; the
// way around it is closed.
func TestAnAPIThatAnswersAtItsOwnNameAlone(t *testing.T) {
	settings := everything(t)
	settings["domain"].(map[string]any)["defaultEndpoint"] = false
	s := awstest.Deploy(t, settings)
	r := attack(t, s, nil)
	holds(t, r)
	for _, x := range r.Results {
		if x.ID == "V-IAM-01" && (x.Outcome != verify.Skipped || !strings.Contains(x.Note, "https://api.example.com")) || x.ID == "V-TLS-06" && x.Outcome != verify.Holds {
			t.Errorf("%+v", x)
		}
	}
}

func TestLimitsHold(t *testing.T) {
	settings := shop()
	settings["usagePlan"] = m{"rateLimit": 5, "burstLimit": 5, "quotaLimit": 200, "quotaPeriod": "DAY"}
	s := awstest.Deploy(t, settings)
	r := attack(t, s, func(_ *verify.Target, o *verify.Options) {
		o.Limits, o.MaxQuota, o.Only = true, 1000, []string{"V-LIM-01"}
	})
	holds(t, r)
	if r.Count(verify.Holds) != 1 {
		t.Errorf("%+v", r.Results)
	}
	settings["usagePlan"] = m{"rateLimit": 1000, "burstLimit": 1000, "quotaLimit": 200, "quotaPeriod": "DAY"}
	s.Redeploy(settings)
	r = attack(t, s, func(_ *verify.Target, o *verify.Options) {
		o.Limits, o.MaxQuota, o.Only = true, 1000, []string{"V-LIM-02"}
	})
	holds(t, r)
	// And who comes next is told that the quota is what refused, not the stack.
	r = attack(t, s, func(_ *verify.Target, o *verify.Options) { o.Only = []string{"V-RTE-01"} })
	if !slices.ContainsFunc(r.Results, func(x verify.Result) bool {
		return x.Outcome == verify.Broken && strings.Contains(x.Note, "quota is used up")
	}) {
		t.Errorf("a used up quota: %+v", r.Results)
	}
	r = attack(t, s, func(_ *verify.Target, o *verify.Options) {
		o.Limits, o.MaxQuota, o.Only = true, 10, []string{"V-LIM-02"}
	})
	if r.Count(verify.Skipped) != 1 {
		t.Errorf("a quota above --max-quota: %+v", r.Results)
	}
}

// Without an administrator what needs one is skipped with the reason, and the rest holds.
func TestAGivenUser(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	before := len(s.Users())
	given := func(to *verify.Target, o *verify.Options) {
		to.Admin, to.NoAdmin = nil, "nobody gave any"
		o.User = &verify.User{Name: s.Outputs.DemoUser, Password: s.Outputs.DemoPassword}
	}
	r := attack(t, s, given)
	for _, x := range r.Results {
		switch {
		case x.Outcome == verify.Fails || x.Outcome == verify.Broken:
			t.Errorf("%+v", x)
		case x.ID == "V-DOC-01" && (x.Outcome != verify.Skipped || !strings.Contains(x.Note, "nobody gave any")):
			t.Errorf("%+v", x)
		case x.ID == "V-RTE-01" && x.Route == "GET /require-auth" && x.Caller != "demouser":
			t.Errorf("%+v", x)
		}
	}
	if len(s.Users()) != before {
		t.Error("it made users")
	}
	for _, token := range s.Tokens() {
		if token.Use == "refresh" && !token.Revoked {
			t.Errorf("a sign-in of %s is left behind: %+v", token.Username, token)
		}
	}
	// Only the identities that guests were given are left, which needs an administrator.
	if len(r.Left) != 1 || !strings.Contains(r.Left[0], "identities of the identity pool") {
		t.Errorf("left behind: %q", r.Left)
	}
	whole(t, s, r)

	r = attack(t, s, func(to *verify.Target, o *verify.Options) { given(to, o); o.User = nil })
	if n := r.Count(verify.Fails) + r.Count(verify.Broken); n > 0 {
		t.Errorf("without any user %d results do not hold", n)
	}
	if _, err := verify.Run(t.Context(), target(s), verify.Options{User: &verify.User{Name: "demouser", Password: "Wrong-pass1"}}); err == nil || !strings.Contains(err.Error(), "signing in as demouser: NotAuthorizedException") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// An interrupt at any time leaves nothing behind.
func TestAnInterruptLeavesNothingBehind(t *testing.T) {
	s := awstest.Deploy(t, shop())
	for _, when := range []int64{3, 8, 20, 60} { // requests that were made by then
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		to := front(t, target(s), lax{answer: func(http.ResponseWriter, *http.Request) bool {
			if n.Add(1) == when {
				cancel()
			}
			return false
		}})
		r, err := verify.Run(ctx, to, verify.Options{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d requests: %v", when, err)
		}
		for _, left := range r.Left {
			t.Errorf("after %d requests it is left behind: %s", when, left)
		}
		whole(t, s, r)
	}
}

// A failure half-way does neither.
func TestAFailureLeavesNothingBehind(t *testing.T) {
	s := awstest.Deploy(t, shop())
	to := front(t, target(s), lax{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if operation(r) != "AdminAddUserToGroup" {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","message":"not you"}`))
		return true
	}})
	r, err := verify.Run(t.Context(), to, verify.Options{})
	if err == nil || !strings.Contains(err.Error(), "making the user auth-api-verify-") || !strings.Contains(err.Error(), "AccessDeniedException: not you") {
		t.Errorf("the error is %v", err)
	}
	if len(r.Left) > 0 {
		t.Errorf("left behind: %q", r.Left)
	}
	whole(t, s, r)
}

func TestWhatCannotBeAttacked(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	for says, change := range map[string]func(*verify.Target, *verify.Options){
		`there is no "V-XXX-99"; --list shows`:        func(_ *verify.Target, o *verify.Options) { o.Only = []string{"V-XXX-99"} },
		"apiUrl is \"\"; it is an address":            func(to *verify.Target, _ *verify.Options) { to.Outputs.APIURL = "" },
		"is the local AWS running? make up starts it": func(to *verify.Target, _ *verify.Options) { to.Outputs.APIURL = "http://localhost:1/execute-api/a/b" },
		"making the user auth-api-verify-":            func(to *verify.Target, _ *verify.Options) { to.Outputs.UserPoolID = "us-west-2_Nowhere00" },
	} {
		to, o := target(s), verify.Options{}
		change(&to, &o)
		if _, err := verify.Run(t.Context(), to, o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// A second factor is asked for, and a wrong one is found out where it is taken.
func TestASecondFactorThatIsNoneIsFoundOut(t *testing.T) {
	s := awstest.Deploy(t, awstest.Settings{
		"identity": m{"mfa": "REQUIRED"}, "routes": []m{{"method": "GET", "path": "/signed", "function": "require-auth", "authorization": "AWS_IAM"}},
	})
	to := front(t, target(s), lax{after: func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) {
		if operation(r) != "RespondToAuthChallenge" || status < 400 {
			return status, body
		}
		h.Del("x-amzn-ErrorType")
		return http.StatusOK, []byte(`{"AuthenticationResult":{"IdToken":"a","AccessToken":"b","RefreshToken":"c"}}`)
	}})
	r, err := verify.Run(t.Context(), to, verify.Options{Only: []string{"V-USR-05"}})
	if err != nil || !slices.Equal(r.Failed(), []string{"V-USR-05"}) {
		t.Errorf("found by %v (%v): %+v", r.Failed(), err, r.Results)
	}
}
