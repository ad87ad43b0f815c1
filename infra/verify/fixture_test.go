package verify_test

import (
	"os"
	"testing"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"gopkg.in/yaml.v3"
)

// administrator is the local account's.
var administrator = credentials.NewStaticCredentialsProvider("test", "test", "")

func target(s *awstest.Stack) verify.Target {
	return verify.Target{Name: "local", Outputs: s.Outputs, Admin: administrator}
}

// attack runs the checks against a stack.
func attack(t *testing.T, s *awstest.Stack, change func(*verify.Target, *verify.Options)) verify.Report {
	t.Helper()
	to, o := target(s), verify.Options{Writes: true}
	if change != nil {
		change(&to, &o)
	}
	report, err := verify.Run(t.Context(), to, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// holds fails the test when anything does not hold, or could not be tried.
func holds(t *testing.T, r verify.Report) {
	t.Helper()
	for _, x := range r.Results {
		if x.Outcome == verify.Fails || x.Outcome == verify.Broken {
			t.Errorf("%s %s (%s, %s): expected %s, got %s; %s", x.ID, x.Outcome, x.Route, x.Caller, x.Expected, x.Got, x.Note)
		}
	}
	for _, left := range r.Left {
		t.Errorf("left behind: %s", left)
	}
}

// everything are the settings of the stack with everything on, but for what the local AWS
// has no name server for: the API answers at API Gateway's own name, too.
func everything(t *testing.T) awstest.Settings {
	t.Helper()
	data, err := os.ReadFile("../stack/testdata/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	settings := awstest.Settings{}
	for key, value := range file.Config {
		settings[key[len("auth-api:"):]] = value
	}
	settings["domain"].(map[string]any)["defaultEndpoint"] = true
	return settings
}
