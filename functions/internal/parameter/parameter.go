// Package parameter lets a function read a parameter of Systems Manager's Parameter Store.
//
// The stack file, or the program, says which: a grant gives the function's role the
// permission to read exactly it. Without the grant AWS refuses.
package parameter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"auth-api/functions/internal/aws"
)

var (
	// ErrRefused is that IAM does not let this function read the parameter.
	ErrRefused = errors.New("this function's role has no permission to read it (ssm:GetParameter)")
	// ErrNotFound is that there is no parameter of that name in the region.
	ErrNotFound = errors.New("there is no such parameter in this region")
	// ErrUnavailable is that Systems Manager gave no answer, or none that counts: it may
	// give one a moment later.
	ErrUnavailable = errors.New("the parameter store does not answer")
)

// maxAnswer is more than the largest answer, in bytes: a value has at most 8 KB.
//
// See https://docs.aws.amazon.com/general/latest/gr/ssm.html.
const maxAnswer = 64 << 10

// Get reads the value of a parameter of the type String, by its name. It asks once, until
// the context ends. The error is ErrRefused, ErrNotFound, ErrUnavailable, or says what
// else Systems Manager answered; it never holds the value.
//
// See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html.
func Get(ctx context.Context, name string) (string, error) {
	return get(ctx, fromEnvironment, name)
}

var fromEnvironment = aws.New("ssm")

func get(ctx context.Context, ssm *aws.Client, name string) (string, error) {
	question, err := json.Marshal(struct{ Name string }{name})
	if err != nil {
		return "", fmt.Errorf("reading the parameter %s: encoding the question: %w", name, err)
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AmazonSSM.GetParameter"}}
	response, err := ssm.Send(ctx, http.MethodPost, "/", header, question)
	if err != nil {
		return "", fmt.Errorf("reading the parameter %s: %w: %w", name, ErrUnavailable, err)
	}
	said, err := aws.Read(response, maxAnswer)
	if err != nil {
		return "", fmt.Errorf("reading the parameter %s: %w: %w", name, ErrUnavailable, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("reading the parameter %s: %w", name, failure(response, said))
	}
	var answer struct {
		Parameter struct{ Name, Type, Value string }
	}
	switch err := json.Unmarshal(said, &answer); {
	case err != nil:
		// Not %w: what json quotes of the answer may be the value's.
		return "", fmt.Errorf("reading the parameter %s: the answer is not the JSON of GetParameter", name)
	case answer.Parameter.Type != "String":
		return "", fmt.Errorf("reading the parameter %s: its type is %q, legal is String", name, answer.Parameter.Type)
	}
	return answer.Parameter.Value, nil
}

// failure tells errors apart by their codes, which stand in the body.
func failure(response *http.Response, said []byte) error {
	var body struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(said, &body) // an error without a code is told by its status
	code := body.Type[strings.LastIndexByte(body.Type, '#')+1:]
	switch {
	case code == "AccessDeniedException":
		return ErrRefused
	case code == "ParameterNotFound":
		return ErrNotFound
	case code == "ThrottlingException", response.StatusCode >= 500, response.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %s %s", ErrUnavailable, response.Status, code)
	}
	return fmt.Errorf("the parameter store answered %s %s", response.Status, code)
}
