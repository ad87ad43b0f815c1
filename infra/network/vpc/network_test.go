package vpc_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/network/plan"
)

var update = flag.Bool("update", false, "write the golden documents anew")

// full has everything on.
const full = `
config:
  aws:region: us-west-2
  auth-api-network:availabilityZones: [us-west-2b, us-west-2d]
  auth-api-network:natGateways: perZone
  auth-api-network:endpoints: [s3, dynamodb, ssm, secretsmanager, lambda, execute-api, logs, kms, sts, xray]
  auth-api-network:egressPorts: [5432, 3306]
  auth-api-network:flowLogs: all
`

// least has everything off that can be.
const least = `
config:
  auth-api-network:endpoints: []
  auth-api-network:flowLogs: none
`

func stackFiles(t *testing.T) map[string]string {
	return map[string]string{
		"dev": read(t, "../Pulumi.dev.yaml"), "prod": read(t, "../Pulumi.prod.yaml"), "full": full, "least": least,
	}
}

// each runs the program on every stack file.
func each(t *testing.T, check func(t *testing.T, r *recorder)) {
	for name, file := range stackFiles(t) {
		t.Run(name, func(t *testing.T) {
			r, err := run(t, name, file)
			if err != nil {
				t.Fatal(err)
			}
			check(t, r)
		})
	}
}

// The stacks of the repository, and one with everything on, as they are registered:
// resources, parents, policies and outputs.
func TestWhatTheStacksDeclare(t *testing.T) {
	for _, name := range []string{"dev", "prod", "full"} {
		t.Run(name, func(t *testing.T) {
			r, err := run(t, name, stackFiles(t)[name])
			if err != nil {
				t.Fatal(err)
			}
			got := pretty(t, map[string]any{"resources": r.resources, "outputs": r.exports})
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Error("-want +got", diff)
			}
		})
	}
}

// awsx's component is asked for as a remote one, with everything that it would choose
// itself chosen: without a strategy it makes NAT gateways and ignores address ranges.
func TestTheComponentLeavesNothingToItsDefaults(t *testing.T) {
	r, err := run(t, "dev", "config: {}")
	if err != nil {
		t.Fatal(err)
	}
	vpc := r.vpc(t)
	want := map[string]any{
		"cidrBlock": "10.0.0.0/16", "numberOfAvailabilityZones": 2.0,
		"enableDnsHostnames": true, "enableDnsSupport": true,
		"natGateways": map[string]any{"strategy": "None"}, "subnetStrategy": "Auto",
		"subnetSpecs": []any{map[string]any{"type": "Isolated", "cidrBlocks": []any{"10.0.0.0/19", "10.0.64.0/19"}}},
		"tags":        map[string]any{"project": "auth-api-network", "stack": "dev"},
	}
	if diff := cmp.Diff(want, vpc.Inputs); diff != "" {
		t.Error("-want +got", diff)
	}
	if !vpc.Remote || vpc.Name != "auth-api-network-dev" {
		t.Errorf("it is registered as %+v", vpc)
	}
}

func TestNATGateways(t *testing.T) {
	for setting, want := range map[string]string{"none": "None", "single": "Single", "perZone": "OnePerAz"} {
		r, err := run(t, "dev", "config: {'auth-api-network:natGateways': "+setting+"}")
		if err != nil {
			t.Fatal(err)
		}
		vpc := r.vpc(t)
		if got := vpc.Inputs["natGateways"]; !cmp.Equal(got, map[string]any{"strategy": want}) {
			t.Errorf("%s became %v", setting, got)
		}
		kinds := []string{}
		for _, spec := range vpc.Inputs["subnetSpecs"].([]any) {
			kinds = append(kinds, spec.(map[string]any)["type"].(string))
		}
		functions, subnets := "subnet-isolated-1", []string{"Isolated"}
		if setting != "none" {
			functions, subnets = "subnet-private-1", []string{"Isolated", "Private", "Public"}
		}
		if !slices.Equal(kinds, subnets) {
			t.Errorf("%s: the subnets are %v", setting, kinds)
		}
		if got := r.exports["subnetIds"].([]string)[0]; got != functions {
			t.Errorf("%s: functions are in %s", setting, got)
		}
		if got := r.exports["isolatedSubnetIds"].([]string)[0]; got != "subnet-isolated-1" {
			t.Errorf("%s: databases are in %s", setting, got)
		}
	}
}

func TestZonesByName(t *testing.T) {
	r, err := run(t, "full", full)
	if err != nil {
		t.Fatal(err)
	}
	vpc := r.vpc(t)
	if got := vpc.Inputs["availabilityZoneNames"]; !cmp.Equal(got, []any{"us-west-2b", "us-west-2d"}) {
		t.Errorf("the zones are %v", got)
	}
	if got, given := vpc.Inputs["numberOfAvailabilityZones"]; given {
		t.Errorf("there are to be %v zones too, which the component refuses beside names", got)
	}
}

