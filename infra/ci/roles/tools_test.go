package roles_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"auth-api/infra/ci/roles"
	"auth-api/infra/localaws/authz"
)

// runs are the tools that make targets run with a workflow's credentials, as folders of
// infra. Pulumi's own calls are those of the resources: see calls.
var runs = map[string]string{
	"up": "cmd/stack", "destroy": "cmd/stack", "drift": "cmd/stack", "preview-comment": "cmd/stack", "verify": "cmd/verify",
}

// asksFor is what AWS asks a permission for when a tool calls an operation, by the services
// of its SDK, with the credentials of who runs it; nil where it asks for none.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func asksFor(stack string) map[string]*call {
	its := tags("ResourceTag", stack)
	pool := func(action string) *call {
		return &call{"cognito-idp:" + action, "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_A", its}
	}
	stage := "arn:aws:apigateway:us-west-2::/restapis/r/stages/s"
	return map[string]*call{
		"apigateway GetStage":                            {"apigateway:GET", stage, its},
		"apigateway GetExport":                           {"apigateway:GET", stage + "/exports/oas30", its},
		"cloudwatchlogs FilterLogEvents":                 {"logs:FilterLogEvents", "arn:aws:logs:us-west-2:111122223333:log-group:/aws/lambda/auth-api-" + stack + "-no-auth:*", nil},
		"cognitoidentity DeleteIdentities":               {"cognito-identity:DeleteIdentities", "*", authz.Context{"aws:RequestedRegion": {"us-west-2"}}},
		"cognitoidentityprovider AdminAddUserToGroup":    pool("AdminAddUserToGroup"),
		"cognitoidentityprovider AdminCreateUser":        pool("AdminCreateUser"),
		"cognitoidentityprovider AdminDeleteUser":        pool("AdminDeleteUser"),
		"cognitoidentityprovider AdminSetUserPassword":   pool("AdminSetUserPassword"),
		"cognitoidentityprovider DescribeUserPoolClient": pool("DescribeUserPoolClient"),
		"cognitoidentityprovider ListUsers":              pool("ListUsers"),
		"resourcegroupstaggingapi GetResources":          {"tag:GetResources", "*", nil},
		// Nobody signs these, or a token of the user pool stands for a signature.
		"cognitoidentity GetCredentialsForIdentity": nil, "cognitoidentity GetId": nil, "cognitoidentity GetOpenIdToken": nil,
		"cognitoidentityprovider AssociateSoftwareToken": nil, "cognitoidentityprovider GetUser": nil, "cognitoidentityprovider GlobalSignOut": nil,
		"cognitoidentityprovider InitiateAuth": nil, "cognitoidentityprovider RespondToAuthChallenge": nil, "cognitoidentityprovider RevokeToken": nil,
		"cognitoidentityprovider VerifySoftwareToken": nil,
		// These are tried by callers, who must not get through.
		"ssm GetParametersByPath": nil, "sts AssumeRole": nil,
		// Everybody may.
		"sts GetCallerIdentity": nil,
	}
}

// operations are those of AWS's services that a tool of infra calls, in what it imports too:
// each takes an input that its SDK has a type for.
func operations(t *testing.T, tool string) []string {
	t.Helper()
	const sdk, own = "github.com/aws/aws-sdk-go-v2/service/", "auth-api/infra/"
	found, seen := map[string]bool{}, map[string]bool{}
	var look func(folder string)
	look = func(folder string) {
		if seen[folder] {
			return
		}
		seen[folder] = true
		files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			services := map[string]string{} // by the names that the file has for them
			for _, i := range file.Imports {
				imported, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if service, is := strings.CutPrefix(imported, sdk); is && !strings.Contains(service, "/") {
					services[service] = service
					if i.Name != nil {
						services[i.Name.Name] = service
					}
				}
				if below, is := strings.CutPrefix(imported, own); is {
					look(below)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, is := n.(*ast.SelectorExpr); is {
					if of, is := s.X.(*ast.Ident); is && services[of.Name] != "" {
						if operation, is := strings.CutSuffix(s.Sel.Name, "Input"); is {
							found[services[of.Name]+" "+operation] = true
						}
					}
				}
				return true
			})
		}
	}
	look(tool)
	return slices.Sorted(maps.Keys(found))
}

// step is a make target that a job runs, with the role's credentials.
type step struct{ job, variable, target, stack string }

var (
	target   = regexp.MustCompile(`^make ([a-z-]+)`)
	variable = regexp.MustCompile(`^\$\{\{ vars\.([A-Z_]+) \}\}$`)
)

