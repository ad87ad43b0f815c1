package clienttest_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"auth-api/infra/internal/browsertest"
)

// A browser that keeps nothing for a page, as people may set it, may keep it from talking
// to other tabs, too. The page is there all the same, for a guest.
func TestABrowserThatLetsNoTabsTalk(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	browsertest.Ask(p.Browser, "changing the browser", func(ctx context.Context, target *chromedp.Target) (devtools.AddScriptToEvaluateOnNewDocumentResult, error) {
		return cdp.Call(ctx, target, devtools.AddScriptToEvaluateOnNewDocument, devtools.AddScriptToEvaluateOnNewDocumentParams{
			Source: `globalThis.BroadcastChannel = class { constructor() { throw new DOMException("The operation is insecure.", "SecurityError"); } };`,
		})
	})
	p.show(s.webURL)
	p.gets("/require-auth", 403, "not-permitted")
	p.signIn()
	p.gets("/require-auth", 200, "allowed")
	p.signOut()
	p.is("")
}

// Going back may bring up the page as it was left, with tokens that were ended since, and
// without those that came since. It starts anew.
func TestAPageThatTheBrowserHadFrozen(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.signIn()
	browsertest.Eval[any](p.Browser, `(sessionStorage.clear(), null)`) // as a sign-out since has done
	p.Leave("coming back", chromedp.Evaluate[chromedp.Void](`void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`))
	p.started()
	p.is("")
	browsertest.Eval[any](p.Browser, `(dispatchEvent(new PageTransitionEvent("pageshow", { persisted: false })), page.marked = true, null)`)
	p.gets("/no-auth", 200, "allowed")
	if !browsertest.Eval[bool](p.Browser, `page.marked === true`) {
		t.Error("the page starts anew where it need not")
	}
}
