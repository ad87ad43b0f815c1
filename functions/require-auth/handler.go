// Command require-auth is the function behind the protected route. That the caller
// may call is API Gateway's decision, made before the function runs; the answer
// tells who it was.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/caller"
	"auth-api/functions/internal/respond"
)

type answer struct {
	Message string        `json:"message"`
	Caller  caller.Caller `json:"caller"`
}

func handle(_ context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return respond.JSON(http.StatusOK, answer{
		Message: "You're past the velvet rope!",
		Caller:  caller.From(request),
	}, respond.NoStore) // the answer is about one caller: no cache may give it to another
}
