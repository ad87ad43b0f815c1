package testers

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func enter(t *testing.T, g *Gate) *Pass {
	t.Helper()
	p, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nobody checks that a reset gets in at once.
func nobody(t *testing.T, g *Gate) {
	t.Helper()
	if err := g.Alone(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("somebody is inside: %v", err)
	}
	if g.inside != 0 {
		t.Errorf("%d are inside", g.inside)
	}
}

func TestNobodyIsInsideWithAReset(t *testing.T) {
	var g Gate
	var inside, resets atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 50 {
				p := enter(t, &g)
				inside.Add(1)
				inside.Add(-1)
				back := p.Outside()
				back()
				inside.Add(1)
				inside.Add(-1)
				p.End()
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := g.Alone(t.Context(), func() error {
					if n := resets.Add(1); n != 1 || inside.Load() != 0 {
						t.Errorf("%d resets at once, with %d inside", n, inside.Load())
					}
					resets.Add(-1)
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	nobody(t, &g)
}

func TestAResetThatTakesTooLong(t *testing.T) {
	var g Gate
	p := enter(t, &g)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.Alone(ctx, func() error { t.Error("it ran with somebody inside"); return nil })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 requests are still under way") {
		t.Errorf("it says %v", err)
	}
	enter(t, &g).End() // it is open again
	p.End()
	nobody(t, &g)
	failed := errors.New("it failed")
	if err := g.Alone(t.Context(), func() error {
		if _, err := g.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("somebody who does not wait gets in: %v", err)
		}
		if err := g.Alone(ctx, func() error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("another reset gets in: %v", err)
		}
		return failed
	}); !errors.Is(err, failed) {
		t.Errorf("it says %v", err)
	}
	nobody(t, &g)
}

func TestFunctionsOfOneRequest(t *testing.T) {
	var g Gate
	p := enter(t, &g)
	first, second := p.Outside(), p.Outside()
	nobody(t, &g)
	first()
	nobody(t, &g) // the second is still waited for
	second()
	if g.inside != 1 {
		t.Errorf("%d are inside, want the request", g.inside)
	}
	late := p.Outside()
	p.End()
	late()
	p.Outside()() // of a function that goes on after its request
	nobody(t, &g)
}
