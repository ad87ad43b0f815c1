package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const request = "GET /path HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: k\r\n\r\n"

func TestLoadCountsWhatIsAnswered(t *testing.T) {
	var served atomic.Int64
	var mu sync.Mutex
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/path" || r.Header.Get("X-Api-Key") != "k" {
			http.Error(w, "another request", http.StatusBadRequest)
			return
		}
		served.Add(1)
		mu.Lock()
		connections[r.RemoteAddr] = true
		mu.Unlock()
		w.(http.Flusher).Flush() // chunked, as an answer of unknown length is
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	}))
	defer server.Close()
	p, err := load{address: server.Listener.Addr().String(), request: []byte(request), clients: 4}.run(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	// Each client sends one more before the clock runs.
	if int64(p.requests+4) != served.Load() || len(p.each) != p.requests || p.requests == 0 || p.took < 50*time.Millisecond {
		t.Errorf("%d requests in %v with %d times, and %d were served", p.requests, p.took, len(p.each), served.Load())
	}
	if len(connections) != 4 {
		t.Errorf("%d connections, want one for each of 4 clients", len(connections))
	}
}

func TestLoadFailsOnAnythingBut200(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1) > 20 {
			http.Error(w, "Too Many Requests", http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	l := load{address: server.Listener.Addr().String(), request: []byte(request), clients: 2}
	if _, err := l.run(t.Context(), time.Hour); err == nil || !strings.Contains(err.Error(), "429 Too Many Requests") {
		t.Errorf("it ends with %v", err)
	}
	server.Close()
	if _, err := l.run(t.Context(), time.Hour); err == nil {
		t.Error("nobody listens, and it does not fail")
	}
}
