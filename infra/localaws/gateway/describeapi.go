package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// DescribePrefix begins the paths that a DescribeAPI answers.
const DescribePrefix = "/restapis"

// DescribeAPI is what the local AWS has of API Gateway's control plane to look at what
// is deployed: GetStage and GetExport. What is deployed is what a stage serves, which
// may be older than what was declared last.
type DescribeAPI struct {
	gateway *Service
	iam     *iam.Service
}

// NewDescribeAPI returns the API that describes the gateway's stages, to which iam lets
// callers in.
func NewDescribeAPI(gateway *Service, iam *iam.Service) *DescribeAPI {
	return &DescribeAPI{gateway, iam}
}

// Serve answers GET /restapis/API/stages/STAGE and, below it, /exports/oas30, signed for
// apigateway, to those who are granted apigateway:GET on arn:aws:apigateway:REGION::PATH.
// Anything else below DescribePrefix is answered with UnknownOperationException.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetStage.html
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func (a *DescribeAPI) Serve(w http.ResponseWriter, r *http.Request, body []byte) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	record := audit.From(r.Context())
	parts := strings.Split(strings.TrimPrefix(path, DescribePrefix+"/"), "/")
	known := r.Method == http.MethodGet && len(parts) >= 3 && parts[0] != "" && parts[1] == "stages" && parts[2] != ""
	var answer []byte
	var err error
	switch {
	case known && len(parts) == 3:
		record.Service("apigateway GetStage")
		answer, err = a.stage(r, body, path, parts[0], parts[2])
	case known && len(parts) == 5 && parts[3] == "exports":
		record.Service("apigateway GetExport")
		if answer, err = a.export(r, body, path, parts[0], parts[2], parts[4]); err == nil {
			w.Header().Set("Content-Disposition", `attachment; filename="`+parts[4]+`.json"`)
		}
	default:
		record.Service("apigateway")
		err = wire.NewError("UnknownOperationException", "The local AWS does not know "+r.Method+" "+audit.Clip(path)+".").WithStatus(http.StatusNotFound)
	}
	if err != nil {
		wire.WriteREST(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", record.RequestID)
	_, _ = w.Write(answer) // a client that has gone away is no fault
}

// served is a stage with what it serves.
type served struct {
	stage    Stage
	settings map[string]MethodSettingsDetails // by METHOD_PATH/VERB
	snapshot snapshot
}

// find admits the caller and finds the stage.
func (a *DescribeAPI) find(r *http.Request, body []byte, path, apiID, name string) (found served, err error) {
	_, err = a.iam.Admit(r, body, "apigateway", iam.Request{
		Action: "apigateway:GET", Resource: "arn:aws:apigateway:" + a.gateway.cfg.Region + "::" + path,
	}, nil)
	if err != nil {
		return found, restRefusal(err)
	}
	there := false
	err = a.gateway.cfg.Store.View(func(tx *store.Tx) error {
		stages, err := Stages.All(tx)
		if err != nil {
			return err
		}
		for _, s := range stages {
			if s.Value.RestAPI == apiID && s.Value.StageName == name {
				found.stage, there = s.Value, true
			}
		}
		if !there {
			return nil
		}
		methods, err := StageMethods.All(tx)
		if err != nil {
			return err
		}
		found.settings = map[string]MethodSettingsDetails{}
		for _, m := range methods {
			if m.Value.RestAPI == apiID && m.Value.StageName == name {
				found.settings[m.Value.MethodPath] = m.Value.Settings
			}
		}
		found.snapshot, there, err = snapshots.Get(tx, found.stage.Deployment)
		return err
	})
	if err == nil && !there {
		err = wire.NewError("NotFoundException", "Invalid stage identifier specified").WithStatus(http.StatusNotFound)
	}
	return found, err
}

// stageView is a stage as GetStage tells of it.
type stageView struct {
	StageName         string                           `json:"stageName"`
	DeploymentID      string                           `json:"deploymentId"`
	Description       string                           `json:"description,omitempty"`
	AccessLogSettings *accessLogView                   `json:"accessLogSettings,omitempty"`
	MethodSettings    map[string]MethodSettingsDetails `json:"methodSettings"`
	Variables         map[string]string                `json:"variables,omitempty"`
	TracingEnabled    bool                             `json:"tracingEnabled"`
	Tags              map[string]string                `json:"tags,omitempty"`
}

type accessLogView struct {
	DestinationARN string `json:"destinationArn"`
	Format         string `json:"format"`
}

func (a *DescribeAPI) stage(r *http.Request, body []byte, path, apiID, name string) ([]byte, error) {
	s, err := a.find(r, body, path, apiID, name)
	if err != nil {
		return nil, err
	}
	v := stageView{
		StageName: s.stage.StageName, DeploymentID: s.stage.Deployment, Description: s.stage.Description, MethodSettings: s.settings,
		Variables: s.stage.Variables, TracingEnabled: s.stage.XrayTracingEnabled, Tags: s.stage.Tags,
	}
	if l := s.stage.AccessLogSettings; l != nil {
		v.AccessLogSettings = &accessLogView{l.DestinationARN, l.Format}
	}
	return json.Marshal(v)
}

// export returns the document that the stage serves, as it was deployed: with all
// extensions, which AWS leaves out unless extensions=apigateway asks for them.
func (a *DescribeAPI) export(r *http.Request, body []byte, path, apiID, name, kind string) ([]byte, error) {
	s, err := a.find(r, body, path, apiID, name)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	switch {
	case err != nil:
		return nil, badUsage("The query string could not be read.")
	case kind != "oas30":
		return nil, badUsage("The export type " + audit.Clip(kind) + " is not supported by the local AWS; supported are oas30.")
	case query.Get("extensions") != "apigateway":
		return nil, badUsage("The local AWS exports documents with extensions=apigateway alone.")
	case r.Header.Get("Accept") != "" && r.Header.Get("Accept") != "application/json" && r.Header.Get("Accept") != "*/*":
		return nil, badUsage("The local AWS exports JSON alone; supported are application/json.")
	}
	return []byte(s.snapshot.API.Body), nil
}
