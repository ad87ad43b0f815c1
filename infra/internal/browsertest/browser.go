// Package browsertest drives a real Chromium in tests. Whatever a page writes to the
// console, every exception that nobody caught, and everything that a content security
// policy stops, fails the test.
//
//	b := browsertest.New(t)
//	b.Open("http://localhost:1234/")
//	b.Sees(200, "Sign in", "Create an account")
//	b.Submit("Sign in", map[string]string{"username": "ann", "password": "…"})
//
// Where there is no Chromium the test is skipped, which says so; under CI it fails.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// step is how long one step of a test may take.
const step = 20 * time.Second

// Browser is a tab of a Chromium that is the test's own, with a profile of its own.
type Browser struct {
	// Status is the HTTP status of the document shown.
	Status int64

	t     testing.TB
	ctx   context.Context
	shots int

	mu   *sync.Mutex // of all tabs
	told *[]string
}

// Find returns the path of a Chromium. Without one the test is skipped, and fails
// under CI.
func Find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "NOT CHECKED IN A BROWSER: there is no chromium, chromium-browser or google-chrome on PATH; install the package chromium (apt-get install chromium)"
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// New starts a Chromium without a window, with more command-line flags than a test needs
// as a rule. It is gone, with its profile, when the test ends.
func New(t testing.TB, flags ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(Find(t)), chromedp.UserDataDir(t.TempDir())}, flags...)
	for name, value := range map[string]any{
		"headless": "new", "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true, "hide-scrollbars": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "disable-dev-shm-usage": true,
	} {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	b := &Browser{t: t, mu: new(sync.Mutex), told: new([]string)}
	b.ctx, _ = chromedp.NewContext(allocator)
	t.Cleanup(func() {
		// Chromium must be gone before its folder can be removed.
		if err := chromedp.Cancel(b.ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	b.begin()
	return b
}

// Tab opens another tab of the same browser. It shares what tabs share: cookies and
// what a page keeps for its origin.
func (b *Browser) Tab() *Browser {
	b.t.Helper()
	return b.tab()
}

// Private opens a tab that shares nothing with the others, as in a private window.
// It and the tabs opened from it share among themselves.
func (b *Browser) Private() *Browser {
	b.t.Helper()
	return b.tab(chromedp.WithNewBrowserContext())
}

func (b *Browser) tab(options ...chromedp.ContextOption) *Browser {
	b.t.Helper()
	tab := &Browser{t: b.t, mu: b.mu, told: b.told}
	tab.ctx, _ = chromedp.NewContext(b.ctx, options...)
	tab.begin()
	return tab
}

func (b *Browser) begin() {
	b.t.Helper()
	if err := chromedp.Listen(b.ctx, b.heard); err != nil {
		b.t.Fatalf("starting the browser: %v", err)
	}
	// As in a window that the user is in: else nothing shows where the focus is.
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		b.t.Fatalf("starting the browser: %v", err)
	}
}

// Listen calls back with each event of the tab.
func (b *Browser) Listen(then func(event any)) {
	b.t.Helper()
	if err := chromedp.Listen(b.ctx, then); err != nil {
		b.t.Fatalf("listening to the browser: %v", err)
	}
}

// Close closes a tab, and with a private one all that was opened from it.
func (b *Browser) Close() {
	b.t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		b.t.Errorf("closing a tab: %v", err)
	}
}

// Expect lets the browser log lines with one of these texts, in all tabs: it logs each
// request of a page that fails or is answered with an error, such as "status of 403". The
// The same goes for what a page writes to the console.
// Anything else that it logs still fails the test.
func (b *Browser) Expect(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.told = append(*b.told, texts...)
}

func (b *Browser) expected(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, expected := range *b.told {
		if strings.Contains(text, expected) {
			return true
		}
	}
	return false
}

// heard listens to the browser.
func (b *Browser) heard(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source == "security" || !b.expected(e.Entry.Text) {
			b.t.Errorf("the browser logs: %s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if text := written(e); !b.expected(text) {
			b.t.Errorf("a page writes to the console: %s: %s", e.Type, text)
		}
	case *runtime.EventExceptionThrown:
		b.t.Errorf("a script failed: %s", exception(e))
	}
}

// written is what a page writes to the console.
func written(e *runtime.EventConsoleAPICalled) string {
	var text []string
	for _, arg := range e.Args {
		if arg.Description != "" {
			text = append(text, arg.Description)
		} else {
			text = append(text, string(arg.Value))
		}
	}
	return strings.Join(text, " ")
}

// exception is what was thrown, without the values that it holds.
func exception(e *runtime.EventExceptionThrown) string {
	text := e.ExceptionDetails.Text
	if thrown := e.ExceptionDetails.Exception; thrown != nil && thrown.Description != "" {
		text += " " + thrown.Description
	}
	return text
}
