package gateway

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"auth-api/infra/localaws/gateway/openapi"
	"auth-api/infra/localaws/gateway/payload"
)

// trimmedHeaders never reach an integration.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var trimmedHeaders = []string{
	"Connection", "Content-Length", "Content-Md5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate",
}

// addedHeaders are the gateway's own, which replace those received.
var addedHeaders = []string{"Host", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"}

// event is the input of the method's function.
func (x *exchange) event() *payload.Event {
	name, prefix := domain(x.r.Host)
	query := parseQuery(x.r.URL.RawQuery)
	e := &payload.Event{
		Resource: x.method.ResourcePath, Path: x.path, HTTPMethod: x.r.Method,
		MultiValueHeaders: x.forwardedHeaders(), MultiValueQueryString: query,
		PathParameters: x.parameters, StageVariables: nilWhenEmpty(x.stage.variables),
		RequestContext: payload.RequestContext{
			ResourceID: x.method.ResourceID, ResourcePath: x.method.ResourcePath, HTTPMethod: x.r.Method,
			ExtendedRequestID: x.extendedID, RequestTime: x.now.UTC().Format("02/Jan/2006:15:04:05 +0000"), Path: x.fullPath,
			AccountID: x.service.cfg.Account, Protocol: x.r.Proto, Stage: x.stageName, DomainPrefix: prefix,
			RequestTimeEpoch: x.now.UnixMilli(), RequestID: x.requestID, Identity: x.identity(), DomainName: name,
			DeploymentID: x.stage.api.deployment, APIID: x.apiID,
		},
	}
	e.Headers = last(e.MultiValueHeaders)
	e.QueryString = last(query)
	if x.claims != nil {
		e.RequestContext.Authorizer = payload.Claims(x.claims)
	}
	if x.answered != nil {
		e.RequestContext.Authorizer = map[string]any{}
		for name, text := range x.answered.Context {
			e.RequestContext.Authorizer[name] = text
		}
		e.RequestContext.Authorizer["principalId"] = x.answered.PrincipalID
		e.RequestContext.Authorizer["integrationLatency"] = x.answered.latency
	}
	if len(x.body) > 0 {
		var text string
		if matchesMediaType(x.stage.api.BinaryMediaTypes, x.r.Header.Get("Content-Type")) {
			text, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(x.body), true
		} else if text = string(x.body); !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "\uFFFD") // a text payload is UTF-8, whatever came
		}
		e.Body = &text
	}
	return e
}

func nilWhenEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// last keeps the last value of each, as the single-valued maps of the event do.
func last(values map[string][]string) map[string]string {
	if values == nil {
		return nil
	}
	single := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 0 {
			single[name] = list[len(list)-1]
		}
	}
	return single
}

// forwardedHeaders are the request's headers as the integration sees them. Where the
// method needs a signature the Authorization header stays behind.
func (x *exchange) forwardedHeaders() map[string][]string {
	headers := make(map[string][]string, len(x.r.Header)+5)
	for name, values := range x.r.Header {
		if slices.Contains(trimmedHeaders, name) || (name == "Authorization" && x.method.AuthorizationType == openapi.AuthIAM) {
			continue
		}
		headers[name] = values
	}
	port, proto := "80", "http"
	if x.r.TLS != nil {
		port, proto = "443", "https"
	}
	if _, p, err := net.SplitHostPort(x.r.Host); err == nil {
		port = p
	}
	from := x.sourceIP
	if before := x.r.Header.Values("X-Forwarded-For"); len(before) > 0 {
		from = strings.Join(before, ", ") + ", " + from
	}
	added := []string{x.r.Host, x.traceID, from, port, proto}
	for i, name := range addedHeaders {
		headers[name] = added[i : i+1 : i+1]
	}
	return headers
}

func (x *exchange) identity() payload.Identity {
	id := payload.Identity{SourceIP: &x.sourceIP}
	if agent := x.r.UserAgent(); agent != "" {
		id.UserAgent = &agent
	}
	if x.key != nil {
		id.APIKey, id.APIKeyID = &x.key.value, &x.key.id
	}
	c := x.caller
	if c == nil {
		return id
	}
	id.AccessKey, id.AccountID, id.Caller, id.User, id.UserARN = &c.AccessKeyID, &c.Account, &c.UserID, &c.UserID, &c.ARN
	if who := c.Cognito; who != nil {
		id.CognitoIdentityID, id.CognitoIdentityPoolID = &who.IdentityID, &who.IdentityPoolID
		id.CognitoAuthenticationType = &who.AuthenticationType
		if who.AuthenticationProvider != "" {
			id.CognitoAuthenticationProvider = &who.AuthenticationProvider
		}
	}
	return id
}

// traceID keeps the Root that the client sent, or makes one.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(received string, now time.Time, random []byte) string {
	if strings.HasPrefix(received, "Root=") && len(received) < 256 {
		return received
	}
	return fmt.Sprintf("Root=1-%08x-%x", uint32(now.Unix()), random)
}

// matchesMediaType reports whether a Content-Type, or the first type of an Accept,
// is among these media types, which may hold *.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
func matchesMediaType(types []string, header string) bool {
	first, _, _ := strings.Cut(header, ",")
	mediaType, _, err := mime.ParseMediaType(first)
	if err != nil {
		mediaType = ""
	}
	for _, t := range types {
		t = strings.ToLower(strings.ReplaceAll(t, "~1", "/"))
		if t == "*/*" || (t == mediaType && mediaType != "") {
			return true
		}
		if family, ok := strings.CutSuffix(t, "/*"); ok && mediaType != "" && strings.HasPrefix(mediaType, family+"/") {
			return true
		}
	}
	return false
}
