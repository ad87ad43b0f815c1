package provider

import (
	"encoding/json"
	"fmt"
	"reflect"

	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// standingInputs are the inputs that would have made the resource as it stands: those that
// the engine has, but for what somebody else changed since. A refresh compares inputs, so
// that it sees no change that does not come back as one. What is not given, and AWS
// chooses, is compared with what the engine remembers of it.
func (t *typed[T]) standingInputs(p *Provider, id string, given, remembered resource.PropertyMap) (resource.PropertyMap, error) {
	var stands T
	err := p.store.View(func(tx *store.Tx) (err error) {
		stands, _, err = t.kind.kind.Get(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	legible := given.Copy()
	for name, property := range t.schema {
		if property.kind == archived { // of what was deployed the engine knows the hash alone
			delete(legible, resource.PropertyKey(name))
		}
	}
	made, err := decode[T](legible)
	if err != nil {
		return nil, err
	}
	want, err := object(made)
	if err != nil {
		return nil, err
	}
	have, err := object(stands)
	if err != nil {
		return nil, err
	}
	out := given.Copy()
	for name, property := range t.schema {
		k := resource.PropertyKey(name)
		value, is := have[name]
		switch chosen := property.optional && !given.HasValue(k); {
		case property.computed || property.kind == archived || name == t.kind.sealed: // a changed function shows in its hash
		case chosen && (!remembered.HasValue(k) || same(remembered[k], resource.NewPropertyValue(value))):
		case !chosen && reflect.DeepEqual(want[name], value):
		case !is:
			delete(out, k)
		case given[k].ContainsSecrets():
			out[k] = resource.MakeSecret(resource.NewPropertyValue(value))
		default:
			out[k] = resource.NewPropertyValue(value)
		}
	}
	return out, nil
}

// object is a value as the object of JSON that it is kept as.
func object(v any) (out map[string]any, err error) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is declared: %w", err)
	}
	return out, nil
}
