package apidoc

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// Stage is a stage as it was last deployed by Pulumi.
type Stage struct {
	APIID    string
	Name     string // of the stage
	Document string // OpenAPI
}

// Stages returns the stages of the state of a Pulumi stack, as pulumi stack export
// writes it, in its order.
func Stages(export []byte) ([]Stage, error) {
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string         `json:"type"`
				ID      string         `json:"id"`
				Delete  bool           `json:"delete"` // replaced, and still to be deleted
				Inputs  map[string]any `json:"inputs"`
				Pending bool           `json:"pendingReplacement"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(export, &state); err != nil {
		return nil, fmt.Errorf("reading the stack's state: %w", err)
	}
	documents := map[string]string{}
	var out []Stage
	for _, r := range state.Deployment.Resources { // each after what it depends on
		switch {
		case r.Delete || r.Pending:
		case r.Type == "aws:apigateway/restApi:RestApi":
			documents[r.ID] = text(r.Inputs["body"])
		case r.Type == "aws:apigateway/stage:Stage":
			s := Stage{APIID: text(r.Inputs["restApi"]), Name: text(r.Inputs["stageName"])}
			if s.Document = documents[s.APIID]; s.Document == "" {
				return nil, fmt.Errorf("reading the stack's state: it has no document of the API %q, which its stage %q serves", s.APIID, s.Name)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// Drift asks API Gateway what the stage serves, and returns what that says otherwise than
// what was deployed.
func Drift(ctx context.Context, client *apigateway.Client, s Stage) ([]Difference, error) {
	served, err := Export(ctx, client, s.APIID, s.Name)
	if err != nil {
		return nil, fmt.Errorf("asking what stage %s of the API %s serves: %w", s.Name, s.APIID, err)
	}
	found, err := Compare([]byte(s.Document), served)
	if err != nil {
		return nil, fmt.Errorf("comparing what stage %s of the API %s serves: %w", s.Name, s.APIID, err)
	}
	return found, nil
}
