package main

import (
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/gateway"
)

// markdown prints the explanation as GitHub reads it.
func (a answer) markdown(p page) error {
	inert, code := cli.Inert, cli.Code
	p.Say("### %s\n\n%s", inert(a.headline()), inert(a.basis()))
	switch {
	case a.Request != nil:
		p.Say("")
		for _, f := range []gateway.Fact{
			{Name: "when", Value: a.Request.Time.UTC().Format("2006-01-02 15:04:05") + " UTC"}, {Name: "id", Value: a.Request.ID}, {Name: "service", Value: a.Request.Service},
			{Name: "caller", Value: a.Request.Caller}, {Name: "decision", Value: a.Request.Decision}, {Name: "reason", Value: a.Request.Reason}, {Name: "fault", Value: a.Request.Fault},
		} {
			if f.Value != "" {
				p.Say("- %s: %s", f.Name, inert(f.Value))
			}
		}
	default:
		p.Say("\n%s sends it %s.", inert(a.who()), inert(a.Caller.Sends))
		if a.Caller.NoCredentials != "" {
			p.Say("There are no credentials: %s.", inert(a.Caller.NoCredentials))
		}
	}
	if a.Way != nil {
		p.Say("\n| gate | | what it says |\n|---|---|---|")
		for _, s := range a.Way.Stops {
			says := inert(reason(s))
			if s.Passage == gateway.Unreached {
				says = "not reached"
			}
			for _, f := range s.Facts {
				says += "<br>" + inert(f.Name+": "+f.Value)
			}
			if s.Gate == a.Way.Gate {
				says = "**" + says + "**"
				if i := strings.Index(says, "<br>"); i >= 0 {
					says = says[:i] + "**" + strings.TrimSuffix(says[i:], "**")
				}
			}
			p.Say("| %s | %s | %s |", s.Gate, s.Passage, says)
		}
		for _, s := range a.Way.Stops {
			for _, l := range s.Looks {
				p.Say("\n<details><summary>%s: each statement</summary>\n\n%s on %s\n\n| | statement | says | |\n|---|---|---|---|", s.Gate, code(l.Action), code(l.Resource))
				for i, step := range l.Steps {
					var says []string
					for _, f := range lines(step) {
						says = append(says, inert(f.Name+": "+f.Value))
					}
					mark := ""
					if i == l.Deciding {
						mark = map[bool]string{true: "**lets it in**", false: "**decides**"}[l.Allowed]
					}
					p.Say("| %s | %s | %s | %s |", mark, inert(statement(step)+", "+step.Type.String()), strings.Join(says, "<br>"), inert(matches(step)))
				}
				p.Say("\n</details>")
			}
		}
		if !a.Way.Allowed {
			p.Say("\nThe caller is answered %s: %s", inert(a.answered()), code(a.Way.Body))
			if a.Way.Authorizer != "" {
				p.Say("%s", inert(a.before()))
			}
		}
	}
	if d := a.differs(); d != "" {
		p.Say("\n%s", inert(d))
	}
	if len(a.ToChange) > 0 {
		p.Say("\n#### %s\n", a.changeTitle())
	}
	for _, line := range a.ToChange {
		p.Say("- %s", inert(line))
	}
	if len(a.Notes) > 0 {
		p.Say("")
	}
	for _, note := range a.Notes {
		p.Say("- note: %s", inert(note))
	}
	if a.fresh {
		p.Say("\n%s", notDeployed)
	}
	return p.Err()
}
