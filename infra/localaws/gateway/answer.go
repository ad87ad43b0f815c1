package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/payload"
)

// refuse answers with a, as the API's gateway responses say, and records why. It is
// the only way out for an error, and returns false: the request goes no further.
//
// A gateway response of the answer's own type stands alone; only without one does
// DEFAULT_4XX or DEFAULT_5XX apply.
func (x *exchange) refuse(a Answer, reason string) bool {
	x.record.Deny(strconv.Itoa(a.Status) + " " + a.Code + ": " + reason)
	h := x.w.Header()
	status, contentType, body := x.rendered(a, h)
	x.stamp(h)
	h.Set("x-amzn-ErrorType", a.Code)
	if a.Code == "" {
		h.Del("x-amzn-ErrorType")
	}
	h.Set("Content-Type", contentType)
	x.write(status, body)
	return false
}

// rendered is the answer as the API's gateway responses have it; their headers go into h.
func (x *exchange) rendered(a Answer, h http.Header) (status int, contentType string, body []byte) {
	status, contentType = a.Status, "application/json"
	body = errorBody(a)
	if a.Plain {
		contentType, body = "text/plain", []byte(a.Message)
	}
	if g := x.stage.gatewayResponse(a); g != nil {
		if g.StatusCode != 0 {
			status = g.StatusCode
		}
		for _, header := range g.Headers {
			if value := x.headerValue(header, a); value != "" {
				h[http.CanonicalHeaderKey(header.Name)] = []string{value}
			}
		}
		if mediaType, text, ok := g.Render(x.r.Header.Get("Accept"), x.templateValues(a)); ok {
			contentType, body = mediaType, []byte(text)
		}
	}
	return status, contentType, body
}

// message is the message as JSON has it: null when there is none.
func (a Answer) message() any {
	if a.Message == "" {
		return nil
	}
	return a.Message
}

func errorBody(a Answer) []byte {
	body, err := payload.Marshal(map[string]any{a.Key: a.message()})
	if err != nil { // strings can always be marshalled
		return []byte("{}")
	}
	return body
}

// gatewayResponse returns what the API says of this answer, nil when it says nothing.
func (st *stage) gatewayResponse(a Answer) *openapi.GatewayResponse {
	if st == nil || st.api == nil {
		return nil
	}
	answers := st.api.GatewayResponses
	if g := answers[a.Type]; g != nil {
		return g
	}
	if a.Status >= 500 {
		return answers[openapi.TypeDefault5XX]
	}
	return answers[openapi.TypeDefault4XX]
}

// headerValue is the value of a gateway response's header, "" when the request has
// nothing that it could be.
func (x *exchange) headerValue(h openapi.ResponseHeader, a Answer) string {
	value := h.Static
	switch h.From.In {
	case "header":
		value = x.header(h.From.Name)
	case "query":
		value = x.queryValue(h.From.Name)
	case "path":
		value = x.parameters[h.From.Name]
	case "context":
		value = x.templateValues(a)[h.From.Name]
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return ""
	}
	return value
}

// templateValues are the values of the variables of a gateway response's template.
func (x *exchange) templateValues(a Answer) map[string]string {
	quoted, err := payload.Marshal(a.message())
	if err != nil { // a string can always be marshalled
		quoted = []byte(`""`)
	}
	values := map[string]string{
		"context.error.message":               strings.Trim(string(quoted), `"`),
		"context.error.messageString":         string(quoted),
		"context.error.responseType":          string(a.Type),
		"context.error.validationErrorString": x.validation,
		"context.requestId":                   x.requestID,
		"context.extendedRequestId":           x.extendedID,
		"context.httpMethod":                  x.r.Method,
		"context.path":                        x.fullPath,
		"context.stage":                       x.stageName,
		"context.apiId":                       x.apiID,
		"context.identity.sourceIp":           x.sourceIP,
		"context.requestTimeEpoch":            strconv.FormatInt(x.now.UnixMilli(), 10),
	}
	if x.method != nil {
		values["context.resourcePath"] = x.method.ResourcePath
	}
	return values
}

// stamp adds the headers that every answer of the gateway carries.
func (x *exchange) stamp(h http.Header) {
	h.Set("X-Amzn-Requestid", x.requestID)
	h.Set("X-Amz-Apigw-Id", x.extendedID)
}
