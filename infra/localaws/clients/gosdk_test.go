package clients_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	srp "github.com/alexrudd/cognito-srp/v4"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"auth-api/infra/localaws/awstest"
)

// goSDK is the AWS SDK for Go with a stack.
type goSDK struct {
	*site
	users    *cognitoidentityprovider.Client
	identity *cognitoidentity.Client
}

func newGoSDK(s *site) *goSDK {
	config := aws.Config{Region: s.Outputs.Region, BaseEndpoint: &s.Outputs.AWSEndpoint}
	return &goSDK{site: s, users: cognitoidentityprovider.NewFromConfig(config), identity: cognitoidentity.NewFromConfig(config)}
}

// signed is the SDK's configuration for calls that are signed.
func (g *goSDK) signed(c aws.Credentials) aws.Config {
	return aws.Config{
		Region: g.Outputs.Region, BaseEndpoint: &g.Outputs.AWSEndpoint,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	}
}

// administrator's access key, unless a local AWS is told otherwise.
var administrator = aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}

// refused checks that the SDK made an error of this type of its own, with this message.
func refused[E error](t *testing.T, what string, err error, message string) {
	t.Helper()
	var want E
	var answer smithy.APIError
	switch {
	case !errors.As(err, &want):
		t.Errorf("%s: the error is %v, want a %T", what, err, want)
	case !errors.As(err, &answer) || answer.ErrorMessage() != message:
		t.Errorf("%s: the message is %q, want %q", what, answer.ErrorMessage(), message)
	}
}

// refusedAs checks the code of an error that the SDK has no type for.
func refusedAs(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var answer smithy.APIError
	if !errors.As(err, &answer) || answer.ErrorCode() != code || answer.ErrorMessage() != message {
		t.Errorf("%s: the error is %v, want %s: %s", what, err, code, message)
	}
}

func (g *goSDK) ok(what string, err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatalf("%s: %v", what, err)
	}
}

// signIn signs a user in by Secure Remote Password.
func (g *goSDK) signIn(username, password string) (*types.AuthenticationResultType, error) {
	g.t.Helper()
	out, err := g.answerSRP(username, password)
	if err != nil {
		return nil, err
	}
	if out.AuthenticationResult == nil {
		g.t.Fatalf("signing %s in: the pool asks for %s", username, out.ChallengeName)
	}
	return out.AuthenticationResult, nil
}

func (g *goSDK) answerSRP(username, password string) (*cognitoidentityprovider.RespondToAuthChallengeOutput, error) {
	g.t.Helper()
	proof, err := srp.NewCognitoSRP(username, password, g.Outputs.UserPoolID, g.Outputs.UserPoolClientID, nil)
	g.ok("beginning SRP", err)
	begun, err := g.users.InitiateAuth(g.t.Context(), &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: &g.Outputs.UserPoolClientID, AuthParameters: proof.GetAuthParams(),
	})
	if err != nil {
		return nil, err
	}
	responses, err := proof.PasswordVerifierChallenge(begun.ChallengeParameters, time.Now())
	g.ok("answering SRP", err)
	return g.users.RespondToAuthChallenge(g.t.Context(), &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: begun.ChallengeName, ClientId: &g.Outputs.UserPoolClientID, ChallengeResponses: responses, Session: begun.Session,
	})
}

// signsIn signs a user in who can.
func (g *goSDK) signsIn(username, password string) *types.AuthenticationResultType {
	g.t.Helper()
	tokens, err := g.signIn(username, password)
	g.ok("signing "+username+" in", err)
	return tokens
}

// credentialsOf exchanges an ID token for credentials; an empty one for a guest's.
func (g *goSDK) credentialsOf(idToken string) (identityID string, c aws.Credentials, err error) {
	g.t.Helper()
	var logins map[string]string
	if idToken != "" {
		logins = map[string]string{g.provider(): idToken}
	}
	id, err := g.identity.GetId(g.t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &g.Outputs.IdentityPoolID, Logins: logins})
	if err != nil {
		return "", c, err
	}
	out, err := g.identity.GetCredentialsForIdentity(g.t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: id.IdentityId, Logins: logins})
	if err != nil {
		return *id.IdentityId, c, err
	}
	if left := time.Until(*out.Credentials.Expiration); left < 59*time.Minute || left > time.Hour {
		g.t.Errorf("the credentials are good for %s, want an hour", left)
	}
	return *id.IdentityId, aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretKey, SessionToken: *out.Credentials.SessionToken,
	}, nil
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// request is a request with the API key, signed when there are credentials.
func (g *goSDK) request(path string, c aws.Credentials) *http.Request {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.Outputs.APIURL+path, nil)
	g.ok("making a request", err)
	r.Header.Set("X-Api-Key", g.Outputs.APIKey)
	if c.HasKeys() {
		g.ok("signing", v4.NewSigner().SignHTTP(g.t.Context(), c, r, emptyHash, "execute-api", g.Outputs.Region, time.Now()))
	}
	return r
}

