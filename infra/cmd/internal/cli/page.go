package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Page collects what a command prints, and the first error of printing it.
type Page struct {
	Style Style
	Width int // columns; 0 for as many as it takes

	out  io.Writer
	what string
	err  error
}

// NewPage is a page for a reader: with colours and of a width on a terminal, and plain
// elsewhere. What is printed, such as "the explanation", is for the error.
func NewPage(out io.Writer, what string) *Page {
	p := &Page{out: out, what: what}
	if file, isFile := out.(*os.File); isFile {
		p.Style, p.Width = StyleFor(file), Width(file)
	}
	return p
}

// Err is the first error of printing.
func (p *Page) Err() error { return p.err }

// Do prints by other means, unless something failed already.
func (p *Page) Do(print func(io.Writer) error) {
	if p.err != nil {
		return
	}
	if err := print(p.out); err != nil {
		p.err = fmt.Errorf("printing %s: %w", p.what, err)
	}
}

// Say prints a line.
func (p *Page) Say(format string, args ...any) {
	p.Do(func(out io.Writer) error { _, err := fmt.Fprintf(out, format+"\n", args...); return err })
}

// Under prints text that begins behind first, and goes on below its own beginning. paint is
// how the text is painted, nil for not at all.
func (p *Page) Under(first, text string, paint func(string) string) {
	if paint == nil {
		paint = func(line string) string { return line }
	}
	columns := len([]rune(first))
	for _, line := range p.Lines(text, columns) {
		p.Say("%s", strings.TrimRight(first+paint(line), " "))
		first = strings.Repeat(" ", columns)
	}
}

// Lines are a text's, as they fit behind so many columns.
func (p *Page) Lines(text string, columns int) []string {
	room := 0
	if p.Width > 0 {
		room = max(20, p.Width-columns)
	}
	return Wrap(Plain(text), room)
}

// JSON prints a value for programs.
func (p *Page) JSON(v any) error {
	p.Do(func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	})
	return p.err
}

// Inert is text that Markdown shows as it is, and that mentions nobody.
func Inert(text string) string {
	var b strings.Builder
	for _, r := range Plain(text) {
		if strings.ContainsRune("\\`*_{}[]<>#|~@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Code is text as code in Markdown, in a cell of a table too, in as many backticks as it
// takes.
func Code(text string) string {
	text = strings.ReplaceAll(Plain(text), "|", "\\|")
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
