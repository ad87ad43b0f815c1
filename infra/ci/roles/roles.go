// Package roles declares who of GitHub's workflows may do what in an AWS account: an
// OpenID Connect provider, a role for each kind of job, and the boundary of the roles that
// a deployment makes.
//
// A workflow proves by a token of GitHub's which repository, branch or environment it runs
// for; no key is kept anywhere. Each role may be taken on by the jobs that it is meant for
// alone, and may do what the program of infra needs for the stacks that it deploys: by the
// names of their resources, and where AWS chooses the ids, by their tags project and stack.
//
// See https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws.
package roles

import (
	"fmt"
	"slices"

	"auth-api/infra/iamdoc"
	"auth-api/infra/internal/named"
)

// Issuer is who signs the tokens of GitHub's workflows.
const Issuer = "token.actions.githubusercontent.com"

// audience is what configure-aws-credentials asks tokens for.
const audience = "sts.amazonaws.com"

// Role is a role for jobs of workflows.
type Role struct {
	Name     string // after PROJECT-ci-
	Variable string // the variable of the repository, or of the environment, that holds its ARN
	Does     string
	Subjects []string // of the tokens that it is given for
	Policies map[string]iamdoc.Document
}

// All are the roles, in order.
func All(a iamdoc.Account, s Settings) []Role {
	main, pulls := "ref:refs/heads/main", "pull_request"
	everything := stack{a, s, "*"}
	check := reading(everything)
	check["verify"] = everything.verification()
	out := []Role{
		{Name: "preview", Variable: "AWS_PREVIEW_ROLE", Does: "reads all stacks and their state, for previews", Subjects: []string{pulls, main}, Policies: reading(everything)},
		{Name: "check", Variable: "AWS_CHECK_ROLE", Does: "as preview, and what make verify needs", Subjects: []string{main}, Policies: check},
	}
	for _, d := range []struct{ stack, name, variable, subject string }{
		{"dev", "dev", "AWS_DEV_ROLE", main},
		{"prod", "prod", "AWS_DEPLOY_ROLE of the environment prod", "environment:prod"},
		{"pr-*", "pr", "AWS_DEPLOY_ROLE of the environment pr", "environment:pr"},
	} {
		its := stack{a, s, d.stack}
		policies := its.deployment()
		if d.name == "pr" { // its workflow verifies what it has deployed
			policies["verify"] = its.verification()
		}
		out = append(out, Role{Name: "deploy-" + d.name, Variable: d.variable, Does: "deploys and destroys stack " + d.stack, Subjects: []string{d.subject}, Policies: policies})
	}
	for i := range out {
		for j, subject := range out[i].Subjects {
			out[i].Subjects[j] = "repo:" + s.Repository + ":" + subject
		}
	}
	return out
}

// Trust is the policy by which jobs whose tokens have one of the subjects get the role.
//
// Without the subject every repository on GitHub could take it on, and without the
// audience a token that was made out to somebody else.
func Trust(provider string, subjects []string) iamdoc.Document {
	subjects = slices.Clone(subjects)
	slices.Sort(subjects)
	return iamdoc.Document{Statements: []iamdoc.Statement{{
		ID: "Workflows", Effect: iamdoc.Allow, Principal: &iamdoc.Principal{Federated: provider}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: iamdoc.Conditions{"StringEquals": {Issuer + ":aud": {audience}, Issuer + ":sub": subjects}},
	}}}
}

// ProviderARN is the ARN of the account's provider for GitHub, of which there is one.
func ProviderARN(a iamdoc.Account) string {
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", a.Partition, a.ID, Issuer)
}

// BoundaryName is the name of the policy that bounds the roles which a deployment makes: the
// stack files say it as permissionsBoundary.
func BoundaryName(s Settings) string { return named.Boundary(s.DeployedProject) }

// Boundary is the most that a role of a stack can do, whatever its own policies say: what
// functions and callers need, and nothing of IAM.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
func Boundary(a iamdoc.Account, s Settings) iamdoc.Document {
	of := func(service, resource string) string {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s", a.Partition, service, a.Region, a.ID, resource)
	}
	allow := func(id string, resources []string, actions ...string) iamdoc.Statement {
		return iamdoc.Statement{ID: id, Effect: iamdoc.Allow, Actions: actions, Resources: resources}
	}
	anywhere := func(id, why string, actions ...string) iamdoc.Statement {
		return iamdoc.Statement{ID: id, Effect: iamdoc.Allow, Actions: actions, Resources: []string{iamdoc.EveryResource}, Everywhere: why}
	}
	return iamdoc.Document{Statements: []iamdoc.Statement{
		allow("CallAPIs", []string{of("execute-api", "*/*")}, "execute-api:Invoke"),
		allow("InvokeFunctions", []string{of("lambda", "function:"+s.DeployedProject+"-*")}, "lambda:InvokeFunction"),
		allow("WriteLogs", []string{of("logs", "log-group:*")}, "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents"),
		allow("ReadParameters", []string{of("ssm", "parameter/*")}, "ssm:GetParameter"),
		allow("UseTables", []string{of("dynamodb", "table/*")}, "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"),
		allow("ReadSecrets", []string{of("secretsmanager", "secret:*")}, "secretsmanager:GetSecretValue"),
		allow("Decrypt", []string{of("kms", "key/*")}, "kms:Decrypt"),
		allow("UseNetwork", []string{of("ec2", "*/*")}, "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"),
		anywhere("NoResources", "these know no resources", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
	}}
}
