package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// Ask runs an action in the browser and returns what it found. It fails the test when
// the action does; what says what was being done.
func Ask[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, step)
	defer cancel()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return got
}

// Eval runs a JavaScript expression in the page, waits for it when it is a promise, and
// returns its value.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	return Ask(b, "running "+clip(expression), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Call calls a function of the page with these arguments, which are handed over as JSON,
// waits for what it promises, and returns that. The function is an expression.
func Call[T any](b *Browser, function string, args ...any) T {
	b.t.Helper()
	list := make([]string, len(args))
	for i, arg := range args {
		data, err := json.Marshal(arg)
		if err != nil {
			b.t.Fatalf("calling %s: %v", clip(function), err)
		}
		list[i] = string(data)
	}
	return Ask(b, "calling "+clip(function), chromedp.Evaluate[T]("("+function+")("+strings.Join(list, ", ")+")", chromedp.EvalAwaitPromise))
}

// WaitFor waits until a JavaScript expression is true, in the document that is shown by
// then.
func (b *Browser) WaitFor(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, step)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression))
		switch {
		case err == nil:
			return
		case !strings.Contains(err.Error(), "Cannot find context"): // the document that it waited in has been left
			b.t.Fatalf("waiting for %s: %v", clip(expression), err)
		}
	}
}

func clip(text string) string {
	if text = strings.Join(strings.Fields(text), " "); len(text) > 80 {
		text = text[:80] + "…"
	}
	return text
}

// Leave runs what leads to another document, and waits for it.
func (b *Browser) Leave(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, step)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v; the browser is at %s and shows\n%s", what, err, b.At(), b.text("body"))
	}
	b.Status = response.Status
}

// At is the address of the document shown.
func (b *Browser) At() string { return Ask(b, "reading the address", chromedp.Location()) }

// Arrive waits until the document shown is at an address that begins like this, where
// pages lead on by themselves.
func (b *Browser) Arrive(prefix string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, step)
	defer cancel()
	expression := fmt.Sprintf(`document.readyState === "complete" && location.href.startsWith(%q)`, prefix)
	for {
		// A document that goes away takes the wait with it.
		if there, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err == nil && there {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("waiting for %s: the browser is at %s", prefix, b.At())
		}
	}
}

// Open goes to an address.
func (b *Browser) Open(address string) {
	b.t.Helper()
	b.Leave("opening a page", chromedp.Navigate(address))
}

// Reload loads the document anew.
func (b *Browser) Reload() {
	b.t.Helper()
	b.Leave("reloading the page", chromedp.Reload())
}

func (b *Browser) text(selector string) string {
	return Ask(b, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Sees checks the status and the heading of the page, that it has these texts, and that
// it is no wider than the window; and keeps a picture of it where Shoot does.
func (b *Browser) Sees(status int64, heading string, texts ...string) {
	b.t.Helper()
	got, body := b.text("h1"), b.text("body")
	b.Shoot(heading)
	if got != heading || b.Status != status {
		b.t.Fatalf("the page is %d %q, want %d %q:\n%s", b.Status, got, status, heading, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			b.t.Errorf("the page %q lacks %q:\n%s", heading, text, body)
		}
	}
	if wide := Eval[bool](b, `document.documentElement.scrollWidth > innerWidth`); wide {
		b.t.Errorf("the page %q is wider than the window", heading)
	}
}

// Submit types into the fields with these names and presses the button with this text,
// which leads to another document.
func (b *Browser) Submit(button string, fields map[string]string) {
	b.t.Helper()
	b.cursor()
	for name, value := range fields {
		field := chromedp.CSS(fmt.Sprintf(`input[name=%q]:not([hidden])`, name))
		Ask(b, "filling in "+name, chromedp.Steps(chromedp.Clear(field), chromedp.SendKeys(field, value)))
	}
	b.Leave("pressing "+button, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, button)))
}

// Follow follows the link with this text.
func (b *Browser) Follow(link string) {
	b.t.Helper()
	b.cursor()
	b.Leave("following "+link, chromedp.Click(fmt.Sprintf(`//a[normalize-space()=%q]`, link)))
}

// cursor waits until the cursor is where the page wants it, if it says so (autofocus). Chromium
// puts it there with the first picture, which may come after the load, and complains where
// somebody has put it elsewhere by then.
func (b *Browser) cursor() {
	b.t.Helper()
	b.WaitFor(`document.querySelector("[autofocus]") === null || document.activeElement !== document.body`)
}

// Types checks that whoever begins to type does so in the field with this name.
func (b *Browser) Types(field string) {
	b.t.Helper()
	b.cursor()
	if got := Eval[string](b, `document.activeElement.name || ""`); got != field {
		b.t.Errorf("the cursor is in %q, want %q", got, field)
	}
}
