package cases

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"auth-api/infra/localaws/answers"
	"github.com/google/go-cmp/cmp"
)

// Where the errors that were received are kept, and what is said of them.
const (
	receivedFile = "../answers/received.json"
	errorsFile   = "../../cmd/explain/ERRORS.md"
)

// errorsOf are the errors among the answers, each with the cases that received it.
func errorsOf(received map[string]answer) []answers.Received {
	var out []answers.Received
	at := map[string]int{}
	for _, sec := range sections() {
		for _, tc := range sec.cases {
			r, is := errorOf(sec.title, received[tc.id])
			if !is {
				continue
			}
			key := r.Where + "\x00" + r.Type + "\x00" + string(rune(r.Status)) + r.Message
			i, known := at[key]
			if !known {
				i = len(out)
				at[key] = i
				out = append(out, r)
			}
			out[i].Cases = append(out[i].Cases, tc.id)
		}
	}
	return out
}

// errorOf is the error that an answer is, if it is one that says something.
func errorOf(section string, a answer) (answers.Received, bool) {
	where, _, _ := strings.Cut(section, ":")
	r := answers.Received{Where: where, Status: a.status, Type: a.kind}
	for _, more := range a.more {
		if to, is := strings.CutPrefix(more, "Location: "); is {
			address, err := url.Parse(to)
			if err != nil {
				continue
			}
			r.Message = address.Query().Get("error") // the hosted sign-in tells the client's page
		}
	}
	var body map[string]any
	_ = json.Unmarshal([]byte(a.body), &body) // one that is no object has none of these
	if _, other := body["type"]; other {
		return r, false // a gateway response with a body of its own
	}
	if _, service := body["__type"]; service && where == "API Gateway" {
		r.Where = "Service APIs"
	}
	if r.Message == "" && a.status >= 400 {
		r.Message = answers.Text(a.body)
	}
	return r, r.Message != ""
}

// compareErrors holds what is said of errors against what was received, or writes it.
func compareErrors(t *testing.T, received map[string]answer) {
	list := errorsOf(received)
	said, err := answers.Explain(list)
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(list); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{receivedFile: data.String(), errorsFile: answers.Markdown(said)} {
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(written) != text {
			t.Errorf("%s says other than what was received; if that is meant, write it with\n\tgo test ./infra/localaws/cases -update\n%s",
				strings.TrimLeft(file, "./"), cmp.Diff(strings.Split(string(written), "\n"), strings.Split(text, "\n")))
		}
	}
}
