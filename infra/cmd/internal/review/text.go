package review

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"auth-api/infra/cmd/internal/cli"
)

var signs = map[string]string{Create: "+", Import: "=", Update: "~", Replace: "±", Delete: "-"}

// Drift writes what a refresh found for a terminal: what is gone, and what has other
// properties than it was deployed with.
func (r Review) Drift(w io.Writer) error {
	for _, c := range r.Changes {
		line := fmt.Sprintf("  %s (%s)", cli.Plain(c.Name), cli.Plain(c.Type))
		switch {
		case c.Op == Delete:
			line += " is gone"
		case len(c.Properties) == 0:
			line += " differs; Pulumi does not tell in what"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
		for _, p := range c.Properties {
			if _, err := fmt.Fprintf(w, "    %s: deployed as %s, and is %s\n", cli.Plain(p.Path), short(p.Before), short(p.After)); err != nil {
				return err
			}
		}
	}
	return nil
}

// longest is how much of a value is shown, in characters.
const longest = 160

func short(value string) string {
	if value == "" {
		return "nothing"
	}
	return cli.Cut(cli.Plain(value), longest)
}

var accountID = regexp.MustCompile(`\b\d{8}(\d{4})\b`)

// Masked is text with the ids of AWS accounts cut down to their last four digits, as API
// Gateway does in its errors: pull requests may be public.
func Masked(text string) string { return accountID.ReplaceAllString(text, "********$1") }

// fenced is text in a block of its own, which ends where the text ends and not before.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + text + "\n" + fence
}
