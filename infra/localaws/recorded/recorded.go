// Package recorded describes the resources that the local AWS records and does not
// enforce: alarms, dashboards, keys, topics, firewalls, budgets, names. They are taken
// when AWS would take them, kept, and listed under kinds that begin with "recorded.",
// so that no list shows them beside what is enforced without saying so.
//
// A type is a struct with the tags of package declared and a third tag, rule, that says
// what its values must be; a method check adds what tags cannot say:
//
//	need           it must be given; of nested objects, whose tag aws nobody reads
//	one=A|B        it is one of these
//	range=1..9     a number from 1 to 9
//	length=1..255  so many characters, or items
//	form=arn       it has this form; see forms
//
// Rules of a list that are no length hold for each of its items.
package recorded

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Prefix is what the kinds of recorded resources begin with.
const Prefix = "recorded."

// checked is a type with rules that tags cannot say. The error names the property.
type checked interface{ check() error }

// Check refuses a resource, one of this package's structs, that AWS would refuse, or of
// which something is not recorded. The error names the property, its value and what is
// legal; no type of this package has secrets.
func Check(resource any) error { return checkStruct("", reflect.ValueOf(resource)) }

func checkStruct(path string, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if path != "" {
			name = path + "." + name
		}
		if err := checkValue(name, v.Field(i), parseRules(field)); err != nil {
			return err
		}
	}
	if c, ok := v.Interface().(checked); ok {
		if err := c.check(); err != nil {
			if path != "" {
				return fmt.Errorf("%s.%w", path, err)
			}
			return err
		}
	}
	return nil
}

// rule is one of a property's rules: its name, and what follows the equals sign.
type rule struct{ name, of string }

// parseRules reads the tag rule. One that is not known is a mistake in this package,
// found by the first test that checks the type.
func parseRules(field reflect.StructField) []rule {
	var rules []rule
	for word := range strings.SplitSeq(field.Tag.Get("rule"), ";") {
		if word == "" {
			continue
		}
		name, of, _ := strings.Cut(word, "=")
		if !slices.Contains([]string{"need", "one", "range", "length", "form"}, name) || name == "form" && forms[of].is == nil {
			panic(fmt.Sprintf("%s: the rule %q is none", field.Name, word))
		}
		rules = append(rules, rule{name, of})
	}
	return rules
}

func checkValue(path string, v reflect.Value, rules []rule) error {
	needed := slices.Contains(rules, rule{name: "need"})
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			if needed {
				return fmt.Errorf("%s is required", path)
			}
			return nil
		}
		v, needed = v.Elem(), false // given, be it zero
	}
	switch v.Kind() {
	case reflect.Struct:
		return checkStruct(path, v)
	case reflect.Slice:
		if needed && v.Len() == 0 {
			return fmt.Errorf("%s is required", path)
		}
		var each []rule
		for _, r := range rules {
			if r.name != "length" {
				each = append(each, r)
			} else if least, most := bounds(r.of); v.Len() > 0 && (float64(v.Len()) < least || float64(v.Len()) > most) {
				return fmt.Errorf("%s has %d items; legal are %s", path, v.Len(), r.of)
			}
		}
		for i := range v.Len() {
			if err := checkValue(fmt.Sprintf("%s[%d]", path, i), v.Index(i), each); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map, reflect.Bool:
		return nil
	}
	if v.IsZero() { // left out, as of a pointer we saw that above
		if needed {
			return fmt.Errorf("%s is required", path)
		}
		if v.Kind() == reflect.String {
			return nil
		}
	}
	for _, r := range rules {
		if err := r.hold(path, v); err != nil {
			return err
		}
	}
	return nil
}

func (r rule) hold(path string, v reflect.Value) error {
	switch r.name {
	case "one":
		if legal := strings.Split(r.of, "|"); !slices.Contains(legal, v.String()) {
			return fmt.Errorf("%s is %q; legal are %s", path, v.String(), strings.Join(legal, ", "))
		}
	case "range":
		if least, most := bounds(r.of); v.Int() != 0 && (float64(v.Int()) < least || float64(v.Int()) > most) {
			return fmt.Errorf("%s is %d; legal are numbers from %s", path, v.Int(), strings.Replace(r.of, "..", " to ", 1))
		}
	case "length":
		n := len([]rune(v.String()))
		if least, most := bounds(r.of); float64(n) < least || float64(n) > most {
			return fmt.Errorf("%s has %d characters; legal are %s", path, n, r.of)
		}
	case "form":
		if f := forms[r.of]; !f.is(v.String()) {
			return fmt.Errorf("%s is %q; legal are %s", path, clip(v.String()), f.legal)
		}
	}
	return nil
}

// bounds reads "1..9".
func bounds(text string) (least, most float64) {
	from, to, found := strings.Cut(text, "..")
	least, err := strconv.ParseFloat(from, 64)
	most, err2 := strconv.ParseFloat(to, 64)
	if !found || err != nil || err2 != nil {
		panic("no bounds: " + text)
	}
	return least, most
}

// clip cuts what would make an error too long to read.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return s
}

// exactlyOne tells whether just one of these is given, and if not, what is wrong.
func exactlyOne(given map[string]bool) error {
	var names, there []string
	for name, is := range given {
		names = append(names, name)
		if is {
			there = append(there, name)
		}
	}
	if len(there) == 1 {
		return nil
	}
	slices.Sort(names)
	slices.Sort(there)
	if len(there) == 0 {
		return fmt.Errorf("%s is missing; legal is exactly one of %s", names[0], strings.Join(names, ", "))
	}
	return fmt.Errorf("%s is given beside %s; legal is exactly one of %s", there[1], there[0], strings.Join(names, ", "))
}
