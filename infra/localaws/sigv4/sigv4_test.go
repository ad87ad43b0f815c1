package sigv4_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"auth-api/infra/localaws/sigv4"
)

const (
	testKey    = "AKIDEXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	testToken  = "session+token/with=characters"
	region     = "us-west-2"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// lookUp is what IAM would be: one key, with a session token.
func lookUp(c sigv4.Credential) (string, error) {
	if c.AccessKeyID != testKey || c.SessionToken != testToken {
		return "", sigv4.UnknownKey("")
	}
	return testSecret, nil
}

// verifier serves a server that answers 200 to requests whose signature holds, and
// else the refusal.
type verifier struct {
	*httptest.Server
	mu  sync.Mutex // for clients outside of this process
	opt sigv4.Options
	got sigv4.Credential
	err error
}

func serve(t testing.TB) *verifier {
	v := &verifier{opt: sigv4.Options{Service: "execute-api", Region: region, Now: noon, Keys: &sigv4.Keys{}}}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading a body: %v", err)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.got, v.err = sigv4.Verify(r, body, v.opt, lookUp); v.err != nil {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(v.Close)
	return v
}

// send sends the request as it stands and returns what Verify said.
func (v *verifier) send(t testing.TB, r *http.Request) *sigv4.Error {
	t.Helper()
	response, err := v.Client().Do(r)
	if err != nil {
		t.Fatalf("sending %s %s: %v", r.Method, r.URL, err)
	}
	defer response.Body.Close()
	if v.err == nil {
		return nil
	}
	var refusal *sigv4.Error
	if !errors.As(v.err, &refusal) {
		t.Fatalf("Verify returned %T: %v", v.err, v.err)
	}
	return refusal
}

func credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret, SessionToken: testToken}
}

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func request(t testing.TB, method, address, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t testing.TB, r *http.Request, body, service, region string, at time.Time) {
	t.Helper()
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials(), r, hash(body), service, region, at); err != nil {
		t.Fatal(err)
	}
}

// hostile are the pieces that paths, queries and headers are made of.
var hostile = []string{
	"a", "Z", "0", "-", "_", ".", "~", "*", "!", "(", ")", "'", "%2F", "%2f", "%25", "%252F", "%20", "%C3%A9", "%F0%9F%98%80",
	"%00", "%3D", "%26", "+", "%2B", ";", ":", "@", "$", ",", "..", ".", "=", "%7E", "%41",
}

func pick(random *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range random.IntN(most + 1) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}

// randomRequest makes a request with a hostile path, query, headers and body.
func randomRequest(t testing.TB, random *rand.Rand, base string) (*http.Request, string) {
	path := ""
	for range random.IntN(5) {
		path += "/" + pick(random, hostile, 4)
	}
	if path == "" {
		path = "/"
	}
	var query []string
	for range random.IntN(5) {
		name := []string{"a", "b", "A", "a-b", "a%2Fb", "%C3%A9", "*", "x y"}[random.IntN(8)]
		query = append(query, strings.ReplaceAll(name, " ", "%20")+"="+strings.ReplaceAll(pick(random, hostile, 3), ";", "%3B"))
	}
	body := ""
	if random.IntN(2) == 0 {
		body = pick(random, append([]string{"\x00", "\n", "é", "{}"}, hostile...), 300)
	}
	method := []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}[random.IntN(6)]
	u, err := url.Parse(base + path)
	if err != nil {
		t.Fatalf("%q: %v", path, err)
	}
	u.RawQuery = strings.Join(query, "&")
	r := request(t, method, u.String(), body)
	for range random.IntN(4) {
		name := []string{"X-Test", "X-Other", "Accept", "X-Amz-Meta-A"}[random.IntN(4)]
		r.Header.Add(name, []string{"", "a", "a  b   c", "  trimmed  ", "a,b", "é", "\"q  q\"", "x\ty"}[random.IntN(8)])
	}
	return r, body
}

// mutation changes one thing of a signed request; false when it has nothing to change.
type mutation struct {
	name   string
	change func(random *rand.Rand, r *http.Request, body string) (newBody string, changed bool)
}

