package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws/gateway/internal/doctest"
	"auth-api/infra/localaws/store"
)

func TestUsageSurvivesARestartAndIsNeverCountedTwice(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{QuotaSettings: &QuotaSettings{Limit: 5, Period: "WEEK"}}, "one")
	call := func() int { return f.get("/a", "x-api-key", keyValue("one")).status }
	for range 2 {
		call()
	}
	if err := f.gateway.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.gateway.Close(); err != nil { // nothing new to write
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

// What is not counted is not let in. The journal has no room for so long an id.
func TestAQuotaThatCannotBeCounted(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
	f.plan(strings.Repeat("p", 300), UsagePlan{QuotaSettings: &QuotaSettings{Limit: 10, Period: "DAY"}}, "one")
	for range 2 {
		f.get("/a", "x-api-key", keyValue("one")).refused(t, 500, "InternalServerErrorException", internal)
	}
	if n := len(f.functions.calls); n > 0 {
		t.Errorf("the function was called %d times", n)
	}
}

func TestUsageOfWhatIsGoneLeavesTheStore(t *testing.T) {
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
	f.plan("plan01", UsagePlan{}, "one")
	f.get("/a", "x-api-key", keyValue("one"))
	rows := func() int {
		if err := f.gateway.Close(); err != nil {
			t.Fatal(err)
		}
		n := 0
		_ = f.store.View(func(tx *store.Tx) error {
			list, err := store.Table[int64]{Name: "gateway.usage"}.List(tx, "")
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

// What a caller has used up stays used up while what is declared changes around it, and
// is forgotten with the plan that limited it.
func TestLimitsOutliveADeployment(t *testing.T) {
	f := newFixture(t)
	api := RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key"), "GET /b": doctest.Operation("b")})}
	plan := UsagePlan{ThrottleSettings: &ThrottleSettings{RateLimit: 1, BurstLimit: 1}}
	f.deploy(api)
	f.plan("plan01", plan, "one")
	rate, burst := 1.0, 1
	f.update(func(tx *store.Tx) error {
		return StageMethods.Put(tx, "all", MethodSettings{RestAPI: apiID, StageName: "v1", MethodPath: "b/GET", Settings: MethodSettingsDetails{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &burst}})
	})
	expect := func(when string, key, stage int) {
		t.Helper()
		if got := f.get("/a", "x-api-key", keyValue("one")).status; got != key {
			t.Errorf("%s: the key's call answered %d, want %d", when, got, key)
		}
		if got := f.get("/b").status; got != stage {
			t.Errorf("%s: the stage's method answered %d, want %d", when, got, stage)
		}
	}
	expect("at first", 200, 200)
	f.deploy(api)
	expect("after a deployment", 429, 429)
	f.update(func(tx *store.Tx) error { return UsagePlanKeys.Delete(tx, "one") })
	expect("out of the plan", 403, 429)
	f.plan("plan01", plan, "one")
	expect("back in the plan", 200, 429)
	f.update(func(tx *store.Tx) error { return Stages.Delete(tx, "ags-"+apiID+"-v1") })
	expect("without the stage", 403, 403)
	f.deploy(api)
	expect("with the stage again", 429, 200)
}

// Many clients at once, restarts and flushes between them: exactly the quota is let
// in, and exactly that is on record.
func TestQuotaUnderConcurrency(t *testing.T) {
	const limit, clients, each = 500, 32, 40
	f := newFixture(t)
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /a": doctest.Operation("a", "api_key")})})
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
		if err := f.gateway.Close(); err != nil {
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
	f.deploy(RestAPI{Body: doctest.OpenAPI(map[string]map[string]any{"GET /require-auth": doctest.Operation("require-auth", "sigv4", "api_key"), "GET /no-auth": doctest.Operation("no-auth", "api_key")})})
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
