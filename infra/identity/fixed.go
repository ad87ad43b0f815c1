package identity

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"auth-api/infra/settings"
)

// Fixed is what a user pool keeps for life. To change it is to make another pool, without
// the users: AWS neither changes it in a pool that is there nor gives the users' passwords
// to take along.
//
// The stack tells it as an output, so that the next run can see what it would change
// before anything is declared.
type Fixed struct {
	Name            string               `json:"name"`
	AliasAttributes []string             `json:"aliasAttributes"` // in order of the alphabet
	CaseSensitive   bool                 `json:"caseSensitive"`   // of user names
	Attributes      map[string]Attribute `json:"attributes"`      // that differ from Cognito's own, or are added to them
}

// Attribute is one that the pool is told of: a standard attribute, or one of the stack's
// own, whose name is without custom: here.
type Attribute struct {
	Type     string `json:"type"`
	Required bool   `json:"required"`
	Mutable  bool   `json:"mutable"`
	Min      int    `json:"min"`
	Max      int    `json:"max"`
}

// FixedOf is what is fixed of the user pool that the settings ask for; name is its name
// where they have none.
func FixedOf(name string, id settings.Identity) Fixed {
	f := Fixed{Name: name, AliasAttributes: slices.Sorted(slices.Values(id.AliasAttributes)), Attributes: map[string]Attribute{
		// Codes to confirm a registration and to recover an account go by email, so
		// nobody registers without one.
		"email": {Type: "String", Required: true, Mutable: true, Max: 2048},
	}}
	if f.AliasAttributes == nil {
		f.AliasAttributes = []string{}
	}
	if id.UserPoolName != "" {
		f.Name = id.UserPoolName
	}
	for name, a := range id.Attributes {
		f.Attributes[name] = Attribute{Type: a.Type, Mutable: a.Mutable, Min: a.Min, Max: a.Max}
	}
	return f
}

// ReadFixed takes it back from the output of an earlier run.
func ReadFixed(output any) (Fixed, error) {
	data, err := json.Marshal(output)
	if err != nil {
		return Fixed{}, fmt.Errorf("reading what is fixed of the user pool: %w", err)
	}
	var f Fixed
	if err := json.Unmarshal(data, &f); err != nil {
		return Fixed{}, fmt.Errorf("reading what is fixed of the user pool: %w", err)
	}
	return f, nil
}

// Changes tells, a line each, what cannot change from f to next within one user pool.
// schemas tells whether attributes are among it: AWS's provider does not replace the pool
// for these, but fails.
func (f Fixed) Changes(next Fixed) (lines []string, schemas bool) {
	differ := func(setting string, before, after any) {
		if !reflect.DeepEqual(before, after) {
			lines = append(lines, fmt.Sprintf("%s was %s and would be %s", setting, shown(before), shown(after)))
		}
	}
	differ("the name of the user pool (identity.userPoolName, or the stack's name)", f.Name, next.Name)
	differ("identity.aliasAttributes", f.AliasAttributes, next.AliasAttributes)
	differ("whether user names differ by case", f.CaseSensitive, next.CaseSensitive)
	before := len(lines)
	for _, name := range sorted(f.Attributes) {
		now, there := next.Attributes[name]
		if !there {
			lines = append(lines, "identity.attributes."+name+" would be removed")
			continue
		}
		differ("identity.attributes."+name, f.Attributes[name], now)
	}
	for _, name := range sorted(next.Attributes) {
		// Users that are there already lack what a further attribute requires.
		if _, there := f.Attributes[name]; !there && next.Attributes[name].Required {
			lines = append(lines, "the attribute "+name+" would be required")
		}
	}
	return lines, len(lines) > before
}

func shown(v any) string {
	if a, ok := v.(Attribute); ok {
		return fmt.Sprintf("{type: %s, mutable: %t, required: %t, min: %d, max: %d}", a.Type, a.Mutable, a.Required, a.Min, a.Max)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.ReplaceAll(string(data), `","`, `", "`)
}
