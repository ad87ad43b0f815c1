package totp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/userpool/random"
	"auth-api/infra/localaws/userpool/totp"
)

// The secret and the codes of RFC 6238, appendix B, as six digits.
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestCheck(t *testing.T) {
	const at = 1111111111 // step 37037037; the one before, 37037036, holds 1111111109
	now := time.Unix(at, 0)
	for story, c := range map[string]struct {
		code string
		now  time.Time
		used int64
		step int64
		err  error
	}{
		"of this step":               {"050471", now, 0, 37037037, nil},
		"with blanks around":         {" 050471\n", now, 0, 37037037, nil},
		"of the step before":         {"081804", now, 0, 37037036, nil},
		"of the step after":          {"050471", now.Add(-30 * time.Second), 0, 37037037, nil},
		"two steps late":             {"050471", now.Add(60 * time.Second), 0, 0, totp.ErrWrong},
		"two steps early":            {"050471", now.Add(-60 * time.Second), 0, 0, totp.ErrWrong},
		"used":                       {"050471", now, 37037037, 0, totp.ErrUsed},
		"before the one used":        {"081804", now, 37037037, 0, totp.ErrUsed},
		"after the one used":         {"050471", now, 37037036, 37037037, nil},
		"wrong, with another used":   {"050472", now, 37037037, 0, totp.ErrWrong},
		"with a blank in the middle": {"050 471", now, 0, 0, totp.ErrWrong},
		"without the first digit":    {"50471", now, 0, 0, totp.ErrWrong},
		"all eight digits":           {"14050471", now, 0, 0, totp.ErrWrong},
		"nothing":                    {"", now, 0, 0, totp.ErrWrong},
	} {
		step, err := totp.Check(secret, c.code, c.now, c.used)
		if step != c.step || !errors.Is(err, c.err) {
			t.Errorf("%s: step %d, %v; want %d, %v", story, step, err, c.step, c.err)
		}
	}
	if _, err := totp.Check("no base32!", "050471", now, 0); err == nil || errors.Is(err, totp.ErrWrong) || errors.Is(err, totp.ErrUsed) {
		t.Errorf("a secret that is none: %v", err)
	}
}

func TestNewSecret(t *testing.T) {
	got, err := totp.NewSecret(random.New(strings.NewReader(strings.Repeat("\x00", 31) + "\x01")))
	if want := strings.Repeat("A", 50) + "AQ"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if got, err := totp.NewSecret(random.New(strings.NewReader("short"))); err == nil {
		t.Errorf("of too few bytes: %s", got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("050471")
	f.Add("")
	f.Fuzz(func(t *testing.T, code string) {
		now := time.Unix(1111111111, 0)
		step, err := totp.Check(secret, code, now, 0)
		if (err == nil) != (step > 0) || err != nil && !errors.Is(err, totp.ErrWrong) {
			t.Fatalf("%q: step %d, %v", code, step, err)
		}
		if err != nil {
			return
		}
		if _, err := totp.Check(secret, code, now, step); !errors.Is(err, totp.ErrUsed) {
			t.Errorf("%q is taken again: %v", code, err)
		}
	})
}
