// Package cli is what the project's commands have in common: how flags are written,
// how an error ends a command, and colour that stays on terminals.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// Exit codes, the same for every command.
const (
	OK       = 0 // it was done
	Failed   = 1 // it could not be done
	Usage    = 2 // the command line is wrong
	Changed  = 3 // there are changes, and none were expected
	Refused  = 4 // the API answered 4xx
	ServerNo = 5 // the API answered 5xx
)

// ExitError is an error with an exit code of its own. An empty message is not printed.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Main runs the command until it ends or is interrupted, and exits.
func Main(command *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Run(ctx, command, os.Args[1:])
	stop()
	os.Exit(code)
}

// Run runs the command with these arguments and returns its exit code. Errors go to
// the command's standard error as "NAME: MESSAGE".
func Run(ctx context.Context, command *cobra.Command, args []string) int {
	command.SilenceErrors, command.SilenceUsage = true, true
	Prepare(command)
	command.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &ExitError{Usage, fmt.Errorf("%w (%s --help shows what there is)", err, c.CommandPath())}
	})
	command.SetArgs(oneDash(command, args))
	err := command.ExecuteContext(ctx)
	if err == nil {
		return OK
	}
	if message := err.Error(); message != "" {
		fmt.Fprintf(command.ErrOrStderr(), "%s: %s\n", command.Name(), message)
	}
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	return Failed
}

// Prepare makes all commands below, and this one, alike: arguments that a command does not
// take are an error of the command line, as is a command that is not there, and --help ends
// with what is common to all. Run does it.
func Prepare(command *cobra.Command) {
	command.SetUsageTemplate(strings.TrimRight(command.UsageTemplate(), "\n") + "\n" + common)
	prepare(command)
}

// common is what --help of every command ends with.
const common = `
Colours are on terminals alone; NO_COLOR=1 turns them off there.
{{- if eq .Root.DisplayName .Root.Name}} Tab completion:
{{- else}} go run ends
by 1 for every exit code but 0. go build -o bin/ ./infra/cmd/{{.Root.Name}} makes
bin/{{.Root.Name}}, which has them all, and tab completion:
{{- end}}
  source <(bin/{{.Root.Name}} completion bash)    (zsh, fish and powershell likewise)
`

// RunByGo has the help of a tool that make does not build call it as it is run.
func RunByGo(command *cobra.Command) *cobra.Command {
	command.Flags().BoolP("help", "h", false, "help for "+command.Name())
	command.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "go run ./infra/cmd/" + command.Name()}
	return command
}

func prepare(command *cobra.Command) {
	if legal := command.Args; legal != nil {
		command.Args = func(c *cobra.Command, args []string) error {
			err := legal(c, args)
			var exit *ExitError
			if err == nil || errors.As(err, &exit) {
				return err
			}
			return &ExitError{Usage, fmt.Errorf("%w (%s --help shows how)", err, c.CommandPath())}
		}
	}
	if command.HasSubCommands() && !command.Runnable() {
		command.Args = cobra.ArbitraryArgs
		command.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			var names []string
			for _, child := range c.Commands() {
				if child.IsAvailableCommand() {
					names = append(names, child.Name())
				}
			}
			return &ExitError{Usage, fmt.Errorf("there is no command %q; there are %s (%s --help tells of them)", args[0], strings.Join(names, ", "), c.CommandPath())}
		}
	}
	for _, child := range command.Commands() {
		prepare(child)
	}
}

// oneDash lets long flags be written with one dash, as Go's own commands do:
// -stack local is --stack local.
func oneDash(command *cobra.Command, args []string) []string {
	known := map[string]bool{"help": true, "version": true}
	var collect func(c *cobra.Command)
	collect = func(c *cobra.Command) {
		for _, flags := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			flags.VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		}
		for _, child := range c.Commands() {
			collect(child)
		}
	}
	collect(command)
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = arg
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		if rest, single := strings.CutPrefix(arg, "-"); single && !strings.HasPrefix(rest, "-") {
			if name, _, _ := strings.Cut(rest, "="); len(name) > 1 && known[name] {
				out[i] = "-" + arg
			}
		}
	}
	return out
}

// Style writes ANSI colours, or nothing when it is not meant for a terminal.
type Style struct{ on bool }

// StyleFor returns the style for a file: colours on a terminal alone, and none where
// NO_COLOR is set (https://no-color.org) or the terminal is dumb.
func StyleFor(f *os.File) Style {
	return Style{on: term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s Style) Bold(text string) string  { return s.paint("1", text) }
func (s Style) Dim(text string) string   { return s.paint("2", text) }
func (s Style) Green(text string) string { return s.paint("32", text) }
func (s Style) Red(text string) string   { return s.paint("31", text) }

func (s Style) paint(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
