package identity_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/pquerna/otp/totp"

	"auth-api/infra/internal/sdkhttp"
	"auth-api/infra/localaws/awstest"
)

const password = "Correct-horse-1"

type m = map[string]any

// with is the article's stack with these settings of identity, and these routes.
func with(t *testing.T, identity m, routes ...m) awstest.Settings {
	t.Helper()
	settings := awstest.Article(t)
	all, ok := settings["identity"].(m)
	if !ok {
		t.Fatalf("the article's identity is %v", settings["identity"])
	}
	for name, value := range identity {
		all[name] = value
	}
	if len(routes) > 0 {
		settings["routes"] = routes
	}
	return settings
}

func iamRoute(path string, callers ...string) m {
	return m{"method": "GET", "path": path, "function": "require-auth", "authorization": "AWS_IAM", "callers": callers}
}

// people is the user pool as its administrator and as its users ask it.
type people struct {
	t *testing.T
	*cognitoidentityprovider.Client
	pool, client *string
}

func peopleOf(t *testing.T, s *awstest.Stack) people {
	return people{t, cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: s.Outputs.Region, BaseEndpoint: aws.String(s.AWS.URL()), RetryMaxAttempts: 1, HTTPClient: sdkhttp.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), aws.String(s.Outputs.UserPoolID), aws.String(s.Outputs.UserPoolClientID)}
}

