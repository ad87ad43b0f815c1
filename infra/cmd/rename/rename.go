package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/internal/named"
	"github.com/spf13/cobra"
)

func command() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "rename",
		Short: "Give the project another name",
		Long: `Gives the project another name: in Pulumi.yaml, and in the stack files, whose
keys begin with it. The projects infra/ci and infra/network are then called by
it, with -ci and -network behind. All that a stack makes is called by it, so
that a stack which is up must be destroyed first; what is up by another name is
not found again.

After pulumi new with a name of your own this gives the stack files that name.
The Go module, its documentation and its tests stay auth-api, whatever the
project is called.

Exit codes: 0 when it was done, 1 when it could not be, 2 when the command line
is wrong.`,
		Example: `  make rename NAME=my-api
  go run ./infra/cmd/rename --name my-api`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !legal.MatchString(name) {
				return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("--name is %q; legal are up to 31 small letters, digits and -, a letter first", name)}
			}
			ws, err := workspace.Find()
			if err != nil {
				return err
			}
			changed, err := rename(ws, name)
			for _, file := range changed {
				fmt.Fprintf(cmd.ErrOrStderr(), "Changed %s.\n", file)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the project's new name")
	return cli.RunByGo(cmd)
}

// legal leaves room for the names of stacks, functions and roles, which begin with it.
var legal = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// projects are those beside the stacks' own, with what ends their names.
var projects = []struct{ folder, suffix string }{{"infra/ci", "-ci"}, {"infra/network", "-network"}}

// rename writes the project's files anew and returns those that it changed. Each stack
// file has the name that its own routes have.
func rename(ws workspace.Workspace, name string) (changed []string, err error) {
	edit := func(file string, change func(text string) (string, error)) error {
		path := filepath.Join(ws.Root, file)
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("renaming the project: %w", err)
		}
		text, err := change(string(data))
		if err != nil {
			return fmt.Errorf("renaming the project: %s: %w", file, err)
		}
		if text == string(data) {
			return nil
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("renaming the project: %w", err)
		}
		changed = append(changed, file)
		return nil
	}
	if err := edit("Pulumi.yaml", func(text string) (string, error) { return named.GiveProject(text, name) }); err != nil {
		return changed, err
	}
	stacks, err := ws.Stacks()
	if err != nil {
		return changed, err
	}
	for _, stack := range stacks {
		if err := edit("Pulumi."+stack+".yaml", func(text string) (string, error) { return named.GiveStack(text, name) }); err != nil {
			return changed, err
		}
	}
	for _, p := range projects {
		own, err := named.Of(filepath.Join(ws.Root, p.folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue // who does not need it may delete it
		}
		if err != nil {
			return changed, fmt.Errorf("renaming the project: %w", err)
		}
		if !strings.HasSuffix(own, p.suffix) {
			continue // it was given a name of its own
		}
		files, err := filepath.Glob(filepath.Join(ws.Root, p.folder, "Pulumi.*.yaml"))
		if err != nil {
			return changed, fmt.Errorf("renaming the project: %w", err)
		}
		for _, file := range files {
			if err := edit(path.Join(p.folder, filepath.Base(file)), func(text string) (string, error) { return named.Keys(text, own, name+p.suffix), nil }); err != nil {
				return changed, err
			}
		}
		// Last, since it says what the stack files beside it are called.
		if err := edit(path.Join(p.folder, "Pulumi.yaml"), func(text string) (string, error) { return named.GiveProject(text, name+p.suffix) }); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
