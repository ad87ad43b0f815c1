package main

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/gateway/openapi"
)

// A request that the gates would let in was refused for something else, and is told what
// helps against that.
func TestWhatIsBehindTheGates(t *testing.T) {
	for reason, test := range map[string]struct {
		status         int
		differs, helps string
	}{
		"429 TooManyRequestsException: the API key x is over the rate": {429, "a rate or a quota was used up then", "usagePlan.rateLimit"},
		"429 LimitExceededException: the API key x is over the quota":  {429, "a rate or a quota was used up then", "bin/local usage"},
		"413 RequestTooLargeException: the body is larger than 10 MB":  {413, "those that it had are not kept", "presigned"},
		"400 BadRequestException: required parameters are missing":     {400, "those that it had are not kept", "requiredParameters"},
		"502 InternalServerErrorException: the function failed":        {502, "what failed came after the gates", "make logs shows the function's log"},
		"504 InternalServerErrorException: it took too long":           {504, "what failed came after the gates", "timeoutMillis"},
		"403 ForbiddenException: no API key":                           {403, "the stack has changed since", "make outputs"},
	} {
		a := answer{
			Stack: "local", Source: fromLog, Request: &audit.Entry{Status: test.status, Decision: "deny", Reason: reason},
			Way: &gateway.Way{Allowed: true, Route: &gateway.Route{Method: "GET", Path: "/a", Authorization: openapi.AuthNone}},
		}
		advice := strings.Join(a.advice(), "\n")
		if !strings.Contains(advice, test.helps) || strings.ContainsAny(advice, "`*") || strings.Contains(advice, "who calls is not asked") {
			t.Errorf("%s: what helps is\n%s\nwant %q", reason, advice, test.helps)
		}
		if got := a.differs(); !strings.Contains(got, test.differs) {
			t.Errorf("%s: it says %q, want %q", reason, got, test.differs)
		}
		if a.changeTitle() != "What helps" {
			t.Errorf("%s: it is headed %q", reason, a.changeTitle())
		}
	}
}
