package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"auth-api/infra/cmd/internal/cli"
	"github.com/spf13/cobra"
)

// webConfig is the command that prints what a client in a browser needs. On its standard
// output it writes that and nothing else.
func webConfig(open func(*cobra.Command) (session, error)) *cobra.Command {
	var prefix string
	var asJSON, amplify bool
	cmd := &cobra.Command{
		Use:   "web-config",
		Short: "Print what a client in a browser needs, as .env, JSON or Amplify's configuration",
		Long: `Prints what a client in a browser needs of the stack's outputs: as the lines of
a .env file, with --json as JSON (the names are those of /config.json, which
the stack's own web client reads), with --amplify as what Amplify.configure of
Amplify for JavaScript takes, version 6. functions/web/CLIENTS.md shows clients
with each.

None of it is secret. The API key among it goes to everybody who opens the page:
it meters, by the usage plan, and authorizes nobody.`,
		Example: `  stack web-config --stack dev --prefix VITE_ > .env.local
  stack web-config --stack dev --json > config.json
  stack web-config --stack dev --amplify > amplify.json`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "begins the name of each variable, such as VITE_ or NEXT_PUBLIC_")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&amplify, "amplify", false, "as Amplify's ResourcesConfig, in JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case asJSON && amplify:
			return &cli.ExitError{Code: cli.Usage, Err: errors.New("--json and --amplify exclude each other")}
		case prefix != "" && (asJSON || amplify):
			return &cli.ExitError{Code: cli.Usage, Err: errors.New("--prefix is for variables: neither --json nor --amplify has any")}
		}
		s, err := open(cmd)
		if err != nil {
			return err
		}
		outputs, err := s.ws.ReadOutputs(cmd.Context(), s.stack.Name)
		if err != nil {
			return err
		}
		config, err := outputs.Web()
		if err != nil {
			return fmt.Errorf("%w; make up STACK=%s adds them", err, s.stack.Name)
		}
		if !asJSON && !amplify {
			text, err := config.Env(prefix)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(s.out, text)
			return err
		}
		var value any = config
		if amplify {
			a, err := config.Amplify()
			if err != nil {
				return err
			}
			if a.Auth.Cognito.LoginWith == nil {
				s.say("The hosted sign-in is left out: Amplify reaches it by https alone, and this stack's is at %s. Users sign in by Amplify's signIn there.", config.HostedUIURL)
			}
			value = a
		}
		encoder := json.NewEncoder(s.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false) // it is for people to read, too
		if err := encoder.Encode(value); err != nil {
			return fmt.Errorf("writing the configuration as JSON: %w", err)
		}
		return nil
	}
	return cmd
}
