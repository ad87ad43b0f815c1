package roles_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/ci/roles"
	"auth-api/infra/iamdoc"
	"auth-api/infra/localaws/authz"
)

var (
	account  = iamdoc.Account{Partition: "aws", Region: "us-west-2", ID: "111122223333"}
	settings = roles.Settings{Repository: "acme/auth-api", StateBucket: "acme-state", StateKeyARN: "arn:aws:kms:us-west-2:111122223333:key/state", DeployedProject: "auth-api"}
)

const boundary = "arn:aws:iam::111122223333:policy/auth-api-ci-boundary"

// standIns are condition keys in the place of those that no service of the local AWS hands
// over, and that its IAM refuses for that: keys of the same kind, a text or an ARN, so that
// the decision is the same.
var standIns = strings.NewReplacer(
	"aws:RequestTag/", "aws:PrincipalTag/request-", "aws:ResourceTag/", "aws:PrincipalTag/resource-",
	"iam:PermissionsBoundary", "aws:PrincipalTag/boundary", "aws:RequestedRegion", "aws:PrincipalTag/region", "iam:PassedToService", "aws:PrincipalTag/passed-to", "iam:PolicyARN", "aws:SourceArn",
	roles.Issuer+":", "cognito-identity.amazonaws.com:",
)

// asked is the context of a request, by the keys that stand in.
func asked(c authz.Context) authz.Context {
	out := authz.Context{}
	for key, values := range c {
		out[strings.ToLower(standIns.Replace(key))] = values
	}
	return out
}

// role is a role of the program, and what IAM makes of its policies.
type role struct {
	roles.Role
	policies authz.Policies
}

func named(t testing.TB, name string) role {
	t.Helper()
	for _, r := range roles.All(account, settings) {
		if r.Name != name {
			continue
		}
		out := role{Role: r}
		for _, part := range slices.Sorted(maps.Keys(r.Policies)) {
			text, err := r.Policies[part].JSON()
			if err != nil {
				t.Fatalf("%s: %s: %v", name, part, err)
			}
			p, err := authz.ParseIdentity(standIns.Replace(text))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, part, err)
			}
			out.policies.Identity = append(out.policies.Identity, authz.Source{Name: part, Policy: p})
		}
		return out
	}
	t.Fatalf("there is no role %s", name)
	return role{}
}

// may asks IAM whether the role may do something.
func (r role) may(action, resource string, context authz.Context) bool {
	return authz.Decide(authz.Request{
		Action: action, Resource: resource, Context: asked(context), Principal: authz.Principal{Account: account.ID, ARN: "arn:aws:sts::111122223333:assumed-role/auth-api-ci-" + r.Name + "/GitHubActions"},
	}, r.policies).Allowed
}

func tags(on, stack string) authz.Context {
	return authz.Context{"aws:" + on + "/project": {"auth-api"}, "aws:" + on + "/stack": {stack}}
}

func with(c authz.Context, key string, values ...string) authz.Context {
	out := maps.Clone(c)
	if out == nil {
		out = authz.Context{}
	}
	out[key] = values
	return out
}

// call is what a provider asks of AWS for a resource.
type call struct {
	action, resource string
	context          authz.Context
}

