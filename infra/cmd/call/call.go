package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"auth-api/infra/client"
	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/workspace"
	"github.com/spf13/cobra"
)

const (
	nobody = "nobody"
	guest  = "guest"
)

// request is what the command line asks for.
type request struct {
	stack, as    string
	method, path string
	body         string
	noKey        bool
	forge        bool
	show         bool
	json         bool
}

func command() *cobra.Command {
	var r request
	cmd := &cobra.Command{
		Use:   "call [METHOD] PATH",
		Short: "Calls a route of a deployed stack as somebody",
		Long: `Calls a route of a deployed stack as somebody, and prints the answer: its status
to standard error, its body to standard output.

It signs in by Secure Remote Password, exchanges the ID token for temporary
credentials at the identity pool and signs the request with Signature Version 4.
On a route with a Cognito authorizer it sends the token instead. The API key is
the stack's own. A password is taken from AUTH_API_PASSWORD, else asked for;
that of the stack's demo user is known.

--json prints {"status", "errorType", "requestId", "caller", "body"} in place of
both, the body as text. What a refusal means: make explain, by route and caller,
by the request's id, or by message.

Exit codes: 0 for an answer below 400, 4 for 4xx, 5 for 5xx, 1 when there was no
answer, 2 when the command line is wrong.`,
		Example: `  call -as demouser GET /require-auth     signed in
  call -as guest GET /require-auth        with a guest's credentials
  call -as nobody GET /no-auth            unsigned, with the API key
  call -as demouser -forge /require-auth  with one byte of the signature changed
  call -stack dev -as nobody -no-key /no-auth
  call -as guest /require-auth --json | jq -r .requestId`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return &cli.ExitError{Code: cli.Usage, Err: errors.New("say which route: call [METHOD] PATH, such as call GET /require-auth, or make call ROUTE=\"GET /require-auth\"")}
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.method, r.path = http.MethodGet, args[len(args)-1]
			if len(args) == 2 {
				r.method = strings.ToUpper(args[0])
			}
			if !strings.HasPrefix(r.path, "/") {
				return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("the path is %q; it begins with /, without the stage, such as /require-auth", r.path)}
			}
			if r.forge && (r.as == nobody) {
				return &cli.ExitError{Code: cli.Usage, Err: errors.New("-forge changes a signature, and nobody signs; say -as guest or a user")}
			}
			ws, err := workspace.Find()
			if err != nil {
				return err
			}
			o, err := ws.ReadOutputs(cmd.Context(), r.stack)
			if err != nil {
				return err
			}
			return call(cmd.Context(), o, r, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.stack, "stack", "local", "the stack: Pulumi.NAME.yaml")
	flags.StringVar(&r.as, "as", "", "nobody, guest, or a user name (default: the stack's demo user, else nobody)")
	flags.StringVar(&r.body, "data", "", "body to send")
	flags.BoolVar(&r.noKey, "no-key", false, "leave the API key out")
	flags.BoolVar(&r.forge, "forge", false, "change one byte of the signature, to see it refused")
	flags.BoolVar(&r.json, "json", false, "print status, error type, request id and body as JSON, for programs")
	workspace.CompleteStacks(cmd)
	flags.BoolVarP(&r.show, "verbose", "v", false, "tell who calls, too")
	return cmd
}

