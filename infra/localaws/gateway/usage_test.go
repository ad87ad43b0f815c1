package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws/store"
)

func TestQuotaWindows(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		period string
		offset int
		now    string
		want   string
	}{
		{"DAY", 0, "2026-11-22T23:59:59Z", "2026-11-22"},
		{"DAY", 0, "2026-11-23T00:00:00+01:00", "2026-11-22"}, // the window is UTC's
		{"WEEK", 0, "2026-11-22T10:00:00Z", "2026-11-22"},     // a Sunday
		{"WEEK", 0, "2026-11-28T10:00:00Z", "2026-11-22"},
		{"WEEK", 1, "2026-11-22T10:00:00Z", "2026-11-16"},
		{"WEEK", 1, "2026-11-23T00:00:00Z", "2026-11-23"},
		{"MONTH", 0, "2026-11-30T23:00:00Z", "2026-11-01"},
		{"MONTH", 0, "2028-02-29T00:00:00Z", "2028-02-01"},
		{"MONTH", 4, "2026-11-04T23:00:00Z", "2026-10-05"},
		{"MONTH", 4, "2027-01-02T00:00:00Z", "2026-12-05"},
		{"MONTH", 27, "2026-03-01T00:00:00Z", "2026-02-28"},
	} {
		if got := windowStart(&QuotaSettings{Period: c.period, Offset: c.offset}, at(c.now)); got != c.want {
			t.Errorf("at %s the window of %s+%d begins %s, want %s", c.now, c.period, c.offset, got, c.want)
		}
	}
}

func TestUsageSurvivesARestartAndIsNeverCountedTwice(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: openAPI(map[string]map[string]any{"GET /a": operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 5, Period: "WEEK"}}, "one")
	call := func() int { return f.get("/a", "x-api-key", keyValue("one")).status }
	for range 2 {
		call()
	}
	if err := f.gateway.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.gateway.Flush(); err != nil { // nothing new to write
		t.Fatal(err)
	}
	f.clock.Advance(24 * time.Hour) // Monday, the same week
	call()
	if err := f.gateway.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	for i, want := range []int{200, 200, 429, 429} {
		if got := call(); got != want {
			t.Errorf("call %d after the restart answered %d, want %d", i, got, want)
		}
	}
	from := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	days, err := f.gateway.Usage("plan01", "one", from, from.AddDate(0, 0, 2))
	want := "[{2026-11-21 0 5} {2026-11-22 2 3} {2026-11-23 3 0}]"
	if got := fmt.Sprint(days); err != nil || got != want {
		t.Errorf("the usage is %s (%v), want %s", got, err, want)
	}
	f.clock.Advance(6 * 24 * time.Hour) // the next Sunday
	if got := call(); got != 200 {
		t.Errorf("the next week answered %d, want 200", got)
	}
	for name, call := range map[string]func() error{
		"an unknown plan": func() error { _, err := f.gateway.Usage("none", "one", from, from); return err },
		"a range that ends before it begins": func() error {
			_, err := f.gateway.Usage("plan01", "one", from, from.AddDate(0, 0, -1))
			return err
		},
	} {
		if call() == nil {
			t.Errorf("usage of %s was read", name)
		}
	}
}

func TestUsageOfWhatIsGoneLeavesTheStore(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: openAPI(map[string]map[string]any{"GET /a": operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{}, "one")
	f.get("/a", "x-api-key", keyValue("one"))
	rows := func() int {
		if err := f.gateway.Flush(); err != nil {
			t.Fatal(err)
		}
		n := 0
		_ = f.store.View(func(tx *store.Tx) error {
			list, err := usageTable.List(tx, "")
			n = len(list)
			return err
		})
		return n
	}
	if rows() != 1 {
		t.Fatal("the usage was not written")
	}
	f.update(func(tx *store.Tx) error { return UsagePlans.Delete(tx, "plan01") })
	f.get("/a", "x-api-key", keyValue("one")).refused(t, 403, "ForbiddenException", forbidden)
	if n := rows(); n != 0 {
		t.Errorf("%d rows are left of a plan that is gone", n)
	}
}

// Many clients at once, restarts and flushes between them: exactly the quota is let
// in, and exactly that is on record.
func TestQuotaUnderConcurrency(t *testing.T) {
	const limit, clients, each = 500, 32, 40
	f := newFixture(t)
	f.deploy(RestAPI{Body: openAPI(map[string]map[string]any{"GET /a": operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: limit, Period: "DAY"}}, "one", "two")
	var allowed, limited [2]atomic.Int64
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			who := c % 2
			for range each {
				r := httptest.NewRequest("GET", "/execute-api/"+apiID+"/v1/a", nil)
				r.Header.Set("X-Api-Key", keyValue([]string{"one", "two"}[who]))
				w := httptest.NewRecorder()
				f.gateway.ServeHTTP(w, r, apiID, "v1", "/a")
				switch w.Code {
				case http.StatusOK:
					allowed[who].Add(1)
				case http.StatusTooManyRequests:
					limited[who].Add(1)
				}
			}
		})
	}
	for range 5 {
		if err := f.gateway.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := f.gateway.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	for i, key := range []string{"one", "two"} {
		days, err := f.gateway.Usage("plan01", key, f.clock.Now(), f.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if n := allowed[i].Load(); n != limit || limited[i].Load() != clients/2*each-limit || days[0].Used != limit || days[0].Remaining != 0 {
			t.Errorf("key %s: %d let in, %d limited, on record %+v; want exactly %d", key, n, limited[i].Load(), days, limit)
		}
	}
}

func BenchmarkGateway(b *testing.B) {
	f := newFixture(b)
	f.deploy(RestAPI{Body: openAPI(map[string]map[string]any{"GET /require-auth": operation("require-auth", "sigv4", "api_key"), "GET /no-auth": operation("no-auth", "api_key")})})
	f.plan("plan01", UsagePlan{ThrottleSettings: &ThrottleSettings{RateLimit: 1e9, BurstLimit: 1e9}, QuotaSettings: &QuotaSettings{Limit: 1e9, Period: "DAY"}}, "one")
	user := f.role("user", allowing("Allow", "GET/require-auth"), signedIn)
	run := func(b *testing.B, path string, signed bool) {
		b.ReportAllocs()
		outgoing := f.request("GET", path, "")
		outgoing.Header.Set("X-Api-Key", keyValue("one"))
		if signed {
			f.sign(outgoing, "", user)
		}
		for b.Loop() {
			r := httptest.NewRequest("GET", outgoing.URL.RequestURI(), nil)
			r.Host, r.Header = outgoing.URL.Host, outgoing.Header
			w := httptest.NewRecorder()
			f.gateway.ServeHTTP(w, r, apiID, "v1", path)
			if w.Code != http.StatusOK {
				b.Fatalf("answered %d %s", w.Code, w.Body)
			}
		}
	}
	b.Run("key", func(b *testing.B) { run(b, "/no-auth", false) })
	b.Run("signature, decision, key", func(b *testing.B) { run(b, "/require-auth", true) })
}
