package awstest_test

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
)

// is holds an answer against a status, an error type and a part of the body.
func is(t *testing.T, what string, got awstest.Answer, status int, kind, body string) {
	t.Helper()
	if got.Status != status || got.Type != kind || !strings.Contains(got.Body, body) {
		t.Errorf("%s: %s; want %d %s %s", what, got, status, kind, body)
	}
}

func TestTheArticlesStack(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	nobody, guest, user := s.Nobody(), s.Guest(), s.As("demouser")

	is(t, "no-auth with the key", nobody.Get("/no-auth"), 200, "", `"Open for All!"`)
	is(t, "require-auth unsigned", nobody.Get("/require-auth"), 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)
	is(t, "require-auth by a guest", guest.Get("/require-auth"), 403, "AccessDeniedException",
		"assumed-role/auth-api-local-guest/CognitoIdentityCredentials is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********0000:")
	is(t, "require-auth by demouser", user.Get("/require-auth"), 200, "", `"You're past the velvet rope!"`)
	is(t, "who called", user.Get("/require-auth"), 200, "", user.Identity.ID)

	user.APIKey = ""
	is(t, "require-auth by demouser without the key", user.Get("/require-auth"), 403, "ForbiddenException", `{"message":"Forbidden"}`)
	user.APIKey = s.Outputs.APIKey[:39] + "!"
	is(t, "require-auth by demouser with another key", user.Get("/require-auth"), 403, "ForbiddenException", `{"message":"Forbidden"}`)
	user.APIKey = s.Outputs.APIKey

	forged := user.Request("GET", "/require-auth", "")
	signature := forged.Header.Get("Authorization")
	last := "0"
	if strings.HasSuffix(signature, "0") {
		last = "1"
	}
	forged.Header.Set("Authorization", signature[:len(signature)-1]+last)
	is(t, "one byte of the signature changed", user.Send(forged), 403, "InvalidSignatureException", "The request signature we calculated does not match")

	moved := user.Request("GET", "/require-auth", "")
	moved.URL.RawQuery = "admin=true"
	is(t, "a parameter added after signing", user.Send(moved), 403, "InvalidSignatureException", "The request signature we calculated does not match")

	is(t, "another path", user.Get("/nowhere"), 403, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

func TestTheClockIsTheTests(t *testing.T) {
	start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	var passed atomic.Int64 // of the clock, which many read
	pass := func(d time.Duration) { passed.Add(int64(d)) }
	settings := awstest.Article(t)
	settings["usagePlan"] = map[string]any{"rateLimit": 1, "burstLimit": 2, "quotaLimit": 4, "quotaPeriod": "DAY"}
	s := awstest.Deploy(t, settings, awstest.WithClock(func() time.Time { return start.Add(time.Duration(passed.Load())) }))
	nobody, user := s.Nobody(), s.As("demouser")

	early := user.Request("GET", "/require-auth", "")
	pass(6 * time.Minute)
	is(t, "a signature of six minutes ago", user.Send(early), 403, "InvalidSignatureException", "Signature expired: ")

	is(t, "the first of a burst", nobody.Get("/no-auth"), 200, "", "Open")
	is(t, "the second of a burst", nobody.Get("/no-auth"), 200, "", "Open")
	is(t, "the third of a burst of two", nobody.Get("/no-auth"), 429, "TooManyRequestsException", "Too Many Requests")
	pass(10 * time.Second)
	is(t, "the third of the day", nobody.Get("/no-auth"), 200, "", "Open")
	is(t, "the fourth of the day", nobody.Get("/no-auth"), 200, "", "Open")
	pass(10 * time.Second)
	is(t, "the fifth of a day of four", nobody.Get("/no-auth"), 429, "LimitExceededException", "Limit Exceeded")
	pass(24 * time.Hour)
	is(t, "the next day", nobody.Get("/no-auth"), 200, "", "Open")
	is(t, "yesterday's credentials", user.Get("/require-auth"), 403, "ExpiredTokenException", "The security token included in the request is expired")
}

func TestSettingsThatAreWrongAreRefused(t *testing.T) {
	settings := awstest.Article(t)
	settings["routes"] = []any{map[string]any{"method": "GET", "path": "/no-auth", "function": "nobody-wrote-this", "apiKeyRequired": true}}
	_, err := awstest.TryDeploy(t, settings)
	if err == nil || !strings.Contains(err.Error(), `"nobody-wrote-this"`) || !regexp.MustCompile(`legal are .*\bguest-list, .*no-auth`).MatchString(err.Error()) {
		t.Errorf("it says %v", err)
	}
}

func BenchmarkDeploy(b *testing.B) {
	settings := awstest.Article(b)
	awstest.Deploy(b, settings) // builds the handlers
	for b.Loop() {
		awstest.Deploy(b, settings)
	}
}
