package pooltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
)

// PoolARN is the ARN of the fixture's pool.
const PoolARN = "arn:aws:cognito-idp:us-west-2:000000000000:userpool/" + PoolID

// admit lets requests in as the local AWS does: by real signatures, on the host's
// clock, because the SDK signs by that.
func (f *Fixture) admit(r *http.Request, body []byte, action, resource string) error {
	_, err := f.IAM.Admit(r, body, "cognito-idp", iam.Request{Action: action, Resource: resource}, nil)
	return err
}

// Administrator is the SDK with the account's administrator's key.
func (f *Fixture) Administrator() *cognitoidentityprovider.Client {
	return f.signed(aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
}

// Role declares a role that may do this action on this resource, and returns
// credentials of it.
func (f *Fixture) Role(name, action, resource string) aws.Credentials {
	f.T.Helper()
	arn := "arn:aws:iam::000000000000:role/" + name
	f.Update(func(tx *store.Tx) error {
		trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		if err := iam.Roles.Put(tx, name, iam.Role{Name: name, AssumeRolePolicy: trust, ARN: arn, UniqueID: "AROA" + name}); err != nil {
			return err
		}
		policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
		return iam.RolePolicies.Put(tx, name+":grants", iam.RolePolicy{Name: "grants", Role: name, Policy: policy})
	})
	c, err := f.IAM.AssumeServiceRole(arn, "lambda.amazonaws.com", "session")
	if err != nil {
		f.T.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// signed is the SDK with these credentials. It tries again as it does by default: when
// an answer is quicker than its own end of sending, and longer than a few kilobytes,
// it may close the connection while it reads.
func (f *Fixture) signed(c aws.Credentials) *cognitoidentityprovider.Client {
	return cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "us-west-2", BaseEndpoint: aws.String(f.Server.URL),
		Credentials: credentials.StaticCredentialsProvider{Value: c},
	})
}

// SignedAPI posts an operation signed with these credentials; without them it is unsigned.
func (f *Fixture) SignedAPI(operation string, in any, c *aws.Credentials) Answer {
	f.T.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		f.T.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, f.Server.URL+"/", bytes.NewReader(body))
	if err != nil {
		f.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	if c != nil {
		sum := sha256.Sum256(body)
		if err := v4.NewSigner().SignHTTP(context.Background(), *c, r, hex.EncodeToString(sum[:]), "cognito-idp", "us-west-2", time.Now()); err != nil {
			f.T.Fatal(err)
		}
	}
	return f.Do(http.DefaultClient, r)
}
