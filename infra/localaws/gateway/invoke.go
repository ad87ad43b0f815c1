package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

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
	call := e.integration()
	call.Payload, call.TraceID = event, x.traceID
	result, err := x.service.cfg.Lambda.Invoke(ctx, call)
	x.passed(PartFunction)
	if err != nil {
		x.pass(notInvoked(ctx, err, in.Timeout))
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

// integration is how the method's function is invoked.
func (e *entry) integration() lambda.Invocation {
	return lambda.Invocation{Function: e.method.Integration.Function, Principal: principal, SourceARN: e.arn(e.method.SourcePath)}
}

// notInvoked is the refusal where a function was not run, or not in time.
func notInvoked(ctx context.Context, err error, timeout time.Duration) outcome {
	var no *lambda.Error
	switch {
	case errors.Is(err, lambda.ErrNotPermitted):
		return refused(answerNoPermission, err.Error())
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return refused(answerTimeout, fmt.Sprintf("the function did not answer within %v", timeout))
	case errors.As(err, &no) && no.Status == http.StatusRequestEntityTooLarge:
		return refused(answerEventTooLarge, err.Error())
	case errors.As(err, &no):
		return refused(answerNotInvoked, err.Error())
	case ctx.Err() != nil: // the client has gone away
		return refused(answerTimeout, "the client did not wait for the answer")
	}
	so := faulty(err, "the function could not be invoked")
	so.answer = &answerNotInvoked
	return so
}
