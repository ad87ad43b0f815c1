package triggers

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Invalid says, in Cognito's words, that a function's answer cannot be used. It is the
// message of InvalidLambdaResponseException.
type Invalid string

func (i Invalid) Error() string { return string(i) }

// What Cognito says of answers that it cannot use.
const (
	InvalidJSON    Invalid = "Invalid lambda function output : Invalid JSON"
	Unrecognizable Invalid = "Unrecognizable lambda output"
)

// object is a JSON object whose members are read by their exact names; package json
// alone would take autoconfirmuser for autoConfirmUser.
type object map[string]json.RawMessage

func isNull(raw json.RawMessage) bool {
	return raw == nil || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// read reads the member into v, and reports false when it is there and of another type.
func (o object) read(name string, v any) error {
	if isNull(o[name]) {
		return nil
	}
	if json.Unmarshal(o[name], v) != nil {
		return Unrecognizable
	}
	return nil
}

// response is the member response of an answer. The function must give the event
// back: an answer without what Cognito put into it is not recognized.
func response(payload []byte) (object, error) {
	if !json.Valid(payload) {
		return nil, InvalidJSON
	}
	var answer object
	if err := json.Unmarshal(payload, &answer); err != nil || answer == nil {
		return nil, Unrecognizable
	}
	for _, name := range []string{"version", "triggerSource", "region", "userPoolId", "userName"} {
		var text string
		if isNull(answer[name]) || answer.read(name, &text) != nil {
			return nil, Unrecognizable
		}
	}
	var out object
	if err := answer.read("response", &out); err != nil || out == nil {
		return nil, Unrecognizable
	}
	return out, nil
}

// SignUp is what a pre sign-up function asks for. Cognito ignores it when an
// administrator makes the user.
type SignUp struct{ ConfirmUser, VerifyEmail, VerifyPhone bool }

// ReadPreSignUp reads the answer to a PreSignUpEvent. The error is an Invalid.
func ReadPreSignUp(payload []byte) (SignUp, error) {
	r, err := response(payload)
	if err != nil {
		return SignUp{}, err
	}
	var s SignUp
	for name, v := range map[string]*bool{"autoConfirmUser": &s.ConfirmUser, "autoVerifyEmail": &s.VerifyEmail, "autoVerifyPhone": &s.VerifyPhone} {
		if err := r.read(name, v); err != nil {
			return SignUp{}, err
		}
	}
	return s, nil
}

// ReadPostConfirmation checks the answer to a PostConfirmationEvent, which holds
// nothing. The error is an Invalid.
func ReadPostConfirmation(payload []byte) error {
	_, err := response(payload)
	return err
}

// ReadAuthentication checks the answer to a PreAuthenticationEvent or a
// PostAuthenticationEvent, which hold nothing. The error is an Invalid.
func ReadAuthentication(payload []byte) error { return ReadPostConfirmation(payload) }

// Changes is what a pre token generation function asks to change in tokens. Its zero
// value changes nothing. It can be kept as JSON.
type Changes struct {
	ID, Access     Claims
	AddScopes      []string `json:",omitempty"`
	SuppressScopes []string `json:",omitempty"`
	Groups         *Groups  `json:",omitempty"` // in place of the user's; nil leaves them
}

// Claims are changes to one token's claims.
type Claims struct {
	Set      map[string]json.RawMessage `json:",omitempty"`
	Suppress []string                   `json:",omitempty"`
}

// ReadTokenGeneration reads the answer to a TokenGenerationEvent of this version. The
// error is an Invalid.
func ReadTokenGeneration(version string, payload []byte) (Changes, error) {
	r, err := response(payload)
	if err != nil {
		return Changes{}, err
	}
	var c Changes
	name := "claimsOverrideDetails"
	if version != V1 {
		name = "claimsAndScopeOverrideDetails"
	}
	var details object
	if err := r.read(name, &details); err != nil {
		return Changes{}, err
	}
	if version == V1 {
		err = c.ID.read(details, true)
	} else {
		err = c.readV2(details)
	}
	if err == nil {
		c.Groups, err = readGroups(details)
	}
	if err != nil {
		return Changes{}, err
	}
	return c, nil
}

func (c *Changes) readV2(details object) error {
	var id, access object
	for name, v := range map[string]*object{"idTokenGeneration": &id, "accessTokenGeneration": &access} {
		if err := details.read(name, v); err != nil {
			return err
		}
	}
	for _, err := range []error{
		c.ID.read(id, false), c.Access.read(access, false),
		access.read("scopesToAdd", &c.AddScopes), access.read("scopesToSuppress", &c.SuppressScopes),
	} {
		if err != nil {
			return err
		}
	}
	for _, scope := range c.AddScopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' }) {
			return Unrecognizable
		}
	}
	return nil
}

// read reads claims: strings alone in the first version, any JSON but null after that.
func (c *Claims) read(o object, stringsAlone bool) error {
	if err := o.read("claimsToAddOrOverride", &c.Set); err != nil {
		return err
	}
	for _, value := range c.Set {
		var text string
		if isNull(value) || stringsAlone && json.Unmarshal(value, &text) != nil {
			return Unrecognizable
		}
	}
	return o.read("claimsToSuppress", &c.Suppress)
}

// readGroups reads groupOverrideDetails: left out it leaves the groups as they are,
// null or empty it takes them all away.
func readGroups(details object) (*Groups, error) {
	if _, given := details["groupOverrideDetails"]; !given {
		return nil, nil
	}
	var o object
	var g Groups
	for _, err := range []error{
		details.read("groupOverrideDetails", &o), o.read("groupsToOverride", &g.Names),
		o.read("iamRolesToOverride", &g.Roles), o.read("preferredRole", &g.Preferred),
	} {
		if err != nil {
			return nil, err
		}
	}
	return &g, nil
}
