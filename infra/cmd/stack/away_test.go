package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
)

// The local AWS dies while Pulumi asks it: that is told once, with what to do.
func TestTheLocalAWSDies(t *testing.T) {
	const (
		refused = `Preview failed: connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:36559: connect: connection refused"`
		stages  = `{"version": 3, "deployment": {"resources": [{"type": "aws:apigateway/restApi:RestApi", "id": "a", "inputs": {"body": "{}"}}, {"type": "aws:apigateway/stage:Stage", "id": "s", "inputs": {"restApi": "a", "stageName": "dev"}}]}}`
	)
	var events []string
	for i := range 30 {
		events = append(events, fmt.Sprintf(`{"diagnosticEvent": {"severity": "error", "message": %q, "urn": "urn:pulumi:local::auth-api::aws:iam/role:Role::r%d"}}`, refused, i))
	}
	for name, test := range map[string]struct {
		target  string
		answers map[string]string // of Pulumi
	}{
		"among the resources":           {"drift", map[string]string{"refresh.events": strings.Join(events, "\n"), "refresh.events.code": "255"}},
		"before the first":              {"drift", map[string]string{"refresh.events.complaint": "error: could not load provider: aws (resource) plugin [aws] did not begin responding to RPC connections\n", "refresh.events": "", "refresh.events.code": "255"}},
		"before the stages are asked":   {"drift", map[string]string{"refresh.events": nothing}},
		"while the stack is brought up": {"up", map[string]string{"up": "error: " + refused, "up.code": "255"}},
		"while changes are looked for":  {"preview", map[string]string{"preview": "error: " + refused, "preview.code": "255"}},
		"while the stack is destroyed":  {"destroy", map[string]string{"destroy": "error: " + refused, "destroy.code": "255"}},
		"while the state is refreshed":  {"refresh", map[string]string{"refresh": "error: " + refused, "refresh.code": "255"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			t.Setenv(daemon.AdminKeyIDVariable, "")
			t.Setenv(daemon.AdminSecretVariable, "")
			c.write(filepath.Join(c.root, "Pulumi.local.yaml"), "config:\n  auth-api:target: local\n  aws:region: us-west-2\n")
			for answer, text := range test.answers {
				c.answers(answer, text)
			}
			c.answers("stack-export", stages)

			// It answers until Pulumi has been called.
			calls := filepath.Join(c.bin, "pulumi.calls")
			local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said, err := os.ReadFile(calls)
				if err == nil && strings.Contains(string(said), strings.Replace(test.target, "drift", "refresh", 1)+" --stack local") {
					panic(http.ErrAbortHandler)
				}
				fmt.Fprintf(w, `{"pid":%d}`, os.Getpid())
			}))
			defer local.Close()
			dir := daemon.Dir(c.root)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := daemon.Write(dir, daemon.State{URL: local.URL, ProviderPort: 1, Region: "us-west-2"}); err != nil {
				t.Fatal(err)
			}
			itself, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(c.root, "bin"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(itself, filepath.Join(c.root, "bin", "local")); err != nil {
				t.Fatal(err)
			}

			code, out, complaint := c.run(test.target, "--stack", "local")
			if code != cli.Failed {
				t.Errorf("exit code %d", code)
			}
			want := fmt.Sprintf("the local AWS on %s (process %d) does not answer any more; why may stand in %s; make %s STACK=local starts it again",
				local.URL, os.Getpid(), filepath.Join(".auth-api", "local", "local-aws.log"), test.target)
			if !strings.Contains(complaint, want) {
				t.Errorf("there is no %q in\n%s", want, complaint)
			}
			if test.target == "drift" && (out != "" || strings.Count(complaint, "\n") != 1) {
				t.Errorf("it is not said once:\n%s%s", out, complaint)
			}
		})
	}
}
