// Package api is Lambda's HTTP API: invoking functions and looking at them, for
// callers with IAM credentials. A request is signed, and let in by the caller's own
// policies or by the function's, as on AWS.
//
// https://docs.aws.amazon.com/lambda/latest/api/welcome.html
package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/wire"
)

// Prefix begins the paths that Serve answers.
const Prefix = "/2015-03-31/functions"

// API answers Lambda's HTTP API.
type API struct {
	functions *lambda.Service
	iam       *iam.Service
}

// New returns the API of the functions, to which iam lets callers in.
func New(functions *lambda.Service, iam *iam.Service) *API { return &API{functions, iam} }

// call is a request that is being answered.
type call struct {
	*API
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	query  url.Values
	caller *iam.Caller
}

// Serve answers a request below Prefix: Invoke, GetFunction, GetFunctionConfiguration,
// ListFunctions, ListVersionsByFunction, ListAliases and GetAlias. Everything else is answered with UnknownOperationException.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, body []byte) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	segments := strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, Prefix), "/"), "/")
	operation, serve := find(r.Method, segments)
	if serve == nil {
		audit.From(r.Context()).Service("lambda")
		fail(w, r, (&wire.Error{Code: "UnknownOperationException", Message: "The local AWS does not know " + r.Method + " " + audit.Clip(path) + "."}).WithStatus(http.StatusNotFound))
		return
	}
	audit.From(r.Context()).Service("lambda " + operation)
	name, err := url.PathUnescape(segments[0])
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	if err != nil || queryErr != nil {
		fail(w, r, wire.NewError("InvalidRequestContentException", "The request's address could not be read."))
		return
	}
	c := &call{API: a, w: w, r: r, body: body, query: query}
	if c.caller, err = a.iam.Identify(r, body, "lambda"); err != nil {
		fail(w, r, forbidden(err))
		return
	}
	if err := serve(c, name); err != nil {
		fail(w, r, err)
	}
}

// find tells operations apart.
func find(method string, segments []string) (string, func(*call, string) error) {
	last := segments[len(segments)-1]
	switch named := segments[0] != ""; {
	case method == http.MethodPost && len(segments) == 2 && named && last == "invocations":
		return "Invoke", (*call).invoke
	case method == http.MethodGet && len(segments) == 1 && named:
		return "GetFunction", (*call).getFunction
	case method == http.MethodGet && len(segments) == 2 && named && last == "configuration":
		return "GetFunctionConfiguration", (*call).getConfiguration
	case method == http.MethodGet && len(segments) == 2 && named && last == "versions":
		return "ListVersionsByFunction", (*call).listVersions
	case method == http.MethodGet && len(segments) == 2 && named && last == "aliases":
		return "ListAliases", (*call).listAliases
	case method == http.MethodGet && len(segments) == 3 && named && segments[1] == "aliases" && last != "":
		return "GetAlias", func(c *call, name string) error { return c.getAlias(name, last) }
	case method == http.MethodGet && len(segments) == 1:
		return "ListFunctions", (*call).listFunctions
	}
	return "", nil
}

// functionForm is what the API takes for a function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
const functionForm = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`

var (
	functionName  = regexp.MustCompile(`^` + functionForm + `$`)
	qualifierName = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]{1,128})$`)
)

// target finds the function that the request is about, and asks whether the caller
// may do the action to it. One who may not is not told whether it is there.
func (c *call) target(action, name string) (lambda.Target, error) {
	if len(name) > 256 || !functionName.MatchString(name) {
		return lambda.Target{}, invalid("functionName", name, "Member must satisfy regular expression pattern: "+functionForm)
	}
	if qualifier := c.query.Get("Qualifier"); qualifier != "" {
		if !qualifierName.MatchString(qualifier) {
			return lambda.Target{}, invalid("qualifier", qualifier, `Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)`)
		}
		given := functionName.FindStringSubmatch(name)[9]
		switch {
		case given != "" && given != qualifier:
			return lambda.Target{}, wire.NewError("InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
		case given == "":
			name += ":" + qualifier
		}
	}
	target, err := c.functions.Target(name)
	if err != nil && target.ARN == "" {
		return target, err
	}
	if err := c.permit(action, target.ARN, target.Policy); err != nil {
		return target, err
	}
	return target, err
}

func (c *call) permit(action, resource string, policy *authz.Policy) error {
	return forbidden(c.iam.Permit(c.r, c.caller, iam.Request{Action: "lambda:" + action, Resource: resource}, policy))
}

// forbidden gives a refusal the status that REST services have for it.
func forbidden(err error) error {
	var refusal *wire.Error
	if errors.As(err, &refusal) {
		return refusal.WithStatus(http.StatusForbidden)
	}
	return err
}

func invalid(member, value, rule string) error {
	return wire.NewError("ValidationException", "1 validation error detected: Value '"+audit.Clip(value)+"' at '"+member+"' failed to satisfy constraint: "+rule)
}

// fail answers with an error: *lambda.Error and *wire.Error as they are, anything else
// is the local AWS's own fault, of which the caller is told no more.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *wire.Error
	if errors.As(err, &refused) {
		wire.WriteREST(w, r, refused)
		return
	}
	var own *lambda.Error
	if !errors.As(err, &own) {
		audit.From(r.Context()).Fault(err)
		own = &lambda.Error{Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred and the request cannot be processed.", Type: "Service"}
	}
	if own.Status >= http.StatusInternalServerError {
		audit.From(r.Context()).Fault(err)
	}
	audit.From(r.Context()).Deny(err.Error())
	w.Header().Set("x-amzn-ErrorType", own.Code)
	body := struct {
		Type    string `json:"Type"`
		Message string `json:"message"`
		Reason  string `json:"Reason,omitempty"`
	}{own.Type, own.Message, own.Reason}
	write(w, r, own.Status, body)
}

func write(w http.ResponseWriter, r *http.Request, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		audit.From(r.Context()).Fault(err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", audit.From(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone away is no fault
}
