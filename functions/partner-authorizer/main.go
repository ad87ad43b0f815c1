package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	all, err := fromEnvironment()
	if err != nil {
		log.Fatal(err) // the function does not start, and nobody is let in
	}
	lambda.Start(all.handle)
}
