package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Events has pulumi preview --json, and refresh --preview-only --json, print the engine's
// events as they come, an object a line, in place of one object at the end. Put it into
// Pulumi's environment.
//
// https://www.pulumi.com/docs/iac/cli/environment-variables/
const Events = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true"

// line is what Pulumi prints with --json: one of the engine's events, or, without Events,
// the whole as one object.
//
// https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#EngineEvent
// https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/auto#PreviewStep has the form of
// the other's steps.
type line struct {
	Before     *event      `json:"resourcePreEvent"` // what is to be done with a resource
	After      *event      `json:"resOutputsEvent"`  // what was done; of a refresh, what it found
	Diagnostic *diagnostic `json:"diagnosticEvent"`
	Summary    *struct {
		Counts map[string]int `json:"resourceChanges"`
	} `json:"summaryEvent"`

	Steps       []digestStep   `json:"steps"`
	Counts      map[string]int `json:"changeSummary"`
	Diagnostics []diagnostic   `json:"diagnostics"`
}

type event struct {
	Metadata step `json:"metadata"`
}

type step struct {
	Op       string         `json:"op"`
	URN      resource.URN   `json:"urn"`
	Old      *state         `json:"old"`
	New      *state         `json:"new"`
	Diffs    []string       `json:"diffs"`
	Detailed map[string]any `json:"detailedDiff"`
}

type digestStep struct {
	Op       string         `json:"op"`
	URN      resource.URN   `json:"urn"`
	Old      *state         `json:"oldState"`
	New      *state         `json:"newState"`
	Diffs    []string       `json:"diffReasons"`
	Detailed map[string]any `json:"detailedDiff"`
}

type state struct {
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}

// paths are those that the provider says differ: where it tells details, they alone.
func (s step) paths() []string {
	if len(s.Detailed) > 0 {
		return slices.Sorted(maps.Keys(s.Detailed))
	}
	return s.Diffs
}

type diagnostic struct {
	URN       resource.URN `json:"urn"`
	Message   string       `json:"message"`
	Severity  string       `json:"severity"`
	Ephemeral bool         `json:"ephemeral"`
}

// text is the message without what the place where it stands says already.
func (d diagnostic) text() string {
	text := strings.TrimSpace(d.Message)
	for _, prefix := range []string{"error: ", "warning: ", "Preview failed: "} {
		text = strings.TrimSpace(strings.TrimPrefix(text, prefix))
	}
	return text
}

// told is what Pulumi printed.
type told struct {
	digest, before, after []step
	counts                map[string]int // nil where it does not say
	diagnostics           []diagnostic
}

func listen(text []byte) (told, error) {
	var out told
	decoder := json.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		var l line
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) && n > 0 {
			return out, nil
		}
		if err != nil {
			return told{}, err
		}
		if l.Before != nil {
			out.before = append(out.before, l.Before.Metadata)
		}
		if l.After != nil {
			out.after = append(out.after, l.After.Metadata)
		}
		for _, s := range l.Steps {
			out.digest = append(out.digest, step(s))
		}
		if l.Diagnostic != nil && !l.Diagnostic.Ephemeral {
			out.diagnostics = append(out.diagnostics, *l.Diagnostic)
		}
		out.diagnostics = append(out.diagnostics, l.Diagnostics...)
		if l.Counts != nil {
			out.counts = l.Counts
		}
		if l.Summary != nil && l.Summary.Counts != nil {
			out.counts = l.Summary.Counts
		}
	}
}

// failures are the errors, each once, with the first of the resources that it was told of.
// Those by which somebody could not be reached are one: each names another connection.
// away tells whether there is such a one.
func failures(all []diagnostic) (texts []string, away bool) {
	type failure struct {
		text, first string
		more        int
	}
	var found []*failure
	by := map[string]*failure{}
	for _, d := range all {
		text := d.text()
		if d.Severity != "error" || text == "" {
			continue
		}
		key := text
		if _, answer, is := strings.Cut(text, "api error "); is { // of AWS, behind the id of the request
			key = answer
		}
		if unreachable(text) {
			key, away = "", true
		}
		f := by[key]
		if f == nil {
			f = &failure{text: text}
			by[key], found = f, append(found, f)
		}
		switch {
		case !d.URN.IsValid() || d.URN.QualifiedType() == resource.RootStackType:
		case f.first == "":
			f.first = fmt.Sprintf("%s (%s)", d.URN.Name(), d.URN.Type())
		default:
			f.more++
		}
	}
	for _, f := range found {
		switch {
		case len(found) > 1 && f.first == "" && strings.HasSuffix(f.text, " failed") && strings.Count(f.text, " ") == 1:
			// preview failed: what failed is told beside it
		case f.first == "":
			texts = append(texts, f.text)
		case f.more > 0:
			texts = append(texts, fmt.Sprintf("%s and %d more: %s", f.first, f.more, f.text))
		default:
			texts = append(texts, f.first+": "+f.text)
		}
	}
	return texts, away
}

// unreachable tells whether an error is one of a connection, in the words of Go's network
// packages and of gRPC: by the time that it is in Pulumi's JSON, it has no type.
func unreachable(text string) bool {
	return slices.ContainsFunc([]string{
		"connection refused", "connection reset by peer", "broken pipe", "no such host", "no route to host", "network is unreachable", "i/o timeout",
		"TLS handshake timeout", "Client.Timeout exceeded", "request send failed", "error reading from server", "transport: Error while dialing", "transport is closing", "did not begin responding to RPC connections",
	}, func(words string) bool { return strings.Contains(text, words) })
}
