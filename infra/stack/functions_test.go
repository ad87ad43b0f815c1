package stack_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/function"
)

// with is a stack of two routes and what the settings say besides.
func with(settings string) string {
	return `
config:
  auth-api:routes:
    - {method: GET, path: "/orders/{id}", function: require-auth, authorization: AWS_IAM}
    - {method: GET, path: "/orders/{id}/secrets", function: no-auth, authorization: AWS_IAM}
  ` + strings.ReplaceAll(strings.TrimSpace(settings), "\n", "\n  ")
}

// one is the resource of a type and a name; there must be one.
func (r *recorder) one(t *testing.T, typ, name string) registered {
	t.Helper()
	found := slices.DeleteFunc(r.of(typ), func(x registered) bool { return x.Name != name || !strings.HasPrefix(x.Type, "aws:") })
	if len(found) != 1 {
		t.Fatalf("there are %d of %s %s, among %v", len(found), typ, name, names(r.of(typ)))
	}
	return found[0]
}

func has(t *testing.T, x registered, input string, want any) {
	t.Helper()
	if diff := cmp.Diff(want, x.Inputs[input]); diff != "" {
		t.Errorf("%s of %s %s: -want +got %s", input, x.Type, x.Name, diff)
	}
}

// Everything that can be said of functions, as AWS gets it. The statements that each
// grant gives are held by package iamdoc's goldens; here it is where they are attached,
// and what they name.
func TestWhatFunctionsAreGiven(t *testing.T) {
	built := map[string]string{}
	r, err := run(t, "dev", with(`
auth-api:functions:
  require-auth:
    reservedConcurrency: 0
    architecture: x86_64
    environment: {GREETING: hello}
    vpc: {subnetIds: [subnet-0a1b2c3d, subnet-1a1b2c3d], securityGroupIds: [sg-0a1b2c3d]}
    grants:
      - {parameter: /shop/web, key: 11111111-2222-3333-4444-555555555555}
      - {table: orders, access: readWrite}
      - {invoke: guest-list}
      - {invoke: no-auth}
      - {secret: shop/db}
      - {secret: "arn:aws:secretsmanager:us-west-2:444455556666:secret:shop/mail-aB3dE5", key: "arn:aws:kms:us-west-2:444455556666:key/11111111-2222-3333-4444-555555555555"}
  guest-list:
    grants:
      - {route: "GET /orders/{id}"}
      - {invoke: require-auth}
auth-api:canary: {functions: [no-auth]}
`), func(e *environment) {
		e.versions = map[string]any{"no-auth": "1"}
		inner := e.builder
		e.builder = func(ctx context.Context, args function.BuildArgs) (map[string]string, error) {
			for _, name := range args.Names {
				built[name] = args.GOOS + "/" + args.GOARCH + " in " + filepath.Base(args.Out)
			}
			return inner(ctx, args)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"no-auth": "linux/arm64 in arm64", "guest-list": "linux/arm64 in arm64", "require-auth": "linux/amd64 in x86_64"}, built); diff != "" {
		t.Error("built: -want +got", diff)
	}

	const lambda = "arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-"
	f := r.one(t, "Function", "require-auth")
	has(t, f, "architectures", []any{"x86_64"})
	has(t, f, "reservedConcurrentExecutions", 0.0)
	has(t, f, "environment", map[string]any{"variables": map[string]any{"GREETING": "hello", "FUNCTION_GUEST_LIST": lambda + "guest-list", "FUNCTION_NO_AUTH": lambda + "no-auth:live"}})
	has(t, f, "vpcConfig", map[string]any{"subnetIds": []any{"subnet-0a1b2c3d", "subnet-1a1b2c3d"}, "securityGroupIds": []any{"sg-0a1b2c3d"}})
	has(t, f, "publish", nil)
	has(t, r.one(t, "Function", "no-auth"), "publish", true)
	has(t, r.one(t, "Function", "no-auth"), "environment", nil)
	has(t, r.one(t, "Function", "guest-list"), "reservedConcurrentExecutions", nil)
	has(t, r.one(t, "Function", "guest-list"), "environment", map[string]any{"variables": map[string]any{"FUNCTION_REQUIRE_AUTH": lambda + "require-auth"}})

	resources := func(policy string) map[string]any {
		t.Helper()
		p := r.one(t, "RolePolicy", policy)
		document, _ := p.Inputs["policy"].(map[string]any)["document"].(map[string]any)
		list, _ := document["Statement"].([]any)
		out := map[string]any{}
		for _, s := range list {
			s := s.(map[string]any)
			out[fmt.Sprint(s["Effect"], " ", s["Sid"])] = s["Resource"]
		}
		return out
	}
	const in = ":us-west-2:111122223333:"
	if diff := cmp.Diff(map[string]any{
		"Allow ReadParameters":    "arn:aws:ssm" + in + "parameter/shop/web",
		"Allow DecryptParameters": "arn:aws:kms" + in + "key/11111111-2222-3333-4444-555555555555",
		"Allow ReadItems":         "arn:aws:dynamodb" + in + "table/orders",
		"Allow SearchItems":       []any{"arn:aws:dynamodb" + in + "table/orders", "arn:aws:dynamodb" + in + "table/orders/index/*"},
		"Allow WriteItems":        "arn:aws:dynamodb" + in + "table/orders",
		"Allow InvokeFunctions":   []any{lambda + "guest-list", lambda + "no-auth:live"},
		"Allow ReadSecrets":       []any{"arn:aws:secretsmanager:us-west-2:111122223333:secret:shop/db-??????", "arn:aws:secretsmanager:us-west-2:444455556666:secret:shop/mail-aB3dE5"},
		"Allow DecryptSecrets":    "arn:aws:kms:us-west-2:444455556666:key/11111111-2222-3333-4444-555555555555",
	}, resources("require-auth-grants")); diff != "" {
		t.Error("-want +got", diff)
	}
	if got := resources("require-auth-network")["Allow MakeInterfaces"]; len(got.([]any)) != 4 {
		t.Errorf("it may make interfaces in %v", got)
	}
	// A function's own routes, and none that their patterns cover besides.
	const api = "arn:aws:execute-api:us-west-2:111122223333:abcdefghij/dev/GET/orders/*"
	if diff := cmp.Diff(map[string]any{"Allow InvokeRoutes": api, "Deny NotOthersRoutes": api + "/secrets"}, resources("guest-list-routes")); diff != "" {
		t.Error("-want +got", diff)
	}
	for policy, role := range map[string]string{"require-auth-grants": "require-auth", "require-auth-network": "require-auth", "guest-list-routes": "guest-list", "guest-list-grants": "guest-list"} {
		has(t, r.one(t, "RolePolicy", policy), "role", "auth-api-dev-"+role+"-role")
		if parent := r.one(t, "RolePolicy", policy).Parent; parent != role {
			t.Errorf("%s is a child of %s", policy, parent)
		}
	}
	// No route leads to guest-list, so that the API may not call it.
	if got := names(r.of("Permission")); !slices.Equal(got, []string{"no-auth-get", "require-auth-get"}) {
		t.Errorf("the API may call %v", got)
	}
	has(t, r.one(t, "Permission", "no-auth-get"), "qualifier", "live")
	has(t, r.one(t, "Permission", "require-auth-get"), "qualifier", nil)
	body := pretty(t, r.of("RestApi")[0].Inputs["body"])
	for _, uri := range []string{lambda + "no-auth:live/invocations", lambda + "require-auth/invocations"} {
		if !strings.Contains(body, uri) {
			t.Errorf("the API does not integrate %s", uri)
		}
	}
}

// ownKey is the stack's first resource, where it has one: what is refused leaves not even
// that behind.
const ownKey = "auth-api:encryption: {customerKey: true}\n"

func TestANetworkOfAnotherStack(t *testing.T) {
	file := with(ownKey + "auth-api:functions: {no-auth: {vpc: {network: acme/auth-api-network/dev}}, require-auth: {vpc: {network: acme/auth-api-network/dev}}}")
	deploy := func(outputs map[string]any) (*recorder, error) {
		return run(t, "dev", file, func(e *environment) { e.others = map[string]any{"acme/auth-api-network/dev": outputs} })
	}
	r, err := deploy(map[string]any{"subnetIds": []any{"subnet-0a1b2c3d", "subnet-1a1b2c3d"}, "securityGroupId": "sg-0a1b2c3d", "vpcId": "vpc-0a1b2c3d"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"no-auth", "require-auth"} {
		has(t, r.one(t, "Function", name), "vpcConfig", map[string]any{"subnetIds": []any{"subnet-0a1b2c3d", "subnet-1a1b2c3d"}, "securityGroupIds": []any{"sg-0a1b2c3d"}})
		r.one(t, "RolePolicy", name+"-network")
	}
	if got := len(r.of("StackReference")); got != 1 {
		t.Errorf("the stack was read %d times", got)
	}
	for want, outputs := range map[string]map[string]any{
		"function no-auth: the network's stack acme/auth-api-network/dev has no output subnetIds in the open: bring it up first (infra/network), or name subnetIds and securityGroupIds":       {},
		"function no-auth: the network's stack acme/auth-api-network/dev has no output securityGroupId in the open: bring it up first (infra/network), or name subnetIds and securityGroupIds": {"subnetIds": []any{"subnet-1"}},
		"function no-auth: the output subnetIds of the network's stack acme/auth-api-network/dev is subnet-1: legal is a list of ids":                                                          {"subnetIds": "subnet-1", "securityGroupId": "sg-1"},
		"function no-auth: the output subnetIds of the network's stack acme/auth-api-network/dev is []: legal is a list of ids":                                                                {"subnetIds": []any{}, "securityGroupId": "sg-1"},
		"function no-auth: the output securityGroupId of the network's stack acme/auth-api-network/dev is [sg-1]: legal is an id":                                                              {"subnetIds": []any{"subnet-1"}, "securityGroupId": []any{"sg-1"}},
	} {
		r, err := deploy(outputs)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if made := r.aws(); len(made) > 0 {
			t.Errorf("declared %v", made)
		}
	}
}

// What can be found wrong only where the stack stands is found before anything is
// declared.
func TestWhatAWSWouldRefuseDeclaresNothing(t *testing.T) {
	many := strings.Builder{}
	for i := range 140 {
		fmt.Fprintf(&many, "{parameter: /shop/%03d/%s},", i, strings.Repeat("x", 20))
	}
	previous := func(v any) func(*environment) {
		return func(e *environment) { e.previous = map[string]any{"functionVersions": v} }
	}
	for _, c := range []struct {
		name, settings string
		change         func(*environment)
		want           string
	}{
		{"an environment that the ARNs make too large", "auth-api:functions: {no-auth: {environment: {LONG: " + strings.Repeat("x", 4050) + "}, grants: [{invoke: guest-list}]}}", nil,
			"function no-auth: its environment has 4156 bytes, as JSON, with the ARNs of the functions that it may invoke: Lambda allows 4096"},
		{"too many grants", "auth-api:functions: {no-auth: {grants: [" + many.String() + "]}}", nil,
			"function no-auth: its grants are policies of 10901 characters: IAM allows a role 6840 beside what every function needs; grant less, or split the function"},
		{"a secret of another region", `auth-api:functions: {no-auth: {grants: [{parameter: /a}, {secret: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-aB3dE5"}]}}`, nil,
			"function no-auth: its grants[1] names arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-aB3dE5, which is in eu-west-1: legal is what is in the stack's region, us-west-2"},
		{"a key of another region", `auth-api:functions: {no-auth: {grants: [{parameter: /a, key: "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"}]}}`, nil,
			"function no-auth: its grants[0] names arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555, which is in eu-west-1"},
		{"no version to go back to", "auth-api:canary: {functions: [no-auth], rollback: [no-auth]}", nil,
			"function no-auth: canary.rollback names it, and no version of it was live before the one that is: take it out, and deploy the sources as they were"},
		{"one version alone", "auth-api:canary: {functions: [no-auth], rollback: [no-auth]}", previous(map[string]any{"no-auth": map[string]any{"live": "1", "next": "1"}}),
			"function no-auth: canary.rollback names it, and no version of it was live before"},
		{"a certificate of another region", `auth-api:domain: {name: api.example.com, certificateArn: "arn:aws:acm:us-east-1:111122223333:certificate/x"}`, nil,
			"checking Pulumi.dev.yaml: auth-api:domain.certificateArn is arn:aws:acm:us-east-1:111122223333:certificate/x, which is in us-east-1: legal is a certificate in the stack's region, us-west-2; nothing was done"},
		{"outputs of another program", "auth-api:canary: {functions: [no-auth]}", previous(map[string]any{"no-auth": "3"}),
			"function no-auth: the stack's output functionVersions says 3 of it: that is none of live and next"},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*environment) {}
			}
			r, err := run(t, "dev", with(ownKey+c.settings), change)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if made := r.aws(); len(made) > 0 {
				t.Errorf("declared %v", made)
			}
		})
	}
}

