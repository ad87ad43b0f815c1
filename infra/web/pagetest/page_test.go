// Package pagetest uses the web client as people do: in Chromium, as functions/web serves it
// from a stack that the program brought up, with the hosted sign-in of the local AWS. A
// line in the browser's console, or anything that the content security policy stops, fails
// a test.
package pagetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/awstest"
)

// page is a tab that shows the web client of a stack.
type page struct {
	*browsertest.Browser
	stack *awstest.Stack
	t     *testing.T
}

// open shows a stack's web client in a browser of its own. The browser logs every answer
// that is an error; what the page makes of it is checked where it is expected.
func open(t *testing.T, stack *awstest.Stack) *page {
	t.Helper()
	p := &page{browsertest.New(t), stack, t}
	p.Expect("Failed to load resource")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page shows\n%s", browsertest.Eval[string](p.Browser, `document.body.innerText`))
		}
	})
	p.show(stack.Outputs.WebURL)
	return p
}

// tab shows it in another tab of the same browser.
func (p *page) tab() *page {
	p.t.Helper()
	other := &page{p.Tab(), p.stack, p.t}
	other.show(p.stack.Outputs.WebURL)
	return other
}

func (p *page) show(address string) {
	p.t.Helper()
	p.Open(address)
	p.ready()
}

// ready waits until the page shows who is in.
func (p *page) ready() {
	p.t.Helper()
	p.WaitFor(`document.querySelector("#corner button") !== null`)
}

// says waits until the page shows these texts.
func (p *page) says(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.WaitFor(fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
	}
	p.Shoot(texts[0])
}

// press presses the button with this name.
func (p *page) press(name string) {
	p.t.Helper()
	browsertest.Ask(p.Browser, "pressing "+name, chromedp.Click(button(name)))
}

// goes presses the button with this name, which leads to another document.
func (p *page) goes(name string) {
	p.t.Helper()
	p.Leave("pressing "+name, chromedp.Click(button(name)))
}

func button(name string) string { return fmt.Sprintf(`//button[normalize-space()=%q]`, name) }

// is checks who is in; "" is a guest.
func (p *page) is(user string) {
	p.t.Helper()
	p.ready()
	const who = `document.querySelector("#corner .named")?.textContent ?? ""`
	if got := browsertest.Eval[string](p.Browser, who); got != user {
		p.t.Fatalf("the page shows %q as the one who is in, want %q", got, user)
	}
}

// signIn presses Sign In, and signs a user in at the hosted page, which leads back.
func (p *page) signIn(user, password string) {
	p.t.Helper()
	p.goes("Sign In")
	p.Sees(200, "Sign in")
	p.Submit("Sign in", map[string]string{"username": user, "password": password})
	p.is(user)
	if at := p.At(); at != p.stack.Outputs.WebURL {
		p.t.Errorf("after the sign-in the address is %s", at)
	}
}

func (p *page) signOut() {
	p.t.Helper()
	browsertest.Ask(p.Browser, "opening the account's menu", chromedp.Click(chromedp.CSS("#corner .who")))
	p.goes("Sign Out")
	p.is("")
}

// conditions is Chromium's command that both takes the network away and says so to pages. Its
// successors, of which the Chromium of Debian knows not all, do one of it each.
var conditions = cdp.Command[network.OverrideNetworkStateParams, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// online takes a tab's network away, or gives it back.
func online(is bool) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, conditions, network.OverrideNetworkStateParams{Offline: !is, DownloadThroughput: -1, UploadThroughput: -1})
		return none, err
	}
}

// settings are the article's stack with changes to single sections, as JSON.
func settings(t *testing.T, changes map[string]any) awstest.Settings {
	t.Helper()
	s := awstest.Article(t)
	for section, fields := range changes {
		merged := map[string]any{}
		if old, ok := s[section].(map[string]any); ok {
			for key, value := range old {
				merged[key] = value
			}
		}
		for key, value := range fields.(map[string]any) {
			merged[key] = value
		}
		s[section] = merged
	}
	return s
}
