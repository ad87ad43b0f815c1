package main

import (
	"fmt"
	"io"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/access"
)

// page collects lines, and the first error of writing them.
type page struct {
	out io.Writer
	err error
}

func (p *page) say(format string, args ...any) {
	if p.err == nil {
		if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil {
			p.err = fmt.Errorf("printing who may call what: %w", err)
		}
	}
}

// headline says what a table is of.
func (a answer) headline(t access.Table) string {
	of := map[string]string{fromState: "as deployed", fromProgram: "as planned"}[a.Source]
	if len(a.Tables) > 1 {
		of = "API " + t.API + ", stage " + t.Stage + ", " + of
	}
	return "Who may call what: stack " + cli.Plain(a.Stack) + ", " + of
}

// notDeployed is the word that goes with a table of what is not there yet.
const notDeployed = "The stack is not deployed yet: this is what make up would open."

func (a answer) text(out io.Writer, style cli.Style, width int, why bool) error {
	p := &page{out: out}
	if a.compared && !a.fresh {
		a.changesText(p, style, width)
		return p.err
	}
	for i, t := range a.Tables {
		if i > 0 {
			p.say("")
		}
		a.tableText(p, t, style, width, why)
	}
	if a.fresh {
		p.say("\n%s", notDeployed)
	}
	return p.err
}

func (a answer) tableText(p *page, t access.Table, style cli.Style, width int, why bool) {
	v := viewOf(t)
	p.say("%s\n", style.Bold(a.headline(t)))
	header := []string{"ROUTE"}
	lettered := width > 0 && v.width() > width
	for i, c := range v.columns {
		name := c.name
		if lettered {
			name = letter(i)
		}
		header = append(header, cli.Plain(name))
	}
	var rows [][]cli.Cell
	for _, r := range v.rows {
		row := []cli.Cell{{Text: r.route}}
		for _, c := range v.columns {
			cell := r.row.Cells[c.index]
			row = append(row, cli.Cell{Text: mark(cell), Paint: paint(cell, style)})
		}
		rows = append(rows, row)
	}
	if p.err == nil {
		p.err = cli.Table(p.out, style, width, header, rows)
	}
	p.say("")
	if lettered {
		for i, c := range v.columns {
			wrapped(p, style, width, "", letter(i)+": "+c.name)
		}
	}
	for _, line := range v.legend() {
		wrapped(p, style, width, "", line)
	}
	for _, note := range t.Notes {
		wrapped(p, style, width, "note: ", note)
	}
	if !why {
		return
	}
	for _, r := range v.rows {
		needs := r.row.Authorization
		if r.row.APIKeyRequired {
			needs += ", API key"
		}
		p.say("\n%s  %s", style.Bold(cli.Plain(r.route)), style.Dim(needs))
		for i, c := range t.Callers {
			cell := r.row.Cells[i]
			lines := cli.Wrap(cli.Plain(because(cell)), max(0, width-4))
			p.say("  %s", paint(cell, style)(cli.Plain(c.Name)))
			for _, line := range lines {
				p.say("    %s", line)
			}
		}
	}
}

// because is a cell with its reason.
func because(c access.Cell) string {
	if c.Access == access.Refused {
		return fmt.Sprintf("refused, %d %s: %s", c.Status, c.Error, c.Reason)
	}
	if c.Access == access.Some {
		return describe(&c)
	}
	return describe(&c) + ": " + c.Reason
}

func paint(c access.Cell, style cli.Style) func(string) string {
	switch c.Access {
	case access.Allowed:
		return style.Green
	case access.Refused:
		return style.Red
	}
	return style.Bold
}

// wrapped says a line in as many as it takes.
func wrapped(p *page, style cli.Style, width int, prefix, text string) {
	for i, line := range cli.Wrap(cli.Plain(text), max(0, width-len(prefix))) {
		if i > 0 {
			prefix = strings.Repeat(" ", len(prefix))
		}
		p.say("%s", style.Dim(prefix+line))
	}
}

func (a answer) changesText(p *page, style cli.Style, width int) {
	if len(a.Changes) == 0 {
		p.say("Who may call what: no changes.")
		return
	}
	p.say("%s\n", style.Bold("Who may call what changes:"))
	for _, c := range a.grouped() {
		word, paint := "narrower", style.Green
		if c.wider {
			word, paint = "WIDER", style.Red
		}
		indent := "  " + paint(word) + strings.Repeat(" ", len("narrower  ")-len(word))
		for _, line := range cli.Wrap(cli.Plain(c.line()), max(0, width-12)) {
			p.say("%s%s", indent, line)
			indent = strings.Repeat(" ", 12)
		}
	}
	p.say("\n%s", count(a.Changes))
}

// count sums changes up.
func count(changes []access.Change) string {
	wider := 0
	for _, c := range changes {
		if c.Wider {
			wider++
		}
	}
	return fmt.Sprintf("Cells that change: %d wider, %d narrower.", wider, len(changes)-wider)
}
