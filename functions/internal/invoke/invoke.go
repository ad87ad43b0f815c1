// Package invoke lets a function ask another function of the stack.
//
// The stack file says which: a grant `invoke: guest-list` gives the role of the function
// the permission, and its environment the other's ARN as FUNCTION_GUEST_LIST. Without
// the grant AWS refuses the call, whatever the environment says.
//
// It signs the request with the SDK's signer and sends it itself: linking the SDK's
// Lambda client would nearly double the time that a cold start takes until the first
// event, and a client that finds its configuration more than double it.
package invoke

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// ErrRefused is that IAM does not let this function invoke the other.
var ErrRefused = errors.New("this function's role has no permission to invoke it")

// maxAnswer is the size of the largest answer that Lambda gives, in bytes.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxAnswer = 6 << 20

// margin is what is left of a function's time when a question is given up.
const margin = 250 * time.Millisecond

// Variable is the name of the environment variable that has the ARN of a function of the
// stack: FUNCTION_GUEST_LIST for guest-list.
func Variable(function string) string {
	return "FUNCTION_" + strings.ToUpper(strings.ReplaceAll(function, "-", "_"))
}

// Function asks a function, by the name or ARN that Lambda knows it by, and decodes what
// it answers into answer. It asks once: whether to ask again is the caller's to decide,
// who knows how long its own caller waits. It stops waiting a little before this
// function's own time is up, so that there is time to say so.
//
// The error is ErrRefused where the permission is missing. It holds neither the question
// nor the answer.
//
// See https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func Function(ctx context.Context, function string, question, answer any) error {
	return fromEnvironment.ask(ctx, function, question, answer)
}

var fromEnvironment = &client{env: os.Getenv, now: time.Now}

type client struct {
	env  func(string) string
	now  func() time.Time
	skew atomic.Int64 // of Lambda's clock against this one, in nanoseconds, once it is known to matter
}

func (c *client) ask(ctx context.Context, function string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("asking %s: encoding the question: %w", function, err)
	}
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	response, err := c.send(ctx, function, body)
	if err == nil && response.StatusCode == http.StatusForbidden && c.corrected(response) {
		response.Body.Close()
		response, err = c.send(ctx, function, body)
	}
	if err != nil {
		return fmt.Errorf("asking %s: %w", function, err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-ErrorType"), ":"); {
	case err != nil:
		return fmt.Errorf("asking %s: reading the answer: %w", function, err)
	case kind == "AccessDeniedException":
		return fmt.Errorf("asking %s: %w", function, ErrRefused)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("asking %s: Lambda answered %s %s", function, response.Status, kind)
	case response.Header.Get("X-Amz-Function-Error") != "":
		return fmt.Errorf("asking %s: it failed (%s); its log says why", function, response.Header.Get("X-Amz-Function-Error"))
	case len(said) > maxAnswer:
		return fmt.Errorf("asking %s: the answer is longer than %d bytes", function, maxAnswer)
	}
	if err := json.Unmarshal(said, answer); err != nil {
		return fmt.Errorf("asking %s: decoding the answer: %w", function, err)
	}
	return nil
}

// send signs the question, dated by Lambda's clock as far as it is known, and sends it.
func (c *client) send(ctx context.Context, function string, body []byte) (*http.Response, error) {
	address := endpoint(c.env) + "/2015-03-31/functions/" + strings.ReplaceAll(url.PathEscape(function), ":", "%3A") + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// Lambda sets them for as long as this process lives.
	credentials := aws.Credentials{AccessKeyID: c.env("AWS_ACCESS_KEY_ID"), SecretAccessKey: c.env("AWS_SECRET_ACCESS_KEY"), SessionToken: c.env("AWS_SESSION_TOKEN")}
	sum := sha256.Sum256(body)
	date := c.now().Add(time.Duration(c.skew.Load()))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "lambda", c.env("AWS_REGION"), date); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return http.DefaultClient.Do(request)
}

// maxSkew is what AWS allows the date of a signature to be off, with a margin.
const maxSkew = 4 * time.Minute

// corrected tells whether the refused question was dated by a clock so far off Lambda's
// that its signature did not count, and has it dated by Lambda's from now on, as the
// SDKs' clients do: a machine's clock may be wrong, or that of the local AWS moved.
func (c *client) corrected(response *http.Response) bool {
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

// endpoint is where Lambda's API is: by the variables that every AWS SDK knows, which
// the local AWS sets, else the region's own.
//
// See https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
func endpoint(env func(string) string) string {
	for _, name := range []string{"AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"} {
		if address := env(name); address != "" {
			return strings.TrimSuffix(address, "/")
		}
	}
	region := env("AWS_REGION")
	if strings.HasPrefix(region, "cn-") {
		return "https://lambda." + region + ".amazonaws.com.cn"
	}
	return "https://lambda." + region + ".amazonaws.com"
}
