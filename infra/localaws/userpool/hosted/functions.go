package hosted

import (
	"errors"
	"net/url"

	"auth-api/infra/localaws/userpool"
)

// What the pool's Lambda functions say is for the client, not for the page.

// isFunctions says whether a refusal is that of a Lambda function, or of its answer.
func isFunctions(no *userpool.Refusal) bool {
	switch no.Code {
	case "UserLambdaValidationException", "UnexpectedLambdaException", "InvalidLambdaResponseException":
		return true
	}
	return false
}

// functionFailed goes back to the client with what a function said when the user was
// signed in; it reports whether err was that.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html#important-lambda-considerations
func (v *visit) functionFailed(a *authRequest, err error) bool {
	var no *userpool.Refusal
	if !errors.As(err, &no) || !isFunctions(no) {
		return false
	}
	v.record.Deny(no.Code + ": " + no.Reason)
	v.backTo(a, url.Values{"error": {"invalid_request"}, "error_description": {no.Message}})
	return true
}
