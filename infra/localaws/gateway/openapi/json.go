package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// The OpenAPI document is read by a decoder of our own and not by an OpenAPI
// library: what matters here is to refuse by name and place whatever the gateway
// does not honour, inside the extensions of API Gateway above all, and the
// libraries keep extensions as untyped values and pass over what they do not know.

// maxDepth bounds the nesting of a document; hostile ones nest without end.
const maxDepth = 64

// problems gathers what is wrong with a document, so that all of it is told at once.
type problems struct{ list []string }

func (p *problems) add(where, format string, args ...any) {
	if where == "" {
		where = "the document"
	}
	p.list = append(p.list, where+": "+fmt.Sprintf(format, args...))
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return fmt.Errorf("errors found during import:\n\t%s", strings.Join(p.list, "\n\t"))
}

// value is a JSON value with its place in the document: one of map[string]value,
// []value, string, json.Number, bool and nil. A value the document does not have is
// the zero value, whose missing is true.
type value struct {
	where    string
	data     any
	present  bool
	problems *problems
}

// parseJSON reads the document as a tree. Keys given twice are refused: which one
// wins differs between readers, and a policy hidden behind a second key is no policy.
func parseJSON(text string, p *problems) (value, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := parseValue(d, "", 0, p)
	if err != nil {
		return value{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return value{}, errors.New("reading the document: there is something after its closing brace")
	}
	return v, nil
}

func parseValue(d *json.Decoder, where string, depth int, p *problems) (value, error) {
	if depth > maxDepth {
		return value{}, fmt.Errorf("reading the document: %s: nested more than %d deep", where, maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return value{}, fmt.Errorf("reading the document: it is not JSON: %w", err)
	}
	v := value{where: where, present: true, problems: p}
	switch token {
	case json.Delim('{'):
		fields := map[string]value{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return value{}, fmt.Errorf("reading the document: it is not JSON: %w", err)
			}
			key := k.(string) // the decoder gives strings alone as keys
			place := join(where, key)
			field, err := parseValue(d, place, depth+1, p)
			if err != nil {
				return value{}, err
			}
			if _, twice := fields[key]; twice {
				p.add(place, "is given twice")
			}
			fields[key] = field
		}
		v.data = fields
	case json.Delim('['):
		items := []value{}
		for d.More() {
			item, err := parseValue(d, fmt.Sprintf("%s[%d]", where, len(items)), depth+1, p)
			if err != nil {
				return value{}, err
			}
			items = append(items, item)
		}
		v.data = items
	default:
		v.data = token
		return v, nil
	}
	if _, err := d.Token(); err != nil {
		return value{}, fmt.Errorf("reading the document: it is not JSON: %w", err)
	}
	return v, nil
}

func join(where, key string) string {
	if where == "" {
		return key
	}
	return where + "." + key
}

// fields returns the object's keys in order, and says so when the value is no object.
func (v value) fields() []string {
	m, ok := v.data.(map[string]value)
	if !ok {
		if v.present {
			v.problems.add(v.where, "must be an object")
		}
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

// get returns the field under key; it is the caller's to have checked the object with only.
func (v value) get(key string) value {
	m, _ := v.data.(map[string]value)
	if f, ok := m[key]; ok {
		return f
	}
	return value{where: join(v.where, key), problems: v.problems}
}

// only refuses every key of the object but these.
func (v value) only(keys ...string) {
	for _, k := range v.fields() {
		if !slices.Contains(keys, k) {
			slices.Sort(keys)
			v.problems.add(join(v.where, k), "is not supported here; supported are %s", strings.Join(keys, ", "))
		}
	}
}

func (v value) str() string {
	s, ok := v.data.(string)
	if !ok && v.present {
		v.problems.add(v.where, "must be a string")
	}
	return s
}

// required is str for a value that must be there.
func (v value) required() string {
	if !v.present {
		v.problems.add(v.where, "is required")
	}
	return v.str()
}

// oneOf returns the string when it is one of those, compared without regard to case
// as API Gateway does, in the spelling given here.
func (v value) oneOf(legal ...string) string {
	s := v.str()
	for _, l := range legal {
		if strings.EqualFold(s, l) {
			return l
		}
	}
	if v.present {
		if _, ok := v.data.(string); ok {
			v.problems.add(v.where, "is %q, supported are %s", s, strings.Join(legal, ", "))
		}
	}
	return ""
}

func (v value) boolean() bool {
	b, ok := v.data.(bool)
	if !ok && v.present {
		v.problems.add(v.where, "must be true or false")
	}
	return b
}

// integer returns a whole number within the bounds, or otherwise when the value is missing.
func (v value) integer(otherwise, least, most int) int {
	if !v.present {
		return otherwise
	}
	n, ok := v.data.(json.Number)
	f, err := n.Float64()
	if !ok || err != nil || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		v.problems.add(v.where, "must be a whole number from %d to %d", least, most)
		return otherwise
	}
	return int(f)
}

func (v value) items() []value {
	list, ok := v.data.([]value)
	if !ok && v.present {
		v.problems.add(v.where, "must be a list")
	}
	return list
}

func (v value) strings() []string {
	var list []string
	for _, item := range v.items() {
		list = append(list, item.str())
	}
	return list
}

// plain returns the value without places, as encoding/json would have read it.
func (v value) plain() any {
	switch d := v.data.(type) {
	case map[string]value:
		m := make(map[string]any, len(d))
		for k, f := range d {
			m[k] = f.plain()
		}
		return m
	case []value:
		l := make([]any, len(d))
		for i, f := range d {
			l[i] = f.plain()
		}
		return l
	}
	return v.data
}
