package awstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auth-api/infra/localaws/awstest"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A machine calls a route by a custom scope, and only with that scope.
func TestAMachineCallsByItsScopes(t *testing.T) {
	const orders = "https://orders.example.com"
	s := awstest.Deploy(t, awstest.Article(t))
	machine := func(ctx *pulumi.Context, name string, scopes pulumi.StringArrayInput) (*cognito.UserPoolClient, error) {
		return cognito.NewUserPoolClient(ctx, name, &cognito.UserPoolClientArgs{
			UserPoolId: pulumi.String(s.Outputs.UserPoolID), GenerateSecret: pulumi.Bool(true), AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
			AllowedOauthFlows: pulumi.ToStringArray([]string{"client_credentials"}), AllowedOauthScopes: scopes,
		})
	}
	out := awstest.Run(t, s.AWS, func(ctx *pulumi.Context) (pulumi.Map, error) {
		server, err := cognito.NewResourceServer(ctx, "orders", &cognito.ResourceServerArgs{
			UserPoolId: pulumi.String(s.Outputs.UserPoolID), Identifier: pulumi.String(orders), Name: pulumi.String("orders"),
			Scopes: cognito.ResourceServerScopeArray{
				cognito.ResourceServerScopeArgs{ScopeName: pulumi.String("read"), ScopeDescription: pulumi.String("read orders")},
				cognito.ResourceServerScopeArgs{ScopeName: pulumi.String("write"), ScopeDescription: pulumi.String("change orders")},
			},
		})
		if err != nil {
			return nil, err
		}
		client, err := machine(ctx, "machine", server.ScopeIdentifiers)
		if err != nil {
			return nil, err
		}
		api, err := apigateway.NewRestApi(ctx, "api", &apigateway.RestApiArgs{Name: pulumi.String("orders"), Body: pulumi.Sprintf(`{"openapi": "3.0.1", "info": {"title": "orders", "version": "1"},
			"paths": {"/orders": {"get": {"security": [{"users": ["%s/read"]}], "responses": {"200": {"description": ""}}, "x-amazon-apigateway-integration": {
				"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "passthroughBehavior": "when_no_match", "responses": {"default": {"statusCode": "200"}}}}}},
			"components": {"securitySchemes": {"users": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
				"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:%s:%s:userpool/%s"]}}}}}`,
			orders, s.Outputs.Region, s.AWS.Account, s.Outputs.UserPoolID)})
		if err != nil {
			return nil, err
		}
		deployment, err := apigateway.NewDeployment(ctx, "deployment", &apigateway.DeploymentArgs{RestApi: api.ID()})
		if err != nil {
			return nil, err
		}
		_, err = apigateway.NewStage(ctx, "stage", &apigateway.StageArgs{RestApi: api.ID(), Deployment: deployment.ID(), StageName: pulumi.String("v1")})
		return pulumi.Map{"id": client.ID(), "secret": client.ClientSecret, "scopes": server.ScopeIdentifiers, "server": server.ID(), "api": api.ID()}, err
	})
	other := *s
	other.Outputs.APIURL = s.AWS.URL() + "/execute-api/" + out["api"].(string) + "/v1"
	if scopes, _ := json.Marshal(out["scopes"]); string(scopes) != `["`+orders+`/read","`+orders+`/write"]` || out["server"] != s.Outputs.UserPoolID+"|"+orders {
		t.Fatalf("%v", out)
	}
	token := func(scope string) string {
		t.Helper()
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Outputs.HostedUIURL+"/oauth2/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(out["id"].(string), out["secret"].(string))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(body, &answer) != nil || resp.StatusCode != 200 {
			t.Fatalf("%d %s %v", resp.StatusCode, body, err)
		}
		return answer.AccessToken
	}
	call := func(token string) awstest.Answer {
		nobody := other.Nobody()
		req := nobody.Request("GET", "/orders", "")
		req.Header.Set("Authorization", token)
		return nobody.Send(req)
	}
	if a := call(token(orders + "/read")); a.Status != 200 {
		t.Errorf("with the scope: %s", a)
	}
	if a := call(token(orders + "/write")); a.Status != 401 {
		t.Errorf("with another scope: %s", a)
	}
	if a := call(s.As(s.Outputs.DemoUser).Tokens.Access); a.Status != 401 {
		t.Errorf("a user without the scope: %s", a)
	}
	if _, err := awstest.TryRun(s.AWS, func(ctx *pulumi.Context) (pulumi.Map, error) {
		_, err := machine(ctx, "greedy", pulumi.ToStringArray([]string{orders + "/delete"}))
		return nil, err
	}); err == nil || !strings.Contains(err.Error(), "ScopeDoesNotExistException") {
		t.Errorf("a scope that is not declared: %v", err)
	}
}

