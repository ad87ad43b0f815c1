package lambda_test

import (
	"runtime"
	"testing"

	"auth-api/infra/localaws/lambda"
)

// Lambda gives one processor's time with 1,769 MB, and less with less.
func TestProcessorsGoWithTheMemorySize(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct{ memory, want int }{{0, 1}, {128, 1}, {1769, 1}, {1770, 2}, {3538, 2}, {10240, 6}} {
		r.declare("cpus", func(f *lambda.Function) { f.MemorySize = test.memory })
		want := min(test.want, runtime.NumCPU())
		if got := r.answer(r.ask("cpus", event{"Do": "look"})).CPUs; got != want {
			t.Errorf("with %d MB it has %d processors, want %d", test.memory, got, want)
		}
	}
}
