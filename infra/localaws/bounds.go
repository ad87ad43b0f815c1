package localaws

import (
	"cmp"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"auth-api/infra/localaws/wire"
)

// Bounds say how long and how much a request may hold of the server. A field that is
// zero means its default.
type Bounds struct {
	Header time.Duration // until a request's header has come; 10 s
	Body   time.Duration // until a request has come whole; 60 s
	Answer time.Duration // until the client has taken a part of the answer; 60 s
	Idle   time.Duration // between the requests of a connection; 2 minutes
	// Bodies is how many bytes of request bodies are held at once, all requests
	// together; 128 MB. The first 64 KB of each are not counted, so that a small
	// request is never refused for others' large ones.
	Bodies int64
}

func (b Bounds) withDefaults() Bounds {
	b.Header = cmp.Or(b.Header, 10*time.Second)
	b.Body = cmp.Or(b.Body, 60*time.Second)
	b.Answer = cmp.Or(b.Answer, 60*time.Second)
	b.Idle = cmp.Or(b.Idle, 2*time.Minute)
	b.Bodies = cmp.Or(b.Bodies, 128<<20)
	return b
}

const (
	uncounted = 64 << 10 // of each body
	portion   = 64 << 10 // that is taken of the allowance at a time
)

// body is a request's body that takes what it holds out of the server's allowance as
// it comes in: a client that announces much and sends little takes little. When the
// allowance is used up reading fails at once, as bodies that waited for one another
// could wait for ever.
type body struct {
	io.ReadCloser
	held        *atomic.Int64 // by all bodies
	max         int64
	read, taken int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	for b.read-uncounted > b.taken {
		if b.held.Add(portion) > b.max {
			b.held.Add(-portion)
			return 0, wire.ErrBusy
		}
		b.taken += portion
	}
	return n, err
}

// release gives back what the body took; the request is over.
func (b *body) release() { b.held.Add(-b.taken) }

// bound puts the bounds on a request's body and answer. It returns what is to be done
// when the request is over.
func (s *Server) bound(w *recorder, r *http.Request) (release func()) {
	w.within = s.bounds.Answer
	w.control = http.NewResponseController(w.ResponseWriter)
	if r.Body == nil || r.Body == http.NoBody || strings.HasPrefix(r.RequestURI, "/_runtime/") { // what functions answer has a bound of its own
		return func() {}
	}
	b := &body{ReadCloser: r.Body, held: &s.held, max: s.bounds.Bodies}
	r.Body = b
	return b.release
}
