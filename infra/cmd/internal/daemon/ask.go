package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Ask asks a running local AWS at /_local, the addresses for testers, and decodes the
// answer into v. The path may have a query. What the local AWS says against it is the
// error.
func Ask(ctx context.Context, s State, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(s.URL, "localhost", "127.0.0.1", 1)+"/_local"+path, nil)
	if err != nil {
		return fmt.Errorf("asking the local AWS: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking the local AWS: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("asking the local AWS: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var no struct{ Message string }
		if json.Unmarshal(data, &no) == nil && no.Message != "" {
			return errors.New(no.Message)
		}
		return fmt.Errorf("asking the local AWS: %s is answered %s", path, resp.Status)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("asking the local AWS: %s is answered with what is not its JSON: %w", path, err)
	}
	return nil
}
