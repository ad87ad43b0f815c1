package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// workflow is as much of a workflow of GitHub Actions as the rules below speak of.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
type workflow struct {
	On          any            `yaml:"on"`
	Permissions map[string]any `yaml:"permissions"`
	Concurrency *concurrency   `yaml:"concurrency"`
	Env         map[string]any `yaml:"env"`
	Jobs        map[string]job `yaml:"jobs"`
}

type concurrency struct {
	Group  string `yaml:"group"`
	Cancel *bool  `yaml:"cancel-in-progress"`
}

type job struct {
	If          string            `yaml:"if"`
	Timeout     int               `yaml:"timeout-minutes"`
	Permissions map[string]string `yaml:"permissions"`
	Environment any               `yaml:"environment"`
	Concurrency *concurrency      `yaml:"concurrency"`
	Env         map[string]string `yaml:"env"`
	Steps       []step            `yaml:"steps"`
	Uses        string            `yaml:"uses"`
}

type step struct {
	Uses string            `yaml:"uses"`
	With map[string]any    `yaml:"with"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
}

var (
	pinned  = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`uses: (\S+) # v\d+\.\d+\.\d+\n`)
	// A step is a make target with settings: words, or one of the job's own variables.
	makes = regexp.MustCompile(`^make ([a-z][a-z0-9-]*)((?: [A-Z]+=(?:[\w./-]+|"[\w ./-]+"|"\$[A-Z_]+"))*)$`)
)

const notAFork = "github.event.pull_request.head.repo.full_name == github.repository"

