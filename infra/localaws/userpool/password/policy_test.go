package password_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool/password"
	"auth-api/infra/localaws/userpool/random"
)

func TestProblem(t *testing.T) {
	all := (*password.Policy)(nil).Effective()
	none := (&password.Policy{}).Effective()
	for _, c := range []struct {
		policy         password.Policy
		password, want string
	}{
		{all, "demoPASS1!", ""},
		{all, "dPASS1 x", ""}, // a space within is a symbol
		{all, "dPASS1!", "Password not long enough"},
		{all, "demopass1!", "Password must have uppercase characters"},
		{all, "DEMOPASS1!", "Password must have lowercase characters"},
		{all, "demoPASSx!", "Password must have numeric characters"},
		{all, "demoPASS12", "Password must have symbol characters"},
		{all, "demoPASS1\u00a7", "Password must have symbol characters"},
		{all, "demoPASS1! ", "Password must not begin or end with a space"},
		{none, "aaaaaa", ""},
		{none, "aaaaa", "Password not long enough"},
		{none, "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", ""}, // characters, not bytes
		{none, strings.Repeat("a", 256), ""},
		{none, strings.Repeat("a", 257), "Password too long"},
	} {
		if got := c.policy.Problem(c.password); got != c.want {
			t.Errorf("%.20q: %q, want %q", c.password, got, c.want)
		}
	}
}

func TestTemporaryIsLegal(t *testing.T) {
	source := random.New(rand.Reader)
	for declared, length := range map[*password.Policy]int{
		nil: 20,
		{}:  20,
		{MinimumLength: 31, RequireSymbols: true}: 32,
		{MinimumLength: 99, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true}: 100,
	} {
		policy := declared.Effective()
		got, err := policy.Temporary(source)
		if err != nil || len(got) != length || policy.Problem(got) != "" {
			t.Errorf("%+v: %d characters, %q, %v; want %d", policy, len(got), policy.Problem(got), err, length)
		}
		if other, err := policy.Temporary(source); err != nil || other == got {
			t.Errorf("%+v: made again it is the same, %v", policy, err)
		}
	}
	if got, err := (password.Policy{}).Temporary(random.New(strings.NewReader("short"))); err == nil || got != "" {
		t.Errorf("without randomness: %q, %v", got, err)
	}
}

func TestDefaults(t *testing.T) {
	set := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, c := range []struct {
		policy     *password.Policy
		days, kept int
	}{
		{nil, 7, 0}, {&password.Policy{}, 7, 0}, {&password.Policy{TemporaryPasswordValidityDays: 30, PasswordHistorySize: 1}, 30, 0}, {&password.Policy{PasswordHistorySize: 24}, 7, 23},
	} {
		if got := c.policy.TemporaryExpires(set); !got.Equal(set.Add(time.Duration(c.days) * 24 * time.Hour)) {
			t.Errorf("%+v: a temporary password expires at %s", c.policy, got)
		}
		if got := c.policy.Kept(); got != c.kept {
			t.Errorf("%+v: %d kept", c.policy, got)
		}
	}
}

// A policy is stored with its pool, by these names.
func TestPolicyAsStored(t *testing.T) {
	all := password.Policy{MinimumLength: 9, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true, PasswordHistorySize: 2, TemporaryPasswordValidityDays: 3}
	const want = `{"minimumLength":9,"requireLowercase":true,"requireUppercase":true,"requireNumbers":true,"requireSymbols":true,"passwordHistorySize":2,"temporaryPasswordValidityDays":3}`
	if got, err := json.Marshal(all); err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := json.Marshal(password.Policy{}); err != nil || string(got) != "{}" {
		t.Errorf("%s, %v", got, err)
	}
}
