package cli

import (
	"os"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	stdin := os.Stdin
	os.Stdin = null // no terminal
	defer func() { os.Stdin = stdin }()
	for _, c := range []struct{ variable, known, want, fails string }{
		{variable: "said", known: "known", want: "said"},
		{known: "known", want: "known"},
		{fails: "signing in as ann: no password; set AUTH_API_PASSWORD, or run this on a terminal"},
	} {
		t.Setenv(PasswordVariable, c.variable)
		got, err := Password("ann", c.known)
		if got != c.want || (err == nil) != (c.fails == "") || err != nil && !strings.HasPrefix(err.Error(), c.fails) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
