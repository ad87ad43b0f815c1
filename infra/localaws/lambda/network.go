package lambda

import (
	"reflect"
	"regexp"
	"strings"

	"auth-api/infra/localaws/iam"
)

var (
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-z]+$`)
	securityGroupID = regexp.MustCompile(`^sg-[0-9a-zA-Z]+$`)
)

// Limits of Lambda's VpcConfig.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
const (
	maxSubnets        = 16
	maxSecurityGroups = 5
)

// inVPC reports whether the function stands in a network of the account's.
func (f Function) inVPC() bool { return f.VPCConfig != nil && len(f.VPCConfig.SubnetIDs) > 0 }

// checkSurroundings checks the form of what changes nothing here: network, tracing and
// the environment's key.
func checkSurroundings(f Function) error {
	if t := f.TracingConfig; t != nil && t.Mode != "Active" && t.Mode != "PassThrough" {
		return invalid("tracingConfig.mode %q of function %s is not legal: Active or PassThrough", t.Mode, f.Name)
	}
	switch {
	case f.KMSKeyARN == "":
	case !keyARN.MatchString(f.KMSKeyARN):
		return invalid("kmsKeyArn %q of function %s is not the ARN of a KMS key", f.KMSKeyARN, f.Name)
	case f.Environment == nil || len(f.Environment.Variables) == 0:
		return invalid("kmsKeyArn of function %s has nothing to encrypt: Lambda does not keep it without environment variables, and every plan would add it again", f.Name)
	}
	c := f.VPCConfig
	if c == nil {
		return nil
	}
	switch {
	case (len(c.SubnetIDs) == 0) != (len(c.SecurityGroupIDs) == 0):
		return invalid("SubnetIds and SecurityIds must coexist or be both empty list. (vpcConfig of function %s)", f.Name)
	case len(c.SubnetIDs) > maxSubnets:
		return invalid("vpcConfig.subnetIds of function %s are %d: legal are up to %d", f.Name, len(c.SubnetIDs), maxSubnets)
	case len(c.SecurityGroupIDs) > maxSecurityGroups:
		return invalid("vpcConfig.securityGroupIds of function %s are %d: legal are up to %d", f.Name, len(c.SecurityGroupIDs), maxSecurityGroups)
	}
	for _, id := range c.SubnetIDs {
		if !subnetID.MatchString(id) {
			return invalid("vpcConfig.subnetIds of function %s has %q, which is not a subnet's id, such as subnet-0abc12de", f.Name, id)
		}
	}
	for _, id := range c.SecurityGroupIDs {
		if !securityGroupID.MatchString(id) {
			return invalid("vpcConfig.securityGroupIds of function %s has %q, which is not a security group's id, such as sg-0abc12de", f.Name, id)
		}
	}
	return nil
}

// checkNetworkRights refuses a function whose network is new or whose role is, when the
// role does not let Lambda make network interfaces there, see them and remove them.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
func (s *Service) checkNetworkRights(before *Function, f Function) error {
	if !f.inVPC() || before != nil && before.Role == f.Role && reflect.DeepEqual(before.VPCConfig, f.VPCConfig) {
		return nil
	}
	prefix := "arn:aws:ec2:" + s.config.Region + ":" + s.config.Account + ":"
	made := []string{prefix + "network-interface/*"}
	for _, id := range f.VPCConfig.SubnetIDs {
		made = append(made, prefix+"subnet/"+id)
	}
	for _, id := range f.VPCConfig.SecurityGroupIDs {
		made = append(made, prefix+"security-group/"+id)
	}
	for _, right := range []struct {
		action    string
		resources []string
	}{
		{"CreateNetworkInterface", made},
		{"DescribeNetworkInterfaces", []string{"*"}},
		{"DeleteNetworkInterface", made[:1]},
	} {
		for _, resource := range right.resources {
			if why := s.refuses(f, iam.Request{Action: "ec2:" + right.action, Resource: resource}); why != "" {
				return invalid("The provided execution role does not have permissions to call %s on EC2 (function %s: %s)", right.action, f.Name, strings.TrimSuffix(why, "."))
			}
		}
	}
	return nil
}

// refuses says why the function's role does not allow something, or nothing.
func (s *Service) refuses(f Function, want iam.Request) string {
	if s.config.Authorize == nil {
		return "nobody decides what roles may do"
	}
	if d := s.config.Authorize(f.Role, f.Name, want); !d.Allowed {
		return want.Action + " on " + want.Resource + ": " + d.Reason
	}
	return ""
}
