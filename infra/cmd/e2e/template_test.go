//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A checkout is a template: pulumi new makes a project of it that builds, passes its tests
// and comes up.
func TestPulumiNew(t *testing.T) {
	long(t)
	c := checkout(t)
	made := &copied{t, filepath.Join(t.TempDir(), "mine"), c.port}
	cmd := c.command("bin/pulumi", "new", c.root, "--dir", made.root, "--name", "auth-api", "--description", "Mine", "--generate-only", "--yes", "--non-interactive")
	cmd.Env = append(cmd.Env, "PULUMI_HOME="+t.TempDir(), "PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_BACKEND_URL=file://"+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pulumi new: %v\n%s", err, out)
	}
	project := read(t, filepath.Join(made.root, "Pulumi.yaml"))
	if !strings.Contains(project, "name: auth-api\n") || !strings.Contains(project, "description: Mine\n") || strings.Contains(project, "\ntemplate:") {
		t.Errorf("the project is\n%s", project)
	}
	old := filepath.Join(made.root, "infra", "toolchain", "go.mod") // or make builds Pulumi's CLI anew
	info, err := os.Stat(filepath.Join(c.root, "infra", "toolchain", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	made.make("up")
	made.call(0, "-as", "demouser", "GET", "/require-auth").has("velvet rope")
	made.call(4, "-as", "guest", "GET", "/require-auth").has("is not authorized")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./functions/...", "./infra/settings", "./infra/stack", "./infra/api"}} {
		if out, err := made.command("go", args...).CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	made.make("destroy")
	made.make("down")
}
