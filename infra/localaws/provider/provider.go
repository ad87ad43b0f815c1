// Package provider is the local AWS's control plane: a Pulumi provider for the
// package aws. What a program declares through it is kept as typed values (package
// declared), which the rooms of the data plane enforce.
//
// The engine attaches to it with PULUMI_DEBUG_PROVIDERS=aws:PORT; the same provider
// answers Pulumi's mocks inside go test. A type or property that is not in its table
// (types.go) fails the deployment with its name: nothing is ignored.
package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/store"
	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Provider makes, changes and deletes the resources of a local AWS. It is safe for
// use by several engines at once.
type Provider struct {
	plugin.UnimplementedProvider

	aws   *localaws.Server
	store *store.Store
	types map[string]resourceType
	now   func() time.Time
	rand  io.Reader
	noted noted
}

// New returns the provider of this local AWS.
func New(aws *localaws.Server) *Provider {
	p := &Provider{aws: aws, store: aws.Store, types: map[string]resourceType{}, now: aws.Now, rand: rand.Reader}
	for _, t := range types() {
		p.types[t.token()] = t
	}
	p.noted.types, p.noted.stacks = map[string]bool{}, map[string]bool{}
	for _, name := range Recorded() {
		p.noted.types[name] = true
	}
	return p
}

// Serve answers the engine over gRPC on a free loopback port until ctx is done. It
// returns the port at once; done closes when the server has stopped.
func (p *Provider) Serve(ctx context.Context) (port int, done <-chan error, err error) {
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, plugin.NewProviderServer(p))
			return nil
		},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("starting the provider: %w", err)
	}
	context.AfterFunc(ctx, func() { close(cancel) })
	return handle.Port, handle.Done, nil
}

// update declares a change; once it is on disk the data plane is told.
func (p *Provider) update(write func(tx *store.Tx) error) error {
	if err := p.store.Update(write); err != nil {
		return err
	}
	p.aws.Declared()
	return nil
}

func (p *Provider) Close() error        { return nil }
func (p *Provider) Pkg() tokens.Package { return "aws" }

// Attach is called by an engine that was told of this provider instead of starting one.
func (p *Provider) Attach(string) error { return nil }

func (p *Provider) SignalCancellation(context.Context) error { return nil }

func (p *Provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version := semver.MustParse(bridged)
	return plugin.PluginInfo{Version: &version}, nil
}

// bridged is the version of pulumi-aws whose types and property names are answered.
const bridged = "6.83.2"

func (p *Provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// CheckConfig takes the provider's settings as they are: what they mean is checked
// by Configure, and credentials mean nothing here.
func (p *Provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

func (p *Provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
}

// Configure refuses a stack of another region than the one served here.
func (p *Provider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.forget()
	region := plain(req.Inputs["region"])
	if region.IsString() && region.StringValue() != p.aws.Region {
		return plugin.ConfigureResponse{}, fmt.Errorf("configuring the local AWS: aws:region is %q, and the local AWS that runs serves %q; stop it with make down and run make up again", region.StringValue(), p.aws.Region)
	}
	return plugin.ConfigureResponse{}, nil
}

// Check names what was left unnamed, as pulumi-aws does, and refuses types and
// properties that are not known, before anything is made.
func (p *Provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	p.note(req.URN)
	props := req.News.Copy()
	for name, property := range t.properties() {
		if !property.autoname {
			continue
		}
		if err := autoname(resource.PropertyKey(name), req, props); err != nil {
			return plugin.CheckResponse{}, err
		}
	}
	var failures []plugin.CheckFailure
	for _, f := range t.check(p, props) {
		failures = append(failures, plugin.CheckFailure{Property: resource.PropertyKey(f.path), Reason: f.reason})
	}
	return plugin.CheckResponse{Properties: props, Failures: failures}, nil
}

// autonamed lists, among the inputs, the properties whose names were made up, under
// the key that pulumi-aws uses for it.
const autonamed = "__defaults"

func autoname(key resource.PropertyKey, req plugin.CheckRequest, props resource.PropertyMap) error {
	if v, given := props[key]; given && !plain(v).IsNull() {
		return nil
	}
	name, kept := "", false
	if before := plain(req.Olds[autonamed]); before.IsArray() {
		for _, v := range before.ArrayValue() {
			if v.IsString() && v.StringValue() == string(key) && plain(req.Olds[key]).IsString() {
				name, kept = plain(req.Olds[key]).StringValue(), true
			}
		}
	}
	if !kept {
		switch a := req.Autonaming; {
		case a != nil && a.Mode == plugin.AutonamingModeDisabled:
			return nil
		case a != nil && a.ProposedName != "":
			name = a.ProposedName
		default:
			unique, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 7, 0, nil)
			if err != nil {
				return fmt.Errorf("naming %s: %w", req.URN.Name(), err)
			}
			name = unique
		}
	}
	props[key] = resource.NewStringProperty(name)
	defaults := []resource.PropertyValue{resource.NewStringProperty(string(key))}
	if before := props[autonamed]; before.IsArray() {
		defaults = append(before.ArrayValue(), defaults...)
	}
	props[autonamed] = resource.NewArrayProperty(defaults)
	return nil
}

// Diff tells an update from a replacement, property by property.
func (p *Provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	if err := p.confirm(req.URN, req.ID); err != nil {
		return plugin.DiffResponse{}, err
	}
	if o, can := t.(owned); can {
		if err := o.own(p, string(req.ID), req.URN); err != nil {
			return plugin.DiffResponse{}, err
		}
	}
	standing, found, err := t.stand(p, string(req.ID), req.OldInputs)
	if err != nil {
		return plugin.DiffResponse{}, fmt.Errorf("comparing %s: %w", req.ID, err)
	}
	next := req.NewInputs.Copy()
	for _, ignored := range req.IgnoreChanges {
		key := resource.PropertyKey(topKey(ignored))
		if v, ok := req.OldInputs[key]; ok {
			next[key] = v
		} else {
			delete(next, key)
		}
	}
	return diff(t.properties(), req.OldInputs, next, req.OldOutputs, standing, found), nil
}

func (p *Provider) Create(_ context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if req.Preview {
		return plugin.CreateResponse{Properties: t.preview(req.Properties), Status: resource.StatusOK}, nil
	}
	id, state, err := t.create(p, req.URN, req.Properties)
	if err != nil {
		return plugin.CreateResponse{Status: resource.StatusUnknown}, fmt.Errorf("creating %s: %w", req.URN.Name(), err)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state, Status: resource.StatusOK}, nil
}

// Read answers how the resource stands, with an empty id when it is gone.
func (p *Provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if err := p.confirm(req.URN, req.ID); err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(req.Inputs) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("reading %s: importing resources is not something that the local AWS does", req.ID)
	}
	_, found, err := t.stand(p, string(req.ID), req.Inputs)
	if err != nil {
		return plugin.ReadResponse{}, fmt.Errorf("reading %s: %w", req.ID, err)
	}
	if !found {
		return plugin.ReadResponse{Status: resource.StatusOK}, nil
	}
	inputs, err := t.standingInputs(p, string(req.ID), req.Inputs, req.State)
	if err != nil {
		return plugin.ReadResponse{}, fmt.Errorf("reading %s: %w", req.ID, err)
	}
	state, _, err := t.stand(p, string(req.ID), inputs)
	if err != nil {
		return plugin.ReadResponse{}, fmt.Errorf("reading %s: %w", req.ID, err)
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: req.ID, Inputs: inputs, Outputs: state}, Status: resource.StatusOK}, nil
}

