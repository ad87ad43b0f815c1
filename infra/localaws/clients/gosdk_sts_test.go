package clients_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/store"
)

func credentialsFrom(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// A role that only another role may assume, by the AWS SDK for Go.
func TestAWSSDKForGoAssumesARole(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	g.grant()
	operator := "arn:aws:iam::" + g.AWS.Account + ":role/clients-operator"
	assume := func(as aws.Credentials) (*sts.AssumeRoleOutput, error) {
		return sts.NewFromConfig(g.signed(as)).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &operator, RoleSessionName: aws.String("shift")})
	}
	out, err := assume(g.user.Identity.Credentials)
	g.ok("AssumeRole", err)
	as := g.signed(credentialsFrom(out.Credentials))
	me, err := sts.NewFromConfig(as).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	g.ok("GetCallerIdentity", err)
	if want := "arn:aws:sts::" + g.AWS.Account + ":assumed-role/clients-operator/shift"; aws.ToString(me.Arn) != want || aws.ToString(out.AssumedRoleUser.Arn) != want {
		t.Errorf("the session is %s, want %s", aws.ToString(me.Arn), want)
	}
	got, err := ssm.NewFromConfig(as).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(secret), WithDecryption: aws.Bool(true)})
	g.ok("GetParameter", err)
	if aws.ToString(got.Parameter.Value) != secretText {
		t.Error("the operator reads another value")
	}
	_, err = assume(g.guest.Identity.Credentials)
	refusedAs(t, "a guest", err, "AccessDenied", "User: "+g.role("guest")+" is not authorized to perform: sts:AssumeRole on resource: "+operator)
}

// The basic flow of identity pools: an OpenID token, and then STS.
func TestAWSSDKForGoInTheClassicFlow(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	if err := g.AWS.Store.Update(func(tx *store.Tx) error {
		pool, found, err := identitypool.Pools.Get(tx, g.Outputs.IdentityPoolID)
		if err != nil || !found {
			return errors.Join(err, errors.New("there is no such pool"))
		}
		pool.AllowClassicFlow = true
		return identitypool.Pools.Put(tx, g.Outputs.IdentityPoolID, pool)
	}); err != nil {
		t.Fatalf("allowing the classic flow: %v", err)
	}
	token := func(who *awstest.Caller) string {
		t.Helper()
		in := &cognitoidentity.GetOpenIdTokenInput{IdentityId: &who.Identity.ID}
		if who.Tokens.ID != "" {
			in.Logins = map[string]string{g.provider(): who.Tokens.ID}
		}
		out, err := g.identity.GetOpenIdToken(t.Context(), in)
		g.ok("GetOpenIdToken", err)
		return aws.ToString(out.Token)
	}
	assume := func(token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return sts.NewFromConfig(aws.Config{Region: g.Outputs.Region, BaseEndpoint: &g.Outputs.AWSEndpoint}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn:         aws.String("arn:aws:iam::" + g.AWS.Account + ":role/auth-api-local-authenticated"),
			RoleSessionName: aws.String("classic"), WebIdentityToken: &token,
		})
	}
	mine := token(g.user)
	out, err := assume(mine)
	g.ok("AssumeRoleWithWebIdentity", err)
	if aws.ToString(out.SubjectFromWebIdentityToken) != g.user.Identity.ID || aws.ToString(out.Audience) != g.Outputs.IdentityPoolID {
		t.Errorf("the subject is %s, the audience %s", aws.ToString(out.SubjectFromWebIdentityToken), aws.ToString(out.Audience))
	}
	if got := g.send(signedWithKey, g.request("/require-auth", credentialsFrom(out.Credentials))); got.Status != http.StatusOK {
		t.Errorf("calling the API: %+v", got)
	}
	_, err = assume(token(g.guest))
	refusedAs(t, "a guest's token for the role of the signed-in", err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	// The first character: the last has bits that do not count.
	dot := strings.LastIndexByte(mine, '.')
	other := "A"
	if mine[dot+1:dot+2] == other {
		other = "B"
	}
	_, err = assume(mine[:dot+1] + other + mine[dot+2:])
	refused[*ststypes.InvalidIdentityTokenException](t, "a changed token", err, "The web identity token that was passed could not be validated.")
}
