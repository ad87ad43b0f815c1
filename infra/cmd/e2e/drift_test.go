//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// drifts has a resource go, and another be otherwise than it was deployed: drift names both,
// and an up with a refresh brings them back.
func (c *copied) drifts(o client.Outputs) {
	c.t.Helper()
	if said := c.make("drift"); !strings.Contains(said, "Nothing differs from what was deployed") {
		c.t.Errorf("just deployed, make drift says\n%s", said)
	}
	admin := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: o.Region, BaseEndpoint: aws.String(o.AWSEndpoint), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if _, err := admin.AdminDeleteUser(c.t.Context(), &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: aws.String(o.UserPoolID), Username: aws.String(o.DemoUser)}); err != nil {
		c.t.Fatalf("deleting the demo user: %v", err)
	}

	// No API of the local AWS changes what is declared: the state says that something else was.
	ws := workspace.Workspace{Root: c.root}
	stack, err := ws.Stack("local")
	if err != nil {
		c.t.Fatal(err)
	}
	p, err := ws.Pulumi(stack, daemon.State{})
	if err != nil {
		c.t.Fatal(err)
	}
	state, _, err := p.Export(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	other := bytes.ReplaceAll(state, []byte(`"limit": 5000`), []byte(`"limit": 4999`))
	if bytes.Equal(other, state) {
		c.t.Fatal("the state has no quota of 5000 requests")
	}
	file := filepath.Join(c.t.TempDir(), "state.json")
	if err := os.WriteFile(file, other, 0o600); err != nil {
		c.t.Fatal(err)
	}
	if out, err := p.Command(c.t.Context(), "stack", "import", "--stack", "local", "--file", file).CombinedOutput(); err != nil {
		c.t.Fatalf("pulumi stack import: %v\n%s", err, out)
	}

	said := c.fails("drift")
	for _, want := range []string{
		"demo (aws:cognito/user:User) is gone\n", "plan (aws:apigateway/usagePlan:UsagePlan)\n    quotaSettings.limit: deployed as 4999, and is 5000\n",
		"differs from what was deployed in 2 resources; make up STACK=local ARGS=--refresh", "Error 3",
	} {
		if !strings.Contains(said, want) {
			c.t.Errorf("make drift does not say %q:\n%s", want, said)
		}
	}
	c.make("up", "ARGS=--refresh")
	if said := c.make("drift"); !strings.Contains(said, "Nothing differs from what was deployed") {
		c.t.Errorf("once all is brought back, make drift says\n%s", said)
	}
}
