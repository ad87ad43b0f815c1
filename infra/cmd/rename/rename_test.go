package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
)

// copied is a checkout with the repository's project and stack files.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../../../Pulumi*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("the files are %v %v", files, err)
	}
	functions, err := filepath.Glob("../../../functions/*/main.go")
	if err != nil || len(functions) == 0 {
		t.Fatalf("the functions are %v %v", functions, err)
	}
	for _, file := range append(files, functions...) {
		to := filepath.Join(dir, strings.TrimPrefix(filepath.ToSlash(file), "../../../"))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var said bytes.Buffer
	cmd := command()
	cmd.SetOut(&said)
	cmd.SetErr(&said)
	return cli.Run(t.Context(), cmd, args), said.String()
}

// After it every stack is the project's again, and the same but for the name.
func TestAProjectByAnotherName(t *testing.T) {
	dir := copied(t)
	ws := workspace.Workspace{Root: dir}
	project := filepath.Join(dir, "Pulumi.yaml")
	before, err := os.ReadFile(project)
	if err != nil {
		t.Fatal(err)
	}
	// As pulumi new leaves it: the project has the name, and its stack files have not.
	if err := os.WriteFile(project, bytes.Replace(before, []byte("name: auth-api\n"), []byte("name: my-api\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ws.Stack("local"); err == nil || !strings.Contains(err.Error(), "its keys begin with auth-api:, and the project in Pulumi.yaml is called my-api; make rename NAME=my-api") {
		t.Errorf("with two names: %v", err)
	}
	t.Chdir(dir)
	if code, said := run(t, "--name", "my-api"); code != cli.OK || !strings.Contains(said, "Changed Pulumi.local.yaml.") || strings.Contains(said, "Changed Pulumi.yaml.") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, said := run(t, "--name", "my-api"); code != cli.OK || said != "" {
		t.Errorf("twice: exit code %d: %s", code, said)
	}
	if s, err := ws.Stack("local"); err != nil || !s.Local {
		t.Errorf("%+v %v", s, err)
	}
	stacks, err := ws.Stacks()
	if err != nil {
		t.Fatal(err)
	}
	for _, stack := range stacks {
		tables, err := inspect.Planned(dir, stack, "")
		if err != nil || len(tables) != 1 || len(tables[0].Routes) < 2 {
			t.Errorf("stack %s: %+v %v", stack, tables, err)
		}
	}
	if code, said := run(t, "--name", "auth-api"); code != cli.OK || !strings.Contains(said, "Changed Pulumi.yaml.") {
		t.Errorf("and back: exit code %d: %s", code, said)
	}
	if after, err := os.ReadFile(project); err != nil || !bytes.Equal(before, after) {
		t.Errorf("and back it is another: %v\n%s", err, after)
	}
}

func TestANameThatIsNone(t *testing.T) {
	t.Chdir(copied(t))
	for _, name := range []string{"", "My-API", "1api", "a:b", "a b", strings.Repeat("a", 32)} {
		if code, said := run(t, "--name", name); code != cli.Usage || !strings.Contains(said, "legal are up to 31 small letters") {
			t.Errorf("%q: exit code %d: %s", name, code, said)
		}
	}
	if err := os.WriteFile("Pulumi.other.yaml", []byte("config: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := run(t, "--name", "mine"); code != cli.Failed || !strings.Contains(said, "renaming the project: Pulumi.other.yaml: it has no routes") {
		t.Errorf("a stack file of something else: %d: %s", code, said)
	}
}
