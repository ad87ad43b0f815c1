package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/inspect"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/access"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/testers"
	"github.com/spf13/cobra"
)

// options are the command line's.
type options struct {
	inspect.Options
	stage            string
	as, token        string
	noKey, wrongKey  bool
	claims, scopes   []string
	headers          []string
	data             string
	request, message string
	expect           string
	target           target
}

func command() *cobra.Command { return new(options).command() }

func (o *options) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [METHOD] PATH",
		Short: "Tells why somebody may call a route, or may not",
		Long: `Tells why somebody may call a route, or may not: the whole way of a request,
gate by gate, in API Gateway's order, with every statement that was looked at
and why it did or did not match; what the caller is answered; and the setting
that would change it.

The stack's resources, by its state or with --planned by its program, are put
into a local AWS that lives for the moment, and its gateway decides by the code
that decides real requests there. AWS is not asked, no function runs, nothing is
counted and nothing is changed. That works for stacks on AWS as for local ones.
What somebody changed by hand is seen after make refresh.

Callers call from anywhere, and on local stacks from 127.0.0.1, unless --from
says otherwise. --as says who calls:
  nobody              unsigned, with the stack's API key (the default)
  anonymous           unsigned, without a key
  guest               with a guest's credentials of the identity pool
  user                signed in, in no group; authenticated is the same
  NAME                a group, a function, or a user whom the stack declares
  arn:aws:iam::…      the ARN of a role, of a function or of the identity pool
  ID token, access token [SCOPE]
On routes with a Cognito authorizer users send the token that the route wants,
in place of a signature. --claim says what else the ID token holds, from which
tags of the credentials follow.

The stack's stage is meant, the one that its output apiUrl ends with. A stack to
which somebody gave more stages, or more APIs, takes --stage. What a canary
sends to another version of a function is decided alike, and is not told apart.

--request explains a request that was made, by the id in its x-amzn-RequestId,
or by the beginning of it that bin/local requests shows: one of the last
thousand of the local AWS, or last for the newest that was X

--json prints {"stack", "source", "caller", "way", "toChange", "notes"}; with
--request there is "request" in place of "caller"; with --message it is
{"message", "errors"}. way has api, stage, method, path, route, allowed,
authorizer, gate, reason, status, error, body and stops; each stop has gate,
passage (passed, open, depends, refused, unreached), says, facts and decisions
with their statements. Names stay; more may be added.

Exit codes: 0 explained, whatever the answer; 1 it could not be, or no error is
known by the message; 2 the command line is wrong; 3 the answer is not the one
of --expect. A route that a Lambda authorizer decides is depends, neither
allowed nor refused.`,
		Example: `  explain GET /require-auth --as guest
  explain GET /require-auth --as demouser --no-key
  explain --stack prod --planned POST /orders --as staff
  explain GET /team --as user --claim custom:team=blue
  explain GET /no-auth --from 203.0.113.7         from another address
  explain GET /inventory --as guest-list          a function, with its own role
  explain --request last                          why the newest was refused
  explain --message "Missing Authentication Token"
  explain GET /admin --as user --expect refused   for a script
  explain GET /x --json | jq -r '.way.gate, .way.reason'`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return &cli.ExitError{Code: cli.Usage, Err: err}
			}
			if o.message != "" {
				return o.lookUp(cmd.OutOrStdout())
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
	flags.StringVar(&o.stage, "stage", "", "the stage, STAGE or API/STAGE (default the stack's)")
	flags.StringVar(&o.as, "as", "nobody", "who calls: nobody, anonymous, guest, user, or the name of a group, function, user or role")
	flags.BoolVar(&o.noKey, "no-key", false, "leave the API key out")
	flags.BoolVar(&o.wrongKey, "wrong-key", false, "send an API key that is nobody's")
	flags.StringArrayVar(&o.claims, "claim", nil, "NAME=VALUE that the user's ID token holds besides; may be repeated")
	flags.StringVar(&o.token, "token", "", "id or access: the token that the user sends, in place of a signature")
	flags.StringSliceVar(&o.scopes, "scope", nil, "scopes of the access token (default "+signInScope+", as signing in by password gives)")
	flags.StringArrayVar(&o.headers, "header", nil, "a header of the request, NAME: VALUE; may be repeated")
	flags.StringVar(&o.data, "data", "", "body of the request")
	flags.StringVar(&o.request, "request", "", "explain the request with this id, or the last that was refused")
	flags.StringVar(&o.message, "message", "", "say what this error message means")
	flags.StringVar(&o.expect, "expect", "", "allowed, refused or depends: exit code 3 when the answer is another")
	complete := func(flag string, values func() []string) {
		// The flag is there: it was defined above.
		_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return values(), cobra.ShellCompDirectiveNoFileComp
		})
	}
	complete("as", func() []string { return []string{"nobody", "anonymous", "guest", "user"} })
	complete("token", func() []string { return []string{"id", "access"} })
	complete("expect", func() []string { return outcomes })
	complete("request", func() []string { return []string{last} })
	return cmd
}

