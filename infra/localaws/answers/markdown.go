package answers

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown is the page of all errors.
func Markdown(all []Error) string {
	var b strings.Builder
	b.WriteString(`# A refusal, by its message

What API Gateway, Cognito and the hosted sign-in say when they refuse, what it means, and what helps. Search this page
for the message, or ask:

    make explain MESSAGE="Missing Authentication Token"

The messages are as they were received from the local AWS, which answers as AWS does ([CASES.md](../../localaws/CASES.md)
holds the two beside one another); what differs in every run is masked. The page is written by
` + "`go test ./infra/localaws/cases -update`" + `, and a test fails when it says other than what is answered.

Why a certain caller is refused at a certain route: ` + "`make explain ROUTE=\"GET /require-auth\" AS=guest`" + `; why a request was:
` + "`make explain REQUEST=ID`" + `, by the id in the answer's x-amzn-RequestId.

| status | error type | message | |
|---|---|---|---|
`)
	for i, e := range all {
		var statuses []string
		for _, r := range e.Received {
			statuses = append(statuses, fmt.Sprint(r.Status))
		}
		slices.Sort(statuses)
		fmt.Fprintf(&b, "| %s | %s | %s | [%s](#%s) |\n", strings.Join(slices.Compact(statuses), ", "), e.Type, code(short(e.Received[0].Message)), e.Where, anchor(i))
	}
	where := ""
	for i, e := range all {
		if e.Where != where {
			where = e.Where
			b.WriteString("\n## " + where + "\n")
		}
		title := e.Type
		if title == "" {
			title = e.Received[0].Message
		}
		fmt.Fprintf(&b, "\n<a id=%q></a>\n\n### %s\n\n", anchor(i), title)
		for _, r := range e.Received {
			fmt.Fprintf(&b, "- %d: %s (%s)\n", r.Status, code(r.Message), cases(r.Cases))
		}
		b.WriteString("\n" + e.Means + "\n\nUsual causes:\n\n")
		for _, c := range e.Causes {
			b.WriteString("- " + c + "\n")
		}
		b.WriteString("\nWhat helps:\n\n")
		for _, h := range e.Helps {
			b.WriteString("- " + h + "\n")
		}
	}
	return b.String()
}

func anchor(i int) string { return fmt.Sprintf("error-%d", i+1) }

func cases(ids []string) string {
	if len(ids) == 1 {
		return "case " + ids[0]
	}
	return "cases " + strings.Join(ids, ", ")
}

// short is the beginning of a message; of those that name caller and resource first, the
// end, which tells them apart.
func short(message string) string {
	for _, end := range []string{" because ", " with an explicit deny "} {
		if i := strings.Index(message, end); i > 0 {
			first, _, _ := strings.Cut(message, " is not authorized")
			if strings.HasPrefix(first, "User: ") {
				first = "User: …"
			}
			return first + " is not authorized …" + message[i:]
		}
	}
	if r := []rune(message); len(r) > 70 {
		return string(r[:69]) + "…"
	}
	return message
}

// code is text as code in a table. Messages hold no backtick.
func code(text string) string { return "`" + strings.ReplaceAll(text, "|", "\\|") + "`" }
