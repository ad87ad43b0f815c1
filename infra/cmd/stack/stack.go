package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

func command() *cobra.Command {
	var name, plan, file string
	var port int
	root := &cobra.Command{
		Use:   "stack",
		Short: "Brings a stack up and down with Pulumi",
		Long: `Brings a stack up and down with Pulumi. A stack whose file says
auth-api:target: local is deployed to the local AWS of this checkout, which is
started when it is not running; any other to AWS, with your own AWS credentials
and Pulumi backend. What stands behind -- goes to pulumi.

Exit codes: 0 when it was done, 1 when it could not be, 2 when the command line
is wrong.`,
		Example: `  stack up                       the local stack
  stack up --stack dev           AWS, after the preview, when you say yes
  stack preview --stack dev -- --diff
  stack refresh --stack dev      what somebody changed by hand
  stack outputs | jq -r .apiUrl
  stack preview --stack prod --plan plan.json    and then, of exactly that:
  stack up --stack prod --plan plan.json -- --yes
  stack drift --stack prod
  stack comment --stack dev --file comment.md    for a pull request
  stack destroy --stack dev -- --yes`,
		Args: cobra.NoArgs,
	}
	root.PersistentFlags().StringVar(&name, "stack", "local", "the stack: Pulumi.NAME.yaml")
	root.PersistentFlags().IntVar(&port, "port", 0, "port of the local AWS (default: the one it runs on or ran on last, or 4566)")
	run := func(do func(context.Context, session, []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			s, err := open(cmd, name, port)
			if err != nil {
				return err
			}
			s.file = file
			if plan != "" {
				if s.plan, err = filepath.Abs(plan); err != nil { // Pulumi runs in the project's folder
					return fmt.Errorf("looking for the plan: %w", err)
				}
			}
			return do(cmd.Context(), s, args)
		}
	}
	workspace.CompleteStacks(root)
	upCommand := &cobra.Command{Use: "up [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Create or update the stack", RunE: run(up)}
	upCommand.Flags().StringVar(&plan, "plan", "", "do exactly what this plan of preview --plan says, or stop before anything is done")
	previewCommand := &cobra.Command{Use: "preview [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Show what up would change, and of who may call what", RunE: run(preview)}
	commentCommand := &cobra.Command{Use: "comment [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Write what up would change as Markdown, for a pull request", Long: commentHelp, RunE: run(comment)}
	commentCommand.Flags().StringVar(&file, "file", "", "write it to this file (default: standard output)")
	for _, c := range []*cobra.Command{previewCommand, commentCommand} {
		c.Flags().StringVar(&plan, "plan", "", "keep the plan in this file, for up --plan; its secrets are encrypted as the state's are")
	}
	root.AddCommand(
		upCommand, previewCommand, commentCommand,
		&cobra.Command{Use: "drift [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Tell what somebody changed by hand since the last up", Long: driftHelp, RunE: run(drift)},
		&cobra.Command{Use: "refresh [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Compare the stack's state with what stands", RunE: run(refresh)},
		&cobra.Command{Use: "destroy [-- PULUMI ARGS]", Args: cobra.ArbitraryArgs, Short: "Delete everything that the stack made", Long: destroyHelp, RunE: run(destroy)},
		&cobra.Command{Use: "outputs", Short: "Print the stack's outputs as JSON, secrets in the clear", Args: cobra.NoArgs, RunE: run(outputs)},
		webConfig(func(cmd *cobra.Command) (session, error) { return open(cmd, name, port) }),
	)
	return root
}

// session is one command on one stack.
type session struct {
	ws       workspace.Workspace
	stack    workspace.Stack
	port     int
	out, err io.Writer
	style    cli.Style

	plan string // absolute path; empty: without one
	file string // where a comment goes; empty: standard output
}

func open(cmd *cobra.Command, name string, port int) (session, error) {
	ws, err := workspace.Find()
	if err != nil {
		return session{}, err
	}
	stack, err := ws.Stack(name)
	if err != nil {
		return session{}, err
	}
	return session{ws: ws, stack: stack, port: port, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), style: cli.StyleFor(os.Stdout)}, nil
}

func (s session) say(format string, args ...any) { fmt.Fprintf(s.err, format+"\n", args...) }