// add makes a user with a password and these attributes, who is in these groups.
func (p people) add(name string, attributes map[string]string, groups ...string) {
	p.t.Helper()
	ctx := p.t.Context()
	list := []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}
	for attribute, value := range attributes {
		list = append(list, types.AttributeType{Name: aws.String(attribute), Value: aws.String(value)})
	}
	_, err := p.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: p.pool, Username: aws.String(name), MessageAction: types.MessageActionTypeSuppress, UserAttributes: list})
	if err == nil {
		_, err = p.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: p.pool, Username: aws.String(name), Password: aws.String(password), Permanent: true})
	}
	for _, group := range groups {
		if err == nil {
			_, err = p.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{UserPoolId: p.pool, Username: aws.String(name), GroupName: aws.String(group)})
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// code is the name and words of what the API refused with; empty: nothing.
func code(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode() + ": " + refused.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Who may call what, by the groups that a user is in.
func TestGroupsMayCallWhatNamesThem(t *testing.T) {
	groups := m{"admins": m{"precedence": 1, "description": "Who looks after it"}, "editors": m{"precedence": 2}, "writers": m{"precedence": 2}, "readers": m{}}
	routes := []m{
		iamRoute("/all", "authenticated"), iamRoute("/admins", "admins"), iamRoute("/editors", "editors"),
		iamRoute("/both", "admins", "editors"), iamRoute("/guests", "guest"), iamRoute("/readers/{id}", "readers"),
	}
	paths := []string{"/all", "/admins", "/editors", "/both", "/guests", "/readers/1"}
	table := []struct {
		user   string
		groups []string
		may    map[string]string // by ambiguousRole: the paths; "-": no credentials
	}{
		{"nobody", nil, map[string]string{"authenticated": "/all", "deny": "-"}},
		{"admin", []string{"admins"}, map[string]string{"authenticated": "/all /admins /both", "deny": "/all /admins /both"}},
		{"editor", []string{"editors"}, map[string]string{"authenticated": "/all /editors /both", "deny": "/all /editors /both"}},
		{"reader", []string{"readers"}, map[string]string{"authenticated": "/all /readers/1", "deny": "/all /readers/1"}},
		// One role alone: that of the lowest precedence, and where two tie, none of theirs.
		{"chief", []string{"editors", "admins", "readers"}, map[string]string{"authenticated": "/all /admins /both", "deny": "/all /admins /both"}},
		{"author", []string{"writers", "editors"}, map[string]string{"authenticated": "/all", "deny": "-"}},
	}
	for _, ambiguous := range []string{"authenticated", "deny"} {
		t.Run(ambiguous, func(t *testing.T) {
			s := awstest.Deploy(t, with(t, m{"groups": groups, "ambiguousRole": ambiguous, "demoGroups": []string{"admins"}}, routes...))
			users := peopleOf(t, s)
			for _, row := range table {
				users.add(row.user, nil, row.groups...)
				tokens, err := s.Directory().SignIn(t.Context(), row.user, password)
				if err != nil {
					t.Fatal(err)
				}
				identity, err := s.Directory().Credentials(t.Context(), tokens.ID)
				may := "-"
				if err == nil {
					may = allowed(t, &awstest.Caller{Stack: s, Tokens: tokens, Identity: identity, APIKey: s.Outputs.APIKey}, paths)
				}
				if may != row.may[ambiguous] {
					t.Errorf("%s may call %q, want %q (%v)", row.user, may, row.may[ambiguous], err)
				}
			}
			if may := allowed(t, s.As(s.Outputs.DemoUser), paths); may != "/all /admins /both" {
				t.Errorf("the demo user, an admin, may call %q", may)
			}
			if may := allowed(t, s.Guest(), paths); may != "/guests" {
				t.Errorf("guests may call %q", may)
			}
		})
	}
}

// allowed are the paths that answer the caller; the others must be refused by IAM.
func allowed(t *testing.T, c *awstest.Caller, paths []string) string {
	t.Helper()
	var out []string
	for _, path := range paths {
		switch answer := c.Get(path); {
		case answer.Status == 200:
			out = append(out, path)
		case answer.Status != 403 || answer.Type != "AccessDeniedException":
			t.Errorf("%s answers %s", path, answer)
		}
	}
	return strings.Join(out, " ")
}

// Where a second factor is required, a password alone opens nothing: who has none sets
// one up, and is asked for its code from then on.
func TestARequiredSecondFactorIsAskedFor(t *testing.T) {
	s := awstest.Deploy(t, with(t, m{"mfa": "REQUIRED", "userPasswordAuth": true}))
	users := peopleOf(t, s)
	users.add("ann", nil)
	ctx, name := t.Context(), aws.String("ann")
	begin := func() *cognitoidentityprovider.InitiateAuthOutput {
		t.Helper()
		out, err := users.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: users.client,
			AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": password}})
		if err != nil {
			t.Fatal(err)
		}
		if out.AuthenticationResult != nil {
			t.Fatal("a password alone signed in")
		}
		return out
	}
	first := begin()
	if first.ChallengeName != types.ChallengeNameTypeMfaSetup {
		t.Fatalf("the pool asks for %s", first.ChallengeName)
	}
	setUp, err := users.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{Session: first.Session})
	if err != nil {
		t.Fatal(err)
	}
	codeAt := func(later time.Duration) *string {
		code, err := totp.GenerateCode(aws.ToString(setUp.SecretCode), s.AWS.Now().Add(later))
		if err != nil {
			t.Fatal(err)
		}
		return aws.String(code)
	}
	verified, err := users.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{Session: setUp.Session, UserCode: codeAt(0)})
	if err != nil {
		t.Fatal(err)
	}
	done, err := users.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{ChallengeName: types.ChallengeNameTypeMfaSetup,
		ClientId: users.client, Session: verified.Session, ChallengeResponses: map[string]string{"USERNAME": aws.ToString(name)}})
	if err != nil || done.AuthenticationResult == nil {
		t.Fatalf("after the set-up: %v, %v", done, err)
	}

	second := begin()
	if second.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa {
		t.Fatalf("the pool asks for %s", second.ChallengeName)
	}
	s.Advance(30 * time.Second)
	done, err = users.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{ChallengeName: second.ChallengeName, ClientId: users.client,
		Session: second.Session, ChallengeResponses: map[string]string{"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": aws.ToString(codeAt(0))}})
	if err != nil || done.AuthenticationResult == nil {
		t.Fatalf("with a code: %v, %v", done, err)
	}
}

// With rotation a refresh gives a new refresh token, and the old one opens nothing.
func TestARefreshTokenIsTakenOnce(t *testing.T) {
	s := awstest.Deploy(t, with(t, m{"tier": "ESSENTIALS", "tokens": m{"rotation": true, "accessMinutes": 5}}))
	users, user := peopleOf(t, s), s.As(s.Outputs.DemoUser)
	refresh := func(token string) (*types.AuthenticationResultType, string) {
		out, err := users.GetTokensFromRefreshToken(t.Context(), &cognitoidentityprovider.GetTokensFromRefreshTokenInput{ClientId: users.client, RefreshToken: aws.String(token)})
		if err != nil {
			return nil, code(err)
		}
		return out.AuthenticationResult, ""
	}
	next, refused := refresh(user.Tokens.Refresh)
	if next == nil || aws.ToString(next.RefreshToken) == "" || aws.ToString(next.RefreshToken) == user.Tokens.Refresh || next.ExpiresIn != 300 {
		t.Fatalf("the first refresh: %v %s", next, refused)
	}
	if _, refused := refresh(user.Tokens.Refresh); !strings.HasPrefix(refused, "RefreshTokenReuseException") {
		t.Errorf("the old token again: %q", refused)
	}
	_, err := users.InitiateAuth(t.Context(), &cognitoidentityprovider.InitiateAuthInput{AuthFlow: types.AuthFlowTypeRefreshTokenAuth, ClientId: users.client,
		AuthParameters: map[string]string{"REFRESH_TOKEN": aws.ToString(next.RefreshToken)}})
	if err == nil {
		t.Error("the flow REFRESH_TOKEN_AUTH gave tokens")
	}
}

