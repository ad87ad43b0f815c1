package clients_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// tap stands between a client and the local AWS and keeps what went through, to the
// letter. Whether a client's signature is right is then judged by the AWS SDK for Go,
// which shares nothing with the code that verifies it.
type tap struct {
	URL      string
	t        *testing.T
	upstream string // HOST:PORT

	mu     sync.Mutex
	passed []exchange
}

// exchange is a request as it was sent, and what was answered.
type exchange struct {
	method, target, host string
	header               http.Header
	body                 []byte
	status               int
	kind                 string // x-amzn-ErrorType
}

func newTap(t *testing.T, s *site) *tap {
	t.Helper()
	p := &tap{t: t, upstream: strings.TrimPrefix(s.Outputs.AWSEndpoint, "http://")}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, answer, err := p.pass(r)
	if err != nil {
		p.t.Errorf("passing on %s %s: %v", r.Method, r.RequestURI, err)
		http.Error(w, "", http.StatusBadGateway)
		return
	}
	p.mu.Lock()
	p.passed = append(p.passed, x)
	p.mu.Unlock()
	if x.kind != "" {
		w.Header().Set("X-Amzn-Errortype", x.kind)
	}
	w.WriteHeader(x.status)
	_, _ = w.Write(answer) // the client is there
}

// pass writes the request anew, byte by byte: a client that Go has would tidy up its
// path and query.
func (p *tap) pass(r *http.Request) (x exchange, answer []byte, err error) {
	x = exchange{method: r.Method, target: r.RequestURI, host: r.Host, header: r.Header}
	if x.body, err = io.ReadAll(r.Body); err != nil {
		return x, nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n", x.method, x.target, x.host, len(x.body))
	for name, values := range r.Header {
		for _, value := range values {
			if name != "Content-Length" && name != "Connection" {
				fmt.Fprintf(&out, "%s: %s\r\n", name, value)
			}
		}
	}
	out.WriteString("\r\n")
	out.Write(x.body)
	conn, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return x, nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(out.Bytes()); err != nil {
		return x, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return x, nil, err
	}
	defer resp.Body.Close()
	x.status, x.kind = resp.StatusCode, resp.Header.Get("x-amzn-ErrorType")
	answer, err = io.ReadAll(resp.Body)
	return x, answer, err
}

// last is what passed last.
func (p *tap) last() exchange {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.passed) == 0 {
		p.t.Fatal("nothing passed")
	}
	return p.passed[len(p.passed)-1]
}

// field is a part of the Authorization header.
func (x exchange) field(name string) string {
	_, rest, _ := strings.Cut(x.header.Get("Authorization"), name+"=")
	value, _, _ := strings.Cut(rest, ",")
	return value
}

// right tells whether the AWS SDK for Go signs this request as the client did, given
// the headers that the client chose to sign.
func (x exchange) right(t *testing.T, c aws.Credentials, region string) bool {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", x.header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatalf("%s %s: the date of the signature is %q", x.method, x.target, x.header.Get("X-Amz-Date"))
	}
	path, query, _ := strings.Cut(x.target, "?")
	r := &http.Request{
		Method: x.method, Host: x.host, Header: http.Header{},
		// Opaque, so that the path stays as it was sent.
		URL: &url.URL{Scheme: "http", Host: x.host, Opaque: "//" + x.host + path, RawQuery: query},
	}
	names := strings.Split(x.field("SignedHeaders"), ";")
	for _, name := range names {
		if values := x.header.Values(name); len(values) > 0 {
			r.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	r.Header.Del("Content-Length") // the SDK takes it from the request
	if slices.Contains(names, "content-length") {
		r.ContentLength = int64(len(x.body))
	}
	if !slices.Contains(names, "x-amz-security-token") {
		c.SessionToken = ""
	}
	sum := sha256.Sum256(x.body)
	if err := v4.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(sum[:]), "execute-api", region, at); err != nil {
		t.Fatal(err)
	}
	return exchange{header: r.Header}.field("Signature") == x.field("Signature")
}

// target is what a client is to ask for below the API, and send there.
type target struct {
	Method string `json:"method"`
	Path   string `json:"path"` // with its query
	Body   string `json:"body,omitempty"`

	Why string `json:"-"` // what a signer may overlook
}

