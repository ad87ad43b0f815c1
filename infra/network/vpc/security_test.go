package vpc_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Security Hub's EC2.2: who forgets to name a security group gets one without rules.
func TestTheDefaultSecurityGroupIsClosed(t *testing.T) {
	each(t, func(t *testing.T, r *recorder) {
		groups := r.of("DefaultSecurityGroup")
		if len(groups) != 1 || groups[0].Inputs["vpcId"] != "vpc-1" || groups[0].Inputs["ingress"] != nil || groups[0].Inputs["egress"] != nil {
			t.Errorf("it is %+v", groups)
		}
	})
}

// Security Hub's EC2.13, .14, .18, .19 and more: nobody is let in by an address, and the
// only port that is open is the endpoints', to functions.
func TestNobodyIsLetIn(t *testing.T) {
	ingress := 0
	each(t, func(t *testing.T, r *recorder) {
		for _, group := range r.of("SecurityGroup") {
			if group.Inputs["ingress"] != nil || group.Inputs["egress"] != nil {
				t.Errorf("%s has rules of its own beside those that are resources: %v", group.Name, group.Inputs)
			}
		}
		for _, rule := range r.of("SecurityGroupIngressRule") {
			ingress++
			want := map[string]any{
				"securityGroupId": r.name() + "-endpoints-id", "referencedSecurityGroupId": r.name() + "-functions-id",
				"ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0,
			}
			for _, key := range []string{"securityGroupId", "referencedSecurityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId"} {
				if rule.Inputs[key] != want[key] {
					t.Errorf("%s: %s is %v", rule.Name, key, rule.Inputs[key])
				}
			}
		}
	})
	if ingress != 2 { // prod and full
		t.Errorf("%d rules were looked at", ingress)
	}
}

// EC2 takes few characters in a description, and none of a group's can be changed.
func TestDescriptionsAreOnesThatAWSTakes(t *testing.T) {
	legal := regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)
	each(t, func(t *testing.T, r *recorder) {
		for _, x := range append(append(r.of("SecurityGroup"), r.of("SecurityGroupIngressRule")...), r.of("SecurityGroupEgressRule")...) {
			if text := fmt.Sprint(x.Inputs["description"]); !legal.MatchString(text) {
				t.Errorf("%s is described as %q", x.Name, text)
			}
		}
	})
}

// Where functions may open connections to, by stack: nowhere that no setting names.
func TestWhereFunctionsMayGo(t *testing.T) {
	want := map[string][]string{
		"least": {},
		"dev":   {"443 pl-auth-api-network-dev-dynamodb", "5432 10.0.0.0/16"},
		"prod": {"443 auth-api-network-prod-endpoints-id", "443 pl-auth-api-network-prod-dynamodb", "443 pl-auth-api-network-prod-s3",
			"5432 10.1.0.0/16"},
		"full": {"3306 10.0.0.0/16", "443 0.0.0.0/0", "443 auth-api-network-full-endpoints-id", "443 pl-auth-api-network-full-dynamodb",
			"443 pl-auth-api-network-full-s3", "5432 10.0.0.0/16"},
	}
	each(t, func(t *testing.T, r *recorder) {
		got := []string{}
		for _, rule := range r.of("SecurityGroupEgressRule") {
			if rule.Inputs["securityGroupId"] != r.name()+"-functions-id" || rule.Inputs["ipProtocol"] != "tcp" || rule.Inputs["fromPort"] != rule.Inputs["toPort"] {
				t.Errorf("%s is %v", rule.Name, rule.Inputs)
			}
			targets := []string{}
			for _, key := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
				if target, ok := rule.Inputs[key]; ok {
					targets = append(targets, fmt.Sprint(target))
				}
			}
			got = append(got, fmt.Sprintf("%v %s", rule.Inputs["toPort"], strings.Join(targets, " and ")))
		}
		slices.Sort(got)
		_, stack, _ := strings.Cut(t.Name(), "/")
		if diff := cmp.Diff(want[stack], got); diff != "" {
			t.Error("-want +got", diff)
		}
	})
}

// Security Hub's EC2.15: no subnet gives out public addresses, unless a NAT gateway has
// to stand in one.
func TestNoSubnetIsPublicUnlessAsked(t *testing.T) {
	each(t, func(t *testing.T, r *recorder) {
		specs := fmt.Sprint(r.vpc(t).Inputs["subnetSpecs"])
		nat := strings.HasSuffix(t.Name(), "/full")
		if public := strings.Contains(specs, "Public"); public != nat {
			t.Errorf("the subnets are %s", specs)
		}
	})
}

