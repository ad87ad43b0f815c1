// Package sigv4 verifies Signature Version 4 over the bytes of a request as they
// came in: the raw request target, the Host, the headers and the body. It is pure:
// time, secrets and the expected scope are handed to it.
//
// The signature may stand in the Authorization header or, presigned, in the query.
//
// Specification: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// Where it leaves room, the signer of aws-sdk-go-v2 is followed, and tested against.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	dateForm   = "20060102T150405Z"
	// unsignedPayload stands for the hash of a body that is not signed. Amazon S3 alone
	// is documented to take it.
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// Credential is what a signed request says of its signer. It is proven only when
// Verify has returned it without an error; the secret callback sees it before.
type Credential struct {
	AccessKeyID   string
	Region        string
	Service       string
	SessionToken  string // empty for long-term keys
	SignedAt      time.Time
	SignedHeaders []string // in lower case, as they stand in the request
	Presigned     bool     // the signature stood in the query
}

// Options say what a signature must be made for.
type Options struct {
	Service string    // execute-api, sts, cognito-idp, lambda, …
	Region  string    // us-west-2
	Now     time.Time // when the request came in
	Keys    *Keys     // derived keys to reuse; nil derives the key each time
}

// Verify verifies the request's signature over the body that was received, and
// returns whose it is. The callback looks up the secret access key that belongs to
// the access key id and session token; its error, when it is an *Error, is the
// answer for an unknown key or a session that is over. Every refusal is an *Error,
// checked in this order: is the signature complete, is its scope right, is its date
// near, is the key known, does the signature match.
func Verify(r *http.Request, body []byte, opt Options, secret func(Credential) (secretKey string, err error)) (Credential, error) {
	s, refusal := read(r)
	if refusal != nil {
		return Credential{}, refusal
	}
	if refusal := s.checkScope(opt); refusal != nil {
		return Credential{}, refusal
	}
	if refusal := s.checkTime(opt); refusal != nil {
		return Credential{}, refusal
	}
	key, err := secret(s.Credential)
	if err != nil {
		return Credential{}, err
	}

	payload, ok := s.payloadHash(r, body)
	if !ok {
		return Credential{}, mismatch("the header X-Amz-Content-Sha256 is not the hash of the body that was received")
	}
	canonical, missing := s.canonicalRequest(r, payload)
	if missing != "" {
		return Credential{}, mismatch("the signed header " + missing + " is not in the request")
	}
	hash := sha256.Sum256(canonical)
	toSign := s.stringToSign(hash)
	derived := opt.Keys.derive(key, s.scopeDate, s.Region, s.Service)
	want := hex.EncodeToString(sign(derived[:], toSign))
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return Credential{}, mismatch("canonical request:\n" + s.redactedCanonicalRequest(r, payload) + "\nstring to sign:\n" + toSign)
	}
	return s.Credential, nil
}

// signed is a request's signature, read but not yet verified.
type signed struct {
	Credential
	date          string // as it stands in the string to sign
	scopeDate     string // YYYYMMDD of the credential scope
	terminator    string
	signature     string
	signedHeaders string
	expires       time.Duration // of a presigned request; 0 when it does not say
	path, query   string        // of the request target, raw
}

// stringToSign returns the string that the signature is made of.
func (s *signed) stringToSign(hash [sha256.Size]byte) string {
	return algorithm + "\n" + s.date + "\n" +
		s.scopeDate + "/" + s.Region + "/" + s.Service + "/" + terminator + "\n" +
		hex.EncodeToString(hash[:])
}

func sign(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

// checkScope compares the credential scope with what the request should be signed for.
func (s *signed) checkScope(opt Options) *Error {
	message := ""
	if s.Region != opt.Region {
		message += "Credential should be scoped to a valid region. "
	}
	if s.Service != opt.Service {
		message += "Credential should be scoped to correct service: '" + opt.Service + "'. "
	}
	if s.terminator != terminator {
		message += "Credential should be scoped with a valid terminator: '" + terminator + "'. "
	}
	if day := s.date[:len("20060102")]; s.scopeDate != day {
		message += "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" + s.scopeDate + "' != '" + day + "', from '" + s.date + "'. "
	}
	if message == "" {
		return nil
	}
	return &Error{Status: http.StatusForbidden, Code: CodeInvalidSignature, Message: message}
}

// Skew returns how far the date of a signature may be from the service's clock.
func Skew(service string) time.Duration {
	switch service {
	case "execute-api", "lambda", "kms":
		return 5 * time.Minute
	default:
		return 15 * time.Minute
	}
}

// checkTime refuses signatures that are too old, presigned ones that have run out,
// and those from the future.
func (s *signed) checkTime(opt Options) *Error {
	skew := Skew(opt.Service)
	oldest := skew
	if s.expires > 0 {
		oldest = s.expires
	}
	now := opt.Now.UTC()
	switch {
	case s.SignedAt.Before(now.Add(-oldest)):
		return &Error{Status: http.StatusForbidden, Code: CodeInvalidSignature, Message: "Signature expired: " + s.date +
			" is now earlier than " + now.Add(-oldest).Format(dateForm) + " (" + now.Format(dateForm) + " - " + span(oldest) + ")"}
	case s.SignedAt.After(now.Add(skew)):
		return &Error{Status: http.StatusForbidden, Code: CodeInvalidSignature, Message: "Signature not yet current: " + s.date +
			" is still later than " + now.Add(skew).Format(dateForm) + " (" + now.Format(dateForm) + " + " + span(skew) + ")"}
	}
	return nil
}

// span writes a duration as AWS does: 5 min.
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + " min."
	}
	return strconv.Itoa(int(d/time.Second)) + " sec."
}
