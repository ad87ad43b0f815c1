package localaws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"auth-api/infra/localaws"
)

func start(t *testing.T, cfg localaws.Config) *localaws.Server {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	s, err := localaws.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// send returns status, error type and body.
func send(t *testing.T, s *localaws.Server, method, path string, headers map[string]string, body string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("x-amzn-ErrorType"), string(data)
}

func TestWhatItDoesNotHaveIsNamedInAWSsForm(t *testing.T) {
	s := start(t, localaws.Config{})
	for name, test := range map[string]struct {
		method, path string
		headers      map[string]string
		body         string
		status       int
		kind, says   string
	}{
		"another service":        {"POST", "/", map[string]string{"X-Amz-Target": "DynamoDB_20120810.GetItem"}, "{}", 400, "UnknownOperationException", "DynamoDB_20120810.GetItem"},
		"an unknown operation":   {"POST", "/", map[string]string{"X-Amz-Target": "AWSCognitoIdentityProviderService.MakeTea"}, "{}", 400, "UnknownOperationException", "MakeTea"},
		"an unknown identity op": {"POST", "/", map[string]string{"X-Amz-Target": "AWSCognitoIdentityService.MakeTea"}, "{}", 400, "UnknownOperationException", "MakeTea"},
		"no target":              {"POST", "/", nil, "{}", 400, "UnknownOperationException", "without X-Amz-Target"},
		"a path of S3":           {"PUT", "/bucket/key", nil, "x", 400, "UnknownOperationException", "PUT /bucket/key"},
		"a body that is no JSON": {"POST", "/", map[string]string{"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}, "{", 400, "SerializationException", ""},
		"an API that is not there": {"GET", "/execute-api/abcdefghij/dev/", nil, "", 403, "ForbiddenException",
			`{"message":"Forbidden"}`},
		"a sign-in that is not there": {"GET", "/auth/nobody/login", nil, "", 404, "", ""},
		"keys of no pool":             {"GET", "/us-west-2_000000000/.well-known/jwks.json", nil, "", 404, "", ""},
		"a stranger at the Runtime API": {"GET", "/_runtime/guess/2018-06-01/runtime/invocation/next", nil, "", 403,
			"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, kind, body := send(t, s, test.method, test.path, test.headers, test.body)
			if status != test.status || test.kind != "" && kind != test.kind || !strings.Contains(body, test.says) {
				t.Errorf("%d %s %s; want %d %s %s", status, kind, body, test.status, test.kind, test.says)
			}
		})
	}
}

func TestPagesFromElsewhereCannotReadTheMailbox(t *testing.T) {
	s := start(t, localaws.Config{})
	for name, test := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"a tester":                            {nil, 200},
		"a page of its own origin":            {map[string]string{"Origin": s.URL()}, 200},
		"a page of another origin":            {map[string]string{"Origin": "https://example.com"}, 403},
		"a name that was rebound to loopback": {map[string]string{"Host": "rebound.example.com"}, 403},
	} {
		if status, _, body := send(t, s, "GET", "/_local/mailbox", test.headers, ""); status != test.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, test.status)
		}
	}
	if status, _, body := send(t, s, "GET", "/_local/tea", nil, ""); status != 404 || !strings.Contains(body, "/_local/mailbox") {
		t.Errorf("an unknown address answers %d %s, and does not say what there is", status, body)
	}
}

func TestBrowsersMayCallCognito(t *testing.T) {
	s := start(t, localaws.Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://localhost:3000")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "x-amz-target") {
		t.Errorf("the preflight answers %d %v", resp.StatusCode, resp.Header)
	}
}

func TestABodyThatIsTooLargeIsNotRead(t *testing.T) {
	s := start(t, localaws.Config{})
	status, kind, _ := send(t, s, "POST", "/", map[string]string{"X-Amz-Target": "AWSCognitoIdentityService.GetId"}, strings.Repeat(" ", 11<<20))
	if status != 413 || kind != "RequestEntityTooLargeException" {
		t.Errorf("11 MB are answered with %d %s", status, kind)
	}
}

func TestATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = localaws.Start(localaws.Config{Dir: t.TempDir(), Port: taken.Addr().(*net.TCPAddr).Port})
	if err == nil || !strings.Contains(err.Error(), "is taken by another program; choose one that is free, such as LOCAL_PORT=") {
		t.Errorf("it says %v", err)
	}
}

func TestAPortThatIsNone(t *testing.T) {
	for _, port := range []int{-1, 65536} {
		if _, err := localaws.Start(localaws.Config{Dir: t.TempDir(), Port: port}); err == nil || !strings.Contains(err.Error(), "legal are 1 to 65535") {
			t.Errorf("port %d: it says %v", port, err)
		}
	}
}

func TestTwoOnOneStoreAreRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, localaws.Config{Dir: dir})
	if _, err := localaws.Start(localaws.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "local-aws.db")) {
		t.Errorf("it says %v", err)
	}
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

func TestTheLogSaysWhyAndTellsNoSecret(t *testing.T) {
	var log buffer
	s := start(t, localaws.Config{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	send(t, s, "POST", "/?X-Amz-Security-Token=in-the-query", map[string]string{
		"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth", "X-Api-Key": "in-a-header", "Authorization": "Bearer in-the-authorization",
	}, `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"nobody","AuthParameters":{"USERNAME":"ada","PASSWORD":"in-the-body"}}`)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var line struct{ Msg, Method, Path, Service, Decision, Reason, RequestID string }
	if err := json.Unmarshal([]byte(strings.TrimSpace(log.String())), &line); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if line.Msg != "request" || line.Path != "/" || line.Service != "cognito-idp InitiateAuth" || line.Decision != "deny" || line.Reason == "" || line.RequestID == "" {
		t.Errorf("it says %+v", line)
	}
	for _, secret := range []string{"in-the-query", "in-a-header", "in-the-authorization", "in-the-body"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds what was %s", secret)
		}
	}
}