// steps are what the workflows run with credentials of AWS.
func steps(t *testing.T) (out []step) {
	t.Helper()
	files, err := filepath.Glob("../../../.github/workflows/*.yml")
	if err != nil || len(files) < 4 {
		t.Fatalf("the workflows are %v %v", files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Jobs map[string]struct {
				Environment string
				Env         map[string]string
				Strategy    struct {
					Matrix struct{ Stack []string }
				}
				Steps []struct {
					Uses, Run string
					With      map[string]any
				}
			}
		}
		if err := yaml.Unmarshal(data, &workflow); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for id, job := range workflow.Jobs {
			role, stacks := "", job.Strategy.Matrix.Stack
			switch stack := job.Env["STACK"]; {
			case strings.HasPrefix(stack, "pr-"):
				stacks = []string{"pr-7"}
			case stacks == nil:
				stacks = []string{stack}
			}
			for _, s := range job.Steps {
				if strings.HasPrefix(s.Uses, "aws-actions/configure-aws-credentials@") {
					m := variable.FindStringSubmatch(fmt.Sprint(s.With["role-to-assume"]))
					if m == nil {
						t.Fatalf("%s: the job %s takes the role %v on", name, id, s.With["role-to-assume"])
					}
					if role = m[1]; job.Environment != "" {
						role += " of the environment " + job.Environment
					}
				}
				if m := target.FindStringSubmatch(s.Run); m != nil && role != "" {
					for _, stack := range stacks {
						out = append(out, step{path.Base(name) + ": " + id, role, m[1], stack})
					}
				}
			}
		}
	}
	return out
}

// What the tools ask AWS for where workflows run them, the roles of these jobs may.
func TestTheWorkflowsMayWhatTheirToolsDo(t *testing.T) {
	byVariable := map[string]role{}
	for _, r := range roles.All(account, settings) {
		byVariable[r.Variable] = named(t, r.Name)
	}
	looked, called := map[string]bool{}, map[string]bool{}
	for _, s := range steps(t) {
		r, is := byVariable[s.variable]
		if !is {
			t.Errorf("%s: nothing says what %s holds", s.job, s.variable)
			continue
		}
		tool, is := runs[s.target]
		if !is {
			if s.target != "pr-stack" && s.target != "pr-comment" { // which ask AWS for nothing
				t.Errorf("%s runs make %s: nobody says what that asks AWS for", s.job, s.target)
			}
			continue
		}
		looked[s.target] = true
		for _, operation := range operations(t, tool) {
			called[operation] = true
			c, is := asksFor(s.stack)[operation]
			if !is {
				t.Errorf("%s calls %s: nobody says what AWS asks a permission for", tool, operation)
				continue
			}
			if c == nil || operation == "resourcegroupstaggingapi GetResources" && s.target != "destroy" {
				continue
			}
			if !r.may(c.action, c.resource, c.context) {
				t.Errorf("%s: make %s of stack %s calls %s, and %s may not %s on %s", s.job, s.target, s.stack, operation, r.Name, c.action, c.resource)
			}
		}
	}
	for name := range runs {
		if !looked[name] {
			t.Errorf("no workflow runs make %s", name)
		}
	}
	for operation := range asksFor("dev") {
		if !called[operation] {
			t.Errorf("no tool calls %s", operation)
		}
	}
}

// What verification adds, it adds to those who verify alone, and for their stacks.
func TestWhoMayVerify(t *testing.T) {
	pool := "arn:aws:cognito-idp:us-west-2:111122223333:userpool/us-west-2_A"
	group := func(name string) string { return "arn:aws:logs:us-west-2:111122223333:log-group:" + name + ":*" }
	here := authz.Context{"aws:RequestedRegion": {"us-west-2"}}
	for _, test := range []struct {
		action, resource string
		context          authz.Context
		who              string
	}{
		{"cognito-idp:ListUsers", pool, tags("ResourceTag", "prod"), "check"},
		{"cognito-idp:ListUsers", pool, tags("ResourceTag", "pr-7"), "check deploy-pr"},
		{"cognito-idp:ListUsers", pool, nil, ""},
		{"cognito-identity:DeleteIdentities", "*", here, "check deploy-pr"},
		{"cognito-identity:DeleteIdentities", "*", authz.Context{"aws:RequestedRegion": {"eu-west-1"}}, ""},
		{"cognito-identity:ListIdentities", "arn:aws:cognito-identity:us-west-2:111122223333:identitypool/us-west-2:x", tags("ResourceTag", "dev"), ""},
		{"logs:FilterLogEvents", group("/aws/lambda/auth-api-prod-no-auth"), nil, "check"},
		{"logs:FilterLogEvents", group("/aws/apigateway/auth-api-dev"), nil, "check"},
		{"logs:FilterLogEvents", group("/aws/lambda/auth-api-pr-7-no-auth"), nil, "check deploy-pr"},
		{"logs:FilterLogEvents", group("/aws/lambda/billing"), nil, ""},
		{"logs:FilterLogEvents", group("aws-waf-logs-auth-api-prod"), nil, ""},
		{"cognito-idp:AdminCreateUser", pool, tags("ResourceTag", "pr-7"), "check deploy-pr"},
		{"cognito-idp:AdminUpdateUserAttributes", pool, tags("ResourceTag", "prod"), "deploy-prod"},
	} {
		var who []string
		for _, r := range roles.All(account, settings) {
			if named(t, r.Name).may(test.action, test.resource, test.context) {
				who = append(who, r.Name)
			}
		}
		if got := strings.Join(who, " "); got != test.who {
			t.Errorf("%s on %s %v is for %q, not %q", test.action, test.resource, test.context, got, test.who)
		}
	}
}
