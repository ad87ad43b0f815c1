package function_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"auth-api/infra/function"
)

// repository makes a module with functions: name → source.
func repository(t *testing.T, sources map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{"go.mod": "module auth-api\n\ngo 1.26\n"}
	for name, source := range sources {
		files["functions/"+name+"/main.go"] = source
	}
	for file, content := range files {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const source = "package main\n\nfunc main() { println(\"hello\") }\n"

func argsFor(root string, names ...string) function.BuildArgs {
	return function.BuildArgs{Root: root, Out: filepath.Join(root, ".auth-api", "artifacts", "dev"), GOOS: "linux", GOARCH: "arm64", Names: names}
}

func TestTheSameSourcesGiveTheSameBytes(t *testing.T) {
	var sums [][32]byte
	for range 2 { // each in a folder of its own
		root := repository(t, map[string]string{"hello": source, "other": source})
		for range 2 {
			made, err := function.Build(t.Context(), argsFor(root, "hello", "other"))
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, ".auth-api", "artifacts", "dev", "hello.zip"); len(made) != 2 || made["hello"] != want {
				t.Fatalf("made %v, want two with %s", made, want)
			}
			data, err := os.ReadFile(made["hello"])
			if err != nil {
				t.Fatal(err)
			}
			sums = append(sums, sha256.Sum256(data))
			if bytes.Contains(data, []byte(root)) {
				t.Error("the archive names the folder that it was built in")
			}
			if err := os.RemoveAll(filepath.Join(root, ".auth-api")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, sum := range sums[1:] {
		if sum != sums[0] {
			t.Errorf("sums differ: %x", sums)
		}
	}
}

func TestTheArchiveIsWhatLambdaTakes(t *testing.T) {
	made, err := function.Build(t.Context(), argsFor(repository(t, map[string]string{"hello": source}), "hello"))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(made["hello"])
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		t.Fatalf("it holds %d files", len(archive.File))
	}
	file := archive.File[0]
	if file.Name != "bootstrap" || file.Mode() != 0o755 || !file.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("it holds %s, mode %v, of %v", file.Name, file.Mode(), file.Modified)
	}
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	head := make([]byte, 20)
	if _, err := io.ReadFull(content, head); err != nil {
		t.Fatal(err)
	}
	const arm64 = 183 // e_machine of an ELF executable
	if string(head[:4]) != "\x7fELF" || head[18] != arm64 {
		t.Errorf("it is no executable for linux/arm64: % x", head)
	}
}

func TestAnArchiveThatStaysTheSameIsNotWrittenAgain(t *testing.T) {
	args := argsFor(repository(t, map[string]string{"hello": source}), "hello")
	made, err := function.Build(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(made["hello"], long, long); err != nil {
		t.Fatal(err)
	}
	modified := func() time.Time {
		t.Helper()
		if _, err := function.Build(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(made["hello"])
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	if got := modified(); !got.Equal(long) {
		t.Errorf("it was written anew at %v", got)
	}
	changed := strings.Replace(source, "hello", "goodbye", 1)
	if err := os.WriteFile(filepath.Join(args.Root, "functions/hello/main.go"), []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := modified(); got.Equal(long) {
		t.Error("the source changed, and the archive did not")
	}
	left, err := os.ReadDir(args.Out)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 { // the archive, and the note of what it was built from
		t.Errorf("there are %v", left)
	}
}

// What is noted of a build is never believed over what is there.
func TestAnArchiveThatIsNotWhatWasBuiltIsBuiltAgain(t *testing.T) {
	args := argsFor(repository(t, map[string]string{"hello": source}), "hello")
	made, err := function.Build(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(made["hello"])
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"changed": func() error { return os.WriteFile(made["hello"], []byte("not an archive"), 0o644) },
		"gone":    func() error { return os.Remove(made["hello"]) },
		"of another architecture": func() error {
			other := args
			other.GOARCH = "amd64"
			_, err := function.Build(t.Context(), other)
			return err
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := function.Build(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(made["hello"]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: it was not built again (%v)", name, err)
		}
	}
}

func TestWhatTheCompilerSaysIsTold(t *testing.T) {
	root := repository(t, map[string]string{"fine": source, "broken": "package main\n\nfunc main() { undefined() }\n", "worse": "package main\n"})
	_, err := function.Build(t.Context(), argsFor(root, "fine", "broken", "worse"))
	if err == nil {
		t.Fatal("it was built")
	}
	for _, want := range []string{"building function broken: ", "main.go:3:15: undefined: undefined", "building function worse: ", "function main is undeclared"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "function fine") {
		t.Errorf("%q blames what is fine", err)
	}
}

func TestWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := function.Build(t.Context(), argsFor(t.TempDir(), "hello"))
	if err == nil || !strings.Contains(err.Error(), "go is not on PATH") {
		t.Errorf("got %v", err)
	}
}

// The repository's own functions are built for this host.
func TestTheFunctionsOfThisRepository(t *testing.T) {
	args := function.BuildArgs{Root: "../..", Out: t.TempDir(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Names: []string{"no-auth", "require-auth"}}
	made, err := function.Build(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range made {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() < 500_000 || info.Size() > 5_000_000 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}
