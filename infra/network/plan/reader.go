package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/texttheater/golang-levenshtein/levenshtein"
)

// reader takes the values of a stack file, and collects their faults.
type reader struct {
	file, project string
	values        map[string]string // by name; every name has one
	faults        []error
}

func (r *reader) add(name, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s:%s %s", r.file, r.project, name, fmt.Sprintf(format, args...)))
}

// choice takes a text that is one of the legal ones.
func choice[T ~string](r *reader, name string, legal ...T) T {
	if v := T(r.values[name]); slices.Contains(legal, v) {
		return v
	}
	names := []string{}
	for _, l := range legal {
		names = append(names, string(l))
	}
	r.add(name, "is %q%s: legal are %s", r.values[name], meant(r.values[name], names), strings.Join(names, ", "))
	return ""
}

// list takes a list, which the engine hands over as JSON.
func (r *reader) list(name, legal string) ([]any, bool) {
	d := json.NewDecoder(strings.NewReader(r.values[name]))
	d.UseNumber()
	var v any
	list, ok := []any(nil), false
	if err := d.Decode(&v); err == nil && !d.More() {
		list, ok = v.([]any)
	}
	if !ok {
		r.add(name, "is %s: legal is %s", show(r.values[name]), legal)
	}
	return list, ok
}

// texts takes a list of texts, none of them twice.
func texts(r *reader, name, legal string) ([]string, bool) {
	list, ok := r.list(name, legal)
	out := []string{}
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		text, isText := v.(string)
		switch {
		case !isText:
			r.add(at, "is %s: legal is %s", show(v), legal)
			ok = false
		case slices.Contains(out, text):
			r.add(at, "is %q, which stands in the list already", text)
		default:
			out = append(out, text)
		}
	}
	return out, ok
}

// show writes a value the way it stands in an error, cut where it is long.
func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	if text := []rune(string(b)); len(text) > 80 {
		return string(text[:77]) + "..."
	}
	return string(b)
}

func whole(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64() // the engine may write 5432 as 5432.0
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
