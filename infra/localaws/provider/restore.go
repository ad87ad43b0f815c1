package provider

import (
	"fmt"
	"reflect"
	"strings"

	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Knows reports whether resources of the type can be declared, such as
// aws:iam/role:Role.
func (p *Provider) Knows(token string) bool { _, known := p.types[token]; return known }

// Takes reports whether a resource of the type can be declared with this property.
func (p *Provider) Takes(token, property string) bool {
	t, known := p.types[token]
	if !known {
		return false
	}
	its, has := t.properties()[property]
	return has && !its.computed
}

// restorer is a resourceType whose resources can be given an id that they have elsewhere.
// Those of the others get one of their own: nothing in the data plane asks for it.
type restorer interface {
	restore(p *Provider, id string, props resource.PropertyMap) error
}

// Restore declares a resource that stands elsewhere, under the id that it has there: what
// a stack's state says was deployed, to look at it here. The inputs are those of the
// state. Values that pulumi-aws filled in by itself are left out where the local AWS does
// not know the property, and so are secrets of any type but text, which a state that
// keeps its secrets does not tell.
func (p *Provider) Restore(urn resource.URN, id resource.ID, inputs resource.PropertyMap) error {
	t, err := p.typeOf(urn)
	if err != nil {
		return err
	}
	props := told(t.properties(), inputs)
	if failures := t.check(p, props); len(failures) > 0 {
		f := failures[0]
		if f.path != "" {
			f.reason = f.path + ": " + f.reason
		}
		return fmt.Errorf("restoring %s (%s): %s", urn.Name(), t.token(), f.reason)
	}
	if r, can := t.(restorer); can {
		err = r.restore(p, string(id), props)
	} else {
		_, _, err = t.create(p, urn, props)
	}
	if err != nil {
		return fmt.Errorf("restoring %s (%s): %w", urn.Name(), t.token(), err)
	}
	return nil
}

func (t *typed[T]) restore(p *Provider, id string, props resource.PropertyMap) error {
	v, err := decode[T](props)
	if err != nil {
		return err
	}
	if t.prepare != nil {
		if err := t.prepare(p, props, v); err != nil {
			return err
		}
	}
	own := t.kind.create(p, &v) // for what it sets beside the id
	return p.update(func(tx *store.Tx) error {
		// pulumi-aws gives some resources ids that are unique in part of the account alone,
		// such as a permission's in its function.
		if _, taken, err := t.kind.kind.Get(tx, id); err != nil {
			return err
		} else if taken {
			id = own
		}
		if t.derive != nil {
			t.derive(p, id, &v)
		}
		if err := t.kind.kind.Put(tx, id, v); err != nil {
			return err
		}
		return t.change(p, tx, id, nil, &v)
	})
}

// told are the properties without pulumi-aws's own defaults that s does not know, and
// without the secrets that are no text.
func told(s schema, props resource.PropertyMap) resource.PropertyMap {
	filled := map[string]bool{}
	if list := plain(props[autonamed]); list.IsArray() {
		for _, v := range list.ArrayValue() {
			if v.IsString() {
				filled[v.StringValue()] = true
			}
		}
	}
	out := resource.PropertyMap{}
	for key, v := range props {
		p, known := s[string(key)]
		switch {
		case strings.HasPrefix(string(key), "__"), !known && filled[string(key)]:
		case known && v.IsSecret() && p.kind.Kind() != reflect.String:
		case known:
			out[key] = toldValue(p.kind, v)
		default:
			out[key] = v
		}
	}
	return out
}

func toldValue(t reflect.Type, v resource.PropertyValue) resource.PropertyValue {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == archived:
	case t.Kind() == reflect.Struct && v.IsObject():
		return resource.NewObjectProperty(told(schemaOf(t), v.ObjectValue()))
	case t.Kind() == reflect.Slice && v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			list[i] = toldValue(t.Elem(), element)
		}
		return resource.NewArrayProperty(list)
	}
	return v
}
