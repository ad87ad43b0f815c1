package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ErrNotPermitted says that the function's resource policy does not let the service
// invoke it. API Gateway answers it with 500.
//
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
var ErrNotPermitted = errors.New("the function's resource policy does not permit it")

// Error is an error of the Invoke API. Message is given to clients to the letter.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
type Error struct {
	Status  int    // of HTTP
	Code    string // the exception's name, in x-amzn-ErrorType
	Message string
	Reason  string // of TooManyRequestsException: which limit was met
	Type    string // User or Service: whose fault it is
	cause   error  // for the local AWS's log alone
}

func (e *Error) Error() string {
	text := e.Code + ": " + e.Message
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause, which is not for clients.
func (e *Error) Unwrap() error { return e.cause }

func errNotFound(arn string) error {
	return &Error{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Type: "User", Message: "Function not found: " + arn}
}

func errTooMany(reason string) error {
	return &Error{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Type: "User", Message: "Rate Exceeded.", Reason: reason}
}

func errTooLarge(size int) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestTooLargeException", Type: "User",
		Message: fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", size, maxRequest)}
}

func errEventTooLarge(size int) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestTooLargeException", Type: "User",
		Message: fmt.Sprintf("%d byte payload is too large for the Event invocation type (limit %d bytes)", size, maxEvent)}
}

func errRole(cause error) error {
	return &Error{Status: http.StatusForbidden, Code: "AccessDeniedException", Type: "User",
		Message: "The role defined for the function cannot be assumed by Lambda.", cause: cause}
}

func errService(cause error) error {
	return &Error{Status: http.StatusInternalServerError, Code: "ServiceException", Type: "Service",
		Message: "An error occurred and the request cannot be processed.", cause: cause}
}

// failure is how a function failed: the payload that the caller gets, and what the
// log says of it.
type failure struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`

	status string // in REPORT: error or timeout
	line   string // what the log says before END; nothing when empty
	raw    []byte // what the function itself said of it as JSON, in place of the two
}

func (f *failure) payload() []byte {
	if f.raw != nil {
		return f.raw
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // two strings
	}
	return b
}

// Limits of synchronous invocations. Responses have 100 bytes more than requests, as
// the error that AWS gives for them says.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxRequest  = 6 << 20
	maxResponse = 6<<20 + 100
)

func failTimeout(requestID string, seconds int, stamp string) *failure {
	text := fmt.Sprintf("Task timed out after %d.00 seconds", seconds)
	return &failure{Type: "Sandbox.Timedout", Message: "RequestId: " + requestID + " Error: " + text,
		status: "timeout", line: stamp + " " + requestID + " " + text}
}

// failExit is how a process ended by itself. how is its state in words, as Go and so
// AWS's own host puts it: exit status 1, or signal: killed.
func failExit(requestID, how string) *failure {
	reason := "Runtime exited with error: " + how
	if how == "exit status 0" {
		reason = "Runtime exited without providing a reason"
	}
	return newFailure(requestID, "Runtime.ExitError", reason)
}

func failStart(requestID string, cause error) *failure {
	return newFailure(requestID, "Runtime.InvalidEntrypoint", cause.Error())
}

func failSize() *failure {
	return &failure{Type: "Function.ResponseSizeTooLarge", status: "error",
		Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse)}
}

func newFailure(requestID, kind, reason string) *failure {
	message := "RequestId: " + requestID + " Error: " + reason
	return &failure{Type: kind, Message: message, status: "error", line: message + "\n" + kind}
}
