package gateway

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/sigv4"
	"auth-api/infra/localaws/userpool/jwt"
)

// asks is a question about the fixture's stage.
func (f *fixture) asks(q Question) Ruling {
	f.t.Helper()
	if q.APIID == "" {
		q.APIID, q.Stage = apiID, "v1"
	}
	r, err := f.gateway.Ask(q)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func TestAsk(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /open": doctest.Operation("a"), "GET /signed/{id}": doctest.Operation("b", "sigv4", "api_key"), "GET /users": doctest.Operation("c", "users"), "GET /door": doctest.Operation("d", "token"),
	}, doctest.LambdaAuthorizers, func(d doctest.Document) {
		d["x-amazon-apigateway-gateway-responses"] = map[string]any{"UNAUTHORIZED": map[string]any{"statusCode": "418"}}
	})})
	f.plan("plan01", UsagePlan{}, "one")
	role := f.role("caller", allowing("Allow", "GET/signed/*"), signedIn)
	caller, err := f.iam.CallerOf(iam.Credentials{AccessKeyID: role.AccessKeyID, SessionToken: role.SessionToken})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		question Question
		allowed  bool
		status   int
		code     string
		reason   string
	}{
		"an unknown stage":         {Question{APIID: apiID, Stage: "v9", Method: "GET", Path: "/open"}, false, 403, "ForbiddenException", "there is no API " + apiID + " with a stage v9"},
		"an unknown route":         {Question{Method: "GET", Path: "/nowhere"}, false, 403, "MissingAuthenticationTokenException", "no resource and method of the API serve GET /nowhere"},
		"an open route":            {Question{Method: "GET", Path: "/open"}, true, 0, "", "the method is open to everybody"},
		"not signed":               {Question{Method: "GET", Path: "/signed/1", APIKey: true}, false, 403, "MissingAuthenticationTokenException", "the request is not signed"},
		"a token for a signature":  {Question{Method: "GET", Path: "/signed/1", Token: &jwt.Claims{}}, false, 403, "IncompleteSignatureException", "the request is not signed"},
		"signed, without key":      {Question{Method: "GET", Path: "/signed/1", Caller: caller}, false, 403, "ForbiddenException", "no API key in the header x-api-key"},
		"signed, with a key":       {Question{Method: "GET", Path: "/signed/1", Caller: caller, APIKey: true}, true, 0, "", "statement 0 of the identity-based policy"},
		"a path with escapes":      {Question{Method: "GET", Path: "/signed/%31", Caller: caller, APIKey: true}, true, 0, "", "statement 0 of the identity-based policy"},
		"no token":                 {Question{Method: "GET", Path: "/users"}, false, 418, "UnauthorizedException", "no token in the header Authorization"},
		"a signature for a token":  {Question{Method: "GET", Path: "/users", Caller: caller}, false, 418, "UnauthorizedException", "a signature stands in its place"},
		"another pool's token":     {Question{Method: "GET", Path: "/users", Token: &jwt.Claims{Issuer: "https://x/us-west-2_Other0001", TokenUse: "id"}}, false, 418, "UnauthorizedException", "not from this user pool"},
		"an ID token":              {Question{Method: "GET", Path: "/users", Token: &jwt.Claims{Issuer: "https://x/" + pool, TokenUse: "id"}}, true, 0, "", "a valid ID token"},
		"an access token":          {Question{Method: "GET", Path: "/users", Token: &jwt.Claims{Issuer: "https://x/" + pool, TokenUse: "access"}}, false, 418, "UnauthorizedException", "it needs an ID token"},
		"nothing for the doorman":  {Question{Method: "GET", Path: "/door"}, false, 418, "UnauthorizedException", "the identity source header Authorization is missing"},
		"something for a doorman":  {Question{Method: "GET", Path: "/door", Token: &jwt.Claims{}}, true, 0, "", "the Lambda authorizer token decides, by its code"},
		"another method of a path": {Question{Method: "POST", Path: "/open"}, false, 403, "MissingAuthenticationTokenException", "no resource and method"},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.asks(test.question)
			if r.Allowed != test.allowed || r.Answer.Status != test.status || r.Answer.Code != test.code || !strings.Contains(r.Reason, test.reason) {
				t.Errorf("%v %d %s: %s; want %v %d %s: %s", r.Allowed, r.Answer.Status, r.Answer.Code, r.Reason, test.allowed, test.status, test.code, test.reason)
			}
		})
	}
	if n := f.functions.count(); n != 0 {
		t.Errorf("asking invoked %d functions", n)
	}
	t.Run("with every statement", func(t *testing.T) {
		q := Question{Method: "GET", Path: "/signed/1", Caller: caller, APIKey: true}
		if r := f.asks(q); r.Steps != nil {
			t.Errorf("steps that nobody asked for: %+v", r.Steps)
		}
		q.Explain = true
		r := f.asks(q)
		if len(r.Steps) != 1 || !r.Steps[0].Matched || r.Steps[0].Effect != "Allow" || r.Route.Path != "/signed/{id}" {
			t.Errorf("%s: %+v", r.Route.Path, r.Steps)
		}
	})
	t.Run("an API that is reached by a domain name of its own", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /open": doctest.Operation("a")}), DisableExecuteAPIEndpoint: true})
		if r := f.asks(Question{Method: "GET", Path: "/open"}); r.Allowed || r.Answer.Code != "ForbiddenException" {
			t.Errorf("by the endpoint that is disabled: %+v", r)
		}
		if r := f.asks(Question{Method: "GET", Path: "/open", OwnDomain: true}); !r.Allowed {
			t.Errorf("by the domain name: %+v", r)
		}
	})
	t.Run("the key is the authorizer's to give", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /door": doctest.Operation("d", "token", "api_key")}, doctest.LambdaAuthorizers), APIKeySource: "AUTHORIZER"})
		if r := f.asks(Question{Method: "GET", Path: "/door", Token: &jwt.Claims{}}); !r.Allowed || r.Authorizer != "token" {
			t.Errorf("%+v", r)
		}
	})
}

