package awstest

import (
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/testers"
	"auth-api/infra/localaws/userpool"
)

// What a test asks the local AWS beside its API, so that it never sleeps, and never
// guesses why it was refused. The same is served under /_local; see TESTING.md.

// Advance moves the clock of the local AWS forward by d, or back when d is below zero.
// Requests that are made after it are signed at the new time.
func (s *Stack) Advance(d time.Duration) {
	s.t.Helper()
	if err := s.AWS.Clock.Advance(d); err != nil {
		s.t.Fatal(err)
	}
}

// SetClock puts the clock of the local AWS to at, from where it runs on.
func (s *Stack) SetClock(at time.Time) {
	s.t.Helper()
	if err := s.AWS.Clock.Set(at); err != nil {
		s.t.Fatal(err)
	}
}

// Requests returns the last thousand requests, newest last, with what was decided and why.
func (s *Stack) Requests() []audit.Entry { return s.AWS.Requests(audit.Filter{}) }

// Denied returns those of the last thousand requests that were refused, newest last.
func (s *Stack) Denied() []audit.Entry { return s.AWS.Requests(audit.Filter{Decision: "deny"}) }

// Mailbox returns the messages to this user name or address, newest last; all of them
// when it is empty.
func (s *Stack) Mailbox(to string) []testers.Mail { return s.AWS.Mailbox.For(to) }

// Code returns the code of the newest message to this user name or address, and fails
// the test when there is none.
func (s *Stack) Code(to string) string {
	s.t.Helper()
	messages := s.Mailbox(to)
	if len(messages) == 0 {
		s.t.Fatalf("reading the code of %s: the mailbox has no message", to)
	}
	return messages[len(messages)-1].Code
}

// Users returns the users of the stack's user pool.
func (s *Stack) Users() []userpool.UserView {
	s.t.Helper()
	users, err := s.AWS.Users(s.Outputs.UserPoolID)
	if err != nil {
		s.t.Fatal(err)
	}
	return users
}

// Tokens returns what names the tokens that were given out, by when they were.
func (s *Stack) Tokens() []userpool.Issued {
	s.t.Helper()
	tokens, err := s.AWS.Tokens(testers.TokenFilter{})
	if err != nil {
		s.t.Fatal(err)
	}
	return tokens
}

// Usage returns what API keys used of usage plans, by day.
func (s *Stack) Usage() []gateway.KeyUsage {
	s.t.Helper()
	usage, err := s.AWS.Usage()
	if err != nil {
		s.t.Fatal(err)
	}
	return usage
}

// Reset brings the local AWS back to how it was just after the stack was brought up, so
// that the next part of a test begins where the first did.
func (s *Stack) Reset() {
	s.t.Helper()
	if err := s.AWS.Reset(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
