package clienttest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"auth-api/infra/internal/browsertest"
)

// told are the kinds of the faults that the page was told of by itself.
func (p *page) told() string {
	p.t.Helper()
	return strings.Join(browsertest.Eval[[]string](p.Browser, `page.changes.map((change) => change.fault?.kind).filter(Boolean)`), " ")
}

// Without a network a page can forget its tokens, and that is all: the hosted session goes
// on. So it says so, keeps it in mind, and ends that session when it can.
func TestASignOutWithoutNetwork(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	cutOff := func(p *page) {
		t.Helper()
		s.cut("hosted")
		browsertest.Eval[any](p.Browser, `page.session.signOut().then(() => null)`)
		p.is("")
		if got := p.told(); got != "sign-out-unfinished" || p.kept("session") != "" {
			t.Errorf("the page was told of %q", got)
		}
		if p.At() != s.webURL {
			t.Fatalf("the page has left for %s, which does not answer", p.At())
		}
	}
	asksForThePassword := func(p *page) {
		t.Helper()
		p.is("")
		p.toHosted()
		p.Sees(200, "Sign in")
		for _, token := range s.Tokens() {
			if token.Use == "refresh" && !token.Revoked {
				t.Error("the refresh token is good for whoever has it")
			}
		}
	}

	// The network is back: the page that is still open sees to it by itself.
	p := s.open()
	p.signIn()
	cutOff(p)
	browsertest.Eval[any](p.Browser, `page.session.signOut().then(() => null)`) // once more, too early
	if got := p.told(); got != "sign-out-unfinished sign-out-unfinished" {
		t.Errorf("the second time, the page was told of %q", got)
	}
	s.cut("")
	p.Leave("going online", chromedp.Evaluate[chromedp.Void](`void dispatchEvent(new Event("online"))`))
	p.started()
	asksForThePassword(p)

	// Asked for by hand.
	p = s.open()
	p.signIn()
	cutOff(p)
	s.cut("")
	p.signOut()
	asksForThePassword(p)

	// Whoever comes next and presses Sign In comes to the form, not in.
	p = s.open()
	p.signIn()
	cutOff(p)
	browsertest.Eval[any](p.Browser, `page.session.signIn().then(() => null)`)
	if p.At() != s.webURL {
		t.Fatalf("the page has left for %s, which does not answer", p.At())
	}
	s.cut("")
	p.toHosted()
	p.Arrive(s.Outputs.HostedUIURL + "/login")
	p.password()
	p.is(s.Outputs.DemoUser)
	if got := p.told(); got != "" {
		t.Errorf("who signed in again was told of %q", got)
	}

	// The tab is closed, and another one opened: it was not forgotten.
	cutOff(p)
	other := &page{p.Tab(), s, t}
	other.show(s.webURL)
	other.WaitFor(`page.changes.some((change) => change.fault?.kind === "sign-out-unfinished")`)
	p.Open(s.webURL + "page.js") // in place of closing it, which would close the private window
	s.cut("")
	other.Reload() // it goes there, and comes back
	other.WaitFor(`globalThis.page !== undefined && localStorage.length === 0`)
	other.Arrive(s.webURL)
	other.started()
	other.toHosted()
	other.Sees(200, "Sign in")
}

// Who has signed in anew in another tab is not signed out by what was left to do.
func TestASignOutThatIsLateSparesWhoeverIsInByThen(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	p := s.open()
	p.signIn()
	other := p.tab()
	other.toHosted() // straight back, by the hosted session
	other.started()
	other.is(s.Outputs.DemoUser)
	s.cut("hosted")
	browsertest.Eval[any](p.Browser, `page.session.signOut().then(() => null)`)
	other.WaitFor(`!page.account()`)
	s.cut("")
	other.toHosted()
	other.Arrive(s.Outputs.HostedUIURL + "/login")
	other.password()
	other.is(s.Outputs.DemoUser)
	browsertest.Eval[any](p.Browser, `(dispatchEvent(new Event("online")), null)`)
	p.gets("/require-auth", 403, "not-permitted")
	other.gets("/require-auth", 200, "allowed")
	other.is(s.Outputs.DemoUser)
}

// A revocation that is not answered does not hold up a sign-out. It goes on by itself.
func TestASignOutThatIsNotAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.through()
	p := s.open()
	p.signIn()
	token := p.refreshToken()
	release := s.hold("POST /hosted/oauth2/revoke")
	browsertest.Eval[any](p.Browser, `(() => {
		const after = setTimeout;
		globalThis.setTimeout = (then, milliseconds) => { sessionStorage.setItem("waited", milliseconds); return after(then, 0); };
		return null;
	})()`)
	p.signOut()
	p.is("")
	if got := browsertest.Eval[int](p.Browser, `Number(sessionStorage.getItem("waited"))`); got < 1000 || got > 3000 {
		t.Errorf("the sign-out waits for %d ms", got)
	}
	p.toHosted()
	p.Sees(200, "Sign in")
	release()
	for deadline := time.Now().Add(20 * time.Second); ; {
		response, err := http.PostForm(s.Outputs.HostedUIURL+"/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {s.Outputs.UserPoolClientID}, "refresh_token": {token}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusBadRequest {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the refresh token was never revoked")
		}
	}
}
