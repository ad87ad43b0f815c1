package invoke

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/functions/internal/aws"
)

const secret = "placeholder-secret-access-key"

// at is a client of a Lambda that is there, at noon.
func at(address string) *client {
	env := map[string]string{
		"AWS_ENDPOINT_URL": address, "AWS_REGION": "us-west-2",
		"AWS_ACCESS_KEY_ID": "ASIAPLACEHOLDER", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "placeholder-session",
	}
	return &client{aws.With("lambda", func(name string) string { return env[name] }, func() time.Time { return noon })}
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// The request as Lambda gets it. Whether its signature holds is tried on the local AWS,
// which verifies it.
func TestTheRequest(t *testing.T) {
	const function = "arn:aws:lambda:us-west-2:111122223333:function:auth-api-dev-guest-list:live"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"caller":"ann"}` {
			t.Errorf("the body is %s, %v", body, err)
		}
		if want := "/2015-03-31/functions/" + strings.ReplaceAll(function, ":", "%3A") + "/invocations"; r.Method != "POST" || r.RequestURI != want {
			t.Errorf("it is %s %s, want POST %s", r.Method, r.RequestURI, want)
		}
		if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=ASIAPLACEHOLDER/20260601/us-west-2/lambda/aws4_request, SignedHeaders=") {
			t.Errorf("it is signed %s", got)
		}
		if got := r.Header.Get("X-Amz-Security-Token"); got != "placeholder-session" {
			t.Errorf("the session's token is %s", got)
		}
		_, _ = io.WriteString(w, `{"rooms":["bar"]}`)
	}))
	defer server.Close()
	var answer struct{ Rooms []string }
	if err := at(server.URL+"/").ask(t.Context(), function, map[string]string{"caller": "ann"}, &answer); err != nil || len(answer.Rooms) != 1 {
		t.Errorf("the answer is %v, %v", answer, err)
	}
}

func TestWhatGoesWrongIsToldAndNoMore(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		headers map[string]string
		body    string
		want    string
	}{
		{"refused", 403, map[string]string{"X-Amzn-ErrorType": "AccessDeniedException:http://internal.amazon.com/"}, `{"Message":"User: … is not authorized"}`,
			"asking guest-list: this function's role has no permission to invoke it"},
		{"refused for another reason", 403, map[string]string{"X-Amzn-ErrorType": "ExpiredTokenException"}, "", "asking guest-list: Lambda answered 403 Forbidden ExpiredTokenException"},
		{"not there", 404, map[string]string{"X-Amzn-ErrorType": "ResourceNotFoundException"}, "", "asking guest-list: Lambda answered 404 Not Found ResourceNotFoundException"},
		{"too many", 429, map[string]string{"X-Amzn-ErrorType": "TooManyRequestsException"}, "", "asking guest-list: Lambda answered 429 Too Many Requests TooManyRequestsException"},
		{"it failed", 200, map[string]string{"X-Amz-Function-Error": "Unhandled"}, `{"errorMessage":"about ann"}`, "asking guest-list: it failed (Unhandled); its log says why"},
		{"no JSON", 200, nil, "about ann", "asking guest-list: decoding the answer: invalid character"},
		{"another shape", 200, nil, `[]`, "asking guest-list: decoding the answer: json: cannot unmarshal array"},
		{"endless", 200, nil, strings.Repeat(" ", maxAnswer+1), "asking guest-list: the answer is longer than 6291456 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", noon.Format(http.TimeFormat))
				for name, value := range c.headers {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			var answer struct{ Rooms []string }
			err := at(server.URL).ask(t.Context(), "guest-list", "who is ann?", &answer)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || errors.Is(err, ErrRefused) != (c.name == "refused") {
				t.Fatalf("it says %v, want %s", err, c.want)
			}
			for _, private := range []string{secret, "placeholder-session", "who is ann", "about ann"} {
				if strings.Contains(err.Error(), private) {
					t.Errorf("it tells %q: %v", private, err)
				}
			}
		})
	}
}

// A question that was dated wrongly is asked once more, and the next is dated rightly.
func TestTheClockIsLambdas(t *testing.T) {
	for _, off := range []time.Duration{36 * time.Hour, -2 * time.Hour} {
		var dates []string
		theirs := noon.Add(off)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			dates = append(dates, r.Header.Get("X-Amz-Date"))
			w.Header().Set("Date", theirs.Format(http.TimeFormat))
			if r.Header.Get("X-Amz-Date") != theirs.Format("20060102T150405Z") {
				w.Header().Set("X-Amzn-ErrorType", "InvalidSignatureException")
				w.WriteHeader(http.StatusForbidden)
			}
			_, _ = io.WriteString(w, "{}")
		}))
		defer server.Close()
		c := at(server.URL)
		for range 2 {
			if err := c.ask(t.Context(), "guest-list", nil, &struct{}{}); err != nil {
				t.Errorf("off by %s: %v", off, err)
			}
		}
		if len(dates) != 3 {
			t.Errorf("off by %s: it was asked %v", off, dates)
		}
	}
}

// A warm function asks over the connection that it has.
func TestQuestionsShareAConnection(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := at(server.URL)
	for range 5 {
		if err := c.ask(t.Context(), "guest-list", nil, &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("five questions took %d connections", n)
	}
}

// Who asks has time left to answer when the other does not.
func TestAQuestionEndsBeforeItsAskersTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done() // for ever, but for the asker
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), margin+50*time.Millisecond)
	defer cancel()
	err := at(server.URL).ask(ctx, "guest-list", nil, nil)
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		t.Errorf("it says %v, and its own time: %v", err, ctx.Err())
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if err := at(server.URL).ask(t.Context(), "guest-list", nil, nil); err == nil || !strings.HasPrefix(err.Error(), "asking guest-list: Post ") {
		t.Errorf("it says %v", err)
	}
	if err := at(server.URL).ask(t.Context(), "guest-list", func() {}, nil); err == nil || !strings.HasPrefix(err.Error(), "asking guest-list: encoding the question: ") {
		t.Errorf("it says %v", err)
	}
}

func TestVariable(t *testing.T) {
	for function, want := range map[string]string{"guest-list": "FUNCTION_GUEST_LIST", "a_b-C9": "FUNCTION_A_B_C9"} {
		if got := Variable(function); got != want {
			t.Errorf("%s: got %s, want %s", function, got, want)
		}
	}
}
