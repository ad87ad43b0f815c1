package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"auth-api/infra/localaws/gateway/payload"
	"auth-api/infra/localaws/lambda"
)

// Invoker runs functions; lambda.Service is one.
type Invoker interface {
	Invoke(ctx context.Context, in lambda.Invocation) (lambda.Result, error)
}

// principal is the service that a function's resource policy must let in.
const principal = "apigateway.amazonaws.com"

// integrate answers by the method's integration.
func (x *exchange) integrate() {
	in := &x.method.Integration
	if in.Mock != nil {
		x.answerMock(in.Mock)
		x.passed(PartResponse)
		return
	}
	event, err := payload.Marshal(x.event())
	if err != nil {
		x.record.Fault(err)
		x.refuse(answerInternal, "the proxy event could not be made")
		return
	}
	x.passed(PartEvent)
	ctx, cancel := context.WithTimeout(x.r.Context(), in.Timeout)
	defer cancel()
	e := x.entry()
	result, err := x.service.cfg.Lambda.Invoke(ctx, lambda.Invocation{
		Function: in.Function, Payload: event, Principal: principal, SourceARN: e.arn(x.method.SourcePath), TraceID: x.traceID,
	})
	x.passed(PartFunction)
	if err != nil {
		x.refuseInvocation(ctx, err)
		return
	}
	if result.FunctionError != "" {
		x.refuse(answerMalformed, "the function failed: "+result.FunctionError+", request "+result.RequestID)
		return
	}
	answer, err := payload.DecodeResponse(result.Payload)
	if err != nil {
		x.refuse(answerMalformed, err.Error())
		return
	}
	x.respond(answer)
	x.passed(PartResponse)
}

// refuseInvocation answers for a function that was not run, or not in time.
func (x *exchange) refuseInvocation(ctx context.Context, err error) {
	var refused *lambda.Error
	switch {
	case errors.Is(err, lambda.ErrNotPermitted):
		x.refuse(answerNoPermission, err.Error())
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		x.refuse(answerTimeout, fmt.Sprintf("the function did not answer within %v", x.method.Integration.Timeout))
	case errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge:
		x.refuse(answerEventTooLarge, err.Error())
	case errors.As(err, &refused):
		x.refuse(answerNotInvoked, err.Error())
	case ctx.Err() != nil: // the client has gone away
		x.refuse(answerTimeout, "the client did not wait for the answer")
	default:
		x.record.Fault(err)
		x.refuse(answerNotInvoked, "the function could not be invoked")
	}
}