func (g *goSDK) send(step string, r *http.Request) seen {
	g.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	g.ok(step, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	g.ok(step, err)
	return seen{step, resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), string(body)}
}

// changed returns a hexadecimal digest with its last digit changed.
func changed(digest string) string {
	last := "0"
	if strings.HasSuffix(digest, last) {
		last = "1"
	}
	return digest[:len(digest)-1] + last
}

// callsAPI goes through the API with credentials that a client was given.
func (g *goSDK) callsAPI(user, guest aws.Credentials) []seen {
	g.t.Helper()
	nobody := aws.Credentials{}
	forged := g.request("/require-auth", user)
	forged.Header.Set("Authorization", changed(forged.Header.Get("Authorization")))
	open, keyless := g.request("/no-auth", nobody), g.request("/require-auth", nobody)
	open.Header.Del("X-Api-Key")
	keyless.Header.Del("X-Api-Key")
	g.ok("signing", v4.NewSigner().SignHTTP(g.t.Context(), user, keyless, emptyHash, "execute-api", g.Outputs.Region, time.Now()))
	return []seen{
		g.send(openWithKey, g.request("/no-auth", nobody)),
		g.send(signedWithKey, g.request("/require-auth", user)),
		g.send(unsigned, g.request("/require-auth", nobody)),
		g.send(changedSignature, forged),
		g.send(withoutKey, open),
		g.send(signedWithoutKey, keyless),
		g.send(byGuest, g.request("/require-auth", guest)),
	}
}

func TestAWSSDKForGo(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	tokens := g.signsIn(g.Outputs.DemoUser, g.Outputs.DemoPassword)
	identity, user, err := g.credentialsOf(*tokens.IdToken)
	g.ok("asking for credentials", err)
	if identity != g.user.Identity.ID {
		t.Errorf("the identity is %s, and was %s when the same user signed in before", identity, g.user.Identity.ID)
	}
	_, guest, err := g.credentialsOf("")
	g.ok("asking for a guest's credentials", err)

	g.saw(g.callsAPI(user, guest), g.calls())
	keyless := g.request("/require-auth", user)
	keyless.Header.Del("X-Api-Key") // which the SDK signed, as any header that it finds
	if got := g.send("a signed header taken away", keyless); got.Status != 403 || got.Type != "InvalidSignatureException" {
		t.Errorf("a signed header taken away: %+v", got)
	}

	t.Run("presigned", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.Outputs.APIURL+"/require-auth?b=2&a=%C3%A9%20*&X-Amz-Expires=60", nil)
		g.ok("making a request", err)
		address, _, err := v4.NewSigner().PresignHTTP(t.Context(), user, r, emptyHash, "execute-api", g.Outputs.Region, time.Now())
		g.ok("presigning", err)
		for _, c := range []struct {
			change, to string
			status     int
			kind       string
		}{
			{"", "", 200, ""},
			{"b=2", "b=3", 403, "InvalidSignatureException"},
			{"X-Amz-Expires=60", "X-Amz-Expires=600", 403, "InvalidSignatureException"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(address, c.change, c.to, 1), nil)
			g.ok("making a request", err)
			r.Header.Set("X-Api-Key", g.Outputs.APIKey)
			if got := g.send(presigned, r); got.Status != c.status || got.Type != c.kind {
				t.Errorf("%q changed to %q: %+v", c.change, c.to, got)
			}
		}
	})

	t.Run("sts", func(t *testing.T) { g.callerIdentity(t, user, guest) })
	t.Run("identity pool", func(t *testing.T) { g.identityPool(t, tokens) })

	// Whoever has signed out gets no credentials any more.
	_, err = g.users.RevokeToken(t.Context(), &cognitoidentityprovider.RevokeTokenInput{ClientId: &g.Outputs.UserPoolClientID, Token: tokens.RefreshToken})
	g.ok("revoking the refresh token", err)
	_, err = g.users.GetUser(t.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: tokens.AccessToken})
	refused[*types.NotAuthorizedException](t, "GetUser after RevokeToken", err, "Access Token has been revoked")
	_, err = g.refresh(*tokens.RefreshToken)
	refused[*types.NotAuthorizedException](t, "refreshing after RevokeToken", err, "Refresh Token has been revoked")
	_, _, err = g.credentialsOf(*tokens.IdToken)
	refused[*identitytypes.NotAuthorizedException](t, "credentials after RevokeToken", err, "Invalid login token. Token is not valid.")
}

