package localaws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/testers"
)

func TestEveryAddressForTestersAnswers(t *testing.T) {
	s := start(t, localaws.Config{})
	send(t, s, "GET", "/execute-api/none/v1/x", nil, "")
	query := map[string]string{"/_local/explain": "?request=" + s.Requests(audit.Filter{Service: "execute-api"})[0].ID}
	for _, e := range testers.Endpoints() {
		body := ""
		headers := map[string]string{}
		if e.Method == "POST" {
			headers["Content-Type"] = "application/json; charset=utf-8"
			body = map[string]string{"/_local/clock": `{"advance": "1d"}`, "/_local/reset": `{}`}[e.Path]
		}
		if status, _, answer := send(t, s, e.Method, e.Path+query[e.Path], headers, body); status != 200 || !json.Valid([]byte(answer)) {
			t.Errorf("%s %s: %d %s", e.Method, e.Path, status, answer)
		}
		headers["Origin"] = "https://example.com"
		if status, _, answer := send(t, s, e.Method, e.Path, headers, body); status != 403 || !strings.Contains(answer, "no page of another origin") {
			t.Errorf("%s %s by a page of another origin: %d %s", e.Method, e.Path, status, answer)
		}
		delete(headers, "Origin")
		headers["Host"] = "rebound.example.com"
		if status, _, answer := send(t, s, e.Method, e.Path, headers, body); status != 403 {
			t.Errorf("%s %s under another name: %d %s", e.Method, e.Path, status, answer)
		}
		delete(headers, "Host")
		if status, _, answer := send(t, s, "PATCH", e.Path, headers, ""); status != 405 || !strings.Contains(answer, e.Method) {
			t.Errorf("PATCH %s: %d %s", e.Path, status, answer)
		}
		if status, _, answer := send(t, s, e.Method, e.Path+"?tea=1", headers, body); status != 400 || !strings.Contains(answer, `there is no parameter \"tea\"`) {
			t.Errorf("%s %s with a parameter that is none: %d %s", e.Method, e.Path, status, answer)
		}
	}
	for _, path := range []string{"/_local/tea", "/_local/users/", "/_local//", "/_local/%75sers"} {
		status, _, answer := send(t, s, "GET", path, nil, "")
		for _, e := range testers.Endpoints() {
			if status != 404 || !strings.Contains(answer, e.Method+" "+e.Path) {
				t.Errorf("%s: %d %s, which does not tell of %s %s", path, status, answer, e.Method, e.Path)
			}
		}
	}
	if s.Clock.Offset() != 0 {
		t.Errorf("the clock is off by %s", s.Clock.Offset())
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	s := start(t, localaws.Config{})
	const asJSON = "application/json"
	for name, test := range map[string]struct {
		method, path, kind, body string
		status                   int
		says                     string
	}{
		"no request to explain":           {"GET", "/_local/explain", "", "", 400, "the parameter request is missing"},
		"a request that is not held":      {"GET", "/_local/explain?request=nobody", "", "", 404, "none has the id nobody"},
		"a limit that is no number":       {"GET", "/_local/requests?limit=many", "", "", 400, `the parameter limit is \"many\"; legal are whole numbers from 1`},
		"a limit of none":                 {"GET", "/_local/tokens?limit=0", "", "", 400, "whole numbers from 1"},
		"a decision that is none":         {"GET", "/_local/requests?decision=maybe", "", "", 400, "legal are allow, deny"},
		"a use that is none":              {"GET", "/_local/tokens?use=tea", "", "", 400, "legal are id, access, refresh"},
		"a parameter twice":               {"GET", "/_local/requests?limit=1&limit=2", "", "", 400, "more than once"},
		"a query that cannot be read":     {"GET", "/_local/requests?limit=%zz", "", "", 400, "the query cannot be read"},
		"a pool that is not there":        {"GET", "/_local/users?pool=us-west-2_000000000", "", "", 404, "does not exist; there are: none"},
		"the clock as a form":             {"POST", "/_local/clock", "application/x-www-form-urlencoded", "advance=6m", 415, "must be application/json"},
		"the clock as text":               {"POST", "/_local/clock", "text/plain", `{"advance": "6m"}`, 415, "must be application/json"},
		"a reset without a type":          {"POST", "/_local/reset", "", "{}", 415, "must be application/json"},
		"a reset with more":               {"POST", "/_local/reset", asJSON, `{"users": true}`, 400, "unknown field"},
		"a reset of nothing":              {"POST", "/_local/reset", asJSON, "", 400, "is not the JSON object"},
		"a clock that is null":            {"POST", "/_local/clock", asJSON, "null", 400, "it is no object"},
		"two objects":                     {"POST", "/_local/clock", asJSON, `{"advance": "6m"}{}`, 400, "something follows"},
		"no change of the clock":          {"POST", "/_local/clock", asJSON, `{}`, 400, "the body has 0 of advance, set and reset; legal is one"},
		"two changes of the clock":        {"POST", "/_local/clock", asJSON, `{"advance": "6m", "reset": true}`, 400, "the body has 2 of"},
		"an advance that is none":         {"POST", "/_local/clock", asJSON, `{"advance": "soon"}`, 400, `\"soon\" is no duration; legal are such as 90s, 6m, 36h, 7d`},
		"an advance by a number":          {"POST", "/_local/clock", asJSON, `{"advance": 6}`, 400, "is not the JSON object"},
		"an advance out of time":          {"POST", "/_local/clock", asJSON, `{"advance": "100000d"}`, 400, "legal is from 2000-01-01T00:00:00Z to 2200-01-01T00:00:00Z"},
		"a time that is none":             {"POST", "/_local/clock", asJSON, `{"set": "tomorrow"}`, 400, "legal are such as 2026-12-01T00:00:00Z"},
		"a time out of time":              {"POST", "/_local/clock", asJSON, `{"set": "1999-12-31T23:59:59Z"}`, 400, "legal is from 2000"},
		"a reset of the clock that isn't": {"POST", "/_local/clock", asJSON, `{"reset": false}`, 400, "legal is true"},
		"a body that is too large":        {"POST", "/_local/clock", asJSON, strings.Repeat(" ", 65<<10), 413, "larger than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			headers := map[string]string{}
			if test.kind != "" {
				headers["Content-Type"] = test.kind
			}
			if status, _, answer := send(t, s, test.method, test.path, headers, test.body); status != test.status || !strings.Contains(answer, test.says) {
				t.Errorf("%d %s; want %d %s", status, answer, test.status, test.says)
			}
		})
	}
	if s.Clock.Offset() != 0 {
		t.Errorf("the clock is off by %s", s.Clock.Offset())
	}
}

