//go:build e2e

package e2e

import (
	"bufio"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"auth-api/infra/cmd/internal/daemon"
)

// Two stacks beside one another are taken down: one that was killed on its way up and on
// its way down, and one that is protected, and has the account's CloudWatch role.
func TestTeardown(t *testing.T) {
	long(t)
	c := checkout(t)
	local := read(t, filepath.Join(c.root, "Pulumi.local.yaml"))
	guarded := filepath.Join(c.root, "Pulumi.guarded.yaml")
	protected := strings.Replace(local, "  auth-api:identity:\n", "  auth-api:logging: {accountRole: true}\n  auth-api:identity:\n    deletionProtection: true\n", 1)
	write(t, guarded, protected)
	c.make("up", "STACK=guarded")

	t.Log("a stack whose up was killed is destroyed, and one whose destroy was")
	c.killAt("created", "up", "--stack", "local")
	said := c.make("destroy")
	if !strings.Contains(said, "was killed: taking its lock away") || !strings.Contains(said, "Nothing of stack local is left in the local AWS") {
		t.Errorf("after a kill, make destroy says\n%s", said)
	}
	c.make("up")
	c.killAt("deleted", "destroy", "--stack", "local")
	if said := c.make("destroy"); !strings.Contains(said, "Nothing of stack local is left in the local AWS") {
		t.Errorf("after a kill, make destroy says\n%s", said)
	}
	if said := c.make("destroy"); !strings.Contains(said, "Nothing of stack local is left in the local AWS") {
		t.Errorf("twice, make destroy says\n%s", said)
	}
	state, running := daemon.Running(t.Context(), daemon.Dir(c.root))
	if !running {
		t.Fatal("the local AWS is not running")
	}
	c.get(state.URL+"/_local/resources?stack=auth-api/guarded", nil).has("apigateway.Account", "cognito.UserPool", "auth-api-guarded-gateway-logs")

	t.Log("a protected stack stands as it stood, and says how it is unlocked")
	out, err := c.command("make", "destroy", "STACK=guarded").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nothing was deleted: the user pool users (us-west-2_") || !strings.Contains(string(out), "set deletionProtection: false in auth-api:identity of Pulumi.guarded.yaml") {
		t.Errorf("make destroy says %v\n%s", err, out)
	}
	c.make("preview", "STACK=guarded", "ARGS=--expect-no-changes")
	write(t, guarded, strings.Replace(protected, "deletionProtection: true", "deletionProtection: false", 1))
	c.make("up", "STACK=guarded")
	said = c.make("destroy", "STACK=guarded")
	for _, want := range []string{"Kept, as it belongs to the account", "Left of stack guarded in the local AWS:", "apigateway.Account", "auth-api-guarded-gateway-logs"} {
		if !strings.Contains(said, want) {
			t.Errorf("make destroy does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "cognito.UserPool ") {
		t.Errorf("more than the account's role is left:\n%s", said)
	}
	c.make("down")
}

// killAt starts the stack tool and kills it, and the Pulumi that it started, as soon as it
// says that a resource was created, or deleted.
func (c *copied) killAt(word string, args ...string) {
	c.t.Helper()
	cmd := c.command("bin/stack", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), " "+word) && strings.Contains(lines.Text(), "aws:") {
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
				c.t.Fatal(err)
			}
			break
		}
	}
	if err := cmd.Wait(); err == nil {
		c.t.Errorf("bin/stack %s ended before it could be killed:\n%s", strings.Join(args, " "), said.String())
	}
}
