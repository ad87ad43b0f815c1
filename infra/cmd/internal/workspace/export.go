package workspace

import (
	"context"
	"fmt"
)

// Export returns the stack's state as pulumi stack export writes it, its secrets
// encrypted, and whether there is such a stack.
func (p Pulumi) Export(ctx context.Context) (state []byte, exists bool, err error) {
	state, err = p.read(ctx, "stack", "export", "--stack", p.Stack.Name)
	if err == nil {
		return state, true, nil
	}
	// The CLI tells a stack that is not there from other failures in words alone.
	if there, listErr := p.Exists(ctx); listErr == nil && !there {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("reading the state of stack %s: %w", p.Stack.Name, err)
}
