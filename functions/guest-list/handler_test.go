package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// Questions as they come in an invocation, and the answers as they go out.
func TestHandle(t *testing.T) {
	for question, want := range map[string]string{
		`{"caller":{"kind":"anonymous"}}`:                           `{"as":"passer-by","rooms":[]}`,
		`{"caller":{"kind":"guest","identityId":"us-west-2:1"}}`:    `{"as":"visitor","rooms":["bar"]}`,
		`{"caller":{"kind":"user","user":{"sub":"5a0d"}}}`:          `{"as":"member","rooms":["bar","dance floor"]}`,
		`{"caller":{"kind":"authorized","principalId":"tenant-7"}}`: `{"as":"member","rooms":["bar","dance floor"]}`,
		`{"caller":{"kind":"client","clientId":"reports"}}`:         `{"as":"supplier","rooms":["stockroom"]}`,
		`{"caller":{"kind":"iam","arn":"arn:aws:iam::1:user/ann"}}`: `{"as":"staff","rooms":["bar","dance floor","stockroom"]}`,
		`{"caller":{"kind":"burglar"}}`:                             `error: looking the caller up: its kind is "burglar"`,
		`{}`:                                                        `error: looking the caller up: its kind is ""`,
		`{"requestContext":{"identity":{}},"path":"/require-auth"}`: `error: looking the caller up: its kind is ""`, // as if a route led here
	} {
		if got := ask(t, question); !strings.HasPrefix(got, want) {
			t.Errorf("%s is answered %s, want %s", question, got, want)
		}
	}
}

func ask(t *testing.T, text string) string {
	t.Helper()
	var q question
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		t.Fatal(err)
	}
	found, err := handle(t.Context(), q)
	if err != nil {
		return "error: " + err.Error()
	}
	answer, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
