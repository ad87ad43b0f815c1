package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
	"github.com/spf13/cobra"
)

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "local",
		Short: "Runs the local AWS of this checkout",
		Long: `Runs the local AWS of this checkout: the services that the stack uses, in one
process on one loopback port, with authorization enforced. What is declared and
the users are kept in .auth-api/local, and survive a restart.

make up starts it in the background when it is not running, make down stops it.

While it runs, the other commands tell what testers want to know: who asked what
and why it was refused, codes that AWS would have mailed, users, tokens, usage.
They move its clock, so that nothing need be waited for, and bring everything
back to how it was. The same is served over HTTP at /_local/.

The account's administrator signs with access key and secret "test", unless the
environment has ` + daemon.AdminKeyIDVariable + ` and
` + daemon.AdminSecretVariable + ` when it is started.

Exit codes: 0 when it was done, 1 when it could not be, 2 when the command line
is wrong.`,
		Example: `  local serve                 in the foreground, its log on the terminal
  local start --port 4600     in the background, on another port
  local status --json         whether it runs, and where
  local requests --denied     who was refused, and why
  local mailbox --to ann      the codes that were sent to ann
  local clock advance 6m      six minutes later, at once
  local reset                 as just after make up
  local stop`,
		Args: cobra.NoArgs,
	}
	var (
		dir, region string
		port        int
		asJSON      bool
	)
	root.PersistentFlags().StringVar(&dir, "dir", "", "folder of its store (default .auth-api/local of this checkout)")
	where := func() (string, error) {
		if dir != "" {
			return dir, nil
		}
		ws, err := workspace.Find()
		if err != nil {
			return "", err
		}
		return daemon.Dir(ws.Root), nil
	}

	serve := &cobra.Command{
		Use: "serve", Short: "Serve in the foreground until interrupted", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			admin, err := daemon.AdminKeyFrom(os.Getenv)
			if err != nil {
				return err
			}
			return runServer(cmd.Context(), cmd.ErrOrStderr(), dir, port, region, admin, 5*time.Second)
		},
	}
	start := &cobra.Command{
		Use: "start", Short: "Start in the background, unless it runs already", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			executable, err := os.Executable()
			if err != nil {
				return fmt.Errorf("starting the local AWS: %w", err)
			}
			state, _, err := daemon.Start(cmd.Context(), executable, dir, port, region)
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), state, asJSON)
		},
	}
	status := &cobra.Command{
		Use: "status", Short: "Tell whether it runs, and where; exit code 1 when it does not", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			state, running := daemon.Running(cmd.Context(), dir)
			if !running {
				return errors.New("the local AWS is not running; make up starts it")
			}
			return show(cmd.OutOrStdout(), state, asJSON)
		},
	}
	stop := &cobra.Command{
		Use: "stop", Short: "Stop the one in the background", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			ran, err := daemon.Stop(cmd.Context(), dir)
			if err != nil {
				return err
			}
			if ran {
				fmt.Fprintln(cmd.OutOrStdout(), "The local AWS is stopped. What was declared and the users are kept; make up goes on with them.")
			} else {
				fmt.Fprintln(cmd.OutOrStdout(), "The local AWS was not running.")
			}
			return nil
		},
	}
	for _, c := range []*cobra.Command{serve, start} {
		c.Flags().IntVar(&port, "port", 0, fmt.Sprintf("loopback port (default: the one it ran on last, or %d)", localaws.DefaultPort))
		c.Flags().StringVar(&region, "region", "us-west-2", "the AWS region to be")
	}
	for _, c := range []*cobra.Command{start, status} {
		c.Flags().BoolVar(&asJSON, "json", false, "print the state as JSON")
	}
	root.AddCommand(serve, start, status, stop)
	root.AddCommand(testerCommands(where)...)
	return root
}

func show(w io.Writer, s daemon.State, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	_, err := fmt.Fprintf(w, "The local AWS answers on %s as %s; its provider on port %d (process %d).\n", s.URL, s.Region, s.ProviderPort, s.PID)
	return err
}

// runServer serves until ctx is done, or until its folder is gone, for which it looks
// every so often: a checkout that is removed leaves no process and no port behind.
func runServer(ctx context.Context, log io.Writer, dir string, port int, region string, admin daemon.AdminKey, look time.Duration) error {
	if _, running := daemon.Running(ctx, dir); running {
		return errors.New("starting the local AWS: one runs in this folder already; local stop ends it")
	}
	port, err := daemon.Port(ctx, dir, port, localaws.DefaultPort)
	if err != nil {
		return err
	}
	keyID, secret := admin.Pair()
	aws, err := localaws.Start(localaws.Config{
		Dir: dir, Port: port, Region: region, AdminAccessKeyID: keyID, AdminSecretAccessKey: secret,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	providerPort, provided, err := provider.New(aws).Serve(serving)
	if err != nil {
		return errors.Join(err, aws.Close(context.Background()))
	}
	if err := daemon.Write(dir, daemon.State{URL: aws.URL(), ProviderPort: providerPort, Region: region}); err != nil {
		return errors.Join(err, aws.Close(context.Background()))
	}
	fmt.Fprintf(log, "The local AWS answers on %s as %s.\n", aws.URL(), region)

	failed := waitForEnd(ctx, aws, provided, dir, look)
	stop()
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	failed = errors.Join(failed, aws.Close(grace))
	if daemon.Abandoned(dir) {
		return failed
	}
	return errors.Join(failed, daemon.Forget(dir))
}

// waitForEnd returns when there is a reason to end, and the reason when it is a failure.
func waitForEnd(ctx context.Context, aws *localaws.Server, provided <-chan error, dir string, look time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- aws.Wait() }()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return err
		case err := <-provided:
			return err
		case <-ticker.C:
			if daemon.Abandoned(dir) {
				return nil
			}
		}
	}
}