var mutations = []mutation{
	{"method", func(_ *rand.Rand, r *http.Request, b string) (string, bool) { r.Method = "LINK"; return b, true }},
	{"path", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		setRaw(r, r.URL.EscapedPath()+"x")
		return b, true
	}},
	{"path slash added", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		setRaw(r, "/"+r.URL.EscapedPath())
		return b, true
	}},
	{"path escape", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		p := strings.Replace(r.URL.EscapedPath(), "%2F", "/", 1)
		changed := p != r.URL.EscapedPath()
		setRaw(r, p)
		return b, changed
	}},
	{"query added", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.URL.RawQuery += "&q=1"
		return b, true
	}},
	{"query value", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		before := r.URL.RawQuery
		r.URL.RawQuery = strings.Replace(before, "=", "=x", 1)
		return b, r.URL.RawQuery != before
	}},
	{"query removed", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		before := r.URL.RawQuery
		r.URL.RawQuery = ""
		return b, before != ""
	}},
	{"body", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		if b == "" {
			return b, false
		}
		changed := []byte(b)
		changed[len(b)/2] ^= 1
		return string(changed), true
	}},
	{"body added", func(_ *rand.Rand, r *http.Request, b string) (string, bool) { return b + "x", true }},
	{"signed header", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("X-Always", "other")
		return b, true
	}},
	{"signed header removed", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Del("X-Always")
		return b, true
	}},
	{"signed header given twice", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Add("X-Always", "again")
		return b, true
	}},
	{"host", func(_ *rand.Rand, r *http.Request, b string) (string, bool) { r.Host = "other.example"; return b, true }},
	{"date", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("X-Amz-Date", noon.Add(time.Second).Format("20060102T150405Z"))
		return b, true
	}},
	{"session token", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("X-Amz-Security-Token", testToken+"x")
		return b, true
	}},
	{"signature", func(random *rand.Rand, r *http.Request, b string) (string, bool) {
		a := []byte(r.Header.Get("Authorization"))
		i := len(a) - 1 - random.IntN(64)
		a[i] = "123456789abcdef0"[strings.IndexByte("0123456789abcdef", a[i])]
		r.Header.Set("Authorization", string(a))
		return b, true
	}},
	{"access key", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), testKey, "AKIDOTHER", 1))
		return b, true
	}},
	{"signed headers fewer", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ";x-always", "", 1))
		return b, true
	}},
	{"payload hash of another body", func(_ *rand.Rand, r *http.Request, b string) (string, bool) {
		r.Header.Set("X-Amz-Content-Sha256", hash(b+"x"))
		return b, true
	}},
}

func setRaw(r *http.Request, escaped string) {
	r.URL.RawPath = escaped
	r.URL.Path, _ = url.PathUnescape(escaped)
}

// Whatever aws-sdk-go-v2 signs passes, and no change of what was signed does.
func TestRandomRequestsSignedByTheSDK(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	v := serve(t)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		r, body := randomRequest(t, random, v.URL)
		r.Header.Set("X-Always", "here")
		sign(t, r, body, "execute-api", region, noon)
		what := fmt.Sprintf("round %d: %s %s %q", round, r.Method, r.URL, r.Header)

		copied := func(body string) *http.Request {
			c := r.Clone(context.Background())
			c.Body, c.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			return c
		}
		if refusal := v.send(t, copied(body)); refusal != nil {
			t.Fatalf("%s\nrefused: %v\n%s", what, refusal, refusal.Debug)
		}
		m := mutations[round%len(mutations)]
		bad := copied(body)
		newBody, changed := m.change(random, bad, body)
		if !changed {
			continue
		}
		bad.Body, bad.ContentLength = io.NopCloser(strings.NewReader(newBody)), int64(len(newBody))
		if refusal := v.send(t, bad); refusal == nil {
			t.Fatalf("%s\naccepted with another %s: %s %s", what, m.name, bad.Method, bad.URL)
		}
	}
}

// Each mutation, by itself, makes a good request a bad one.
func TestEachMutationIsRefused(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			v := serve(t)
			const body = `{"a": 1}`
			r := request(t, "POST", v.URL+"/a%2Fb?x=1&x=2", body)
			r.Header.Set("X-Always", "here")
			sign(t, r, body, "execute-api", region, noon)
			newBody, changed := m.change(rand.New(rand.NewPCG(3, 4)), r, body)
			if !changed {
				t.Fatal("the mutation changed nothing")
			}
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(newBody)), int64(len(newBody))
			if v.send(t, r) == nil {
				t.Error("accepted")
			}
		})
	}
}

