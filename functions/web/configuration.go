package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"auth-api/functions/internal/parameter"
)

const (
	// fresh is how long a configuration is used before it is read again. Whoever changes a
	// stack opens its page some seconds later. Parameter Store answers 40 reads a second of
	// an account, which is 400 instances of this function.
	fresh   = 10 * time.Second
	pause   = 5 * time.Second // before it is asked for again, where an old one is at hand
	patient = 2 * time.Second // how long an answer is waited for
)

// configuration is the parameter that says what the stack is, kept in memory.
type configuration struct {
	name string // of the parameter
	get  func(context.Context, string) (string, error)
	now  func() time.Time

	mu    sync.Mutex // held while it is read: one request asks for all
	value *settings  // nil before it was read
	until time.Time  // when it is to be read again
}

// settings is what a parameter holds.
type settings struct {
	body    string   // of /config.json
	origins []string // that the page sends requests to
}

// current is the configuration as it is, or was at most fresh ago; older while the
// parameter store does not answer. A refusal is never passed over.
func (c *configuration) current(ctx context.Context) (*settings, *fault) {
	if c.name == "" {
		log.Print(noParameter.what)
		return nil, noParameter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.value != nil && now.Before(c.until) {
		return c.value, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	text, err := c.get(ctx, c.name)
	var read *settings
	if err == nil {
		read, err = parse(text)
	}
	switch {
	case err == nil:
		c.value, c.until = read, now.Add(fresh)
		return read, nil
	case errors.Is(err, parameter.ErrUnavailable) && c.value != nil:
		log.Printf("%v: the configuration of before is used", err)
		c.until = now.Add(pause)
		return c.value, nil
	}
	c.value = nil
	return nil, c.faulty(err)
}

// faulty is what a visitor is told of an error.
func (c *configuration) faulty(err error) *fault {
	log.Print(err)
	var wrong *wrongSettings
	switch {
	case errors.Is(err, parameter.ErrRefused):
		return &fault{"The function has no permission to read its configuration: its role lacks a grant of ssm:GetParameter on the parameter " + c.name + ".", "Bring the stack up again (make up): it grants exactly that, and nothing else.", 0}
	case errors.Is(err, parameter.ErrNotFound):
		return &fault{"There is no configuration: the parameter " + c.name + " does not exist in this region.", "Bring the stack up again (make up): it makes the parameter.", 0}
	case errors.Is(err, parameter.ErrUnavailable):
		return &fault{"The configuration cannot be read at the moment: the parameter store does not answer.", "Try again in a moment.", 5}
	case errors.As(err, &wrong):
		return &fault{"The parameter " + c.name + " holds no configuration: " + wrong.Error() + ".", "Bring the stack up again (make up): it writes the parameter anew.", 0}
	}
	return &fault{"The configuration could not be read.", "The function's log says why.", 0}
}

// wrongSettings tells what is wrong with a parameter's value, without its text.
type wrongSettings struct{ what string }

func (w *wrongSettings) Error() string { return w.what }

// parse takes what the parameter holds: Config in client/types.ts.
func parse(text string) (*settings, error) {
	var addresses struct {
		HostedUIURL        string `json:"hostedUiUrl"`
		CognitoIdentityURL string `json:"cognitoIdentityUrl"`
		APIURL             string `json:"apiUrl"`
		WebURL             string `json:"webUrl"`
	}
	var body bytes.Buffer
	if json.Compact(&body, []byte(text)) != nil || json.Unmarshal(body.Bytes(), &addresses) != nil || !strings.HasPrefix(body.String(), "{") {
		return nil, &wrongSettings{"its value is no JSON object with the stack's addresses"}
	}
	read := &settings{body: body.String()}
	for _, a := range []struct{ key, value string }{
		{"hostedUiUrl", addresses.HostedUIURL}, {"cognitoIdentityUrl", addresses.CognitoIdentityURL},
		{"apiUrl", addresses.APIURL}, {"webUrl", addresses.WebURL},
	} {
		origin, ok := originOf(a.value)
		if !ok {
			return nil, &wrongSettings{"its " + a.key + " is no address of a host: legal are those that begin with https://, and on this machine with http://"}
		}
		if !slices.Contains(read.origins, origin) {
			read.origins = append(read.origins, origin)
		}
	}
	return read, nil
}

// originOf is the origin of an address as a Content-Security-Policy names it. Tokens go
// to these addresses: unencrypted, only within a machine.
func originOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" || u.Host == "" {
		return "", false
	}
	for _, c := range []byte(u.Host) { // no wildcard, and nothing that ends a directive
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == ':':
		default:
			return "", false
		}
	}
	name, port := u.Hostname(), u.Port()
	if _, err := strconv.ParseUint(port, 10, 16); err != nil && strings.Contains(u.Host, ":") {
		return "", false
	}
	here := name == "localhost" || name == "127.0.0.1" || strings.HasSuffix(name, ".localhost")
	if name == "" || u.Scheme != "https" && !(u.Scheme == "http" && here) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
