package clienttest_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
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

// Whoever signs out means the browser: the other tabs' sessions end where they are kept,
// and not only in the tabs.
func TestASignOutEndsTheOtherTabsTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.signIn()
	other := p.tab()
	other.Leave("signing in", chromedp.Evaluate[chromedp.Void](`void page.session.signIn()`)) // without a password
	other.started()
	other.is(s.Outputs.DemoUser)
	token := other.refreshToken()
	refresh := func() int {
		response, err := http.PostForm(s.Outputs.HostedUIURL+"/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {s.Outputs.UserPoolClientID}, "refresh_token": {token}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if got := refresh(); got != http.StatusOK {
		t.Fatalf("before the sign-out the refresh token is answered with %d", got)
	}
	if p.refreshToken() == token {
		t.Fatal("both tabs have the same token")
	}
	ended := make(chan struct{})
	var once sync.Once
	other.Listen(func(event any) {
		if e, ok := event.(*network.EventResponseReceived); ok && strings.HasSuffix(e.Response.URL, "/oauth2/revoke") {
			once.Do(func() { close(ended) })
		}
	})
	browsertest.Ask(other.Browser, "listening to the network", func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, network.Enable, network.EnableParams{})
	})
	p.signOut()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the other tab revokes nothing")
	}
	if got := refresh(); got != http.StatusBadRequest {
		t.Errorf("after the sign-out the other tab's refresh token is answered with %d", got)
	}
}
