package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"auth-api/infra/localaws/authz"
)

// Response is a function's answer, checked.
type Response struct {
	StatusCode      int // from 200 to 599
	Headers         http.Header
	Body            string
	IsBase64Encoded bool
}

// DecodeResponse reads what a function returned. API Gateway takes a JSON object
// with none but these keys, each of its type, and calls everything else a malformed
// Lambda proxy response.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
func DecodeResponse(payload []byte) (Response, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil || fields == nil {
		return Response{}, errors.New("malformed Lambda proxy response: it is not one JSON object")
	}
	r := Response{StatusCode: http.StatusOK, Headers: http.Header{}}
	var headers map[string]any
	var multi map[string][]any
	for key, raw := range fields {
		var err error
		switch key {
		case "statusCode":
			r.StatusCode, err = decodeStatus(raw)
		case "headers":
			err = json.Unmarshal(raw, &headers)
		case "multiValueHeaders":
			err = json.Unmarshal(raw, &multi)
		case "body":
			err = json.Unmarshal(raw, &r.Body) // null leaves it empty
		case "isBase64Encoded":
			err = json.Unmarshal(raw, &r.IsBase64Encoded)
		default:
			err = errors.New("no such key is known")
		}
		if err != nil {
			return Response{}, fmt.Errorf("malformed Lambda proxy response: %s: %w", key, withoutValue(err))
		}
	}
	for name, values := range multi {
		for _, value := range values {
			if err := r.addHeader(name, value); err != nil {
				return Response{}, err
			}
		}
	}
	for name, value := range headers {
		text, ok := headerText(value)
		if ok && slices.Contains(r.Headers[http.CanonicalHeaderKey(name)], text) {
			continue // given in both, it is sent once
		}
		if err := r.addHeader(name, value); err != nil {
			return Response{}, err
		}
	}
	return r, nil
}

// withoutValue keeps the function's data out of a log.
func withoutValue(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("it must not be a %s", strings.Fields(wrong.Value)[0])
	}
	return err
}

func decodeStatus(raw json.RawMessage) (int, error) {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		text = unquoted
	}
	status, err := strconv.Atoi(text)
	if len(text) != 3 || err != nil || status < 200 || status > 599 {
		return 0, errors.New("it must be a number from 200 to 599")
	}
	return status, nil
}

func headerText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func (r *Response) addHeader(name string, value any) error {
	text, ok := headerText(value)
	if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(text) {
		return fmt.Errorf("malformed Lambda proxy response: the header %q must have a name and text that HTTP allows", name)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	r.Headers[name] = append(r.Headers[name], text)
	return nil
}

// AuthorizerResponse is what a Lambda authorizer answered, checked.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type AuthorizerResponse struct {
	PrincipalID        string
	Policy             *authz.Policy
	Context            map[string]string // as text, as integrations get it
	UsageIdentifierKey string            // the API key, where the API takes it from its authorizers
}

// DecodeAuthorizerResponse reads what an authorizer returned.
func DecodeAuthorizerResponse(payload []byte) (AuthorizerResponse, error) {
	var answer struct {
		PrincipalID        string                     `json:"principalId"`
		PolicyDocument     json.RawMessage            `json:"policyDocument"`
		Context            map[string]json.RawMessage `json:"context"`
		UsageIdentifierKey string                     `json:"usageIdentifierKey"`
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return AuthorizerResponse{}, fmt.Errorf("the authorizer's answer is not as it must be: %w", withoutValue(err))
	}
	if answer.PrincipalID == "" || len(answer.PolicyDocument) == 0 || string(answer.PolicyDocument) == "null" {
		return AuthorizerResponse{}, errors.New("the authorizer's answer lacks principalId or policyDocument")
	}
	policy, err := authz.ParseIdentity(string(answer.PolicyDocument))
	if err != nil {
		return AuthorizerResponse{}, fmt.Errorf("the authorizer's policyDocument: %w", err)
	}
	v := AuthorizerResponse{PrincipalID: answer.PrincipalID, Policy: policy, Context: map[string]string{}, UsageIdentifierKey: answer.UsageIdentifierKey}
	for name, raw := range answer.Context {
		var c any
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			return AuthorizerResponse{}, fmt.Errorf("the authorizer's context.%s: %w", name, err)
		}
		switch c.(type) {
		case nil, string, bool, json.Number:
			v.Context[name] = claimText(c)
		default:
			return AuthorizerResponse{}, fmt.Errorf("the authorizer's context.%s must be text, a number or a boolean", name)
		}
	}
	return v, nil
}
