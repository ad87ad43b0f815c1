package iam

import (
	"fmt"
	"maps"
	"slices"

	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
)

const awsPolicyPrefix = "arn:aws:iam::aws:policy/"

// awsPolicies are the policies of AWS's own that the local AWS knows, as they are
// published: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
var awsPolicies = map[string]string{
	awsPolicyPrefix + "service-role/AWSLambdaBasicExecutionRole": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}`,
	awsPolicyPrefix + "service-role/AWSLambdaVPCAccessExecutionRole": `{"Version": "2012-10-17", "Statement": [{"Sid": "AWSLambdaVPCAccessExecutionPermissions", "Effect": "Allow",
		"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"], "Resource": "*"}]}`,
	awsPolicyPrefix + "service-role/AmazonAPIGatewayPushToCloudWatchLogs": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents",
			"logs:GetLogEvents", "logs:FilterLogEvents"], "Resource": "*"}]}`,
	awsPolicyPrefix + "AWSXRayDaemonWriteAccess": `{"Version": "2012-10-17", "Statement": [{"Sid": "AWSXRayDaemonWriteAccess", "Effect": "Allow",
		"Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"], "Resource": ["*"]}]}`,
}

func awsPolicyNames() []string { return slices.Sorted(maps.Keys(awsPolicies)) }

// managedPolicy is a managed policy, compiled, under its ARN.
type managedPolicy struct {
	source authz.Source
	err    error // why it cannot be compiled
}

// compileManaged compiles the account's managed policies and AWS's own, by ARN.
func compileManaged(tx *store.Tx) (map[string]managedPolicy, error) {
	compiled := maps.Clone(compiledAWSPolicies)
	policies, err := Policies.All(tx)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		compiled[p.ID] = newManagedPolicy(p.ID, p.Value.Policy)
	}
	return compiled, nil
}

func newManagedPolicy(arn, document string) managedPolicy {
	p, err := authz.ParseIdentity(document)
	if err != nil {
		err = fmt.Errorf("policy %s: %w", arn, err)
	}
	return managedPolicy{source: authz.Source{Name: arn, Policy: p}, err: err}
}

var compiledAWSPolicies = func() map[string]managedPolicy {
	compiled := make(map[string]managedPolicy, len(awsPolicies))
	for arn, document := range awsPolicies {
		compiled[arn] = newManagedPolicy(arn, document)
	}
	return compiled
}()

// mustBePolicy refuses the ARN of a managed policy that is not there.
func mustBePolicy(tx *store.Tx, arn string) error {
	if _, known := awsPolicies[arn]; known {
		return nil
	}
	_, found, err := Policies.Get(tx, arn)
	if err == nil && !found {
		err = fmt.Errorf("NoSuchEntity: Policy %s does not exist or is not attachable", arn)
	}
	return err
}

func mustBeRole(tx *store.Tx, name string) (Role, error) {
	role, found, err := Roles.Get(tx, name)
	if err == nil && !found {
		err = fmt.Errorf("NoSuchEntity: The role with name %s cannot be found", name)
	}
	return role, err
}

// partsOf returns what other resources give the role.
func partsOf(tx *store.Tx, role string) (attached []declared.Entry[RolePolicyAttachment], inline []declared.Entry[RolePolicy], err error) {
	if attached, err = RolePolicyAttachments.All(tx); err != nil {
		return nil, nil, err
	}
	if inline, err = RolePolicies.All(tx); err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(attached, func(a declared.Entry[RolePolicyAttachment]) bool { return a.Value.Role != role }),
		slices.DeleteFunc(inline, func(p declared.Entry[RolePolicy]) bool { return p.Value.Role != role }), nil
}
