// Package stack wires the components into the program that the Pulumi engine, the tests
// and the conformance check all run, and names the outputs.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/api"
	"auth-api/infra/function"
	"auth-api/infra/identity"
	"auth-api/infra/settings"
)

// Deploy is the program as the engine runs it.
func Deploy(ctx *pulumi.Context) error {
	return Program(os.Getenv)(ctx)
}

// Option changes how a program is run; none changes what it declares.
type Option func(*program)

// WithRoot names the repository's folder. Without it, it is the nearest folder with a
// Pulumi.yaml, from the working folder upwards.
func WithRoot(folder string) Option {
	return func(p *program) { p.root = folder }
}

// WithBuilder puts another builder in the place of function.Build.
func WithBuilder(build function.Builder) Option {
	return func(p *program) { p.build = build }
}

// WithOutputs hands the stack's outputs to see as well, for whoever runs the program
// without an engine that keeps them.
func WithOutputs(see func(pulumi.Map)) Option {
	return func(p *program) { p.see = see }
}

// ForInspection lets the program of a stack on AWS be declared in a local AWS, and that of
// any stack without an engine, to look at what it declares; nothing is brought up. The
// settings stay as the stack file has them.
func ForInspection() Option {
	return func(p *program) { p.inspected = true }
}

// Program is the program over an environment, in which it reads PULUMI_CONFIG,
// PULUMI_CONFIG_SECRET_KEYS and PULUMI_DEBUG_PROVIDERS. Nothing is asked of a provider
// before the settings are found right and the provider is the one they speak of.
func Program(env func(string) string, opts ...Option) pulumi.RunFunc {
	p := &program{env: env, build: function.Build}
	for _, opt := range opts {
		opt(p)
	}
	return p.run
}

type program struct {
	env   func(string) string
	root  string
	build function.Builder
	see   func(pulumi.Map)

	inspected bool
}

func (p *program) run(ctx *pulumi.Context) error {
	root, err := p.folder()
	if err != nil {
		return err
	}
	config, secrets, err := settings.FromEnv(p.env)
	if err != nil {
		return err
	}
	s, err := settings.Parse(ctx.Project(), ctx.Stack(), config, secrets, filepath.Join(root, "functions"))
	if err != nil {
		return err
	}
	if !p.inspected {
		if err := checkAttached(s, p.env("PULUMI_DEBUG_PROVIDERS")); err != nil {
			return err
		}
	}
	where, err := findPlace(ctx, s, p.inspected)
	if err != nil {
		return err
	}
	for _, warning := range append(settings.OpenDoors(s.Routes), settings.LongRuns(s)...) {
		if err := ctx.Log.Warn("Pulumi."+s.Stack+".yaml: "+s.Project+":"+warning, nil); err != nil {
			return err
		}
	}

	previous, err := previousOutputs(ctx)
	if err != nil {
		return err
	}

	if err := boundRoles(ctx, where.account, s.Boundary); err != nil {
		return err
	}
	archives, err := buildFunctions(context.Background(), p.build, root, s)
	if err != nil {
		return err
	}

	d := &deployment{
		ctx: ctx, root: root, settings: s, where: where, previous: previous, archives: archives,
		tags: map[string]string{"project": s.Project, "stack": s.Stack},
	}
	for _, step := range []func() error{
		// What can be wrong only where the stack stands is found before anything is declared,
		// or a refusal would leave half a stack behind.
		d.keepUsers, d.planFunctions, d.planWeb, d.readMetadata, d.checkDomain,
		// Each of these may use what those before it made, and nothing of those after it.
		d.declareKey, d.declareFunctions, d.declareIdentity, d.declareAPI, d.connectIdentity, d.grantRoutes, d.declareFirewall, d.declareMonitoring, d.declareWeb,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	all, err := d.outputs()
	if err != nil {
		return err
	}
	for name, value := range all {
		ctx.Export(name, value)
	}
	if p.see != nil {
		p.see(all)
	}
	return nil
}

// deployment is one run of the program: what it was asked for, and what it has declared
// so far.
type deployment struct {
	ctx      *pulumi.Context
	root     string // the repository's folder
	settings *settings.Settings
	where    place
	previous map[string]any    // the stack's outputs as they were before this run; see previousOutputs
	archives map[string]string // function → path of its archive
	tags     map[string]string

	replaceSchemas bool                     // see keepUsers
	planned        map[string]function.Args // the functions as they will be declared
	metadata       map[string]string        // of SAML providers, by name, where it is in a file

	keyARN    *pulumi.StringOutput         // of the stack's own key; nil: there is none
	networks  map[string]*function.Network // those of other stacks, by their names
	functions map[string]*function.Function
	identity  *identity.Identity
	api       *api.API
}

// folder is the repository's folder: the program runs in its folder infra, tests in
// those of their packages.
func (p *program) folder() (string, error) {
	if p.root != "" {
		return filepath.Abs(p.root)
	}
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding Pulumi.yaml: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		_, err := os.Stat(filepath.Join(folder, "Pulumi.yaml"))
		if err == nil {
			return folder, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("finding Pulumi.yaml: %w", err)
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("finding Pulumi.yaml: neither %s nor a folder above it has one", start)
		}
	}
}
