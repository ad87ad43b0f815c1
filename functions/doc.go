// Package functions is the home of the Lambda functions, one folder each. The
// folder's name is the name by which the stack file's routes call the function.
//
// # Writing another function
//
// Make a folder, say orders, with three files and a route that names it:
//
//	// functions/orders/main.go
//	package main
//
//	import (
//		"github.com/aws/aws-lambda-go/lambda"
//
//		"auth-api/functions/internal/respond"
//	)
//
//	func main() { lambda.Start(respond.WithCORS(handle)) }
//
//	// functions/orders/handler.go
//	func handle(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
//		who := caller.From(request)
//		…
//		return respond.JSON(http.StatusOK, orders, respond.NoStore)
//	}
//
//	# Pulumi.local.yaml
//	auth-api:routes:
//	  - {method: GET, path: /orders, function: orders, authorization: AWS_IAM}
//
// handler_test.go is a table of events and answers. Then:
//
//   - Who may call is said on the route, and API Gateway enforces it before the
//     function runs. The function asks package caller who it was.
//   - A JSON schema beside the function, orders/order.schema.json, is checked by API
//     Gateway before the function runs, where the route says bodySchema: order.schema.json
//     and the request says that it is application/json.
//   - A folder client beside the function is the source of a page: pulumi bundles it and
//     puts it into the function's folder dist, which the function embeds. See web.
//   - Answer through package respond. Return an error only for what is the
//     function's own fault: API Gateway makes it a 502, and the log holds it.
//   - Build nothing at init that the first request may not need. An AWS client
//     built there costs every cold start some 10 ms; use sync.OnceValue.
//   - Import nothing of infra: what deploys a function is not part of it. Its role
//     lets it write its own log, and what its grants say in the stack file.
//   - Ask another function through package invoke: require-auth asks guest-list,
//     which no route reaches, by its grant alone. A parameter of Systems Manager's is
//     read through package parameter.
//
// pulumi preview and up build what is here; there is nothing else to run.
package functions
