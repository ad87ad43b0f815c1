package stack_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"gopkg.in/yaml.v3"

	"auth-api/infra/function"
	"auth-api/infra/stack"
)

// recorder stands in for the engine and the provider: it records what is registered,
// and answers what AWS would make up.
type recorder struct {
	account  string         // that the provider answers for
	caller   string         // whose credentials it has, as an ARN; empty is a user
	previous map[string]any // the stack's outputs before
	versions map[string]any // a function's resource name → the version that was published last
	others   map[string]any // other stacks, by name → their outputs

	region, partition, endpoint string // that it answers too

	mu        sync.Mutex
	resources []registered
	invoked   []string
	exports   map[string]any
}

// registered is a resource as the program registered it.
type registered struct {
	Type   string
	Name   string
	Parent string         `json:",omitempty"` // its name
	Inputs map[string]any `json:",omitempty"` // documents taken apart, secrets and archives marked

	Protect, RetainOnDelete, DeleteBeforeReplace bool `json:",omitempty"`

	raw              resource.PropertyMap // the inputs as the provider gets them
	replaceOnChanges []string
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if args.Token == "pulumi:pulumi:readStackOutputs" {
		return resource.NewPropertyMapFromMap(map[string]any{"outputs": r.previous}), nil
	}
	r.invoked = append(r.invoked, args.Token)
	answers := map[string]map[string]any{
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": r.account, "arn": cmp.Or(r.caller, "arn:aws:iam::"+r.account+":user/ann"), "userId": "u", "id": r.account},
		"aws:index/getRegion:getRegion":                 {"name": r.region, "id": r.region, "endpoint": r.endpoint, "description": ""},
		"aws:index/getPartition:getPartition":           {"partition": r.partition, "id": r.partition, "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"},
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
	var parent string
	if args.RegisterRPC != nil && args.RegisterRPC.GetParent() != "" {
		parent = string(resource.URN(args.RegisterRPC.GetParent()).Name())
	}
	made := registered{Type: args.TypeToken, Name: args.Name, Parent: parent, Inputs: plain(args.Inputs),
		raw: args.Inputs, replaceOnChanges: args.RegisterRPC.GetReplaceOnChanges()}
	if rpc := args.RegisterRPC; rpc != nil {
		made.Protect, made.RetainOnDelete, made.DeleteBeforeReplace = rpc.GetProtect(), rpc.GetRetainOnDelete(), rpc.GetDeleteBeforeReplace()
	}
	r.resources = append(r.resources, made)
	state, id := args.Inputs.Copy(), args.Name+"-id"
	state["arn"] = resource.NewStringProperty("arn:aws:made-up:::" + args.Name)
	switch args.TypeToken {
	case "aws:cognito/userPool:UserPool":
		id = "us-west-2_abcdefghi"
		state["arn"] = resource.NewStringProperty("arn:aws:cognito-idp:us-west-2:" + r.account + ":userpool/" + id)
	case "aws:lambda/function:Function":
		state["arn"] = resource.NewStringProperty("arn:aws:lambda:us-west-2:" + r.account + ":function:" + args.Inputs["name"].StringValue())
		if args.Inputs["publish"].V == true {
			state["version"] = resource.NewPropertyValue(r.versions[args.Name])
		}
	case "aws:cognito/identityPool:IdentityPool":
		id = "us-west-2:11111111-2222-3333-4444-555555555555"
	case "aws:apigateway/restApi:RestApi":
		id = "abcdefghij"
	case "aws:apigateway/stage:Stage":
		state["invokeUrl"] = resource.NewStringProperty("https://abcdefghij.execute-api.us-west-2.amazonaws.com/" + args.Inputs["stageName"].StringValue())
	case "pulumi:pulumi:StackReference":
		state["outputs"] = resource.NewPropertyValue(r.others[args.Inputs["name"].StringValue()])
	case "aws:apigateway/apiKey:ApiKey":
		state["value"] = resource.MakeSecret(resource.NewStringProperty("the-key"))
	}
	return id, state, nil
}

// plain makes inputs readable: documents in JSON are taken apart, so that a difference
// shows where it is.
func plain(inputs resource.PropertyMap) map[string]any {
	return inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsSecret():
			return map[string]any{"secret": v.SecretValue().Element.V}, true
		case v.IsArchive():
			return map[string]any{"archive": filepath.Base(v.ArchiveValue().Path)}, true
		case v.IsString() && strings.HasPrefix(v.StringValue(), "{"):
			var document any
			if err := json.Unmarshal([]byte(v.StringValue()), &document); err == nil {
				return map[string]any{"document": document}, true
			}
		}
		return nil, false
	})
}

// run runs the program on a stack file, with the functions of this repository and a
// builder that builds nothing.
func run(t *testing.T, name, file string, changes ...func(*environment)) (*recorder, error) {
	t.Helper()
	e := &environment{account: "111122223333", region: "us-west-2", partition: "aws", endpoint: "localhost:4566", env: map[string]string{}, builder: func(_ context.Context, args function.BuildArgs) (map[string]string, error) {
		made := map[string]string{}
		for _, name := range args.Names {
			made[name] = filepath.Join(args.Out, name+".zip")
		}
		return made, nil
	}}
	if strings.Contains(file, "target: local") {
		e.account, e.env["PULUMI_DEBUG_PROVIDERS"] = stack.LocalAccount, "aws:4567"
	}
	var doc struct{ Config map[string]any }
	if err := yaml.Unmarshal([]byte(file), &doc); err != nil {
		t.Fatal(err)
	}
	config := map[string]string{}
	for key, value := range doc.Config {
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		config[key] = text
	}
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	e.env["PULUMI_CONFIG"] = string(b)
	for _, change := range changes {
		change(e)
	}

	r := &recorder{account: e.account, caller: e.caller, region: e.region, partition: e.partition, endpoint: e.endpoint, previous: e.previous, versions: e.versions, others: e.others, exports: map[string]any{}}
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		program := stack.Program(func(key string) string { return e.env[key] }, stack.WithRoot("../.."), stack.WithBuilder(e.builder))
		if err := program(ctx); err != nil {
			return err
		}
		for name, value := range ctx.GetCurrentExportMap() {
			got, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(value))
			if err != nil {
				return err
			}
			r.exports[name] = got.Value
			if got.Secret {
				r.exports[name] = map[string]any{"secret": got.Value}
			}
		}
		return nil
	}, pulumi.WithMocks("auth-api", name, r))
	slices.SortFunc(r.resources, func(a, b registered) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	return r, err
}

type environment struct {
	account  string
	caller   string // its ARN; empty is a user's
	previous map[string]any
	versions map[string]any
	others   map[string]any
	env      map[string]string
	builder  function.Builder

	region, partition, endpoint string
}

// of are the resources of a type, which is said without its module: Role.
func (r *recorder) of(typ string) []registered {
	return slices.DeleteFunc(slices.Clone(r.resources), func(x registered) bool { return !strings.HasSuffix(x.Type, ":"+typ) })
}

// aws are the resources that AWS is asked for.
func (r *recorder) aws() []registered {
	return slices.DeleteFunc(slices.Clone(r.resources), func(x registered) bool { return !strings.HasPrefix(x.Type, "aws:") })
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

func names(resources []registered) []string {
	found := map[string]bool{}
	for _, x := range resources {
		found[x.Name] = true
	}
	return slices.Sorted(maps.Keys(found))
}
