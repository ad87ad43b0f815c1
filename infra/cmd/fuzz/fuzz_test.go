package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A module with one fuzzer that holds and one that does not.
func TestFuzzers(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module sample\n\ngo 1.26\n",
		"a/a_test.go": `package a

import "testing"

func FuzzHolds(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, s string) {})
}

func FuzzFails(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if s != "" {
			t.Error("not empty")
		}
	})
}

func FuzzyHelper() {}
`,
		"b/b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestNothing(t *testing.T) {}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	packages, err := find(t.Context(), []string{"./..."})
	if err != nil || len(packages) != 1 || !slices.Equal(packages[0].fuzzers, []string{"FuzzHolds", "FuzzFails"}) {
		t.Fatalf("found %+v, %v", packages, err)
	}
	if testing.Short() {
		t.Skip("it compiles a module")
	}
	var out strings.Builder
	err = run(t.Context(), nil, 300*time.Millisecond, 2, true, &out)
	if err == nil || err.Error() != "1 of 2 fuzzers failed" {
		t.Errorf("it ends with %v", err)
	}
	if said := out.String(); !regexp.MustCompile(`(?m)^ok   sample/a FuzzHolds: [1-9]\d* executions$`).MatchString(said) || !strings.Contains(said, "FAIL sample/a FuzzFails: ") {
		t.Errorf("it says %s", said)
	}
	input := regexp.MustCompile(`the input that fails is (\S+)`).FindStringSubmatch(out.String())
	if input == nil {
		t.Fatalf("it names no input: %s", &out)
	}
	if _, err := os.Stat(input[1]); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"./b"}, 300*time.Millisecond, 2, true, &out); err == nil || !strings.Contains(err.Error(), "there is no fuzzer in ./b") {
		t.Errorf("a package without fuzzers: %v", err)
	}
}

func TestTheEndOfTheTimeIsNoFailure(t *testing.T) {
	const begun = "fuzz: elapsed: 0s, gathering baseline coverage: 0/94 completed\nfuzz: elapsed: 1s, execs: 7109 (7039/sec), new interesting: 1 (total: 95)\n"
	for said, want := range map[string]bool{
		begun + "--- FAIL: FuzzX (1.03s)\n    context deadline exceeded\nFAIL\n": true,
		begun + "PASS\n": false,
		begun + "--- FAIL: FuzzX (1.03s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:1: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzX/771e938e4458e983\nFAIL\n": false,
		begun + "--- FAIL: FuzzX (1.03s)\n    x_test.go:1: wrong\nFAIL\n":                      false,
		begun + "--- FAIL: FuzzX (1.03s)\n    context deadline exceeded\n    and more\nFAIL\n": false,
		"panic: x\n": false,
	} {
		if got := outOfTime([]byte(said)); got != want {
			t.Errorf("%v for %q", got, said)
		}
	}
}
