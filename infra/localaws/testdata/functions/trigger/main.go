// Command trigger is the user pool function of several rooms' tests: it keeps one domain
// out, confirms everybody else, and greets them in their tokens.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(_ context.Context, raw json.RawMessage) (any, error) {
	var header events.CognitoEventUserPoolsHeader
	if err := json.Unmarshal(raw, &header); err != nil {
		return nil, err
	}
	fmt.Println(header.TriggerSource, header.UserName)
	switch trigger, _, _ := strings.Cut(header.TriggerSource, "_"); trigger {
	case "PreSignUp":
		return answer(raw, func(e *events.CognitoEventUserPoolsPreSignup) error {
			if strings.HasSuffix(e.Request.UserAttributes["email"], "@blocked.example") {
				return errors.New("this domain is not welcome")
			}
			e.Response.AutoConfirmUser, e.Response.AutoVerifyEmail = true, true
			return nil
		})
	case "PostConfirmation":
		return answer(raw, func(*events.CognitoEventUserPoolsPostConfirmation) error { return nil })
	}
	return answer(raw, func(e *events.CognitoEventUserPoolsPreTokenGen) error {
		e.Response.ClaimsOverrideDetails = events.ClaimsOverrideDetails{
			ClaimsToAddOrOverride: map[string]string{"greeting": "hello " + e.UserName},
			GroupOverrideDetails:  e.Request.GroupConfiguration,
		}
		return nil
	})
}

func answer[E any](raw json.RawMessage, handle func(*E) error) (any, error) {
	var e E
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	return e, handle(&e)
}