func TestOutputs(t *testing.T) {
	always := []string{"cidrBlock", "endpointIds", "isolatedSubnetIds", "securityGroupId", "subnetIds", "vpcId"}
	each(t, func(t *testing.T, r *recorder) {
		want := slices.Clone(always)
		if strings.HasSuffix(t.Name(), "/full") {
			want = append(want, "executeApiEndpointId")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(r.exports))); diff != "" {
			t.Error("-want +got", diff)
		}
	})
	r, err := run(t, "full", full)
	if err != nil {
		t.Fatal(err)
	}
	ids := r.exports["endpointIds"].(map[string]string)
	if want := slices.Sorted(slices.Values(plan.Names())); !slices.Equal(slices.Sorted(maps.Keys(ids)), want) {
		t.Errorf("the endpoints are %v", ids)
	}
	if ids["execute-api"] != "auth-api-network-full-execute-api-id" || r.exports["executeApiEndpointId"] != ids["execute-api"] {
		t.Errorf("the private API's endpoint is %v", r.exports["executeApiEndpointId"])
	}
	if r.exports["vpcId"] != "vpc-1" || r.exports["cidrBlock"] != "10.0.0.0/16" || r.exports["securityGroupId"] != "auth-api-network-full-functions-id" {
		t.Errorf("the outputs are %v", r.exports)
	}
}

func TestEndpointsAreWhereTheyCanBeReached(t *testing.T) {
	each(t, func(t *testing.T, r *recorder) {
		for _, e := range r.of("VpcEndpoint") {
			switch e.Inputs["vpcEndpointType"] {
			case "Gateway": // in every route table
				if !cmp.Equal(e.Inputs["routeTableIds"], []any{"table-1-id", "table-2-id"}) || e.Inputs["subnetIds"] != nil {
					t.Errorf("%s is %v", e.Name, e.Inputs)
				}
			case "Interface": // in every zone, by the service's own name
				if !strings.Contains(fmt.Sprint(e.Inputs["subnetIds"]), "subnet-isolated-2") || e.Inputs["privateDnsEnabled"] != true ||
					!cmp.Equal(e.Inputs["securityGroupIds"], []any{r.name() + "-endpoints-id"}) {
					t.Errorf("%s is %v", e.Name, e.Inputs)
				}
			default:
				t.Errorf("%s is of type %v", e.Name, e.Inputs["vpcEndpointType"])
			}
		}
	})
}

func (r *recorder) name() string {
	for _, x := range r.resources {
		if x.Type == component {
			return x.Name
		}
	}
	return ""
}

func TestEverythingIsTaggedAndHasItsComponent(t *testing.T) {
	untagged := []string{"auth-api-network:vpc:Network", "aws:iam/rolePolicy:RolePolicy"}
	each(t, func(t *testing.T, r *recorder) {
		stack, looked := strings.TrimPrefix(r.name(), "auth-api-network-"), 0
		for _, x := range r.resources {
			if x.Type != "auth-api-network:vpc:Network" && x.Parent != r.name() {
				t.Errorf("%s %s is a child of %q", x.Type, x.Name, x.Parent)
			}
			if slices.Contains(untagged, x.Type) {
				continue
			}
			looked++
			tags, _ := x.Inputs["tags"].(map[string]any)
			if tags["project"] != "auth-api-network" || tags["stack"] != stack {
				t.Errorf("%s %s has the tags %v", x.Type, x.Name, tags)
			}
		}
		if looked < 3 {
			t.Errorf("only %d resources were looked at", looked)
		}
	})
}

// Nothing is asked of AWS, and nothing registered, where the program refuses.
func TestItIsForAWSAlone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*recorder, map[string]string)
		want   string
	}{
		"wrong settings": {func(_ *recorder, env map[string]string) {
			env["PULUMI_CONFIG"] = `{"auth-api-network:natGateways": "one"}`
		}, `Pulumi.dev.yaml: auth-api-network:natGateways is "one" (did you mean none?): legal are none, single, perZone`},
		"no settings": {func(_ *recorder, env map[string]string) {
			env["PULUMI_CONFIG"] = `[]`
		}, "reading PULUMI_CONFIG: it is no JSON object of texts: json: cannot unmarshal array into Go value of type map[string]string"},
		"a local AWS attached": {func(_ *recorder, env map[string]string) {
			env["PULUMI_DEBUG_PROVIDERS"] = "random:1, aws:4567"
		}, "the network is for AWS alone, and PULUMI_DEBUG_PROVIDERS attaches the engine to a local AWS: nothing was done"},
		"a local AWS that answers": {func(r *recorder, _ map[string]string) {
			r.account = "000000000000"
		}, "the network is for AWS alone, and the provider answers for account 000000000000, which is the local AWS: nothing was done"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := run(t, "dev", read(t, "../Pulumi.dev.yaml"), c.change)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it got %v", err)
			}
			if len(r.resources) > 0 {
				t.Errorf("%v is registered", r.resources)
			}
			if asked := len(r.invoked) > 0; asked != (r.account == "000000000000") {
				t.Errorf("it asked the provider for %v", r.invoked)
			}
		})
	}
	r, err := run(t, "dev", read(t, "../Pulumi.dev.yaml"), func(_ *recorder, env map[string]string) { env["PULUMI_DEBUG_PROVIDERS"] = "random:1" })
	if err != nil || len(r.resources) == 0 {
		t.Errorf("an engine attached to another provider got %v", err)
	}
}
