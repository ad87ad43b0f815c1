package triggers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/infra/localaws/userpool/triggers"
)

var request = triggers.Request{
	Source: triggers.SourceSignUp, Region: "us-west-2", UserPoolID: "us-west-2_Pool12345", ClientID: "client", Username: "ann",
	UserAttributes: map[string]string{"email": "ann@example.com"}, ClientMetadata: map[string]string{"from": "tv"},
}

const header = `{"version":"1","triggerSource":"%","region":"us-west-2","userPoolId":"us-west-2_Pool12345","userName":"ann","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"client"},`

// The events are to the letter those of the developer guide.
func TestEvents(t *testing.T) {
	bare := request
	bare.UserAttributes, bare.ClientMetadata = nil, nil
	source := func(r triggers.Request, s string) triggers.Request { r.Source = s; return r }
	groups := triggers.Groups{Names: []string{"a", "b"}, Roles: []string{"arn:r"}, Preferred: "arn:r"}
	for _, c := range []struct {
		name string
		make func() ([]byte, error)
		want string
	}{
		{"sign-up", func() ([]byte, error) { return triggers.PreSignUpEvent(request, map[string]string{"k": "v"}) },
			strings.Replace(header, "%", "PreSignUp_SignUp", 1) + `"request":{"clientMetadata":{"from":"tv"},"userAttributes":{"email":"ann@example.com"},"validationData":{"k":"v"}},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}}`},
		{"sign-up with nothing", func() ([]byte, error) { return triggers.PreSignUpEvent(bare, nil) },
			strings.Replace(header, "%", "PreSignUp_SignUp", 1) + `"request":{"userAttributes":{},"validationData":null},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}}`},
		{"confirmation", func() ([]byte, error) {
			return triggers.PostConfirmationEvent(source(request, triggers.SourceConfirmSignUp))
		}, strings.Replace(header, "%", "PostConfirmation_ConfirmSignUp", 1) + `"request":{"clientMetadata":{"from":"tv"},"userAttributes":{"email":"ann@example.com"}},"response":{}}`},
		{"tokens, first version", func() ([]byte, error) {
			return triggers.TokenGenerationEvent(triggers.V1, source(request, triggers.SourceRefreshTokens), groups, []string{"openid"})
		}, strings.Replace(header, "%", "TokenGeneration_RefreshTokens", 1) + `"request":{"clientMetadata":{"from":"tv"},"groupConfiguration":{"groupsToOverride":["a","b"],"iamRolesToOverride":["arn:r"],"preferredRole":"arn:r"},"userAttributes":{"email":"ann@example.com"}},"response":{"claimsOverrideDetails":null}}`},
		{"tokens, second version", func() ([]byte, error) {
			return triggers.TokenGenerationEvent(triggers.V2, source(bare, triggers.SourceHostedAuth), triggers.Groups{}, []string{"openid"})
		}, strings.Replace(strings.Replace(header, `"1"`, `"2"`, 1), "%", "TokenGeneration_HostedAuth", 1) + `"request":{"groupConfiguration":{"groupsToOverride":[],"iamRolesToOverride":[],"preferredRole":null},"scopes":["openid"],"userAttributes":{}},"response":{"claimsAndScopeOverrideDetails":null}}`},
	} {
		if got, err := c.make(); err != nil || string(got) != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

// answer runs a handler written with AWS's own event types on an event.
func answer[E any](t *testing.T, event []byte, err error, handle func(*E)) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var e E
	d := json.NewDecoder(bytes.NewReader(event))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	handle(&e)
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnswersOfHandlersInGo(t *testing.T) {
	event, err := triggers.PreSignUpEvent(request, nil)
	up, err := triggers.ReadPreSignUp(answer(t, event, err, func(e *events.CognitoEventUserPoolsPreSignup) {
		if e.Request.UserAttributes["email"] != "ann@example.com" || e.Request.ClientMetadata["from"] != "tv" || e.CallerContext.ClientID != "client" {
			t.Errorf("the handler sees %+v", e)
		}
		e.Response.AutoConfirmUser, e.Response.AutoVerifyEmail = true, true
	}))
	if err != nil || up != (triggers.SignUp{ConfirmUser: true, VerifyEmail: true}) {
		t.Errorf("%+v %v", up, err)
	}
	event, err = triggers.PostConfirmationEvent(request)
	if err := triggers.ReadPostConfirmation(answer(t, event, err, func(*events.CognitoEventUserPoolsPostConfirmation) {})); err != nil {
		t.Error(err)
	}
	groups := triggers.Groups{Names: []string{"a"}}
	event, err = triggers.TokenGenerationEvent(triggers.V1, request, groups, nil)
	c, err := triggers.ReadTokenGeneration(triggers.V1, answer(t, event, err, func(e *events.CognitoEventUserPoolsPreTokenGen) {
		e.Response.ClaimsOverrideDetails = events.ClaimsOverrideDetails{
			ClaimsToAddOrOverride: map[string]string{"team": "blue"}, ClaimsToSuppress: []string{"email"}, GroupOverrideDetails: e.Request.GroupConfiguration,
		}
	}))
	if err != nil || !reflect.DeepEqual(c.ChangeGroups(triggers.Groups{Names: []string{"other"}}).Names, groups.Names) || string(c.ID.Set["team"]) != `"blue"` || len(c.Access.Set) != 0 {
		t.Errorf("%+v %v", c, err)
	}
	event, err = triggers.TokenGenerationEvent(triggers.V2, request, groups, []string{"openid"})
	c, err = triggers.ReadTokenGeneration(triggers.V2, answer(t, event, err, func(e *events.CognitoEventUserPoolsPreTokenGenV2_0) {
		e.Response.ClaimsAndScopeOverrideDetails = events.ClaimsAndScopeOverrideDetailsV2_0{
			IDTokenGeneration:     events.IDTokenGenerationV2_0{ClaimsToAddOrOverride: map[string]any{"list": []int{1, 2}}},
			AccessTokenGeneration: events.AccessTokenGenerationV2_0{ClaimsToAddOrOverride: map[string]any{"on": true}, ScopesToAdd: []string{"read:all"}, ScopesToSuppress: e.Request.Scopes},
			GroupOverrideDetails:  e.Request.GroupConfiguration,
		}
	}))
	if err != nil || string(c.ID.Set["list"]) != `[1,2]` || string(c.Access.Set["on"]) != "true" || c.AddScopes[0] != "read:all" || c.SuppressScopes[0] != "openid" || c.Groups.Names[0] != "a" {
		t.Errorf("%+v %v", c, err)
	}
}

func given(response string) []byte {
	return []byte(`{"version":"1","triggerSource":"x","region":"r","userPoolId":"p","userName":"u","response":` + response + `}`)
}

func TestAnswersThatAreRefused(t *testing.T) {
	read := map[string]func([]byte) error{
		"sign-up":      func(p []byte) error { _, err := triggers.ReadPreSignUp(p); return err },
		"confirmation": triggers.ReadPostConfirmation,
		"V1":           func(p []byte) error { _, err := triggers.ReadTokenGeneration(triggers.V1, p); return err },
		"V2":           func(p []byte) error { _, err := triggers.ReadTokenGeneration(triggers.V2, p); return err },
	}
	for name, read := range read {
		for payload, want := range map[string]triggers.Invalid{
			``: triggers.InvalidJSON, `{`: triggers.InvalidJSON, `nonsense`: triggers.InvalidJSON, `{} {}`: triggers.InvalidJSON,
			`null`: triggers.Unrecognizable, `"text"`: triggers.Unrecognizable, `[]`: triggers.Unrecognizable, `{}`: triggers.Unrecognizable,
			`{"response":{}}`: triggers.Unrecognizable, string(given(`null`)): triggers.Unrecognizable, string(given(`[]`)): triggers.Unrecognizable,
			strings.Replace(string(given(`{}`)), `"userName":"u"`, `"userName":7`, 1):              triggers.Unrecognizable,
			strings.Replace(string(given(`{}`)), `"userName":"u"`, `"username":"u"`, 1):            triggers.Unrecognizable,
			strings.Replace(string(given(`{}`)), `"response":{}`, `"Response":{}`, 1):              triggers.Unrecognizable,
			strings.Replace(string(given(`{}`)), `"triggerSource":"x"`, `"triggerSource":null`, 1): triggers.Unrecognizable,
		} {
			if err := read([]byte(payload)); !errors.Is(err, want) {
				t.Errorf("%s: %s: %v, want %v", name, payload, err, want)
			}
		}
		if err := read(given(`{}`)); err != nil {
			t.Errorf("%s: an answer that asks for nothing: %v", name, err)
		}
	}
	for response, refused := range map[string]string{
		`{"autoConfirmUser":"true"}`: "sign-up", `{"autoVerifyEmail":1}`: "sign-up",
		`{"claimsOverrideDetails":[]}`: "V1", `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"n":1}}}`: "V1",
		`{"claimsOverrideDetails":{"claimsToAddOrOverride":{"n":["a"]}}}`: "V1", `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"n":null}}}`: "V1",
		`{"claimsOverrideDetails":{"claimsToSuppress":"email"}}`: "V1", `{"claimsOverrideDetails":{"groupOverrideDetails":{"groupsToOverride":"a"}}}`: "V1",
		`{"claimsOverrideDetails":{"groupOverrideDetails":{"preferredRole":["a"]}}}`: "V1", `{"claimsOverrideDetails":{"groupOverrideDetails":[]}}`: "V1",
		`{"claimsAndScopeOverrideDetails":{"idTokenGeneration":{"claimsToAddOrOverride":{"n":null}}}}`: "V2",
		`{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":[]}}`:                               "V2",
		`{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"scopesToAdd":["a b"]}}}`:          "V2",
		`{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"scopesToAdd":[""]}}}`:             "V2",
		`{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"scopesToSuppress":[1]}}}`:         "V2",
	} {
		if err := read[refused](given(response)); !errors.Is(err, triggers.Unrecognizable) {
			t.Errorf("%s: %s: %v", refused, response, err)
		}
	}
	// Names are compared to the letter: a function may not confirm users by accident.
	up, err := triggers.ReadPreSignUp(given(`{"autoconfirmuser":true,"AutoVerifyEmail":true}`))
	if err != nil || up != (triggers.SignUp{}) {
		t.Errorf("%+v %v", up, err)
	}
}

// claims as they stand in tokens before a function changes them.
func access() map[string]any {
	return map[string]any{"sub": "s", "iss": "i", "client_id": "client", "username": "ann", "scope": "openid aws.cognito.signin.user.admin", "token_use": "access", "exp": 1, "event_id": "e", "version": 2, "jti": "j"}
}

func id() map[string]any {
	return map[string]any{"sub": "s", "aud": "client", "cognito:username": "ann", "token_use": "id", "email": "ann@example.com", "email_verified": true, "nonce": "n", "at_hash": "h",
		"cognito:groups": []string{"a"}, "cognito:preferred_role": "arn:r", "exp": 1}
}

func TestChanges(t *testing.T) {
	change := func(version, details string) triggers.Changes {
		t.Helper()
		name := "claimsOverrideDetails"
		if version == triggers.V2 {
			name = "claimsAndScopeOverrideDetails"
		}
		c, err := triggers.ReadTokenGeneration(version, given(`{"`+name+`":`+details+`}`))
		if err != nil {
			t.Fatal(details, err)
		}
		// The changes of a hosted sign-in are kept with its code.
		kept, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again triggers.Changes
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		return again
	}
	same := func(what string, got, want map[string]any) {
		t.Helper()
		a, err1 := json.Marshal(got)
		b, err2 := json.Marshal(want)
		if err1 != nil || err2 != nil || string(a) != string(b) {
			t.Errorf("%s\ngot  %s\nwant %s", what, a, b)
		}
	}
	with := func(claims map[string]any, name string, value any) map[string]any {
		claims[name] = value
		return claims
	}
	without := func(claims map[string]any, names ...string) map[string]any {
		for _, name := range names {
			delete(claims, name)
		}
		return claims
	}
	for details, want := range map[string]map[string]any{
		`null`: id(),
		`{}`:   id(),
		`{"claimsToAddOrOverride":{"team":"blue","email":"other@example.com"}}`: with(with(id(), "team", "blue"), "email", "other@example.com"),
		`{"claimsToSuppress":["email","nothing"]}`:                              without(id(), "email"),
		`{"claimsToAddOrOverride":{"email":"x"},"claimsToSuppress":["email"]}`:  without(id(), "email"),
		`{"claimsToSuppress":["cognito:groups","cognito:preferred_role"]}`:      without(id(), "cognito:groups", "cognito:preferred_role"),
		`{"claimsToAddOrOverride":{"acr":"x","amr":"x","at_hash":"x","auth_time":"x","aud":"x","azp":"x","cognito:username":"x","exp":"x","iat":"x","identities":"x","iss":"x","jti":"x","nbf":"x","nonce":"x","origin_jti":"x","sub":"x","token_use":"x"}}`: id(),
		`{"claimsToSuppress":["acr","at_hash","auth_time","aud","cognito:username","exp","iat","iss","jti","nonce","origin_jti","sub","token_use"]}`:                                                                                                         id(),
		`{"claimsToAddOrOverride":{"cognito:groups":"admins","cognito:preferred_role":"arn:admin","cognito:roles":"x"}}`:                                                                                                                                     id(),
	} {
		claims := id()
		change(triggers.V1, details).ChangeID(claims)
		same(details, claims, want)
		claims = access()
		change(triggers.V1, details).ChangeAccess(claims)
		same("the first version changes no access token: "+details, claims, access())
	}
	for details, want := range map[string]map[string]any{
		`{"claimsToAddOrOverride":{"n":1.5,"on":true,"list":["a",1,false],"deep":{"a":[{}]}}}`:                                                 with(with(with(with(access(), "n", 1.5), "on", true), "list", []any{"a", 1, false}), "deep", map[string]any{"a": []any{map[string]any{}}}),
		`{"claimsToAddOrOverride":{"client_id":"x","username":"x","scope":"x","version":3,"event_id":"x","device_key":"x","sub":"x","exp":9}}`: access(),
		`{"claimsToSuppress":["client_id","username","scope","sub","version","event_id"]}`:                                                     access(),
		`{"claimsToAddOrOverride":{"aud":"client"}}`:                                                                                           with(access(), "aud", "client"),
		`{"claimsToAddOrOverride":{"aud":"another"}}`:                                                                                          access(),
		`{"scopesToAdd":["read:all","openid"]}`:                                                                                                with(access(), "scope", "openid aws.cognito.signin.user.admin read:all"),
		`{"scopesToAdd":["read:all"],"scopesToSuppress":["read:all","openid"]}`:                                                                with(access(), "scope", "aws.cognito.signin.user.admin"),
		`{"scopesToSuppress":["aws.cognito.signin.user.admin"]}`:                                                                               with(access(), "scope", "openid"),
		`{"scopesToAdd":["aws.cognito.more"]}`:                                                                                                 access(),
	} {
		claims := access()
		change(triggers.V2, `{"accessTokenGeneration":`+details+`}`).ChangeAccess(claims)
		same(details, claims, want)
		claims = id()
		change(triggers.V2, `{"accessTokenGeneration":`+details+`}`).ChangeID(claims)
		same("the access token's changes are not the ID token's", claims, id())
	}
	claims := without(access(), "scope")
	claims["scope"] = "openid"
	change(triggers.V2, `{"accessTokenGeneration":{"scopesToAdd":["aws.cognito.signin.user.admin"]}}`).ChangeAccess(claims)
	if claims["scope"] != "openid" {
		t.Errorf("a function gave Cognito's own scope: %v", claims["scope"])
	}
	claims = id()
	change(triggers.V2, `{"idTokenGeneration":{"claimsToAddOrOverride":{"email_verified":{"a":1},"address":["x"],"team":{"a":1}}}}`).ChangeID(claims)
	same("claims that hold no objects", claims, with(id(), "team", map[string]any{"a": 1}))

	mine := triggers.Groups{Names: []string{"a"}, Roles: []string{"arn:r"}, Preferred: "arn:r"}
	for details, want := range map[string]triggers.Groups{
		`{}`:                            mine,
		`{"groupOverrideDetails":null}`: {},
		`{"groupOverrideDetails":{}}`:   {},
		`{"groupOverrideDetails":{"groupsToOverride":["b"],"iamRolesToOverride":["arn:b"],"preferredRole":"arn:b"}}`: {Names: []string{"b"}, Roles: []string{"arn:b"}, Preferred: "arn:b"},
		`{"groupOverrideDetails":{"groupsToOverride":["b"],"iamRolesToOverride":null,"preferredRole":null}}`:         {Names: []string{"b"}},
	} {
		for _, version := range []string{triggers.V1, triggers.V2} {
			if got := change(version, details).ChangeGroups(mine); !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: %+v, want %+v", version, details, got, want)
			}
		}
	}
}

// Whatever a function answers, it is refused in Cognito's words or leaves alone what
// no function may change.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"claimsOverrideDetails":{"claimsToAddOrOverride":{"sub":"x"},"claimsToSuppress":["sub"],"groupOverrideDetails":{}}}`,
		`{"claimsAndScopeOverrideDetails":{"idTokenGeneration":{"claimsToAddOrOverride":{"a":{"b":[1]}}},"accessTokenGeneration":{"claimsToAddOrOverride":{"client_id":1},"scopesToAdd":["a"],"scopesToSuppress":["openid"]}}}`,
		`{"autoConfirmUser":true}`} {
		f.Add(given(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var invalid triggers.Invalid
		if _, err := triggers.ReadPreSignUp(payload); err != nil && !errors.As(err, &invalid) {
			t.Fatal(err)
		}
		for _, version := range []string{triggers.V1, triggers.V2} {
			c, err := triggers.ReadTokenGeneration(version, payload)
			if err != nil {
				if !errors.As(err, &invalid) {
					t.Fatal(err)
				}
				continue
			}
			a, i := access(), id()
			c.ChangeAccess(a)
			c.ChangeID(i)
			for _, name := range []string{"sub", "iss", "client_id", "username", "token_use", "exp", "jti"} {
				if !reflect.DeepEqual(a[name], access()[name]) {
					t.Fatalf("%s: %s is %v", payload, name, a[name])
				}
			}
			for _, name := range []string{"sub", "aud", "cognito:username", "token_use", "nonce", "exp"} {
				if !reflect.DeepEqual(i[name], id()[name]) {
					t.Fatalf("%s: %s is %v", payload, name, i[name])
				}
			}
			if scope, ok := a["scope"].(string); !ok || strings.Contains(strings.ReplaceAll(scope, "aws.cognito.signin.user.admin", ""), "aws.cognito.") {
				t.Fatalf("%s: scope is %v", payload, a["scope"])
			}
			for _, claims := range []map[string]any{a, i} {
				if _, err := json.Marshal(claims); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
