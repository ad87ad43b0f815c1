package review

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"auth-api/infra/cmd/internal/cli"
)

// MaxComment is how many characters GitHub takes as a comment.
const MaxComment = 65536

// Comment is what a pull request is told of a stack.
type Comment struct {
	Stack  string
	Review Review
	Access string // Markdown: what changes of who may call what; empty when that could not be told
	Failed string // why who may call what could not be told
	Run    string // address of the run, where all of it can be seen; may be empty
}

// Marker begins the comment about a stack; by it the comment is found again.
func Marker(stack string) string { return "<!-- auth-api preview of " + stack + " -->" }

// Markdown writes the comment, at most limit characters of it, with the ids of accounts
// masked. What opens doors comes first, then what happens to each resource, then the
// values; where there is no room for all, whole lines are left out from the end, and it
// says how many.
func (c Comment) Markdown(limit int) string {
	p := &page{limit: limit}
	p.always(Marker(c.Stack), "## Preview of stack "+cli.Code(c.Stack), "")
	switch {
	case len(c.Review.Errors) > 0:
		p.always("**The preview failed: this cannot be deployed.**", "")
	case len(c.Review.Changes) == 0:
		p.always(fmt.Sprintf("No resource changes; %d stay as they are.", c.Review.Unchanged), "")
	default:
		p.always(fmt.Sprintf("**%s**; %d stay as they are.", c.Review.Count(), c.Review.Unchanged), "")
	}
	footer := ""
	if c.Run != "" {
		footer = "\nThe run: " + c.Run
	}
	p.limit -= utf8.RuneCountInString(footer) + 1
	var lost []string
	for _, change := range c.Review.Changes {
		if change.LosesData() {
			lost = append(lost, fmt.Sprintf("- **%s %s** (%s): what it holds is lost.", change.Op, cli.Code(change.Name), cli.Code(change.Type)))
		}
	}
	p.section("", lost, "")
	for _, message := range c.Review.Errors {
		p.block(message)
	}
	if c.Failed != "" {
		p.section("", []string{"**Who may call what could not be compared.** " + cli.Inert(strings.ReplaceAll(c.Failed, "\n", " "))}, "")
	}
	if c.Access != "" {
		p.section("", strings.Split(strings.TrimSpace(c.Access), "\n"), "")
	}
	p.section("", warnings(c.Review.Warnings), "")
	p.section("### Resources\n\n| | resource | type | what changes |\n|---|---|---|---|", rows(c.Review.Changes), "")
	p.section("<details><summary>The values</summary>\n\n| resource | property | before | after |\n|---|---|---|---|", values(c.Review.Changes), "\n</details>")
	p.limit = limit
	p.always(footer)
	return p.b.String()
}

func warnings(all []string) []string {
	var out []string
	for _, w := range all {
		out = append(out, "- "+cli.Inert(strings.ReplaceAll(w, "\n", " ")))
	}
	return out
}

func rows(changes []Change) []string {
	var out []string
	for _, c := range changes {
		var what []string
		for _, p := range c.Properties {
			if name := cli.Code(top(p.Path)); len(what) == 0 || what[len(what)-1] != name {
				what = append(what, name)
			}
		}
		out = append(out, fmt.Sprintf("| %s %s | %s | %s | %s |", signs[c.Op], c.Op, cli.Code(c.Name), cli.Code(c.Type), strings.Join(what, ", ")))
	}
	return out
}

func values(changes []Change) []string {
	var out []string
	for _, c := range changes {
		for _, p := range c.Properties {
			out = append(out, fmt.Sprintf("| %s | %s | %s | %s |", cli.Code(c.Name), cli.Code(p.Path), value(p.Before), value(p.After)))
		}
	}
	return out
}

func value(text string) string {
	if text == "" {
		return ""
	}
	return cli.Code(cli.Cut(text, longest))
}

// page is Markdown up to a limit of characters.
type page struct {
	b     strings.Builder
	used  int
	limit int
}

// always writes lines whatever the limit: they are few, and short.
func (p *page) always(lines ...string) {
	for _, line := range lines {
		p.write(line)
	}
}

func (p *page) write(line string) {
	line = Masked(line) + "\n"
	p.used += utf8.RuneCountInString(line)
	p.b.WriteString(line)
}

// section writes a head, lines and a tail, or as many of the lines as there is room for
// and how many were left out; without any line nothing.
func (p *page) section(head string, lines []string, tail string) {
	if len(lines) == 0 {
		return
	}
	more := func(n int) string { return fmt.Sprintf("\n… and %d lines more, for which a comment has no room.", n) }
	room := p.limit - p.used - size(head) - size(tail) - size(more(len(lines))) - 2
	fit := 0
	for ; fit < len(lines) && size(lines[fit]) <= room; fit++ {
		room -= size(lines[fit])
	}
	if fit == 0 {
		if size(more(len(lines))) < p.limit-p.used {
			p.write(more(len(lines)))
		}
		return
	}
	if head != "" {
		p.write(head)
	}
	for _, line := range lines[:fit] {
		p.write(line)
	}
	if fit < len(lines) {
		p.write(more(len(lines) - fit))
	}
	if tail != "" {
		p.write(tail)
	}
	p.write("")
}

// size is how many characters a line takes once it is written.
func size(line string) int {
	if line == "" {
		return 1
	}
	return utf8.RuneCountInString(Masked(line)) + 1
}

// block writes a message of its own lines, shortened when it is long.
func (p *page) block(message string) {
	const most = 8000
	if n := utf8.RuneCountInString(message); n > most {
		message = string([]rune(message)[:most]) + "\n…"
	}
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = cli.Plain(strings.ReplaceAll(line, "\t", "  "))
	}
	if text := fenced(strings.Join(lines, "\n")); size(text)+2 < p.limit-p.used {
		p.write(text)
		p.write("")
	}
}