// prepare makes sure that the stack can be worked on, and returns Pulumi for it. It
// creates nothing on AWS.
func (s session) prepare(ctx context.Context) (workspace.Pulumi, daemon.State, error) {
	if !s.stack.Local {
		if err := s.readyForAWS(ctx); err != nil {
			return workspace.Pulumi{}, daemon.State{}, err
		}
		p, err := s.ws.Pulumi(s.stack, daemon.State{})
		return p, daemon.State{}, err
	}
	executable := filepath.Join(s.ws.Bin(), "local")
	state, fresh, err := daemon.Start(ctx, executable, daemon.Dir(s.ws.Root), s.port, s.stack.Region)
	if err != nil {
		return workspace.Pulumi{}, daemon.State{}, err
	}
	if fresh {
		s.say("Started the local AWS on %s; make down stops it, and its log is %s.", state.URL, rel(s.ws.Root, daemon.LogFile(daemon.Dir(s.ws.Root))))
	}
	p, err := s.ws.Pulumi(s.stack, state)
	if err != nil {
		return workspace.Pulumi{}, daemon.State{}, err
	}
	return p, state, s.unlock()
}

// readyForAWS refuses, with what to do next, what Pulumi would refuse late or with
// half a page: no credentials, no backend, or an engine that is attached to the
// local AWS.
func (s session) readyForAWS(ctx context.Context) error {
	for _, entry := range strings.Split(os.Getenv("PULUMI_DEBUG_PROVIDERS"), ",") {
		if strings.HasPrefix(entry, "aws:") {
			return fmt.Errorf("stack %s is for AWS, and PULUMI_DEBUG_PROVIDERS attaches Pulumi to a local AWS; unset it, or bring up the local stack with make up", s.stack.Name)
		}
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(s.stack.Region)}
	if s.stack.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.stack.Profile))
	}
	looking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(looking, options...)
	if err == nil {
		_, err = cfg.Credentials.Retrieve(looking)
	}
	if err != nil {
		return fmt.Errorf("stack %s is for AWS, and no AWS credentials were found; run aws sso login or aws configure, or set AWS_PROFILE, and try again (make up without STACK needs none)", s.stack.Name)
	}
	p, err := s.ws.Pulumi(s.stack, daemon.State{})
	if err != nil {
		return err
	}
	if err := p.Command(ctx, "whoami", "--non-interactive").Run(); err != nil {
		return fmt.Errorf("stack %s is for AWS, and Pulumi is logged in to no state backend; run pulumi login (Pulumi Cloud) or pulumi login s3://BUCKET, and try again", s.stack.Name)
	}
	return nil
}

// selected creates the stack when it is not there yet.
func (s session) selected(ctx context.Context, p workspace.Pulumi) error {
	if s.stack.Local { // its backend is a folder of this checkout: a look is enough
		project, err := s.ws.Project()
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(s.ws.Root, ".auth-api", "state", ".pulumi", "stacks", project, s.stack.Name+".json")); err == nil {
			return nil
		}
	}
	return s.pulumi(ctx, p, io.Discard, "stack", "select", "--create", "--stack", s.stack.Name)
}

// pulumi runs the CLI on this terminal. Its own messages say what went wrong.
func (s session) pulumi(ctx context.Context, p workspace.Pulumi, out io.Writer, args ...string) error {
	cmd := p.Command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, s.err
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err != nil && ctx.Err() != nil:
		return &cli.ExitError{Code: cli.Failed, Err: fmt.Errorf("pulumi %s was interrupted", args[0])}
	case errors.As(err, &exit):
		return &cli.ExitError{Code: cli.Failed, Err: fmt.Errorf("pulumi %s failed; what it said stands above", args[0])}
	}
	return err
}

func up(ctx context.Context, s session, args []string) error {
	start := time.Now()
	p, local, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if err := s.selected(ctx, p); err != nil {
		return err
	}
	command := []string{"up", "--stack", s.stack.Name}
	if s.stack.Local {
		// There is nothing to pay and nothing to lose: no question asked.
		command = append(command, "--yes", "--skip-preview", "--suppress-outputs")
	}
	if command, err = s.withPlan(command); err != nil {
		return err
	}
	if err := s.pulumi(ctx, p, s.out, append(command, args...)...); err != nil {
		return s.explained(ctx, local, "up", err)
	}
	data, err := p.Outputs(ctx)
	if err != nil {
		return err
	}
	var o client.Outputs
	if err := json.Unmarshal(data, &o); err != nil {
		return fmt.Errorf("reading the outputs of stack %s: %w", s.stack.Name, err)
	}
	s.summary(o, time.Since(start))
	return nil
}

