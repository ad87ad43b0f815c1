package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
)

// accountRole lets API Gateway write to CloudWatch in this account and region. AWS has
// one such role for all APIs there, so that destroying the stack leaves it: without it
// the logs of every other stack would stop.
//
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html.
func (c *API) accountRole(ctx *pulumi.Context, args Args) (pulumi.Resource, error) {
	stays := []pulumi.ResourceOption{pulumi.Parent(c), pulumi.RetainOnDelete(true)}
	trust, err := iamdoc.TrustService("apigateway.amazonaws.com").JSON()
	if err != nil {
		return nil, fmt.Errorf("the role by which API Gateway writes logs: %w", err)
	}
	role, err := iam.NewRole(ctx, "gateway-logs", &iam.RoleArgs{
		Name:             pulumi.String(args.Name + "-gateway-logs"),
		Description:      pulumi.String("API Gateway writes its logs; all APIs of the account and region use it"),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             pulumi.ToStringMap(args.Tags),
	}, stays...)
	if err != nil {
		return nil, err
	}
	attached, err := iam.NewRolePolicyAttachment(ctx, "gateway-logs", &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: pulumi.String("arn:" + args.Account.Partition + ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"),
	}, stays...)
	if err != nil {
		return nil, err
	}
	return apigateway.NewAccount(ctx, "gateway-logs", &apigateway.AccountArgs{CloudwatchRoleArn: role.Arn}, append(stays, pulumi.DependsOn([]pulumi.Resource{attached}))...)
}
