package cli_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"auth-api/infra/cmd/internal/cli"
)

func TestATableFitsItsTerminal(t *testing.T) {
	rows := func() [][]cli.Cell {
		return [][]cli.Cell{{{Text: "ann"}, {Text: strings.Repeat("ö", 100)}, {Text: "yes"}}, {{Text: "bob\x1b[2J"}, {Text: "short"}, {Text: ""}}}
	}
	for width, want := range map[int]string{
		40: "NAME     WHAT                        OK\nann      " + strings.Repeat("ö", 25) + "…  yes\nbob�[2J  short\n",
		0:  "NAME     WHAT" + strings.Repeat(" ", 98) + "OK\nann      " + strings.Repeat("ö", 100) + "  yes\nbob�[2J  short\n",
	} {
		var out bytes.Buffer
		if err := cli.Table(&out, cli.Style{}, width, []string{"NAME", "WHAT", "OK"}, rows()); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("at %d columns:\n%s\nwant\n%s", width, out.String(), want)
		}
	}
	var out bytes.Buffer
	if err := cli.Table(&out, cli.Style{}, 5, []string{"NAME", "WHAT", "OK"}, rows()); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 24 {
			t.Errorf("where there is no room, %q takes %d", line, n)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  []string
	}{
		{"a few words here", 9, []string{"a few", "words", "here"}},
		{"a few words here", 0, []string{"a few words here"}},
		{"arn:aws:iam and more", 5, []string{"arn:a", "ws:ia", "m and", "more"}},
		{"", 5, []string{""}},
	} {
		if got := cli.Wrap(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("%q at %d: %q, want %q", test.text, test.width, got, test.want)
		}
	}
}
