package lambda

import "context"

// ClearLogs forgets what functions have logged. Functions go on, and so may a line of an
// invocation that has just ended still come.
func (s *Service) ClearLogs() { s.logs.Clear() }

type waitingKey struct{}

// WithWaiting returns a context for requests in which Invoke tells of its waiting: it
// calls waiting before it waits for a function, which may itself call the local AWS, and
// what that returned after it.
func WithWaiting(ctx context.Context, waiting func() (over func())) context.Context {
	return context.WithValue(ctx, waitingKey{}, waiting)
}

// Waiting says that a function is waited for, to whom the context of WithWaiting asks, and
// returns what is to be called when it is over.
func Waiting(ctx context.Context) (over func()) {
	if waiting, ok := ctx.Value(waitingKey{}).(func() func()); ok {
		return waiting()
	}
	return func() {}
}