func (g *goSDK) refresh(token string) (*types.AuthenticationResultType, error) {
	out, err := g.users.InitiateAuth(g.t.Context(), &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeRefreshTokenAuth, ClientId: &g.Outputs.UserPoolClientID, AuthParameters: map[string]string{"REFRESH_TOKEN": token},
	})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

func (g *goSDK) callerIdentity(t *testing.T, user, guest aws.Credentials) {
	foreign, unknown, other := user, user, user
	foreign.SecretAccessKey += "x"
	unknown.AccessKeyID = "ASIA" + strings.Repeat("Z", 16)
	other.SessionToken = guest.SessionToken
	for _, c := range []struct {
		who     string
		as      aws.Credentials
		arn     string
		refusal string
		message string
	}{
		{"the demo user", user, g.role("authenticated"), "", ""},
		{"a guest", guest, g.role("guest"), "", ""},
		{"the administrator", administrator, "arn:aws:iam::" + g.AWS.Account + ":root", "", ""},
		{"a changed secret", foreign, "", "SignatureDoesNotMatch", signatureDiffers},
		{"an unknown key", unknown, "", "InvalidClientTokenId", "The security token included in the request is invalid."},
		{"another's session token", other, "", "InvalidClientTokenId", "The security token included in the request is invalid."},
	} {
		out, err := sts.NewFromConfig(g.signed(c.as)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		switch {
		case c.refusal != "":
			refusedAs(t, c.who, err, c.refusal, c.message)
		case err != nil:
			t.Errorf("%s: %v", c.who, err)
		case aws.ToString(out.Arn) != c.arn || aws.ToString(out.Account) != g.AWS.Account || aws.ToString(out.UserId) == "":
			t.Errorf("%s is %s of account %s, want %s", c.who, aws.ToString(out.Arn), aws.ToString(out.Account), c.arn)
		}
	}
}

func (g *goSDK) identityPool(t *testing.T, tokens *types.AuthenticationResultType) {
	unsupported := "Token is not from a supported provider of this identity pool."
	ask := func(provider, token string) error {
		_, err := g.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{
			IdentityPoolId: &g.Outputs.IdentityPoolID, Logins: map[string]string{provider: token},
		})
		return err
	}
	refused[*identitytypes.NotAuthorizedException](t, "an access token", ask(g.provider(), *tokens.AccessToken), "Invalid login token. Missing a required claim: aud")
	refused[*identitytypes.NotAuthorizedException](t, "another user pool", ask(g.provider()+"x", *tokens.IdToken), unsupported)
	header, rest, _ := strings.Cut(*tokens.IdToken, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	sum := sha256.Sum256([]byte(signature))
	refused[*identitytypes.NotAuthorizedException](t, "a forged token", ask(g.provider(), header+"."+claims+"."+hex.EncodeToString(sum[:])), "Invalid login token. Couldn't verify signed token.")

	nowhere := g.Outputs.Region + ":00000000-0000-4000-8000-000000000000"
	_, err := g.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &nowhere})
	refused[*identitytypes.ResourceNotFoundException](t, "an unknown pool", err, "IdentityPool '"+nowhere+"' not found.")
	_, err = g.identity.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &g.user.Identity.ID})
	refused[*identitytypes.NotAuthorizedException](t, "a user's identity without a token", err, "Access to Identity '"+g.user.Identity.ID+"' is forbidden.")
	_, err = g.identity.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{
		IdentityId: &g.user.Identity.ID, Logins: map[string]string{g.provider(): *tokens.IdToken},
	})
	refused[*identitytypes.InvalidParameterException](t, "the classic flow, which the stack does not allow", err, "Basic (classic) flow is not enabled, please use enhanced flow.")
	_, err = cognitoidentity.NewFromConfig(g.signed(administrator)).ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(1)})
	refusedAs(t, "an operation that the local AWS does not have", err, "UnknownOperationException", "The local AWS does not know the operation ListIdentityPools of cognito-identity.")
}
