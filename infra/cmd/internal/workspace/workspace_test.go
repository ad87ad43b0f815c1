package workspace_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
)

func TestStacks(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml":       "name: auth-api\n",
		"Pulumi.dev.yaml":   "config:\n  aws:region: eu-west-1\n  aws:profile: work\n",
		"Pulumi.local.yaml": "config:\n  auth-api:target: local\n",
		"Pulumi.bad.yaml":   "config: [",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	below := filepath.Join(root, "infra", "cmd")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	ws, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]workspace.Stack{
		"dev":   {Name: "dev", Project: "auth-api", Region: "eu-west-1", Profile: "work"},
		"local": {Name: "local", Project: "auth-api", Region: "us-west-2", Local: true},
	} {
		if got, err := ws.Stack(name); err != nil || got != want {
			t.Errorf("stack %s: %+v, %v; want %+v", name, got, err, want)
		}
	}
	if _, err := ws.Stack("prod"); err == nil || err.Error() != `STACK is "prod", and there is no Pulumi.prod.yaml; there are bad, dev, local` {
		t.Errorf("a stack without a file: %v", err)
	}
	if _, err := ws.Stack("bad"); err == nil || !strings.HasPrefix(err.Error(), "reading Pulumi.bad.yaml: ") {
		t.Errorf("a stack file that is no YAML: %v", err)
	}
}

// A stack for AWS must never be handed the local AWS's provider or state, nor a local
// stack the user's.
func TestPulumiIsCalledForTheStacksOwnSide(t *testing.T) {
	bin := t.TempDir()
	for _, tool := range []string{"pulumi", "pulumi-language-go"} {
		if err := os.WriteFile(filepath.Join(bin, tool), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("PULUMI_BACKEND_URL", "s3://the-users")
	t.Setenv("PULUMI_HOME", "/the/users")
	ws := workspace.Workspace{Root: t.TempDir()}
	running := daemon.State{ProviderPort: 4711}

	local, err := ws.Pulumi(workspace.Stack{Name: "local", Local: true}, running)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PULUMI_DEBUG_PROVIDERS=aws:4711", "PULUMI_BACKEND_URL=file://" + ws.Root + "/.auth-api/state", "PULUMI_HOME=" + ws.Root + "/.auth-api/pulumi", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true"} {
		if !slices.Contains(local.Env, want) {
			t.Errorf("a local stack's environment has no %s", want)
		}
	}
	if slices.Contains(local.Env, "PULUMI_BACKEND_URL=s3://the-users") {
		t.Error("a local stack is given the user's backend")
	}
	dev, err := ws.Pulumi(workspace.Stack{Name: "dev"}, running)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range dev.Env {
		if strings.HasPrefix(entry, "PULUMI_DEBUG_PROVIDERS=") || strings.HasPrefix(entry, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=") {
			t.Errorf("a stack for AWS is given what is for local ones: %s", entry)
		}
	}
	if !slices.Contains(dev.Env, "PULUMI_BACKEND_URL=s3://the-users") {
		t.Error("a stack for AWS does not get the user's backend")
	}

	t.Setenv("PATH", t.TempDir())
	if _, err := ws.Pulumi(workspace.Stack{Name: "dev"}, running); err == nil || !strings.Contains(err.Error(), "make toolchain") {
		t.Errorf("without a Pulumi CLI: %v", err)
	}
}
