package api_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/password"
)

var pool = aws.String(pooltest.PoolID)

// administered is every signed operation, with what it needs to be understood.
var administered = map[string]m{
	"AdminCreateUser": {"Username": "made"}, "AdminSetUserPassword": {"Username": "demouser", "Password": "otherPASS1"},
	"AdminResetUserPassword": {"Username": "demouser"}, "AdminGetUser": {"Username": "demouser"}, "AdminConfirmSignUp": {"Username": "demouser"},
	"AdminDisableUser": {"Username": "demouser"}, "AdminEnableUser": {"Username": "demouser"}, "AdminDeleteUser": {"Username": "demouser"},
	"AdminSetUserMFAPreference": {"Username": "demouser"}, "AdminUserGlobalSignOut": {"Username": "demouser"}, "AdminUpdateUserAttributes": {"Username": "demouser"},
	"AdminDeleteUserAttributes": {"Username": "demouser"}, "AdminAddUserToGroup": {"Username": "demouser", "GroupName": "g"},
	"AdminRemoveUserFromGroup": {"Username": "demouser", "GroupName": "g"}, "AdminListGroupsForUser": {"Username": "demouser"},
	"AdminInitiateAuth":           {"ClientId": pooltest.ClientID, "AuthFlow": "REFRESH_TOKEN_AUTH"},
	"AdminRespondToAuthChallenge": {"ClientId": pooltest.ClientID, "ChallengeName": "NEW_PASSWORD_REQUIRED"},
	"ListUsers":                   {}, "ListUsersInGroup": {"GroupName": "g"}, "ListGroups": {}, "GetGroup": {"GroupName": "g"},
	"DescribeUserPool": {}, "DescribeUserPoolClient": {"ClientId": pooltest.ClientID},
}

func TestEveryAdministratorsOperationIsSignedAndGranted(t *testing.T) {
	for operation, in := range administered {
		t.Run(operation, func(t *testing.T) {
			f := pooltest.New(t)
			in := merged(in, m{"UserPoolId": pooltest.PoolID})
			refused := func(a pooltest.Answer, code string) pooltest.Answer {
				t.Helper()
				if a.Status != 400 || a.JSON(t)["__type"] != code {
					t.Errorf("got %d %s, want 400 %s", a.Status, a.Body, code)
				}
				return a
			}
			if a := f.SignedAPI(operation, in, nil); a.Status != 400 || a.JSON(t)["__type"] != "MissingAuthenticationTokenException" {
				t.Errorf("unsigned: %d %s", a.Status, a.Body)
			}
			refused(f.SignedAPI(operation, in, &aws.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}), "UnrecognizedClientException")
			refused(f.SignedAPI(operation, in, &aws.Credentials{AccessKeyID: "test", SecretAccessKey: "x"}), "InvalidSignatureException")

			elsewhere := f.Role("elsewhere", "cognito-idp:*", "arn:aws:cognito-idp:us-west-2:000000000000:userpool/us-west-2_Another12")
			a := refused(f.SignedAPI(operation, in, &elsewhere), "AccessDeniedException")
			want := "User: arn:aws:sts::000000000000:assumed-role/elsewhere/session is not authorized to perform: cognito-idp:" + operation +
				" on resource: " + pooltest.PoolARN + " because no identity-based policy allows the cognito-idp:" + operation + " action"
			if a.JSON(t)["message"] != want {
				t.Errorf("got %v\nwant %s", a.JSON(t)["message"], want)
			}
			for _, pool := range []any{"nonsense", pooltest.PoolID + "/*", "", 7, nil} { // a request on no pool is one on any
				a := refused(f.SignedAPI(operation, merged(in, m{"UserPoolId": pool}), &elsewhere), "AccessDeniedException")
				if message, _ := a.JSON(t)["message"].(string); !strings.Contains(message, " on resource: arn:aws:cognito-idp:us-west-2:000000000000:userpool/* because") {
					t.Errorf("%v: %s", pool, message)
				}
			}
			other := f.Role("other", "cognito-idp:ListIdentityProviders", pooltest.PoolARN)
			refused(f.SignedAPI(operation, in, &other), "AccessDeniedException")

			granted := f.Role("granted", "cognito-idp:"+operation, pooltest.PoolARN)
			if a := f.SignedAPI(operation, in, &granted); strings.Contains(a.Body, "AccessDenied") || a.Status >= 500 {
				t.Errorf("granted: %d %s", a.Status, a.Body)
			}
			root := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
			refused(f.SignedAPI(operation, merged(in, m{"UserPoolId": "us-west-2_Nowhere12"}), &root), "ResourceNotFoundException")
			refused(f.SignedAPI(operation, m{"UserPoolId": "nonsense"}, &root), "InvalidParameterException")
			refused(f.SignedAPI(operation, m{"UserPoolId": 7}, &root), "SerializationException")
			for name, value := range in {
				if _, isText := value.(string); isText {
					refused(f.SignedAPI(operation, merged(in, m{name: 7}), &root), "SerializationException")
				}
			}
		})
	}
}

