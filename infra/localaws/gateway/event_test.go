package gateway

import (
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/jwt"
)

var update = flag.Bool("update", false, "write the golden events")

// The complete events, with what differs from run to run replaced.
func TestProxyEvents(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{BinaryMediaTypes: []string{"image/*"}, Body: doctest.OpenAPI(map[string]map[string]any{
		"GET /no-auth":        doctest.Operation("no-auth"),
		"GET /require-auth":   doctest.Operation("require-auth", "sigv4"),
		"GET /user":           doctest.Operation("user", "users"),
		"ANY /files/{path+}":  doctest.Operation("files"),
		"POST /upload/{kind}": doctest.Operation("upload"),
	})})
	f.update(func(tx *store.Tx) error {
		return Stages.Put(tx, "ags-"+apiID+"-v1", Stage{RestAPI: apiID, StageName: "v1", Deployment: "dep001", Variables: map[string]string{"color": "blue"}})
	})
	f.tokens["id"] = jwt.Claims{Subject: "sub-1", TokenUse: "id", All: map[string]any{"sub": "sub-1", "token_use": "id", "exp": json.Number("1795346400"), "iat": json.Number("1795342800"), "auth_time": json.Number("1795342800"),
		"cognito:groups": []any{"a", "b"}, "identities": []any{map[string]any{"userId": "7"}}}}
	user := f.role("user", allowing("Allow", "GET/require-auth"), signedIn)
	visitor := f.role("guest", allowing("Allow", "GET/require-auth"), guest)

	for name, request := range map[string]func() *http.Request{
		"unsigned": func() *http.Request {
			r := f.request("GET", "/no-auth?one=1&two=a%20b&two=c+d&empty=&bare", "")
			r.Header.Set("Accept", "*/*")
			r.Header["Cookie"] = []string{"a=1", "b=2"}
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			r.Header.Set("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
			return r
		},
		"signed": func() *http.Request { return f.sign(f.request("GET", "/require-auth", ""), "", user) },
		"guest":  func() *http.Request { return f.sign(f.request("GET", "/require-auth", ""), "", visitor) },
		"claims": func() *http.Request {
			r := f.request("GET", "/user", "")
			r.Header.Set("Authorization", "id")
			return r
		},
		"greedy": func() *http.Request {
			return f.request("DELETE", "/files/user/test%2Balias@gmail.com/plus/a+b?email=test%2Balias@gmail.com&plus=a+b", "")
		},
		"text": func() *http.Request { return f.request("POST", "/upload/text", "{\"a\":\"<é>\"}\xff") },
		"binary": func() *http.Request {
			r := f.request("POST", "/upload/picture", "\x89PNG\xff")
			r.Header.Set("Content-Type", "image/png")
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Header.Set("User-Agent", "tests/1.0")
			if got := f.do(r); got.status != 200 {
				t.Fatalf("answered %d %s", got.status, got.body)
			}
			event := decode(t, f.functions.last(t))
			got := normalize(t, f, event)
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the event differs from %s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// normalize checks what differs from run to run and puts names in its place.
func normalize(t *testing.T, f *fixture, event map[string]any) []byte {
	t.Helper()
	ctx := event["requestContext"].(map[string]any)
	if _, err := uuid.Parse(ctx["requestId"].(string)); err != nil {
		t.Errorf("the request id is %v: %v", ctx["requestId"], err)
	}
	if id := ctx["extendedRequestId"].(string); len(id) != 16 || !strings.HasSuffix(id, "=") {
		t.Errorf("the extended request id is %v", id)
	}
	ctx["requestId"], ctx["extendedRequestId"] = "REQUEST-ID", "EXTENDED-ID"
	text, err := json.MarshalIndent(event, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(f.server.URL, "http://")
	_, port, _ := net.SplitHostPort(host)
	out := strings.ReplaceAll(string(text), host, "HOST:PORT")
	out = strings.ReplaceAll(out, `"`+port+`"`, `"PORT"`)
	out = regexp.MustCompile(`Root=1-[0-9a-f]{8}-[0-9a-f]{24}"`).ReplaceAllString(out, `TRACE"`)
	out = regexp.MustCompile(`ASIA[A-Z0-9]+`).ReplaceAllString(out, "ACCESS-KEY")
	out = regexp.MustCompile(`"X-Amz-Security-Token": ("[^"]*"|\[[^\]]*\])`).ReplaceAllString(out, `"X-Amz-Security-Token": "TOKEN"`)
	return append([]byte(out), '\n')
}

func TestBinaryAndCompressedAnswers(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{BinaryMediaTypes: []string{"image/png"}, MinimumCompressionSize: "100", Body: doctest.OpenAPI(map[string]map[string]any{"GET /f": doctest.Operation("f"), "HEAD /f": doctest.Operation("f")})})

	t.Run("a binary answer is decoded where the client accepts it first", func(t *testing.T) {
		f.functions.answers(`{"isBase64Encoded":true,"body":"iVBORw==","headers":{"Content-Type":"image/png"}}`)
		for accept, want := range map[string]string{"image/png": "\x89PNG", "image/png;q=0.9, text/html": "\x89PNG", "text/html, image/png": "iVBORw==", "": "iVBORw=="} {
			if r := f.get("/f", "Accept", accept); r.body != want {
				t.Errorf("Accept %q answered %q, want %q", accept, r.body, want)
			}
		}
	})
	t.Run("open: a body that is not base64", func(t *testing.T) {
		f.functions.answers(`{"isBase64Encoded":true,"body":"***"}`)
		f.get("/f", "Accept", "image/png").refused(t, 502, "InternalServerErrorException", internal)
	})
	t.Run("a large answer is compressed where the client takes it", func(t *testing.T) {
		large := strings.Repeat("a", 200)
		f.functions.answers(`{"body":"` + large + `"}`)
		for accept, want := range map[string]string{
			"gzip": "gzip", "GZIP": "gzip", "deflate": "deflate", "deflate, gzip": "deflate", "gzip, deflate, br, zstd": "gzip",
			"deflate;q=0.5, gzip;q=1.0": "gzip", "gzip;q=1.0, identity; q=0.5, *;q=0": "gzip", "gzip; q=0.001": "gzip",
			// What the client wants most must be what API Gateway has.
			"br": "", "br, gzip;q=0.5": "", "br, gzip": "", "identity": "", "identity, gzip": "", "*": "", "gzip;q=0.5, *": "",
			"gzip;q=0": "", "gzip;q=0, deflate;q=0.1": "deflate", "gzip;q=2": "", "gzip;q=x": "", "gzip;level=9": "", "gzip;q=-1": "", "gzip;q=NaN": "", ",": "",
		} {
			r := f.get("/f", "Accept-Encoding", accept)
			if got := r.header.Get("Content-Encoding"); got != want {
				t.Errorf("Accept-Encoding %q: the encoding is %q, want %q", accept, got, want)
				continue
			}
			var plain io.Reader = strings.NewReader(r.body)
			var err error
			switch want {
			case "gzip":
				plain, err = gzip.NewReader(plain)
			case "deflate":
				plain, err = zlib.NewReader(plain)
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(plain)
			if err != nil || string(body) != large || want == "" && r.header.Get("Content-Length") != "200" || want != "" && r.header.Get("Content-Length") != fmt.Sprint(len(r.body)) {
				t.Errorf("Accept-Encoding %q: the body is %q, %v with %v", accept, body, err, r.header)
			}
		}
		f.functions.answers(`{"body":"` + large + `","headers":{"Content-Encoding":"br","ETag":"W/\"1\""}}`)
		if r := f.get("/f", "Accept-Encoding", "gzip"); r.header.Get("Content-Encoding") != "br" || r.body != large || r.header.Get("ETag") != `W/"1"` {
			t.Errorf("an answer that is encoded already is %q with %v", r.body, r.header)
		}
		for _, status := range []string{"204", "304"} {
			f.functions.answers(`{"statusCode":` + status + `,"body":"` + large + `","headers":{"ETag":"W/\"1\""}}`)
			if r := f.get("/f", "Accept-Encoding", "gzip"); r.header.Get("Content-Encoding") != "" || r.body != "" || r.header.Get("ETag") != `W/"1"` || r.header.Get("Content-Length") != "" {
				t.Errorf("%s is answered %q with %v", status, r.body, r.header)
			}
		}
		f.functions.answers(`{"body":"small"}`)
		if r := f.get("/f", "Accept-Encoding", "gzip"); r.header.Get("Content-Encoding") != "" || r.body != "small" {
			t.Errorf("a small answer is %q, encoded %q", r.body, r.header.Get("Content-Encoding"))
		}
	})
	t.Run("HEAD has no body", func(t *testing.T) {
		head := f.request("HEAD", "/f", "")
		head.Header.Set("Accept-Encoding", "gzip")
		f.functions.answers(`{"body":"` + strings.Repeat("a", 200) + `"}`)
		get := f.get("/f", "Accept-Encoding", "gzip")
		if r := f.do(head); r.body != "" || r.header.Get("Content-Encoding") != "gzip" || r.header.Get("Content-Length") != get.header.Get("Content-Length") {
			t.Errorf("HEAD answered %q with %v, and GET with %v", r.body, r.header, get.header)
		}
		f.functions.answers(`{"body":"small"}`)
		if r := f.do(f.request("HEAD", "/f", "")); r.status != 200 || r.body != "" || r.header.Get("Content-Length") != "5" {
			t.Errorf("answered %d %q with %v", r.status, r.body, r.header)
		}
	})
}

// On one connection, so that a body too many would be read as the next answer.
func TestAnswersWithoutABody(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /f": doctest.Operation("f"), "HEAD /f": doctest.Operation("f")}, func(d doctest.Document) {
		d["x-amazon-apigateway-gateway-responses"] = map[string]any{"MISSING_AUTHENTICATION_TOKEN": map[string]any{"statusCode": "204"}}
	})})
	for _, status := range []string{"204", "304"} {
		f.functions.answers(`{"statusCode":` + status + `,"body":"too much"}`)
		for range 2 {
			if r := f.get("/f"); fmt.Sprint(r.status) != status || r.body != "" || r.header.Get("Content-Length") != "" {
				t.Errorf("answered %d %q with %v, want %s and no body", r.status, r.body, r.header, status)
			}
		}
	}
	for range 2 {
		if r := f.get("/unknown"); r.status != 204 || r.body != "" || r.header.Get("Content-Length") != "" {
			t.Errorf("a gateway response answered %d %q with %v, want 204 and no body", r.status, r.body, r.header)
		}
	}
	f.functions.answers(`{"body":"small"}`)
	for range 2 {
		if r := f.do(f.request("HEAD", "/f", "")); r.status != 200 || r.body != "" || r.header.Get("Content-Length") != "5" {
			t.Errorf("HEAD answered %d %q with %v", r.status, r.body, r.header)
		}
	}
}

func TestSplitPath(t *testing.T) {
	for path, want := range map[string][3]string{
		"/execute-api/abc/v1":          {"abc", "v1", ""},
		"/execute-api/abc/v1/":         {"abc", "v1", "/"},
		"/execute-api/abc/v1//x/%2F/y": {"abc", "v1", "//x/%2F/y"},
	} {
		api, stage, rest, ok := SplitPath(path)
		if got := [3]string{api, stage, rest}; got != want || !ok {
			t.Errorf("%s is split into %v, %v; want %v", path, got, ok, want)
		}
	}
	for _, path := range []string{"/", "/execute-api", "/execute-api/abc", "/execute-api//v1", "/x/abc/v1"} {
		if _, _, _, ok := SplitPath(path); ok {
			t.Errorf("%s is no path of a stage", path)
		}
	}
}

func TestQuery(t *testing.T) {
	got := parseQuery("a=1&a=2;b=x%zz&=v&c&%63=3&&plus=a+b%2B")
	want := map[string][]string{"a": {"1", "2"}, "b": {"x%zz"}, "": {"v"}, "c": {"", "3"}, "plus": {"a b+"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
