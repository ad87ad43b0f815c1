package aws

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// at is a client of an API that is there, at noon.
func at(service, address string) *Client {
	env := map[string]string{
		"AWS_ENDPOINT_URL": address, "AWS_REGION": "us-west-2",
		"AWS_ACCESS_KEY_ID": "ASIAPLACEHOLDER", "AWS_SECRET_ACCESS_KEY": "placeholder-secret-access-key", "AWS_SESSION_TOKEN": "placeholder-session",
	}
	return With(service, func(name string) string { return env[name] }, func() time.Time { return noon })
}

// The request as the API gets it. Whether its signature holds is tried on the local AWS,
// which verifies it.
func TestTheRequest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "{}" || r.Method != "POST" || r.RequestURI != "/a%3Ab" {
			t.Errorf("it is %s %s with %s, %v", r.Method, r.RequestURI, body, err)
		}
		if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=ASIAPLACEHOLDER/20260601/us-west-2/ssm/aws4_request, SignedHeaders=") ||
			!strings.Contains(got, "x-amz-target") {
			t.Errorf("it is signed %s", got)
		}
		if got := r.Header.Get("X-Amz-Security-Token"); got != "placeholder-session" {
			t.Errorf("the session's token is %s", got)
		}
		_, _ = io.WriteString(w, "four")
	}))
	defer server.Close()
	for most, want := range map[int]string{4: "", 3: "the answer is longer than 3 bytes"} {
		response, err := at("ssm", server.URL+"/").Send(t.Context(), "POST", "/a%3Ab", http.Header{"X-Amz-Target": {"A.B"}}, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := Read(response, most)
		if want == "" && (err != nil || string(body) != "four") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("at most %d: read %s, %v", most, body, err)
		}
	}
}

// A request that was refused for its date is sent once more, whichever status the API
// has for it; one that was refused for anything else is not.
func TestTheClockIsTheAPIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		off    time.Duration
		status int
		asked  int // by two requests
	}{
		{"a day and a half behind, of Lambda", 36 * time.Hour, 403, 3},
		{"two hours ahead, of SSM", -2 * time.Hour, 400, 3},
		{"right", time.Minute, 403, 2},
		{"not there", 36 * time.Hour, 404, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked, theirs := 0, noon.Add(c.off)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Date", theirs.Format(http.TimeFormat))
				if r.Header.Get("X-Amz-Date") != theirs.Format("20060102T150405Z") {
					w.WriteHeader(c.status)
				}
			}))
			defer server.Close()
			client := at("ssm", server.URL)
			for range 2 {
				response, err := client.Send(t.Context(), "POST", "/", nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if want := c.asked == 3; (response.StatusCode == 200) != want {
					t.Errorf("answered %s", response.Status)
				}
			}
			if asked != c.asked {
				t.Errorf("it was asked %d times, want %d", asked, c.asked)
			}
		})
	}
}

func TestWhereAnAPIIs(t *testing.T) {
	for _, c := range []struct {
		service, want string
		set           map[string]string
	}{
		{"lambda", "https://lambda.us-west-2.amazonaws.com", map[string]string{"AWS_REGION": "us-west-2"}},
		{"ssm", "https://ssm.us-west-2.amazonaws.com", map[string]string{"AWS_REGION": "us-west-2", "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1"}},
		{"ssm", "https://ssm.cn-north-1.amazonaws.com.cn", map[string]string{"AWS_REGION": "cn-north-1"}},
		{"lambda", "http://127.0.0.1:4566", map[string]string{"AWS_REGION": "us-west-2", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}},
		{"ssm", "http://127.0.0.1:1", map[string]string{"AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:1/", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}},
	} {
		if got := With(c.service, func(name string) string { return c.set[name] }, time.Now).endpoint(); got != c.want {
			t.Errorf("%s by %v: got %s, want %s", c.service, c.set, got, c.want)
		}
	}
}
