package clients_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/awstest"
)

// The administrator's operations of the user pool API, by the AWS SDK for Go.
func TestAWSSDKForGoAsTheAdministrator(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	ctx, pool, invited := t.Context(), &g.Outputs.UserPoolID, aws.String("invited")
	admin := cognitoidentityprovider.NewFromConfig(g.signed(administrator))
	invitation := &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: invited, UserAttributes: []types.AttributeType{
		{Name: aws.String("email"), Value: aws.String("invited@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")},
	}}

	_, err := cognitoidentityprovider.NewFromConfig(g.signed(g.user.Identity.Credentials)).AdminCreateUser(ctx, invitation)
	refusedAs(t, "a user of the pool", err, "AccessDeniedException", g.denied("authenticated", "cognito-idp:AdminCreateUser", g.arn("cognito-idp", "userpool/"+*pool)))
	_, err = cognitoidentityprovider.NewFromConfig(g.signed(aws.Credentials{AccessKeyID: "test", SecretAccessKey: "tset"})).AdminCreateUser(ctx, invitation)
	refusedAs(t, "a wrong secret", err, "InvalidSignatureException", signatureDiffers)

	made, err := admin.AdminCreateUser(ctx, invitation)
	g.ok("AdminCreateUser", err)
	if made.User.UserStatus != types.UserStatusTypeForceChangePassword || !made.User.Enabled || made.User.UserCreateDate == nil {
		t.Errorf("the user is %s", made.User.UserStatus)
	}
	_, err = admin.AdminCreateUser(ctx, invitation)
	refused[*types.UsernameExistsException](t, "the same name again", err, "User account already exists")

	// The temporary password, which is mailed, must be changed for one's own.
	challenge, err := g.answerSRP("invited", g.code("invited"))
	g.ok("signing in with the temporary password", err)
	if challenge.ChallengeName != types.ChallengeNameTypeNewPasswordRequired || challenge.AuthenticationResult != nil {
		t.Fatalf("the pool asks for %q", challenge.ChallengeName)
	}
	choose := func(password string) (*cognitoidentityprovider.RespondToAuthChallengeOutput, error) {
		return g.users.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
			ChallengeName: challenge.ChallengeName, ClientId: &g.Outputs.UserPoolClientID, Session: challenge.Session,
			ChallengeResponses: map[string]string{"USERNAME": "invited", "NEW_PASSWORD": password},
		})
	}
	_, err = choose("weak")
	refused[*types.InvalidPasswordException](t, "a weak password", err, "Password did not conform with policy: Password not long enough")
	in, err := choose("ownPASS123")
	g.ok("choosing a password", err)
	if in.AuthenticationResult == nil {
		t.Fatal("there are no tokens")
	}

	_, err = admin.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: pool, Username: invited})
	g.ok("AdminDisableUser", err)
	_, err = g.signIn("invited", "ownPASS123")
	refused[*types.NotAuthorizedException](t, "somebody disabled", err, "User is disabled.")
	_, err = admin.AdminEnableUser(ctx, &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: pool, Username: invited})
	g.ok("AdminEnableUser", err)
	_, err = admin.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: pool, Username: invited, Password: aws.String("givenPASS123"), Permanent: true})
	g.ok("AdminSetUserPassword", err)
	tokens := g.signsIn("invited", "givenPASS123")
	user, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: invited})
	g.ok("AdminGetUser", err)
	if user.UserStatus != types.UserStatusTypeConfirmed || !user.Enabled {
		t.Errorf("the user is %s, enabled: %v", user.UserStatus, user.Enabled)
	}
	found, err := admin.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{UserPoolId: pool, Filter: aws.String(`email = "invited@example.com"`)})
	g.ok("ListUsers", err)
	if len(found.Users) != 1 || aws.ToString(found.Users[0].Username) != "invited" {
		t.Errorf("ListUsers finds %d users, want the one invited", len(found.Users))
	}
	_, err = admin.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{UserPoolId: pool, Username: invited, GroupName: aws.String("nowhere")})
	refused[*types.ResourceNotFoundException](t, "a group that is not there", err, "Group not found.")

	_, err = admin.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: invited})
	g.ok("AdminUserGlobalSignOut", err)
	_, err = g.refresh(*tokens.RefreshToken)
	refused[*types.NotAuthorizedException](t, "refreshing after AdminUserGlobalSignOut", err, "Refresh Token has been revoked")
	_, err = admin.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: pool, Username: invited})
	g.ok("AdminDeleteUser", err)
	_, err = admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: invited})
	refused[*types.UserNotFoundException](t, "somebody deleted", err, "User does not exist.")
}
