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
