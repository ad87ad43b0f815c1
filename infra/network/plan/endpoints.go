package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Service is a service of AWS that a VPC can have an endpoint for.
type Service struct {
	Name    string // the last part of the endpoint's service name, com.amazonaws.REGION.NAME
	Gateway bool   // free, by the route tables; else an interface in each zone, which costs
	For     string // what functions need it for
	actions []string
	// resources are the ends of ARNs of this account and region, or with arn: before
	// them whole ARNs with the words PARTITION, REGION and ACCOUNT.
	resources []string
	// anyCaller: requests need not be signed by this account's principals.
	anyCaller bool
	// unnamed are actions that know no resources.
	unnamed []string
}

// Services are those that the grants of a function can name, and those that functions
// need beside them. Those by a gateway come first.
//
// See https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
var Services = []Service{
	{Name: "dynamodb", Gateway: true, For: "tables",
		actions: []string{"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable",
			"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"},
		resources: []string{"arn:PARTITION:dynamodb:REGION:ACCOUNT:table/*"}},
	{Name: "s3", Gateway: true, For: "buckets of this account",
		actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
		resources: []string{"arn:PARTITION:s3:::*"}},
	{Name: "ssm", For: "parameters",
		actions:   []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"},
		resources: []string{"arn:PARTITION:ssm:REGION:ACCOUNT:parameter/*"}},
	{Name: "secretsmanager", For: "secrets",
		actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		resources: []string{"arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:*"}},
	{Name: "lambda", For: "invoking another function",
		actions:   []string{"lambda:InvokeFunction"},
		resources: []string{"arn:PARTITION:lambda:REGION:ACCOUNT:function:*"}},
	// Who calls an API may be known to it by a token alone, so that the endpoint lets
	// everybody through to this account's APIs, which authorize.
	{Name: "execute-api", For: "calling a private API of this account; while it is there, no public API of the region can be called from the VPC",
		actions:   []string{"execute-api:Invoke"},
		resources: []string{"arn:PARTITION:execute-api:REGION:ACCOUNT:*"}, anyCaller: true},
	{Name: "logs", For: "the CloudWatch Logs API; Lambda writes a function's own log without it",
		actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
		resources: []string{"arn:PARTITION:logs:REGION:ACCOUNT:log-group:*"}},
	{Name: "kms", For: "encrypting and decrypting by a key in the function's own code",
		actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
		resources: []string{"arn:PARTITION:kms:REGION:ACCOUNT:key/*"}},
	{Name: "sts", For: "taking on another role of this account",
		actions:   []string{"sts:AssumeRole"},
		resources: []string{"arn:PARTITION:iam::ACCOUNT:role/*"},
		unnamed:   []string{"sts:GetCallerIdentity"}},
	{Name: "xray", For: "traces that a function sends itself",
		unnamed: []string{"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}},
}

// Names are the names of Services.
func Names() []string {
	names := []string{}
	for _, s := range Services {
		names = append(names, s.Name)
	}
	return names
}

// PrivateAPI is the service whose endpoint a private API names.
const PrivateAPI = "execute-api"

// ServiceName is the endpoint's service by AWS's name.
func (s Service) ServiceName(account Account) string {
	return "com.amazonaws." + account.Region + "." + s.Name
}

// Actions are those that may pass the endpoint, in order.
func (s Service) Actions() []string {
	return slices.Sorted(slices.Values(append(slices.Clone(s.actions), s.unnamed...)))
}

// Policy is what may pass the endpoint: the actions that grants give, on what is in this
// account, asked for by this account's principals. What a function may do of it says its
// role; the endpoint keeps data from leaving by credentials or to buckets of others.
//
// See https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html.
func (s Service) Policy(account Account) (string, error) {
	own := conditions{}
	if !s.anyCaller {
		own = equal("aws:PrincipalAccount", account.ID)
	}
	var d document
	if len(s.actions) > 0 {
		mine := own
		if s.Name == "s3" { // the ARN of a bucket names no account
			mine = equal("aws:PrincipalAccount", account.ID, "aws:ResourceAccount", account.ID)
		}
		filled := strings.NewReplacer("PARTITION", account.Partition, "REGION", account.Region, "ACCOUNT", account.ID)
		resources := []string{}
		for _, resource := range s.resources {
			resources = append(resources, filled.Replace(resource))
		}
		d = append(d, statement{ID: "OwnResources", Principal: "*", Actions: s.actions, Resources: resources, Conditions: mine})
	}
	if len(s.unnamed) > 0 {
		d = append(d, statement{ID: "WithoutResources", Principal: "*", Actions: s.unnamed, Resources: []string{"*"}, Conditions: own})
	}
	return d.json()
}

// Cents of a month of 730 hours, by AWS's list prices in us-east-1 and us-west-2:
// https://aws.amazon.com/privatelink/pricing/ and https://aws.amazon.com/vpc/pricing/.
const (
	interfaceCents = 730        // an interface endpoint in one zone, $0.01 an hour
	natCents       = 3285 + 365 // a NAT gateway, $0.045 an hour, and its public address, $0.005
)

// MonthlyCost is what the network costs in a month of 730 hours without traffic, in US
// cents, by AWS's list prices in us-east-1 and us-west-2; other regions differ. Gateway
// endpoints, subnets and security groups are free; flow logs are paid by what they hold.
func (s *Settings) MonthlyCost() int {
	interfaces := len(slices.DeleteFunc(slices.Clone(s.Endpoints), func(e Service) bool { return e.Gateway }))
	gateways := map[NAT]int{SingleNAT: 1, ZoneNAT: s.ZoneCount()}[s.NAT]
	return interfaces*s.ZoneCount()*interfaceCents + gateways*natCents
}

// Dollars writes cents as people do: $14.60.
func Dollars(cents int) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }
