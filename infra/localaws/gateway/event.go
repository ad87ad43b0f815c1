package gateway

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// proxyEvent is the input of a Lambda proxy integration, version 1.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
type proxyEvent struct {
	Resource              string              `json:"resource"`
	Path                  string              `json:"path"`
	HTTPMethod            string              `json:"httpMethod"`
	Headers               map[string]string   `json:"headers"`
	MultiValueHeaders     map[string][]string `json:"multiValueHeaders"`
	QueryString           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryString map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters        map[string]string   `json:"pathParameters"`
	StageVariables        map[string]string   `json:"stageVariables"`
	RequestContext        requestContext      `json:"requestContext"`
	Body                  *string             `json:"body"`
	IsBase64Encoded       bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	ResourceID        string         `json:"resourceId"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	ResourcePath      string         `json:"resourcePath"`
	HTTPMethod        string         `json:"httpMethod"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	RequestTime       string         `json:"requestTime"` // common log format
	Path              string         `json:"path"`
	AccountID         string         `json:"accountId"`
	Protocol          string         `json:"protocol"`
	Stage             string         `json:"stage"`
	DomainPrefix      string         `json:"domainPrefix"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"` // milliseconds
	RequestID         string         `json:"requestId"`
	Identity          identity       `json:"identity"`
	DomainName        string         `json:"domainName"`
	DeploymentID      string         `json:"deploymentId"`
	APIID             string         `json:"apiId"`
}

// identity has twelve keys, null where the caller has none of it; a request with an
// API key has two more.
type identity struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	AccountID                     *string `json:"accountId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	APIKey                        *string `json:"apiKey,omitempty"`
	APIKeyID                      *string `json:"apiKeyId,omitempty"`
	Caller                        *string `json:"caller"`
	SourceIP                      *string `json:"sourceIp"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	AccessKey                     *string `json:"accessKey"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	UserARN                       *string `json:"userArn"`
	UserAgent                     *string `json:"userAgent"`
	User                          *string `json:"user"`
}

// trimmedHeaders never reach an integration.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var trimmedHeaders = []string{
	"Connection", "Content-Length", "Content-Md5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate",
}

// event is the input of the method's function.
func (x *exchange) event() ([]byte, error) { return marshal(x.proxyEvent()) }

func (x *exchange) proxyEvent() *proxyEvent {
	name, prefix := domain(x.r.Host)
	query := parseQuery(x.r.URL.RawQuery)
	e := &proxyEvent{
		Resource: x.method.resource, Path: x.path, HTTPMethod: x.r.Method,
		MultiValueHeaders: x.forwardedHeaders(), MultiValueQueryString: query,
		PathParameters: x.parameters, StageVariables: nilWhenEmpty(x.stage.variables),
		RequestContext: requestContext{
			ResourceID: x.method.resourceID, ResourcePath: x.method.resource, HTTPMethod: x.r.Method,
			ExtendedRequestID: x.extendedID, RequestTime: x.now.UTC().Format("02/Jan/2006:15:04:05 +0000"), Path: x.fullPath,
			AccountID: x.service.cfg.Account, Protocol: x.r.Proto, Stage: x.stageName, DomainPrefix: prefix,
			RequestTimeEpoch: x.now.UnixMilli(), RequestID: x.requestID, Identity: x.identity(), DomainName: name,
			DeploymentID: x.stage.api.deployment, APIID: x.apiID,
		},
	}
	e.Headers = last(e.MultiValueHeaders)
	e.QueryString = last(query)
	if x.claims != nil {
		claims := make(map[string]string, len(x.claims))
		for name, c := range x.claims {
			claims[name] = authorizerClaim(name, c)
		}
		e.RequestContext.Authorizer = map[string]any{"claims": claims}
	}
	if x.verdict != nil {
		e.RequestContext.Authorizer = map[string]any{}
		for name, text := range x.verdict.context {
			e.RequestContext.Authorizer[name] = text
		}
		e.RequestContext.Authorizer["principalId"] = x.verdict.principal
		e.RequestContext.Authorizer["integrationLatency"] = x.verdict.latency
	}
	if len(x.body) > 0 {
		var text string
		if matchesMediaType(x.stage.api.binaryTypes, x.r.Header.Get("Content-Type")) {
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
		if slices.Contains(trimmedHeaders, name) || (name == "Authorization" && x.method.auth == authIAM) {
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
	headers["Host"] = []string{x.r.Host}
	headers["X-Amzn-Trace-Id"] = []string{x.traceID}
	headers["X-Forwarded-For"] = []string{from}
	headers["X-Forwarded-Port"] = []string{port}
	headers["X-Forwarded-Proto"] = []string{proto}
	return headers
}

func (x *exchange) identity() identity {
	id := identity{SourceIP: &x.sourceIP}
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

// authorizerClaim writes a claim as the authorizer hands it to the integration:
// everything as text, times of expiry and issue as dates, lists joined by commas.
func authorizerClaim(name string, claim any) string {
	if name == "exp" || name == "iat" || name == "nbf" {
		switch n := claim.(type) {
		case json.Number:
			if f, err := n.Float64(); err == nil {
				return claimTime(f)
			}
		case float64:
			return claimTime(n)
		case int64:
			return claimTime(float64(n))
		case time.Time:
			return claimTime(float64(n.Unix()))
		}
	}
	return claimText(claim)
}

func claimText(claim any) string {
	switch c := claim.(type) {
	case nil:
		return ""
	case string:
		return c
	case bool:
		return strconv.FormatBool(c)
	case float64:
		return strconv.FormatFloat(c, 'f', -1, 64)
	case time.Time:
		return strconv.FormatInt(c.Unix(), 10)
	case []string:
		return strings.Join(c, ",")
	case []any:
		texts := make([]string, len(c))
		for i, item := range c {
			texts[i] = claimText(item)
		}
		return strings.Join(texts, ",")
	case map[string]any:
		text, err := marshal(c)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(claim)
}

// traceID keeps the Root that the client sent, or makes one.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(received string, now time.Time, random []byte) string {
	if strings.HasPrefix(received, "Root=") && len(received) < 256 {
		return received
	}
	return fmt.Sprintf("Root=1-%08x-%s", uint32(now.Unix()), hex.EncodeToString(random))
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
