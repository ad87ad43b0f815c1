// Command actor is the function of the table of cases: it plays the integration and
// the Lambda authorizer, and does what the path, or the token, says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// event is that of a proxy integration, or that of an authorizer.
type event struct {
	Type           string            `json:"type"` // TOKEN or REQUEST, of an authorizer alone
	Token          string            `json:"authorizationToken"`
	MethodARN      string            `json:"methodArn"`
	PathParameters map[string]string `json:"pathParameters"`
	Query          map[string]string `json:"queryStringParameters"`
}

func main() { lambda.Start(handle) }

func handle(_ context.Context, in json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(in, &e); err != nil {
		return nil, err
	}
	if e.Type != "" {
		return authorize(e)
	}
	switch does := e.PathParameters["does"]; does {
	case "fail":
		return nil, errors.New("told to fail")
	case "die":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Minute)
	case "answer":
		return json.RawMessage(e.Query["answer"]), nil
	}
	// Else it answers with the event, for the test to look at.
	return map[string]any{"statusCode": 200, "body": string(in)}, nil
}

func authorize(e event) (any, error) {
	response, err := http.Get(os.Getenv("COUNTER"))
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	policy := func(effect, resource string) map[string]any {
		return map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource},
		}}
	}
	answer := map[string]any{"principalId": "somebody", "policyDocument": policy("Allow", "*")}
	does, _, _ := strings.Cut(strings.TrimPrefix(e.Token, "token-"), "-")
	switch does {
	case "unauthorized":
		return nil, errors.New("Unauthorized") // the word that API Gateway knows
	case "fail":
		return nil, errors.New("told to fail")
	case "nobody":
		delete(answer, "principalId")
	case "lawless":
		delete(answer, "policyDocument")
	case "deny":
		answer["policyDocument"] = policy("Deny", "*")
	case "elsewhere":
		answer["policyDocument"] = policy("Allow", "arn:aws:execute-api:*:*:*/*/GET/elsewhere")
	case "here":
		answer["policyDocument"] = policy("Allow", e.MethodARN)
	}
	return answer, nil
}
