package hosted_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws/userpool/internal/pooltest"
)

// A provider chooses the subject, and so what the user's name looks like in lists, logs
// and tokens: characters that nobody sees, or that turn text around, are in no name.
func TestSubjectsThatAreNoNames(t *testing.T) {
	for _, subject := range []string{
		"", " ", "a b", "a\tb", "a\nb", "a\x00b", "a\x1b[2Jb", "a\x7fb", "a\u0085b", "a\u00a0b", "a\u200bb", "a\u202eb", "a\u2028b", "a\ufeffb", "a\ue000b",
		strings.Repeat("x", 128), strings.Repeat("x", 256), strings.Repeat("x", 1<<16),
	} {
		f, p := federated(t)
		p.Set(func(p *pooltest.OpenIDProvider) { p.Claims["sub"] = subject })
		if to := f.Browser().Federate(nil); to.Host != "localhost:3000" || to.Query().Get("error") != "invalid_request" || to.Query().Get("code") != "" {
			t.Errorf("%.40q leads to %s", subject, to)
		}
		if _, there := user(t, f, pooltest.ProviderName+"_"+subject); there {
			t.Errorf("%.40q: there is a user", subject)
		}
	}
	// What looks like a path, a key or another provider's user is a name like any other.
	for _, subject := range []string{"../demo", "a/b", "Other_1", "%2e%2e", "<b>", "\"'", "ä🙂"} {
		f, p := federated(t)
		p.Set(func(p *pooltest.OpenIDProvider) { p.Claims["sub"] = subject })
		b := f.Browser()
		tokens(t, b, b.Federate(nil))
		if u, there := user(t, f, pooltest.ProviderName+"_"+subject); !there || u.Status != "EXTERNAL_PROVIDER" {
			t.Errorf("%q: %+v", subject, u)
		}
	}
}
