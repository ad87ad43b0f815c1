package cases

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func mismatch() answer {
	return answer{status: 403, kind: "InvalidSignatureException",
		body: `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`}
}

func invalidSignature(message string) answer {
	return answer{status: 403, kind: "InvalidSignatureException", body: `{"message":"` + message + `"}`}
}

func incomplete(message string) answer {
	return answer{status: 403, kind: "IncompleteSignatureException", body: `{"message":"` + message + `"}`}
}

var invalidToken = answer{status: 403, kind: "UnrecognizedClientException", body: `{"message":"The security token included in the request is invalid."}`}

// tampered signs a request and changes it before it is sent.
func tampered(change func(r *http.Request)) func(c *on) answer {
	return func(c *on) answer {
		r := c.sign(c.request("POST", c.api, "/signed?a=1", "hello", "X-Amz-Meta", "one"), "hello", c.member())
		change(r)
		return c.send(r)
	}
}

// without takes a part off the Authorization header.
func without(part string) func(c *on) answer {
	return tampered(func(r *http.Request) {
		scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		parts := slices.DeleteFunc(strings.Split(rest, ", "), func(p string) bool { return strings.HasPrefix(p, part+"=") })
		r.Header.Set("Authorization", scheme+" "+strings.Join(parts, ", "))
	})
}

const hashedHeader = "(Hashed with SHA-256 and encoded with Base64) Authorization=SHA256"

