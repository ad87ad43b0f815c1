package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auth-api/infra/settings"
)

const keyOfAccount = "11111111-2222-3333-4444-555555555555"

func TestWhatIsSaidOfFunctionsCounts(t *testing.T) {
	got, err := parse(t, `
routes:
  - {method: GET, path: /require-auth, function: require-auth, authorization: AWS_IAM}
functions:
  require-auth:
    architecture: x86_64
    reservedConcurrency: 0
    environment: {GREETING: "Hello, \"friend\"", TOKEN_URL: "https://id.example/token", MONKEY: see, Key_ID: k1, COMMIT: 0123456789abcdef0123456789abcdef01234567}
    vpc: {subnetIds: [subnet-0a1b2c3d, subnet-0123456789abcdef0], securityGroupIds: [sg-0a1b2c3d]}
    grants:
      - {parameter: /shop/web}
      - {parameter: /shop/limits.v2, key: `+keyOfAccount+`}
      - {table: orders}
      - {table: orders, access: write}
      - {table: events, access: readWrite}
      - {invoke: no-auth}
      - {route: GET /require-auth}
      - {secret: shop/db, key: "arn:aws:kms:us-west-2:111122223333:key/mrk-0123456789abcdef0123456789abcdef"}
      - {secret: "arn:aws:secretsmanager:us-west-2:111122223333:secret:shop/mail-aB3dE5"}
  no-auth:
    vpc: {network: organization/auth-api-network/dev}
    grants: [{invoke: require-auth}] # they ask one another
canary: {functions: [no-auth], percent: 10, rollback: [no-auth]}
`)
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	want := map[string]settings.Function{
		"require-auth": {
			Memory: 128, Timeout: 10, LogRetentionDays: 30, Architecture: "x86_64", ReservedConcurrency: &none,
			Environment: map[string]string{"GREETING": `Hello, "friend"`, "TOKEN_URL": "https://id.example/token", "MONKEY": "see", "Key_ID": "k1", "COMMIT": "0123456789abcdef0123456789abcdef01234567"},
			VPC:         &settings.VPC{SubnetIDs: []string{"subnet-0a1b2c3d", "subnet-0123456789abcdef0"}, SecurityGroupIDs: []string{"sg-0a1b2c3d"}},
			Grants: []settings.Grant{
				{Parameter: "/shop/web"}, {Parameter: "/shop/limits.v2", Key: keyOfAccount},
				{Table: "orders", Access: "read"}, {Table: "orders", Access: "write"}, {Table: "events", Access: "readWrite"},
				{Invoke: "no-auth"}, {Route: "GET /require-auth"},
				{Secret: "shop/db", Key: "arn:aws:kms:us-west-2:111122223333:key/mrk-0123456789abcdef0123456789abcdef"},
				{Secret: "arn:aws:secretsmanager:us-west-2:111122223333:secret:shop/mail-aB3dE5"},
			},
		},
		"no-auth": {
			Memory: 128, Timeout: 10, LogRetentionDays: 30, Architecture: "arm64",
			VPC: &settings.VPC{Network: "organization/auth-api-network/dev"}, Grants: []settings.Grant{{Invoke: "require-auth"}},
		},
	}
	if diff := cmp.Diff(want, got.Functions); diff != "" {
		t.Error("-want +got", diff)
	}
	if diff := cmp.Diff(settings.Canary{Functions: []string{"no-auth"}, Percent: 10, Rollback: []string{"no-auth"}}, got.Canary); diff != "" {
		t.Error("-want +got", diff)
	}
	if c := got.Canary; c.Has("require-auth") || !c.Has("no-auth") || c.RollsBack("require-auth") || !c.RollsBack("no-auth") {
		t.Error("the wrong functions have versions")
	}
}

// A function that a grant alone names is part of the stack; one that nothing names, of
// which nothing is said either, is not.
func TestAGrantBringsItsFunctionAlong(t *testing.T) {
	s, err := parse(t, open+"\nfunctions: {no-auth: {grants: [{invoke: require-auth}]}, require-auth: {memory: 512}}")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.FunctionNames(), ", "); got != "no-auth, require-auth" || s.Functions["require-auth"].Memory != 512 {
		t.Errorf("the functions are %s", got)
	}
	if s, err = parse(t, open); err != nil || len(s.Functions) != 1 {
		t.Errorf("the functions are %v, %v", s, err)
	}
}

