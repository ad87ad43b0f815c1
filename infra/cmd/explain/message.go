package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/answers"
)

// lookUp says what an error message means.
func (o *options) lookUp(out io.Writer) error {
	all, err := answers.Errors()
	if err != nil {
		return err
	}
	found := answers.LookUp(all, o.message)
	if found == nil {
		found = []answers.Error{}
	}
	p := page{cli.NewPage(out, "what the message means")}
	said := struct {
		Message string          `json:"message"`
		Errors  []answers.Error `json:"errors"`
	}{o.message, found}
	if err := o.Print(p.Page, said, func() error { return messageMarkdown(p, found) }, func() error { return messageText(p, found) }); err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no error is known by %q; infra/cmd/explain/ERRORS.md lists those that are", cli.Cut(cli.Plain(o.message), 80))
	}
	return nil
}

func messageText(p page, found []answers.Error) error {
	style := p.Style
	for i, e := range found {
		if i > 0 {
			p.Say("")
		}
		title := e.Type
		if title == "" {
			title = e.Received[0].Message
		}
		p.Under("", statuses(e)+" "+title+", "+e.Where, style.Bold)
		for _, r := range e.Received[:min(3, len(e.Received))] {
			p.Under("  ", r.Message, style.Dim)
		}
		if n := len(e.Received); n > 3 {
			p.Say("  %s", style.Dim(fmt.Sprintf("and %d more", n-3)))
		}
		p.Under("  ", e.Means, nil)
		p.Say("  Usual causes:")
		for _, c := range e.Causes {
			p.Under("  - ", plain(c), nil)
		}
		p.Say("  What helps:")
		for _, h := range e.Helps {
			p.Under("  - ", plain(h), nil)
		}
	}
	return p.Err()
}

func messageMarkdown(p page, found []answers.Error) error {
	for _, e := range found {
		title := e.Type
		if title == "" {
			title = e.Received[0].Message
		}
		p.Say("### %s %s, %s\n\n%s\n\n%s\n\nUsual causes:\n", statuses(e), cli.Inert(title), e.Where, cli.Code(e.Received[0].Message), e.Means)
		for _, c := range e.Causes {
			p.Say("- %s", c)
		}
		p.Say("\nWhat helps:\n")
		for _, h := range e.Helps {
			p.Say("- %s", h)
		}
		p.Say("")
	}
	return p.Err()
}

// statuses are those that the error was received with.
func statuses(e answers.Error) string {
	var out []string
	for _, r := range e.Received {
		out = append(out, fmt.Sprint(r.Status))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

var link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*/([^)/]*)\)`)

// plain is Markdown's text without its marks.
func plain(text string) string {
	return strings.NewReplacer("`", "", "*", "").Replace(link.ReplaceAllString(text, "$1"))
}