func signatureCases() []testCase {
	return []testCase{
		{id: "8", title: "unsigned", known: sure, aws: unknownRoute, ask: func(c *on) answer { return c.get("/signed") }},
		{id: "9a", title: "one digit of the signature changed", known: sure, aws: mismatch(), ask: tampered(func(r *http.Request) {
			a, last := r.Header.Get("Authorization"), "0"
			if strings.HasSuffix(a, "0") {
				last = "1"
			}
			r.Header.Set("Authorization", a[:len(a)-1]+last)
		})},
		{id: "9b", title: "body changed", known: sure, aws: mismatch(), ask: func(c *on) answer {
			return c.send(c.sign(c.request("POST", c.api, "/signed", "other"), "hello", c.member()))
		}},
		{id: "9c", title: "query changed", known: sure, aws: mismatch(), ask: tampered(func(r *http.Request) { r.URL.RawQuery = "a=2" })},
		{id: "9d", title: "path changed", known: sure, aws: mismatch(), ask: func(c *on) answer {
			r := c.sign(c.request("GET", c.api, "/signed/a", ""), "", c.member())
			r.URL.Path += "b"
			return c.send(r)
		}},
		{id: "9e", title: "a signed header changed", known: sure, aws: mismatch(), ask: tampered(func(r *http.Request) { r.Header.Set("X-Amz-Meta", "two") })},
		{id: "9f", title: "method changed", known: sure, aws: mismatch(), ask: tampered(func(r *http.Request) { r.Method = "PUT" })},
		{id: "9g", title: "nothing changed", known: sure, aws: answer{status: 200}, ask: func(c *on) answer {
			return c.ok(tampered(func(*http.Request) {})(c))
		}},
		{id: "10a", title: "signed for another service", known: sure, aws: invalidSignature("Credential should be scoped to correct service: 'execute-api'. "), ask: func(c *on) answer {
			return c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "s3", region, noon))
		}},
		{id: "10b", title: "signed for another service and region", known: sure,
			aws: invalidSignature("Credential should be scoped to a valid region. Credential should be scoped to correct service: 'execute-api'. "), ask: func(c *on) answer {
				return c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "s3", "eu-west-1", noon))
			}},
		{id: "11", title: "signed for another region", known: likely, aws: invalidSignature("Credential should be scoped to a valid region. "), ask: func(c *on) answer {
			return c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "execute-api", "eu-west-1", noon))
		}},
		{id: "12a", title: "dated six minutes ago", known: sure,
			aws: invalidSignature("Signature expired: 20261122T115400Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)"), ask: func(c *on) answer {
				return c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "execute-api", region, noon.Add(-6*time.Minute)))
			}},
		{id: "12b", title: "dated six minutes ahead", known: sure,
			aws: invalidSignature("Signature not yet current: 20261122T120600Z is still later than 20261122T120500Z (20261122T120000Z + 5 min.)"), ask: func(c *on) answer {
				return c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "execute-api", region, noon.Add(6*time.Minute)))
			}},
		{id: "12c", title: "the gateway response of a wrong date is INVALID_SIGNATURE, as of a wrong signature", known: sure,
			aws: invalidSignature("Signature expired: 20261122T115400Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)").with("X-Gateway-Response: INVALID_SIGNATURE"), ask: func(c *on) answer {
				return c.send(c.signFor(c.request("GET", c.gates, "/signed", ""), "", c.member(), "execute-api", region, noon.Add(-6*time.Minute)))
			}},
		{id: "12d", title: "dated four minutes ago", known: sure, aws: answer{status: 200}, ask: func(c *on) answer {
			return c.ok(c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "execute-api", region, noon.Add(-4*time.Minute))))
		}},
		{id: "12e", title: "dated five minutes ago, to the second", known: open, said: "not recorded on which side the edge is", here: answer{status: 200},
			why: "the message of a refusal says earlier than five minutes ago", ask: func(c *on) answer {
				return c.ok(c.send(c.signFor(c.request("GET", c.api, "/signed", ""), "", c.member(), "execute-api", region, noon.Add(-5*time.Minute))))
			}},
		{id: "13a", title: "unknown access key", known: sure, aws: invalidToken, ask: func(c *on) answer {
			return c.signedGet(c.api, "/signed", aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "nobody's"})
		}},
		{id: "13b", title: "session token missing", known: sure, aws: invalidToken, ask: func(c *on) answer {
			by := c.member()
			by.SessionToken = ""
			return c.signedGet(c.api, "/signed", by)
		}},
		{id: "13c", title: "session token of another key", known: sure, aws: invalidToken, ask: func(c *on) answer {
			by := c.member()
			by.SessionToken = c.guest().SessionToken
			return c.signedGet(c.api, "/signed", by)
		}},
		{id: "14", title: "the session is over", known: likely,
			aws: answer{status: 403, kind: "ExpiredTokenException", body: `{"message":"The security token included in the request is expired"}`}, ask: func(c *on) answer {
				by := c.member()
				c.clock.advance(61 * time.Minute)
				return c.signedGet(c.api, "/signed", by)
			}},
		{id: "15a", title: "Credential missing", known: likely, aws: incomplete("Authorization header requires 'Credential' parameter. " + hashedHeader), ask: without("Credential")},
		{id: "15b", title: "SignedHeaders missing", known: likely, aws: incomplete("Authorization header requires 'SignedHeaders' parameter. " + hashedHeader), ask: without("SignedHeaders")},
		{id: "15c", title: "Signature missing", known: likely, aws: incomplete("Authorization header requires 'Signature' parameter. " + hashedHeader), ask: without("Signature")},
		{id: "15d", title: "X-Amz-Date missing", known: likely,
			aws: incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " + hashedHeader),
			ask: tampered(func(r *http.Request) { r.Header.Del("X-Amz-Date") })},
		{id: "16a", title: "Host not among the signed headers", known: likely, said: "refused; neither status nor words are recorded",
			here: incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."), why: "the words are those that other AWS services use",
			ask: tampered(func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "host;", "", 1))
			})},
		{id: "16b", title: "the same request a second time, four minutes later", known: likely, aws: answer{status: 200}, ask: func(c *on) answer {
			r := c.sign(c.request("GET", c.api, "/signed", ""), "", c.member())
			first := c.send(r)
			c.clock.advance(4 * time.Minute)
			again := c.request("GET", c.api, "/signed", "")
			again.Header = r.Header.Clone()
			if second := c.send(again); second.status != first.status {
				c.Errorf("the second time it answered %s", second)
			}
			return c.ok(first)
		}},
		{id: "S1", title: "two signatures in one request, header and query", known: open, said: "refused; the words are Amazon S3's",
			here: incomplete("Only one auth mechanism allowed; only one Authorization header, or one set of X-Amz-Algorithm, X-Amz-Credential and X-Amz-Signature query parameters, should be given."),
			why:  "deny in doubt: which of the two would count is not documented", ask: func(c *on) answer {
				r := c.sign(c.request("GET", c.api, "/signed?X-Amz-Signature=0", ""), "", c.member())
				return c.send(r)
			}},
		{id: "S2", title: "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", known: open, said: "documented for Amazon S3 alone",
			here: mismatch(), why: "deny in doubt: else a signature would leave the body open to change", ask: func(c *on) answer {
				by := c.member()
				r := c.request("POST", c.api, "/signed", "hello", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
				if err := v4.NewSigner().SignHTTP(c.Context(), by, r, "UNSIGNED-PAYLOAD", "execute-api", region, noon); err != nil {
					c.Fatal(err)
				}
				return c.send(r)
			}},
		{id: "S3", title: "presigned, in the query", known: sure, aws: answer{status: 200}, ask: func(c *on) answer { return c.ok(c.send(c.presigned("60"))) }},
		{id: "S4", title: "presigned for 60 s, after 61", known: likely, said: "refused as expired; the words are not recorded",
			here: invalidSignature("Signature expired: 20261122T120000Z is now earlier than 20261122T120001Z (20261122T120101Z - 1 min.)"),
			why:  "the words are those of a signature in the header",
			ask: func(c *on) answer {
				r := c.presigned("60")
				c.clock.advance(61 * time.Second)
				return c.send(r)
			}},
		{id: "S5", title: "presigned without X-Amz-Expires, after six minutes", known: open, said: "how long it is good is not documented",
			here: invalidSignature("Signature expired: 20261122T120000Z is now earlier than 20261122T120100Z (20261122T120600Z - 5 min.)"),
			why:  "deny in doubt: it is as good as a signed header, five minutes",
			ask: func(c *on) answer {
				r := c.presigned("")
				c.clock.advance(6 * time.Minute)
				return c.send(r)
			}},
		unreadable("S6", "another algorithm", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'. Supported is AWS4-HMAC-SHA256.", tampered(rewritten("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"))),
		unreadable("S7", "a parameter of the header twice", "Authorization header has the parameter 'SignedHeaders' twice. "+hashedHeader, tampered(rewritten("Signature=", "SignedHeaders=host, Signature="))),
		unreadable("S8", "two dates", "X-Amz-Date, Date and X-Amz-Security-Token may be given once only.", tampered(func(r *http.Request) {
			r.Header.Add("X-Amz-Date", "20261122T120000Z")
		})),
		unreadable("S9", "a Credential of four parts", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'ASIAKEY/20261122/"+region+"/execute-api'.",
			tampered(rewritten("/aws4_request", ""))),
		unreadable("S10", "a date in another form", "Date must be in ISO-8601 'basic format'. Got '2026-11-22'. See http://en.wikipedia.org/wiki/ISO_8601", tampered(func(r *http.Request) {
			r.Header.Set("X-Amz-Date", "2026-11-22")
		})),
		unreadable("S11", "presigned, without the names of the signed headers", "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.", func(c *on) answer {
			return c.send(c.requeried(func(q url.Values) { q.Del("X-Amz-SignedHeaders") }))
		}),
		unreadable("S12", "presigned, a parameter twice", "AWS query-string parameters may be given once only: 'X-Amz-Date'. Re-examine the query-string parameters.", func(c *on) answer {
			return c.send(c.requeried(func(q url.Values) { q.Add("X-Amz-Date", "20261122T120000Z") }))
		}),
		unreadable("S13", "presigned for eight days", "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds", func(c *on) answer {
			return c.send(c.presigned("691200"))
		}),
		unreadable("S14", "presigned for no time", "X-Amz-Expires must be a positive number of seconds. Re-examine the query-string parameters.", func(c *on) answer {
			return c.send(c.presigned("0"))
		}),
		unreadable("S15", "presigned by another algorithm", "Unsupported AWS 'algorithm'. Supported is AWS4-HMAC-SHA256.", func(c *on) answer {
			return c.send(c.requeried(func(q url.Values) { q.Set("X-Amz-Algorithm", "AWS4-HMAC-SHA1") }))
		}),
	}
}

// unreadable is a case of a signature that is not written as signatures are.
func unreadable(id, title, message string, ask func(c *on) answer) testCase {
	return testCase{id: id, title: title, known: likely, said: "refused; neither status nor words are recorded", here: incomplete(message),
		why: "the words are those that other AWS services use, as far as they have any", ask: ask}
}

// rewritten changes the header Authorization.
func rewritten(from, to string) func(r *http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}

// requeried is a presigned request whose query was changed.
func (c *on) requeried(change func(url.Values)) *http.Request {
	c.Helper()
	r := c.presigned("60")
	q := r.URL.Query()
	change(q)
	r.URL.RawQuery = q.Encode()
	return r
}

// presigned is a request whose signature stands in its query.
func (c *on) presigned(expires string) *http.Request {
	c.Helper()
	r := c.request("GET", c.api, "/signed", "")
	if expires != "" {
		r.URL.RawQuery = url.Values{"X-Amz-Expires": {expires}}.Encode()
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	signed, _, err := v4.NewSigner().PresignHTTP(c.Context(), c.member(), r, empty, "execute-api", region, c.clock.Now())
	if err != nil {
		c.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		c.Fatal(err)
	}
	return r
}
