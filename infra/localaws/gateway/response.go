package gateway

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/openapi/preflight"
	"auth-api/infra/localaws/gateway/payload"
)

// remappedHeaders are those of an integration's answer that go out under another
// name, x-amzn-Remapped-NAME, because the gateway's own server sets them.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var remappedHeaders = []string{
	"Authorization", "Connection", "Content-Length", "Content-Md5", "Date", "Expect", "Host", "Max-Forwards",
	"Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "Www-Authenticate",
}

// respond sends a function's answer to the client.
func (x *exchange) respond(answer payload.Response) {
	body := []byte(answer.Body)
	if answer.IsBase64Encoded && matchesMediaType(x.stage.api.BinaryMediaTypes, x.r.Header.Get("Accept")) {
		decoded, err := base64.StdEncoding.DecodeString(answer.Body)
		if err != nil {
			x.refuse(answerMalformed, "malformed Lambda proxy response: isBase64Encoded is true and the body is not base64")
			return
		}
		body = decoded
	}
	h := x.w.Header()
	for name, values := range answer.Headers {
		switch {
		case name == "Transfer-Encoding":
		case slices.Contains(remappedHeaders, name):
			h["X-Amzn-Remapped-"+name] = values
		default:
			h[name] = values
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	x.stamp(h)
	h.Set("X-Amzn-Trace-Id", x.traceID)
	x.send(answer.StatusCode, body)
}

// send sends the answer, compressed where the API says so and the client takes it.
func (x *exchange) send(status int, body []byte) { x.write(status, x.compress(status, body)) }

// write sends status, headers and body; of the body and its length, net/http leaves out
// what an answer to HEAD, a 204 or a 304 does not have.
func (x *exchange) write(status int, body []byte) {
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a client that has gone away is no fault
}

// mocked refuses a request of a media type for which the mock integration has no answer.
func (x *exchange) mocked(mock *openapi.Mock) outcome {
	mediaType := requestMediaType(x.r.Header)
	switch _, ok := mock.Response(mediaType); {
	case ok:
		return outcome{}
	case mock.PassthroughNever:
		return refused(answerMediaType, "the mock integration has no template for "+mediaType+" and passes nothing through")
	}
	// Without a template the body itself is what the mock answers by, and on AWS one that
	// gives no status code is an error.
	return refused(answerInternal, "the mock integration has no template for "+mediaType)
}

// answerMock answers as a mock integration says.
func (x *exchange) answerMock(mock *openapi.Mock) {
	if !x.pass(x.mocked(mock)) {
		return
	}
	answer, _ := mock.Response(requestMediaType(x.r.Header))
	h := x.w.Header()
	for name, text := range answer.Headers {
		h.Set(name, text)
	}
	// No client sends more than one Origin, and which of several AWS would take is not known.
	if origins := x.r.Header.Values("Origin"); answer.Origins != nil && len(origins) == 1 && answer.Origins.Allows(origins[0]) {
		h.Set(preflight.Header, origins[0])
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	x.stamp(h)
	x.send(answer.StatusCode, []byte(answer.Body))
}

// requestMediaType is the request's media type, application/json when it names none.
func requestMediaType(h http.Header) string {
	text, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
		return text
	}
	return "application/json"
}
