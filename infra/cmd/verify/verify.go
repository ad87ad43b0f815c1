package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/verify"
	"github.com/spf13/cobra"
)

// Exit codes of this command: a stack that does not hold is told from a run that failed.
const (
	doesNotHold = 1
	notRun      = 2
)

// awsRate is how many requests a second are sent to a stack on AWS, unless told otherwise.
const awsRate = 20

// options are the command line's.
type options struct {
	stack          string
	user           string
	noAdmin        bool
	only           []string
	list           bool
	json, markdown bool
	junit          string
	verbose        bool
	writes         bool
	limits, clock  bool
	maxQuota       int
	rate           float64
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Attacks a deployed stack on purpose, and tells whether it holds",
		Long: `Attacks a deployed stack on purpose, and tells whether it holds: on AWS or on
the local AWS, from the stack's outputs. What each route must refuse, and to
whom, is taken from the outputs' route table, so that a new route is tried the
day it is added. Every check has an id; --list tells what each proves and where
AWS documents it, and infra/verify/CHECKS.md has the same.

  users    With an administrator's credentials (on AWS those of the default
           chain and aws:profile, on local stacks the local administrator's) it
           makes a user for each kind that the routes tell apart, and removes
           them, also after Ctrl-C. With --user it signs in as that one instead,
           by the password in AUTH_API_PASSWORD (else it asks) and, where the
           pool asks for codes, the authenticator's secret in
           AUTH_API_TOTP_SECRET. With --no-admin nothing of an administrator's
           is used, and what needs it is skipped.
  safety   Who may call is tried on GET and HEAD alone, unless --writes is given
           or the stack is local. Nothing that an attack could break is left
           broken: it sends wrong requests, and expects to be refused.
  pace     At most eight requests at once and --rate a second. A throttled
           request is sent again, later and later. New keys and permissions
           that AWS does not know everywhere yet are tried again, which the
           result tells.

--json prints {"stack", "api", "local", "started", "tookNanoseconds",
"requests", "checks", "results", "leftBehind"}; each result has id, title,
severity, result (holds, fails, skipped, error), route, caller, expected, got
and note.

Exit codes: 0 the stack holds, 1 it does not, 2 it could not be tried, or some
checks could not (error in the table), or the command line is wrong.`,
		Example: `  verify                             the local stack
  verify --stack dev                 a stack on AWS, with users that it makes
  verify --stack prod --user ann     as a user that is there
  verify --only V-IAM-01,V-KEY-01    these checks alone
  verify --verbose                   every request, not just every check
  verify --clock                     local: expiry, too, by moving its clock
  verify --limits --max-quota 100    uses up the API key's limits
  verify --list                      what there is
  verify --junit verify.xml --markdown > comment.md     for a pull request`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return &cli.ExitError{Code: cli.Usage, Err: err}
			}
			if o.list {
				return printList(cmd.OutOrStdout(), o)
			}
			err := o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			var exit *cli.ExitError
			if err != nil && !errors.As(err, &exit) {
				return &cli.ExitError{Code: notRun, Err: err}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.stack, "stack", "local", "the stack: Pulumi.NAME.yaml")
	flags.StringVar(&o.user, "user", "", "sign in as this user, and make none")
	flags.BoolVar(&o.noAdmin, "no-admin", false, "use no administrator's credentials")
	flags.StringSliceVar(&o.only, "only", nil, "these checks alone, by their ids")
	flags.BoolVar(&o.list, "list", false, "list the checks, and try nothing")
	flags.BoolVar(&o.json, "json", false, "print JSON, for programs")
	flags.BoolVar(&o.markdown, "markdown", false, "print Markdown, for pull requests")
	flags.StringVar(&o.junit, "junit", "", "write a JUnit report to this file, too")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "a line for every result, not for every check")
	flags.BoolVar(&o.writes, "writes", false, "try who may call on POST, PUT, PATCH and DELETE, too (local stacks: always)")
	flags.BoolVar(&o.limits, "limits", false, "try rate and quota, which uses the API key's up")
	flags.IntVar(&o.maxQuota, "max-quota", 1000, "the largest quota that --limits uses up")
	flags.BoolVar(&o.clock, "clock", false, "move the local AWS's clock, to try what is over; others may be using it")
	flags.Float64Var(&o.rate, "rate", 0, "requests a second at most (default 20 on AWS, unlimited on local stacks)")
	if err := cmd.RegisterFlagCompletionFunc("only", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var ids []string
		for _, c := range verify.Checks() {
			ids = append(ids, c.ID+"\t"+c.Title)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}); err != nil {
		panic(err) // the flag is three lines above
	}
	return cmd
}

