// Package answers says what the error messages of API Gateway, Cognito and the hosted
// sign-in mean: for each what it says, what usually causes it in this project, and which
// command or setting helps.
//
// What is said of an error stands in meanings.go. The messages themselves stand in
// received.json, as they were really received: the test of package cases writes it, and
// fails when an answer is received that nothing here is said of.
package answers

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Received is an error as it was received, with what differs in every run masked.
type Received struct {
	Where   string   `json:"where"` // who answered, such as API Gateway
	Status  int      `json:"status"`
	Type    string   `json:"type,omitempty"` // x-amzn-ErrorType
	Message string   `json:"message"`
	Cases   []string `json:"cases"` // of CASES.md
}

// Meaning is what is said of the errors whose messages match.
type Meaning struct {
	Where  string         // who answers so
	Type   string         // x-amzn-ErrorType; empty where there is none
	Match  *regexp.Regexp // of the whole message
	Means  string
	Causes []string // in this project, the most usual first
	Helps  []string // commands and settings
}

// Error is a meaning with the messages that were received of it.
type Error struct {
	Where    string     `json:"where"`
	Type     string     `json:"type,omitempty"`
	Received []Received `json:"received"`
	Means    string     `json:"means"`
	Causes   []string   `json:"causes"`
	Helps    []string   `json:"helps"`

	match *regexp.Regexp
}

//go:embed received.json
var embedded []byte

// Errors returns all errors that are known.
func Errors() ([]Error, error) {
	var list []Received
	if err := json.Unmarshal(embedded, &list); err != nil {
		return nil, fmt.Errorf("reading the messages that were received: %w", err)
	}
	return Explain(list)
}

// Explain puts what was received to what is said of it. It fails for what nothing is said
// of, and for what is said of nothing.
func Explain(list []Received) ([]Error, error) {
	out := make([]Error, 0, len(meanings))
	for _, m := range meanings {
		out = append(out, Error{Where: m.Where, Type: m.Type, Means: m.Means, Causes: m.Causes, Helps: m.Helps, match: m.Match})
	}
	for _, r := range list {
		i := slices.IndexFunc(out, func(e Error) bool { return e.Where == r.Where && e.Type == r.Type && e.match.MatchString(r.Message) })
		if i < 0 {
			return nil, fmt.Errorf("explaining errors: nothing is said of %d %s %q of %s (cases %s); infra/localaws/answers/meanings.go is where", r.Status, r.Type, r.Message, r.Where, strings.Join(r.Cases, ", "))
		}
		out[i].Received = append(out[i].Received, r)
	}
	for _, e := range out {
		if len(e.Received) == 0 {
			return nil, fmt.Errorf("explaining errors: nothing was received that %s of %s, %s, is said of", e.match, e.Where, e.Type)
		}
	}
	return out, nil
}

// Text is what an answer's body says: its message, or an OAuth error with its
// description; the body itself where it is no JSON object.
func Text(body string) string {
	var said struct {
		Message     *string `json:"message"` // in any case, as encoding/json has it
		Error       string  `json:"error"`
		Description string  `json:"error_description"`
	}
	trimmed := strings.TrimSpace(body)
	switch {
	case !strings.HasPrefix(trimmed, "{"), json.Unmarshal([]byte(trimmed), &said) != nil:
		return trimmed
	case said.Message != nil:
		return *said.Message
	case said.Description != "":
		return said.Error + ": " + said.Description
	case said.Error != "":
		return said.Error
	case strings.Contains(strings.ToLower(trimmed), `"message":null`), strings.Contains(strings.ToLower(trimmed), `"message": null`):
		return null
	}
	return trimmed
}

// null is the message of an answer that has none.
const null = "null"

// LookUp returns the errors that text is of: a message or a part of one, an answer's
// body, an error type, or a line such as 403 Forbidden ForbiddenException. The closest
// come first.
func LookUp(all []Error, text string) []Error {
	text = Text(text)
	lower := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if len(lower) < 3 {
		return nil
	}
	typed := ""
	for _, e := range all {
		if e.Type != "" && strings.Contains(lower, strings.ToLower(e.Type)) {
			typed = e.Type
		}
	}
	rank := func(e Error) int {
		best := 0
		switch {
		case typed != "" && e.Type != typed:
			return 0
		case e.match.MatchString(text):
			best = 3
		case typed != "":
			best = 1
		}
		for _, r := range e.Received {
			message := strings.ToLower(r.Message)
			switch {
			case message == lower:
				return 4
			case len(lower) >= 6 && strings.Contains(message, lower), len(message) >= 9 && strings.Contains(lower, message):
				best = max(best, 2)
			}
		}
		return best
	}
	var found []Error
	for _, e := range all {
		if rank(e) > 0 {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b Error) int { return rank(b) - rank(a) })
	if len(found) > 0 && rank(found[0]) > 2 { // the message itself: what only resembles it is left out
		best := rank(found[0])
		found = slices.DeleteFunc(found, func(e Error) bool { return rank(e) < best })
	}
	return found
}
