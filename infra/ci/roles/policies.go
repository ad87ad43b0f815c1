package roles

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"auth-api/infra/iamdoc"
)

// stack writes what may be done with a stack, or with all whose names fit a pattern.
type stack struct {
	account  iamdoc.Account
	settings Settings
	pattern  string // dev, prod, pr-*, *
}

// name begins the names of all that the stack makes.
func (s stack) name() string { return s.settings.DeployedProject + "-" + s.pattern }

func (s stack) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", s.account.Partition, service, s.account.Region, s.account.ID, resource)
}

// named are the ARNs of a service's resources by the stack's names: before, the name, and
// what may follow it.
func (s stack) named(service, before string) []string {
	if strings.HasSuffix(s.name(), "*") {
		return []string{s.arn(service, before+s.name())}
	}
	return []string{s.arn(service, before+s.name()), s.arn(service, before+s.name()+"-*")}
}

func (s stack) iam(kind string) []string {
	name := s.name()
	if !strings.HasSuffix(name, "*") {
		name += "-*"
	}
	return []string{fmt.Sprintf("arn:%s:iam::%s:%s/%s", s.account.Partition, s.account.ID, kind, name)}
}

// gateway is the ARN of something of API Gateway's control plane, whose ids AWS chooses.
func (s stack) gateway(path string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s::%s", s.account.Partition, s.account.Region, path)
}

// tagged asks for the stack's tags: of the resource, or of the request that makes one.
func (s stack) tagged(on string) iamdoc.Conditions {
	out := iamdoc.Conditions{"StringEquals": {"aws:" + on + "/project": {s.settings.DeployedProject}}}
	if strings.HasSuffix(s.pattern, "*") {
		out["StringLike"] = map[string][]string{"aws:" + on + "/stack": {s.pattern}}
	} else {
		out["StringEquals"]["aws:"+on+"/stack"] = []string{s.pattern}
	}
	return out
}

func allow(id string, resources []string, conditions iamdoc.Conditions, actions ...string) iamdoc.Statement {
	return iamdoc.Statement{ID: id, Effect: iamdoc.Allow, Actions: actions, Resources: resources, Conditions: conditions}
}

// anywhere allows what has no resource to name yet, or ever.
func anywhere(id, why string, conditions iamdoc.Conditions, actions ...string) iamdoc.Statement {
	return iamdoc.Statement{ID: id, Effect: iamdoc.Allow, Actions: actions, Resources: []string{iamdoc.EveryResource}, Conditions: conditions, Everywhere: why}
}

func document(statements ...iamdoc.Statement) iamdoc.Document {
	return iamdoc.Document{Statements: statements}
}

// deployment is what deploying and destroying the stack needs, by the names of policies.
// Each is a managed policy, as one takes 6144 characters.
func (s stack) deployment() map[string]iamdoc.Document {
	return map[string]iamdoc.Document{
		"functions": s.functions(), "roles": s.roles(), "api": s.api(), "people": s.people(), "rest": s.rest(), "state": s.state(true),
	}
}

// logGroups are what is done with groups that are there.
var logGroups = []string{
	"logs:AssociateKmsKey", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:ListTagsForResource", "logs:PutRetentionPolicy",
	"logs:TagResource", "logs:UntagResource",
}

