package gateway

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/localaws/audit"
)

var headerNamePattern = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")

// gatewayResponse is how a document wants an error to be answered.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
type gatewayResponse struct {
	status    int // 0: the error's own
	headers   []gatewayHeader
	templates map[string]string // by media type
}

type gatewayHeader struct {
	name   string
	static string
	in     string // header or query: taken from the request's parameter of this name
	source string
}

var responseTypes = []ResponseType{
	TypeAccessDenied, TypeAPIConfiguration, TypeAuthorizerConfiguration, TypeAuthorizerFailure, TypeBadRequestBody,
	TypeBadRequestParameters, TypeDefault4XX, TypeDefault5XX, TypeExpiredToken, TypeIntegrationFailure, TypeIntegrationTimeout,
	TypeInvalidAPIKey, TypeInvalidSignature, TypeMissingAuthentication, TypeQuotaExceeded, TypeRequestTooLarge,
	TypeResourceNotFound, TypeThrottled, TypeUnauthorized, TypeUnsupportedMediaType, TypeWAFFiltered,
}

// templateVariable finds the variables of a gateway response's template. Gateway
// responses know no directives, only variables.
var templateVariable = regexp.MustCompile(`\$\{?([a-zA-Z][a-zA-Z0-9_.]*)\}?`)

var templateVariables = []string{
	"context.error.message", "context.error.messageString", "context.error.responseType", "context.error.validationErrorString",
	"context.requestId", "context.extendedRequestId", "context.resourcePath", "context.httpMethod", "context.path", "context.stage",
	"context.apiId", "context.identity.sourceIp", "context.requestTimeEpoch",
}

func readGatewayResponses(v value) map[ResponseType]*gatewayResponse {
	answers := map[ResponseType]*gatewayResponse{}
	for _, name := range v.fields() {
		r := v.get(name)
		if !slices.Contains(responseTypes, ResponseType(name)) {
			v.problems.add(r.where, "is no gateway response type")
			continue
		}
		r.only("statusCode", "responseParameters", "responseTemplates")
		g := &gatewayResponse{templates: map[string]string{}}
		if status := r.get("statusCode"); status.present {
			text, isString := status.data.(string)
			if !isString {
				text = strconv.Itoa(status.integer(0, 200, 599)) // API Gateway exports it as a number, and takes both
			}
			g.status, _ = strconv.Atoi(text)
			if g.status < 200 || g.status > 599 {
				v.problems.add(status.where, "must be a status from 200 to 599")
			}
		}
		parameters := r.get("responseParameters")
		for _, key := range parameters.fields() {
			p := parameters.get(key)
			header, ok := strings.CutPrefix(key, "gatewayresponse.header.")
			if !ok || !headerNamePattern.MatchString(header) {
				v.problems.add(p.where, "must be gatewayresponse.header.NAME")
				continue
			}
			h := gatewayHeader{name: header}
			text := p.str()
			if static, quoted := unquote(text); quoted {
				h.static = static
			} else if name, ok := strings.CutPrefix(text, "method.request.header."); ok {
				h.in, h.source = "header", name
			} else if name, ok := strings.CutPrefix(text, "method.request.querystring."); ok {
				h.in, h.source = "query", name
			} else {
				v.problems.add(p.where, "is %q, supported are 'static' in single quotes, method.request.header.NAME and method.request.querystring.NAME", text)
			}
			g.headers = append(g.headers, h)
		}
		templates := r.get("responseTemplates")
		for _, mediaType := range templates.fields() {
			t := templates.get(mediaType)
			g.templates[mediaType] = t.str()
			for _, found := range templateVariable.FindAllStringSubmatch(t.str(), -1) {
				if !slices.Contains(templateVariables, found[1]) {
					v.problems.add(t.where, "uses $%s; supported are $%s", found[1], strings.Join(templateVariables, ", $"))
				}
			}
			if strings.Contains(t.str(), "#") {
				v.problems.add(t.where, "uses a directive (#); gateway responses know variables only")
			}
		}
		answers[ResponseType(name)] = g
	}
	return answers
}

// refuse answers with a, as the API's gateway responses say, and records why. It is
// the only way out for an error.
//
// A gateway response of the answer's own type stands alone; only without one does
// DEFAULT_4XX or DEFAULT_5XX apply.
func (x *exchange) refuse(a Answer, reason string) {
	record := audit.From(x.r.Context())
	record.Deny(strconv.Itoa(a.Status) + " " + a.Code + ": " + reason)
	status, contentType := a.Status, "application/json"
	body := errorBody(a)
	if a.Plain {
		contentType, body = "text/plain", []byte(a.Message)
	}
	h := x.w.Header()
	if g := x.gatewayResponse(a); g != nil {
		if g.status != 0 {
			status = g.status
		}
		for _, header := range g.headers {
			if value := x.headerValue(header); value != "" {
				h[http.CanonicalHeaderKey(header.name)] = []string{value}
			}
		}
		if mediaType, template, ok := g.template(x.r.Header.Get("Accept")); ok {
			contentType, body = mediaType, []byte(x.render(template, a))
		}
	}
	x.stamp(h)
	h.Set("x-amzn-ErrorType", a.Code)
	if a.Code == "" {
		h.Del("x-amzn-ErrorType")
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body) // a client that has gone away is no fault
	}
}

// message is the message as JSON has it: null when there is none.
func (a Answer) message() any {
	if a.Message == "" {
		return nil
	}
	return a.Message
}

func errorBody(a Answer) []byte {
	body, err := marshal(map[string]any{a.Key: a.message()})
	if err != nil { // strings can always be marshalled
		return []byte("{}")
	}
	return body
}

// gatewayResponse returns what the API says of this answer, nil when it says nothing.
func (x *exchange) gatewayResponse(a Answer) *gatewayResponse {
	if x.stage == nil || x.stage.api == nil {
		return nil
	}
	answers := x.stage.api.answers
	if g := answers[a.Type]; g != nil {
		return g
	}
	if a.Status >= 500 {
		return answers[TypeDefault5XX]
	}
	return answers[TypeDefault4XX]
}

func (x *exchange) headerValue(h gatewayHeader) string {
	switch h.in {
	case "header":
		return x.r.Header.Get(h.source)
	case "query":
		values := parseQuery(x.r.URL.RawQuery)[h.source]
		if len(values) == 0 || strings.ContainsAny(values[len(values)-1], "\r\n\x00") {
			return ""
		}
		return values[len(values)-1]
	}
	return h.static
}

// template picks the template for what the client accepts, application/json otherwise.
func (g *gatewayResponse) template(accept string) (mediaType, template string, ok bool) {
	first, _, _ := strings.Cut(accept, ",")
	first, _, _ = strings.Cut(first, ";")
	first = strings.TrimSpace(first)
	if t, ok := g.templates[first]; ok {
		return first, t, true
	}
	t, ok := g.templates["application/json"]
	return "application/json", t, ok
}

// render puts the values into a template's variables.
func (x *exchange) render(template string, a Answer) string {
	quoted, err := marshal(a.message())
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
		values["context.resourcePath"] = x.method.resource
	}
	return templateVariable.ReplaceAllStringFunc(template, func(v string) string {
		return values[strings.Trim(v, "${}")]
	})
}

// stamp adds the headers that every answer of the gateway carries.
func (x *exchange) stamp(h http.Header) {
	h.Set("x-amzn-RequestId", x.requestID)
	h.Set("x-amz-apigw-id", x.extendedID)
}