// last names the newest request that was refused.
const last = "last"

// outcomes are what --expect takes.
var outcomes = []string{"allowed", "refused", "depends"}

func (o *options) check(args []string) error {
	if err := o.Check(); err != nil {
		return err
	}
	switch {
	case o.noKey && o.wrongKey:
		return errors.New("--no-key and --wrong-key cannot be had at once")
	case o.expect != "" && !slices.Contains(outcomes, o.expect):
		return fmt.Errorf("--expect is %q; legal are %s", o.expect, strings.Join(outcomes, ", "))
	case o.token != "" && o.token != "id" && o.token != "access":
		return fmt.Errorf("--token is %q; legal are id and access", o.token)
	case o.request != "" && o.message != "", (o.request != "" || o.message != "") && len(args) > 0:
		return errors.New("a route, --request and --message are three questions; ask one of them")
	case o.stage != "" && (o.request != "" || o.message != ""):
		return errors.New("--stage is for routes: a request went to a stage of its own, and messages are the same on all")
	case o.request != "" && o.Planned:
		return errors.New("--request is about what happened, and --planned about what would; ask one of them")
	case o.message != "" && o.expect != "":
		return errors.New("--expect is for routes and --request")
	case o.request != "" || o.message != "":
		return nil
	}
	for _, text := range o.claims {
		if _, _, err := parsePair("claim", text, "custom:team=blue"); err != nil {
			return err
		}
	}
	if _, err := parseHeaders(o.headers); err != nil {
		return err
	}
	var err error
	o.target, err = parseTarget(args)
	return err
}

// The sources of an answer.
const (
	fromState   = "deployed"
	fromProgram = "planned"
	fromLog     = "request"
)

func (o *options) run(ctx context.Context, ws workspace.Workspace, out io.Writer) error {
	stack, err := ws.Stack(o.Stack)
	if err != nil {
		return err
	}
	if o.request != "" {
		a, err := o.asked(ctx, ws, stack)
		if err != nil {
			return err
		}
		return o.finish(out, a)
	}
	if !o.Planned {
		a, there, err := o.deployed(ctx, ws, stack)
		switch {
		case err != nil:
			return fmt.Errorf("%w; --planned explains what Pulumi.%s.yaml would have, and asks nobody", err, o.Stack)
		case there:
			return o.finish(out, a)
		}
	}
	a := answer{Stack: o.Stack, project: stack.Project, Source: fromProgram, fresh: !o.Planned}
	err = inspect.UsePlanned(ws.Root, o.Stack, func(m inspect.Moment) (err error) { a, err = o.ask(a, m, stack); return err })
	if err != nil {
		return err
	}
	return o.finish(out, a)
}

// deployed explains what the stack's state says, and whether there is one.
func (o *options) deployed(ctx context.Context, ws workspace.Workspace, stack workspace.Stack) (answer, bool, error) {
	a := answer{Stack: o.Stack, project: stack.Project, Source: fromState}
	state, err := inspect.State(ctx, ws, stack)
	if err == nil {
		err = inspect.UseDeployed(state, func(m inspect.Moment) (err error) { a, err = o.ask(a, m, stack); return err })
	}
	if errors.Is(err, inspect.ErrNotDeployed) {
		return a, false, nil
	}
	return a, err == nil, err
}

