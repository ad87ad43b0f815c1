package daemon_test

import (
	"fmt"
	"strings"
	"testing"

	"auth-api/infra/cmd/internal/daemon"
)

func TestTheAdministratorsKeyIsAPair(t *testing.T) {
	const id, secret = daemon.AdminKeyIDVariable, daemon.AdminSecretVariable
	for name, test := range map[string]struct {
		env  map[string]string
		says string
	}{
		"none":               {nil, ""},
		"both":               {map[string]string{id: "AKIAEXAMPLE", secret: "hush-hush"}, ""},
		"an id alone":        {map[string]string{id: "AKIAEXAMPLE"}, id + " is set and " + secret + " is not"},
		"a secret alone":     {map[string]string{secret: "hush-hush"}, secret + " is set and " + id + " is not"},
		"an id that is none": {map[string]string{id: "AKIA/EXAMPLE", secret: "hush-hush"}, id + " is no access key id; legal are 1 to 128 letters, digits and underscores"},
	} {
		key, err := daemon.AdminKeyFrom(func(name string) string { return test.env[name] })
		if (err == nil) != (test.says == "") || err != nil && (!strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hush-hush") || strings.Contains(err.Error(), "EXAMPLE")) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		gotID, gotSecret := key.Pair()
		if err == nil && (gotID != test.env[id] || gotSecret != test.env[secret]) {
			t.Errorf("%s: the pair is another", name)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(shown, "hush-hush") {
			t.Errorf("%s: it is printed as %s", name, shown)
		}
	}
}

func TestAKeyByHalvesStartsNothing(t *testing.T) {
	t.Setenv(daemon.AdminKeyIDVariable, "AKIAEXAMPLE")
	t.Setenv(daemon.AdminSecretVariable, "")
	if _, _, err := daemon.Start(t.Context(), "nothing-to-run", t.TempDir(), 0, "us-west-2"); err == nil || !strings.Contains(err.Error(), daemon.AdminSecretVariable+" is not") {
		t.Errorf("it says %v", err)
	}
}