// A function's routes are told apart from the others as a caller's are.
func TestRoutesOfAFunction(t *testing.T) {
	s, err := parse(t, `
routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM}
  - {method: GET, path: "/users/{id}/secrets", function: no-auth, authorization: AWS_IAM}
  - {method: POST, path: /orders, function: no-auth, apiKeyRequired: true}
functions: {no-auth: {grants: [{route: "GET /users/{id}"}, {parameter: /a}]}}
`)
	if err != nil {
		t.Fatal(err)
	}
	access, conflicts := settings.RoutesOf(s.Routes, s.Functions["no-auth"])
	if diff := cmp.Diff(settings.Access{Allow: []string{"GET/users/*"}, Deny: []string{"GET/users/*/secrets"}}, access); diff != "" || len(conflicts) > 0 {
		t.Error("-want +got", diff, conflicts)
	}
	if access, _ := settings.RoutesOf(s.Routes, settings.Function{Grants: []settings.Grant{{Parameter: "/a"}}}); len(access.Allow) > 0 {
		t.Errorf("without a grant of a route it may call %v", access)
	}
}

const instead = "whoever may look at the function reads its environment; keep it in SSM or Secrets Manager, let the function read it by grants: [{parameter: /path}] or [{secret: name}], and put its name here"

func TestWhatIsWrongOfFunctionsIsTold(t *testing.T) {
	const at = "auth-api:functions.no-auth"
	of := func(field string) string { return open + "\nfunctions: {no-auth: {" + field + "}}" }
	grant := func(text string) string { return of("grants: [" + text + "]") }
	variable := func(name, value string) string { return of("environment: {" + name + ": \"" + value + "\"}") }
	const kinds = "legal is exactly one of parameter, table, invoke, route, secret"
	for _, c := range []struct {
		name, file string
		want       string
	}{
		{"an architecture", of("architecture: amd64"), at + `.architecture is "amd64": legal are arm64, x86_64`},
		{"concurrency below none", of("reservedConcurrency: -1"), at + `.reservedConcurrency is -1: legal is a whole number of at least 0`},
		{"concurrency in words", of("reservedConcurrency: all"), at + `.reservedConcurrency is "all": legal is a whole number of at least 0`},

		{"an environment as a list", of("environment: [A1]"), at + `.environment is ["A1"]: legal is a mapping of names to texts`},
		{"a number", of("environment: {LIMIT: 5}"), at + `.environment.LIMIT is 5: legal is a text`},
		{"a variable's name", variable("no-hyphen", "x"), at + `.environment.no-hyphen has no legal name: legal is a letter, then one or more letters, digits and _`},
		{"a name of one letter", variable("A", "x"), at + `.environment.A has no legal name: legal is a letter, then one or more letters, digits and _`},
		{"a handler of one's own", variable("_HANDLER", "x"), at + `.environment._HANDLER has no legal name: legal is a letter, then one or more letters, digits and _`},
		{"a reserved name", variable("AWS_REGION", "us-east-1"), at + `.environment.AWS_REGION is set by Lambda itself: legal is another name`},
		{"credentials", variable("AWS_SESSION_TOKEN", "x"), at + `.environment.AWS_SESSION_TOKEN is set by Lambda itself: legal is another name`},
		{"another AWS", variable("AWS_ENDPOINT_URL_SSM", "http://evil.example"), at + `.environment.AWS_ENDPOINT_URL_SSM would lead the function's AWS clients elsewhere: legal is another name`},
		{"another configuration", variable("AWS_CONFIG_FILE", "/tmp/x"), at + `.environment.AWS_CONFIG_FILE would lead the function's AWS clients elsewhere: legal is another name`},
		{"too much", variable("LONG", strings.Repeat("x", 4096)), at + `.environment has 4107 bytes, as JSON: Lambda allows 4096`},
		{"a password", variable("DB_PASSWORD", "hunter2"), at + `.environment.DB_PASSWORD is named like a secret: ` + instead},
		{"a password in camel case", variable("dbPassword", "hunter2"), at + `.environment.dbPassword is named like a secret: ` + instead},
		{"a key", variable("API_KEY", "hunter2"), at + `.environment.API_KEY is named like a secret: ` + instead},
		{"a key in one word", variable("APIKEY", "hunter2"), at + `.environment.APIKEY is named like a secret: ` + instead},
		{"a token", variable("GITHUB_TOKEN", "hunter2"), at + `.environment.GITHUB_TOKEN is named like a secret: ` + instead},
		{"a secret", variable("CLIENT_SECRET", "hunter2"), at + `.environment.CLIENT_SECRET is named like a secret: ` + instead},
		{"an access key", variable("WHO", "AKIAIOSFODNN7EXAMPLE"), at + `.environment.WHO looks like a secret (an AWS access key): ` + instead},
		{"a secret access key", variable("WHAT", strings.Repeat("aB3/", 10)), at + `.environment.WHAT looks like a secret (an AWS secret access key): ` + instead},
		{"a private key", variable("CERT", "-----BEGIN EC PRIVATE KEY-----"), at + `.environment.CERT looks like a secret (a PEM block): ` + instead},
		{"a database with its password", variable("DB_URL", "postgres://ann:hunter2@db.example/shop"), at + `.environment.DB_URL looks like a secret (a URL with a password): ` + instead},
		{"somebody's token", variable("WHO", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x.hunter2"), at + `.environment.WHO looks like a secret (a JSON web token): ` + instead},

		{"a network and ids", of("vpc: {network: o/p/s, subnetIds: [subnet-0a1b2c3d], securityGroupIds: [sg-0a1b2c3d]}"), at + `.vpc has network and ids beside it: legal is either network, or subnetIds and securityGroupIds`},
		{"an empty network", of("vpc: {}"), at + `.vpc is not whole: legal is either network, or subnetIds and securityGroupIds`},
		{"no security groups", of("vpc: {subnetIds: [subnet-0a1b2c3d]}"), at + `.vpc is not whole: legal is either network, or subnetIds and securityGroupIds`},
		{"half a stack's name", of("vpc: {network: auth-api-network/dev}"), at + `.vpc.network is "auth-api-network/dev": legal is ORG/PROJECT/STACK, such as organization/auth-api-network/dev`},
		{"a VPC's id", of("vpc: {subnetIds: [vpc-0a1b2c3d], securityGroupIds: [sg-0a1b2c3d]}"), at + `.vpc.subnetIds[0] is "vpc-0a1b2c3d": legal are ids such as subnet-0abc12de`},
		{"a security group's name", of("vpc: {subnetIds: [subnet-0a1b2c3d], securityGroupIds: [default]}"), at + `.vpc.securityGroupIds[0] is "default": legal are ids such as sg-0abc12de`},
		{"six security groups", of("vpc: {subnetIds: [subnet-0a1b2c3d], securityGroupIds: [sg-0a1b2c30, sg-0a1b2c31, sg-0a1b2c32, sg-0a1b2c33, sg-0a1b2c34, sg-0a1b2c35]}"), at + `.vpc.securityGroupIds are 6: legal are up to 5`},

		{"a grant of nothing", grant("{}"), at + `.grants[0] grants nothing: ` + kinds},
		{"access alone", grant("{access: read}"), at + `.grants[0] grants nothing: ` + kinds},
		{"two in one", grant("{parameter: /a, table: orders}"), at + `.grants[0] has parameter and table: ` + kinds},
		{"the same twice", grant("{parameter: /a}, {parameter: /a}"), at + `.grants[1] says the same as grants[0]`},
		{"a grant in a word", grant("orders"), at + `.grants[0] is "orders": legal is a mapping of parameter, table, access, invoke, route, secret, key`},
		{"an unknown kind", grant("{bucket: b, table: orders}"), at + `.grants[0].bucket is not a setting: legal are parameter, table, access, invoke, route, secret, key`},
		{"access to a parameter", grant("{parameter: /a, access: read}"), at + `.grants[0].access is for table alone, and the grant has parameter`},
		{"an unknown access", grant("{table: orders, access: all}"), at + `.grants[0].access is "all": legal are read, write, readWrite`},
		{"a key of a table", grant("{table: orders, key: " + keyOfAccount + "}"), at + `.grants[0].key is for parameter and secret alone, and the grant has table`},
		{"a key's alias", grant("{parameter: /a, key: alias/shop}"), at + `.grants[0].key is "alias/shop": legal is the id or ARN of a KMS key; IAM knows no aliases`},
		{"a parameter without a slash", grant("{parameter: shop}"), at + `.grants[0].parameter is "shop": legal is the name of a parameter, such as /shop/limits`},
		{"all parameters", grant(`{parameter: "/shop/*"}`), at + `.grants[0].parameter is "/shop/*": legal is the name of a parameter, such as /shop/limits`},
		{"an empty parameter", grant(`{parameter: ""}`), at + `.grants[0].parameter is "": legal is the name of a parameter, such as /shop/limits`},
		{"AWS's parameter", grant("{parameter: /aws/service/x}"), at + `.grants[0].parameter is "/aws/service/x": names under /aws and /ssm are AWS's own`},
		{"all tables", grant(`{table: "*"}`), at + `.grants[0].table is "*": legal is the name of a table, 3 to 255 letters, digits and _ . -`},
		{"all secrets", grant(`{secret: "shop/*"}`), at + `.grants[0].secret is "shop/*": legal is the name of a secret, or its whole ARN with the six characters at its end`},
		{"half a secret's ARN", grant(`{secret: "arn:aws:secretsmanager:us-west-2:111122223333:secret:db"}`),
			at + `.grants[0].secret is "arn:aws:secretsmanager:us-west-2:111122223333:secret:db": legal is the name of a secret, or its whole ARN with the six characters at its end`},
		{"an unknown function", grant("{invoke: require-aut}"), at + `.grants[0].invoke is "require-aut": there is no functions/require-aut/main.go (did you mean require-auth?); legal are no-auth, require-auth`},
		{"itself", grant("{invoke: no-auth}"), at + `.grants[0].invoke is "no-auth", the function itself: an invocation of itself is paid for twice and may never end; call it in the program`},
		{"a variable that is set already", of("environment: {FUNCTION_REQUIRE_AUTH: other}, grants: [{invoke: require-auth}]"),
			at + `.grants[0].invoke is "require-auth", whose ARN the environment has as FUNCTION_REQUIRE_AUTH, which environment sets too: leave it out there`},
		{"a route where none asks IAM", grant("{route: GET /no-auth}"), at + `.grants[0].route is "GET /no-auth", whose authorization is NONE: a grant is for routes with AWS_IAM`},
		{"no route", grant("{route: GET /other}"), at + `.grants[0].route is "GET /other": legal are routes with authorization AWS_IAM, and there are none`},
		{"another method", "routes: [{method: GET, path: /a, function: no-auth, authorization: AWS_IAM}]\nfunctions: {no-auth: {grants: [{route: PUT /a}]}}",
			at + `.grants[0].route is "PUT /a", which is no route (did you mean GET /a?): legal are GET /a`},
		{"routes that IAM cannot tell apart", `
routes:
  - {method: GET, path: "/users/{id}", function: no-auth, authorization: AWS_IAM}
  - {method: GET, path: "/{all+}", function: no-auth, authorization: AWS_IAM}
functions: {no-auth: {grants: [{route: "GET /users/{id}"}]}}`,
			at + `.grants let it call GET /users/{id}, and IAM cannot tell that from routes[1] (GET /{all+}), which they do not: grant both, or give one of them another path`},

		{"percent of nothing", open + "\ncanary: {percent: 10}", `auth-api:canary.percent is for the functions of auth-api:canary.functions, and there are none`},
		{"rollback of nothing", open + "\ncanary: {rollback: [no-auth]}", `auth-api:canary.rollback[0] is "no-auth", which auth-api:canary.functions does not name`},
		{"rollback as a yes", open + "\ncanary: {functions: [no-auth], rollback: true}", `auth-api:canary.rollback is true: legal is a list of functions of canary.functions`},
		{"all of it", open + "\ncanary: {functions: [no-auth], percent: 100}", `auth-api:canary.percent is 100: legal is a whole number from 1 to 99`},
		{"none of it", open + "\ncanary: {functions: [no-auth], percent: 0}", `auth-api:canary.percent is 0: legal is a whole number from 1 to 99`},
		{"a canary of a function that is not used", open + "\ncanary: {functions: [require-auth]}", `auth-api:canary.functions[0] is "require-auth", which is no function of this stack: legal are no-auth`},
		{"a canary twice", open + "\ncanary: {functions: [no-auth, no-auth]}", `auth-api:canary.functions[1] is "no-auth", which stands in the list already`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.file)
			if err == nil {
				t.Fatal("it was taken")
			}
			if diff := cmp.Diff("Pulumi.dev.yaml: "+c.want, err.Error()); diff != "" {
				t.Error("-want +got", diff)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "AKIAIOS") {
				t.Error("the error shows the secret")
			}
		})
	}
}

