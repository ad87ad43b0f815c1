package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auth-api/infra/cmd/internal/daemon"
)

// testerAPI is the addresses for testers of the local AWS that runs.
type testerAPI struct{ base string }

func findAPI(ctx context.Context, dir string) (testerAPI, error) {
	state, running := daemon.Running(ctx, dir)
	if !running {
		return testerAPI{}, errors.New("the local AWS is not running; make up starts it")
	}
	return testerAPI{strings.Replace(state.URL, "localhost", "127.0.0.1", 1) + "/_local"}, nil
}

// get asks an address and returns its answer, also decoded into v.
func (a testerAPI) get(ctx context.Context, path string, query url.Values, v any) ([]byte, error) {
	return a.do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, v)
}

func (a testerAPI) post(ctx context.Context, path string, in, v any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("asking the local AWS: %w", err)
	}
	return a.do(ctx, http.MethodPost, path, body, v)
}

func (a testerAPI) do(ctx context.Context, method, path string, body []byte, v any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking the local AWS: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the local AWS: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("asking the local AWS: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var no struct{ Message string }
		if json.Unmarshal(data, &no) == nil && no.Message != "" {
			return nil, errors.New(no.Message)
		}
		return nil, fmt.Errorf("asking the local AWS: %s answers %s", path, resp.Status)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("asking the local AWS: %s is answered with what is not its JSON: %w", path, err)
	}
	return data, nil
}
