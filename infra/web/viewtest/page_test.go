package viewtest_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"auth-api/infra/internal/browsertest"
	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

const client = "../../../functions/web/client"

// policy is as strict as that of the page that is served; here it may ask no other
// server at all.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// bundle makes one script of an entry and of what it imports.
func bundle(entry string) ([]byte, error) {
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Format: api.FormatESModule, Target: api.ES2022,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true,
	})
	if len(built.Errors) > 0 {
		return nil, fmt.Errorf("bundling %s: %v", entry, built.Errors)
	}
	return built.OutputFiles[0].Contents, nil
}

// site is the page's files as they are served: index.html with the addresses of the
// assets and with the base that the server puts in.
var site = sync.OnceValues(func() (map[string][]byte, error) {
	script, err := bundle("testdata/entry.ts")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"/dev/assets/main-1.js": script}
	for _, name := range []string{"style.css", "icon.svg"} {
		content, err := os.ReadFile(filepath.Join(client, name))
		if err != nil {
			return nil, fmt.Errorf("reading the page: %w", err)
		}
		stem, ext, _ := strings.Cut(name, ".")
		files["/dev/assets/"+stem+"-1."+ext] = content
	}
	index, err := os.ReadFile(filepath.Join(client, "index.html"))
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	files["/dev/"] = []byte(strings.NewReplacer("<head>", `<head><base href="/dev/">`,
		`"main.ts"`, `"assets/main-1.js"`, `"style.css"`, `"assets/style-1.css"`, `"icon.svg"`, `"assets/icon-1.svg"`).Replace(string(index)))
	return files, nil
})

var types = map[string]string{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", "": "text/html; charset=utf-8"}

// page is the page in a browser.
type page struct {
	*testing.T // of the part of the test that is running
	b          *browsertest.Browser
	base       string

	mu  sync.Mutex
	now scenario // what the fakes hold
}

// open starts a browser, and a server of the page.
func open(t *testing.T) *page {
	t.Helper()
	files, err := site()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{T: t, b: browsertest.New(t)}
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
	return p
}

// in has a part of the test report what goes wrong in it.
func (p *page) in(t *testing.T) *page {
	p.T = t
	return p
}

func eval[T any](p *page, expression string) T {
	p.Helper()
	return browsertest.Eval[T](p.b, expression)
}

// load shows the page for a scenario, on a desktop.
func (p *page) load(s scenario) {
	p.Helper()
	p.mu.Lock()
	p.now = s
	p.mu.Unlock()
	p.size(1280, 800)
	p.b.Open(p.base + "/dev/")
	browsertest.Ask(p.b, "waiting for the page", chromedp.WaitReady(chromedp.CSS(`html[data-ready]`)))
}

func (p *page) settle() {
	p.Helper()
	eval[any](p, `fake.settle().then(() => null)`)
}

// press presses the button with this name, as a mouse does.
func (p *page) press(name string) {
	p.Helper()
	browsertest.Ask(p.b, "pressing "+name, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, name)))
	p.settle()
}

// key presses a key, wherever the focus is.
func (p *page) key(key string) {
	p.Helper()
	browsertest.Ask(p.b, "pressing a key", chromedp.KeyEvent(key))
	p.settle()
}

// shows checks that the page has these texts, to be seen.
func (p *page) shows(texts ...string) {
	p.Helper()
	body := eval[string](p, `document.body.innerText`)
	for _, text := range texts {
		if !strings.Contains(body, text) {
			p.Errorf("the page lacks %q:\n%s", text, body)
		}
	}
}

// hides checks that the page does not have these texts.
func (p *page) hides(texts ...string) {
	p.Helper()
	body := eval[string](p, `document.body.innerText`)
	for _, text := range texts {
		if strings.Contains(body, text) {
			p.Errorf("the page has %q:\n%s", text, body)
		}
	}
}

func (p *page) heading() string {
	p.Helper()
	return eval[string](p, `document.querySelector("#answer h2").innerText`)
}

// answers checks the heading of the answer.
func (p *page) answers(want string) {
	p.Helper()
	if got := p.heading(); got != want {
		p.Errorf("the answer is %q, want %q", got, want)
	}
}

// focused checks what has the focus, by its text.
func (p *page) focused(want string) {
	p.Helper()
	if got := eval[string](p, `document.activeElement.innerText?.trim() ?? ""`); got != want {
		p.Errorf("the focus is on %q, want %q", got, want)
	}
}

// hears checks what a screen reader was told last.
func (p *page) hears(beginning string) {
	p.Helper()
	got := strings.TrimSpace(eval[string](p, `document.getElementById("said").textContent`))
	if !strings.HasPrefix(got, beginning) || (beginning == "" && got != "") {
		p.Errorf("a screen reader hears %q, want %q", got, beginning)
	}
}

// did checks what the page has asked of the session and of the API, in all.
func (p *page) did(want string) {
	p.Helper()
	if got := eval[string](p, `fake.done.join(", ")`); got != want {
		p.Errorf("the page asked for %q, want %q", got, want)
	}
}

func (p *page) size(width, height int64) {
	p.Helper()
	browsertest.Ask(p.b, "setting the size", chromedp.EmulateViewport(width, height))
}

// prefer sets what the user prefers, and how the page is shown ("" or "print").
func (p *page) prefer(media string, features ...string) {
	p.Helper()
	params := emulation.SetEmulatedMediaParams{Media: media}
	for _, feature := range features {
		name, value, _ := strings.Cut(feature, ": ")
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	send(p, emulation.SetEmulatedMedia, params)
}

func send[P, R any](p *page, command cdp.Command[P, R], params P) R {
	p.Helper()
	return browsertest.Ask(p.b, "sending "+string(command.Method), func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
}

// tree is the accessibility tree, as who listens to the page gets it: a line for each
// node with its role and name, and its description where it has one, in reading order.
func (p *page) tree() []string {
	p.Helper()
	value := func(v *accessibility.Value) string {
		var text string
		if v != nil {
			_ = json.Unmarshal(v.Value, &text) // a value of another kind is none that is read out
		}
		return text
	}
	nodes := send(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, node := range nodes {
		byID[node.NodeID] = node
	}
	var lines []string
	var walk func(*accessibility.Node)
	walk = func(node *accessibility.Node) {
		if role := value(node.Role); !node.Ignored && role != "InlineTextBox" {
			line := strings.TrimSpace(role + " " + value(node.Name))
			if description := value(node.Description); description != "" {
				line += " (" + description + ")"
			}
			lines = append(lines, line)
		}
		for _, id := range node.ChildIDs {
			if child := byID[id]; child != nil {
				walk(child)
			}
		}
	}
	walk(nodes[0])
	return lines
}

// shoot keeps pictures of the whole page when go test is told to keep artifacts (-artifacts).
// features is what the user prefers besides.
func (p *page) shoot(name string, features ...string) {
	p.Helper()
	if keep := flag.Lookup("test.artifacts"); keep == nil || keep.Value.String() != "true" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1280, 800}} {
		p.size(size.width, size.height)
		eval[any](p, `{ scrollTo(0, 0); fake.settle().then(() => null) }`)
		for _, scheme := range []string{"light", "dark"} {
			p.prefer("", append(features, "prefers-color-scheme: "+scheme, "prefers-reduced-motion: reduce")...)
			file := filepath.Join(p.ArtifactDir(), strings.Join([]string{name, size.name, scheme}, "-")+".png")
			if err := os.WriteFile(file, browsertest.Ask(p.b, "taking a picture", chromedp.FullScreenshot(100)), 0o600); err != nil {
				p.Fatal(err)
			}
		}
	}
}
