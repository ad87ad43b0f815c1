package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// ErrNotDeployed says that a state has no REST API in it.
var ErrNotDeployed = errors.New("the stack is not deployed")

// Deployed returns who may call what in a stack by its state, as pulumi stack export
// writes it, with its secrets encrypted or not. It returns ErrNotDeployed when no REST
// API is deployed.
//
// The state says what Pulumi did. What somebody else changed since is seen after a
// refresh.
func Deployed(export []byte, from string) (out []access.Table, err error) {
	err = deployed(export, func(m Moment) error { out, err = tables(m, from); return err })
	if err != nil && !errors.Is(err, ErrNotDeployed) {
		return nil, fmt.Errorf("working out who may call what by the stack's state: %w", err)
	}
	return out, err
}

// state is what of a stack's state matters here.
type state struct {
	Deployment struct {
		Resources []stateResource `json:"resources"`
	} `json:"deployment"`
}

type stateResource struct {
	URN      resource.URN   `json:"urn"`
	Custom   bool           `json:"custom"`
	Delete   bool           `json:"delete"`             // replaced, and still to be deleted
	Pending  bool           `json:"pendingReplacement"` // deleted, and still to be made anew
	External bool           `json:"external"`           // looked up, not made
	ID       resource.ID    `json:"id"`
	Type     string         `json:"type"`
	Inputs   map[string]any `json:"inputs"`
	Outputs  map[string]any `json:"outputs"`
}

// served finds API and stage in an address of API Gateway, or of the local AWS.
var served = regexp.MustCompile(`^(?:https://([a-z0-9]+)\.execute-api\.[^/]+|http://[^/]+/execute-api/([a-z0-9]+))/([A-Za-z0-9_]+)$`)

// execution is the ARN of an API, which tells account and region.
var execution = regexp.MustCompile(`"executionArn": ?"arn:aws[a-z-]*:execute-api:([a-z0-9-]+):(\d{12}):`)

// deployed declares a state's resources in a local AWS, and lets it be used.
func deployed(export []byte, use func(Moment) error) (err error) {
	found := execution.FindSubmatch(export)
	if found == nil {
		return ErrNotDeployed
	}
	region, account := string(found[1]), found[2]
	m := Moment{Account: string(account)}
	// The local AWS has an account of its own; other accounts stay what they are.
	export = regexp.MustCompile(`\b`+string(account)+`\b`).ReplaceAllLiteral(export, []byte(localaws.Account))
	var s state
	decoder := json.NewDecoder(bytes.NewReader(export))
	if err := decoder.Decode(&s); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	aws, end, err := momentary(region)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	dir, err := os.MkdirTemp("", "auth-api-functions-")
	if err != nil {
		return fmt.Errorf("making a folder for the functions' code: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left of it harms nobody
	code := filepath.Join(dir, "empty.zip")
	if err := writeEmpty(code); err != nil {
		return fmt.Errorf("writing an empty archive: %w", err)
	}
	p, left := provider.New(aws), leftOut{}
	waiting, pending := 0, 0
	for _, r := range s.Deployment.Resources { // each after what it depends on
		if address, _ := r.Outputs["apiUrl"].(string); r.Type == "pulumi:pulumi:Stack" {
			if found := served.FindStringSubmatch(address); found != nil {
				m.Stage = found[1] + found[2] + "/" + found[3]
			}
		}
		switch {
		case !r.Custom || len(r.Type) < 4 || r.Type[:4] != "aws:":
			continue
		case r.Delete:
			waiting++
			continue
		case r.Pending:
			pending++
			continue
		case r.External:
			continue
		case m.person(r.Type, func(key string) any { return r.Inputs[key] }), left.leaves(p, r.Type):
			continue
		}
		inputs := resource.PropertyMap{}
		for key, v := range r.Inputs {
			if inputs[resource.PropertyKey(key)], err = property(v, code); err != nil {
				return fmt.Errorf("reading %s: %s: %w", r.URN.Name(), key, err)
			}
		}
		left.secrets(r.URN.Name(), r.Type, inputs)
		if err := p.Restore(r.URN, r.ID, onlyVersion(r.Type, considered(p, r.Type, left.unbounded(r.Type, inputs)))); err != nil {
			return err
		}
	}
	m.AWS, m.Notes = aws, left.notes()
	if waiting > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("not considered: %d replaced resources that Pulumi has still to delete", waiting))
	}
	if pending > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("not considered: %d deleted resources that Pulumi has still to make anew", pending))
	}
	return use(m)
}

// onlyVersion are the inputs of an alias, or of a permission, where every function has one
// version alone, the one that is declared now: what was published before is not in the
// state, and has no say in who may call.
func onlyVersion(token string, inputs resource.PropertyMap) resource.PropertyMap {
	inputs = inputs.Copy()
	switch token {
	case "aws:lambda/alias:Alias":
		inputs["functionVersion"] = resource.NewStringProperty("$LATEST")
		delete(inputs, "routingConfig")
	case "aws:lambda/permission:Permission":
		if q := inputs["qualifier"]; q.IsString() && strings.Trim(q.StringValue(), "0123456789") == "" {
			delete(inputs, "qualifier")
		}
	}
	return inputs
}

// property reads a value of the state, in which values that JSON does not have are
// objects with a signature.
func property(v any, code string) (resource.PropertyValue, error) {
	null := resource.NewNullProperty()
	switch v := v.(type) {
	case []any:
		list := make([]resource.PropertyValue, len(v))
		for i, element := range v {
			var err error
			if list[i], err = property(element, code); err != nil {
				return null, err
			}
		}
		return resource.NewArrayProperty(list), nil
	case map[string]any:
		switch v[sig.Key] {
		case nil:
		case sig.Secret:
			return resource.MakeSecret(resource.NewStringProperty(unknown)), nil
		case sig.ArchiveSig:
			empty, err := archive.FromPath(code)
			if err != nil {
				return null, fmt.Errorf("reading the empty archive: %w", err)
			}
			return resource.NewArchiveProperty(empty), nil
		case sig.OutputValue:
			return property(v["value"], code)
		default:
			return null, fmt.Errorf("a value of the kind %v is not known; known are secrets, archives and outputs", v[sig.Key])
		}
		object := resource.PropertyMap{}
		for key, element := range v {
			var err error
			if object[resource.PropertyKey(key)], err = property(element, code); err != nil {
				return null, err
			}
		}
		return resource.NewObjectProperty(object), nil
	}
	return resource.NewPropertyValue(v), nil
}
