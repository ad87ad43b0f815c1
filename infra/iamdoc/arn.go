package iamdoc

import "fmt"

// Account is where a stack stands: it writes the ARNs of what is in it. They are
// written rather than read from resources, so that documents which name them are known
// in full before anything is created.
type Account struct {
	Partition string // aws, aws-us-gov, aws-cn
	Region    string // such as us-west-2
	ID        string // twelve digits
}

// Function is the ARN of a Lambda function.
func (a Account) Function(name string) string {
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", a.Partition, a.Region, a.ID, name)
}

// FunctionIntegration is the address by which API Gateway calls a Lambda function.
func (a Account) FunctionIntegration(name string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", a.Partition, a.Region, a.Function(name))
}

// Topic is the ARN of an SNS topic.
func (a Account) Topic(name string) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", a.Partition, a.Region, a.ID, name)
}

// LogGroup is the ARN of a CloudWatch log group, without the `:*` of its streams.
func (a Account) LogGroup(name string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", a.Partition, a.Region, a.ID, name)
}

// Method is the execute-api ARN of a pattern METHOD/path on a stage of a REST API.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html.
func (a Account) Method(apiID, stage, pattern string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s", a.Partition, a.Region, a.ID, apiID, stage, pattern)
}

// Parameter is the ARN of an SSM parameter, whose name begins with a slash.
func (a Account) Parameter(name string) string {
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", a.Partition, a.Region, a.ID, name)
}

// Table is the ARN of a DynamoDB table.
func (a Account) Table(name string) string {
	return fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", a.Partition, a.Region, a.ID, name)
}

// Secret is the pattern of the ARN of a secret of Secrets Manager by its name, to which
// AWS appends a hyphen and six characters of its own choice. No name that goes on longer
// fits it.
//
// See https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html.
func (a Account) Secret(name string) string {
	return fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-??????", a.Partition, a.Region, a.ID, name)
}

// Key is the ARN of a KMS key by its id.
func (a Account) Key(id string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", a.Partition, a.Region, a.ID, id)
}

func (a Account) ec2(resource string) string {
	return fmt.Sprintf("arn:%s:ec2:%s:%s:%s", a.Partition, a.Region, a.ID, resource)
}

// DNSSuffix ends the names of the services of a partition.
func (a Account) DNSSuffix() string {
	if a.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// Authorizer is the ARN under which a Lambda authorizer of a REST API calls its function.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html.
func (a Account) Authorizer(apiID, authorizerID string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/authorizers/%s", a.Partition, a.Region, a.ID, apiID, authorizerID)
}
