package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/verify"
	"golang.org/x/term"
)

// progress is a line on a terminal that tells what is tried.
type progress struct {
	out   io.Writer
	width int
	style cli.Style
	shown bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{}
	if f, isFile := w.(*os.File); isFile && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.out, p.width, p.style = w, cli.Width(w), cli.StyleFor(f)
	}
	return p
}

func (p *progress) show(done, total int, now verify.Check) {
	if p.out == nil {
		return
	}
	p.shown = true
	count := fmt.Sprintf("%d of %d ", done+1, total)
	line := cli.Cut(now.ID+"  "+now.Title, max(p.width-len(count)-1, 10))
	fmt.Fprintf(p.out, "\r\x1b[K%s%s", p.style.Dim(count), line)
}

func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// words are how outcomes read in a table.
var words = map[verify.Outcome]string{verify.Holds: "holds", verify.Fails: "FAILS", verify.Skipped: "skipped", verify.Broken: "ERROR"}

func paint(style cli.Style, o verify.Outcome) func(string) string {
	switch o {
	case verify.Holds:
		return style.Green
	case verify.Skipped:
		return style.Dim
	}
	return func(text string) string { return style.Bold(style.Red(text)) }
}

// row is one line of the table: a result, or several of one check that ended alike.
type row struct {
	verify.Result
	of []verify.Result
}

// rows puts the results of a check that ended alike into one row, unless all are asked for
// or they did not hold.
func rows(results []verify.Result, all bool) []row {
	var out []row
	for _, r := range results {
		alike := slices.IndexFunc(out, func(x row) bool { return x.ID == r.ID && x.Outcome == r.Outcome })
		if alike >= 0 && !all && (r.Outcome == verify.Holds || r.Outcome == verify.Skipped) {
			out[alike].of = append(out[alike].of, r)
			continue
		}
		out = append(out, row{r, []verify.Result{r}})
	}
	for i := range out {
		x := &out[i]
		if x.Route = together(x.of, "routes", func(r verify.Result) string { return r.Route }); x.Route == "-" {
			x.Route = service(x.ID)
		}
		x.Caller = together(x.of, "tries", func(r verify.Result) string { return r.Caller })
		x.Expected = together(x.of, "answers", func(r verify.Result) string { return r.Expected })
		x.Got = together(x.of, "answers", func(r verify.Result) string { return r.Got })
	}
	return out
}

// service is what a check without routes is about.
func service(id string) string {
	for prefix, name := range map[string]string{
		"V-IDP": "identity pool", "V-USR": "user pool", "V-OAU": "hosted sign-in", "V-DOC": "deployment", "V-LOG": "logs", "V-ANS": "all answers", "V-TLS": "TLS",
	} {
		if strings.HasPrefix(id, prefix) {
			return name
		}
	}
	return "API"
}

