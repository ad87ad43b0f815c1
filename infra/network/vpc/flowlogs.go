package vpc

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/network/plan"
)

// flowLogs declares the VPC's flow logs, in a log group of their own.
//
// See https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html.
func (b builder) flowLogs(vpc *awsxec2.Vpc) error {
	s, account := b.args.Settings, b.args.Account
	if s.FlowLogs == plan.NoFlowLogs {
		return nil
	}
	groupName := "/aws/vpc/" + s.Name()
	group, err := cloudwatch.NewLogGroup(b.ctx, b.name+"-flow-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(groupName),
		RetentionInDays: pulumi.Int(s.FlowLogRetentionDays),
		Tags:            b.tags("flow-logs"),
	}, b.parent)
	if err != nil {
		return err
	}
	trust, err := trustFlowLogs(account).JSON()
	if err != nil {
		return fmt.Errorf("flow logs: %w", err)
	}
	role, err := iam.NewRole(b.ctx, b.name+"-flow-logs", &iam.RoleArgs{
		Name:             pulumi.String(s.FlowLogRole()),
		Description:      pulumi.String("What the flow logs of " + s.Name() + " may write"),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             b.tags("flow-logs"),
	}, b.parent)
	if err != nil {
		return err
	}
	document, err := writeFlowLogs(account, groupName).JSON()
	if err != nil {
		return fmt.Errorf("flow logs: %w", err)
	}
	policy, err := iam.NewRolePolicy(b.ctx, b.name+"-flow-logs", &iam.RolePolicyArgs{
		Name:   pulumi.String("write-flow-logs"),
		Role:   role.Name,
		Policy: pulumi.String(document),
	}, b.parent)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(b.ctx, b.name, &ec2.FlowLogArgs{
		VpcId:          vpc.VpcId,
		TrafficType:    pulumi.String(strings.ToUpper(string(s.FlowLogs))),
		LogDestination: group.Arn,
		IamRoleArn:     role.Arn,
		Tags:           b.tags("flow-logs"),
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	return err
}

// trustFlowLogs lets the service take the role on for flow logs of this account alone;
// without the conditions another account's flow logs could write by it.
func trustFlowLogs(account iamdoc.Account) iamdoc.Document {
	document := iamdoc.TrustService("vpc-flow-logs.amazonaws.com")
	document.Statements[0].Conditions = iamdoc.Conditions{
		"StringEquals": {"aws:SourceAccount": {account.ID}},
		"ArnLike":      {"aws:SourceArn": {fmt.Sprintf("arn:%s:ec2:%s:%s:vpc-flow-log/*", account.Partition, account.Region, account.ID)}},
	}
	return document
}

// writeFlowLogs allows writing to one log group, and finding it among the others.
func writeFlowLogs(account iamdoc.Account, group string) iamdoc.Document {
	own := account.LogGroup(group)
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{ID: "WriteOwnLogs", Effect: iamdoc.Allow, Actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, Resources: []string{own, own + ":*"}},
		{ID: "FindLogGroup", Effect: iamdoc.Allow, Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{account.LogGroup("*")}},
	}}
}
