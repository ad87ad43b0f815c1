package access_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/awstest"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// world is a stack of a test's own. Policies are IAM documents, in which API stands for
// the API's id.
type world struct {
	routes     map[string][]string // security schemes by METHOD /path: sigv4, api_key, users, users:SCOPE, custom, shut; barred is a function that API Gateway may not invoke
	policies   map[string][]string // inline policies by role: guest, authenticated, a group, a function
	managed    map[string]string   // one managed policy by role
	resource   string              // the API's policy
	groups     []string
	functions  []string
	noGuests   bool              // the identity pool takes no guests
	guestTrust string            // trust policy of the guests' role
	noMapping  bool              // the identity pool looks at no groups
	noKey      bool              // no API key is in the usage plan
	disabled   bool              // the execute-api endpoint is
	classic    bool              // the identity pool has the classic flow
	rules      bool              // the identity pool looks at a claim, not at groups
	users      map[string]string // their group, by name
}

const password = "Password-1234"

func allow(resources ...string) string { return statement("Allow", resources...) }
func deny(resources ...string) string  { return statement("Deny", resources...) }

// document is a policy of these statements.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func statement(effect string, resources ...string) string {
	for i, r := range resources {
		resources[i] = `"arn:aws:execute-api:us-west-2:000000000000:API/` + r + `"`
	}
	return `{"Effect":"` + effect + `","Action":"execute-api:Invoke","Resource":[` + strings.Join(resources, ",") + `]}`
}

func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

func poolTrust(pool, amr string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + amr + `"}}}]}`
}

// body is the OpenAPI document of the world's routes.
func (w world) body(userPoolARN string) (string, error) {
	scheme := func(header string, more map[string]any) map[string]any {
		out := map[string]any{"type": "apiKey", "in": "header", "name": header}
		maps.Copy(out, more)
		return out
	}
	uri := func(function string) string {
		return "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:000000000000:function:" + function + "/invocations"
	}
	paths := map[string]map[string]any{}
	for name, schemes := range w.routes {
		method, path, _ := strings.Cut(name, " ")
		method = strings.ToLower(method)
		if method == "any" {
			method = "x-amazon-apigateway-any-method"
		}
		operation := map[string]any{
			"responses":                       map[string]any{"200": map[string]any{"description": "well"}},
			"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": uri("behind"), "passthroughBehavior": "when_no_match"},
		}
		var security []any
		for _, s := range schemes {
			if s == "barred" {
				operation["x-amazon-apigateway-integration"].(map[string]any)["uri"] = uri("barred")
				continue
			}
			scopes := []any{}
			s, scope, has := strings.Cut(s, ":")
			if has {
				scopes = append(scopes, scope)
			}
			security = append(security, map[string]any{s: scopes})
			if s == "sigv4" {
				operation["x-amazon-apigateway-auth"] = map[string]any{"type": "AWS_IAM"}
			}
		}
		if security != nil {
			operation["security"] = security
		}
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][method] = operation
	}
	text, err := json.Marshal(map[string]any{
		"openapi": "3.0.1", "info": map[string]any{"title": "world", "version": "1"}, "paths": paths,
		"components": map[string]any{"securitySchemes": map[string]any{
			"sigv4":   scheme("Authorization", map[string]any{"x-amazon-apigateway-authtype": "awsSigv4"}),
			"api_key": scheme("x-api-key", nil),
			"users": scheme("Authorization", map[string]any{"x-amazon-apigateway-authtype": "cognito_user_pools",
				"x-amazon-apigateway-authorizer": map[string]any{"type": "cognito_user_pools", "providerARNs": []any{userPoolARN}}}),
			"custom": scheme("X-Door", map[string]any{"x-amazon-apigateway-authtype": "custom",
				"x-amazon-apigateway-authorizer": map[string]any{"type": "request", "authorizerUri": uri("doorman"), "identitySource": "method.request.header.X-Door"}}),
			"shut": scheme("X-Door", map[string]any{"x-amazon-apigateway-authtype": "custom",
				"x-amazon-apigateway-authorizer": map[string]any{"type": "request", "authorizerUri": uri("barred"), "identitySource": "method.request.header.X-Door"}}),
		}},
	})
	return string(text), err
}

// declare brings the world up. Its outputs are those of the project's stacks.
func (w world) declare(t testing.TB, aws *localaws.Server) map[string]any {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "empty.zip")
	file, err := os.Create(empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.NewWriter(file).Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return awstest.Run(t, aws, func(ctx *pulumi.Context) (pulumi.Map, error) { return w.program(ctx, empty) })
}