// Presigned: the same, with the signature in the query.
func TestPresigned(t *testing.T) {
	v := serve(t)
	presign := func(address, expires string) string {
		t.Helper()
		r := request(t, "GET", address, "")
		q := r.URL.Query()
		if expires != "" {
			q.Set("X-Amz-Expires", expires)
		}
		r.URL.RawQuery = q.Encode()
		out, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials(), r, hash(""), "execute-api", region, noon)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	good := presign(v.URL+"/a%2F!*'()/%C3%A9?b=&a=2&a=1&%2F=+", "3600")
	if refusal := v.send(t, request(t, "GET", good, "")); refusal != nil {
		t.Fatalf("refused: %v\n%s", refusal, refusal.Debug)
	}
	if !v.got.Presigned || v.got.AccessKeyID != testKey || v.got.SessionToken != testToken {
		t.Errorf("credential = %+v", v.got)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		r, _ := randomRequest(t, random, v.URL)
		u := presign(r.URL.String(), "60")
		if refusal := v.send(t, request(t, "GET", u, "")); refusal != nil {
			t.Fatalf("%s\nrefused: %v\n%s", r.URL, refusal, refusal.Debug)
		}
	}

	for _, c := range []struct {
		name, old, new, code, message string
		after                         time.Duration
	}{
		{name: "still good at the end", after: time.Hour},
		{name: "over", after: time.Hour + time.Second, code: sigv4.CodeInvalidSignature, message: "Signature expired: 20260901T120000Z is now earlier than 20260901T120001Z (20260901T130001Z - 60 min.)"},
		{name: "not yet", after: -6 * time.Minute, code: sigv4.CodeInvalidSignature, message: "Signature not yet current: 20260901T120000Z is still later than 20260901T115900Z (20260901T115400Z + 5 min.)"},
		{name: "query changed", old: "a=1", new: "a=3", code: sigv4.CodeInvalidSignature},
		{name: "expiry changed", old: "Expires=3600", new: "Expires=3601", code: sigv4.CodeInvalidSignature},
		{name: "longer than a week", old: "Expires=3600", new: "Expires=604801", code: sigv4.CodeIncomplete},
		{name: "no number", old: "Expires=3600", new: "Expires=-1", code: sigv4.CodeIncomplete},
		{name: "twice", old: "&X-Amz-Date=", new: "&X-Amz-Date=20260901T120000Z&X-Amz-Date=", code: sigv4.CodeIncomplete},
		{name: "credential missing", old: "X-Amz-Credential=", new: "X-Amz-Other=", code: sigv4.CodeIncomplete, message: "AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters."},
		{name: "algorithm", old: "AWS4-HMAC-SHA256", new: "AWS4-HMAC-SHA1", code: sigv4.CodeIncomplete},
		{name: "header injected", old: "SignedHeaders=host", new: "SignedHeaders=host%0Ax", code: sigv4.CodeIncomplete},
		{name: "header not there", old: "SignedHeaders=host", new: "SignedHeaders=host;x-not", code: sigv4.CodeInvalidSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			v.opt.Now = noon.Add(c.after)
			changed := strings.Replace(good, c.old, c.new, 1)
			if c.old != "" && changed == good {
				t.Fatal("nothing changed")
			}
			check(t, v.send(t, request(t, "GET", changed, "")), c.code, c.message)
		})
	}
	v.opt.Now = noon
	t.Run("for a minute and a half", func(t *testing.T) {
		u := presign(v.URL+"/", "90")
		v.opt.Now = noon.Add(91 * time.Second)
		defer func() { v.opt.Now = noon }()
		check(t, v.send(t, request(t, "GET", u, "")), sigv4.CodeInvalidSignature, "Signature expired: 20260901T120000Z is now earlier than 20260901T120001Z (20260901T120131Z - 90 sec.)")
	})
	t.Run("without expiry it is good for the clock's skew", func(t *testing.T) {
		u := presign(v.URL+"/", "")
		check(t, v.send(t, request(t, "GET", u, "")), "", "")
		v.opt.Now = noon.Add(5*time.Minute + time.Second)
		defer func() { v.opt.Now = noon }()
		check(t, v.send(t, request(t, "GET", u, "")), sigv4.CodeInvalidSignature, "Signature expired: 20260901T120000Z is now earlier than 20260901T120001Z (20260901T120501Z - 5 min.)")
	})
	t.Run("with a header besides", func(t *testing.T) {
		r := request(t, "GET", good, "")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a")
		check(t, v.send(t, r), sigv4.CodeIncomplete, "")
	})
}

