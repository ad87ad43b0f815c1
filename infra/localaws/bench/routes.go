package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"auth-api/infra/function"
	"auth-api/infra/internal/named"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
	"auth-api/infra/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// routeTables are the sizes of stacks that are compared.
var routeTables = []int{2, 100, 300}

// routes measures what a stack costs by the number of its routes: resources, the program
// alone, and preview and up with the real CLI, on a local AWS in this process.
func (b *bench) routes(ctx context.Context, root, work string) (err error) {
	cli, err := findCLI(root)
	if err != nil {
		b.progress("preview and up: %s: %v", notMeasured, err)
	}
	project, err := named.Of(root)
	if err != nil {
		return err
	}
	up := map[int]*many{}
	defer func() {
		for _, m := range up {
			err = errors.Join(err, m.close())
		}
	}()
	for _, n := range routeTables {
		config, err := manyRoutes(project, n)
		if err != nil {
			return err
		}
		resources, took, err := runProgram(root, project, config, b.previews)
		if err != nil {
			return fmt.Errorf("running the program with %d routes: %w", n, err)
		}
		b.row(Row{What: fmt.Sprintf("%d routes: resources", n), Ours: exactly(float64(resources))})
		b.row(Row{What: fmt.Sprintf("%d routes: the program alone", n), Unit: "ms", Ours: took})
		b.progress("%d routes: %d resources, the program takes %s ms", n, resources, took)
		if cli == "" {
			continue
		}
		if up[n], err = deployMany(ctx, cli, root, filepath.Join(work, fmt.Sprintf("routes-%d", n)), n, config); err != nil {
			return fmt.Errorf("deploying %d routes: %w", n, err)
		}
		b.progress("%d routes: up takes %s ms", n, up[n].took)
	}
	last := Row{What: "preview of 300 routes, times that of 2", Limit: &Limit{AtMost: 1.5}}
	if cli != "" {
		previews := map[int][]time.Duration{}
		for round := range b.previews { // in turn, so that what else the machine does is the same for all
			for _, n := range routeTables {
				took, err := up[n].pulumi(ctx, "preview", "--expect-no-changes")
				if err != nil {
					return err
				}
				previews[n] = append(previews[n], took)
			}
			b.progress("previews, round %d of %d", round+1, b.previews)
		}
		for _, n := range routeTables {
			b.row(Row{What: fmt.Sprintf("%d routes: up, from nothing", n), Unit: "ms", Ours: up[n].took})
			b.row(Row{What: fmt.Sprintf("%d routes: preview without changes", n), Unit: "ms", Ours: summarize(millis(previews[n]))})
		}
		var ratios []float64
		for round, took := range previews[300] {
			ratios = append(ratios, float64(took)/float64(previews[2][round]))
		}
		last.Ours = summarize(ratios)
	}
	b.row(last)
	return nil
}

// manyRoutes is the configuration of a local stack of the project with three methods on
// each path.
func manyRoutes(project string, n int) (map[string]string, error) {
	var table []map[string]any
	for i := range n {
		table = append(table, map[string]any{
			"method": []string{"GET", "POST", "DELETE"}[i%3], "path": fmt.Sprintf("/things-%d/{id}", i/3), "function": "no-auth", "authorization": "AWS_IAM",
		})
	}
	text, err := json.Marshal(table)
	if err != nil {
		return nil, fmt.Errorf("writing %d routes: %w", n, err)
	}
	return map[string]string{"aws:region": "us-west-2", project + ":target": "local", project + ":routes": string(text)}, nil
}

// runProgram runs the program by itself, with a provider that answers at once, and
// returns how many resources it registers and how long it takes.
func runProgram(root, project string, config map[string]string, times int) (resources int, took *Summary, err error) {
	encoded, err := json.Marshal(config)
	if err != nil {
		return 0, nil, err
	}
	env := map[string]string{"PULUMI_CONFIG": string(encoded), "PULUMI_DEBUG_PROVIDERS": "aws:0"}
	built := func(_ context.Context, args function.BuildArgs) (map[string]string, error) {
		archives := map[string]string{}
		for _, name := range args.Names {
			archives[name] = name + ".zip"
		}
		return archives, nil
	}
	var each []time.Duration
	for range times {
		c := &counter{}
		program := stack.Program(func(name string) string { return env[name] }, stack.WithRoot(root), stack.WithBuilder(built))
		start := time.Now()
		if err := pulumi.RunErr(program, pulumi.WithMocks(project, "local", c), func(info *pulumi.RunInfo) { info.Config = config }); err != nil {
			return 0, nil, err
		}
		each = append(each, time.Since(start))
		resources = c.resources
	}
	return resources, summarize(millis(each)), nil
}

