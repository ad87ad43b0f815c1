package iam

import (
	"encoding/json"
	"net/http"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/wire"
)

// Operation answers a signed request of a service API that speaks the JSON protocol.
type Operation func(r *http.Request, caller *Caller, body []byte) (any, error)

// JSON is an operation that takes the request's body as an In.
func JSON[In, Out any](run func(r *http.Request, caller *Caller, in In) (Out, error)) Operation {
	return func(r *http.Request, caller *Caller, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, wire.NewError("SerializationException", "The request body is not the operation's JSON.")
		}
		return run(r, caller, in)
	}
}

// ServeJSON answers the operation of this name, which stood in X-Amz-Target, to whoever
// signed the request for service; what the caller may do is for the operation to ask
// (Permit). Any other name is answered with UnknownOperationException.
//
// Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
func (s *Service) ServeJSON(w http.ResponseWriter, r *http.Request, service, name string, body []byte, operations map[string]Operation) {
	audit.From(r.Context()).Service(service + " " + audit.Clip(name))
	out, err := s.serve(r, service, name, body, operations)
	if err != nil {
		wire.WriteError(w, r, err)
		return
	}
	wire.WriteJSON(w, r, out)
}

func (s *Service) serve(r *http.Request, service, name string, body []byte, operations map[string]Operation) (any, error) {
	operation, known := operations[name]
	if !known {
		return nil, wire.NewError("UnknownOperationException", "The local AWS does not know the operation "+audit.Clip(name)+" of "+service+".")
	}
	caller, err := s.Identify(r, body, service)
	if err != nil {
		return nil, err
	}
	return operation(r, caller, body)
}
