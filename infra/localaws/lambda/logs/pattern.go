package logs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is a filter pattern of terms, as FilterLogEvents takes it. The zero Pattern
// matches every message.
//
// A term is a word of letters, digits and _, or a phrase in double quotes, in which \"
// is a quote and \\ a backslash. Every term must be in the message, to the case; one
// with - before it must not be; of those with ? before them one must be. A term is
// found as AWS words it, "the word ERROR": not as a part of a longer word.
//
// Patterns for JSON and space-delimited messages and regular expressions are refused.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type Pattern struct{ all, none, any []string }

// maxPattern is how long a pattern may be, in characters.
const maxPattern = 1024

// ParsePattern reads a pattern. Its errors name what is not legal, or not supported.
func ParsePattern(text string) (Pattern, error) {
	var p Pattern
	if utf8.RuneCountInString(text) > maxPattern {
		return p, fmt.Errorf("it has more than %d characters", maxPattern)
	}
	rest := strings.TrimSpace(text)
	if rest != "" {
		switch rest[0] {
		case '{':
			return p, errors.New("patterns for JSON, {…}, are not known to the local AWS; terms and quoted phrases are")
		case '[':
			return p, errors.New("patterns for space-delimited messages, […], are not known to the local AWS; terms and quoted phrases are")
		}
	}
	for rest != "" {
		into := &p.all
		switch rest[0] {
		case '-':
			into, rest = &p.none, rest[1:]
		case '?':
			into, rest = &p.any, rest[1:]
		}
		term, after, err := cutTerm(rest)
		if err != nil {
			return Pattern{}, err
		}
		if !slices.Contains(*into, term) {
			*into = append(*into, term)
		}
		rest = strings.TrimLeftFunc(after, unicode.IsSpace)
		if len(rest) == len(after) && rest != "" {
			return Pattern{}, fmt.Errorf("after the term %q something follows without white space", term)
		}
	}
	if len(p.any) > 0 && len(p.all)+len(p.none) > 0 {
		return Pattern{}, errors.New("terms with ? and other terms cannot stand together: AWS ignores the ? then")
	}
	return p, nil
}

// cutTerm reads the term that text begins with.
func cutTerm(text string) (term, rest string, err error) {
	if strings.HasPrefix(text, "%") {
		return "", "", errors.New("regular expressions, %…%, are not known to the local AWS; terms and quoted phrases are")
	}
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexFunc(text, func(c rune) bool { return !isWord(c) })
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			c, _ := utf8.DecodeRuneInString(text)
			if text == "" || unicode.IsSpace(c) {
				return "", "", errors.New("a term is missing after - or ?")
			}
			return "", "", fmt.Errorf("the character %q is legal in double quotes only", c)
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' && b.Len() == 0:
			return "", "", errors.New("a phrase is empty")
		case c == '"':
			return b.String(), text[i+1:], nil
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a double quote is not closed")
}

func isWord(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

// Matches reports whether the pattern matches the message.
func (p Pattern) Matches(message string) bool {
	for _, term := range p.all {
		if !holds(message, term) {
			return false
		}
	}
	for _, term := range p.none {
		if holds(message, term) {
			return false
		}
	}
	for _, term := range p.any {
		if holds(message, term) {
			return true
		}
	}
	return len(p.any) == 0
}

// holds reports whether the term is in the message, not as a part of a longer word.
func holds(message, term string) bool {
	first, _ := utf8.DecodeRuneInString(term)
	last, _ := utf8.DecodeLastRuneInString(term)
	for at := 0; ; {
		i := strings.Index(message[at:], term)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(term)
		before, _ := utf8.DecodeLastRuneInString(message[:begin])
		after, _ := utf8.DecodeRuneInString(message[end:])
		if !(isWord(first) && isWord(before)) && !(isWord(last) && isWord(after)) {
			return true
		}
		at = begin + 1
		if isWord(first) { // the next one begins another word; looking within this one takes long
			rest := strings.IndexFunc(message[begin:], func(c rune) bool { return !isWord(c) })
			if rest < 0 {
				return false
			}
			at = begin + rest
		}
	}
}
