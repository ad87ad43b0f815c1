package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"auth-api/infra/localaws/audit"
)

func ids(entries []audit.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.ID)
	}
	return strings.Join(all, " ")
}

func TestTheLastThousandAreHeldNewestLast(t *testing.T) {
	var q audit.Requests
	if got := q.List(audit.Filter{Since: "1"}); got == nil || len(got) != 0 {
		t.Errorf("at first it holds %v", got)
	}
	for i := range audit.MaxRequests + 3 {
		q.Add(audit.Entry{ID: fmt.Sprint(i)})
	}
	all := q.List(audit.Filter{})
	if len(all) != audit.MaxRequests || all[0].ID != "3" || all[len(all)-1].ID != "1002" {
		t.Errorf("it holds %d, from %s to %s", len(all), all[0].ID, all[len(all)-1].ID)
	}
	for name, test := range map[string]struct {
		filter audit.Filter
		want   string
	}{
		"the newest":                        {audit.Filter{Limit: 2}, "1001 1002"},
		"since one":                         {audit.Filter{Since: "999"}, "1000 1001 1002"},
		"since the last":                    {audit.Filter{Since: "1002"}, ""},
		"the newest since one":              {audit.Filter{Since: "999", Limit: 1}, "1002"},
		"since one that is no longer there": {audit.Filter{Since: "2", Limit: 1}, "1002"},
	} {
		if got := ids(q.List(test.filter)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if n := len(q.List(audit.Filter{Since: "2"})); n != audit.MaxRequests {
		t.Errorf("since one that is no longer there: %d", n)
	}
	q.Clear()
	if got := q.List(audit.Filter{}); len(got) != 0 {
		t.Errorf("cleared, it holds %d", len(got))
	}
	q.Add(audit.Entry{ID: "new"})
	if got := ids(q.List(audit.Filter{})); got != "new" {
		t.Errorf("after that it holds %s", got)
	}
}

func TestFilters(t *testing.T) {
	var q audit.Requests
	q.Add(audit.Entry{ID: "a", Decision: "allow", Service: "cognito-idp InitiateAuth", Caller: "ann"})
	q.Add(audit.Entry{ID: "b", Decision: "deny", Service: "execute-api GET /x", Caller: "arn:aws:sts::000000000000:assumed-role/guest/x"})
	q.Add(audit.Entry{ID: "c"})
	for name, test := range map[string]struct {
		filter audit.Filter
		want   string
	}{
		"all":              {audit.Filter{}, "a b c"},
		"denied":           {audit.Filter{Decision: "deny"}, "b"},
		"a service":        {audit.Filter{Service: "COGNITO"}, "a"},
		"a caller":         {audit.Filter{Caller: "role/guest"}, "b"},
		"all must fit":     {audit.Filter{Decision: "allow", Caller: "guest"}, ""},
		"what nobody said": {audit.Filter{Service: "coffee"}, ""},
	} {
		if got := ids(q.List(test.filter)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestAnEntryIsBoundedAndHoldsNoCanonicalRequest(t *testing.T) {
	r := &audit.Record{RequestID: "id"}
	long := strings.Repeat("ö", 10000)
	r.Service(long)
	r.Caller(long)
	r.Fault(errors.New(long))
	r.Deny("InvalidSignatureException: no match (canonical request:\nGET\n/x\ntoken=sesame)")
	e := r.Entry(time.Now(), long, long, 403, time.Second)
	if e.Reason != "InvalidSignatureException: no match" {
		t.Errorf("the reason is %q", e.Reason)
	}
	if n := len(e.Method + e.Path + e.Service + e.Caller + e.Fault); n > 4000 {
		t.Errorf("it takes %d bytes", n)
	}
	r.Deny(long)
	if e := r.Entry(time.Now(), "GET", "/", 403, 0); len(e.Reason) > 1100 || !strings.HasSuffix(e.Reason, "…") || strings.Contains(e.Reason, "\uFFFD") {
		t.Errorf("the reason has %d bytes", len(e.Reason))
	}
}

func TestManyWriteAndRead(t *testing.T) {
	var q audit.Requests
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 50 {
				q.Add(audit.Entry{ID: fmt.Sprintf("%d-%d", i, j)})
				if n := len(q.List(audit.Filter{Limit: 10})); n < 1 || n > 10 {
					t.Errorf("it lists %d", n)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range q.List(audit.Filter{}) {
		if seen[e.ID] {
			t.Errorf("%s is there twice", e.ID)
		}
		seen[e.ID] = true
	}
	if len(seen) != audit.MaxRequests {
		t.Errorf("it holds %d", len(seen))
	}
}
