// Package respond makes the responses of the functions, in the form of a Lambda
// proxy integration.
//
// Format: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
package respond

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// Option changes a response before it is returned.
type Option func(*events.APIGatewayProxyResponse)

// NoStore forbids every cache to keep the response. It belongs on whatever is meant
// for one caller (RFC 9111, section 5.2.2.5).
func NoStore(r *events.APIGatewayProxyResponse) { r.Headers["Cache-Control"] = "no-store" }

// Header sets a response header.
func Header(name, value string) Option {
	return func(r *events.APIGatewayProxyResponse) { r.Headers[name] = value }
}

// JSON answers with the status and v as JSON. Text is left as it is: <, > and & are
// not escaped for HTML, and nosniff keeps browsers from taking the answer for a page.
// It fails when v has no form in JSON, which is a fault of the function.
func JSON(status int, v any, options ...Option) (events.APIGatewayProxyResponse, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return events.APIGatewayProxyResponse{}, fmt.Errorf("encoding the response: %w", err)
	}
	response := events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers: map[string]string{
			"Content-Type":           "application/json",
			"X-Content-Type-Options": "nosniff",
		},
		Body: string(bytes.TrimSuffix(body.Bytes(), []byte("\n"))),
	}
	for _, option := range options {
		option(&response)
	}
	return response, nil
}
