package awstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/client"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
)

// Redeploy brings the stack up once more, with other settings or the same, as a second
// `up` would, and returns what was made or changed, as "TYPE NAME" in order. It fails
// the test when that fails.
func (s *Stack) Redeploy(settings Settings) (changed []string) {
	s.t.Helper()
	changed, err := s.TryRedeploy(settings)
	if err != nil {
		s.t.Fatalf("deploying again: %v", err)
	}
	return changed
}

// TryRedeploy is Redeploy for settings that may be refused.
func (s *Stack) TryRedeploy(settings Settings) (changed []string, err error) {
	s.t.Helper()
	s.engine.changed = nil
	outputs, err := s.engine.up(s.AWS, root(s.t), settings)
	if err != nil {
		return nil, err
	}
	s.Outputs = outputs
	slices.Sort(s.engine.changed)
	return s.engine.changed, nil
}

// engine deploys one program again and again, as Pulumi's engine does: it makes what is
// new and updates what differs. What is no longer declared it leaves, and what would
// have to be replaced it refuses, but for an API's deployments.
type engine struct {
	pulumi.MockResourceMonitor // the provider's, for what it is asked

	provider *provider.Provider
	mu       sync.Mutex
	made     map[resource.URN]standing
	outputs  map[string]any // of the last deployment
	changed  []string
}

// standing is a resource as it was left.
type standing struct {
	id            resource.ID
	inputs, state resource.PropertyMap
}

func newEngine(aws *localaws.Server) *engine {
	p := provider.New(aws)
	return &engine{MockResourceMonitor: p.Mocks(), provider: p, made: map[resource.URN]standing{}}
}

// up is Up, once more.
func (e *engine) up(aws *localaws.Server, root string, settings Settings) (client.Outputs, error) {
	var all map[string]any
	outputs, err := up(e, aws, root, settings, &all)
	if err == nil {
		e.outputs = all
	}
	return outputs, err
}

func (e *engine) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == "pulumi:pulumi:readStackOutputs" {
		return resource.NewPropertyMapFromMap(map[string]any{"outputs": e.outputs}), nil
	}
	return e.MockResourceMonitor.Call(args)
}

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if !args.Custom || strings.HasPrefix(args.TypeToken, "pulumi:") {
		return args.Name, args.Inputs, nil
	}
	urn := resource.NewURN("mocks", "mocks", "", tokens.Type(args.TypeToken), args.Name)
	e.mu.Lock()
	was, again := e.made[urn]
	e.mu.Unlock()
	now, changed, err := e.bring(urn, was, again, args.Inputs)
	if err != nil {
		return "", nil, fmt.Errorf("declaring %s (%s): %w", args.Name, args.TypeToken, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made[urn] = now
	if changed {
		e.changed = append(e.changed, args.TypeToken[strings.LastIndex(args.TypeToken, ":")+1:]+" "+args.Name)
	}
	return string(now.id), now.state, nil
}

func (e *engine) bring(urn resource.URN, was standing, again bool, inputs resource.PropertyMap) (now standing, changed bool, err error) {
	ctx := context.Background()
	checked, err := e.provider.Check(ctx, plugin.CheckRequest{URN: urn, Olds: was.inputs, News: inputs})
	if err != nil {
		return standing{}, false, err
	}
	if len(checked.Failures) > 0 {
		f := checked.Failures[0]
		if f.Property != "" {
			f.Reason = string(f.Property) + ": " + f.Reason
		}
		return standing{}, false, errors.New(f.Reason)
	}
	if !again {
		created, err := e.provider.Create(ctx, plugin.CreateRequest{URN: urn, Properties: checked.Properties})
		return standing{created.ID, checked.Properties, created.Properties}, true, err
	}
	differs, err := e.provider.Diff(ctx, plugin.DiffRequest{URN: urn, ID: was.id, OldInputs: was.inputs, OldOutputs: was.state, NewInputs: checked.Properties})
	switch {
	case err != nil:
		return standing{}, false, err
	case len(differs.ReplaceKeys) > 0 && urn.Type() == "aws:apigateway/deployment:Deployment": // each is a snapshot, and another document another one
		created, err := e.provider.Create(ctx, plugin.CreateRequest{URN: urn, Properties: checked.Properties})
		return standing{created.ID, checked.Properties, created.Properties}, true, err
	case len(differs.ReplaceKeys) > 0:
		return standing{}, false, fmt.Errorf("%v would replace it, which this fixture does not do", differs.ReplaceKeys)
	case differs.Changes == plugin.DiffNone:
		return standing{was.id, checked.Properties, was.state}, false, nil
	}
	updated, err := e.provider.Update(ctx, plugin.UpdateRequest{URN: urn, ID: was.id, OldInputs: was.inputs, OldOutputs: was.state, NewInputs: checked.Properties})
	return standing{was.id, checked.Properties, updated.Properties}, true, err
}
