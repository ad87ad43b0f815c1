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
	KeyARN           pulumi.StringPtrInput // encrypts its log and environment; nil: AWS's own key
	Account          iamdoc.Account
	Tags             map[string]string

	ReservedConcurrency *int // nil: it shares what the account has
	Environment         map[string]string
	Network             *Network        // nil: none of the account's
	Grants              iamdoc.Document // what its code may do; without statements: nothing
	Release             *Release        // nil: it has no versions, and a change is live at once
}

// Network is where a function stands: in subnets, with security groups, by their ids.
type Network struct{ SubnetIDs, SecurityGroupIDs []string }

// Function is a Lambda function that may write to its own log group, and do what it is
// granted, and nothing else.
type Function struct {
	pulumi.ResourceState

	Name pulumi.StringOutput `pulumi:"name"` // in AWS
	ARN  pulumi.StringOutput `pulumi:"arn"`  // that it is to be called by: of the alias, if it has one

	Role      pulumi.StringOutput   // name of its role
	Qualifier pulumi.StringPtrInput // of permissions to call it: the alias; nil without versions
	Live      pulumi.StringOutput   // with a Release: the version that callers reach
	Newest    pulumi.StringOutput   // with a Release: the version that was published last
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
	// All policies stand before the function: Lambda refuses one whose role may not make
	// its network interfaces, and no invocation shall run without its grants.
	before := []pulumi.Resource{logs}
	for _, p := range args.policies(groupName) {
		text, err := p.document.JSON()
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", name, err)
		}
		attached, err := iam.NewRolePolicy(ctx, name+"-"+p.suffix, &iam.RolePolicyArgs{
			Name:   pulumi.String(p.name),
			Role:   role.Name,
			Policy: pulumi.String(text),
		}, parent)
		if err != nil {
			return nil, err
		}
		before = append(before, attached)
	}

	declared := &lambda.FunctionArgs{
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
	if args.ReservedConcurrency != nil {
		declared.ReservedConcurrentExecutions = pulumi.Int(*args.ReservedConcurrency)
	}
	if len(args.Environment) > 0 {
		declared.Environment = lambda.FunctionEnvironmentArgs{Variables: pulumi.ToStringMap(args.Environment)}
	}
	if args.Network != nil {
		declared.VpcConfig = lambda.FunctionVpcConfigArgs{
			SubnetIds: pulumi.ToStringArray(args.Network.SubnetIDs), SecurityGroupIds: pulumi.ToStringArray(args.Network.SecurityGroupIDs),
		}
	}
	if args.Tracing {
		declared.TracingConfig = lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
	}
	if args.KeyARN != nil && len(args.Environment) > 0 { // without one Lambda does not keep the key
		declared.KmsKeyArn = args.KeyARN
	}
	if args.Release != nil {
		declared.Publish = pulumi.Bool(true)
	}
	f, err := lambda.NewFunction(ctx, name, declared, parent, pulumi.DependsOn(before))
	if err != nil {
		return nil, err
	}
	c.Name, c.ARN, c.Role = f.Name, f.Arn, role.Name
	if args.Release != nil {
		if err := c.release(ctx, name, f, *args.Release, parent); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name, "arn": c.ARN})
}

// policy is an inline policy of the role.
type policy struct {
	suffix, name string // of the resource's name; in AWS
	document     iamdoc.Document
}

func (args Args) policies(logGroup string) []policy {
	out := []policy{{"logs", "write-own-logs", iamdoc.WriteLogs(args.Account.LogGroup(logGroup))}}
	if n := args.Network; n != nil {
		out = append(out, policy{"network", "use-network", iamdoc.UseNetwork(args.Account, args.FunctionName, n.SubnetIDs, n.SecurityGroupIDs)})
	}
	if len(args.Grants.Statements) > 0 {
		out = append(out, policy{"grants", "use-grants", args.Grants})
	}
	if args.Tracing {
		out = append(out, policy{"traces", "write-traces", iamdoc.WriteTraces()})
	}
	return out
}
