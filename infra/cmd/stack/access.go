package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"auth-api/infra/cmd/internal/cli"
)

// access ends a preview with what the change does to who may call what. It is a command
// of its own, so that this one need not hold the program and a local AWS.
func (s session) access(ctx context.Context, previewArgs []string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.ws.Bin(), "access"), "--stack", s.stack.Name, "--changes")
	cmd.Dir = s.ws.Root
	cmd.Stdout, cmd.Stderr = s.out, s.err
	if slices.Contains(previewArgs, "--json") || slices.Contains(previewArgs, "-j") {
		cmd.Stdout = s.err // who reads Pulumi's JSON reads nothing else there
	}
	fmt.Fprintln(cmd.Stdout)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return &cli.ExitError{Code: cli.Failed, Err: errors.New("who may call what could not be compared; what was said stands above")}
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("who may call what could not be compared: %w; make tools builds it", err)
	case err != nil:
		return fmt.Errorf("who may call what could not be compared: %w", err)
	}
	return nil
}
