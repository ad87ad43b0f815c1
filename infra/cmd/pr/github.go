package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// github is GitHub's REST API, for one repository.
type github struct {
	client     *http.Client
	api        string // such as https://api.github.com
	repository string // OWNER/NAME
	token      string
}

// repositoryName is OWNER/NAME as GitHub allows them: it becomes a part of a path.
var repositoryName = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)

func newGitHub(env func(string) string, client *http.Client) (*github, error) {
	g := &github{client: client, api: strings.TrimSuffix(cmp.Or(env(apiVariable), "https://api.github.com"), "/"), repository: env(repositoryVariable), token: env(tokenVariable)}
	switch address, err := url.Parse(g.api); {
	case g.token == "":
		return nil, fmt.Errorf("asking GitHub: %s is not set; a workflow sets it to ${{ github.token }}", tokenVariable)
	case !repositoryName.MatchString(g.repository):
		return nil, fmt.Errorf("asking GitHub: %s is %q; legal is OWNER/NAME", repositoryVariable, g.repository)
	case err != nil || address.Host == "" || address.Scheme != "https" && address.Hostname() != "127.0.0.1":
		return nil, fmt.Errorf("asking GitHub: %s is %q; legal is an https address", apiVariable, g.api)
	}
	return g, nil
}

type issueComment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	URL  string `json:"html_url"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// perPage is the most comments that GitHub hands out at once.
const perPage = 100

// comment changes the author's comment that begins with the same line as text, or makes
// it, and returns its address.
//
// https://docs.github.com/en/rest/issues/comments
func (g *github) comment(ctx context.Context, number int, author, text string) (string, error) {
	marker, _, _ := strings.Cut(text, "\n")
	marker = strings.TrimSpace(marker)
	if !strings.HasPrefix(marker, "<!--") || !strings.HasSuffix(marker, "-->") {
		return "", fmt.Errorf("commenting on pull request %d: the comment's first line is %q; legal is an HTML comment, by which it is found again", number, marker)
	}
	comments := fmt.Sprintf("/repos/%s/issues/%d/comments", g.repository, number)
	for page := 1; ; page++ {
		var found []issueComment
		if err := g.ask(ctx, http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", comments, perPage, page), nil, &found); err != nil {
			return "", fmt.Errorf("looking for the comment of pull request %d: %w", number, err)
		}
		for _, c := range found {
			first, _, _ := strings.Cut(c.Body, "\n")
			if c.User.Login == author && strings.TrimSpace(first) == marker {
				var changed issueComment
				path := fmt.Sprintf("/repos/%s/issues/comments/%d", g.repository, c.ID)
				if err := g.ask(ctx, http.MethodPatch, path, map[string]string{"body": text}, &changed); err != nil {
					return "", fmt.Errorf("changing the comment of pull request %d: %w", number, err)
				}
				return changed.URL, nil
			}
		}
		if len(found) < perPage {
			break
		}
	}
	var made issueComment
	if err := g.ask(ctx, http.MethodPost, comments, map[string]string{"body": text}, &made); err != nil {
		return "", fmt.Errorf("commenting on pull request %d: %w", number, err)
	}
	return made.URL, nil
}

// maxAnswer is how much is read of an answer: a hundred comments of 65536 characters.
const maxAnswer = 32 << 20

func (g *github) ask(ctx context.Context, method, path string, body, into any) error {
	var send io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		send = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, g.api+path, send)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading GitHub's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		var refusal struct{ Message string }
		if json.Unmarshal(text, &refusal) != nil || refusal.Message == "" {
			return fmt.Errorf("GitHub answers %s", resp.Status)
		}
		err := fmt.Errorf("GitHub answers %s: %s", resp.Status, refusal.Message)
		if resp.StatusCode == http.StatusForbidden {
			err = errors.Join(err, errors.New("the job needs permissions: pull-requests: write"))
		}
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading GitHub's answer: %w", err)
	}
	return nil
}
