package localaws

import (
	"context"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/testers"
	"auth-api/infra/localaws/userpool"
)

// What testers may ask over /_local, in Go. TESTING.md tells of it.

type (
	// Mailbox holds the messages that AWS would have mailed to users.
	Mailbox = testers.Mailbox
	// Mail is one message.
	Mail = testers.Mail
	// Health is what /_local/health answers.
	Health = testers.Health
)

// Requests returns the last thousand requests that the filter chooses, newest last. A
// request is among them when it has been handled: one that was answered with less than
// 2 KB before its client knows, others at once after.
func (s *Server) Requests(f audit.Filter) []audit.Entry { return s.requests.List(f) }

// Explain explains the newest request with this id; see testers.Explanation. It reports
// false when no such request is among the last thousand.
func (s *Server) Explain(requestID string) (testers.Explanation, bool, error) {
	return s.testers.Explain(requestID)
}

// Users returns the users of a pool, or of all pools when poolID is empty. It fails when
// there is no such pool.
func (s *Server) Users(poolID string) ([]userpool.UserView, error) {
	return s.UserPools.Inspect(poolID)
}

// Tokens returns what names the last thousand tokens that the filter chooses.
func (s *Server) Tokens(f testers.TokenFilter) ([]userpool.Issued, error) { return s.testers.Tokens(f) }

// Usage returns what API keys used of usage plans, by day.
func (s *Server) Usage() ([]gateway.KeyUsage, error) { return s.Gateway.UsageView() }

// Reset brings everything back to how it was just after it was declared; see
// testers.Service.Reset. It must not be called while a request is handled.
func (s *Server) Reset(ctx context.Context) error { return s.testers.Reset(ctx) }
