package main

import (
	"fmt"
	"io"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/gateway"
)

// page collects lines, and the first error of writing them.
type page struct {
	out   io.Writer
	style cli.Style
	width int // columns; 0 for as many as it takes
	err   error
}

func (p *page) say(format string, args ...any) {
	if p.err == nil {
		if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil {
			p.err = fmt.Errorf("printing the explanation: %w", err)
		}
	}
}

// under writes text that begins behind first, and goes on below its own beginning. paint
// is how its lines are painted, nil for not at all.
func (p *page) under(first, text string, paint func(string) string) {
	columns := len([]rune(first))
	room := 0
	if p.width > 0 {
		room = max(20, p.width-columns)
	}
	for _, line := range cli.Wrap(cli.Plain(text), room) {
		if paint != nil {
			line = paint(line)
		}
		p.say("%s", strings.TrimRight(first+line, " "))
		first = strings.Repeat(" ", columns)
	}
}

// marks are what stands before each gate.
var marks = map[gateway.Passage]string{gateway.Passed: "✓", gateway.Open: "○", gateway.Depends: "?", gateway.RefusedAt: "✗", gateway.Unreached: "·"}

func (p *page) paint(s gateway.Passage) func(string) string {
	switch s {
	case gateway.Passed, gateway.Open:
		return p.style.Green
	case gateway.RefusedAt:
		return p.style.Red
	case gateway.Depends:
		return p.style.Bold
	}
	return p.style.Dim
}

// The columns of the tree: a mark, the gate's name, and what it says.
const (
	nameWidth  = 13 // authorization
	gateIndent = "  "
	textIndent = "                   " // what a gate says begins here
)

func (a answer) text(out io.Writer, style cli.Style, width int) error {
	p := &page{out: out, style: style, width: width}
	head := style.Bold
	if a.outcome() == "refused" {
		head = func(text string) string { return style.Bold(style.Red(text)) }
	}
	p.under("", a.headline(), head)
	p.under("", a.basis(), style.Dim)
	if a.Request != nil {
		a.requestText(p)
	} else {
		p.say("")
		p.under(gateIndent, a.who()+" sends it "+a.Caller.Sends+".", nil)
		if a.Caller.NoCredentials != "" {
			p.under(gateIndent, "There are no credentials: "+a.Caller.NoCredentials+".", style.Red)
		}
	}
	if a.Way != nil {
		p.say("")
		a.wayText(p)
	}
	if a.Way != nil && !a.Way.Allowed {
		p.say("")
		p.say("%s", style.Bold("The caller is answered"))
		p.under(gateIndent, a.answered(), nil)
		p.under(gateIndent, a.Way.Body, nil)
		if a.Way.Authorizer != "" {
			p.under(gateIndent, a.before(), nil)
		}
	}
	if d := a.differs(); d != "" {
		p.say("")
		p.under("", d, style.Bold)
	}
	if len(a.ToChange) > 0 {
		p.say("")
		p.say("%s", style.Bold(a.changeTitle()))
		for _, line := range a.ToChange {
			p.under("  - ", line, nil)
		}
	}
	if len(a.Notes) > 0 {
		p.say("")
	}
	for _, note := range a.Notes {
		p.under("note: ", note, style.Dim)
	}
	if a.fresh {
		p.say("")
		p.say("%s", notDeployed)
	}
	return p.err
}

// changeTitle is what stands above ToChange.
func (a answer) changeTitle() string {
	if a.outcome() == "refused" {
		return "What would let it in"
	}
	return "Why it is open, and what would close it"
}

func (a answer) requestText(p *page) {
	r := a.Request
	p.say("")
	row := func(name, value string) {
		if value != "" {
			p.under(gateIndent+fmt.Sprintf("%-*s", nameWidth+2, name), value, nil)
		}
	}
	row("when", r.Time.UTC().Format("2006-01-02 15:04:05")+" UTC, by the local AWS's clock")
	row("id", r.ID)
	row("service", r.Service)
	row("caller", r.Caller)
	row("decision", r.Decision)
	row("reason", r.Reason)
	row("fault", r.Fault)
	if a.Way == nil {
		p.say("")
		p.under("", "The reason is all there is: of requests to other services than API Gateway no more is kept.", nil)
	} else {
		p.say("")
		p.under("", "Decided again, by what is declared now:", p.style.Dim)
	}
}

func (a answer) wayText(p *page) {
	var unreached []string
	for _, s := range a.Way.Stops {
		if s.Passage == gateway.Unreached {
			unreached = append(unreached, string(s.Gate))
			continue
		}
		says := reason(s)
		if s.Gate == a.Way.Gate {
			says += "  ← this decides"
		}
		p.gate(marks[s.Passage], string(s.Gate), says, p.paint(s.Passage))
		for _, f := range s.Facts {
			p.under(textIndent, f.Name+": "+f.Value, p.style.Dim)
		}
		for _, l := range s.Looks {
			p.look(l)
		}
	}
	if len(unreached) > 0 {
		p.under(gateIndent+marks[gateway.Unreached]+" ", "not reached: "+strings.Join(unreached, ", "), p.style.Dim)
	}
}

// gate writes a gate's line. Its name is painted after it was padded: escape sequences
// take no columns.
func (p *page) gate(mark, name, says string, paint func(string) string) {
	name = fmt.Sprintf("%-*s", nameWidth, name)
	first := gateIndent + paint(mark) + " " + p.style.Bold(name) + "  "
	columns := len([]rune(textIndent))
	room := 0
	if p.width > 0 {
		room = max(20, p.width-columns)
	}
	for _, line := range cli.Wrap(cli.Plain(says), room) {
		p.say("%s", first+line)
		first = textIndent
	}
}

// look writes a decision by policies: what was asked, and each statement.
func (p *page) look(l gateway.Look) {
	const indent = "      "
	p.under(indent, l.Action+" on "+l.Resource, p.style.Bold)
	if len(l.Steps) == 0 {
		p.under(indent, "no policy has a statement", p.style.Dim)
	}
	for i, s := range l.Steps {
		mark, paint := "· ", p.style.Dim
		if s.Matched {
			mark, paint = "✓ ", p.style.Green
			if s.Effect == "Deny" {
				mark, paint = "✗ ", p.style.Red
			}
		}
		text := statement(s) + ", " + s.Type.String() + ": " + matches(s)
		if i == l.Deciding {
			text += map[bool]string{true: "  ← lets it in", false: "  ← this decides"}[l.Allowed]
		}
		p.under(indent+mark, text, paint)
		for _, f := range lines(s) {
			p.under(indent+"      "+fmt.Sprintf("%-10s", f.Name), f.Value, p.style.Dim)
		}
	}
	if l.Deciding < 0 && !l.Allowed && len(l.Steps) > 0 {
		p.under(indent, "no statement allows it  ← this decides", p.style.Red)
	}
}
