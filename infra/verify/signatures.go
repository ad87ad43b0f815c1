package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auth-api/infra/client"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const themeSignatures = "Signatures"

const (
	docSigV4    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"
	docSigFault = "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html"
	docPresign  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html"
)

// signing is how a request is signed, and what is done to it afterwards.
type signing struct {
	what        string
	credentials func(c *aws.Credentials)
	region      string
	service     string
	off         time.Duration // how far its date is off
	presign     time.Duration // 0: by headers
	body        string        // that is signed
	before      func(r *http.Request)
	after       func(r *http.Request)
	stage       bool // signed for another stage
}

// signatures are the checks of what is signed: each a table of what is altered.
var signatures = []struct {
	id, title, proves, doc string
	severity               Severity
	tries                  []signing
}{
	{"V-SIG-01", "An altered signature is refused", "One digit of the signature, its end or all of it changed.", docSigFault, Critical, []signing{
		{what: "one digit changed", after: authorization(func(h string) string {
			i := strings.LastIndexByte(h, '=') + 1
			return h[:i] + flip(h[i:])
		})},
		{what: "cut short", after: authorization(func(h string) string { return h[:len(h)-1] })},
		{what: "of zeros", after: authorization(func(h string) string { return h[:len(h)-64] + strings.Repeat("0", 64) })},
	}},
	{"V-SIG-02", "A body changed after signing is refused", "A body where none was signed, and another than was signed.", docSigV4, Critical, []signing{
		{what: "a body added", after: func(r *http.Request) { withBody(r, `{"verify":1}`) }},
		{what: "a body changed", body: `{"verify":1}`, after: func(r *http.Request) { withBody(r, `{"verify":2}`) }},
	}},
	{"V-SIG-03", "A query changed after signing is refused", "A parameter added, and one changed.", docSigV4, Critical, []signing{
		{what: "a parameter added", after: func(r *http.Request) { r.URL.RawQuery = "verify=1" }},
		{what: "a parameter changed", before: func(r *http.Request) { r.URL.RawQuery = "verify=1" }, after: func(r *http.Request) { r.URL.RawQuery = "verify=2" }},
	}},
	{"V-SIG-04", "A signed header changed is refused", "A header that was signed and changed, and one that was left out.", docSigV4, Critical, []signing{
		{what: "a header changed", before: header("X-Amz-Meta-Verify", "1"), after: header("X-Amz-Meta-Verify", "2")},
		{what: "a header left out", before: header("X-Amz-Meta-Verify", "1"), after: func(r *http.Request) { r.Header.Del("X-Amz-Meta-Verify") }},
	}},
	{"V-SIG-05", "A signature for another path is refused", "Signed for another path and sent to the route.", docSigV4, Critical, []signing{
		{what: "of another path", before: func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" }, after: func(r *http.Request) { r.URL.Path = strings.TrimSuffix(r.URL.Path, "x") }},
	}},
	{"V-SIG-06", "A signature for another method is refused", "Signed for a made-up method and sent with the route's.", docSigV4, Critical, []signing{
		{what: "of another method", before: func(r *http.Request) { r.Method = "VERIFY" }},
	}},
	{"V-SIG-07", "A stale signature is refused", "Dated six minutes ago: API Gateway takes five.", docSigFault, High, []signing{{what: "six minutes old", off: -6 * time.Minute}, {what: "a day old", off: -24 * time.Hour}}},
	{"V-SIG-08", "A signature from the future is refused", "Dated in six minutes.", docSigFault, High, []signing{{what: "six minutes ahead", off: 6 * time.Minute}, {what: "a day ahead", off: 24 * time.Hour}}},
	{"V-SIG-09", "A signature for another region is refused", "Its credential scope names another region.", docSigFault, High, []signing{{what: "of another region", region: "eu-north-1"}}},
	{"V-SIG-10", "A signature for another service is refused", "Its credential scope names another service.", docSigFault, High, []signing{{what: "of s3", service: "s3"}, {what: "of lambda", service: "lambda"}}},
	{"V-SIG-11", "Made-up credentials are refused", "An access key id that nobody has, another secret, and a session token that is missing, altered or made up.", docSigFault, Critical, []signing{
		{what: "an unknown access key", credentials: func(c *aws.Credentials) { c.AccessKeyID = "ASIAVERIFYVERIFYVERI" }},
		{what: "another secret", credentials: func(c *aws.Credentials) { c.SecretAccessKey = strings.Repeat("verify+/", 5) }},
		{what: "no session token", credentials: func(c *aws.Credentials) { c.SessionToken = "" }},
		{what: "an altered session token", credentials: func(c *aws.Credentials) { c.SessionToken = flip(c.SessionToken) }},
		{what: "a made-up session token", credentials: func(c *aws.Credentials) { c.SessionToken = strings.Repeat("verify", 30) }},
	}},
	{"V-SIG-12", "Incomplete signatures are refused", "Credential, SignedHeaders, Signature or the date left out, and another algorithm.", docSigFault, High, []signing{
		{what: "no Credential", after: authorization(func(h string) string { return "AWS4-HMAC-SHA256 " + h[strings.Index(h, "SignedHeaders="):] })},
		{what: "no SignedHeaders", after: authorization(func(h string) string {
			return h[:strings.Index(h, "SignedHeaders=")] + h[strings.Index(h, "Signature="):]
		})},
		{what: "no Signature", after: authorization(func(h string) string { return h[:strings.Index(h, ", Signature=")] })},
		{what: "no date", after: func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
		{what: "another algorithm", after: authorization(func(h string) string { return strings.Replace(h, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", 1) })},
	}},
	{"V-SIG-13", "The host is part of the signature", "Signed for another host, and with Host left out of what is signed.", docSigV4, High, []signing{
		{what: "of another host", before: func(r *http.Request) { r.Host = "verify.example.com" }, after: func(r *http.Request) { r.Host = "" }},
		{what: "Host not signed", after: authorization(func(h string) string { return strings.Replace(h, "SignedHeaders=host;", "SignedHeaders=", 1) })},
	}},
	{"V-SIG-14", "A presigned address does not outlive its time", "An address that was signed for a minute, ten minutes ago.", docPresign, High, []signing{
		{what: "presigned, over", presign: time.Minute, off: -10 * time.Minute},
	}},
	{"V-SIG-15", "A presigned address cannot be altered", "Its query, its time, its method and its signature changed.", docPresign, Critical, []signing{
		{what: "presigned, a parameter added", presign: time.Minute, after: func(r *http.Request) { r.URL.RawQuery += "&verify=1" }},
		{what: "presigned, a longer time", presign: time.Minute, after: query("X-Amz-Expires", func(string) string { return "3600" })},
		{what: "presigned, one digit changed", presign: time.Minute, after: query("X-Amz-Signature", flip)},
		{what: "presigned for another method", presign: time.Minute, before: func(r *http.Request) { r.Method = "VERIFY" }},
	}},
	{"V-SIG-16", "A signature for another stage is refused", "Signed for another stage's address and sent to this one's.", docSigV4, High, []signing{{what: "of another stage", stage: true}}},
}

func signatureChecks() []Check {
	var out []Check
	for _, c := range signatures {
		out = append(out, Check{
			ID: c.id, Theme: themeSignatures, Title: c.title, Proves: c.proves + " The same request, not altered, gets through: V-RTE-01.", Doc: c.doc, Severity: c.severity, phase: main,
			Applies: "routes with authorization AWS_IAM, as somebody who may call them",
			run:     func(ctx context.Context, s *session) []Result { return s.signatures(ctx, c.tries) },
		})
	}
	return out
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func authorization(change func(string) string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", change(r.Header.Get("Authorization"))) }
}

func query(name string, change func(string) string) func(*http.Request) {
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Set(name, change(q.Get(name)))
		r.URL.RawQuery = q.Encode()
	}
}

func (s *session) signatures(ctx context.Context, tries []signing) []Result {
	return s.routes(isIAM, func(name string, r client.Route) (out []Result) {
		if why := s.gated(name); why != "" {
			return []Result{skip(name, "", "%s", why)}
		}
		if why := s.gated("through " + name); why != "" && (safe(methodOf(r)) || s.o.Writes) {
			return []Result{skip(name, "", "even a good signature does not get through: %s", why)}
		}
		u, why := s.people.may(r)
		if u == nil {
			return []Result{skip(name, "", "%s", why)}
		}
		if tries[0].presign > 0 && (safe(methodOf(r)) || s.o.Writes) {
			good := s.lets(ctx, name, u.label, func() (*http.Request, error) {
				return s.sign(ctx, r, u.identity.Credentials, signing{presign: time.Minute})
			})
			if good.Outcome != Holds {
				return []Result{skip(name, u.label, "even a good presigned address does not get through: %s", join(good.Got, good.Note))}
			}
		}
		for _, try := range tries {
			out = append(out, s.refuses(ctx, name, u.label+", "+try.what, refusedByGateway, func() (*http.Request, error) {
				return s.sign(ctx, r, u.identity.Credentials, try)
			}))
		}
		return out
	})
}

// sign makes a request to the route that is signed as try says.
func (s *session) sign(ctx context.Context, r client.Route, c aws.Credentials, try signing) (*http.Request, error) {
	req, err := request{method: methodOf(r), path: Example(r.Path), header: s.keyed(r), body: []byte(try.body)}.to(ctx, s.base)
	if err != nil {
		return nil, err
	}
	if try.before != nil {
		try.before(req)
	}
	if try.credentials != nil {
		try.credentials(&c)
	}
	region, service := s.out.Region, "execute-api"
	if try.region != "" {
		if region = try.region; region == s.out.Region {
			region = "us-east-1"
		}
	}
	if try.service != "" {
		service = try.service
	}
	sum := sha256.Sum256([]byte(try.body))
	hash := hex.EncodeToString(sum[:])
	path := req.URL.Path
	if try.stage {
		req.URL.Path = strings.Replace(path, s.prefix+"/", s.prefix+"x/", 1)
	}
	at := s.now().Add(try.off)
	if try.presign > 0 {
		q := req.URL.Query()
		q.Set("X-Amz-Expires", fmt.Sprint(int(try.presign/time.Second)))
		req.URL.RawQuery = q.Encode()
		key := req.Header.Get("X-Api-Key")
		req.Header.Del("X-Api-Key") // or it would be a signed header
		address, _, err := v4.NewSigner().PresignHTTP(ctx, c, req, hash, service, region, at)
		if err != nil {
			return nil, fmt.Errorf("presigning the request: %w", err)
		}
		if req.URL, err = url.Parse(address); err != nil {
			return nil, fmt.Errorf("presigning the request: the signer's address cannot be read")
		}
		if key != "" {
			req.Header.Set("X-Api-Key", key)
		}
	} else if err := v4.NewSigner().SignHTTP(ctx, c, req, hash, service, region, at); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	req.Method = methodOf(r)
	if try.stage {
		req.URL.Path = path
	}
	if try.after != nil {
		try.after(req)
	}
	return req, nil
}

// withBody gives a request another body.
func withBody(r *http.Request, body string) {
	fresh, err := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(body))
	if err != nil {
		return // the address was good before
	}
	r.Body, r.ContentLength, r.GetBody = fresh.Body, fresh.ContentLength, fresh.GetBody
}