// groups are the log groups of the stack by what comes before their names. Some operations
// ask for their ARNs with :* behind.
func (s stack) groups(before ...string) (out []string) {
	for _, b := range before {
		for _, group := range s.named("logs", "log-group:"+b) {
			out = append(out, strings.TrimSuffix(group, "*")+"*")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s stack) functions() iamdoc.Document {
	// The group of a stage's execution logs is called by the API's id, which AWS chooses.
	execution := []string{s.arn("logs", "log-group:API-Gateway-Execution-Logs_*")}
	return document(
		allow("Functions", s.named("lambda", "function:"), nil,
			"lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
			"lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:GetPolicy",
			"lambda:ListTags", "lambda:ListVersionsByFunction", "lambda:PublishVersion", "lambda:PutFunctionConcurrency", "lambda:RemovePermission", "lambda:TagResource",
			"lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
		allow("LogGroups", s.groups("/aws/lambda/", "/aws/apigateway/", "aws-waf-logs-"), nil, slices.Concat([]string{"logs:CreateLogGroup"}, logGroups)...),
		allow("MakeExecutionLogs", execution, s.tagged("RequestTag"), "logs:CreateLogGroup"),
		allow("ExecutionLogs", execution, s.tagged("ResourceTag"), logGroups...),
		allow("FindLogGroups", []string{s.arn("logs", "log-group:*")}, nil, "logs:DescribeLogGroups"),
	)
}

// roles may be made under the boundary alone, and nobody takes it off. So a deployment
// makes no role that can do more than the boundary says, its own code least of all.
func (s stack) roles() iamdoc.Document {
	boundary := fmt.Sprintf("arn:%s:iam::%s:policy/%s", s.account.Partition, s.account.ID, BoundaryName(s.settings))
	bounded := iamdoc.Conditions{"StringEquals": {"iam:PermissionsBoundary": {boundary}}}
	roles, policies := s.iam("role"), s.iam("policy")
	ours := fmt.Sprintf("arn:%s:iam::%s:policy/%s-ci-*", s.account.Partition, s.account.ID, s.settings.DeployedProject)
	return document(
		allow("MakeRoles", roles, bounded, "iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"),
		allow("AttachOwnPolicies", roles, iamdoc.Conditions{"StringEquals": bounded["StringEquals"], "ArnLike": {"iam:PolicyARN": policies}}, "iam:AttachRolePolicy", "iam:DetachRolePolicy"),
		allow("Roles", roles, nil, "iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
			"iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"),
		allow("Policies", policies, nil, "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicy", "iam:GetPolicyVersion",
			"iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy"),
		allow("HandOutRoles", roles, iamdoc.Conditions{"StringEquals": {"iam:PassedToService": {"cognito-identity.amazonaws.com", "lambda.amazonaws.com"}}}, "iam:PassRole"),
		iamdoc.Statement{ID: "KeepTheBoundary", Effect: iamdoc.Deny, Actions: []string{"iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"}, Resources: []string{ours}},
		iamdoc.Statement{ID: "StayBounded", Effect: iamdoc.Deny, Actions: []string{"iam:DeleteRolePermissionsBoundary"}, Resources: []string{iamdoc.EveryResource}},
	)
}

func (s stack) api() iamdoc.Document {
	made := []string{s.gateway("/apikeys"), s.gateway("/restapis"), s.gateway("/usageplans"), s.gateway("/domainnames")}
	var standing []string
	for _, collection := range made {
		standing = append(standing, collection+"/*")
	}
	acls := s.named("wafv2", "regional/webacl/") // NAME/ID
	for i := range acls {
		acls[i] += "/*"
	}
	return document(
		allow("MakeAPIs", made, s.tagged("RequestTag"), "apigateway:POST"),
		allow("APIs", standing, s.tagged("ResourceTag"), "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
		allow("TagAPIs", []string{s.gateway("/tags/*")}, s.tagged("ResourceTag"), "apigateway:DELETE", "apigateway:GET", "apigateway:PUT"),
		// API Gateway's CloudWatch role is the account's: it may be looked at.
		allow("Account", []string{s.gateway("/account")}, nil, "apigateway:GET"),
		allow("ProtectStages", []string{s.gateway("/restapis/*/stages/*")}, s.tagged("ResourceTag"), "apigateway:SetWebACL"),
		allow("WebACLs", append(acls, s.arn("wafv2", "regional/managedruleset/*/*")), nil,
			"wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteLoggingConfiguration", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL", "wafv2:GetLoggingConfiguration",
			"wafv2:GetWebACL", "wafv2:ListTagsForResource", "wafv2:PutLoggingConfiguration", "wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL"),
		// Whose stage or pool it is, apigateway:SetWebACL and cognito-idp:AssociateWebACL ask.
		allow("PlaceWebACLs", []string{s.gateway("/restapis/*/stages/*"), s.arn("cognito-idp", "userpool/*")}, nil,
			"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"),
	)
}

func (s stack) people() iamdoc.Document {
	pools, identities := []string{s.arn("cognito-idp", "userpool/*")}, []string{s.arn("cognito-identity", "identitypool/*")}
	return document(
		anywhere("MakePools", "a pool has no name before it is made; it must have the stack's tags", s.tagged("RequestTag"), "cognito-identity:CreateIdentityPool", "cognito-idp:CreateUserPool"),
		anywhere("FindDomains", "it knows no resources", nil, "cognito-idp:DescribeUserPoolDomain"),
		allow("UserPools", pools, s.tagged("ResourceTag"),
			"cognito-idp:AddCustomAttributes", "cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser",
			"cognito-idp:AdminListGroupsForUser", "cognito-idp:AdminRemoveUserFromGroup", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUpdateUserAttributes",
			"cognito-idp:AssociateWebACL", "cognito-idp:CreateGroup", "cognito-idp:CreateIdentityProvider", "cognito-idp:CreateResourceServer", "cognito-idp:CreateUserPoolClient",
			"cognito-idp:CreateUserPoolDomain", "cognito-idp:DeleteGroup", "cognito-idp:DeleteIdentityProvider", "cognito-idp:DeleteResourceServer", "cognito-idp:DeleteUserPool",
			"cognito-idp:DeleteUserPoolClient", "cognito-idp:DeleteUserPoolDomain", "cognito-idp:DescribeIdentityProvider", "cognito-idp:DescribeResourceServer",
			"cognito-idp:DescribeRiskConfiguration", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient", "cognito-idp:DisassociateWebACL", "cognito-idp:GetGroup",
			"cognito-idp:GetUserPoolMfaConfig", "cognito-idp:GetWebACLForResource", "cognito-idp:ListTagsForResource", "cognito-idp:SetRiskConfiguration",
			"cognito-idp:SetUserPoolMfaConfig", "cognito-idp:TagResource", "cognito-idp:UntagResource", "cognito-idp:UpdateGroup", "cognito-idp:UpdateIdentityProvider",
			"cognito-idp:UpdateResourceServer", "cognito-idp:UpdateUserPool", "cognito-idp:UpdateUserPoolClient", "cognito-idp:UpdateUserPoolDomain"),
		allow("IdentityPools", identities, s.tagged("ResourceTag"),
			"cognito-identity:DeleteIdentityPool", "cognito-identity:DescribeIdentityPool", "cognito-identity:GetIdentityPoolRoles", "cognito-identity:GetPrincipalTagAttributeMap",
			"cognito-identity:ListTagsForResource", "cognito-identity:SetIdentityPoolRoles", "cognito-identity:SetPrincipalTagAttributeMap", "cognito-identity:TagResource",
			"cognito-identity:UntagResource", "cognito-identity:UpdateIdentityPool"),
	)
}

// rest is what only stacks with keys, alarms and parameters have.
func (s stack) rest() iamdoc.Document {
	parameters := s.arn("ssm", "parameter/"+s.settings.DeployedProject+"/"+s.pattern+"/*")
	return document(
		anywhere("MakeKeys", "a key has no name before it is made; it must have the stack's tags", s.tagged("RequestTag"), "kms:CreateKey"),
		anywhere("Find", "these know no resources", nil, "kms:ListAliases", "logs:DescribeResourcePolicies", "ssm:DescribeParameters", "tag:GetResources"),
		allow("Keys", []string{s.arn("kms", "key/*")}, s.tagged("ResourceTag"),
			"kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
			"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"),
		allow("KeyAliases", s.named("kms", "alias/"), nil, "kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"),
		allow("Alarms", s.named("cloudwatch", "alarm:"), nil,
			"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutCompositeAlarm", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"),
		allow("Dashboards", []string{fmt.Sprintf("arn:%s:cloudwatch::%s:dashboard/%s", s.account.Partition, s.account.ID, s.name())}, nil,
			"cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
		allow("Topics", s.named("sns", ""), nil,
			"sns:CreateTopic", "sns:DeleteTopic", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes", "sns:Subscribe",
			"sns:TagResource", "sns:Unsubscribe", "sns:UntagResource"),
		allow("Parameters", []string{parameters}, nil,
			"ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource", "ssm:PutParameter", "ssm:RemoveTagsFromResource"),
	)
}

// state is Pulumi's, in its bucket: who reads may write the lock of a stack, which a
// refresh takes, and nothing else.
//
// See https://www.pulumi.com/docs/iac/concepts/state-and-backends/.
func (s stack) state(writes bool) iamdoc.Document {
	bucket := fmt.Sprintf("arn:%s:s3:::%s", s.account.Partition, s.settings.StateBucket)
	at := func(path string) string { return bucket + "/.pulumi/" + path }
	project := s.settings.DeployedProject + "/" + s.pattern
	locks := []string{at("locks/organization/" + project + "/*")}
	own := []string{at("backups/" + project + "/*"), at("history/" + project + "/*"), at("stacks/" + project + ".json*")}
	out := document(
		allow("ListState", []string{bucket}, nil, "s3:ListBucket"),
		allow("ReadState", slices.Concat([]string{at("meta.yaml")}, locks, own), nil, "s3:GetObject"),
		allow("LockState", locks, nil, "s3:DeleteObject", "s3:PutObject"),
	)
	keys := []string{"kms:Decrypt", "kms:GenerateDataKey"}
	if writes {
		out.Statements = append(out.Statements, allow("WriteState", own, nil, "s3:DeleteObject", "s3:PutObject"))
		keys = append(keys, "kms:Encrypt")
	}
	if s.settings.StateKeyARN != "" {
		out.Statements = append(out.Statements, allow("StateKey", []string{s.settings.StateKeyARN}, nil, keys...))
	}
	return out
}

// reading is what of a deployment only looks, and the state without changing it.
func reading(s stack) map[string]iamdoc.Document {
	out := s.deployment()
	delete(out, "state")
	for name, d := range out {
		var kept []iamdoc.Statement
		for _, statement := range d.Statements {
			statement.Actions = slices.DeleteFunc(slices.Clone(statement.Actions), func(action string) bool { return !looks(action) })
			if statement.Effect == iamdoc.Allow && len(statement.Actions) > 0 {
				kept = append(kept, statement)
			}
		}
		out[name] = document(kept...)
	}
	maps.Copy(out, map[string]iamdoc.Document{"state": s.state(false)})
	return out
}

// looks tells whether an action changes nothing.
func looks(action string) bool {
	_, verb, _ := strings.Cut(action, ":")
	for _, prefix := range []string{"Get", "List", "Describe", "AdminGet", "AdminList"} {
		if strings.HasPrefix(verb, prefix) {
			return true
		}
	}
	return verb == "GET"
}

// verification is what make verify asks for, beside what a preview reads: it makes users to
// sign in as and deletes them and their identities, and looks through the logs of its run.
func (s stack) verification() iamdoc.Document {
	return document(
		allow("TestUsers", []string{s.arn("cognito-idp", "userpool/*")}, s.tagged("ResourceTag"),
			"cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:ListUsers"),
		// Who is to be deleted must be known by a random id, which none of these roles can list.
		anywhere("TestIdentities", "it knows no resources", iamdoc.Conditions{"StringEquals": {"aws:RequestedRegion": {s.account.Region}}}, "cognito-identity:DeleteIdentities"),
		allow("Logs", s.groups("/aws/lambda/", "/aws/apigateway/"), nil, "logs:FilterLogEvents"),
	)
}
