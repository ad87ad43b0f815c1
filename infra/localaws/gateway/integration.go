package gateway

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

func readIntegration(v value, m *method) integration {
	in := integration{timeout: 29 * time.Second}
	if !v.present {
		v.problems.add(v.where, "is required")
		return in
	}
	kind := v.get("type").oneOf("aws_proxy", "mock")
	if kind == "mock" {
		in.mock = true
		readMock(v, m, &in)
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
		in.function = functionOf(uri)
	}
	if verb := v.get("httpMethod"); verb.required() != "" {
		verb.oneOf("POST")
	}
	in.timeout = time.Duration(v.get("timeoutInMillis").integer(29000, 50, 29000)) * time.Millisecond
	if b := v.get("passthroughBehavior"); b.present {
		b.oneOf("when_no_match", "when_no_templates", "never") // a proxy integration has no templates to match
	}
	return in
}

// mockStatusPattern is the one mapping template of a mock integration that is
// supported: the status code to answer with.
var mockStatusPattern = regexp.MustCompile(`^\s*\{\s*"?statusCode"?\s*:\s*([1-5][0-9][0-9])\s*\}\s*$`)

func readMock(v value, m *method, in *integration) {
	v.only("type", "requestTemplates", "responses", "passthroughBehavior", "timeoutInMillis")
	v.get("timeoutInMillis").integer(29000, 50, 29000)
	in.mockNever = v.get("passthroughBehavior").oneOf("when_no_match", "when_no_templates", "never") == "never"
	in.mockStatus = map[string]int{}
	templates := v.get("requestTemplates")
	for _, mediaType := range templates.fields() {
		t := templates.get(mediaType)
		found := mockStatusPattern.FindStringSubmatch(t.str())
		if found == nil {
			v.problems.add(t.where, `the only template supported is {"statusCode": NNN}`)
			continue
		}
		in.mockStatus[mediaType], _ = strconv.Atoi(found[1]) // three digits, by the pattern
	}
	if len(in.mockStatus) == 0 {
		v.problems.add(templates.where, "is required: a mock integration needs the status code to answer with")
	}
	in.mockAnswer = map[int]mockAnswer{}
	responses := v.get("responses")
	for _, pattern := range responses.fields() {
		r := responses.get(pattern)
		r.only("statusCode", "responseParameters", "responseTemplates")
		a := mockAnswer{headers: map[string]string{}}
		a.status, _ = strconv.Atoi(r.get("statusCode").required())
		if a.status < 200 || a.status > 599 {
			v.problems.add(join(r.where, "statusCode"), `must be a string of three digits, from "200" to "599"`)
		}
		declared, ok := m.responses[strconv.Itoa(a.status)]
		if !ok {
			v.problems.add(r.where, "answers %d, which the method's responses do not have", a.status)
		}
		parameters := r.get("responseParameters")
		for _, key := range parameters.fields() {
			name, isHeader := strings.CutPrefix(key, "method.response.header.")
			text, quoted := unquote(parameters.get(key).str())
			switch {
			case !isHeader || !headerNamePattern.MatchString(name):
				v.problems.add(parameters.get(key).where, "must be method.response.header.NAME")
			case !quoted:
				v.problems.add(parameters.get(key).where, "only static values in single quotes are supported")
			case !slices.ContainsFunc(declared, func(h string) bool { return strings.EqualFold(h, name) }):
				v.problems.add(parameters.get(key).where, "the header is not among those of the method's response %d", a.status)
			}
			a.headers[name] = text
		}
		bodies := r.get("responseTemplates")
		for _, mediaType := range bodies.fields() {
			if mediaType != "application/json" {
				v.problems.add(bodies.get(mediaType).where, "the only media type supported is application/json")
			}
			a.body = bodies.get(mediaType).str()
			if strings.ContainsAny(a.body, "$#") {
				v.problems.add(bodies.get(mediaType).where, "templates with variables or directives are not supported")
			}
		}
		if pattern == "default" {
			in.mockFallback = &a
			continue
		}
		status, err := strconv.Atoi(pattern)
		if err != nil {
			v.problems.add(r.where, "must be default or a status code; other patterns are not supported")
		}
		in.mockAnswer[status] = a
	}
	for _, mediaType := range slices.Sorted(maps.Keys(in.mockStatus)) {
		if _, ok := in.mockAnswer[in.mockStatus[mediaType]]; !ok && in.mockFallback == nil {
			v.problems.add(responses.where, "has no answer for %d and no default", in.mockStatus[mediaType])
		}
	}
}

// unquote takes the single quotes off a static value of a parameter mapping.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' || strings.ContainsAny(s, "\r\n") {
		return "", false
	}
	return s[1 : len(s)-1], true
}
