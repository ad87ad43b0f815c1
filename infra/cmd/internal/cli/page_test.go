package cli_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
)

// full is a disk that takes so many lines.
type full struct{ left int }

var errFull = errors.New("the disk is full")

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAPage(t *testing.T) {
	var out bytes.Buffer
	p := cli.NewPage(&out, "a story")
	p.Width = 30
	p.Say("%d%%", 7)
	p.Under("  - ", "one two three four five six\x1b[2J seven", strings.ToUpper)
	p.Do(func(w io.Writer) error { _, err := io.WriteString(w, "as it is\n"); return err })
	if err := p.JSON(map[string]string{"a": "<&>"}); err != nil {
		t.Fatal(err)
	}
	want := "7%\n  - ONE TWO THREE FOUR FIVE\n    SIX�[2J SEVEN\nas it is\n{\n  \"a\": \"<&>\"\n}\n"
	if got := out.String(); got != want {
		t.Errorf("it is\n%q\nwant\n%q", got, want)
	}
}

func TestAPageThatCannotBePrinted(t *testing.T) {
	p := cli.NewPage(&full{left: 1}, "a story")
	p.Say("one")
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	p.Say("two")
	p.Do(func(io.Writer) error { t.Error("it is printed on"); return nil })
	if err := p.JSON(1); !errors.Is(err, errFull) || err.Error() != "printing a story: the disk is full" || p.Err() != err {
		t.Errorf("the error is %v", err)
	}
}

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"plain, 1.5 (a)": "plain, 1.5 (a)", "@team": `\@team`, "<b>|`x`": "\\<b\\>\\|\\`x\\`", "a_b*c#": `a\_b\*c\#`,
	} {
		if got := cli.Inert(text); got != want {
			t.Errorf("%q is inert as %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"GET /a": "`GET /a`", "a|b": "`a\\|b`", "a`b": "`` a`b ``", "``": "``` `` ```"} {
		if got := cli.Code(text); got != want {
			t.Errorf("%q is code as %q, want %q", text, got, want)
		}
	}
}
