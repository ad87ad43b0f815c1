package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
)

const changes = `{"steps": [{"op": "update", "urn": "urn:pulumi:dev::auth-api::aws:iam/role:Role::guest",
 "oldState": {"inputs": {"maxSessionDuration": 3600}}, "newState": {"inputs": {"maxSessionDuration": 7200}}}], "changeSummary": {"same": 3, "update": 1}}`

func TestTheCommentOfAPullRequest(t *testing.T) {
	c := newCheckout(t)
	c.answers("preview", changes)
	c.write(filepath.Join(c.root, "bin", "access"), "#!/bin/sh\necho \"WIDER $*\"\n")
	t.Setenv("GITHUB_SERVER_URL", "https://github.com")
	t.Setenv("GITHUB_REPOSITORY", "o/r")
	t.Setenv("GITHUB_RUN_ID", "7")
	c.is(cli.OK, []string{"<!-- auth-api preview of dev -->\n", "**1 to update**; 3 stay", "WIDER --stack dev --changes --markdown", "`maxSessionDuration` | `3600` | `7200`", "https://github.com/o/r/actions/runs/7"}, "comment", "--stack", "dev")
	if calls := c.calls(); !strings.Contains(calls, "preview --stack dev --json --non-interactive\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}

	c.is(cli.OK, nil, "comment", "--stack", "dev", "--file", "comment.md", "--plan", "plan.json")
	text, err := os.ReadFile("comment.md")
	if err != nil || !strings.Contains(string(text), "1 to update") {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if calls := c.calls(); !strings.Contains(calls, " --save-plan "+filepath.Join(c.root, "plan.json")+"\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}

	c.write(filepath.Join(c.root, "bin", "access"), "#!/bin/sh\necho 'access: no state' >&2\nexit 1\n")
	c.is(cli.Failed, []string{"**Who may call what could not be compared.** access: no state", "1 to update"}, "comment", "--stack", "dev")

	c.answers("preview", `{"diagnostics": [{"severity": "error", "message": "Pulumi.dev.yaml: wrong"}]}`)
	c.answers("preview.code", "255")
	c.is(cli.Failed, []string{"**The preview failed: this cannot be deployed.**", "Pulumi.dev.yaml: wrong", "pulumi preview failed"}, "comment", "--stack", "dev")
	c.answers("preview", "no JSON at all")
	c.is(cli.Failed, []string{"pulumi preview failed", "reading what the preview printed"}, "comment", "--stack", "dev")
}

// What was previewed is what is done.
func TestAPlan(t *testing.T) {
	c := newCheckout(t)
	c.write(filepath.Join(c.root, "bin", "access"), "#!/bin/sh\nexit 0\n")
	c.is(cli.OK, nil, "preview", "--stack", "dev", "--plan", "plan.json")
	plan := filepath.Join(c.root, "plan.json")
	if calls := c.calls(); !strings.Contains(calls, "preview --stack dev --diff --save-plan "+plan+"\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}
	c.is(cli.Failed, []string{"reading the plan: ", "make preview STACK=dev PLAN=plan.json makes it"}, "up", "--stack", "dev", "--plan", "plan.json")
	if calls := c.calls(); strings.Contains(calls, "up ") {
		t.Errorf("without its plan, Pulumi was called as\n%s", calls)
	}
	c.write(plan, "{}")
	c.answers("stack-output", "{}")
	c.is(cli.OK, []string{"Stack dev is up"}, "up", "--stack", "dev", "--plan", "plan.json", "--", "--yes")
	if calls := c.calls(); !strings.Contains(calls, "up --stack dev --plan "+plan+" --yes\n") {
		t.Errorf("Pulumi was called as\n%s", calls)
	}
	// On the local AWS there is no preview by default; with a plan there is, as it is the
	// preview that stops before anything is done.
	if got, err := (session{plan: plan}).withPlan([]string{"up", "--yes", "--skip-preview"}); err != nil || strings.Join(got, " ") != "up --yes --plan "+plan {
		t.Errorf("%q %v", got, err)
	}
}
