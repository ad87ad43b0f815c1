// Package preflight reads the one mapping template that a mock integration's response
// may have: the one by which API Gateway answers preflights of several exact origins,
// after AWS's documentation and CDK. It is
//
//	#set($origin = $input.params().header.get("Origin"))
//	#if($origin == "https://a.example.com" || $origin == "https://b.example.com")
//	#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
//	#end
//	#set($lower = $input.params().header.get("origin"))
//	#if($lower == "https://a.example.com" || $lower == "https://b.example.com")
//	#set($context.responseOverride.header.Access-Control-Allow-Origin = $lower)
//	#end
//
// with any variable names and space between the words. Both parts must be there and name
// the same origins: API Gateway tells header names apart by case, and clients send Origin
// over HTTP/1.1 and origin over HTTP/2. Neither part depends on what a missing header is,
// which AWS does not say: null and the empty text are no origin. What is otherwise than
// this is refused, as a template that is nearly understood would let in whom AWS does not.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
package preflight

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Header is the header that the template sets.
const Header = "Access-Control-Allow-Origin"

// maxLength is the most that API Gateway takes of a template, in bytes.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const maxLength = 300 << 10

// Template is a template that was read. The zero value allows no origin.
type Template struct{ origins []string }

// Allows tells whether the template repeats this origin, which must be one of its own
// to the letter: scheme, host and port.
func (t Template) Allows(origin string) bool { return slices.Contains(t.origins, origin) }

// Origins returns the origins in the template's order.
func (t Template) Origins() []string { return slices.Clone(t.origins) }

// Parse reads a template. It fails on every other than that of the package's
// documentation, and says at which word.
func Parse(text string) (Template, error) {
	if len(text) > maxLength {
		return Template{}, fmt.Errorf("the template has %d bytes; legal are %d", len(text), maxLength)
	}
	r := &reader{rest: text}
	first := r.part("Origin")
	second := r.part("origin")
	if r.space(); r.rest != "" {
		r.fail("nothing more")
	}
	if r.err == nil && !slices.Equal(first, second) {
		r.err = fmt.Errorf("the origins for origin, %s, must be those for Origin, %s: clients send the name in either case", strings.Join(second, ", "), strings.Join(first, ", "))
	}
	if r.err != nil {
		return Template{}, r.err
	}
	return Template{origins: first}, nil
}

// reader reads words off the front of a template, until one is not what it must be.
type reader struct {
	rest string
	err  error
}

func (r *reader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

func (r *reader) fail(want string) {
	if r.err == nil {
		found := r.rest
		if runes := []rune(found); len(runes) > 40 {
			found = string(runes[:40]) + "…"
		}
		r.err = fmt.Errorf("at %q it must have %s", found, want)
	}
}

// words reads these one after another, with or without space before each.
func (r *reader) words(words ...string) {
	for _, word := range words {
		r.space()
		rest, ok := strings.CutPrefix(r.rest, word)
		if !ok {
			r.fail(word)
			return
		}
		r.rest = rest
	}
}

var (
	namePattern   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*`)
	originPattern = regexp.MustCompile(`^"([a-z][a-z0-9+.-]*://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?)"`)
)

// variable reads the name of a variable.
func (r *reader) variable() string {
	r.words("$")
	name := namePattern.FindString(r.rest)
	if name == "" || name == "context" || name == "input" || name == "stageVariables" || name == "util" {
		r.fail("the name of a variable of its own")
		return ""
	}
	r.rest = r.rest[len(name):]
	return name
}

// part reads what the template says of the header of this name.
func (r *reader) part(header string) (origins []string) {
	r.words("#set(")
	name := r.variable()
	r.words("=", `$input.params().header.get("`+header+`")`, ")", "#if(")
	for more := true; more && r.err == nil; {
		r.words("$" + name)
		r.words("==")
		r.space()
		found := originPattern.FindStringSubmatch(r.rest)
		if found == nil {
			r.fail(`an origin, such as "https://app.example.com", in small letters and without a path`)
			return nil
		}
		r.rest = r.rest[len(found[0]):]
		if slices.Contains(origins, found[1]) {
			r.fail("each origin once, and has " + found[1] + " twice")
			return nil
		}
		origins = append(origins, found[1])
		r.space()
		r.rest, more = strings.CutPrefix(r.rest, "||")
	}
	r.words(")", "#set(", "$context.responseOverride.header."+Header)
	r.words("=", "$"+name, ")", "#end")
	return origins
}
