// Package workspace is what the commands know of this checkout and its stacks: where
// it is, which stacks it has and what they aim at, how Pulumi is called for each, and
// what a deployed stack's outputs are.
package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/daemon"
	"golang.org/x/term"
	"gopkg.in/yaml.v3"
)

// Workspace is a checkout of this project.
type Workspace struct {
	Root string // the folder of Pulumi.yaml
}

// Find looks for the checkout from the working directory upwards.
func Find() (Workspace, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Workspace{}, fmt.Errorf("looking for the project: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "Pulumi.yaml")); err == nil {
			return Workspace{Root: at}, nil
		}
		if at == filepath.Dir(at) {
			return Workspace{}, fmt.Errorf("looking for the project: neither %s nor a folder above it has a Pulumi.yaml; run this inside a checkout", dir)
		}
	}
}

// Bin is the folder of the tools that make builds.
func (w Workspace) Bin() string { return filepath.Join(w.Root, "bin") }

// Project is the name in Pulumi.yaml, with which the keys of the stack files begin.
func (w Workspace) Project() (string, error) {
	data, err := os.ReadFile(filepath.Join(w.Root, "Pulumi.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the project's name: %w", err)
	}
	var project struct {
		Name string `yaml:"name"`
	}
	if err := yaml.Unmarshal(data, &project); err != nil {
		return "", fmt.Errorf("reading Pulumi.yaml: %w", err)
	}
	if project.Name == "" {
		return "", errors.New("reading Pulumi.yaml: it has no name")
	}
	return project.Name, nil
}

// Stack is one Pulumi.<name>.yaml.
type Stack struct {
	Name    string
	Project string // with which the keys of its file begin
	Region  string // aws:region
	Profile string // aws:profile, empty for the default
	Local   bool   // PROJECT:target is local
}

// Stacks returns the names of the stacks that have a file, in order.
func (w Workspace) Stacks() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(w.Root, "Pulumi.*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("looking for stacks: %w", err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "Pulumi."), ".yaml"))
	}
	slices.Sort(names)
	return names, nil
}

// Stack reads what the commands must know of a stack. What the program makes of the
// file is settings' business alone.
func (w Workspace) Stack(name string) (Stack, error) {
	file := filepath.Join(w.Root, "Pulumi."+name+".yaml")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		names, listErr := w.Stacks()
		if listErr != nil {
			return Stack{}, listErr
		}
		return Stack{}, fmt.Errorf("STACK is %q, and there is no Pulumi.%s.yaml; there are %s", name, name, strings.Join(names, ", "))
	}
	if err != nil {
		return Stack{}, fmt.Errorf("reading the stack file: %w", err)
	}
	var doc struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return Stack{}, fmt.Errorf("reading Pulumi.%s.yaml: %w", name, err)
	}
	s := Stack{Name: name, Region: "us-west-2"}
	if region, ok := doc.Config["aws:region"].(string); ok {
		s.Region = region
	}
	s.Profile, _ = doc.Config["aws:profile"].(string)
	project, err := w.Project()
	if err != nil {
		return Stack{}, err
	}
	s.Project = project
	for key := range doc.Config {
		if of, setting, _ := strings.Cut(key, ":"); setting == "routes" && of != project {
			return Stack{}, fmt.Errorf("reading Pulumi.%s.yaml: its keys begin with %s:, and the project in Pulumi.yaml is called %s; make rename NAME=%s gives them its name", name, of, project, project)
		}
	}
	s.Local = doc.Config[project+":target"] == "local"
	return s, nil
}

// Pulumi is how the CLI is called for one stack.
type Pulumi struct {
	Executable string
	Dir        string
	Env        []string
	Stack      Stack
}

// ErrNoPulumi means that there is neither a Pulumi on PATH nor one in bin/.
var ErrNoPulumi = errors.New("there is no Pulumi CLI on PATH, nor one in bin/; make toolchain builds it there")

