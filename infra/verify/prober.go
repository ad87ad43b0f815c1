package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of what the prober sends and takes.
const (
	maxConcurrent = 8
	maxAnswer     = 1 << 20 // bytes that are read of an answer
	maxThrottled  = 6       // how often a throttled request is sent again
	requestTime   = 35 * time.Second
)

// agent is what the prober calls itself in access logs.
const agent = "auth-api-verify"

// prober sends requests, so many at once and so many a second, and remembers what came
// back: some checks look at all answers.
type prober struct {
	http  *http.Client
	slots chan struct{}
	pace  *rate.Limiter
	wait  func(ctx context.Context, d time.Duration) error

	sent atomic.Int64
	mu   sync.Mutex
	seen []exchange
}

// exchange is a request with its answer.
type exchange struct {
	what string // METHOD path, as reports name it
	anon bool   // it proves nobody: neither signature nor token
	answer
}

// answer is what came back.
type answer struct {
	status    int
	errorType string // x-amzn-ErrorType
	header    http.Header
	body      []byte
	again     int // how often it was sent again, because it was throttled
}

func (a answer) verdict() Verdict {
	return Judge(a.status, a.errorType, a.header.Get("x-amz-apigw-id") != "")
}

// String is the answer as a table has room for it.
func (a answer) String() string {
	text := fmt.Sprint(a.status)
	if a.errorType != "" {
		text += " " + a.errorType
	}
	return text
}

func newProber(perSecond float64) *prober {
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // the answer's headers are looked at as they are
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.MaxIdleConnsPerHost = maxConcurrent
	return &prober{
		http: &http.Client{
			Transport: transport, Timeout: requestTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		slots: make(chan struct{}, maxConcurrent), pace: rate.NewLimiter(limit, maxConcurrent), wait: sleep,
	}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *prober) count() int { return int(p.sent.Load()) }

// exchanges returns what was sent and answered so far.
func (p *prober) exchanges() []exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]exchange(nil), p.seen...)
}

// send sends a request that build makes anew each time, because a signature is dated.
// A throttled one is sent again, later and later, as API Gateway asks of clients:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html.
func (p *prober) send(ctx context.Context, build func() (*http.Request, error)) (answer, error) {
	for again := 0; ; again++ {
		a, err := p.once(ctx, build)
		a.again = again
		if err != nil || a.verdict() != Throttled || again == maxThrottled {
			return a, err
		}
		if err := p.wait(ctx, 100*time.Millisecond<<again); err != nil {
			return a, err
		}
	}
}

// once sends a request once.
func (p *prober) once(ctx context.Context, build func() (*http.Request, error)) (answer, error) {
	if err := p.pace.Wait(ctx); err != nil {
		return answer{}, err
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	req, err := build()
	if err != nil {
		return answer{}, err
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", agent)
	}
	p.sent.Add(1)
	resp, err := p.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("sending %s %s: %w", req.Method, req.URL.Path, plain(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer of %s %s: %w", req.Method, req.URL.Path, err)
	}
	errorType, _, _ := strings.Cut(resp.Header.Get("x-amzn-ErrorType"), ":")
	a := answer{status: resp.StatusCode, errorType: errorType, header: resp.Header, body: body}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, exchange{
		what: req.Method + " " + req.URL.Path, answer: a,
		anon: req.Header.Get("Authorization") == "" && req.URL.Query().Get("X-Amz-Signature") == "",
	})
	return a, nil
}

// plain takes the address off an error of the HTTP client: its query may hold a signature.
func plain(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		if inner := u.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}

// request is what most checks send.
type request struct {
	method, path string // below the stage, as it is sent
	query        string
	header       map[string]string
	body         []byte
}

// to makes the request for an address.
func (r request) to(ctx context.Context, base string) (*http.Request, error) {
	address := base + r.path
	if r.query != "" {
		address += "?" + r.query
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("making the request %s %s: %w", r.method, r.path, err)
	}
	for name, value := range r.header {
		if strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	return req, nil
}
