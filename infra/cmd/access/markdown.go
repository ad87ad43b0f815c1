package main

import (
	"fmt"
	"io"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/access"
)

// markdown prints tables as GitHub reads them.
//
// https://github.github.com/gfm/#tables-extension-
func (a answer) markdown(out io.Writer, why bool) error {
	p := &page{out: out}
	if a.compared && !a.fresh {
		a.changesMarkdown(p)
		return p.err
	}
	for i, t := range a.Tables {
		if i > 0 {
			p.say("")
		}
		v := viewOf(t)
		p.say("### %s\n", inert(a.headline(t)))
		head, rule := "| route |", "|---|"
		for _, c := range v.columns {
			head, rule = head+" "+inert(c.name)+" |", rule+"---|"
		}
		p.say("%s\n%s", head, rule)
		for _, r := range v.rows {
			line := "| " + code(r.route) + " |"
			for _, c := range v.columns {
				line += " " + inert(long(r.row.Cells[c.index])) + " |"
			}
			p.say("%s", line)
		}
		p.say("")
		for _, c := range v.columns {
			if len(c.means) > 1 {
				p.say("- %s: %s", inert(c.name), inert(strings.Join(c.means, ", ")))
			}
		}
		for _, note := range t.Notes {
			p.say("- note: %s", inert(note))
		}
		if why {
			p.say("\n<details><summary>Why</summary>\n\n| route | caller | answer | why |\n|---|---|---|---|")
			for _, r := range v.rows {
				for i, c := range t.Callers {
					cell := r.row.Cells[i]
					p.say("| %s | %s | %s | %s |", code(r.route), inert(c.Name), inert(long(cell)), inert(cell.Reason))
				}
			}
			p.say("\n</details>")
		}
	}
	if a.fresh {
		p.say("\n%s", notDeployed)
	}
	return p.err
}

func (a answer) changesMarkdown(p *page) {
	if len(a.Changes) == 0 {
		p.say("Who may call what: no changes.")
		return
	}
	p.say("### Who may call what changes: stack %s\n\n| | route | caller | before | after |\n|---|---|---|---|---|", inert(a.Stack))
	for _, c := range a.grouped() {
		word := "narrower"
		if c.wider {
			word = "**WIDER**"
		}
		p.say("| %s | %s | %s | %s | %s |", word, code(c.route()), inert(c.callers), inert(describe(c.before)), inert(describe(c.after)))
	}
	p.say("\n%s", count(a.Changes))
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

// inert is text that Markdown shows as it is.
func inert(text string) string {
	var b strings.Builder
	for _, r := range cli.Plain(text) {
		if strings.ContainsRune("\\`*_{}[]<>#|~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is text as code. A path holds no backtick: API Gateway takes none.
func code(text string) string {
	return "`" + strings.ReplaceAll(strings.ReplaceAll(cli.Plain(text), "`", "'"), "|", "\\|") + "`"
}