func merged(a, b m) m {
	out := m{}
	for _, from := range []m{a, b} {
		for name, value := range from {
			out[name] = value
		}
	}
	return out
}

// code is the name of an error of the SDK, and what it says.
func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Sprint(err)
	}
	return api.ErrorCode() + ": " + api.ErrorMessage()
}

func attributes(pairs ...string) []types.AttributeType {
	var out []types.AttributeType
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.AttributeType{Name: aws.String(pairs[i]), Value: aws.String(pairs[i+1])})
	}
	return out
}

func value(list []types.AttributeType, name string) string {
	for _, a := range list {
		if *a.Name == name {
			return *a.Value
		}
	}
	return ""
}

func TestAdministratorMakesAUserWhoIsInvited(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	made, err := admin.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{
		UserPoolId: pool, Username: aws.String("ann"), UserAttributes: attributes("email", "ann@example.com", "email_verified", "True"),
		DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
	})
	if err != nil {
		t.Fatal(err)
	}
	u := made.User
	if *u.Username != "ann" || u.UserStatus != types.UserStatusTypeForceChangePassword || !u.Enabled || len(value(u.Attributes, "sub")) != 36 ||
		value(u.Attributes, "email_verified") != "true" || !u.UserCreateDate.Equal(f.Clock()) || !u.UserLastModifiedDate.Equal(f.Clock()) {
		t.Errorf("%+v", u)
	}
	mail := f.LastMail()
	if mail.Kind != userpool.MailInvitation || mail.Destination != "ann@example.com" || mail.Username != "ann" {
		t.Errorf("invited by %+v", mail)
	}
	// The temporary password that was made up fits the policy and lets in once.
	first := f.API("InitiateAuth", pooltest.PasswordFlow("ann", mail.Code)).JSON(t)
	if first["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Fatalf("%v", first)
	}
	f.Advance(time.Second)
	again, err := admin.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: aws.String("ann"), MessageAction: types.MessageActionTypeResend,
		UserAttributes: attributes("email", "eve@example.com", "email_verified", "true")})
	if err != nil || *again.User.Username != "ann" || value(again.User.Attributes, "email") != "ann@example.com" { // the attributes are ignored
		t.Fatal(again, err)
	}
	if f.LastMail().Code == mail.Code || f.LastMail().Destination != "ann@example.com" {
		t.Error("the second invitation has the first one's password")
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("ann", mail.Code)), "NotAuthorizedException", pooltest.WrongPassword)
	if a := f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": first["Session"],
		"ChallengeResponses": m{"USERNAME": "ann", "NEW_PASSWORD": "chosenPASS1"}}); a.JSON(t)["__type"] != "NotAuthorizedException" {
		t.Errorf("the challenge of the first temporary password: %s", a.Body)
	}
	challenge := f.API("InitiateAuth", pooltest.PasswordFlow("ann", f.LastMail().Code)).JSON(t)
	if a := f.API("RespondToAuthChallenge", m{"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": pooltest.ClientID, "Session": challenge["Session"],
		"ChallengeResponses": m{"USERNAME": "ann", "NEW_PASSWORD": "chosenPASS1"}}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	f.SignIn("ann@example.com", "chosenPASS1")
	for _, record := range f.Records {
		if text := fmt.Sprint(record.Attrs()); strings.Contains(text, mail.Code) || strings.Contains(text, f.LastMail().Code) || strings.Contains(text, "chosenPASS1") {
			t.Errorf("a password is in the record %s", record.RequestID)
		}
	}
	_, err = admin.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: aws.String("ann"), MessageAction: types.MessageActionTypeResend})
	if got := code(err); got != "UnsupportedUserStateException: Resend not possible. ann status is not FORCE_CHANGE_PASSWORD" {
		t.Error(got)
	}
}

