package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// ServeRuntime is Lambda's Runtime API for the instance that the token in the path
// belongs to. rest is the path behind the token, with or without a slash in front.
// A token that belongs to no instance gets 403 and nothing else, whatever it asks.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (s *Service) ServeRuntime(w http.ResponseWriter, r *http.Request, token, rest string) {
	i, known := s.instance(token)
	if !known {
		writeRuntimeError(w, http.StatusForbidden, "Forbidden", "the token in the path belongs to no running instance")
		return
	}
	path := strings.Split(strings.TrimPrefix(rest, "/"), "/")
	get, post := r.Method == http.MethodGet, r.Method == http.MethodPost
	switch {
	case len(path) < 4 || path[0] != "2018-06-01" || path[1] != "runtime":
		http.NotFound(w, r)
	case get && len(path) == 4 && path[2] == "invocation" && path[3] == "next":
		i.serveNext(w, r)
	case post && len(path) == 5 && path[2] == "invocation" && path[4] == "response":
		i.serveAnswer(w, r, path[3], false)
	case post && len(path) == 5 && path[2] == "invocation" && path[4] == "error":
		i.serveAnswer(w, r, path[3], true)
	case post && len(path) == 4 && path[2] == "init" && path[3] == "error":
		i.serveInitError(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveNext waits for the next event. To ask for it is also to say that the one
// before is done with.
func (i *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	switch i.state {
	case starting:
		close(i.ready)
	case answered:
		close(i.current.finished)
		i.current = nil
	case waiting: // it polls again, as after a broken connection
	default:
		refuseState(w, i.state, waiting)
		i.mu.Unlock()
		return
	}
	i.state = waiting
	i.mu.Unlock()

	var inv *invocation
	select {
	case inv = <-i.events:
	case <-r.Context().Done():
		return
	case <-i.done:
		return
	}
	if r.Context().Err() != nil { // both at once, and nobody is there to take it
		i.events <- inv
		return
	}
	i.mu.Lock()
	i.state, i.current = working, inv
	i.mu.Unlock()

	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	h.Set("Lambda-Runtime-Trace-Id", inv.TraceID)
	if inv.ClientContext != "" {
		h.Set("Lambda-Runtime-Client-Context", inv.ClientContext)
	}
	h.Set("Content-Length", strconv.Itoa(len(inv.Payload)))
	_, _ = w.Write(inv.Payload) // a process that has gone away is seen as such
}

// serveAnswer takes what the function answers, or the error that it ends with.
func (i *instance) serveAnswer(w http.ResponseWriter, r *http.Request, id string, isError bool) {
	body, err := readAnswer(r)
	tooLarge := errors.Is(err, errAnswerTooLarge)
	if err != nil && !tooLarge {
		writeRuntimeError(w, http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated")
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.state != working {
		refuseState(w, i.state, answered)
		return
	}
	inv := i.current
	if id != inv.RequestID {
		writeRuntimeError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	i.state = answered
	if tooLarge {
		inv.failure = failSize()
		inv.response, inv.failed = inv.failure.payload(), true
		writeRuntimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxResponse))
		return
	}
	inv.response, inv.failed = body, isError
	// A runtime that streams says in a trailer that it failed half-way.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		inv.failed = true
		inv.response, err = base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		if err != nil || !json.Valid(inv.response) {
			inv.response = (&failure{Type: kind, Message: "the function failed while it answered"}).payload()
		}
	}
	accept(w)
}

// serveInitError takes why the runtime cannot start.
func (i *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readAnswer(r)
	if err != nil {
		writeRuntimeError(w, http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated")
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.state != starting {
		refuseState(w, i.state, failed)
		return
	}
	f := &failure{status: "error"}
	if err := json.Unmarshal(body, f); err != nil || f.Type == "" {
		f.Type = "Runtime.Unknown"
	}
	if kind := r.Header.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		f.Type = kind
	}
	if json.Valid(body) {
		f.raw = body
	}
	i.state, i.initErr = failed, f
	close(i.failing)
	accept(w)
}

var errAnswerTooLarge = errors.New("the answer is too large")

// readAnswer reads the body of an answer. One that is too large is read no further
// than it takes to know that.
func readAnswer(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxResponse {
		return nil, errAnswerTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if len(body) > maxResponse {
		return nil, errAnswerTooLarge
	}
	return body, err
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

func refuseState(w http.ResponseWriter, from, to state) {
	writeRuntimeError(w, http.StatusForbidden, "InvalidStateTransition",
		fmt.Sprintf("State transition from %s to %s failed for runtime. Error: State transition is not allowed", from, to))
}

func writeRuntimeError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorMessage": message, "errorType": kind})
}
