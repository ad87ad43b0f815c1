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
	"runtime"

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
	if err := checkAttached(s, p.env("PULUMI_DEBUG_PROVIDERS")); err != nil {
		return err
	}
	where, err := findPlace(ctx, s)
	if err != nil {
		return err
	}
	for _, door := range settings.OpenDoors(s.Routes) {
		if err := ctx.Log.Warn("Pulumi."+s.Stack+".yaml: "+s.Project+":"+door, nil); err != nil {
			return err
		}
	}

	host := hostOf(s.Target)
	archives, err := p.build(context.Background(), function.BuildArgs{
		Root: root, Out: filepath.Join(root, ".auth-api", "artifacts", s.Stack),
		GOOS: host.goos, GOARCH: host.goarch, Names: s.FunctionNames(),
	})
	if err != nil {
		return err
	}

	tags := map[string]string{"project": s.Project, "stack": s.Stack}
	id, err := identity.New(ctx, "identity", identity.Args{
		Name:         s.Name(),
		Settings:     s.Identity,
		DomainPrefix: where.domainPrefix(s),
		DemoPassword: s.DemoPassword,
		Account:      where.account,
		Tags:         tags,
	})
	if err != nil {
		return err
	}
	if s.Identity.DemoUser != "" && s.DemoPassword == "" {
		hint := fmt.Sprintf("%s is not made, as it has no password: pulumi config set --secret demoPassword --stack %s", s.Identity.DemoUser, s.Stack)
		if err := ctx.Log.Info(hint, nil); err != nil {
			return err
		}
	}

	functions, names := map[string]*function.Function{}, map[string]string{}
	for _, name := range s.FunctionNames() {
		f := s.Functions[name]
		names[name] = s.Name(name)
		functions[name], err = function.New(ctx, name, function.Args{
			FunctionName:     s.Name(name),
			RoleName:         s.Name(settings.FunctionRole(name)),
			Description:      "functions/" + name,
			Archive:          archives[name],
			Architecture:     host.architecture,
			Memory:           f.Memory,
			Timeout:          f.Timeout,
			LogRetentionDays: f.LogRetentionDays,
			Account:          where.account,
			Tags:             tags,
		})
		if err != nil {
			return err
		}
	}

	roles := map[settings.Caller]pulumi.StringOutput{settings.Authenticated: id.AuthenticatedRole}
	if id.GuestRole != nil {
		roles[settings.Guest] = *id.GuestRole
	}
	rest, err := api.New(ctx, "api", api.Args{
		Name:          s.Name(),
		StageName:     s.StageName,
		Routes:        s.Routes,
		UsagePlan:     s.UsagePlan,
		Logging:       s.Logging,
		Functions:     functions,
		FunctionNames: names,
		Roles:         roles,
		UserPoolARN:   id.UserPoolARN,
		Account:       where.account,
		Tags:          tags,
	})
	if err != nil {
		return err
	}
	all := outputs(s, where, id, rest)
	for name, value := range all {
		ctx.Export(name, value)
	}
	if p.see != nil {
		p.see(all)
	}
	return nil
}

// outputs are what the stack tells: the same names on AWS and on the local AWS.
func outputs(s *settings.Settings, where place, id *identity.Identity, rest *api.API) pulumi.Map {
	region := where.account.Region
	all := pulumi.Map{
		"apiUrl":           rest.URL,
		"apiKey":           rest.Key,
		"region":           pulumi.String(region),
		"userPoolId":       id.UserPoolID,
		"userPoolClientId": id.UserPoolClientID,
		"identityPoolId":   id.IdentityPoolID,
		"issuer":           pulumi.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", region, id.UserPoolID),
		"hostedUiUrl":      pulumi.Sprintf("https://%s.auth.%s.amazoncognito.com", id.DomainPrefix, region),
		"webUrl":           pulumi.String(s.Identity.CallbackURLs[0]),
	}
	if s.Target == settings.Local {
		all["hostedUiUrl"] = pulumi.Sprintf("http://%s/auth/%s", where.endpoint, id.DomainPrefix)
		all["awsEndpoint"] = pulumi.String("http://" + where.endpoint)
	}
	if s.DemoPassword != "" {
		all["demoUser"] = pulumi.String(s.Identity.DemoUser)
		// For the tools that sign in as the demo user; nobody else need know it.
		all["demoPassword"] = pulumi.ToSecret(pulumi.String(s.DemoPassword))
	}
	routes := pulumi.Map{} // by name, so that a preview shows a new route as one line more
	for _, r := range s.Routes {
		route := pulumi.Map{
			"method": pulumi.String(r.Method), "path": pulumi.String(r.Path),
			"authorization": pulumi.String(r.Authorization), "apiKeyRequired": pulumi.Bool(r.APIKeyRequired),
		}
		if len(r.Callers) > 0 {
			callers := pulumi.StringArray{}
			for _, caller := range r.Callers {
				callers = append(callers, pulumi.String(caller))
			}
			route["callers"] = callers
		}
		if len(r.Scopes) > 0 {
			route["scopes"] = pulumi.ToStringArray(r.Scopes)
		}
		routes[r.Method+" "+r.Path] = route
	}
	all["routes"] = routes
	return all
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

// host is what runs the functions.
type host struct {
	goos, goarch string
	architecture string // Lambda's name for goarch
}

func hostOf(target settings.Target) host {
	h := host{goos: "linux", goarch: "arm64"}
	if target == settings.Local {
		h = host{goos: runtime.GOOS, goarch: runtime.GOARCH}
	}
	h.architecture = map[string]string{"amd64": "x86_64"}[h.goarch]
	if h.architecture == "" {
		h.architecture = h.goarch
	}
	return h
}
