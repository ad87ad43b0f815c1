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
	page *page // nil but while the reference is written
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

// raw is a setting as the engine hands it over: a text as it is, all else as JSON.
type raw string

// object reads the fields of one mapping. Every reader returns the default where the
// field is absent, and adds a problem where it is there and wrong. What is read is
// legal; close tells of the fields that nobody read.
//
// Reading is also what documents the settings: each reader is given a sentence about the
// field, and while the reference is written (see Reference) keeps it with the field's
// kind, default and legal values.
type object struct {
	p      *problems
	key    string
	joint  string // between key and a field's name
	fields map[string]any
	read   *[]string // names of the fields that were read, in that order
}

func (p *problems) newObject(key string, fields map[string]any) object {
	return object{p: p, key: key, joint: ".", fields: fields, read: new([]string)}
}

// within takes v as a mapping, lets read have it, and refuses what read did not ask for.
func (p *problems) within(key string, v any, read func(object)) {
	fields, ok := v.(map[string]any)
	if !ok {
		o := (&problems{}).newObject(key, nil) // its names are what is legal
		read(o)
		p.add(key, "is %s: legal is a mapping of %s", show(v), joined(*o.read))
		return
	}
	o := p.newObject(key, fields)
	read(o)
	o.close()
}

// close tells of the fields that nobody read.
func (o object) close() {
	for _, name := range sortedKeys(o.fields) {
		if !slices.Contains(*o.read, name) {
			o.p.add(o.at(name), "is not a setting%s: legal are %s", meant(name, *o.read), joined(*o.read))
		}
	}
}

func (o object) at(name string) string { return o.key + o.joint + name }

func (o object) has(name string) bool { _, ok := o.fields[name]; return ok }

// field is a field's value, decoded. Asking for it makes it legal, and documents it.
func (o object) field(name, kind, legal string, otherwise any, doc string, notes []note) (any, bool) {
	if !slices.Contains(*o.read, name) {
		*o.read = append(*o.read, name)
		o.p.page.add(o.at(name), kind, legal, otherwise, doc, notes)
	}
	v, ok := o.fields[name]
	if text, undecoded := v.(raw); undecoded {
		if kind == kindText || kind == kindChoice {
			return string(text), true
		}
		return decode(string(text)), true
	}
	return v, ok
}

// emptyList tells whether the field is there, and a list of nothing.
func (o object) emptyList(name string) bool {
	v := o.fields[name]
	if text, undecoded := v.(raw); undecoded {
		v = decode(string(text))
	}
	list, ok := v.([]any)
	return ok && len(list) == 0
}

// child reads a mapping inside this one. Where it is absent read gets one without
// fields, for the defaults.
func (o object) child(name, doc string, read func(object), notes ...note) {
	v, ok := o.field(name, kindMapping, "", nil, doc, notes)
	if !ok {
		read(o.p.newObject(o.at(name), nil))
		return
	}
	o.p.within(o.at(name), v, read)
}

// each reads a list of mappings. While the reference is written, read is called once.
func (o object) each(name, of, doc string, read func(i int, element object), notes ...note) {
	v, ok := o.field(name, "list of "+of, "", nil, doc, notes)
	if o.p.page != nil {
		read(0, o.p.newObject(o.at(name)+"[]", nil))
	}
	if !ok {
		return
	}
	for i, element := range o.p.items(o.at(name), v, of) {
		o.p.within(fmt.Sprintf("%s[%d]", o.at(name), i), element, func(o object) { read(i, o) })
	}
}

