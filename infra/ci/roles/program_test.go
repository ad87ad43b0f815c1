package roles_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/ci/roles"
)

// recorder stands in for the engine and the AWS provider. The local AWS knows neither the
// type of the OpenID Connect provider nor the condition keys of these policies.
type recorder struct {
	mu        sync.Mutex
	resources map[string]resource.PropertyMap // by type and name
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, ok := map[string]map[string]any{
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": account.ID},
		"aws:index/getRegion:getRegion":                 {"name": account.Region},
		"aws:index/getPartition:getPartition":           {"partition": "aws"},
	}[args.Token]
	if !ok {
		return nil, fmt.Errorf("%s is not to be called", args.Token)
	}
	return resource.NewPropertyMapFromMap(answer), nil
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources[args.TypeToken+" "+args.Name] = args.Inputs
	state := args.Inputs.Copy()
	name := args.Name
	if n := args.Inputs["name"]; n.IsString() {
		name = n.StringValue()
	}
	switch args.TypeToken {
	case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
		state["arn"] = resource.NewStringProperty(roles.ProviderARN(account))
	case "aws:iam/role:Role":
		state["arn"] = resource.NewStringProperty("arn:aws:iam::" + account.ID + ":role/" + name)
	case "aws:iam/policy:Policy":
		state["arn"] = resource.NewStringProperty("arn:aws:iam::" + account.ID + ":policy/" + name)
	}
	return args.Name + "-id", state, nil
}

func run(t *testing.T, config map[string]string) (*recorder, error) {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{resources: map[string]resource.PropertyMap{}}
	program := roles.Program(func(name string) string { return map[string]string{"PULUMI_CONFIG": string(text)}[name] })
	return r, pulumi.RunErr(program, pulumi.WithMocks("auth-api-ci", "main", r))
}

func TestWhatIsDeclared(t *testing.T) {
	r, err := run(t, map[string]string{"auth-api-ci:repository": "acme/auth-api", "auth-api-ci:stateBucket": "acme-state", "aws:region": "us-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	provider := r.resources["aws:iam/openIdConnectProvider:OpenIdConnectProvider github"]
	if provider["url"].StringValue() != "https://token.actions.githubusercontent.com" || fmt.Sprint(provider["clientIdLists"].ArrayValue()) != "[{sts.amazonaws.com}]" {
		t.Errorf("the provider is %v", provider)
	}
	if r.resources["aws:iam/policy:Policy boundary"]["name"].StringValue() != "auth-api-ci-boundary" {
		t.Error("the boundary has another name than the stack files say")
	}
	want := 2 // the provider and the boundary
	for _, role := range roles.All(account, settings) {
		declared := r.resources["aws:iam/role:Role "+role.Name]
		trust := declared["assumeRolePolicy"].StringValue()
		for _, must := range append([]string{`"Federated":"` + roles.ProviderARN(account) + `"`, `"sts.amazonaws.com"`, "StringEquals"}, role.Subjects...) {
			if !strings.Contains(trust, must) {
				t.Errorf("the trust of %s has no %s: %s", role.Name, must, trust)
			}
		}
		if declared["name"].StringValue() != "auth-api-ci-"+role.Name {
			t.Errorf("%s is called %v", role.Name, declared["name"])
		}
		want++
		for part := range role.Policies {
			attached := r.resources["aws:iam/rolePolicyAttachment:RolePolicyAttachment "+role.Name+"-"+part]
			if attached["role"].StringValue() != "auth-api-ci-"+role.Name || attached["policyArn"].StringValue() != "arn:aws:iam::111122223333:policy/auth-api-ci-"+role.Name+"-"+part {
				t.Errorf("%s: the policy %s is attached as %v", role.Name, part, attached)
			}
			want += 2
		}
	}
	if len(r.resources) != want {
		t.Errorf("%d resources are declared, not %d", len(r.resources), want)
	}

	r, err = run(t, map[string]string{"auth-api-ci:repository": "acme/auth-api", "auth-api-ci:stateBucket": "acme-state", "auth-api-ci:oidcProviderArn": roles.ProviderARN(account)})
	if err != nil || r.resources["aws:iam/openIdConnectProvider:OpenIdConnectProvider github"] != nil {
		t.Errorf("where there is a provider, it is made again: %v", err)
	}
}

func TestAWrongStackFileIsRefused(t *testing.T) {
	good := map[string]string{"repository": "acme/auth-api", "stateBucket": "acme-state"}
	for _, test := range []struct{ key, value, says string }{
		{"repository", "", `Pulumi.main.yaml: auth-api-ci:repository is "": legal is OWNER/NAME`},
		{"repository", "acme/*", `auth-api-ci:repository is "acme/*"`},
		{"repository", "acme/auth-api:ref:refs/heads/main", "legal is OWNER/NAME"},
		{"stateBucket", "s3://acme", "legal is a bucket's name"},
		{"stateKeyArn", "alias/x", "legal is the ARN of a KMS key"},
		{"oidcProviderArn", "arn:aws:iam::111122223333:oidc-provider/evil.example", "legal is the ARN of the provider for token.actions.githubusercontent.com"},
		{"deployedProject", "Auth*", "legal is up to 31 small letters"},
		{"repo", "x", "auth-api-ci:repo is not a setting: legal are deployedProject, oidcProviderArn, repository, stateBucket, stateKeyArn"},
	} {
		config := map[string]string{}
		for key, value := range good {
			config["auth-api-ci:"+key] = value
		}
		config["auth-api-ci:"+test.key] = test.value
		r, err := run(t, config)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q: %v", test.key, test.value, err)
		}
		if len(r.resources) > 0 {
			t.Errorf("%s: %q: something was declared", test.key, test.value)
		}
	}
}

// A project by another name, as make rename calls it, deploys its own; the setting names
// another yet.
func TestWhichProjectIsDeployed(t *testing.T) {
	for _, test := range []struct{ project, setting, want string }{
		{"auth-api-ci", "", "auth-api"}, {"shop-ci", "", "shop"}, {"robots", "", "robots"}, {"robots", "shop", "shop"},
	} {
		s, err := roles.Parse(test.project, "main", map[string]string{
			test.project + ":repository": "acme/x", test.project + ":stateBucket": "acme-state", test.project + ":deployedProject": test.setting,
		})
		if err != nil || s.DeployedProject != test.want {
			t.Errorf("%s with %q deploys %q, %v; want %q", test.project, test.setting, s.DeployedProject, err, test.want)
		}
	}
}
