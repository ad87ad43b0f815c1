package iamdoc

import (
	"maps"
	"slices"
)

// EveryResource is the resource of actions that IAM knows no narrower one for. A
// statement that allows may have it only when each of its actions is in unscoped.
const EveryResource = "*"

// unscoped are the actions that may be allowed on every resource, with the reason: AWS
// decides on them before there is a resource to name.
//
// See https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
var unscoped = map[string]string{
	"ec2:DescribeNetworkInterfaces": "EC2's Describe actions have no resources, and Lambda looks for the interfaces that it made",
	"ec2:DescribeSubnets":           "EC2's Describe actions have no resources, and Lambda looks for the subnets' zones",
	"xray:PutTelemetryRecords":      "X-Ray's actions know no resources",
	"xray:PutTraceSegments":         "X-Ray's actions know no resources",
}

// Exceptions are the actions that the stack's policies may allow on every resource, each
// with its reason, for who reviews them.
func Exceptions() map[string]string { return maps.Clone(unscoped) }

// UseNetwork lets Lambda put a function's network interfaces into subnets, with security
// groups, and remove them. It is narrower than the managed policy
// AWSLambdaVPCAccessExecutionRole, which allows all of this, and writing any log, on
// every resource.
//
// AWS asks for two wildcards. The interfaces are not made yet, so that they have no
// names; and DeleteNetworkInterface is asked for on all resources of the account and
// region. What only reads cannot be narrowed at all (see unscoped). So that none of it is
// the function's own to use, its code is denied what Lambda is allowed: a request of
// Lambda's has no lambda:SourceFunctionArn, one of the code has the function's.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions and
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html.
func UseNetwork(a Account, functionName string, subnetIDs, securityGroupIDs []string) Document {
	interfaces := a.ec2("network-interface/*")
	made := []string{interfaces}
	for _, id := range subnetIDs {
		made = append(made, a.ec2("subnet/"+id))
	}
	for _, id := range securityGroupIDs {
		made = append(made, a.ec2("security-group/"+id))
	}
	slices.Sort(made)
	d := Document{Statements: []Statement{
		{ID: "MakeInterfaces", Effect: Allow, Actions: []string{"ec2:CreateNetworkInterface"}, Resources: made},
		{ID: "RemoveInterfaces", Effect: Allow, Actions: []string{"ec2:DeleteNetworkInterface"}, Resources: []string{a.ec2("*/*")}},
		{ID: "AddressInterfaces", Effect: Allow, Actions: []string{"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}, Resources: []string{interfaces}},
		{ID: "SeeInterfaces", Effect: Allow, Actions: []string{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}, Resources: []string{EveryResource}},
	}}
	var all []string
	for _, s := range d.Statements {
		all = append(all, s.Actions...)
	}
	function := a.Function(functionName)
	d.Statements = append(d.Statements, Statement{
		ID: "NotByItsCode", Effect: Deny, Actions: all, Resources: []string{EveryResource},
		Conditions: Conditions{"ArnLike": {"lambda:SourceFunctionArn": {function, function + ":*"}}},
	})
	return d
}

// Grants are what a function may do besides writing its log, by ARNs.
type Grants struct {
	Parameters    []string // to read
	ParameterKeys []string // KMS keys that the parameters are encrypted with
	ReadTables    []string
	WriteTables   []string
	Functions     []string // to invoke, with the qualifier that they are invoked by
	Secrets       []string // to read
	SecretKeys    []string // KMS keys that the secrets are encrypted with
}

// Use allows exactly what the grants say. It has no statements when they say nothing.
func Use(a Account, g Grants) Document {
	var d Document
	allow := func(id string, resources []string, conditions Conditions, actions ...string) {
		if len(resources) == 0 {
			return
		}
		resources = slices.Clone(resources)
		slices.Sort(resources)
		d.Statements = append(d.Statements, Statement{
			ID: id, Effect: Allow, Actions: actions, Resources: slices.Compact(resources), Conditions: conditions,
		})
	}
	// A key opens what it encrypts only by way of the service that keeps it, which has
	// asked whether the function may read that.
	via := func(service string) Conditions {
		return Conditions{"StringEquals": {"kms:ViaService": {service + "." + a.Region + "." + a.DNSSuffix()}}}
	}
	allow("ReadParameters", g.Parameters, nil, "ssm:GetParameter")
	allow("DecryptParameters", g.ParameterKeys, via("ssm"), "kms:Decrypt")
	allow("ReadItems", g.ReadTables, nil, "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem")
	var searched []string
	for _, table := range g.ReadTables {
		searched = append(searched, table, table+"/index/*")
	}
	allow("SearchItems", searched, nil, "dynamodb:Query", "dynamodb:Scan")
	allow("WriteItems", g.WriteTables, nil, "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
	allow("InvokeFunctions", g.Functions, nil, "lambda:InvokeFunction")
	allow("ReadSecrets", g.Secrets, nil, "secretsmanager:GetSecretValue")
	allow("DecryptSecrets", g.SecretKeys, via("secretsmanager"), "kms:Decrypt")
	return d
}
