package stress

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws"
)

// door is a way in that takes a body.
type door struct {
	path    string
	headers map[string]string
	tooMuch []int // what it answers to more than it takes
}

func (g *target) doors() map[string]door {
	doors := map[string]door{
		"STS":          {"/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []int{413}},
		"another API":  {"/", map[string]string{"X-Amz-Target": "DynamoDB_20120810.GetItem"}, []int{413}},
		"a route":      {g.openPost(), map[string]string{"X-Api-Key": g.keys["first"]}, []int{413, 403}},
		"sign-in":      {"/auth/stress-people/login", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []int{400}},
		"OAuth tokens": {"/auth/stress-people/oauth2/token", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []int{400}},
	}
	for service, operations := range map[string][]string{
		"AWSCognitoIdentityProviderService": {"SignUp", "InitiateAuth"},
		"AWSCognitoIdentityService":         {"GetId"},
	} {
		for _, operation := range operations {
			doors[operation] = door{"/", map[string]string{"X-Amz-Target": service + "." + operation}, []int{413}}
		}
	}
	return doors
}

func (g *target) openPost() string { return "/execute-api/" + g.api.id + "/" + stage + "/user" }

// knock sends a body through a door. A status of 0 means that the server closed the
// connection before all of the body was taken, which it may.
func (g *target) knock(d door, body io.Reader, more ...string) (int, string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+d.path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	for name, value := range d.headers {
		req.Header.Set(name, value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	r, err := g.do(req)
	if err != nil {
		if ctx.Err() != nil {
			g.t.Errorf("%s hangs: %v", d.path, err)
		}
		return 0, ""
	}
	return r.status, r.body
}

// Bodies that are too large, too deep or too many: refused, and never a fault.
func TestLargeRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends many megabytes")
	}
	g := newTarget(t, localaws.Bounds{})
	g.make("aws:cognito/userPoolDomain:UserPoolDomain", "domain", map[string]any{"domain": "stress-people", "userPoolId": g.pool.id})
	large := strings.Repeat("a", 11<<20)
	deep := strings.Repeat(`{"a":`, 100_000)
	nested := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	var keys, parameters strings.Builder
	keys.WriteByte('{')
	for i := range 500_000 {
		fmt.Fprintf(&keys, `"key%d":%d,`, i, i)
	}
	keys.WriteString(`"ClientId":"x"}`)
	for i := range 100_000 {
		fmt.Fprintf(&parameters, "Parameter%d=%d&", i, i)
	}
	parameters.WriteString("Version=2011-06-15&Action=GetCallerIdentity")
	before := heap()
	for name, d := range g.doors() {
		t.Run(name, func(t *testing.T) {
			g := &target{g.stack, g.remote, t}
			for what, body := range map[string]io.Reader{"with its length": strings.NewReader(large), "chunked": struct{ io.Reader }{strings.NewReader(large)}} {
				if status, answer := g.knock(d, body); status != 0 && !slices.Contains(d.tooMuch, status) {
					t.Errorf("11 MB %s: %d %.200s, want %v", what, status, answer, d.tooMuch)
				}
			}
			for what, body := range map[string]string{"deep": deep, "nested": nested, "half a million keys": keys.String(), "100,000 parameters": parameters.String()} {
				if status, answer := g.knock(d, strings.NewReader(body)); status < 400 || status >= 500 {
					t.Errorf("%s: %d %.200s", what, status, answer)
				}
			}
			// A body is taken as it comes: what is packed is not unpacked.
			if status, answer := g.knock(d, bytes.NewReader(bomb()), "Content-Encoding", "gzip"); status < 400 || status >= 500 {
				t.Errorf("a bomb: %d %.200s", status, answer)
			}
		})
	}
	if after := heap(); after > before+64<<20 {
		t.Errorf("%d MB are kept of it", (after-before)>>20)
	}
	g.good()
}

// bomb is 200 MB of zeros, packed: the same megabyte over and over.
var bomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 1<<20)) // memory takes it all
	_ = z.Close()
	return bytes.Repeat(b.Bytes(), 200)
})

// exchange sends what is given, byte by byte as it stands, and returns the status lines
// of all answers until the server closes the connection, or says nothing more.
func (g *target) exchange(t *testing.T, send string, answers int) []int {
	t.Helper()
	conn := g.dial("")
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	go func() { _, _ = io.WriteString(conn, send) }()
	in := bufio.NewReader(conn)
	var statuses []int
	for len(statuses) < answers {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
	return statuses
}

// What goes over the wire, in shapes that servers have been tricked with.
func TestShapesOfRequests(t *testing.T) {
	g := newTarget(t, localaws.Bounds{})
	health := "GET /_local/health HTTP/1.1\r\nHost: localhost\r\n"
	post := "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\n"
	inner := health + "\r\n"
	for name, test := range map[string]struct {
		send string
		want []int
	}{
		"HTTP/1.0":                      {"GET /_local/health HTTP/1.0\r\nHost: localhost\r\n\r\n", []int{200}},
		"three on one connection":       {strings.Repeat(health+"\r\n", 3), []int{200, 200, 200}},
		"a header of 1 MB":              {health + "X-Large: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", []int{431}},
		"10,000 headers":                {health + strings.Repeat("X-Many: aaaa\r\n", 10_000) + "\r\n", []int{431}},
		"an address of 1 MB":            {"GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{431}},
		"100,000 parameters":            {"GET " + g.open() + "?" + strings.Repeat("a=1&", 100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{431}},
		"no host":                       {"GET /_local/health HTTP/1.1\r\n\r\n", []int{400}},
		"two lengths":                   {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", []int{400}},
		"a length with a sign":          {post + "Content-Length: +2\r\n\r\n{}", []int{400}},
		"a length below zero":           {post + "Content-Length: -1\r\n\r\n{}", []int{400}},
		"an encoding that is not known": {post + "Transfer-Encoding: gzip\r\n\r\n{}", []int{501}},
		"two encodings":                 {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", []int{501}},
		"a space before the colon":      {post + "Content-Length : 2\r\n\r\n{}", []int{400}},
		"a chunk with no length":        {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", []int{400}},
		"a length within another":       {post + "Content-Length: 2\r\n\r\n{}" + inner, []int{400, 200}},
		"an HTTP version that is none":  {"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", []int{505}},
		"no HTTP at all":                {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := g.exchange(t, test.send, len(test.want)); !slices.Equal(got, test.want) {
				t.Errorf("answered %v, want %v", got, test.want)
			}
		})
	}
	// Both a length and chunks: the chunks are the body. What is inside them is no request
	// of its own, or 200 would be answered, and what is behind them is.
	t.Run("both a length and chunks", func(t *testing.T) {
		send := post + fmt.Sprintf("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(inner), inner) +
			"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
		if got := g.exchange(t, send, 3); !slices.Equal(got, []int{400, 400}) {
			t.Errorf("answered %v, want 400 twice", got)
		}
	})
	g.good()
}
