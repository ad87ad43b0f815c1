package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
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
	switch {
	case o.json:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(struct {
			Message string          `json:"message"`
			Errors  []answers.Error `json:"errors"`
		}{o.message, found})
	case o.markdown:
		err = messageMarkdown(out, found)
	default:
		style := cli.Style{}
		if file, isFile := out.(*os.File); isFile {
			style = cli.StyleFor(file)
		}
		err = messageText(out, style, cli.Width(out), found)
	}
	if err != nil {
		return fmt.Errorf("printing what the message means: %w", err)
	}
	if len(found) == 0 {
		return fmt.Errorf("no error is known by %q; infra/cmd/explain/ERRORS.md lists those that are", cli.Cut(cli.Plain(o.message), 80))
	}
	return nil
}

func messageText(out io.Writer, style cli.Style, width int, found []answers.Error) error {
	p := &page{out: out, style: style, width: width}
	for i, e := range found {
		if i > 0 {
			p.say("")
		}
		title := e.Type
		if title == "" {
			title = e.Received[0].Message
		}
		p.under("", statuses(e)+" "+title+", "+e.Where, style.Bold)
		for _, r := range e.Received[:min(3, len(e.Received))] {
			p.under("  ", r.Message, style.Dim)
		}
		if n := len(e.Received); n > 3 {
			p.say("  %s", style.Dim(fmt.Sprintf("and %d more", n-3)))
		}
		p.under("  ", e.Means, nil)
		p.say("  Usual causes:")
		for _, c := range e.Causes {
			p.under("  - ", plain(c), nil)
		}
		p.say("  What helps:")
		for _, h := range e.Helps {
			p.under("  - ", plain(h), nil)
		}
	}
	return p.err
}

func messageMarkdown(out io.Writer, found []answers.Error) error {
	p := &page{out: out}
	for _, e := range found {
		title := e.Type
		if title == "" {
			title = e.Received[0].Message
		}
		p.say("### %s %s, %s\n\n%s\n\n%s\n\nUsual causes:\n", statuses(e), inert(title), e.Where, code(e.Received[0].Message), e.Means)
		for _, c := range e.Causes {
			p.say("- %s", c)
		}
		p.say("\nWhat helps:\n")
		for _, h := range e.Helps {
			p.say("- %s", h)
		}
		p.say("")
	}
	return p.err
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
