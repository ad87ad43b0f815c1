package hosted_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/internal/pooltest"
	"auth-api/infra/localaws/userpool/schema"
)

func TestFederatedUsersHaveNoPassword(t *testing.T) {
	f, _ := federated(t)
	b := f.Browser()
	set := tokens(t, b, b.Federate(m{"identity_provider": pooltest.ProviderName, "scope": "openid"}))
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(adasName, "")), "InvalidParameterException", "Missing required parameter PASSWORD")
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow(adasName, "x")), "NotAuthorizedException", pooltest.WrongPassword)
	if _, _, err := pooltest.SRP(f, adasName, "x", nil, pooltest.ClientID, nil); err == nil {
		t.Error("SRP lets a federated user in")
	}
	pooltest.Refused(t, f.API("ForgotPassword", m{"ClientId": pooltest.ClientID, "Username": adasName}), "NotAuthorizedException", "User password cannot be reset in the current state.")
	// Nor does an address that the provider names lead to the user.
	pooltest.Refused(t, f.API("InitiateAuth", pooltest.PasswordFlow("ada@corporate.example.com", "x")), "NotAuthorizedException", pooltest.WrongPassword)
	// Without the scope the user's own operations are not for the token.
	pooltest.Refused(t, f.API("GetUser", m{"AccessToken": set["access_token"]}), "NotAuthorizedException", "Access Token does not have required scopes")
	// An administrator may disable the user, and give a password that then is one.
	ctx, admin := context.Background(), f.Administrator()
	pool, name := aws.String(pooltest.PoolID), aws.String(adasName)
	got, err := admin.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: pool, Username: name})
	if err != nil || got.UserStatus != types.UserStatusTypeExternalProvider || !slices.ContainsFunc(got.UserAttributes, func(a types.AttributeType) bool {
		return *a.Name == "identities" && strings.Contains(*a.Value, `"userId":"248289761001"`)
	}) {
		t.Errorf("%+v %v", got, err)
	}
	_, err = admin.AdminResetUserPassword(ctx, &cognitoidentityprovider.AdminResetUserPasswordInput{UserPoolId: pool, Username: name})
	pooltest.NotAuthorized(t, err, "User password cannot be reset in the current state.")
	if _, err := admin.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: pool, Username: name, Password: aws.String(pooltest.Password)}); err == nil {
		t.Error("a temporary password is given")
	}
	if _, err := admin.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: pool, Username: name, Password: aws.String(pooltest.Password), Permanent: true}); err != nil {
		t.Fatal(err)
	}
	f.SignIn(adasName, pooltest.Password)
	again := m{"identity_provider": pooltest.ProviderName, "prompt": "login"}
	tokens(t, b, b.Federate(again))
	if _, err := admin.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: pool, Username: name}); err != nil {
		t.Fatal(err)
	}
	if to := b.Federate(again); to.Query().Get("error_description") != "User is disabled." {
		t.Errorf("a disabled user is led to %s", to)
	}
}

// A second factor of the pool is for the pool's own users.
func TestFederatedUsersShowNoSecondFactor(t *testing.T) {
	f := pooltest.New(t)
	p := f.OpenIDProvider(ada())
	f.Declare(pooltest.PoolID, pooltest.MFAPool("ON"))
	f.DeclareProvider(p.Declaration())
	b := f.Browser()
	tokens(t, b, b.Federate(nil))
	if to := b.Get("/oauth2/authorize?" + pooltest.AuthorizeQuery(m{"prompt": "none"})).Location(t); to.Query().Get("code") == "" {
		t.Errorf("the browser is not signed in: %s", to)
	}
}

func TestFunctionsOfAFederatedSignIn(t *testing.T) {
	f := pooltest.New(t)
	p := f.OpenIDProvider(ada())
	const arn = "arn:aws:lambda:us-west-2:000000000000:function:trigger"
	pool := pooltest.Pool()
	pool.LambdaConfig = &userpool.LambdaConfig{PreSignUp: arn, PostConfirmation: arn, PreTokenGeneration: arn, PreAuthentication: arn, PostAuthentication: arn}
	f.Declare(pooltest.PoolID, pool)
	f.DeclareProvider(p.Declaration())
	var sources []string
	refuse := ""
	f.SetFunction(func(_ string, event []byte, _ string) ([]byte, string, error) {
		var e struct {
			TriggerSource, UserName string
			Request                 struct{ UserAttributes map[string]string }
		}
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, "", err
		}
		sources = append(sources, e.TriggerSource)
		if e.UserName != adasName || e.Request.UserAttributes["email"] != "ada@corporate.example.com" {
			t.Errorf("%s", event)
		}
		if e.TriggerSource == refuse {
			return []byte(`{"errorMessage":"not you"}`), "Unhandled", nil
		}
		return event, "", nil
	})
	b := f.Browser()
	refuse = "PreSignUp_ExternalProvider"
	if to := b.Federate(nil); to.Query().Get("error") != "invalid_request" || to.Query().Get("error_description") != "PreSignUp failed with error not you." {
		t.Errorf("to %s", to)
	}
	if _, there := user(t, f, adasName); there {
		t.Error("a user whom PreSignUp refuses is there")
	}
	refuse, sources = "", nil
	tokens(t, b, b.Federate(nil))
	if want := []string{"PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp", "TokenGeneration_HostedAuth"}; !slices.Equal(sources, want) {
		t.Errorf("the functions are told of %v, want %v", sources, want)
	}
	sources = nil
	tokens(t, b, b.Federate(m{"identity_provider": pooltest.ProviderName, "prompt": "login"}))
	if want := []string{"PostAuthentication_Authentication", "TokenGeneration_HostedAuth"}; !slices.Equal(sources, want) {
		t.Errorf("the functions are told of %v, want %v", sources, want)
	}
	refuse = "TokenGeneration_HostedAuth"
	if to := b.Federate(m{"identity_provider": pooltest.ProviderName, "prompt": "login"}); to.Query().Get("code") != "" || to.Query().Get("error") != "invalid_request" {
		t.Errorf("to %s", to)
	}
}

