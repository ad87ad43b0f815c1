package localaws_test

import (
	"errors"
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
)

// publish publishes a version of a function and leads its alias live to it.
func (s *town) publish(name string) {
	s.t.Helper()
	s.declare(func(tx *store.Tx) error {
		before, _, err := lambda.Functions.Get(tx, name)
		if err != nil {
			return err
		}
		f := before
		f.Publish = true
		s.Lambda.Derive(&f)
		if err := s.Lambda.FunctionChanged(tx, &before, &f); err != nil {
			return err
		}
		live := lambda.Alias{Name: "live", FunctionName: name, FunctionVersion: f.Version}
		s.Lambda.DeriveAlias(&live)
		return errors.Join(s.Lambda.AliasDeclared(tx, live), lambda.Aliases.Put(tx, live.ARN, live), lambda.Functions.Put(tx, name, f))
	})
}

// A function calls another by its alias with its execution role's credentials: what it may
// call is what the role's policy names, to the letter.
func TestAFunctionCallsAnAliasAsItsRoleIsGranted(t *testing.T) {
	s := newTown(t)
	s.publish("worker")
	const worker = "arn:aws:lambda:us-west-2:000000000000:function:worker"
	for _, c := range []struct {
		name    string
		grant   string // the resource of lambda:InvokeFunction; none when empty
		on      string
		refused string // on which resource
	}{
		{"the alias by its ARN", worker + ":live", worker + ":live", ""},
		{"the alias by its name", worker + ":live", "worker:live", ""},
		{"the version", worker + ":1", "worker:1", ""},
		{"no grant", "", worker + ":live", worker + ":live"},
		{"a grant of the function", worker, worker + ":live", worker + ":live"},
		{"a grant of the version behind the alias", worker + ":1", worker + ":live", worker + ":live"},
		{"a grant of the alias, for the function", worker + ":live", worker, worker},
		{"a grant of the alias, for the version behind it", worker + ":live", worker + ":1", worker + ":1"},
		{"a grant of the function and all that is behind it", worker + "*", worker + ":live", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			document := ""
			if c.grant != "" {
				document = apitest.Allow("lambda:InvokeFunction", c.grant)
			}
			s.grant(document)
			said, refused := s.ask("invoke", c.on, "")
			if c.refused == "" {
				if said != `{"Said":"hello","Error":""}` || refused != "" {
					t.Errorf("said %q, error %q", said, refused)
				}
				return
			}
			want := "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/caller/caller is not authorized to perform: lambda:InvokeFunction on resource: " + c.refused + " because no identity-based policy allows the lambda:InvokeFunction action"
			if said != "" || !strings.HasSuffix(refused, want) {
				t.Errorf("said %q, error %q, want %q", said, refused, want)
			}
		})
	}
}

// An API that integrates an alias, or asks one as its authorizer, needs the alias's
// permission: the function's is none to its alias.
func TestAnAPICallsAnAliasAsItIsPermitted(t *testing.T) {
	s := newTown(t)
	const (
		uri     = "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:000000000000:function:worker:live/invocations"
		method  = `{"responses":{"200":{"description":""}},"x-amazon-apigateway-integration":{"type":"aws_proxy","httpMethod":"POST","uri":"` + uri + `"}`
		aliased = `{"openapi":"3.0.1","info":{"title":"aliased","version":"1"},"paths":{"/open":{"get":` + method + `}},"/guarded":{"get":` + method + `,"security":[{"asked":[]}]}}},
			"components":{"securitySchemes":{"asked":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
				"x-amazon-apigateway-authorizer":{"type":"token","authorizerUri":"` + uri + `","authorizerResultTtlInSeconds":0}}}}}`
		source = "arn:aws:execute-api:us-west-2:000000000000:aliased000/"
	)
	s.publish("worker")
	s.declare(func(tx *store.Tx) error {
		return errors.Join(
			gateway.RestAPIs.Put(tx, "aliased000", gateway.RestAPI{Name: "aliased", Body: aliased}),
			gateway.Deployments.Put(tx, "dep002", gateway.Deployment{RestAPI: "aliased000"}),
			s.Gateway.DeploymentDeclared(tx, "dep002", gateway.Deployment{RestAPI: "aliased000"}),
			gateway.Stages.Put(tx, "ags-aliased000-v1", gateway.Stage{RestAPI: "aliased000", StageName: "v1", Deployment: "dep002"}))
	})
	permit := func(qualifier, source string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			p := lambda.Permission{StatementID: "api" + qualifier, Action: "lambda:InvokeFunction", Function: "worker", Qualifier: qualifier, Principal: "apigateway.amazonaws.com", SourceARN: source}
			return errors.Join(s.Lambda.PermissionDeclared(tx, "it", p), lambda.Permissions.Put(tx, "worker"+qualifier+source, p))
		}
	}
	for _, step := range []struct {
		name          string
		change        func(*store.Tx) error
		open, guarded int
	}{
		{"no permission", func(*store.Tx) error { return nil }, 500, 500},
		{"a permission of the function", permit("", source+"*"), 500, 500},
		{"a permission of the version behind the alias", permit("1", source+"*"), 500, 500},
		{"a permission of the alias for methods", permit("live", source+"*/GET/*"), 200, 500},
		{"a permission of the alias for authorizers", permit("live", source+"authorizers/*"), 200, 200},
	} {
		s.declare(step.change)
		for path, want := range map[string]int{"open": step.open, "guarded": step.guarded} {
			status, _, body := send(t, s.Server, "GET", "/execute-api/aliased000/v1/"+path, map[string]string{"Authorization": "token"}, "")
			if status != want || want == 200 && body != "42 reports" {
				t.Errorf("%s: /%s is answered %d %s, want %d", step.name, path, status, body, want)
			}
		}
	}
}
