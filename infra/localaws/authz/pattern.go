package authz

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// In a compiled pattern these two bytes stand for the wildcards * and ?. Neither
// occurs in valid UTF-8, so no literal of a policy can be taken for one.
const (
	anyRun  = '\xff' // * : any run of characters, also none, also across / and :
	anyChar = '\xfe' // ? : one character
)

// glob reports whether s matches a compiled pattern. With fold, ASCII letters of s
// match without regard to case; the pattern must then be in lower case.
func glob(pattern, s string, fold bool) bool {
	p, i := 0, 0
	star, mark := -1, 0 // where to resume: after the last *, with one more character eaten
	for i < len(s) {
		if p < len(pattern) {
			switch c := pattern[p]; {
			case c == anyRun:
				star, mark = p, i
				p++
				continue
			case c == anyChar:
				_, size := utf8.DecodeRuneInString(s[i:])
				p++
				i += size
				continue
			case c == s[i] || fold && c == lower(s[i]):
				p++
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[mark:])
		mark += size
		p, i = star+1, mark
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// pattern is a string of a policy, compiled: text alone, or the pieces between and
// in place of its variables.
type pattern struct {
	text  string
	plain bool   // neither wildcard nor variable: text is all that matches
	parts []part // nil when there is no variable
}

// part is a literal, or a variable with its fallback.
type part struct {
	text        string
	variable    string // key, or "" for a literal
	fallback    string
	hasFallback bool
}

// compile reads s. Wildcards are wildcards only when wild is set; variables are read
// only when variables is set, as they are from policy version 2012-10-17 on.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func compile(s string, wild, variables bool) (pattern, error) {
	var parts []part
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '*' && wild:
			b.WriteByte(anyRun)
		case c == '?' && wild:
			b.WriteByte(anyChar)
		case c == '$' && strings.HasPrefix(s[i:], "${"):
			if !variables {
				return pattern{}, fmt.Errorf(`%q holds a policy variable, which AWS takes to the letter unless the policy says "Version": "2012-10-17"`, s)
			}
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return pattern{}, fmt.Errorf("%q: the variable that begins with %q has no closing brace", s, "${")
			}
			body := s[i+2 : i+end]
			i += end
			if body == "*" || body == "?" || body == "$" {
				b.WriteString(body)
				continue
			}
			v, err := variable(body)
			if err != nil {
				return pattern{}, fmt.Errorf("%q: %w", s, err)
			}
			parts = append(parts, part{text: b.String()}, v)
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	if parts == nil {
		text := b.String()
		return pattern{text: text, plain: strings.IndexByte(text, anyRun) < 0 && strings.IndexByte(text, anyChar) < 0}, nil
	}
	return pattern{parts: append(parts, part{text: b.String()})}, nil
}

// variable reads what stands between ${ and }: a key, and perhaps a default value in
// single quotes after a comma.
func variable(body string) (part, error) {
	key, rest, hasFallback := strings.Cut(body, ",")
	v := part{variable: strings.TrimSpace(key), hasFallback: hasFallback}
	if hasFallback {
		rest = strings.TrimSpace(rest)
		if len(rest) < 2 || rest[0] != '\'' || rest[len(rest)-1] != '\'' {
			return part{}, fmt.Errorf("policy variable %q: the default value must stand in single quotes", body)
		}
		v.fallback = rest[1 : len(rest)-1]
	}
	k, known := supportedKey(v.variable)
	switch {
	case !known:
		return part{}, fmt.Errorf("policy variable %q is not supported; supported are the keys %s", v.variable, keyNames())
	case k.multi:
		return part{}, fmt.Errorf("policy variable %q cannot be used: the key has many values, a variable needs one", v.variable)
	}
	return v, nil
}

// expand puts the values of variables in their place. It is false when one has no
// value, or not exactly one. Wildcards in a value are literals.
func (p *pattern) expand(ctx Context) (string, bool) {
	if p.parts == nil {
		return p.text, true
	}
	var b strings.Builder
	for _, part := range p.parts {
		if part.variable == "" {
			b.WriteString(part.text)
			continue
		}
		values := ctx.values(part.variable)
		value := part.fallback
		switch {
		case len(values) == 1:
			value = values[0]
		case len(values) > 1 || !part.hasFallback:
			return "", false
		}
		if strings.IndexByte(value, anyRun) >= 0 || strings.IndexByte(value, anyChar) >= 0 {
			return "", false // no text: it would pass for a wildcard
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// values returns the values of a key, which is found without regard to case.
func (c Context) values(key string) []string {
	if v, ok := c[key]; ok {
		return v
	}
	for k, v := range c {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return nil
}

// match is what comparing with one pattern came to. Unknown means that a variable
// had no value, or that a value was not of the operator's type.
type match uint8

const (
	no match = iota
	yes
	unknown
)

func matched(ok bool) match {
	if ok {
		return yes
	}
	return no
}

// resource is a pattern for ARNs: as a whole, and cut at the first five colons.
type resource struct {
	source   string
	whole    pattern
	segments []pattern
}

// compileResource compiles a Resource or an operand of an Arn operator.
func compileResource(s string, variables bool) (resource, error) {
	parts := append(segments(s), s)
	compiled := make([]pattern, len(parts))
	for i, part := range parts {
		p, err := compile(part, true, variables)
		if err != nil {
			return resource{}, err
		}
		compiled[i] = p
	}
	last := len(parts) - 1
	return resource{source: s, whole: compiled[last], segments: compiled[:last]}, nil
}

// segments cuts an ARN at its first five colons, leaving those inside of variables.
func segments(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(s) && len(out) < 5; i++ {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '$':
			depth = 1
		case s[i] == '}':
			depth = 0
		case s[i] == ':' && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// match compares an ARN, each part with its own: a wildcard of one part does not run
// over into the next, except that the last part of the pattern takes all that is
// left. AWS documents both readings ("a wildcard cannot span segments", "the last *
// can match beyond the colons"); a * in the region of an ARN that ran on would let
// /x:ACCOUNT:OTHERAPI/… in a request's path pass for another API, so a lax
// comparison is made only where a match denies.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (r *resource) match(arn string, ctx Context, lax bool) match {
	if lax || r.whole.plain {
		return r.whole.glob(arn, ctx)
	}
	result := yes
	for i := range r.segments {
		p, segment := &r.segments[i], arn
		if i < len(r.segments)-1 {
			var more bool
			if segment, arn, more = strings.Cut(arn, ":"); !more {
				return no
			}
		}
		switch p.glob(segment, ctx) {
		case no:
			return no
		case unknown:
			result = unknown
		}
	}
	return result
}

func (p *pattern) glob(s string, ctx Context) match {
	if p.plain {
		return matched(p.text == s)
	}
	text, ok := p.expand(ctx)
	if !ok {
		return unknown
	}
	return matched(glob(text, s, false))
}
