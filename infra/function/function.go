// Package function is the component of one Lambda function: the function, its role and
// its log group; and the build of its archive from functions/NAME.
package function

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
)

// Args are what a function is made of.
type Args struct {
	FunctionName     string // in AWS
	RoleName         string
	Description      string
	Archive          string // path of a zip that holds an executable called bootstrap
	Architecture     string // arm64 or x86_64
	Memory           int    // MB
	Timeout          int    // seconds
	LogRetentionDays int
	Tracing          bool                  // whether X-Ray traces its invocations
	KeyARN           pulumi.StringPtrInput // encrypts its log; nil: AWS's own key
	Account          iamdoc.Account
	Tags             map[string]string
}

// Function is a Lambda function that may write to its own log group, and nothing else.
type Function struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"` // in AWS
	ARN  pulumi.StringOutput `pulumi:"arn"`
}

// New declares a function, its role and its log group.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Function, error) {
	c := &Function{}
	if err := ctx.RegisterComponentResource("auth-api:function:Function", name, c, opts...); err != nil {
		return nil, err
	}
	parent, tags := pulumi.Parent(c), pulumi.ToStringMap(args.Tags)

	// The function does not make its log group, so that it is there with its
	// retention before the first line, and goes with the stack.
	groupName := "/aws/lambda/" + args.FunctionName
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(groupName),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        args.KeyARN,
		Tags:            tags,
	}, parent)
	if err != nil {
		return nil, err
	}

	trust, err := iamdoc.TrustService("lambda.amazonaws.com").JSON()
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", name, err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:             pulumi.String(args.RoleName),
		Description:      pulumi.String("What the function " + args.FunctionName + " may do"),
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	grant, err := c.policy(ctx, name+"-logs", "write-own-logs", role, iamdoc.WriteLogs(args.Account.LogGroup(groupName)), parent)
	if err != nil {
		return nil, err
	}

	needs := []pulumi.Resource{grant, logs}
	in := &lambda.FunctionArgs{
		Name:          pulumi.String(args.FunctionName),
		Description:   pulumi.String(args.Description),
		Code:          pulumi.NewFileArchive(args.Archive),
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.ToStringArray([]string{args.Architecture}),
		MemorySize:    pulumi.Int(args.Memory),
		Timeout:       pulumi.Int(args.Timeout),
		Role:          role.Arn,
		Tags:          tags,
	}
	if args.Tracing {
		in.TracingConfig = lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
		trace, err := c.policy(ctx, name+"-traces", "write-traces", role, iamdoc.WriteTraces(), parent)
		if err != nil {
			return nil, err
		}
		needs = append(needs, trace)
	}
	f, err := lambda.NewFunction(ctx, name, in, parent, pulumi.DependsOn(needs))
	if err != nil {
		return nil, err
	}
	c.Name, c.ARN = f.Name, f.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name, "arn": c.ARN})
}

// policy gives the function's role what a document allows.
func (c *Function) policy(ctx *pulumi.Context, name, policyName string, role *iam.Role, document iamdoc.Document, opts ...pulumi.ResourceOption) (*iam.RolePolicy, error) {
	text, err := document.JSON()
	if err != nil {
		return nil, fmt.Errorf("the policy %s of function %s: %w", policyName, name, err)
	}
	return iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name:   pulumi.String(policyName),
		Role:   role.Name,
		Policy: pulumi.String(text),
	}, opts...)
}
