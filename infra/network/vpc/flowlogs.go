package vpc

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/plan"
)

// flowLogs declares the VPC's flow logs, in a log group of their own.
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
	trust, err := plan.FlowLogTrust(account)
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
	document, err := plan.FlowLogPolicy(account, groupName)
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