// summary is what a person needs next: where things are, who may sign in, and
// commands to paste. Of the secrets it shows none.
func (s session) summary(o client.Outputs, took time.Duration) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(s.out, "  %s %s\n", s.style.Dim(fmt.Sprintf("%-14s", name)), value)
		}
	}
	fmt.Fprintf(s.out, "\n%s\n\n", s.style.Bold(fmt.Sprintf("Stack %s is up (%.1f s).", s.stack.Name, took.Seconds())))
	row("API", o.APIURL)
	if !o.HasWebClient() { // whose own button begins what it can finish
		row("sign-in", signIn(o))
	}
	if o.DemoUser != "" {
		if s.stack.Local {
			row("demo user", o.DemoUser+", password "+o.DemoPassword)
		} else {
			row("demo user", o.DemoUser)
		}
	}
	row("local AWS", o.AWSEndpoint)
	fmt.Fprintf(s.out, "\nTry:\n\n")
	call := "go run ./infra/cmd/call -stack " + s.stack.Name
	var lines [][2]string
	for _, name := range o.RouteNames() {
		r := o.Routes[name]
		open := r.Authorization == "NONE"
		switch {
		case r.Web: // it is opened, not called
		case r.Method != "GET" || strings.Contains(r.Path, "{"): // nothing to paste as it is: others take a body, or change something
		case len(lines) == 0 && open && r.APIKeyRequired:
			lines = append(lines, [2]string{call + " -as nobody " + name, "200, with the API key alone"})
		case len(lines) == 0 && open:
			lines = append(lines, [2]string{call + " -as nobody " + name, "200, everybody may"})
		case r.Authorization == "AWS_IAM":
			if o.DemoUser != "" && slices.Contains(r.Callers, "authenticated") && len(r.CallerTags) == 0 {
				lines = append(lines, [2]string{call + " -as " + o.DemoUser + " " + name, "200, key and signature"})
			}
			switch {
			case !o.Guests:
				lines = append(lines, [2]string{call + " -as nobody " + name, "403, nobody signed it"})
			case slices.Contains(r.Callers, "guest"):
				lines = append(lines, [2]string{call + " -as guest " + name, "200, guests may"})
			default:
				lines = append(lines, [2]string{call + " -as guest " + name, "403, a guest may not"})
			}
		}
		if len(lines) >= 3 {
			break
		}
	}
	if o.HasWebClient() {
		lines = slices.Insert(lines, 0, [2]string{"open " + o.WebURL, "the web client, in a browser"})
	}
	width := 0
	for _, l := range lines {
		width = max(width, len(l[0]))
	}
	for _, l := range lines {
		fmt.Fprintf(s.out, "  %-*s  %s\n", width, l[0], s.style.Dim("# "+l[1]))
	}
	fmt.Fprintln(s.out)
}

// signIn is the page that a person signs in at, on the way to a web client elsewhere.
func signIn(o client.Outputs) string {
	return o.HostedUIURL + "/login?" + url.Values{
		"client_id": {o.UserPoolClientID}, "response_type": {"code"}, "scope": {"openid email profile"}, "redirect_uri": {o.WebURL},
	}.Encode()
}

func preview(ctx context.Context, s session, args []string) error {
	p, local, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if err := s.selected(ctx, p); err != nil {
		return err
	}
	command := append([]string{"preview", "--stack", s.stack.Name, "--diff"}, s.savePlan()...)
	if err := s.pulumi(ctx, p, s.out, append(command, args...)...); err != nil {
		return s.explained(ctx, local, "preview", err)
	}
	return s.access(ctx, args)
}

func refresh(ctx context.Context, s session, args []string) error {
	p, local, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	command := []string{"refresh", "--stack", s.stack.Name}
	if s.stack.Local {
		command = append(command, "--yes", "--skip-preview")
	}
	return s.explained(ctx, local, "refresh", s.pulumi(ctx, p, s.out, append(command, args...)...))
}

func outputs(ctx context.Context, s session, _ []string) error {
	p, err := s.ws.Pulumi(s.stack, daemon.State{})
	if err != nil {
		return err
	}
	data, err := p.Outputs(ctx)
	if err != nil {
		return err
	}
	_, err = s.out.Write(data)
	return err
}

func rel(root, path string) string {
	if r, err := filepath.Rel(root, path); err == nil {
		return r
	}
	return path
}
