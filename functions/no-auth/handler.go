// Command no-auth is the function behind the open route: it answers everybody
// whose request API Gateway lets in, signed or not.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/respond"
)

type answer struct {
	Message string `json:"message"`
}

func handle(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return respond.JSON(http.StatusOK, answer{Message: "Open for All!"})
}