func call(ctx context.Context, o client.Outputs, r request, stdout, stderr io.Writer) error {
	if r.as == "" {
		if r.as = o.DemoUser; r.as == "" {
			r.as = nobody
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, o.APIURL+r.path, strings.NewReader(r.body))
	if err != nil {
		return &cli.ExitError{Code: cli.Usage, Err: fmt.Errorf("calling %s %s: %w", r.method, r.path, err)}
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if !r.noKey && o.APIKey != "" {
		req.Header.Set("X-Api-Key", o.APIKey)
	}
	who, err := authorize(ctx, o, r, req)
	if err != nil {
		return err
	}
	if r.show {
		fmt.Fprintf(stderr, "%s %s as %s\n", r.method, req.URL, who)
	}
	browser := &http.Client{
		Timeout:       40 * time.Second, // an API's own limit is 29 s
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := browser.Do(req)
	if err != nil {
		hint := ""
		if o.AWSEndpoint != "" {
			hint = "; is the local AWS running? make up starts it"
		}
		return fmt.Errorf("calling %s %s: %w%s", r.method, r.path, err, hint)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", r.method, r.path, err)
	}
	if err := r.print(o, who, resp, body, stdout, stderr); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	switch {
	case resp.StatusCode >= 500:
		return &cli.ExitError{Code: cli.ServerNo}
	case resp.StatusCode >= 400:
		return &cli.ExitError{Code: cli.Refused}
	}
	return nil
}

// print writes the answer: its status to stderr and its body to stdout, or both as JSON.
func (r request) print(o client.Outputs, who string, resp *http.Response, body []byte, stdout, stderr io.Writer) error {
	kind, id := resp.Header.Get("X-Amzn-Errortype"), resp.Header.Get("X-Amzn-Requestid")
	if r.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(struct {
			Status    int    `json:"status"`
			ErrorType string `json:"errorType,omitempty"`
			RequestID string `json:"requestId,omitempty"`
			Caller    string `json:"caller"`
			Body      string `json:"body"`
		}{resp.StatusCode, kind, id, who, string(body)})
	}
	style := cli.StyleFor(os.Stderr)
	status := style.Green(resp.Status)
	if resp.StatusCode >= 400 {
		status = style.Red(resp.Status)
		if kind != "" {
			status += " " + kind
		}
	}
	fmt.Fprintln(stderr, status)
	if resp.StatusCode >= 400 && id != "" && o.AWSEndpoint != "" { // the local AWS knows the request
		fmt.Fprintln(stderr, style.Dim("why: make explain STACK="+r.stack+" REQUEST="+id))
	}
	_, err := stdout.Write(append(bytes.TrimRight(body, "\n"), '\n'))
	return err
}

// authorize makes the request the caller's, in the way that the route wants it, and
// says who that is.
func authorize(ctx context.Context, o client.Outputs, r request, req *http.Request) (who string, err error) {
	if r.as == nobody {
		return "nobody: unsigned", nil
	}
	directory := client.NewDirectory(o)
	var tokens client.Tokens
	if r.as != guest {
		password, err := cli.Password(r.as, o.PasswordOf(r.as))
		if err != nil {
			return "", err
		}
		if tokens, err = directory.SignIn(ctx, r.as, password); err != nil {
			return "", err
		}
	}
	if route, found := o.Route(r.method, r.path); found && route.Authorization == "COGNITO_USER_POOLS" {
		// Without scopes on the route the authorizer takes ID tokens, with them access tokens:
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
		switch {
		case tokens.ID == "":
			return "guest, who has no token", nil
		case len(route.Scopes) > 0:
			req.Header.Set("Authorization", tokens.Access)
			return r.as + " by access token", nil
		}
		req.Header.Set("Authorization", tokens.ID)
		return r.as + " by ID token", nil
	}
	identity, err := directory.Credentials(ctx, tokens.ID)
	if err != nil {
		return "", err
	}
	if err := identity.Sign(ctx, req, []byte(r.body), o.Region, directory.Time()); err != nil {
		return "", err
	}
	if r.forge {
		forge(req)
	}
	return fmt.Sprintf("%s by signature (identity %s, credentials until %s)", r.as, identity.ID, identity.Credentials.Expires.Local().Format(time.TimeOnly)), nil
}

// forge changes the last digit of the signature.
func forge(req *http.Request) {
	header := []byte(req.Header.Get("Authorization"))
	last := &header[len(header)-1]
	if *last == '0' {
		*last = '1'
	} else {
		*last = '0'
	}
	req.Header.Set("Authorization", string(header))
}
