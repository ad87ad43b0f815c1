package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/spf13/cobra"
)

// The variables that GitHub Actions gives a job, and the token that a workflow hands it.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
const (
	tokenVariable      = "GITHUB_TOKEN"
	repositoryVariable = "GITHUB_REPOSITORY"
	apiVariable        = "GITHUB_API_URL"
)

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "pr",
		Short: "What pull requests need besides Pulumi",
		Long: `What pull requests need besides Pulumi: a stack file of their own, and one
comment that is kept up to date.

Exit codes: 0 when it was done, 1 when it could not be, 2 when the command line
is wrong.`,
		Example: `  make pr-stack PR=123                      writes Pulumi.pr-123.yaml
  make pr-comment PR=123 FILE=comment.md    makes the comment, or changes it`,
		Args: cobra.NoArgs,
	}
	root.AddCommand(stackCommand(), commentCommand())
	return cli.RunByGo(root)
}

func stackCommand() *cobra.Command {
	var number int
	var from string
	cmd := &cobra.Command{
		Use:   "stack",
		Short: "Write the stack file of a pull request, Pulumi.pr-NUMBER.yaml",
		Long: `Writes the stack file of a pull request, Pulumi.pr-NUMBER.yaml, from that of
another stack. Everything that the program names it names by the stack; what
would clash all the same, or outlive the pull request, is left out or switched
off: a domain, names and prefixes of the user pool, its protection, the
account's CloudWatch role, alarms' mail and the budget. So are secrets: they are
encrypted for the other stack alone. It tells what it left out. A file that is
there already is written anew.`,
		Example: `  make pr-stack PR=123 FROM=dev
  go run ./infra/cmd/pr stack --number 123 --from dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkNumber(number); err != nil {
				return err
			}
			ws, err := workspace.Find()
			if err != nil {
				return err
			}
			name, left, err := writeStackFile(ws.Root, from, number)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %s from Pulumi.%s.yaml.\n", name, from)
			if len(left) > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "Left out or switched off: %s.\n", strings.Join(left, ", "))
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&number, "number", 0, "number of the pull request")
	cmd.Flags().StringVar(&from, "from", "dev", "the stack whose file it is made from")
	return cmd
}

func commentCommand() *cobra.Command {
	var number int
	var file, author string
	cmd := &cobra.Command{
		Use:   "comment",
		Short: "Make the comment of a pull request, or change it",
		Long: `Makes the comment of a pull request, or changes the one that begins with the
same line and is by the same author. That line is an HTML comment, which nobody
sees, as make preview-comment writes it.

It reads ` + tokenVariable + `, which needs the permission pull-requests: write,
` + repositoryVariable + ` (OWNER/NAME) and, on GitHub Enterprise Server,
` + apiVariable + `. The token is sent to that API alone, and printed nowhere.`,
		Example: `  make pr-comment PR=123 FILE=comment.md
  go run ./infra/cmd/pr comment --number 123 --file comment.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkNumber(number); err != nil {
				return err
			}
			if file == "" {
				return &cli.ExitError{Code: cli.Usage, Err: errors.New("--file is needed: the comment as Markdown, which make preview-comment writes")}
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("reading the comment: %w", err)
			}
			g, err := newGitHub(os.Getenv, &http.Client{Timeout: 30 * time.Second})
			if err != nil {
				return err
			}
			address, err := g.comment(cmd.Context(), number, author, string(text))
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), address)
			return nil
		},
	}
	cmd.Flags().IntVar(&number, "number", 0, "number of the pull request")
	cmd.Flags().StringVar(&file, "file", "", "the comment, as Markdown")
	cmd.Flags().StringVar(&author, "author", "github-actions[bot]", "who the comment is by; those of others are left alone")
	return cmd
}

func checkNumber(number int) error {
	if number < 1 {
		return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("--number is %d; it is a pull request's number, from 1", number)}
	}
	return nil
}
