package schema_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/schema"
)

var declared = schema.List{
	{Name: "team", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &schema.StringConstraints{MinLength: "2", MaxLength: "4"}},
	{Name: "name", AttributeDataType: "String", Required: true},
	{Name: "email", AttributeDataType: "String", Required: true, Mutable: true},
	{Name: "sub", AttributeDataType: "String", Required: true},
}

func TestFind(t *testing.T) {
	for name, want := range map[string]struct{ has, mutable bool }{
		"custom:team": {true, true}, "team": {false, true}, "name": {true, false}, "custom:name": {false, true}, "nickname": {true, true}, "shoe": {false, true},
	} {
		if got, has := declared.Find(name); has != want.has || got.Mutable != want.mutable {
			t.Errorf("%s: %+v, %v", name, got, has)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"custom:team", "\u00e9\u00e9\u00e9\u00e9", ""},
		{"custom:team", "a", "custom:team: String must be at least 2 characters long"},
		{"custom:team", "abcde", "custom:team: String must be no longer than 4 characters"},
		{"team", "abc", "team: Attribute does not exist in the schema."},
		{"sub", "s", "sub: The attribute cannot be set"},
		{"nickname", strings.Repeat("a", 2048), ""},
		{"nickname", strings.Repeat("a", 2049), "nickname: String must be no longer than 2048 characters"},
	} {
		err := declared.Check(map[string]string{c.name: c.value})
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s %.8q: %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

func TestMissing(t *testing.T) {
	for want, has := range map[string]map[string]string{"email name": nil, "name": {"email": "a@example.com", "name": ""}, "": {"email": "a@example.com", "name": "Ann"}} {
		if got := declared.Missing(has); strings.Join(got, " ") != want {
			t.Errorf("of %v: %v, want %q", has, got, want)
		}
	}
	if got := schema.List(nil).Missing(nil); got == nil || len(got) > 0 {
		t.Errorf("where nothing is declared: %#v", got)
	}
}

func TestFull(t *testing.T) {
	all := declared.Full()
	if last := all[len(all)-1]; len(all) != 21 || last.Name != "custom:team" || declared[0].Name != "team" {
		t.Errorf("%d, the last %+v; declared %+v", len(all), last, declared[0])
	}
	for name, want := range map[string]string{"email_verified": "Boolean", "updated_at": "Number", "name": "String"} {
		i := slices.IndexFunc(all, func(a schema.Attribute) bool { return a.Name == name })
		if i < 0 || all[i].AttributeDataType != want {
			t.Errorf("%s is not a %s", name, want)
		}
	}
}

// Attributes are stored with their pool, by these names.
func TestAttributeAsStored(t *testing.T) {
	const want = `{"name":"n","attributeDataType":"String","required":true,"mutable":true,"developerOnlyAttribute":true,"stringAttributeConstraints":{"minLength":"1","maxLength":"2"}}`
	got, err := json.Marshal(schema.Attribute{Name: "n", AttributeDataType: "String", Required: true, Mutable: true, DeveloperOnlyAttribute: true, StringAttributeConstraints: &schema.StringConstraints{MinLength: "1", MaxLength: "2"}})
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}
