package friendly

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/internal/named"
	"github.com/spf13/cobra"
)

// Run runs a command and returns its exit code and what it says.
func Run(t testing.TB, command *cobra.Command, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaint bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&complaint)
	code = cli.Run(t.Context(), command, args)
	return code, out.String(), complaint.String()
}

// Golden holds text against a file, or with update writes it.
func Golden(t testing.TB, update bool, file, text string) {
	t.Helper()
	if update {
		write(t, file, text, 0o644)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", file, text, want)
	}
}

// Checkout is a folder with this project, these stack files by their stacks' names, and
// functions of one empty file each.
func Checkout(t testing.TB, stacks map[string]string, functions ...string) string {
	t.Helper()
	project, err := named.Read(above(t, "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Pulumi.yaml"), project, 0o600)
	for name, text := range stacks {
		write(t, filepath.Join(dir, "Pulumi."+name+".yaml"), text, 0o600)
	}
	for _, name := range functions {
		write(t, filepath.Join(dir, "functions", name, "main.go"), "package main\n", 0o600)
	}
	return dir
}

// Pulumi puts a Pulumi CLI on PATH that has this state for every stack, or for none where
// it is empty, and lists these stacks, as pulumi stack ls prints JSON.
func Pulumi(t *testing.T, state, stacks string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Pulumi is a shell script")
	}
	const script = `#!/bin/sh
case "$1 $2" in
'stack export') [ -s "$0.state" ] || { echo 'error: no such stack' >&2; exit 255; }; cat "$0.state" ;;
'stack ls') cat "$0.stacks" ;;
*) exit 1 ;;
esac
`
	bin := t.TempDir()
	for name, text := range map[string]string{"pulumi": script, "pulumi-language-go": script, "pulumi.state": state, "pulumi.stacks": stacks} {
		write(t, filepath.Join(bin, name), text, 0o700)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func write(t testing.TB, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// above is a file of this folder or of the next one above that has it.
func above(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		file := filepath.Join(at, name)
		if _, err := os.Stat(file); err == nil {
			return file
		}
		if at == filepath.Dir(at) {
			t.Fatalf("neither %s nor a folder above it has a file %s", dir, name)
		}
	}
}
