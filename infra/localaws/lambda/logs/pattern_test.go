package logs

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes     []string
		no      []string
	}{
		{"", []string{"", "anything"}, nil},
		{"  ", []string{"anything"}, nil},
		{"ERROR", []string{"ERROR", "[ERROR 400] BAD", "an ERROR."}, []string{"error", "ERRORS", "TERROR", "MY_ERROR", "ER ROR"}},
		{"ERROR BAD", []string{"[ERROR 400] BAD", "BAD ERROR"}, []string{"ERROR", "BAD"}},
		{`"INTERNAL SERVER ERROR"`, []string{"500 INTERNAL SERVER ERROR!"}, []string{"INTERNAL ERROR", "INTERNAL SERVER ERRORS"}},
		{`"a \"b\" \\ c"`, []string{`a "b" \ c`}, []string{`a b \ c`}},
		{`"\d"`, []string{`\d`}, []string{`1`}},
		{`"[x]"`, []string{"a[x]b"}, []string{"x"}},
		{"ERROR -EXIT", []string{"ERROR 1"}, []string{"ERROR EXIT", "1"}},
		{`-"a b"`, []string{"b a"}, []string{"x a b"}},
		{"?ERROR ?WARN", []string{"ERROR", "a WARN"}, []string{"INFO", "WARNING"}},
		{"größe", []string{"die größe ist"}, []string{"größer", "grö"}},
		{"a", []string{"ab a"}, []string{"ab ca"}},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for _, message := range c.yes {
			if !p.Matches(message) {
				t.Errorf("%q does not match %q", c.pattern, message)
			}
		}
		for _, message := range c.no {
			if p.Matches(message) {
				t.Errorf("%q matches %q", c.pattern, message)
			}
		}
	}
	for pattern, says := range map[string]string{
		`{ $.level = "error" }`:   "patterns for JSON, {…}, are not known",
		"[ip, user, status=4*]":   "patterns for space-delimited messages, […], are not known",
		"%AUTHORIZED%":            "regular expressions, %…%, are not known",
		"ERROR %x%":               "regular expressions",
		`"open`:                   "a double quote is not closed",
		`"open\"`:                 "a double quote is not closed",
		`""`:                      "a phrase is empty",
		"-":                       "a term is missing after - or ?",
		"? x":                     "a term is missing after - or ?",
		"a.b":                     `after the term "a" something follows without white space`,
		"=x":                      "the character '=' is legal in double quotes only",
		"?ERROR WARN":             "terms with ? and other terms cannot stand together",
		strings.Repeat("x", 1025): "more than 1024 characters",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", pattern, err, says)
		}
	}
}

// Whatever the pattern: it is read or refused, and what is read means what its terms,
// quoted again, mean.
func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"ERROR", `-a "b c" d`, "?a ?b", `"\\\""`, "[", "{", "%", "\xff", `"a`, "é"} {
		f.Add(seed, "a message with ERROR and a b c")
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		var again []string
		for prefix, terms := range map[string][]string{"": p.all, "-": p.none, "?": p.any} {
			for _, term := range terms {
				if prefix == "" && p.Matches(message) && !strings.Contains(message, term) {
					t.Errorf("%q matches %q without %q", text, message, term)
				}
				again = append(again, prefix+`"`+quote.Replace(term)+`"`)
			}
		}
		written := strings.Join(again, " ")
		if len([]rune(written)) > maxPattern {
			return
		}
		q, err := ParsePattern(written)
		if err != nil || q.Matches(message) != p.Matches(message) {
			t.Errorf("%q, written as %q, means something else (%v)", text, written, err)
		}
	})
}

// A term is found wherever trying every place finds it, and in time: a message may be
// one long word, which a pattern with hundreds of terms is looked for in.
func FuzzHolds(f *testing.F) {
	for _, seed := range [][2]string{{"ab ca a", "a"}, {"aaa-aa", "aa"}, {"x-ax -a", "-a"}, {"größe größ", "größ"}, {"\xffa a\xff", "a"}, {"a\xff", "\xff"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, message, term string) {
		if term == "" {
			return
		}
		first, _ := utf8.DecodeRuneInString(term)
		last, _ := utf8.DecodeLastRuneInString(term)
		want := false
		for at := range len(message) {
			before, _ := utf8.DecodeLastRuneInString(message[:at])
			rest, here := strings.CutPrefix(message[at:], term)
			after, _ := utf8.DecodeRuneInString(rest)
			want = want || here && !(isWord(first) && isWord(before)) && !(isWord(last) && isWord(after))
		}
		if got := holds(message, term); got != want {
			t.Errorf("%q holds %q: %v, want %v", message, term, got, want)
		}
	})
}

func BenchmarkMatchesOneLongWord(b *testing.B) {
	p, err := ParsePattern(strings.Repeat("-a ", 340))
	if err != nil {
		b.Fatal(err)
	}
	message := strings.Repeat("a", MaxMessage)
	for b.Loop() {
		p.Matches(message)
	}
}
