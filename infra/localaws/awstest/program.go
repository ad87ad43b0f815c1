package awstest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"auth-api/infra/function"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Program is a Pulumi program of a test's own. What it returns are its outputs.
type Program func(*pulumi.Context) (pulumi.Map, error)

// Start starts a local AWS in which nothing is declared yet: see Run. It is stopped
// when the test ends, and what it held is removed.
func Start(t testing.TB, options ...Option) *localaws.Server {
	t.Helper()
	cfg := localaws.Config{Dir: t.TempDir(), Tune: weakHashes}
	for _, option := range options {
		option(&cfg)
	}
	aws, err := localaws.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := aws.Close(context.Background()); err != nil {
			t.Errorf("stopping the local AWS: %v", err)
		}
	})
	return aws
}

// Run declares in a local AWS what a program declares, be it more than the project's
// own settings allow, and returns the program's outputs as JSON would give them. It
// fails the test when anything is refused. A local AWS takes several programs, one
// after another; a later one may use what an earlier one gave as plain values.
func Run(t testing.TB, aws *localaws.Server, program Program) map[string]any {
	t.Helper()
	outputs, err := TryRun(aws, program)
	if err != nil {
		t.Fatalf("running the program: %v", err)
	}
	return outputs
}

// TryRun is Run for programs that may be refused. What was declared before the refusal
// stays declared.
func TryRun(aws *localaws.Server, program Program) (outputs map[string]any, err error) {
	config := map[string]string{"aws:region": aws.Region}
	err = declare(provider.New(aws).Mocks(), config, program, &outputs)
	return outputs, err
}

// declare runs a program with this config against what stands in for Pulumi's engine,
// and decodes its outputs into each of outputs.
func declare(monitor pulumi.MockResourceMonitor, config map[string]string, program Program, outputs ...any) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		declared, err := program(ctx)
		if err != nil || declared == nil {
			return err
		}
		// RunErr waits for this before it returns.
		declared.ToMapOutput().ApplyT(func(known map[string]any) (any, error) {
			data, err := json.Marshal(known)
			for _, out := range outputs {
				if err == nil {
					err = json.Unmarshal(data, out)
				}
			}
			return nil, err
		})
		return nil
	}, pulumi.WithMocks(project, "local", monitor), func(info *pulumi.RunInfo) { info.Config = config })
}

// Functions builds the functions folder/functions/NAME for this host and returns the
// path of each one's archive by its name. Unchanged functions are not built again.
func Functions(t testing.TB, folder string, names ...string) map[string]string {
	t.Helper()
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Rel(root(t), folder)
	if err != nil {
		t.Fatal(err)
	}
	archives, err := function.Build(t.Context(), function.BuildArgs{
		Root: folder, Out: filepath.Join(root(t), ".auth-api", "artifacts", "test-"+strings.ReplaceAll(filepath.ToSlash(below), "/", "-")),
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Names: names,
	})
	if err != nil {
		t.Fatal(err)
	}
	return archives
}
