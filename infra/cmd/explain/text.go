package main

import (
	"fmt"
	"io"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/gateway"
)

// page is what explains.
type page struct{ *cli.Page }

func newPage(out io.Writer) page { return page{cli.NewPage(out, "the explanation")} }

// marks are what stands before each gate.
var marks = map[gateway.Passage]string{gateway.Passed: "✓", gateway.Open: "○", gateway.Depends: "?", gateway.RefusedAt: "✗", gateway.Unreached: "·"}

func (p page) paint(s gateway.Passage) func(string) string {
	switch s {
	case gateway.Passed, gateway.Open:
		return p.Style.Green
	case gateway.RefusedAt:
		return p.Style.Red
	case gateway.Depends:
		return p.Style.Bold
	}
	return p.Style.Dim
}

// The columns of the tree: a mark, the gate's name, and what it says.
const (
	nameWidth  = 13 // authorization
	gateIndent = "  "
	textIndent = "                   " // what a gate says begins here
)

func (a answer) text(p page) error {
	style := p.Style
	head := style.Bold
	if a.outcome() == "refused" {
		head = func(text string) string { return style.Bold(style.Red(text)) }
	}
	p.Under("", a.headline(), head)
	p.Under("", a.basis(), style.Dim)
	if a.Request != nil {
		a.requestText(p)
	} else {
		p.Say("")
		p.Under(gateIndent, a.who()+" sends it "+a.Caller.Sends+".", nil)
		if a.Caller.NoCredentials != "" {
			p.Under(gateIndent, "There are no credentials: "+a.Caller.NoCredentials+".", style.Red)
		}
	}
	if a.Way != nil {
		p.Say("")
		a.wayText(p)
	}
	if a.Way != nil && !a.Way.Allowed {
		p.Say("")
		p.Say("%s", style.Bold("The caller is answered"))
		p.Under(gateIndent, a.answered(), nil)
		p.Under(gateIndent, a.Way.Body, nil)
		if a.Way.Authorizer != "" {
			p.Under(gateIndent, a.before(), nil)
		}
	}
	if d := a.differs(); d != "" {
		p.Say("")
		p.Under("", d, style.Bold)
	}
	if len(a.ToChange) > 0 {
		p.Say("")
		p.Say("%s", style.Bold(a.changeTitle()))
		for _, line := range a.ToChange {
			p.Under("  - ", line, nil)
		}
	}
	if len(a.Notes) > 0 {
		p.Say("")
	}
	for _, note := range a.Notes {
		p.Under("note: ", note, style.Dim)
	}
	if a.fresh {
		p.Say("")
		p.Say("%s", notDeployed)
	}
	return p.Err()
}

// changeTitle is what stands above ToChange.
func (a answer) changeTitle() string {
	switch {
	case a.Way.Allowed && a.Request != nil && a.Request.Decision == "deny":
		return "What helps"
	case !a.Way.Allowed:
		return "What would let it in"
	}
	return "Why it is open, and what would close it"
}

func (a answer) requestText(p page) {
	r := a.Request
	p.Say("")
	row := func(name, value string) {
		if value != "" {
			p.Under(gateIndent+fmt.Sprintf("%-*s", nameWidth+2, name), value, nil)
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
		p.Say("")
		p.Under("", "The reason is all there is: of requests to other services than API Gateway no more is kept.", nil)
	} else {
		p.Say("")
		p.Under("", "Decided again, by what is declared now:", p.Style.Dim)
	}
}

func (a answer) wayText(p page) {
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
			p.Under(textIndent, f.Name+": "+f.Value, p.Style.Dim)
		}
		for _, l := range s.Looks {
			p.look(l)
		}
	}
	if len(unreached) > 0 {
		p.Under(gateIndent+marks[gateway.Unreached]+" ", "not reached: "+strings.Join(unreached, ", "), p.Style.Dim)
	}
}

// gate writes a gate's line. Its name is painted after it was padded: escape sequences
// take no columns.
func (p page) gate(mark, name, says string, paint func(string) string) {
	name = fmt.Sprintf("%-*s", nameWidth, name)
	first := gateIndent + paint(mark) + " " + p.Style.Bold(name) + "  "
	for _, line := range p.Lines(says, len([]rune(textIndent))) {
		p.Say("%s", first+line)
		first = textIndent
	}
}

// look writes a decision by policies: what was asked, and each statement.
func (p page) look(l gateway.Look) {
	const indent = "      "
	p.Under(indent, l.Action+" on "+l.Resource, p.Style.Bold)
	if len(l.Steps) == 0 {
		p.Under(indent, "no policy has a statement", p.Style.Dim)
	}
	for i, s := range l.Steps {
		mark, paint := "· ", p.Style.Dim
		if s.Matched {
			mark, paint = "✓ ", p.Style.Green
			if s.Effect == "Deny" {
				mark, paint = "✗ ", p.Style.Red
			}
		}
		text := statement(s) + ", " + s.Type.String() + ": " + matches(s)
		if i == l.Deciding {
			text += map[bool]string{true: "  ← lets it in", false: "  ← this decides"}[l.Allowed]
		}
		p.Under(indent+mark, text, paint)
		for _, f := range lines(s) {
			p.Under(indent+"      "+fmt.Sprintf("%-10s", f.Name), f.Value, p.Style.Dim)
		}
	}
	if l.Deciding < 0 && !l.Allowed && len(l.Steps) > 0 {
		p.Under(indent, "no statement allows it  ← this decides", p.Style.Red)
	}
}
