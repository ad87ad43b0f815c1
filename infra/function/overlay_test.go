package function_test

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"auth-api/infra/function"
)

// shows is a function that prints the files of its folder dist.
const shows = `package main

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

func main() {
	fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, _ := dist.ReadFile(name)
			fmt.Printf("%s:\n%s\n", name, text)
		}
		return err
	})
}
`

// withClient makes a module with a function that has the client in testdata.
func withClient(t *testing.T) function.BuildArgs {
	t.Helper()
	root := repository(t, map[string]string{"page": shows, "hello": source})
	for from, to := range map[string]string{client(t, nil): "client", dist(t): "dist"} {
		if err := os.CopyFS(filepath.Join(root, "functions", "page", to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	args := argsFor(root, "hello", "page")
	args.GOOS, args.GOARCH = runtime.GOOS, runtime.GOARCH
	return args
}

// dist is the folder as it is in the sources, and with what is no part of the page.
func dist(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{"placeholder.txt": "see client", "old/main.js": "old"} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// change replaces something in a file of a function.
func change(t *testing.T, args function.BuildArgs, name, old, by string) {
	t.Helper()
	file := filepath.Join(args.Root, "functions", filepath.FromSlash(name))
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q (%v)", name, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, by, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runs is what the function in an archive prints.
func runs(t *testing.T, archive string) string {
	t.Helper()
	packed, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	entry, err := packed.Open("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	defer entry.Close()
	binary, err := io.ReadAll(entry)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bootstrap.exe")
	if err := os.WriteFile(file, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAFunctionWithAClient(t *testing.T) {
	args := withClient(t)
	build := func() string {
		t.Helper()
		made, err := function.Build(t.Context(), args)
		if err != nil {
			t.Fatal(err)
		}
		return runs(t, made["page"])
	}
	first := build()
	for name, content := range bundled(t, filepath.Join(args.Root, "functions/page/client")) {
		if want := "dist/" + name + ":\n" + content + "\n"; !strings.Contains(first, want) {
			t.Errorf("it has\n%s\nand lacks\n%s", first, want)
		}
	}
	if strings.Contains(first, "placeholder.txt") || strings.Contains(first, "old/main.js") {
		t.Errorf("it has what is no part of the page:\n%s", first)
	}
	// A source of the client is one of the function.
	change(t, args, "page/client/parts/greet.ts", "Good evening", "Good morning")
	if second := build(); !strings.Contains(second, "Good morning") || strings.Contains(second, "Good evening") {
		t.Errorf("the client changed, and the function has\n%s", second)
	}
	for _, left := range []string{"dist/index.html", "dist/assets"} {
		if _, err := os.Stat(filepath.Join(args.Root, "functions/page", left)); err == nil {
			t.Errorf("%s was written into the sources", left)
		}
	}
}

// Without its client it is built as any other function, with what dist has in the sources.
func TestAFunctionWithoutItsClient(t *testing.T) {
	args := withClient(t)
	if err := os.RemoveAll(filepath.Join(args.Root, "functions/page/client")); err != nil {
		t.Fatal(err)
	}
	made, err := function.Build(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := runs(t, made["page"]), "dist/old/main.js:\nold\ndist/placeholder.txt:\nsee client\n"; got != want {
		t.Errorf("it has\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsWrongWithAClientIsTold(t *testing.T) {
	args := withClient(t)
	change(t, args, "page/client/main.ts", "const guest", "const = guest")
	change(t, args, "page/client/index.html", "style.css", "styles.css")
	change(t, args, "hello/main.go", "println", "printline")
	_, err := function.Build(t.Context(), args)
	if err == nil {
		t.Fatal("it was built")
	}
	for _, want := range []string{
		"building function page: bundling functions/page/client:\n",
		`index.html:8:5: <link href="styles.css">: there is no such file in the client's folder`,
		`main.ts:3:7: Expected identifier but found "="`,
		"building function hello: ", "undefined: printline",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it says\n%v\nand lacks\n%s", err, want)
		}
	}
	left, err := os.ReadDir(args.Out)
	if err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// When nothing changed, Go is asked what the functions are made of, and does no more.
func TestNothingIsLinkedAgainForAClient(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the go command is put behind a shell script")
	}
	args := withClient(t)
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	log := filepath.Join(folder, "log")
	script := "#!/bin/sh\necho \"$1\" >> '" + log + "'\nexec '" + real + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	for i, want := range []string{"list\nbuild\nbuild\n", "list\n", "list\n"} {
		if _, err := function.Build(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		asked, err := os.ReadFile(log)
		if err != nil || string(asked) != want {
			t.Errorf("build %d asked Go to\n%s(%v), want\n%s", i+1, asked, err, want)
		}
		if err := os.Remove(log); err != nil {
			t.Fatal(err)
		}
	}
}
