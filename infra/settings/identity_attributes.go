package settings

import (
	"regexp"
	"slices"
	"strings"
)

// Attribute is what a user has besides the standard attributes: custom:NAME. A user pool
// takes further ones, and never changes one or gives one up.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html.
type Attribute struct {
	Type     string // String, Number, DateTime, Boolean
	Mutable  bool   // whether its value may change once it is set
	Writable bool   // whether users may set it themselves, through the web client
	Min, Max int    // characters of a String, or the least and the greatest Number
}

const (
	poolNameRule = "are 1 to 128 letters, digits, spaces and + = , . @ - _"
	maxText      = 2048 // characters of an attribute
	customPrefix = "custom:"
)

var (
	poolName      = regexp.MustCompile(`^[\w\s+=,.@-]{1,128}$`)
	poolID        = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+$`)
	attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,19}$`)

	// StandardAttributes are those of OpenID Connect that every user pool has, without
	// sub, which nobody sets.
	StandardAttributes = []string{"address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
		"nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo"}

	// cognitoAttributes are those that Cognito sets.
	cognitoAttributes = []string{"sub", "username", "email_verified", "phone_number_verified", "identities"}
)

func readAttributes(o object) map[string]Attribute {
	var out map[string]Attribute
	o.named("attributes", "NAME", "What a user has besides the standard attributes, called custom:NAME. A user pool takes further ones later, and never changes or gives up one that it has, see replaceUserPool.", func(name string, o object) {
		a := Attribute{
			Type:     o.choice("type", "String", []string{"String", "Number", "DateTime", "Boolean"}, "What its values are."),
			Mutable:  o.boolean("mutable", true, "Whether its value may change once it is set."),
			Writable: o.boolean("writable", false, "Whether users may set it themselves, through the web client. No right should follow from one that they may set."),
		}
		most := maxText
		if a.Type == "Number" {
			most = maxCount
		}
		a.Min = o.integer("min", 0, 0, most, "Fewest characters of a String, or the least Number.")
		a.Max = o.integer("max", most, 0, most, "Most characters of a String, or the greatest Number.", byDefault("2048 characters, 2147483647 for a Number"))
		switch {
		case (a.Type == "DateTime" || a.Type == "Boolean") && (o.has("min") || o.has("max")):
			o.p.add(o.key, "has min or max, and its type is %s: they are for String and Number", a.Type)
		case a.Min > a.Max:
			o.p.add(o.at("min"), "is %d, which is more than max, %d", a.Min, a.Max)
		}
		if a.Type == "DateTime" || a.Type == "Boolean" {
			a.Min, a.Max = 0, 0
		}
		switch {
		case o.p.page != nil:
		case !attributeName.MatchString(name):
			o.p.add(o.key, "is no attribute's name: legal are 1 to 20 letters, digits and underscores, a letter first, without %s", customPrefix)
		case slices.Contains(StandardAttributes, name) || slices.Contains(cognitoAttributes, name):
			o.p.add(o.key, "has the name of an attribute that every user pool has: legal is another")
		}
		if out == nil {
			out = map[string]Attribute{}
		}
		out[name] = a
	})
	if len(out) > 50 {
		o.p.add(o.at("attributes"), "has %d attributes: a user pool has at most 50 of its own", len(out))
	}
	return out
}

// hasAttribute tells whether users have the attribute, by its name in the user pool.
func hasAttribute(own map[string]Attribute, name string) bool {
	custom, isCustom := strings.CutPrefix(name, customPrefix)
	if !isCustom {
		return slices.Contains(StandardAttributes, name)
	}
	_, ok := own[custom]
	return ok
}

// WritableAttributes are those that users may set themselves, by their names in the user
// pool. They are nil where the pool has no attributes of its own: a client that names
// none may write all.
func (id Identity) WritableAttributes() []string {
	if len(id.Attributes) == 0 {
		return nil
	}
	out := slices.Clone(StandardAttributes)
	for _, name := range sortedKeys(id.Attributes) {
		if id.Attributes[name].Writable {
			out = append(out, customPrefix+name)
		}
	}
	slices.Sort(out)
	return out
}