func (p *Provider) Update(_ context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if err := p.confirm(req.URN, req.ID); err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		state := t.preview(req.NewInputs)
		for key, v := range req.OldOutputs { // computed properties seldom change with an update
			if property, known := t.properties()[string(key)]; known && (property.computed || property.optional) {
				if now, ok := state[key]; ok && now.IsComputed() {
					state[key] = v
				}
			}
		}
		for _, key := range t.unsettledBy(req.OldInputs, req.NewInputs) {
			state[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
		return plugin.UpdateResponse{Properties: state, Status: resource.StatusOK}, nil
	}
	state, err := t.update(p, string(req.ID), req.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{Status: resource.StatusUnknown}, fmt.Errorf("updating %s: %w", req.URN.Name(), err)
	}
	return plugin.UpdateResponse{Properties: state, Status: resource.StatusOK}, nil
}

func (p *Provider) Delete(_ context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	t, err := p.typeOf(req.URN)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	if err := p.confirm(req.URN, req.ID); err != nil {
		return plugin.DeleteResponse{}, err
	}
	if err := t.remove(p, string(req.ID)); err != nil {
		return plugin.DeleteResponse{Status: resource.StatusUnknown}, fmt.Errorf("deleting %s: %w", req.URN.Name(), err)
	}
	return plugin.DeleteResponse{Status: resource.StatusOK}, nil
}

// Invoke answers the provider functions that a program may ask.
func (p *Provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	var answer map[string]any
	switch string(req.Tok) {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		answer = map[string]any{"accountId": p.aws.Account, "arn": "arn:aws:iam::" + p.aws.Account + ":root", "userId": p.aws.Account, "id": p.aws.Account}
	case "aws:index/getRegion:getRegion":
		// AWS answers EC2's address in the region; the local AWS answers its own.
		answer = map[string]any{"name": p.aws.Region, "id": p.aws.Region, "description": "local AWS", "endpoint": strings.TrimPrefix(p.aws.URL(), "http://")}
	case "aws:index/getPartition:getPartition":
		answer = map[string]any{"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
	default:
		return plugin.InvokeResponse{}, fmt.Errorf("calling %s: the local AWS does not know this function; it knows getCallerIdentity, getRegion and getPartition", req.Tok)
	}
	return plugin.InvokeResponse{Properties: resource.NewPropertyMapFromMap(answer)}, nil
}

func (p *Provider) typeOf(urn resource.URN) (resourceType, error) {
	token := string(urn.Type())
	if t, ok := p.types[token]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("declaring %s: the local AWS does not know the resource type %s; it knows %s", urn.Name(), token, strings.Join(slices.Sorted(maps.Keys(p.types)), ", "))
}
