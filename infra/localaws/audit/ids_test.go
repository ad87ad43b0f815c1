package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"auth-api/infra/localaws/audit"
)

func TestIDsByTheirBeginning(t *testing.T) {
	var q audit.Requests
	if got := q.IDs("a"); len(got) != 0 {
		t.Errorf("at first it has %q", got)
	}
	for i := range audit.MaxRequests {
		q.Add(audit.Entry{ID: fmt.Sprintf("old-%d", i)})
	}
	for _, id := range []string{"ab-1", "ab-2", "ab-1", "ab", "b-3"} {
		q.Add(audit.Entry{ID: id})
	}
	for prefix, want := range map[string]string{
		"b": "b-3", "b-3": "b-3", "ab-": "ab-1 ab-2", "ab": "ab", "a": "ab-1 ab-2 ab", "c": "", "old-0": "", "B": "",
	} {
		if got := strings.Join(q.IDs(prefix), " "); got != want {
			t.Errorf("%q begins %q, want %q", prefix, got, want)
		}
	}
}
