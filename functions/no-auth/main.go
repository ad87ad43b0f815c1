package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"auth-api/functions/internal/respond"
)

func main() { lambda.Start(respond.WithCORS(handle)) }