// calls are what the AWS provider asks for when it makes, reads, changes and deletes a
// resource of each type that the program of infra declares, of the stack: by the names of
// the goldens where a name matters.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func calls(kind, name, stack string) []call {
	made, its := tags("RequestTag", stack), tags("ResourceTag", stack)
	arn := func(service, resource string) string {
		return fmt.Sprintf("arn:aws:%s:us-west-2:111122223333:%s", service, resource)
	}
	all := func(resource string, context authz.Context, actions ...string) (out []call) {
		for _, a := range actions {
			out = append(out, call{a, resource, context})
		}
		return out
	}
	gateway := func(collection, path string, more ...string) []call {
		out := all("arn:aws:apigateway:us-west-2::"+path, its, append([]string{"apigateway:GET", "apigateway:DELETE", "apigateway:PATCH"}, more...)...)
		if collection != "" {
			out = append(out, call{"apigateway:POST", "arn:aws:apigateway:us-west-2::" + collection, made})
		}
		return out
	}
	pool, role := arn("cognito-idp", "userpool/us-west-2_A"), "arn:aws:iam::111122223333:role/"+name
	switch kind {
	case "aws:apigateway/apiKey:ApiKey":
		return gateway("/apikeys", "/apikeys/k")
	case "aws:apigateway/deployment:Deployment":
		return gateway("", "/restapis/r/deployments/d", "apigateway:POST")
	case "aws:apigateway/methodSettings:MethodSettings":
		return all("arn:aws:apigateway:us-west-2::/restapis/r/stages/s", its, "apigateway:GET", "apigateway:PATCH")
	case "aws:apigateway/restApi:RestApi":
		return gateway("/restapis", "/restapis/r", "apigateway:PUT")
	case "aws:apigateway/stage:Stage":
		return gateway("", "/restapis/r/stages/s", "apigateway:POST")
	case "aws:apigateway/usagePlan:UsagePlan":
		return gateway("/usageplans", "/usageplans/p")
	case "aws:apigateway/usagePlanKey:UsagePlanKey":
		return append(gateway("", "/usageplans/p/keys/k"), call{"apigateway:POST", "arn:aws:apigateway:us-west-2::/usageplans/p/keys", its})
	case "aws:cloudwatch/dashboard:Dashboard":
		return all("arn:aws:cloudwatch::111122223333:dashboard/"+name, nil, "cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards")
	case "aws:cloudwatch/logGroup:LogGroup":
		both := maps.Clone(made)
		maps.Copy(both, its)
		return append(all(arn("logs", "log-group:"+name), both, "logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "logs:ListTagsForResource", "logs:DeleteLogGroup"),
			call{"logs:DescribeLogGroups", arn("logs", "log-group:"+name), nil})
	case "aws:cloudwatch/metricAlarm:MetricAlarm":
		return all(arn("cloudwatch", "alarm:"+name), nil, "cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:TagResource", "cloudwatch:DeleteAlarms")
	case "aws:cognito/identityPool:IdentityPool":
		return append(all(arn("cognito-identity", "identitypool/us-west-2:x"), its, "cognito-identity:DescribeIdentityPool", "cognito-identity:UpdateIdentityPool", "cognito-identity:DeleteIdentityPool"),
			call{"cognito-identity:CreateIdentityPool", "*", made})
	case "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag":
		return all(arn("cognito-identity", "identitypool/us-west-2:x"), its, "cognito-identity:SetPrincipalTagAttributeMap", "cognito-identity:GetPrincipalTagAttributeMap")
	case "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment":
		return append(all(arn("cognito-identity", "identitypool/us-west-2:x"), its, "cognito-identity:SetIdentityPoolRoles", "cognito-identity:GetIdentityPoolRoles"),
			call{"iam:PassRole", "arn:aws:iam::111122223333:role/auth-api-" + stack + "-authenticated", authz.Context{"iam:PassedToService": {"cognito-identity.amazonaws.com"}}})
	case "aws:cognito/identityProvider:IdentityProvider":
		return all(pool, its, "cognito-idp:CreateIdentityProvider", "cognito-idp:DescribeIdentityProvider", "cognito-idp:UpdateIdentityProvider", "cognito-idp:DeleteIdentityProvider")
	case "aws:cognito/resourceServer:ResourceServer":
		return all(pool, its, "cognito-idp:CreateResourceServer", "cognito-idp:DescribeResourceServer", "cognito-idp:UpdateResourceServer", "cognito-idp:DeleteResourceServer")
	case "aws:cognito/user:User":
		return all(pool, its, "cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminDeleteUser")
	case "aws:cognito/userGroup:UserGroup":
		return append(all(pool, its, "cognito-idp:CreateGroup", "cognito-idp:GetGroup", "cognito-idp:UpdateGroup", "cognito-idp:DeleteGroup"),
			call{"iam:PassRole", "arn:aws:iam::111122223333:role/auth-api-" + stack + "-group-x", authz.Context{"iam:PassedToService": {"cognito-identity.amazonaws.com"}}})
	case "aws:cognito/userInGroup:UserInGroup":
		return all(pool, its, "cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminListGroupsForUser", "cognito-idp:AdminRemoveUserFromGroup")
	case "aws:cognito/userPool:UserPool":
		return append(all(pool, its, "cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:SetUserPoolMfaConfig", "cognito-idp:UpdateUserPool", "cognito-idp:DeleteUserPool"),
			call{"cognito-idp:CreateUserPool", "*", made})
	case "aws:cognito/userPoolClient:UserPoolClient":
		return all(pool, its, "cognito-idp:CreateUserPoolClient", "cognito-idp:DescribeUserPoolClient", "cognito-idp:UpdateUserPoolClient", "cognito-idp:DeleteUserPoolClient")
	case "aws:cognito/userPoolDomain:UserPoolDomain":
		return append(all(pool, its, "cognito-idp:CreateUserPoolDomain", "cognito-idp:DeleteUserPoolDomain"), call{"cognito-idp:DescribeUserPoolDomain", "*", nil})
	case "aws:iam/role:Role":
		bounded := authz.Context{"iam:PermissionsBoundary": {boundary}}
		return append(all(role, bounded, "iam:CreateRole", "iam:PutRolePermissionsBoundary"),
			all(role, nil, "iam:GetRole", "iam:TagRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole")...)
	case "aws:iam/rolePolicy:RolePolicy":
		role = "arn:aws:iam::111122223333:role/auth-api-" + stack + "-no-auth-role"
		return append(all(role, authz.Context{"iam:PermissionsBoundary": {boundary}}, "iam:PutRolePolicy", "iam:DeleteRolePolicy"), call{"iam:GetRolePolicy", role, nil})
	case "aws:kms/alias:Alias":
		return append(all(arn("kms", "alias/auth-api-"+stack), nil, "kms:CreateAlias", "kms:DeleteAlias"), call{"kms:ListAliases", "*", nil}, call{"kms:CreateAlias", arn("kms", "key/k"), its})
	case "aws:kms/key:Key":
		return append(all(arn("kms", "key/k"), its, "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:EnableKeyRotation", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
			call{"kms:CreateKey", "*", made})
	case "aws:lambda/function:Function":
		return append(all(arn("lambda", "function:"+name), nil, "lambda:CreateFunction", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:ListVersionsByFunction",
			"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:DeleteFunction"),
			call{"iam:PassRole", "arn:aws:iam::111122223333:role/" + name + "-role", authz.Context{"iam:PassedToService": {"lambda.amazonaws.com"}}})
	case "aws:lambda/permission:Permission":
		return all(arn("lambda", "function:auth-api-"+stack+"-no-auth"), nil, "lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission")
	case "aws:sns/topic:Topic":
		return all(arn("sns", name), nil, "sns:CreateTopic", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:ListTagsForResource", "sns:DeleteTopic")
	case "aws:sns/topicPolicy:TopicPolicy":
		return all(arn("sns", "auth-api-"+stack+"-alarms"), nil, "sns:SetTopicAttributes")
	case "aws:ssm/parameter:Parameter": // its name begins with the slash that the ARN has already
		return append(all(arn("ssm", "parameter/auth-api/"+stack+"/web"), nil, "ssm:PutParameter", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:AddTagsToResource", "ssm:DeleteParameter"),
			call{"ssm:DescribeParameters", "*", nil})
	case "aws:wafv2/webAcl:WebAcl":
		return all(arn("wafv2", "regional/webacl/"+name+"/1"), nil, "wafv2:CreateWebACL", "wafv2:GetWebACL", "wafv2:UpdateWebACL", "wafv2:ListTagsForResource", "wafv2:DeleteWebACL")
	case "aws:wafv2/webAclAssociation:WebAclAssociation":
		return append(all("arn:aws:apigateway:us-west-2::/restapis/r/stages/s", its, "apigateway:SetWebACL"), call{"cognito-idp:AssociateWebACL", pool, its},
			call{"wafv2:AssociateWebACL", arn("wafv2", "regional/webacl/auth-api-"+stack+"/1"), nil})
	case "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":
		return all(arn("wafv2", "regional/webacl/auth-api-"+stack+"/1"), nil, "wafv2:PutLoggingConfiguration", "wafv2:GetLoggingConfiguration", "wafv2:DeleteLoggingConfiguration")
	}
	return nil
}

// resources are those of a golden of infra/stack, under AWS types: by type the names.
func resources(t testing.TB, stack string) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../stack/testdata", stack+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Resources []struct {
			Type   string
			Inputs map[string]any
		} `json:"resources"`
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, r := range golden.Resources {
		if strings.HasPrefix(r.Type, "aws:") {
			name, _ := r.Inputs["name"].(string)
			if dashboard, is := r.Inputs["dashboardName"].(string); is {
				name = dashboard
			}
			out[r.Type] = append(out[r.Type], name)
		}
	}
	if len(out) < 10 {
		t.Fatalf("the golden of %s has %d types", stack, len(out))
	}
	return out
}

// What the program declares for dev and for prod, their roles may make, read, change and
// delete; the other stack's role may do none of it that changes something.
func TestAStackIsDeployedByItsRoleAlone(t *testing.T) {
	for stack, other := range map[string]string{"dev": "deploy-prod", "prod": "deploy-dev"} {
		own, others, preview, pulls := named(t, "deploy-"+stack), named(t, other), named(t, "preview"), named(t, "deploy-pr")
		for kind, names := range resources(t, stack) {
			for _, name := range names {
				asked := calls(kind, name, stack)
				if len(asked) == 0 {
					t.Errorf("%s is declared, and nobody says what it needs", kind)
				}
				for _, c := range asked {
					if !own.may(c.action, c.resource, c.context) {
						t.Errorf("%s may not %s on %s %v, which %s needs", own.Name, c.action, c.resource, c.context, kind)
					}
					_, verb, _ := strings.Cut(c.action, ":")
					if looks := slices.ContainsFunc([]string{"Get", "List", "Describe", "AdminGet", "AdminList", "GET"}, func(p string) bool { return strings.HasPrefix(verb, p) }); looks {
						if !preview.may(c.action, c.resource, c.context) {
							t.Errorf("preview may not %s on %s, which %s needs", c.action, c.resource, kind)
						}
						continue
					}
					for _, no := range []role{others, preview, pulls} {
						if no.may(c.action, c.resource, c.context) {
							t.Errorf("%s may %s on %s %v of stack %s", no.Name, c.action, c.resource, c.context, stack)
						}
					}
				}
			}
		}
	}
}

// A web ACL is put before a stage or a pool by three permissions, of which one asks whose
// it is.
func TestAWebACLIsPutBeforeTheStacksOwn(t *testing.T) {
	const stage, pool = "arn:aws:apigateway:us-west-2::/restapis/r/stages/s", "arn:aws:cognito-idp:us-west-2:111122223333:userpool/p"
	r := named(t, "deploy-dev")
	for _, resource := range []string{stage, pool} {
		for _, action := range []string{"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"} {
			if !r.may(action, resource, nil) {
				t.Errorf("it may not %s on %s", action, resource)
			}
		}
	}
	for stack, want := range map[string]bool{"dev": true, "prod": false} {
		if r.may("apigateway:SetWebACL", stage, tags("ResourceTag", stack)) != want || r.may("cognito-idp:AssociateWebACL", pool, tags("ResourceTag", stack)) != want {
			t.Errorf("before what is of stack %s: not %v", stack, want)
		}
	}
}

// What no deployment may do, whatever its program says.
func TestWhatADeploymentMayNot(t *testing.T) {
	bounded := authz.Context{"iam:PermissionsBoundary": {boundary}}
	own := "arn:aws:iam::111122223333:role/auth-api-dev-no-auth-role"
	for _, test := range []struct {
		what, action, resource string
		context                authz.Context
	}{
		{"make a user", "iam:CreateUser", "arn:aws:iam::111122223333:user/auth-api-dev-mallory", nil},
		{"make an access key", "iam:CreateAccessKey", "arn:aws:iam::111122223333:user/ann", nil},
		{"make a role without the boundary", "iam:CreateRole", own, nil},
		{"make a role with another boundary", "iam:CreateRole", own, authz.Context{"iam:PermissionsBoundary": {"arn:aws:iam::aws:policy/AdministratorAccess"}}},
		{"make a role without the prefix", "iam:CreateRole", "arn:aws:iam::111122223333:role/admin", bounded},
		{"make a role of another stack", "iam:CreateRole", "arn:aws:iam::111122223333:role/auth-api-prod-guest", bounded},
		{"make a role of the workflows", "iam:CreateRole", "arn:aws:iam::111122223333:role/auth-api-ci-more", bounded},
		{"write a policy into a role without the boundary", "iam:PutRolePolicy", own, nil},
		{"write a policy into its own role", "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/auth-api-ci-deploy-dev", bounded},
		{"change who may take its own role on", "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/auth-api-ci-deploy-dev", nil},
		{"attach a policy of AWS", "iam:AttachRolePolicy", own, with(bounded, "iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess")},
		{"take the boundary off", "iam:DeleteRolePermissionsBoundary", own, bounded},
		{"widen the boundary", "iam:CreatePolicyVersion", boundary, nil},
		{"delete the boundary", "iam:DeletePolicy", boundary, nil},
		{"hand a role to a service that runs anything", "iam:PassRole", own, authz.Context{"iam:PassedToService": {"ec2.amazonaws.com"}}},
		{"hand out a role that is not its own", "iam:PassRole", "arn:aws:iam::111122223333:role/admin", authz.Context{"iam:PassedToService": {"lambda.amazonaws.com"}}},
		{"take on another role", "sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", nil},
		{"change another project's function", "lambda:UpdateFunctionCode", "arn:aws:lambda:us-west-2:111122223333:function:billing", nil},
		{"change a function in another region", "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111122223333:function:auth-api-dev-no-auth", nil},
		{"make an API without the stack's tags", "apigateway:POST", "arn:aws:apigateway:us-west-2::/restapis", nil},
		{"make an API with another stack's tags", "apigateway:POST", "arn:aws:apigateway:us-west-2::/restapis", tags("RequestTag", "prod")},
		{"change an API without tags", "apigateway:PATCH", "arn:aws:apigateway:us-west-2::/restapis/x", nil},
		{"change the account's CloudWatch role", "apigateway:PATCH", "arn:aws:apigateway:us-west-2::/account", tags("ResourceTag", "dev")},
		{"delete a pool without tags", "cognito-idp:DeleteUserPool", "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_B", nil},
		{"delete prod's pool", "cognito-idp:DeleteUserPool", "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_B", tags("ResourceTag", "prod")},
		{"read a secret", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-west-2:111122223333:secret:x-AbCdEf", nil},
		{"read somebody's data", "dynamodb:GetItem", "arn:aws:dynamodb:us-west-2:111122223333:table/orders", nil},
		{"write the state of prod", "s3:PutObject", "arn:aws:s3:::acme-state/.pulumi/stacks/auth-api/prod.json", nil},
		{"write the state of another project", "s3:PutObject", "arn:aws:s3:::acme-state/.pulumi/stacks/billing/dev.json", nil},
		{"delete the bucket", "s3:DeleteBucket", "arn:aws:s3:::acme-state", nil},
		{"delete a key without tags", "kms:ScheduleKeyDeletion", "arn:aws:kms:us-west-2:111122223333:key/x", nil},
	} {
		for _, name := range []string{"deploy-dev", "preview", "check", "deploy-pr"} {
			if named(t, name).may(test.action, test.resource, test.context) {
				t.Errorf("%s may %s", name, test.what)
			}
		}
	}
}

// Who only looks writes the locks of the state, which a refresh takes, and users to sign
// in as, where it verifies.
func TestWhatPreviewsAndChecksMay(t *testing.T) {
	const at = "arn:aws:s3:::acme-state/.pulumi/"
	pool := "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_A"
	for _, test := range []struct {
		action, resource string
		context          authz.Context
		who              string
	}{
		{"s3:ListBucket", "arn:aws:s3:::acme-state", nil, "preview check deploy-dev deploy-prod deploy-pr"},
		{"s3:GetObject", at + "meta.yaml", nil, "preview check deploy-dev deploy-prod deploy-pr"},
		{"s3:GetObject", at + "stacks/auth-api/prod.json", nil, "preview check deploy-prod"},
		{"s3:PutObject", at + "stacks/auth-api/prod.json", nil, "deploy-prod"},
		{"s3:PutObject", at + "stacks/auth-api/pr-12.json", nil, "deploy-pr"},
		{"s3:PutObject", at + "locks/organization/auth-api/dev/x.json", nil, "preview check deploy-dev"},
		{"kms:Decrypt", settings.StateKeyARN, nil, "preview check deploy-dev deploy-prod deploy-pr"},
		{"kms:Encrypt", settings.StateKeyARN, nil, "deploy-dev deploy-prod deploy-pr"},
		{"cognito-idp:AdminCreateUser", pool, tags("ResourceTag", "prod"), "check deploy-prod"},
		{"cognito-idp:AdminCreateUser", pool, nil, ""},
		{"apigateway:GET", "arn:aws:apigateway:us-west-2::/restapis/r/stages/s/exports/oas30", tags("ResourceTag", "dev"), "preview check deploy-dev"},
		{"tag:GetResources", "*", nil, "preview check deploy-dev deploy-prod deploy-pr"},
	} {
		var who []string
		for _, r := range roles.All(account, settings) {
			if named(t, r.Name).may(test.action, test.resource, test.context) {
				who = append(who, r.Name)
			}
		}
		if got := strings.Join(who, " "); got != test.who {
			t.Errorf("%s on %s is for %q, not %q", test.action, test.resource, got, test.who)
		}
	}
}

// Each role is for its own jobs, by GitHub's claims.
func TestWhoTakesARoleOn(t *testing.T) {
	provider := roles.ProviderARN(account)
	for _, test := range []struct{ sub, aud, who string }{
		{"repo:acme/auth-api:pull_request", "sts.amazonaws.com", "preview"},
		{"repo:acme/auth-api:ref:refs/heads/main", "sts.amazonaws.com", "preview check deploy-dev"},
		{"repo:acme/auth-api:environment:prod", "sts.amazonaws.com", "deploy-prod"},
		{"repo:acme/auth-api:environment:pr", "sts.amazonaws.com", "deploy-pr"},
		{"repo:acme/auth-api:environment:prod2", "sts.amazonaws.com", ""},
		{"repo:acme/auth-api:ref:refs/heads/feature", "sts.amazonaws.com", ""},
		{"repo:acme/auth-api:ref:refs/tags/main", "sts.amazonaws.com", ""},
		{"repo:mallory/auth-api:ref:refs/heads/main", "sts.amazonaws.com", ""},
		{"repo:acme/auth-api2:pull_request", "sts.amazonaws.com", ""},
		{"repo:acme/auth-api:pull_request", "https://github.com/acme", ""},
		{"", "", ""},
	} {
		var who []string
		for _, r := range roles.All(account, settings) {
			text, err := roles.Trust(provider, r.Subjects).JSON()
			if err != nil {
				t.Fatal(err)
			}
			policy, err := authz.ParseTrust(standIns.Replace(text))
			if err != nil {
				t.Fatal(err)
			}
			context := authz.Context{}
			if test.sub != "" {
				context[roles.Issuer+":sub"], context[roles.Issuer+":aud"] = []string{test.sub}, []string{test.aud}
			}
			if authz.Decide(authz.Request{Action: "sts:AssumeRoleWithWebIdentity", Principal: authz.Principal{Federated: provider}, Context: asked(context)}, authz.Policies{Resource: &authz.Source{Name: "trust", Policy: policy}}).Allowed {
				who = append(who, r.Name)
			}
		}
		if got := strings.Join(who, " "); got != test.who {
			t.Errorf("sub %q, aud %q is for %q, not %q", test.sub, test.aud, got, test.who)
		}
	}
}

// A role of a stack with every permission can do what the boundary says.
func TestTheBoundary(t *testing.T) {
	text, err := roles.Boundary(account, settings).JSON()
	if err != nil {
		t.Fatal(err)
	}
	bound, err := authz.ParseIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	everything, err := authz.ParseIdentity(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		action, resource string
		may              bool
	}{
		{"execute-api:Invoke", "arn:aws:execute-api:us-west-2:111122223333:a/dev/GET/x", true},
		{"logs:PutLogEvents", "arn:aws:logs:us-west-2:111122223333:log-group:/aws/lambda/auth-api-dev-no-auth:log-stream:x", true},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-guest-list", true},
		{"ssm:GetParameter", "arn:aws:ssm:us-west-2:111122223333:parameter/auth-api/dev/web", true},
		{"xray:PutTraceSegments", "*", true},
		{"iam:CreateUser", "arn:aws:iam::111122223333:user/x", false},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/x", false},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/x", false},
		{"lambda:UpdateFunctionCode", "arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-no-auth", false},
		{"s3:GetObject", "arn:aws:s3:::acme-state/.pulumi/stacks/auth-api/prod.json", false},
		{"cognito-idp:AdminSetUserPassword", "arn:aws:cognito-idp:us-west-2:111122223333:userpool/x", false},
		{"ssm:PutParameter", "arn:aws:ssm:us-west-2:111122223333:parameter/auth-api/dev/web", false},
	} {
		got := authz.Decide(authz.Request{Action: test.action, Resource: test.resource, Principal: authz.Principal{Account: account.ID, ARN: "arn:aws:sts::111122223333:assumed-role/x/y"}},
			authz.Policies{Identity: []authz.Source{{Name: "all", Policy: everything}}, Boundary: &authz.Source{Name: "boundary", Policy: bound}})
		if got.Allowed != test.may {
			t.Errorf("%s on %s: %v", test.action, test.resource, got.Allowed)
		}
	}
}

// AWS takes managed policies of up to 6144 characters, ten of them in a role, and names of
// up to 64 characters in roles and 128 in policies.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestIAMsQuotas(t *testing.T) {
	long := settings
	long.DeployedProject = strings.Repeat("p", 31)
	for _, s := range []roles.Settings{settings, long} {
		for _, r := range roles.All(account, s) {
			if n := len(s.DeployedProject + "-ci-" + r.Name); n > 64 || len(r.Policies) > 10 {
				t.Errorf("the role %s has a name of %d characters and %d policies", r.Name, n, len(r.Policies))
			}
			for part, d := range r.Policies {
				text, err := d.JSON()
				if err != nil || len(text) > 6144 {
					t.Errorf("the policy %s of %s has %d characters, %v", part, r.Name, len(text), err)
				}
			}
		}
	}
}
