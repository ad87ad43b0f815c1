package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Width is how many columns a terminal has, and 0, for as many as it takes, when w is none.
func Width(w io.Writer) int {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Plain is text with what could command a terminal taken out: names and paths are what
// strangers chose.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// Cut shortens text to width columns, and says so with its last one; 0 cuts nothing.
func Cut(text string, width int) string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// Wrap breaks text between words into lines of at most width columns, and longer words
// too; 0 breaks nothing.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	line := []rune{}
	for _, word := range strings.Fields(text) {
		next := []rune(word)
		if len(line) > 0 && len(line)+1+len(next) > width {
			lines, line = append(lines, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		line = append(line, next...)
		for len(line) > width {
			lines, line = append(lines, string(line[:width])), line[width:]
		}
	}
	return append(lines, string(line))
}

// Cell is a table's cell: plain text, and how it is painted, nil for not at all.
type Cell struct {
	Text  string
	Paint func(string) string
}

// narrowest is how far a column is cut for the others' sake.
const narrowest = 8

// Table writes rows under a header in columns that stand below one another, two spaces
// apart. When they take more than width columns, the widest are cut; 0 cuts none.
func Table(w io.Writer, style Style, width int, header []string, rows [][]Cell) error {
	widths := make([]int, len(header))
	for i, name := range header {
		widths[i] = utf8.RuneCountInString(name)
	}
	for _, row := range rows {
		for i := range row {
			row[i].Text = Plain(row[i].Text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].Text))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	for width > 0 && total > width {
		widest := 0
		for i, n := range widths {
			if n > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
		total--
	}
	line := func(cells []Cell) error {
		var b strings.Builder
		for i, c := range cells {
			text := Cut(c.Text, widths[i])
			pad := ""
			if i < len(cells)-1 {
				pad = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2)
			}
			if c.Paint != nil {
				text = c.Paint(text)
			}
			b.WriteString(text + pad)
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		return err
	}
	names := make([]Cell, len(header))
	for i, name := range header {
		names[i] = Cell{name, style.Dim}
	}
	if err := line(names); err != nil {
		return err
	}
	for _, row := range rows {
		if err := line(row); err != nil {
			return err
		}
	}
	return nil
}
