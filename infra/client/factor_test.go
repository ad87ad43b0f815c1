package client_test

import (
	"testing"
	"time"

	"auth-api/infra/client"
)

func TestAnAuthenticatorGivesNoCodeTwice(t *testing.T) {
	app := client.Authenticator{Secret: "JBSWY3DPEHPK3PXP"}
	now := time.Unix(1_800_000_000, 0) // a step begins
	seen := map[string]bool{}
	for i, want := range []time.Duration{0, 0, 30 * time.Second, 60 * time.Second} {
		code, wait, err := app.Code(now)
		if err != nil || len(code) != 6 || seen[code] || wait != want {
			t.Errorf("code %d is %q, good in %s (%v); want another, good in %s", i, code, wait, err, want)
		}
		seen[code] = true
	}
	for _, secret := range []string{"", "not base32!"} {
		if _, _, err := (&client.Authenticator{Secret: secret}).Code(now); err == nil {
			t.Errorf("with the secret %q there is a code", secret)
		}
	}
}
