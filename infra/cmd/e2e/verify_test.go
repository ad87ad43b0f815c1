//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// make verify holds the deployed stack against its route table, of which a new route is a
// part the day it is added.
func TestVerify(t *testing.T) {
	long(t)
	c := checkout(t)
	c.make("up")
	junit := filepath.Join(t.TempDir(), "verify.xml")
	said := c.make("verify", "ARGS=--junit "+junit)
	for _, want := range []string{"Stack local holds.", "V-IAM-01", "GET /require-auth"} {
		if !strings.Contains(said, want) {
			t.Errorf("make verify does not say %q:\n%s", want, said)
		}
	}
	if report, err := os.ReadFile(junit); err != nil || !strings.Contains(string(report), `failures="0" errors="0"`) {
		t.Errorf("the JUnit report is %s (%v)", report, err)
	}

	t.Log("a new route is tried")
	file := filepath.Join(c.root, "Pulumi.local.yaml")
	before := read(t, file)
	write(t, file, regexp.MustCompile(`(?m)^(  auth-api:routes:\n)`).ReplaceAllString(before,
		"$1    - {method: GET, path: \"/hello/{name}\", function: no-auth, authorization: AWS_IAM, callers: [guest]}\n"))
	c.make("up")
	said = c.make("verify", "ARGS=--verbose")
	for _, want := range []string{`(?m)^holds +V-RTE-01 +GET /hello/\{name\} +guest`, `(?m)^holds +V-IAM-01 +GET /hello/\{name\} +nobody`, `(?m)^holds +V-IAM-03 +GET /hello/\{name\} +signed in`} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("make verify does not say %s:\n%s", want, said)
		}
	}

	t.Log("the expectations are those of the outputs: without a stack there are none")
	c.make("destroy")
	if said := c.fails("verify"); !strings.Contains(said, "make up STACK=local brings it up") {
		t.Errorf("make verify without a stack says\n%s", said)
	}
	c.make("down")
}
