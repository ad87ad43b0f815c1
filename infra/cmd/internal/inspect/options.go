package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"auth-api/infra/cmd/internal/cli"
	"auth-api/infra/cmd/internal/daemon"
	"auth-api/infra/cmd/internal/workspace"
	"auth-api/infra/localaws/access"
	"github.com/spf13/cobra"
)

// Options are what the commands that ask about a stack have in common.
type Options struct {
	Stack          string
	From           string // address that is called from; empty for anywhere
	Planned        bool
	JSON, Markdown bool
}

// Flags adds the options to a command.
func (o *Options) Flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.Stack, "stack", "local", "the stack: Pulumi.NAME.yaml")
	flags.StringVar(&o.From, "from", "", "address that is called from (default "+access.Elsewhere+", anywhere)")
	flags.BoolVar(&o.Planned, "planned", false, "as the program and the stack file would have it, whatever is deployed")
	flags.BoolVar(&o.JSON, "json", false, "print JSON, for programs")
	flags.BoolVar(&o.Markdown, "markdown", false, "print Markdown, for pull requests")
	workspace.CompleteStacks(cmd)
}

// Check refuses what no command can do.
func (o *Options) Check() error {
	if o.JSON && o.Markdown {
		return errors.New("--json and --markdown cannot be had at once")
	}
	if o.From != "" {
		if _, err := netip.ParseAddr(o.From); err != nil {
			return fmt.Errorf("--from is %q; it is an IP address, such as 203.0.113.7", o.From)
		}
	}
	return nil
}

// Print prints an answer in the form that is asked for: value as JSON, or as markdown or
// text does it.
func (o *Options) Print(p *cli.Page, value any, markdown, text func() error) error {
	switch {
	case o.JSON:
		return p.JSON(value)
	case o.Markdown:
		return markdown()
	}
	return text()
}

// State is the stack's state, for Deployed and UseDeployed. It returns ErrNotDeployed when
// there is no such stack.
func State(ctx context.Context, ws workspace.Workspace, stack workspace.Stack) ([]byte, error) {
	p, err := ws.Pulumi(stack, daemon.State{})
	if err != nil {
		return nil, err
	}
	state, exists, err := p.Export(ctx)
	if err == nil && !exists {
		err = ErrNotDeployed
	}
	return state, err
}
