// Command echo answers with what API Gateway told it of a request.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(ctx context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if text := r.QueryStringParameters["wait"]; text != "" {
			wait, err := time.ParseDuration(text)
			if err != nil {
				return events.APIGatewayProxyResponse{}, err
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		body, err := json.Marshal(map[string]any{
			"method": r.HTTPMethod, "resource": r.Resource, "parameters": r.PathParameters, "body": r.Body, "principal": r.RequestContext.Authorizer["principalId"],
		})
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: string(body)}, err
	})
}
