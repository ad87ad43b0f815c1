package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"auth-api/infra/cmd/internal/cli"
	"github.com/spf13/cobra"
)

// pkg is a package with fuzzers, as go list tells it.
type pkg struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string
	fuzzers                   []string
}

func command() *cobra.Command {
	var length time.Duration
	var parallel int
	var fresh bool
	cmd := &cobra.Command{
		Use:   "fuzz [PACKAGES]",
		Short: "Runs every fuzzer of the module for a short while",
		Long: `Runs every fuzzer of the module for a short while, one after the other, and
prints a line for each. One that fails names the file with the input that it
failed on; go test repeats that input from then on.

Exit codes: 0 when none failed, 1 when one did or could not be run, 2 when the
command line is wrong.`,
		Example: `  make fuzz                                all of them, for 3 s each
  make fuzz FUZZTIME=1m                    for longer
  go run ./infra/cmd/fuzz ./infra/verify   those of a package`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, patterns []string) error {
			return run(cmd.Context(), patterns, length, parallel, fresh, cmd.OutOrStdout())
		},
	}
	cmd.Flags().DurationVar(&length, "time", 3*time.Second, "how long each fuzzer runs")
	cmd.Flags().IntVar(&parallel, "parallel", 2, "how many inputs are tried at once")
	cmd.Flags().BoolVar(&fresh, "fresh", false, "begin with the seeds alone, not with what earlier runs have kept in Go's\nbuild cache: a short while is then not over before anything new is tried")
	return cli.RunByGo(cmd)
}

func run(ctx context.Context, patterns []string, length time.Duration, parallel int, fresh bool, out io.Writer) error {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	packages, err := find(ctx, patterns)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "fuzz-")
	if err != nil {
		return fmt.Errorf("making a folder for the test binaries: %w", err)
	}
	defer os.RemoveAll(work)
	kept := work
	if !fresh {
		cache, err := output(ctx, "go", "env", "GOCACHE")
		if err != nil {
			return err
		}
		kept = strings.TrimSpace(string(cache))
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	count, failed := 0, 0
	for b := range compile(ctx, packages, work) {
		if b.err != nil {
			return b.err
		}
		for _, name := range b.fuzzers {
			count++
			f := fuzzer{binary: b, name: name, cache: filepath.Join(kept, "fuzz", filepath.FromSlash(b.ImportPath))}
			if err := f.run(ctx, length, parallel, out); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				failed++
				fmt.Fprintln(out, err)
			}
		}
		_ = os.Remove(b.file) // each is large; what is left goes with the folder
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case count == 0:
		return fmt.Errorf("there is no fuzzer in %s", strings.Join(patterns, " "))
	case failed > 0:
		return fmt.Errorf("%d of %d fuzzers failed", failed, count)
	}
	return nil
}

// binary is a package's test binary.
type binary struct {
	pkg
	file string
	err  error // why there is none
}

// compile makes the test binary of each package, with -fuzz so that what is run is
// instrumented. Compiling takes longer than running: the next one is made while the
// fuzzers of one run.
func compile(ctx context.Context, packages []pkg, folder string) <-chan binary {
	made := make(chan binary)
	go func() {
		defer close(made)
		for i, p := range packages {
			b := binary{pkg: p, file: filepath.Join(folder, fmt.Sprintf("%d.test", i))}
			_, b.err = output(ctx, "go", "test", "-c", "-o", b.file, "-fuzz=Fuzz", p.ImportPath)
			select {
			case made <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	return made
}

// find returns the packages that have fuzzers.
func find(ctx context.Context, patterns []string) ([]pkg, error) {
	list, err := output(ctx, "go", append([]string{"list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var found []pkg
	for d := json.NewDecoder(bytes.NewReader(list)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		for _, file := range append(p.TestGoFiles, p.XTestGoFiles...) {
			names, err := fuzzersOf(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			p.fuzzers = append(p.fuzzers, names...)
		}
		if p.fuzzers != nil {
			found = append(found, p)
		}
	}
}

// fuzzersOf returns the names of a file's functions FuzzX(*testing.F).
func fuzzersOf(file string) ([]string, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("looking for fuzzers: %w", err)
	}
	var names []string
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") && f.Type.Params.NumFields() == 1 {
			names = append(names, f.Name.Name)
		}
	}
	return names, nil
}

// fuzzer is one, ready to run.
type fuzzer struct {
	binary
	name, cache string
}

var (
	executions = regexp.MustCompile(`execs: (\d+)`)
	corpusFile = regexp.MustCompile(`testdata/fuzz/[^\s/]+/[^\s/]+`)
)

// patience is how long a fuzzer gets that had tried nothing when its time was over: some
// take seconds to set up, and first try all inputs that they have kept.
func patience(length time.Duration) time.Duration { return max(5*length, 10*time.Second) }

// run fuzzes for so long, and prints one line. Its error says which file holds the input
// that failed, and what the test said; to have tried nothing is to fail, too.
func (f fuzzer) run(ctx context.Context, length time.Duration, parallel int, out io.Writer) error {
	fuzz := func(length time.Duration) ([]byte, error) {
		said, err := f.fuzz(ctx, length, parallel)
		if ctx.Err() == nil && outOfTime(said) {
			err = nil
		}
		return said, err
	}
	said, err := fuzz(length)
	if err == nil && tried(said) == "0" {
		if said, err = fuzz(patience(length)); err == nil && tried(said) == "0" {
			err = fmt.Errorf("nothing was tried in %v", patience(length))
		}
	}
	result := "ok  "
	if err != nil {
		result = "FAIL"
	}
	fmt.Fprintf(out, "%s %s %s: %s executions\n", result, f.ImportPath, f.name, tried(said))
	if err == nil {
		return nil
	}
	if input := corpusFile.Find(said); input != nil {
		return fmt.Errorf("the input that fails is %s\n%s", filepath.Join(f.Dir, string(input)), said)
	}
	return fmt.Errorf("%w\n%s", err, said)
}

// fuzz runs the test binary as go test does, and returns what it prints.
func (f fuzzer) fuzz(ctx context.Context, length time.Duration, parallel int) ([]byte, error) {
	cmd := exec.CommandContext(ctx, f.file, "-test.run=^$", "-test.fuzz=^"+f.name+"$", "-test.fuzztime="+length.String(),
		"-test.fuzzminimizetime=100ms", "-test.fuzzcachedir="+f.cache, fmt.Sprintf("-test.parallel=%d", parallel))
	cmd.Dir = f.Dir // its seeds are there, and what fails is written there
	return cmd.CombinedOutput()
}

var timeUp = regexp.MustCompile(`(?m)^--- FAIL: \S+ \([0-9.]+s\)\n    context deadline exceeded\nFAIL\n?\z`)

// outOfTime tells whether a fuzzer failed of nothing but its time being over. On a busy
// machine that can reach testing's own coordinator while a worker still answers, and it
// then takes the end for a failure; a failing input would be named.
func outOfTime(said []byte) bool {
	return timeUp.Match(said) && corpusFile.Find(said) == nil
}

// tried is how many inputs a fuzzer says that it ran.
func tried(said []byte) string {
	all := executions.FindAllSubmatch(said, -1)
	if len(all) == 0 {
		return "0"
	}
	return string(all[len(all)-1][1])
}

// output runs a command and returns what it prints.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, said.Bytes(), out)
	}
	return out, nil
}
