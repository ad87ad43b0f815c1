// Package wire is how the local AWS's service APIs speak AWS's JSON protocol, and
// the one form in which a room says no.
//
// Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"auth-api/infra/localaws/audit"
)

// Error is an error as a service API answers it: Code is the exception's name and
// Status the HTTP status, 400 when zero.
type Error struct {
	Status  int
	Code    string
	Message string

	reason string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrBusy is the answer to a request whose body would be too much beside those that
// are held already. Reading such a body fails with it.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
var ErrBusy = &Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server.",
	reason: "too many large requests are sent at once: their bodies are all that the local AWS holds at a time"}

// NewError returns an Error with status 400. The message is given to clients to the letter.
func NewError(code, message string) *Error { return &Error{Code: code, Message: message} }

// Because returns the error with a reason for the request's record, which the client
// is not told.
func (e *Error) Because(reason string) *Error {
	c := *e
	c.reason = reason
	return &c
}

// WithStatus returns the error with another HTTP status.
func (e *Error) WithStatus(status int) *Error {
	c := *e
	c.Status = status
	return &c
}

// WriteJSON answers 200 with v as JSON.
func WriteJSON(w http.ResponseWriter, r *http.Request, v any) {
	write(w, r, http.StatusOK, jsonProtocol, v)
}

// WriteError answers with err when it is an *Error. Anything else is a fault of the
// local AWS itself: the caller gets InternalErrorException without detail, and the
// detail goes into the request's record.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := refusal(r, err, "InternalErrorException")
	w.Header().Set("x-amzn-ErrorType", e.Code)
	w.Header().Set("x-amzn-ErrorMessage", headerSafe(e.Message))
	write(w, r, e.Status, jsonProtocol, map[string]string{"__type": e.Code, "message": e.Message})
}

// WriteREST answers with an error as services of the REST-JSON protocol do: the code
// stands in x-amzn-ErrorType, and the body has the message alone. What is no *Error
// is the local AWS's own fault, as with WriteError.
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func WriteREST(w http.ResponseWriter, r *http.Request, err error) {
	e := refusal(r, err, "InternalFailure")
	w.Header().Set("x-amzn-ErrorType", e.Code)
	write(w, r, e.Status, "application/json", map[string]string{"message": e.Message})
}

// refusal is err as it is answered, with its status; it stands in the request's record.
// What is no *Error gets the code fault.
func refusal(r *http.Request, err error, fault string) Error {
	record := audit.From(r.Context())
	var known *Error
	if !errors.As(err, &known) {
		record.Fault(err)
		known = &Error{Status: http.StatusInternalServerError, Code: fault, Message: "An internal error occurred; the local AWS's log has the reason."}
	}
	e := *known
	e.Status = cmp.Or(e.Status, http.StatusBadRequest)
	record.Deny(cmp.Or(e.reason, e.Error()))
	return e
}

const jsonProtocol = "application/x-amz-json-1.1"

func write(w http.ResponseWriter, r *http.Request, status int, contentType string, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // as on AWS, where > in a message is >
	if err := encoder.Encode(v); err != nil {
		audit.From(r.Context()).Fault(err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("x-amzn-RequestId", audit.From(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimRight(body.Bytes(), "\n")) // a client that has gone away is no fault
}

func headerSafe(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < 0x20 || c >= 0x7f {
			b[i] = ' '
		}
	}
	return string(b)
}
