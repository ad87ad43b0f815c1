package schema_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/schema"
)

func TestValuesAreOfTheirType(t *testing.T) {
	l := schema.List{
		{Name: "age", AttributeDataType: "Number", NumberAttributeConstraints: &schema.NumberConstraints{MinValue: "0", MaxValue: "130.5"}},
		{Name: "score", AttributeDataType: "Number"}, {Name: "staff", AttributeDataType: "Boolean"}, {Name: "since", AttributeDataType: "DateTime"},
	}
	for _, c := range []struct{ name, value, want string }{
		{"custom:age", "0", ""}, {"custom:age", "130.5", ""}, {"custom:age", "", ""},
		{"custom:age", "-1", "custom:age: Number must be no less than 0"}, {"custom:age", "130.6", "custom:age: Number must be no greater than 130.5"},
		{"custom:score", "-12.5", ""}, {"custom:score", "1e9", "custom:score: Attribute value must be a number"},
		{"custom:score", "1/2", "custom:score: Attribute value must be a number"}, {"custom:score", "NaN", "custom:score: Attribute value must be a number"},
		{"custom:score", "0x10", "custom:score: Attribute value must be a number"},
		{"custom:staff", "true", ""}, {"custom:staff", "false", ""}, {"custom:staff", "yes", "custom:staff: Attribute value must be true or false"},
		{"custom:since", "2026-02-03T04:05:06Z", ""}, {"custom:since", "yesterday", "custom:since: Attribute value must be a date and time of RFC 3339"},
		{"updated_at", "1770091506", ""}, {"updated_at", "{}", "updated_at: Attribute value must be a number"},
	} {
		err := l.Check(map[string]string{c.name: c.value})
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s %q: %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

func TestLegalAttributes(t *testing.T) {
	text := func(min, max string) *schema.StringConstraints {
		return &schema.StringConstraints{MinLength: min, MaxLength: max}
	}
	numbers := func(min, max string) *schema.NumberConstraints {
		return &schema.NumberConstraints{MinValue: min, MaxValue: max}
	}
	for _, c := range []struct {
		want string // "" for a list that is taken
		list schema.List
	}{
		{"", schema.List{{Name: "email", AttributeDataType: "String", Required: true, StringAttributeConstraints: text("0", "2048")}, {Name: "age", AttributeDataType: "Number", NumberAttributeConstraints: numbers("1", "")}}},
		{"", schema.List{{Name: "updated_at", AttributeDataType: "Number"}}},
		{"an attribute has no name", schema.List{{AttributeDataType: "String"}}},
		{"schemas.a-name-that-is-far-too-long: a name of 1 to 20", schema.List{{Name: "a-name-that-is-far-too-long", AttributeDataType: "String"}}},
		{"schemas.two words: a name", schema.List{{Name: "two words", AttributeDataType: "String"}}},
		{`schemas.x.attributeDataType: "" is not one of String, Number, DateTime, Boolean`, schema.List{{Name: "x"}}},
		{"which is String", schema.List{{Name: "email", AttributeDataType: "Number"}}},
		{"Required custom attributes are not supported currently", schema.List{{Name: "x", AttributeDataType: "String", Required: true}}},
		{"declared twice", schema.List{{Name: "x", AttributeDataType: "String"}, {Name: "x", AttributeDataType: "String"}}},
		{"legal with type String only", schema.List{{Name: "x", AttributeDataType: "Number", StringAttributeConstraints: text("", "1")}}},
		{"legal with type Number only", schema.List{{Name: "x", AttributeDataType: "String", NumberAttributeConstraints: numbers("", "1")}}},
		{`minLength "2" and maxLength "1" are not legal`, schema.List{{Name: "x", AttributeDataType: "String", StringAttributeConstraints: text("2", "1")}}},
		{`maxLength "2049" are not legal`, schema.List{{Name: "x", AttributeDataType: "String", StringAttributeConstraints: text("", "2049")}}},
		{`minLength "-1"`, schema.List{{Name: "x", AttributeDataType: "String", StringAttributeConstraints: text("-1", "")}}},
		{`minValue "one"`, schema.List{{Name: "x", AttributeDataType: "Number", NumberAttributeConstraints: numbers("one", "")}}},
		{`maxValue "1" are not legal`, schema.List{{Name: "x", AttributeDataType: "Number", NumberAttributeConstraints: numbers("2", "1")}}},
		{"legal are 50 at most", make(schema.List, 51)},
	} {
		err := c.list.Legal()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestWhatBecomesOfASchema(t *testing.T) {
	email := schema.Attribute{Name: "email", AttributeDataType: "String", Required: true, Mutable: true}
	team := schema.Attribute{Name: "team", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &schema.StringConstraints{MaxLength: "10"}}
	same := team
	same.StringAttributeConstraints = &schema.StringConstraints{MaxLength: "10"}
	longer, fixed := team, team
	longer.StringAttributeConstraints, fixed.Mutable = &schema.StringConstraints{MaxLength: "20"}, false
	before := schema.List{email, team}
	for _, c := range []struct {
		story string
		after schema.List
		want  string // "" for a change in place
	}{
		{"nothing", schema.List{email, same}, ""},
		{"in another order", schema.List{team, email}, ""},
		{"a custom attribute more", schema.List{email, team, {Name: "age", AttributeDataType: "Number"}}, ""},
		{"one less", schema.List{email}, "schemas.team: cannot modify or remove schema items"},
		{"other constraints", schema.List{email, longer}, "schemas.team: cannot modify or remove"},
		{"no longer mutable", schema.List{email, fixed}, "schemas.team: cannot modify or remove"},
		{"a standard attribute more", schema.List{email, team, {Name: "name", AttributeDataType: "String"}}, "schemas.name: a standard attribute cannot be added"},
	} {
		err := c.after.Extends(before)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.story, err, c.want)
		}
	}
}

// A value is checked quickly, whatever it is, and a number that is taken is one in JSON.
func FuzzCheck(f *testing.F) {
	for _, value := range []string{"1", "-0.5", "1e999999999", "1/3", "true", "2026-02-03T04:05:06Z", "\x00", strings.Repeat("9", 3000)} {
		f.Add(value)
	}
	l := schema.List{
		{Name: "n", AttributeDataType: "Number", NumberAttributeConstraints: &schema.NumberConstraints{MinValue: "-10", MaxValue: "10"}},
		{Name: "b", AttributeDataType: "Boolean"}, {Name: "d", AttributeDataType: "DateTime"},
	}
	f.Fuzz(func(t *testing.T, value string) {
		if l.Check(map[string]string{"custom:n": value}) == nil && strings.Trim(value, "-.0123456789") != "" {
			t.Errorf("%q is taken as a number", value)
		}
		if l.Check(map[string]string{"custom:b": value}) == nil && value != "" && value != "true" && value != "false" {
			t.Errorf("%q is taken as true or false", value)
		}
		_ = l.Check(map[string]string{"custom:d": value})
	})
}
