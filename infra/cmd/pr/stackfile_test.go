package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/internal/named"
)

// root is the repository's folder, which stays while tests work in others.
var root = func() string {
	dir, err := filepath.Abs("../../..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// copied is a checkout with the repository's stack files, and one more.
func copied(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		text, err := named.Read(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, file), text)
	}
	if name != "" {
		write(t, filepath.Join(dir, name), text)
	}
	functions, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil || len(functions) == 0 {
		t.Fatalf("the functions are %v %v", functions, err)
	}
	for _, f := range functions {
		write(t, filepath.Join(dir, "functions", filepath.Base(filepath.Dir(f)), "main.go"), "package main\n")
	}
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var complaint bytes.Buffer
	cmd := command()
	cmd.SetOut(&complaint)
	cmd.SetErr(&complaint)
	return cli.Run(t.Context(), cmd, args), complaint.String()
}

// The stack of a pull request is one that the program takes, from every stack file here.
func TestTheStackOfAPullRequestIsLegal(t *testing.T) {
	for _, from := range []string{"dev", "prod"} {
		dir := copied(t, "", "")
		t.Chdir(dir)
		if code, said := run(t, "stack", "--number", "123", "--from", from); code != cli.OK || !strings.Contains(said, "Wrote Pulumi.pr-123.yaml from Pulumi."+from+".yaml.") {
			t.Fatalf("exit code %d: %s", code, said)
		}
		tables, err := inspect.Planned(dir, "pr-123", "")
		if err != nil {
			t.Fatal(err)
		}
		if len(tables) != 1 || len(tables[0].Routes) != map[string]int{"dev": 5, "prod": 2}[from] {
			t.Errorf("from %s: %+v", from, tables)
		}
	}
}

func TestWhatAPullRequestDoesNotGet(t *testing.T) {
	const file = `# This is the real one.
encryptionsalt: v1:abc
encryptedkey: def
secretsprovider: awskms://alias/x
config:
  # where
  aws:region: eu-west-1 # near
  auth-api:domain: {name: api.example.com}
  auth-api:budget: {monthlyLimit: 10}
  auth-api:demoPassword:
    secure: v1:AAAA
  auth-api:providerSecrets:
    Google: {secure: v1:BBBB}
    Other: plain
  auth-api:identity:
    userPoolName: people
    domainPrefix: people
    groups: [a, {secure: v1:CCCC}, b]
    demoUser: tom
  auth-api:alarms: {enabled: true, emails: [a@example.com]}
  auth-api:logging: {accountRole: true, access: true}
`
	text, left, err := stackFile([]byte(file), "auth-api")
	if err != nil {
		t.Fatal(err)
	}
	const want = `secretsprovider: awskms://alias/x
config:
  # where
  aws:region: eu-west-1 # near
  auth-api:providerSecrets:
    Other: plain
  auth-api:identity:
    groups: [a, b]
    demoUser: tom
    deletionProtection: false
  auth-api:alarms: {enabled: true}
  auth-api:logging: {accountRole: false, access: true}
`
	if string(text) != want {
		t.Errorf("it is\n%s", text)
	}
	if !slices.Equal(left, []string{
		"auth-api:domain", "auth-api:budget", "auth-api:alarms.emails", "auth-api:identity.userPoolName", "auth-api:identity.domainPrefix", "auth-api:identity.deletionProtection", "auth-api:logging.accountRole",
		"auth-api:demoPassword", "auth-api:providerSecrets.Google", "auth-api:identity.groups[1]",
	}) {
		t.Errorf("left out: %q", left)
	}
	again, left, err := stackFile(text, "auth-api")
	if err != nil || string(again) != want || len(left) != 0 {
		t.Errorf("made again it is\n%s%q %v", again, left, err)
	}
	if text, _, err := stackFile([]byte("config: {}\n"), "auth-api"); err != nil || !strings.Contains(string(text), "deletionProtection: false") {
		t.Errorf("protection is on when nothing is said, and stays on: %s %v", text, err)
	}
}

func TestAStackFileThatIsNone(t *testing.T) {
	for text, says := range map[string]string{"config: [": "yaml", "a: b": "it has no config", "[]": "it is no mapping", "": "it is no mapping", "config: 1": "it has no config"} {
		t.Chdir(copied(t, "Pulumi.x.yaml", text))
		code, said := run(t, "stack", "--number", "1", "--from", "x")
		if code != cli.Failed || !strings.Contains(said, "writing Pulumi.pr-1.yaml from Pulumi.x.yaml: ") || !strings.Contains(said, says) {
			t.Errorf("%q: exit code %d, %s", text, code, said)
		}
	}
	for _, args := range [][]string{{"stack"}, {"stack", "--number", "-1"}, {"stack", "--number", "x"}, {"comment", "--number", "1"}, {"comment", "--file", "x"}} {
		if code, said := run(t, args...); code != cli.Usage {
			t.Errorf("%q: exit code %d, %s", args, code, said)
		}
	}
	if code, said := run(t, "stack", "--number", "1", "--from", "nowhere"); code != cli.Failed || !strings.Contains(said, "Pulumi.nowhere.yaml") {
		t.Errorf("from a stack without a file: %d, %s", code, said)
	}
}

func FuzzStackFile(f *testing.F) {
	for _, name := range []string{"dev", "prod", "local"} {
		data, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("config:\n  auth-api:x: {a: {secure: v1:x}, b: [{secure: y}, *z]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, _, err := stackFile(data, "auth-api")
		if err == nil && strings.Contains(string(text), "\n    secure: ") && !strings.Contains(string(data), "secure: ") {
			t.Errorf("a secret is made up:\n%s", text)
		}
	})
}
