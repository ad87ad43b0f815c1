package viewtest_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

const client = "../../../functions/web/client"

// policy is the strictest that a page may have which signs in and calls its own API.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// bundled makes the page's files as they are served: a script with the entry, and
// index.html with the addresses of the assets and the base that the server puts in.
var bundled = sync.OnceValues(func() (map[string][]byte, error) {
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{"testdata/entry.ts"}, Bundle: true, Format: api.FormatESModule, Target: api.ES2022,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true,
	})
	if len(built.Errors) > 0 {
		return nil, fmt.Errorf("bundling the page: %v", built.Errors)
	}
	files := map[string][]byte{"/dev/assets/main-1.js": built.OutputFiles[0].Contents}
	for _, name := range []string{"index.html", "style.css", "icon.svg"} {
		content, err := os.ReadFile(filepath.Join(client, name))
		if err != nil {
			return nil, err
		}
		stem, ext, _ := strings.Cut(name, ".")
		files["/dev/assets/"+stem+"-1."+ext] = content
	}
	page := strings.NewReplacer("<head>", `<head><base href="/dev/">`, `"main.ts"`, `"assets/main-1.js"`, `"style.css"`, `"assets/style-1.css"`, `"icon.svg"`, `"assets/icon-1.svg"`)
	files["/dev/"] = []byte(page.Replace(string(files["/dev/assets/index-1.html"])))
	return files, nil
})

var types = map[string]string{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", "": "text/html; charset=utf-8"}

// page is the page in a Chromium. Whatever the console says, and whatever the content
// security policy stops, fails the test.
type page struct {
	*testing.T
	ctx   context.Context
	base  string
	mu    sync.Mutex
	now   scenario
	fails bool // the page reports a mistake of its own, which is expected
}

// open starts a browser and the server of the page.
func open(t *testing.T) *page {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "NOT CHECKED IN A BROWSER: there is no chromium, chromium-browser or google-chrome on PATH; install the package chromium (apt-get install chromium)"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	files, err := bundled()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{T: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dev/scenario.json" {
			p.mu.Lock()
			defer p.mu.Unlock()
			if err := json.NewEncoder(w).Encode(p.now); err != nil {
				t.Errorf("answering with the scenario: %v", err)
			}
			return
		}
		content, ok := files[r.URL.Path]
		if !ok {
			t.Errorf("the page asks for %s", r.URL.Path)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", types[filepath.Ext(r.URL.Path)])
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(content) // the browser is there
	}))
	t.Cleanup(server.Close)
	p.base = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir())}
	for name, value := range map[string]any{
		"headless": "new", "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true, "hide-scrollbars": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "disable-dev-shm-usage": true,
	} {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	p.ctx, _ = chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(p.ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	if err := chromedp.Listen(p.ctx, p.heard); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return p
}

func (p *page) heard(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		p.Errorf("the browser logs: %s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		p.Errorf("the page writes to the console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		if !p.fails {
			p.Errorf("a script failed: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		}
	}
}

func ask[T any](p *page, what string, action chromedp.Action[T]) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		p.Fatalf("%s: %v", what, err)
	}
	return got
}

// eval is the value of an expression, awaited.
func eval[T any](p *page, expression string) T {
	p.Helper()
	return ask(p, expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// load shows the page for a scenario.
func (p *page) load(s scenario) {
	p.Helper()
	p.mu.Lock()
	p.now = s
	p.mu.Unlock()
	ask(p, "opening the page", chromedp.Navigate(p.base+"/dev/"))
	ask(p, "waiting for the page", chromedp.WaitReady(chromedp.CSS(`html[data-ready]`)))
}

// press presses the button with this name, as a mouse does.
func (p *page) press(name string) {
	p.Helper()
	ask(p, "pressing "+name, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, name)))
	p.settle()
}

func (p *page) settle() { eval[any](p, `fake.settle().then(() => null)`) }

// key presses a key, wherever the focus is.
func (p *page) key(keys string, options ...chromedp.KeyOption) {
	p.Helper()
	ask(p, "pressing a key", chromedp.KeyEvent(keys, options...))
	p.settle()
}

func (p *page) text() string { p.Helper(); return eval[string](p, `document.body.innerText`) }

// shows checks that the page has these texts, to be seen.
func (p *page) shows(texts ...string) {
	p.Helper()
	body := strings.ReplaceAll(p.text(), "\u00a0", " ")
	for _, text := range texts {
		if !strings.Contains(body, text) {
			p.Errorf("the page lacks %q:\n%s", text, body)
		}
	}
}

// focus is the name of what has the focus.
func (p *page) focus() string {
	p.Helper()
	return eval[string](p, `document.activeElement.innerText?.trim() ?? ""`)
}

// said is what a screen reader was told last.
func (p *page) said() string {
	p.Helper()
	return strings.TrimSpace(eval[string](p, `document.getElementById("said").textContent`))
}

func (p *page) media(features map[string]string) {
	p.Helper()
	var set []*emulation.MediaFeature
	for name, value := range features {
		set = append(set, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: set}); err != nil {
		p.Fatal(err)
	}
}

func (p *page) size(width, height int64) {
	p.Helper()
	ask(p, "setting the size", chromedp.EmulateViewport(width, height))
}

// tree is the accessibility tree: a line "role name" for each node that has a name, in
// the order of reading, with the description behind it.
func (p *page) tree() []string {
	p.Helper()
	got, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		p.Fatal(err)
	}
	value := func(v *accessibility.Value) string {
		var text string
		if v != nil {
			_ = json.Unmarshal(v.Value, &text) // a value of another kind is none that is read out
		}
		return text
	}
	var lines []string
	for _, node := range got.Nodes {
		if node.Ignored {
			continue
		}
		line := value(node.Role) + " " + value(node.Name)
		if description := value(node.Description); description != "" {
			line += " (" + description + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// shoot keeps pictures of the page when go test is told to (-artifacts).
func (p *page) shoot(name string) {
	p.Helper()
	if keep := flag.Lookup("test.artifacts"); keep == nil || keep.Value.String() != "true" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1280, 800}} {
		p.size(size.width, size.height)
		eval[any](p, fmt.Sprintf(`{ document.querySelector(".panel").open = %t; scrollTo(0, 0); fake.settle().then(() => null) }`, size.name == "desktop"))
		for _, scheme := range []string{"light", "dark"} {
			p.media(map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
			file := filepath.Join(p.ArtifactDir(), strings.Join([]string{name, size.name, scheme}, "-")+".png")
			if err := os.WriteFile(file, ask(p, "taking a picture", chromedp.FullScreenshot(100)), 0o600); err != nil {
				p.Fatal(err)
			}
		}
	}
}
