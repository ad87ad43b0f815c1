package verify

import (
	"slices"
	"strings"
	"testing"

	"auth-api/infra/client"
)

func TestWhoMayCall(t *testing.T) {
	guest, user := Kind{Guest: true}, Kind{SignedIn: true}
	staff := Kind{SignedIn: true, Groups: []string{"staff"}}
	blue := Kind{SignedIn: true, Tags: map[string]string{"team": "blue"}}
	red := Kind{SignedIn: true, Tags: map[string]string{"team": "red"}}
	named := func(callers ...string) client.Route { return client.Route{Authorization: authIAM, Callers: callers} }
	tagged := client.Route{Authorization: authIAM, Callers: []string{"authenticated"}, CallerTags: map[string]string{"team": "blue"}}
	for _, test := range []struct {
		what string
		r    client.Route
		k    Kind
		want bool
	}{
		{"allow the signed-in", named("authenticated"), user, true},
		{"allow members, who have signed in", named("authenticated"), staff, true},
		{"deny guests", named("authenticated"), guest, false},
		{"allow guests", named("guest"), guest, true},
		{"deny the signed-in where guests are named", named("guest"), user, false},
		{"allow a member", named("staff"), staff, true},
		{"deny who is in no group", named("staff"), user, false},
		{"deny a member of another", named("audit"), staff, false},
		{"allow either", named("guest", "staff"), staff, true},
		{"deny where nobody is named", named(), staff, false},
		{"allow the tag", tagged, blue, true},
		{"deny another value", tagged, red, false},
		{"deny no tag", tagged, user, false},
	} {
		if got := MayCall(test.r, test.k); got != test.want {
			t.Errorf("%s: %v", test.what, got)
		}
	}
}

func TestWhatBecameOfARequest(t *testing.T) {
	for _, test := range []struct {
		status  int
		kind    string
		gateway bool
		want    Verdict
	}{
		{200, "", true, LetIn},
		{403, "", true, LetIn}, // the function's own
		{400, "", true, LetIn},
		{302, "", true, LetIn},
		{403, "MissingAuthenticationTokenException", true, Refused},
		{403, "AccessDeniedException:http://internal.amazon.com/coral/", true, Refused},
		{401, "UnauthorizedException", true, Refused},
		{500, "AuthorizerConfigurationException", true, Refused},
		{403, "ForbiddenException", true, NoKey},
		{429, "TooManyRequestsException", true, Throttled},
		{429, "LimitExceededException", true, UsedUp},
		{400, "BadRequestException", true, Malformed},
		{400, "", false, Malformed}, // what stands before API Gateway
		{405, "", false, Malformed},
		{502, "InternalServerErrorException", true, Failed},
		{504, "", true, Failed},
		{403, "SomethingNewException", true, Refused},
	} {
		if got := Judge(test.status, test.kind, test.gateway); got != test.want {
			t.Errorf("%d %s: %s, want %s", test.status, test.kind, got, test.want)
		}
	}
}

func TestAddressesThatLookAlike(t *testing.T) {
	for _, registered := range []string{"https://app.example.com/back", "http://localhost:3000/"} {
		all := foreign(registered)
		if len(all) < 10 || slices.Contains(all, registered) {
			t.Errorf("of %s: %q", registered, all)
		}
	}
	for template, want := range map[string]string{"/a": "/a", "/a/{id}": "/a/verify-1", "/{proxy+}": "/verify-1/verify-2", "/": "/"} {
		if got := Example(template); got != want {
			t.Errorf("%s is tried by %s, want %s", template, got, want)
		}
	}
}

const someDocument = `{"openapi":"3.0.1","components":{"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X-Api-Key"},
	"sigv4":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"awsSigv4"},
	"users":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"cognito_user_pools"},
	"own":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom"}}},
	"paths":{"/a":{"parameters":[],"get":{"security":[{"key":[]},{"sigv4":[]}],"x-amazon-apigateway-integration":{"uri":"arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f:live/invocations"}},
	"post":{"security":[{"users":["s/w"],"key":[]}]},"put":{"x-amazon-apigateway-auth":{"type":"AWS_IAM"}},"options":{"x-amazon-apigateway-integration":{"type":"MOCK"}}},
	"/b":{"x-amazon-apigateway-any-method":{"security":[{"own":[]}]}}}}`

func TestTheDeployedDocument(t *testing.T) {
	routes, err := readDocument([]byte(someDocument))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range routes {
		line := r.Name() + ": " + describe(r.Access) + " " + r.Function()
		if r.Mock() {
			line += "mock"
		}
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{"GET /a: AWS_IAM, key f", "OPTIONS /a: NONE mock", "POST /a: COGNITO_USER_POOLS s/w, key", "PUT /a: AWS_IAM", "ANY /b: CUSTOM"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("read were %q, want %q", got, want)
	}
	for _, bad := range []string{"", "[]", `{"paths":{"/a":{"get":1}}}`} {
		if _, err := readDocument([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(someDocument))
	f.Fuzz(func(t *testing.T, data []byte) {
		routes, err := readDocument(data)
		if err != nil && routes != nil {
			t.Error("routes and an error")
		}
		for _, r := range routes {
			if r.Authorization == "" || r.Verb == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

func FuzzForms(f *testing.F) {
	f.Add([]byte(`<form action="/login"><input type=hidden name=_csrf value=x><input name=username type=text><input type="password" name=password></form>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		for _, form := range forms(page) {
			for name := range form.hidden {
				if name == "" {
					t.Error("a field without a name")
				}
			}
		}
	})
}

func FuzzTokens(f *testing.F) {
	f.Add("e30.eyJzdWIiOiJhIn0.c2ln", []byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}`))
	f.Add("e30.e30.", []byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AA"}]}`))
	f.Fuzz(func(t *testing.T, token string, keys []byte) {
		kid, key, err := readKeys(keys)
		if err != nil {
			return
		}
		own, err := ownKey()
		if err != nil {
			t.Fatal(err)
		}
		forgeries, err := (&forger{own, kid, key}).forge(token)
		if err != nil {
			return
		}
		for _, x := range forgeries {
			if x.jwt == token && x.id != idAlgNone && x.id != idChanged { // of a token that has no signature itself
				t.Errorf("the forgery %s of %q is the token itself", x.what, token)
			}
		}
	})
}
