package vpc

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/network/plan"
)

const https = 443

// group declares a security group without rules: the provider takes away the one that
// AWS gives a new group, which lets everything out.
func (b builder) group(vpc *awsxec2.Vpc, what, description string) (*ec2.SecurityGroup, error) {
	return ec2.NewSecurityGroup(b.ctx, b.name+"-"+what, &ec2.SecurityGroupArgs{
		Description: pulumi.String(description),
		VpcId:       vpc.VpcId,
		Tags:        b.tags(what),
	}, b.parent)
}

// functionGroup declares the functions' group: nobody opens a connection to a function,
// and a function opens those that the settings speak of. Amazon's DNS answers whatever
// the group says.
func (b builder) functionGroup(vpc *awsxec2.Vpc, all endpoints) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	group, err := b.group(vpc, "functions", "Functions: nothing in; out to the endpoints and the ports that the settings name")
	if err != nil {
		return none, err
	}
	if all.group != nil {
		if err := b.egress(group, "endpoints", https, target{group: all.group, description: "interface endpoints"}); err != nil {
			return none, err
		}
		_, err := awsvpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-endpoints-from-functions", &awsvpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId:           all.group.ID(),
			ReferencedSecurityGroupId: group.ID(),
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(https),
			ToPort:                    pulumi.Int(https),
			Description:               pulumi.String("functions"),
			Tags:                      b.tags("endpoints-from-functions"),
		}, b.parent)
		if err != nil {
			return none, err
		}
	}
	for _, service := range all.chosen {
		if !service.Gateway {
			continue
		}
		if err := b.egress(group, service.Name, https, target{prefixList: all.by[service.Name].PrefixListId, description: service.Name}); err != nil {
			return none, err
		}
	}
	for _, port := range b.args.Settings.EgressPorts {
		block := b.args.Settings.Block.String()
		if err := b.egress(group, fmt.Sprintf("port-%d", port), port, target{block: block, description: "the VPC"}); err != nil {
			return none, err
		}
	}
	if b.args.Settings.NAT != plan.NoNAT {
		if err := b.egress(group, "internet", https, target{block: "0.0.0.0/0", description: "the internet by NAT"}); err != nil {
			return none, err
		}
	}
	return group.ID().ToStringOutput(), nil
}

// target is where a connection may lead: one of group, prefixList and block.
type target struct {
	group       *ec2.SecurityGroup
	prefixList  pulumi.StringPtrInput
	block       string
	description string
}

func (b builder) egress(from *ec2.SecurityGroup, name string, port int, to target) error {
	args := &awsvpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: from.ID(),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(port),
		ToPort:          pulumi.Int(port),
		PrefixListId:    to.prefixList,
		Description:     pulumi.String(to.description),
		Tags:            b.tags("functions-to-" + name),
	}
	if to.group != nil {
		args.ReferencedSecurityGroupId = to.group.ID()
	}
	if to.block != "" {
		args.CidrIpv4 = pulumi.String(to.block)
	}
	_, err := awsvpc.NewSecurityGroupEgressRule(b.ctx, b.name+"-functions-to-"+name, args, b.parent)
	return err
}
