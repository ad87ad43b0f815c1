package cli_test

import (
	"bytes"
	"errors"
	"testing"

	"auth-api/infra/cmd/internal/cli"
	"github.com/spf13/cobra"
)

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		code int
		got  string // stack as the command saw it
		says string
	}{
		{"two dashes", []string{"--stack", "dev"}, cli.OK, "dev", ""},
		{"one dash", []string{"-stack", "dev"}, cli.OK, "dev", ""},
		{"one dash and =", []string{"-stack=dev"}, cli.OK, "dev", ""},
		{"after --, as it stands", []string{"--", "-stack"}, cli.OK, "local", ""},
		{"a flag that is not there", []string{"-stak", "dev"}, cli.Usage, "", "tool: unknown shorthand flag: 's' in -stak (tool --help shows what there is)\n"},
		{"a failure", []string{"fail"}, cli.Failed, "local", "tool: it broke\n"},
		{"a refusal says nothing more", []string{"refuse"}, cli.Refused, "local", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stack, seen string
			var complaint bytes.Buffer
			command := &cobra.Command{Use: "tool", RunE: func(_ *cobra.Command, args []string) error {
				seen = stack
				switch {
				case len(args) > 0 && args[0] == "fail":
					return errors.New("it broke")
				case len(args) > 0 && args[0] == "refuse":
					return &cli.ExitError{Code: cli.Refused}
				}
				return nil
			}}
			command.Flags().StringVar(&stack, "stack", "local", "")
			command.SetErr(&complaint)
			if code := cli.Run(t.Context(), command, test.args); code != test.code || seen != test.got || complaint.String() != test.says {
				t.Errorf("code %d, stack %q, %q; want %d, %q, %q", code, seen, complaint.String(), test.code, test.got, test.says)
			}
		})
	}
}