// Without DesiredDeliveryMediums the invitation goes to the phone, or else by mail.
func TestInvitationsGoToWhatTheUserHas(t *testing.T) {
	for to, given := range map[string][]types.AttributeType{
		"SMS +12065550100":  attributes("phone_number", "+12065550100", "email", "bo@example.com"),
		"EMAIL bo@mail.com": attributes("email", "bo@mail.com"),
		"":                  attributes("name", "Bo"),
	} {
		f := pooltest.New(t)
		if _, err := f.Administrator().AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: aws.String("bo"), UserAttributes: given}); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, message := range f.Mail {
			got += message.Medium + " " + message.Destination
		}
		if got != to {
			t.Errorf("invited by %q, want %q", got, to)
		}
	}
}

func TestUsersThatAnAdministratorCannotMake(t *testing.T) {
	f := pooltest.New(t)
	admin := f.Administrator()
	for want, in := range map[string]cognitoidentityprovider.AdminCreateUserInput{
		"UsernameExistsException: User account already exists":                                                                                                                                        {Username: aws.String("demouser")},
		"UserNotFoundException: User does not exist.":                                                                                                                                                 {Username: aws.String("nobody"), MessageAction: types.MessageActionTypeResend},
		"InvalidPasswordException: Password did not conform with policy: Password not long enough":                                                                                                    {Username: aws.String("a"), TemporaryPassword: aws.String("sHort1")},
		"AliasExistsException: An account with the given email already exists.":                                                                                                                       {Username: aws.String("a"), UserAttributes: attributes("email", "demo@example.com", "email_verified", "true")},
		"InvalidParameterException: email_verified is true, but the user has no email.":                                                                                                               {Username: aws.String("a"), UserAttributes: attributes("email_verified", "true")},
		"InvalidParameterException: Attributes did not conform to the schema: email_verified: The attribute must be true or false":                                                                    {Username: aws.String("a"), UserAttributes: attributes("email_verified", "yes")},
		"InvalidParameterException: Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.":                                                                      {Username: aws.String("a"), UserAttributes: attributes("custom:x", "1")},
		"InvalidParameterException: Cannot send the invitation by SMS: the user has no phone_number.":                                                                                                 {Username: aws.String("a"), DesiredDeliveryMediums: []types.DeliveryMediumType{"SMS"}},
		"InvalidParameterException: Invalid email address format.":                                                                                                                                    {Username: aws.String("a"), UserAttributes: attributes("email", "nonsense")},
		"InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias.":                                                                               {Username: aws.String("a@example.com")},
		`InvalidParameterException: 1 validation error detected: messageAction: "SHOUT" is not one of RESEND, SUPPRESS`:                                                                               {Username: aws.String("a"), MessageAction: "SHOUT"},
		`InvalidParameterException: 1 validation error detected: desiredDeliveryMediums: "PIGEON" is not one of SMS, EMAIL`:                                                                           {Username: aws.String("a"), DesiredDeliveryMediums: []types.DeliveryMediumType{"PIGEON"}},
		"InvalidParameterException: Attributes did not conform to the schema: sub: The attribute cannot be set":                                                                                       {Username: aws.String("a"), UserAttributes: attributes("sub", "mine")},
		"InvalidParameterException: 1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+": {Username: aws.String("a b")},
	} {
		in.UserPoolId = pool
		if _, err := admin.AdminCreateUser(t.Context(), &in); code(err) != want {
			t.Errorf("got  %s\nwant %s", code(err), want)
		}
	}
	if len(f.Mail) != 0 {
		t.Errorf("%d messages were sent for users that were not made", len(f.Mail))
	}
}

