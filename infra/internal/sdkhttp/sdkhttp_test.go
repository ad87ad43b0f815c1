package sdkhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"auth-api/infra/internal/sdkhttp"
)

// body is a request's body that the SDK has closed as soon as it was sent: nothing is
// left to read, and WriteTo says so by io.EOF.
type body struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func (*body) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

func (b *body) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func TestAnAnswerOutlivesItsRequest(t *testing.T) {
	const asked = "{}"
	answer := strings.Repeat("x", 1<<20)
	sent := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != asked {
			t.Errorf("the server got %q, %v", got, err)
		}
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-sent
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL, &body{Reader: strings.NewReader(asked), closed: sent})
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(asked))
	response, err := sdkhttp.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != answer {
		t.Errorf("read %d bytes of %d: %v", len(got), len(answer), err)
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect))
	defer server.Close()
	response, err := sdkhttp.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("got %s", response.Status)
	}
}
