package daemon

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// The environment variables with the key pair of the local account's administrator. It
// is test and test where neither is set.
const (
	AdminKeyIDVariable  = "AUTH_API_LOCAL_ACCESS_KEY_ID"
	AdminSecretVariable = "AUTH_API_LOCAL_SECRET_ACCESS_KEY"
)

// AdminKey is the key pair of the local account's administrator; the zero AdminKey means
// that none was chosen.
type AdminKey struct{ id, secret string }

// keyID is what AWS allows in an access key id, but for its length, of which test is short.
var keyID = regexp.MustCompile(`^\w{1,128}$`)

// AdminKeyFrom reads the administrator's key pair from the environment. It fails when
// there is one of the two without the other, or an id that is none, and its error holds
// neither value.
func AdminKeyFrom(getenv func(string) string) (AdminKey, error) {
	k := AdminKey{getenv(AdminKeyIDVariable), getenv(AdminSecretVariable)}
	switch {
	case k.id == "" && k.secret == "":
	case k.id == "":
		return AdminKey{}, fmt.Errorf("reading the administrator's key: %s is set and %s is not; legal are both, or neither, which means test and test", AdminSecretVariable, AdminKeyIDVariable)
	case k.secret == "":
		return AdminKey{}, fmt.Errorf("reading the administrator's key: %s is set and %s is not; legal are both, or neither, which means test and test", AdminKeyIDVariable, AdminSecretVariable)
	case !keyID.MatchString(k.id):
		return AdminKey{}, fmt.Errorf("reading the administrator's key: %s is no access key id; legal are 1 to 128 letters, digits and underscores", AdminKeyIDVariable)
	}
	return k, nil
}

// Pair returns the access key id and the secret access key.
func (k AdminKey) Pair() (id, secret string) { return k.id, k.secret }

// String keeps the secret out of whatever the key is printed into.
func (k AdminKey) String() string { return "the administrator's key" }

// GoString is String, for %#v.
func (k AdminKey) GoString() string { return k.String() }

// fits asks a running local AWS whether this is its administrator's key. None fits any.
func (k AdminKey) fits(ctx context.Context, s State) (bool, error) {
	if k.id == "" {
		return true, nil
	}
	// The client sets its clock by the local AWS's, which may have been moved.
	api := sts.New(sts.Options{Region: s.Region, BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider(k.id, k.secret, "")})
	_, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var no smithy.APIError
	if errors.As(err, &no) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking the local AWS whether the administrator's key is its own: %w", err)
	}
	return true, nil
}
