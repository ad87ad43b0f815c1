package authz

import (
	"fmt"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"
)

// quantifier says how the values of a key that has many are taken together.
type quantifier uint8

const (
	single quantifier = iota
	forAnyValue
	forAllValues
)

// comparison compares one value of the request with one operand of the policy.
type comparison func(o operand, value string, ctx Context) match

// operator is a condition operator without its qualifiers.
type operator struct {
	negated bool
	null    bool
	read    func(text string, variables bool) (operand, error)
	compare comparison
}

// operand is a value of a condition as its operator reads it.
type operand struct {
	pattern  pattern
	resource resource
	number   float64
	time     time.Time
	prefix   netip.Prefix
	truth    bool
}

// operators are the operators that are supported, with AWS's meaning:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]operator{
	"StringEquals":              {read: readText, compare: textEquals},
	"StringNotEquals":           {read: readText, compare: textEquals, negated: true},
	"StringEqualsIgnoreCase":    {read: readText, compare: textEqualsFold},
	"StringNotEqualsIgnoreCase": {read: readText, compare: textEqualsFold, negated: true},
	"StringLike":                {read: readWild, compare: textLike},
	"StringNotLike":             {read: readWild, compare: textLike, negated: true},
	"ArnEquals":                 {read: readARN, compare: arnLike}, // AWS: identical to ArnLike
	"ArnNotEquals":              {read: readARN, compare: arnLike, negated: true},
	"ArnLike":                   {read: readARN, compare: arnLike},
	"ArnNotLike":                {read: readARN, compare: arnLike, negated: true},
	"NumericEquals":             {read: readNumber, compare: number(func(v, o float64) bool { return v == o })},
	"NumericNotEquals":          {read: readNumber, compare: number(func(v, o float64) bool { return v == o }), negated: true},
	"NumericLessThan":           {read: readNumber, compare: number(func(v, o float64) bool { return v < o })},
	"NumericLessThanEquals":     {read: readNumber, compare: number(func(v, o float64) bool { return v <= o })},
	"NumericGreaterThan":        {read: readNumber, compare: number(func(v, o float64) bool { return v > o })},
	"NumericGreaterThanEquals":  {read: readNumber, compare: number(func(v, o float64) bool { return v >= o })},
	"DateEquals":                {read: readDate, compare: date(func(v, o time.Time) bool { return v.Equal(o) })},
	"DateNotEquals":             {read: readDate, compare: date(func(v, o time.Time) bool { return v.Equal(o) }), negated: true},
	"DateLessThan":              {read: readDate, compare: date(func(v, o time.Time) bool { return v.Before(o) })},
	"DateLessThanEquals":        {read: readDate, compare: date(func(v, o time.Time) bool { return !v.After(o) })},
	"DateGreaterThan":           {read: readDate, compare: date(func(v, o time.Time) bool { return v.After(o) })},
	"DateGreaterThanEquals":     {read: readDate, compare: date(func(v, o time.Time) bool { return !v.Before(o) })},
	"Bool":                      {read: readBool, compare: truth},
	"IpAddress":                 {read: readPrefix, compare: address},
	"NotIpAddress":              {read: readPrefix, compare: address, negated: true},
	"Null":                      {read: readBool, null: true},
}

// condition is one operator with one key and its operands.
type condition struct {
	name       string // as written: ForAnyValue:StringLike
	key        string
	op         operator
	quantifier quantifier
	ifExists   bool
	operands   []operand
	written    []string // the operands, as the policy has them
}