func TestTheVariableOfAFunction(t *testing.T) {
	for function, want := range map[string]string{"guest-list": "FUNCTION_GUEST_LIST", "a_b-C9": "FUNCTION_A_B_C9"} {
		if got := settings.Variable(function); got != want {
			t.Errorf("%s: got %s, want %s", function, got, want)
		}
	}
	// Two functions of one variable cannot both be asked.
	dir := t.TempDir()
	for _, name := range []string{"no-auth", "guest-list", "guest_list"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, name), 0o755), os.WriteFile(filepath.Join(dir, name, "main.go"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	config := map[string]string{
		"auth-api:routes":    `[{"method":"GET","path":"/","function":"no-auth","public":true}]`,
		"auth-api:functions": `{"no-auth":{"grants":[{"invoke":"guest-list"},{"invoke":"guest_list"}]}}`,
	}
	_, err := settings.Parse("auth-api", "dev", config, nil, dir)
	const want = `Pulumi.dev.yaml: auth-api:functions.no-auth.grants[1].invoke is "guest_list", which the environment calls FUNCTION_GUEST_LIST, as it does guest-list: rename a function`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAnEncryptedValueOfAFunctionIsRefused(t *testing.T) {
	_, err := parse(t, open+"\nfunctions: {no-auth: {environment: {GREETING: hello}}}", "auth-api:functions")
	const want = "Pulumi.dev.yaml: auth-api:functions holds an encrypted value, which would stand in the open on AWS: keep it in SSM or Secrets Manager, and let the function read it by grants: [{parameter: /path}] or [{secret: name}]"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzFunctions(f *testing.F) {
	f.Add(`{"no-auth":{"environment":{"A1":"x"},"grants":[{"invoke":"require-auth"},{"table":"abc","access":"write"}],"vpc":{"network":"a/b/c"}}}`, `{"functions":["no-auth"],"percent":5}`)
	f.Add(`{"no-auth":{"environment":{"":null},"grants":[null,{"route":"GET /no-auth"}],"vpc":[]}}`, `[]`)
	dir := functions(f)
	f.Fuzz(func(t *testing.T, said, canary string) {
		const routes = `[{"method":"GET","path":"/no-auth","function":"no-auth","authorization":"AWS_IAM"}]`
		s, err := settings.Parse("auth-api", "dev", map[string]string{"auth-api:routes": routes, "auth-api:functions": said, "auth-api:canary": canary}, nil, dir)
		if (s == nil) == (err == nil) {
			t.Fatalf("settings %v with error %v", s, err)
		}
		if s == nil {
			return
		}
		for name, f := range s.Functions {
			for _, g := range f.Grants {
				if strings.Contains(g.Parameter+g.Table+g.Secret+g.Key, "*") || strings.Contains(g.Parameter+g.Table+g.Secret+g.Key, "?") {
					t.Errorf("%s is granted %+v", name, g)
				}
				if _, built := s.Functions[g.Invoke]; g.Invoke != "" && !built {
					t.Errorf("%s may invoke %s, which is not there", name, g.Invoke)
				}
			}
		}
	})
}