func (w world) program(ctx *pulumi.Context, code string) (pulumi.Map, error) {
	users, err := cognito.NewUserPool(ctx, "users", &cognito.UserPoolArgs{Name: pulumi.String("people")})
	if err != nil {
		return nil, err
	}
	client, err := cognito.NewUserPoolClient(ctx, "app", &cognito.UserPoolClientArgs{
		Name: pulumi.String("app"), UserPoolId: users.ID(), ExplicitAuthFlows: pulumi.ToStringArray([]string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}),
	})
	if err != nil {
		return nil, err
	}
	pool, err := cognito.NewIdentityPool(ctx, "identities", &cognito.IdentityPoolArgs{
		IdentityPoolName: pulumi.String("identities"), AllowUnauthenticatedIdentities: pulumi.Bool(!w.noGuests), AllowClassicFlow: pulumi.Bool(w.classic),
		CognitoIdentityProviders: cognito.IdentityPoolCognitoIdentityProviderArray{cognito.IdentityPoolCognitoIdentityProviderArgs{
			ClientId: client.ID(), ProviderName: users.Endpoint,
		}},
	})
	if err != nil {
		return nil, err
	}
	rest, err := apigateway.NewRestApi(ctx, "api", &apigateway.RestApiArgs{
		Name: pulumi.String("world"),
		Body: users.Arn.ApplyT(w.body).(pulumi.StringOutput), Policy: optional(w.resource), DisableExecuteApiEndpoint: pulumi.Bool(w.disabled),
	})
	if err != nil {
		return nil, err
	}
	roles, err := w.roles(ctx, pool.ID().ToStringOutput(), rest.ID().ToStringOutput())
	if err != nil {
		return nil, err
	}
	attachment := &cognito.IdentityPoolRoleAttachmentArgs{
		IdentityPoolId: pool.ID(), Roles: pulumi.StringMap{"authenticated": roles["authenticated"].Arn, "unauthenticated": roles["guest"].Arn},
	}
	if !w.noMapping {
		attachment.RoleMappings = cognito.IdentityPoolRoleAttachmentRoleMappingArray{cognito.IdentityPoolRoleAttachmentRoleMappingArgs{
			IdentityProvider: pulumi.Sprintf("%s:%s", users.Endpoint, client.ID()), Type: pulumi.String("Token"), AmbiguousRoleResolution: pulumi.String("AuthenticatedRole"),
		}}
	}
	if w.rules {
		attachment.RoleMappings = cognito.IdentityPoolRoleAttachmentRoleMappingArray{cognito.IdentityPoolRoleAttachmentRoleMappingArgs{
			IdentityProvider: pulumi.Sprintf("%s:%s", users.Endpoint, client.ID()), Type: pulumi.String("Rules"), AmbiguousRoleResolution: pulumi.String("AuthenticatedRole"),
			MappingRules: cognito.IdentityPoolRoleAttachmentRoleMappingMappingRuleArray{cognito.IdentityPoolRoleAttachmentRoleMappingMappingRuleArgs{
				Claim: pulumi.String("custom:team"), MatchType: pulumi.String("Equals"), Value: pulumi.String("blue"), RoleArn: roles["guest"].Arn,
			}},
		}}
	}
	if _, err := cognito.NewIdentityPoolRoleAttachment(ctx, "roles", attachment); err != nil {
		return nil, err
	}
	var groups []pulumi.Resource
	for _, name := range w.groups {
		group, err := cognito.NewUserGroup(ctx, name, &cognito.UserGroupArgs{Name: pulumi.String(name), UserPoolId: users.ID(), RoleArn: roles[name].Arn})
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	for _, name := range slices.Sorted(maps.Keys(w.users)) {
		user, err := cognito.NewUser(ctx, name, &cognito.UserArgs{UserPoolId: users.ID(), Username: pulumi.String(name), Password: pulumi.String(password)})
		if err != nil {
			return nil, err
		}
		if group := w.users[name]; group != "" {
			_, err := cognito.NewUserInGroup(ctx, name, &cognito.UserInGroupArgs{UserPoolId: users.ID(), GroupName: pulumi.String(group), Username: user.Username}, pulumi.DependsOn(groups))
			if err != nil {
				return nil, err
			}
		}
	}
	for _, name := range w.functions {
		_, err := lambda.NewFunction(ctx, name, &lambda.FunctionArgs{
			Name: pulumi.String(name), Role: roles[name].Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
			Code: pulumi.NewFileArchive(code), Architectures: pulumi.ToStringArray([]string{"arm64"}),
		})
		if err != nil {
			return nil, err
		}
	}
	key, err := w.stage(ctx, rest)
	if err != nil {
		return nil, err
	}
	return pulumi.Map{
		"apiUrl": pulumi.Sprintf("%s/v1", rest.ID()), "apiKey": key, "region": pulumi.String("us-west-2"), "userPoolId": users.ID(), "userPoolClientId": client.ID(),
		"identityPoolId": pool.ID(), "issuer": pulumi.Sprintf("https://%s", users.Endpoint),
	}, nil
}