// compileCondition compiles one operator, key and operands.
func compileCondition(name, key string, values []string, variables bool) (condition, error) {
	c := condition{name: name, key: key, written: values}
	base := name
	switch {
	case strings.HasPrefix(base, "ForAnyValue:"):
		c.quantifier, base = forAnyValue, base[len("ForAnyValue:"):]
	case strings.HasPrefix(base, "ForAllValues:"):
		c.quantifier, base = forAllValues, base[len("ForAllValues:"):]
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	op, ok := operators[base]
	if !ok || op.null && base != name {
		return condition{}, fmt.Errorf("condition operator %q is not supported; legal are %s, all but Null also with IfExists at the end and ForAnyValue: or ForAllValues: at the beginning", name, operatorNames())
	}
	c.op = op
	if _, known := supportedKey(key); !known {
		return condition{}, fmt.Errorf("%s: condition key %q is not supported; supported are %s", name, key, keyNames())
	}
	for _, v := range values {
		o, err := op.read(v, variables)
		if err != nil {
			return condition{}, fmt.Errorf("%s of %s: %w", name, key, err)
		}
		c.operands = append(c.operands, o)
	}
	return c, nil
}

func operatorNames() string {
	names := make([]string, 0, len(operators))
	for name := range operators {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// holds reports whether the condition is met. Where a value cannot be compared, or
// a key has many values and the policy does not say how to take them together, a
// condition of an allow fails and one of a deny holds.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (c condition) holds(ctx Context, deny bool) bool {
	values := ctx.values(c.key)
	if c.op.null {
		for _, o := range c.operands {
			if o.truth == (len(values) == 0) {
				return true
			}
		}
		return false
	}
	if len(values) == 0 {
		switch {
		case c.ifExists, c.quantifier == forAllValues:
			return true
		case c.quantifier == forAnyValue:
			return false
		default:
			return c.op.negated
		}
	}
	// One value that meets the condition is enough, or one that does not spoils it.
	one := c.quantifier == forAnyValue || c.quantifier == single && deny
	for _, v := range values {
		if c.value(v, ctx, deny) == one {
			return one
		}
	}
	return !one
}

// value reports whether one value of the request meets the condition: it is one of
// the operands, or none of them when the operator is negated.
func (c condition) value(v string, ctx Context, deny bool) bool {
	doubt := false
	for _, o := range c.operands {
		switch c.op.compare(o, v, ctx) {
		case yes:
			return !c.op.negated
		case unknown:
			doubt = true
		}
	}
	if doubt && c.op.negated {
		return deny
	}
	return c.op.negated
}

func readText(s string, variables bool) (operand, error) {
	p, err := compile(s, false, variables)
	return operand{pattern: p}, err
}

func readWild(s string, variables bool) (operand, error) {
	p, err := compile(s, true, variables)
	return operand{pattern: p}, err
}

func readARN(s string, variables bool) (operand, error) {
	r, err := compileResource(s, variables)
	if err == nil && (len(r.segments) != 6 || !strings.HasPrefix(s, "arn:") && !strings.HasPrefix(s, "*:")) {
		err = fmt.Errorf("%q is no ARN; legal is arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with wildcards within its parts", s)
	}
	return operand{resource: r}, err
}

func readNumber(s string, _ bool) (operand, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return operand{}, fmt.Errorf("%q is not a number", s)
	}
	return operand{number: n}, nil
}

func readDate(s string, _ bool) (operand, error) {
	t, ok := parseDate(s)
	if !ok {
		return operand{}, fmt.Errorf("%q is not a date; legal are forms such as 2026-09-01T12:00:00Z and seconds since 1970", s)
	}
	return operand{time: t}, nil
}

func readPrefix(s string, _ bool) (operand, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return operand{prefix: p.Masked()}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return operand{}, fmt.Errorf("%q is not an IP address or range; legal are forms such as 203.0.113.0/24 and 2001:db8::/32", s)
	}
	return operand{prefix: netip.PrefixFrom(a, a.BitLen())}, nil
}

func readBool(s string, _ bool) (operand, error) {
	b, ok := parseBool(s)
	if !ok {
		return operand{}, fmt.Errorf("%q is not a truth value; legal are true and false", s)
	}
	return operand{truth: b}, nil
}

func textEquals(o operand, v string, ctx Context) match {
	text, ok := o.pattern.expand(ctx)
	if !ok {
		return unknown
	}
	return matched(text == v)
}

func textEqualsFold(o operand, v string, ctx Context) match {
	text, ok := o.pattern.expand(ctx)
	if !ok {
		return unknown
	}
	return matched(strings.EqualFold(text, v))
}

func textLike(o operand, v string, ctx Context) match { return o.pattern.glob(v, ctx) }

func arnLike(o operand, v string, ctx Context) match { return o.resource.match(v, ctx, false) }

func number(compare func(value, operand float64) bool) comparison {
	return func(o operand, v string, _ Context) match {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return unknown
		}
		return matched(compare(n, o.number))
	}
}

func date(compare func(value, operand time.Time) bool) comparison {
	return func(o operand, v string, _ Context) match {
		t, ok := parseDate(v)
		if !ok {
			return unknown
		}
		return matched(compare(t, o.time))
	}
}

func truth(o operand, v string, _ Context) match {
	b, ok := parseBool(v)
	if !ok {
		return unknown
	}
	return matched(b == o.truth)
}

func address(o operand, v string, _ Context) match {
	a, err := netip.ParseAddr(v)
	if err != nil {
		return unknown
	}
	return matched(o.prefix.Contains(a.Unmap().WithZone("")))
}

// dateForms are those of W3C's profile of ISO 8601: https://www.w3.org/TR/NOTE-datetime
var dateForms = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"}

func parseDate(s string) (time.Time, bool) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}
