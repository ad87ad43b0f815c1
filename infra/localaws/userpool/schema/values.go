package schema

import (
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// NumberConstraints are how small or large a number may be; "" for no bound.
type NumberConstraints struct {
	MinValue string `json:"minValue,omitempty"`
	MaxValue string `json:"maxValue,omitempty"`
}

// The types of attributes. A user's attributes are text whatever the type.
const (
	String   = "String"
	Number   = "Number"
	DateTime = "DateTime"
	Boolean  = "Boolean"
)

const (
	maxAttributes = 50
	maxName       = 20
	maxValue      = 2048 // characters of a text
)

var (
	attributeName = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)
	numeral       = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?$`)
)

// Legal refuses, by name, attributes that a pool cannot declare.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
func (l List) Legal() error {
	if len(l) > maxAttributes {
		return fmt.Errorf("schemas: %d attributes are not legal; legal are %d at most", len(l), maxAttributes)
	}
	seen := map[string]bool{}
	for _, d := range l {
		if d.Name == "" {
			return fmt.Errorf("schemas: an attribute has no name")
		}
		if err := d.legal(); err != nil {
			return fmt.Errorf("schemas.%s%w", d.Name, err)
		}
		if seen[d.Name] {
			return fmt.Errorf("schemas.%s: it is declared twice", d.Name)
		}
		seen[d.Name] = true
	}
	return nil
}

func (d Attribute) legal() error {
	types := []string{String, Number, DateTime, Boolean}
	s, n := d.StringAttributeConstraints, d.NumberAttributeConstraints
	switch {
	case utf8.RuneCountInString(d.Name) > maxName && !IsStandard(d.Name) || !attributeName.MatchString(d.Name):
		return fmt.Errorf(": a name of 1 to %d letters, digits, symbols and punctuation is legal", maxName)
	case !slices.Contains(types, d.AttributeDataType):
		return fmt.Errorf(".attributeDataType: %q is not one of %s", d.AttributeDataType, strings.Join(types, ", "))
	case IsStandard(d.Name) && d.AttributeDataType != standardType(d.Name):
		return fmt.Errorf(".attributeDataType: %q is not the type of this standard attribute, which is %s", d.AttributeDataType, standardType(d.Name))
	case !IsStandard(d.Name) && d.Required:
		return fmt.Errorf(".required: Required custom attributes are not supported currently")
	case s != nil && d.AttributeDataType != String:
		return fmt.Errorf(".stringAttributeConstraints: they are legal with type String only")
	case n != nil && d.AttributeDataType != Number:
		return fmt.Errorf(".numberAttributeConstraints: they are legal with type Number only")
	case s != nil:
		low, err1 := bound(s.MinLength, 0)
		high, err2 := bound(s.MaxLength, maxValue)
		if err1 != nil || err2 != nil || low > high || high > maxValue {
			return fmt.Errorf(".stringAttributeConstraints: minLength %q and maxLength %q are not legal; legal are whole numbers from 0 to %d, the first not above the second", s.MinLength, s.MaxLength, maxValue)
		}
	case n != nil:
		low, ok1 := number(n.MinValue)
		high, ok2 := number(n.MaxValue)
		if n.MinValue != "" && !ok1 || n.MaxValue != "" && !ok2 || ok1 && ok2 && low.Cmp(high) > 0 {
			return fmt.Errorf(".numberAttributeConstraints: minValue %q and maxValue %q are not legal; legal are numbers, the first not above the second", n.MinValue, n.MaxValue)
		}
	}
	return nil
}

func bound(text string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}

// number reads a number in digits: no exponents, which would make it as large as they please.
func number(text string) (*big.Rat, bool) {
	if !numeral.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// standardType is the type of a standard attribute.
func standardType(name string) string {
	switch {
	case strings.HasSuffix(name, "_verified"):
		return Boolean
	case name == "updated_at":
		return Number
	}
	return String
}

// problem says what is wrong with a value, which is not empty, by the attribute's type
// and constraints; "" when nothing is.
func (d Attribute) problem(value string) string {
	kind := d.AttributeDataType
	if d.Name == "updated_at" {
		kind = Number // whatever is declared: tokens have it as a number
	}
	switch kind {
	case Number:
		n, ok := number(value)
		if !ok {
			return "Attribute value must be a number"
		}
		if c := d.NumberAttributeConstraints; c != nil {
			if low, ok := number(c.MinValue); ok && n.Cmp(low) < 0 {
				return fmt.Sprintf("Number must be no less than %s", c.MinValue)
			}
			if high, ok := number(c.MaxValue); ok && n.Cmp(high) > 0 {
				return fmt.Sprintf("Number must be no greater than %s", c.MaxValue)
			}
		}
	case Boolean:
		if !IsStandard(d.Name) && value != "true" && value != "false" {
			return "Attribute value must be true or false"
		}
	case DateTime:
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "Attribute value must be a date and time of RFC 3339"
		}
	}
	return ""
}

// Extends refuses what cannot be done to the attributes of a pool that is there: custom
// ones are added, and none is changed or taken back.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddCustomAttributes.html
func (l List) Extends(before List) error {
	for _, old := range before {
		i := slices.IndexFunc(l, func(d Attribute) bool { return d.Name == old.Name })
		if i < 0 || !reflect.DeepEqual(l[i], old) {
			return fmt.Errorf("schemas.%s: cannot modify or remove schema items; custom attributes can be added to a user pool, and nothing else of its schema changes", old.Name)
		}
	}
	for _, d := range l {
		added := !slices.ContainsFunc(before, func(old Attribute) bool { return old.Name == d.Name })
		if added && IsStandard(d.Name) {
			return fmt.Errorf("schemas.%s: a standard attribute cannot be added to a user pool that is there: AWS would make the custom attribute custom:%s of it", d.Name, d.Name)
		}
	}
	return nil
}
