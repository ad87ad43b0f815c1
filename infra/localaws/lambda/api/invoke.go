package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/wire"
)

// maxClientContext is how long the header X-Amz-Client-Context may be.
const maxClientContext = 3583

// traceID is an X-Ray trace header that is handed on.
var traceID = regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;[A-Za-z]+=[0-9a-zA-Z:;=-]*)?$`)

// invoke runs a function and answers what it did, queues an event for it, or says
// that the caller could.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (c *call) invoke(name string) error {
	target, err := c.target("InvokeFunction", name)
	if err != nil {
		return err
	}
	kind, logType := c.r.Header.Get("X-Amz-Invocation-Type"), c.r.Header.Get("X-Amz-Log-Type")
	in := lambda.Invocation{
		Function: target.ARN, Payload: c.body, Principal: c.caller.ARN,
		RequestID: audit.From(c.r.Context()).RequestID,
		LogTail:   logType == "Tail",
	}
	if logType != "" && logType != "None" && logType != "Tail" {
		return invalid("logType", logType, "Member must satisfy enum value set: [None, Tail]")
	}
	if in.ClientContext, err = clientContext(c.r.Header.Get("X-Amz-Client-Context")); err != nil {
		return err
	}
	if trace := c.r.Header.Get("X-Amzn-Trace-Id"); len(trace) < 256 && traceID.MatchString(trace) {
		in.TraceID = trace
	}
	if len(c.body) > 0 && !json.Valid(c.body) {
		return wire.NewError("InvalidRequestContentException", "Could not parse request body into json: the payload is not JSON.")
	}
	switch kind {
	case "", "RequestResponse":
		return c.run(in)
	case "Event":
		if err := c.functions.Queue(in); err != nil {
			return err
		}
		c.w.Header().Set("x-amzn-RequestId", in.RequestID)
		c.w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		c.w.Header().Set("x-amzn-RequestId", in.RequestID)
		c.w.WriteHeader(http.StatusNoContent)
	default:
		return invalid("invocationType", kind, "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	return nil
}

// run answers what the function does: 200, also when it fails.
func (c *call) run(in lambda.Invocation) error {
	result, err := c.functions.Invoke(c.r.Context(), in)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("x-amzn-RequestId", result.RequestID)
	h.Set("X-Amz-Executed-Version", result.Version)
	if result.FunctionError != "" {
		h.Set("X-Amz-Function-Error", result.FunctionError)
	}
	if in.LogTail {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.LogTail))
	}
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(result.Payload) // a client that has gone away is no fault
	return nil
}

// clientContext reads what a client tells of itself: an object of JSON in base64.
func clientContext(header string) (string, error) {
	if header == "" {
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(header)
	var object map[string]json.RawMessage
	if err != nil || len(header) > maxClientContext || json.Unmarshal(text, &object) != nil || object == nil {
		return "", wire.NewError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	return string(text), nil
}
