package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/review"
)

const commentHelp = `Writes what a pull request is told of a stack, as Markdown: what up would change
of the resources and of who may call what, at most 65536 characters, which is
what GitHub takes. It begins with a marker by which the comment is found again,
and ids of AWS accounts are cut down to four digits. With --plan the plan of
this preview is kept, for up --plan.

A preview that fails is told of as well; the exit code is 1 then.`

// comment writes a preview as Markdown to a file, or to standard output.
func comment(ctx context.Context, s session, args []string) error {
	p, _, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if err := s.selected(ctx, p); err != nil {
		return err
	}
	command := append([]string{"preview", "--stack", s.stack.Name, "--json", "--non-interactive"}, s.savePlan()...)
	var printed bytes.Buffer
	failed := s.pulumi(ctx, p, &printed, append(command, args...)...)
	found, err := review.Preview(printed.Bytes())
	if err != nil {
		return errors.Join(failed, err)
	}
	if failed != nil && len(found.Errors) == 0 {
		found.Errors = []string{failed.Error()}
	}
	c := review.Comment{Stack: s.stack.Name, Review: found, Run: runAddress(os.Getenv)}
	if failed == nil {
		access := exec.CommandContext(ctx, filepath.Join(s.ws.Bin(), "access"), "--stack", s.stack.Name, "--changes", "--markdown")
		var complaint bytes.Buffer
		access.Dir, access.Stderr = s.ws.Root, &complaint
		text, err := access.Output()
		if c.Access = string(text); err != nil {
			c.Access, c.Failed = "", strings.TrimSpace(complaint.String()+" ("+err.Error()+")")
			failed = &cli.ExitError{Code: cli.Failed, Err: errors.New("who may call what could not be compared: " + c.Failed)}
		}
	}
	text := c.Markdown(review.MaxComment)
	if s.file == "" {
		_, err = fmt.Fprint(s.out, text)
	} else if err = os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		err = fmt.Errorf("writing the comment: %w", err)
	}
	return errors.Join(failed, err)
}

// runAddress is where GitHub shows the run that this is a part of; empty elsewhere.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func runAddress(env func(string) string) string {
	server, repository, run := env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY"), env("GITHUB_RUN_ID")
	if server == "" || repository == "" || run == "" {
		return ""
	}
	return server + "/" + repository + "/actions/runs/" + run
}

// savePlan has a preview keep its plan where the command line says so.
func (s session) savePlan() []string {
	if s.plan == "" {
		return nil
	}
	return []string{"--save-plan", s.plan}
}

// withPlan has an up do what the plan says and nothing else. Pulumi then looks first, and
// stops before anything is changed, where the program asks for something else.
//
// https://www.pulumi.com/docs/iac/operations/stack-management/update-plans/
func (s session) withPlan(command []string) ([]string, error) {
	if s.plan == "" {
		return command, nil
	}
	if _, err := os.Stat(s.plan); err != nil {
		return nil, fmt.Errorf("reading the plan: %w; make preview STACK=%s PLAN=%s makes it", err, s.stack.Name, filepath.Base(s.plan))
	}
	var out []string
	for _, arg := range command {
		if arg != "--skip-preview" {
			out = append(out, arg)
		}
	}
	return append(out, "--plan", s.plan), nil
}
