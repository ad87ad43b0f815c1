package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/spf13/cobra"
)

func command() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "rename",
		Short: "Give the project another name",
		Long: `Gives the project another name: in Pulumi.yaml, and in the stack files, whose
keys begin with it. All that a stack makes is called by it, so that a stack
which is up must be destroyed first; what is up by another name is not found
again.

After pulumi new with a name of your own this gives the stack files that name.

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

var (
	projectName = regexp.MustCompile(`(?m)^name: *\S+ *$`)
	routes      = regexp.MustCompile(`(?m)^ +([A-Za-z0-9_.-]+):routes:`)
)

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
	if err := edit("Pulumi.yaml", func(text string) (string, error) {
		if !projectName.MatchString(text) {
			return "", errors.New("it has no line name: NAME")
		}
		return projectName.ReplaceAllString(text, "name: "+name), nil
	}); err != nil {
		return changed, err
	}
	stacks, err := ws.Stacks()
	if err != nil {
		return changed, err
	}
	for _, stack := range stacks {
		if err := edit("Pulumi."+stack+".yaml", func(text string) (string, error) {
			m := routes.FindStringSubmatch(text)
			if m == nil {
				return "", errors.New("it has no routes: it is no stack file of this project")
			}
			return regexp.MustCompile(`(?m)^( +)`+regexp.QuoteMeta(m[1])+`:`).ReplaceAllString(text, "${1}"+name+":"), nil
		}); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
