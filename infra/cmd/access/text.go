package main

import (
	"fmt"
	"io"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/access"
)

func newPage(out io.Writer) *cli.Page { return cli.NewPage(out, "who may call what") }

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

func (a answer) text(p *cli.Page, why bool) error {
	if a.compared && !a.fresh {
		a.changesText(p)
		return p.Err()
	}
	for i, t := range a.Tables {
		if i > 0 {
			p.Say("")
		}
		a.tableText(p, t, why)
	}
	if a.fresh {
		p.Say("\n%s", notDeployed)
	}
	return p.Err()
}

func (a answer) tableText(p *cli.Page, t access.Table, why bool) {
	style, width := p.Style, p.Width
	v := viewOf(t)
	p.Say("%s\n", style.Bold(a.headline(t)))
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
	p.Do(func(out io.Writer) error { return cli.Table(out, style, width, header, rows) })
	p.Say("")
	if lettered {
		for i, c := range v.columns {
			p.Under("", letter(i)+": "+c.name, style.Dim)
		}
	}
	for _, line := range v.legend() {
		p.Under("", line, style.Dim)
	}
	for _, note := range t.Notes {
		p.Under("note: ", note, style.Dim)
	}
	if !why {
		return
	}
	for _, r := range v.rows {
		needs := r.row.Authorization
		if r.row.APIKeyRequired {
			needs += ", API key"
		}
		p.Say("\n%s  %s", style.Bold(cli.Plain(r.route)), style.Dim(needs))
		for i, c := range t.Callers {
			cell := r.row.Cells[i]
			p.Say("  %s", paint(cell, style)(cli.Plain(c.Name)))
			p.Under("    ", because(cell), nil)
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

func (a answer) changesText(p *cli.Page) {
	style := p.Style
	if len(a.Changes) == 0 {
		p.Say("Who may call what: no changes.")
		return
	}
	p.Say("%s\n", style.Bold("Who may call what changes:"))
	for _, c := range a.grouped() {
		word, paint := "narrower", style.Green
		if c.wider {
			word, paint = "WIDER", style.Red
		}
		indent := "  " + paint(word) + strings.Repeat(" ", len("narrower  ")-len(word))
		for _, line := range p.Lines(c.line(), 12) {
			p.Say("%s%s", indent, line)
			indent = strings.Repeat(" ", 12)
		}
	}
	p.Say("\n%s", count(a.Changes))
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
