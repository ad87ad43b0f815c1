package openapi

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ResponseType is a gateway response type, under which a document may say what an
// error's answer looks like.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
type ResponseType string

// The gateway response types, all of which a document may customize.
const (
	TypeAccessDenied            ResponseType = "ACCESS_DENIED"
	TypeAPIConfiguration        ResponseType = "API_CONFIGURATION_ERROR"
	TypeAuthorizerConfiguration ResponseType = "AUTHORIZER_CONFIGURATION_ERROR"
	TypeAuthorizerFailure       ResponseType = "AUTHORIZER_FAILURE"
	TypeBadRequestBody          ResponseType = "BAD_REQUEST_BODY"
	TypeBadRequestParameters    ResponseType = "BAD_REQUEST_PARAMETERS"
	TypeDefault4XX              ResponseType = "DEFAULT_4XX"
	TypeDefault5XX              ResponseType = "DEFAULT_5XX"
	TypeExpiredToken            ResponseType = "EXPIRED_TOKEN"
	TypeIntegrationFailure      ResponseType = "INTEGRATION_FAILURE"
	TypeIntegrationTimeout      ResponseType = "INTEGRATION_TIMEOUT"
	TypeInvalidAPIKey           ResponseType = "INVALID_API_KEY"
	TypeInvalidSignature        ResponseType = "INVALID_SIGNATURE"
	TypeMissingAuthentication   ResponseType = "MISSING_AUTHENTICATION_TOKEN"
	TypeQuotaExceeded           ResponseType = "QUOTA_EXCEEDED"
	TypeRequestTooLarge         ResponseType = "REQUEST_TOO_LARGE"
	TypeResourceNotFound        ResponseType = "RESOURCE_NOT_FOUND"
	TypeThrottled               ResponseType = "THROTTLED"
	TypeUnauthorized            ResponseType = "UNAUTHORIZED"
	TypeUnsupportedMediaType    ResponseType = "UNSUPPORTED_MEDIA_TYPE"
	TypeWAFFiltered             ResponseType = "WAF_FILTERED"
)

// GatewayResponse is how a document wants an error to be answered.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
type GatewayResponse struct {
	StatusCode int // 0: the error's own
	Headers    []ResponseHeader
	templates  map[string]string // by media type
}

// ResponseHeader is a header of a gateway response.
type ResponseHeader struct {
	Name   string
	Static string    // its value, unless From says where to take it from
	From   Parameter // of the request, In also path, or of $context; the zero value when it is static
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

// templateVariables are those of $context that a template may name.
var templateVariables = []string{
	"context.error.message", "context.error.messageString", "context.error.responseType", "context.error.validationErrorString",
	"context.requestId", "context.extendedRequestId", "context.resourcePath", "context.httpMethod", "context.path", "context.stage",
	"context.apiId", "context.identity.sourceIp", "context.requestTimeEpoch",
}

func readGatewayResponses(v value) map[ResponseType]*GatewayResponse {
	answers := map[ResponseType]*GatewayResponse{}
	for _, name := range v.fields() {
		r := v.get(name)
		if !slices.Contains(responseTypes, ResponseType(name)) {
			v.problems.add(r.where, "is no gateway response type")
			continue
		}
		r.only("statusCode", "responseParameters", "responseTemplates")
		g := &GatewayResponse{templates: map[string]string{}}
		if status := r.get("statusCode"); status.present {
			text, isString := status.data.(string)
			if !isString {
				text = strconv.Itoa(status.integer(0, 200, 599)) // API Gateway exports it as a number, and takes both
			}
			g.StatusCode, _ = strconv.Atoi(text)
			if g.StatusCode < 200 || g.StatusCode > 599 {
				v.problems.add(status.where, "must be a status from 200 to 599")
			}
		}
		parameters := r.get("responseParameters")
		for _, key := range parameters.fields() {
			p := parameters.get(key)
			header, ok := strings.CutPrefix(key, "gatewayresponse.header.")
			if !ok || !httpguts.ValidHeaderFieldName(header) {
				v.problems.add(p.where, "must be gatewayresponse.header.NAME")
				continue
			}
			h := ResponseHeader{Name: header}
			text := p.str()
			if static, quoted := unquote(text); quoted {
				h.Static = static
			} else if name, ok := strings.CutPrefix(text, "method.request.header."); ok {
				h.From = Parameter{In: "header", Name: name}
			} else if name, ok := strings.CutPrefix(text, "method.request.querystring."); ok {
				h.From = Parameter{In: "query", Name: name}
			} else if name, ok := strings.CutPrefix(text, "method.request.path."); ok {
				h.From = Parameter{In: "path", Name: name}
			} else if slices.Contains(templateVariables, text) {
				h.From = Parameter{In: "context", Name: text}
			} else {
				v.problems.add(p.where, "is %q, supported are 'static' in single quotes, method.request.header.NAME, method.request.querystring.NAME, method.request.path.NAME, %s", text, strings.Join(templateVariables, ", "))
			}
			g.Headers = append(g.Headers, h)
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

// Render makes the answer's body out of the template for what the client accepts, or
// of that for application/json otherwise, and the values of its variables, which are
// those of templateVariables. ok is false when there is no such template.
func (g *GatewayResponse) Render(accept string, values map[string]string) (mediaType, body string, ok bool) {
	mediaType, _, _ = strings.Cut(accept, ",")
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.TrimSpace(mediaType)
	template, ok := g.templates[mediaType]
	if !ok {
		mediaType = "application/json"
		template, ok = g.templates[mediaType]
	}
	return mediaType, templateVariable.ReplaceAllStringFunc(template, func(v string) string {
		return values[strings.Trim(v, "${}")]
	}), ok
}