// A function that API Gateway may not invoke lets nobody through, and takes nobody's
// refusal away who would not have come so far.
func TestAskWhetherFunctionsMayBeInvoked(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /open": doctest.Operation("open"), "GET /barred": doctest.Operation("barred"), "GET /gone": doctest.Operation("gone"), "GET /keyed": doctest.Operation("barred", "api_key"),
		"GET /signed": doctest.Operation("barred", "sigv4"), "GET /door": doctest.Operation("barred", "token"), "GET /door/open": doctest.Operation("open", "token"),
	}, doctest.LambdaAuthorizers, func(d doctest.Document) {
		d["x-amazon-apigateway-gateway-responses"] = map[string]any{"API_CONFIGURATION_ERROR": map[string]any{"statusCode": "503"}}
	})})
	f.plan("plan01", UsagePlan{}, "one")
	if _, err := f.gateway.Ask(Question{APIID: apiID, Stage: "v1", Method: "GET", Path: "/open", Invoke: true}); err == nil || !strings.Contains(err.Error(), "does not tell whether one may be invoked") {
		t.Errorf("with functions that do not tell who may invoke them: %v", err)
	}
	const barred = "API Gateway may not invoke the function: nobody may"
	doors := &permitter{refuses: ":barred", gone: ":gone"}
	f.permitting(doors)
	for name, test := range map[string]struct {
		question   Question
		refuses    string // ends the ARN of what is not permitted
		status     int
		code       string
		reason     string
		authorizer string
	}{
		"permitted":                       {question: Question{Path: "/open"}, reason: "the method is open to everybody"},
		"not permitted":                   {question: Question{Path: "/barred"}, status: 503, code: "InternalServerErrorException", reason: barred},
		"no such function":                {question: Question{Path: "/gone"}, status: 500, code: "InternalServerErrorException", reason: "the function would not be invoked: ResourceNotFoundException"},
		"with a key":                      {question: Question{Path: "/keyed", APIKey: true}, status: 503, code: "InternalServerErrorException", reason: barred},
		"without a key":                   {question: Question{Path: "/keyed"}, status: 403, code: "ForbiddenException", reason: "no API key"},
		"not signed":                      {question: Question{Path: "/signed"}, status: 403, code: "MissingAuthenticationTokenException", reason: "the request is not signed"},
		"behind an authorizer":            {question: Question{Path: "/door", Token: &jwt.Claims{}}, status: 503, code: "InternalServerErrorException", reason: barred, authorizer: "token"},
		"nothing for the authorizer":      {question: Question{Path: "/door"}, status: 401, code: "UnauthorizedException", reason: "the identity source"},
		"both may":                        {question: Question{Path: "/door/open", Token: &jwt.Claims{}}, reason: "the Lambda authorizer token decides", authorizer: "token"},
		"the authorizer is not":           {question: Question{Path: "/door/open", Token: &jwt.Claims{}}, refuses: ":authorizer", status: 500, code: "AuthorizerConfigurationException", reason: "the authorizer was not run"},
		"nothing for one that may not be": {question: Question{Path: "/door/open"}, refuses: ":authorizer", status: 401, code: "UnauthorizedException", reason: "the identity source"},
	} {
		t.Run(name, func(t *testing.T) {
			doors.refuses = ":barred"
			if test.refuses != "" {
				doors.refuses = test.refuses
			}
			q := test.question
			q.APIID, q.Stage, q.Method = apiID, "v1", "GET"
			if r := f.asks(q); r.Allowed != (test.status == 0 || test.status >= 500) {
				t.Errorf("where it does not matter whether functions may be invoked: %+v", r)
			}
			q.Invoke = true
			r := f.asks(q)
			if r.Allowed != (test.status == 0) || r.Answer.Status != test.status || r.Answer.Code != test.code || !strings.Contains(r.Reason, test.reason) || r.Authorizer != test.authorizer {
				t.Errorf("%+v; want %d %s %q", r, test.status, test.code, test.reason)
			}
		})
	}
	if n := f.functions.count(); n != 0 {
		t.Errorf("asking invoked %d functions", n)
	}
}

// Whose credentials they are is told as for requests: a forged token is nobody's.
func TestCallerOf(t *testing.T) {
	f := newFixture(t)
	c := f.role("caller", allowing("Allow", "*"), signedIn)
	got, err := f.iam.CallerOf(iam.Credentials{AccessKeyID: c.AccessKeyID, SessionToken: c.SessionToken})
	if want := "arn:aws:sts::" + account + ":assumed-role/caller/CognitoIdentityCredentials"; err != nil || got.ARN != want || got.RoleName != "caller" {
		t.Errorf("%+v %v, want %s", got, err, want)
	}
	if _, err := f.iam.CallerOf(iam.Credentials{AccessKeyID: "ASIAOTHER", SessionToken: c.SessionToken}); err == nil || !strings.Contains(err.(*sigv4.Error).Debug, "another access key's") {
		t.Errorf("another key's token: %v", err)
	}
}