// counter stands in for the engine and the provider.
type counter struct {
	mu        sync.Mutex
	resources int
}

func (c *counter) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	c.resources++
	c.mu.Unlock()
	state := args.Inputs.Copy()
	state["arn"] = resource.NewStringProperty("arn:aws:made-up:::" + args.Name)
	return args.Name, state, nil
}

func (c *counter) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{
		"accountId": stack.LocalAccount, "name": "us-west-2", "endpoint": "localhost:4566", "partition": "aws", "outputs": map[string]any{},
	}), nil
}

// findCLI is the Pulumi CLI that make uses: the one on PATH with its Go language host,
// else the one in bin/.
func findCLI(root string) (string, error) {
	cli, err := exec.LookPath("pulumi")
	if _, hostErr := exec.LookPath("pulumi-language-go"); err == nil && hostErr == nil {
		return cli, nil
	}
	own := filepath.Join(root, "bin", "pulumi")
	if _, err := os.Stat(own); err != nil {
		return "", errors.New("there is no Pulumi CLI on PATH, nor one in bin/; make toolchain builds it there")
	}
	return own, nil
}

// many is a stack that is up, in a local AWS and with a state of its own.
type many struct {
	took   *Summary // of up
	pulumi func(ctx context.Context, args ...string) (time.Duration, error)
	undo   []func() error
}

func (m *many) close() error {
	var faults []error
	for i := len(m.undo) - 1; i >= 0; i-- {
		faults = append(faults, m.undo[i]())
	}
	m.undo = nil
	return errors.Join(faults...)
}

// deployMany brings a stack up with the real CLI.
func deployMany(ctx context.Context, cli, root, work string, n int, config map[string]string) (m *many, err error) {
	m = &many{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if err := os.MkdirAll(filepath.Join(work, "state"), 0o700); err != nil {
		return m, err
	}
	port, err := freePort()
	if err != nil {
		return m, err
	}
	aws, err := localaws.Start(localaws.Config{Dir: filepath.Join(work, "store"), Port: port})
	if err != nil {
		return m, err
	}
	serving, stop := context.WithCancel(ctx)
	m.undo = append(m.undo, func() error {
		stop()
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return aws.Close(grace)
	})
	providerPort, _, err := provider.New(aws).Serve(serving)
	if err != nil {
		return m, err
	}

	name := fmt.Sprintf("bench-%d-routes", n)
	file := filepath.Join(root, "Pulumi."+name+".yaml") // where the CLI looks for it
	if err := writeStack(file, config); err != nil {
		return m, err
	}
	m.undo = append(m.undo, func() error {
		return errors.Join(os.Remove(file), os.RemoveAll(filepath.Join(root, ".auth-api", "artifacts", name)))
	})
	m.pulumi = func(ctx context.Context, args ...string) (time.Duration, error) {
		cmd := exec.CommandContext(ctx, cli, append(args, "--stack", name, "--non-interactive")...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
			"PULUMI_BACKEND_URL=file://"+filepath.ToSlash(filepath.Join(work, "state")), "PULUMI_HOME="+filepath.Join(work, "pulumi"), "PULUMI_CONFIG_PASSPHRASE=",
			"PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SELF_MANAGED_STATE_NO_LEGACY_WARNING=true",
			fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=aws:%d", providerPort))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("pulumi %s: %w: %s", strings.Join(args, " "), err, out.String())
		}
		return time.Since(start), nil
	}
	// A first look compiles the program and the handlers, which has nothing to do with routes.
	for _, args := range [][]string{{"stack", "select", "--create"}, {"preview"}} {
		if _, err := m.pulumi(ctx, args...); err != nil {
			return m, err
		}
	}
	took, err := m.pulumi(ctx, "up", "--yes", "--skip-preview")
	m.took = exactly(float64(took) / float64(time.Millisecond))
	return m, err
}

// writeStack writes a stack file, which must not be there.
func writeStack(path string, config map[string]string) error {
	values := map[string]any{}
	for key, text := range config {
		values[key] = text
		if strings.HasPrefix(text, "[") {
			values[key] = json.RawMessage(text)
		}
	}
	data, err := json.Marshal(map[string]any{"config": values}) // which YAML is a superset of
	if err != nil {
		return fmt.Errorf("writing the stack file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the stack file: %w", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
