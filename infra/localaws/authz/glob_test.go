package authz

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// naive is wildcard matching as its definition reads, by characters, and slow.
func naive(pattern, s []rune) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	switch pattern[0] {
	case '*':
		return naive(pattern[1:], s) || len(s) > 0 && naive(pattern, s[1:])
	case '?':
		return len(s) > 0 && naive(pattern[1:], s[1:])
	default:
		return len(s) > 0 && s[0] == pattern[0] && naive(pattern[1:], s[1:])
	}
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"*", ""}, {"*", "a/b"}, {"a*b?c", "axxbyc"}, {"*a*a*a", "aaa"}, {"??", "é"}, {"*??", "€"}, {"*.*", "a.b.c"}, {"a", "A"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		// The naive one takes exponential time on many wildcards, and knows characters only.
		if strings.Count(pattern, "*") > 5 || len(pattern) > 40 || len(s) > 40 || !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			t.Skip()
		}
		compiled, err := compile(pattern, true, false)
		if err != nil {
			t.Skip() // a variable
		}
		if got, want := glob(compiled.text, s, false), naive([]rune(pattern), []rune(s)); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, s, got, want)
		}
		folded, _ := compile(asciiLower(pattern), true, false)
		if got, want := glob(folded.text, s, true), naive([]rune(asciiLower(pattern)), []rune(asciiLower(s))); got != want {
			t.Fatalf("%q matches %q without regard to case: %v, want %v", pattern, s, got, want)
		}
	})
}

func asciiLower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}

// A pattern that makes backtracking matchers take for ever is matched at once.
func TestGlobIsNotExponential(t *testing.T) {
	compiled, err := compile(strings.Repeat("a*", 30)+"b", true, false)
	if err != nil {
		t.Fatal(err)
	}
	if glob(compiled.text, strings.Repeat("a", 2000), false) {
		t.Error("matched")
	}
}
