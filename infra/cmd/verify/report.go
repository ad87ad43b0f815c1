package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/verify"
)

// The JUnit report, in the form that CI systems read.
//
// https://github.com/testmoapp/junitxml
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func junit(r verify.Report) junitSuites {
	all := junitSuites{Name: "verify " + r.Stack, Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
	docs, themes := map[string]string{}, map[string]string{}
	for _, c := range verify.Checks() {
		docs[c.ID], themes[c.ID] = c.Doc, c.Theme
	}
	at := map[string]int{}
	for _, x := range r.Results {
		theme := themes[x.ID]
		i, known := at[theme]
		if !known {
			i = len(all.Suites)
			at[theme] = i
			all.Suites = append(all.Suites, junitSuite{Name: theme})
		}
		s := &all.Suites[i]
		c := junitCase{Class: x.ID, Name: strings.TrimSpace(x.Title + ": " + strings.Trim(x.Route+" as "+x.Caller, " "))}
		switch x.Outcome {
		case verify.Fails:
			c.Failure = &junitMessage{"expected " + x.Expected + ", got " + x.Got, strings.TrimSpace(x.Note + "\n" + docs[x.ID])}
			s.Failures++
			all.Failures++
		case verify.Broken:
			c.Error = &junitMessage{x.Note, docs[x.ID]}
			s.Errors++
			all.Errors++
		case verify.Skipped:
			c.Skipped = &junitMessage{Message: x.Note}
			s.Skipped++
			all.Skipped++
		}
		s.Tests++
		all.Tests++
		s.Cases = append(s.Cases, c)
	}
	return all
}

func writeJUnit(file string, r verify.Report) error {
	data, err := xml.MarshalIndent(junit(r), "", "  ")
	if err == nil {
		err = os.WriteFile(file, append([]byte(xml.Header), append(data, '\n')...), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	return nil
}

// printMarkdown prints the report as GitHub reads it: what fails first, all checks folded.
func printMarkdown(out io.Writer, r verify.Report) error {
	p := &printer{out: out}
	word := "holds"
	switch {
	case r.Count(verify.Fails) > 0:
		word = "**does not hold**"
	case r.Count(verify.Broken) > 0:
		word = "could not be tried in all"
	}
	p.say("### Verify: stack %s %s\n", cli.Inert(r.Stack), word)
	p.say("%d hold, %d fail, %d skipped, %d errors; %d checks, %d requests\n", r.Count(verify.Holds), r.Count(verify.Fails), r.Count(verify.Skipped), r.Count(verify.Broken), r.Checks, r.Requests)
	bad := false
	for _, x := range r.Results {
		if x.Outcome != verify.Fails && x.Outcome != verify.Broken {
			continue
		}
		if !bad {
			p.say("| result | check | route | caller | expected | got |\n|---|---|---|---|---|---|")
			bad = true
		}
		got := x.Got
		if x.Note != "" {
			got = strings.TrimSpace(got + " " + x.Note)
		}
		p.say("| %s | %s %s (%s) | %s | %s | %s | %s |", cli.Inert(words[x.Outcome]), x.ID, cli.Inert(x.Title), x.Severity, cli.Inert(x.Route), cli.Inert(x.Caller), cli.Inert(x.Expected), cli.Inert(got))
	}
	p.say("\n<details><summary>All checks</summary>\n\n| result | check | route | caller | got |\n|---|---|---|---|---|")
	for _, x := range rows(r.Results, false) {
		got := x.Got
		if x.Outcome == verify.Skipped {
			got = x.Note
		}
		p.say("| %s | %s %s | %s | %s | %s |", cli.Inert(words[x.Outcome]), x.ID, cli.Inert(x.Title), cli.Inert(x.Route), cli.Inert(x.Caller), cli.Inert(got))
	}
	p.say("\n</details>")
	if p.err != nil {
		return fmt.Errorf("printing what was found: %w", p.err)
	}
	return nil
}
