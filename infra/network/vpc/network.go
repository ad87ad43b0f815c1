package vpc

import (
	"net/netip"

	awsec2 "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/plan"
)

// Args are what a network is made of.
type Args struct {
	Settings *plan.Settings
	Account  plan.Account
	Tags     map[string]string
}

// Network is a VPC with what functions need in it.
type Network struct {
	pulumi.ResourceState

	VPCID     pulumi.StringOutput `pulumi:"vpcId"`
	CIDRBlock pulumi.StringOutput `pulumi:"cidrBlock"`
	// SubnetIDs are for functions, one in each zone: isolated ones, or with a NAT
	// gateway the private ones, which have a route to it.
	SubnetIDs pulumi.StringArrayOutput `pulumi:"subnetIds"`
	// IsolatedSubnetIDs are for databases: no route leaves the VPC.
	IsolatedSubnetIDs pulumi.StringArrayOutput `pulumi:"isolatedSubnetIds"`
	// SecurityGroupID is the functions'. A database lets this group in.
	SecurityGroupID pulumi.StringOutput `pulumi:"securityGroupId"`
	// EndpointIDs are the endpoints', by the name of their service.
	EndpointIDs pulumi.StringMapOutput `pulumi:"endpointIds"`
	// ExecuteAPIEndpointID is the endpoint that a private API's policy names; nil
	// without one.
	ExecuteAPIEndpointID *pulumi.StringOutput
}

// New declares a network.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Network, error) {
	n := &Network{}
	if err := ctx.RegisterComponentResource("auth-api-network:vpc:Network", name, n, opts...); err != nil {
		return nil, err
	}
	b := builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(n)}

	vpc, err := b.vpc()
	if err != nil {
		return nil, err
	}
	// A VPC comes with a group that lets its members talk to each other and to
	// everybody; what forgets to name a group gets it. Control EC2.2 of Security Hub.
	if _, err := awsec2.NewDefaultSecurityGroup(ctx, name+"-default", &awsec2.DefaultSecurityGroupArgs{
		VpcId: vpc.VpcId,
		Tags:  b.tags("default"),
	}, b.parent); err != nil {
		return nil, err
	}
	endpoints, err := b.endpoints(vpc)
	if err != nil {
		return nil, err
	}
	functions, err := b.functionGroup(vpc, endpoints)
	if err != nil {
		return nil, err
	}
	if err := b.flowLogs(vpc); err != nil {
		return nil, err
	}

	n.VPCID, n.IsolatedSubnetIDs, n.SubnetIDs = vpc.VpcId, vpc.IsolatedSubnetIds, vpc.IsolatedSubnetIds
	if args.Settings.NAT != plan.NoNAT {
		n.SubnetIDs = vpc.PrivateSubnetIds
	}
	n.CIDRBlock = pulumi.String(args.Settings.Block.String()).ToStringOutput()
	n.SecurityGroupID, n.EndpointIDs = functions, endpoints.ids().ToStringMapOutput()
	if e, ok := endpoints.by[plan.PrivateAPI]; ok {
		id := e.ID().ToStringOutput()
		n.ExecuteAPIEndpointID = &id
	}
	return n, ctx.RegisterResourceOutputs(n, n.outputs())
}

// outputs are what the stack tells other stacks.
func (n *Network) outputs() pulumi.Map {
	all := pulumi.Map{
		"vpcId":             n.VPCID,
		"cidrBlock":         n.CIDRBlock,
		"subnetIds":         n.SubnetIDs,
		"isolatedSubnetIds": n.IsolatedSubnetIDs,
		"securityGroupId":   n.SecurityGroupID,
		"endpointIds":       n.EndpointIDs,
	}
	if n.ExecuteAPIEndpointID != nil {
		all["executeApiEndpointId"] = *n.ExecuteAPIEndpointID
	}
	return all
}

// builder declares the parts of one network.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   Args
	parent pulumi.ResourceOption
}

// tags are those of the stack, and a name for AWS's console.
func (b builder) tags(what string) pulumi.StringMap {
	tags := pulumi.ToStringMap(b.args.Tags)
	tags["Name"] = pulumi.String(b.name + "-" + what)
	return tags
}

// vpc declares the component. It makes an internet gateway whatever it is asked for;
// without public subnets no route leads there.
func (b builder) vpc() (*ec2.Vpc, error) {
	s := b.args.Settings
	block, subnets := s.Block.String(), s.Subnets()
	auto := ec2.SubnetAllocationStrategyAuto // Legacy, the default, ignores the ranges
	args := &ec2.VpcArgs{
		CidrBlock: &block,
		// An interface endpoint answers to its service's own name, which takes both.
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		SubnetStrategy:     &auto,
		SubnetSpecs:        []ec2.SubnetSpecArgs{subnetSpec(ec2.SubnetTypeIsolated, subnets.Isolated)},
		// Without a strategy the component makes a gateway in each zone.
		NatGateways: &ec2.NatGatewayConfigurationArgs{Strategy: natStrategies[s.NAT]},
		Tags:        pulumi.ToStringMap(b.args.Tags),
	}
	if s.NAT != plan.NoNAT {
		args.SubnetSpecs = append(args.SubnetSpecs,
			subnetSpec(ec2.SubnetTypePrivate, subnets.Private), subnetSpec(ec2.SubnetTypePublic, subnets.Public))
	}
	if count := s.ZoneCount(); len(s.Zones) > 0 {
		args.AvailabilityZoneNames = s.Zones
	} else {
		args.NumberOfAvailabilityZones = &count
	}
	return ec2.NewVpc(b.ctx, b.name, args, b.parent)
}

var natStrategies = map[plan.NAT]ec2.NatGatewayStrategy{
	plan.NoNAT: ec2.NatGatewayStrategyNone, plan.SingleNAT: ec2.NatGatewayStrategySingle, plan.ZoneNAT: ec2.NatGatewayStrategyOnePerAz,
}

func subnetSpec(kind ec2.SubnetType, ranges []netip.Prefix) ec2.SubnetSpecArgs {
	spec := ec2.SubnetSpecArgs{Type: kind}
	for _, r := range ranges {
		spec.CidrBlocks = append(spec.CidrBlocks, r.String())
	}
	return spec
}
