package userpool

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// refusal is a no of the user pool: what the client is told, and what the record
// says when that may be more.
type refusal struct {
	public wire.Error
	reason string
}

func refuse(code, message string) *refusal {
	return &refusal{public: wire.Error{Code: code, Message: message}, reason: message}
}

// because returns the same refusal with a reason for the record alone.
func (r *refusal) because(reason string) *refusal {
	return &refusal{public: r.public, reason: reason}
}

func (r *refusal) Error() string { return r.public.Error() }

// The refusals that many operations share.
var (
	errWrongPassword = refuse("NotAuthorizedException", "Incorrect username or password.")
	errLockedOut     = refuse("NotAuthorizedException", "Password attempts exceeded")
	errDisabled      = refuse("NotAuthorizedException", "User is disabled.")
	errNoUser        = refuse("UserNotFoundException", "User does not exist.")
	errUnconfirmed   = refuse("UserNotConfirmedException", "User is not confirmed.")
	errMustReset     = refuse("PasswordResetRequiredException", "Password reset required for the user")
)

func invalid(format string, args ...any) *refusal {
	return refuse("InvalidParameterException", fmt.Sprintf(format, args...))
}

// call is one request of the API.
type call struct {
	*Service
	ctx    context.Context
	body   []byte
	record *audit.Record
	client client
	pool   pool
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
	"DeleteUser":                       (*call).deleteOwnUser,
	"UpdateUserAttributes":             (*call).updateUserAttributes,
	"GetUserAttributeVerificationCode": (*call).getUserAttributeVerificationCode,
	"VerifyUserAttribute":              (*call).verifyUserAttribute,
}

// ServeAPI answers an operation of the user pool API: name is what stands behind the
// point of X-Amz-Target, body what was posted.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html
func (s *Service) ServeAPI(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	record := audit.From(r.Context())
	record.Service("cognito-idp " + clip(name))
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
	run, known := operations[name]
	if !known {
		wire.WriteError(w, r, wire.NewError("UnknownOperationException", fmt.Sprintf("The operation %q is not supported by the local AWS.", clip(name))))
		return
	}
	out, err := run(&call{Service: s, ctx: r.Context(), body: body, record: record})
	if err == nil {
		wire.WriteJSON(w, r, out)
		return
	}
	var no *refusal
	if errors.As(err, &no) {
		public := no.public
		wire.WriteError(w, r, &public)
		record.Deny(public.Code + ": " + no.reason)
		return
	}
	wire.WriteError(w, r, err)
}

// clip keeps what a stranger chose short enough for a log line.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

// decode reads the body into v. Members that v does not have are ignored, as AWS does.
func (c *call) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return refuse("SerializationException", fmt.Sprintf("%s can not be converted to %s: member %s", jsonKind(wrong.Value), goKind(wrong.Type.String()), wrong.Field))
	case err != nil, d.More():
		return refuse("SerializationException", "The request body is not a JSON object.")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("{")) {
		return refuse("SerializationException", "Start of structure or map found where not expected.")
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

// require refuses a request that lacks a member: pairs of name and value.
func require(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", pairs[i])
		}
	}
	return nil
}

// as finds the client that calls and its pool.
func (c *call) as(clientID string) error {
	return c.cfg.Store.View(func(tx *store.Tx) error {
		var found bool
		var err error
		if c.client, found, err = getClient(tx, clientID); err != nil {
			return err
		}
		if found {
			c.pool, found, err = getPool(tx, c.client.UserPoolID)
		}
		if err == nil && !found {
			return refuse("ResourceNotFoundException", "User pool client "+clip(clientID)+" does not exist.")
		}
		return err
	})
}

// checkSecret checks that a client with a secret knows it: hash is the keyed hash of
// a name and the client's id. Any of the names will do; they are the same user's.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
func (c *call) checkSecret(hash string, names ...string) error {
	if c.client.ClientSecret == "" {
		if hash != "" {
			return refuse("NotAuthorizedException", "Unable to verify secret hash for client "+c.client.ID).because("the client has no secret, but a secret hash was sent")
		}
		return nil
	}
	if hash == "" {
		return refuse("NotAuthorizedException", "Client "+c.client.ID+" is configured with secret but SECRET_HASH was not received")
	}
	ok := false
	for _, name := range names {
		m := hmac.New(sha256.New, []byte(c.client.ClientSecret))
		m.Write([]byte(name + c.client.ID))
		if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(m.Sum(nil))), []byte(hash)) {
			ok = true
		}
	}
	if !ok {
		return refuse("NotAuthorizedException", "Unable to verify secret hash for client "+c.client.ID)
	}
	return nil
}

// hidesUsers says whether the client must not learn which users exist.
func (c client) hidesUsers() bool { return c.PreventUserExistenceErrors == "ENABLED" }

// allows says whether the client lets a flow be begun: as ALLOW_x, or as x in the
// older form, where SRP and refresh are always on. A client that names none has SRP
// and refresh.
func (c client) allows(flow string) bool {
	if len(c.ExplicitAuthFlows) == 0 {
		return flow == "USER_SRP_AUTH" || flow == "REFRESH_TOKEN_AUTH"
	}
	if slices.Contains(c.ExplicitAuthFlows, "ALLOW_"+flow) || slices.Contains(c.ExplicitAuthFlows, flow) {
		return true
	}
	legacy := !strings.HasPrefix(c.ExplicitAuthFlows[0], "ALLOW_")
	return legacy && (flow == "USER_SRP_AUTH" || flow == "REFRESH_TOKEN_AUTH")
}
