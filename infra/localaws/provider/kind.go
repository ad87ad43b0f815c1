package provider

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// resourceType is what the provider does with resources of one type.
type resourceType interface {
	token() string
	properties() schema
	check(p *Provider, props resource.PropertyMap) []failure
	create(p *Provider, urn resource.URN, props resource.PropertyMap) (id string, state resource.PropertyMap, err error)
	preview(props resource.PropertyMap) resource.PropertyMap
	// unsettledBy names the computed properties that an update may change, and so its
	// preview does not know.
	unsettledBy(before, after resource.PropertyMap) []resource.PropertyKey
	// stand reads the resource as it is now, or found = false.
	stand(p *Provider, id string, inputs resource.PropertyMap) (state resource.PropertyMap, found bool, err error)
	// standingInputs are the given inputs, but for what somebody else changed.
	standingInputs(p *Provider, id string, given, remembered resource.PropertyMap) (resource.PropertyMap, error)
	update(p *Provider, id string, props resource.PropertyMap) (state resource.PropertyMap, err error)
	remove(p *Provider, id string) error
}

// kind ties a Pulumi type to a declared.Kind and says what making one means. Every
// function may be nil.
type kind[T any] struct {
	name string // Pulumi's type token
	kind declared.Kind[T]

	sealed string // the property that the room keeps sealed, apart from the rest

	// verify refuses what the data plane cannot enforce, as early as the preview.
	verify func(p *Provider, v T) error
	// create returns the new resource's id and sets what AWS gives once and for all.
	create func(p *Provider, v *T) string
	// derive sets what AWS works out from the id and the other properties.
	derive func(p *Provider, id string, v *T)
	// prepare does what must be done before the resource is declared.
	prepare func(p *Provider, props resource.PropertyMap, v T) error
	// changed runs inside the transaction that declares the change: before is nil for
	// a new resource, after for a deleted one. Its error undoes the change.
	changed func(p *Provider, tx *store.Tx, id string, before, after *T) error
	// unsettled names the computed properties that an update may change: a preview shows
	// them as unknown, and all others as they were.
	unsettled func(before, after resource.PropertyMap) []resource.PropertyKey
	// present tells whether what was declared still stands in the data plane, and
	// brings v up to how it stands there.
	present func(p *Provider, tx *store.Tx, v *T) (bool, error)
}

// typed adapts kind to resourceType, whose method names it would clash with.
type typed[T any] struct {
	kind[T]
	schema schema
}

func describe[T any](k kind[T]) resourceType {
	return &typed[T]{kind: k, schema: schemaOf(reflect.TypeFor[T]())}
}

func (t *typed[T]) token() string      { return t.name }
func (t *typed[T]) properties() schema { return t.schema }

func (t *typed[T]) check(p *Provider, props resource.PropertyMap) []failure {
	failures := t.schema.check(props)
	if len(failures) > 0 || t.verify == nil || props.ContainsUnknowns() {
		return failures
	}
	v, err := decode[T](props)
	if err == nil {
		err = t.verify(p, v)
	}
	if err != nil {
		return []failure{{"", err.Error()}}
	}
	return nil
}

func (t *typed[T]) create(p *Provider, urn resource.URN, props resource.PropertyMap) (string, resource.PropertyMap, error) {
	v, err := decode[T](props)
	if err != nil {
		return "", nil, err
	}
	if t.verify != nil {
		if err := t.verify(p, v); err != nil {
			return "", nil, err
		}
	}
	hash, err := inputsHash(props)
	if err != nil {
		return "", nil, err
	}
	if t.prepare != nil {
		if err := t.prepare(p, props, v); err != nil {
			return "", nil, err
		}
	}
	id := t.kind.create(p, &v)
	if t.derive != nil {
		t.derive(p, id, &v)
	}
	err = p.update(func(tx *store.Tx) error {
		if asked, found, err := unconfirmed.Get(tx, string(urn)); err != nil {
			return err
		} else if found && asked.Inputs == hash {
			if made, stands, err := t.kind.kind.Get(tx, asked.ID); err != nil || stands {
				id, v = asked.ID, made
				return err
			}
		}
		held, taken, err := t.kind.kind.Get(tx, id)
		if err == nil && taken && t.present != nil {
			taken, err = t.present(p, tx, &held) // what was taken away otherwise is free
		}
		if err != nil || taken {
			if err == nil {
				err = fmt.Errorf("%s exists already; it is declared by another stack or resource", id)
			}
			return err
		}
		if err := t.kind.kind.Put(tx, id, v); err != nil {
			return err
		}
		if err := t.change(p, tx, id, nil, &v); err != nil {
			return err
		}
		if err := declared.Own(tx, string(t.kind.kind), id, owner(urn)); err != nil {
			return err
		}
		return unconfirmed.Put(tx, string(urn), creation{ID: id, Inputs: hash})
	})
	if err != nil {
		return "", nil, err
	}
	state, err := outputs(t.schema, props, v)
	return id, state, err
}

func (t *typed[T]) change(p *Provider, tx *store.Tx, id string, before, after *T) error {
	if t.changed == nil {
		return nil
	}
	if err := t.changed(p, tx, id, before, after); err != nil {
		return err
	}
	if after == nil {
		return nil
	}
	// The data plane may have given the resource more, such as a user's sub.
	return t.kind.kind.Put(tx, id, *after)
}

func (t *typed[T]) unsettledBy(before, after resource.PropertyMap) []resource.PropertyKey {
	if t.unsettled == nil {
		return nil
	}
	return t.unsettled(before, after)
}

