package main

import (
	"cmp"
	"context"
	"fmt"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
)

// ended tells that the local AWS that was asked is gone, which explains whatever failed, and
// how to go on; nil when it still answers, and for a stack on AWS.
func (s session) ended(ctx context.Context, local daemon.State, target string) error {
	if !s.stack.Local || ctx.Err() != nil {
		return nil
	}
	dir := daemon.Dir(s.ws.Root)
	if now, running := daemon.Running(ctx, dir); running && now.PID == local.PID {
		return nil
	}
	return &cli.ExitError{Code: cli.Failed, Err: fmt.Errorf("the local AWS on %s (process %d) does not answer any more; why may stand in %s; make %s STACK=%s starts it again",
		local.URL, local.PID, rel(s.ws.Root, daemon.LogFile(dir)), target, s.stack.Name)}
}

// explained is an error of Pulumi, which has said on the terminal what it is; where the end
// of the local AWS is the reason, that.
func (s session) explained(ctx context.Context, local daemon.State, target string, err error) error {
	if err == nil {
		return nil
	}
	return cmp.Or(s.ended(ctx, local, target), err)
}
