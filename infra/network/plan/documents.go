package plan

import (
	"encoding/json"
	"fmt"
)

// Account is where the network stands.
type Account struct {
	Partition string // aws, aws-us-gov, aws-cn
	Region    string // such as us-west-2
	ID        string // twelve digits
}

// LogGroup is the ARN of a CloudWatch log group, without the `:*` of its streams.
func (a Account) LogGroup(name string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", a.Partition, a.Region, a.ID, name)
}

// FlowLogTrust is the trust policy of the role that writes the flow logs. It is for flow
// logs of this account alone: without the conditions those of another could write by it.
//
// See https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html.
func FlowLogTrust(account Account) (string, error) {
	flowLogs := fmt.Sprintf("arn:%s:ec2:%s:%s:vpc-flow-log/*", account.Partition, account.Region, account.ID)
	conditions := equal("aws:SourceAccount", account.ID)
	conditions["ArnLike"] = map[string]string{"aws:SourceArn": flowLogs}
	return document{{
		Principal: map[string]string{"Service": "vpc-flow-logs.amazonaws.com"}, Actions: []string{"sts:AssumeRole"}, Conditions: conditions,
	}}.json()
}

// FlowLogPolicy allows writing to one log group, and finding it among the others.
func FlowLogPolicy(account Account, group string) (string, error) {
	own := account.LogGroup(group)
	return document{
		{ID: "WriteOwnLogs", Actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, Resources: []string{own, own + ":*"}},
		{ID: "FindLogGroup", Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{account.LogGroup("*")}},
	}.json()
}

// document is a policy of IAM or of an endpoint.
type document []statement

// statement allows actions; nothing here denies any.
type statement struct {
	ID         string     `json:"Sid,omitempty"`
	Effect     string     // filled in by json
	Principal  any        `json:",omitempty"`
	Actions    []string   `json:"Action"`
	Resources  []string   `json:"Resource,omitempty"`
	Conditions conditions `json:"Condition,omitempty"`
}

// conditions maps an operator to keys and their values.
type conditions map[string]map[string]string

// equal asks of each key the value behind it.
func equal(pairs ...string) conditions {
	keys := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		keys[pairs[i]] = pairs[i+1]
	}
	return conditions{"StringEquals": keys}
}

func (d document) json() (string, error) {
	for i := range d {
		d[i].Effect = "Allow"
	}
	b, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", d})
	if err != nil {
		return "", fmt.Errorf("writing a policy: %w", err)
	}
	return string(b), nil
}
