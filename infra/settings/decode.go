package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/texttheater/golang-levenshtein/levenshtein"
)

// problems collects every fault of a stack file, so that all are told at once.
type problems struct {
	file string // Pulumi.<stack>.yaml
	list []error
}

func (p *problems) add(key, format string, args ...any) {
	p.list = append(p.list, fmt.Errorf("%s: %s %s", p.file, key, fmt.Sprintf(format, args...)))
}

func (p *problems) err() error { return errors.Join(p.list...) }

// decode reads a structured setting, which the engine hands over as JSON.
func decode(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return text // plain text where a structure belongs: the reader says so
	}
	return v
}

// show writes a value the way it stands in an error.
func show(v any) string {
	if v == nil {
		return "empty"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	text := []rune(strings.TrimSpace(b.String()))
	if len(text) > 80 {
		return string(text[:77]) + "..."
	}
	return string(text)
}

// object reads the fields of one mapping. Every reader returns the default where the
// field is absent, and adds a problem where it is there and wrong.
type object struct {
	p      *problems
	key    string
	fields map[string]any
}

// object takes v as a mapping that may have the legal fields alone.
func (p *problems) object(key string, v any, legal ...string) object {
	o := object{p: p, key: key}
	fields, ok := v.(map[string]any)
	if !ok {
		p.add(key, "is %s: legal is a mapping of %s", show(v), strings.Join(legal, ", "))
		return o
	}
	o.fields = fields
	for _, name := range sortedKeys(fields) {
		if !slices.Contains(legal, name) {
			p.add(o.at(name), "is not a setting%s: legal are %s", meant(name, legal), strings.Join(legal, ", "))
		}
	}
	return o
}

// items takes v as a list.
func (p *problems) items(key string, v any, of string) []any {
	list, ok := v.([]any)
	if !ok {
		p.add(key, "is %s: legal is a list of %s", show(v), of)
	}
	return list
}

func (o object) at(name string) string { return o.key + "." + name }

func (o object) has(name string) bool { _, ok := o.fields[name]; return ok }

// emptyList tells whether the field is there, and a list of nothing.
func (o object) emptyList(name string) bool {
	list, ok := o.fields[name].([]any)
	return ok && len(list) == 0
}

// child reads a mapping inside this one; an absent one has no fields.
func (o object) child(name string, legal ...string) object {
	v, ok := o.fields[name]
	if !ok {
		return object{p: o.p, key: o.at(name)}
	}
	return o.p.object(o.at(name), v, legal...)
}

func (o object) text(name, otherwise, legal string) string {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	s, ok := v.(string)
	if !ok {
		o.wrong(name, v, legal)
	}
	return s
}

// choice reads a text that is one of the legal ones.
func (o object) choice(name, otherwise string, legal ...string) string {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	s, ok := v.(string)
	if !ok || !slices.Contains(legal, s) {
		o.wrong(name, v, "are "+strings.Join(legal, ", "))
		return ""
	}
	return s
}

func (o object) boolean(name string, otherwise bool) bool {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	b, ok := v.(bool)
	if !ok {
		o.wrong(name, v, "are true, false")
	}
	return b
}

// integer reads a whole number from least to most, both included.
func (o object) integer(name string, otherwise, least, most int) int {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	if n, ok := whole(v); ok && n >= least && n <= most {
		return n
	}
	if most == math.MaxInt32 {
		o.wrong(name, v, fmt.Sprintf("is a whole number of at least %d", least))
	} else {
		o.wrong(name, v, fmt.Sprintf("is a whole number from %d to %d", least, most))
	}
	return 0
}

// number reads a number above zero.
func (o object) number(name string, otherwise float64) float64 {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	if n, ok := v.(json.Number); ok {
		if f, err := n.Float64(); err == nil && f > 0 {
			return f
		}
	}
	o.wrong(name, v, "is a number above 0")
	return 0
}

// texts reads a list of texts. Each is handed to check with its key; none may stand
// twice.
func (o object) texts(name string, otherwise []string, of string, check func(key, text string)) []string {
	v, ok := o.fields[name]
	if !ok {
		return otherwise
	}
	out := []string{}
	for i, element := range o.p.items(o.at(name), v, of) {
		key := fmt.Sprintf("%s[%d]", o.at(name), i)
		text, ok := element.(string)
		if !ok {
			o.p.add(key, "is %s: legal are %s", show(element), of)
			continue
		}
		if slices.Contains(out, text) {
			o.p.add(key, "is %s, which stands in the list already", show(text))
			continue
		}
		check(key, text)
		out = append(out, text)
	}
	return out
}

func (o object) wrong(name string, v any, legal string) {
	hint := ""
	if b, ok := v.(bool); ok && strings.Contains(legal, "OFF") && !b {
		hint = " (YAML reads OFF as false: write \"OFF\")"
	}
	o.p.add(o.at(name), "is %s: legal %s%s", show(v), legal, hint)
}

func whole(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64() // the engine may write 5 as 5.0 or 5e0
	if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return 0, false
	}
	return int(f), true
}

// meant suggests the legal name that an unknown one is closest to.
func meant(name string, legal []string) string {
	best, distance := "", 3
	for _, candidate := range legal {
		d := levenshtein.DistanceForStrings([]rune(strings.ToLower(name)), []rune(strings.ToLower(candidate)), levenshtein.DefaultOptionsWithSub)
		if d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