// The table of states: which version is live, and what another gets, by what was and what
// the settings say. A second deployment of the same changes nothing.
func TestWhichVersionsAreLive(t *testing.T) {
	type state = map[string]any
	const percent, rollback = ", percent: 10", ", percent: 10, rollback: [no-auth]"
	for _, c := range []struct {
		name   string
		was    state // nil: the first deployment
		newest string
		canary string
		now    state
		weight any // of the newest, beside the live one
	}{
		{"the first version", nil, "1", "", state{"live": "1", "next": "1"}, nil},
		{"the first version has nothing to stand beside", nil, "1", percent, state{"live": "1", "next": "1"}, nil},

		{"all at once", state{"live": "1", "next": "1"}, "2", "", state{"live": "2", "next": "2", "previous": "1"}, nil},
		{"nothing new", state{"live": "2", "next": "2", "previous": "1"}, "2", "", state{"live": "2", "next": "2", "previous": "1"}, nil},
		{"nothing new, with a percentage", state{"live": "2", "next": "2", "previous": "1"}, "2", percent, state{"live": "2", "next": "2", "previous": "1"}, nil},

		{"a share", state{"live": "2", "next": "2", "previous": "1"}, "3", percent, state{"live": "2", "next": "3", "previous": "1"}, 0.1},
		{"a share for the next one", state{"live": "2", "next": "3", "previous": "1"}, "4", percent, state{"live": "2", "next": "4", "previous": "1"}, 0.1},
		{"promoted", state{"live": "2", "next": "3", "previous": "1"}, "3", "", state{"live": "3", "next": "3", "previous": "2"}, nil},
		{"rolled back", state{"live": "2", "next": "3", "previous": "1"}, "3", rollback, state{"live": "2", "next": "3", "previous": "1"}, nil},
		{"what is deployed meanwhile waits", state{"live": "2", "next": "3", "previous": "1"}, "4", rollback, state{"live": "2", "next": "4", "previous": "1"}, nil},
		{"tried again, mended", state{"live": "2", "next": "4", "previous": "1"}, "5", percent, state{"live": "2", "next": "5", "previous": "1"}, 0.1},

		{"rolled back after it was promoted", state{"live": "3", "next": "3", "previous": "2"}, "3", rollback, state{"live": "2", "next": "3", "previous": "3"}, nil},
		{"and it stays so", state{"live": "2", "next": "3", "previous": "3"}, "3", rollback, state{"live": "2", "next": "3", "previous": "3"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := c.was
			for _, deployment := range []string{"the first", "the second"} {
				r, err := run(t, "dev", with("auth-api:canary: {functions: [no-auth]"+c.canary+"}"), func(e *environment) {
					e.versions = map[string]any{"no-auth": c.newest}
					if was != nil {
						e.previous = map[string]any{"functionVersions": map[string]any{"no-auth": was, "gone": "whatever"}}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				alias := r.one(t, "Alias", "no-auth-live")
				has(t, alias, "name", "live")
				has(t, alias, "functionVersion", c.now["live"])
				var routing any
				if c.weight != nil {
					routing = map[string]any{"additionalVersionWeights": map[string]any{c.newest: c.weight}}
				}
				has(t, alias, "routingConfig", routing)
				if diff := cmp.Diff(fmt.Sprint(map[string]any{"no-auth": c.now}), fmt.Sprint(r.exports["functionVersions"])); diff != "" {
					t.Errorf("%s: -want +got %s", deployment, diff)
				}
				was = maps.Clone(c.now)
			}
		})
	}
	r, err := run(t, "dev", with(""))
	if err != nil || len(r.of("Alias")) > 0 || r.exports["functionVersions"] != nil {
		t.Errorf("without a canary there are %v, %v, %v", r.of("Alias"), r.exports["functionVersions"], err)
	}
}