// CLI returns the Pulumi CLI: the one on PATH when its Go language host is there too,
// else the one in bin/.
func (w Workspace) CLI() (executable string, pathEntry string, err error) {
	cli, cliErr := exec.LookPath("pulumi")
	_, hostErr := exec.LookPath("pulumi-language-go")
	if cliErr == nil && hostErr == nil {
		return cli, "", nil
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	own := filepath.Join(w.Bin(), "pulumi"+suffix)
	if _, err := os.Stat(own); err != nil {
		return "", "", ErrNoPulumi
	}
	return own, w.Bin(), nil
}

// Pulumi prepares the CLI for the stack. A stack of the local AWS has a state of its
// own below .auth-api and is attached to the provider of the running local AWS; any
// other stack is left to the user's own Pulumi settings.
func (w Workspace) Pulumi(stack Stack, local daemon.State) (Pulumi, error) {
	executable, entry, err := w.CLI()
	if err != nil {
		return Pulumi{}, err
	}
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"}
	if entry != "" {
		env["PATH"] = entry + string(os.PathListSeparator) + os.Getenv("PATH")
	}
	if stack.Local {
		state := filepath.Join(w.Root, ".auth-api", "state")
		if err := os.MkdirAll(state, 0o700); err != nil {
			return Pulumi{}, fmt.Errorf("making the local stacks' state folder: %w", err)
		}
		env["PULUMI_BACKEND_URL"] = "file://" + filepath.ToSlash(state)
		env["PULUMI_HOME"] = filepath.Join(w.Root, ".auth-api", "pulumi")
		env["PULUMI_CONFIG_PASSPHRASE"] = ""
		// Or the CLI fetches the plugin for AWS that the state speaks of, for nothing.
		env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
		env["PULUMI_SELF_MANAGED_STATE_NO_LEGACY_WARNING"] = "true"
		if local.ProviderPort != 0 {
			env["PULUMI_DEBUG_PROVIDERS"] = fmt.Sprintf("aws:%d", local.ProviderPort)
		}
	}
	return Pulumi{Executable: executable, Dir: w.Root, Env: environment(env), Stack: stack}, nil
}

// environment is this process's, with some variables set.
func environment(set map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !has(set, name) {
			env = append(env, entry)
		}
	}
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

func has(m map[string]string, key string) bool { _, ok := m[key]; return ok }

// Command returns pulumi ARGS, not yet started. An interrupt reaches it as one
// interrupt, so that the engine finishes what it is doing and unlocks the state; a
// second would make it stop at once.
func (p Pulumi) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Executable, args...)
	cmd.Dir, cmd.Env = p.Dir, p.Env
	cmd.Cancel = func() error {
		if term.IsTerminal(int(os.Stdin.Fd())) {
			return nil // the terminal has told every process in its foreground
		}
		return cmd.Process.Signal(os.Interrupt)
	}
	return cmd
}

// Exists tells whether the stack has been created.
func (p Pulumi) Exists(ctx context.Context) (bool, error) {
	out, err := p.read(ctx, "stack", "ls", "--json")
	if err != nil {
		return false, err
	}
	var stacks []struct{ Name string }
	if err := json.Unmarshal(out, &stacks); err != nil {
		return false, fmt.Errorf("listing stacks: %w", err)
	}
	for _, s := range stacks {
		if parts := strings.Split(s.Name, "/"); parts[len(parts)-1] == p.Stack.Name {
			return true, nil
		}
	}
	return false, nil
}

// Outputs returns the stack's outputs, secrets in the clear, as the JSON object that
// pulumi stack output prints.
func (p Pulumi) Outputs(ctx context.Context) ([]byte, error) {
	out, err := p.read(ctx, "stack", "output", "--json", "--show-secrets", "--stack", p.Stack.Name)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of stack %s: %w; make up STACK=%s brings it up", p.Stack.Name, err, p.Stack.Name)
	}
	return out, nil
}

func (p Pulumi) read(ctx context.Context, args ...string) ([]byte, error) {
	var complaint bytes.Buffer
	cmd := p.Command(ctx, append(args, "--non-interactive")...)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(firstLine(&complaint, err))
	}
	return out, nil
}

func firstLine(complaint io.Reader, err error) string {
	data, _ := io.ReadAll(complaint)
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "error:")); line != "" {
			return line
		}
	}
	return err.Error()
}

// ReadOutputs returns the outputs of a stack by name, of the local AWS or not.
func (w Workspace) ReadOutputs(ctx context.Context, name string) (client.Outputs, error) {
	stack, err := w.Stack(name)
	if err != nil {
		return client.Outputs{}, err
	}
	p, err := w.Pulumi(stack, daemon.State{})
	if err != nil {
		return client.Outputs{}, err
	}
	data, err := p.Outputs(ctx)
	if err != nil {
		return client.Outputs{}, err
	}
	var o client.Outputs
	if err := json.Unmarshal(data, &o); err != nil {
		return client.Outputs{}, fmt.Errorf("reading the outputs of stack %s: %w", name, err)
	}
	if o.APIURL == "" {
		return client.Outputs{}, fmt.Errorf("reading the outputs of stack %s: it has none; make up STACK=%s brings it up", name, name)
	}
	return o, nil
}
