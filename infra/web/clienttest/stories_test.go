package clienttest_test

import (
	"strings"
	"testing"
	"time"
)

// The article's story: a guest is refused, signs in, is let in, and signs out.
func TestTheArticlesStory(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.is("")
	p.gets("/no-auth", 200, "allowed")
	refused := p.gets("/require-auth", 403, "not-permitted")
	if refused.Response.ErrorType != "AccessDeniedException" || refused.As == nil || !strings.HasSuffix(refused.As.Role, "-guest") {
		t.Errorf("a guest's refusal is %+v", refused)
	}
	p.signIn()
	p.is(s.Outputs.DemoUser)
	p.bare()
	in := p.gets("/require-auth", 200, "allowed")
	if !strings.Contains(in.Response.Body, "velvet rope") || in.As == nil || !strings.HasSuffix(in.As.Role, "-authenticated") || in.As.IdentityID == refused.As.IdentityID {
		t.Errorf("the answer is %+v", in)
	}
	p.Reload()
	p.started()
	p.is(s.Outputs.DemoUser)
	p.gets("/require-auth", 200, "allowed")
	p.signOut()
	p.is("")
	p.gets("/require-auth", 403, "not-permitted")
	p.toHosted()
	p.Sees(200, "Sign in") // the hosted session is over too
}

// An hour later everything has ended but the refresh token: nobody notices.
func TestRenewal(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	p := s.open()
	p.signIn()
	before := p.gets("/require-auth", 200, "allowed")
	s.Advance(3 * time.Hour)
	after := p.gets("/require-auth", 200, "allowed")
	if after.As.Expires <= before.As.Expires || after.As.IdentityID != before.As.IdentityID {
		t.Errorf("before %+v, after %+v", before.As, after.As)
	}
}
