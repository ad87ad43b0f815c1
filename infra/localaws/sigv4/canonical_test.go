package sigv4

import (
	"net/http/httptest"
	"strconv"
	"testing"
)

// The canonical forms of what no SDK would send, but anybody may.
func TestCanonicalQuery(t *testing.T) {
	for query, want := range map[string]string{
		"":                "",
		"&&":              "",
		"b&a":             "a=&b=",
		"a=2&a=1&a":       "a=&a=1&a=2",
		"a-b=1&a%2Fb=2":   "a%2Fb=2&a-b=1", // sorted as encoded
		"=x":              "=x",
		"a=b=c":           "a=b%3Dc",
		"a=%41%7e%2a":     "a=A~%2A",
		"a=x+y":           "a=x%20y",
		"a=%":             "a=%25",
		"a=%zz+%41%c3":    "a=%25zz%20A%C3",
		"a=%5a%5G%Ff":     "a=Z%255G%FF",
		"a=é":             "a=%C3%A9",
		"a=1;b=2":         "a=1%3Bb%3D2",
		"X-Amz-Signature": "X-Amz-Signature=",
	} {
		if got := string(appendQuery(nil, query, false)); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	if got := string(appendQuery(nil, "a=1&X-Amz-Signature=x", true)); got != "a=1" {
		t.Errorf("presigned: %q", got)
	}
}

func TestCanonicalPath(t *testing.T) {
	for path, want := range map[string]string{
		"":               "/",
		"/":              "/",
		"/a/../b/./c//d": "/a/../b/./c//d",
		"/%2F%20":        "/%252F%2520",
		"/a*b(c)'d!":     "/a%2Ab%28c%29%27d%21",
		"/a:b@c=d&e,f;g": "/a%3Ab%40c%3Dd%26e%2Cf%3Bg",
	} {
		if got := string(appendPath(nil, path, "execute-api")); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
		if got := string(appendPath(nil, path, "s3")); path != "" && got != path {
			t.Errorf("s3 %q: got %q", path, got)
		}
	}
}

func TestHeaderValues(t *testing.T) {
	r := httptest.NewRequest("POST", "http://h/", nil)
	r.ContentLength, r.TransferEncoding = 7, []string{"chunked"}
	for name, want := range map[string]string{"host": "h", "content-length": "7", "transfer-encoding": "chunked"} {
		if got := headerValues(r, name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	r.ContentLength = -1
	if got := headerValues(r, "content-length"); got != nil {
		t.Errorf("content-length of a chunked body: %q", got)
	}
}

// The cache forgets what is not asked for, keeps what is, and never grows beyond two
// generations.
func TestKeysAreBounded(t *testing.T) {
	k := &Keys{}
	for i := range 5 * maxGeneration {
		k.derive("secret"+strconv.Itoa(i), "20260901", "r", "s")
		k.derive("kept", "20260901", "r", "s")
		if n := len(k.young) + len(k.old); n > 2*maxGeneration {
			t.Fatalf("%d keys are kept", n)
		}
	}
	if _, kept := k.get(scope{"kept", "20260901", "r", "s"}); !kept {
		t.Error("the key that was asked for all the time is forgotten")
	}
	if _, kept := k.get(scope{"secret0", "20260901", "r", "s"}); kept {
		t.Error("the oldest key is still there")
	}
}

// A published vector: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// and the older "Examples of how to derive a signing key".
func TestDerivedKey(t *testing.T) {
	key := (*Keys)(nil).derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
	const want = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
	got := ""
	for _, b := range key {
		got += string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorText(t *testing.T) {
	if got, want := ExpiredToken("").Error(), "ExpiredTokenException: The security token included in the request is expired"; got != want {
		t.Errorf("got %q", got)
	}
	if got := incomplete("x").Error(); got != "IncompleteSignatureException: x" {
		t.Errorf("got %q", got)
	}
}