func tagged(path, team string) m {
	route := iamRoute(path, "authenticated")
	route["callerTags"] = m{"team": team}
	return route
}

// What users may not set themselves they cannot set, neither when they register nor
// later, and the tags of their credentials follow what the administrator set.
func TestTagsFollowWhatUsersCannotSet(t *testing.T) {
	s := awstest.Deploy(t, with(t, m{
		"attributes":       m{"team": m{"max": 20}, "motto": m{"writable": true}},
		"principalTags":    m{"team": "custom:team"},
		"groups":           m{"admins": m{}},
		"userPasswordAuth": true,
	}, iamRoute("/all", "authenticated"), iamRoute("/{any}", "authenticated"), tagged("/shop", "shop"), tagged("/bank", "bank"), iamRoute("/admins", "admins")))
	users := peopleOf(t, s)
	users.add("ann", map[string]string{"custom:team": "shop"})
	users.add("bob", map[string]string{"custom:team": "bank"})
	users.add("eve", nil)
	users.add("chief", map[string]string{"custom:team": "bank"}, "admins")
	for user, want := range map[string]string{"ann": "/all /other /shop", "bob": "/all /other /bank", "eve": "/all /other", "chief": "/all /other /bank /admins"} {
		if may := allowed(t, s.SignIn(user, password), []string{"/all", "/other", "/shop", "/bank", "/admins"}); may != want {
			t.Errorf("%s may call %q, want %q", user, may, want)
		}
	}

	bob := s.SignIn("bob", password)
	for attribute, refusal := range map[string]string{"custom:motto": "", "custom:team": "NotAuthorizedException"} {
		list := []types.AttributeType{{Name: aws.String(attribute), Value: aws.String("shop")}}
		_, err := users.UpdateUserAttributes(t.Context(), &cognitoidentityprovider.UpdateUserAttributesInput{AccessToken: aws.String(bob.Tokens.Access), UserAttributes: list})
		if got := code(err); refusal == "" && got != "" || !strings.HasPrefix(got, refusal) {
			t.Errorf("setting %s: %q", attribute, got)
		}
		_, err = users.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: users.client, Username: aws.String("mallory-" + attribute[7:]), Password: aws.String(password),
			UserAttributes: append(list, types.AttributeType{Name: aws.String("email"), Value: aws.String("mallory@example.com")})})
		if got := code(err); refusal == "" && got != "" || !strings.HasPrefix(got, refusal) {
			t.Errorf("registering with %s: %q", attribute, got)
		}
	}
}

// A trigger is asked, and what it refuses is refused.
func TestATriggerIsAsked(t *testing.T) {
	settings := with(t, m{"triggers": m{"preSignUp": "trigger", "preTokenGeneration": "trigger"}, "userPasswordAuth": true, "demoUser": "ann"},
		m{"method": "GET", "path": "/", "function": "trigger", "public": true})
	delete(settings, "functions") // of the repository's own
	delete(settings, "web")
	s := awstest.DeployIn(t, "../localaws/testdata", settings)
	users := peopleOf(t, s)
	for email, want := range map[string]string{
		"bob@example.com":     "",
		"eve@blocked.example": "UserLambdaValidationException: PreSignUp failed with error this domain is not welcome.",
	} {
		name, _, _ := strings.Cut(email, "@")
		_, err := users.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: users.client, Username: aws.String(name), Password: aws.String(password),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(email)}}})
		if got := code(err); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
	bob := s.SignIn("bob", password)
	claims, err := s.AWS.UserPools.VerifyToken(s.Outputs.UserPoolID, bob.Tokens.ID)
	if err != nil || fmt.Sprint(claims.All["greeting"]) != "hello bob" {
		t.Errorf("the claims are %v, %v", claims.All, err)
	}
}
