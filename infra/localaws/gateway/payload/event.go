// Package payload has the formats in which API Gateway and Lambda functions speak to
// each other: the event of a proxy integration, payload format version 1.0, and what a
// function, or a Lambda authorizer, must answer. Functions are not trusted to answer
// rightly: what they return is read strictly.
package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Event is the input of a Lambda proxy integration, version 1.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
type Event struct {
	Resource              string              `json:"resource"`
	Path                  string              `json:"path"`
	HTTPMethod            string              `json:"httpMethod"`
	Headers               map[string]string   `json:"headers"`
	MultiValueHeaders     map[string][]string `json:"multiValueHeaders"`
	QueryString           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryString map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters        map[string]string   `json:"pathParameters"`
	StageVariables        map[string]string   `json:"stageVariables"`
	RequestContext        RequestContext      `json:"requestContext"`
	Body                  *string             `json:"body"`
	IsBase64Encoded       bool                `json:"isBase64Encoded"`
}

// RequestContext is what the gateway knows of a request beyond what was received.
type RequestContext struct {
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
	Identity          Identity       `json:"identity"`
	DomainName        string         `json:"domainName"`
	DeploymentID      string         `json:"deploymentId"`
	APIID             string         `json:"apiId"`
}

// Identity has twelve keys, null where the caller has none of it; a request with an
// API key has two more.
type Identity struct {
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

// Marshal writes JSON as API Gateway does: <, > and & stand for themselves.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Claims writes a token's claims as the Cognito authorizer hands them on, as the
// request context's authorizer.
func Claims(claims map[string]any) map[string]any {
	texts := make(map[string]string, len(claims))
	for name, c := range claims {
		texts[name] = authorizerClaim(name, c)
	}
	return map[string]any{"claims": texts}
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
		text, err := Marshal(c)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(claim)
}

// claimTime writes the seconds of a time claim as the authorizer hands them on.
func claimTime(seconds float64) string {
	return time.Unix(int64(seconds), 0).UTC().Format("Mon Jan 02 15:04:05 MST 2006")
}
