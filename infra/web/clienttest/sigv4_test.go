package clienttest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"auth-api/infra/internal/browsertest"
)

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func decode(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

// toSign is what sigv4.sign is given.
type toSign struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body,omitempty"`
	Keys    map[string]string `json:"keys"`
	Region  string            `json:"region"`
	Service string            `json:"service"`
	At      int64             `json:"at"`
}

// signed is what it gave.
type signed struct {
	URL, CanonicalRequest, StringToSign, CredentialScope, SignedHeaders, Signature string
	Headers                                                                        map[string]string
}

// signAll signs all requests in one go.
func signAll(b *browsertest.Browser, requests []toSign) []signed {
	return browsertest.Call[[]signed](b, `(requests) => Promise.all(requests.map(async ({ url, keys, region, service, at, ...request }) => {
		const signed = await client.sigv4.sign({ ...request, url: new URL(url) }, keys, { region, service, at });
		return { ...signed, url: signed.url.href };
	}))`, requests)
}

// AWS's published figures: the Signature Version 4 test suite
// (https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html, archived)
// and the worked example of the general reference, ListUsers of IAM.
func TestPublishedSignatures(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC).UnixMilli()
	keys := map[string]string{"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	type m = map[string]string
	cases := []struct {
		name, method, target string
		headers              m
		body, signature      string
	}{
		{"get-vanilla", "GET", "/", nil, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", nil, "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-empty-query-key", "GET", "/?Param1=value1", nil, "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", nil, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-vanilla-query-unreserved", "GET", "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", nil, "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{"get-vanilla-utf8-query", "GET", "/?ሴ=bar", nil, "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-relative (normalized)", "GET", "/example/..", nil, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-header-value-trim", "GET", "/", m{"My-Header1": " value1", "My-Header2": ` "a   b   c"`}, "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-vanilla", "POST", "/", nil, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-header-key-sort", "POST", "/", m{"My-Header1": "value1"}, "", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{"post-x-www-form-urlencoded", "POST", "/", m{"Content-Type": "application/x-www-form-urlencoded"}, "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	}
	var requests []toSign
	for _, c := range cases {
		requests = append(requests, toSign{c.method, "https://example.amazonaws.com" + c.target, c.headers, c.body, keys, "us-east-1", "service", at})
	}
	for i, got := range signAll(b, requests) {
		if got.Signature != cases[i].signature {
			t.Errorf("%s: the signature is %s, want %s, of\n%s", cases[i].name, got.Signature, cases[i].signature, got.CanonicalRequest)
		}
	}
	got := signAll(b, []toSign{{
		"GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", m{"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, "", keys, "us-east-1", "iam", at,
	}})[0]
	hash := sha256.Sum256([]byte(got.CanonicalRequest))
	for what, c := range map[string][2]string{
		"canonical request": {hex.EncodeToString(hash[:]), "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"},
		"string to sign":    {got.StringToSign, "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"},
		"authorization": {got.Headers["authorization"], "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
			"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
	} {
		if c[0] != c[1] {
			t.Errorf("ListUsers: the %s is\n%s\nwant\n%s", what, c[0], c[1])
		}
	}
}

// What the browser signs is what aws-sdk-go-v2 signs, for whatever can be in a request.
func TestSignaturesLikeTheSDKs(t *testing.T) {
	t.Parallel()
	b, _ := modules(t, nil)
	const seed = 20260901
	g := &generator{rand.New(rand.NewPCG(seed, 7))}
	requests := make([]toSign, 600)
	for i := range requests {
		requests[i] = g.request()
	}
	for i, got := range signAll(b, requests) {
		r := requests[i]
		req, err := http.NewRequest(r.Method, got.URL, bytes.NewReader([]byte(r.Body)))
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		for name, value := range r.Headers {
			req.Header.Set(name, value)
		}
		req.ContentLength = 0 // which the browser sends by itself, unsigned
		sum := sha256.Sum256([]byte(r.Body))
		credentials := aws.Credentials{AccessKeyID: r.Keys["accessKeyId"], SecretAccessKey: r.Keys["secretAccessKey"], SessionToken: r.Keys["sessionToken"]}
		if err := v4.NewSigner().SignHTTP(t.Context(), credentials, req, hex.EncodeToString(sum[:]), r.Service, r.Region, time.UnixMilli(r.At)); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if want := req.Header.Get("Authorization"); got.Headers["authorization"] != want {
			t.Errorf("%d: %s %q with %q:\n%s\nwant\n%s\nof\n%s", i, r.Method, r.URL, r.Headers, got.Headers["authorization"], want, got.CanonicalRequest)
		}
		// That its query is encoded anew changes nothing of what it says.
		before, wellFormed := query(t, r.URL)
		if after, _ := query(t, got.URL); wellFormed && !reflect.DeepEqual(before, after) {
			t.Errorf("%d: the query of %s became %s", i, r.URL, got.URL)
		}
	}
}

// query is what an address says after the ?, and whether all of it can be read.
func query(t *testing.T, address string) (values url.Values, wellFormed bool) {
	t.Helper()
	_, text, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(text)
	return values, err == nil
}

// generator makes up hostile requests.
type generator struct{ *rand.Rand }

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// text is of letters that encoders stumble over.
func (g *generator) text(more ...string) string {
	letters := append([]string{"a", "Z", "9", "-", "_", ".", "~", "é", "ሴ", "😀", "!", "'", "(", ")", "*", ":", "@", "$", ",", "|", "^", "`", "{", "}", "[", "]", "\"", "<", ">"}, more...)
	var b strings.Builder
	for range g.IntN(9) {
		b.WriteString(g.pick(letters...))
	}
	return b.String()
}

func (g *generator) request() toSign {
	r := toSign{
		Method: g.pick("GET", "POST", "PUT", "DELETE", "PATCH"), Headers: map[string]string{},
		Region: g.pick("us-west-2", "eu-central-1", "us-gov-west-1"), Service: g.pick("execute-api", "lambda", "service"),
		At: 1_400_000_000_000 + g.Int64N(800_000_000_000),
		Keys: map[string]string{
			"accessKeyId": "ASIA" + g.pick("EXAMPLE", "0123456789ABCDEF"), "secretAccessKey": g.text("/", "+", "=", "&", "%") + "k",
		},
	}
	if g.IntN(3) > 0 {
		r.Keys["sessionToken"] = strings.Repeat(g.pick("Ab/+=", "xyz", "IQoJb3JpZ2luX2Vj"), 1+g.IntN(60))
	}
	path := ""
	for range g.IntN(5) {
		path += "/" + url.PathEscape(g.text("/", " ", "%", "+", ";", "=", "&", "?", "#"))
	}
	if path == "" || g.IntN(4) == 0 {
		path += "/"
	}
	var query []string
	for range g.IntN(6) {
		name, value := url.QueryEscape(g.text(" ", "+", "%", "&", "=", ";", "/", "?", "#")), url.QueryEscape(g.text(" ", "+", "%", "&", "=", ";", "/", "?", "#"))
		switch g.IntN(5) {
		case 0: // in the way of URIs
			value = strings.ReplaceAll(value, "+", "%20")
		case 1: // more than needs be, in small letters
			name, value = strings.ToLower(hexed(name)), hexed(value)
		}
		pair := name + "=" + value
		if g.IntN(10) == 0 {
			value += g.pick("%zz", "%", "%f", "%ff", "%C3%28", "%00") // no encoding, or of no text
		}
		if g.IntN(6) == 0 && name != "" {
			pair = name // without =
		}
		query = append(query, pair)
		if g.IntN(5) == 0 {
			query = append(query, name+"="+url.QueryEscape(g.text())) // the same name once more
		}
	}
	r.URL = "https://" + g.pick("x.execute-api.us-west-2.amazonaws.com", "localhost:4566", "api.example.com:8443") + path
	if len(query) > 0 {
		r.URL += "?" + strings.Join(query, "&")
	}
	if g.IntN(2) == 0 {
		r.Body = g.text("\n", "\t", "\\", "\x00", " ") + g.text()
	}
	if r.Body != "" {
		r.Headers["Content-Type"] = g.pick("application/json", "text/plain;  charset=utf-8", "application/x-www-form-urlencoded")
	}
	for range g.IntN(4) {
		r.Headers["x-amz-meta-"+g.pick("a", "B", "c1", "d-e")] = strings.Repeat(" ", g.IntN(3)) + g.pick("value", "two  blanks", "a   b   c", `"quoted  text"`, "a,b", "x:y;z=1", "0")
	}
	return r
}

// hexed is an encoded text with each of its plain letters encoded too.
func hexed(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '%' && i+2 < len(text):
			b.WriteString(text[i : i+3])
			i += 2
		case c == '+':
			b.WriteString("%20")
		default:
			b.WriteString("%" + hex.EncodeToString([]byte{c}))
		}
	}
	return b.String()
}
