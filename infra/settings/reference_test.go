package settings_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"auth-api/infra/settings"
)

var update = flag.Bool("update", false, "write the reference of the settings and Pulumi.yaml's schema anew")

// The reference is what the code that reads stack files says of itself.
func TestTheReferenceIsOfTheCodeThatReads(t *testing.T) {
	keep(t, "REFERENCE.md", func(string) string { return page(settings.Reference()) })
}

// What Pulumi.yaml says of the project's settings is the top of the reference.
func TestPulumiYAMLIsOfTheCodeThatReads(t *testing.T) {
	const begin, end = "config:\n", "\ntemplate:\n"
	keep(t, "../../Pulumi.yaml", func(standing string) string {
		before, rest, found := strings.Cut(standing, begin)
		_, after, ends := strings.Cut(rest, end)
		if found && !ends { // a project that pulumi new made, which writes the file in a form of its own
			saysTheSame(t, standing, begin+schema(settings.Reference()))
			return standing
		}
		if !found || !ends {
			t.Fatalf("Pulumi.yaml has no config before its template")
		}
		return before + begin + schema(settings.Reference()) + end + after
	})
}

// What costs money is listed once more on its own, for who pays.
func TestTheCostsAreOfTheCodeThatReads(t *testing.T) {
	const begin, end = "writes these lines -->\n", "<!-- end of settings -->"
	keep(t, "COSTS.md", func(standing string) string {
		before, rest, found := strings.Cut(standing, begin)
		_, after, ends := strings.Cut(rest, end)
		if !found || !ends {
			t.Fatalf("COSTS.md has no place for the settings")
		}
		var b strings.Builder
		b.WriteString("| setting | default | what it costs on AWS |\n|---|---|---|\n")
		for _, e := range settings.Reference() {
			if e.Cost != "" {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.Key, cell(code(e.Default)), cell(e.Cost))
			}
		}
		return before + begin + b.String() + end + after
	})
}

// saysTheSame compares the config of two project files by what they say. Pulumi adds a key
// of its own.
func saysTheSame(t *testing.T, standing, want string) {
	t.Helper()
	var has, should struct{ Config map[string]any }
	for text, into := range map[string]any{standing: &has, want: &should} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	delete(has.Config, "pulumi:tags")
	if diff := cmp.Diff(should.Config, has.Config); diff != "" {
		t.Errorf("Pulumi.yaml: -want +got %s", diff)
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range settings.Reference() {
		if len(e.Doc) < 5 || !strings.HasSuffix(e.Doc, ".") {
			t.Errorf("%s says %q of itself", e.Key, e.Doc)
		}
		if seen[e.Key] {
			t.Errorf("%s is there twice", e.Key)
		}
		seen[e.Key] = true
	}
	if len(seen) < 40 {
		t.Errorf("there are only %d settings", len(seen))
	}
}

// keep compares a file with what it should say; -update writes it.
func keep(t *testing.T, file string, written func(standing string) string) {
	t.Helper()
	standing, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := written(string(standing))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, string(standing)); diff != "" && !*update {
		t.Errorf("%s is not what the code says (go test ./infra/settings -update writes it): -want +got %s", file, diff)
	}
}

// page is the reference as Markdown: a heading for each setting at the top of a stack
// file, and a table of what is in it.
func page(entries []settings.Entry) string {
	var b strings.Builder
	b.WriteString(`# Settings

What a stack file (` + "`Pulumi.STACK.yaml`" + `) can say under ` + "`auth-api:`" + `. This page is written by the code that
reads stack files: ` + "`go test ./infra/settings -update`" + `.

An unknown key, a value of the wrong kind or one that AWS would refuse stops ` + "`up` and `preview`" + ` before
anything is made, with the key, the value and what is legal; all faults of a file are told at once. Inside
a mapping the defaults stand beside what is said: a stack that sets one field keeps the defaults of the others.

Costs are AWS's list prices of us-west-2 in 2026, in USD, and change.
`)
	rows := false
	for _, e := range entries {
		if !strings.ContainsAny(e.Key, ".[") {
			fmt.Fprintf(&b, "\n## %s\n\n%s%s\n", e.Key, e.Doc, facts(e))
			if e.Details != "" {
				fmt.Fprintf(&b, "\n%s\n", e.Details)
			}
			rows = false
			continue
		}
		if !rows {
			b.WriteString("\n| setting | legal | default | |\n|---|---|---|---|\n")
			rows = true
		}
		text := e.Doc
		if e.Cost != "" {
			text += " **Cost:** " + e.Cost + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Key, cell(legal(e)), cell(code(e.Default)), cell(text))
	}
	return b.String()
}

func facts(e settings.Entry) string {
	out := ""
	if text := legal(e); text != "mapping" {
		out += " Legal: " + text + "."
	}
	if e.Default != "" {
		out += " Default: " + code(e.Default) + "."
	}
	if e.Cost != "" {
		out += " **Cost:** " + e.Cost + "."
	}
	return out
}

func legal(e settings.Entry) string {
	text := strings.TrimPrefix(strings.TrimPrefix(e.Legal, "are "), "is ")
	switch {
	case text == "":
		return e.Kind
	case strings.HasPrefix(e.Kind, "list"):
		return "list of " + text
	}
	return text
}

func code(text string) string {
	if text == "" || text == "required" || strings.Contains(text, " ") && !strings.HasPrefix(text, "[") {
		return text
	}
	return "`" + text + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// schema is Pulumi.yaml's: every setting at the top, with a default, since the CLI
// demands what has none. routes alone has none.
func schema(entries []settings.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		if strings.ContainsAny(e.Key, ".[") {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", e.Key)
		switch {
		case e.Kind == "list of routes":
			b.WriteString("    type: array\n    items:\n      type: object\n")
		case e.Kind == "list of texts":
			b.WriteString("    type: array\n    items:\n      type: string\n    default: []\n")
		case strings.HasPrefix(e.Kind, "list"):
			b.WriteString("    type: array\n    items:\n      type: object\n    default: []\n")
		case strings.HasPrefix(e.Kind, "mapping"):
			b.WriteString("    type: object\n    default: {}\n")
		case e.Kind == "boolean":
			b.WriteString("    type: boolean\n    default: false\n")
		case e.Kind == "choice":
			fmt.Fprintf(&b, "    type: string\n    default: %s\n", e.Default)
		default:
			b.WriteString("    type: string\n    default: \"\"\n")
		}
		b.WriteString("    description: >-\n" + wrap(e.Doc+fields(entries, e.Key), "      ", 96))
	}
	return strings.TrimSuffix(b.String(), "\n") + "\n"
}

// fields names what is directly in a setting.
func fields(entries []settings.Entry, key string) string {
	var names []string
	for _, e := range entries {
		rest, inside := strings.CutPrefix(e.Key, key)
		name, direct := strings.CutPrefix(strings.TrimPrefix(rest, "[]"), ".")
		name = strings.TrimPrefix(name, "NAME.")
		if inside && direct && name != "NAME" && !strings.ContainsAny(name, ".[") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " Its fields are " + strings.Join(names, ", ") + "; infra/settings/REFERENCE.md describes them."
}

func wrap(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