func (o *options) check() error {
	switch {
	case o.json && o.markdown:
		return errors.New("--json and --markdown cannot be had at once; --junit goes with either")
	case o.list && o.junit != "":
		return errors.New("--list tries nothing, so that there is nothing for --junit")
	case o.rate < 0:
		return fmt.Errorf("--rate is %g; legal are numbers from 0, which is no limit on local stacks and %d on AWS", o.rate, awsRate)
	case o.maxQuota < 1:
		return fmt.Errorf("--max-quota is %d; legal are numbers from 1", o.maxQuota)
	}
	for i, id := range o.only {
		o.only[i] = strings.ToUpper(strings.TrimSpace(id))
	}
	return nil
}

func (o *options) run(ctx context.Context, out, complaint io.Writer) error {
	ws, err := workspace.Find()
	if err != nil {
		return err
	}
	stack, err := ws.Stack(o.stack)
	if err != nil {
		return err
	}
	outputs, err := ws.ReadOutputs(ctx, o.stack)
	if err != nil {
		return err
	}
	target := verify.Target{Name: o.stack, Outputs: outputs}
	if err := o.administrator(ctx, stack, &target); err != nil {
		return err
	}
	return o.attack(ctx, target, out, complaint)
}

// attack attacks the target and prints what came of it.
func (o *options) attack(ctx context.Context, target verify.Target, out, complaint io.Writer) error {
	how := verify.Options{
		Only: o.only, Writes: o.writes || target.Local(), Limits: o.limits, MaxQuota: o.maxQuota, Clock: o.clock, Rate: o.rate,
	}
	if !target.Local() {
		how.Retries = 5
		if how.Rate == 0 {
			how.Rate = awsRate
		}
	}
	if o.user != "" {
		password, err := cli.Password(o.user, target.Outputs.PasswordOf(o.user))
		if err != nil {
			return err
		}
		how.User = &verify.User{Name: o.user, Password: password, TOTPSecret: os.Getenv("AUTH_API_TOTP_SECRET")}
	}
	p := newProgress(complaint)
	how.Progress = p.show
	report, err := verify.Run(ctx, target, how)
	p.done()
	for _, earlier := range report.Earlier {
		fmt.Fprintf(complaint, "verify: %s\n", earlier)
	}
	for _, left := range report.Left {
		fmt.Fprintf(complaint, "verify: could not be removed: %s\n", left)
	}
	if len(report.Results) > 0 {
		if printErr := o.print(report, out); printErr != nil {
			return errors.Join(err, printErr)
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return &cli.ExitError{Code: notRun, Err: errors.New("interrupted: what was made is removed, but for what is said above")}
	case err != nil:
		return err
	case report.Count(verify.Fails) > 0:
		return &cli.ExitError{Code: doesNotHold}
	case report.Count(verify.Broken) > 0:
		return &cli.ExitError{Code: notRun}
	}
	return nil
}

func (o *options) print(r verify.Report, out io.Writer) error {
	if o.junit != "" {
		if err := writeJUnit(o.junit, r); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return printJSON(out, r)
	case o.markdown:
		return printMarkdown(out, r)
	}
	style := cli.Style{}
	if f, isFile := out.(*os.File); isFile {
		style = cli.StyleFor(f)
	}
	return printText(out, style, cli.Width(out), r, o.verbose)
}
