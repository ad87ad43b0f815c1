package vpc

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/plan"
)

// endpoints are those of a VPC.
type endpoints struct {
	chosen []plan.Service
	by     map[string]*ec2.VpcEndpoint // by the name of the service
	group  *ec2.SecurityGroup          // of the interface endpoints; nil without any
}

func (e endpoints) ids() pulumi.StringMap {
	ids := pulumi.StringMap{}
	for name, endpoint := range e.by {
		ids[name] = endpoint.ID().ToStringOutput()
	}
	return ids
}

// endpoints declares the endpoints beside the component rather than by it: its own
// vpcEndpointSpecs can name neither its subnets and route tables nor a security group in
// its VPC, and it tells no ids of what it makes by them. See
// https://github.com/pulumi/pulumi-awsx/issues/1627 and
// https://github.com/pulumi/pulumi-awsx/issues/1194.
func (b builder) endpoints(vpc *awsxec2.Vpc) (endpoints, error) {
	all := endpoints{chosen: b.args.Settings.Endpoints, by: map[string]*ec2.VpcEndpoint{}}
	for _, service := range all.chosen {
		policy, err := service.Policy(b.args.Account)
		if err != nil {
			return all, err
		}
		args := &ec2.VpcEndpointArgs{
			VpcId:       vpc.VpcId,
			ServiceName: pulumi.String(service.ServiceName(b.args.Account)),
			Policy:      pulumi.String(policy),
			Tags:        b.tags(service.Name),
		}
		if service.Gateway {
			args.VpcEndpointType = pulumi.String("Gateway")
			args.RouteTableIds = routeTables(vpc)
		} else {
			if all.group == nil {
				if all.group, err = b.group(vpc, "endpoints", "Interface endpoints: HTTPS from the functions"); err != nil {
					return all, err
				}
			}
			args.VpcEndpointType = pulumi.String("Interface")
			args.SubnetIds = vpc.IsolatedSubnetIds
			args.SecurityGroupIds = pulumi.StringArray{all.group.ID()}
			args.PrivateDnsEnabled = pulumi.Bool(true)
		}
		if all.by[service.Name], err = ec2.NewVpcEndpoint(b.ctx, b.name+"-"+service.Name, args, b.parent); err != nil {
			return all, err
		}
	}
	return all, nil
}

// routeTables are those of all subnets: the component makes one for each.
func routeTables(vpc *awsxec2.Vpc) pulumi.StringArrayOutput {
	return vpc.RouteTables.ApplyT(func(tables []*ec2.RouteTable) (pulumi.StringArrayOutput, error) {
		ids := pulumi.StringArray{}
		for i, table := range tables {
			if table == nil {
				return pulumi.StringArrayOutput{}, fmt.Errorf("reading the route tables of awsx ec2.Vpc: number %d is empty", i)
			}
			ids = append(ids, table.ID())
		}
		return ids.ToStringArrayOutput(), nil
	}).(pulumi.StringArrayOutput)
}
