package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	srp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go/middleware"

	"auth-api/infra/internal/sdkhttp"
)

// Tokens are what a user pool gives a user who signed in.
type Tokens struct{ ID, Access, Refresh string }

// Directory signs principals in to one stack.
type Directory struct {
	outputs Outputs
	users   *cognitoidentityprovider.Client
	pool    *cognitoidentity.Client

	// Now is the clock that proofs and signatures are dated by. When nil it is this
	// machine's, put right by the time that the stack's services answered last.
	Now  func() time.Time
	skew time.Duration
}

// Time is what the Directory's clock shows: what a request to the stack is to be dated
// by. This machine's clock may be wrong by more than AWS allows, and that of a local AWS
// may have been moved.
func (d *Directory) Time() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now().Add(d.skew)
}

// took takes over the time of an answer.
func (d *Directory) took(m middleware.Metadata) {
	if skew, ok := awsmiddleware.GetAttemptSkew(m); ok {
		d.skew = skew
	}
}

// NewDirectory returns the directory of the stack with these outputs. On a local
// stack it speaks to the local AWS, on any other to AWS; none of its calls needs AWS
// credentials.
func NewDirectory(o Outputs) *Directory {
	d, http := &Directory{outputs: o}, sdkhttp.Client()
	d.users = cognitoidentityprovider.New(cognitoidentityprovider.Options{Region: o.Region, BaseEndpoint: endpoint(o), HTTPClient: http})
	d.pool = cognitoidentity.New(cognitoidentity.Options{Region: o.Region, BaseEndpoint: endpoint(o), HTTPClient: http})
	return d
}

func endpoint(o Outputs) *string {
	if o.AWSEndpoint == "" {
		return nil
	}
	return aws.String(o.AWSEndpoint)
}

// SignIn signs a user in by Secure Remote Password, so that the password never
// leaves this process. It fails with what the pool answers, and when the pool asks
// for more than a password: see SignInWith.
func (d *Directory) SignIn(ctx context.Context, username, password string) (Tokens, error) {
	return d.SignInWith(ctx, username, password, nil)
}

// answered is what the pool said to a proof.
type answered = cognitoidentityprovider.RespondToAuthChallengeOutput

// prove proves the password to the pool.
func (d *Directory) prove(ctx context.Context, username, password string) (*answered, error) {
	client, err := srp.NewCognitoSRP(username, password, d.outputs.UserPoolID, d.outputs.UserPoolClientID, nil)
	if err != nil {
		return nil, err
	}
	begun, err := d.users.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(client.GetClientId()), AuthParameters: client.GetAuthParams(),
	})
	if err != nil {
		return nil, err
	}
	d.took(begun.ResultMetadata)
	if begun.ChallengeName != types.ChallengeNameTypePasswordVerifier {
		return nil, fmt.Errorf("the pool asks for %s, not for a password", begun.ChallengeName)
	}
	responses, err := client.PasswordVerifierChallenge(begun.ChallengeParameters, d.Time())
	if err != nil {
		return nil, err
	}
	return d.users.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: types.ChallengeNameTypePasswordVerifier, ClientId: aws.String(client.GetClientId()),
		ChallengeResponses: responses, Session: begun.Session,
	})
}

// Identity is an identity of the identity pool with its temporary credentials.
type Identity struct {
	ID          string // REGION:UUID
	Credentials aws.Credentials
}

// Sign signs the request for API Gateway by Signature Version 4, which covers its
// method, address, headers and this body.
func (i Identity) Sign(ctx context.Context, req *http.Request, body []byte, region string, at time.Time) error {
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, i.Credentials, req, hex.EncodeToString(sum[:]), "execute-api", region, at); err != nil {
		return fmt.Errorf("signing the request: %w", err)
	}
	return nil
}

// Credentials exchanges an ID token for temporary credentials; an empty token asks
// for a guest's.
func (d *Directory) Credentials(ctx context.Context, idToken string) (Identity, error) {
	var logins map[string]string
	if idToken != "" {
		logins = map[string]string{strings.TrimPrefix(d.outputs.Issuer, "https://"): idToken}
	}
	got, err := d.pool.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(d.outputs.IdentityPoolID), Logins: logins})
	if err != nil {
		return Identity{}, fmt.Errorf("asking the identity pool for an identity: %w", plain(err))
	}
	out, err := d.pool.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: got.IdentityId, Logins: logins})
	if err != nil {
		return Identity{}, fmt.Errorf("asking the identity pool for credentials: %w", plain(err))
	}
	d.took(out.ResultMetadata)
	return Identity{ID: aws.ToString(got.IdentityId), Credentials: aws.Credentials{
		AccessKeyID: aws.ToString(out.Credentials.AccessKeyId), SecretAccessKey: aws.ToString(out.Credentials.SecretKey),
		SessionToken: aws.ToString(out.Credentials.SessionToken), CanExpire: true, Expires: aws.ToTime(out.Credentials.Expiration),
	}}, nil
}

// plain takes the SDK's own words off an API's error.
func plain(err error) error {
	var answer interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	return err
}