func TestAdministeredPoolWhoseUsernamesAreAddresses(t *testing.T) {
	f := pooltest.New(t)
	p := pooltest.Pool()
	p.AliasAttributes, p.UsernameAttributes, p.PasswordPolicy = nil, []string{"email"}, &password.Policy{MinimumLength: 31, RequireSymbols: true}
	p.LambdaConfig = &userpool.LambdaConfig{PreSignUp: functionARN + "signup"}
	f.Declare(pooltest.PoolID, p)
	fs := &functions{f: f, responses: map[string]any{}}
	f.SetFunction(fs.answer)
	admin, ctx := f.Administrator(), t.Context()
	create := func(name string) (*cognitoidentityprovider.AdminCreateUserOutput, error) {
		return admin.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool, Username: aws.String(name)})
	}
	made, err := create("ann@example.com")
	if err != nil || *made.User.Username != value(made.User.Attributes, "sub") || value(made.User.Attributes, "email") != "ann@example.com" {
		t.Fatalf("%+v %v", made, err)
	}
	// The password that is made up is as long as the policy asks for.
	if a := f.API("InitiateAuth", pooltest.PasswordFlow("ann@example.com", f.LastMail().Code)); a.JSON(t)["ChallengeName"] != "NEW_PASSWORD_REQUIRED" || len(f.LastMail().Code) < 31 {
		t.Error(a.Body)
	}
	fs.sources()
	if _, err := create("ann@example.com"); code(err) != "UsernameExistsException: An account with the given email already exists." {
		t.Error(err)
	}
	if got := fs.sources(); got != "" {
		t.Errorf("an address that is taken is asked about as %s", got)
	}
	if _, err := create("plain"); code(err) != "InvalidParameterException: Username should be an email." {
		t.Error(err)
	}
	_, err = admin.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{UserPoolId: pool, Username: aws.String("ann@example.com"), UserAttributes: attributes("email", "")})
	const name = "InvalidParameterException: Attributes did not conform to the schema: email: Attribute cannot be deleted, it is the user's name."
	if code(err) != name {
		t.Error(err)
	}
	_, err = admin.AdminDeleteUserAttributes(ctx, &cognitoidentityprovider.AdminDeleteUserAttributesInput{UserPoolId: pool, Username: aws.String("ann@example.com"), UserAttributeNames: []string{"email"}})
	if code(err) != name {
		t.Error(err)
	}
	if _, err := admin.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: pool, Username: made.User.Username}); err != nil {
		t.Error(err)
	}
}

func TestNobodyStandsInForAnothersSub(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	victim, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String("demouser")})
	if err != nil {
		t.Fatal(err)
	}
	sub := value(victim.UserAttributes, "sub")
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "mallory", Password: pooltest.Password, Attributes: map[string]string{"preferred_username": sub}})
	found, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String(sub)})
	if err != nil || *found.Username != "demouser" {
		t.Errorf("%v %v", found, err)
	}
}

func TestAnAliasIsTakenWhenTheAdministratorForcesIt(t *testing.T) {
	f := pooltest.New(t)
	admin := f.Administrator()
	_, err := admin.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{
		UserPoolId: pool, Username: aws.String("heir"), TemporaryPassword: aws.String("temporaryPASS1"), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: attributes("email", "demo@example.com", "email_verified", "true"), ForceAliasCreation: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Mail) != 0 {
		t.Error("a suppressed invitation was sent")
	}
	if a := f.API("InitiateAuth", pooltest.PasswordFlow("demo@example.com", "temporaryPASS1")); a.JSON(t)["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("the alias leads to %s", a.Body)
	}
	before, err := admin.AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String("demouser")})
	if err != nil || value(before.UserAttributes, "email_verified") != "false" || value(before.UserAttributes, "email") != "demo@example.com" {
		t.Errorf("%v %v", before, err)
	}
	f.SignIn("demouser", pooltest.Password)
}

