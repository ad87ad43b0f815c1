// Package audit is the record that the local AWS keeps of a request: what was
// asked, by whom, what was decided and why. The server opens one record a request,
// rooms fill it in through the request's context, and the server logs it when the
// request is over. No secret goes into a record: no token, signature, password,
// code or API key, and no query string.
package audit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// Record is what is known of one request. Its methods are safe for use by many
// goroutines, and on a nil Record do nothing.
type Record struct {
	RequestID string

	mu       sync.Mutex
	service  string
	caller   string
	decision string
	reason   string
	fault    error
	kept     any
}

type key struct{}

// With returns a context that carries the record.
func With(ctx context.Context, r *Record) context.Context { return context.WithValue(ctx, key{}, r) }

// From returns the record of the request, or an empty one that nobody reads.
func From(ctx context.Context) *Record {
	if r, ok := ctx.Value(key{}).(*Record); ok {
		return r
	}
	return &Record{}
}

// Service says which room and operation answers, such as "cognito-idp InitiateAuth".
func (r *Record) Service(name string) { r.set(func() { r.service = name }) }

// Caller says who asks, as an ARN, a user name or an identity id.
func (r *Record) Caller(name string) { r.set(func() { r.caller = name }) }

// Allow says that the request is let in, and why.
func (r *Record) Allow(reason string) { r.set(func() { r.decision, r.reason = "allow", reason }) }

// Deny says that the request is refused, and why.
func (r *Record) Deny(reason string) { r.set(func() { r.decision, r.reason = "deny", reason }) }

// Denyf is Deny with a format.
func (r *Record) Denyf(format string, args ...any) { r.Deny(fmt.Sprintf(format, args...)) }

// Fault says that the local AWS itself failed.
func (r *Record) Fault(err error) { r.set(func() { r.fault = err }) }

// Keep says what the room that answered needs to explain its answer later: nothing that is
// secret, and nothing that is large. It is kept in memory, as Entry.Kept.
func (r *Record) Keep(what any) { r.set(func() { r.kept = what }) }

func (r *Record) set(change func()) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// Decision returns "allow", "deny" or "", and the reason given.
func (r *Record) Decision() (decision, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.decision, r.reason
}

// Attrs returns the record as attributes for a log line.
func (r *Record) Attrs() []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	var attrs []slog.Attr
	for _, a := range []struct{ name, value string }{
		{"service", r.service}, {"caller", r.caller}, {"decision", r.decision}, {"reason", r.reason}, {"requestId", r.RequestID},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, a.value))
		}
	}
	if r.fault != nil {
		attrs = append(attrs, slog.String("fault", r.fault.Error()))
	}
	return attrs
}

// Clip keeps what a stranger chose short enough for a log line.
func Clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