func (t *typed[T]) preview(props resource.PropertyMap) resource.PropertyMap {
	state := props.Copy()
	for name, p := range t.schema {
		if _, given := state[resource.PropertyKey(name)]; p.computed || p.optional && !given {
			state[resource.PropertyKey(name)] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
	return state
}

func (t *typed[T]) stand(p *Provider, id string, inputs resource.PropertyMap) (state resource.PropertyMap, found bool, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		v, ok, err := t.kind.kind.Get(tx, id)
		if err != nil || !ok {
			return err
		}
		if t.present != nil {
			if ok, err = t.present(p, tx, &v); err != nil || !ok {
				return err
			}
		}
		if t.derive != nil {
			t.derive(p, id, &v)
		}
		state, err = outputs(t.schema, inputs, v)
		found = true
		return err
	})
	return state, found, err
}

func (t *typed[T]) update(p *Provider, id string, props resource.PropertyMap) (resource.PropertyMap, error) {
	next, err := decode[T](props)
	if err != nil {
		return nil, err
	}
	if t.verify != nil {
		if err := t.verify(p, next); err != nil {
			return nil, err
		}
	}
	if t.prepare != nil {
		if err := t.prepare(p, props, next); err != nil {
			return nil, err
		}
	}
	err = p.update(func(tx *store.Tx) error {
		previous, found, err := t.kind.kind.Get(tx, id)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%s does not exist in the local AWS; pulumi refresh takes it out of the stack's state", id)
		}
		inherit(t.schema, previous, &next, props)
		if t.derive != nil {
			t.derive(p, id, &next)
		}
		if err := t.kind.kind.Put(tx, id, next); err != nil {
			return err
		}
		return t.change(p, tx, id, &previous, &next)
	})
	if err != nil {
		return nil, err
	}
	return outputs(t.schema, props, next)
}

func (t *typed[T]) remove(p *Provider, id string) error {
	return p.update(func(tx *store.Tx) error {
		v, found, err := t.kind.kind.Get(tx, id)
		if err != nil || !found { // deleting twice is no error, as a teardown may be resumed
			return err
		}
		if err := t.kind.kind.Delete(tx, id); err != nil {
			return err
		}
		if err := declared.Disown(tx, string(t.kind.kind), id); err != nil {
			return err
		}
		return t.change(p, tx, id, &v, nil)
	})
}

// diff says what changing the inputs from old to next does, given the state that
// the engine remembers and how the resource stands.
func diff(s schema, old, next, remembered, standing resource.PropertyMap, found bool) plugin.DiffResult {
	if !found { // the local AWS has lost it, or never had it: make it anew
		// What is left of it goes first: the new one may have the same id.
		return plugin.DiffResult{Changes: plugin.DiffSome, ReplaceKeys: []resource.PropertyKey{"id"}, ChangedKeys: []resource.PropertyKey{"id"}, DeleteBeforeReplace: true}
	}
	detailed := map[string]plugin.PropertyDiff{}
	if d := old.Diff(next, func(key resource.PropertyKey) bool { return len(key) > 1 && key[:2] == "__" }); d != nil {
		detailed = plugin.NewDetailedDiffFromObjectDiff(d, true)
	}
	result := plugin.DiffResult{Changes: plugin.DiffNone}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		k := resource.PropertyKey(key)
		switch p := s[key]; {
		case !same(old[k], next[k]):
			result.ChangedKeys = append(result.ChangedKeys, k)
			if p.replace {
				result.ReplaceKeys = append(result.ReplaceKeys, k)
			}
		case p.computed && key != modified && !same(remembered[k], standing[k]):
			// Such as a stage's address after the local AWS moved to another port.
			result.ChangedKeys = append(result.ChangedKeys, k)
			detailed[key] = plugin.PropertyDiff{Kind: plugin.DiffUpdate}
		}
	}
	for path, change := range detailed {
		if slices.Contains(result.ReplaceKeys, resource.PropertyKey(topKey(path))) {
			change.Kind = change.Kind.AsReplace()
			detailed[path] = change
		}
	}
	if len(result.ChangedKeys) > 0 {
		result.Changes, result.DetailedDiff = plugin.DiffSome, detailed
	}
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && named(s, next)
	return result
}

// named tells whether the program itself names the resource. As with pulumi-aws, the
// old one then goes before the new one comes, as both cannot have the name.
func named(s schema, inputs resource.PropertyMap) bool {
	var made []string
	if defaults := plain(inputs[autonamed]); defaults.IsArray() {
		for _, key := range defaults.ArrayValue() {
			if key.IsString() {
				made = append(made, key.StringValue())
			}
		}
	}
	for key, p := range s {
		if p.autoname && inputs.HasValue(resource.PropertyKey(key)) && !slices.Contains(made, key) {
			return true
		}
	}
	return false
}

// modified is the property that tells when somebody changed something: users change
// themselves, and join groups, which no deployment undoes.
const modified = "lastModifiedDate"

func same(a, b resource.PropertyValue) bool {
	a, b = plain(a), plain(b)
	if a.ContainsUnknowns() || b.ContainsUnknowns() {
		return false
	}
	return a.DeepEquals(b) || a.IsNull() && b.IsNull()
}

func topKey(path string) string {
	p, err := resource.ParsePropertyPath(path)
	if err != nil || len(p) == 0 {
		return path
	}
	key, _ := p[0].(string)
	return key
}