// Who may call is decided by a tag of the session, which comes from a claim of the user.
func TestATagDecidesWhoCalls(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	parts := strings.Split(strings.TrimPrefix(s.Outputs.APIURL, s.AWS.URL()), "/") // /execute-api/API/STAGE
	methods := "arn:aws:execute-api:" + s.Outputs.Region + ":" + s.AWS.Account + ":" + parts[2] + "/" + parts[3] + "/GET/require-auth"
	declare := func(name, actions, username string) *awstest.Stack {
		t.Helper()
		out := awstest.Run(t, s.AWS, func(ctx *pulumi.Context) (pulumi.Map, error) {
			provider := "cognito-idp." + s.Outputs.Region + ".amazonaws.com/" + s.Outputs.UserPoolID
			pool, err := cognito.NewIdentityPool(ctx, name, &cognito.IdentityPoolArgs{
				IdentityPoolName: pulumi.String(name),
				CognitoIdentityProviders: cognito.IdentityPoolCognitoIdentityProviderArray{
					cognito.IdentityPoolCognitoIdentityProviderArgs{ClientId: pulumi.String(s.Outputs.UserPoolClientID), ProviderName: pulumi.String(provider)},
				},
			})
			if err != nil {
				return nil, err
			}
			role, err := iam.NewRole(ctx, name, &iam.RoleArgs{AssumeRolePolicy: pulumi.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": %s,
				"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": {
					"StringEquals": {"cognito-identity.amazonaws.com:aud": "%s"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}}`, actions, pool.ID())})
			if err != nil {
				return nil, err
			}
			_, err = iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.Sprintf(`{"Version": "2012-10-17", "Statement": {
				"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "%s", "Condition": {"StringEquals": {"aws:PrincipalTag/who": "%s"}}}}`, methods, username)})
			if err != nil {
				return nil, err
			}
			if _, err = cognito.NewIdentityPoolRoleAttachment(ctx, name, &cognito.IdentityPoolRoleAttachmentArgs{
				IdentityPoolId: pool.ID(), Roles: pulumi.StringMap{"authenticated": role.Arn},
			}); err != nil {
				return nil, err
			}
			tags, err := cognito.NewIdentityPoolProviderPrincipalTag(ctx, name, &cognito.IdentityPoolProviderPrincipalTagArgs{
				IdentityPoolId: pool.ID(), IdentityProviderName: pulumi.String(provider), PrincipalTags: pulumi.StringMap{"who": pulumi.String("cognito:username")},
			})
			if err != nil {
				return nil, err
			}
			return pulumi.Map{"pool": pool.ID(), "tags": tags.ID()}, nil
		})
		other := *s
		other.Outputs.IdentityPoolID = out["pool"].(string)
		if want := other.Outputs.IdentityPoolID + ":cognito-idp."; !strings.HasPrefix(out["tags"].(string), want) {
			t.Errorf("the mapping's id is %v, want %s…", out["tags"], want)
		}
		return &other
	}
	const both = `["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]`
	demo := s.Outputs.DemoUser
	if a := declare("hers", both, demo).As(demo).Get("/require-auth"); a.Status != 200 {
		t.Errorf("with the tag: %s", a)
	}
	if a := declare("others", both, "somebody").As(demo).Get("/require-auth"); a.Status != 403 {
		t.Errorf("with another's tag: %s", a)
	}
	untagged := declare("untagged", `"sts:AssumeRoleWithWebIdentity"`, demo)
	tokens, err := untagged.Directory().SignIn(t.Context(), demo, s.Outputs.DemoPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := untagged.Directory().Credentials(t.Context(), tokens.ID); err == nil || !strings.Contains(err.Error(), "Check assigned IAM roles for this pool") {
		t.Errorf("without sts:TagSession: %v", err)
	}
}

// Identity providers are declared as the SDK does it, and the secret is in no refusal.
func TestIdentityProvidersOfAProgram(t *testing.T) {
	aws := awstest.Start(t)
	program := func(secret, issuer string) awstest.Program {
		return func(ctx *pulumi.Context) (pulumi.Map, error) {
			pool, err := cognito.NewUserPool(ctx, "users", &cognito.UserPoolArgs{})
			if err != nil {
				return nil, err
			}
			provider, err := cognito.NewIdentityProvider(ctx, "corporate", &cognito.IdentityProviderArgs{
				UserPoolId: pool.ID(), ProviderName: pulumi.String("Corporate"), ProviderType: pulumi.String("OIDC"),
				ProviderDetails: pulumi.StringMap{
					"client_id": pulumi.String("id"), "client_secret": pulumi.ToSecret(pulumi.String(secret)).(pulumi.StringOutput), "authorize_scopes": pulumi.String("openid"),
					"attributes_request_method": pulumi.String("GET"), "oidc_issuer": pulumi.String(issuer),
				},
			})
			if err != nil {
				return nil, err
			}
			_, err = cognito.NewUserPoolClient(ctx, "app", &cognito.UserPoolClientArgs{
				UserPoolId: pool.ID(), SupportedIdentityProviders: pulumi.StringArray{provider.ProviderName},
			})
			return pulumi.Map{"id": provider.ID(), "mapping": provider.AttributeMapping, "pool": pool.ID()}, err
		}
	}
	out := awstest.Run(t, aws, program("hidden-secret", "https://idp.example.com"))
	if mapping, _ := json.Marshal(out["mapping"]); string(mapping) != `{"username":"sub"}` || out["id"] != out["pool"].(string)+":Corporate" {
		t.Errorf("%v", out)
	}
	if _, err := awstest.TryRun(aws, program("hidden-secret", "http://idp.example.com")); err == nil || !strings.Contains(err.Error(), "http is legal on loopback alone") || strings.Contains(err.Error(), "hidden-secret") {
		t.Errorf("%v", err)
	}
}
