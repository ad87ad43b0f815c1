package main

import (
	"encoding/json"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/store"
)

const nothing = `{"steps": [{"op": "refresh", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest"}], "changeSummary": {"same": 36}}`

// The article's stack stands on a local AWS, and is asked as one on AWS.
func TestDrift(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	c := newCheckout(t)
	t.Setenv("AWS_ENDPOINT_URL", strings.Replace(s.AWS.URL(), "localhost", "127.0.0.1", 1))

	// Its state as Pulumi keeps it.
	var stageID string
	var stage gateway.Stage
	var api gateway.RestAPI
	read := func(tx *store.Tx) error {
		stages, err := gateway.Stages.All(tx)
		if err != nil {
			return err
		}
		stageID, stage = stages[0].ID, stages[0].Value
		api, _, err = gateway.RestAPIs.Get(tx, stage.RestAPI)
		return err
	}
	if err := s.AWS.Store.View(read); err != nil {
		t.Fatal(err)
	}
	type m = map[string]any
	state, err := json.Marshal(m{"version": 3, "deployment": m{"resources": []m{
		{"type": "aws:apigateway/restApi:RestApi", "id": stage.RestAPI, "inputs": m{"body": api.Body}},
		{"type": "aws:apigateway/stage:Stage", "id": stageID, "inputs": m{"restApi": stage.RestAPI, "stageName": stage.StageName}},
		{"type": "aws:apigateway/stage:Stage", "id": "replaced", "delete": true, "inputs": m{"restApi": "gone", "stageName": "x"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	c.answers("stack-export", string(state))

	t.Log("what was deployed is what stands")
	c.answers("refresh", nothing)
	c.is(cli.OK, []string{"Nothing differs from what was deployed: 36 resources, and what 1 stage serves."}, "drift", "--stack", "dev")
	if calls := c.calls(); !strings.Contains(calls, "refresh --stack dev --preview-only --json --non-interactive\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}

	t.Log("a user is gone")
	c.answers("refresh", `{"steps": [{"op": "delete", "urn": "urn:pulumi:dev::auth-api::aws:cognito/user:User::demo"}], "changeSummary": {"same": 35}}`)
	c.is(cli.Changed, []string{"demo (aws:cognito/user:User) is gone", "stack dev differs from what was deployed in 1 resource and 0 things that its API serves; make up STACK=dev ARGS=--refresh"}, "drift", "--stack", "dev")

	t.Log("a policy is wider than it was, which Pulumi's JSON counts and does not name")
	c.answers("refresh", `{"steps": [{"op": "refresh", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest"}], "changeSummary": {"same": 35, "update": 1}}`)
	c.is(cli.Changed, []string{"Pulumi counts 1 resource more that differ", "stack dev differs from what was deployed in 1 resource and 0 things"}, "drift", "--stack", "dev")

	t.Log("somebody takes the authorization off a route by hand, and deploys that")
	c.answers("refresh", nothing)
	changed := strings.Replace(api.Body, `{"sigv4":[]},`, "", 1)
	changed = strings.Replace(changed, `"x-amazon-apigateway-auth":{"type":"AWS_IAM"},`, "", 1)
	if len(changed) == len(api.Body) {
		t.Fatalf("the document has no such route: %s", api.Body)
	}
	if err := s.AWS.Store.Update(func(tx *store.Tx) error {
		opened := api
		opened.Body = changed
		if err := gateway.RestAPIs.Put(tx, stage.RestAPI, opened); err != nil {
			return err
		}
		if err := s.AWS.Gateway.DeploymentDeclared(tx, "byhand", gateway.Deployment{RestAPI: stage.RestAPI}); err != nil {
			return err
		}
		moved := stage
		moved.Deployment = "byhand"
		return gateway.Stages.Put(tx, stageID, moved)
	}); err != nil {
		t.Fatal(err)
	}
	if answer := s.Nobody().Get("/require-auth"); answer.Status != 200 {
		t.Errorf("the route is not open: %d", answer.Status)
	}
	c.is(cli.Changed, []string{"The API serves something else than what was deployed", "GET /require-auth: authorization is NONE; the program says AWS_IAM", "in 0 resources and 1 thing that its API serves"}, "drift", "--stack", "dev")

	t.Log("what cannot be told is an error, and no drift")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	c.is(cli.Failed, []string{"asking what stage dev of the API " + stage.RestAPI + " serves: "}, "drift", "--stack", "dev")
	c.answers("refresh", `{"diagnostics": [{"severity": "error", "message": "no access"}]}`)
	c.answers("refresh.code", "255")
	c.is(cli.Failed, []string{"looking at the resources of stack dev: no access"}, "drift", "--stack", "dev")
	c.answers("stack-export", "")
	c.answers("stack-export.code", "255")
	c.answers("stack-ls", `[]`)
	c.is(cli.Failed, []string{"stack dev is not deployed: there is nothing to compare with"}, "drift", "--stack", "dev")
}
