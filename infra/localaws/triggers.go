package localaws

import (
	"context"
	"errors"

	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/userpool"
)

// invokeTrigger calls a function on behalf of a user pool, as the function's resource
// policy permits it. A function that is gone is answered like one that is not
// permitted, as on AWS: https://repost.aws/knowledge-center/cognito-lambda-trigger-errors
func (s *Server) invokeTrigger(ctx context.Context, functionARN string, event []byte, sourceARN string) ([]byte, string, error) {
	result, err := s.Lambda.Invoke(ctx, lambda.Invocation{
		Function: functionARN, Payload: event, Principal: "cognito-idp.amazonaws.com", SourceARN: sourceARN,
	})
	var refused *lambda.Error
	switch {
	case errors.Is(err, lambda.ErrNotPermitted):
		err = &userpool.InvokeError{Code: "AccessDeniedException", Err: err}
	case errors.As(err, &refused) && refused.Code == "ResourceNotFoundException":
		err = &userpool.InvokeError{Code: "AccessDeniedException", Err: err}
	case errors.As(err, &refused):
		err = &userpool.InvokeError{Code: refused.Code, Err: err}
	}
	return result.Payload, result.FunctionError, err
}
