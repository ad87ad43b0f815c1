// Package identitypool is the local AWS's identity pools: identities for guests and
// for the users of a user pool, and temporary credentials for them in the enhanced
// flow. Tokens are verified, trust policies are evaluated, and a guest's session is
// limited as AWS limits it.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
package identitypool

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
	"auth-api/infra/localaws/wire"
)

// Tokens verifies the tokens of user pools; a *userpool.Service does. The errors of
// VerifyToken are those of package jwt: ErrMalformed, ErrIssuer,
// ErrSignature and *ExpiredError.
type Tokens interface {
	VerifyToken(poolID, token string) (jwt.Claims, error)
	SignedOut(poolID string, c jwt.Claims) (bool, error)
}

// Credentials gives credentials for a role; an *iam.Service does.
type Credentials interface {
	AssumeRoleWithWebIdentity(iam.AssumeRoleWithWebIdentityInput) (iam.Credentials, error)
}

// Config says what a Service works with. All but Now and Rand is required.
type Config struct {
	Store *store.Store
	Now   func() time.Time // nil means time.Now
	Rand  io.Reader        // nil means crypto/rand

	Account, Region string

	IAM    Credentials
	Tokens Tokens
}

// Service answers the API of identity pools. It is safe for use by many goroutines.
type Service struct {
	cfg Config

	Admit Admit // of the operations that are signed
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Account == "" || c.Region == "" || c.IAM == nil || c.Tokens == nil {
		return nil, errors.New("starting identitypool: a store, an account, a region, IAM and tokens are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Service{cfg: c}, nil
}

// ServeAPI answers one operation of the API, whose name stood in X-Amz-Target.
// GetId, GetCredentialsForIdentity and GetOpenIdToken are served; like on AWS they are
// not signed. DeleteIdentities is, and is. Any other operation is answered with UnknownOperationException.
//
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_Operations.html
func (s *Service) ServeAPI(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	audit.From(r.Context()).Service("cognito-identity " + operation)
	var out any
	var err error
	switch operation {
	case "GetId":
		out, err = serve(body, r, s.getID)
	case "GetCredentialsForIdentity":
		out, err = serve(body, r, s.getCredentialsForIdentity)
	case "GetOpenIdToken":
		out, err = serve(body, r, s.getOpenIDToken)
	case "DeleteIdentities":
		out, err = serve(body, r, func(r *http.Request, in deleteIdentitiesInput) (deleteIdentitiesOutput, error) {
			return s.deleteIdentities(r, body, in)
		})
	default:
		err = wire.NewError("UnknownOperationException", "The local AWS does not know the operation "+operation+" of cognito-identity.")
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	wire.WriteJSON(w, r, out)
}

func serve[In, Out any](body []byte, r *http.Request, operation func(*http.Request, In) (Out, error)) (any, error) {
	var in In
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, wire.NewError("SerializationException", "The request body is not the operation's JSON.")
	}
	return operation(r, in)
}

// refusal is an error with a reason for the developer, which the client is not told.
type refusal struct {
	told   wire.Error
	reason string
}

func (e *refusal) Error() string { return e.told.Error() + " (" + e.reason + ")" }

// Unwrap lets the wire find what the client is told.
func (e *refusal) Unwrap() error { return &e.told }

// fail answers with an error, and puts the reason that the client is not told into
// the request's record.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	wire.WriteError(w, r, err)
	var why *refusal
	if errors.As(err, &why) {
		audit.From(r.Context()).Deny(why.Error())
	}
}

func notAuthorized(message, reason string) error {
	return &refusal{wire.Error{Code: "NotAuthorizedException", Message: message}, reason}
}

func badConfiguration(reason string) error {
	return &refusal{wire.Error{Code: "InvalidIdentityPoolConfigurationException", Message: "Invalid identity pool configuration. Check assigned IAM roles for this pool."}, reason}
}

func forbidden(identityID, reason string) error {
	return notAuthorized("Access to Identity '"+identityID+"' is forbidden.", reason)
}

// idForm is the form of the ids of pools and identities.
var idForm = regexp.MustCompile(`^[\w-]+:[0-9a-f-]+$`)

func checkID(member, id string) error {
	if len(id) <= 55 && idForm.MatchString(id) {
		return nil
	}
	return wire.NewError("ValidationException", fmt.Sprintf(
		`1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`, id, member))
}

// pool reads an identity pool and its roles.
func (s *Service) pool(tx *store.Tx, id string) (Pool, error) {
	p, found, err := Pools.Get(tx, id)
	if err == nil && !found {
		err = wire.NewError("ResourceNotFoundException", "IdentityPool '"+id+"' not found.")
	}
	return p, err
}
