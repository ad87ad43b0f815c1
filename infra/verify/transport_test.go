package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"auth-api/infra/client"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	gateways "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// onAWS is a session with a stack that says it is on AWS, whose services all stand at one
// address.
func onAWS(t *testing.T, server *httptest.Server) *session {
	t.Helper()
	s, err := newSession(Target{Name: "dev", Outputs: client.Outputs{
		APIURL: server.URL + "/dev", HostedUIURL: server.URL, Issuer: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_a", WebURL: "https://app.example.com/",
		CallbackURLs: []string{"https://app.example.com/"}, Region: "us-west-2",
		Routes: map[string]client.Route{"GET /a": {Method: "GET", Path: "/a", Authorization: authNone, APIKeyRequired: true}}, APIKey: "key-of-the-stack-01234",
	}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if server.Certificate() != nil {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		s.prober.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return s
}

func outcome(t *testing.T, s *session, id string) Outcome {
	t.Helper()
	for _, c := range Checks() {
		if c.ID != id {
			continue
		}
		worst := Holds
		for _, r := range c.run(t.Context(), s) {
			if r.Outcome != Holds {
				worst = r.Outcome
			}
		}
		return worst
	}
	t.Fatalf("there is no %s", id)
	return ""
}

func TestTransport(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "plain.example.com" {
			w.WriteHeader(http.StatusOK)
		}
		if strings.HasSuffix(r.URL.Path, "/login") && r.TLS != nil && r.TLS.Version >= tls.VersionTLS12 {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000 ; includeSubDomains")
		}
	})
	serve := func(min, max uint16) *httptest.Server {
		server := httptest.NewUnstartedServer(page)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
		server.TLS = &tls.Config{MinVersion: min, MaxVersion: max}
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	good, old := onAWS(t, serve(tls.VersionTLS12, 0)), onAWS(t, serve(tls.VersionTLS10, tls.VersionTLS11))
	clear := httptest.NewServer(page)
	t.Cleanup(clear.Close)
	plain := onAWS(t, clear)
	strange := onAWS(t, serve(tls.VersionTLS12, 0))
	strange.prober.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{} // its certificate is nobody's
	for id, want := range map[string]map[*session]Outcome{
		"V-TLS-01": {good: Holds, plain: Fails},
		"V-TLS-02": {good: Holds, plain: Fails},
		"V-TLS-03": {good: Holds, old: Fails},
		"V-TLS-04": {good: Holds, old: Fails, strange: Fails},
		"V-TLS-05": {good: Holds, plain: Fails},
	} {
		for s, outcomes := range want {
			if got := outcome(t, s, id); got != outcomes {
				t.Errorf("%s at %s: %s, want %s", id, s.base, got, outcomes)
			}
		}
	}
	if got := outcome(t, good, "V-TLS-06"); got != Holds { // nothing to look at, and run says so
		t.Errorf("V-TLS-06 without a domain: %s", got)
	}
	for header, want := range map[string]int{"max-age=5": 5, `includeSubDomains; Max-Age="7"`: 7, "": 0, "max-age=x": 0} {
		if got := maxAge(header); got != want {
			t.Errorf("%q is %d seconds, want %d", header, got, want)
		}
	}
}

// logged is a CloudWatch that has these lines.
type logLines []string

func (l logLines) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var events []string
	for _, line := range l {
		events = append(events, `{"message":"`+line+`"}`)
	}
	_, _ = io.WriteString(w, `{"events":[`+strings.Join(events, ",")+`]}`)
}

func TestTheAccessLogIsLookedThrough(t *testing.T) {
	for _, test := range []struct {
		lines logLines
		want  Outcome
	}{
		{logLines{"GET /a 200", "GET /b 403"}, Holds},
		{logLines{"GET /a 200", "GET /a key=key-of-the-stack-01234"}, Fails},
	} {
		server := httptest.NewServer(test.lines)
		t.Cleanup(server.Close)
		s := onAWS(t, server)
		s.target.Admin = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "verify", SecretAccessKey: "verify"}, nil
		})
		s.admin.logs = cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-west-2", BaseEndpoint: &server.URL, Credentials: s.target.Admin})
		s.deployed.once.Do(func() {}) // nobody is asked what is deployed
		s.deployed.stage = &apigateway.GetStageOutput{AccessLogSettings: &gateways.AccessLogSettings{DestinationArn: aws.String("arn:aws:logs:us-west-2:111122223333:log-group:/aws/apigateway/x/access"), Format: aws.String("$context.requestId")}}
		if got := outcome(t, s, "V-LOG-02"); got != test.want {
			t.Errorf("%v: %s, want %s", test.lines, got, test.want)
		}
	}
}