// Of many who make the same user at once, one does.
func TestTwoAdministratorsMakeTheSameUser(t *testing.T) {
	f := pooltest.New(t)
	admin := f.Administrator()
	outcomes := make([]string, 8)
	var wg sync.WaitGroup
	for i := range outcomes {
		wg.Go(func() {
			_, err := admin.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{
				UserPoolId: pool, Username: aws.String("same"), UserAttributes: attributes("email", fmt.Sprintf("same%d@example.com", i)),
			})
			outcomes[i] = code(err)
		})
	}
	wg.Wait()
	made := 0
	for _, outcome := range outcomes {
		switch outcome {
		case "<nil>":
			made++
		case "UsernameExistsException: User account already exists":
		default:
			t.Errorf("got %s", outcome)
		}
	}
	if made != 1 || len(f.Mail) != 1 {
		t.Errorf("made %d times, with %d invitations", made, len(f.Mail))
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("same", "wrongPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
}

func TestPasswordsThatAnAdministratorSets(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	set := func(password string, permanent bool) error {
		_, err := admin.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: pool, Username: aws.String("demouser"), Password: aws.String(password), Permanent: permanent})
		return err
	}
	if got := code(set("weak", true)); !strings.HasPrefix(got, "InvalidPasswordException: Password did not conform with policy") {
		t.Error(got)
	}
	if err := set("permanentPASS1", true); err != nil {
		t.Fatal(err)
	}
	f.SignIn("demouser", "permanentPASS1")
	if err := set("temporaryPASS1", false); err != nil {
		t.Fatal(err)
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "permanentPASS1")), "NotAuthorizedException", pooltest.WrongPassword)
	if a := f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "temporaryPASS1")); a.JSON(t)["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Error(a.Body)
	}
	// A reset is for users who have chosen a password and can be reached.
	reset := func(name string) string {
		_, err := admin.AdminResetUserPassword(ctx, &cognitoidentityprovider.AdminResetUserPasswordInput{UserPoolId: pool, Username: aws.String(name)})
		return code(err)
	}
	if got := reset("demouser"); got != "NotAuthorizedException: User password cannot be reset in the current state." {
		t.Error(got)
	}
	if err := set("permanentPASS1", true); err != nil {
		t.Fatal(err)
	}
	refresh := f.SignIn("demouser", "permanentPASS1")["RefreshToken"]
	if got := reset("demouser"); got != "<nil>" {
		t.Fatal(got)
	}
	if a := f.API("InitiateAuth", pooltest.PasswordFlow("demouser", "permanentPASS1")); a.JSON(t)["__type"] != "PasswordResetRequiredException" {
		t.Error(a.Body)
	}
	if a := f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": refresh}}); a.JSON(t)["__type"] != "NotAuthorizedException" {
		t.Errorf("a refresh while the password is to be reset: %s", a.Body)
	}
	if a := f.API("ConfirmForgotPassword", m{"ClientId": pooltest.ClientID, "Username": "demouser", "ConfirmationCode": f.LastMail().Code, "Password": "afterPASS1"}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	f.SignIn("demouser", "afterPASS1")
	if got := reset("nobody"); got != "UserNotFoundException: User does not exist." {
		t.Error(got)
	}
}

func TestAnAdministratorConfirmsASignUp(t *testing.T) {
	f := pooltest.New(t)
	if a := f.API("SignUp", m{"ClientId": pooltest.ClientID, "Username": "sam", "Password": pooltest.Password, "UserAttributes": []m{{"Name": "email", "Value": "sam@example.com"}}}); a.Status != 200 {
		t.Fatal(a.Body)
	}
	confirm := func() string {
		_, err := f.Administrator().AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: pool, Username: aws.String("sam")})
		return code(err)
	}
	if got := confirm(); got != "<nil>" {
		t.Fatal(got)
	}
	claims, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("sam", pooltest.Password)["IdToken"].(string))
	if err != nil || claims.All["email_verified"] == true {
		t.Errorf("a confirmation without a code verifies the address: %v %v", claims.All, err)
	}
	if got := confirm(); got != "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED" {
		t.Error(got)
	}
}

