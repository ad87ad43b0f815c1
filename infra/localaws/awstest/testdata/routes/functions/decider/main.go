// Command decider is an authorizer of type REQUEST: it lets the tenant of the query in
// whose name is also the header's, for the one path that is asked for.
package main

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(_ context.Context, r events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		tenant, effect := r.QueryStringParameters["tenant"], "Deny"
		switch r.Headers["X-Tenant"] {
		case tenant:
			effect = "Allow"
		case "nobody":
			return events.APIGatewayCustomAuthorizerResponse{}, errors.New("Unauthorized")
		case "broken":
			return events.APIGatewayCustomAuthorizerResponse{}, errors.New("out of order")
		}
		return events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: tenant,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
				{Effect: effect, Action: []string{"execute-api:Invoke"}, Resource: []string{r.MethodArn}},
			}},
		}, nil
	})
}
