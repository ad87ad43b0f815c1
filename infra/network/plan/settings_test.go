package plan_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"auth-api/infra/network/plan"
)

// parse reads the config of a stack file as the engine hands it over: texts as they are,
// all else as JSON.
func parse(t testing.TB, stack, file string) (*plan.Settings, error) {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(file), &doc); err != nil {
		t.Fatal(err)
	}
	config := map[string]string{}
	for key, value := range doc {
		if !strings.Contains(key, ":") {
			key = "auth-api-network:" + key
		}
		config[key] = engineText(t, value)
	}
	return plan.Parse("auth-api-network", stack, config)
}

func engineText(t testing.TB, value any) string {
	t.Helper()
	if text, ok := value.(string); ok {
		return text
	}
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(services []plan.Service) []string {
	out := []string{}
	for _, s := range services {
		out = append(out, s.Name)
	}
	return out
}

func TestWhatIsNotSaidGetsItsDefault(t *testing.T) {
	s, err := parse(t, "dev", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := names(s.Endpoints); !slices.Equal(got, []string{"dynamodb"}) {
		t.Errorf("the endpoints are %v", got)
	}
	s.Endpoints = nil
	want := &plan.Settings{
		Project: "auth-api-network", Stack: "dev", Block: netip.MustParsePrefix("10.0.0.0/16"),
		NAT: plan.NoNAT, EgressPorts: []int{}, FlowLogs: plan.RejectFlowLogs, FlowLogRetentionDays: 90,
	}
	if diff := cmp.Diff(want, s, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error("-want +got", diff)
	}
	if s.MonthlyCost() != 0 {
		t.Errorf("a network that nobody asked to pay for costs %s", plan.Dollars(s.MonthlyCost()))
	}
}

func TestWhatIsSaidIsTaken(t *testing.T) {
	s, err := parse(t, "prod", `
aws:region: eu-west-1
aws:profile: work
cidrBlock: 192.168.64.0/20
availabilityZones: [eu-west-1c, eu-west-1a]
natGateways: perZone
endpoints: [ssm, s3, kms, dynamodb]
egressPorts: [5432.0, 443]
flowLogs: all
flowLogRetentionDays: 365
`)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{s.Block.String(), s.Zones, s.NAT, names(s.Endpoints), s.EgressPorts, s.FlowLogs, s.FlowLogRetentionDays}
	want := []any{"192.168.64.0/20", []string{"eu-west-1c", "eu-west-1a"}, plan.ZoneNAT, []string{"dynamodb", "s3", "ssm", "kms"}, []int{443, 5432}, plan.AllFlowLogs, 365}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got", diff)
	}
	// Two interface endpoints and two gateways, in two zones.
	if cost := plan.Dollars(s.MonthlyCost()); cost != "$102.20" {
		t.Errorf("it costs %s", cost)
	}
}

// What is wrong is refused with the key, the value and what is legal.
func TestWrongStackFilesAreRefused(t *testing.T) {
	const (
		block   = "an IPv4 range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, from /16 to /24, such as 10.0.0.0/16"
		zones   = "a list of 2 or 3 names such as us-west-2a, or an empty one for the first 2 zones of the region"
		service = "dynamodb, s3, ssm, secretsmanager, lambda, execute-api, logs, kms, sts, xray"
		ports   = "a list of TCP ports from 1 to 65535, such as 5432"
		days    = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days"
		keys    = "cidrBlock, availabilityZones, natGateways, endpoints, egressPorts, flowLogs, flowLogRetentionDays"
	)
	for _, c := range []struct{ file, want string }{
		{`cidr: 10.0.0.0/16`, `cidr is not a setting: legal are ` + keys},
		{`natGateway: none`, `natGateway is not a setting (did you mean natGateways?): legal are ` + keys},
		{`cidrBlock: ten`, `cidrBlock is "ten": legal is ` + block},
		{`cidrBlock: ""`, `cidrBlock is "": legal is ` + block},
		{`cidrBlock: 10.0.0.0`, `cidrBlock is "10.0.0.0": legal is ` + block},
		{`cidrBlock: 10.0.0.0/33`, `cidrBlock is "10.0.0.0/33": legal is ` + block},
		{`cidrBlock: "fd00::/16"`, `cidrBlock is "fd00::/16": legal is ` + block},
		{`cidrBlock: 10.0.0.0/15`, `cidrBlock is "10.0.0.0/15": legal is ` + block},
		{`cidrBlock: 10.0.0.0/25`, `cidrBlock is "10.0.0.0/25": legal is ` + block},
		{`cidrBlock: 10.0.1.0/16`, `cidrBlock is "10.0.1.0/16", which has bits behind its /16: legal is 10.0.0.0/16`},
		{`cidrBlock: 8.8.0.0/16`, `cidrBlock is "8.8.0.0/16", which others have on the internet: legal is ` + block},
		{`cidrBlock: 172.32.0.0/16`, `cidrBlock is "172.32.0.0/16", which others have on the internet: legal is ` + block},
		{`cidrBlock: 172.17.8.0/24`, `cidrBlock is "172.17.8.0/24", which overlaps 172.17.0.0/16, where services of AWS have addresses of their own: legal is ` + block},
		{`availabilityZones: us-west-2a`, `availabilityZones is "us-west-2a": legal is ` + zones},
		{`availabilityZones: 2`, `availabilityZones is "2": legal is ` + zones},
		{`availabilityZones: [us-west-2a]`, `availabilityZones has 1: legal is ` + zones},
		{`availabilityZones: [us-west-2a, us-west-2b, us-west-2c, us-west-2d]`, `availabilityZones has 4: legal is ` + zones},
		{`availabilityZones: [us-west-2a, us-west-2a, us-west-2b]`, `availabilityZones[1] is "us-west-2a", which stands in the list already`},
		{`availabilityZones: [us-west-2a, 2]`, `availabilityZones[1] is 2: legal is ` + zones},
		{`availabilityZones: [us-west-2a, us-west-2]`, `availabilityZones[1] is "us-west-2": legal is the name of an availability zone, such as us-west-2a`},
		{`availabilityZones: [us-west-2a, us-west-2-lax-1a]`, `availabilityZones[1] is "us-west-2-lax-1a": legal is the name of an availability zone, such as us-west-2a`},
		{`availabilityZones: [a, us-west-2b]`, `availabilityZones[0] is "a": legal is the name of an availability zone, such as us-west-2a`},
		{`availabilityZones: [us-west-2a, us-east-1a]`, `availabilityZones[1] is "us-east-1a", which is not in the region us-west-2: legal are us-west-2a, us-west-2b and so on`},
		{"aws:region: eu-west-1\navailabilityZones: [eu-west-1a, us-east-1a]", `availabilityZones[1] is "us-east-1a", which is not in the region eu-west-1: legal are eu-west-1a, eu-west-1b and so on`},
		{`natGateways: one`, `natGateways is "one" (did you mean none?): legal are none, single, perZone`},
		{`natGateways: perzone`, `natGateways is "perzone" (did you mean perZone?): legal are none, single, perZone`},
		{`natGateways: false`, `natGateways is "false": legal are none, single, perZone`},
		{`endpoints: dynamodb`, `endpoints is "dynamodb": legal is a list of ` + service},
		{`endpoints: [dynamo]`, `endpoints[0] is "dynamo" (did you mean dynamodb?): legal are ` + service},
		{`endpoints: [dynamodb, secretmanager]`, `endpoints[1] is "secretmanager" (did you mean secretsmanager?): legal are ` + service},
		{`endpoints: [s3, s3]`, `endpoints[1] is "s3", which stands in the list already`},
		{`endpoints: [{name: s3}]`, `endpoints[0] is {"name":"s3"}: legal is a list of ` + service},
		{`endpoints: {s3: true}`, `endpoints is "{\"s3\":true}": legal is a list of ` + service},
		{`egressPorts: 5432`, `egressPorts is "5432": legal is ` + ports},
		{`egressPorts: [0]`, `egressPorts[0] is 0: legal is a TCP port from 1 to 65535`},
		{`egressPorts: [65536]`, `egressPorts[0] is 65536: legal is a TCP port from 1 to 65535`},
		{`egressPorts: [54.5]`, `egressPorts[0] is 54.5: legal is a TCP port from 1 to 65535`},
		{`egressPorts: ["5432"]`, `egressPorts[0] is "5432": legal is a TCP port from 1 to 65535`},
		{`egressPorts: [5432, 5432]`, `egressPorts[1] is 5432, which stands in the list already`},
		{`flowLogs: rejected`, `flowLogs is "rejected" (did you mean reject?): legal are none, reject, all`},
		{`flowLogs: true`, `flowLogs is "true": legal are none, reject, all`},
		{`flowLogRetentionDays: 100`, `flowLogRetentionDays is "100": legal are ` + days},
		{`flowLogRetentionDays: forever`, `flowLogRetentionDays is "forever": legal are ` + days},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := parse(t, "dev", c.file)
			if err == nil {
				t.Fatalf("it was taken, as %+v", s)
			}
			if want := "Pulumi.dev.yaml: auth-api-network:" + c.want; err.Error() != want {
				t.Errorf("it got\n%v\nand not\n%s", err, want)
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := parse(t, "dev", "{cidrBlock: x, natGateways: y, nothing: z}")
	if err == nil {
		t.Fatal("it was taken")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, key := range []string{"nothing", "cidrBlock", "natGateways"} {
		if len(lines) != 3 || !strings.Contains(lines[i], "auth-api-network:"+key+" ") {
			t.Fatalf("it got\n%v", err)
		}
	}
}

func TestNamesThatAWSWouldRefuse(t *testing.T) {
	stack := strings.Repeat("x", 60)
	_, err := parse(t, stack, "")
	want := fmt.Sprintf("Pulumi.%s.yaml: the name auth-api-network-%s-flow-logs has 87 characters: AWS allows 64; shorten the stack's name", stack, stack)
	if err == nil || err.Error() != want {
		t.Errorf("it got %v", err)
	}
}

func TestKeysOfOthersAreNoneOfItsBusiness(t *testing.T) {
	if _, err := parse(t, "dev", "{'aws:region': us-west-2, 'pulumi:tags': {a: b}, 'auth-api:routes': []}"); err != nil {
		t.Error(err)
	}
}

// The project's file documents exactly the settings that are read, with the defaults
// that are used: the engine hands over its defaults, and a test or a tool the program's.
func TestTheProjectFileAgrees(t *testing.T) {
	data, err := os.ReadFile("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Name   string
		Config map[string]struct {
			Default     any
			Description string
		}
	}
	if err := yaml.Unmarshal(data, &project); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(project.Name, "-network") { // what is before it, make rename says
		t.Errorf("the project is %s", project.Name)
	}
	described := map[string]string{}
	for key, schema := range project.Config {
		described[key] = engineText(t, schema.Default)
		if schema.Description == "" {
			t.Errorf("%s has no description", key)
		}
	}
	if diff := cmp.Diff(plan.Defaults, described); diff != "" {
		t.Error("-program +Pulumi.yaml", diff)
	}
	for _, key := range plan.Keys {
		if _, ok := plan.Defaults[key]; !ok {
			t.Errorf("%s has no default", key)
		}
	}
	if len(plan.Keys) != len(plan.Defaults) {
		t.Errorf("%d keys, %d defaults", len(plan.Keys), len(plan.Defaults))
	}
	for _, service := range plan.Services {
		if !strings.Contains(project.Config["endpoints"].Description, service.Name) {
			t.Errorf("endpoints does not describe %s", service.Name)
		}
	}
}

// The stack files of the repository, with what each costs.
func TestTheStackFiles(t *testing.T) {
	files, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range files {
		stack, ok := strings.CutPrefix(strings.TrimSuffix(f.Name(), ".yaml"), "Pulumi.")
		if !ok || !strings.HasSuffix(f.Name(), ".yaml") || stack == "yaml" {
			continue
		}
		data, err := os.ReadFile("../" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Config map[string]any }
		// Whatever make rename calls the project.
		data = regexp.MustCompile(`(?m)^  [a-z][a-z0-9-]*-network:`).ReplaceAllLiteral(data, []byte("  auth-api-network:"))
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		s, err := parse(t, stack, engineText(t, doc.Config))
		if err != nil {
			t.Error(err)
			continue
		}
		found[stack] = plan.Dollars(s.MonthlyCost())
		if s.NAT != plan.NoNAT {
			t.Errorf("%s has NAT gateways", f.Name())
		}
	}
	if diff := cmp.Diff(map[string]string{"dev": "$0.00", "prod": "$43.80"}, found); diff != "" {
		t.Error("-want +got", diff)
	}
}
