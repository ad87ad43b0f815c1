package gateway

import (
	"net/http/httptest"
	"slices"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
)

func TestWatch(t *testing.T) {
	f := newFixture(t)
	var passed []Part
	begun := 0
	f.gateway.cfg.Watch = func() func(Part) {
		begun++
		return func(p Part) { passed = append(passed, p) }
	}
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /signed": doctest.Operation("signed", "sigv4", "api_key"), "GET /keyed": doctest.Operation("keyed", "api_key"),
	})})
	f.plan("plan01", UsagePlan{}, "one")
	user := f.role("user", allowing("Allow", "GET/signed"), signedIn)
	for _, test := range []struct {
		name, path, key string
		signed          bool
		status          int
		want            []Part
	}{
		{"a signed request passes all of them, in order", "/signed", "one", true, 200, Parts()},
		{"without a signature there is none to verify", "/keyed", "one", false, 200,
			[]Part{PartRoute, PartDecision, PartLimits, PartEvent, PartFunction, PartResponse}},
		{"without a key it ends at the key", "/signed", "none", true, 403, []Part{PartRoute, PartSignature, PartDecision}},
		{"unsigned it ends at the signature", "/signed", "one", false, 403, []Part{PartRoute}},
		{"no route, no part", "/nowhere", "one", false, 403, nil},
	} {
		passed, begun = nil, 0
		r := f.request("GET", test.path, "")
		r.Header.Set("X-Api-Key", keyValue(test.key))
		if test.signed {
			f.sign(r, "", user)
		}
		// Without a connection, as the last part ends when the client has its answer already.
		in := httptest.NewRequest("GET", r.URL.RequestURI(), nil)
		in.Host, in.Header = r.URL.Host, r.Header
		answer := httptest.NewRecorder()
		f.gateway.ServeHTTP(answer, in, apiID, "v1", test.path)
		if answer.Code != test.status || begun != 1 || !slices.Equal(passed, test.want) {
			t.Errorf("%s: answered %d, begun %d times, passed %q; want %d and %q", test.name, answer.Code, begun, passed, test.status, test.want)
		}
	}
}
