package main

import (
	"fmt"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/access"
)

// markdown prints tables as GitHub reads them.
//
// https://github.github.com/gfm/#tables-extension-
func (a answer) markdown(p *cli.Page, why bool) error {
	inert, code := cli.Inert, cli.Code
	if a.compared && !a.fresh {
		a.changesMarkdown(p)
		return p.Err()
	}
	for i, t := range a.Tables {
		if i > 0 {
			p.Say("")
		}
		v := viewOf(t)
		p.Say("### %s\n", inert(a.headline(t)))
		head, rule := "| route |", "|---|"
		for _, c := range v.columns {
			head, rule = head+" "+inert(c.name)+" |", rule+"---|"
		}
		p.Say("%s\n%s", head, rule)
		for _, r := range v.rows {
			line := "| " + code(r.route) + " |"
			for _, c := range v.columns {
				line += " " + inert(long(r.row.Cells[c.index])) + " |"
			}
			p.Say("%s", line)
		}
		p.Say("")
		for _, c := range v.columns {
			if len(c.means) > 1 {
				p.Say("- %s: %s", inert(c.name), inert(strings.Join(c.means, ", ")))
			}
		}
		for _, note := range t.Notes {
			p.Say("- note: %s", inert(note))
		}
		if why {
			p.Say("\n<details><summary>Why</summary>\n\n| route | caller | answer | why |\n|---|---|---|---|")
			for _, r := range v.rows {
				for i, c := range t.Callers {
					cell := r.row.Cells[i]
					p.Say("| %s | %s | %s | %s |", code(r.route), inert(c.Name), inert(long(cell)), inert(cell.Reason))
				}
			}
			p.Say("\n</details>")
		}
	}
	if a.fresh {
		p.Say("\n%s", notDeployed)
	}
	return p.Err()
}

func (a answer) changesMarkdown(p *cli.Page) {
	inert, code := cli.Inert, cli.Code
	if len(a.Changes) == 0 {
		p.Say("Who may call what: no changes.")
		return
	}
	p.Say("### Who may call what changes: stack %s\n\n| | route | caller | before | after |\n|---|---|---|---|---|", inert(a.Stack))
	for _, c := range a.grouped() {
		word := "narrower"
		if c.wider {
			word = "**WIDER**"
		}
		p.Say("| %s | %s | %s | %s | %s |", word, code(c.route()), inert(c.callers), inert(describe(c.before)), inert(describe(c.after)))
	}
	p.Say("\n%s", count(a.Changes))
}

// long is a cell as Markdown has room for.
func long(c access.Cell) string {
	switch {
	case c.Access == access.Refused:
		return fmt.Sprintf("refused (%d)", c.Status)
	case c.Access == access.Allowed && c.Key:
		return "with API key"
	case c.Access == access.Allowed:
		return "yes"
	}
	return describe(&c)
}
