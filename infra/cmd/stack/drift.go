package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/review"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/internal/apidoc"
	"auth-api/infra/internal/sdkhttp"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

const driftHelp = `Tells what somebody changed by hand since the last up. Two things are looked at,
and neither is changed: the properties of the stack's resources, as pulumi
refresh reads them, and the OpenAPI document that each stage serves, which
refresh never reads back, as API Gateway exports it. Each resource is named,
with what was deployed and what is there now; of secrets only that they differ.

What the program and the stack file would change is not drift: preview tells
that.

On AWS it needs credentials that may read what the stack made, and may write the
lock of its state.

Exit codes: 0 nothing differs, 1 it could not be told, 2 the command line is
wrong, 3 something differs.`

// drift compares what stands with what was deployed.
func drift(ctx context.Context, s session, args []string) error {
	p, local, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	state, there, err := p.Export(ctx)
	if err != nil {
		return err
	}
	stages, err := apidoc.Stages(state)
	switch {
	case !there:
		return fmt.Errorf("stack %s is not deployed: there is nothing to compare with; make up STACK=%s brings it up", s.stack.Name, s.stack.Name)
	case err != nil:
		return err
	}
	changed, err := s.refreshed(ctx, p, local, args)
	if err != nil {
		return err
	}
	client, err := s.gateway(ctx, local)
	if err != nil {
		return err
	}
	var served []string
	for _, stage := range stages {
		found, err := apidoc.Drift(ctx, client, stage)
		if err != nil {
			return cmp.Or(s.ended(ctx, local, "drift"), err)
		}
		for _, d := range found {
			served = append(served, fmt.Sprintf("stage %s of %s: %s", stage.Name, stage.APIID, d))
		}
	}
	if len(changed.Changes)+changed.Unnamed+len(served) == 0 {
		fmt.Fprintf(s.out, "Nothing differs from what was deployed: %s, and what %s.\n",
			count(changed.Unchanged, "resource", "resources"), count(len(stages), "stage serves", "stages serve"))
		return nil
	}
	if len(changed.Changes) > 0 {
		fmt.Fprintf(s.out, "%s\n\n", s.style.Bold("Resources that differ from what was deployed:"))
		if err := changed.Drift(s.out); err != nil {
			return err
		}
		fmt.Fprintln(s.out)
	}
	if changed.Unnamed > 0 {
		fmt.Fprintf(s.out, "%s\n\n", s.style.Bold(fmt.Sprintf("%s, which this Pulumi counts and does not name; make refresh STACK=%s ARGS=\"--preview-only --diff\" shows them.",
			count(changed.Unnamed, "resource more differs", "resources more differ"), s.stack.Name)))
	}
	if len(served) > 0 {
		fmt.Fprintf(s.out, "%s\n\n  %s\n\n", s.style.Bold("The API serves something else than what was deployed:"), strings.Join(served, "\n  "))
	}
	var where []string
	back := "brings back what the program says"
	if n := len(changed.Changes) + changed.Unnamed; n > 0 {
		where = append(where, count(n, "resource", "resources"))
	}
	if len(served) > 0 {
		where = append(where, count(len(served), "thing", "things")+" that its API serves")
		back += ", with its deployment what the stage serves"
	}
	return &cli.ExitError{Code: cli.Changed, Err: fmt.Errorf("stack %s differs from what was deployed in %s; make up STACK=%s ARGS=--refresh %s",
		s.stack.Name, strings.Join(where, " and "), s.stack.Name, back)}
}

// count is a number of things, in words.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// refreshed is what pulumi refresh would take note of. What Pulumi says on the way is held
// back until it is known whether that is what matters: when the local AWS dies, it is not.
func (s session) refreshed(ctx context.Context, p workspace.Pulumi, local daemon.State, args []string) (review.Review, error) {
	var printed, complaint bytes.Buffer
	quiet := s
	quiet.err = &complaint
	p.Env = append(slices.Clone(p.Env), review.Events)
	err := quiet.pulumi(ctx, p, &printed, append([]string{"refresh", "--stack", s.stack.Name, "--preview-only", "--json", "--non-interactive", "--color", "never"}, args...)...)
	found, readErr := review.Refresh(printed.Bytes())
	failed := err != nil || readErr != nil || len(found.Errors) > 0
	if failed {
		if ended := s.ended(ctx, local, "drift"); ended != nil {
			return review.Review{}, ended
		}
	}
	if _, err := complaint.WriteTo(s.err); err != nil {
		return review.Review{}, fmt.Errorf("telling what Pulumi said: %w", err)
	}
	switch {
	case ctx.Err() != nil:
		return review.Review{}, err
	case readErr == nil && len(found.Errors) > 0:
		next := ""
		if found.Away && !s.stack.Local {
			next = fmt.Sprintf("; make drift STACK=%s, once the network and what AWS_ENDPOINT_URL and HTTPS_PROXY say are in order", s.stack.Name)
		}
		what := " " + found.Errors[0]
		if len(found.Errors) > 1 {
			what = "\n  " + strings.Join(found.Errors, "\n  ")
		}
		return review.Review{}, fmt.Errorf("looking at the resources of stack %s:%s%s", s.stack.Name, what, next)
	case err != nil:
		return review.Review{}, err
	}
	return found, readErr
}

// gateway is a client of API Gateway's control plane: of AWS, or of the local AWS.
func (s session) gateway(ctx context.Context, local daemon.State) (*apigateway.Client, error) {
	if !s.stack.Local {
		options := []func(*config.LoadOptions) error{config.WithRegion(s.stack.Region)}
		if s.stack.Profile != "" {
			options = append(options, config.WithSharedConfigProfile(s.stack.Profile))
		}
		cfg, err := config.LoadDefaultConfig(ctx, options...)
		if err != nil {
			return nil, fmt.Errorf("reading the AWS settings: %w", err)
		}
		return apigateway.NewFromConfig(cfg), nil
	}
	if local.URL == "" {
		return nil, errors.New("asking the local AWS what its stages serve: it is not running")
	}
	admin, err := daemon.AdminKeyFrom(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("asking the local AWS what its stages serve: %w", err)
	}
	id, secret := admin.Pair()
	return apigateway.New(apigateway.Options{
		Region: s.stack.Region, BaseEndpoint: aws.String(strings.Replace(local.URL, "localhost", "127.0.0.1", 1)), HTTPClient: sdkhttp.Client(),
		Credentials: credentials.NewStaticCredentialsProvider(cmp.Or(id, "test"), cmp.Or(secret, "test"), ""),
	}), nil
}
