package localaws_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/internal/apitest"
)

// An administrator deletes identities, and nobody else: with its identity a user's logins
// are gone too, and the user gets another.
func TestDeletingIdentities(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	as := func(c aws.CredentialsProvider) *cognitoidentity.Client {
		return cognitoidentity.New(cognitoidentity.Options{Region: s.Outputs.Region, BaseEndpoint: &s.Outputs.AWSEndpoint, Credentials: c, Retryer: aws.NopRetryer{}, HTTPClient: sdkhttp.Client()})
	}
	user, guest := s.As("demouser"), s.Guest()
	k := user.Identity.Credentials
	both := []string{user.Identity.ID, guest.Identity.ID, "us-west-2:00000000-0000-4000-8000-000000000000"}

	_, err := as(credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)).DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: both})
	apitest.Refused(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/auth-api-local-authenticated/CognitoIdentityCredentials is not authorized to perform: cognito-identity:DeleteIdentities on resource: * because no identity-based policy allows the cognito-identity:DeleteIdentities action")
	if again := s.As("demouser"); again.Identity.ID != user.Identity.ID {
		t.Errorf("who was refused deleted the identity all the same: it is %s now", again.Identity.ID)
	}

	admin := as(apitest.Administrator())
	for n, ids := range map[int][]string{0: {}, 61: make([]string, 61)} {
		_, err := admin.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: ids})
		apitest.Refused(t, err, "InvalidParameterException", fmt.Sprintf("identityIdsToDelete has %d members; legal are 1 to 60.", n))
	}
	if out, err := admin.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: both}); err != nil || len(out.UnprocessedIdentityIds) > 0 {
		t.Fatalf("%+v %v", out, err)
	}
	_, err = admin.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &guest.Identity.ID})
	apitest.Refused(t, err, "ResourceNotFoundException", "Identity '"+guest.Identity.ID+"' not found.")
	if again := s.As("demouser"); again.Identity.ID == user.Identity.ID {
		t.Error("the user still has the identity that was deleted")
	}
}
