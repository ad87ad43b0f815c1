package awstest

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/client"
	"auth-api/infra/function"
	"auth-api/infra/internal/named"
	"auth-api/infra/localaws"
	"auth-api/infra/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"
)

// ReadArticle is Article for a program that is no test; root is the repository.
func ReadArticle(root string) (Settings, error) {
	text, err := named.Read(filepath.Join(root, "Pulumi.local.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the article's stack: %w", err)
	}
	var doc struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("reading the article's stack: %w", err)
	}
	settings := Settings{}
	for key, value := range doc.Config {
		if name, own := strings.CutPrefix(key, project+":"); own {
			settings[name] = value
		}
	}
	return settings, nil
}

// Up brings a stack with these settings up in a running local AWS, with the handlers
// of the repository in root, and returns its outputs. It is what Deploy does, for a
// program that is no test.
func Up(aws *localaws.Server, root string, settings Settings) (client.Outputs, error) {
	return newEngine(aws).up(aws, root, settings)
}

// up is Up through an engine; it also decodes the outputs into all.
func up(e *engine, aws *localaws.Server, root string, settings Settings, all *map[string]any) (client.Outputs, error) {
	config := map[string]string{"aws:region": aws.Region, project + ":target": "local"}
	for key, value := range settings {
		text, isText := value.(string)
		if !isText {
			data, err := json.Marshal(value)
			if err != nil {
				return client.Outputs{}, fmt.Errorf("writing the setting %s: %w", key, err)
			}
			text = string(data)
		}
		config[project+":"+key] = text
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		return client.Outputs{}, fmt.Errorf("writing the settings: %w", err)
	}
	env := map[string]string{"PULUMI_CONFIG": string(encoded), "PULUMI_DEBUG_PROVIDERS": "aws:0"}
	var made pulumi.Map
	program := stack.Program(func(name string) string { return env[name] },
		stack.WithRoot(root), stack.WithBuilder(build), stack.WithOutputs(func(m pulumi.Map) { made = m }))
	var outputs client.Outputs
	err = declare(e, config, func(ctx *pulumi.Context) (pulumi.Map, error) {
		err := program(ctx)
		return made, err
	}, &outputs, all)
	return outputs, err
}

var (
	building sync.Mutex
	built    = map[string]string{} // folder of the function → archive
)

// build builds each function once a process.
func build(ctx context.Context, args function.BuildArgs) (map[string]string, error) {
	building.Lock()
	defer building.Unlock()
	at := func(name string) string { return filepath.Join(args.Root, "functions", name) }
	want := args.Names
	args.Out = filepath.Join(args.Root, ".auth-api", "artifacts", "test")
	args.Names = slices.DeleteFunc(slices.Clone(want), func(name string) bool { return built[at(name)] != "" })
	made, err := function.Build(ctx, args)
	if err != nil {
		return nil, err
	}
	for name, archive := range made {
		built[at(name)] = archive
	}
	archives := map[string]string{}
	for _, name := range want {
		archives[name] = built[at(name)]
	}
	return archives, nil
}
