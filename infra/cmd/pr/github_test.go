package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/cli"
)

// hub is as much of GitHub as has comments.
type hub struct {
	comments []issueComment
	requests []string
	refuse   int
}

const token = "ghs_0123456789"

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests = append(h.requests, r.Method+" "+r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if h.refuse != 0 {
		w.WriteHeader(h.refuse)
		fmt.Fprint(w, `{"message": "Resource not accessible by integration"}`)
		return
	}
	var in struct{ Body string }
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	answer := any(nil)
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/repos/o/r/issues/7/comments":
		var page int
		fmt.Sscan(r.URL.Query().Get("page"), &page)
		from := min((page-1)*perPage, len(h.comments))
		answer = h.comments[from:min(from+perPage, len(h.comments))]
	case r.Method == http.MethodPost && r.URL.Path == "/repos/o/r/issues/7/comments":
		c := issueComment{ID: int64(len(h.comments) + 1), Body: in.Body, URL: fmt.Sprintf("https://github.com/o/r/pull/7#%d", len(h.comments)+1)}
		c.User.Login = "github-actions[bot]"
		h.comments = append(h.comments, c)
		answer = c
	case r.Method == http.MethodPatch:
		for i := range h.comments {
			if r.URL.Path == fmt.Sprintf("/repos/o/r/issues/comments/%d", h.comments[i].ID) {
				h.comments[i].Body = in.Body
				answer = h.comments[i]
			}
		}
	}
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Setenv(apiVariable, server.URL)
	t.Setenv(repositoryVariable, "o/r")
	t.Setenv(tokenVariable, token)
	return h
}

func say(t *testing.T, text string, code int, says string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "comment.md")
	write(t, file, text)
	got, said := run(t, "comment", "--number", "7", "--file", file)
	if got != code || !strings.Contains(said, says) {
		t.Errorf("exit code %d, %s; want %d, %s", got, said, code, says)
	}
	if strings.Contains(said, token) {
		t.Error("it tells the token")
	}
}

// Whatever is said, and however often, there is one comment on each stack.
func TestOneCommentIsKeptUpToDate(t *testing.T) {
	h := newHub(t)
	for range perPage + 1 { // so that ours is on the second page
		h.comments = append(h.comments, issueComment{ID: int64(len(h.comments) + 1), Body: "<!-- dev -->\nnot ours, though it looks like it"})
	}
	others := len(h.comments)
	say(t, "<!-- dev -->\nfirst", cli.OK, "https://github.com/o/r/pull/7#")
	say(t, "<!-- dev -->\nsecond", cli.OK, "https://github.com/o/r/pull/7#")
	say(t, "<!-- prod -->\nother", cli.OK, "")
	say(t, "<!-- dev -->\nthird\n", cli.OK, "")
	if len(h.comments) != others+2 || h.comments[others].Body != "<!-- dev -->\nthird\n" || h.comments[others+1].Body != "<!-- prod -->\nother" {
		t.Errorf("there are %d comments: %+v", len(h.comments)-others, h.comments[others:])
	}
	for _, c := range h.comments[:others] {
		if strings.Contains(c.Body, "third") {
			t.Errorf("somebody else's comment was changed: %+v", c)
		}
	}
}

func TestWhatCannotBeCommented(t *testing.T) {
	h := newHub(t)
	say(t, "no marker", cli.Failed, `the comment's first line is "no marker"; legal is an HTML comment`)
	if len(h.requests) != 0 {
		t.Errorf("GitHub was asked: %q", h.requests)
	}
	h.refuse = http.StatusForbidden
	say(t, "<!-- dev -->\n", cli.Failed, "looking for the comment of pull request 7: GitHub answers 403 Forbidden: Resource not accessible by integration")
	say(t, "<!-- dev -->\n", cli.Failed, "the job needs permissions: pull-requests: write")
	h.refuse = http.StatusInternalServerError
	say(t, "<!-- dev -->\n", cli.Failed, "GitHub answers 500")
	for name, test := range map[string]struct{ variable, value, says string }{
		"no token":            {tokenVariable, "", "GITHUB_TOKEN is not set"},
		"no repository":       {repositoryVariable, "", `GITHUB_REPOSITORY is ""; legal is OWNER/NAME`},
		"a path of its own":   {repositoryVariable, "o/r/../../user", "legal is OWNER/NAME"},
		"an address in clear": {apiVariable, "http://api.github.com", "legal is an https address"},
		"no address":          {apiVariable, "://", "legal is an https address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			say(t, "<!-- dev -->\n", cli.Failed, test.says)
		})
	}
}
