package verify_test

import (
	"flag"
	"net/url"
	"os"
	"regexp"
	"testing"

	"auth-api/infra/verify"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write CHECKS.md anew")

func TestTheChecksAreDocumented(t *testing.T) {
	checks := verify.Checks()
	if len(checks) < 40 {
		t.Errorf("there are %d checks", len(checks))
	}
	seen := map[string]bool{}
	for _, c := range checks {
		if seen[c.ID] {
			t.Errorf("%s stands there twice", c.ID)
		}
		seen[c.ID] = true
		if !regexp.MustCompile(`^V-[A-Z]{3}-\d\d$`).MatchString(c.ID) {
			t.Errorf("%q is no id", c.ID)
		}
		if c.Title == "" || c.Proves == "" || c.Applies == "" || c.Theme == "" || c.Severity == "" {
			t.Errorf("%s does not say everything: %+v", c.ID, c)
		}
		if u, err := url.Parse(c.Doc); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s is documented at %q", c.ID, c.Doc)
		}
	}
	const file = "CHECKS.md"
	if *update {
		if err := os.WriteFile(file, []byte(verify.Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(verify.Page(), string(there)); d != "" {
		t.Errorf("%s is not what the checks say (go test ./infra/verify -update writes it): -want +got %s", file, d)
	}
}