// The endpoints' policies as they are registered: none is missing, which would let
// everything through, and none has a wildcard for actions, nor for what is whose.
func TestNoEndpointLetsEverythingThrough(t *testing.T) {
	looked := 0
	each(t, func(t *testing.T, r *recorder) {
		for _, e := range r.of("VpcEndpoint") {
			for _, statement := range statements(t, e.Inputs["policy"]) {
				for _, action := range statement.actions {
					if strings.Contains(action, "*") {
						t.Errorf("%s lets %s through", e.Name, action)
					}
				}
				own := slices.ContainsFunc(append(statement.resources, statement.condition), func(s string) bool { return strings.Contains(s, "111122223333") })
				if statement.effect != "Allow" || len(statement.actions) == 0 || !own {
					t.Errorf("%s lets others through: %+v", e.Name, statement)
				}
			}
			looked++
		}
	})
	if looked != 1+4+10 {
		t.Errorf("%d endpoints were looked at", looked)
	}
}

// Security Hub's EC2.6: rejected traffic is logged, by a role that can do nothing else
// and that only this account's flow logs get.
func TestFlowLogs(t *testing.T) {
	want := map[string]string{"dev": "REJECT", "prod": "ALL", "full": "ALL"}
	each(t, func(t *testing.T, r *recorder) {
		_, stack, _ := strings.Cut(t.Name(), "/")
		logs := r.of("FlowLog")
		if want[stack] == "" {
			if len(logs)+len(r.of("LogGroup"))+len(r.of("Role")) > 0 {
				t.Errorf("there are %v", logs)
			}
			return
		}
		if len(logs) != 1 || logs[0].Inputs["trafficType"] != want[stack] || logs[0].Inputs["vpcId"] != "vpc-1" ||
			logs[0].Inputs["logDestination"] != "arn:aws:made-up:::"+r.name()+"-flow-logs" {
			t.Fatalf("they are %v", logs)
		}
		if !slices.Contains(logs[0].DependsOn, "aws:iam/rolePolicy:RolePolicy") {
			t.Error("they are made before their role may write")
		}
		trust := encode(t, r.of("Role")[0].Inputs["assumeRolePolicy"])
		for _, part := range []string{`"Service":"vpc-flow-logs.amazonaws.com"`, `"aws:SourceAccount":"111122223333"`, `"aws:SourceArn":"arn:aws:ec2:us-west-2:111122223333:vpc-flow-log/*"`} {
			if !strings.Contains(trust, part) {
				t.Errorf("the trust policy lacks %s: %s", part, trust)
			}
		}
		logGroup := "arn:aws:logs:us-west-2:111122223333:log-group:"
		policy := statements(t, r.of("RolePolicy")[0].Inputs["policy"])
		if len(policy) != 2 ||
			!slices.Equal(policy[0].resources, []string{logGroup + "/aws/vpc/" + r.name(), logGroup + "/aws/vpc/" + r.name() + ":*"}) ||
			!slices.Equal(policy[1].actions, []string{"logs:DescribeLogGroups"}) || !slices.Equal(policy[1].resources, []string{logGroup + "*"}) {
			t.Errorf("the role may do more than write its own logs: %+v", policy)
		}
	})
}

type statement struct {
	effect, condition  string
	actions, resources []string
}

// statements takes a policy apart that the recorder took from its JSON.
func statements(t *testing.T, policy any) []statement {
	t.Helper()
	var wrapped struct {
		Document struct {
			Statement []struct {
				Effect           string
				Action, Resource json.RawMessage
				Condition        any
			}
		}
	}
	if err := json.Unmarshal([]byte(encode(t, policy)), &wrapped); err != nil || len(wrapped.Document.Statement) == 0 {
		t.Fatalf("the policy is %v: %v", policy, err)
	}
	out := []statement{}
	for _, s := range wrapped.Document.Statement {
		out = append(out, statement{effect: s.Effect, condition: encode(t, s.Condition), actions: list(t, s.Action), resources: list(t, s.Resource)})
	}
	return out
}

// list are the values of a policy's element, which may be one or many.
func list(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if err := json.Unmarshal(raw, &one); err != nil {
		t.Fatalf("%s is neither a text nor a list", raw)
	}
	return []string{one}
}