func TestDisabledAndDeletedUsers(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	name := aws.String("demouser")
	refresh := func(token any) pooltest.Answer {
		return f.API("InitiateAuth", m{"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pooltest.ClientID, "AuthParameters": m{"REFRESH_TOKEN": token}})
	}
	tokens := f.SignIn("demouser", pooltest.Password)
	b := f.Browser()
	b.Code(nil)
	if _, err := admin.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: pool, Username: name}); err != nil {
		t.Fatal(err)
	}
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "User is disabled.")
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}), "NotAuthorizedException", "User is disabled.")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("demouser", pooltest.Password)), "NotAuthorizedException", "User is disabled.")
	if got := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t).Query().Get("error"); got != "login_required" {
		t.Errorf("the session of a disabled user: %q", got)
	}
	got, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: name})
	if err != nil || got.Enabled {
		t.Errorf("%v %v", got, err)
	}
	f.Advance(time.Second)
	if _, err := admin.AdminEnableUser(ctx, &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: pool, Username: name}); err != nil {
		t.Fatal(err)
	}
	// What was revoked stays revoked.
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has been revoked")
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}), "NotAuthorizedException", "Access Token has been revoked")
	tokens = f.SignIn("demouser", pooltest.Password)

	if _, err := admin.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: name}); err != nil {
		t.Fatal(err)
	}
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Refresh Token has been revoked")
	tokens = f.SignIn("demouser", pooltest.Password)

	if _, err := admin.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: pool, Username: name}); err != nil {
		t.Fatal(err)
	}
	pooltest.Refused(t, refresh(tokens["RefreshToken"]), "NotAuthorizedException", "Invalid Refresh Token")
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": tokens["AccessToken"]}), "UserNotFoundException", "User does not exist.")
	for _, err := range []error{
		second(admin.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: pool, Username: name})),
		second(admin.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: pool, Username: name})),
		second(admin.AdminEnableUser(ctx, &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: pool, Username: name})),
		second(admin.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: name})),
		second(admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: name})),
	} {
		if code(err) != "UserNotFoundException: User does not exist." {
			t.Errorf("got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAttributesThatAnAdministratorSets(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	update := func(pairs ...string) string {
		_, err := admin.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{UserPoolId: pool, Username: aws.String("demouser"), UserAttributes: attributes(pairs...)})
		return code(err)
	}
	remove := func(names ...string) string {
		_, err := admin.AdminDeleteUserAttributes(ctx, &cognitoidentityprovider.AdminDeleteUserAttributesInput{UserPoolId: pool, Username: aws.String("demouser"), UserAttributeNames: names})
		return code(err)
	}
	read := func() []types.AttributeType {
		u, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: aws.String("demouser")})
		if err != nil {
			t.Fatal(err)
		}
		return u.UserAttributes
	}
	// An address that is said to be verified is an alias at once; else a code is sent.
	if got := update("email", "one@example.com", "email_verified", "true", "name", "D"); got != "<nil>" || len(f.Mail) != 0 {
		t.Fatalf("%s, %d messages", got, len(f.Mail))
	}
	f.SignIn("one@example.com", pooltest.Password)
	if got := update("email", "two@example.com"); got != "<nil>" || f.LastMail().Destination != "two@example.com" {
		t.Fatal(got)
	}
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("two@example.com", pooltest.Password)), "NotAuthorizedException", pooltest.WrongPassword)
	if a := read(); value(a, "email_verified") != "false" || value(a, "name") != "D" {
		t.Errorf("%v", a)
	}
	if got := update("name", ""); got != "<nil>" || value(read(), "name") != "" {
		t.Error("an empty value does not take the attribute away: ", got)
	}
	if got := remove("email", "given_name"); got != "<nil>" {
		t.Error(got)
	}
	if a := read(); value(a, "email")+value(a, "email_verified")+value(a, "given_name") != "" {
		t.Errorf("%v", a)
	}
	for want, got := range map[string]string{
		"InvalidParameterException: Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.":   remove("custom:x"),
		"InvalidParameterException: Attributes did not conform to the schema: sub: Attribute cannot be deleted.":                   remove("sub"),
		"InvalidParameterException: Attributes did not conform to the schema: sub: The attribute cannot be set":                    update("sub", "x"),
		"InvalidParameterException: phone_number_verified is true, but the user has no phone_number.":                              update("phone_number_verified", "true"),
		"InvalidParameterException: Invalid phone number format.":                                                                  update("phone_number", "555"),
		"InvalidParameterException: Attributes did not conform to the schema: custom:y: Attribute does not exist in the schema.":   update("custom:y", "1"),
		"InvalidParameterException: Attributes did not conform to the schema: email_verified: The attribute must be true or false": update("email_verified", "1"),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: "other", Password: pooltest.Password, Attributes: map[string]string{"email": "other@example.com", "email_verified": "true"}})
	if got := update("email", "other@example.com", "email_verified", "true"); got != "AliasExistsException: An account with the given email already exists." {
		t.Error(got)
	}
}

func declareGroup(f *pooltest.Fixture, name string, precedence *int, role string) {
	f.T.Helper()
	g := userpool.UserGroup{Name: name, UserPoolID: pooltest.PoolID, Precedence: precedence, RoleARN: role, Description: "the " + name}
	f.Update(func(tx *store.Tx) error {
		if err := f.Pools.GroupDeclared(tx, pooltest.PoolID+"/"+name, g); err != nil {
			return err
		}
		return userpool.UserGroups.Put(tx, pooltest.PoolID+"/"+name, g)
	})
}

