package clients_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/awstest"
)

const wrongPassword = "Incorrect username or password."

// A user's life at the user pool, by the AWS SDK for Go.
func TestAWSSDKForGoAtTheUserPool(t *testing.T) {
	t.Parallel()
	g := newGoSDK(newSite(t, awstest.Article(t)))
	ctx, clientID := t.Context(), &g.Outputs.UserPoolClientID
	const first, second, third = "firstPASS123", "secondPASS123", "thirdPASS123"

	signUp := func(username, password, email string) error {
		_, err := g.users.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
			ClientId: clientID, Username: &username, Password: &password,
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}},
		})
		return err
	}
	refused[*types.InvalidPasswordException](t, "a weak password", signUp("newcomer", "weak", "newcomer@example.com"), "Password did not conform with policy: Password not long enough")
	g.ok("signing up", signUp("newcomer", first, "newcomer@example.com"))
	refused[*types.UsernameExistsException](t, "the same name again", signUp("newcomer", first, "other@example.com"), "User already exists")
	_, err := g.signIn("newcomer", first)
	refused[*types.UserNotConfirmedException](t, "signing in before the code", err, "User is not confirmed.")

	confirm := func(code string) error {
		_, err := g.users.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{ClientId: clientID, Username: aws.String("newcomer"), ConfirmationCode: &code})
		return err
	}
	refused[*types.CodeMismatchException](t, "another code", confirm("not-it"), "Invalid verification code provided, please try again.")
	sent, err := g.users.ResendConfirmationCode(ctx, &cognitoidentityprovider.ResendConfirmationCodeInput{ClientId: clientID, Username: aws.String("newcomer")})
	g.ok("asking for another code", err)
	if d := sent.CodeDeliveryDetails; d.DeliveryMedium != types.DeliveryMediumTypeEmail || aws.ToString(d.Destination) != "n***@e***" {
		t.Errorf("the code went to %s by %s", aws.ToString(d.Destination), d.DeliveryMedium)
	}
	g.ok("confirming", confirm(g.code("newcomer")))

	_, err = g.signIn("newcomer", second)
	refused[*types.NotAuthorizedException](t, "a wrong password", err, wrongPassword)
	_, err = g.signIn("nobody", first)
	refused[*types.NotAuthorizedException](t, "an unknown user", err, wrongPassword)
	tokens := g.signsIn("newcomer@example.com", first) // the address is an alias
	me, err := g.users.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: tokens.AccessToken})
	g.ok("GetUser", err)
	attributes := map[string]string{}
	for _, a := range me.UserAttributes {
		attributes[*a.Name] = *a.Value
	}
	if *me.Username != "newcomer" || attributes["email"] != "newcomer@example.com" || attributes["email_verified"] != "true" || attributes["sub"] == "" {
		t.Errorf("GetUser: %s %v", *me.Username, attributes)
	}

	_, err = g.users.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: clientID, AuthParameters: map[string]string{"USERNAME": "newcomer", "PASSWORD": first},
	})
	refused[*types.InvalidParameterException](t, "sending the password, which the stack does not allow", err, "USER_PASSWORD_AUTH flow not enabled for this client")

	change := func(from, to string) error {
		_, err := g.users.ChangePassword(ctx, &cognitoidentityprovider.ChangePasswordInput{AccessToken: tokens.AccessToken, PreviousPassword: &from, ProposedPassword: &to})
		return err
	}
	refused[*types.NotAuthorizedException](t, "changing with a wrong password", change(third, second), wrongPassword)
	refused[*types.InvalidPasswordException](t, "changing to a weak password", change(first, "alllowercase1"), "Password did not conform with policy: Password must have uppercase characters")
	g.ok("changing the password", change(first, second))
	_, err = g.signIn("newcomer", first)
	refused[*types.NotAuthorizedException](t, "the password of before", err, wrongPassword)

	forgot, err := g.users.ForgotPassword(ctx, &cognitoidentityprovider.ForgotPasswordInput{ClientId: clientID, Username: aws.String("newcomer")})
	g.ok("ForgotPassword", err)
	if aws.ToString(forgot.CodeDeliveryDetails.AttributeName) != "email" {
		t.Errorf("the code went to the %s", aws.ToString(forgot.CodeDeliveryDetails.AttributeName))
	}
	reset := func(code string) error {
		_, err := g.users.ConfirmForgotPassword(ctx, &cognitoidentityprovider.ConfirmForgotPasswordInput{
			ClientId: clientID, Username: aws.String("newcomer"), ConfirmationCode: &code, Password: aws.String(third),
		})
		return err
	}
	refused[*types.CodeMismatchException](t, "resetting by another code", reset("000-000"), "Invalid verification code provided, please try again.")
	g.ok("resetting the password", reset(g.code("newcomer")))

	tokens = g.signsIn("newcomer", third)
	refreshed, err := g.refresh(*tokens.RefreshToken)
	g.ok("refreshing", err)
	if refreshed.RefreshToken != nil || *refreshed.AccessToken == *tokens.AccessToken || refreshed.ExpiresIn != 3600 || *refreshed.TokenType != "Bearer" {
		t.Errorf("refreshing gave another refresh token, the same access token, or tokens for %d s", refreshed.ExpiresIn)
	}
	again, err := g.users.GetTokensFromRefreshToken(ctx, &cognitoidentityprovider.GetTokensFromRefreshTokenInput{ClientId: clientID, RefreshToken: tokens.RefreshToken})
	g.ok("GetTokensFromRefreshToken", err)
	if again.AuthenticationResult == nil || again.AuthenticationResult.IdToken == nil {
		t.Error("GetTokensFromRefreshToken gave no ID token")
	}

	updated, err := g.users.UpdateUserAttributes(ctx, &cognitoidentityprovider.UpdateUserAttributesInput{
		AccessToken: tokens.AccessToken, UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("moved@example.com")}},
	})
	g.ok("UpdateUserAttributes", err)
	if len(updated.CodeDeliveryDetailsList) != 1 || aws.ToString(updated.CodeDeliveryDetailsList[0].Destination) != "m***@e***" {
		t.Errorf("the new address is verified by codes to %v", updated.CodeDeliveryDetailsList)
	}
	_, err = g.users.VerifyUserAttribute(ctx, &cognitoidentityprovider.VerifyUserAttributeInput{AccessToken: tokens.AccessToken, AttributeName: aws.String("email"), Code: aws.String(g.code("newcomer"))})
	g.ok("VerifyUserAttribute", err)

	_, err = g.users.GlobalSignOut(ctx, &cognitoidentityprovider.GlobalSignOutInput{AccessToken: tokens.AccessToken})
	g.ok("GlobalSignOut", err)
	for what, token := range map[string]*string{"the access token": tokens.AccessToken, "the refreshed access token": refreshed.AccessToken} {
		_, err = g.users.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: token})
		refused[*types.NotAuthorizedException](t, what+" after GlobalSignOut", err, "Access Token has been revoked")
	}
	_, err = g.refresh(*tokens.RefreshToken)
	refused[*types.NotAuthorizedException](t, "refreshing after GlobalSignOut", err, "Refresh Token has been revoked")

	tokens = g.signsIn("moved@example.com", third)
	_, err = g.users.DeleteUser(ctx, &cognitoidentityprovider.DeleteUserInput{AccessToken: tokens.AccessToken})
	g.ok("DeleteUser", err)
	_, err = g.signIn("newcomer", third)
	refused[*types.NotAuthorizedException](t, "a deleted user", err, wrongPassword)

	_, err = g.users.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserAuth, ClientId: aws.String(strings.Repeat("0", 26)), AuthParameters: map[string]string{"USERNAME": "newcomer"},
	})
	refused[*types.ResourceNotFoundException](t, "another client", err, "User pool client "+strings.Repeat("0", 26)+" does not exist.")
}
