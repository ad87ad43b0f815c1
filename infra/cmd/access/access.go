package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws/access"
	"github.com/spf13/cobra"
)

// options are the command line's.
type options struct {
	inspect.Options
	changes, expectNo bool
	why               bool
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "access",
		Short: "Tells who may call what in a stack",
		Long: `Tells who may call what in a stack: for every route and every kind of caller
whether the request gets through to the function, and which statement says so.

Nothing is read off the settings. The resources are declared in a local AWS that
lives for the moment: OpenAPI document, resource policy, roles with all their
policies and trust, identity pool, groups, usage plan, authorizers, and the
permissions by which functions let API Gateway invoke them. It decides by the
code that decides real requests there; AWS is not asked, and nothing is changed.
That works for stacks on AWS as for local ones.

What is deployed is taken from the stack's state. A stack that is not deployed,
or any with --planned, is shown as its program and stack file would have it.
What somebody changed by hand is seen after make refresh.

  callers   anonymous (sends nothing), key only (an API key), guest and
            authenticated (sign with credentials of the identity pool), each
            group of users, each function (signs as its role), and on APIs with
            a Cognito authorizer those with an ID token or an access token.
            All but anonymous send an API key that is good on the stage.
  yes       gets through            key   gets through, with an API key on top
  403, 401  is refused so           NAME? the Lambda authorizer NAME decides
  500       gets past every gate, and API Gateway may not invoke the function
  some      policies tell the route's paths apart; --why says how

Rates, quotas and request validation are no part of it. explain tells of these,
for one route and caller.

--json prints {"stack", "source", "tables"}: source is deployed or planned; each
table has api, stage, from, callers (name, kind, role, scope, noCredentials),
routes (method, path, any, authorization, apiKeyRequired, cells) and notes; each
cell has caller, access (allowed, refused, some, asks), key, authorizer, status,
error, reason and paths. With --changes it is {"stack", "changes"}, and each has
api, stage, method, path, caller (as in callers), before and after (cells; left
out where there is no such route) and wider. Names stay; more may be added.

Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong, 3 there
are changes and --expect-no-changes was given.`,
		Example: `  access                              the local stack
  access --why                        and the statement behind each cell
  access --stack prod --planned       what Pulumi.prod.yaml would allow
  access --stack dev --changes        what make up would change of it
  access --stack dev --expect-no-changes --markdown    for a pull request
  access --from 203.0.113.7           where a policy looks at addresses
  access --json | jq -r '.tables[].routes[] | select(.cells[] |
    .caller == "guest" and .access != "refused") | .method + " " + .path'`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return &cli.ExitError{Code: cli.Usage, Err: err}
			}
			ws, err := workspace.Find()
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), ws, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	o.Flags(cmd)
	flags.BoolVar(&o.changes, "changes", false, "what a deployment would change of who may call what")
	flags.BoolVar(&o.expectNo, "expect-no-changes", false, "as --changes, with exit code 3 when there are any")
	flags.BoolVar(&o.why, "why", false, "tell the statement behind each cell, or what is missing")
	return cmd
}

func (o *options) check() error {
	o.changes = o.changes || o.expectNo
	if o.Planned && o.changes {
		return errors.New("--planned shows one table, and --changes compares two; say one of them")
	}
	return o.Check()
}

// The sources of a table.
const (
	fromState   = "deployed"
	fromProgram = "planned"
)

func (o *options) run(ctx context.Context, ws workspace.Workspace, out io.Writer) error {
	stack, err := ws.Stack(o.Stack)
	if err != nil {
		return err
	}
	var deployed []access.Table
	there := false
	if !o.Planned {
		if deployed, there, err = o.deployed(ctx, ws, stack); err != nil {
			return fmt.Errorf("%w; --planned shows what Pulumi.%s.yaml would allow, and asks nobody", err, o.Stack)
		}
	}
	if there && !o.changes {
		return o.print(out, answer{Stack: o.Stack, Source: fromState, Tables: deployed})
	}
	planned, err := inspect.Planned(ws.Root, o.Stack, o.From)
	if err != nil {
		return err
	}
	if !o.changes {
		return o.print(out, answer{Stack: o.Stack, Source: fromProgram, Tables: planned, fresh: !o.Planned})
	}
	a := answer{Stack: o.Stack, Source: fromProgram, Tables: planned, Changes: access.Diff(deployed, planned), compared: true, fresh: !there}
	if err := o.print(out, a); err != nil {
		return err
	}
	if o.expectNo && len(a.Changes) > 0 {
		return &cli.ExitError{Code: cli.Changed, Err: fmt.Errorf("who may call what changes in %d cells, and no changes were expected", len(a.Changes))}
	}
	return nil
}

// deployed works out the table of the stack's state, and whether it is deployed at all.
func (o *options) deployed(ctx context.Context, ws workspace.Workspace, stack workspace.Stack) ([]access.Table, bool, error) {
	state, err := inspect.State(ctx, ws, stack)
	var tables []access.Table
	if err == nil {
		tables, err = inspect.Deployed(state, o.From)
	}
	if errors.Is(err, inspect.ErrNotDeployed) {
		return nil, false, nil
	}
	return tables, err == nil, err
}

// answer is what is printed.
type answer struct {
	Stack   string
	Source  string // deployed, planned
	Tables  []access.Table
	Changes []access.Change

	compared bool // Changes are asked for
	fresh    bool // nothing is deployed to compare with
}

func (o *options) print(out io.Writer, a answer) error {
	p := newPage(out)
	return o.Print(p, a.json(), func() error { return a.markdown(p, o.why) }, func() error { return a.text(p, o.why) })
}

// json is what is printed for programs.
func (a answer) json() any {
	if a.compared {
		return struct {
			Stack   string          `json:"stack"`
			Changes []access.Change `json:"changes"`
		}{a.Stack, a.Changes}
	}
	return struct {
		Stack  string         `json:"stack"`
		Source string         `json:"source"`
		Tables []access.Table `json:"tables"`
	}{a.Stack, a.Source, a.Tables}
}
