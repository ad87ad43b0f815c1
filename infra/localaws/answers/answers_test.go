package answers_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"auth-api/infra/localaws/answers"
	"auth-api/infra/localaws/gateway"
)

func known(t testing.TB) []answers.Error {
	t.Helper()
	all, err := answers.Errors()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Whatever the gateway can answer was received, is on the page, and is found by its message.
func TestEveryAnswerOfTheGatewayIsFound(t *testing.T) {
	all := known(t)
	page := answers.Markdown(all)
	for _, a := range gateway.Answers() {
		if a.Code == "" {
			continue // what stands for codes that the verifier of signatures does not have
		}
		message := a.Message
		for _, e := range all {
			for _, r := range e.Received {
				if r.Where == "API Gateway" && r.Status == a.Status && r.Type == a.Code && (a.Message == "" || r.Message == a.Message) {
					message = r.Message
				}
			}
		}
		if message == "" || !strings.Contains(page, fmt.Sprintf("- %d: `%s`", a.Status, message)) {
			t.Errorf("%s: ERRORS.md does not have %d %s %q", a.Name, a.Status, a.Code, message)
			continue
		}
		if found := answers.LookUp(all, message+" "+a.Code); len(found) == 0 || found[0].Type != a.Code {
			t.Errorf("%s: %q is not found: %+v", a.Name, message, found)
		}
	}
}

func TestLookUp(t *testing.T) {
	all := known(t)
	for text, want := range map[string]string{ // what it means, and how many there are
		"Missing Authentication Token":                               "Two things",
		`{"message":"Missing Authentication Token"}`:                 "Two things",
		"missing  authentication token":                              "Two things",
		"403 Forbidden MissingAuthenticationTokenException":          "Two things",
		"403 Forbidden ForbiddenException":                           "The API key",
		"Forbidden":                                                  "The API key",
		`{"message":"Forbidden"}`:                                    "The API key",
		`{"message":null}`:                                           "The Lambda authorizer failed",
		`{"error":"invalid_grant"}`:                                  "The code, or the refresh",
		"invalid_grant":                                              "The code, or the refresh",
		"https://app.example.com/?error=redirect_mismatch&state=1":   "The redirect_uri",
		"Signature expired: 20300101T000000Z is now earlier than 20": "The signature's date",
		`{"Message":"User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:abc/dev/GET/x because no identity-based policy allows the execute-api:Invoke action"}`: "The signature is good",
		"with an explicit deny in a resource-based policy": "The API's resource policy denies",
		"Limit Exceeded":         "The key has used up",
		"Unauthorized":           "The authorizer takes no such token",
		"User is not confirmed.": "Whoever registered",
	} {
		found := answers.LookUp(all, text)
		if len(found) == 0 || !strings.HasPrefix(found[0].Means, want) {
			t.Errorf("%q is found as %+v, want %s", text, found, want)
		}
	}
	for _, text := range []string{"", "  ", "no", "the moon is full tonight", "{}", `{"message":"I am a teapot"}`, "TypeError: x is undefined"} {
		if found := answers.LookUp(all, text); len(found) > 0 {
			t.Errorf("%q is found as %s", text, found[0].Means)
		}
	}
}

// What is received and not spoken of, and what is spoken of and not received, is told.
func TestNothingIsLeftUnsaid(t *testing.T) {
	var list []answers.Received
	for _, e := range known(t) {
		list = append(list, e.Received...)
	}
	if _, err := answers.Explain(list[1:]); err == nil || !strings.Contains(err.Error(), "nothing was received that") {
		t.Errorf("without one that is spoken of: %v", err)
	}
	odd := answers.Received{Where: "API Gateway", Status: 418, Type: "TeapotException", Message: "short and stout", Cases: []string{"99"}}
	if _, err := answers.Explain(append(list, odd)); err == nil || !strings.Contains(err.Error(), `418 TeapotException "short and stout"`) {
		t.Errorf("with one that is not: %v", err)
	}
}

// Each meaning is whole, and its page is the one that is written down.
func TestThePage(t *testing.T) {
	all := known(t)
	for _, e := range all {
		if e.Means == "" || len(e.Causes) == 0 || len(e.Helps) == 0 {
			t.Errorf("%s %s lacks something", e.Type, e.Received[0].Message)
		}
	}
	page, err := os.ReadFile("../../cmd/explain/ERRORS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != answers.Markdown(all) {
		t.Error("infra/cmd/explain/ERRORS.md says other than the table; go test ./infra/localaws/cases -update writes it")
	}
}

func FuzzLookUp(f *testing.F) {
	for _, seed := range []string{"Forbidden", `{"message":"Forbidden"}`, `{"Message":null}`, `{"error":"invalid_grant","error_description":"x"}`, "{", "\x00", `{"message":{}}`} {
		f.Add(seed)
	}
	all := known(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range answers.LookUp(all, text) {
			if e.Means == "" {
				t.Errorf("%q is found as nothing", text)
			}
		}
	})
}
