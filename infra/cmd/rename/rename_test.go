package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/internal/named"
	"github.com/google/go-cmp/cmp"
)

// copied is a checkout with the project and stack files of the repository, of infra/ci and
// of infra/network, as if the project were called auth-api.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"Pulumi*.yaml", "functions/*/main.go", "infra/ci/Pulumi*.yaml", "infra/network/Pulumi*.yaml"} {
		files, err := filepath.Glob("../../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v %v", pattern, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(dir, strings.TrimPrefix(filepath.ToSlash(file), "../../../"))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := rename(workspace.Workspace{Root: dir}, named.Example); err != nil {
		t.Fatal(err)
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

// everything are the files of a folder.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, file))
		out[file] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// After it every stack is the project's again, and the same but for the name.
func TestAProjectByAnotherName(t *testing.T) {
	dir := copied(t)
	ws := workspace.Workspace{Root: dir}
	before := everything(t, dir)
	// As pulumi new leaves it: the project has the name, and its stack files have not.
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(strings.Replace(before["Pulumi.yaml"], "name: auth-api\n", "name: my-api\n", 1)), 0o600); err != nil {
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
	after := everything(t, dir)
	for file, want := range map[string]string{
		"infra/ci/Pulumi.yaml": "name: my-api-ci\n", "infra/network/Pulumi.yaml": "name: my-api-network\n", "infra/network/Pulumi.dev.yaml": "\n  my-api-network:",
	} {
		if text := after[file]; !strings.Contains(text, want) {
			t.Errorf("%s has no %q:\n%s", file, want, text)
		}
	}
	if code, said := run(t, "--name", "auth-api"); code != cli.OK || !strings.Contains(said, "Changed Pulumi.yaml.") {
		t.Errorf("and back: exit code %d: %s", code, said)
	}
	if diff := cmp.Diff(before, everything(t, dir)); diff != "" {
		t.Errorf("there and back it is another: -before +after\n%s", diff)
	}
}

// A project that has no roles for workflows and no network is renamed all the same, and one
// of them that has a name of its own keeps it.
func TestProjectsBesideIt(t *testing.T) {
	dir := copied(t)
	t.Chdir(dir)
	if err := os.RemoveAll("infra/network"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("infra/ci/Pulumi.yaml", []byte("name: robots\nruntime: go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := run(t, "--name", "mine"); code != cli.OK || strings.Contains(said, "infra/") {
		t.Errorf("exit code %d: %s", code, said)
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
