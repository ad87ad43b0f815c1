// Package friendly holds the project's commands to what their users rely on: help with
// examples and exit codes, tab completion, JSON of what is printed for programs, and
// errors of the command line that say so. Each command's tests call Check.
package friendly

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"auth-api/infra/cmd/internal/cli"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// WithoutJSON are commands that print no data, or JSON as it is, by their paths without
// the first word, each with the reason. The command itself is "".
type WithoutJSON map[string]string

// Check holds a command, and all below it, to the rules. make makes it anew.
func Check(t *testing.T, newCommand func() *cobra.Command, without WithoutJSON) {
	t.Helper()
	root := newCommand()
	seen := map[string]bool{}
	walk(root, func(c *cobra.Command) {
		path := strings.Join(words(c), " ")
		seen[path] = true
		for _, fault := range faults(root, c, without[path]) {
			t.Errorf("%s: %s", c.CommandPath(), fault)
		}
	})
	for path, why := range without {
		if !seen[path] || why == "" {
			t.Errorf("%s %s is left out of what prints JSON: there is no such command, or no reason", root.Name(), path)
		}
	}
	built := builtByMake(t, root.Name())
	run := func(args ...string) (code int, out, complaint string) {
		t.Helper()
		return Run(t, newCommand(), args...)
	}
	walk(root, func(c *cobra.Command) {
		args := words(c)
		code, out, complaint := run(append(args, "--help")...)
		for _, fault := range called(out, root.Name(), built) {
			t.Errorf("%s --help %s", c.CommandPath(), fault)
		}
		if code != cli.OK || complaint != "" {
			t.Errorf("%s --help: exit code %d: %s", c.CommandPath(), code, complaint)
		}
		for _, want := range []string{"NO_COLOR", "source <(bin/" + root.Name() + " completion bash)", "--help"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s --help does not speak of %s", c.CommandPath(), want)
			}
		}
		if code, _, complaint := run(append(args, "--no-such-flag")...); code != cli.Usage || !strings.Contains(complaint, "--help shows") {
			t.Errorf("%s --no-such-flag: exit code %d, %q; want %d and where help is", c.CommandPath(), code, complaint, cli.Usage)
		}
	})
	if code, out, complaint := run("completion", "bash"); code != cli.OK || !strings.Contains(out, root.Name()) {
		t.Errorf("%s completion bash: exit code %d: %s", root.Name(), code, complaint)
	}
	if root.HasSubCommands() {
		if code, _, complaint := run("no-such-command"); code != cli.Usage || !strings.Contains(complaint, "there is no command") {
			t.Errorf("%s no-such-command: exit code %d, %q; want %d and what there is", root.Name(), code, complaint, cli.Usage)
		}
	}
}

// words are a command's path without the tool's own name.
func words(c *cobra.Command) []string {
	if !c.HasParent() {
		return nil
	}
	return append(words(c.Parent()), c.Name())
}

// builtByMake reports whether make tools puts the tool into bin/.
func builtByMake(t *testing.T, tool string) bool {
	t.Helper()
	data, err := os.ReadFile(above(t, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\t@go build -buildvcs=false -o bin/ \./infra .*$`).Find(data)
	if line == nil {
		t.Fatal("the Makefile builds no tools into bin/")
	}
	return slices.Contains(strings.Fields(string(line)), "./infra/cmd/"+tool)
}

// called are the faults of a help in what it calls the tool: bin/NAME where make puts it
// there, and go run where it does not.
func called(help, tool string, built bool) (out []string) {
	byGo := "go run ./infra/cmd/" + tool
	if built {
		if strings.Contains(help, byGo) {
			out = append(out, "speaks of "+byGo+", and make tools builds bin/"+tool)
		}
		return out
	}
	if !strings.Contains(help, "go build -o bin/ ./infra/cmd/"+tool) {
		out = append(out, "speaks of bin/"+tool+", which make tools does not build, and not of how it is built")
	}
	_, examples, _ := strings.Cut(help, "Examples:\n")
	examples, _, _ = strings.Cut(examples, "\n\n")
	usage, _, _ := strings.Cut(help[max(0, strings.Index(help, "Usage:\n")):], "\n\n")
	for _, line := range append(strings.Split(usage, "\n")[1:], strings.Split(examples, "\n")...) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, byGo) && !strings.HasPrefix(line, "make ") {
			out = append(out, "says "+line+", and make tools does not build "+tool+": it is run by "+byGo)
		}
	}
	return out
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		if child.Name() != "help" && child.Name() != "completion" {
			walk(child, visit)
		}
	}
}

// faults are what a command lacks.
func faults(root, c *cobra.Command, withoutJSON string) (out []string) {
	lacks := func(when bool, what string) {
		if when {
			out = append(out, what)
		}
	}
	lacks(c.Short == "", "it has no short description")
	lacks(c == root && c.Long == "", "it has no long description")
	lacks(!strings.Contains(root.Long, "Exit code"), "its help does not tell the exit codes")
	example := c.Example
	for at := c; at.HasParent(); at = at.Parent() {
		if strings.Contains(at.Parent().Example, c.Name()) {
			example += at.Parent().Example
		}
	}
	runs := c.Runnable() && !c.HasSubCommands() || c == root
	lacks(runs && !strings.Contains(example, root.Name()), "there is no example of it")
	lacks(runs && !c.HasSubCommands() && withoutJSON == "" && c.Flags().Lookup("json") == nil, "it prints data, and has no --json")
	lacks(withoutJSON != "" && c.Flags().Lookup("json") != nil, "it has --json, and is said to print no data")
	lacks(runs && !c.HasSubCommands() && c.Args == nil && c.ValidArgsFunction == nil, "it does not say which arguments it takes")
	for _, line := range strings.Split(c.Long+"\n"+c.Example, "\n") {
		lacks(utf8.RuneCountInString(line) > 80, "a line of its help takes more than 80 columns: "+line)
	}
	c.Flags().VisitAll(func(f *pflag.Flag) { lacks(f.Usage == "", "the flag --"+f.Name+" has no description") })
	return out
}
