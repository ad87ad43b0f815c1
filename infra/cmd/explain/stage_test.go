package main

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/friendly"
)

// staged is the deployed stack with a second stage, which sorts before its own and is in no
// usage plan, and with an output apiUrl where there is an address.
func staged(t *testing.T, deployed []byte, address string) string {
	t.Helper()
	var export map[string]any
	if err := json.Unmarshal(deployed, &export); err != nil {
		t.Fatal(err)
	}
	deployment := export["deployment"].(map[string]any)
	var resources []any
	for _, r := range deployment["resources"].([]any) {
		r := r.(map[string]any)
		resources = append(resources, r)
		switch r["type"] {
		case "pulumi:pulumi:Stack":
			r["outputs"] = map[string]any{"apiUrl": address}
		case "aws:apigateway/stage:Stage":
			second, inputs := maps.Clone(r), maps.Clone(r["inputs"].(map[string]any))
			inputs["stageName"] = "beta"
			second["urn"], second["id"], second["inputs"] = r["urn"].(string)+"-beta", "ags-lvjr3qu2yr-beta", inputs
			resources = append(resources, second)
		}
	}
	deployment["resources"] = resources
	data, err := json.Marshal(export)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Of several stages the one that is meant is explained, and never another in its place.
func TestAStackWithTwoStages(t *testing.T) {
	const own = "https://lvjr3qu2yr.execute-api.us-west-2.amazonaws.com/dev"
	const inDev, inBeta = "stage dev of the API auth-api-dev, as deployed", "stage beta of the API auth-api-dev, as deployed"
	deployed, err := os.ReadFile("../internal/inspect/testdata/deployed.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(checkout(t))
	for name, test := range map[string]struct {
		address, stage string
		code           int
		says           []string
	}{
		"the stack's own":              {own, "", cli.OK, []string{inDev, "GET /no-auth as nobody: allowed"}},
		"its own on the local AWS":     {"http://127.0.0.1:4566/execute-api/lvjr3qu2yr/dev", "", cli.OK, []string{inDev, "allowed"}},
		"its own, by name":             {own, "dev", cli.OK, []string{inDev, "allowed"}},
		"the other":                    {own, "beta", cli.OK, []string{inBeta, "refused, 403 ForbiddenException"}},
		"the other, with the API":      {own, "auth-api-dev/beta", cli.OK, []string{inBeta}},
		"the other, with the API's id": {own, "lvjr3qu2yr/beta", cli.OK, []string{inBeta}},
		"none such":                    {own, "prod", cli.Usage, []string{`--stage is "prod", and there is none; there are auth-api-dev/beta, auth-api-dev/dev`}},
		"a domain of the API's own":    {"https://api.example.com", "", cli.Usage, []string{"say one of them with --stage; there are auth-api-dev/beta, auth-api-dev/dev"}},
		"a domain, and a stage":        {"https://api.example.com", "dev", cli.OK, []string{inDev}},
		"an address of something else": {own + "/more", "", cli.Usage, []string{"say one of them with --stage"}},
		"an address of another's API":  {strings.Replace(own, "lvjr3qu2yr", "aaaaaaaaaa", 1), "", cli.Usage, []string{"say one of them with --stage"}},
	} {
		t.Run(name, func(t *testing.T) {
			friendly.Pulumi(t, staged(t, deployed, test.address), "")
			args := []string{"GET /no-auth", "--stack", "menu"}
			if test.stage != "" {
				args = append(args, "--stage", test.stage)
			}
			code, out, complaint := run(t, args...)
			if code != test.code {
				t.Errorf("exit code %d: %s", code, complaint)
			}
			for _, want := range test.says {
				if !strings.Contains(out+complaint, want) {
					t.Errorf("there is no %q in\n%s%s", want, out, complaint)
				}
			}
		})
	}
}
