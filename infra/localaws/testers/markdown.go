package testers

import "strings"

// Markdown is the table of endpoints for TESTING.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Address | What it does |\n|---|---|\n")
	for _, e := range Endpoints() {
		b.WriteString("| `" + e.Method + " " + e.Path + "` | " + e.Does)
		for i, p := range e.Query {
			b.WriteString(map[bool]string{true: "<br>Parameters: ", false: "; "}[i == 0] + "`" + p.Name + "`, " + p.Does)
		}
		if len(e.Query) > 0 {
			b.WriteString(".")
		}
		if e.Body != "" {
			b.WriteString("<br>Body: `" + e.Body + "`")
		}
		b.WriteString(" |\n")
	}
	return b.String()
}