// check compares a refusal with what is wanted; an empty code wants none.
func check(t *testing.T, got *sigv4.Error, code, message string) {
	t.Helper()
	switch {
	case got == nil && code == "":
	case got == nil:
		t.Errorf("accepted, want %s", code)
	case got.Code != code || message != "" && got.Message != message:
		t.Errorf("got  %s: %s\nwant %s: %s\n%s", got.Code, got.Message, code, message, got.Debug)
	case got.Status != http.StatusForbidden:
		t.Errorf("status %d", got.Status)
	case strings.Contains(got.Debug+got.Message, testSecret), strings.Contains(got.Debug+got.Message, testToken):
		t.Errorf("a secret is in the refusal: %+v", got)
	}
}

const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Cases 8 to 16 of the table of cases.
func TestCases(t *testing.T) {
	sum := func(authorization string) string {
		s := sha256.Sum256([]byte(authorization))
		return base64.StdEncoding.EncodeToString(s[:])
	}
	const scope = "/20260901/us-west-2/execute-api/aws4_request"
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(a, old, new, 1))
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name            string
		service, region string
		signedAt        time.Time
		change          func(*http.Request)
		code, message   string
	}{
		{name: "good"},
		{name: "8 unsigned", change: func(r *http.Request) { r.Header.Del("Authorization") }, code: sigv4.CodeMissingToken, message: "Missing Authentication Token"},
		{name: "3 bearer", change: set("Authorization", "Bearer x"), code: sigv4.CodeIncomplete,
			message: "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + sum("Bearer x") + "'."},
		{name: "9 signature", change: edit("Signature=", "Signature=0"), code: sigv4.CodeInvalidSignature, message: mismatch},
		{name: "9 empty signature of the right length", change: func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-64]+strings.Repeat("0", 64))
		}, code: sigv4.CodeInvalidSignature, message: mismatch},
		{name: "10 service", service: "lambda", code: sigv4.CodeInvalidSignature, message: "Credential should be scoped to correct service: 'execute-api'. "},
		{name: "11 region", region: "us-east-1", code: sigv4.CodeInvalidSignature, message: "Credential should be scoped to a valid region. "},
		{name: "10 and 11", service: "lambda", region: "us-east-1", code: sigv4.CodeInvalidSignature,
			message: "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'execute-api'. "},
		{name: "terminator", change: edit("aws4_request", "aws5_request"), code: sigv4.CodeInvalidSignature, message: "Credential should be scoped with a valid terminator: 'aws4_request'. "},
		{name: "day of the scope", change: edit("/20260901/", "/20260902/"), code: sigv4.CodeInvalidSignature,
			message: "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260902' != '20260901', from '20260901T120000Z'. "},
		{name: "12 five minutes old", signedAt: noon.Add(-5 * time.Minute)},
		{name: "12 older", signedAt: noon.Add(-5*time.Minute - time.Second), code: sigv4.CodeInvalidSignature,
			message: "Signature expired: 20260901T115459Z is now earlier than 20260901T115500Z (20260901T120000Z - 5 min.)"},
		{name: "12 five minutes early", signedAt: noon.Add(5 * time.Minute)},
		{name: "12 earlier", signedAt: noon.Add(5*time.Minute + time.Second), code: sigv4.CodeInvalidSignature,
			message: "Signature not yet current: 20260901T120501Z is still later than 20260901T120500Z (20260901T120000Z + 5 min.)"},
		{name: "13 unknown key", change: edit(testKey, "AKIDOTHER"), code: sigv4.CodeUnknownKey, message: "The security token included in the request is invalid."},
		{name: "13 no session token", change: func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }, code: sigv4.CodeUnknownKey, message: "The security token included in the request is invalid."},
		{name: "15 no credential", change: edit("Credential="+testKey+scope+", ", ""), code: sigv4.CodeIncomplete},
		{name: "15 bare", change: set("Authorization", "AWS4-HMAC-SHA256 A=b"), code: sigv4.CodeIncomplete,
			message: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=" + sum("AWS4-HMAC-SHA256 A=b")},
		{name: "15 no date", change: func(r *http.Request) { r.Header.Del("X-Amz-Date") }, code: sigv4.CodeIncomplete},
		{name: "15 date malformed", change: set("X-Amz-Date", "today"), code: sigv4.CodeIncomplete, message: "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "15 credential of four parts", change: edit(scope, "/20260901/us-west-2/aws4_request"), code: sigv4.CodeIncomplete,
			message: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260901/us-west-2/aws4_request'."},
		{name: "15 a parameter twice", change: edit(", Signature=", ", Signature=0, Signature="), code: sigv4.CodeIncomplete},
		{name: "15 two headers", change: func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, code: sigv4.CodeIncomplete},
		{name: "15 two dates", change: func(r *http.Request) { r.Header.Add("X-Amz-Date", "20260901T120000Z") }, code: sigv4.CodeIncomplete},
		{name: "15 other algorithm", change: edit("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), code: sigv4.CodeIncomplete},
		{name: "16 host not signed", change: edit("host;", ""), code: sigv4.CodeIncomplete, message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "a signed header is not there", change: edit("host;", "host;x-not;"), code: sigv4.CodeInvalidSignature, message: mismatch},
		{name: "a signed header in upper case", change: edit("host;", "host;X-Amz-Date;"), code: sigv4.CodeInvalidSignature, message: mismatch},
		{name: "unsigned payload", change: set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), code: sigv4.CodeInvalidSignature, message: mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := serve(t)
			if c.service == "" {
				c.service = "execute-api"
			}
			if c.region == "" {
				c.region = region
			}
			if c.signedAt.IsZero() {
				c.signedAt = noon
			}
			r := request(t, "POST", v.URL+"/prod/x?b=2&a=1", "body")
			sign(t, r, "body", c.service, c.region, c.signedAt)
			if c.change != nil {
				c.change(r)
			}
			check(t, v.send(t, r), c.code, c.message)
		})
	}
}

