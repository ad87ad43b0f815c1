package function_test

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth-api/infra/function"
)

// client makes a folder of the client in testdata with these files changed; an empty
// one is left out.
func client(t testing.TB, changed map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "client")
	if err := os.CopyFS(folder, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	for name, content := range changed {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if content == "" {
			err = os.Remove(file)
		} else {
			err = os.WriteFile(file, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// replaced is a file of the client in testdata with something in it replaced.
func replaced(t testing.TB, name, old, by string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/client/" + name)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q (%v)", name, old, err)
	}
	return map[string]string{name: strings.Replace(string(text), old, by, 1)}
}

// bundled is what Bundle makes of a folder: content by path.
func bundled(t testing.TB, folder string) map[string]string {
	t.Helper()
	made, err := function.Bundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = fs.WalkDir(made, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(made, name)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var hashed = regexp.MustCompile(`^assets/([a-z]+)-[A-Z0-9]{8}(\.[a-z]+)$`)

// plain are the assets' paths by their names without a hash.
func plain(files map[string]string) map[string]string {
	names := map[string]string{}
	for name := range files {
		if parts := hashed.FindStringSubmatch(name); parts != nil {
			names[parts[1]+parts[2]] = name
		}
	}
	return names
}

func TestBundle(t *testing.T) {
	files := bundled(t, client(t, nil))
	names := plain(files)
	script, style, icon := names["main.js"], names["style.css"], names["icon.svg"]
	if len(files) != 4 || script == "" || style == "" || icon == "" {
		t.Fatalf("made are %v", names)
	}
	if got := files[script]; len(got) > 110 || !strings.Contains(got, "Good evening, ${") || !strings.Contains(got, "…`") || strings.Contains(got, "interface") {
		t.Errorf("the script is %s", got)
	}
	if got, want := files[style], `main{background:url("./`+path.Base(icon)+`");margin:0}`; strings.TrimSpace(got) != want {
		t.Errorf("the stylesheet is %s, want %s", got, want)
	}
	if source, err := os.ReadFile("testdata/client/icon.svg"); err != nil || files[icon] != string(source) {
		t.Errorf("the image is %s, %v", files[icon], err)
	}
	digest := func(name string) string {
		sum := sha512.Sum384([]byte(files[name]))
		return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	want := `<!doctype html>
<html lang="en">
  <head><base href="./">
    <meta charset="utf-8" />
    
    <title>Rope &amp; velvet</title>
    <link rel="icon" href="` + icon + `"/>
    <link rel="stylesheet" href="` + style + `" integrity="` + digest(style) + `"/>
    <script type="module" src="` + script + `" integrity="` + digest(script) + `"></script>
  </head>
  <body>
    <main id="door"><img src="` + icon + `" alt="A rope"/></main>
    <a href="https://docs.aws.amazon.com/">Elsewhere</a>
  </body>
</html>
`
	if got := files["index.html"]; got != want {
		t.Errorf("the page is\n%s\nwant\n%s", got, want)
	}
}

// Neither where the folder is nor what stands above it changes a byte.
func TestTheSameClientGivesTheSameBytes(t *testing.T) {
	first := bundled(t, client(t, nil))
	folder := client(t, nil)
	for name, content := range map[string]string{
		"package.json":  `{"type":"commonjs","sideEffects":false,"browser":{"./client/parts/greet.ts":false}}`,
		"tsconfig.json": `{"compilerOptions":{"target":"es5","jsx":"preserve","paths":{"*":["/nowhere/*"]}}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, "..", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("NODE_PATH", folder)
	again := bundled(t, folder)
	for name, content := range first {
		if again[name] != content {
			t.Errorf("%s differs:\n%s\nand\n%s", name, content, again[name])
		}
	}
	if len(again) != len(first) {
		t.Errorf("made are %d files and %d", len(first), len(again))
	}
	for _, content := range again {
		if strings.Contains(content, folder) {
			t.Errorf("it names the folder that it was made in: %s", content)
		}
	}
}

// What is kept for ever under a name has the same content for ever.
func TestANameChangesWithTheContent(t *testing.T) {
	before := plain(bundled(t, client(t, nil)))
	for _, c := range []struct {
		file, old, by string
		changes       []string
	}{
		{"parts/greet.ts", "Good evening", "Good morning", []string{"main.js"}},
		{"parts/greet.ts", "/** Who comes to the door. */", "/** A guest. */", nil},
		{"style.css", "0px", "1px", []string{"style.css"}},
		{"icon.svg", "M0 4h8", "M0 5h8", []string{"icon.svg", "style.css"}}, // which names the icon
		{"index.html", "A rope", "Two ropes", nil},
	} {
		files := bundled(t, client(t, replaced(t, c.file, c.old, c.by)))
		var changed []string
		for name, to := range plain(files) {
			if before[name] != to {
				changed = append(changed, name)
			}
			if !strings.Contains(files["index.html"], `"`+to+`"`) {
				t.Errorf("%s: the page does not name %s", c.file, to)
			}
		}
		slices.Sort(changed)
		if !slices.Equal(changed, c.changes) {
			t.Errorf("%s: other names have %v, want %v", c.file, changed, c.changes)
		}
	}
}

func TestWhatIsNotBundled(t *testing.T) {
	page := func(old, by string) map[string]string { return replaced(t, "index.html", old, by) }
	const script = `<script type="module" src="main.ts"></script>`
	for name, c := range map[string]struct {
		changed map[string]string
		want    []string
	}{
		"no page":                {map[string]string{"index.html": ""}, []string{"there is no index.html: it is the page"}},
		"no script":              {map[string]string{"main.ts": ""}, []string{`index.html:9:5: <script src="main.ts">: there is no such file in the client's folder`}},
		"no stylesheet":          {map[string]string{"style.css": ""}, []string{`index.html:8:5: <link href="style.css">: there is no such file`}},
		"no icon":                {map[string]string{"icon.svg": ""}, []string{`index.html:7:5: <link href="icon.svg">: there is no such file`, `index.html:12:21: <img src="./icon.svg">: there is no such file`, `style.css:3:15: there is no file "icon.svg"`}},
		"syntax":                 {map[string]string{"parts/greet.ts": "export const greet = (;\n", "style.css": "main { margin: 0 \n"}, []string{"parts/greet.ts:1:23: Unexpected \";\"", "style.css:2:1: Expected \"}\""}},
		"an import that is none": {replaced(t, "main.ts", "./parts/greet", "./greet"), []string{`main.ts:1:35: there is no file "./greet"`}},
		"what is not exported":   {replaced(t, "main.ts", "greet,", "leave as greet,"), []string{`main.ts:1:10: No matching export in "parts/greet.ts" for import "leave"`}},
		"a doubtful script":      {replaced(t, "main.ts", "const guest", "if (typeof window === 'strnig') throw 1;\nconst guest"), []string{`main.ts:3:23: The "typeof" operator will never evaluate to "strnig"`}},
		"a package":              {replaced(t, "main.ts", "./parts/greet", "left-pad"), []string{`main.ts:1:35: "left-pad" is no file of the client: it has no packages`}},
		"an absolute path":       {replaced(t, "main.ts", "./parts/greet", "/etc/passwd"), []string{`"/etc/passwd" is no file of the client`}},
		"a script elsewhere":     {replaced(t, "main.ts", "./parts/greet", "https://cdn.example.com/x.js"), []string{`"https://cdn.example.com/x.js" is no file of the client`}},
		"a font elsewhere":       {replaced(t, "style.css", "icon.svg", "//cdn.example.com/x.svg"), []string{`style.css:3:15: "//cdn.example.com/x.svg" is no file of the client`}},
		"a stylesheet elsewhere": {map[string]string{"style.css": "@import url(https://cdn.example.com/x.css);\n"}, []string{`style.css:1:9: "https://cdn.example.com/x.css" is no file of the client`}},
		"an image in the sheet":  {replaced(t, "style.css", "icon.svg", "data:image/svg+xml,x"), []string{`"data:image/svg+xml,x" is no file of the client`}},
		"a file outside":         {map[string]string{"../secret.ts": "export const greet = 1\n", "main.ts": "import { greet } from \"../secret\";\ngreet;\n"}, []string{`main.ts:1:23: "../secret" is not in the client's folder`}},
		"a picture of bytes":     {map[string]string{"rope.png": "\x89PNG", "style.css": "main { background: url(rope.png) }\n"}, []string{`style.css:1:20: rope.png is not bundled: legal are files that end in .ts, .js, .css, .svg (images are to be .svg`}},
		"such a picture shown":   {map[string]string{"rope.png": "\x89PNG", "index.html": page("./icon.svg", "rope.png")["index.html"]}, []string{`index.html:12:21: <img src="rope.png">: rope.png is not bundled`}},
		"a stylesheet as script": {page("main.ts", "style.css"), []string{`<script src="style.css">: legal are files that end in .ts, .js`}},
		"a file outside, named":  {page("./icon.svg", "../icon.svg"), []string{`<img src="../icon.svg">: it is no file of the client's folder`}},
		"another host, named":    {page("main.ts", "https://cdn.example.com/x.js"), []string{`index.html:9:5: <script src="https://cdn.example.com/x.js">: it is no file of the client's folder`}},
		"another host, shorter":  {page("style.css", "//cdn.example.com/x.css"), []string{`<link href="//cdn.example.com/x.css">: it is no file`}},
		"the root":               {page("style.css", "/style.css"), []string{`<link href="/style.css">: it is no file`}},
		"data":                   {page("./icon.svg", "data:image/png;base64,iVBORw=="), []string{`<img src="data:image/png;base64,iVBORw==">: it is no file`}},
		"several images":         {page(`alt=`, `srcset="icon.svg 2x" alt=`), []string{"<img srcset>: no file is loaded by it"}},
		"a film":                 {page(script, script+`<video src="x.mp4"></video>`), []string{"index.html:9:50: <video src>: no file is loaded by it"}},
		"a sprite":               {page(`alt="A rope" />`, `alt="" /><svg><use href="icon.svg#a"/></svg>`), []string{"<use href>: no file is loaded by it"}},
		"no script at all":       {page(script, ""), []string{"index.html: it names no script: it needs <script"}},
		"a script in the HTML":   {page(script, "<script>alert(1)</script>"), []string{"<script>: the page's Content-Security-Policy forbids scripts in the HTML: name a file"}},
		"a script of old":        {page(`type="module" `, ""), []string{`<script>: it is bundled as a module: write type="module"`}},
		"a listener":             {page("<main", `<main onclick="x()"`), []string{"<main onclick>: the page's Content-Security-Policy forbids scripts"}},
		"a link that runs":       {page("https://docs.aws.amazon.com/", " JavaScript:alert(1)"), []string{"<a href>: the page's Content-Security-Policy forbids scripts"}},
		"styles in the HTML":     {page(script, script+"<style>a{}</style>"), []string{"<style>: the page's Content-Security-Policy forbids styles"}},
		"a style":                {page("<main", `<main style="color:red"`), []string{"<main style>: the page's Content-Security-Policy forbids styles"}},
		"a frame":                {page("<a ", `<iframe src="x"></iframe><a `), []string{"<iframe>: the page's Content-Security-Policy forbids frames"}},
		"a base":                 {page("<title>", `<base href="https://example.com/"><title>`), []string{"<base>: the function that serves the page says where its addresses begin"}},
		"a digest":               {page(`src="main.ts"`, `src="main.ts" integrity="sha384-x"`), []string{"<script integrity>: the bundle's digest is put there"}},
		"no head":                {page("<head>", "<header>"), []string{"index.html: it has 0 tags <head>"}},
		"all at once":            {map[string]string{"main.ts": "let = ;\n", "style.css": "", "index.html": page("<main", `<main onclick="x()"`)["index.html"]}, []string{"index.html:8:5: <link", "index.html:12:5: <main onclick>", "main.ts:1:7: Unexpected \";\""}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := client(t, c.changed)
			_, err := function.Bundle(folder)
			if err == nil {
				t.Fatal("it was bundled")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("it says\n%v\nand lacks\n%s", err, want)
				}
			}
			if strings.Contains(err.Error(), folder) {
				t.Errorf("it says where the folder is: %v", err)
			}
		})
	}
	if _, err := function.Bundle(filepath.Join(t.TempDir(), "client")); err == nil || !strings.HasPrefix(err.Error(), "bundling a client: ") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A link inside of the folder is no way out of it.
func TestALinkOutOfTheFolder(t *testing.T) {
	folder := client(t, map[string]string{"../outside.ts": "export const greet = 1\n", "main.ts": "import { greet } from \"./inside\";\ngreet;\n"})
	if err := os.Symlink("../outside.ts", filepath.Join(folder, "inside.ts")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := function.Bundle(folder); err == nil || !strings.Contains(err.Error(), "\"./inside\" is not in the client's folder") {
		t.Errorf("it says %v", err)
	}
}

func BenchmarkBundle(b *testing.B) {
	for b.Loop() {
		if _, err := function.Bundle("testdata/client"); err != nil {
			b.Fatal(fmt.Errorf("bundling: %w", err))
		}
	}
}
