package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
)

// checkout is a project with a stack dev for AWS, in whose folder the test then works. Its
// Pulumi is a stand-in that notes how it was called, and answers each command with the
// file of answers that is called as its first two words are, dashes left out, or where it
// is to print the engine's events NAME.events. A file NAME.code holds its exit code, and
// NAME.complaint what it says on standard error.
type checkout struct {
	t    *testing.T
	root string
	bin  string
}

const standIn = `#!/bin/sh
echo "$*" >> "$0.calls"
case "$2" in -*|'') name=$1 ;; *) name=$1-$2 ;; esac
[ "$PULUMI_ENABLE_STREAMING_JSON_PREVIEW" = true ] && [ -f "$0.$name.events" ] && name=$name.events
[ -f "$0.$name" ] && cat "$0.$name"
[ -f "$0.$name.complaint" ] && cat "$0.$name.complaint" >&2
[ -f "$0.$name.code" ] && exit "$(cat "$0.$name.code")"
exit 0
`

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Pulumi is a shell script")
	}
	c := &checkout{t, t.TempDir(), t.TempDir()}
	c.write(filepath.Join(c.root, "Pulumi.yaml"), "name: auth-api\n")
	c.write(filepath.Join(c.root, "Pulumi.dev.yaml"), "config:\n  aws:region: us-west-2\n")
	for _, tool := range []string{"pulumi", "pulumi-language-go"} {
		c.write(filepath.Join(c.bin, tool), standIn)
	}
	t.Setenv("PATH", c.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "PULUMI_DEBUG_PROVIDERS", "AWS_PROFILE", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Chdir(c.root)
	return c
}

func (c *checkout) write(file, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

// answers has the stand-in print text when it is called so, such as stack-export.
func (c *checkout) answers(name, text string) { c.write(filepath.Join(c.bin, "pulumi."+name), text) }

// calls are how Pulumi was called, and forgets them.
func (c *checkout) calls() string {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.bin, "pulumi.calls"))
	if err != nil && !os.IsNotExist(err) {
		c.t.Fatal(err)
	}
	c.write(filepath.Join(c.bin, "pulumi.calls"), "")
	return string(data)
}

// run runs the command and returns its exit code and what it printed.
func (c *checkout) run(args ...string) (code int, out, complaint string) {
	c.t.Helper()
	var o, e bytes.Buffer
	cmd := command()
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	code = cli.Run(c.t.Context(), cmd, args)
	return code, o.String(), e.String()
}

// is runs the command and expects its exit code and parts of what it says.
func (c *checkout) is(code int, says []string, args ...string) {
	c.t.Helper()
	got, out, complaint := c.run(args...)
	if got != code {
		c.t.Errorf("stack %s: exit code %d, not %d\n%s%s", strings.Join(args, " "), got, code, out, complaint)
	}
	for _, want := range says {
		if !strings.Contains(out+complaint, want) {
			c.t.Errorf("stack %s: there is no %q in\n%s%s", strings.Join(args, " "), want, out, complaint)
		}
	}
}
