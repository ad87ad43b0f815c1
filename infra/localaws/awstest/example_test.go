package awstest_test

import (
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
)

func TestCredentialsAreOverAfterAnHour(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t)) // the real program, in a local AWS of the test's own
	user := s.As("demouser")                   // signed in, with credentials of the identity pool

	if got := user.Get("/require-auth"); got.Status != 200 {
		t.Errorf("at once: %s", got)
	}
	s.Advance(61 * time.Minute) // nothing sleeps
	if got := user.Get("/require-auth"); got.Status != 403 || got.Type != "ExpiredTokenException" {
		t.Errorf("an hour later: %s", got)
	}
	denied := s.Denied() // who, what and why, as the local AWS saw it
	if len(denied) != 1 || denied[0].Service != "execute-api GET /require-auth" {
		t.Errorf("denied were %+v", denied)
	}

	s.Reset() // the next part begins where this one did
	if got := s.As("demouser").Get("/require-auth"); got.Status != 200 {
		t.Errorf("after the reset: %s", got)
	}
}
