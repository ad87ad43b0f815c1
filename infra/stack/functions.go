package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/function"
	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

func (d *deployment) planFunctions() error {
	d.planned = map[string]function.Args{}
	for _, name := range d.settings.FunctionNames() {
		args, err := d.functionArgs(name)
		if err != nil {
			return fmt.Errorf("function %s: %w", name, err)
		}
		d.planned[name] = args
	}
	return nil
}

func (d *deployment) declareFunctions() error {
	d.functions = map[string]*function.Function{}
	for _, name := range d.settings.FunctionNames() {
		args := d.planned[name]
		args.KeyARN = d.key()
		made, err := function.New(d.ctx, name, args)
		if err != nil {
			return err
		}
		d.functions[name] = made
	}
	return nil
}

func (d *deployment) functionArgs(name string) (function.Args, error) {
	s, f := d.settings, d.settings.Functions[name]
	args := function.Args{
		FunctionName:        s.Name(name),
		RoleName:            s.Name(settings.FunctionRole(name)),
		Description:         "functions/" + name,
		Archive:             d.archives[name],
		Architecture:        hostOf(s.Target, f.Architecture).architecture,
		Memory:              f.Memory,
		Timeout:             f.Timeout,
		LogRetentionDays:    f.LogRetentionDays,
		Tracing:             s.Tracing,
		Account:             d.where.account,
		Tags:                d.tags,
		ReservedConcurrency: f.ReservedConcurrency,
		Grants:              grantsOf(s, d.where.account, name),
	}
	err := checkGrants(s, d.where.account, name)
	if err != nil {
		return args, err
	}
	if args.Environment, err = environmentOf(s, d.where.account, name); err != nil {
		return args, err
	}
	if args.Network, err = d.network(f.VPC); err != nil {
		return args, err
	}
	args.Release, err = d.releaseOf(name)
	return args, err
}

// functionName is what a function is called by: its name in AWS, with the alias if it
// has versions.
func functionName(s *settings.Settings, name string) string {
	if s.Canary.Has(name) {
		return s.Name(name) + ":" + function.Alias
	}
	return s.Name(name)
}

// maxEnvironment is how much Lambda takes, in bytes of JSON.
const maxEnvironment = 4096

// environmentOf is a function's environment: what the stack file says, the ARN of each
// function that it may invoke, which pages of other origins it answers, and where what the
// web client is told stands.
func environmentOf(s *settings.Settings, account iamdoc.Account, name string) (map[string]string, error) {
	f := s.Functions[name]
	environment := maps.Clone(f.Environment)
	for _, g := range f.Grants {
		if g.Invoke == "" {
			continue
		}
		if environment == nil {
			environment = map[string]string{}
		}
		environment[settings.Variable(g.Invoke)] = account.Function(functionName(s, g.Invoke))
	}
	variables := corsVariables(s, name)
	if name == s.Web.Function {
		if variables == nil {
			variables = map[string]string{}
		}
		variables[settings.WebVariable] = s.WebParameter()
	}
	for variable, value := range variables {
		if environment == nil {
			environment = map[string]string{}
		}
		environment[variable] = value
	}
	text, err := json.Marshal(environment)
	if err == nil && len(text) > maxEnvironment {
		err = fmt.Errorf("its environment has %d bytes, as JSON, with the ARNs of the functions that it may invoke: Lambda allows %d", len(text), maxEnvironment)
	}
	return environment, err
}

// network is where a function stands. That of another stack is read from its outputs,
// which must be there: deploy it first.
func (d *deployment) network(vpc *settings.VPC) (*function.Network, error) {
	if vpc == nil {
		return nil, nil
	}
	if vpc.Network == "" {
		return &function.Network{SubnetIDs: vpc.SubnetIDs, SecurityGroupIDs: vpc.SecurityGroupIDs}, nil
	}
	if found := d.networks[vpc.Network]; found != nil {
		return found, nil
	}
	reference, err := pulumi.NewStackReference(d.ctx, vpc.Network, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the network's stack: %w", err)
	}
	value := func(output string) (any, error) {
		details, err := reference.GetOutputDetails(output)
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading the outputs of the network's stack %s: %w", vpc.Network, err)
		case details.Value == nil:
			return nil, fmt.Errorf("the network's stack %s has no output %s in the open: bring it up first (infra/network), or name subnetIds and securityGroupIds", vpc.Network, output)
		}
		return details.Value, nil
	}
	subnets, err := value("subnetIds")
	if err != nil {
		return nil, err
	}
	group, err := value("securityGroupId")
	if err != nil {
		return nil, err
	}
	found := &function.Network{}
	list, ok := subnets.([]any)
	for _, element := range list {
		id, isText := element.(string)
		ok = ok && isText
		found.SubnetIDs = append(found.SubnetIDs, id)
	}
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("the output subnetIds of the network's stack %s is %v: legal is a list of ids", vpc.Network, subnets)
	}
	id, ok := group.(string)
	if !ok {
		return nil, fmt.Errorf("the output securityGroupId of the network's stack %s is %v: legal is an id", vpc.Network, group)
	}
	found.SecurityGroupIDs = []string{id}
	if d.networks == nil {
		d.networks = map[string]*function.Network{}
	}
	d.networks[vpc.Network] = found
	return found, nil
}

// host is what runs the functions.
type host struct {
	goos, goarch string
	architecture string // Lambda's name for goarch
}

// hostOf is what runs a function of an architecture: AWS, or this host.
func hostOf(target settings.Target, architecture string) host {
	switch {
	case target == settings.Local && runtime.GOARCH == "amd64":
		return host{runtime.GOOS, runtime.GOARCH, "x86_64"}
	case target == settings.Local:
		return host{runtime.GOOS, runtime.GOARCH, runtime.GOARCH}
	case architecture == "x86_64":
		return host{"linux", "amd64", architecture}
	}
	return host{"linux", "arm64", "arm64"}
}

// buildFunctions builds the archives of all functions, each for what runs it.
func buildFunctions(ctx context.Context, build function.Builder, root string, s *settings.Settings) (map[string]string, error) {
	hosts := map[host][]string{}
	for _, name := range s.FunctionNames() {
		h := hostOf(s.Target, s.Functions[name].Architecture)
		hosts[h] = append(hosts[h], name)
	}
	archives := map[string]string{}
	var faults []error
	for h, names := range hosts {
		made, err := build(ctx, function.BuildArgs{
			Root: root, Out: filepath.Join(root, ".auth-api", "artifacts", s.Stack, h.architecture),
			GOOS: h.goos, GOARCH: h.goarch, Names: names,
		})
		if err != nil {
			faults = append(faults, err)
		}
		maps.Copy(archives, made)
	}
	return archives, errors.Join(faults...)
}