// named reads a mapping of names to mappings, in order of the alphabet. While the
// reference is written, read is called once, with placeholder as the name.
func (o object) named(name, placeholder, doc string, read func(name string, element object), notes ...note) {
	v, ok := o.field(name, kindMapping+" of "+placeholder, "", nil, doc, notes)
	if o.p.page != nil {
		read(placeholder, o.p.newObject(o.at(name)+"."+placeholder, nil))
	}
	if !ok {
		return
	}
	fields, ok := v.(map[string]any)
	if !ok {
		o.p.add(o.at(name), "is %s: legal is a mapping of %s", show(v), placeholder)
		return
	}
	for _, key := range sortedKeys(fields) {
		o.p.within(o.at(name)+"."+key, fields[key], func(o object) { read(key, o) })
	}
}

// table reads a mapping of names to texts. Each pair is handed to check with its key.
func (o object) table(name, of, doc string, check func(key, name, text string), notes ...note) map[string]string {
	v, ok := o.field(name, kindMapping+" of "+of, "", nil, doc, notes)
	if !ok {
		return nil
	}
	fields, ok := v.(map[string]any)
	if !ok {
		o.p.add(o.at(name), "is %s: legal is a mapping of %s", show(v), of)
		return nil
	}
	out := map[string]string{}
	for _, entry := range sortedKeys(fields) {
		key := o.at(name) + "." + entry
		text, ok := fields[entry].(string)
		if !ok {
			o.p.add(key, "is %s: legal is a text", show(fields[entry]))
			continue
		}
		if check != nil {
			check(key, entry, text)
		}
		out[entry] = text
	}
	return out
}

// items takes v as a list.
func (p *problems) items(key string, v any, of string) []any {
	list, ok := v.([]any)
	if !ok {
		p.add(key, "is %s: legal is a list of %s", show(v), of)
	}
	return list
}

// text reads a text. legal completes "legal", such as "is a user name"; what is legal
// beyond being a text is the caller's to check.
func (o object) text(name, otherwise, legal, doc string, notes ...note) string {
	v, ok := o.field(name, kindText, legal, otherwise, doc, notes)
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
func (o object) choice(name, otherwise string, legal []string, doc string, notes ...note) string {
	v, ok := o.field(name, kindChoice, "are "+joined(legal), otherwise, doc, notes)
	if !ok {
		return otherwise
	}
	s, ok := v.(string)
	if !ok || !slices.Contains(legal, s) {
		o.wrong(name, v, "are "+joined(legal))
		return ""
	}
	return s
}

func (o object) boolean(name string, otherwise bool, doc string, notes ...note) bool {
	v, ok := o.field(name, "boolean", "are true, false", otherwise, doc, notes)
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
func (o object) integer(name string, otherwise, least, most int, doc string, notes ...note) int {
	legal := fmt.Sprintf("is a whole number from %d to %d", least, most)
	if most == math.MaxInt32 {
		legal = fmt.Sprintf("is a whole number of at least %d", least)
	}
	v, ok := o.field(name, "integer", legal, otherwise, doc, notes)
	if !ok {
		return otherwise
	}
	if n, ok := whole(v); ok && n >= least && n <= most {
		return n
	}
	o.wrong(name, v, legal)
	return 0
}

// oneOf reads a whole number that is one of the legal ones; unit is theirs, such as
// days.
func (o object) oneOf(name string, otherwise int, values []int, unit, doc string, notes ...note) int {
	legal := "are " + strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]") + " " + unit
	v, ok := o.field(name, "integer", legal, otherwise, doc, notes)
	if !ok {
		return otherwise
	}
	if n, ok := whole(v); ok && slices.Contains(values, n) {
		return n
	}
	o.wrong(name, v, legal)
	return 0
}

// number reads a number above zero.
func (o object) number(name string, otherwise float64, doc string, notes ...note) float64 {
	v, ok := o.field(name, "number", "is a number above 0", otherwise, doc, notes)
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
// twice. check may be nil.
func (o object) texts(name string, otherwise []string, of, doc string, check func(key, text string), notes ...note) []string {
	v, ok := o.field(name, "list of texts", "are "+of, otherwise, doc, notes)
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
		if check != nil {
			check(key, text)
		}
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

func joined(names []string) string { return strings.Join(names, ", ") }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