func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}

// roles declares a role for each kind of caller, with its policies.
func (w world) roles(ctx *pulumi.Context, pool, rest pulumi.StringOutput) (map[string]*iam.Role, error) {
	roles := map[string]*iam.Role{}
	for _, name := range slices.Concat([]string{"guest", "authenticated"}, w.groups, w.functions) {
		trusts := pool.ApplyT(func(id string) string {
			switch {
			case name == "guest" && w.guestTrust != "":
				return w.guestTrust
			case name == "guest":
				return poolTrust(id, "unauthenticated")
			case slices.Contains(w.functions, name):
				return trust("lambda.amazonaws.com")
			}
			return poolTrust(id, "authenticated")
		}).(pulumi.StringOutput)
		role, err := iam.NewRole(ctx, name, &iam.RoleArgs{Name: pulumi.String(name + "-role"), AssumeRolePolicy: trusts})
		if err != nil {
			return nil, err
		}
		roles[name] = role
		about := func(policy string) pulumi.StringOutput {
			return rest.ApplyT(func(id string) string { return strings.ReplaceAll(policy, ":API/", ":"+id+"/") }).(pulumi.StringOutput)
		}
		for i, policy := range w.policies[name] {
			policyName := fmt.Sprintf("%s-%d", name, i)
			if _, err := iam.NewRolePolicy(ctx, policyName, &iam.RolePolicyArgs{Name: pulumi.String(policyName), Role: role.Name, Policy: about(policy)}); err != nil {
				return nil, err
			}
		}
		if policy := w.managed[name]; policy != "" {
			managed, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{Name: pulumi.String(name + "-managed"), Policy: about(policy)})
			if err != nil {
				return nil, err
			}
			if _, err := iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: managed.Arn}); err != nil {
				return nil, err
			}
		}
	}
	return roles, nil
}

// stage deploys the API, with a key.
func (w world) stage(ctx *pulumi.Context, rest *apigateway.RestApi) (pulumi.StringOutput, error) {
	var none pulumi.StringOutput
	deployment, err := apigateway.NewDeployment(ctx, "deployment", &apigateway.DeploymentArgs{RestApi: rest.ID()})
	if err != nil {
		return none, err
	}
	stage, err := apigateway.NewStage(ctx, "stage", &apigateway.StageArgs{RestApi: rest.ID(), Deployment: deployment.ID(), StageName: pulumi.String("v1")})
	if err != nil {
		return none, err
	}
	plan, err := apigateway.NewUsagePlan(ctx, "plan", &apigateway.UsagePlanArgs{
		Name: pulumi.String("plan"), ApiStages: apigateway.UsagePlanApiStageArray{apigateway.UsagePlanApiStageArgs{ApiId: rest.ID(), Stage: stage.StageName}},
	})
	if err != nil {
		return none, err
	}
	key, err := apigateway.NewApiKey(ctx, "key", &apigateway.ApiKeyArgs{Name: pulumi.String("key")})
	if err != nil || w.noKey {
		return key.Value, err
	}
	_, err = apigateway.NewUsagePlanKey(ctx, "plan-key", &apigateway.UsagePlanKeyArgs{UsagePlanId: plan.ID(), KeyId: key.ID(), KeyType: pulumi.String("API_KEY")})
	return key.Value, err
}

// table brings the world up and returns who may call what.
func (w world) table(t testing.TB) access.Table {
	t.Helper()
	aws := awstest.Start(t, opened)
	w.declare(t, aws)
	return one(t, aws, "")
}

func one(t testing.TB, aws *localaws.Server, from string) access.Table {
	t.Helper()
	tables, err := access.Of(aws, from)
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) != 1 {
		t.Fatalf("there are %d tables", len(tables))
	}
	return tables[0]
}

// cell finds a cell of the table.
func cell(t testing.TB, table access.Table, route, caller string) access.Cell {
	t.Helper()
	for _, r := range table.Routes {
		if r.Method+" "+r.Path != route {
			continue
		}
		for i, c := range table.Callers {
			if c.Name == caller {
				return r.Cells[i]
			}
		}
	}
	t.Fatalf("the table has no route %s for %s", route, caller)
	return access.Cell{}
}

// word is a cell in short: yes, key, some, asks NAME, or a status.
func word(c access.Cell) string {
	out := map[access.Access]string{access.Allowed: "yes", access.Some: "some", access.Asks: "asks " + c.Authorizer, access.Refused: fmt.Sprint(c.Status)}[c.Access]
	if c.Key {
		out += " key"
	}
	return out
}
