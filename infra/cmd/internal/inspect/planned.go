package inspect

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"auth-api/infra/function"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/provider"
	"auth-api/infra/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"
)

// Planned returns who may call what once the program of the checkout in root is deployed
// with the stack file Pulumi.NAME.yaml, for callers at an address (see access.Of).
func Planned(root, name, from string) (out []access.Table, err error) {
	err = planned(root, name, func(m Moment) error { out, err = tables(m, from); return err })
	if err != nil {
		return nil, fmt.Errorf("working out who could call stack %s: %w", name, err)
	}
	return out, nil
}

// planned declares what the program would in a local AWS, and lets it be used.
func planned(root, name string, use func(Moment) error) (err error) {
	c, err := readConfig(root, name)
	if err != nil {
		return err
	}
	aws, end, err := momentary(c.values["aws:region"])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	left, m := leftOut{}, Moment{AWS: aws, Account: localaws.Account}
	if err := c.declare(aws, root, name, left, &m); err != nil {
		return err
	}
	m.Notes = left.notes()
	return use(m)
}

// declare runs the program against the local AWS.
func (c config) declare(aws *localaws.Server, root, name string, left leftOut, m *Moment) error {
	values, err := json.Marshal(c.values)
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	secrets, err := json.Marshal(c.secrets)
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	env := map[string]string{"PULUMI_CONFIG": string(values), "PULUMI_CONFIG_SECRET_KEYS": string(secrets)}
	dir, err := os.MkdirTemp("", "auth-api-functions-")
	if err != nil {
		return fmt.Errorf("making a folder for the functions' code: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left of it harms nobody
	program := stack.Program(func(name string) string { return env[name] }, stack.WithRoot(root), stack.ForInspection(), stack.WithBuilder(empty(dir)))
	p := provider.New(aws)
	return pulumi.RunErr(program, pulumi.WithMocks(c.project, name, monitor{p.Mocks(), p, left, m, &sync.Mutex{}}), func(info *pulumi.RunInfo) { info.Config = c.values })
}

// empty is a builder that compiles nothing: no function is invoked.
func empty(dir string) function.Builder {
	return func(_ context.Context, args function.BuildArgs) (map[string]string, error) {
		file := filepath.Join(dir, "empty.zip")
		if err := writeEmpty(file); err != nil {
			return nil, fmt.Errorf("writing an empty archive: %w", err)
		}
		archives := map[string]string{}
		for _, name := range args.Names {
			archives[name] = file
		}
		return archives, nil
	}
}

func writeEmpty(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(f)
	_, err = archive.Create("bootstrap")
	return errors.Join(err, archive.Close(), f.Close())
}

// monitor declares what the program registers, and leaves out what decides nothing.
type monitor struct {
	pulumi.MockResourceMonitor
	provider *provider.Provider
	left     leftOut
	moment   *Moment
	mu       *sync.Mutex // of left and moment: the program registers several resources at once
}

func (m monitor) leaves(token string, inputs resource.PropertyMap) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moment.person(token, func(key string) any { return inputs[resource.PropertyKey(key)].Mappable() }) || m.left.leaves(m.provider, token)
}

func (m monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		// The network's stack, of which nobody need be asked: where a function stands does
		// not decide who may call it.
		state := args.Inputs.Copy()
		state["outputs"] = resource.NewPropertyValue(map[string]any{"subnetIds": []any{"subnet-00000000000000000"}, "securityGroupId": "sg-00000000000000000"})
		return args.Name, state, nil
	}
	if !args.Custom || !m.leaves(args.TypeToken, args.Inputs) {
		m.mu.Lock()
		bare := m.left.unbounded(args.TypeToken, args.Inputs)
		m.mu.Unlock()
		args.Inputs = considered(m.provider, args.TypeToken, bare)
		return m.MockResourceMonitor.NewResource(args)
	}
	state := args.Inputs.Copy()
	state["arn"] = resource.NewStringProperty("arn:aws:" + args.TypeToken + "::" + localaws.Account + ":" + args.Name)
	return args.Name, state, nil
}

// config is a stack's, as the engine hands it to the program.
type config struct {
	project string
	values  map[string]string
	secrets []string
}

// unknown stands for the secrets of the stack file, which are not needed and stay
// encrypted. It is long, and of every kind of character.
const unknown = "Unknown-Secret-0123456789-Unknown-Secret"

func readConfig(root, name string) (config, error) {
	var project struct {
		Name   string         `yaml:"name"`
		Config map[string]any `yaml:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi.yaml"), &project); err != nil {
		return config{}, err
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi."+name+".yaml"), &file); err != nil {
		return config{}, err
	}
	out := config{project: project.Name, values: map[string]string{}}
	for key, v := range project.Config {
		declared, isMap := v.(map[string]any)
		if value, has := declared["default"]; isMap && has {
			if err := out.set(project.Name+":"+key, value); err != nil {
				return config{}, err
			}
		}
	}
	for key, v := range file.Config {
		plain, secret := decrypted(v)
		if secret {
			out.secrets = append(out.secrets, key)
		}
		if err := out.set(key, plain); err != nil {
			return config{}, err
		}
	}
	return out, nil
}

func readYAML(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the stack's settings: %w", err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(file), err)
	}
	return nil
}

// set keeps a value as the engine does: texts as they are, all else as JSON.
func (c *config) set(key string, v any) error {
	if text, isText := v.(string); isText {
		c.values[key] = text
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("reading the setting %s: %w", key, err)
	}
	c.values[key] = string(data)
	return nil
}

// decrypted puts a text in the place of each encrypted value, {secure: CIPHERTEXT}.
func decrypted(v any) (plain any, secret bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, encrypted := v["secure"].(string); encrypted && len(v) == 1 {
			return unknown, true
		}
		out := map[string]any{}
		for key, element := range v {
			value, is := decrypted(element)
			out[key], secret = value, secret || is
		}
		return out, secret
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			value, is := decrypted(element)
			out[i], secret = value, secret || is
		}
		return out, secret
	}
	return v, false
}
