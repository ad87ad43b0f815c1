package vpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"gopkg.in/yaml.v3"

	"auth-api/infra/network/vpc"
)

const component = "awsx:ec2:Vpc"

// recorder stands in for the engine, the AWS provider and awsx: it records what is
// registered, and answers what they would. It is no awsx: of the component's inner
// resources it knows those that the program asks for, its outputs.
type recorder struct {
	account, region string

	mu        sync.Mutex
	resources []registered
	invoked   []string
	exports   map[string]any
	tables    []string // URNs of the route tables that the component hands out
}

// registered is a resource as the program registered it.
type registered struct {
	Type      string
	Name      string
	Parent    string         `json:",omitempty"` // its name
	Remote    bool           `json:",omitempty"` // a component of a plugin's
	DependsOn []string       `json:",omitempty"` // types, where the program says so
	Inputs    map[string]any `json:",omitempty"` // documents taken apart
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invoked = append(r.invoked, args.Token)
	answers := map[string]map[string]any{
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": r.account, "arn": "arn:aws:iam::" + r.account + ":user/ann", "userId": "u", "id": r.account},
		"aws:index/getRegion:getRegion":                 {"name": r.region, "id": r.region, "endpoint": "ec2." + r.region + ".amazonaws.com", "description": ""},
		"aws:index/getPartition:getPartition":           {"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"},
	}
	answer, ok := answers[args.Token]
	if !ok {
		return nil, fmt.Errorf("%s is not to be called", args.Token)
	}
	return resource.NewPropertyMapFromMap(answer), nil
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, id := args.Inputs.Copy(), args.Name+"-id"
	if args.TypeToken == "aws:ec2/routeTable:RouteTable" { // made by the component, not by the program
		return id, state, nil
	}
	x := registered{Type: args.TypeToken, Name: args.Name, Remote: args.RegisterRPC.GetRemote(), Inputs: plain(args.Inputs)}
	if parent := args.RegisterRPC.GetParent(); parent != "" {
		x.Parent = string(resource.URN(parent).Name())
	}
	for _, urn := range args.RegisterRPC.GetDependencies() {
		x.DependsOn = append(x.DependsOn, string(resource.URN(urn).Type()))
	}
	slices.Sort(x.DependsOn)
	x.DependsOn = slices.Compact(x.DependsOn)
	r.resources = append(r.resources, x)

	state["arn"] = resource.NewStringProperty("arn:aws:made-up:::" + args.Name)
	switch args.TypeToken {
	case component:
		tables := []resource.PropertyValue{}
		for i, urn := range r.tables {
			tables = append(tables, resource.MakeCustomResourceReference(resource.URN(urn), resource.ID(fmt.Sprintf("table-%d-id", i+1)), ""))
		}
		state["vpcId"] = resource.NewStringProperty("vpc-1")
		state["routeTables"] = resource.NewArrayProperty(tables)
		for _, spec := range args.Inputs["subnetSpecs"].ArrayValue() {
			kind, ids := strings.ToLower(spec.ObjectValue()["type"].StringValue()), []resource.PropertyValue{}
			for i := range spec.ObjectValue()["cidrBlocks"].ArrayValue() {
				ids = append(ids, resource.NewStringProperty(fmt.Sprintf("subnet-%s-%d", kind, i+1)))
			}
			state[resource.PropertyKey(kind+"SubnetIds")] = resource.NewArrayProperty(ids)
		}
		return "", state, nil // a component has no id
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		if args.Inputs["vpcEndpointType"].StringValue() == "Gateway" {
			state["prefixListId"] = resource.NewStringProperty("pl-" + args.Name)
		}
	}
	return id, state, nil
}

// plain makes inputs readable: documents in JSON are taken apart.
func plain(inputs resource.PropertyMap) map[string]any {
	return inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsString() && strings.HasPrefix(v.StringValue(), "{") {
			var document any
			if err := json.Unmarshal([]byte(v.StringValue()), &document); err == nil {
				return map[string]any{"document": document}, true
			}
		}
		return nil, false
	})
}

// run runs the program on a stack file.
func run(t *testing.T, stack, file string, changes ...func(*recorder, map[string]string)) (*recorder, error) {
	t.Helper()
	var doc struct{ Config map[string]any }
	if err := yaml.Unmarshal([]byte(file), &doc); err != nil {
		t.Fatal(err)
	}
	config := map[string]string{}
	for key, value := range doc.Config {
		text, ok := value.(string)
		if !ok {
			text = encode(t, value)
		}
		config[key] = text
	}
	r := &recorder{account: "111122223333", region: "us-west-2", exports: map[string]any{}}
	env := map[string]string{"PULUMI_CONFIG": encode(t, config)}
	for _, change := range changes {
		change(r, env)
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := r.makeTables(ctx); err != nil {
			return err
		}
		if err := vpc.Program(func(key string) string { return env[key] })(ctx); err != nil {
			return err
		}
		for name, value := range ctx.GetCurrentExportMap() {
			got, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(value))
			if err != nil {
				return err
			}
			r.exports[name] = got.Value
		}
		return nil
	}, pulumi.WithMocks("auth-api-network", stack, r))
	slices.SortFunc(r.resources, func(a, b registered) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	slices.Sort(r.invoked)
	return r, err
}

// makeTables registers the route tables that the component would make: its outputs refer
// to them, and whoever reads the reference asks the engine for the resource.
func (r *recorder) makeTables(ctx *pulumi.Context) error {
	for i := range 2 {
		table, err := ec2.NewRouteTable(ctx, fmt.Sprintf("table-%d", i+1), &ec2.RouteTableArgs{VpcId: pulumi.String("vpc-1")})
		if err != nil {
			return err
		}
		urn, err := internals.UnsafeAwaitOutput(ctx.Context(), table.URN())
		if err != nil {
			return err
		}
		r.tables = append(r.tables, string(urn.Value.(pulumi.URN)))
	}
	return nil
}

// of are the resources of a type, which is said without its module: Role.
func (r *recorder) of(typ string) []registered {
	return slices.DeleteFunc(slices.Clone(r.resources), func(x registered) bool { return !strings.HasSuffix(x.Type, ":"+typ) })
}

// vpc is the component.
func (r *recorder) vpc(t *testing.T) registered {
	t.Helper()
	for _, x := range r.resources {
		if x.Type == component {
			return x
		}
	}
	t.Fatal("no " + component + " is registered")
	return registered{}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func pretty(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// read reads a file; keys of stack files are as if the project were called auth-api-network.
func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) != ".yaml" {
		return string(data)
	}
	return regexp.MustCompile(`(?m)^  [a-z][a-z0-9-]*-network:`).ReplaceAllLiteralString(string(data), "  auth-api-network:")
}