func together(of []verify.Result, many string, part func(verify.Result) string) string {
	var values []string
	for _, r := range of {
		if v := part(r); !slices.Contains(values, v) && v != "" {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
		return "-"
	case len(values) == 1:
		return values[0]
	}
	return fmt.Sprintf("%d %s", len(values), many)
}

// printer prints lines until one fails.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) say(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

func printText(out io.Writer, style cli.Style, width int, r verify.Report, verbose bool) error {
	p := &printer{out: out}
	shown := rows(r.Results, verbose)
	var cells [][]cli.Cell
	for _, x := range shown {
		if x.Outcome == verify.Skipped && !verbose {
			continue
		}
		got := x.Got
		if x.Outcome == verify.Broken || x.Outcome == verify.Skipped {
			got = x.Note
		}
		cells = append(cells, []cli.Cell{{Text: words[x.Outcome], Paint: paint(style, x.Outcome)}, {Text: x.ID}, {Text: x.Route}, {Text: x.Caller}, {Text: x.Expected}, {Text: got}})
	}
	if len(cells) > 0 {
		if err := cli.Table(out, style, width, []string{"RESULT", "ID", "ROUTE", "CALLER", "EXPECTED", "GOT"}, cells); err != nil {
			return fmt.Errorf("printing what was found: %w", err)
		}
	}
	if !verbose {
		printSkipped(p, style, width, r)
	}
	printFailed(p, style, width, r)
	p.say("")
	p.say("%s", headline(style, r))
	if p.err != nil {
		return fmt.Errorf("printing what was found: %w", p.err)
	}
	return nil
}

// printSkipped tells why checks were not made, by reason.
func printSkipped(p *printer, style cli.Style, width int, r verify.Report) {
	var reasons []string
	ids := map[string][]string{}
	for _, x := range r.Results {
		if x.Outcome != verify.Skipped {
			continue
		}
		if ids[x.Note] == nil {
			reasons = append(reasons, x.Note)
		}
		if !slices.Contains(ids[x.Note], x.ID) {
			ids[x.Note] = append(ids[x.Note], x.ID)
		}
	}
	if len(reasons) > 0 {
		p.say("\n%s", style.Bold("Skipped"))
	}
	for _, reason := range reasons {
		for i, line := range cli.Wrap(cli.Plain(strings.Join(ids[reason], " ")+": "+reason), max(width-2, 0)) {
			indent := "  "
			if i > 0 {
				indent = "    "
			}
			p.say("%s%s", indent, style.Dim(line))
		}
	}
}

// printFailed tells what those checks that do not hold are about.
func printFailed(p *printer, style cli.Style, width int, r verify.Report) {
	checks := verify.Checks()
	for _, id := range r.Failed() {
		c := checks[slices.IndexFunc(checks, func(c verify.Check) bool { return c.ID == id })]
		p.say("\n%s %s (%s)", style.Bold(style.Red(c.ID)), style.Bold(c.Title), c.Severity)
		for _, line := range cli.Wrap(c.Proves, max(width-2, 0)) {
			p.say("  %s", line)
		}
		// In full: a narrow terminal's table has no room for it.
		for _, x := range r.Results {
			if x.ID != id || x.Outcome != verify.Fails {
				continue
			}
			text := strings.Trim(x.Route+" as "+x.Caller, " ")
			if x.Route == "" || x.Caller == "" {
				text = strings.TrimSpace(x.Route + " " + x.Caller)
			}
			text += ": expected " + x.Expected + ", got " + x.Got
			if x.Note != "" {
				text += "; " + x.Note
			}
			for i, line := range cli.Wrap(cli.Plain(strings.TrimPrefix(text, ": ")), max(width-6, 0)) {
				if i == 0 {
					p.say("  - %s", line)
				} else {
					p.say("    %s", line)
				}
			}
		}
		p.say("  %s", style.Dim(c.Doc))
	}
}

func headline(style cli.Style, r verify.Report) string {
	summary := fmt.Sprintf("%d checks, %d requests, %s", r.Checks, r.Requests, r.Took.Round(10*time.Millisecond))
	counts := fmt.Sprintf("%d hold, %d fail, %d skipped, %d errors", r.Count(verify.Holds), r.Count(verify.Fails), r.Count(verify.Skipped), r.Count(verify.Broken))
	switch {
	case r.Count(verify.Fails) > 0:
		return style.Bold(style.Red("Stack "+r.Stack+" does not hold: "+strings.Join(r.Failed(), ", ")+".")) + "\n" + counts + "; " + summary
	case r.Count(verify.Broken) > 0:
		return style.Bold(style.Red("Stack "+r.Stack+": some checks could not be made.")) + "\n" + counts + "; " + summary
	}
	return style.Bold(style.Green("Stack "+r.Stack+" holds.")) + "\n" + counts + "; " + summary
}

func printJSON(out io.Writer, r verify.Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("printing what was found: %w", err)
	}
	return nil
}

// printList lists the checks.
func printList(out io.Writer, o options) error {
	checks := verify.Checks()
	if len(o.only) > 0 {
		for _, id := range o.only {
			if !slices.ContainsFunc(checks, func(c verify.Check) bool { return c.ID == id }) {
				return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("choosing checks: there is no %q; --list shows those there are", id)}
			}
		}
		checks = slices.DeleteFunc(checks, func(c verify.Check) bool { return !slices.Contains(o.only, c.ID) })
	}
	if o.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(checks)
	}
	if o.markdown {
		_, err := io.WriteString(out, verify.Page())
		return err
	}
	style := cli.Style{}
	if f, isFile := out.(*os.File); isFile {
		style = cli.StyleFor(f)
	}
	p, width, theme := &printer{out: out}, cli.Width(out), ""
	for _, c := range checks {
		if c.Theme != theme {
			theme = c.Theme
			p.say("\n%s", style.Bold(theme))
		}
		p.say("\n%s  %s %s", style.Bold(c.ID), c.Title, style.Dim("("+string(c.Severity)+")"))
		for _, text := range []string{c.Proves, "Tried on: " + c.Applies + "."} {
			for _, line := range cli.Wrap(text, max(width-10, 0)) {
				p.say("          %s", line)
			}
		}
		p.say("          %s", style.Dim(c.Doc))
	}
	return p.err
}
