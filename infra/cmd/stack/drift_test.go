package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/store"
)

const nothing = `{"resOutputsEvent": {"metadata": {"op": "same", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest"}}}
{"summaryEvent": {"resourceChanges": {"same": 36}}}
`

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
	c.answers("refresh.events", nothing)
	c.is(cli.OK, []string{"Nothing differs from what was deployed: 36 resources, and what 1 stage serves."}, "drift", "--stack", "dev")
	if calls := c.calls(); !strings.Contains(calls, "refresh --stack dev --preview-only --json --non-interactive --color never\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}

	t.Log("a user is gone, and a plan allows more than it did")
	c.answers("refresh.events", `{"resOutputsEvent": {"metadata": {"op": "delete", "urn": "urn:pulumi:dev::auth-api::aws:cognito/user:User::demo"}}}
{"resOutputsEvent": {"metadata": {"op": "update", "urn": "urn:pulumi:dev::auth-api::aws:apigateway/usagePlan:UsagePlan::plan", "diffs": ["quotaSettings.limit"],
  "old": {"outputs": {"quotaSettings": {"limit": 5000}}}, "new": {"outputs": {"quotaSettings": {"limit": 900000}}}}}}
{"summaryEvent": {"resourceChanges": {"same": 34, "update": 1, "delete": 1}}}`)
	c.is(cli.Changed, []string{
		"plan (aws:apigateway/usagePlan:UsagePlan)\n    quotaSettings.limit: deployed as 5000, and is 900000\n", "demo (aws:cognito/user:User) is gone\n",
		"stack dev differs from what was deployed in 2 resources; make up STACK=dev ARGS=--refresh",
	}, "drift", "--stack", "dev")

	t.Log("a Pulumi that prints no events counts what it does not name")
	if err := os.Remove(filepath.Join(c.bin, "pulumi.refresh.events")); err != nil {
		t.Fatal(err)
	}
	c.answers("refresh", `{"steps": [{"op": "refresh", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest"}], "changeSummary": {"same": 35, "update": 1}}`)
	c.is(cli.Changed, []string{"1 resource more differs, which this Pulumi counts and does not name", "stack dev differs from what was deployed in 1 resource; make up"}, "drift", "--stack", "dev")

	t.Log("somebody takes the authorization off a route by hand, and deploys that")
	c.answers("refresh.events", nothing)
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
	c.is(cli.Changed, []string{"The API serves something else than what was deployed", "GET /require-auth: authorization is NONE; the program says AWS_IAM", "in 1 thing that its API serves; make up"}, "drift", "--stack", "dev")

	t.Log("what cannot be told is an error, and no drift")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	c.is(cli.Failed, []string{"asking what stage dev of the API " + stage.RestAPI + " serves: "}, "drift", "--stack", "dev")
	c.answers("refresh.events", `{"diagnosticEvent": {"severity": "error", "message": "Preview failed: no access", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest"}}`)
	c.answers("refresh.events.code", "255")
	c.is(cli.Failed, []string{"looking at the resources of stack dev: guest (aws:iam/role:Role): no access\n"}, "drift", "--stack", "dev")
	c.answers("refresh.events", strings.Repeat(`{"diagnosticEvent": {"severity": "error", "message": "dial tcp: lookup iam.amazonaws.com: no such host"}}`+"\n", 30))
	if code, out, complaint := c.run("drift", "--stack", "dev"); code != cli.Failed || strings.Count(out+complaint, "no such host") != 1 || !strings.Contains(complaint, "make drift STACK=dev, once") {
		t.Errorf("exit code %d, %s%s", code, out, complaint)
	}
	c.answers("refresh.events", "")
	c.answers("refresh.events.complaint", "error: the stack is locked\n")
	c.is(cli.Failed, []string{"error: the stack is locked\nstack: pulumi refresh failed; what it said stands above"}, "drift", "--stack", "dev")
	c.answers("refresh.events.code", "0")
	c.is(cli.Failed, []string{"reading what the refresh printed: "}, "drift", "--stack", "dev")
	c.answers("stack-export", "")
	c.answers("stack-export.code", "255")
	c.answers("stack-ls", `[]`)
	c.is(cli.Failed, []string{"stack dev is not deployed: there is nothing to compare with"}, "drift", "--stack", "dev")
}
