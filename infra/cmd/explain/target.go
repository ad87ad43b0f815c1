package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// target is what a request asks for, below the stage.
type target struct{ method, path, query string }

// parseTarget reads [METHOD] PATH[?QUERY], such as GET /users/7?full=yes; without a method
// it is GET.
func parseTarget(words []string) (target, error) {
	fields := strings.Fields(strings.Join(words, " "))
	t := target{method: http.MethodGet}
	switch len(fields) {
	case 1:
		t.path = fields[0]
	case 2:
		t.method, t.path = strings.ToUpper(fields[0]), fields[1]
	default:
		return target{}, errors.New("say which route: explain [METHOD] PATH, such as explain GET /require-auth, or make explain ROUTE=\"GET /require-auth\"")
	}
	if !httpguts.ValidHeaderFieldName(t.method) { // a method is a token too
		return target{}, fmt.Errorf("the method is %q; legal are such as GET and POST", t.method)
	}
	if t.method == "ANY" {
		return target{}, errors.New("the method is ANY, which stands for several; say the one of the request, such as GET")
	}
	t.path, t.query, _ = strings.Cut(t.path, "?")
	if !strings.HasPrefix(t.path, "/") {
		return target{}, fmt.Errorf("the path is %q; it begins with /, without the stage, such as /require-auth", t.path)
	}
	if _, err := url.ParseRequestURI("http://api" + t.path); err != nil || strings.ContainsAny(t.path, "#\\{}") {
		return target{}, fmt.Errorf("the path is %q, which no request has; write a request's own path, such as /users/7 for /users/{id}, with %%XX for what URLs cannot hold", t.path)
	}
	if _, err := url.ParseQuery(t.query); err != nil {
		return target{}, fmt.Errorf("the query is %q, which no URL has: %w", t.query, err)
	}
	return t, nil
}

// parsePair reads NAME=VALUE.
func parsePair(flag, text, example string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", "", fmt.Errorf("--%s is %q; it is NAME=VALUE, such as %s", flag, text, example)
	}
	return name, value, nil
}

// parseHeaders reads lines NAME: VALUE.
func parseHeaders(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name, value = textproto.TrimString(name), textproto.TrimString(value)
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("--header %q is none; it is NAME: VALUE, such as %q", name, "Content-Type: application/json") // the value may be secret
		}
		if strings.EqualFold(name, "X-Api-Key") {
			return nil, errors.New("--header cannot set X-Api-Key: the stack's own key is sent, unless --no-key or --wrong-key is said")
		}
		h.Add(name, value)
	}
	return h, nil
}