func TestSkewBySevice(t *testing.T) {
	for service, want := range map[string]time.Duration{"execute-api": 5 * time.Minute, "lambda": 5 * time.Minute, "kms": 5 * time.Minute, "sts": 15 * time.Minute, "cognito-idp": 15 * time.Minute} {
		if got := sigv4.Skew(service); got != want {
			t.Errorf("%s: %s, want %s", service, got, want)
		}
	}
}

func TestPayloads(t *testing.T) {
	v := serve(t)
	signWith := func(r *http.Request, payload string) *http.Request {
		if err := v4.NewSigner().SignHTTP(context.Background(), credentials(), r, payload, "execute-api", region, noon); err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("the hash may be named and signed", func(t *testing.T) {
		r := request(t, "POST", v.URL+"/", "body")
		r.Header.Set("X-Amz-Content-Sha256", hash("body"))
		check(t, v.send(t, signWith(r, hash("body"))), "", "")
	})
	t.Run("a chunked body is verified too", func(t *testing.T) {
		r := request(t, "POST", v.URL+"/", "")
		r.ContentLength = -1
		signWith(r, hash("chunked"))
		r.Body = io.NopCloser(bytes.NewReader([]byte("chunked")))
		check(t, v.send(t, r), "", "")
	})
	t.Run("signed as unsigned payload", func(t *testing.T) {
		r := request(t, "POST", v.URL+"/", "body")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		check(t, v.send(t, signWith(r, "UNSIGNED-PAYLOAD")), sigv4.CodeInvalidSignature, mismatch)
	})
	t.Run("signed for another body than was sent", func(t *testing.T) {
		r := request(t, "POST", v.URL+"/", "body")
		r.Header.Set("X-Amz-Content-Sha256", hash("other"))
		check(t, v.send(t, signWith(r, hash("other"))), sigv4.CodeInvalidSignature, mismatch)
	})
	t.Run("amazon s3 takes unsigned payload and single escapes", func(t *testing.T) {
		v.opt.Service = "s3"
		defer func() { v.opt.Service = "execute-api" }()
		r := request(t, "PUT", v.URL+"/a%20b", "body")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		if err := v4.NewSigner().SignHTTP(context.Background(), credentials(), r, "UNSIGNED-PAYLOAD", "s3", region, noon, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }); err != nil {
			t.Fatal(err)
		}
		check(t, v.send(t, r), "", "")
	})
}

