package stress

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// kill -9 at any moment while users sign up, functions are called and the stack is
// changed: the next start has everything that was acknowledged, and nothing by halves.
func TestKill(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 3
	}
	random := rand.New(rand.NewPCG(seed(t), 0))
	dir := t.TempDir()
	c := open(t, dir)
	h := newHistory(t, declare(t, c.engine))
	for v := range versions {
		h.codes = append(h.codes, codeOf(t, strconv.Itoa(v)))
	}
	for round := range rounds {
		h.work(c, 1+random.Int64N(60))
		if round%5 == 4 { // and once more, while it comes up
			dying, _ := spawn(t, dir)
			within(time.Duration(random.Int64N(int64(100*time.Millisecond))), func() bool { return false })
			dying.kill()
		}
		c = open(t, dir)
		if half, _ := filepath.Glob(filepath.Join(dir, "functions", "unpacking-*")); len(half) > 0 {
			t.Errorf("half unpacked code is left: %v", half)
		}
		h.check(c, random)
		if t.Failed() {
			t.Fatalf("after the kill of round %d", round)
		}
	}
	h.finish(c)
	c.stop(t)
	t.Logf("%d users, %d calls let in, %d changes of the stack, in %d rounds", len(h.people), h.served["first"]+h.served["second"], h.changes, rounds)
}
