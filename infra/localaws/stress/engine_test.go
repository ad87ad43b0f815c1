package stress

import (
	"context"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// engine plays the Pulumi engine towards a provider, over the wire.
type engine struct {
	conn   *grpc.ClientConn
	client pulumirpc.ResourceProviderClient
}

// attach is what PULUMI_DEBUG_PROVIDERS makes the engine do.
func attach(t testing.TB, port int) *engine {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &engine{conn, pulumirpc.NewResourceProviderClient(conn)}
}

// made is a resource as the engine's state has it.
type made struct {
	urn             resource.URN
	id              string
	inputs, outputs resource.PropertyMap
}

// out is an output of text.
func (m made) out(name string) string {
	v := m.outputs[resource.PropertyKey(name)]
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v.StringValue()
}

var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

func marshal(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, options)
}

// check is what comes before every change.
func (e *engine) check(ctx context.Context, urn resource.URN, olds resource.PropertyMap, props map[string]any) (resource.PropertyMap, error) {
	old, err := marshal(olds)
	if err != nil {
		return nil, err
	}
	news, err := marshal(resource.NewPropertyMapFromMap(props))
	if err != nil {
		return nil, err
	}
	got, err := e.client.Check(ctx, &pulumirpc.CheckRequest{Urn: string(urn), Olds: old, News: news, RandomSeed: []byte(urn.Name())})
	if err != nil {
		return nil, err
	}
	for _, f := range got.Failures {
		return nil, fmt.Errorf("%s: %s: %s", urn.Name(), f.Property, f.Reason)
	}
	return plugin.UnmarshalProperties(got.Inputs, options)
}

func (e *engine) create(ctx context.Context, token, name string, props map[string]any) (made, error) {
	m := made{urn: resource.NewURN("stress", "auth-api", "", tokens.Type(token), name)}
	var err error
	if m.inputs, err = e.check(ctx, m.urn, nil, props); err != nil {
		return m, err
	}
	inputs, err := marshal(m.inputs)
	if err != nil {
		return m, err
	}
	got, err := e.client.Create(ctx, &pulumirpc.CreateRequest{Urn: string(m.urn), Properties: inputs})
	if err != nil {
		return m, err
	}
	m.id = got.Id
	m.outputs, err = plugin.UnmarshalProperties(got.Properties, options)
	return m, err
}

// update asks for the difference first, as the engine does, and returns the resource
// as it is afterwards.
func (e *engine) update(ctx context.Context, m made, props map[string]any) (made, error) {
	next := m
	var err error
	if next.inputs, err = e.check(ctx, m.urn, m.inputs, props); err != nil {
		return m, err
	}
	inputs, outputs, news, err := m.marshal(next.inputs)
	if err != nil {
		return m, err
	}
	if _, err := e.client.Diff(ctx, &pulumirpc.DiffRequest{Id: m.id, Urn: string(m.urn), Olds: outputs, News: news, OldInputs: inputs}); err != nil {
		return m, err
	}
	got, err := e.client.Update(ctx, &pulumirpc.UpdateRequest{Id: m.id, Urn: string(m.urn), Olds: outputs, News: news, OldInputs: inputs})
	if err != nil {
		return m, err
	}
	next.outputs, err = plugin.UnmarshalProperties(got.Properties, options)
	return next, err
}

func (m made) marshal(next resource.PropertyMap) (inputs, outputs, news *structpb.Struct, err error) {
	if inputs, err = marshal(m.inputs); err != nil {
		return nil, nil, nil, err
	}
	if outputs, err = marshal(m.outputs); err != nil {
		return nil, nil, nil, err
	}
	news, err = marshal(next)
	return inputs, outputs, news, err
}

func (e *engine) delete(ctx context.Context, m made) error {
	inputs, outputs, _, err := m.marshal(nil)
	if err != nil {
		return err
	}
	_, err = e.client.Delete(ctx, &pulumirpc.DeleteRequest{Id: m.id, Urn: string(m.urn), Properties: outputs, OldInputs: inputs})
	return err
}
