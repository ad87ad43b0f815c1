package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// The codes of refusals, as the services with a JSON protocol and API Gateway give
// them. STS and IAM name the same things without "Exception" (see package iam).
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const (
	CodeMissingToken     = "MissingAuthenticationTokenException"
	CodeIncomplete       = "IncompleteSignatureException"
	CodeInvalidSignature = "InvalidSignatureException"
	CodeUnknownKey       = "UnrecognizedClientException"
	CodeExpiredToken     = "ExpiredTokenException"
)

// Error is a refusal. Code, Status and Message are what the client is told. Debug is
// for the developer's eyes: for a signature that does not match, the canonical
// request, without the query and what headers may carry of secrets, and the string to
// sign. It may be logged.
type Error struct {
	Status  int
	Code    string
	Message string
	Debug   string
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func incomplete(message string) *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeIncomplete, Message: message}
}

func mismatch(debug string) *Error {
	return &Error{
		Status:  http.StatusForbidden,
		Code:    CodeInvalidSignature,
		Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
		Debug:   debug,
	}
}

// UnknownKey is the answer for an access key that nobody knows, and for a session
// token that is missing, forged or another key's.
func UnknownKey(debug string) *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeUnknownKey, Message: "The security token included in the request is invalid.", Debug: debug}
}

// ExpiredToken is the answer for a session that is over.
func ExpiredToken(debug string) *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeExpiredToken, Message: "The security token included in the request is expired", Debug: debug}
}

// Unserved is API Gateway's answer to a request that meets no method: it takes
// Authorization for a signature, and complains of one that it cannot read.
func Unserved(r *http.Request) *Error {
	if values := r.Header["Authorization"]; len(values) > 0 {
		if _, refusal := parseAuthorization(values[0]); refusal != nil {
			return refusal
		}
	}
	return missingToken()
}

func missingToken() *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeMissingToken, Message: "Missing Authentication Token"}
}

// hashed is how AWS quotes an Authorization header without giving it away.
func hashed(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return base64.StdEncoding.EncodeToString(sum[:])
}
