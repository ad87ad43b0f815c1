package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/clock"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/testers"
	"auth-api/infra/localaws/userpool"
	"github.com/spf13/cobra"
)

// view is one command's way to the local AWS and back to its reader.
type view struct {
	api    testerAPI
	out    io.Writer
	style  cli.Style
	width  int // columns; 0 for as many as it takes
	asJSON bool
}

// raw prints the answer itself when scripts read it, and tells whether it did.
func (v view) raw(data []byte) (bool, error) {
	if !v.asJSON {
		return false, nil
	}
	_, err := v.out.Write(data)
	return true, err
}

func (v view) say(format string, args ...any) error {
	_, err := fmt.Fprintf(v.out, format+"\n", args...)
	return err
}

// testerCommands are the commands for testers; where finds the local AWS's folder.
func testerCommands(where func() (string, error)) []*cobra.Command {
	// newCommand returns a command that takes n arguments.
	newCommand := func(use, short, long, example string, n int, run func(context.Context, view, []string) error) *cobra.Command {
		c := &cobra.Command{Use: use, Short: short, Long: long, Example: example, ValidArgsFunction: cobra.NoFileCompletions}
		c.Args = func(c *cobra.Command, args []string) error {
			if len(args) != n {
				return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("there are %d arguments; %s takes %d (%s --help shows how)", len(args), c.CommandPath(), n, c.CommandPath())}
			}
			return nil
		}
		asJSON := c.Flags().Bool("json", false, "print the answer as JSON, for scripts")
		c.RunE = func(cmd *cobra.Command, args []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			v := view{out: cmd.OutOrStdout(), asJSON: *asJSON}
			if f, isFile := v.out.(*os.File); isFile {
				v.style, v.width = cli.StyleFor(f), cli.Width(f)
			}
			if v.api, err = findAPI(cmd.Context(), dir); err != nil {
				return err
			}
			return run(cmd.Context(), v, args)
		}
		return c
	}

	var asked struct {
		denied, follow  bool
		service, caller string
		limit           int
	}
	requests := newCommand("requests", "Tell who asked what, what was decided and why",
		`Tells who asked what, what was decided and why: the newest of the last thousand
requests, newest last. Times are the local AWS's clock's, in UTC.

Queries, headers and bodies are not in it, and neither is what the functions ask
for their own work. The log (make logs) tells more of a signature that did not
match. make explain REQUEST=ID tells the whole way of one of them, by the id
that stands behind its time, or that --json and the answer's x-amzn-RequestId
have in full; REQUEST=last that of the newest that the gateway refused.`,
		`  local requests --denied                 what was refused, and why
  local requests --denied --follow        as it happens, until interrupted
  local requests --service InitiateAuth   sign-ins
  local requests --caller demouser --json`, 0,
		func(ctx context.Context, v view, _ []string) error {
			if asked.limit < 1 {
				return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("--limit is %d; legal are numbers from 1", asked.limit)}
			}
			query := url.Values{"limit": {strconv.Itoa(asked.limit)}}
			if asked.denied {
				query.Set("decision", "deny")
			}
			if asked.service != "" {
				query.Set("service", asked.service)
			}
			if asked.caller != "" {
				query.Set("caller", asked.caller)
			}
			if asked.follow {
				return v.followRequests(ctx, query, 300*time.Millisecond)
			}
			_, err := v.listRequests(ctx, query)
			return err
		})
	requests.Flags().BoolVar(&asked.denied, "denied", false, "those that were refused alone")
	requests.Flags().BoolVarP(&asked.follow, "follow", "f", false, "go on as requests come, until interrupted; with --json a line each")
	requests.Flags().StringVar(&asked.service, "service", "", "whose service contains this, such as execute-api")
	requests.Flags().StringVar(&asked.caller, "caller", "", "whose caller contains this, such as a user name or role")
	requests.Flags().IntVarP(&asked.limit, "limit", "n", 50, "the newest so many")

	resources := newCommand("resources", "List what is declared, and what of it is recorded only",
		`Lists all that is declared in the local AWS, by kind and id. What is recorded
only, such as alarms and web ACLs, is kept and shown, but nothing enforces it.`,
		`  local resources
  local resources --json`, 0,
		func(ctx context.Context, v view, _ []string) error { return v.resources(ctx) })

	var to string
	mailbox := newCommand("mailbox", "Show the messages and codes that AWS would have sent",
		`Shows the last thousand messages that AWS would have sent by email or SMS since
the local AWS was started, newest last, with the codes in them.`,
		`  local mailbox --to ann
  local mailbox --to ann@example.com --json`, 0,
		func(ctx context.Context, v view, _ []string) error { return v.mailbox(ctx, to) })
	mailbox.Flags().StringVar(&to, "to", "", "to this user name or address alone")

	var pool string
	users := newCommand("users", "List the users of the user pools",
		`Lists the users of the user pools: status, groups, email, and what stands out:
whether the stack declares the user, and whether the user is disabled, or locked
after wrong passwords. Passwords are kept as hashes alone, which are not shown.`,
		`  local users
  local users --pool us-west-2_Ab12Cd34E --json`, 0,
		func(ctx context.Context, v view, _ []string) error { return v.users(ctx, pool) })
	users.Flags().StringVar(&pool, "pool", "", "of this user pool alone")

	var of struct{ user, use string }
	tokens := newCommand("tokens", "List what tokens were given out, and which are still good",
		`Lists the last thousand ID and access tokens that were given out since the local
AWS was started, and the sign-ins that have a refresh token: for whom, until
when, and whether they were revoked. ID is the token's jti; SIGN-IN its
origin_jti, which the tokens of one sign-in share. The tokens themselves are
kept nowhere.`,
		`  local tokens --user demouser
  local tokens --use refresh --json`, 0,
		func(ctx context.Context, v view, _ []string) error { return v.tokens(ctx, of.user, of.use) })
	tokens.Flags().StringVar(&of.user, "user", "", "of the user with this name or sub alone")
	tokens.Flags().StringVar(&of.use, "use", "", "id, access or refresh")

	usage := newCommand("usage", "Show what API keys used of their usage plans",
		`Shows what each API key used of its usage plan, by day (UTC), and what is left
of the plan's quota. "local clock advance 1d" begins the next day.`,
		`  local usage`, 0, func(ctx context.Context, v view, _ []string) error { return v.usage(ctx) })

	clockCommand := newCommand("clock", "Show the local AWS's clock, or move it",
		`Shows the local AWS's clock, or moves it. It runs on from there until it is
reset or the local AWS restarts. Signatures, tokens, codes, sessions, quotas,
limits and caches all go by it; how long idle functions are kept is real time.

What was made at a later time stays made when the clock goes back.`,
		`  local clock                            what time is it
  local clock advance 6m                 also 90s, 36h, 7d, 1d12h
  local clock back 10m
  local clock set 2026-12-01T00:00:00Z
  local clock reset                      real time again`, 0,
		func(ctx context.Context, v view, _ []string) error { return v.clock(ctx, nil) })
	move := func(use, short string, n int, change func(args []string) (map[string]any, error)) *cobra.Command {
		return newCommand(use, short, short+".", "", n, func(ctx context.Context, v view, args []string) error {
			in, err := change(args)
			if err != nil {
				return &cli.ExitError{Code: cli.Usage, Err: err}
			}
			return v.clock(ctx, in)
		})
	}
	by := func(sign time.Duration) func(args []string) (map[string]any, error) {
		return func(args []string) (map[string]any, error) {
			d, err := clock.ParseDuration(args[0])
			return map[string]any{"advance": (sign * d).String()}, err
		}
	}
	clockCommand.AddCommand(
		move("advance DURATION", "Move the clock forward, by such as 90s, 6m, 36h, 7d or 1d12h", 1, by(1)),
		move("back DURATION", "Move the clock back, by such as 90s, 6m, 36h, 7d or 1d12h", 1, by(-1)),
		move("set TIME", "Put the clock to a time such as 2026-12-01T00:00:00Z", 1, func(args []string) (map[string]any, error) {
			if _, err := time.Parse(time.RFC3339, args[0]); err != nil {
				return nil, fmt.Errorf("%q is no time; legal are such as 2026-12-01T00:00:00Z (RFC 3339)", args[0])
			}
			return map[string]any{"set": args[0]}, nil
		}),
		move("reset", "Let the clock show real time again", 0, func([]string) (map[string]any, error) { return map[string]any{"reset": true}, nil }),
	)

	reset := newCommand("reset", "Bring everything back to how it was just after make up",
		`Brings everything back to how it was just after make up. Users who signed up are
gone; the stack's own have their password, attributes and groups again. Gone are
codes, sessions, refresh tokens, identities, usage, messages, the functions'
logs and the record of requests, and the clock shows real time. What the stack
declared stays, and functions go on running.

ID and access tokens and credentials that were given out before are kept by
whoever has them: what looks at their signature alone takes them until they
expire.`,
		`  local reset`, 0, func(ctx context.Context, v view, _ []string) error { return v.reset(ctx) })

	return []*cobra.Command{requests, resources, mailbox, users, tokens, usage, clockCommand, reset}
}