func TestTheClockByHTTP(t *testing.T) {
	s := start(t, localaws.Config{Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }})
	move := func(body string) testers.ClockView {
		t.Helper()
		status, _, answer := send(t, s, "POST", "/_local/clock", map[string]string{"Content-Type": "application/json"}, body)
		var v testers.ClockView
		if err := json.Unmarshal([]byte(answer), &v); err != nil || status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		return v
	}
	health := func() (h localaws.Health) {
		t.Helper()
		_, _, answer := send(t, s, "GET", "/_local/health", nil, "")
		if err := json.Unmarshal([]byte(answer), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	if h := health(); h.ClockOffset != "" || h.Time.Hour() != 12 {
		t.Errorf("health is %+v", h)
	}
	if v := move(`{"advance": "-10m"}`); v.Offset != "-10m0s" || !v.Moved || v.Now.Minute() != 50 || v.Real.Minute() != 0 {
		t.Errorf("the clock is %+v", v)
	}
	if h := health(); h.ClockOffset != "-10m0s" || h.Time.Minute() != 50 {
		t.Errorf("health is %+v", h)
	}
	if v := move(`{"set": "2030-01-01T00:00:00+01:00"}`); v.Now.Format(time.RFC3339) != "2029-12-31T23:00:00Z" {
		t.Errorf("the clock is %+v", v)
	}
	resp, err := http.Get(s.URL() + "/_local/clock")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if date := resp.Header.Get("Date"); date != "Mon, 31 Dec 2029 23:00:00 GMT" {
		t.Errorf("the Date of answers is %s", date)
	}
	if v := move(`{"reset": true}`); v.Moved || v.Offset != "0s" {
		t.Errorf("the clock is %+v", v)
	}
}

func TestTheRecordOfRequests(t *testing.T) {
	s := start(t, localaws.Config{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 20 {
				resp, err := http.Get(fmt.Sprintf("%s/bucket/%d-%d?secret=sesame", s.URL(), i, j))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				s.Requests(audit.Filter{Limit: 1})
				if j%10 == 0 {
					if resp, err = http.Get(s.URL() + "/_local/requests?limit=5"); err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
				}
			}
		})
	}
	wg.Wait()
	all := s.Requests(audit.Filter{})
	if len(all) != audit.MaxRequests {
		t.Fatalf("it holds %d", len(all))
	}
	ids := map[string]bool{}
	for _, e := range all {
		if ids[e.ID] || e.ID == "" || e.Method != "GET" || !strings.HasPrefix(e.Path, "/bucket/") || strings.Contains(e.Path, "sesame") || e.Status != 400 {
			t.Fatalf("it holds %+v", e)
		}
		ids[e.ID] = true
	}
	send(t, s, "GET", "/_runtime/guess/2018-06-01/runtime/invocation/next", nil, "")
	send(t, s, "GET", "/_local/health", nil, "")
	send(t, s, "GET", "/_local/requests", nil, "")
	if got := s.Requests(audit.Filter{Since: all[len(all)-1].ID}); len(got) != 0 {
		t.Errorf("it took %+v", got)
	}
	send(t, s, "GET", "/_local/users", map[string]string{"Origin": "https://example.com"}, "")
	got := s.Requests(audit.Filter{Since: all[len(all)-1].ID, Decision: "deny"})
	if len(got) != 1 || got[0].Status != 403 || !strings.Contains(got[0].Reason, "another origin") {
		t.Errorf("of a page of another origin it has %+v", got)
	}
	var answer struct{ Requests []audit.Entry }
	_, _, text := send(t, s, "GET", "/_local/requests?service=LOCAL&decision=deny&limit=1&since="+all[0].ID, nil, "")
	if err := json.Unmarshal([]byte(text), &answer); err != nil || !slices.Equal(answer.Requests, got) {
		t.Errorf("over HTTP: %s", text)
	}
}

