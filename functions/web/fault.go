package main

import (
	"html"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
)

// fault is why there is no page, or no configuration, and what to do about it.
type fault struct {
	what, next string
	retryAfter int // seconds; 0 where waiting does not help
}

var (
	notBundled  = &fault{"The web client is not part of this function: it was built by go build alone, which does not bundle functions/web/client.", "Build it with the stack (make up, or pulumi up).", 0}
	noParameter = &fault{"The function was not told where its configuration is: the environment variable WEB_PARAMETER is not set.", "Name the function in the stack file's setting web, and bring the stack up again (make up).", 0}
	noSuchPlace = &fault{"The page is not served at this address.", "Ask at the address that the stack has as its output webUrl (make outputs).", 0}
)

// page answers with words for who looks at a browser.
func (f *fault) page(request events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	response := text(request, f.status(), contentTypes[".html"], pagePolicy(nil), "no-store",
		`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">`+
			"<title>The page is not available</title></head><body><main><h1>The page is not available</h1><p>"+html.EscapeString(f.what)+"</p><p>"+html.EscapeString(f.next)+"</p></main></body></html>")
	f.wait(response.Headers)
	return response
}

// json answers with the same words for a program.
func (f *fault) json(request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	response, err := failure(request, f.status(), f.what+" "+f.next)
	if err == nil {
		f.wait(response.Headers)
	}
	return response, err
}

func (f *fault) status() int {
	if f == noSuchPlace {
		return http.StatusNotFound
	}
	return http.StatusServiceUnavailable
}

func (f *fault) wait(headers map[string]string) {
	if f.retryAfter > 0 {
		headers["Retry-After"] = strconv.Itoa(f.retryAfter)
	}
}