// faults are the rules that a workflow breaks.
func faults(text string, targets []string) (out []string) {
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	for _, event := range []string{"pull_request_target", "workflow_run", "issue_comment"} { // strangers start these, and they have credentials
		if strings.Contains(fmt.Sprint(w.On), event) {
			fault("it runs on %s", event)
		}
	}
	if w.Permissions == nil || len(w.Permissions) > 0 {
		fault("the workflow itself has permissions: %v; legal is {}", w.Permissions)
	}
	fromPullRequests := strings.Contains(fmt.Sprint(w.On), "pull_request")
	digests := version.FindAllStringSubmatch(text, -1)
	for name, j := range w.Jobs {
		if len(j.Permissions) == 0 {
			fault("job %s has no permissions", name)
		}
		if j.Timeout < 1 || j.Timeout > 60 {
			fault("job %s has a timeout of %d minutes", name, j.Timeout)
		}
		if j.Uses != "" {
			fault("job %s is a workflow of somebody else's", name)
		}
		for permission, level := range j.Permissions {
			if level != "read" && !slices.Contains([]string{"id-token", "pull-requests"}, permission) {
				fault("job %s may %s %s", name, level, permission)
			}
		}
		credentials := j.Permissions["id-token"] == "write" || strings.Contains(fmt.Sprint(j.Env), "secrets.")
		if fromPullRequests && credentials && !strings.Contains(j.If, notAFork) {
			fault("job %s has credentials, and runs for forks", name)
		}
		if credentials && j.Permissions["pull-requests"] == "write" {
			fault("job %s has credentials of AWS and writes to pull requests", name)
		}
		changes := false
		for i, s := range j.Steps {
			switch {
			case s.Uses != "":
				if !pinned.MatchString(s.Uses) {
					fault("job %s: %s is not pinned by a digest", name, s.Uses)
				}
				if !slices.ContainsFunc(digests, func(d []string) bool { return d[1] == s.Uses }) {
					fault("job %s: nothing tells the version of %s", name, s.Uses)
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
					fault("job %s: the checkout keeps the token", name)
				}
			case s.Run != "":
				m := makes.FindStringSubmatch(strings.TrimSpace(s.Run))
				if m == nil {
					fault("job %s: %q is not a make target with plain settings", name, s.Run)
					continue
				}
				if !slices.Contains(targets, m[1]) {
					fault("job %s: there is no make %s", name, m[1])
				}
				changes = changes || m[1] == "up" || m[1] == "destroy"
			default:
				fault("job %s: step %d does nothing", name, i)
			}
			for key, value := range s.Env {
				fault("job %s: step %d has a variable of its own, %s=%s", name, i, key, value)
			}
		}
		c := j.Concurrency
		if c == nil {
			c = w.Concurrency
		}
		if changes && (c == nil || !strings.HasPrefix(c.Group, "stack-") || c.Cancel == nil || *c.Cancel) {
			fault("job %s changes a stack, and another may at the same time, or interrupt it", name)
		}
		for key, value := range j.Env {
			// What a stranger chose never becomes a variable, as make would run it.
			for _, chosen := range []string{"title", "body", "head.ref", "head_ref", "label.name", "ref_name", "login"} {
				if strings.Contains(value, chosen) {
					fault("job %s: %s is %s, which a stranger chose", name, key, value)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// targets are those of the Makefile.
func targets(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`).FindAllStringSubmatch(string(data), -1) {
		out = append(out, m[1])
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryWorkflowKeepsTheRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*"))
	if err != nil || len(files) < 5 {
		t.Fatalf("the workflows are %v %v", files, err)
	}
	known, pins := targets(t), map[string]string{}
	for _, file := range files {
		text := read(t, file)
		for _, fault := range faults(text, known) {
			t.Errorf("%s: %s", filepath.Base(file), fault)
		}
		for _, m := range version.FindAllStringSubmatch(text, -1) {
			action, _, _ := strings.Cut(m[1], "@")
			if before, seen := pins[action]; seen && before != m[0] {
				t.Errorf("%s: %s is pinned in two ways: %s and %s", filepath.Base(file), action, strings.TrimSpace(before), strings.TrimSpace(m[0]))
			}
			pins[action] = m[0]
		}
	}
}

// Each rule is one that can be broken.
func TestARuleThatIsBrokenIsFound(t *testing.T) {
	known := targets(t)
	for _, test := range []struct{ file, from, to, says string }{
		{"checks.yml", "permissions: {}", "permissions: write-all", "cannot unmarshal"},
		{"checks.yml", "permissions: {}", "permissions: {contents: read}", "the workflow itself has permissions"},
		{"checks.yml", "permissions: {}\n", "", "the workflow itself has permissions"},
		{"checks.yml", "    permissions:\n      contents: read\n", "", "job checks has no permissions"},
		{"checks.yml", "contents: read", "contents: write", "job checks may write contents"},
		{"checks.yml", "    timeout-minutes: 60\n", "", "timeout of 0 minutes"},
		{"checks.yml", "@8e8c483db84b4bee98b60c0593521ed34d9990e8", "@v6", "actions/checkout@v6 is not pinned by a digest"},
		{"checks.yml", " # v6.0.1", "", "nothing tells the version of actions/checkout@"},
		{"checks.yml", "persist-credentials: false", "fetch-depth: 1", "the checkout keeps the token"},
		{"checks.yml", "run: make ci", "run: make see", "there is no make see"},
		{"checks.yml", "run: make ci", "run: make ci || true", "is not a make target with plain settings"},
		{"checks.yml", "run: make ci", "run: make ci TITLE=${{ github.event.pull_request.title }}", "is not a make target with plain settings"},
		{"checks.yml", "run: make ci", "run: make ci ARGS=$(id)", "is not a make target with plain settings"},
		{"checks.yml", "  pull_request:", "  pull_request_target:", "it runs on pull_request_target"},
		{"preview.yml", "    if: " + notAFork + " && github.actor != 'dependabot[bot]'\n", "", "job preview has credentials, and runs for forks"},
		{"preview.yml", "      pull-requests: write", "      pull-requests: write\n      id-token: write", "job comment has credentials of AWS and writes to pull requests"},
		{"preview.yml", "PR: ${{ github.event.pull_request.number }}", "PR: ${{ github.event.pull_request.title }}", "which a stranger chose"},
		{"deploy.yml", "    concurrency:\n      group: stack-prod\n      cancel-in-progress: false\n", "", "job prod changes a stack, and another may at the same time"},
		{"pr-stack.yml", "cancel-in-progress: false", "cancel-in-progress: true", "or interrupt it"},
	} {
		text := read(t, filepath.Join(root, ".github", "workflows", test.file))
		broken := strings.Replace(text, test.from, test.to, 1)
		if broken == text {
			t.Errorf("%s has no %q", test.file, test.from)
			continue
		}
		if found := strings.Join(faults(broken, known), "\n"); !strings.Contains(found, test.says) {
			t.Errorf("%s with %q in the place of %q: it does not say %q:\n%s", test.file, test.to, test.from, test.says, found)
		}
	}
}