func TestGroupsOfUsers(t *testing.T) {
	f := pooltest.New(t)
	admin, ctx := f.Administrator(), t.Context()
	declareGroup(f, "admins", aws.Int(2), "arn:aws:iam::000000000000:role/admins")
	declareGroup(f, "zealots", aws.Int(1), "arn:aws:iam::000000000000:role/zealots")
	declareGroup(f, "editors", nil, "arn:aws:iam::000000000000:role/editors")
	add := func(group string) string {
		_, err := admin.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{UserPoolId: pool, Username: aws.String("demouser"), GroupName: aws.String(group)})
		return code(err)
	}
	claims := func() string {
		c, err := f.Pools.VerifyToken(pooltest.PoolID, f.SignIn("demouser", pooltest.Password)["IdToken"].(string))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(c.Groups, c.All["cognito:roles"], c.All["cognito:preferred_role"])
	}
	for _, group := range []string{"admins", "editors", "zealots", "admins"} {
		if got := add(group); got != "<nil>" {
			t.Fatal(got)
		}
	}
	const role = "arn:aws:iam::000000000000:role/"
	if got, want := claims(), fmt.Sprint([]string{"zealots", "admins", "editors"}, []any{role + "zealots", role + "admins", role + "editors"}, role+"zealots"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := add("none"); got != "ResourceNotFoundException: Group not found." {
		t.Error(got)
	}
	list, err := admin.AdminListGroupsForUser(ctx, &cognitoidentityprovider.AdminListGroupsForUserInput{UserPoolId: pool, Username: aws.String("demouser"), Limit: aws.Int32(2)})
	if err != nil || len(list.Groups) != 2 || *list.Groups[0].GroupName != "admins" || *list.Groups[1].GroupName != "editors" || list.NextToken == nil {
		t.Fatalf("%v %v", list, err)
	}
	rest, err := admin.AdminListGroupsForUser(ctx, &cognitoidentityprovider.AdminListGroupsForUserInput{UserPoolId: pool, Username: aws.String("demouser"), NextToken: list.NextToken})
	if err != nil || len(rest.Groups) != 1 || *rest.Groups[0].GroupName != "zealots" || rest.NextToken != nil {
		t.Fatalf("%v %v", rest, err)
	}
	if _, err := admin.ListGroups(ctx, &cognitoidentityprovider.ListGroupsInput{UserPoolId: pool, NextToken: list.NextToken}); code(err) != "InvalidParameterException: Invalid pagination token." {
		t.Errorf("a token of another list: %v", err)
	}
	if _, err := admin.AdminRemoveUserFromGroup(ctx, &cognitoidentityprovider.AdminRemoveUserFromGroupInput{UserPoolId: pool, Username: aws.String("demouser"), GroupName: aws.String("zealots")}); err != nil {
		t.Fatal(err)
	}
	if got, want := claims(), fmt.Sprint([]string{"admins", "editors"}, []any{role + "admins", role + "editors"}, role+"admins"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	g, err := admin.GetGroup(ctx, &cognitoidentityprovider.GetGroupInput{UserPoolId: pool, GroupName: aws.String("admins")})
	if err != nil || *g.Group.Precedence != 2 || *g.Group.Description != "the admins" || *g.Group.RoleArn != role+"admins" || *g.Group.UserPoolId != pooltest.PoolID || !g.Group.CreationDate.Equal(f.Clock()) {
		t.Errorf("%+v %v", g, err)
	}
	if _, err := admin.GetGroup(ctx, &cognitoidentityprovider.GetGroupInput{UserPoolId: pool, GroupName: aws.String("none")}); code(err) != "ResourceNotFoundException: Group not found." {
		t.Error(err)
	}
	all, err := admin.ListGroups(ctx, &cognitoidentityprovider.ListGroupsInput{UserPoolId: pool})
	if err != nil || len(all.Groups) != 3 {
		t.Errorf("%v %v", all, err)
	}
	members, err := admin.ListUsersInGroup(ctx, &cognitoidentityprovider.ListUsersInGroupInput{UserPoolId: pool, GroupName: aws.String("admins")})
	if err != nil || len(members.Users) != 1 || *members.Users[0].Username != "demouser" {
		t.Errorf("%v %v", members, err)
	}
	members, err = admin.ListUsersInGroup(ctx, &cognitoidentityprovider.ListUsersInGroupInput{UserPoolId: pool, GroupName: aws.String("zealots")})
	if err != nil || len(members.Users) != 0 {
		t.Errorf("%v %v", members, err)
	}
	if _, err := admin.ListUsersInGroup(ctx, &cognitoidentityprovider.ListUsersInGroupInput{UserPoolId: pool, GroupName: aws.String("none")}); code(err) != "ResourceNotFoundException: Group not found." {
		t.Error(err)
	}
}
