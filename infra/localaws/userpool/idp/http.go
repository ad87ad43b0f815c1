package idp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// requestLimit is how long a provider may take to answer one request.
	requestLimit = 10 * time.Second
	// answerLimit is how many bytes of an answer are read.
	answerLimit = 1 << 20
)

// NewHTTP returns a client for requests to providers: over https, or http on loopback;
// bounded in time and size; and it follows no redirect. transport makes the requests,
// http.DefaultTransport's like when nil.
func NewHTTP(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &http.Client{
		Timeout: requestLimit, Transport: bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the provider redirects, which is not followed")
		},
	}
}

type bounded struct{ http.RoundTripper }

// RoundTrip makes a request to a legal address and cuts its answer off.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkURL(r.URL); err != nil {
		return nil, err
	}
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &cut{answer.Body, answerLimit}
	return answer, nil
}

// cut fails when more is read than an answer may have.
type cut struct {
	io.ReadCloser
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if c.left -= n; c.left < 0 {
		return 0, fmt.Errorf("the answer has more than %d bytes", answerLimit)
	}
	return n, err
}

// CheckURL refuses an address that no request may go to: https is legal, and http on
// loopback alone, without user, password and fragment.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("it is not a URL")
	}
	if u.User != nil || strings.Contains(raw, "#") {
		return errors.New("a user, a password or a fragment is not legal")
	}
	return checkURL(u)
}

func checkURL(u *url.URL) error {
	switch {
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("it is no address of https, nor of http on loopback; these are legal")
	case u.Scheme == "http" && !loopback(u):
		return errors.New("http is legal on loopback alone; use https")
	}
	return nil
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// leads refuses an endpoint that an issuer may not name.
func leads(issuer, endpoint string) error {
	if err := CheckURL(endpoint); err != nil {
		return err
	}
	from, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	to, err := url.Parse(endpoint)
	if err == nil && here(to) && !here(from) {
		err = errors.New("an issuer that is elsewhere does not lead to loopback")
	}
	return err
}

// here tells whether an address may be one of this machine's, however it is spelled: what
// is no loopback to requests over http can still be one to whoever resolves the name.
func here(u *url.URL) bool {
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback() || ip.IsUnspecified()
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	// No top-level domain begins with a digit: these are addresses as inet_aton reads them.
	return last == "localhost" || last == "" || last[0] >= '0' && last[0] <= '9'
}
