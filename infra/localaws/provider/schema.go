package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// property is what the provider knows of one property of a resource type, read
// from the json and aws tags of the struct that describes it (see package declared).
type property struct {
	index    int
	kind     reflect.Type
	required bool
	replace  bool
	computed bool
	optional bool // AWS gives it when it is left out
	autoname bool
}

type schema map[string]property

// archived is the type of a property that is an archive in the program and a hash
// in the store.
var archived = reflect.TypeFor[codeProperty]()

// schemaOf reads the tags of struct type t. A tag that is not known is a mistake in
// a room's declaration, found by the first test that builds the table of types.
func schemaOf(t reflect.Type) schema {
	s := schema{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := property{index: i, kind: f.Type}
		for _, word := range strings.FieldsFunc(f.Tag.Get("aws"), func(r rune) bool { return r == ',' }) {
			switch word {
			case "required":
				p.required = true
			case "replace":
				p.replace = true
			case "computed":
				p.computed = true
			case "default":
				p.optional = true
			case "autoname":
				p.autoname = true
			case "secret": // the SDK marks these; here it documents the struct
			default:
				panic(fmt.Sprintf("%s.%s: the aws tag says %q, which is not one of its words", t, f.Name, word))
			}
		}
		s[name] = p
	}
	return s
}

// inputs returns the properties that a program may set.
func (s schema) inputs() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !s[name].computed {
			names = append(names, name)
		}
	}
	return names
}

// failure is a property that cannot be as it is, by its path.
type failure struct{ path, reason string }

// check holds the properties of a resource against its schema: names, types and
// what is required. Values that are not yet known pass.
func (s schema) check(props resource.PropertyMap) []failure {
	failures := checkNames(s, "", props)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if p := s[name]; p.required {
			if v, given := props[resource.PropertyKey(name)]; !given || v.IsNull() {
				failures = append(failures, failure{name, "it is required"})
			}
		}
	}
	return failures
}

func checkNames(s schema, path string, props resource.PropertyMap) []failure {
	var failures []failure
	for _, key := range props.StableKeys() {
		if strings.HasPrefix(string(key), "__") {
			continue
		}
		at := join(path, string(key))
		p, known := s[string(key)]
		switch {
		case !known || p.computed:
			failures = append(failures, failure{at, "the local AWS does not know this property; it knows " + strings.Join(s.inputs(), ", ")})
		default:
			failures = append(failures, checkValue(p.kind, at, props[key])...)
		}
	}
	return failures
}

func checkValue(t reflect.Type, path string, v resource.PropertyValue) []failure {
	v = plain(v)
	if v.IsNull() || v.IsComputed() {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wrong := func(want string) []failure {
		return []failure{{path, fmt.Sprintf("it must be %s and is %s", want, v.TypeString())}}
	}
	switch {
	case t == archived:
		if !v.IsArchive() {
			return wrong("an archive")
		}
	case t.Kind() == reflect.Struct:
		if !v.IsObject() {
			return wrong("an object")
		}
		return checkNames(schemaOf(t), path, v.ObjectValue())
	case t.Kind() == reflect.Slice:
		if !v.IsArray() {
			return wrong("a list")
		}
		var failures []failure
		for i, element := range v.ArrayValue() {
			failures = append(failures, checkValue(t.Elem(), fmt.Sprintf("%s[%d]", path, i), element)...)
		}
		return failures
	case t.Kind() == reflect.Map:
		if !v.IsObject() {
			return wrong("an object")
		}
		var failures []failure
		for key, element := range v.ObjectValue() {
			failures = append(failures, checkValue(t.Elem(), join(path, string(key)), element)...)
		}
		return failures
	case t.Kind() == reflect.String && !v.IsString():
		return wrong("a string")
	case t.Kind() == reflect.Bool && !v.IsBool():
		return wrong("a boolean")
	case (t.Kind() == reflect.Int || t.Kind() == reflect.Float64) && !v.IsNumber():
		return wrong("a number")
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// plain takes secrets and outputs off a value.
func plain(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput():
			if !v.OutputValue().Known {
				return resource.MakeComputed(resource.NewStringProperty(""))
			}
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

// decode turns properties that have passed check, all of them known, into a value.
func decode[T any](props resource.PropertyMap) (T, error) {
	var value T
	object, err := jsonObject(props)
	if err != nil {
		return value, err
	}
	data, err := json.Marshal(object)
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal(data, &value)
}

func jsonObject(props resource.PropertyMap) (map[string]any, error) {
	object := map[string]any{}
	for key, v := range props {
		if strings.HasPrefix(string(key), "__") {
			continue
		}
		x, err := jsonValue(string(key), v)
		if err != nil {
			return nil, err
		}
		if x != nil {
			object[string(key)] = x
		}
	}
	return object, nil
}

func jsonValue(path string, v resource.PropertyValue) (any, error) {
	v = plain(v)
	switch {
	case v.IsNull():
		return nil, nil
	case v.IsString():
		return v.StringValue(), nil
	case v.IsBool():
		return v.BoolValue(), nil
	case v.IsNumber():
		return v.NumberValue(), nil
	case v.IsArray():
		list := make([]any, 0, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			x, err := jsonValue(fmt.Sprintf("%s[%d]", path, i), element)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	case v.IsObject():
		return jsonObject(v.ObjectValue())
	case v.IsArchive():
		return readArchive(v.ArchiveValue())
	}
	return nil, fmt.Errorf("%s: a value of type %s cannot be declared", path, v.TypeString())
}

// outputs are the inputs as they were given and what AWS adds to them: the computed
// properties of value, and those that it gives when they are left out.
func outputs[T any](s schema, inputs resource.PropertyMap, value T) (resource.PropertyMap, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	state := resource.PropertyMap{}
	for key, v := range inputs {
		if !strings.HasPrefix(string(key), "__") {
			state[key] = v
		}
	}
	for name, p := range s {
		if _, given := state[resource.PropertyKey(name)]; given || !p.computed && !p.optional {
			continue
		}
		if x, ok := object[name]; ok {
			state[resource.PropertyKey(name)] = resource.NewPropertyValue(x)
		}
	}
	return state, nil
}

// inherit gives next what AWS keeps over an update: the computed properties of
// previous, and those that the program leaves to AWS.
func inherit[T any](s schema, previous T, next *T, given resource.PropertyMap) {
	from, to := reflect.ValueOf(previous), reflect.ValueOf(next).Elem()
	for name, p := range s {
		_, set := given[resource.PropertyKey(name)]
		if p.computed || p.optional && !set {
			to.Field(p.index).Set(from.Field(p.index))
		}
	}
}