// plain are targets that every client must sign right.
var plain = []target{
	{Method: "GET", Path: "/require-auth"},
	{Method: "GET", Path: "/require-auth/a-b_c.d~e"},
	{Method: "GET", Path: "/require-auth?a=1&b=2"},
	{Method: "GET", Path: "/require-auth?a=1&empty=&z=%20"},
	{Method: "POST", Path: "/require-auth", Body: `{"a": "b  c"}`},
	{Method: "POST", Path: "/require-auth?a=%C3%A9", Body: "é\n\t\x01\U0001F510 \"quoted\" 100% &a=b"},
}

const (
	escapedAgain = "what is escaped in a path is escaped again"
	escapedFirst = "what is not a letter, a digit or one of -_.~ is escaped"
	normalized   = "the SDK for Go keeps empty and dot segments; AWS documents that they are removed, and the others do so"
	sorted       = "parameters are sorted, by name and then by value"
)

// hostile are targets that clients are known to stumble over.
var hostile = []target{
	{Method: "GET", Path: "/require-auth/a%2Fb", Why: escapedAgain},
	{Method: "GET", Path: "/require-auth/a%20b", Why: escapedAgain},
	{Method: "GET", Path: "/require-auth/a%252Fb", Why: escapedAgain},
	{Method: "GET", Path: "/require-auth/%E2%9C%93", Why: escapedAgain},
	{Method: "GET", Path: "/require-auth/*!()'", Why: escapedFirst},
	{Method: "GET", Path: "/require-auth/a+b:c@d$e,f;g=h&i", Why: escapedFirst},
	{Method: "GET", Path: "/require-auth/a//b", Why: normalized},
	{Method: "GET", Path: "/require-auth/a/./b/../c", Why: normalized},
	{Method: "GET", Path: "/require-auth?b=2&a=1", Why: sorted},
	{Method: "GET", Path: "/require-auth?a=2&a=1", Why: sorted},
	{Method: "GET", Path: "/require-auth?a=b&A=c&a-=d&a0=e", Why: sorted + ", by their bytes"},
	{Method: "GET", Path: "/require-auth?empty", Why: "a parameter without a value is one with an empty value"},
	{Method: "GET", Path: "/require-auth?q=*!()'", Why: escapedFirst},
	{Method: "GET", Path: "/require-auth?q=%2A%21%28%29%27", Why: "escapes stay"},
	{Method: "GET", Path: "/require-auth?q=a+b", Why: "+ is a space, which is %20"},
	{Method: "GET", Path: "/require-auth?q=a%2fb", Why: "escapes are in upper case"},
	{Method: "GET", Path: "/require-auth?q=a/b:c@d?e", Why: escapedFirst},
	{Method: "GET", Path: "/require-auth?q=%E2%9C%93&%C3%A9=1", Why: sorted},
	{Method: "GET", Path: "/require-auth?q=a%3D%26b", Why: "escapes stay"},
	{Method: "GET", Path: "/require-auth?q=%2525", Why: "escapes stay"},
}

// targets are all of them, in the order in which clients ask for them.
func targets() []target { return slices.Concat(plain, hostile) }

// judge holds every answer against the signature that the AWS SDK for Go makes: where
// the client's is the same it must have been let in, else refused for its signature.
// What the client signs otherwise is said, with the rule that it breaks; only what
// excused allows may be.
func (p *tap) judge(client string, c aws.Credentials, region string, excused func(target) bool) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.passed) != len(targets()) {
		p.t.Fatalf("%s sent %d requests, want %d", client, len(p.passed), len(targets()))
	}
	for i, target := range targets() {
		x, wanted, kind := p.passed[i], http.StatusOK, ""
		if !x.right(p.t, c, region) {
			wanted, kind = http.StatusForbidden, "InvalidSignatureException"
			p.t.Logf("%s signs %s %s otherwise than the AWS SDK for Go: %s", client, target.Method, target.Path, target.Why)
			if !excused(target) {
				p.t.Errorf("%s signs %s %s wrong", client, target.Method, target.Path)
			}
		}
		if x.status != wanted || x.kind != kind {
			p.t.Errorf("%s %s: answered %d %s, want %d %s", target.Method, target.Path, x.status, x.kind, wanted, kind)
		}
	}
}