func (v view) listRequests(ctx context.Context, query url.Values) ([]audit.Entry, error) {
	var answer struct{ Requests []audit.Entry }
	data, err := v.api.get(ctx, "/requests", query, &answer)
	if err != nil {
		return nil, err
	}
	if done, err := v.raw(data); done {
		return answer.Requests, err
	}
	if len(answer.Requests) == 0 {
		return nil, v.say("No such request was made since the local AWS was started or reset.")
	}
	return answer.Requests, v.printRequests(answer.Requests)
}

// followRequests looks for new ones every so often, until ctx ends.
func (v view) followRequests(ctx context.Context, query url.Values, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		var answer struct{ Requests []audit.Entry }
		if _, err := v.api.get(ctx, "/requests", query, &answer); err != nil {
			if ctx.Err() != nil {
				return nil // interrupted while asking
			}
			return err
		}
		if n := len(answer.Requests); n > 0 {
			query.Set("since", answer.Requests[n-1].ID)
			query.Del("limit")
		}
		if v.asJSON {
			encoder := json.NewEncoder(v.out)
			for _, e := range answer.Requests {
				if err := encoder.Encode(e); err != nil {
					return err
				}
			}
		} else if err := v.printRequests(answer.Requests); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (v view) clock(ctx context.Context, change map[string]any) error {
	var now testers.ClockView
	var data []byte
	var err error
	if change == nil {
		data, err = v.api.get(ctx, "/clock", nil, &now)
	} else {
		data, err = v.api.post(ctx, "/clock", change, &now)
	}
	if err != nil {
		return err
	}
	if done, err := v.raw(data); done {
		return err
	}
	offset, err := time.ParseDuration(now.Offset)
	if err != nil {
		return fmt.Errorf("reading the clock: %w", err)
	}
	at := v.style.Bold(now.Now.UTC().Format("2006-01-02 15:04:05"))
	switch {
	case offset == 0:
		return v.say("It is %s UTC for the local AWS, which is real time.", at)
	case offset < 0:
		return v.say("It is %s UTC for the local AWS, %s behind real time.", at, span(-offset))
	}
	return v.say("It is %s UTC for the local AWS, %s ahead of real time.", at, span(offset))
}

// span writes a duration with its days, to the second.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	if days := d / (24 * time.Hour); days > 0 {
		return fmt.Sprintf("%dd %s", days, d%(24*time.Hour))
	}
	return d.String()
}

func (v view) reset(ctx context.Context) error {
	var answer struct{ Reset bool }
	data, err := v.api.post(ctx, "/reset", struct{}{}, &answer)
	if err != nil {
		return err
	}
	if !answer.Reset {
		return errors.New("resetting the local AWS: it does not say that it was done")
	}
	if done, err := v.raw(data); done {
		return err
	}
	return v.say("Everything is back to how it was just after the stack was brought up.")
}

// What the other addresses answer.
type (
	mailAnswer  struct{ Messages []testers.Mail }
	userAnswer  struct{ Users []userpool.UserView }
	tokenAnswer struct{ Tokens []userpool.Issued }
	usageAnswer struct{ Usage []gateway.KeyUsage }
)
