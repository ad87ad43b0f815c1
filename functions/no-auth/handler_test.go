package main

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestHandle(t *testing.T) {
	signed := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: "/no-auth"}
	signed.RequestContext.Identity.UserArn = "arn:aws:sts::123456789012:assumed-role/reader/me"

	for name, request := range map[string]events.APIGatewayProxyRequest{
		"nobody in particular":  {HTTPMethod: "GET", Path: "/no-auth"},
		"somebody who signed":   signed,
		"an event of no sender": {},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := handle(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != 200 || response.Body != `{"message":"Open for All!"}` {
				t.Errorf("answered %d %s", response.StatusCode, response.Body)
			}
			if got := response.Headers["Content-Type"]; got != "application/json" {
				t.Errorf("Content-Type is %q", got)
			}
		})
	}
}
