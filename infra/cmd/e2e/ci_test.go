//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What infra/ci/README.md tells to type is typed, with a folder in the place of the bucket,
// but for what needs an account of AWS.
func TestSettingTheWorkflowsUp(t *testing.T) {
	long(t)
	c := checkout(t)
	bucket := "file://" + t.TempDir()
	var script strings.Builder
	typed := 0
	for _, b := range block.FindAllStringSubmatch(read(t, filepath.Join(c.root, "infra", "ci", "README.md")), -1) {
		if b[1] != "sh" {
			continue
		}
		for line := range strings.Lines(b[3]) {
			switch line = strings.TrimSpace(line); line {
			case "pulumi -C infra/ci up", "pulumi -C infra/ci stack output":
				continue // AWS
			}
			script.WriteString(strings.NewReplacer("s3://YOUR-STATE-BUCKET", bucket, "YOUR-STATE-BUCKET", "acme-state", "OWNER/NAME", "acme/auth-api").Replace(line) + "\n")
			typed++
		}
	}
	if typed < 12 {
		t.Errorf("the page tells to type %d commands only", typed)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := c.command(name, args...)
		cmd.Env = append(cmd.Env, "PULUMI_HOME="+filepath.Join(c.root, ".auth-api", "pulumi"), "PULUMI_SKIP_UPDATE_CHECK=true")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out, err := exec.Command("git", "-C", c.root, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	run("sh", "-euc", script.String())
	for file, want := range map[string]string{
		"Pulumi.dev.yaml": "\n  auth-api:permissionsBoundary: auth-api-ci-boundary\n", "Pulumi.prod.yaml": "\n  auth-api:permissionsBoundary: auth-api-ci-boundary\n",
		"infra/ci/Pulumi.main.yaml": "\n  auth-api-ci:repository: acme/auth-api\n",
	} {
		if text := read(t, filepath.Join(c.root, file)); !strings.Contains(text, want) || !strings.Contains(text, "encryptionsalt: ") {
			t.Errorf("%s is\n%s", file, text)
		}
	}
	for _, stack := range []string{"dev", "prod"} {
		if said := run("go", "run", "./infra/cmd/access", "--stack", stack, "--planned"); !strings.Contains(said, "the permissions boundary auth-api-ci-boundary") {
			t.Errorf("who may call %s:\n%s", stack, said)
		}
	}
}
