package testers

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"auth-api/infra/localaws/clock"
)

func FuzzClockChange(f *testing.F) {
	for _, seed := range []string{`{"advance":"6m"}`, `{"set":"2030-01-01T00:00:00Z"}`, `{"reset":true}`, `{"advance":"-1d","reset":null}`, `{}`, `null`, `[]`, `{"set":"9999-12-31T23:59:59Z"}`, `{"reset":true}{}`} {
		f.Add([]byte(seed))
	}
	base := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		c := clock.New(func() time.Time { return base })
		change, err := decode[clockChange](body)
		var no *problem
		if err != nil {
			if !errors.As(err, &no) || no.status != http.StatusBadRequest || len(no.message) > 300 {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Errorf("%q is taken for JSON", body)
		}
		if err := change.apply(c); err != nil && c.Offset() != 0 {
			t.Errorf("%q is refused (%v) and moves the clock by %s", body, err, c.Offset())
		}
		if now := c.Now(); now.Before(clock.Earliest) || now.After(clock.Latest) {
			t.Errorf("%q leads to %s", body, now)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "limit=1", "limit=1&limit=2", "decision=deny&since=x", "%zz", "tea=1", ";"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, e := range Endpoints() {
			query, err := e.readQuery(raw)
			var no *problem
			if err != nil && (!errors.As(err, &no) || no.status != http.StatusBadRequest || len(no.message) > 500) {
				t.Errorf("%q: %v", raw, err)
			}
			if len(query) > len(e.Query) {
				t.Errorf("%q gives %s %s %v", raw, e.Method, e.Path, query)
			}
		}
	})
}
