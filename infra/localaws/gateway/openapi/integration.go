package openapi

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"auth-api/infra/localaws/gateway/openapi/preflight"
)

// Integration is what answers a method: a Lambda function (aws_proxy), or a mock.
type Integration struct {
	Function string // ARN
	Timeout  time.Duration
	Mock     *Mock // nil for aws_proxy
}

// Mock is a mock integration.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
type Mock struct {
	PassthroughNever bool           // passthroughBehavior
	statusCodes      map[string]int // by media type of the request
	responses        map[int]MockResponse
	fallback         *MockResponse
}

// MockResponse is an answer of a mock integration.
type MockResponse struct {
	StatusCode int
	Headers    map[string]string
	Body       string
	Origins    *preflight.Template // of the requests that are answered their own; nil when none is
}

// Response returns the answer to a request of this media type, and whether there is
// one: a mock answers the media types that it has a template for.
func (m *Mock) Response(mediaType string) (MockResponse, bool) {
	status, ok := m.statusCodes[mediaType]
	if !ok {
		return MockResponse{}, false
	}
	if r, ok := m.responses[status]; ok {
		return r, true
	}
	return *m.fallback, true
}

// ARN of a function in an integration's URI:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
var uriPattern = regexp.MustCompile(`^arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9-_]+(?::[a-zA-Z0-9$_-]+)?)/invocations$`)

// functionOf returns the ARN of the function that an invocation URI names.
func functionOf(uri value) string {
	found := uriPattern.FindStringSubmatch(uri.str())
	if found == nil {
		uri.problems.add(uri.where, "is %q, it must be arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION-ARN/invocations", uri.str())
		return ""
	}
	return found[1]
}

func readIntegration(v value, m *Method) Integration {
	in := Integration{Timeout: 29 * time.Second}
	if !v.present {
		v.problems.add(v.where, "is required")
		return in
	}
	kind := v.get("type").oneOf("aws_proxy", "mock")
	if kind == "mock" {
		in.Mock = readMock(v, m)
		return in
	}
	v.only("type", "uri", "httpMethod", "timeoutInMillis", "passthroughBehavior", "payloadFormatVersion")
	if kind == "" {
		return in
	}
	if f := v.get("payloadFormatVersion"); f.present {
		f.oneOf("1.0")
	}
	if uri := v.get("uri"); uri.required() != "" {
		in.Function = functionOf(uri)
	}
	if verb := v.get("httpMethod"); verb.required() != "" {
		verb.oneOf("POST")
	}
	in.Timeout = time.Duration(v.get("timeoutInMillis").integer(29000, 50, 29000)) * time.Millisecond
	if b := v.get("passthroughBehavior"); b.present {
		b.oneOf("when_no_match", "when_no_templates", "never") // a proxy integration has no templates to match
	}
	return in
}

// mockStatusPattern is the one mapping template of a mock integration that is
// supported: the status code to answer with.
var mockStatusPattern = regexp.MustCompile(`^\s*\{\s*"?statusCode"?\s*:\s*([1-5][0-9][0-9])\s*\}\s*$`)

func readMock(v value, m *Method) *Mock {
	v.only("type", "requestTemplates", "responses", "passthroughBehavior", "timeoutInMillis")
	v.get("timeoutInMillis").integer(29000, 50, 29000)
	mock := &Mock{
		PassthroughNever: v.get("passthroughBehavior").oneOf("when_no_match", "when_no_templates", "never") == "never",
		statusCodes:      map[string]int{}, responses: map[int]MockResponse{},
	}
	templates := v.get("requestTemplates")
	for _, mediaType := range templates.fields() {
		t := templates.get(mediaType)
		found := mockStatusPattern.FindStringSubmatch(t.str())
		if found == nil {
			v.problems.add(t.where, `the only template supported is {"statusCode": NNN}`)
			continue
		}
		mock.statusCodes[mediaType], _ = strconv.Atoi(found[1]) // three digits, by the pattern
	}
	if len(mock.statusCodes) == 0 {
		v.problems.add(templates.where, "is required: a mock integration needs the status code to answer with")
	}
	responses := v.get("responses")
	for _, pattern := range responses.fields() {
		r := responses.get(pattern)
		r.only("statusCode", "responseParameters", "responseTemplates")
		a := MockResponse{Headers: map[string]string{}}
		a.StatusCode, _ = strconv.Atoi(r.get("statusCode").required())
		if a.StatusCode < 200 || a.StatusCode > 599 {
			v.problems.add(join(r.where, "statusCode"), `must be a string of three digits, from "200" to "599"`)
		}
		declared, ok := m.responses[strconv.Itoa(a.StatusCode)]
		if !ok {
			v.problems.add(r.where, "answers %d, which the method's responses do not have", a.StatusCode)
		}
		parameters := r.get("responseParameters")
		for _, key := range parameters.fields() {
			name, isHeader := strings.CutPrefix(key, "method.response.header.")
			text, quoted := unquote(parameters.get(key).str())
			switch {
			case !isHeader || !httpguts.ValidHeaderFieldName(name):
				v.problems.add(parameters.get(key).where, "must be method.response.header.NAME")
			case !quoted:
				v.problems.add(parameters.get(key).where, "only static values in single quotes are supported")
			case !slices.ContainsFunc(declared, func(h string) bool { return strings.EqualFold(h, name) }):
				v.problems.add(parameters.get(key).where, "the header is not among those of the method's response %d", a.StatusCode)
			}
			a.Headers[name] = text
		}
		bodies := r.get("responseTemplates")
		for _, mediaType := range bodies.fields() {
			if mediaType != "application/json" {
				v.problems.add(bodies.get(mediaType).where, "the only media type supported is application/json")
			}
			a.Body = bodies.get(mediaType).str()
			if !strings.ContainsAny(a.Body, "$#") {
				continue
			}
			template, err := preflight.Parse(a.Body)
			switch {
			case err != nil:
				v.problems.add(bodies.get(mediaType).where, "is a template with variables or directives, of which the one for preflights alone is supported: %v", err)
			case !slices.ContainsFunc(declared, func(h string) bool { return strings.EqualFold(h, preflight.Header) }):
				v.problems.add(bodies.get(mediaType).where, "sets the header %s, which is not among those of the method's response %d", preflight.Header, a.StatusCode)
			}
			a.Body, a.Origins = "", &template
		}
		if pattern == "default" {
			mock.fallback = &a
			continue
		}
		status, err := strconv.Atoi(pattern)
		if err != nil {
			v.problems.add(r.where, "must be default or a status code; other patterns are not supported")
		}
		mock.responses[status] = a
	}
	for _, mediaType := range slices.Sorted(maps.Keys(mock.statusCodes)) {
		if _, ok := mock.responses[mock.statusCodes[mediaType]]; !ok && mock.fallback == nil {
			v.problems.add(responses.where, "has no answer for %d and no default", mock.statusCodes[mediaType])
		}
	}
	return mock
}

// unquote takes the single quotes off a static value of a parameter mapping.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' || strings.ContainsAny(s, "\r\n") {
		return "", false
	}
	return s[1 : len(s)-1], true
}