// functions answers for the gateway's functions.
type functions struct {
	asked  atomic.Int64 // authorizers
	during func()       // runs in the route's function
}

func (f *functions) Invoke(ctx context.Context, in lambda.Invocation) (lambda.Result, error) {
	if strings.HasSuffix(in.Function, ":authorizer") {
		f.asked.Add(1)
		return lambda.Result{Payload: []byte(`{"principalId":"tom","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}}`)}, nil
	}
	// As lambda.Service does while it waits for a process.
	defer lambda.Waiting(ctx)()
	if f.during != nil {
		f.during()
	}
	return lambda.Result{Payload: []byte(`{"statusCode":200,"body":"hello"}`)}, nil
}

// serveAPI declares an API with a route that a Lambda authorizer guards for five minutes.
func serveAPI(t *testing.T, s *localaws.Server) (path string) {
	t.Helper()
	uri := func(name string) string {
		return "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:000000000000:function:" + name + "/invocations"
	}
	document, err := json.Marshal(map[string]any{
		"openapi": "3.0.1", "info": map[string]any{"title": "guarded", "version": "1"},
		"paths": map[string]any{"/guarded": map[string]any{"get": map[string]any{
			"responses": map[string]any{}, "security": []any{map[string]any{"guard": []any{}}},
			"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": uri("route")},
		}}},
		"components": map[string]any{"securitySchemes": map[string]any{"guard": map[string]any{
			"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
			"x-amazon-apigateway-authorizer": map[string]any{"type": "token", "authorizerUri": uri("authorizer"), "authorizerResultTtlInSeconds": 300},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.Update(func(tx *store.Tx) error {
		deployment := gateway.Deployment{RestAPI: "abcdef1234"}
		return errors.Join(
			gateway.RestAPIs.Put(tx, "abcdef1234", gateway.RestAPI{Name: "guarded", Body: string(document)}),
			gateway.Deployments.Put(tx, "dep123", deployment),
			s.Gateway.DeploymentDeclared(tx, "dep123", deployment),
			gateway.Stages.Put(tx, "ags-abcdef1234-dev", gateway.Stage{RestAPI: "abcdef1234", Deployment: "dep123", StageName: "dev"}),
		)
	}); err != nil {
		t.Fatal(err)
	}
	return "/execute-api/abcdef1234/dev/guarded"
}

func TestWhatAnAuthorizerAnsweredIsForgottenInTime(t *testing.T) {
	f := &functions{}
	s := start(t, localaws.Config{Tune: func(rooms *localaws.Rooms) { rooms.Gateway.Lambda = f }})
	path := serveAPI(t, s)
	asked := func(what string, want int64) {
		t.Helper()
		if status, kind, body := send(t, s, "GET", path, map[string]string{"Authorization": "let me in"}, ""); status != 200 {
			t.Fatalf("%s: %d %s %s", what, status, kind, body)
		}
		if got := f.asked.Load(); got != want {
			t.Errorf("%s: the authorizer was asked %d times, want %d", what, got, want)
		}
	}
	advance := func(d time.Duration) {
		t.Helper()
		if err := s.Clock.Advance(d); err != nil {
			t.Fatal(err)
		}
	}
	asked("the first time", 1)
	advance(4 * time.Minute)
	asked("four minutes later", 1)
	advance(time.Minute)
	asked("five minutes later", 2)
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked("after a reset", 3)
}

// A function that calls the local AWS while a reset waits must not wait for it, nor it
// for the function.
func TestAResetWaitsForNoFunction(t *testing.T) {
	f := &functions{}
	s := start(t, localaws.Config{Tune: func(rooms *localaws.Rooms) { rooms.Gateway.Lambda = f }})
	path := serveAPI(t, s)
	var nested int
	f.during = func() {
		if err := s.Reset(context.Background()); err != nil {
			t.Errorf("a reset while a function runs: %v", err)
		}
		resp, err := http.Get(s.URL() + "/execute-api/none/dev/")
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		nested = resp.StatusCode
	}
	if status, _, body := send(t, s, "GET", path, map[string]string{"Authorization": "let me in"}, ""); status != 200 || nested != 403 {
		t.Errorf("%d %s; the function's own call was answered %d", status, body, nested)
	}
}

func TestAResetThatCannotBeWrittenChangesNothing(t *testing.T) {
	s, err := localaws.Start(localaws.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, "GET", "/bucket", nil, "")
	if err := s.Clock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	status, _, answer := send(t, s, "POST", "/_local/reset", map[string]string{"Content-Type": "application/json"}, "{}")
	if status != 500 || !strings.Contains(answer, "log has the reason") {
		t.Errorf("%d %s", status, answer)
	}
	if n := len(s.Requests(audit.Filter{})); n != 2 || s.Clock.Offset() != time.Hour {
		t.Errorf("%d requests are left, and the clock is off by %s", n, s.Clock.Offset())
	}
	_ = s.Close(context.Background()) // the store is closed already
}
