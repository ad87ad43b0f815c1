package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

// permitter is functions of which some may not be invoked.
type permitter struct {
	*functions
	refuses string // ends the ARN of what is not permitted
	gone    string // ends the ARN of what is not there
}

func (p *permitter) Permitted(in lambda.Invocation) (authz.Decision, []authz.Step, error) {
	switch {
	case p.gone != "" && strings.HasSuffix(in.Function, p.gone):
		return authz.Decision{}, nil, &lambda.Error{Status: 404, Code: "ResourceNotFoundException"}
	case p.refuses != "" && strings.HasSuffix(in.Function, p.refuses):
		return authz.Decision{Reason: "nobody may"}, nil, lambda.ErrNotPermitted
	}
	return authz.Decision{Allowed: true, Reason: "everybody may"}, nil, nil
}

func (f *fixture) permitting(p *permitter) {
	p.functions = f.functions
	f.gateway.cfg.Lambda = p
}

// The whole way is told: all gates in their order, and none behind the one that refuses.
func TestExplain(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /open": doctest.Operation("open"), "GET /slow": doctest.Operation("slow"), "GET /signed/{id}": doctest.Operation("signed", "sigv4", "api_key"), "GET /users": doctest.Operation("users", "users"),
		"GET /door": doctest.Operation("door", "token"), "GET /barred": doctest.Operation("barred"), "GET /gone": doctest.Operation("gone"),
	}, doctest.LambdaAuthorizers)})
	f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 5, Period: "DAY"}, ThrottleSettings: &ThrottleSettings{RateLimit: 2, BurstLimit: 3}}, "one")
	none, nothing := 0.0, 0
	f.update(func(tx *store.Tx) error {
		return StageMethods.Put(tx, "slow", MethodSettings{RestAPI: apiID, StageName: "v1", MethodPath: "slow/GET", Settings: MethodSettingsDetails{ThrottlingRateLimit: &none, ThrottlingBurstLimit: &nothing}})
	})
	role := f.role("caller", allowing("Allow", "GET/signed/*"), signedIn)
	caller, err := f.iam.CallerOf(iam.Credentials{AccessKeyID: role.AccessKeyID, SessionToken: role.SessionToken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.gateway.Explain(Question{APIID: apiID, Stage: "v1", Method: "GET", Path: "/open"}); err == nil || !strings.Contains(err.Error(), "does not tell whether one may be invoked") {
		t.Errorf("with functions that do not tell who may invoke them: %v", err)
	}
	f.permitting(&permitter{refuses: ":barred", gone: ":gone"})
	for name, test := range map[string]struct {
		question Question
		allowed  bool
		gate     Gate
		status   int
		body     string
		reason   string
	}{
		"an unknown stage":           {Question{Stage: "v9", Method: "GET", Path: "/open"}, false, GateStage, 403, `{"message":"Forbidden"}`, "there is no API"},
		"an unknown route":           {Question{Method: "GET", Path: "/nowhere"}, false, GateRoute, 403, `{"message":"Missing Authentication Token"}`, "no resource and method"},
		"a token on an unknown one":  {Question{Method: "GET", Path: "/nowhere", Token: &jwt.Claims{}}, false, GateRoute, 403, "Invalid key=value pair", "no resource and method"},
		"an open route":              {Question{Method: "GET", Path: "/open"}, true, "", 0, "", "open to everybody"},
		"not signed":                 {Question{Method: "GET", Path: "/signed/1"}, false, GateAuthorization, 403, "Missing Authentication Token", "not signed"},
		"no key":                     {Question{Method: "GET", Path: "/signed/1", Caller: caller}, false, GateKey, 403, "Forbidden", "no API key"},
		"a wrong key":                {Question{Method: "GET", Path: "/signed/1", Caller: caller, WrongKey: true}, false, GateKey, 403, "Forbidden", "is not known"},
		"a key by its id":            {Question{Method: "GET", Path: "/signed/1", Caller: caller, KeyID: "one"}, true, "", 0, "", "statement 0"},
		"a key that is gone":         {Question{Method: "GET", Path: "/signed/1", Caller: caller, KeyID: "other"}, false, GateKey, 403, "Forbidden", "is not known"},
		"another path":               {Question{Method: "GET", Path: "/signed/1/2", Caller: caller}, false, GateRoute, 403, "Missing", "no resource"},
		"a rate of nothing":          {Question{Method: "GET", Path: "/slow"}, false, GateThrottle, 429, "Too Many Requests", "nothing through at all"},
		"nothing for the authorizer": {Question{Method: "GET", Path: "/door"}, false, GateAuthorization, 401, "Unauthorized", "identity source"},
		"a token that is none":       {Question{Method: "GET", Path: "/door", Header: http.Header{"Authorization": {"sesame"}}}, false, GateAuthorization, 401, "Unauthorized", "identityValidationExpression"},
		"something for it":           {Question{Method: "GET", Path: "/door", Header: http.Header{"Authorization": {"token-sesame"}}}, true, "", 0, "", "decides, by its code"},
		"no permission":              {Question{Method: "GET", Path: "/barred"}, false, GateIntegration, 500, "Internal server error", "API Gateway may not invoke the function: nobody may"},
		"no function":                {Question{Method: "GET", Path: "/gone"}, false, GateIntegration, 500, "Internal server error", "ResourceNotFoundException"},
	} {
		t.Run(name, func(t *testing.T) {
			q := test.question
			q.APIID = apiID
			if q.Stage == "" {
				q.Stage = "v1"
			}
			w, err := f.gateway.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			if w.Allowed != test.allowed || w.Gate != test.gate || w.Status != test.status || !strings.Contains(w.Body, test.body) || !strings.Contains(w.Reason, test.reason) {
				t.Errorf("%v at %q, %d %s: %s", w.Allowed, w.Gate, w.Status, w.Body, w.Reason)
			}
			var gates []Gate
			passed := true
			for _, s := range w.Stops {
				gates = append(gates, s.Gate)
				if passed == (s.Passage == Unreached) {
					t.Errorf("%s is %s behind what decides", s.Gate, s.Passage)
				}
				passed = passed && s.Passage != RefusedAt
			}
			if !slices.Equal(gates, Gates()) {
				t.Errorf("the gates are %v", gates)
			}
			if data, err := json.Marshal(w); err != nil || strings.Contains(string(data), keyValue("one")) {
				t.Errorf("a key's value is told: %v", err)
			}
		})
	}
	if n := f.functions.count(); n != 0 {
		t.Errorf("explaining invoked %d functions", n)
	}
	f.permitting(&permitter{refuses: ":authorizer"})
	if w, err := f.gateway.Explain(Question{APIID: apiID, Stage: "v1", Method: "GET", Path: "/door", Header: http.Header{"Authorization": {"token-sesame"}}}); err != nil || w.Gate != GateAuthorization || w.Status != 500 || !strings.Contains(w.Reason, "the authorizer was not run") {
		t.Errorf("an authorizer that may not be invoked: %+v %v", w, err)
	}
}

// A request is explained after it was made as it was answered, without what it carried,
// and by what is declared by then.
func TestExplainRequest(t *testing.T) {
	f := newFixture(t)
	f.permitting(&permitter{})
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /signed/{id}": doctest.Operation("signed", "sigv4", "api_key"), "GET /users": doctest.Operation("users", "users"),
	})})
	f.plan("plan01", UsagePlan{}, "one")
	role := f.role("caller", allowing("Allow", "GET/signed/1"), signedIn)
	f.tokens["good"] = jwt.Claims{Subject: "ann", Issuer: "https://x/" + pool, TokenUse: "id", All: map[string]any{"email": "ann@example.com"}}
	last := func() audit.Entry {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.records[len(f.records)-1].Entry(f.clock.Now(), "GET", "/", 0, time.Second)
	}
	forged := f.sign(f.request(http.MethodGet, "/signed/1", ""), "", role)
	forged.Header.Set("X-Amz-Date", "20261122T103001Z")
	keyed := func(r *http.Request, key string) *http.Request { r.Header.Set("X-Api-Key", key); return r }
	token := f.request(http.MethodGet, "/users", "")
	token.Header.Set("Authorization", "good")
	bad := f.request(http.MethodGet, "/users", "")
	bad.Header.Set("Authorization", "bad")
	elsewhere := f.request(http.MethodGet, "/elsewhere", "")
	elsewhere.Header.Set("Authorization", "Bearer x")
	for name, r := range map[string]*http.Request{
		"let in":            keyed(f.sign(f.request(http.MethodGet, "/signed/1", ""), "", role), keyValue("one")),
		"no permission":     keyed(f.sign(f.request(http.MethodGet, "/signed/2", ""), "", role), keyValue("one")),
		"no key":            f.sign(f.request(http.MethodGet, "/signed/1", ""), "", role),
		"a wrong key":       keyed(f.sign(f.request(http.MethodGet, "/signed/1", ""), "", role), "wrong"),
		"unsigned":          f.request(http.MethodGet, "/signed/1", ""),
		"forged":            forged,
		"a token":           token,
		"a token that none": bad,
		"no route":          f.request(http.MethodGet, "/elsewhere", ""),
		"no route, a token": elsewhere,
	} {
		got := f.do(r)
		w, kept, err := f.gateway.ExplainRequest(last())
		if err != nil || !kept {
			t.Fatalf("%s: %v %v", name, kept, err)
		}
		if got.status == 200 != w.Allowed || !w.Allowed && (w.Status != got.status || w.Error != got.header.Get("x-amzn-ErrorType")) {
			t.Errorf("%s was answered %d %s, and is explained as %v %d %s: %s", name, got.status, got.header.Get("x-amzn-ErrorType"), w.Allowed, w.Status, w.Error, w.Reason)
		}
		data, err := json.Marshal(w)
		for _, secret := range []string{keyValue("one"), role.SecretAccessKey, role.SessionToken, "good", "ann@example.com"} {
			if err != nil || strings.Contains(string(data), secret) {
				t.Errorf("%s: %q is told", name, secret)
			}
		}
	}
	f.get("/signed/1?"+strings.Repeat("x", 2000), "X-Api-Key", keyValue("one"))
	if _, kept, err := f.gateway.ExplainRequest(last()); !kept || err != nil {
		t.Errorf("the query is no part of what is kept: %v %v", kept, err)
	}
	f.get("/signed/" + strings.Repeat("x", 2000))
	if _, kept, err := f.gateway.ExplainRequest(last()); kept || err != nil {
		t.Errorf("a path of 2000 bytes is kept: %v", err)
	}
	if _, kept, err := f.gateway.ExplainRequest(audit.Entry{}); kept || err != nil {
		t.Errorf("a request to another service: %v %v", kept, err)
	}
	f.do(keyed(f.sign(f.request(http.MethodGet, "/signed/2", ""), "", role), keyValue("one")))
	then := last()
	f.role("caller", allowing("Allow", "GET/signed/*"), signedIn)
	if w, _, err := f.gateway.ExplainRequest(then); err != nil || !w.Allowed {
		t.Errorf("after the role was given more it is %s (%v)", w.Reason, err)
	}
}
