package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Mocks returns the provider as Pulumi's mocks, so that a program can be deployed to
// the local AWS inside a test, without an engine:
//
//	pulumi.RunErr(program, pulumi.WithMocks(project, stack, p.Mocks()))
//
// Every custom resource is checked and created; nothing is compared or updated.
func (p *Provider) Mocks() pulumi.MockResourceMonitor { return mocks{p} }

type mocks struct{ p *Provider }

func (m mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if !args.Custom || strings.HasPrefix(args.TypeToken, "pulumi:") {
		return args.Name, args.Inputs, nil
	}
	urn := resource.NewURN("mocks", "mocks", "", tokens.Type(args.TypeToken), args.Name)
	checked, err := m.p.Check(context.Background(), plugin.CheckRequest{URN: urn, News: args.Inputs})
	if err != nil {
		return "", nil, err
	}
	if len(checked.Failures) > 0 {
		f := checked.Failures[0]
		if f.Property != "" {
			f.Reason = string(f.Property) + ": " + f.Reason
		}
		return "", nil, fmt.Errorf("declaring %s (%s): %s", args.Name, args.TypeToken, f.Reason)
	}
	created, err := m.p.Create(context.Background(), plugin.CreateRequest{URN: urn, Properties: checked.Properties})
	if err != nil {
		return "", nil, err
	}
	return string(created.ID), created.Properties, nil
}

func (m mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == "pulumi:pulumi:readStackOutputs" { // the engine's own; mocks keep no state
		return resource.PropertyMap{}, nil
	}
	answer, err := m.p.Invoke(context.Background(), plugin.InvokeRequest{Tok: tokens.ModuleMember(args.Token), Args: args.Args})
	return answer.Properties, err
}
