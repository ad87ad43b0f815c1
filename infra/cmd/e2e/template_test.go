//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A checkout is a template: pulumi new makes a project of it, by another name, that builds,
// passes its tests and comes up. The packages tested are those that read the project's own
// files, and go test ./... is what make test is for.
func TestPulumiNew(t *testing.T) {
	long(t)
	c := checkout(t)
	made := &copied{t, filepath.Join(t.TempDir(), "mine"), c.port}
	cmd := c.command("bin/pulumi", "new", c.root, "--dir", made.root, "--name", "my-shop", "--description", "Mine", "--generate-only", "--yes", "--non-interactive")
	cmd.Env = append(cmd.Env, "PULUMI_HOME="+t.TempDir(), "PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_BACKEND_URL=file://"+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pulumi new: %v\n%s", err, out)
	}
	project := read(t, filepath.Join(made.root, "Pulumi.yaml"))
	if !strings.Contains(project, "name: my-shop\n") || !strings.Contains(project, "description: Mine\n") || strings.Contains(project, "\ntemplate:") {
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
	if out, err := made.command("make", "up").CombinedOutput(); err == nil || !strings.Contains(string(out), "make rename NAME=my-shop gives them its name") {
		t.Errorf("before it is renamed, make up says %v\n%s", err, out)
	}
	made.make("rename", "NAME=my-shop")
	made.make("up")
	made.call(0, "-as", "demouser", "GET", "/require-auth").has("velvet rope")
	made.call(4, "-as", "guest", "GET", "/require-auth").has("assumed-role/my-shop-local-guest/", "is not authorized")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./functions/...", "./infra/api", "./infra/ci/...", "./infra/cmd/access", "./infra/cmd/call", "./infra/cmd/pr",
		"./infra/cmd/rename", "./infra/cmd/stack", "./infra/internal/...", "./infra/localaws/access", "./infra/settings", "./infra/stack"}} {
		if out, err := made.command("go", args...).CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	made.make("destroy")
	made.make("down")
}
