package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/apigateway"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/store"
)

// describeWorld is a stage that was deployed, and an API that changed since.
func describeWorld(t testing.TB) (f *fixture, as func(aws.CredentialsProvider) *client.Client, stage Stage) {
	f = newFixture(t)
	f.clock.mu.Lock()
	f.clock.now = time.Now() // the SDK signs with it
	f.clock.mu.Unlock()
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
	f.update(func(tx *store.Tx) error {
		stages, err := Stages.All(tx)
		if err != nil {
			return err
		}
		stage = stages[0].Value
		stage.AccessLogSettings = &AccessLogSettings{DestinationARN: "arn:aws:logs:us-west-2:000000000000:log-group:access", Format: "$context.requestId"}
		if err := Stages.Put(tx, stages[0].ID, stage); err != nil {
			return err
		}
		api, _, err := RestAPIs.Get(tx, stage.RestAPI)
		if err != nil {
			return err
		}
		api.Body = doctest.OpenAPI(map[string]map[string]any{"GET /b": doctest.Operation("a")})
		return RestAPIs.Put(tx, stage.RestAPI, api)
	})
	describe := NewDescribeAPI(f.gateway, f.iam)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		describe.Serve(w, r, body)
	}))
	t.Cleanup(server.Close)
	return f, func(c aws.CredentialsProvider) *client.Client {
		return client.NewFromConfig(apitest.Config(server.URL, c))
	}, stage
}

// The export is what the stage serves, not what was declared after it was deployed.
func TestWhatIsDeployedCanBeLookedAt(t *testing.T) {
	_, as, stage := describeWorld(t)
	c := as(apitest.Administrator())
	got, err := c.GetStage(t.Context(), &client.GetStageInput{RestApiId: &stage.RestAPI, StageName: &stage.StageName})
	if err != nil {
		t.Fatal(err)
	}
	if *got.DeploymentId != stage.Deployment || *got.StageName != stage.StageName || *got.AccessLogSettings.Format != "$context.requestId" {
		t.Errorf("the stage is %+v", got)
	}
	export := func(kind string, parameters map[string]string) ([]byte, error) {
		out, err := c.GetExport(t.Context(), &client.GetExportInput{
			RestApiId: &stage.RestAPI, StageName: &stage.StageName, ExportType: &kind, Accepts: aws.String("application/json"), Parameters: parameters,
		})
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	}
	body, err := export("oas30", map[string]string{"extensions": "apigateway"})
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Paths map[string]any }
	if err := json.Unmarshal(body, &document); err != nil || document.Paths["/a"] == nil || document.Paths["/b"] != nil {
		t.Errorf("the export is %s (%v)", body, err)
	}
	_, err = export("swagger", map[string]string{"extensions": "apigateway"})
	apitest.Refused(t, err, "BadRequestException", "The export type swagger is not supported by the local AWS; supported are oas30.")
	_, err = export("oas30", nil)
	apitest.Refused(t, err, "BadRequestException", "The local AWS exports documents with extensions=apigateway alone.")
	_, err = c.GetStage(t.Context(), &client.GetStageInput{RestApiId: &stage.RestAPI, StageName: aws.String("gone")})
	apitest.Refused(t, err, "NotFoundException", "Invalid stage identifier specified")
	_, err = c.GetStages(t.Context(), &client.GetStagesInput{RestApiId: &stage.RestAPI})
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know GET /restapis/"+stage.RestAPI+"/stages.")
}

func TestWhoMayLookAtWhatIsDeployed(t *testing.T) {
	f, as, stage := describeWorld(t)
	arn := "arn:aws:apigateway:us-west-2::/restapis/" + stage.RestAPI + "/stages/" + stage.StageName
	for i, test := range []struct {
		policies []string
		because  string
	}{
		{[]string{apitest.Allow("apigateway:GET", arn)}, ""},
		{nil, "because no identity-based policy allows the apigateway:GET action"},
		{[]string{apitest.Allow("apigateway:GET", arn+"/exports/oas30")}, "because no identity-based policy allows the apigateway:GET action"},
		{[]string{apitest.Allow("*", "*"), apitest.Deny("apigateway:*", arn)}, "with an explicit deny in an identity-based policy"},
	} {
		role := fmt.Sprint("describer", i)
		_, err := as(apitest.Role(t, f.iam, f.update, role, test.policies...)).GetStage(t.Context(), &client.GetStageInput{RestApiId: &stage.RestAPI, StageName: &stage.StageName})
		if test.because == "" {
			apitest.Refused(t, err, "", "")
			continue
		}
		apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session(role)+" is not authorized to perform: apigateway:GET on resource: "+arn+" "+test.because)
	}
}