// The debug field helps, and holds no token, key or cookie.
func TestDebug(t *testing.T) {
	v := serve(t)
	r := request(t, "GET", v.URL+"/a b?q=1", "")
	r.Header.Set("X-Api-Key", "the-api-key")
	r.Header.Set("Cookie", "the-cookie")
	sign(t, r, "", "execute-api", region, noon)
	r.URL.RawQuery = "q=2"
	refusal := v.send(t, r)
	check(t, refusal, sigv4.CodeInvalidSignature, mismatch)
	for _, want := range []string{"/a%2520b", "\n(3 bytes)\n", "x-api-key:(11 bytes)", "cookie:(10 bytes)", "x-amz-security-token:(29 bytes)", "20260901/us-west-2/execute-api/aws4_request"} {
		if !strings.Contains(refusal.Debug, want) {
			t.Errorf("%q is missing in\n%s", want, refusal.Debug)
		}
	}
	for _, secret := range []string{"q=2", "the-api-key", "the-cookie", testToken, testSecret} {
		if strings.Contains(refusal.Debug, secret) {
			t.Errorf("%q is in\n%s", secret, refusal.Debug)
		}
	}
}

// A target in absolute form, as proxies are sent, and the Date header.
func TestOtherForms(t *testing.T) {
	r := httptest.NewRequest("GET", "http://api.example/a/b?x=1", nil)
	r.Header.Set("Date", noon.Format(http.TimeFormat))
	signing := r.Clone(context.Background())
	sign(t, signing, "", "execute-api", region, noon)
	r.Header.Set("X-Amz-Security-Token", testToken)
	// The SDK signs x-amz-date; without it only the Date header dates the request, so the
	// signature does not fit. It must get as far as that, not fail for want of a date.
	r.Header.Set("Authorization", signing.Header.Get("Authorization"))
	_, err := sigv4.Verify(r, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon}, lookUp)
	var refusal *sigv4.Error
	if !errors.As(err, &refusal) || refusal.Code != sigv4.CodeInvalidSignature {
		t.Errorf("got %v", err)
	}
	for _, target := range []string{"http://api.example/a/b?x=1", "/a/b?x=1"} {
		signing.RequestURI = target
		if _, err := sigv4.Verify(signing, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon}, lookUp); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	signing.RequestURI = "http://api.example"
	if _, err := sigv4.Verify(signing, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon}, lookUp); err == nil {
		t.Error("accepted another target")
	}
}

func TestUnserved(t *testing.T) {
	for authorization, code := range map[string]string{
		"":         sigv4.CodeMissingToken,
		"Bearer x": sigv4.CodeIncomplete,
		"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0": sigv4.CodeMissingToken,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if got := sigv4.Unserved(r); got.Code != code {
			t.Errorf("%q: %s, want %s", authorization, got.Code, code)
		}
	}
}

// The cache of derived keys is bounded, right, and safe for many goroutines.
func TestKeysAreCachedByScopeAndSecret(t *testing.T) {
	keys := &sigv4.Keys{}
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 300 {
				id := strconv.Itoa(worker*300 + i%50)
				r := httptest.NewRequest("GET", "http://api.example/", nil)
				if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret" + id}, r, hash(""), "execute-api", region, noon); err != nil {
					t.Error(err)
				}
				secret := func(c sigv4.Credential) (string, error) { return "secret" + c.AccessKeyID, nil }
				if _, err := sigv4.Verify(r, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon, Keys: keys}, secret); err != nil {
					t.Error(err)
				}
				other := func(c sigv4.Credential) (string, error) { return "other" + c.AccessKeyID, nil }
				if _, err := sigv4.Verify(r, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon, Keys: keys}, other); err == nil {
					t.Error("accepted with another secret")
				}
			}
		})
	}
	wait.Wait()
}

func TestTheCallbacksErrorIsTheAnswer(t *testing.T) {
	r := httptest.NewRequest("GET", "http://api.example/", nil)
	sign(t, r, "", "execute-api", region, noon)
	broken := errors.New("reading the store: no space left")
	_, err := sigv4.Verify(r, nil, sigv4.Options{Service: "execute-api", Region: region, Now: noon}, func(sigv4.Credential) (string, error) { return "", broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	body := strings.Repeat("x", 1024)
	r := httptest.NewRequest("POST", "http://api.example/prod/users/42?b=2&a=1&c=x%20y", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", "0123456789abcdef")
	sign(b, r, body, "execute-api", region, noon)
	r.RequestURI = r.URL.RequestURI()
	payload := []byte(body)
	opt := sigv4.Options{Service: "execute-api", Region: region, Now: noon, Keys: &sigv4.Keys{}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sigv4.Verify(r, payload, opt, lookUp); err != nil {
			b.Fatal(err)
		}
	}
}
