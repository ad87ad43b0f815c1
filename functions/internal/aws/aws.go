// Package aws sends a function's requests to AWS's APIs, signed with the credentials of
// its role.
//
// It signs with the SDK's signer and sends by itself: linking an SDK's client nearly
// doubles the time that a cold start takes until the first event, and a client that finds
// its configuration more than doubles it.
package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Client sends requests to one API of AWS. It is safe for use by many goroutines.
type Client struct {
	service string
	env     func(string) string
	now     func() time.Time
	skew    atomic.Int64 // of the API's clock against this one, in nanoseconds, once it is known to matter
}

// New returns a client of the API that signatures know by this name, such as lambda or
// ssm. Region, endpoint and credentials are those of the environment, which Lambda sets
// for as long as the process lives.
func New(service string) *Client { return With(service, os.Getenv, time.Now) }

// With is New with an environment and a clock of one's own, for tests.
func With(service string, env func(string) string, now func() time.Time) *Client {
	return &Client{service: service, env: env, now: now}
}

// Send signs and sends a request, and returns the answer, whatever its status: its body
// is to be closed. The path is percent-encoded. The request is sent again only when it
// was refused for its date; from then on requests are dated by the API's clock.
func (c *Client) Send(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	response, err := c.send(ctx, method, path, header, body)
	if err == nil && (response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusBadRequest) && c.corrected(response) {
		response.Body.Close()
		return c.send(ctx, method, path, header, body)
	}
	return response, err
}

func (c *Client) send(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.endpoint()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	credentials := aws.Credentials{AccessKeyID: c.env("AWS_ACCESS_KEY_ID"), SecretAccessKey: c.env("AWS_SECRET_ACCESS_KEY"), SessionToken: c.env("AWS_SESSION_TOKEN")}
	sum := sha256.Sum256(body)
	date := c.now().Add(time.Duration(c.skew.Load()))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), c.service, c.env("AWS_REGION"), date); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return http.DefaultClient.Do(request)
}

// maxSkew is what AWS allows the date of a signature to be off, with a margin.
const maxSkew = 4 * time.Minute

// corrected tells whether the refused request was dated by a clock so far off the API's
// that its signature did not count, and has it dated by the API's from now on, as the
// SDKs' clients do: a machine's clock may be wrong, or that of the local AWS moved.
func (c *Client) corrected(response *http.Response) bool {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return false
	}
	skew := date.Sub(c.now())
	if (skew - time.Duration(c.skew.Load())).Abs() <= maxSkew {
		return false
	}
	c.skew.Store(int64(skew))
	return true
}

// endpoint is where the API is: by the variables that every AWS SDK knows, which the
// local AWS sets, else the region's own.
//
// See https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
func (c *Client) endpoint() string {
	for _, name := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(c.service), "AWS_ENDPOINT_URL"} {
		if address := c.env(name); address != "" {
			return strings.TrimSuffix(address, "/")
		}
	}
	region := c.env("AWS_REGION")
	if strings.HasPrefix(region, "cn-") {
		return "https://" + c.service + "." + region + ".amazonaws.com.cn"
	}
	return "https://" + c.service + "." + region + ".amazonaws.com"
}

// Read reads an answer's body and closes it; longer than most bytes it is an error.
func Read(response *http.Response, most int) ([]byte, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", err)
	case len(body) > most:
		return nil, fmt.Errorf("the answer is longer than %d bytes", most)
	}
	return body, nil
}
