package testers

import (
	"context"
	"fmt"
	"sync"
)

// Gate lets requests in side by side, and one reset alone: no request sees half of it.
// A request that waits for a function must leave meanwhile, as the function may itself
// call the local AWS: a reset would else wait for it, and it for the reset. The zero
// Gate is open, and ready for use by many goroutines.
type Gate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // closed when the gate opens again; nil while it is open
	empty  chan struct{} // closed when nobody is inside any more; nil when nobody waits for that
}

// Pass is one request's leave to be inside.
type Pass struct {
	gate    *Gate
	mu      sync.Mutex
	outside int // functions that are waited for
	ended   bool
}

// Enter waits until the gate is open. It fails when ctx ends first; else End the Pass.
func (g *Gate) Enter(ctx context.Context) (*Pass, error) {
	if err := g.enter(ctx); err != nil {
		return nil, err
	}
	return &Pass{gate: g}, nil
}

// End leaves for good.
func (p *Pass) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.outside == 0 {
		p.gate.leave()
	}
}

// Outside leaves while a function is waited for, and returns what comes back in, when it
// was the last that was waited for: for lambda.WithWaiting. After End, as for a function
// that nobody waits for, both do nothing.
func (p *Pass) Outside() (back func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return func() {}
	}
	if p.outside++; p.outside == 1 {
		p.gate.leave()
	}
	return func() {
		// It must come back in whatever happens to its client; a reset does not take for
		// ever. Entered first, so that Pass is not held while the gate is shut.
		_ = p.gate.enter(context.Background())
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.outside--; p.outside > 0 || p.ended {
			p.gate.leave()
		}
	}
}

func (g *Gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// Alone shuts the gate, waits until nobody is inside, and runs f before it opens again.
// It fails without running f when ctx ends first.
func (g *Gate) Alone(ctx context.Context, f func() error) error {
	opened := make(chan struct{})
	empty := make(chan struct{})
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.shut = opened
			if g.inside == 0 {
				close(empty)
			} else {
				g.empty = empty
			}
			g.mu.Unlock()
			break
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() {
		g.mu.Lock()
		g.shut, g.empty = nil, nil
		g.mu.Unlock()
		close(opened)
	}()
	select {
	case <-empty:
		return f()
	case <-ctx.Done():
		g.mu.Lock()
		inside := g.inside
		g.mu.Unlock()
		return fmt.Errorf("%d requests are still under way: %w", inside, ctx.Err())
	}
}
