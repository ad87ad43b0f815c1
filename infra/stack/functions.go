package stack

import (
	"runtime"

	"auth-api/infra/function"
	"auth-api/infra/settings"
)

func (d *deployment) declareFunctions() error {
	s := d.settings
	d.functions = map[string]*function.Function{}
	for _, name := range s.FunctionNames() {
		f := s.Functions[name]
		made, err := function.New(d.ctx, name, function.Args{
			FunctionName:     s.Name(name),
			RoleName:         s.Name(settings.FunctionRole(name)),
			Description:      "functions/" + name,
			Archive:          d.archives[name],
			Architecture:     hostOf(s.Target).architecture,
			Memory:           f.Memory,
			Timeout:          f.Timeout,
			LogRetentionDays: f.LogRetentionDays,
			Tracing:          s.Tracing,
			KeyARN:           d.key(),
			Account:          d.where.account,
			Tags:             d.tags,
		})
		if err != nil {
			return err
		}
		d.functions[name] = made
	}
	return nil
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
