// Package invoke lets a function ask another function of the stack.
//
// The stack file says which: a grant `invoke: guest-list` gives the role of the function
// the permission, and its environment the other's ARN as FUNCTION_GUEST_LIST. Without
// the grant AWS refuses the call, whatever the environment says.
package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auth-api/functions/internal/aws"
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

var fromEnvironment = &client{aws.New("lambda")}

type client struct{ lambda *aws.Client }

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
	path := "/2015-03-31/functions/" + strings.ReplaceAll(url.PathEscape(function), ":", "%3A") + "/invocations"
	response, err := c.lambda.Send(ctx, http.MethodPost, path, nil, body)
	if err != nil {
		return fmt.Errorf("asking %s: %w", function, err)
	}
	said, err := aws.Read(response, maxAnswer)
	switch kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-ErrorType"), ":"); {
	case kind == "AccessDeniedException":
		return fmt.Errorf("asking %s: %w", function, ErrRefused)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("asking %s: Lambda answered %s %s", function, response.Status, kind)
	case response.Header.Get("X-Amz-Function-Error") != "":
		return fmt.Errorf("asking %s: it failed (%s); its log says why", function, response.Header.Get("X-Amz-Function-Error"))
	case err != nil:
		return fmt.Errorf("asking %s: %w", function, err)
	}
	if err := json.Unmarshal(said, answer); err != nil {
		return fmt.Errorf("asking %s: decoding the answer: %w", function, err)
	}
	return nil
}
