package cmd

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write README.md anew")

// target is a target of the Makefile that make help lists.
type target struct{ name, does, recipe string }

// targets reads the Makefile.
func targets(t *testing.T) (out []target) {
	t.Helper()
	data, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):.*?## (.*)\n((?:\t.*\n)*)`).FindAllStringSubmatch(string(data), -1) {
		out = append(out, target{m[1], m[2], m[3]})
	}
	return out
}

// runs is the command of infra/cmd that a recipe runs: tool and subcommand.
var runs = regexp.MustCompile(`[\s@](?:bin/|go run \./infra/cmd/)([a-z]+)(?: ([a-z][a-z-]*))?|\$\(call stack,([a-z]+)`)

func (t target) tool() (tool, sub string) {
	m := runs.FindStringSubmatch(t.recipe)
	switch {
	case m == nil:
		return "", ""
	case m[3] != "":
		return "stack", m[3]
	}
	return m[1], m[2]
}

// command is a command of cobra's as its source declares it.
type command struct{ use, short, long string }

// commands reads those that a folder declares, the tool itself first. They are written as
// literals, or, of the tool local, as the arguments of a helper that makes many alike.
func commands(t *testing.T, tool string) (out []command) {
	t.Helper()
	files, err := filepath.Glob(tool + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset, constants, trees := token.NewFileSet(), map[string]string{}, []*ast.File{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
		ast.Inspect(tree, func(n ast.Node) bool {
			if v, is := n.(*ast.ValueSpec); is && len(v.Names) == 1 && len(v.Values) == 1 {
				constants[v.Names[0].Name] = words(v.Values[0], nil)
			}
			return true
		})
	}
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			literal, is := n.(*ast.CompositeLit)
			if !is {
				return true
			}
			if s, is := literal.Type.(*ast.SelectorExpr); !is || s.Sel.Name != "Command" {
				return true
			}
			var c command
			for _, e := range literal.Elts {
				pair, is := e.(*ast.KeyValueExpr)
				if !is {
					continue
				}
				switch name, _ := pair.Key.(*ast.Ident); name.Name {
				case "Use":
					c.use = words(pair.Value, constants)
				case "Short":
					c.short = words(pair.Value, constants)
				case "Long":
					c.long = words(pair.Value, constants)
				}
			}
			if c.use != "" && c.short != "" {
				out = append(out, c)
			}
			return true
		})
	}
	slices.SortStableFunc(out, func(a, b command) int { return cmp.Compare(rank(tool, a), rank(tool, b)) })
	return out
}

func rank(tool string, c command) int {
	if c.name() == tool && strings.Contains(c.long, "Exit code") {
		return 0
	}
	return 1
}

func (c command) name() string { name, _, _ := strings.Cut(c.use, " "); return name }

// words is the text of an expression: literals, their sums, and constants.
func words(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return text
	case *ast.BinaryExpr:
		return words(e.X, constants) + words(e.Y, constants)
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}

// exits is what a help says of exit codes, in one line.
func exits(long string) string {
	_, codes, _ := strings.Cut(long, "Exit codes: ")
	codes, _, _ = strings.Cut(codes, "\n\n")
	return strings.TrimSuffix(strings.Join(strings.Fields(codes), " "), ".")
}

// exitCodes are those of a tool's command: its own, or the tool's.
func exitCodes(t *testing.T, tool, sub string) string {
	t.Helper()
	all := commands(t, tool)
	if len(all) == 0 || exits(all[0].long) == "" {
		t.Fatalf("the help of %s tells no exit codes: %+v", tool, all)
	}
	for _, c := range all[1:] {
		if c.name() == sub && exits(c.long) != "" {
			return exits(c.long)
		}
	}
	return exits(all[0].long)
}

// sheet is README.md.
func sheet(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Cheat sheet

Every make target, the tool that it runs, and how that ends. ` + "`go test ./infra/cmd -update`" + ` writes this page from the Makefile and from
the tools' own help.

- make itself ends with 2 whenever something fails, and prints the tool's exit code (` + "`Error 4`" + `). Scripts that tell the codes apart run the
  tool: ` + "`make tools`" + ` builds what stands in ` + "`bin/`" + ` below.
- Every tool has ` + "`--help`" + ` with examples, ` + "`completion bash`" + ` (zsh, fish, powershell), colours on terminals alone and none with ` + "`NO_COLOR=1`" + `, and
  ` + "`--json`" + ` where it prints data.
- ` + "`STACK=NAME`" + ` chooses the stack for all of them, ` + "`ARGS=\"…\"`" + ` goes to the tool, or to pulumi for ` + "`bin/stack`" + `.

| make | does | tool | exit codes of the tool |
|---|---|---|---|
`)
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	used := map[string]bool{}
	for _, target := range targets(t) {
		tool, sub := target.tool()
		if tool == "" {
			row("`make "+target.name+"`", described(target.does), "", "")
			continue
		}
		called := "`" + strings.TrimSpace("bin/"+tool+" "+sub) + "`"
		if !strings.Contains(target.recipe, "bin/") && strings.Contains(target.recipe, "go run") {
			called = "`" + strings.TrimSpace("go run ./infra/cmd/"+tool+" "+sub) + "`"
		}
		codes := exitCodes(t, tool, sub)
		used[tool+" "+sub] = true
		row("`make "+target.name+"`", described(target.does), called, codes)
	}
	fmt.Fprintf(&b, "\n## What testers ask the local AWS\n\n`bin/local`, by no target but `make down`. Exit codes: %s.\n\n| command | does |\n|---|---|\n", exitCodes(t, "local", ""))
	for _, c := range locals(t) {
		if !used["local "+c.name()] {
			row("`bin/local "+c.use+"`", c.short)
		}
	}
	b.WriteString("\n[Testing with the local AWS](../localaws/TESTING.md) tells more of these.\n")
	return b.String()
}

// described is a description whose example of a call is code.
func described(does string) string {
	before, example, has := strings.Cut(does, ": make ")
	if !has {
		return does
	}
	after := ""
	if i := strings.LastIndex(example, " ("); i > 0 {
		example, after = example[:i], example[i:]
	}
	return before + ": `make " + example + "`" + after
}

// locals are the commands of bin/local as its help lists them, in that order: most are
// made by a function, which no source tells.
func locals(t *testing.T) (out []command) {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), "go", "run", "./local", "--help").Output()
	if err != nil {
		t.Fatalf("asking bin/local for its commands: %v", err)
	}
	_, list, _ := strings.Cut(string(help), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for _, line := range strings.Split(list, "\n") {
		name, short, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "help" && name != "completion" {
			out = append(out, command{use: name, short: strings.TrimSpace(short)})
		}
	}
	return out
}

// The cheat sheet says what the Makefile and the tools say.
func TestTheCheatSheet(t *testing.T) {
	want := sheet(t)
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("README.md is not what the Makefile and the tools say; go test ./infra/cmd -update writes it:\n%s", want)
	}
}

// make help lists every target of the sheet, within 80 columns.
func TestMakeHelp(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "make", "-C", "../..", "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := targets(t)
	if len(all) < 20 {
		t.Fatalf("the Makefile has %d targets", len(all))
	}
	for _, target := range all {
		if !strings.Contains(string(out), fmt.Sprintf("  make %-16s %s", target.name, strings.Fields(target.does)[0])) {
			t.Errorf("make help does not list %s:\n%s", target.name, out)
		}
	}
	for _, line := range strings.Split(string(out), "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("make help has a line of more than 80 columns: %s", line)
		}
	}
}