// A name in the pool that a provider's user would have is not taken over, whoever has it.
func TestNobodyIsTakenOver(t *testing.T) {
	f, _ := federated(t)
	f.DeclareUser(userpool.DeclaredUser{UserPoolID: pooltest.PoolID, Username: adasName, Password: pooltest.Password, MessageAction: "SUPPRESS"})
	b := f.Browser()
	if to := b.Federate(nil); to.Query().Get("error_description") != "Already found an entry for username "+adasName {
		t.Errorf("to %s", to)
	}
	// An address of the pool's own user stays that user's.
	f2, p2 := federated(t)
	d := p2.Declaration()
	d.AttributeMapping["email_verified"] = "email_verified"
	f2.DeclareProvider(d)
	p2.Set(func(p *pooltest.OpenIDProvider) { p.Claims["email"] = "demo@example.com" })
	b2 := f2.Browser()
	set := tokens(t, b2, b2.Federate(nil))
	id, err := f2.Pools.VerifyToken(pooltest.PoolID, set["id_token"].(string))
	if err != nil || id.Username != adasName || id.All["email_verified"] != true {
		t.Errorf("%v %v", id.All, err)
	}
	f2.SignIn("demo@example.com", pooltest.Password)
}

func TestAttributesThatArePoolsConcern(t *testing.T) {
	begin := func(change func(*userpool.Pool, *userpool.Client, *userpool.IdentityProvider)) (*pooltest.Fixture, *pooltest.OpenIDProvider, *pooltest.Browser) {
		t.Helper()
		f := pooltest.New(t)
		p := f.OpenIDProvider(ada())
		pool, d := pooltest.Pool(), p.Declaration()
		c := pooltest.Client()
		change(&pool, &c, &d)
		f.Declare(pooltest.PoolID, pool)
		f.DeclareProvider(d)
		c.SupportedIdentityProviders = []string{"COGNITO", d.Name}
		f.DeclareClient(pooltest.ClientID, c)
		return f, p, f.Browser()
	}
	_, p, b := begin(func(p *userpool.Pool, _ *userpool.Client, d *userpool.IdentityProvider) {
		p.Schemas = schema.List{{Name: "email", AttributeDataType: "String", Required: true, Mutable: true}, {Name: "name", AttributeDataType: "String", Required: true, Mutable: true}}
		d.AttributeMapping["name"] = "name"
	})
	p.Set(func(p *pooltest.OpenIDProvider) { delete(p.Claims, "email") })
	if to := b.Federate(nil); to.Query().Get("error") != "invalid_request" || to.Query().Get("error_description") != "attributes required: [email, name]" {
		t.Errorf("to %s", to)
	}
	_, _, b = begin(func(_ *userpool.Pool, c *userpool.Client, _ *userpool.IdentityProvider) {
		c.WriteAttributes = []string{"email"}
	})
	if to := b.Federate(nil); to.Query().Get("error_description") != "A client attempted to write unauthorized attribute" {
		t.Errorf("to %s", to)
	}
	_, p, b = begin(func(p *userpool.Pool, c *userpool.Client, d *userpool.IdentityProvider) {
		p.Schemas = schema.List{{Name: "staff_verified", AttributeDataType: "String", Mutable: true}}
		c.WriteAttributes = []string{"email", "given_name"}
		d.AttributeMapping = map[string]string{"username": "sub", "email": "email", "custom:staff_verified": "staff"}
	})
	p.Set(func(p *pooltest.OpenIDProvider) { p.Claims["staff"] = "true" })
	if to := b.Federate(nil); to.Query().Get("error_description") != "A client attempted to write unauthorized attribute" {
		t.Errorf("an attribute of the pool's own whose name ends as email_verified does: to %s", to)
	}
	f, _, b := begin(func(p *userpool.Pool, _ *userpool.Client, d *userpool.IdentityProvider) {
		p.Schemas = schema.List{{Name: "employee", AttributeDataType: "String"}, {Name: "roles", AttributeDataType: "String", Mutable: true}}
		d.AttributeMapping = map[string]string{"username": "sub", "custom:employee": "given_name"}
	})
	tokens(t, b, b.Federate(nil))
	if to := b.Federate(m{"identity_provider": pooltest.ProviderName, "prompt": "login"}); to.Query().Get("error_description") != "user.custom:employee: Attribute cannot be updated." {
		t.Errorf("an attribute that cannot change: to %s", to)
	}
	if u, _ := user(t, f, adasName); u.Attributes["custom:employee"] != "Ada" {
		t.Errorf("%v", u.Attributes)
	}
	f, p, b = begin(func(p *userpool.Pool, _ *userpool.Client, d *userpool.IdentityProvider) {
		p.Schemas = schema.List{{Name: "roles", AttributeDataType: "String", Mutable: true}}
		d.AttributeMapping = map[string]string{"username": "sub", "custom:roles": "roles", "address": "address"}
	})
	p.Set(func(p *pooltest.OpenIDProvider) {
		p.Claims["roles"], p.Claims["address"] = []string{"a", "b"}, m{"formatted": "1 St James's Square"}
	})
	tokens(t, b, b.Federate(nil))
	if u, _ := user(t, f, adasName); u.Attributes["custom:roles"] != `["a","b"]` || u.Attributes["address"] != "1 St James's Square" {
		t.Errorf("%v", u.Attributes)
	}
}
