package wire

import (
	"encoding/json"
	"errors"
	"net/http"

	"auth-api/infra/localaws/audit"
)

// WriteREST answers with an error as services of the REST-JSON protocol do: the code
// stands in x-amzn-ErrorType, and the body has the message alone. What is no *Error
// is the local AWS's own fault, as with WriteError.
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func WriteREST(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		audit.From(r.Context()).Fault(err)
		e = &Error{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: "An internal error occurred; the local AWS's log has the reason."}
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	reason := e.reason
	if reason == "" {
		reason = e.Error()
	}
	audit.From(r.Context()).Deny(reason)
	w.Header().Set("x-amzn-ErrorType", e.Code)
	body, err := json.Marshal(map[string]string{"message": e.Message})
	if err != nil {
		panic(err) // a string
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", audit.From(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone away is no fault
}
