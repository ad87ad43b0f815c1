// Package sdkhttp is the HTTP client for AWS's SDK for Go where a call must be made
// once: by tests, and by tools whose calls are not to be repeated.
//
// The SDK closes a request's body as soon as the answer's header is there. From then on
// the body's WriteTo returns io.EOF, which net/http, when it still has to look whether
// anything follows the declared length, takes for a failed write: it closes the
// connection under the answer ("use of closed network connection", see
// https://github.com/aws/aws-sdk-go-v2/issues/2737). The SDK hides that by asking again.
package sdkhttp

import (
	"io"
	"net/http"
)

// Client returns a client with connections of its own. As the SDK's, it follows no
// redirects.
func Client() *http.Client {
	return &http.Client{
		Transport:     Transport(http.DefaultTransport.(*http.Transport).Clone()),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Transport sends by next, which sees a request's body as a reader alone.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, ok := r.Body.(io.WriterTo); ok {
		copied := *r
		copied.Body = struct{ io.ReadCloser }{r.Body}
		r = &copied
	}
	return t.next.RoundTrip(r)
}