// ask asks the local AWS of the moment.
func (o *options) ask(a answer, m inspect.Moment, stack workspace.Stack) (answer, error) {
	stages, err := access.StagesOf(m.AWS)
	if err != nil {
		return a, err
	}
	s, err := o.stageOf(stages, m.Stage)
	if err != nil {
		return a, &cli.ExitError{Code: cli.Usage, Err: err}
	}
	route, err := m.AWS.Gateway.RouteOf(s.Stage.APIID, s.Stage.Name, o.target.method, o.target.path)
	if err != nil {
		return a, err
	}
	who, q, err := o.resolve(m, s, route)
	if err != nil {
		return a, &cli.ExitError{Code: cli.Usage, Err: err}
	}
	q.APIID, q.Stage, q.OwnDomain = s.Stage.APIID, s.Stage.Name, s.Stage.OwnDomain
	q.Method, q.Path, q.Query, q.Body = o.target.method, o.target.path, o.target.query, []byte(o.data)
	if q.SourceIP = o.From; q.SourceIP == "" {
		q.SourceIP = access.Elsewhere
		if stack.Local {
			q.SourceIP = "127.0.0.1"
		}
	}
	if q.Header, err = parseHeaders(o.headers); err != nil {
		return a, err
	}
	if len(q.Body) > 0 && q.Header.Get("Content-Type") == "" {
		q.Header.Set("Content-Type", "application/json")
	}
	q.UserAgent, q.Referer = q.Header.Get("User-Agent"), q.Header.Get("Referer")
	way, err := m.AWS.Gateway.Explain(q)
	if err != nil {
		return a, err
	}
	if q.Header.Get("Authorization") == "" { // what was made up to stand for it is none of the caller's
		way.Body, way.Reason = unhashed(way.Body), unhashed(way.Reason)
		for i := range way.Stops {
			way.Stops[i].Says = unhashed(way.Stops[i].Says)
		}
	}
	a.Caller, a.Way = &who, &way
	a.routes, a.oneOf = s.Routes, len(stages)
	a.Notes = append(a.Notes, s.Notes...)
	if s.LooksAtAddresses() {
		a.Notes = append(a.Notes, "a policy looks at where requests come from: this one comes from "+q.SourceIP)
	}
	if s.Stage.OwnDomain {
		a.Notes = append(a.Notes, "the execute-api endpoint is disabled: this is for a caller who comes by a domain name of the API's own")
	}
	a.Notes = append(a.Notes, m.Notes...)
	return a.ofAccount(m.Account)
}

// hash is how AWS quotes an Authorization header.
var hash = regexp.MustCompile(`('|Authorization=)[A-Za-z0-9+/]{43}=`)

func unhashed(text string) string { return hash.ReplaceAllString(text, "${1}SHA-256-OF-THE-HEADER") }

// asked explains a request that was made to the local AWS that runs.
func (o *options) asked(ctx context.Context, ws workspace.Workspace, stack workspace.Stack) (answer, error) {
	if !stack.Local {
		return answer{}, fmt.Errorf("stack %s is on AWS, where this knows no requests: look for the id in the log group of the API's access log, and explain the route and caller that it names", o.Stack)
	}
	state, running := daemon.Running(ctx, daemon.Dir(ws.Root))
	if !running {
		return answer{}, errors.New("explaining a request: the local AWS is not running, and its record of requests went with it; make up starts it")
	}
	id := o.request
	if id == last {
		var list struct{ Requests []struct{ ID string } }
		if err := daemon.Ask(ctx, state, "/requests?decision=deny&service=execute-api&limit=1", &list); err != nil {
			return answer{}, fmt.Errorf("looking for the last request that was refused: %w", err)
		}
		if len(list.Requests) == 0 {
			return answer{}, errors.New("looking for the last request that was refused: none was, since the local AWS was started or reset")
		}
		id = list.Requests[0].ID
	}
	var e testers.Explanation
	if err := daemon.Ask(ctx, state, "/explain?request="+url.QueryEscape(id), &e); err != nil {
		return answer{}, fmt.Errorf("explaining the request %s: %w", id, err)
	}
	return answer{Stack: o.Stack, project: stack.Project, Source: fromLog, Request: &e.Request, Way: e.Way}, nil
}

// ofAccount puts the stack's account in the place of the one that the local AWS of the
// moment has.
func (a answer) ofAccount(account string) (answer, error) {
	if account == localaws.Account {
		return a, nil
	}
	text, err := json.Marshal(a.Way)
	if err != nil {
		return a, fmt.Errorf("explaining: %w", err)
	}
	own := strings.NewReplacer("********"+localaws.Account[8:]+":", "********"+account[8:]+":", localaws.Account, account)
	way := gateway.Way{}
	if err := json.Unmarshal([]byte(own.Replace(string(text))), &way); err != nil {
		return a, fmt.Errorf("explaining: %w", err)
	}
	a.Way = &way
	return a, nil
}

// finish prints the answer, and holds it against what was expected.
func (o *options) finish(out io.Writer, a answer) error {
	a.ToChange = a.advice()
	if err := o.print(out, a); err != nil {
		return err
	}
	if got := a.outcome(); o.expect != "" && got != o.expect {
		return &cli.ExitError{Code: cli.Changed, Err: fmt.Errorf("it is %s, and %s was expected", got, o.expect)}
	}
	return nil
}

func (o *options) print(out io.Writer, a answer) error {
	p := newPage(out)
	return o.Print(p.Page, a, func() error { return a.markdown(p) }, func() error { return a.text(p) })
}