// A user that cannot be removed is told of, with what removes it.
func TestWhatCannotBeRemovedIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"no"}`)
	}))
	t.Cleanup(server.Close)
	s := onAWS(t, server)
	s.target.Admin = aws.AnonymousCredentials{}
	some := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "verify", SecretAccessKey: "verify"}, nil
	})
	s.admin.users = idp.New(idp.Options{Region: "us-west-2", BaseEndpoint: &server.URL, Credentials: some})
	s.admin.pools = cognitoidentity.New(cognitoidentity.Options{Region: "us-west-2", BaseEndpoint: &server.URL, Credentials: some})
	s.people.made, s.people.identities = []string{prefix + "1"}, []string{"us-west-2:1"}
	s.people.leftover("the clock")
	left := s.people.remove(t.Context())
	for _, want := range []string{"the clock", "the user auth-api-verify-1: AccessDeniedException: no; aws cognito-idp admin-delete-user", "1 identities"} {
		if !slices.ContainsFunc(left, func(text string) bool { return strings.Contains(text, want) }) {
			t.Errorf("%q is not told of: %q", want, left)
		}
	}
	if again := s.people.remove(t.Context()); len(again) > 1 {
		t.Errorf("the second time it is told again: %q", again)
	}
}

// A throttled request is sent again, later and later, so often and no more; the result
// says so.
func TestThrottledRequestsAreSentAgain(t *testing.T) {
	for _, throttled := range []int{0, 3, 100} {
		n := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-amz-apigw-id", "verify")
			if n++; n <= throttled {
				w.Header().Set("x-amzn-ErrorType", "TooManyRequestsException")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}))
		t.Cleanup(server.Close)
		s := onAWS(t, server)
		var waits []string
		s.prober.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d.String()); return nil }
		got := s.lets(t.Context(), "GET /a", "nobody", func() (*http.Request, error) {
			return request{method: "GET", path: "/a"}.to(t.Context(), s.base)
		})
		want, note := Holds, ""
		switch throttled {
		case 3:
			note = "throttled 3 times before"
		case 100:
			want, note = Broken, "still throttled after 7 tries"
		}
		if got.Outcome != want || !strings.Contains(got.Note, note) || len(waits) != min(throttled, maxThrottled) {
			t.Errorf("throttled %d times: %+v after %v", throttled, got, waits)
		}
	}
}

// A new key may be refused for a while on AWS: it is tried again so often, and said so.
func TestNewKeysAreTriedAgain(t *testing.T) {
	for _, test := range []struct {
		refused, retries int
		want             Outcome
		note             string
	}{
		{0, 5, Holds, ""}, {2, 5, Holds, "tried 3 times"}, {100, 5, Fails, "tried 6 times"}, {1, 0, Fails, ""},
	} {
		n := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-amz-apigw-id", "verify")
			if n++; n <= test.refused {
				w.Header().Set("x-amzn-ErrorType", "ForbiddenException")
				w.WriteHeader(http.StatusForbidden)
			}
		}))
		t.Cleanup(server.Close)
		s := onAWS(t, server)
		s.o.Retries = test.retries
		s.prober.wait = func(context.Context, time.Duration) error { return nil }
		got := s.lets(t.Context(), "GET /a", "nobody", func() (*http.Request, error) {
			return request{method: "GET", path: "/a"}.to(t.Context(), s.base)
		})
		if got.Outcome != test.want || !strings.Contains(got.Note, test.note) || test.note == "" && got.Note != "" {
			t.Errorf("%+v: %+v", test, got)
		}
	}
}
