package stress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/provider"
)

// target is a local AWS with the stack up, in this process.
type target struct {
	*stack
	remote
	t testing.TB
}

func newTarget(t testing.TB, bounds localaws.Bounds) *target {
	t.Helper()
	aws, err := localaws.Start(localaws.Config{Dir: t.TempDir(), Tune: weakHashes, Bounds: bounds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // those who hang are not waited for
		defer cancel()
		_ = aws.Close(ctx)
	})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	port, _, err := provider.New(aws).Serve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	return &target{stack: declare(t, attach(t, port)), remote: remote{aws.URL(), &http.Client{Transport: transport}}, t: t}
}

// dial opens a connection and sends what is given; the connection stays open.
func (g *target) dial(send string) net.Conn {
	g.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, send); err != nil {
		g.t.Fatal(err)
	}
	return conn
}

// good asks for one thing of each kind that a good client asks for.
func (g *target) good() {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 30*time.Second)
	defer cancel()
	r, err := g.get(ctx, "/_local/health")
	if err := want(r, err, 200, ""); err != nil {
		g.t.Errorf("a good client: health: %v", err)
	}
	r, err = g.identities(ctx, "GetId", map[string]any{"IdentityPoolId": g.identityPool.id})
	if err := want(r, err, 200, ""); err != nil {
		g.t.Errorf("a good client: GetId: %v", err)
	}
	req, err := g.call(ctx, g.api.id, "GET", "/open", "", g.keys["first"])
	if err != nil {
		g.t.Fatal(err)
	}
	r, err = g.do(req)
	if err := want(r, err, 200, ""); err != nil {
		g.t.Errorf("a good client: the API: %v", err)
	}
}

func (g *target) open() string { return "/execute-api/" + g.api.id + "/" + stage + "/open" }

// hangers are the beginnings of requests whose ends do not come.
func (g *target) hangers() map[string]string {
	head := func(method, path, more string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more
	}
	key := "X-Api-Key: " + g.keys["first"] + "\r\n"
	return map[string]string{
		"nothing at all":           "",
		"half a request line":      "GET /_loc",
		"half a header":            head("GET", g.open(), "X-Slow: aaaa"),
		"a body to an API":         head("POST", "/", "X-Amz-Target: AWSCognitoIdentityService.GetId\r\nContent-Length: 10000000\r\n\r\n{"),
		"a chunked body":           head("POST", "/", "X-Amz-Target: AWSCognitoIdentityProviderService.SignUp\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\""),
		"a body to a route":        head("GET", g.open(), key+"Content-Length: 10000000\r\n\r\nx"),
		"a form of STS":            head("POST", "/", "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000000\r\n\r\nVersion=2011"),
		"a body that nobody reads": head("GET", "/_local/health", "Content-Length: 10000000\r\n\r\nx"),
		"100-continue":             head("POST", "/", "X-Amz-Target: AWSCognitoIdentityService.GetId\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"),
	}
}

// Slow and silent clients by the hundreds: a good one is served beside them.
func TestSlowClientsHoldNobodyUp(t *testing.T) {
	g := newTarget(t, localaws.Bounds{})
	before := heap()
	for range 500 {
		g.dial("")
	}
	var conns []net.Conn
	for range 40 {
		for _, begin := range g.hangers() {
			conns = append(conns, g.dial(begin))
		}
	}
	for range 3 {
		g.good()
		for _, conn := range conns { // and they go on: a byte now and then
			_, _ = conn.Write([]byte("a"))
		}
	}
	if after := heap(); after > before+100<<20 {
		t.Errorf("%d slow clients take %d MB", 500+len(conns), (after-before)>>20)
	}
}

// Each kind of slow client is cut off when its time is over.
func TestSlowClientsAreCutOff(t *testing.T) {
	g := newTarget(t, localaws.Bounds{Header: 300 * time.Millisecond, Body: 600 * time.Millisecond, Idle: 300 * time.Millisecond, Answer: 300 * time.Millisecond})
	var group sync.WaitGroup
	for name, begin := range g.hangers() {
		conn := g.dial(begin)
		group.Go(func() {
			if err := untilClosed(conn); err != nil {
				t.Errorf("%s: the connection is still open: %v", name, err)
			}
		})
	}
	idle := g.dial("GET /_local/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
	group.Go(func() {
		if err := untilClosed(idle); err != nil {
			t.Errorf("between requests: the connection is still open: %v", err)
		}
	})
	group.Wait()
	g.good()
}

// untilClosed reads until the server closes the connection.
func untilClosed(conn net.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, err := io.Copy(io.Discard, conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil // the end, or a reset
}

// A client that asks and asks and takes no answer is cut off, too.
func TestAClientThatReadsNothingIsCutOff(t *testing.T) {
	g := newTarget(t, localaws.Bounds{Answer: 300 * time.Millisecond})
	conn := g.dial("")
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	ask := []byte(strings.Repeat("GET /_local/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 100))
	var err error
	for err == nil { // until nothing goes out any more, as nobody takes the answers
		_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
		_, err = conn.Write(ask)
	}
	// A server that had waited would go on now. What the kernel still holds of the
	// answers comes before the end.
	if err := untilClosed(conn); err != nil {
		t.Errorf("the connection is still open: %v", err)
	}
	g.good()
}

// heap is what is live.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Large bodies from many clients at once: those that are too much beside the others are
// told so at once, memory stays bounded, and small requests are served beside them.
func TestLargeBodiesTogether(t *testing.T) {
	const allowance = 32 << 20
	g := newTarget(t, localaws.Bounds{Bodies: allowance})
	before := heap()
	const size = 10 << 20
	part := strings.Repeat(" ", size-1)
	conns := make([]net.Conn, clients)
	refused := make(chan int, clients)
	var group sync.WaitGroup
	for i := range clients {
		head := "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\n"
		if i%2 == 1 {
			head = "GET " + g.open() + " HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: " + g.keys["first"] + "\r\n"
		}
		conns[i] = g.dial("")
		group.Go(func() { // all but the last byte; who is held is not answered before that
			_, err := fmt.Fprintf(conns[i], "%sContent-Length: %d\r\n\r\n%s", head, size, part)
			status, _ := bufio.NewReader(conns[i]).ReadString('\n')
			if err != nil || strings.Contains(status, " 503 ") {
				refused <- i
			}
		})
	}
	// As many as fit are held, and all others are refused.
	const fit = allowance / size
	late := time.After(60 * time.Second)
	for n := range clients - fit {
		select {
		case i := <-refused:
			_ = conns[i].Close()
		case <-late:
			t.Fatalf("after a minute %d of %d bodies of 10 MB are refused; with an allowance of 32 MB %d can be held", n, clients, fit)
		}
	}
	g.good()
	if after := heap(); after > before+4*allowance {
		t.Errorf("%d bodies of 10 MB take %d MB, with an allowance of 32 MB", clients, (after-before)>>20)
	}
	if len(refused) == fit {
		t.Error("all are refused: nothing is held")
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	group.Wait()
	// What they took is given back.
	if !within(30*time.Second, func() bool {
		r, err := g.identities(t.Context(), "GetId", map[string]any{"IdentityPoolId": g.identityPool.id, "Padding": strings.Repeat(" ", size-1000)})
		return want(r, err, 200, "") == nil
	}) {
		t.Error("a large body is still refused after the others are gone")
	}
}
