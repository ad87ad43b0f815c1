package clienttest_test

import (
	"testing"

	"auth-api/infra/internal/browsertest"
)

// All stages of an API share an origin, and with it what a browser keeps for their pages.
// Even in one tab, and with the same users, none of them knows what another one keeps; and
// a sign-out of one leaves the other's tabs alone.
func TestTwoStagesOfOneOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	app, other := s.origin+"/app/", s.origin+"/other/"
	p := s.open()
	guest := p.gets("/require-auth", 403, "not-permitted").As.IdentityID
	p.signIn()
	p.show(other)
	p.is("")
	if got := p.gets("/require-auth", 403, "not-permitted").As.IdentityID; got == guest {
		t.Error("a guest of one stage is the same guest of the other")
	}
	p.show(app)
	p.is(s.Outputs.DemoUser)

	second := p.tab()
	second.show(other)
	second.toHosted() // straight back, by the hosted session that both have
	second.started()
	second.is(s.Outputs.DemoUser)
	if elsewhere := browsertest.Eval[int](p.Browser, "page.changes.length"); elsewhere != 0 {
		t.Error("a sign-in at one stage is told to the other")
	}
	p.signOut()
	second.is(s.Outputs.DemoUser)
	second.gets("/require-auth", 200, "allowed")
	second.reload()
	second.is(s.Outputs.DemoUser)
}
