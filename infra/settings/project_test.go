package settings_test

import (
	"testing"

	"auth-api/infra/settings"
)

// A project that got another name than its stack files say is told so, and not that it has
// no routes.
func TestTheStackFilesAreOfTheProject(t *testing.T) {
	_, err := settings.Parse("mine", "dev", map[string]string{"aws:region": "us-west-2", "mine:target": "aws", "auth-api:routes": "[]", "auth-api:stageName": "dev"}, nil, "../../functions")
	if want := "Pulumi.dev.yaml: its keys begin with auth-api:, and the project in Pulumi.yaml is called mine: both must be the same name"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
