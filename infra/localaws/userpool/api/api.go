// Package api serves the user pools' operations as the Amazon Cognito user pool API:
// it decodes what was posted, calls the operation of package userpool, and writes the
// answer or the error. What is decided is decided there.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/wire"
)

// API is the user pool API over some user pools.
type API struct {
	pools *userpool.Service
	// Admit lets in a signed request of an administrator: it verifies the signature,
	// made for the service cognito-idp, and decides whether the caller may do action,
	// such as cognito-idp:AdminGetUser, on the resource, a pool's ARN. A refusal is a
	// *wire.Error. While it is nil nobody is let in. Set it before the first Serve.
	Admit func(r *http.Request, body []byte, action, resource string) error
}

// New returns the API of these pools.
func New(pools *userpool.Service) *API { return &API{pools: pools} }

// call is one request of the API.
type call struct {
	pools  *userpool.Service
	ctx    context.Context
	body   []byte
	record *audit.Record
	app    userpool.App
	name   string // of the operation
	signed bool   // by an administrator, who is the record's caller
}

// allow records what was done for whom, and answers out.
func (c *call) allow(username, reason string, out any) (any, error) {
	switch {
	case c.signed && username != "":
		reason += " (user " + username + ")"
	case username != "":
		c.record.Caller(username)
	}
	c.record.Allow(reason)
	return out, nil
}

type operation func(*call) (any, error)

// operations are those that clients and users call; they need no signature.
var operations = map[string]operation{
	"InitiateAuth":                     (*call).initiateAuth,
	"RespondToAuthChallenge":           (*call).respondToAuthChallenge,
	"GetTokensFromRefreshToken":        (*call).getTokensFromRefreshToken,
	"RevokeToken":                      (*call).revokeToken,
	"SignUp":                           (*call).signUp,
	"ConfirmSignUp":                    (*call).confirmSignUp,
	"ResendConfirmationCode":           (*call).resendConfirmationCode,
	"ForgotPassword":                   (*call).forgotPassword,
	"ConfirmForgotPassword":            (*call).confirmForgotPassword,
	"GetUser":                          (*call).getUser,
	"ChangePassword":                   (*call).changePassword,
	"GlobalSignOut":                    (*call).globalSignOut,
	"DeleteUser":                       (*call).deleteUser,
	"UpdateUserAttributes":             (*call).updateUserAttributes,
	"GetUserAttributeVerificationCode": (*call).getUserAttributeVerificationCode,
	"VerifyUserAttribute":              (*call).verifyUserAttribute,
	"AssociateSoftwareToken":           (*call).associateSoftwareToken,
	"VerifySoftwareToken":              (*call).verifySoftwareToken,
	"SetUserMFAPreference":             (*call).setUserMFAPreference,
}

// Serve answers an operation of the user pool API: name is what stands behind the
// point of X-Amz-Target, body what was posted.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	record := audit.From(r.Context())
	record.Service("cognito-idp " + audit.Clip(name))
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
	c := &call{pools: a.pools, ctx: r.Context(), body: body, record: record, name: name}
	run, known := operations[name]
	if admin, ok := adminOperations[name]; ok {
		run, known = func(c *call) (any, error) { return a.administer(c, r, admin) }, true
	}
	if !known {
		wire.WriteError(w, r, wire.NewError("UnknownOperationException", fmt.Sprintf("The operation %q is not supported by the local AWS.", audit.Clip(name))))
		return
	}
	out, err := run(c)
	if err == nil {
		wire.WriteJSON(w, r, out)
		return
	}
	var no *userpool.Refusal
	if errors.As(err, &no) {
		wire.WriteError(w, r, wire.NewError(no.Code, no.Message))
		record.Deny(no.Code + ": " + no.Reason)
		return
	}
	wire.WriteError(w, r, err)
}

// decode reads the body into the struct that v points to, and refuses one that lacks
// a string with the tag required, which is its name in that refusal. Members that v
// does not have are ignored, as AWS does.
func (c *call) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return userpool.Refuse("SerializationException", fmt.Sprintf("%s can not be converted to %s: member %s", jsonKind(wrong.Value), goKind(wrong.Type.String()), wrong.Field))
	case err != nil, d.More():
		return userpool.Refuse("SerializationException", "The request body is not a JSON object.")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("{")) {
		return userpool.Refuse("SerializationException", "Start of structure or map found where not expected.")
	}
	for field, value := range reflect.ValueOf(v).Elem().Fields() {
		if name := field.Tag.Get("required"); name != "" && value.String() == "" {
			return userpool.Invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", name)
		}
	}
	return nil
}

func jsonKind(kind string) string {
	kind, _, _ = strings.Cut(kind, " ")
	return strings.ToUpper(kind) + "_VALUE"
}

func goKind(kind string) string {
	switch {
	case strings.HasPrefix(kind, "map"), strings.HasPrefix(kind, "struct"):
		return "a structure"
	case strings.HasPrefix(kind, "["):
		return "a list"
	}
	return strings.TrimPrefix(kind, "*")
}

// as finds the client that calls.
func (c *call) as(clientID string) (err error) {
	extra, err := c.extra()
	if err != nil {
		return err
	}
	c.app, err = c.pools.App(clientID)
	c.app = c.app.During(c.ctx, extra)
	return err
}

// extra reads what the call hands to the pool's functions. What is given when a
// sign-in begins is for the function before it, as validation data; those that come
// later are not told of it.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html#CognitoUserPools-InitiateAuth-request-ClientMetadata
func (c *call) extra() (userpool.Extra, error) {
	var in struct {
		ClientMetadata map[string]string
		ValidationData []nameValue
	}
	if err := c.decode(&in); err != nil {
		return userpool.Extra{}, err
	}
	if c.name == "InitiateAuth" || c.name == "AdminInitiateAuth" {
		return userpool.Extra{ValidationData: in.ClientMetadata}, nil
	}
	e := userpool.Extra{ClientMetadata: in.ClientMetadata}
	if len(in.ValidationData) > 0 {
		e.ValidationData = attributeMap(in.ValidationData)
	}
	return e, nil
}

// by finds the client that calls for a user, and checks that it knows its secret.
func (c *call) by(clientID, secretHash, username string) error {
	if err := c.as(clientID); err != nil {
		return err
	}
	return c.app.CheckSecretHash(secretHash, username)
}

type nameValue struct{ Name, Value string }

func attributeMap(list []nameValue) map[string]string {
	m := make(map[string]string, len(list))
	for _, a := range list {
		m[a.Name] = a.Value
	}
	return m
}
