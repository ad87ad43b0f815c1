package respond

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Handler answers requests of a REST API's Lambda proxy integration.
type Handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// The variables by which the stack tells a function what its setting cors says. Without
// the first there are no pages of other origins.
const (
	originsVariable = "CORS_ORIGINS"         // separated by commas
	exposedVariable = "CORS_EXPOSED_HEADERS" // the same
)

// WithCORS adds to what handle answers the headers by which browsers let a page of
// another origin read it: to every answer, errors too, as they are all written by it.
// An answer names the origin that asks when the stack lists it, and none otherwise.
// Where the stack has no setting cors, it is handle itself.
//
// Protocol: https://fetch.spec.whatwg.org/#http-cors-protocol.
func WithCORS(handle Handler) Handler {
	origins, exposed := list(os.Getenv(originsVariable)), os.Getenv(exposedVariable)
	if len(origins) == 0 {
		return handle
	}
	return func(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		response, err := handle(ctx, request)
		if err != nil {
			return response, err // which API Gateway answers, with the same headers
		}
		if response.Headers == nil {
			response.Headers = map[string]string{}
		}
		// With a single origin the answer is the same for all, and needs no look at the
		// request; a browser compares the origin by itself.
		origin := origins[0]
		if len(origins) > 1 {
			origin = header(request.Headers, "Origin")
		}
		if slices.Contains(origins, origin) {
			response.Headers["Access-Control-Allow-Origin"] = origin
			if exposed != "" {
				response.Headers["Access-Control-Expose-Headers"] = exposed
			}
		}
		vary(response.Headers)
		return response, nil
	}
}

// vary tells caches that the answer depends on who asked, besides what it depends on
// already.
func vary(headers map[string]string) {
	for name, value := range headers {
		if strings.EqualFold(name, "Vary") {
			if !slices.ContainsFunc(list(value), func(field string) bool { return field == "*" || strings.EqualFold(field, "Origin") }) {
				headers[name] = value + ", Origin"
			}
			return
		}
	}
	headers["Vary"] = "Origin"
}

// header is a request's header: API Gateway leaves names in the case that the client
// wrote.
func header(headers map[string]string, name string) string {
	for given, value := range headers {
		if strings.EqualFold(given, name) {
			return value
		}
	}
	return ""
}

func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
