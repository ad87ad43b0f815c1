package gateway

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/store"
)

func TestDeployments(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /old": doctest.Operation("old")})})
	if r := f.get("/old"); r.status != 200 {
		t.Fatalf("answered %d %s", r.status, r.body)
	}
	t.Run("a changed document is not served before it is deployed", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			return RestAPIs.Put(tx, apiID, RestAPI{Name: "test", Body: doctest.OpenAPI(map[string]map[string]any{"GET /new": doctest.Operation("new")})})
		})
		if r := f.get("/old"); r.status != 200 {
			t.Errorf("/old answered %d before the deployment", r.status)
		}
		f.get("/new").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("then it is, and what was removed is an unknown path", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			if err := f.gateway.DeploymentDeclared(tx, "dep002", Deployment{RestAPI: apiID}); err != nil {
				return err
			}
			return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "dep002"})
		})
		if r := f.get("/new"); r.status != 200 {
			t.Errorf("/new answered %d after the deployment", r.status)
		}
		f.get("/old").refused(t, 403, "MissingAuthenticationTokenException", missingToken)
	})
	t.Run("a deployment that a stage serves cannot be deleted", func(t *testing.T) {
		err := f.store.Update(func(tx *store.Tx) error { return f.gateway.DeploymentDeleted(tx, "dep002") })
		if err == nil || !strings.Contains(err.Error(), "active stages pointing to this deployment") {
			t.Errorf("the error is %v", err)
		}
		f.update(func(tx *store.Tx) error { return f.gateway.DeploymentDeleted(tx, "dep001") })
	})
	t.Run("nothing is deployed of an API that is not there, or has no methods", func(t *testing.T) {
		for id, want := range map[string]string{"zzzzzz9999": "there is no REST API", "empty00000": "doesn't contain any methods"} {
			err := f.store.Update(func(tx *store.Tx) error {
				if err := RestAPIs.Put(tx, "empty00000", RestAPI{Body: doctest.OpenAPI(nil)}); err != nil {
					return err
				}
				return f.gateway.DeploymentDeclared(tx, "dep003", Deployment{RestAPI: id})
			})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
		}
	})
	t.Run("a stage whose deployment is missing answers 500 and lets nobody in", func(t *testing.T) {
		f.update(func(tx *store.Tx) error {
			return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "gone"})
		})
		f.get("/new").refused(t, 500, "InternalServerErrorException", internal)
	})
	t.Run("routes can be read", func(t *testing.T) {
		f := newFixture(t)
		f.deploy(RestAPI{Body: doctest.Program()})
		routes, err := f.gateway.Routes(apiID, "v1")
		if err != nil || len(routes) != 6 || routes[3].Path != "/require-auth" || routes[3].Authorization != "AWS_IAM" || !routes[3].APIKeyRequired || routes[3].Method != "GET" {
			t.Errorf("the routes are %+v (%v)", routes, err)
		}
		if _, err := f.gateway.Routes(apiID, "v9"); err == nil {
			t.Error("routes of a stage that is not there")
		}
	})
}
