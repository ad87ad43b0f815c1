package stack_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/function"
	"auth-api/infra/internal/named"
)

var update = flag.Bool("update", false, "write the golden documents anew")

// read reads a file; the project's own are as if it were called auth-api.
func read(t *testing.T, file string) string {
	t.Helper()
	text, err := named.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The stacks of the repository, and one with everything on, as they are registered:
// resources, parents, policies, the OpenAPI document and the outputs.
func TestWhatTheStacksDeclare(t *testing.T) {
	for name, file := range map[string]string{
		"dev":   read(t, "../../Pulumi.dev.yaml"),
		"local": read(t, "../../Pulumi.local.yaml"),
		"prod":  read(t, "../../Pulumi.prod.yaml"),
		"full":  full,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := run(t, name, file, func(e *environment) {
				e.env["PULUMI_CONFIG_SECRET_KEYS"] = `["auth-api:demoPassword"]`
				inner := e.builder
				e.builder = func(ctx context.Context, args function.BuildArgs) (map[string]string, error) {
					if args.GOOS != "linux" || args.GOARCH != "arm64" {
						args.Names = nil // of this host: the archives' names are the same
					}
					made, err := inner(ctx, args)
					for _, name := range []string{"guest-list", "no-auth", "require-auth", "web"} {
						made[name] = name + ".zip"
					}
					return made, err
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.of("Function") { // the local stack is of the host's architecture
				if name == "local" && f.Inputs["architectures"] != nil {
					f.Inputs["architectures"] = "of this host"
				}
			}
			got := pretty(t, map[string]any{"resources": r.resources, "outputs": r.exports})
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Errorf("where the stack file was meant to change, go test ./infra/stack -update writes %s anew, and git diff shows all that it changes: -want +got %s", golden, diff)
			}
		})
	}
}

const full = `
config:
  auth-api:stageName: v1
  auth-api:routes:
    - {method: GET, path: /, function: no-auth, public: true}
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
    - {method: GET, path: "/users/{id}", function: require-auth, authorization: AWS_IAM, callers: [authenticated, guest]}
    - {method: GET, path: "/users/{id}/secrets", function: require-auth, authorization: AWS_IAM, apiKeyRequired: true}
    - {method: POST, path: /orders, function: require-auth, authorization: COGNITO_USER_POOLS, scopes: [openid]}
  auth-api:identity:
    guests: true
    selfSignUp: false
    callbackUrls: ["https://app.example.com/", "http://localhost:3000/"]
    signOutUrls: ["https://app.example.com/"]
    domainPrefix: shop
    userPasswordAuth: true
    demoUser: ann
  auth-api:functions:
    require-auth: {memory: 256, timeout: 20, logRetentionDays: 365}
  auth-api:logging: {access: true, execution: ERROR, retentionDays: 365}
  auth-api:demoPassword: Placeholder-secret-1
`

const least = `
config:
  auth-api:routes:
    - {method: GET, path: /no-auth, function: no-auth, apiKeyRequired: true}
`

func TestEveryChildHasItsComponent(t *testing.T) {
	r, err := run(t, "full", full, secretPassword)
	if err != nil {
		t.Fatal(err)
	}
	components := map[string]bool{}
	for _, x := range r.resources {
		if strings.HasPrefix(x.Type, "auth-api:") {
			components[x.Name] = true
			if !strings.HasPrefix(x.Parent, "auth-api-full") {
				t.Errorf("%s %s is a child of %q, not of the stack", x.Type, x.Name, x.Parent)
			}
		}
	}
	for _, x := range r.aws() {
		if !components[x.Parent] {
			t.Errorf("%s %s is a child of %q", x.Type, x.Name, x.Parent)
		}
	}
	if len(r.aws()) < 25 {
		t.Errorf("only %d resources were looked at", len(r.aws()))
	}
}

func secretPassword(e *environment) {
	e.env["PULUMI_CONFIG_SECRET_KEYS"] = `["auth-api:demoPassword"]`
}

// Types of resources that AWS lets carry no tags.
var untagged = []string{
	"aws:apigateway/deployment:Deployment", "aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/usagePlanKey:UsagePlanKey",
	"aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment", "aws:cognito/user:User",
	"aws:cognito/userPoolClient:UserPoolClient", "aws:cognito/userPoolDomain:UserPoolDomain",
	"aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:lambda/permission:Permission",
}

func TestEverythingIsTagged(t *testing.T) {
	r, err := run(t, "full", full, secretPassword)
	if err != nil {
		t.Fatal(err)
	}
	tagged := 0
	for _, x := range r.aws() {
		if slices.Contains(untagged, x.Type) {
			continue
		}
		tagged++
		if diff := cmp.Diff(map[string]any{"project": "auth-api", "stack": "full"}, x.Inputs["tags"]); diff != "" {
			t.Errorf("%s %s: -want +got %s", x.Type, x.Name, diff)
		}
	}
	if tagged < 12 {
		t.Errorf("only %d resources have tags", tagged)
	}
}

func TestNoSecretIsDeclaredInTheOpen(t *testing.T) {
	if _, err := run(t, "full", full); err == nil || !strings.Contains(err.Error(), "plain text") {
		t.Fatalf("a password in plain text was taken: %v", err)
	}
	r, err := run(t, "full", full, secretPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.resources {
		text := strings.ReplaceAll(pretty(t, x.Inputs), pretty(t, map[string]any{"secret": "Placeholder-secret-1"}), "")
		if x.Type != "aws:cognito/user:User" && strings.Contains(text, "Placeholder-secret-1") {
			t.Errorf("%s %s shows the password", x.Type, x.Name)
		}
	}
	user := r.of("User")
	if len(user) != 1 || fmt.Sprint(user[0].Inputs["password"]) != "map[secret:Placeholder-secret-1]" {
		t.Errorf("the demo user is %v", user)
	}
	for output, value := range map[string]string{"apiKey": "the-key", "demoPassword": "Placeholder-secret-1"} {
		if diff := cmp.Diff(map[string]any{"secret": value}, r.exports[output]); diff != "" {
			t.Errorf("%s is no secret: %s", output, diff)
		}
	}
}

// The promise of a guest-free stack: nobody who has not signed in gets a role.
func TestGuestsAreThereOnlyWhenAskedFor(t *testing.T) {
	r, err := run(t, "least", least)
	if err != nil {
		t.Fatal(err)
	}
	if pool := r.of("IdentityPool")[0]; pool.Inputs["allowUnauthenticatedIdentities"] != false {
		t.Errorf("the pool takes guests: %v", pool.Inputs)
	}
	if roles := names(r.of("Role")); slices.Contains(roles, "guest") {
		t.Errorf("there are the roles %v", roles)
	}
	attached, _ := r.of("IdentityPoolRoleAttachment")[0].Inputs["roles"].(map[string]any)
	if len(attached) != 1 || attached["authenticated"] == nil {
		t.Errorf("attached are %v", attached)
	}
	if granted := names(r.of("RolePolicy")); !slices.Equal(granted, []string{"no-auth-logs"}) {
		t.Errorf("no route is for anybody's credentials, and granted are %v", granted)
	}
	if user := r.of("User"); len(user) != 0 {
		t.Errorf("nobody asked for the user %v", user)
	}
	if protected := r.of("UserPool")[0].Inputs["deletionProtection"]; protected != "ACTIVE" {
		t.Errorf("deletion protection on AWS is %v", protected)
	}
}

func TestAStackMeetsOnlyWhatItIsFor(t *testing.T) {
	const local = "config:\n  auth-api:target: local" + "\n  auth-api:routes: [{method: GET, path: /, function: no-auth, public: true}]"
	attached := func(value string) func(*environment) {
		return func(e *environment) { e.env["PULUMI_DEBUG_PROVIDERS"] = value }
	}
	account := func(id string) func(*environment) { return func(e *environment) { e.account = id } }
	for _, c := range []struct {
		name, file string
		changes    []func(*environment)
		want       string // empty: it runs
		asked      int    // what the provider was asked before it was refused
	}{
		{"local on local", local, nil, "", 3},
		{"local beside another debugged provider", local, []func(*environment){attached("random:1,aws:2")}, "", 3},
		{"local on nothing", local, []func(*environment){attached("")},
			"stack one is for the local AWS (auth-api:target is local), and the engine is not attached to it: nothing was done; run `make up STACK=one`", 0},
		{"local with another provider attached", local, []func(*environment){attached("awsx:1,random:2")},
			"stack one is for the local AWS (auth-api:target is local), and the engine is not attached to it: nothing was done; run `make up STACK=one`", 0},
		{"local on somebody's provider of AWS", local, []func(*environment){account("111122223333")},
			"stack one is for the local AWS (auth-api:target is local), and the provider answers for account 111122223333: nothing was done; run `make up STACK=one`", 1},
		{"AWS on AWS", least, nil, "", 3},
		{"AWS with the local AWS attached", least, []func(*environment){attached("aws:1")},
			"stack one is for AWS (auth-api:target is aws), and PULUMI_DEBUG_PROVIDERS attaches the engine to a local AWS: nothing was done; run `make up STACK=one` without it", 0},
		{"AWS on the local AWS by an endpoint", least, []func(*environment){account("000000000000")},
			"stack one is for AWS (auth-api:target is aws), and the provider answers for account 000000000000, which is the local AWS: nothing was done; run `make up STACK=one` with credentials of AWS", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			built := false
			note := func(e *environment) {
				inner := e.builder
				e.builder = func(ctx context.Context, args function.BuildArgs) (map[string]string, error) {
					built = true
					return inner(ctx, args)
				}
			}
			r, err := run(t, "one", c.file, append(c.changes, note)...)
			if len(r.invoked) != c.asked {
				t.Errorf("the provider was asked for %v", r.invoked)
			}
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if made := r.aws(); len(made) > 0 || built {
				t.Errorf("built: %v; declared: %v", built, made)
			}
		})
	}
}

func TestWrongSettingsDeclareNothing(t *testing.T) {
	r, err := run(t, "one", strings.Replace(least, "method: GET", "method: get", 1))
	if err == nil || !strings.Contains(err.Error(), `Pulumi.one.yaml: auth-api:routes[0].method is "get"`) {
		t.Errorf("got %v", err)
	}
	if len(r.aws()) > 0 || len(r.invoked) > 0 {
		t.Errorf("asked %v, declared %v", r.invoked, r.aws())
	}
}

func TestAFunctionThatDoesNotBuildDeclaresNothing(t *testing.T) {
	r, err := run(t, "one", least, func(e *environment) {
		e.builder = func(context.Context, function.BuildArgs) (map[string]string, error) {
			return nil, errors.New("building function no-auth: main.go:3:15: undefined: x")
		}
	})
	if err == nil || !strings.Contains(err.Error(), "main.go:3:15") {
		t.Errorf("got %v", err)
	}
	if len(r.aws()) > 0 {
		t.Errorf("declared %v", r.aws())
	}
}

// Two stacks, accounts or regions never want the same prefix, and none of it is a word
// that Cognito reserves.
func TestTheDomainIsTheStacksOwn(t *testing.T) {
	prefix := func(name, account string) string {
		r, err := run(t, name, least, func(e *environment) { e.account = account })
		if err != nil {
			t.Fatal(err)
		}
		return r.of("UserPoolDomain")[0].Inputs["domain"].(string)
	}
	dev := prefix("dev", "111122223333")
	if !strings.HasPrefix(dev, "auth-api-dev-") {
		t.Errorf("the prefix is %s", dev)
	}
	if again := prefix("dev", "111122223333"); again != dev {
		t.Errorf("the same stack got %s and %s", dev, again)
	}
	for _, other := range []string{prefix("prod", "111122223333"), prefix("dev", "444455556666")} {
		if other == dev {
			t.Errorf("another stack got %s too", dev)
		}
	}
	for _, name := range []string{"aws-test", "my-Cognito", strings.Repeat("a", 40), "x.y_z"} {
		p := prefix(name, "111122223333")
		if strings.Contains(p, "aws") || strings.Contains(p, "cognito") || len(p) > 63 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(p, "--") {
			t.Errorf("stack %s got %s", name, p)
		}
	}
}
