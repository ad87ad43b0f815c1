// Package schema is the attributes that a user pool's users have: the standard ones, and
// what the pool declares of them and of its own.
package schema

import (
	"fmt"
	"maps"
	"slices"
)

// standardAttributes are those of OpenID Connect that every pool has. Those marked
// false are set by Cognito alone.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
var standardAttributes = map[string]bool{
	"address": true, "birthdate": true, "email": true, "family_name": true, "gender": true, "given_name": true,
	"locale": true, "middle_name": true, "name": true, "nickname": true, "phone_number": true, "picture": true,
	"preferred_username": true, "profile": true, "website": true, "zoneinfo": true,
	"updated_at": true, "sub": false, "email_verified": true, "phone_number_verified": true,
}

// Attribute is a standard or custom attribute of a pool.
type Attribute struct {
	Name                       string             `json:"name"`
	AttributeDataType          string             `json:"attributeDataType"`
	Required                   bool               `json:"required,omitempty"`
	Mutable                    bool               `json:"mutable,omitempty"`
	DeveloperOnlyAttribute     bool               `json:"developerOnlyAttribute,omitempty"`
	StringAttributeConstraints *StringConstraints `json:"stringAttributeConstraints,omitempty"`
	NumberAttributeConstraints *NumberConstraints `json:"numberAttributeConstraints,omitempty"`
}

// StringConstraints are how long an attribute may be: numbers of characters, or "" for no
// bound.
type StringConstraints struct {
	MinLength string `json:"minLength,omitempty"`
	MaxLength string `json:"maxLength,omitempty"`
}

// List is what a pool declares of attributes; it has the standard ones besides.
type List []Attribute

// Find returns what the pool declares of an attribute, and whether it has it.
func (l List) Find(name string) (Attribute, bool) {
	for _, d := range l {
		if IsStandard(d.Name) && d.Name == name || !IsStandard(d.Name) && "custom:"+d.Name == name {
			return d, true
		}
	}
	return Attribute{Name: name, Mutable: true}, IsStandard(name)
}

// IsStandard says whether every pool has the attribute, whatever it declares.
func IsStandard(name string) bool { _, ok := standardAttributes[name]; return ok }

// Check checks attributes that are to be set on a user against the schema.
func (l List) Check(attributes map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		d, ok := l.Find(name)
		if !ok {
			return fmt.Errorf("%s: %s", name, "Attribute does not exist in the schema.")
		}
		if name == "sub" {
			return fmt.Errorf("%s: The attribute cannot be set", name)
		}
		if len(value) > 2048 {
			return fmt.Errorf("%s: String must be no longer than 2048 characters", name)
		}
		if value != "" {
			if problem := d.problem(value); problem != "" {
				return fmt.Errorf("%s: %s", name, problem)
			}
		}
		if c := d.StringAttributeConstraints; c != nil {
			var low, high int
			if _, err := fmt.Sscan(c.MinLength, &low); err == nil && len([]rune(value)) < low {
				return fmt.Errorf("%s: String must be at least %d characters long", name, low)
			}
			if _, err := fmt.Sscan(c.MaxLength, &high); err == nil && len([]rune(value)) > high {
				return fmt.Errorf("%s: String must be no longer than %d characters", name, high)
			}
		}
	}
	return nil
}

// Missing are those that the schema requires and the user lacks.
func (l List) Missing(attributes map[string]string) []string {
	missing := []string{}
	for _, d := range l {
		if d.Required && attributes[d.Name] == "" && d.Name != "sub" {
			missing = append(missing, d.Name)
		}
	}
	slices.Sort(missing)
	return missing
}

// Full is what the pool declares of attributes, and the standard ones besides.
func (l List) Full() []Attribute {
	var out []Attribute
	for _, name := range slices.Sorted(maps.Keys(standardAttributes)) {
		d, _ := l.Find(name)
		if d.AttributeDataType == "" {
			d.AttributeDataType = standardType(name)
		}
		if name == "sub" {
			d.Mutable, d.Required = false, true
		}
		out = append(out, d)
	}
	for _, d := range l {
		if !IsStandard(d.Name) {
			d.Name = "custom:" + d.Name
			out = append(out, d)
		}
	}
	return out
}
