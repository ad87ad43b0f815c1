package parameter

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auth-api/functions/internal/aws"
)

const secret = "placeholder-secret-access-key"

func at(address string) *aws.Client {
	env := map[string]string{"AWS_ENDPOINT_URL_SSM": address, "AWS_REGION": "us-west-2", "AWS_ACCESS_KEY_ID": "ASIAPLACEHOLDER", "AWS_SECRET_ACCESS_KEY": secret}
	return aws.With("ssm", func(name string) string { return env[name] }, time.Now)
}

// answering is a Systems Manager that gives one answer.
func answering(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil || string(asked) != `{"Name":"/shop/dev/web"}` || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" ||
			r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || !strings.Contains(r.Header.Get("Authorization"), "/us-west-2/ssm/aws4_request") {
			t.Errorf("it is asked %s with %v, %v", asked, r.Header, err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestGet(t *testing.T) {
	server := answering(t, 200, `{"Parameter":{"ARN":"arn:…","DataType":"text","LastModifiedDate":1.7e9,"Name":"/shop/dev/web","Type":"String","Value":"{\"a\":1}","Version":3}}`)
	if got, err := get(t.Context(), at(server.URL), "/shop/dev/web"); err != nil || got != `{"a":1}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		is     error
		want   string // what the error ends with
	}{
		"refused":             {400, `{"__type":"AccessDeniedException","Message":"User: … is not authorized"}`, ErrRefused, "this function's role has no permission to read it (ssm:GetParameter)"},
		"refused, long":       {400, `{"__type":"com.amazonaws.ssm#AccessDeniedException"}`, ErrRefused, "(ssm:GetParameter)"},
		"not there":           {400, `{"__type":"ParameterNotFound"}`, ErrNotFound, "there is no such parameter in this region"},
		"too many":            {400, `{"__type":"ThrottlingException"}`, ErrUnavailable, "the parameter store does not answer: 400 Bad Request ThrottlingException"},
		"down":                {503, `about ann`, ErrUnavailable, "the parameter store does not answer: 503 Service Unavailable "},
		"another error":       {400, `{"__type":"ExpiredTokenException"}`, nil, "the parameter store answered 400 Bad Request ExpiredTokenException"},
		"an error of no kind": {404, ``, nil, "the parameter store answered 404 Not Found "},
		"no JSON":             {200, `about ann`, nil, "the answer is not the JSON of GetParameter"},
		"another shape":       {200, `{"Parameter":{"Value":["about ann"]}}`, nil, "the answer is not the JSON of GetParameter"},
		"encrypted":           {200, `{"Parameter":{"Type":"SecureString","Value":"about ann"}}`, nil, `its type is "SecureString", legal is String`},
		"empty":               {200, `{}`, nil, `its type is "", legal is String`},
		"endless":             {200, strings.Repeat(" ", maxAnswer+1), ErrUnavailable, "the parameter store does not answer: the answer is longer than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t.Context(), at(answering(t, c.status, c.body).URL), "/shop/dev/web")
			if err == nil || !strings.HasPrefix(err.Error(), "reading the parameter /shop/dev/web: ") || !strings.HasSuffix(err.Error(), c.want) {
				t.Fatalf("it says %v, want … %s", err, c.want)
			}
			for _, kind := range []error{ErrRefused, ErrNotFound, ErrUnavailable} {
				if errors.Is(err, kind) != (kind == c.is) {
					t.Errorf("%v: is it %v? %v", err, kind, errors.Is(err, kind))
				}
			}
			for _, private := range []string{secret, "about ann"} {
				if strings.Contains(err.Error(), private) {
					t.Errorf("it tells %q: %v", private, err)
				}
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		if _, err := get(t.Context(), at(server.URL), "/shop/dev/web"); !errors.Is(err, ErrUnavailable) {
			t.Errorf("it says %v", err)
		}
	})
}
